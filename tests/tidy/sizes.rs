//! Files and functions that one can read at one go.

use crate::assert_none;
use crate::source::{Source, rust};

const FILE: usize = 400;
const TEST_FILE: usize = 600;
const FUNCTION: usize = 70;
const TEST_FUNCTION: usize = 120;

/// A file or functions of it that are too long. Lines are counted from `fn` to the closing brace.
fn too_long(source: &Source) -> Vec<String> {
    let mut wrong = Vec::new();
    let lines = source.text.lines().count();
    let most = if source.is_test() { TEST_FILE } else { FILE };
    if lines > most {
        wrong.push(format!("{} has {lines} lines, at most {most}", source.path));
    }
    let regions = source.test_regions();
    for function in source.functions() {
        let first = source.line_of(function.range.start);
        let lines = source.line_of(function.range.end) - first + 1;
        let is_test = source.is_test()
            || regions
                .iter()
                .any(|region| region.contains(&function.range.start));
        let most = if is_test { TEST_FUNCTION } else { FUNCTION };
        if lines > most {
            wrong.push(format!(
                "{}:{first} {} has {lines} lines, at most {most}",
                source.path, function.name
            ));
        }
    }
    wrong
}

#[test]
fn files_and_functions_are_short() {
    let count = rust()
        .iter()
        .map(|source| source.functions().len())
        .sum::<usize>();
    assert!(count > 1000, "{count}");
    assert_none(&rust().iter().flat_map(too_long).collect::<Vec<_>>());
}

#[test]
fn a_long_file_and_a_long_function_are_caught() {
    let function = |lines: usize| format!("fn long() {{\n{}}}\n", "    a();\n".repeat(lines - 2));
    let wrong = |path: &str, text: &str| too_long(&Source::new(path, text));
    assert!(wrong("src/a.rs", &function(70)).is_empty());
    assert_eq!(
        wrong("src/a.rs", &function(71)),
        ["src/a.rs:1 long has 71 lines, at most 70"]
    );
    assert!(wrong("tests/a.rs", &function(120)).is_empty());
    assert_eq!(
        wrong("tests/a.rs", &function(121)),
        ["tests/a.rs:1 long has 121 lines, at most 120"]
    );
    let inner = format!("#[cfg(test)]\nmod tests {{\n{}}}\n", function(120));
    assert!(wrong("src/a.rs", &inner).is_empty());
    assert!(wrong("src/a.rs", &"a\n".repeat(400)).is_empty());
    assert_eq!(
        wrong("src/a.rs", &"a\n".repeat(401)),
        ["src/a.rs has 401 lines, at most 400"]
    );
    assert!(wrong("src/tests.rs", &"a\n".repeat(600)).is_empty());
    assert_eq!(
        wrong("src/tests.rs", &"a\n".repeat(601)),
        ["src/tests.rs has 601 lines, at most 600"]
    );
}
