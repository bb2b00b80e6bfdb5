//! The migrated database is the exchange contract's: every fact table has a file's columns and the stamp's, and no others.

use std::collections::{BTreeMap, BTreeSet};

use exchange::{Column, File, Kind};
use platform::database::embedded::{self, Cluster};
use platform::database::{Database, Tuning};
use platform::sqlx;
use zhirong_tests::run;
use zhirong_tests::sandbox::watch;

use crate::assert_none;

/// A column: name, type, whether it may be null.
type Stored = (String, String, bool);

/// A fact table as the database describes it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Table {
    columns: BTreeSet<Stored>,
    /// The primary key in order.
    key: Vec<String>,
    /// The text of each check.
    checks: Vec<String>,
}

/// Published views that are no exchange file.
const NO_FILES: &[&str] = &["released_batches", "released_lines"];

/// What every fact carries beside its own columns.
const STAMP: &[(&str, &str, bool)] = &[
    ("city", "text", false),
    ("content_digest", "bytea", false),
    ("cut_off", "bigint", false),
    ("recorded_at", "timestamp with time zone", false),
    ("reported_by", "text", false),
    ("on_behalf", "boolean", false),
    ("request_id", "uuid", false),
    ("traceparent", "text", true),
];

fn name_of(column: &Column) -> String {
    let unit = if column.kind == Kind::Money { "_fen" } else { "" };
    format!("{}{unit}", column.name)
}

fn type_of(kind: Kind) -> &'static str {
    match kind {
        Kind::Date => "date",
        Kind::Instant => "timestamp with time zone",
        Kind::Money => "bigint",
        Kind::Rate => "numeric",
        Kind::Bool => "boolean",
        Kind::Revision => "integer",
        Kind::PatentSet => "ARRAY",
        _ => "text",
    }
}

/// Revisions and withdrawals are always known; other content is empty once withdrawn.
fn may_be_null(column: &Column) -> bool {
    !column.key && !matches!(column.name, "revision" | "withdrawn")
}

fn expected_columns(file: File) -> BTreeSet<Stored> {
    let own = file.columns().iter().map(|column| {
        (
            name_of(column),
            type_of(column.kind).to_owned(),
            may_be_null(column),
        )
    });
    let stamp = STAMP
        .iter()
        .map(|(name, kind, null)| ((*name).to_owned(), (*kind).to_owned(), *null));
    own.chain(stamp).collect()
}

/// The words in quotes of a check.
fn quoted(check: &str) -> BTreeSet<&str> {
    check.split('\'').skip(1).step_by(2).collect()
}

/// What differs between a file and its table.
fn differences(file: File, table: &Table) -> Vec<String> {
    let name = file.as_str();
    let expected = expected_columns(file);
    let mut wrong: Vec<String> = expected
        .difference(&table.columns)
        .map(|column| format!("{name} lacks {column:?}"))
        .collect();
    wrong.extend(
        table
            .columns
            .difference(&expected)
            .map(|column| format!("{name} has {column:?}")),
    );
    let key: Vec<String> = std::iter::once("city".to_owned())
        .chain(file.key_columns().map(name_of))
        .chain(["revision".to_owned()])
        .collect();
    if table.key != key {
        wrong.push(format!("{name} has the key {:?} and not {key:?}", table.key));
    }
    for column in file.columns() {
        let Kind::Word(words) = column.kind else { continue };
        let words: BTreeSet<&str> = words.iter().copied().collect();
        let is_checked = table.checks.iter().any(|check| {
            check.starts_with(&format!("CHECK (({} = ANY", column.name)) && quoted(check) == words
        });
        if !is_checked {
            wrong.push(format!("{name} does not check {} against {words:?}", column.name));
        }
    }
    wrong
}

const COLUMNS: &str =
    "select u.view_name::text, c.column_name::text, c.data_type::text, c.is_nullable = 'YES'
    from information_schema.view_table_usage u
    join information_schema.columns c on c.table_schema = u.table_schema and c.table_name = u.table_name
    where u.view_schema = 'published'";
const KEYS: &str = "select u.view_name::text, k.column_name::text
    from information_schema.view_table_usage u
    join information_schema.table_constraints t
        on t.table_schema = u.table_schema and t.table_name = u.table_name and t.constraint_type = 'PRIMARY KEY'
    join information_schema.key_column_usage k
        on k.constraint_schema = t.constraint_schema and k.constraint_name = t.constraint_name
        and k.table_name = t.table_name
    where u.view_schema = 'published'
    order by u.view_name, k.ordinal_position";
const CHECKS: &str = "select u.view_name::text, pg_get_constraintdef(c.oid)
    from information_schema.view_table_usage u
    join pg_constraint c on c.conrelid = format('%I.%I', u.table_schema, u.table_name)::regclass and c.contype = 'c'
    where u.view_schema = 'published'";
const OTHERS: &str = "select t.table_schema || '.' || t.table_name
    from information_schema.tables t
    where t.table_schema in ('registry', 'pledge', 'insurance') and t.table_type = 'BASE TABLE'
        and (t.table_schema, t.table_name) not in (
            select u.table_schema, u.table_name from information_schema.view_table_usage u
            where u.view_schema = 'published'
        )";

/// Every fact table of a freshly migrated database by the name of the view that publishes it, and the other tables.
async fn migrated() -> (BTreeMap<String, Table>, Vec<String>) {
    let dir = embedded::temporary_dir("zhirong-tidy").unwrap();
    let _watchdog = watch(&dir);
    let programs = embedded::find(None, &dir).unwrap();
    let cluster = Cluster::start(&dir, &programs).await.unwrap();
    let database = Database::connect(cluster.options(), &Tuning::default())
        .await
        .unwrap();
    database.migrate().await.unwrap();
    let pool = database.pool();
    let mut tables: BTreeMap<String, Table> = BTreeMap::new();
    let columns: Vec<(String, String, String, bool)> = sqlx::query_as(COLUMNS).fetch_all(pool).await.unwrap();
    for (view, name, kind, null) in columns {
        tables.entry(view).or_default().columns.insert((name, kind, null));
    }
    let keys: Vec<(String, String)> = sqlx::query_as(KEYS).fetch_all(pool).await.unwrap();
    for (view, column) in keys {
        tables.entry(view).or_default().key.push(column);
    }
    let checks: Vec<(String, String)> = sqlx::query_as(CHECKS).fetch_all(pool).await.unwrap();
    for (view, check) in checks {
        tables.entry(view).or_default().checks.push(check);
    }
    let others: Vec<String> = sqlx::query_scalar(OTHERS).fetch_all(pool).await.unwrap();
    database.close().await;
    cluster.stop().await.unwrap();
    std::fs::remove_dir_all(&dir).unwrap();
    (tables, others)
}

#[test]
fn the_fingerprint_is_that_of_the_migrations() {
    let shipped = platform::database::SHIPPED;
    assert!(
        run(zhirong_tests::fingerprint::made()) == shipped,
        "run `cargo xtask fingerprint`"
    );
}

#[test]
fn the_database_has_the_columns_of_the_contract() {
    let (tables, others) = run(migrated());
    assert_eq!(
        others,
        ["registry.credential"],
        "a table of a service is published, or is listed here"
    );
    let files = File::ALL.iter().map(|file| file.as_str());
    let views: BTreeSet<&str> = files.chain(NO_FILES.iter().copied()).collect();
    assert_eq!(tables.keys().map(String::as_str).collect::<BTreeSet<_>>(), views);
    let wrong = File::ALL
        .iter()
        .flat_map(|file| differences(*file, &tables[file.as_str()]));
    assert_none(&wrong.collect::<Vec<_>>());
}

#[test]
fn a_table_that_differs_is_caught() {
    let good = Table {
        columns: expected_columns(File::PremiumEvents),
        key: ["city", "institution_code", "policy_no", "event_no", "revision"]
            .map(str::to_owned)
            .to_vec(),
        checks: vec!["CHECK ((kind = ANY (ARRAY['payment'::text, 'refund'::text])))".to_owned()],
    };
    assert!(differences(File::PremiumEvents, &good).is_empty());
    let stored = |name: &str, kind: &str, null| (name.to_owned(), kind.to_owned(), null);
    let amount = stored("amount_fen", "bigint", true);
    assert!(good.columns.contains(&amount));
    for bad in [
        stored("amount", "bigint", true),
        stored("amount_fen", "numeric", true),
        stored("amount_fen", "bigint", false),
    ] {
        let mut table = good.clone();
        table.columns.remove(&amount);
        table.columns.insert(bad);
        assert_eq!(differences(File::PremiumEvents, &table).len(), 2);
    }
    let mut table = good.clone();
    table.key.swap(1, 2);
    assert_eq!(differences(File::PremiumEvents, &table).len(), 1);
    let mut table = good.clone();
    table.checks = vec!["CHECK ((kind = ANY (ARRAY['payment'::text])))".to_owned()];
    assert_eq!(differences(File::PremiumEvents, &table).len(), 1);
    assert!(differences(File::Loans, &good).len() > 10);
}
