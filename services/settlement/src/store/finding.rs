//! Table `settlement.finding`.

use policy::engine::Finding;
use sqlx::{FromRow, PgConnection};

use crate::error::Error;
use crate::model::BatchNo;

/// A finding as stored.
#[derive(Debug, Clone, FromRow)]
pub(crate) struct StoredFinding {
    pub(crate) finding_no: i32,
    pub(crate) code: String,
    pub(crate) severity: String,
    pub(crate) measure: String,
    pub(crate) beneficiary: String,
    pub(crate) reference: String,
    pub(crate) message_zh: String,
    pub(crate) message_en: String,
    /// Names of the records that show it.
    pub(crate) evidence: Vec<String>,
}

/// Between the names of records on their way into the database, which flattens arrays of arrays; no name holds it.
const SEPARATOR: &str = "\u{1f}";

/// Replaces the findings of a draft.
pub(crate) async fn replace(
    tx: &mut PgConnection,
    number: &BatchNo,
    findings: &[Finding],
) -> Result<(), Error> {
    sqlx::query("delete from settlement.finding where city = $1 and year = $2 and sequence = $3")
        .bind(number.city.as_str())
        .bind(number.year.number())
        .bind(number.sequence)
        .execute(&mut *tx)
        .await?;
    let text = |get: fn(&Finding) -> String| findings.iter().map(get).collect::<Vec<String>>();
    sqlx::query(
        "insert into settlement.finding
             (city, year, sequence, finding_no, code, severity, measure, beneficiary, reference, message_zh, message_en,
              evidence)
         select $1, $2, $3, ordinality::integer, c, s, m, b, r, zh, en, string_to_array(e, $12)
         from unnest($4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[], $10::text[], $11::text[])
              with ordinality as given (c, s, m, b, r, zh, en, e, ordinality)",
    )
    .bind(number.city.as_str())
    .bind(number.year.number())
    .bind(number.sequence)
    .bind(text(|finding| finding.code.as_str().to_owned()))
    .bind(text(|finding| finding.severity().as_str().to_owned()))
    .bind(text(|finding| finding.measure.as_str().to_owned()))
    .bind(text(|finding| finding.beneficiary.clone()))
    .bind(text(|finding| finding.reference.clone()))
    .bind(text(Finding::zh))
    .bind(text(Finding::en))
    .bind(text(|finding| finding.evidence.join(SEPARATOR)))
    .bind(SEPARATOR)
    .execute(tx)
    .await?;
    Ok(())
}

/// A page of findings after a number, in order.
pub(crate) async fn page(
    tx: &mut PgConnection,
    number: &BatchNo,
    after: i32,
    size: i64,
) -> Result<Vec<StoredFinding>, Error> {
    Ok(sqlx::query_as(
        "select finding_no, code, severity, measure, beneficiary, reference, message_zh, message_en,
                evidence
         from settlement.finding
         where city = $1 and year = $2 and sequence = $3 and finding_no > $4
         order by finding_no
         limit $5",
    )
    .bind(number.city.as_str())
    .bind(number.year.number())
    .bind(number.sequence)
    .bind(after)
    .bind(size)
    .fetch_all(tx)
    .await?)
}

/// How many findings a batch has.
pub(crate) async fn count(tx: &mut PgConnection, number: &BatchNo) -> Result<i64, Error> {
    let (count,): (i64,) = sqlx::query_as(
        "select count(*) from settlement.finding where city = $1 and year = $2 and sequence = $3",
    )
    .bind(number.city.as_str())
    .bind(number.year.number())
    .bind(number.sequence)
    .fetch_one(tx)
    .await?;
    Ok(count)
}
