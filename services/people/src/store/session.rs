//! Table `people.session`.

use chrono::{DateTime, Utc};
use sqlx::{FromRow, PgConnection};
use uuid::Uuid;

use crate::error::Error;

/// A session to begin.
#[derive(Debug, Clone)]
pub(crate) struct Begun {
    pub(crate) city: String,
    pub(crate) subject: String,
    pub(crate) name: String,
    pub(crate) role: &'static str,
    pub(crate) bound_kind: String,
    pub(crate) bound_to: Vec<u8>,
}

/// A session as it is kept.
#[derive(Debug, Clone, FromRow)]
pub(crate) struct Stored {
    pub(crate) city: String,
    pub(crate) session_id: Uuid,
    pub(crate) subject: String,
    pub(crate) name: String,
    pub(crate) role: String,
    pub(crate) bound_kind: String,
    pub(crate) bound_to: Vec<u8>,
    pub(crate) created_at: DateTime<Utc>,
    pub(crate) last_used_at: DateTime<Utc>,
    pub(crate) ends_at: DateTime<Utc>,
    pub(crate) revoked_by: Option<String>,
    /// Neither revoked, nor past its end, nor unused for fifteen minutes.
    pub(crate) is_open: bool,
    /// Whether its last use was noted more than half a minute ago.
    pub(crate) is_stale: bool,
}

macro_rules! select {
    ($behind:literal) => {
        concat!(
            "select city, session_id, subject, name, role, bound_kind, bound_to, created_at, last_used_at, ends_at, revoked_by,
                 revoked_at is null and clock_timestamp() < ends_at
                     and last_used_at > clock_timestamp() - interval '15 minutes' as is_open,
                 last_used_at < clock_timestamp() - interval '30 seconds' as is_stale
             from people.session ",
            $behind
        )
    };
}

/// Begins a session.
pub(crate) async fn begin(tx: &mut PgConnection, token: [u8; 32], begun: &Begun) -> Result<(), Error> {
    sqlx::query(
        "insert into people.session (city, session_id, token_digest, subject, name, role, bound_kind, bound_to)
         values ($1, $2, $3, $4, $5, $6, $7, $8)",
    )
    .bind(&begun.city)
    .bind(platform::ids::new_v7())
    .bind(token.as_slice())
    .bind(&begun.subject)
    .bind(&begun.name)
    .bind(begun.role)
    .bind(&begun.bound_kind)
    .bind(&begun.bound_to)
    .execute(tx)
    .await?;
    Ok(())
}

/// The session of a token, open or not.
pub(crate) async fn find(tx: &mut PgConnection, token: [u8; 32]) -> Result<Option<Stored>, Error> {
    Ok(sqlx::query_as(select!("where token_digest = $1"))
        .bind(token.as_slice())
        .fetch_optional(tx)
        .await?)
}

/// Notes that a session is in use, unless it ended meanwhile; one that a write holds is in use and is passed over, so that a long write
/// keeps its person from no other call.
pub(crate) async fn touch(tx: &mut PgConnection, token: [u8; 32]) -> Result<(), Error> {
    sqlx::query(
        "update people.session set last_used_at = clock_timestamp()
         where token_digest = (
             select token_digest from people.session
             where token_digest = $1 and revoked_at is null
             for no key update skip locked)",
    )
    .bind(token.as_slice())
    .execute(tx)
    .await?;
    Ok(())
}

/// Waits for the writes of a person that are under way; those that begin meanwhile wait for this transaction
/// (`people.session_stands`), and find the session ended.
async fn take_turn(tx: &mut PgConnection, city: &str, subject: &str) -> Result<(), Error> {
    sqlx::query("select pg_advisory_xact_lock(hashtextextended('people.session.of.' || $1 || '/' || $2, 0))")
        .bind(city)
        .bind(subject)
        .execute(tx)
        .await?;
    Ok(())
}

/// Ends the session of its own person.
pub(crate) async fn end(
    tx: &mut PgConnection,
    (city, subject): (&str, &str),
    session_id: Uuid,
) -> Result<(), Error> {
    take_turn(tx, city, subject).await?;
    sqlx::query(
        "update people.session set revoked_at = clock_timestamp(), revoked_by = subject
         where city = $1 and session_id = $2 and revoked_at is null",
    )
    .bind(city)
    .bind(session_id)
    .execute(tx)
    .await?;
    Ok(())
}

/// Ends every open session of a person; answers how many.
pub(crate) async fn end_all(
    tx: &mut PgConnection,
    city: &str,
    subject: &str,
    by: &str,
) -> Result<u64, Error> {
    take_turn(tx, city, subject).await?;
    let done = sqlx::query(
        "update people.session set revoked_at = clock_timestamp(), revoked_by = $3
         where city = $1 and subject = $2 and revoked_at is null and ends_at > clock_timestamp()",
    )
    .bind(city)
    .bind(subject)
    .bind(by)
    .execute(tx)
    .await?;
    Ok(done.rows_affected())
}

/// Sessions of a city, the newest first; behind one of them, and of one person, where these are given.
pub(crate) async fn list(
    tx: &mut PgConnection,
    city: &str,
    (subject, before, size): (&str, Option<Uuid>, i64),
) -> Result<Vec<Stored>, Error> {
    Ok(sqlx::query_as(select!(
        "where city = $1 and ($2 = '' or subject = $2)
             and ($3::uuid is null
                 or (created_at, session_id) < (select s.created_at, s.session_id from people.session s
                                                where s.city = $1 and s.session_id = $3))
         order by created_at desc, session_id desc
         limit $4"
    ))
    .bind(city)
    .bind(subject)
    .bind(before)
    .bind(size)
    .fetch_all(tx)
    .await?)
}
