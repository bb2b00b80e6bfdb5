//! `zhirong codes`: every closed list of the contract, as CSV. A name that was released is never renamed.

mod command;
mod files;
mod gateway;
mod notify;
mod payment;
mod people;
mod reasons;
mod steps;
mod transport;
mod words;

use std::process::ExitCode;

use exchange::{File, Kind, RefusalCode, WarningCode};
use policy::codes::{Clause, FindingCode, Limit, NoMoney};
use policy::reading::Readings;
use workbook::WorkbookCode;

use crate::error::CommandError;
use crate::exit::Exit;
use crate::output;
use crate::safety::Hazard;

/// One row: list, code, severity (of findings and warnings), Chinese, English.
pub type Entry = [String; 5];

/// Columns of the list.
const COLUMNS: [&str; 5] = ["list", "code", "severity", "zh", "en"];

/// Prints the lists.
///
/// # Errors
/// None; the type is that of every command.
pub fn run() -> Result<ExitCode, CommandError> {
    if output::form().is_some() {
        output::Listing::of_file(&COLUMNS, entries().into_iter().map(Vec::from)).finish();
        return Ok(Exit::Done.into());
    }
    let rows = std::iter::once(COLUMNS.map(str::to_owned)).chain(entries());
    let text: String = rows
        .map(|row| row.map(|cell| quoted(&cell)).join(",") + "\n")
        .collect();
    output::data(text.as_bytes());
    Ok(Exit::Done.into())
}

/// A cell of a CSV file.
fn quoted(cell: &str) -> String {
    if cell.contains([',', '"', '\n']) {
        format!("\"{}\"", cell.replace('"', "\"\""))
    } else {
        cell.to_owned()
    }
}

fn entry(list: &str, code: &str, severity: &str, zh: &str, en: &str) -> Entry {
    [list, code, severity, zh, en].map(str::to_owned)
}

/// What a reading decides, in Chinese and English.
pub(crate) fn reading(id: &str) -> (&'static str, &'static str) {
    words::reading(id)
}

/// A word of the files, in Chinese and English.
pub(crate) fn word(word: &str) -> (&'static str, &'static str) {
    words::word(word)
}

/// Every entry of every list.
#[must_use]
pub fn entries() -> Vec<Entry> {
    let mut entries = Vec::new();
    for code in RefusalCode::ALL {
        entries.push(entry("refusal", code.as_str(), "", code.zh(), code.en()));
    }
    let currency = api::convert::CURRENCY_NOT_SUPPORTED;
    entries.push(entry(
        "refusal",
        currency,
        "",
        "币种只能是 CNY（人民币）",
        "the currency must be CNY",
    ));
    for code in WorkbookCode::ALL {
        entries.push(entry("workbook", code.as_str(), "", code.zh(), code.en()));
    }
    for code in WarningCode::ALL {
        entries.push(entry("warning", code.as_str(), "warn", code.zh(), code.en()));
    }
    entries.extend(of_rules());
    let reasons = reasons::REASONS
        .iter()
        .chain(steps::REASONS)
        .chain(payment::REASONS)
        .chain(people::REASONS)
        .chain(command::REASONS)
        .chain(files::REASONS)
        .chain(gateway::REASONS)
        .chain(notify::REASONS)
        .chain(transport::REASONS);
    for (reason, zh, en) in reasons {
        entries.push(entry("reason", reason, "", zh, en));
    }
    for hazard in Hazard::ALL {
        let (zh, en) = hazard.words();
        entries.push(entry(
            "hazard",
            hazard.as_str(),
            hazard.gravity().as_str(),
            zh,
            en,
        ));
    }
    entries.extend(of_readings());
    entries.extend(of_files());
    for (list, list_words) in words::LISTS {
        for word in *list_words {
            let (zh, en) = words::word(word);
            entries.push(entry(list, word, "", zh, en));
        }
    }
    entries
}

/// What the rules say of facts: findings with what to do, why nothing is paid, clauses and limits.
fn of_rules() -> Vec<Entry> {
    let mut entries = Vec::new();
    for code in FindingCode::ALL {
        entries.push(entry(
            "finding",
            code.as_str(),
            code.severity().as_str(),
            code.zh(),
            code.en(),
        ));
    }
    for code in FindingCode::ALL {
        entries.push(entry(
            "advice",
            code.as_str(),
            "",
            code.advice_zh(),
            code.advice_en(),
        ));
    }
    for reason in NoMoney::ALL {
        entries.push(entry("no_money", reason.as_str(), "", reason.zh(), reason.en()));
    }
    for clause in Clause::ALL {
        entries.push(entry("clause", clause.as_str(), "", clause.zh(), clause.en()));
    }
    for limit in Limit::ALL {
        entries.push(entry("limit", limit.as_str(), "", limit.zh(), limit.en()));
    }
    entries
}

/// Every value of every reading.
fn of_readings() -> Vec<Entry> {
    let mut entries = Vec::new();
    for (id, values) in Readings::supported() {
        let (zh, en) = words::reading(id);
        for (place, value) in values.into_iter().enumerate() {
            let (default_zh, default_en) = if place == 0 {
                ("（缺省）", " (default)")
            } else {
                ("", "")
            };
            let (zh, en) = (format!("{zh}{default_zh}"), format!("{en}{default_en}"));
            entries.push(entry("reading", &format!("{id}={value}"), "", &zh, &en));
        }
    }
    entries
}

/// Every file, its columns and their words.
fn of_files() -> Vec<Entry> {
    let mut entries = Vec::new();
    for file in File::ALL {
        entries.push(entry("file", file.as_str(), "", file.zh(), file.as_str()));
        for column in file.columns() {
            let name = format!("{}.{}", file.as_str(), column.name);
            entries.push(entry("column", &name, "", column.zh, column.name));
            if let Kind::Word(words) = column.kind {
                for word in words {
                    let (zh, en) = words::word(word);
                    entries.push(entry(&name, word, "", zh, en));
                }
            }
        }
    }
    entries
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_code_is_listed_once_with_both_languages() {
        let mut seen = BTreeSet::new();
        for [list, code, _, zh, en] in entries() {
            assert!(!zh.is_empty() && !en.is_empty(), "{list} {code}");
            assert!(seen.insert((list.clone(), code.clone())), "{list} {code} twice");
        }
        for (list, code) in [
            ("refusal", "REVISION_CONFLICT"),
            ("refusal", "CURRENCY_NOT_SUPPORTED"),
            ("finding", "PLEDGE_DOUBLE"),
            ("clause", "A8.1.1"),
            ("limit", "year_cap"),
            ("reading", "R1=LOW"),
            ("reason", "REQUEST_ID_REUSED"),
            ("institutions.kind", "bank"),
            ("severity", "hold"),
        ] {
            assert!(
                seen.contains(&(list.to_owned(), code.to_owned())),
                "{list} {code}"
            );
        }
    }

    #[test]
    fn each_word_is_described_by_the_chinese_word_that_files_take() {
        for column in File::ALL.iter().flat_map(|file| file.columns()) {
            let Kind::Word(words) = column.kind else { continue };
            for word in words {
                let taken = exchange::words::zh(word);
                assert!(words::word(word).0.starts_with(taken), "{word} {taken}");
            }
        }
    }

    #[test]
    fn cells_with_commas_and_quotes_are_quoted() {
        assert_eq!(
            [quoted("a"), quoted("a,b"), quoted("a\"b")],
            ["a", "\"a,b\"", "\"a\"\"b\""]
        );
    }
}
