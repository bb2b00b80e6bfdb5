//! Table `settlement.payee_account`, and who is who of `published.institutions`.

use chrono::NaiveDate;
use ledger::Stamp;
use platform::sealing::Sealed;
use sqlx::{FromRow, PgConnection};

use crate::error::Error;
use crate::payment::account::Reported;

/// A revision as stored.
#[derive(Debug, Clone, FromRow)]
pub(crate) struct StoredAccount {
    pub(crate) holder_kind: String,
    pub(crate) holder: String,
    pub(crate) valid_from: NaiveDate,
    pub(crate) revision: i32,
    pub(crate) valid_to: Option<NaiveDate>,
    pub(crate) is_city_branch: bool,
    pub(crate) withdrawn: bool,
    pub(crate) key_id: String,
    pub(crate) sealed: Vec<u8>,
}

/// Adds a revision; answers whether it was new.
pub(crate) async fn insert(
    tx: &mut PgConnection,
    stamp: &Stamp,
    reported: &Reported,
    sealed: &Sealed,
) -> Result<bool, Error> {
    let done = sqlx::query(
        "insert into settlement.payee_account
             (city, holder_kind, holder, valid_from, revision, valid_to, is_city_branch, withdrawn, key_id, sealed,
              recorded_at, reported_by, on_behalf, request_id)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
         on conflict do nothing",
    )
    .bind(stamp.city.as_str())
    .bind(reported.kind)
    .bind(&reported.holder)
    .bind(reported.valid_from)
    .bind(reported.revision)
    .bind(reported.valid_to)
    .bind(reported.is_city_branch)
    .bind(reported.withdrawn)
    .bind(&sealed.key_id)
    .bind(&sealed.bytes)
    .bind(stamp.recorded_at)
    .bind(&stamp.reported_by)
    .bind(stamp.on_behalf)
    .bind(stamp.request_id)
    .execute(tx)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Every revision of an account, ascending.
pub(crate) async fn revisions(
    tx: &mut PgConnection,
    city: &str,
    reported: &Reported,
) -> Result<Vec<StoredAccount>, Error> {
    Ok(sqlx::query_as(
        "select holder_kind, holder, valid_from, revision, valid_to, is_city_branch, withdrawn, key_id, sealed
         from settlement.payee_account
         where city = $1 and holder_kind = $2 and holder = $3 and valid_from = $4
         order by revision",
    )
    .bind(city)
    .bind(reported.kind)
    .bind(&reported.holder)
    .bind(reported.valid_from)
    .fetch_all(tx)
    .await?)
}

/// A page of accounts at their highest revisions, after kind, holder and first day.
pub(crate) async fn page(
    tx: &mut PgConnection,
    city: &str,
    holder: &str,
    after: (&str, &str, NaiveDate),
    size: i64,
) -> Result<Vec<StoredAccount>, Error> {
    Ok(sqlx::query_as(
        "select distinct on (holder_kind, holder, valid_from)
             holder_kind, holder, valid_from, revision, valid_to, is_city_branch, withdrawn, key_id, sealed
         from settlement.payee_account
         where city = $1 and ($2 = '' or holder = $2) and (holder_kind, holder, valid_from) > ($3, $4, $5)
         order by holder_kind, holder, valid_from, revision desc
         limit $6",
    )
    .bind(city)
    .bind(holder)
    .bind(after.0)
    .bind(after.1)
    .bind(after.2)
    .bind(size)
    .fetch_all(tx)
    .await?)
}

/// The account of every holder that holds on a day: of those at their highest revision and not withdrawn, the one that began last.
pub(crate) async fn valid_on(
    tx: &mut PgConnection,
    city: &str,
    day: NaiveDate,
) -> Result<Vec<StoredAccount>, Error> {
    Ok(sqlx::query_as(
        "select distinct on (holder_kind, holder) *
         from (
             select distinct on (holder_kind, holder, valid_from)
                 holder_kind, holder, valid_from, revision, valid_to, is_city_branch, withdrawn, key_id, sealed
             from settlement.payee_account
             where city = $1
             order by holder_kind, holder, valid_from, revision desc
         ) latest
         where not withdrawn and valid_from <= $2 and (valid_to is null or valid_to >= $2)
         order by holder_kind, holder, valid_from desc",
    )
    .bind(city)
    .bind(day)
    .fetch_all(tx)
    .await?)
}

/// An institution as it stands.
#[derive(Debug, Clone, FromRow)]
pub(crate) struct Branch {
    pub(crate) institution_code: String,
    pub(crate) name: Option<String>,
    pub(crate) legal_person_uscc: Option<String>,
    pub(crate) legal_person_name: Option<String>,
}

/// The institutions that are not withdrawn.
pub(crate) async fn branches(tx: &mut PgConnection, city: &str) -> Result<Vec<Branch>, Error> {
    Ok(sqlx::query_as(
        "select institution_code, name, legal_person_uscc, legal_person_name
         from (
             select distinct on (institution_code) institution_code, name, legal_person_uscc, legal_person_name, withdrawn
             from published.institutions
             where city = $1
             order by institution_code, revision desc
         ) latest
         where not withdrawn
         order by institution_code",
    )
    .bind(city)
    .fetch_all(tx)
    .await?)
}
