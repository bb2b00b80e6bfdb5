//! SQL lives in `store/`, in the plumbing, and in tests.

use crate::assert_none;
use crate::source::{Source, rust, words};

/// What begins a statement.
const QUERIES: &[&str] = &[
    "sqlx::query",
    "query_as",
    "query_scalar",
    "raw_sql",
    "QueryBuilder",
];

/// Whether statements may stand in a file.
fn may_query(source: &Source) -> bool {
    source.path.contains("/store/") || source.path.starts_with("services/platform/") || source.is_test()
}

/// Statements where none may stand.
fn misplaced(source: &Source) -> Vec<String> {
    if may_query(source) {
        return Vec::new();
    }
    let found = QUERIES
        .iter()
        .flat_map(|query| words(&source.code, query).into_iter().map(move |at| (at, query)));
    let mut found: Vec<_> = found.collect();
    found.sort_unstable();
    found
        .into_iter()
        .map(|(at, query)| format!("{}:{} {query} outside store/", source.path, source.line_of(at)))
        .collect()
}

#[test]
fn statements_stand_in_store_only() {
    assert!(
        rust()
            .iter()
            .any(|source| source.path.contains("/store/") && source.code.contains("query_as"))
    );
    assert_none(&rust().iter().flat_map(misplaced).collect::<Vec<_>>());
}

#[test]
fn a_statement_outside_store_is_caught() {
    let text = "fn a() {\n    sqlx::query(\"select 1\");\n    query_as::<_, X>(s);\n    query_scalar(s);\n}";
    let wrong = |path: &str, text: &str| misplaced(&Source::new(path, text));
    assert_eq!(
        wrong("services/pledge/src/rpc/loans.rs", text),
        [
            "services/pledge/src/rpc/loans.rs:2 sqlx::query outside store/",
            "services/pledge/src/rpc/loans.rs:3 query_as outside store/",
            "services/pledge/src/rpc/loans.rs:4 query_scalar outside store/",
        ]
    );
    assert!(wrong("services/pledge/src/store/loans.rs", text).is_empty());
    assert!(wrong("services/platform/src/database.rs", text).is_empty());
    assert!(wrong("tests/faults/main.rs", text).is_empty());
    assert!(
        wrong(
            "services/pledge/src/lib.rs",
            "// sqlx::query(\nfn a() { query(); \"query_as(\"; }"
        )
        .is_empty()
    );
}
