//! Tables `settlement.payment_result` and `settlement.statement_row`.

use chrono::NaiveDate;
use ledger::Stamp;
use sqlx::{FromRow, PgConnection};

use crate::error::Error;
use crate::payment::result::{Answer, Booking};

/// An answer as stored.
pub(crate) async fn find(
    tx: &mut PgConnection,
    city: &str,
    voucher_no: &str,
    outcome: &str,
) -> Result<Option<Answer>, Error> {
    Ok(sqlx::query_as(
        "select voucher_no, outcome, amount_fen, bank_serial, on_day, reason from settlement.payment_result
         where city = $1 and voucher_no = $2 and outcome = $3",
    )
    .bind(city)
    .bind(voucher_no)
    .bind(outcome)
    .fetch_optional(tx)
    .await?)
}

/// Whether a serial number paid another voucher.
pub(crate) async fn serial_is_taken(
    tx: &mut PgConnection,
    city: &str,
    bank_serial: &str,
    voucher_no: &str,
) -> Result<bool, Error> {
    Ok(sqlx::query_scalar(
        "select exists (select from settlement.payment_result
         where city = $1 and bank_serial = $2 and outcome = 'paid' and voucher_no <> $3)",
    )
    .bind(city)
    .bind(bank_serial)
    .bind(voucher_no)
    .fetch_one(tx)
    .await?)
}

/// Keeps an answer.
pub(crate) async fn insert(tx: &mut PgConnection, stamp: &Stamp, answer: &Answer) -> Result<(), sqlx::Error> {
    sqlx::query(
        "insert into settlement.payment_result
             (city, voucher_no, outcome, amount_fen, bank_serial, on_day, reason, recorded_at, recorded_by, request_id)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
    )
    .bind(stamp.city.as_str())
    .bind(&answer.voucher_no)
    .bind(&answer.outcome)
    .bind(answer.amount_fen)
    .bind(&answer.bank_serial)
    .bind(answer.on_day)
    .bind(&answer.reason)
    .bind(stamp.recorded_at)
    .bind(&stamp.reported_by)
    .bind(stamp.request_id)
    .execute(tx)
    .await?;
    Ok(())
}

/// Keeps a row of the statement; answers whether it was new.
pub(crate) async fn insert_booking(
    tx: &mut PgConnection,
    stamp: &Stamp,
    row: &Booking,
) -> Result<bool, Error> {
    let done = sqlx::query(
        "insert into settlement.statement_row
             (city, bank_serial, direction, voucher_no, amount_fen, booked_on, account_tail, recorded_at, recorded_by)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
         on conflict do nothing",
    )
    .bind(stamp.city.as_str())
    .bind(&row.bank_serial)
    .bind(row.direction())
    .bind(&row.voucher_no)
    .bind(row.amount_fen)
    .bind(row.booked_on)
    .bind(&row.account_tail)
    .bind(stamp.recorded_at)
    .bind(&stamp.reported_by)
    .execute(tx)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// A row of the statement as stored.
pub(crate) async fn booking(
    tx: &mut PgConnection,
    city: &str,
    row: &Booking,
) -> Result<Option<Booking>, Error> {
    Ok(sqlx::query_as(
        "select bank_serial, voucher_no, amount_fen, booked_on, account_tail from settlement.statement_row
         where city = $1 and bank_serial = $2 and direction = $3",
    )
    .bind(city)
    .bind(&row.bank_serial)
    .bind(row.direction())
    .fetch_optional(tx)
    .await?)
}

/// Rows of a batch's vouchers; or those booked in a period and those of the vouchers given.
pub(crate) async fn bookings(
    tx: &mut PgConnection,
    city: &str,
    prefix: &str,
    period: (NaiveDate, NaiveDate),
    vouchers: &[String],
) -> Result<Vec<Booking>, Error> {
    Ok(sqlx::query_as(
        "select bank_serial, voucher_no, amount_fen, booked_on, account_tail from settlement.statement_row
         where city = $1
            and case when $2 = '' then booked_on between $3 and $4 or voucher_no = any($5) else starts_with(voucher_no, $2) end
         order by booked_on, bank_serial, direction",
    )
    .bind(city)
    .bind(prefix)
    .bind(period.0)
    .bind(period.1)
    .bind(vouchers)
    .fetch_all(tx)
    .await?)
}

impl<'r> FromRow<'r, sqlx::postgres::PgRow> for Answer {
    fn from_row(row: &'r sqlx::postgres::PgRow) -> Result<Self, sqlx::Error> {
        use sqlx::Row;
        Ok(Self {
            voucher_no: row.try_get("voucher_no")?,
            outcome: row.try_get("outcome")?,
            amount_fen: row.try_get("amount_fen")?,
            bank_serial: row.try_get("bank_serial")?,
            on_day: row.try_get("on_day")?,
            reason: row.try_get("reason")?,
        })
    }
}

impl<'r> FromRow<'r, sqlx::postgres::PgRow> for Booking {
    fn from_row(row: &'r sqlx::postgres::PgRow) -> Result<Self, sqlx::Error> {
        use sqlx::Row;
        Ok(Self {
            bank_serial: row.try_get("bank_serial")?,
            voucher_no: row.try_get("voucher_no")?,
            amount_fen: row.try_get("amount_fen")?,
            booked_on: row.try_get("booked_on")?,
            account_tail: row.try_get("account_tail")?,
        })
    }
}
