//! What the worker takes out of the outbox and writes back. Whoever sends to an endpoint holds its lease, so that no two workers
//! send to one endpoint at a time, and so never one delivery twice at a time. The database's clock decides what is due.

use std::time::Duration;

use sqlx::{FromRow, PgConnection};
use uuid::Uuid;

use super::secret::{self, StoredSecret};
use crate::error::Error;
use crate::model::Failure;

/// Seconds of a lease: longer than a try can take.
const LEASE: i32 = 60;
/// Days without a success after which an endpoint that loses a delivery is disabled.
const FAILING_DAYS: i32 = 3;

/// A delivery to be sent, with a lease on its endpoint.
#[derive(Debug, Clone)]
pub(crate) struct Claimed {
    pub(crate) city: String,
    pub(crate) lease_id: Uuid,
    pub(crate) endpoint_id: Uuid,
    pub(crate) url: String,
    pub(crate) delivery_id: Uuid,
    pub(crate) event_type: String,
    pub(crate) payload: String,
    /// Tries since the last replay, this one included.
    pub(crate) tries: i32,
    /// Number of this attempt.
    pub(crate) attempt_no: i32,
    /// The sealed secrets that sign, the newest first.
    pub(crate) secrets: Vec<StoredSecret>,
}

#[derive(FromRow)]
struct Due {
    url: String,
    delivery_id: Uuid,
    event_type: String,
    payload: String,
    tries: i32,
    attempts: i32,
}

/// How an attempt ended.
#[derive(Debug, Clone)]
pub(crate) struct Ended {
    pub(crate) duration_ms: i32,
    pub(crate) status_code: i32,
    pub(crate) failure: Option<Failure>,
    pub(crate) excerpt: String,
    /// After which pause it is tried again; none where it is given up.
    pub(crate) again: Option<Duration>,
}

/// Takes at most so many deliveries, one an endpoint, those of the longest waiting endpoints first.
pub(crate) async fn claim(
    tx: &mut PgConnection,
    city: &str,
    lease_id: Uuid,
    most: i64,
) -> Result<Vec<Claimed>, Error> {
    let endpoints: Vec<Uuid> = sqlx::query_scalar(
        "select e.endpoint_id
         from notify.endpoint e
         cross join lateral (
             select min(d.next_try_at) as since from notify.delivery d
             where d.city = e.city and d.endpoint_id = e.endpoint_id and d.state = 'pending'
         ) due
         where e.city = $1 and e.disabled_at is null and (e.leased_until is null or e.leased_until < clock_timestamp())
             and due.since <= clock_timestamp()
         order by due.since
         limit $2
         for update of e skip locked",
    )
    .bind(city)
    .bind(most)
    .fetch_all(&mut *tx)
    .await?;
    let mut claimed = Vec::with_capacity(endpoints.len());
    for endpoint_id in endpoints {
        // A statement of its own: what another worker sent before the row was locked is seen only from here on.
        if let Some(due) = next(tx, city, endpoint_id).await? {
            claimed.push(take(tx, (city, endpoint_id, lease_id), due).await?);
        }
    }
    Ok(claimed)
}

/// The next delivery of an endpoint in the order of the events.
async fn next(tx: &mut PgConnection, city: &str, endpoint_id: Uuid) -> Result<Option<Due>, Error> {
    Ok(sqlx::query_as(
        "select e.url, d.delivery_id, d.event_type, d.payload, d.tries, d.attempts
         from notify.delivery d
         join notify.endpoint e using (city, endpoint_id)
         where d.city = $1 and d.endpoint_id = $2 and d.state = 'pending' and d.next_try_at <= clock_timestamp()
         order by d.delivery_no
         limit 1
         for update of d",
    )
    .bind(city)
    .bind(endpoint_id)
    .fetch_optional(tx)
    .await?)
}

async fn take(
    tx: &mut PgConnection,
    (city, endpoint_id, lease_id): (&str, Uuid, Uuid),
    due: Due,
) -> Result<Claimed, Error> {
    let taken = Claimed {
        city: city.to_owned(),
        lease_id,
        endpoint_id,
        url: due.url,
        delivery_id: due.delivery_id,
        event_type: due.event_type,
        payload: due.payload,
        tries: due.tries.saturating_add(1),
        attempt_no: due.attempts.saturating_add(1),
        secrets: secret::valid(tx, city, endpoint_id).await?,
    };
    sqlx::query(
        "update notify.endpoint set lease_id = $3, leased_until = clock_timestamp() + $4 * interval '1 second'
         where city = $1 and endpoint_id = $2",
    )
    .bind(city)
    .bind(endpoint_id)
    .bind(lease_id)
    .bind(LEASE)
    .execute(&mut *tx)
    .await?;
    sqlx::query("update notify.delivery set tries = $3, attempts = $4 where city = $1 and delivery_id = $2")
        .bind(city)
        .bind(taken.delivery_id)
        .bind(taken.tries)
        .bind(taken.attempt_no)
        .execute(&mut *tx)
        .await?;
    sqlx::query(
        "insert into notify.attempt (city, delivery_id, attempt_no, audience, owner, started_at)
         select d.city, d.delivery_id, d.attempts, d.audience, d.owner, clock_timestamp()
         from notify.delivery d
         where d.city = $1 and d.delivery_id = $2",
    )
    .bind(city)
    .bind(taken.delivery_id)
    .execute(tx)
    .await?;
    Ok(taken)
}

/// Writes how an attempt ended, and gives the lease back.
pub(crate) async fn record(tx: &mut PgConnection, claimed: &Claimed, ended: &Ended) -> Result<(), Error> {
    sqlx::query(
        "update notify.attempt set duration_ms = $4, status_code = $5, failure = $6, response_excerpt = $7
         where city = $1 and delivery_id = $2 and attempt_no = $3 and duration_ms is null",
    )
    .bind(&claimed.city)
    .bind(claimed.delivery_id)
    .bind(claimed.attempt_no)
    .bind(ended.duration_ms)
    .bind(ended.status_code)
    .bind(ended.failure.map(Failure::as_str))
    .bind(&ended.excerpt)
    .execute(&mut *tx)
    .await?;
    move_on(tx, claimed, ended).await?;
    release_one(tx, claimed, ended).await
}

/// What arrived is delivered, whoever tries it meanwhile. What did not is tried again, unless a later try or a replay said when.
async fn move_on(tx: &mut PgConnection, claimed: &Claimed, ended: &Ended) -> Result<(), Error> {
    let state = match (ended.failure, ended.again) {
        (None, _) => "delivered",
        (Some(_), Some(_)) => "pending",
        (Some(_), None) => "failed",
    };
    let pause = ended.again.unwrap_or_default().as_millis();
    sqlx::query(
        "update notify.delivery
         set state = $3, next_try_at = case $3 when 'pending' then clock_timestamp() + $4 * interval '1 millisecond' end
         where city = $1 and delivery_id = $2 and state = 'pending' and ($3 = 'delivered' or (attempts = $5 and tries = $6))",
    )
    .bind(&claimed.city)
    .bind(claimed.delivery_id)
    .bind(state)
    .bind(i64::try_from(pause).unwrap_or(i64::MAX))
    .bind(claimed.attempt_no)
    .bind(claimed.tries)
    .execute(tx)
    .await?;
    Ok(())
}

/// Gives the lease back and notes how the endpoint does: gone, failing for too long, failing, or well.
async fn release_one(tx: &mut PgConnection, claimed: &Claimed, ended: &Ended) -> Result<(), Error> {
    sqlx::query(
        "update notify.endpoint
         set lease_id = null, leased_until = null
         where city = $1 and endpoint_id = $2 and lease_id = $3",
    )
    .bind(&claimed.city)
    .bind(claimed.endpoint_id)
    .bind(claimed.lease_id)
    .execute(&mut *tx)
    .await?;
    if ended.failure.is_none() {
        sqlx::query(
            "update notify.endpoint set failing_since = null
             where city = $1 and endpoint_id = $2 and failing_since is not null",
        )
        .bind(&claimed.city)
        .bind(claimed.endpoint_id)
        .execute(tx)
        .await?;
        return Ok(());
    }
    sqlx::query(
        "update notify.endpoint
         set failing_since = coalesce(failing_since, clock_timestamp())
         where city = $1 and endpoint_id = $2",
    )
    .bind(&claimed.city)
    .bind(claimed.endpoint_id)
    .execute(&mut *tx)
    .await?;
    sqlx::query(
        "update notify.endpoint
         set disabled_at = clock_timestamp(), disabled_reason = case when $3 then 'gone' else 'failing' end
         where city = $1 and endpoint_id = $2 and disabled_at is null
             and ($3 or ($4 and failing_since <= clock_timestamp() - $5 * interval '1 day'))",
    )
    .bind(&claimed.city)
    .bind(claimed.endpoint_id)
    .bind(ended.failure == Some(Failure::Gone))
    .bind(ended.again.is_none())
    .bind(FAILING_DAYS)
    .execute(tx)
    .await?;
    Ok(())
}

/// Gives back every lease of a worker that stops, so that what it did not finish is sent again at once.
pub(crate) async fn release(tx: &mut PgConnection, city: &str, lease_id: Uuid) -> Result<(), Error> {
    sqlx::query(
        "update notify.endpoint set lease_id = null, leased_until = null where city = $1 and lease_id = $2",
    )
    .bind(city)
    .bind(lease_id)
    .execute(tx)
    .await?;
    Ok(())
}
