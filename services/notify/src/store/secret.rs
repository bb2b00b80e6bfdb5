//! Table `notify.secret`: secrets are added, and the one before the newest ends.

use platform::sealing::Sealed;
use sqlx::{FromRow, PgConnection};
use uuid::Uuid;

use crate::error::Error;
use crate::model::Owner;

/// A secret as stored.
#[derive(Debug, Clone, FromRow)]
pub(crate) struct StoredSecret {
    pub(crate) secret_no: i32,
    pub(crate) key_id: String,
    pub(crate) sealed: Vec<u8>,
}

/// Number of the newest secret; 0 where there is none.
pub(crate) async fn newest(tx: &mut PgConnection, city: &str, endpoint_id: Uuid) -> Result<i32, Error> {
    let number: Option<i32> =
        sqlx::query_scalar("select max(secret_no) from notify.secret where city = $1 and endpoint_id = $2")
            .bind(city)
            .bind(endpoint_id)
            .fetch_one(tx)
            .await?;
    Ok(number.unwrap_or(0))
}

/// Adds a secret for the request that asked for it.
pub(crate) async fn insert(
    tx: &mut PgConnection,
    owner: &Owner,
    (endpoint_id, secret_no, request_id): (Uuid, i32, Uuid),
    sealed: &Sealed,
) -> Result<(), Error> {
    sqlx::query(
        "insert into notify.secret (city, endpoint_id, secret_no, audience, owner, key_id, sealed, request_id)
         values ($1, $2, $3, $4, $5, $6, $7, $8)",
    )
    .bind(&owner.city)
    .bind(endpoint_id)
    .bind(secret_no)
    .bind(owner.audience)
    .bind(&owner.name)
    .bind(&sealed.key_id)
    .bind(&sealed.bytes)
    .bind(request_id)
    .execute(tx)
    .await?;
    Ok(())
}

/// Ends the secrets before a number: the one just before it after some hours, older ones now. So two at most sign at a time.
pub(crate) async fn retire(
    tx: &mut PgConnection,
    city: &str,
    (endpoint_id, secret_no): (Uuid, i32),
    overlap_hours: i32,
) -> Result<(), Error> {
    sqlx::query(
        "update notify.secret
         set valid_until = clock_timestamp() + case when secret_no = $3 - 1 then $4 else 0 end * interval '1 hour'
         where city = $1 and endpoint_id = $2 and secret_no < $3 and (valid_until is null or valid_until > clock_timestamp())",
    )
    .bind(city)
    .bind(endpoint_id)
    .bind(secret_no)
    .bind(overlap_hours)
    .execute(tx)
    .await?;
    Ok(())
}

/// The secrets that sign now, the newest first.
pub(crate) async fn valid(
    tx: &mut PgConnection,
    city: &str,
    endpoint_id: Uuid,
) -> Result<Vec<StoredSecret>, Error> {
    Ok(sqlx::query_as(
        "select secret_no, key_id, sealed from notify.secret
         where city = $1 and endpoint_id = $2 and (valid_until is null or valid_until > clock_timestamp())
         order by secret_no desc",
    )
    .bind(city)
    .bind(endpoint_id)
    .fetch_all(tx)
    .await?)
}

/// The secret that a request made, as long as its answer may have been lost: ten minutes, and until it is rotated.
pub(crate) async fn just_made(
    tx: &mut PgConnection,
    owner: &Owner,
    endpoint_id: Uuid,
    request_id: Uuid,
) -> Result<Option<StoredSecret>, Error> {
    Ok(sqlx::query_as(
        "select secret_no, key_id, sealed from notify.secret
         where city = $1 and audience = $2 and owner = $3 and endpoint_id = $4 and request_id = $5
             and valid_until is null and created_at > clock_timestamp() - interval '10 minutes'",
    )
    .bind(&owner.city)
    .bind(owner.audience)
    .bind(&owner.name)
    .bind(endpoint_id)
    .bind(request_id)
    .fetch_optional(tx)
    .await?)
}
