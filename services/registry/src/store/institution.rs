//! Table `registry.institution`: legal persons.

use ledger::Error;
use sqlx::PgConnection;

/// A page of legal persons' codes, as the latest revisions of their institutions name them.
pub(crate) async fn legal_persons(
    tx: &mut PgConnection,
    city: &str,
    after: &str,
    size: i64,
) -> Result<Vec<String>, Error> {
    let rows: Vec<(String,)> = sqlx::query_as(
        "select distinct legal_person_uscc from (
             select distinct on (institution_code) institution_code, legal_person_uscc, withdrawn
             from registry.institution
             where city = $1
             order by institution_code, revision desc
         ) latest
         where not withdrawn and legal_person_uscc > $2
         order by legal_person_uscc
         limit $3",
    )
    .bind(city)
    .bind(after)
    .bind(size)
    .fetch_all(tx)
    .await?;
    Ok(rows.into_iter().map(|(code,)| code).collect())
}
