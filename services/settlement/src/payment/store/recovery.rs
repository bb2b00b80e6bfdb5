//! Tables `settlement.recovery`, `settlement.recovery_instalment` and `settlement.repayment`.

use chrono::NaiveDate;
use ledger::Stamp;
use sqlx::{FromRow, PgConnection};

use crate::error::Error;
use crate::model::BatchNo;

/// A recovery as stored.
#[derive(Debug, Clone, FromRow)]
pub(crate) struct StoredRecovery {
    pub(crate) year: i32,
    pub(crate) sequence: i32,
    pub(crate) line_no: i32,
    pub(crate) state: String,
    pub(crate) cause: String,
    pub(crate) basis: String,
    pub(crate) beneficiary: String,
    pub(crate) beneficiary_name: String,
    pub(crate) corrects_sequence: Option<i32>,
    pub(crate) corrects_line_no: Option<i32>,
    pub(crate) amount_fen: i64,
    pub(crate) offset_fen: i64,
    pub(crate) repaid_fen: i64,
    pub(crate) agreement_no: i32,
    pub(crate) opened_on: NaiveDate,
}

impl StoredRecovery {
    /// What is left, in fen.
    pub(crate) fn rest_fen(&self) -> i64 {
        self.amount_fen - self.offset_fen - self.repaid_fen
    }
}

const COLUMNS: &str =
    "year, sequence, line_no, state, cause, basis, beneficiary, beneficiary_name, corrects_sequence,
    corrects_line_no, amount_fen, offset_fen, repaid_fen, agreement_no, opened_on";

/// Opens a recovery for every negative line of a batch, with the line of the last batch before that it corrects.
pub(crate) async fn open_all(
    tx: &mut PgConnection,
    number: &BatchNo,
    stamp: &Stamp,
    (opened_on, order_basis): (NaiveDate, &str),
) -> Result<(), Error> {
    sqlx::query(
        "insert into settlement.recovery
             (city, year, sequence, line_no, state, cause, basis, beneficiary, beneficiary_name, corrects_sequence,
              corrects_line_no, amount_fen, offset_fen, repaid_fen, agreement_no, opened_on, opened_at)
         select l.city, l.year, l.sequence, l.line_no, 'open',
                case when l.limited_by = 'recovery' then 'ordered' else 'correction' end,
                case when l.limited_by = 'recovery' then $5 else l.clause end,
                l.beneficiary, l.beneficiary_name, c.sequence, c.line_no, -l.amount_fen, 0, 0, 0, $4, $6
         from settlement.line l
         left join lateral (
             select e.sequence, e.line_no from settlement.line e
             join settlement.batch b on (b.city, b.year, b.sequence) = (e.city, e.year, e.sequence) and b.state in ('released', 'paid')
             where e.city = l.city and e.year = l.year and e.sequence < l.sequence and e.measure = l.measure
                and e.beneficiary = l.beneficiary and e.item = l.item
             order by e.sequence desc
             limit 1
         ) c on true
         where l.city = $1 and l.year = $2 and l.sequence = $3 and l.amount_fen < 0",
    )
    .bind(number.city.as_str())
    .bind(number.year.number())
    .bind(number.sequence)
    .bind(opened_on)
    .bind(order_basis)
    .bind(stamp.recorded_at)
    .execute(tx)
    .await?;
    Ok(())
}

/// Recoveries with something left: of a batch, and of earlier ones where asked; locked, oldest first after the batch's own.
pub(crate) async fn outstanding(
    tx: &mut PgConnection,
    number: &BatchNo,
    earlier: bool,
) -> Result<Vec<StoredRecovery>, Error> {
    let sql = sqlx::AssertSqlSafe(format!(
        "select {COLUMNS} from settlement.recovery
         where city = $1 and state <> 'closed' and ((year, sequence) = ($2, $3) or $4)
         order by (year, sequence) <> ($2, $3), year, sequence, line_no
         for update"
    ));
    Ok(sqlx::query_as(sql)
        .bind(number.city.as_str())
        .bind(number.year.number())
        .bind(number.sequence)
        .bind(earlier)
        .fetch_all(tx)
        .await?)
}

/// Adds to what was set off and repaid; a recovery that this makes up is closed. The constraint refuses more than is left.
pub(crate) async fn reduce(
    tx: &mut PgConnection,
    city: &str,
    key: (i32, i32, i32),
    (offset_fen, repaid_fen): (i64, i64),
    on: NaiveDate,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "update settlement.recovery
         set offset_fen = offset_fen + $5, repaid_fen = repaid_fen + $6,
             state = case when offset_fen + repaid_fen + $5 + $6 = amount_fen then 'closed' else state end,
             closed_on = case when offset_fen + repaid_fen + $5 + $6 = amount_fen then $7 else null end
         where city = $1 and year = $2 and sequence = $3 and line_no = $4",
    )
    .bind(city)
    .bind(key.0)
    .bind(key.1)
    .bind(key.2)
    .bind(offset_fen)
    .bind(repaid_fen)
    .bind(on)
    .execute(tx)
    .await?;
    Ok(())
}

/// A recovery, locked where it is to change.
pub(crate) async fn find(
    tx: &mut PgConnection,
    number: &BatchNo,
    line_no: i32,
    lock: bool,
) -> Result<Option<StoredRecovery>, Error> {
    let lock = if lock { " for update" } else { "" };
    let sql = sqlx::AssertSqlSafe(format!(
        "select {COLUMNS} from settlement.recovery where city = $1 and year = $2 and sequence = $3 and line_no = $4{lock}"
    ));
    Ok(sqlx::query_as(sql)
        .bind(number.city.as_str())
        .bind(number.year.number())
        .bind(number.sequence)
        .bind(line_no)
        .fetch_optional(tx)
        .await?)
}

/// A page of recoveries after a batch and line: of one batch or of all, with those that are closed where asked.
pub(crate) async fn page(
    tx: &mut PgConnection,
    city: &str,
    batch: Option<&BatchNo>,
    show_closed: bool,
    after: (i32, i32, i32),
    size: i64,
) -> Result<Vec<StoredRecovery>, Error> {
    let sql = sqlx::AssertSqlSafe(format!(
        "select {COLUMNS} from settlement.recovery
         where city = $1 and ($2::integer is null or (year, sequence) = ($2, $3)) and ($4 or state <> 'closed')
            and (year, sequence, line_no) > ($5, $6, $7)
         order by year, sequence, line_no
         limit $8"
    ));
    Ok(sqlx::query_as(sql)
        .bind(city)
        .bind(batch.map(|number| number.year.number()))
        .bind(batch.map(|number| number.sequence))
        .bind(show_closed)
        .bind(after.0)
        .bind(after.1)
        .bind(after.2)
        .bind(size)
        .fetch_all(tx)
        .await?)
}

/// The instalments of the agreement in force: due day, amount, and what was repaid before it was made.
pub(crate) async fn instalments(
    tx: &mut PgConnection,
    city: &str,
    recovery: &StoredRecovery,
) -> Result<Vec<(NaiveDate, i64, i64)>, Error> {
    Ok(sqlx::query_as(
        "select due_on, amount_fen, rest_fen from settlement.recovery_instalment
         where city = $1 and year = $2 and sequence = $3 and line_no = $4 and agreement_no = $5
         order by due_on, instalment_no",
    )
    .bind(city)
    .bind(recovery.year)
    .bind(recovery.sequence)
    .bind(recovery.line_no)
    .bind(recovery.agreement_no)
    .fetch_all(tx)
    .await?)
}

/// Adds an agreement and puts it in force.
pub(crate) async fn agree(
    tx: &mut PgConnection,
    stamp: &Stamp,
    recovery: &StoredRecovery,
    instalments: &[(NaiveDate, i64)],
    reference: &str,
) -> Result<(), Error> {
    let days: Vec<NaiveDate> = instalments.iter().map(|(day, _)| *day).collect();
    let amounts: Vec<i64> = instalments.iter().map(|(_, amount)| *amount).collect();
    sqlx::query(
        "insert into settlement.recovery_instalment
             (city, year, sequence, line_no, agreement_no, instalment_no, due_on, amount_fen, rest_fen, reference, recorded_at, recorded_by)
         select $1, $2, $3, $4, $5, ordinality::integer, d, a, $8, $9, $10, $11
         from unnest($6::date[], $7::bigint[]) with ordinality as given (d, a, ordinality)",
    )
    .bind(stamp.city.as_str())
    .bind(recovery.year)
    .bind(recovery.sequence)
    .bind(recovery.line_no)
    .bind(recovery.agreement_no + 1)
    .bind(days)
    .bind(amounts)
    .bind(recovery.rest_fen())
    .bind(reference)
    .bind(stamp.recorded_at)
    .bind(&stamp.reported_by)
    .execute(&mut *tx)
    .await?;
    sqlx::query(
        "update settlement.recovery set state = 'agreed', agreement_no = agreement_no + 1
         where city = $1 and year = $2 and sequence = $3 and line_no = $4 and state <> 'closed'",
    )
    .bind(stamp.city.as_str())
    .bind(recovery.year)
    .bind(recovery.sequence)
    .bind(recovery.line_no)
    .execute(tx)
    .await?;
    Ok(())
}

/// Adds a repayment; answers whether its serial number was new.
pub(crate) async fn insert_repayment(
    tx: &mut PgConnection,
    stamp: &Stamp,
    recovery: &StoredRecovery,
    (bank_serial, amount_fen, paid_on): (&str, i64, NaiveDate),
) -> Result<bool, Error> {
    let done = sqlx::query(
        "insert into settlement.repayment (city, bank_serial, year, sequence, line_no, amount_fen, paid_on, recorded_at, recorded_by)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
         on conflict do nothing",
    )
    .bind(stamp.city.as_str())
    .bind(bank_serial)
    .bind(recovery.year)
    .bind(recovery.sequence)
    .bind(recovery.line_no)
    .bind(amount_fen)
    .bind(paid_on)
    .bind(stamp.recorded_at)
    .bind(&stamp.reported_by)
    .execute(tx)
    .await?;
    Ok(done.rows_affected() == 1)
}
