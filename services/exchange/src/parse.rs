//! The one parser of records: cells in, a typed row or every refusal out.

mod records;

use chrono::{DateTime, NaiveDate, Utc};
use policy::codes::FindingCode;
use policy::ident::{Division, InstitutionCode, PatentNo, PledgeNo, Reference, Uscc};
use policy::money::{Money, Rate};

use crate::codes::{Refusal, RefusalCode, Warning, WarningCode};
use crate::file::{Column, File, Kind};
use crate::grid::SPOILT;
use crate::identifiers::{
    read_division, read_institution_code, read_patent_no, read_pledge_no, read_reference, read_uscc,
};
use crate::print::key_of;
use crate::row::{Allow, Cells, Key, Row, push_key_cell};
use crate::seen::Seen;
use crate::text::{folded, lower};
use crate::values::{read_bool, read_date, read_instant, read_money, read_rate, read_revision, read_text};
use crate::words;

/// Reads one record.
///
/// A withdrawn record is read by its key alone: its other cells are not looked at.
///
/// # Errors
/// Every bad cell, none of them at a row yet.
pub fn parse_row(file: File, cells: &Cells, allow: &Allow) -> Result<(Row, Vec<Warning>), Vec<Refusal>> {
    let values: Vec<&str> = cells.values().iter().map(String::as_str).collect();
    parse_values(file, &values, allow, &mut Seen::default())
}

/// The same from cells in the order of [`File::columns`], sharing identifiers with the rows before.
pub(crate) fn parse_values(
    file: File,
    values: &[&str],
    allow: &Allow,
    seen: &mut Seen,
) -> Result<(Row, Vec<Warning>), Vec<Refusal>> {
    let mut reading = Reading {
        file,
        values,
        allow,
        seen,
        next: 0,
        refusals: Vec::new(),
        warnings: Vec::new(),
    };
    let revision = reading
        .take("revision", |text, _, _| read_revision(text))
        .map(|revision| revision.unwrap_or(1));
    let withdrawn = reading
        .take("withdrawn", |text, _, _| read_bool(text))
        .map(|withdrawn| withdrawn.unwrap_or(false));
    let (key, content) = if withdrawn == Some(true) {
        (reading.withdrawn_key(), None)
    } else {
        let fact = records::read(&mut reading);
        (fact.as_ref().map(key_of), fact)
    };
    match (key, revision, reading.refusals.is_empty()) {
        (Some(key), Some(revision), true) => Ok((
            Row {
                file,
                key,
                revision,
                content,
            },
            reading.warnings,
        )),
        _ => Err(reading.refusals),
    }
}

/// Reads one record's cells by column name and gathers what is wrong with them.
///
/// A reader gives none where it has refused the cell, so that a record reads all its cells before it gives up.
struct Reading<'a> {
    file: File,
    values: &'a [&'a str],
    allow: &'a Allow,
    seen: &'a mut Seen,
    /// Where the next column probably is: records read their columns in order.
    next: usize,
    refusals: Vec<Refusal>,
    warnings: Vec<Warning>,
}

impl<'a> Reading<'a> {
    fn column(&mut self, name: &'static str) -> Option<(&'static Column, &'a str)> {
        let columns = self.file.columns();
        let position = if columns.get(self.next).is_some_and(|column| column.name == name) {
            self.next
        } else {
            columns.iter().position(|column| column.name == name)?
        };
        self.next = position + 1;
        Some((
            columns.get(position)?,
            self.values.get(position).copied().unwrap_or("").trim(),
        ))
    }

    fn refuse(&mut self, column: &'static str, code: RefusalCode) {
        self.refusals.push(Refusal::new(self.file, Some(column), code));
    }

    fn warn(&mut self, column: &'static str, code: WarningCode) {
        self.warnings.push(Warning::new(self.file, Some(column), code));
    }

    fn take<T>(
        &mut self,
        name: &'static str,
        read: impl FnOnce(&str, &Allow, &mut Seen) -> Result<T, RefusalCode>,
    ) -> Option<Option<T>> {
        let (column, text) = self.column(name)?;
        if text.is_empty() {
            if !column.required_cell {
                return Some(None);
            }
            let no_patent = matches!(column.kind, Kind::PatentSet);
            self.refuse(
                name,
                if no_patent {
                    RefusalCode::PledgePatentsEmpty
                } else {
                    RefusalCode::CellRequired
                },
            );
            return None;
        }
        if text.starts_with(SPOILT) && !self.allow.is_stored() {
            self.refuse(name, RefusalCode::CellNotCorrected);
            return None;
        }
        match read(text, self.allow, self.seen) {
            Ok(value) => Some(Some(value)),
            Err(RefusalCode::WordUnknown) => {
                let list = if let Kind::Word(list) = column.kind {
                    list
                } else {
                    &[]
                };
                let known: Vec<String> = list
                    .iter()
                    .map(|word| format!("{word} {}", words::zh(word)))
                    .collect();
                self.refusals.push(
                    Refusal::new(self.file, Some(name), RefusalCode::WordUnknown).detailed(&known.join(", ")),
                );
                None
            }
            Err(code) => {
                self.refuse(name, code);
                None
            }
        }
    }

    fn text(&mut self, name: &'static str) -> Option<String> {
        self.take(name, |text, _, _| read_text(text))
            .map(Option::unwrap_or_default)
    }

    fn word<T>(&mut self, name: &'static str, parse: fn(&str) -> Option<T>) -> Option<T> {
        self.optional_word(name, parse)?
    }

    fn optional_word<T>(&mut self, name: &'static str, parse: fn(&str) -> Option<T>) -> Option<Option<T>> {
        let kind = self.file.column(name).map(|column| column.kind);
        self.take(name, |text, _, _| {
            let in_chinese = || {
                kind.and_then(|kind| words::of_zh(kind, &folded(text)))
                    .and_then(parse)
            };
            parse(&lower(text))
                .or_else(in_chinese)
                .ok_or(RefusalCode::WordUnknown)
        })
    }

    fn uscc(&mut self, name: &'static str) -> Option<Uscc> {
        self.take(name, |text, allow, seen| seen.uscc(text, allow))?
    }

    fn optional_uscc(&mut self, name: &'static str) -> Option<Option<Uscc>> {
        self.take(name, |text, allow, seen| seen.uscc(text, allow))
    }

    fn division(&mut self, name: &'static str) -> Option<Division> {
        self.take(name, |text, _, _| read_division(text))?
    }

    fn institution_code(&mut self) -> Option<InstitutionCode> {
        self.take("institution_code", |text, _, seen| seen.institution(text))?
    }

    fn patent_no(&mut self) -> Option<PatentNo> {
        self.take("patent_no", |text, _, _| read_patent_no(text))?
    }

    fn patents(&mut self) -> Option<Vec<PatentNo>> {
        self.take("patents", |text, _, _| read_patents(text))?
    }

    fn pledge_no(&mut self) -> Option<Option<PledgeNo>> {
        self.take("pledge_no", |text, _, _| read_pledge_no(text))
    }

    fn reference(&mut self, name: &'static str) -> Option<Reference> {
        self.optional_reference(name)?
    }

    /// The contract or policy that the record belongs to, or is.
    fn parent(&mut self, name: &'static str) -> Option<Reference> {
        self.take(name, |text, _, seen| seen.parent(text))?
    }

    fn optional_reference(&mut self, name: &'static str) -> Option<Option<Reference>> {
        self.take(name, |text, _, _| read_reference(text))
    }

    fn holder(&mut self) -> Option<String> {
        self.take("holder", |text, allow, _| read_holder(text, allow))?
    }

    fn subject(&mut self) -> Option<String> {
        self.take("subject", |text, allow, _| read_subject(text, allow))?
    }

    fn finding(&mut self) -> Option<FindingCode> {
        self.take("code", |text, _, _| read_finding(text))?
    }

    fn date(&mut self, name: &'static str) -> Option<NaiveDate> {
        self.optional_date(name)?
    }

    fn optional_date(&mut self, name: &'static str) -> Option<Option<NaiveDate>> {
        self.take(name, |text, _, _| read_date(text))
    }

    fn instant(&mut self, name: &'static str) -> Option<DateTime<Utc>> {
        self.take(name, |text, _, _| read_instant(text))?
    }

    fn money(&mut self, name: &'static str) -> Option<Money> {
        self.optional_money(name)?
    }

    fn optional_money(&mut self, name: &'static str) -> Option<Option<Money>> {
        self.take(name, |text, _, _| read_money(text))
    }

    fn rate(&mut self, name: &'static str) -> Option<Option<Rate>> {
        self.take(name, |text, _, _| read_rate(text))
    }

    fn bool(&mut self, name: &'static str) -> Option<bool> {
        self.take(name, |text, _, _| read_bool(text))?
    }

    /// Refuses a period whose last day lies before its first; either may be absent or unread.
    fn period(&mut self, last_name: &'static str, first: Option<NaiveDate>, last: Option<NaiveDate>) {
        if let (Some(first), Some(last)) = (first, last)
            && last < first
        {
            self.refuse(last_name, RefusalCode::PeriodReversed);
        }
    }

    /// Refuses a reversal that names nothing or itself, and another event that names one. None where a cell was refused.
    fn reverses(
        &mut self,
        is_reversal: Option<bool>,
        event_no: Option<&Reference>,
    ) -> Option<Option<Reference>> {
        let reverses = self.optional_reference("reverses")?;
        let wrong = match (is_reversal?, &reverses) {
            (true, None) => Some(RefusalCode::ReversesRequired),
            (false, Some(_)) => Some(RefusalCode::ReversesNotAllowed),
            (true, Some(named)) if Some(named) == event_no => Some(RefusalCode::ReversesItself),
            (true, Some(_)) | (false, None) => None,
        };
        match wrong {
            Some(code) => {
                self.refuse("reverses", code);
                None
            }
            None => Some(reverses),
        }
    }

    /// The key of a withdrawn record, whose other cells are not read.
    fn withdrawn_key(&mut self) -> Option<Key> {
        let (mut joined, mut complete) = (String::new(), true);
        for column in self.file.key_columns() {
            match self.take(column.name, |text, allow, _| {
                canonical_key_cell(column.kind, text, allow)
            }) {
                Some(Some(cell)) => push_key_cell(&mut joined, &cell),
                _ => complete = false,
            }
        }
        complete.then(|| Key::new(&joined))
    }
}

/// Patent numbers separated by `;`, ascending and without repeats.
fn read_patents(text: &str) -> Result<Vec<PatentNo>, RefusalCode> {
    let text = folded(text);
    let pieces = text.split(';').map(str::trim).filter(|piece| !piece.is_empty());
    let mut patents = pieces.map(read_patent_no).collect::<Result<Vec<_>, _>>()?;
    patents.sort_unstable();
    patents.dedup();
    if patents.is_empty() {
        Err(RefusalCode::PledgePatentsEmpty)
    } else {
        Ok(patents)
    }
}

/// Whether text has the shape of a credit code, right or wrong.
fn has_code_shape(text: &str) -> bool {
    text.len() == 18 && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

fn read_holder(text: &str, allow: &Allow) -> Result<String, RefusalCode> {
    if has_code_shape(&folded(text)) {
        read_uscc(text, allow).map(|code| code.to_string())
    } else {
        read_text(text)
    }
}

fn read_subject(text: &str, allow: &Allow) -> Result<String, RefusalCode> {
    if has_code_shape(&folded(text)) {
        return read_uscc(text, allow).map(|code| code.to_string());
    }
    match read_patent_no(text) {
        Ok(patent) => Ok(patent.to_string()),
        Err(RefusalCode::PatentMalformed) => Err(RefusalCode::SubjectMalformed),
        Err(code) => Err(code),
    }
}

fn read_finding(text: &str) -> Result<FindingCode, RefusalCode> {
    FindingCode::parse(&folded(text).to_ascii_uppercase()).ok_or(RefusalCode::FindingUnknown)
}

/// The canonical text of a key cell.
fn canonical_key_cell(kind: Kind, text: &str, allow: &Allow) -> Result<String, RefusalCode> {
    match kind {
        Kind::Uscc => read_uscc(text, allow).map(|code| code.to_string()),
        Kind::Institution => read_institution_code(text).map(|code| code.to_string()),
        Kind::Patent => read_patent_no(text).map(|patent| patent.to_string()),
        Kind::PledgeNo => read_pledge_no(text).map(|pledge| pledge.to_string()),
        Kind::Reference => read_reference(text).map(|reference| reference.to_string()),
        Kind::Date => read_date(text).map(|day| day.to_string()),
        Kind::Holder => read_holder(text, allow),
        Kind::Subject => read_subject(text, allow),
        Kind::Finding => read_finding(text).map(|code| code.as_str().to_owned()),
        Kind::Word(words) => {
            let word = lower(text);
            if words.contains(&word.as_ref()) {
                Ok(word.into_owned())
            } else {
                let word = words::of_zh(kind, &word).ok_or(RefusalCode::WordUnknown)?;
                Ok(word.to_owned())
            }
        }
        Kind::Text
        | Kind::Division
        | Kind::PatentSet
        | Kind::Instant
        | Kind::Money
        | Kind::Rate
        | Kind::Bool
        | Kind::Revision => read_text(text),
    }
}
