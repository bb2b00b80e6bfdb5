//! Table `insurance.policy`: whose policies a report concerns.

use ledger::Error;
use sqlx::PgConnection;

/// The holders of an institution's policies, as `(policy number, policyholder)`; withdrawn ones left out.
pub(crate) async fn holders(
    tx: &mut PgConnection,
    city: &str,
    institution: &str,
    policy_nos: &[String],
) -> Result<Vec<(String, String)>, Error> {
    Ok(sqlx::query_as(
        "select policy_no, policyholder_uscc from (
             select distinct on (policy_no) policy_no, policyholder_uscc, withdrawn
             from insurance.policy
             where city = $1 and institution_code = $2 and policy_no = any($3)
             order by policy_no, revision desc
         ) latest
         where not withdrawn
         order by policy_no",
    )
    .bind(city)
    .bind(institution)
    .bind(policy_nos)
    .fetch_all(tx)
    .await?)
}
