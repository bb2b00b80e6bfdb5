//! Table `notify.endpoint`. The owner is a condition of every statement: an office sees past row-level security.

use chrono::{DateTime, Utc};
use sqlx::{FromRow, PgConnection};
use uuid::Uuid;

use crate::error::Error;
use crate::model::Owner;

/// An endpoint as stored.
#[derive(Debug, Clone, FromRow)]
pub(crate) struct Endpoint {
    pub(crate) endpoint_id: Uuid,
    pub(crate) url: String,
    pub(crate) event_types: Vec<String>,
    pub(crate) description: String,
    pub(crate) created_at: DateTime<Utc>,
    pub(crate) disabled_at: Option<DateTime<Utc>>,
    pub(crate) disabled_reason: Option<String>,
    pub(crate) failing_since: Option<DateTime<Utc>>,
    pub(crate) old_secret_until: Option<DateTime<Utc>>,
}

/// What an owner states of an endpoint.
#[derive(Debug, Clone)]
pub(crate) struct Wanted {
    pub(crate) url: String,
    pub(crate) event_types: Vec<String>,
    pub(crate) description: String,
}

/// Adds an endpoint.
pub(crate) async fn insert(
    tx: &mut PgConnection,
    owner: &Owner,
    (endpoint_id, created_by): (Uuid, &str),
    wanted: &Wanted,
) -> Result<(), Error> {
    sqlx::query(
        "insert into notify.endpoint (city, endpoint_id, audience, owner, url, event_types, description, created_by)
         values ($1, $2, $3, $4, $5, $6, $7, $8)",
    )
    .bind(&owner.city)
    .bind(endpoint_id)
    .bind(owner.audience)
    .bind(&owner.name)
    .bind(&wanted.url)
    .bind(&wanted.event_types)
    .bind(&wanted.description)
    .bind(created_by)
    .execute(tx)
    .await?;
    Ok(())
}

/// Replaces what the owner states. Whoever sends to the endpoint now sends to the old address once more.
pub(crate) async fn update(
    tx: &mut PgConnection,
    owner: &Owner,
    endpoint_id: Uuid,
    wanted: &Wanted,
) -> Result<(), Error> {
    sqlx::query(
        "update notify.endpoint set url = $5, event_types = $6, description = $7
         where city = $1 and audience = $2 and owner = $3 and endpoint_id = $4",
    )
    .bind(&owner.city)
    .bind(owner.audience)
    .bind(&owner.name)
    .bind(endpoint_id)
    .bind(&wanted.url)
    .bind(&wanted.event_types)
    .bind(&wanted.description)
    .execute(tx)
    .await?;
    Ok(())
}

/// Enables an endpoint, and forgets how long it had failed.
pub(crate) async fn enable(tx: &mut PgConnection, owner: &Owner, endpoint_id: Uuid) -> Result<(), Error> {
    sqlx::query(
        "update notify.endpoint set disabled_at = null, disabled_reason = null, failing_since = null
         where city = $1 and audience = $2 and owner = $3 and endpoint_id = $4",
    )
    .bind(&owner.city)
    .bind(owner.audience)
    .bind(&owner.name)
    .bind(endpoint_id)
    .execute(tx)
    .await?;
    Ok(())
}

/// Disables an endpoint for its owner; the first reason stands.
pub(crate) async fn disable(tx: &mut PgConnection, owner: &Owner, endpoint_id: Uuid) -> Result<(), Error> {
    sqlx::query(
        "update notify.endpoint set disabled_at = clock_timestamp(), disabled_reason = 'owner'
         where city = $1 and audience = $2 and owner = $3 and endpoint_id = $4 and disabled_at is null",
    )
    .bind(&owner.city)
    .bind(owner.audience)
    .bind(&owner.name)
    .bind(endpoint_id)
    .execute(tx)
    .await?;
    Ok(())
}

/// The endpoints of an owner, the first one first; of one id where it is given.
pub(crate) async fn list(
    tx: &mut PgConnection,
    owner: &Owner,
    endpoint_id: Option<Uuid>,
) -> Result<Vec<Endpoint>, Error> {
    Ok(sqlx::query_as(
        "select e.endpoint_id, e.url, e.event_types, e.description, e.created_at, e.disabled_at, e.disabled_reason, e.failing_since,
             (select max(s.valid_until) from notify.secret s
              where s.city = e.city and s.endpoint_id = e.endpoint_id and s.valid_until > clock_timestamp()) as old_secret_until
         from notify.endpoint e
         where e.city = $1 and e.audience = $2 and e.owner = $3 and ($4::uuid is null or e.endpoint_id = $4)
         order by e.created_at, e.endpoint_id",
    )
    .bind(&owner.city)
    .bind(owner.audience)
    .bind(&owner.name)
    .bind(endpoint_id)
    .fetch_all(tx)
    .await?)
}

/// How many endpoints an owner has. Waits for whoever else of this owner counts, until the transaction ends.
pub(crate) async fn count(tx: &mut PgConnection, owner: &Owner) -> Result<i64, Error> {
    sqlx::query("select pg_advisory_xact_lock(hashtextextended('notify.endpoint.' || $1 || '.' || $2 || '.' || $3, 0))")
        .bind(&owner.city)
        .bind(owner.audience)
        .bind(&owner.name)
        .execute(&mut *tx)
        .await?;
    Ok(sqlx::query_scalar(
        "select count(*) from notify.endpoint where city = $1 and audience = $2 and owner = $3",
    )
    .bind(&owner.city)
    .bind(owner.audience)
    .bind(&owner.name)
    .fetch_one(tx)
    .await?)
}
