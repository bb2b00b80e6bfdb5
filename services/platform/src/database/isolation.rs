//! The self-test of row-level security: a planted row that a service must not see.

use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection};

use super::Database;
use crate::error::Error;

/// City and institution of the row that the migration plants.
const PLANTED: (&str, &str) = ("0000", "planted");
/// Somebody else, in the same city and in another.
const OTHERS: [(&str, &str); 3] = [("0000", "other"), ("9999", "planted"), ("0000", "*")];

impl Database {
    /// Looks for the planted row under each role: as whom it is made out for it must be seen (else the test would see nothing anywhere), as
    /// anybody else and as nobody it must not. Answers what is wrong, `role: what`.
    ///
    /// # Errors
    /// [`Error::Database`] where the database cannot be asked.
    pub async fn isolation(&self, roles: &[&str]) -> Result<Vec<String>, Error> {
        let mut wrong = Vec::new();
        for role in roles {
            // A session of its own, in which no city was ever set.
            let mut session = self.pool.acquire().await?.detach();
            let told = broken(&mut session, role).await;
            session.close().await?;
            if let Some(what) = told? {
                wrong.push(format!("{role}: {what}"));
            }
        }
        Ok(wrong)
    }
}

/// What is wrong for a role.
async fn broken(session: &mut PgConnection, role: &str) -> Result<Option<&'static str>, Error> {
    // A role is no value that a statement could be given; these are constants of the services.
    session.execute(AssertSqlSafe(format!("set role {role}"))).await?;
    let is_seen: bool = sqlx::query_scalar("select ledger.sees_unasked()")
        .fetch_one(&mut *session)
        .await?;
    if is_seen {
        return Ok(Some("reads without saying for whom"));
    }
    for who in OTHERS {
        be(session, who).await?;
        if seen(session).await? > 0 {
            return Ok(Some("sees a row of somebody else"));
        }
    }
    be(session, PLANTED).await?;
    Ok((seen(session).await? != 1).then_some("does not see the row that is its own"))
}

async fn be(session: &mut PgConnection, (city, institution): (&str, &str)) -> Result<(), sqlx::Error> {
    sqlx::query("select set_config('zhirong.city', $1, false), set_config('zhirong.institution', $2, false)")
        .bind(city)
        .bind(institution)
        .execute(session)
        .await
        .map(drop)
}

async fn seen(session: &mut PgConnection) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar("select count(*) from ledger.isolation_probe")
        .fetch_one(session)
        .await
}
