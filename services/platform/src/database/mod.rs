//! The database: one pool, one way to run a transaction, the embedded migrations, and a
//! PostgreSQL server of our own when none is configured.

mod counts;
pub mod embedded;
mod fingerprint;
mod inspection;
mod isolation;
mod transaction;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicI64;
use std::time::Duration;

use sqlx::migrate::{MigrateError, Migration, Migrator};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions, PgSslMode};
use sqlx::{Connection, Executor, PgConnection, PgPool};

pub use fingerprint::SHIPPED;
pub use inspection::Inspection;
pub use sqlx;
pub use transaction::{BoxFuture, Retryable, Scope, extend_deadline};

use crate::error::{Error, sqlstate};
use crate::metrics;
use crate::twin::{self, Twin};

/// Oldest major version of PostgreSQL that is tested.
pub const MAJOR_MIN: u32 = 15;
/// Newest major version of PostgreSQL that is tested.
pub const MAJOR_MAX: u32 = 18;

/// How often a migration is tried that waits for a lock.
const MIGRATION_TRIES: u32 = 120;
/// Last tries, which wait longer: a vacuum of the server's own gives way to whoever has waited a second for it.
const MIGRATION_LONGER_TRIES: u32 = 90;
/// Pause between two tries: those who waited behind it go first, and a busy server has worked off its queue by the next.
const MIGRATION_PAUSE: Duration = Duration::from_millis(500);
/// SQLSTATE of a lock that was not there in time.
const LOCK_NOT_AVAILABLE: &str = "55P03";

/// Limits of the pool and of its sessions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tuning {
    /// Most open connections.
    pub max_connections: u32,
    /// Longest single statement.
    pub statement_timeout: Duration,
    /// Longest wait for a lock.
    pub lock_timeout: Duration,
    /// Longest pause of an open transaction between two statements.
    pub idle_in_transaction_timeout: Duration,
    /// Longest wait for a free connection.
    pub acquire_timeout: Duration,
    /// How long after its beginning a transaction that met a conflict or lost its connection is still tried again.
    pub retry_for: Duration,
    /// Name shown in `pg_stat_activity`.
    pub application_name: String,
}

impl Default for Tuning {
    fn default() -> Self {
        Self {
            max_connections: 10,
            statement_timeout: Duration::from_secs(5),
            lock_timeout: Duration::from_secs(2),
            idle_in_transaction_timeout: Duration::from_secs(5),
            acquire_timeout: Duration::from_secs(10),
            retry_for: Duration::from_secs(10),
            application_name: "zhirong".to_owned(),
        }
    }
}

/// A pool of connections whose only way to a transaction is [`Database::run`] and its siblings.
#[derive(Debug, Clone)]
pub struct Database {
    pool: PgPool,
    /// Transactions that wait for a connection.
    waiting: Arc<AtomicI64>,
    retry_for: Duration,
}

impl Database {
    /// Opens a pool and proves that the server answers.
    ///
    /// # Errors
    /// [`Error::Database`] when it cannot be reached; [`Error::Start`] for an unsupported version.
    pub async fn connect(options: PgConnectOptions, tuning: &Tuning) -> Result<Self, Error> {
        let options = options.application_name(&tuning.application_name).options([
            ("timezone", "UTC".to_owned()),
            ("client_min_messages", "warning".to_owned()),
            // A statement that fails is logged by the server without its values.
            ("log_parameter_max_length_on_error", "0".to_owned()),
            ("statement_timeout", milliseconds(tuning.statement_timeout)),
            ("lock_timeout", milliseconds(tuning.lock_timeout)),
            (
                "idle_in_transaction_session_timeout",
                milliseconds(tuning.idle_in_transaction_timeout),
            ),
        ]);
        let pool = PgPoolOptions::new()
            .max_connections(tuning.max_connections)
            .acquire_timeout(tuning.acquire_timeout)
            // The reset below is a round trip already and finds dead connections as well.
            .test_before_acquire(false)
            .before_acquire(|connection, _| Box::pin(reset(connection)))
            .connect_with(options)
            .await?;
        let waiting = Arc::new(AtomicI64::new(0));
        metrics::observe_pool(&tuning.application_name, tuning.max_connections, &pool, &waiting);
        let database = Self {
            pool,
            waiting,
            retry_for: tuning.retry_for,
        };
        database.check_version().await?;
        Ok(database)
    }

    /// Opens a pool from a `postgres://` URL. A server on another machine must be reached over TLS; there is no setting that says otherwise.
    ///
    /// # Errors
    /// [`Error::Config`] when the URL is malformed or unsafe; else as [`Database::connect`].
    pub async fn connect_url(url: &str, tuning: &Tuning) -> Result<Self, Error> {
        let options = options_of(url)?;
        if !is_private(&options) {
            return Err(Error::config(
                "database_url",
                "远程数据库必须加密:请在地址中写 sslmode=verify-full",
                "a remote database must be encrypted: put sslmode=verify-full in the URL",
            ));
        }
        Self::connect(options, tuning).await
    }

    /// Refuses a server that may forget what it acknowledged.
    ///
    /// # Errors
    /// [`Error::Config`] naming the server's setting that is off.
    pub async fn check_durable(&self) -> Result<(), Error> {
        let unsafe_settings: Vec<(String, String)> = sqlx::query_as(
            "select name, setting
             from pg_catalog.pg_settings
             where name in ('fsync', 'full_page_writes', 'synchronous_commit')
               and setting in ('off', 'local')
             order by name",
        )
        .fetch_all(&self.pool)
        .await?;
        match unsafe_settings.first() {
            None => Ok(()),
            Some((name, value)) => Err(Error::config(
                name,
                format!("数据库服务器上为 {value},已确认的数据可能丢失"),
                format!("is {value} on the database server, acknowledged data could be lost"),
            )),
        }
    }

    /// Applies the migrations embedded in this program; several servers may do so at once.
    ///
    /// # Errors
    /// [`Error::Migrate`] when one fails or an applied one was changed since.
    pub async fn migrate(&self) -> Result<(), Error> {
        self.apply(&migrator()).await
    }

    /// Applies the migrations of a folder on top of what is there, as a later version of this program would.
    ///
    /// # Errors
    /// As [`Database::migrate`].
    pub async fn migrate_from(&self, dir: &Path) -> Result<(), Error> {
        let mut later = Migrator::new(dir).await?;
        self.apply(later.set_ignore_missing(true)).await
    }

    async fn apply(&self, migrator: &Migrator) -> Result<(), Error> {
        let applied = self.applied().await?;
        for migration in migrator.iter().filter(|it| !applied.contains(&it.version)) {
            self.apply_one(migrator, migration).await?;
        }
        // Those that were there already are held against their text.
        let mut connection = self.pool.acquire().await?.detach();
        migrator.run_direct(None, &mut connection, false).await?;
        connection.close().await?;
        Ok(())
    }

    /// A migration that cannot have its lock at once steps back, so that nobody who came after it waits longer than that, and is tried
    /// again. One without a transaction (an index made concurrently) is in nobody's way and waits.
    async fn apply_one(&self, migrator: &Migrator, migration: &Migration) -> Result<(), Error> {
        for tries_left in (0..MIGRATION_TRIES).rev() {
            let limits = if migration.no_tx {
                "set statement_timeout = 0; set lock_timeout = 0"
            } else if tries_left < MIGRATION_LONGER_TRIES {
                "set statement_timeout = 0; set lock_timeout = '1500ms'"
            } else {
                "set statement_timeout = 0; set lock_timeout = '200ms'"
            };
            let mut connection = self.pool.acquire().await?.detach();
            connection.execute(limits).await?;
            let target = Some(migration.version);
            let outcome = migrator.run_direct(target, &mut connection, false).await;
            connection.close().await?;
            match outcome {
                Err(MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _))
                    if tries_left > 0 && sqlstate(&error).as_deref() == Some(LOCK_NOT_AVAILABLE) =>
                {
                    tracing::info!(
                        migration.version,
                        tries_left,
                        "a migration steps back for those at work"
                    );
                    tokio::time::sleep(MIGRATION_PAUSE).await;
                }
                outcome => return Ok(outcome?),
            }
        }
        Ok(())
    }

    /// The migrations that are applied, ascending; none where none ever was.
    async fn applied(&self) -> Result<Vec<i64>, Error> {
        let query = "select version from _sqlx_migrations where success order by version";
        match sqlx::query_scalar(query).fetch_all(&self.pool).await {
            // undefined_table: nothing was ever applied.
            Err(error) if sqlstate(&error).as_deref() == Some("42P01") => Ok(Vec::new()),
            applied => Ok(applied?),
        }
    }

    /// Checks that every migration this program was built with is applied, and none it does not know but such as say that it may go
    /// on beside them (`schema_release`).
    ///
    /// For a login that may not change the schema: the owner runs `migrate` first.
    ///
    /// # Errors
    /// [`Error::Start`] naming the first difference.
    pub async fn check_migrated(&self) -> Result<(), Error> {
        let applied = self.applied().await?;
        let built: Vec<i64> = migrator().iter().map(|migration| migration.version).collect();
        if applied == built || self.are_expansions(&applied, &built).await? {
            return Ok(());
        }
        Err(Error::Start {
            reason: "SCHEMA_DIFFERS",
            zh: format!("数据库结构为 {applied:?}，程序为 {built:?}：请先由所有者运行 zhirong migrate"),
            en: format!(
                "the schema is at {applied:?}, this program at {built:?}: run `zhirong migrate` as the owner first"
            ),
        })
    }

    /// Whether all that is applied beyond what this program was built with lets it go on.
    async fn are_expansions(&self, applied: &[i64], built: &[i64]) -> Result<bool, Error> {
        let last = built.last().copied().unwrap_or_default();
        let later: Vec<i64> = applied
            .iter()
            .copied()
            .filter(|version| !built.contains(version))
            .collect();
        let is_behind = built.iter().any(|version| !applied.contains(version));
        if is_behind || later.iter().any(|version| *version < last) {
            return Ok(false);
        }
        let told: i64 = sqlx::query_scalar(
            "select count(*) from public.schema_release where version = any($1) and oldest_program <= $2",
        )
        .bind(&later)
        .bind(last)
        .fetch_one(&self.pool)
        .await?;
        Ok(usize::try_from(told) == Ok(later.len()))
    }

    /// The pool itself, for single statements. Transactions go through [`Database::run`]: one begun
    /// on the pool by a caller that goes away can swallow the writes of the next.
    pub fn pool(&self) -> &PgPool {
        &self.pool
    }

    /// Closes all connections and waits for those in use.
    pub async fn close(&self) {
        self.pool.close().await;
    }

    async fn check_version(&self) -> Result<(), Error> {
        let number: i32 = sqlx::query_scalar("select current_setting('server_version_num')::integer")
            .fetch_one(&self.pool)
            .await?;
        let major = u32::try_from(number).unwrap_or(0).div_euclid(10_000);
        if major >= MAJOR_MIN {
            return Ok(());
        }
        Err(Error::start(
            "DATABASE_TOO_OLD",
            format!("数据库是 PostgreSQL {major},需要 {MAJOR_MIN} 到 {MAJOR_MAX}"),
            format!("the database is PostgreSQL {major}, versions {MAJOR_MIN} to {MAJOR_MAX} are supported"),
        ))
    }
}

/// The migrations of the workspace, embedded when the program was built.
pub fn migrator() -> Migrator {
    sqlx::migrate!("../../migrations")
}

/// Ends a transaction that a vanished caller may have left open (sqlx 0.9.0 does when a call is
/// cancelled during BEGIN). `begin` comes first because a lone `rollback` outside a transaction
/// writes a warning into the server's log each time. After an error the connection is thrown away.
async fn reset(connection: &mut PgConnection) -> Result<bool, sqlx::Error> {
    if twin::is_on(Twin::BeginOnTheHandler) {
        return Ok(true);
    }
    connection.execute("begin; rollback").await?;
    Ok(true)
}

fn options_of(url: &str) -> Result<PgConnectOptions, Error> {
    // The parser's own message may quote the URL and with it the password.
    let malformed = || {
        Error::config(
            "database_url",
            "不是有效的 postgres:// 地址",
            "is not a valid postgres:// URL",
        )
    };
    if !(url.starts_with("postgres://") || url.starts_with("postgresql://")) {
        return Err(malformed());
    }
    url.parse().map_err(|_| malformed())
}

/// Whether nobody between this program and the database that a URL names can read what they say: over TLS, or on this machine.
///
/// # Errors
/// [`Error::Config`] when the URL is malformed.
pub fn is_private_url(url: &str) -> Result<bool, Error> {
    options_of(url).map(|options| is_private(&options))
}

fn is_private(options: &PgConnectOptions) -> bool {
    let is_encrypted = matches!(
        options.get_ssl_mode(),
        PgSslMode::Require | PgSslMode::VerifyCa | PgSslMode::VerifyFull
    );
    is_encrypted || is_local(options)
}

fn is_local(options: &PgConnectOptions) -> bool {
    let host = options.get_host();
    let loopback = host
        .trim_matches(['[', ']'])
        .parse()
        .is_ok_and(|address: std::net::IpAddr| address.is_loopback());
    options.get_socket().is_some() || host.starts_with('/') || host == "localhost" || loopback
}

fn milliseconds(duration: Duration) -> String {
    duration.as_millis().to_string()
}
