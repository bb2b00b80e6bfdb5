//! Table `settlement.line`.

use policy::engine::Line;
use sqlx::{FromRow, PgConnection};

use crate::error::Error;
use crate::model::BatchNo;

/// A line as stored. Amounts in fen.
#[derive(Debug, Clone, FromRow)]
pub(crate) struct StoredLine {
    pub(crate) line_no: i32,
    pub(crate) policy_year: i32,
    pub(crate) measure: String,
    pub(crate) beneficiary: String,
    pub(crate) beneficiary_name: String,
    pub(crate) item: String,
    pub(crate) base_fen: i64,
    pub(crate) entitled_fen: i64,
    pub(crate) settled_before_fen: i64,
    pub(crate) amount_fen: i64,
    pub(crate) limited_by: Option<String>,
    pub(crate) clause: String,
    pub(crate) rule_revision: String,
    pub(crate) explanation: Vec<u8>,
    /// The line of an earlier batch that this one corrects: sequence and number.
    pub(crate) corrects_sequence: Option<i32>,
    pub(crate) corrects_line: Option<i32>,
}

/// Which line something is about, whatever batch it is in.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub(crate) struct Subject {
    pub(crate) measure: String,
    pub(crate) beneficiary: String,
    pub(crate) beneficiary_name: String,
    pub(crate) item: String,
}

/// What a line is about.
pub(crate) async fn subject(
    tx: &mut PgConnection,
    number: &BatchNo,
    line_no: i32,
) -> Result<Option<Subject>, Error> {
    Ok(sqlx::query_as(
        "select measure, beneficiary, beneficiary_name, item from settlement.line
         where city = $1 and year = $2 and sequence = $3 and line_no = $4",
    )
    .bind(number.city.as_str())
    .bind(number.year.number())
    .bind(number.sequence)
    .bind(line_no)
    .fetch_optional(tx)
    .await?)
}

/// What the lines of a batch come to by measure, in fen: the positive amounts, and the negative ones as a positive number.
pub(crate) async fn amounts(
    tx: &mut PgConnection,
    number: &BatchNo,
) -> Result<Vec<(String, i64, i64)>, Error> {
    Ok(sqlx::query_as(
        "select measure, sum(greatest(amount_fen, 0))::bigint, sum(greatest(-amount_fen, 0))::bigint
         from settlement.line
         where city = $1 and year = $2 and sequence = $3
         group by measure
         order by measure",
    )
    .bind(number.city.as_str())
    .bind(number.year.number())
    .bind(number.sequence)
    .fetch_all(tx)
    .await?)
}

/// Replaces the lines of a draft. A line with something settled before names the last line of its key that settled it.
pub(crate) async fn replace(
    tx: &mut PgConnection,
    number: &BatchNo,
    lines: &[Line],
    rule_revision: &str,
) -> Result<(), Error> {
    sqlx::query("delete from settlement.line where city = $1 and year = $2 and sequence = $3")
        .bind(number.city.as_str())
        .bind(number.year.number())
        .bind(number.sequence)
        .execute(&mut *tx)
        .await?;
    let text = |get: fn(&Line) -> String| lines.iter().map(get).collect::<Vec<String>>();
    let fen = |get: fn(&Line) -> i64| lines.iter().map(get).collect::<Vec<i64>>();
    let limits: Vec<Option<String>> = lines
        .iter()
        .map(|line| line.limited_by.map(|limit| limit.as_str().to_owned()))
        .collect();
    // The database flattens arrays of arrays, so that a line's codes go as one text; no code holds a semicolon.
    let institutions: Vec<String> = lines
        .iter()
        .map(|line| {
            let codes: Vec<String> = line.institutions.iter().map(ToString::to_string).collect();
            codes.join(";")
        })
        .collect();
    let explanations: Vec<Vec<u8>> = lines.iter().map(|line| line.explanation.encode()).collect();
    sqlx::query(
        "insert into settlement.line
             (city, year, sequence, line_no, policy_year, measure, beneficiary, beneficiary_name, item,
              base_fen, entitled_fen, settled_before_fen, amount_fen, limited_by, clause, rule_revision, explanation,
              institutions, corrects_sequence, corrects_line)
         select $1, $2, $3, ordinality::integer, $2, m, b, n, i, base, entitled, before, amount, l, c, $14, e,
                string_to_array(codes, ';'), last.sequence, last.line_no
         from unnest($4::text[], $5::text[], $6::text[], $7::text[], $8::bigint[], $9::bigint[], $10::bigint[],
                     $11::bigint[], $12::text[], $13::text[], $15::bytea[], $16::text[])
              with ordinality as given (m, b, n, i, base, entitled, before, amount, l, c, e, codes, ordinality)
         left join settlement.settled s on before > 0 and s.city = $1 and s.policy_year = $2 and s.measure = m
              and s.beneficiary = b and s.item = i
         left join settlement.line last on last.city = $1 and last.year = $2 and last.sequence = s.last_sequence
              and last.policy_year = $2 and last.measure = m and last.beneficiary = b and last.item = i",
    )
    .bind(number.city.as_str())
    .bind(number.year.number())
    .bind(number.sequence)
    .bind(text(|line| line.key.measure.as_str().to_owned()))
    .bind(text(|line| line.key.beneficiary.to_string()))
    .bind(text(|line| line.beneficiary_name.clone()))
    .bind(text(|line| line.key.item.clone()))
    .bind(fen(|line| line.base.fen()))
    .bind(fen(|line| line.entitled.fen()))
    .bind(fen(|line| line.settled_before.fen()))
    .bind(fen(|line| line.amount.fen()))
    .bind(limits)
    .bind(text(|line| line.clause.as_str().to_owned()))
    .bind(rule_revision)
    .bind(explanations)
    .bind(institutions)
    .execute(tx)
    .await?;
    Ok(())
}

/// A page of lines after a number, in order.
pub(crate) async fn page(
    tx: &mut PgConnection,
    number: &BatchNo,
    after: i32,
    size: i64,
) -> Result<Vec<StoredLine>, Error> {
    Ok(sqlx::query_as(
        "select line_no, policy_year, measure, beneficiary, beneficiary_name, item, base_fen, entitled_fen,
                settled_before_fen, amount_fen, limited_by, clause, rule_revision, explanation, corrects_sequence, corrects_line
         from settlement.line
         where city = $1 and year = $2 and sequence = $3 and line_no > $4
         order by line_no
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

/// A measure's totals in fen: lines, entitled, settled before, amount.
pub(crate) type Total = (String, i64, i64, i64, i64);

/// The totals of a batch by measure.
pub(crate) async fn totals(tx: &mut PgConnection, number: &BatchNo) -> Result<Vec<Total>, Error> {
    Ok(sqlx::query_as(
        "select measure, count(*), sum(entitled_fen)::bigint, sum(settled_before_fen)::bigint, sum(amount_fen)::bigint
         from settlement.line
         where city = $1 and year = $2 and sequence = $3
         group by measure
         order by measure",
    )
    .bind(number.city.as_str())
    .bind(number.year.number())
    .bind(number.sequence)
    .fetch_all(tx)
    .await?)
}
