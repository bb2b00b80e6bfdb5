//! What an operator wants to know of a database before trusting it.

use chrono::{DateTime, Utc};

use super::fingerprint::differences;
use super::{Database, migrator};
use crate::error::Error;

const OWNED: &str = "
    select n.nspname || '.' || c.relname
    from pg_catalog.pg_class c
    join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    where c.relkind in ('r', 'p') and n.nspname !~ '^pg_' and n.nspname not in ('information_schema', 'public')
        and pg_has_role(current_user, c.relowner, 'member')
    order by 1";

/// A refusal by a constraint has the row in its detail, which only `terse` leaves out; a statement that is logged has its parameters.
const TELLING: &str = "
    select s.name || '=' || s.setting
    from pg_catalog.pg_settings s
    where (s.name = 'log_error_verbosity' and s.setting <> 'terse')
        or (s.name = 'log_parameter_max_length_on_error' and s.setting <> '0')
        or (s.name = 'log_parameter_max_length' and s.setting <> '0' and exists (
            select from pg_catalog.pg_settings o
            where (o.name = 'log_statement' and o.setting in ('mod', 'all'))
                or (o.name in ('log_min_duration_statement', 'log_min_duration_sample') and o.setting <> '-1')
                or (o.name = 'log_transaction_sample_rate' and o.setting <> '0')))
    order by 1";

/// The zone itself, and settings of roles or of the database that the sessions of others, such as an operator's psql, begin with.
const ZONES: &str = "
    select 'Asia/Shanghai=' || local::text
    from (select timestamptz '2026-12-31 16:30:00+00' at time zone 'Asia/Shanghai' as local) as edge
    where local <> timestamp '2027-01-01 00:30:00'
    union all
    select 'timezone=' || current_setting('timezone') where current_setting('timezone') <> 'UTC'
    union all
    select distinct setting
    from pg_catalog.pg_db_role_setting r, unnest(r.setconfig) as setting
    where r.setdatabase in (0, (select d.oid from pg_catalog.pg_database d where d.datname = current_database()))
        and setting ~* '^timezone=' and split_part(setting, '=', 2) not in ('UTC', 'Etc/UTC', 'Asia/Shanghai', 'PRC')
    order by 1";

/// What a database is like, as its own catalogue says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inspection {
    /// The server's version in its own words, such as `17.5`.
    pub version: String,
    /// The role of the connection.
    pub role: String,
    /// Whether that role is a superuser or passes row-level security: no policy binds it.
    pub is_above_policies: bool,
    /// Tables of ours that belong to that role, or to one that it may take on: their owner can lift every guard.
    pub owned_tables: Vec<String>,
    /// Settings that may lose what was acknowledged, `name=value`.
    pub unsafe_settings: Vec<String>,
    /// Whether a commit waits for a standby.
    pub has_standby: bool,
    /// Settings by which the server's log gets values of rows or of statements, `name=value`.
    pub telling_settings: Vec<String>,
    /// What makes a date of this database another than Beijing's, `name=value`.
    pub wrong_zones: Vec<String>,
    /// Tables of ours whose row-level security does not bind their owner.
    pub unforced_tables: Vec<String>,
    /// Migrations of this program that are not applied.
    pub missing_migrations: usize,
    /// What differs from the schema that the migrations make, as [`super::SHIPPED`] has it.
    pub differences: Vec<String>,
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
            "select current_setting('server_version'), current_user::text,
                bool_or(r.rolsuper or r.rolbypassrls), clock_timestamp()
             from pg_catalog.pg_roles r
             where pg_has_role(current_user, r.oid, 'member')",
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
        let is_later = self.is_later().await?;
        let has_standby: bool =
            sqlx::query_scalar("select current_setting('synchronous_standby_names') <> ''")
                .fetch_one(self.pool())
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
            owned_tables: self.names(OWNED).await?,
            unsafe_settings,
            has_standby,
            telling_settings: self.names(TELLING).await?,
            wrong_zones: self.names(ZONES).await?,
            unforced_tables,
            missing_migrations,
            differences: differences(&self.fingerprint().await?, is_later),
            now,
        })
    }

    /// Whether a migration is applied that this program does not know.
    async fn is_later(&self) -> Result<bool, Error> {
        let built: Vec<i64> = migrator().iter().map(|migration| migration.version).collect();
        let applied = self.applied().await?;
        Ok(applied.iter().any(|version| !built.contains(version)))
    }

    async fn names(&self, query: &'static str) -> Result<Vec<String>, Error> {
        Ok(sqlx::query_scalar(query).fetch_all(self.pool()).await?)
    }

    /// How many migrations are not applied; all where none ever was.
    async fn missing_migrations(&self) -> Result<usize, Error> {
        let applied = self.applied().await?;
        let missing = migrator()
            .iter()
            .filter(|migration| !applied.contains(&migration.version))
            .count();
        // A schema of a later version lacks nothing and differs all the same.
        Ok(missing.max(1))
    }
}
