//! Table `registry.credential`: rows are added and revoked, never changed or removed.

use chrono::{DateTime, Utc};
use ledger::{Caller, Error};
use sqlx::{FromRow, PgConnection};
use uuid::Uuid;

/// A credential as stored.
#[derive(Debug, Clone, FromRow)]
pub(crate) struct Credential {
    pub(crate) credential_id: Uuid,
    pub(crate) holder: String,
    pub(crate) role: String,
    pub(crate) spki_digest: Vec<u8>,
    pub(crate) not_before: DateTime<Utc>,
    pub(crate) not_after: DateTime<Utc>,
    pub(crate) revoked_at: Option<DateTime<Utc>>,
}

/// A credential to add.
#[derive(Debug, Clone)]
pub(crate) struct NewCredential<'a> {
    pub(crate) caller: &'a Caller,
    pub(crate) spki_digest: [u8; 32],
    pub(crate) not_before: DateTime<Utc>,
    pub(crate) not_after: DateTime<Utc>,
    pub(crate) created_by: &'a str,
}

/// Adds a credential; `false` where the public key is registered already, for whomever.
pub(crate) async fn insert(
    tx: &mut PgConnection,
    credential_id: Uuid,
    new: &NewCredential<'_>,
) -> Result<bool, Error> {
    let added = sqlx::query(
        "insert into registry.credential
             (city, credential_id, holder, role, spki_digest, not_before, not_after, created_by)
         values ($1, $2, $3, $4, $5, $6, $7, $8)
         on conflict do nothing",
    )
    .bind(new.caller.city.as_str())
    .bind(credential_id)
    .bind(&new.caller.holder)
    .bind(new.caller.role.as_str())
    .bind(new.spki_digest.as_slice())
    .bind(new.not_before)
    .bind(new.not_after)
    .bind(new.created_by)
    .execute(tx)
    .await?;
    Ok(added.rows_affected() == 1)
}

/// The credential of a public key in this city.
pub(crate) async fn by_key(
    tx: &mut PgConnection,
    city: &str,
    spki_digest: [u8; 32],
) -> Result<Option<Credential>, Error> {
    Ok(sqlx::query_as(
        "select credential_id, holder, role, spki_digest, not_before, not_after, revoked_at
         from registry.credential
         where city = $1 and spki_digest = $2",
    )
    .bind(city)
    .bind(spki_digest.as_slice())
    .fetch_optional(tx)
    .await?)
}

/// How many credentials of a holder are live. Whoever adds one waits here for whoever else does: the trigger that holds the bound takes
/// the same lock.
pub(crate) async fn live_count(tx: &mut PgConnection, city: &str, holder: &str) -> Result<i64, Error> {
    sqlx::query(
        "select pg_advisory_xact_lock(hashtextextended('registry.credential.of.' || $1 || '/' || $2, 0))",
    )
    .bind(city)
    .bind(holder)
    .execute(&mut *tx)
    .await?;
    let (count,): (i64,) = sqlx::query_as(
        "select count(*) from registry.credential
         where city = $1 and holder = $2 and revoked_at is null and not_after > clock_timestamp()",
    )
    .bind(city)
    .bind(holder)
    .fetch_one(tx)
    .await?;
    Ok(count)
}

/// Revokes the credential of a public key; the first revocation stands. None where it does not exist. Waits for every write under it,
/// behind the lock that those writes share, so that its time is later than theirs.
pub(crate) async fn revoke(
    tx: &mut PgConnection,
    city: &str,
    spki_digest: [u8; 32],
    revoked_by: &str,
) -> Result<Option<Credential>, Error> {
    sqlx::query(
        "select pg_advisory_xact_lock(hashtextextended('registry.credential.' || encode($1, 'hex'), 0))",
    )
    .bind(spki_digest.as_slice())
    .execute(&mut *tx)
    .await?;
    sqlx::query(
        "update registry.credential set revoked_at = clock_timestamp(), revoked_by = $3
         where city = $1 and spki_digest = $2 and revoked_at is null",
    )
    .bind(city)
    .bind(spki_digest.as_slice())
    .bind(revoked_by)
    .execute(&mut *tx)
    .await?;
    by_key(tx, city, spki_digest).await
}

/// A page of credentials in the order of their ids; of one holder where it is not empty.
pub(crate) async fn list(
    tx: &mut PgConnection,
    city: &str,
    holder: &str,
    after: Option<Uuid>,
    size: i64,
) -> Result<Vec<Credential>, Error> {
    Ok(sqlx::query_as(
        "select credential_id, holder, role, spki_digest, not_before, not_after, revoked_at
         from registry.credential
         where city = $1 and ($2 = '' or holder = $2) and ($3::uuid is null or credential_id > $3)
         order by credential_id
         limit $4",
    )
    .bind(city)
    .bind(holder)
    .bind(after)
    .bind(size)
    .fetch_all(tx)
    .await?)
}
