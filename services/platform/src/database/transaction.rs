//! The one way to run a transaction.

use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use opentelemetry::KeyValue;
use sqlx::pool::PoolConnection;
use sqlx::{Connection, PgConnection, Postgres};
use tracing::Instrument;

use super::Database;
use crate::error::{Error, is_lost_connection, sqlstate};
use crate::ids::random_below;
use crate::metrics::{self, DATABASE_SECONDS, Timing};
use crate::twin::{self, Twin};

/// First pause before another try; it doubles from try to try.
const PAUSE_FIRST: u64 = 5;
/// Longest pause after a conflict: the other writer is done within milliseconds.
const PAUSE_CONFLICT: u64 = 50;
/// Longest pause after a lost connection: a server that starts again, or its standby, is there within seconds.
const PAUSE_LOST: u64 = 500;

/// A transaction is one operation here, named by the call it belongs to: from asking for a connection to the commit, all tries.
static DURATION: Timing = Timing::bounded(
    "db.client.operation.duration",
    "s",
    "Time of a transaction with all its tries.",
    DATABASE_SECONDS,
);
static WAIT: Timing = Timing::bounded(
    "db.client.connection.wait_time",
    "s",
    "Time until a transaction had a database connection.",
    DATABASE_SECONDS,
);

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

impl<E: Retryable> Failure<E> {
    /// The longest pause before the next try, in milliseconds.
    fn longest_pause(&self) -> u64 {
        match self {
            Self::RolledBack(error) if !error.as_sqlx().is_some_and(is_lost_connection) => PAUSE_CONFLICT,
            Self::RolledBack(_) | Self::Unknown(_) => PAUSE_LOST,
        }
    }
}

impl Database {
    /// Runs a writing transaction (READ COMMITTED) in a task of its own, so that a caller who goes
    /// away cannot leave it half open: it then still ends, one way or the other. Deadlocks,
    /// serialization failures and connections lost before the commit are tried again for as long as the
    /// caller waits and at most for [`Tuning::retry_for`](super::Tuning::retry_for), so `work` may run
    /// several times and must clone what it captures.
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
            db.response.status_code = tracing::field::Empty,
            "error.type" = tracing::field::Empty,
            otel.kind = "client",
            otel.status_code = tracing::field::Empty,
            attempts = tracing::field::Empty,
        );
        let (database, scope) = (self.clone(), scope.clone());
        // Held by the caller's own future alone: once that is dropped, nobody waits for another try.
        let waits = Arc::new(());
        let patience = Patience {
            begun: Instant::now(),
            limit: self.retry_for,
            caller: Arc::downgrade(&waits),
        };
        let task = async move {
            let begun = patience.begun;
            let result = attempts(&database, (mode, name), patience, &scope, &work).await;
            measure(name, begun, result.as_ref().err().and_then(Retryable::as_sqlx));
            result
        };
        if twin::is_on(Twin::BeginOnTheHandler) {
            let ended = task.instrument(span).await;
            drop(waits);
            return ended;
        }
        let ended = tokio::spawn(task.instrument(span)).await;
        drop(waits);
        ended.unwrap_or_else(|error| Err(E::from(Error::Task(error))))
    }
}

/// The time of a transaction, and in its span and figures the database's error where it ended with one.
fn measure(name: &'static str, begun: Instant, error: Option<&sqlx::Error>) {
    if error.is_none() && !metrics::is_on() {
        return;
    }
    let mut attributes = vec![
        KeyValue::new("db.system.name", "postgresql"),
        KeyValue::new("db.operation.name", name),
    ];
    if let Some(error) = error {
        let state = sqlstate(error);
        let kind = state.as_deref().unwrap_or("_OTHER").to_owned();
        let span = tracing::Span::current();
        span.record("error.type", &kind);
        span.record("otel.status_code", "error");
        attributes.push(KeyValue::new("error.type", kind));
        if let Some(state) = state {
            span.record("db.response.status_code", &*state);
            attributes.push(KeyValue::new("db.response.status_code", state.into_owned()));
        }
    }
    DURATION.put(begun.elapsed(), &attributes);
}

/// How long tries go on.
struct Patience {
    begun: Instant,
    limit: Duration,
    caller: Weak<()>,
}

impl Patience {
    /// Whether no further try is begun: the caller is gone, or it took too long already.
    fn is_over(&self) -> bool {
        self.caller.strong_count() == 0 || self.begun.elapsed() >= self.limit || twin::is_on(Twin::NoRetries)
    }
}

async fn attempts<T, E, F>(
    database: &Database,
    (mode, name): (Mode, &str),
    patience: Patience,
    scope: &Scope,
    work: &F,
) -> Result<T, E>
where
    E: From<Error> + Retryable,
    F: for<'c> Fn(&'c mut PgConnection) -> BoxFuture<'c, Result<T, E>>,
{
    let mut tries = 1;
    // What a try recorded whose commit is unknown: the next one that finds its work done records nothing of its own.
    let mut unknown = Vec::new();
    loop {
        let (result, recorded) = metrics::collect(attempt(database, mode, scope, work)).await;
        let last = patience.is_over();
        match result {
            Ok(value) => {
                tracing::Span::current().record("attempts", tries);
                let committed = if recorded.is_empty() { unknown } else { recorded };
                committed.into_iter().for_each(|record| record());
                return Ok(value);
            }
            Err(Failure::RolledBack(error)) if last || !error.as_sqlx().is_some_and(may_retry) => {
                return Err(error);
            }
            Err(Failure::Unknown(error)) if last || mode != Mode::WriteKeyed => {
                return Err(E::from(Error::CommitUnknown(error)));
            }
            Err(failure) => {
                tracing::debug!(transaction = name, tries, "transaction is tried again");
                let longest = failure.longest_pause();
                if matches!(failure, Failure::Unknown(_)) {
                    unknown = recorded;
                }
                tokio::time::sleep(pause(tries, longest)).await;
            }
        }
        tries += 1;
    }
}

async fn attempt<T, E, F>(database: &Database, mode: Mode, scope: &Scope, work: &F) -> Result<T, Failure<E>>
where
    E: From<Error> + Retryable,
    F: for<'c> Fn(&'c mut PgConnection) -> BoxFuture<'c, Result<T, E>>,
{
    let own = |error| Failure::RolledBack(E::from(Error::Database(error)));
    let mut connection = acquire(database).await.map_err(own)?;
    let mut transaction = connection.begin_with(mode.begin()).await.map_err(own)?;
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

/// A connection of the pool; while it is waited for, the transaction counts as waiting.
async fn acquire(database: &Database) -> Result<PoolConnection<Postgres>, sqlx::Error> {
    struct Waiting<'a>(&'a AtomicI64);
    impl Drop for Waiting<'_> {
        fn drop(&mut self) {
            self.0.fetch_sub(1, Ordering::Relaxed);
        }
    }
    database.waiting.fetch_add(1, Ordering::Relaxed);
    let waiting = Waiting(&database.waiting);
    let begun = Instant::now();
    let connection = database.pool.acquire().await;
    drop(waiting);
    WAIT.put(begun.elapsed(), &[KeyValue::new("db.system.name", "postgresql")]);
    connection
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

/// Doubling pauses up to the longest, each with as much again by chance, so that callers who failed together do not return together.
fn pause(tries: u32, longest: u64) -> Duration {
    let doubled = PAUSE_FIRST.saturating_mul(2_u64.saturating_pow(tries.saturating_sub(1)));
    let base = doubled.min(longest);
    Duration::from_millis(base.saturating_add(random_below(base)))
}
