//! Records as canonical text, and the digest of their content.

use std::fmt::Display;

use policy::facts;
use policy::ident::PatentNo;
use sha2::{Digest, Sha256};

use crate::file::File;
use crate::row::{Fact, Key, Row};
use crate::values::print_instant;

fn maybe<T: Display>(value: Option<&T>) -> String {
    value.map(T::to_string).unwrap_or_default()
}

fn print_patents(patents: &[PatentNo]) -> String {
    // A record built by hand may hold them unordered; its text is a set's.
    let mut numbers: Vec<&str> = patents.iter().map(PatentNo::as_str).collect();
    numbers.sort_unstable();
    numbers.dedup();
    numbers.join(";")
}

/// A record that prints its key and its cells.
trait Record {
    /// The natural key.
    fn key(&self) -> Key;
    /// The cells in the order of the file's columns, without revision and withdrawn.
    fn cells(&self) -> Vec<String>;
}

/// The record of a fact, whichever it is.
fn record(fact: &Fact) -> &dyn Record {
    match fact {
        Fact::Institution(it) => it,
        Fact::Enterprise(it) => it,
        Fact::Patent(it) => it,
        Fact::PatentOwner(it) => it,
        Fact::Award(it) => it,
        Fact::Exclusion(it) => it,
        Fact::Pledge(it) => it,
        Fact::Loan(it) => it,
        Fact::LoanEvent(it) => it,
        Fact::Policy(it) => it,
        Fact::PolicyPatent(it) => it,
        Fact::PremiumEvent(it) => it,
        Fact::OtherAward(it) => it,
        Fact::Decision(it) => it,
    }
}

impl Record for facts::Institution {
    fn key(&self) -> Key {
        Key::of_cells([self.institution_code.as_str()])
    }

    fn cells(&self) -> Vec<String> {
        vec![
            self.institution_code.to_string(),
            self.name.clone(),
            self.kind.as_str().to_owned(),
            self.legal_person_uscc.to_string(),
            self.legal_person_name.clone(),
            self.division_code.to_string(),
            maybe(self.uscc.as_ref()),
        ]
    }
}

impl Record for facts::Enterprise {
    fn key(&self) -> Key {
        Key::of_cells([self.uscc.as_str(), &self.registered_from.to_string()])
    }

    fn cells(&self) -> Vec<String> {
        vec![
            self.uscc.to_string(),
            self.name.clone(),
            self.division_code.to_string(),
            self.registered_from.to_string(),
            maybe(self.registered_to.as_ref()),
        ]
    }
}

impl Record for facts::Patent {
    fn key(&self) -> Key {
        Key::of_cells([self.patent_no.as_str()])
    }

    fn cells(&self) -> Vec<String> {
        vec![
            self.patent_no.to_string(),
            self.title.clone(),
            maybe(self.patentee_uscc.as_ref()),
            maybe(self.granted_on.as_ref()),
            maybe(self.ended_on.as_ref()),
            self.end_reason
                .map(|reason| reason.as_str().to_owned())
                .unwrap_or_default(),
        ]
    }
}

impl Record for facts::PatentOwner {
    fn key(&self) -> Key {
        Key::of_cells([
            self.patent_no.as_str(),
            &self.holder,
            self.role.as_str(),
            &self.valid_from.to_string(),
        ])
    }

    fn cells(&self) -> Vec<String> {
        vec![
            self.patent_no.to_string(),
            self.holder.clone(),
            self.role.as_str().to_owned(),
            self.valid_from.to_string(),
            maybe(self.valid_to.as_ref()),
        ]
    }
}

impl Record for facts::Award {
    fn key(&self) -> Key {
        Key::of_cells([self.patent_no.as_str(), self.level.as_str(), &self.award_name])
    }

    fn cells(&self) -> Vec<String> {
        vec![
            self.patent_no.to_string(),
            self.level.as_str().to_owned(),
            self.award_name.clone(),
            self.awarded_on.to_string(),
        ]
    }
}

impl Record for facts::Exclusion {
    fn key(&self) -> Key {
        Key::of_cells([&self.subject, self.grade.as_str(), &self.valid_from.to_string()])
    }

    fn cells(&self) -> Vec<String> {
        vec![
            self.subject.clone(),
            self.grade.as_str().to_owned(),
            self.valid_from.to_string(),
            maybe(self.valid_to.as_ref()),
            self.reason.clone(),
        ]
    }
}

impl Record for facts::Pledge {
    fn key(&self) -> Key {
        Key::of_cells([self.institution_code.as_str(), self.pledge_no.as_str()])
    }

    fn cells(&self) -> Vec<String> {
        vec![
            self.institution_code.to_string(),
            self.pledge_no.to_string(),
            self.pledgor_uscc.to_string(),
            self.pledgee_uscc.to_string(),
            self.registered_on.to_string(),
            maybe(self.cancelled_on.as_ref()),
            print_patents(&self.patents),
        ]
    }
}

impl Record for facts::Loan {
    fn key(&self) -> Key {
        Key::of_cells([self.institution_code.as_str(), self.contract_no.as_str()])
    }

    fn cells(&self) -> Vec<String> {
        vec![
            self.institution_code.to_string(),
            self.contract_no.to_string(),
            self.borrower_uscc.to_string(),
            self.contract_amount.to_string(),
            self.signed_on.to_string(),
            self.revolving.to_string(),
            self.collateral.as_str().to_owned(),
            maybe(self.patent_share.as_ref()),
            maybe(self.pledge_no.as_ref()),
            maybe(self.renewal_of.as_ref()),
            maybe(self.syndicate_no.as_ref()),
        ]
    }
}

impl Record for facts::LoanEvent {
    fn key(&self) -> Key {
        Key::of_cells([
            self.institution_code.as_str(),
            self.contract_no.as_str(),
            self.event_no.as_str(),
        ])
    }

    fn cells(&self) -> Vec<String> {
        vec![
            self.institution_code.to_string(),
            self.contract_no.to_string(),
            self.event_no.to_string(),
            self.kind.as_str().to_owned(),
            print_instant(self.occurred_at),
            self.amount.to_string(),
            maybe(self.reverses.as_ref()),
        ]
    }
}

impl Record for facts::Policy {
    fn key(&self) -> Key {
        Key::of_cells([self.institution_code.as_str(), self.policy_no.as_str()])
    }

    fn cells(&self) -> Vec<String> {
        vec![
            self.institution_code.to_string(),
            self.policy_no.to_string(),
            self.product.as_str().to_owned(),
            self.policyholder_uscc.to_string(),
            self.cover_from.to_string(),
            self.cover_to.to_string(),
            maybe(self.sum_insured.as_ref()),
        ]
    }
}

impl Record for facts::PolicyPatent {
    fn key(&self) -> Key {
        Key::of_cells([
            self.institution_code.as_str(),
            self.policy_no.as_str(),
            self.patent_no.as_str(),
        ])
    }

    fn cells(&self) -> Vec<String> {
        vec![
            self.institution_code.to_string(),
            self.policy_no.to_string(),
            self.patent_no.to_string(),
            maybe(self.premium.as_ref()),
        ]
    }
}

impl Record for facts::PremiumEvent {
    fn key(&self) -> Key {
        Key::of_cells([
            self.institution_code.as_str(),
            self.policy_no.as_str(),
            self.event_no.as_str(),
        ])
    }

    fn cells(&self) -> Vec<String> {
        vec![
            self.institution_code.to_string(),
            self.policy_no.to_string(),
            self.event_no.to_string(),
            self.kind.as_str().to_owned(),
            self.occurred_on.to_string(),
            self.amount.to_string(),
            maybe(self.reverses.as_ref()),
        ]
    }
}

impl Record for facts::OtherAward {
    fn key(&self) -> Key {
        Key::of_cells([
            self.beneficiary_uscc.as_str(),
            self.measure.as_str(),
            self.reference.as_str(),
            self.level.as_str(),
        ])
    }

    fn cells(&self) -> Vec<String> {
        vec![
            self.beneficiary_uscc.to_string(),
            self.measure.as_str().to_owned(),
            self.reference.to_string(),
            self.level.as_str().to_owned(),
            self.amount.to_string(),
            self.awarded_on.to_string(),
        ]
    }
}

impl Record for facts::Decision {
    fn key(&self) -> Key {
        Key::of_cells([
            self.institution_code.as_str(),
            self.reference.as_str(),
            self.code.as_str(),
        ])
    }

    fn cells(&self) -> Vec<String> {
        vec![
            self.institution_code.to_string(),
            self.reference.to_string(),
            self.code.as_str().to_owned(),
            self.decision.as_str().to_owned(),
            maybe(self.value.as_ref()),
            self.decided_on.to_string(),
            self.reason.clone(),
        ]
    }
}

/// The natural key of a fact, without printing the rest of it.
pub(crate) fn key_of(fact: &Fact) -> Key {
    record(fact).key()
}

/// The key's cells in the columns' places, everything else empty.
fn key_cells(file: File, key: &Key) -> Vec<String> {
    let mut cells = key.cells();
    let content = file.columns().iter().filter(|column| !column.optional_column);
    content
        .map(|column| {
            if column.key {
                cells.next().unwrap_or("").to_owned()
            } else {
                String::new()
            }
        })
        .collect()
}

/// The row as canonical text, in the order of [`File::columns`]. Of a withdrawn record only key, revision and `true` are printed.
#[must_use]
pub fn print_row(row: &Row) -> Vec<String> {
    let mut cells = match &row.content {
        Some(fact) => record(fact).cells(),
        None => key_cells(row.file, &row.key),
    };
    cells.push(row.revision.to_string());
    cells.push(row.is_withdrawn().to_string());
    cells
}

/// SHA-256 over file, key and content with the length of each part before it, so that equal content after normalisation has an equal
/// digest. The revision is no part of it.
#[must_use]
pub fn content_digest(row: &Row) -> [u8; 32] {
    let mut hasher = Sha256::new();
    let mut add = |text: &str| {
        // A usize always fits 64 bits here; the fallback keeps the function total.
        hasher.update(u64::try_from(text.len()).unwrap_or(u64::MAX).to_be_bytes());
        hasher.update(text.as_bytes());
    };
    add(row.file.as_str());
    let mut cells = print_row(row);
    let revision = cells.len().saturating_sub(2);
    cells.remove(revision);
    cells.iter().for_each(|cell| add(cell));
    hasher.finalize().into()
}
