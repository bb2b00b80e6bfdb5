//! What stands in the database afterwards, column by column.

use sqlx::{AssertSqlSafe, Connection};

use crate::lines::COLUMNS_OF_LINES;
use crate::sandbox::Sandbox;

/// Characters that nobody sees, as PostgreSQL's regular expressions have them.
const UNSEEN: &str = r"[\u0001-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u2064\u2066-\u206f\ufeff\ufff9-\ufffb\U000e0000-\U000e007f]";

/// A text column: schema and table, name, type.
type Stored = (String, String, String);

/// What in a column is searched for characters that nobody sees: the text without those that belong there.
fn searched(table: &str, column: &str, value: &str) -> String {
    let is_listed = |(of, name, _): &&(&str, &str, Option<&str>)| *of == table && *name == column;
    match COLUMNS_OF_LINES.iter().find(is_listed) {
        None => value.to_owned(),
        Some((_, _, Some(belong))) => format!("translate({value}, '{belong}', '')"),
        Some((_, _, None)) => "''".to_owned(),
    }
}

const COLUMNS: &str = "select c.table_schema || '.' || c.table_name, c.column_name::text, c.udt_name::text
    from information_schema.columns c
    join information_schema.tables t using (table_schema, table_name)
    where t.table_type = 'BASE TABLE' and c.udt_name in ('text', '_text', 'jsonb')
        and c.table_schema in ('ledger', 'registry', 'pledge', 'insurance', 'settlement', 'files', 'notify', 'people')
    order by 1, 2";

const AMOUNTS: &str = "select c.table_schema || '.' || c.table_name, c.column_name::text
    from information_schema.columns c
    join information_schema.tables t using (table_schema, table_name)
    where t.table_type = 'BASE TABLE' and c.column_name like '%\\_fen' and c.table_schema in ('pledge', 'insurance', 'registry')";

/// Cells that no column should hold: unseen characters, another form than C, beyond any length, amounts out of range.
pub(super) async fn bad(sandbox: &Sandbox) -> Vec<String> {
    let mut database = sandbox.database().await;
    let columns: Vec<Stored> = sqlx::query_as(COLUMNS).fetch_all(&mut database).await.unwrap();
    let mut found = Vec::new();
    for (table, column, kind) in columns {
        let value = match kind.as_str() {
            "_text" => format!("array_to_string(\"{column}\", ' ')"),
            // jsonb writes control characters as escapes, and a backslash as two.
            "jsonb" => format!("replace(replace(\"{column}\"::text, '\\\\', ''), '\\u00', chr(1))"),
            _ => format!("\"{column}\""),
        };
        let unseen = format!("{} ~ '{UNSEEN}'", searched(&table, &column, &value));
        let sql = format!(
            "select left({value}, 80) from {table} where {unseen} or {value} is not nfc normalized or length({value}) > 100000 limit 3"
        );
        let cells: Vec<String> = sqlx::query_scalar(AssertSqlSafe(sql))
            .fetch_all(&mut database)
            .await
            .unwrap();
        found.extend(cells.iter().map(|cell| format!("{table}.{column}: {cell:?}")));
    }
    let amounts: Vec<(String, String)> = sqlx::query_as(AMOUNTS).fetch_all(&mut database).await.unwrap();
    for (table, column) in amounts {
        let sql = format!(
            "select {column}::text from {table} where {column} not between 0 and 9999999999999 limit 3"
        );
        let cells: Vec<String> = sqlx::query_scalar(AssertSqlSafe(sql))
            .fetch_all(&mut database)
            .await
            .unwrap();
        found.extend(cells.iter().map(|cell| format!("{table}.{column}: {cell}")));
    }
    database.close().await.unwrap();
    found
}

/// Red twin: a database without one check holds a title that turns round what is read, and the search must find it.
pub(super) async fn twin(sandbox: &Sandbox) -> usize {
    let mut database = sandbox.database().await;
    for change in [
        "alter table registry.patent drop constraint patent_texts_plain",
        "update registry.patent set title = U&'a\\202Eb' where ctid = (select min(ctid) from registry.patent)",
    ] {
        sqlx::query(change).execute(&mut database).await.unwrap();
    }
    database.close().await.unwrap();
    let is_title = |cell: &&String| cell.starts_with("registry.patent.title");
    bad(sandbox).await.iter().filter(is_title).count()
}

/// Red twin: a table that takes nothing more.
pub(super) async fn break_a_table(sandbox: &Sandbox) {
    let mut database = sandbox.database().await;
    sqlx::query("alter table registry.patent add constraint patent_takes_nothing check (false) not valid")
        .execute(&mut database)
        .await
        .unwrap();
    database.close().await.unwrap();
}
