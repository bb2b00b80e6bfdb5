//! What every migration owes: constraints with names, since errors are told apart by them, and row-level security.

use crate::assert_none;
use crate::source::{closing, files, text, words};

/// What begins a constraint.
const CONSTRAINTS: &[&str] = &[
    "primary key",
    "unique",
    "check",
    "foreign key",
    "references",
    "exclude",
];

/// A migration without comments and text constants, lower case, with single spaces.
fn plain(sql: &str) -> String {
    let lines = sql
        .lines()
        .map(|line| line.split("--").next().unwrap_or_default());
    let mut plain = String::new();
    for (place, part) in lines.collect::<Vec<_>>().join(" ").split('\'').enumerate() {
        plain.push_str(if place % 2 == 0 { part } else { "''" });
    }
    plain
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ")
        .to_lowercase()
}

/// The tables that a plain text creates, with what stands between the brackets.
fn tables(plain: &str) -> Vec<(&str, &str)> {
    let creates = words(plain, "create table")
        .into_iter()
        .chain(words(plain, "create unlogged table"));
    creates
        .filter_map(|at| {
            let open = at + plain[at..].find('(')?;
            let end = closing(plain, open, b'(', b')')?;
            let name = plain[at..open].split_whitespace().next_back()?;
            Some((name, &plain[open + 1..end - 1]))
        })
        .collect()
}

/// Drops what stands in brackets.
fn flat(text: &str) -> String {
    let mut depth = 0_usize;
    let mut flat = String::new();
    for c in text.chars() {
        match c {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            _ if depth == 0 => flat.push(c),
            _ => {}
        }
        if c == ')' {
            flat.push(' ');
        }
    }
    flat
}

/// The constraints of one item of a table, or of an `alter table`, that have no name.
fn unnamed_in(item: &str) -> Vec<&'static str> {
    let mut found: Vec<(usize, &'static str)> = CONSTRAINTS
        .iter()
        .flat_map(|word| words(item, word).into_iter().map(move |at| (at, *word)))
        .collect();
    found.sort_unstable();
    let mut unnamed = Vec::new();
    let mut is_foreign = false;
    for (at, word) in found {
        let before: Vec<&str> = item[..at].split_whitespace().collect();
        let has_name = matches!(before[..], [.., "constraint", _]);
        // A foreign key's own `references` belongs to it.
        let belongs = is_foreign && word == "references";
        if !has_name && !belongs {
            unnamed.push(word);
        }
        is_foreign = word == "foreign key";
    }
    unnamed
}

/// Constraints and indexes without a name.
fn unnamed(sql: &str) -> Vec<String> {
    let plain = plain(sql);
    let mut wrong = Vec::new();
    for (table, items) in tables(&plain) {
        for item in flat(items).split(',') {
            let item = item.trim();
            wrong.extend(
                unnamed_in(item)
                    .into_iter()
                    .map(|word| format!("{table}: {word} without a name: {item}")),
            );
        }
    }
    for statement in plain.split(';').map(str::trim) {
        let is_change = statement.starts_with("alter table") && !statement.contains("row level security");
        if is_change {
            let statement = flat(statement);
            wrong.extend(
                unnamed_in(&statement)
                    .into_iter()
                    .map(|word| format!("{word} without a name: {statement}")),
            );
        }
        if statement.starts_with("create index on") || statement.starts_with("create unique index on") {
            wrong.push(format!("an index without a name: {statement}"));
        }
    }
    wrong
}

/// Tables that do not force row-level security on everybody, or have no policy.
fn unguarded(sql: &str) -> Vec<String> {
    let plain = plain(sql);
    let mut wrong = Vec::new();
    for (table, _) in tables(&plain) {
        for verb in ["enable", "force"] {
            if !plain.contains(&format!("alter table {table} {verb} row level security;")) {
                wrong.push(format!("{table} does not {verb} row-level security"));
            }
        }
        let has_policy = plain.split(';').any(|statement| {
            let words: Vec<&str> = statement.split_whitespace().collect();
            matches!(words[..], ["create", "policy", _, "on", on, ..] if on == table)
        });
        if !has_policy {
            wrong.push(format!("{table} has no policy"));
        }
    }
    wrong
}

/// Up to here migrations made the schema of the first release; those behind change one that is in use.
const FIRST_RELEASE: &str = "migrations/20260399";
/// A file that says so in its first line takes away what no released program uses any more.
const CONTRACT: &str = "-- contract:";

/// What must not be done to a table that is in use.
fn careless(sql: &str) -> Vec<String> {
    let is_alone = sql.starts_with("-- no-transaction");
    let is_contract = sql.starts_with(CONTRACT);
    let plain = plain(sql);
    let made: Vec<&str> = tables(&plain).into_iter().map(|(table, _)| table).collect();
    let statements: Vec<&str> = plain
        .split(';')
        .map(str::trim)
        .filter(|it| !it.is_empty())
        .collect();
    let mut wrong = Vec::new();
    for statement in &statements {
        let is_of_new = made.iter().any(|table| {
            statement
                .split_whitespace()
                .any(|word| word.trim_end_matches('(') == *table)
        });
        let is_index = statement.starts_with("create index") || statement.starts_with("create unique index");
        let is_concurrent = statement.contains(" concurrently ");
        if is_index && !is_concurrent && !is_of_new {
            wrong.push(format!(
                "an index that holds up writers; create it concurrently: {statement}"
            ));
        }
        if is_concurrent && !(is_alone && statements.len() == 1) {
            wrong.push(format!(
                "what is concurrent stands alone in a file that begins with `-- no-transaction`: {statement}"
            ));
        }
        if !statement.starts_with("alter table") || is_of_new {
            continue;
        }
        let adds = statement.contains(" add constraint ") && !statement.contains(" using index ");
        if adds && !statement.ends_with("not valid") {
            wrong.push(format!(
                "a constraint that reads every row; add it `not valid`, validate it later: {statement}"
            ));
        }
        if statement.contains(" set not null") {
            wrong.push(format!(
                "`set not null` reads every row; a validated check comes first: {statement}"
            ));
        }
        let takes = [" drop column ", " rename ", " type ", " drop constraint "];
        if !is_contract && takes.iter().any(|word| statement.contains(word)) {
            wrong.push(format!(
                "takes away what a released program may use; mark the file `{CONTRACT} why`: {statement}"
            ));
        }
    }
    wrong
}

#[test]
fn a_schema_in_use_is_changed_without_holding_anybody_up() {
    let migrations = every_migration();
    let later = migrations
        .iter()
        .filter(|(path, _)| path.as_str() > FIRST_RELEASE);
    let examples = files()
        .iter()
        .filter(|path| path.starts_with("tests/migrations/"))
        .map(|path| (path, text(path)));
    let later: Vec<_> = later.cloned().chain(examples).collect();
    assert!(later.len() >= 4, "{later:?}");
    let wrong = later.iter().flat_map(|(path, sql)| {
        careless(sql)
            .into_iter()
            .map(move |line| format!("{path}: {line}"))
    });
    assert_none(&wrong.collect::<Vec<_>>());
}

#[test]
fn a_careless_change_is_caught() {
    for (sql, count) in [
        ("create index a on b.c (d);", 1),
        ("-- no-transaction\ncreate index concurrently a on b.c (d);", 0),
        ("create index concurrently a on b.c (d);", 1),
        (
            "-- no-transaction\ncreate index concurrently a on b.c (d); select 1;",
            1,
        ),
        ("alter table b.c add constraint d check (e > 0);", 1),
        ("alter table b.c add constraint d check (e > 0) not valid;", 0),
        ("alter table b.c validate constraint d;", 0),
        ("alter table b.c add column e text;", 0),
        ("alter table b.c alter column e set not null;", 1),
        ("alter table b.c drop column e;", 1),
        (
            "-- contract: nobody reads it since 2027\nalter table b.c drop column e;",
            0,
        ),
        ("alter table b.c rename to d;", 1),
        ("alter table b.c alter column e type bigint;", 1),
        (
            "create table b.c (e text); create index f on b.c (e); alter table b.c add constraint g check (true);",
            0,
        ),
    ] {
        assert_eq!(careless(sql).len(), count, "{sql}: {:?}", careless(sql));
    }
}

fn every_migration() -> Vec<(&'static String, String)> {
    let names = files()
        .iter()
        .filter(|path| path.starts_with("migrations/") && path.ends_with(".sql"));
    names.map(|path| (path, text(path))).collect()
}

#[test]
fn every_constraint_has_a_name() {
    let migrations = every_migration();
    let wrong = migrations.iter().flat_map(|(path, sql)| {
        unnamed(sql)
            .into_iter()
            .map(move |line| format!("{path}: {line}"))
    });
    assert_none(&wrong.collect::<Vec<_>>());
}

#[test]
fn every_table_forces_row_level_security() {
    let all: String = every_migration().into_iter().map(|(_, sql)| sql + "\n").collect();
    assert!(tables(&plain(&all)).len() > 20, "{}", tables(&plain(&all)).len());
    assert_none(&unguarded(&all));
}

const GOOD: &str = "create table a.b ( -- primary key, unique\n
    id bigint not null,
    kind text constraint b_kind check (kind in ('check (x', 'unique')),
    constraint b_key primary key (id, kind),
    constraint b_of_c foreign key (id) references a.c (id)
);
alter table a.b enable row level security;
alter table a.b force row level security;
create policy b_tenant on a.b using (true);
create unique index b_one on a.b (id);
alter table a.b add constraint b_more check (id > 0);";

#[test]
fn a_constraint_without_a_name_is_caught() {
    assert!(unnamed(GOOD).is_empty(), "{:?}", unnamed(GOOD));
    for (good, bad) in [
        ("id bigint not null", "id bigint not null primary key"),
        ("constraint b_kind check", "check"),
        ("check (kind in ('check (x', 'unique'))", "check (true) unique"),
        ("constraint b_key primary key", "PRIMARY\n  KEY"),
        ("constraint b_of_c foreign key", "foreign key"),
        ("id bigint not null", "id bigint references a.c (id)"),
        ("create unique index b_one on", "create unique index on"),
        ("add constraint b_more check", "add check"),
    ] {
        let sql = GOOD.replace(good, bad);
        assert_ne!(sql, GOOD, "{good}");
        assert_eq!(unnamed(&sql).len(), 1, "{bad}: {:?}", unnamed(&sql));
    }
}

#[test]
fn a_table_without_row_level_security_is_caught() {
    assert!(unguarded(GOOD).is_empty());
    for line in [
        "alter table a.b enable row level security;",
        "alter table a.b force row level security;",
    ] {
        assert_eq!(
            unguarded(&GOOD.replace(line, &format!("-- {line}"))).len(),
            1,
            "{line}"
        );
    }
    assert_eq!(
        unguarded(&GOOD.replace("b_tenant on a.b", "b_tenant on a.c")),
        ["a.b has no policy"]
    );
}
