//! Resource names: the key of a record as a path relative to the caller, such as `loans/HT-1/events/7`.
//!
//! `%` and `/` inside a segment are written `%25` and `%2F`; every other character stands for itself.

use exchange::{Cells, File};

/// Why a text is no resource name of the file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{name:?} is not of the form {pattern}")]
pub struct NameError {
    /// The text as sent.
    pub name: String,
    /// The form it should have.
    pub pattern: &'static str,
}

/// The form of the names of a file's records; a segment in braces is a key column.
#[must_use]
pub const fn pattern(file: File) -> &'static str {
    match file {
        File::Institutions => "institutions/{institution_code}",
        File::Enterprises => "enterprises/{uscc}/registrations/{registered_from}",
        File::Patents => "patents/{patent_no}",
        File::PatentOwners => "patents/{patent_no}/owners/{holder}/{role}/{valid_from}",
        File::Awards => "awards/{patent_no}/{level}/{award_name}",
        File::Exclusions => "exclusions/{subject}/{grade}/{valid_from}",
        File::Pledges => "pledges/{pledge_no}",
        File::Loans => "loans/{contract_no}",
        File::LoanEvents => "loans/{contract_no}/events/{event_no}",
        File::Policies => "policies/{policy_no}",
        File::PolicyPatents => "policies/{policy_no}/patents/{patent_no}",
        File::PremiumEvents => "policies/{policy_no}/premiumEvents/{event_no}",
        File::OtherAwards => "otherAwards/{beneficiary_uscc}/{measure}/{reference}/{level}",
        File::Decisions => "decisions/{institution_code}/{reference}/{code}",
    }
}

/// The name of the record with these key cells.
#[must_use]
pub fn format(cells: &Cells, file: File) -> String {
    let segments: Vec<String> = pattern(file)
        .split('/')
        .map(|segment| match column(segment) {
            Some(column) => escape(cells.get(column)),
            None => segment.to_owned(),
        })
        .collect();
    segments.join("/")
}

/// The key cells that a name states, unchecked; `institution_code` is among them only in names of the bureau's records.
///
/// # Errors
/// [`NameError`] where the text has another form, or an empty segment.
pub fn parse(name: &str, file: File) -> Result<Cells, NameError> {
    parse_as(name, file, pattern(file))
}

/// The key cells that the parent of a list states, such as `loans/HT-1` for loan events.
///
/// # Errors
/// [`NameError`] where the text has another form, or the file's records have no parent.
pub fn parse_parent(name: &str, file: File) -> Result<Cells, NameError> {
    let pattern = match file {
        File::Enterprises => "enterprises/{uscc}",
        File::PatentOwners => pattern(File::Patents),
        File::LoanEvents => pattern(File::Loans),
        File::PolicyPatents | File::PremiumEvents => pattern(File::Policies),
        _ => "",
    };
    parse_as(name, file, pattern)
}

fn parse_as(name: &str, file: File, pattern: &'static str) -> Result<Cells, NameError> {
    let wrong = || NameError {
        name: name.to_owned(),
        pattern,
    };
    let mut cells = Cells::new(file);
    let mut given = name.split('/');
    for expected in pattern.split('/') {
        let segment = given
            .next()
            .filter(|segment| !segment.is_empty())
            .ok_or_else(wrong)?;
        match column(expected) {
            Some(column) => {
                let value = unescape(segment).ok_or_else(wrong)?;
                cells.set(column, value).map_err(|_| wrong())?;
            }
            None if segment == expected => {}
            None => return Err(wrong()),
        }
    }
    if given.next().is_some() {
        Err(wrong())
    } else {
        Ok(cells)
    }
}

/// The column that a segment of a pattern stands for.
fn column(segment: &str) -> Option<&str> {
    segment.strip_prefix('{')?.strip_suffix('}')
}

fn escape(value: &str) -> String {
    value.replace('%', "%25").replace('/', "%2F")
}

/// Only the two escapes that [`escape`] makes; any other use of `%` has no meaning.
fn unescape(segment: &str) -> Option<String> {
    let mut text = String::with_capacity(segment.len());
    let mut rest = segment;
    while let Some(at) = rest.find('%') {
        text.push_str(rest.get(..at)?);
        let (character, length) = match rest.get(at..at + 3)? {
            "%25" => ('%', 3),
            "%2F" | "%2f" => ('/', 3),
            _ => return None,
        };
        text.push(character);
        rest = rest.get(at + length..)?;
    }
    text.push_str(rest);
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_pattern_names_exactly_the_key_columns() {
        for file in File::ALL.iter().copied() {
            let mut named: Vec<&str> = pattern(file).split('/').filter_map(column).collect();
            let mut keys: Vec<&str> = file.key_columns().map(|column| column.name).collect();
            if file.owner() == exchange::Owner::Institution {
                keys.retain(|key| *key != "institution_code");
            }
            named.sort_unstable();
            keys.sort_unstable();
            assert_eq!(named, keys, "{}", file.as_str());
        }
    }

    #[test]
    fn a_name_comes_back_whatever_its_segments_hold() {
        for value in ["中国专利奖/金奖", "100%", "%2F", "a/b%25c", "普通"] {
            let mut cells = Cells::new(File::Awards);
            cells.set("patent_no", "201610123456.6").unwrap();
            cells.set("level", "national").unwrap();
            cells.set("award_name", value).unwrap();
            let name = format(&cells, File::Awards);
            assert_eq!(name.matches('/').count(), 3, "{name}");
            assert_eq!(parse(&name, File::Awards).unwrap().get("award_name"), value);
        }
    }

    #[test]
    fn other_forms_are_refused() {
        for name in [
            "",
            "loans",
            "loans/",
            "loan/1",
            "loans/1/2",
            "loans/%",
            "loans/%2",
            "loans/%41",
            "loans/中%",
        ] {
            assert!(parse(name, File::Loans).is_err(), "{name}");
        }
        assert!(parse_parent("loans/HT-1", File::LoanEvents).is_ok());
        assert!(parse_parent("pledges/1", File::Pledges).is_err());
    }
}
