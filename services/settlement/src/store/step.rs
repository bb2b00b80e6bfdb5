//! Steps of a batch from draft to released: its row in `settlement.batch` moves, and `settlement.approval` keeps who took the step.
//!
//! Which step may follow which, and by whom, is decided by the constraints and triggers of the table, by name.

use chrono::{DateTime, Utc};
use sqlx::{FromRow, PgConnection};

use crate::error::Error;
use crate::model::BatchNo;

/// A step that agrees to a digest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Agreed {
    Submitted,
    Published,
    Approved,
}

impl Agreed {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Submitted => "submitted",
            Self::Published => "published",
            Self::Approved => "approved",
        }
    }

    const fn sql(self) -> &'static str {
        match self {
            Self::Submitted => {
                "update settlement.batch
                 set state = 'in_review', submitted_by = $4, submitted_at = $5, submitted_digest = $6
                 where city = $1 and year = $2 and sequence = $3"
            }
            Self::Published => {
                "update settlement.batch
                 set state = 'public_notice', published_by = $4, published_at = $5, published_digest = $6
                 where city = $1 and year = $2 and sequence = $3"
            }
            Self::Approved => {
                "update settlement.batch
                 set state = 'approved', approved_by = $4, approved_at = $5, approved_digest = $6
                 where city = $1 and year = $2 and sequence = $3"
            }
        }
    }
}

/// Moves a batch by a step that agrees to a digest.
pub(crate) async fn agree(
    tx: &mut PgConnection,
    number: &BatchNo,
    step: Agreed,
    (person, at): (&str, DateTime<Utc>),
    batch_digest: &str,
) -> Result<(), Error> {
    sqlx::query(step.sql())
        .bind(number.city.as_str())
        .bind(number.year.number())
        .bind(number.sequence)
        .bind(person)
        .bind(at)
        .bind(batch_digest)
        .execute(tx)
        .await?;
    Ok(())
}

/// Makes a batch a draft again, whatever was submitted, published and approved; with a reason where somebody returned it.
pub(crate) async fn back_to_draft(
    tx: &mut PgConnection,
    number: &BatchNo,
    returned: Option<(&str, DateTime<Utc>, &str)>,
) -> Result<(), Error> {
    sqlx::query(
        "update settlement.batch
         set state = 'draft', submitted_by = null, submitted_at = null, submitted_digest = null,
             published_by = null, published_at = null, published_digest = null,
             approved_by = null, approved_at = null, approved_digest = null,
             returned_by = coalesce($4, returned_by), returned_at = coalesce($5, returned_at),
             return_reason = coalesce($6, return_reason)
         where city = $1 and year = $2 and sequence = $3",
    )
    .bind(number.city.as_str())
    .bind(number.year.number())
    .bind(number.sequence)
    .bind(returned.map(|(person, _, _)| person))
    .bind(returned.map(|(_, at, _)| at))
    .bind(returned.map(|(_, _, reason)| reason))
    .execute(tx)
    .await?;
    Ok(())
}

/// Releases an approved batch with its receipt as it stands for ever.
pub(crate) async fn release(
    tx: &mut PgConnection,
    number: &BatchNo,
    (person, at): (&str, DateTime<Utc>),
    receipt: &[u8],
) -> Result<(), Error> {
    sqlx::query(
        "update settlement.batch
         set state = 'released', released_by = $4, released_at = $5, receipt = $6
         where city = $1 and year = $2 and sequence = $3",
    )
    .bind(number.city.as_str())
    .bind(number.year.number())
    .bind(number.sequence)
    .bind(person)
    .bind(at)
    .bind(receipt)
    .execute(tx)
    .await?;
    Ok(())
}

/// Cancels a batch that is not released.
pub(crate) async fn cancel(
    tx: &mut PgConnection,
    number: &BatchNo,
    (person, at): (&str, DateTime<Utc>),
    reason: &str,
) -> Result<(), Error> {
    sqlx::query(
        "update settlement.batch
         set state = 'cancelled', cancelled_by = $4, cancelled_at = $5, cancel_reason = $6
         where city = $1 and year = $2 and sequence = $3",
    )
    .bind(number.city.as_str())
    .bind(number.year.number())
    .bind(number.sequence)
    .bind(person)
    .bind(at)
    .bind(reason)
    .execute(tx)
    .await?;
    Ok(())
}

/// A step as kept.
#[derive(Debug, Clone, FromRow)]
pub(crate) struct Approval {
    pub(crate) step: String,
    pub(crate) person: String,
    pub(crate) person_role: String,
    pub(crate) batch_digest: String,
    pub(crate) reason: String,
    pub(crate) given_at: DateTime<Utc>,
}

/// Keeps a step. The batch's row is locked by then, so no two steps take one number.
pub(crate) async fn keep(tx: &mut PgConnection, number: &BatchNo, approval: &Approval) -> Result<(), Error> {
    sqlx::query(
        "insert into settlement.approval
             (city, year, sequence, approval_no, step, person, person_role, batch_digest, reason, given_at)
         select $1, $2, $3, coalesce(max(approval_no), 0) + 1, $4, $5, $6, $7, $8, $9
         from settlement.approval
         where city = $1 and year = $2 and sequence = $3",
    )
    .bind(number.city.as_str())
    .bind(number.year.number())
    .bind(number.sequence)
    .bind(&approval.step)
    .bind(&approval.person)
    .bind(&approval.person_role)
    .bind(&approval.batch_digest)
    .bind(&approval.reason)
    .bind(approval.given_at)
    .execute(tx)
    .await?;
    Ok(())
}

/// Every step of a batch, oldest first.
pub(crate) async fn all(tx: &mut PgConnection, number: &BatchNo) -> Result<Vec<Approval>, Error> {
    Ok(sqlx::query_as(
        "select step, person, person_role, batch_digest, reason, given_at
         from settlement.approval
         where city = $1 and year = $2 and sequence = $3
         order by approval_no",
    )
    .bind(number.city.as_str())
    .bind(number.year.number())
    .bind(number.sequence)
    .fetch_all(tx)
    .await?)
}
