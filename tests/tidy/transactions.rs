//! Transactions begin in one place: `platform::database::run` and its siblings, which no caller who goes away can leave half done.

use crate::assert_none;
use crate::source::{Source, rust, words};

/// Where the one way is.
const WRAPPER: &str = "services/platform/src/database/";

/// Methods of sqlx that begin a transaction, whatever they are called on.
const METHODS: [&str; 3] = ["begin_with", "try_begin", "begin_unmanaged"];

/// The transaction that the wrapper hands in: to begin on it is a savepoint.
const SAVEPOINT: &str = "tx";

/// First words of statements that begin or end a transaction, and what may stand behind them.
const STATEMENTS: [&str; 6] = [
    "begin",
    "commit",
    "rollback",
    "abort",
    "savepoint",
    "start transaction",
];
const BEHIND: [&str; 7] = ["", "work", "transaction", "isolation", "read", "to", "and"];

/// Whether a text is a statement that begins or ends a transaction.
fn is_statement(text: &str) -> bool {
    let text = text.trim().to_ascii_lowercase();
    let first = text.split(';').next().unwrap_or_default();
    STATEMENTS.iter().any(|statement| {
        let rest = first.strip_prefix(statement).unwrap_or("none");
        let next = rest.split_whitespace().next().unwrap_or_default();
        let is_apart = rest.is_empty() || rest.starts_with(char::is_whitespace);
        is_apart && (BEHIND.contains(&next) || *statement == "savepoint")
    })
}

/// Transactions that a file begins past the wrapper.
fn begun(source: &Source) -> Vec<String> {
    if source.path.starts_with(WRAPPER) || source.is_test() || !source.path.starts_with("services/") {
        return Vec::new();
    }
    let tests = source.test_regions();
    let mut found: Vec<(usize, String)> = Vec::new();
    for method in METHODS {
        found.extend(
            words(&source.code, method)
                .into_iter()
                .map(|at| (at, method.to_owned())),
        );
    }
    if source.code.contains("sqlx") || source.code.contains("database") {
        let calls = source.code.match_indices(".begin()");
        found.extend(calls.filter_map(|(at, call)| {
            let before = source.code[..at].trim_end();
            let receiver = before.rsplit(|c: char| !c.is_alphanumeric() && c != '_').next()?;
            let is_savepoint = receiver == SAVEPOINT && before.len() == at;
            (!is_savepoint).then(|| (at, format!("{receiver}{call}")))
        }));
    }
    let texts = source
        .literals
        .iter()
        .filter(|literal| is_statement(&literal.text));
    found.extend(texts.map(|literal| (literal.at, format!("{:?}", literal.text))));
    found.retain(|(at, _)| !tests.iter().any(|region| region.contains(at)));
    found.sort_unstable();
    found
        .into_iter()
        .map(|(at, what)| format!("{}:{} {what} past the wrapper", source.path, source.line_of(at)))
        .collect()
}

#[test]
fn transactions_begin_in_the_wrapper_alone() {
    let wrapper = rust().iter().filter(|source| source.path.starts_with(WRAPPER));
    assert!(
        wrapper
            .into_iter()
            .any(|source| source.code.contains("begin_with"))
    );
    assert_none(&rust().iter().flat_map(begun).collect::<Vec<_>>());
}

#[test]
fn a_transaction_past_the_wrapper_is_caught() {
    let text = "use sqlx::PgPool;\nasync fn a(pool: PgPool) {\n    let one = pool.begin().await;\n    connection\n        .begin()\n        \
        .await;\n    pool.begin_with(\"begin isolation level serializable\").await;\n    tx.execute(\"COMMIT\").await;\n    \
        tx.execute(\"savepoint a\").await;\n    tx.execute(\"start transaction\").await;\n    pool.execute(\"begin; rollback\").await;\n}";
    let path = "services/pledge/src/store/loans.rs";
    assert_eq!(
        begun(&Source::new(path, text)),
        [
            format!("{path}:3 pool.begin() past the wrapper"),
            format!("{path}:5 connection.begin() past the wrapper"),
            format!("{path}:7 begin_with past the wrapper"),
            format!("{path}:7 \"begin isolation level serializable\" past the wrapper"),
            format!("{path}:8 \"COMMIT\" past the wrapper"),
            format!("{path}:9 \"savepoint a\" past the wrapper"),
            format!("{path}:10 \"start transaction\" past the wrapper"),
            format!("{path}:11 \"begin; rollback\" past the wrapper"),
        ]
    );
    let good = "use sqlx::PgConnection;\nfn a() {\n    tx.begin().await;\n    self.begin(connection);\n    \
        say(\"begins with a letter\", \"commit unknown\", \"rollback failed\");\n}";
    assert!(
        begun(&Source::new(path, good)).is_empty(),
        "{:?}",
        begun(&Source::new(path, good))
    );
    assert!(
        begun(&Source::new(
            "services/platform/src/database/transaction.rs",
            text
        ))
        .is_empty()
    );
    assert!(begun(&Source::new("tests/src/a.rs", text)).is_empty());
}
