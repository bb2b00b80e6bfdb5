//! Fact tables: revisions are added and read, never changed.

use std::collections::{BTreeMap, HashMap, HashSet};

use chrono::{DateTime, Utc};
use exchange::{Allow, Cells, File, Key, Row, Verdict, content_digest, parse_row, print_row};
use futures_util::TryStreamExt;
use sqlx::postgres::{PgArguments, PgRow};
use sqlx::query::Query;
use sqlx::{AssertSqlSafe, PgConnection, Postgres, Row as _};

use crate::command::Stamp;
use crate::error::Error;
use crate::table::Table;

/// A stored revision with its stamp.
#[derive(Debug, Clone)]
pub struct StoredRow {
    /// The revision.
    pub row: Row,
    /// SHA-256 of its content.
    pub content_digest: Vec<u8>,
    /// The cut-off it was accepted under.
    pub cut_off: i64,
    /// When it was recorded.
    pub recorded_at: DateTime<Utc>,
    /// Who reported it: the holder of the certificate.
    pub reported_by: String,
    /// Whether the bureau reported it for the institution.
    pub on_behalf: bool,
}

/// Adds revisions of one file; answers what became of each, in the order given.
///
/// A revision that is there with the same content changes nothing; with other content it is a conflict and the first stands.
///
/// # Errors
/// Database errors.
pub async fn insert(
    tx: &mut PgConnection,
    file: File,
    rows: &[Row],
    stamp: &Stamp,
) -> Result<Vec<Verdict>, Error> {
    let mut order: Vec<usize> = (0..rows.len()).collect();
    // One order for everybody, so that two batches never wait for each other in a circle.
    order.sort_by(|one, other| rows.get(*one).map(identity).cmp(&rows.get(*other).map(identity)));
    let sorted: Vec<&Row> = order.iter().filter_map(|place| rows.get(*place)).collect();
    let mut added = add(tx, Table::of(file), &sorted, stamp).await?;
    let known = digests_of(tx, Table::of(file), &sorted, stamp).await?;
    let mut verdicts = vec![Verdict::Conflict; rows.len()];
    for (place, row) in order.into_iter().zip(sorted) {
        let revisions = known.get(&row.key);
        let stored = revisions.and_then(|revisions| revisions.get(&row.revision));
        let same = stored.is_some_and(|digest| digest.as_slice() == content_digest(row));
        let is_new = added.remove(&(row.key.clone(), row.revision));
        let highest = revisions
            .and_then(|revisions| revisions.keys().next_back())
            .copied()
            .unwrap_or_default();
        let verdict = match (same, is_new) {
            (false, _) => Verdict::Conflict,
            (true, false) => Verdict::Unchanged,
            (true, true) if highest > row.revision => Verdict::KeptAsHistory,
            (true, true) => Verdict::Stored,
        };
        if let Some(slot) = verdicts.get_mut(place) {
            *slot = verdict;
        }
    }
    Ok(verdicts)
}

fn identity(row: &Row) -> (&Key, u32) {
    (&row.key, row.revision)
}

async fn add(
    tx: &mut PgConnection,
    table: &'static Table,
    rows: &[&Row],
    stamp: &Stamp,
) -> Result<HashSet<(Key, u32)>, Error> {
    let columns = table.file.columns().len();
    let mut arrays: Vec<Vec<String>> = vec![Vec::with_capacity(rows.len()); columns];
    let mut digests: Vec<Vec<u8>> = Vec::with_capacity(rows.len());
    for row in rows {
        for (array, text) in arrays.iter_mut().zip(print_row(row)) {
            array.push(text);
        }
        digests.push(content_digest(row).to_vec());
    }
    let mut query = sqlx::query(AssertSqlSafe(table.insert.as_str()));
    for array in arrays {
        query = query.bind(array);
    }
    let returned = query
        .bind(digests)
        .bind(stamp.city.as_str())
        .bind(stamp.cut_off)
        .bind(&stamp.reported_by)
        .bind(stamp.on_behalf)
        .bind(stamp.request_id)
        .bind(&stamp.traceparent)
        .fetch_all(tx)
        .await?;
    returned.iter().map(|row| key_and_revision(table, row)).collect()
}

/// The key columns and the revision that follows them, all as text.
fn key_and_revision(table: &Table, row: &PgRow) -> Result<(Key, u32), Error> {
    let mut key = Vec::with_capacity(table.key_len());
    for place in 0..table.key_len() {
        key.push(row.try_get::<String, _>(place)?);
    }
    let revision: String = row.try_get(table.key_len())?;
    let revision = revision.parse().map_err(|_| unreadable(table.file, "revision"))?;
    Ok((Key::of_cells(key.iter().map(String::as_str)), revision))
}

/// Every stored revision's digest of the keys given.
async fn digests_of(
    tx: &mut PgConnection,
    table: &'static Table,
    rows: &[&Row],
    stamp: &Stamp,
) -> Result<HashMap<Key, BTreeMap<u32, Vec<u8>>>, Error> {
    let sql = format!(
        "select {}, revision::text, content_digest from published.{} where city = $1 and ({}) in ({})",
        table.key_texts(),
        table.file.as_str(),
        table.key,
        table.key_arrays(2),
    );
    let mut arrays: Vec<Vec<String>> = vec![Vec::with_capacity(rows.len()); table.key_len()];
    for row in rows {
        for (array, cell) in arrays.iter_mut().zip(row.key.cells()) {
            array.push(cell.to_owned());
        }
    }
    let mut query = sqlx::query(AssertSqlSafe(sql)).bind(stamp.city.as_str());
    for array in arrays {
        query = query.bind(array);
    }
    let mut found: HashMap<Key, BTreeMap<u32, Vec<u8>>> = HashMap::new();
    for row in query.fetch_all(tx).await? {
        let (key, revision) = key_and_revision(table, &row)?;
        found
            .entry(key)
            .or_default()
            .insert(revision, row.try_get(table.key_len() + 1)?);
    }
    Ok(found)
}

/// A value of a condition.
#[derive(Debug, Clone)]
pub enum Value {
    /// One text.
    Text(String),
    /// A list of texts, for `= any(...)`.
    Texts(Vec<String>),
    /// A number.
    Number(i64),
}

type Bound<'q> = Query<'q, Postgres, PgArguments>;

fn bind<'q>(mut query: Bound<'q>, values: &[Value]) -> Bound<'q> {
    for value in values {
        query = match value {
            Value::Text(text) => query.bind(text.clone()),
            Value::Texts(texts) => query.bind(texts.clone()),
            Value::Number(number) => query.bind(*number),
        };
    }
    query
}

/// Reads every revision of a file's records that a condition selects. The condition is SQL of this crate's or a service's
/// store, with its values as parameters.
///
/// # Errors
/// Database errors, or a stored row that cannot be read.
pub async fn select(
    tx: &mut PgConnection,
    file: File,
    condition: &'static str,
    values: &[Value],
) -> Result<Vec<StoredRow>, Error> {
    let table = Table::of(file);
    let sql = format!(
        "{}\nwhere {condition}\norder by {}, revision",
        table.select, table.key
    );
    let mut stream = bind(sqlx::query(AssertSqlSafe(sql)), values).fetch(tx);
    let mut rows = Vec::new();
    while let Some(row) = stream.try_next().await? {
        rows.push(read(table, &row)?);
    }
    Ok(rows)
}

/// Every revision of one record, lowest first.
///
/// # Errors
/// As [`select`].
pub async fn revisions(
    tx: &mut PgConnection,
    file: File,
    city: &str,
    key: &Key,
) -> Result<Vec<StoredRow>, Error> {
    let table = Table::of(file);
    let sql = format!(
        "{}\nwhere city = $1 and ({}) = ({})\norder by revision",
        table.select,
        table.key,
        table.key_parameters(2)
    );
    let mut query = sqlx::query(AssertSqlSafe(sql)).bind(city);
    for cell in key.cells() {
        query = query.bind(cell);
    }
    query
        .fetch_all(tx)
        .await?
        .iter()
        .map(|row| read(table, row))
        .collect()
}

/// A page of a list: the latest revision of each record.
#[derive(Debug, Clone, Default)]
pub struct Page {
    /// At most this many records.
    pub size: i64,
    /// Only records after this key.
    pub after: Option<Key>,
    /// Only records whose leading key columns have these values, e.g. an institution and a contract.
    pub within: Vec<String>,
    /// Withdrawn records too.
    pub show_withdrawn: bool,
}

/// Lists the latest revisions in key order.
///
/// # Errors
/// As [`select`].
pub async fn list(
    tx: &mut PgConnection,
    file: File,
    city: &str,
    page: &Page,
) -> Result<Vec<StoredRow>, Error> {
    let table = Table::of(file);
    let mut conditions = vec!["city = $1".to_owned()];
    let mut values = Vec::new();
    for (column, value) in file.key_columns().zip(&page.within) {
        values.push(value.clone());
        conditions.push(format!("{} = ${}", column.name, values.len() + 1));
    }
    if let Some(after) = &page.after {
        conditions.push(format!(
            "({}) > ({})",
            table.key,
            table.key_parameters(values.len() + 2)
        ));
        values.extend(after.cells().map(str::to_owned));
    }
    if !page.show_withdrawn {
        conditions.push("not withdrawn".to_owned());
    }
    // Rows come along the primary key and each asks for a later revision, so that a page costs the same in a table of any size.
    let view = file.as_str();
    let key_of = |rows: &str| {
        let columns: Vec<String> = file
            .key_columns()
            .map(|column| format!("{rows}.{}", column.name))
            .collect();
        columns.join(", ")
    };
    let sql = format!(
        "{select}\nwhere {conditions}\n    and not exists (\n        \
         select from published.{view} later\n        \
         where later.city = {view}.city and ({later}) = ({own}) and later.revision > {view}.revision\n    )\n\
         order by {key}\nlimit ${limit}",
        select = table.select,
        key = table.key,
        conditions = conditions.join(" and "),
        later = key_of("later"),
        own = key_of(view),
        limit = values.len() + 2,
    );
    let mut query = sqlx::query(AssertSqlSafe(sql)).bind(city);
    for value in values {
        query = query.bind(value);
    }
    query
        .bind(page.size)
        .fetch_all(tx)
        .await?
        .iter()
        .map(|row| read(table, row))
        .collect()
}

fn read(table: &Table, row: &PgRow) -> Result<StoredRow, Error> {
    let columns = table.file.columns().len();
    let mut texts = Vec::with_capacity(columns);
    for place in 0..columns {
        texts.push(row.try_get::<Option<String>, _>(place)?.unwrap_or_default());
    }
    let cells = Cells::from_values(table.file, texts);
    let (parsed, _) = parse_row(table.file, &cells, &Allow::stored()).map_err(|refusals| {
        let detail = refusals
            .iter()
            .map(|refusal| format!("{}: {}", refusal.column.unwrap_or("row"), refusal.code.as_str()));
        unreadable(table.file, &detail.collect::<Vec<_>>().join(", "))
    })?;
    Ok(StoredRow {
        row: parsed,
        content_digest: row.try_get(columns)?,
        cut_off: row.try_get(columns + 1)?,
        recorded_at: row.try_get(columns + 2)?,
        reported_by: row.try_get(columns + 3)?,
        on_behalf: row.try_get(columns + 4)?,
    })
}

fn unreadable(file: File, detail: &str) -> Error {
    Error::StoredRowUnreadable {
        file: file.as_str(),
        detail: detail.to_owned(),
    }
}
