//! The other city as it was before it was asked anything: what one case stored there, the next must not find. Else an office would be
//! told of a record because it has one of that name itself, and not because somebody else has.

use sqlx::postgres::PgConnection;
use sqlx::{AssertSqlSafe, Connection};
use tokio::sync::Mutex;

use crate::sandbox::Sandbox;

/// Tables with a column for the city, of every schema of ours. The ledger stays: its chains go on, and what they count is not compared.
const TABLES: &str = "select n.nspname || '.' || c.relname
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
    join pg_attribute a on a.attrelid = c.oid and a.attname = 'city' and not a.attisdropped
    where c.relkind in ('r', 'p') and not c.relispartition and n.nspname !~ '^(pg_|information_schema|ledger$)'
    order by 1";

/// Puts a city back to what it was.
pub(super) struct Unwritten(Mutex<PgConnection>);

impl Unwritten {
    /// Keeps what the city has now.
    pub(super) async fn kept(sandbox: &Sandbox, city: &str) -> Self {
        let mut database = sandbox.database().await;
        let tables: Vec<String> = sqlx::query_scalar(TABLES).fetch_all(&mut database).await.unwrap();
        assert!(tables.len() > 30, "{tables:?}");
        execute(&mut database, "create schema unwritten").await;
        // Nothing of it must outlive a crash, so nothing waits for the disk.
        execute(&mut database, "set synchronous_commit = off").await;
        let mut body = String::new();
        for (place, table) in tables.iter().enumerate() {
            let kept = format!("unwritten.kept_{place}");
            execute(
                &mut database,
                &format!("create table {kept} as select * from {table} where city = '{city}'"),
            )
            .await;
            body.push_str(&format!("delete from {table} where city = '{city}';\n"));
            body.push_str(&format!(
                "insert into {table} overriding system value select * from {kept};\n"
            ));
        }
        // Without triggers and references, which hold for services; the rows that come back held by them before.
        let procedure = format!(
            "create procedure unwritten.again() language plpgsql set session_replication_role = replica as $$ begin\n{body}end $$"
        );
        execute(&mut database, &procedure).await;
        Self(Mutex::new(database))
    }

    /// The city has again what it had, and nothing else.
    pub(super) async fn again(&self) {
        execute(&mut *self.0.lock().await, "call unwritten.again()").await;
    }

    /// Closes the connection.
    pub(super) async fn closed(self) {
        self.0.into_inner().close().await.unwrap();
    }
}

async fn execute(database: &mut PgConnection, sql: &str) {
    sqlx::query(AssertSqlSafe(sql.to_owned()))
        .execute(database)
        .await
        .unwrap();
}
