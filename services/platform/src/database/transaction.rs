//! The one way to run a transaction.

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use sqlx::{PgConnection, PgPool};
use tracing::Instrument;

use super::Database;
use crate::error::{Error, is_lost_connection, sqlstate};

use crate::ids::random_below;

/// Most times one transaction is tried.
const TRIES_MAX: u32 = 8;

/// A boxed future that may borrow the transaction.
pub type BoxFuture<'c, T> = Pin<Box<dyn Future<Output = T> + Send + 'c>>;

/// For whom a transaction runs: becomes the database role and the two settings that the row-level
/// security policies read, for this transaction only.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scope {
    /// Database role to take on; `none` stays what the pool logged in as.
    pub role: &'static str,
    /// Value of `zhirong.city`.
    pub city: String,
    /// Value of `zhirong.institution`; `*` is the whole city.
    pub institution: String,
}

impl Scope {
    /// A scope from its three parts.
    pub fn new(role: &'static str, city: impl Into<String>, institution: impl Into<String>) -> Self {
        Self {
            role,
            city: city.into(),
            institution: institution.into(),
        }
    }

    /// The logged-in role itself and no city: for set-up and maintenance.
    pub fn owner() -> Self {
        Self::new("none", "", "")
    }
}

/// Lets the transaction runner see the database error inside a crate's own error.
pub trait Retryable {
    /// The database error inside, if there is one.
    fn as_sqlx(&self) -> Option<&sqlx::Error>;
}

impl Retryable for Error {
    fn as_sqlx(&self) -> Option<&sqlx::Error> {
        Self::as_sqlx(self)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    Write,
    WriteKeyed,
    Read,
    Snapshot,
}

impl Mode {
    fn begin(self) -> &'static str {
        match self {
            Self::Write | Self::WriteKeyed => "begin isolation level read committed read write",
            Self::Read => "begin isolation level read committed read only",
            Self::Snapshot => "begin isolation level repeatable read read only",
        }
    }
}

enum Failure<E> {
    /// Certainly rolled back.
    RolledBack(E),
    /// The connection broke between COMMIT and its answer.
    Unknown(sqlx::Error),
}

impl Database {
    /// Runs a writing transaction (READ COMMITTED) in a task of its own, so that a caller who goes
    /// away cannot leave it half open: it then still ends, one way or the other. Deadlocks,
    /// serialization failures and connections lost before the commit are tried again, up to eight
    /// times in all, so `work` may run several times and must clone what it captures.
    ///
    /// # Errors
    /// What `work` returned, after a rollback; [`Error::CommitUnknown`] when the connection broke
    /// during the commit; [`Error::Database`] for the transaction's own statements.
    pub async fn run<T, E, F>(&self, name: &'static str, scope: &Scope, work: F) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<Error> + Retryable + Send + 'static,
        F: for<'c> Fn(&'c mut PgConnection) -> BoxFuture<'c, Result<T, E>> + Send + Sync + 'static,
    {
        self.spawn(Mode::Write, name, scope, work).await
    }

    /// As [`Database::run`] for work that carries its own request key, so that doing it twice equals
    /// doing it once: an unknown commit is tried again as well.
    ///
    /// # Errors
    /// As [`Database::run`].
    pub async fn run_keyed<T, E, F>(&self, name: &'static str, scope: &Scope, work: F) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<Error> + Retryable + Send + 'static,
        F: for<'c> Fn(&'c mut PgConnection) -> BoxFuture<'c, Result<T, E>> + Send + Sync + 'static,
    {
        self.spawn(Mode::WriteKeyed, name, scope, work).await
    }

    /// Runs a READ ONLY transaction; each statement sees what was committed when it began.
    ///
    /// # Errors
    /// As [`Database::run`], without unknown commits.
    pub async fn read<T, E, F>(&self, name: &'static str, scope: &Scope, work: F) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<Error> + Retryable + Send + 'static,
        F: for<'c> Fn(&'c mut PgConnection) -> BoxFuture<'c, Result<T, E>> + Send + Sync + 'static,
    {
        self.spawn(Mode::Read, name, scope, work).await
    }

    /// Runs a READ ONLY transaction in which all statements see the same moment (REPEATABLE READ).
    ///
    /// # Errors
    /// As [`Database::read`].
    pub async fn snapshot<T, E, F>(&self, name: &'static str, scope: &Scope, work: F) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<Error> + Retryable + Send + 'static,
        F: for<'c> Fn(&'c mut PgConnection) -> BoxFuture<'c, Result<T, E>> + Send + Sync + 'static,
    {
        self.spawn(Mode::Snapshot, name, scope, work).await
    }

    async fn spawn<T, E, F>(&self, mode: Mode, name: &'static str, scope: &Scope, work: F) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<Error> + Retryable + Send + 'static,
        F: for<'c> Fn(&'c mut PgConnection) -> BoxFuture<'c, Result<T, E>> + Send + Sync + 'static,
    {
        let span = tracing::info_span!(
            "transaction",
            otel.name = name,
            db.system.name = "postgresql",
            db.operation.name = name,
            attempts = tracing::field::Empty,
        );
        let (pool, scope) = (self.pool().clone(), scope.clone());
        let task = async move { attempts(&pool, mode, name, &scope, &work).await };
        match tokio::spawn(task.instrument(span)).await {
            Ok(result) => result,
            Err(error) => Err(E::from(Error::Task(error))),
        }
    }
}

async fn attempts<T, E, F>(pool: &PgPool, mode: Mode, name: &str, scope: &Scope, work: &F) -> Result<T, E>
where
    E: From<Error> + Retryable,
    F: for<'c> Fn(&'c mut PgConnection) -> BoxFuture<'c, Result<T, E>>,
{
    let mut tries = 1;
    loop {
        let result = attempt(pool, mode, scope, work).await;
        let last = tries >= TRIES_MAX;
        match result {
            Ok(value) => {
                tracing::Span::current().record("attempts", tries);
                return Ok(value);
            }
            Err(Failure::RolledBack(error)) if last || !error.as_sqlx().is_some_and(may_retry) => {
                return Err(error);
            }
            Err(Failure::Unknown(error)) if last || mode != Mode::WriteKeyed => {
                return Err(E::from(Error::CommitUnknown(error)));
            }
            Err(Failure::RolledBack(_) | Failure::Unknown(_)) => {
                tracing::debug!(transaction = name, tries, "transaction is tried again");
            }
        }
        tokio::time::sleep(pause(tries)).await;
        tries += 1;
    }
}

async fn attempt<T, E, F>(pool: &PgPool, mode: Mode, scope: &Scope, work: &F) -> Result<T, Failure<E>>
where
    E: From<Error> + Retryable,
    F: for<'c> Fn(&'c mut PgConnection) -> BoxFuture<'c, Result<T, E>>,
{
    let own = |error| Failure::RolledBack(E::from(Error::Database(error)));
    let mut transaction = pool.begin_with(mode.begin()).await.map_err(own)?;
    enter(&mut transaction, scope).await.map_err(own)?;
    match work(&mut transaction).await {
        Ok(value) => match transaction.commit().await {
            Ok(()) => Ok(value),
            Err(error) if is_lost_connection(&error) && matches!(mode, Mode::Write | Mode::WriteKeyed) => {
                Err(Failure::Unknown(error))
            }
            Err(error) => Err(own(error)),
        },
        Err(error) => {
            // If the rollback fails the server ends the transaction with the connection; the pool
            // resets every connection before it is used again.
            if let Err(rollback) = transaction.rollback().await {
                tracing::debug!(error = %rollback, "rollback failed");
            }
            Err(Failure::RolledBack(error))
        }
    }
}

async fn enter(connection: &mut PgConnection, scope: &Scope) -> Result<(), sqlx::Error> {
    sqlx::query(
        "select set_config('role', $1, true),
                set_config('zhirong.city', $2, true),
                set_config('zhirong.institution', $3, true)",
    )
    .bind(scope.role)
    .bind(&scope.city)
    .bind(&scope.institution)
    .execute(connection)
    .await?;
    Ok(())
}

/// Gives the open transaction more time: `limit` for each statement and for each pause between
/// statements. Ends with the transaction.
///
/// # Errors
/// [`Error::Database`] when the connection is lost.
pub async fn extend_deadline(connection: &mut PgConnection, limit: Duration) -> Result<(), Error> {
    sqlx::query(
        "select set_config('statement_timeout', $1, true),
                set_config('idle_in_transaction_session_timeout', $1, true)",
    )
    .bind(limit.as_millis().to_string())
    .execute(connection)
    .await?;
    Ok(())
}

fn may_retry(error: &sqlx::Error) -> bool {
    is_lost_connection(error) || matches!(sqlstate(error).as_deref(), Some("40001" | "40P01"))
}

/// Doubling pauses with jitter: 10 to 20 ms after the first try, 0.6 to 1.3 s after the seventh.
fn pause(tries: u32) -> Duration {
    let base = 10_u64.saturating_mul(2_u64.saturating_pow(tries.saturating_sub(1)));
    Duration::from_millis(base.saturating_add(random_below(base)))
}
