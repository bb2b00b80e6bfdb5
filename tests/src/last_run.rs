//! The figures of the last runs, kept in `docs/figures` and shown in the README.
//!
//! Only a run in full is kept. A run of one group replaces that group's lines and leaves the others, so each line says when it was
//! made.

use std::path::{Path, PathBuf};

use platform::clock::Clock;
use serde_json::{Value, json};

use crate::figure::{Asked, Size};
use crate::groups::Ran;

/// The commands whose runs are kept, in the order in which they are shown.
pub const COMMANDS: [&str; 2] = ["proofs", "faults"];
/// Where the table begins and ends in the README.
const MARKS: [&str; 2] = [
    "<!-- figures: cargo xtask figures -->\n",
    "<!-- end of figures -->\n",
];
/// The table's first lines.
const HEAD: &str = "| command, group | figure | value | target | run (UTC), seed |\n|---|---|---|---|---|\n";

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The file that keeps a command's figures.
#[must_use]
pub fn path(command: &str) -> PathBuf {
    root().join("docs/figures").join(format!("{command}.jsonl"))
}

/// The kept lines of a command; none where it never ran.
///
/// # Panics
/// Where a line is no JSON.
#[must_use]
pub fn kept(command: &str) -> Vec<Value> {
    let text = std::fs::read_to_string(path(command)).unwrap_or_default();
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// Keeps the figures of a run in full.
///
/// # Panics
/// Where the file cannot be written.
pub(crate) fn keep(command: &str, groups: &[&str], ran: &[Ran], asked: Asked) {
    if asked.size != Size::Full {
        return;
    }
    let day = Clock::System.now().format("%Y-%m-%d").to_string();
    let lines = replaced(kept(command), groups, ran, &day);
    let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
    let path = path(command);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, text).unwrap();
}

/// The lines before with those of the groups that ran, in the order of the groups.
fn replaced(before: Vec<Value>, groups: &[&str], ran: &[Ran], day: &str) -> Vec<Value> {
    let mut lines = Vec::new();
    for group in groups {
        match ran.iter().find(|ran| ran.group == *group) {
            Some(ran) => lines.extend(ran.lines.iter().map(|line| {
                let mut line = line.clone();
                line["group"] = json!(group);
                line["date"] = json!(day);
                line
            })),
            None => lines.extend(before.iter().filter(|line| line["group"] == **group).cloned()),
        }
    }
    lines
}

/// The README with the table of what is kept; none where its marks are missing.
#[must_use]
pub fn with_table(readme: &str, kept: &[(&str, Vec<Value>)]) -> Option<String> {
    let begin = readme.find(MARKS[0])? + MARKS[0].len();
    let end = begin + readme[begin..].find(MARKS[1])?;
    Some(format!("{}{}{}", &readme[..begin], table(kept), &readme[end..]))
}

/// The table of what is kept; where nothing is, only its head.
fn table(kept: &[(&str, Vec<Value>)]) -> String {
    let mut text = HEAD.to_owned();
    for (command, lines) in kept {
        for line in lines {
            let word = |name: &str| {
                line[name]
                    .as_str()
                    .map_or_else(|| line[name].to_string(), str::to_owned)
            };
            let wrong = if line["ok"] == false {
                " **not reached**"
            } else {
                ""
            };
            text.push_str(&format!(
                "| {command} `{}` | {} | {}{wrong} | {} | {}, {} |\n",
                word("group"),
                word("figure").replace('|', "\\|"),
                word("value").replace('|', "\\|"),
                word("target").replace('|', "\\|"),
                word("date"),
                word("seed"),
            ));
        }
    }
    text
}

/// Writes the README's table from what is kept; answers whether the README has a place for it.
///
/// # Panics
/// Where the README cannot be read or written.
#[must_use]
pub fn write() -> bool {
    let path = root().join("README.md");
    let readme = std::fs::read_to_string(&path).unwrap();
    let kept = COMMANDS.map(|command| (command, kept(command)));
    match with_table(&readme, &kept) {
        Some(text) => {
            std::fs::write(path, text).unwrap();
            true
        }
        None => {
            eprintln!("README.md has no place for the table: {MARKS:?}");
            false
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::figure::Figure;

    fn ran(group: &'static str, figure: &Figure, seed: u64) -> Ran {
        Ran {
            group,
            lines: vec![figure.line(Some(seed))],
            is_ok: figure.is_ok(),
        }
    }

    #[test]
    fn a_run_of_one_group_replaces_its_own_lines_alone() {
        let of_b = |value: u64, seed| [ran("b", &Figure::none("x", value), seed)];
        let of_a = [ran("a", &Figure::none("y", 0_u64), 1)];
        let first = replaced(Vec::new(), &["a", "b"], &of_a, "2026-01-01");
        let both = replaced(first, &["a", "b"], &of_b(3, 2), "2026-01-02");
        let after = replaced(both, &["a", "b"], &of_b(0, 3), "2026-01-03");
        let told: Vec<_> = after
            .iter()
            .map(|line| (line["figure"].as_str(), line["date"].as_str()))
            .collect();
        assert_eq!(
            told,
            [(Some("y"), Some("2026-01-01")), (Some("x"), Some("2026-01-03"))]
        );
    }

    #[test]
    fn the_table_stands_between_its_marks_and_is_stable() {
        let readme = format!("# A\n{}old\n{}# B\n", MARKS[0], MARKS[1]);
        let broken = [ran("a", &Figure::none("lost | found", 1_u64), 1)];
        let lines = replaced(Vec::new(), &["a"], &broken, "2026-01-01");
        let kept = [("faults", lines)];
        let text = with_table(&readme, &kept).unwrap();
        assert!(
            text.contains("| faults `a` | lost \\| found | 1 **not reached** | 0 | 2026-01-01, 1 |\n"),
            "{text}"
        );
        assert_eq!(with_table(&text, &kept).as_ref(), Some(&text));
        assert_eq!(with_table("# A\n", &kept), None);
    }
}
