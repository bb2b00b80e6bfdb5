//! What an operator wants to know of a database before trusting it.

use chrono::{DateTime, Utc};

use super::{Database, migrator};
use crate::error::Error;

/// What a database is like, as its own catalogue says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inspection {
    /// The server's version in its own words, such as `17.5`.
    pub version: String,
    /// The role of the connection.
    pub role: String,
    /// Whether that role is a superuser or passes row-level security: no policy binds it.
    pub is_above_policies: bool,
    /// Settings that may lose what was acknowledged, `name=value`.
    pub unsafe_settings: Vec<String>,
    /// Tables of ours whose row-level security does not bind their owner.
    pub unforced_tables: Vec<String>,
    /// Migrations of this program that are not applied.
    pub missing_migrations: usize,
    /// The server's clock.
    pub now: DateTime<Utc>,
}

impl Database {
    /// Reads what the database is like; changes nothing.
    ///
    /// # Errors
    /// [`Error::Database`] where it cannot be asked.
    pub async fn inspect(&self) -> Result<Inspection, Error> {
        let (version, role, is_above_policies, now): (String, String, bool, DateTime<Utc>) = sqlx::query_as(
            "select current_setting('server_version'), current_user::text, r.rolsuper or r.rolbypassrls, clock_timestamp()
             from pg_catalog.pg_roles r
             where r.rolname = current_user",
        )
        .fetch_one(self.pool())
        .await?;
        let unsafe_settings: Vec<String> = sqlx::query_scalar(
            "select name || '=' || setting
             from pg_catalog.pg_settings
             where name in ('fsync', 'full_page_writes', 'synchronous_commit')
               and setting in ('off', 'local')
             order by name",
        )
        .fetch_all(self.pool())
        .await?;
        // Every table of ours that has policies must force them; tables without any hold no city's rows.
        let unforced_tables: Vec<String> = sqlx::query_scalar(
            "select n.nspname || '.' || c.relname
             from pg_catalog.pg_class c
             join pg_catalog.pg_namespace n on n.oid = c.relnamespace
             where c.relkind in ('r', 'p')
               and exists (select from pg_catalog.pg_policy p where p.polrelid = c.oid)
               and not (c.relrowsecurity and c.relforcerowsecurity)
             order by 1",
        )
        .fetch_all(self.pool())
        .await?;
        let missing_migrations = match self.check_migrated().await {
            Ok(()) => 0,
            Err(Error::Start { .. }) => self.missing_migrations().await?,
            Err(error) => return Err(error),
        };
        Ok(Inspection {
            version,
            role,
            is_above_policies,
            unsafe_settings,
            unforced_tables,
            missing_migrations,
            now,
        })
    }

    /// How many migrations are not applied; all where none ever was.
    async fn missing_migrations(&self) -> Result<usize, Error> {
        let known: bool = sqlx::query_scalar("select to_regclass('_sqlx_migrations') is not null")
            .fetch_one(self.pool())
            .await?;
        let mut applied: Vec<i64> = Vec::new();
        if known {
            applied = sqlx::query_scalar("select version from _sqlx_migrations where success")
                .fetch_all(self.pool())
                .await?;
        }
        let missing = migrator()
            .iter()
            .filter(|migration| !applied.contains(&migration.version))
            .count();
        // A schema of a later version lacks nothing and differs all the same.
        Ok(missing.max(1))
    }
}
