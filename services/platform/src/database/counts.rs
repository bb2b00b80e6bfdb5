//! How many rows tables hold, for holding a restored database against the one it came from.

use std::collections::BTreeMap;

use sqlx::AssertSqlSafe;

use super::Database;
use crate::error::Error;

/// Tables whose rows are only ever added: a later count is never the smaller one.
const GROWING: &str = "
    select format('%I.%I', n.nspname, c.relname)
    from pg_catalog.pg_class c
    join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    where c.relkind = 'r' and (n.nspname in ('registry', 'pledge', 'insurance')
        or (n.nspname, c.relname) in (('ledger', 'audit'), ('settlement', 'batch'), ('settlement', 'payment')))
    order by 1";

impl Database {
    /// Rows of every table of facts, of the audit trail, of batches and payments; for a login that every row is open to.
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
