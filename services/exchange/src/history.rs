//! Every revision of every record in memory, and the facts they come to.

use std::collections::HashMap;

use policy::facts::Facts;

use crate::file::File;
use crate::row::{Fact, Key, Row};

/// What became of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It is now the highest revision of its record.
    Stored,
    /// The same revision with the same content was there.
    Unchanged,
    /// The same revision with other content was there, which stands.
    Conflict,
    /// A higher revision was there: it is kept and changes nothing.
    KeptAsHistory,
}

/// One revision: its number and its content, none if it withdraws the record.
type Revision = (u32, Option<Fact>);

#[derive(Debug, Clone)]
struct Entry {
    key: Key,
    latest: Revision,
    /// Earlier ones, in order of arrival.
    earlier: Vec<Revision>,
}

impl Entry {
    fn revisions(&self) -> impl Iterator<Item = &Revision> {
        self.earlier.iter().chain(std::iter::once(&self.latest))
    }

    fn insert(&mut self, revision: u32, content: Option<Fact>) -> Verdict {
        if let Some((_, known)) = self.revisions().find(|(number, _)| *number == revision) {
            return if *known == content {
                Verdict::Unchanged
            } else {
                Verdict::Conflict
            };
        }
        if revision > self.latest.0 {
            self.earlier
                .push(std::mem::replace(&mut self.latest, (revision, content)));
            Verdict::Stored
        } else {
            self.earlier.push((revision, content));
            Verdict::KeptAsHistory
        }
    }

    /// The content that counts: of the highest revision. A withdrawn institution keeps the last content it had, since its facts count.
    fn into_content(self, file: File) -> Option<Fact> {
        if self.latest.1.is_some() || file != File::Institutions {
            return self.latest.1;
        }
        self.earlier
            .into_iter()
            .filter(|(_, content)| content.is_some())
            .max_by_key(|(number, _)| *number)?
            .1
    }
}

/// The records of one file. Entries stay in order of arrival, which is often the order of the keys already.
#[derive(Debug, Clone, Default)]
struct Table {
    places: HashMap<Key, usize>,
    entries: Vec<Entry>,
}

impl Table {
    fn get(&self, key: &str) -> Option<&Entry> {
        self.places.get(key).and_then(|place| self.entries.get(*place))
    }

    fn insert(&mut self, key: Key, revision: u32, content: Option<Fact>) -> Verdict {
        if let Some(entry) = self
            .places
            .get(&key)
            .and_then(|place| self.entries.get_mut(*place))
        {
            return entry.insert(revision, content);
        }
        self.places.insert(key.clone(), self.entries.len());
        self.entries.push(Entry {
            key,
            latest: (revision, content),
            earlier: Vec::new(),
        });
        Verdict::Stored
    }
}

/// The revisions of a city's records. Rows may come in any order; the facts are the same, unless two rows of one revision differ.
#[derive(Debug, Clone, Default)]
pub struct History {
    tables: [Table; File::ALL.len()],
}

/// The file's place in [`File::ALL`].
fn index(file: File) -> usize {
    File::ALL
        .iter()
        .position(|known| *known == file)
        .unwrap_or_default()
}

impl History {
    fn table(&self, file: File) -> Option<&Table> {
        self.tables.get(index(file))
    }

    /// Takes a row in.
    pub fn insert(&mut self, row: Row) -> Verdict {
        match self.tables.get_mut(index(row.file)) {
            Some(table) => table.insert(row.key, row.revision, row.content),
            // Every file has a table; keeping nothing is the harmless answer to what cannot be.
            None => Verdict::KeptAsHistory,
        }
    }

    /// Takes over the records of one file from a history that was read beside this one.
    pub(crate) fn adopt(&mut self, file: File, mut other: Self) {
        if let (Some(own), Some(table)) = (
            self.tables.get_mut(index(file)),
            other.tables.get_mut(index(file)),
        ) {
            *own = std::mem::take(table);
        }
    }

    /// Whether any revision of the institution was ever accepted.
    #[must_use]
    pub fn registered(&self, code: &str) -> bool {
        self.table(File::Institutions)
            .is_some_and(|table| table.get(code).is_some())
    }

    /// Whether the institution's highest revision withdraws it.
    #[must_use]
    pub fn institution_withdrawn(&self, code: &str) -> bool {
        let entry = self.table(File::Institutions).and_then(|table| table.get(code));
        entry.is_some_and(|entry| entry.latest.1.is_none())
    }

    /// Every revision of a file's records, sorted by key and revision.
    #[must_use]
    pub fn rows(&self, file: File) -> Vec<Row> {
        let entries = self
            .table(file)
            .map(|table| table.entries.as_slice())
            .unwrap_or_default();
        let of_entry = |entry: &Entry| -> Vec<Row> {
            let rows = entry.revisions().map(|(revision, content)| Row {
                file,
                key: entry.key.clone(),
                revision: *revision,
                content: content.clone(),
            });
            rows.collect()
        };
        let mut rows: Vec<Row> = entries.iter().flat_map(of_entry).collect();
        rows.sort_by(|left, right| (&left.key, left.revision).cmp(&(&right.key, right.revision)));
        rows
    }

    /// Every revision of one record, ascending; none where no revision of the key was ever taken.
    #[must_use]
    pub fn revisions(&self, file: File, key: &Key) -> Vec<Row> {
        let entry = self
            .table(file)
            .and_then(|table| table.places.get(key).and_then(|place| table.entries.get(*place)));
        let mut rows: Vec<Row> = entry
            .into_iter()
            .flat_map(Entry::revisions)
            .map(|(revision, content)| Row {
                file,
                key: key.clone(),
                revision: *revision,
                content: content.clone(),
            })
            .collect();
        rows.sort_by_key(|row| row.revision);
        rows
    }

    /// The facts that count, each file's sorted by key.
    #[must_use]
    pub fn facts(&self) -> Facts {
        self.clone().into_facts()
    }

    /// The same without a copy.
    #[must_use]
    pub fn into_facts(self) -> Facts {
        let mut facts = Facts::default();
        for (file, table) in File::ALL.iter().zip(self.tables) {
            let mut entries = table.entries;
            drop(table.places);
            entries.sort_unstable_by(|left, right| left.key.cmp(&right.key));
            entries
                .into_iter()
                .filter_map(|entry| entry.into_content(*file))
                .for_each(|fact| add(&mut facts, fact));
        }
        facts
    }
}

fn add(facts: &mut Facts, fact: Fact) {
    match fact {
        Fact::Institution(it) => facts.institutions.push(it),
        Fact::Enterprise(it) => facts.enterprises.push(it),
        Fact::Patent(it) => facts.patents.push(it),
        Fact::PatentOwner(it) => facts.patent_owners.push(it),
        Fact::Award(it) => facts.awards.push(it),
        Fact::Exclusion(it) => facts.exclusions.push(it),
        Fact::Pledge(it) => facts.pledges.push(it),
        Fact::Loan(it) => facts.loans.push(it),
        Fact::LoanEvent(it) => facts.loan_events.push(it),
        Fact::Policy(it) => facts.policies.push(it),
        Fact::PolicyPatent(it) => facts.policy_patents.push(it),
        Fact::PremiumEvent(it) => facts.premium_events.push(it),
        Fact::OtherAward(it) => facts.other_awards.push(it),
        Fact::Decision(it) => facts.decisions.push(it),
    }
}
