//! Tables `settlement.payment` and `settlement.set_off`, and the batch's last step.

use chrono::{DateTime, NaiveDate, Utc};
use ledger::Stamp;
use sqlx::{FromRow, PgConnection};

use crate::error::Error;
use crate::model::BatchNo;
use crate::payment::offset::SetOff;

/// A payment with its line and its last voucher.
#[derive(Debug, Clone, FromRow)]
pub(crate) struct StoredPayment {
    pub(crate) line_no: i32,
    pub(crate) state: String,
    pub(crate) hold_reason: Option<String>,
    pub(crate) beneficiary: String,
    pub(crate) beneficiary_name: String,
    pub(crate) measure: String,
    pub(crate) line_fen: i64,
    pub(crate) offset_fen: i64,
    pub(crate) amount_fen: i64,
    pub(crate) attempt: i32,
    pub(crate) voucher_no: Option<String>,
    pub(crate) voucher_on: Option<NaiveDate>,
    pub(crate) key_id: Option<String>,
    pub(crate) sealed: Option<Vec<u8>>,
    pub(crate) return_reason: Option<String>,
}

/// What is known of a payment when it is made.
#[derive(Debug, Clone)]
pub(crate) struct NewPayment {
    pub(crate) line_no: i32,
    pub(crate) beneficiary: String,
    pub(crate) line_fen: i64,
    pub(crate) offset_fen: i64,
}

/// The highest payment number there can be.
const EVERY: i64 = 1_000_000;

/// A page of the payments of a batch after a line.
pub(crate) async fn page(
    tx: &mut PgConnection,
    number: &BatchNo,
    after: i32,
    size: i64,
) -> Result<Vec<StoredPayment>, Error> {
    Ok(sqlx::query_as(
        "select p.line_no, p.state, p.hold_reason, p.beneficiary, l.beneficiary_name, l.measure, p.line_fen, p.offset_fen,
                p.amount_fen, p.attempt, v.voucher_no, v.voucher_on, v.key_id, v.sealed,
                (select r.reason from settlement.payment_result r
                 where r.city = v.city and r.voucher_no = v.voucher_no and p.state like 'returned%'
                    and r.outcome = case p.state when 'returned_passive' then 'passive_return' else 'active_return' end) as return_reason
         from settlement.payment p
         join settlement.line l using (city, year, sequence, line_no)
         left join settlement.voucher v using (city, year, sequence, line_no, attempt)
         where p.city = $1 and p.year = $2 and p.sequence = $3 and p.line_no > $4
         order by p.line_no
         limit $5",
    )
    .bind(number.city.as_str())
    .bind(number.year.number())
    .bind(number.sequence)
    .bind(after)
    .bind(size)
    .fetch_all(tx)
    .await?)
}

/// Every payment of a batch.
pub(crate) async fn all(tx: &mut PgConnection, number: &BatchNo) -> Result<Vec<StoredPayment>, Error> {
    page(tx, number, 0, EVERY).await
}

/// Adds the payments of a batch: held until an account is found, or set off in full.
pub(crate) async fn insert(
    tx: &mut PgConnection,
    number: &BatchNo,
    stamp: &Stamp,
    payments: &[NewPayment],
) -> Result<(), Error> {
    let fen = |get: fn(&NewPayment) -> i64| payments.iter().map(get).collect::<Vec<i64>>();
    let lines: Vec<i32> = payments.iter().map(|payment| payment.line_no).collect();
    let names: Vec<String> = payments
        .iter()
        .map(|payment| payment.beneficiary.clone())
        .collect();
    sqlx::query(
        "insert into settlement.payment
             (city, year, sequence, line_no, state, hold_reason, beneficiary, line_fen, offset_fen, amount_fen, attempt,
              prepared_by, prepared_at)
         select $1, $2, $3, n, case when f = o then 'offset' else 'held' end,
                case when f = o then null else 'PAYEE_ACCOUNT_MISSING' end, b, f, o, f - o, 0, $8, $9
         from unnest($4::integer[], $5::text[], $6::bigint[], $7::bigint[]) as given (n, b, f, o)",
    )
    .bind(number.city.as_str())
    .bind(number.year.number())
    .bind(number.sequence)
    .bind(lines)
    .bind(names)
    .bind(fen(|payment| payment.line_fen))
    .bind(fen(|payment| payment.offset_fen))
    .bind(&stamp.reported_by)
    .bind(stamp.recorded_at)
    .execute(tx)
    .await?;
    Ok(())
}

/// Adds what was set off.
pub(crate) async fn insert_set_offs(
    tx: &mut PgConnection,
    number: &BatchNo,
    set_offs: &[SetOff],
) -> Result<(), Error> {
    let part = |get: fn(&SetOff) -> i32| set_offs.iter().map(get).collect::<Vec<i32>>();
    let amounts: Vec<i64> = set_offs.iter().map(|it| it.amount.fen()).collect();
    sqlx::query(
        "insert into settlement.set_off
             (city, year, sequence, line_no, recovery_year, recovery_sequence, recovery_line_no, amount_fen)
         select $1, $2, $3, n, y, s, r, f
         from unnest($4::integer[], $5::integer[], $6::integer[], $7::integer[], $8::bigint[]) as given (n, y, s, r, f)",
    )
    .bind(number.city.as_str())
    .bind(number.year.number())
    .bind(number.sequence)
    .bind(part(|it| it.line_no))
    .bind(part(|it| it.debt.0))
    .bind(part(|it| it.debt.1))
    .bind(part(|it| it.debt.2))
    .bind(amounts)
    .execute(tx)
    .await?;
    Ok(())
}

/// Moves a payment from one state to another; answers whether it was in the first.
pub(crate) async fn advance(
    tx: &mut PgConnection,
    number: &BatchNo,
    line_no: i32,
    (from, to): (&str, &str),
) -> Result<bool, Error> {
    let done = sqlx::query(
        "update settlement.payment
         set state = $6, hold_reason = null, attempt = attempt + case when $6 = 'prepared' then 1 else 0 end
         where city = $1 and year = $2 and sequence = $3 and line_no = $4 and state = $5",
    )
    .bind(number.city.as_str())
    .bind(number.year.number())
    .bind(number.sequence)
    .bind(line_no)
    .bind(from)
    .bind(to)
    .execute(tx)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Says why a payment waits.
pub(crate) async fn hold(
    tx: &mut PgConnection,
    number: &BatchNo,
    line_no: i32,
    reason: &str,
) -> Result<(), Error> {
    sqlx::query(
        "update settlement.payment set hold_reason = $5
         where city = $1 and year = $2 and sequence = $3 and line_no = $4 and state = 'held'",
    )
    .bind(number.city.as_str())
    .bind(number.year.number())
    .bind(number.sequence)
    .bind(line_no)
    .bind(reason)
    .execute(tx)
    .await?;
    Ok(())
}

/// A batch of which every payment is final becomes paid; answers whether it did now. The caller holds the batch.
pub(crate) async fn finish(
    tx: &mut PgConnection,
    number: &BatchNo,
    paid_at: DateTime<Utc>,
) -> Result<bool, Error> {
    let done = sqlx::query(
        "update settlement.batch b
         set state = 'paid', paid_at = $4
         where b.city = $1 and b.year = $2 and b.sequence = $3 and b.state = 'released'
            and not exists (
                select from settlement.line l
                left join settlement.payment p using (city, year, sequence, line_no)
                where l.city = b.city and l.year = b.year and l.sequence = b.sequence and l.amount_fen > 0
                    and coalesce(p.state, 'held') not in ('offset', 'paid', 'corrected', 'returned_active'))",
    )
    .bind(number.city.as_str())
    .bind(number.year.number())
    .bind(number.sequence)
    .bind(paid_at)
    .execute(tx)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Unpaid payments of every released batch, or of one: days since release and amount in fen.
pub(crate) async fn unpaid(
    tx: &mut PgConnection,
    city: &str,
    batch: Option<&BatchNo>,
) -> Result<Vec<(i32, i64)>, Error> {
    Ok(sqlx::query_as(
        "select ledger.today(p.city) - (b.released_at at time zone 'Asia/Shanghai')::date, p.amount_fen
         from settlement.payment p
         join settlement.batch b using (city, year, sequence)
         where p.city = $1 and p.state in ('held', 'prepared', 'exported', 'returned_passive')
            and ($2::integer is null or (p.year, p.sequence) = ($2, $3))",
    )
    .bind(city)
    .bind(batch.map(|number| number.year.number()))
    .bind(batch.map(|number| number.sequence))
    .fetch_all(tx)
    .await?)
}
