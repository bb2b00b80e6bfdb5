//! Table `files.column_mapping`: revisions are added and read, never changed.

use chrono::{DateTime, Utc};
use sqlx::{FromRow, PgConnection};
use uuid::Uuid;

use crate::error::Error;

/// A revision of a mapping as it is stored: its content is the message as JSON.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub(crate) struct StoredMapping {
    pub(crate) name: String,
    pub(crate) revision: i32,
    pub(crate) withdrawn: bool,
    /// None where this revision withdraws the mapping.
    pub(crate) content: Option<String>,
    pub(crate) recorded_at: DateTime<Utc>,
}

/// The highest revision of a mapping, and everybody else who writes this name kept waiting: the first one to write it too.
///
/// # Errors
/// Database errors.
pub(crate) async fn latest_held(
    tx: &mut PgConnection,
    (city, holder): (&str, &str),
    name: &str,
) -> Result<Option<StoredMapping>, Error> {
    sqlx::query("select pg_advisory_xact_lock(hashtextextended(concat_ws('/', 'files.column_mapping', $1, $2, $3), 0))")
        .bind(city)
        .bind(holder)
        .bind(name)
        .execute(&mut *tx)
        .await?;
    latest(tx, (city, holder), name).await
}

/// The highest revision of a mapping.
///
/// # Errors
/// Database errors.
pub(crate) async fn latest(
    tx: &mut PgConnection,
    (city, holder): (&str, &str),
    name: &str,
) -> Result<Option<StoredMapping>, Error> {
    let found = sqlx::query_as(
        "select name, revision, withdrawn, content::text as content, recorded_at from files.column_mapping
         where city = $1 and holder = $2 and name = $3
         order by revision desc
         limit 1",
    )
    .bind(city)
    .bind(holder)
    .bind(name)
    .fetch_optional(tx)
    .await?;
    Ok(found)
}

/// Adds a revision; without content it withdraws the mapping.
///
/// # Errors
/// Database errors.
pub(crate) async fn add(
    tx: &mut PgConnection,
    (city, holder): (&str, &str),
    (name, revision): (&str, i32),
    content: Option<&str>,
    request_id: Uuid,
) -> Result<StoredMapping, Error> {
    let row = sqlx::query_as(
        "insert into files.column_mapping (city, holder, name, revision, withdrawn, content, request_id)
         values ($1, $2, $3, $4, $5::text is null, $5::text::jsonb, $6)
         returning name, revision, withdrawn, content::text as content, recorded_at",
    )
    .bind(city)
    .bind(holder)
    .bind(name)
    .bind(revision)
    .bind(content)
    .bind(request_id)
    .fetch_one(tx)
    .await?;
    Ok(row)
}

/// A page of a holder's mappings by name, each in its highest revision.
///
/// # Errors
/// Database errors.
pub(crate) async fn list(
    tx: &mut PgConnection,
    (city, holder): (&str, &str),
    (after, size): (&str, i64),
    show_withdrawn: bool,
) -> Result<Vec<StoredMapping>, Error> {
    let rows = sqlx::query_as(
        "select name, revision, withdrawn, content::text as content, recorded_at from (
             select distinct on (name collate \"C\") name, revision, withdrawn, content, recorded_at
             from files.column_mapping
             where city = $1 and holder = $2 and name collate \"C\" > $3
             order by name collate \"C\", revision desc
         ) latest
         where $4 or not withdrawn
         order by name collate \"C\"
         limit $5",
    )
    .bind(city)
    .bind(holder)
    .bind(after)
    .bind(show_withdrawn)
    .bind(size)
    .fetch_all(tx)
    .await?;
    Ok(rows)
}
