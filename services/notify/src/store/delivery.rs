//! Tables `notify.delivery` and `notify.attempt`, as their owner reads them and asks for more.

use chrono::{DateTime, Utc};
use sqlx::{FromRow, PgConnection};
use uuid::Uuid;

use crate::error::Error;
use crate::model::Owner;

/// A delivery as stored.
#[derive(Debug, Clone, FromRow)]
pub(crate) struct Delivery {
    pub(crate) delivery_id: Uuid,
    pub(crate) delivery_no: i64,
    pub(crate) endpoint_id: Uuid,
    pub(crate) event_type: String,
    pub(crate) payload: String,
    pub(crate) created_at: DateTime<Utc>,
    pub(crate) state: String,
    pub(crate) next_try_at: Option<DateTime<Utc>>,
}

/// An attempt as stored.
#[derive(Debug, Clone, FromRow)]
pub(crate) struct Attempt {
    pub(crate) delivery_id: Uuid,
    pub(crate) attempt_no: i32,
    pub(crate) started_at: DateTime<Utc>,
    pub(crate) duration_ms: Option<i32>,
    pub(crate) status_code: i32,
    pub(crate) failure: Option<String>,
    pub(crate) response_excerpt: String,
}

/// Which deliveries are asked for.
#[derive(Debug, Clone, Default)]
pub(crate) struct Filter {
    /// Only this endpoint's.
    pub(crate) endpoint_id: Option<Uuid>,
    /// Only in this state; every one where empty.
    pub(crate) state: &'static str,
    /// Only those before this number.
    pub(crate) before: Option<i64>,
    /// Most rows.
    pub(crate) size: i64,
}

/// A page of deliveries, the newest first.
pub(crate) async fn page(
    tx: &mut PgConnection,
    owner: &Owner,
    filter: &Filter,
) -> Result<Vec<Delivery>, Error> {
    Ok(sqlx::query_as(
        "select delivery_id, delivery_no, endpoint_id, event_type, payload, created_at, state, next_try_at
         from notify.delivery
         where city = $1 and audience = $2 and owner = $3 and ($4::uuid is null or endpoint_id = $4)
             and ($5 = '' or state = $5) and ($6::bigint is null or delivery_no < $6)
         order by delivery_no desc
         limit $7",
    )
    .bind(&owner.city)
    .bind(owner.audience)
    .bind(&owner.name)
    .bind(filter.endpoint_id)
    .bind(filter.state)
    .bind(filter.before)
    .bind(filter.size)
    .fetch_all(tx)
    .await?)
}

/// One delivery of an owner, held until the transaction ends.
pub(crate) async fn lock(
    tx: &mut PgConnection,
    owner: &Owner,
    delivery_id: Uuid,
) -> Result<Option<Delivery>, Error> {
    Ok(sqlx::query_as(
        "select delivery_id, delivery_no, endpoint_id, event_type, payload, created_at, state, next_try_at
         from notify.delivery
         where city = $1 and audience = $2 and owner = $3 and delivery_id = $4
         for update",
    )
    .bind(&owner.city)
    .bind(owner.audience)
    .bind(&owner.name)
    .bind(delivery_id)
    .fetch_optional(tx)
    .await?)
}

/// The last attempts of deliveries, the oldest first.
pub(crate) async fn attempts(
    tx: &mut PgConnection,
    city: &str,
    deliveries: &[Uuid],
) -> Result<Vec<Attempt>, Error> {
    Ok(sqlx::query_as(
        "select a.delivery_id, a.attempt_no, a.started_at, a.duration_ms, a.status_code, a.failure, a.response_excerpt
         from notify.attempt a
         join notify.delivery d using (city, delivery_id)
         where a.city = $1 and a.delivery_id = any ($2) and a.attempt_no > d.attempts - 20
         order by a.delivery_id, a.attempt_no",
    )
    .bind(city)
    .bind(deliveries)
    .fetch_all(tx)
    .await?)
}

/// Makes a delivery due now, with all its tries before it.
pub(crate) async fn replay(tx: &mut PgConnection, owner: &Owner, delivery_id: Uuid) -> Result<(), Error> {
    sqlx::query(
        "update notify.delivery set state = 'pending', tries = 0, next_try_at = clock_timestamp()
         where city = $1 and audience = $2 and owner = $3 and delivery_id = $4",
    )
    .bind(&owner.city)
    .bind(owner.audience)
    .bind(&owner.name)
    .bind(delivery_id)
    .execute(tx)
    .await?;
    Ok(())
}

/// Puts an event about an endpoint into the outbox, for that endpoint alone.
pub(crate) async fn insert(
    tx: &mut PgConnection,
    owner: &Owner,
    (delivery_id, endpoint_id): (Uuid, Uuid),
    (event_type, endpoint_name): (&str, &str),
) -> Result<(), Error> {
    sqlx::query(
        "insert into notify.delivery
             (city, delivery_id, endpoint_id, audience, owner, event_type, payload, created_at, next_try_at)
         select $1, $2, $3, $4, $5, $6, notify.payload($6, json_build_object('endpoint', $7::text), moment), moment, moment
         from (select clock_timestamp() as moment) as now",
    )
    .bind(&owner.city)
    .bind(delivery_id)
    .bind(endpoint_id)
    .bind(owner.audience)
    .bind(&owner.name)
    .bind(event_type)
    .bind(endpoint_name)
    .execute(tx)
    .await?;
    Ok(())
}
