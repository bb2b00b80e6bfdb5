//! View `published.institutions`: whether an institution may report.

use std::collections::HashMap;

use sqlx::PgConnection;

use crate::error::Error;

/// The standing of institutions: `false` registered, `true` withdrawn; a code that was never registered is missing.
///
/// # Errors
/// Database errors.
pub async fn standing(
    tx: &mut PgConnection,
    city: &str,
    codes: &[String],
) -> Result<HashMap<String, bool>, Error> {
    let rows: Vec<(String, bool)> = sqlx::query_as(
        "select distinct on (institution_code) institution_code, withdrawn
         from published.institutions
         where city = $1 and institution_code = any($2)
         order by institution_code, revision desc",
    )
    .bind(city)
    .bind(codes)
    .fetch_all(tx)
    .await?;
    Ok(rows.into_iter().collect())
}
