//! How many rows tables hold, for holding a restored database against the one it came from.

use std::collections::BTreeMap;

use sqlx::AssertSqlSafe;

use super::Database;
use crate::error::Error;

/// Tables of ours from which no service may delete: a later count is never the smaller one.
const GROWING: &str = "
    select format('%I.%I', n.nspname, c.relname)
    from pg_catalog.pg_class c
    join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    where c.relkind = 'r' and n.nspname !~ '^pg_' and n.nspname not in ('information_schema', 'public')
        and not exists (select from aclexplode(c.relacl) a where a.privilege_type = 'DELETE' and a.grantee <> c.relowner)
    order by 1";

impl Database {
    /// Rows of every table that only grows; for a login that every row is open to.
    ///
    /// # Errors
    /// [`Error::Database`] where it cannot be asked, or where a policy stands in the way.
    pub async fn counts(&self) -> Result<BTreeMap<String, i64>, Error> {
        let tables: Vec<String> = sqlx::query_scalar(GROWING).fetch_all(self.pool()).await?;
        let mut counts = BTreeMap::new();
        for table in tables {
            // The name comes from the catalogue, quoted there.
            let count: i64 = sqlx::query_scalar(AssertSqlSafe(format!("select count(*) from {table}")))
                .fetch_one(self.pool())
                .await?;
            counts.insert(table, count);
        }
        Ok(counts)
    }
}
