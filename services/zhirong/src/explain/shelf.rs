//! The reported records by key, with every revision, and which of them an explanation cited.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use exchange::row::Fact;
use exchange::{File, History, Row, print_row};

use super::node::Node;

/// Records of a city by file and key; the cells of a key are joined by `/`.
pub(super) struct Shelf {
    records: BTreeMap<(File, String), Vec<Row>>,
    cited: RefCell<BTreeSet<(File, String)>>,
}

impl Shelf {
    /// Every revision of a history.
    #[must_use]
    pub(super) fn new(history: &History) -> Self {
        let mut records: BTreeMap<(File, String), Vec<Row>> = BTreeMap::new();
        for file in File::ALL {
            for row in history.rows(*file) {
                let key = row.key.cells().collect::<Vec<_>>().join("/");
                records.entry((*file, key)).or_default().push(row);
            }
        }
        Self {
            records,
            cited: RefCell::default(),
        }
    }

    /// Records whose key is this or begins with it: the key, and the revisions ascending.
    pub(super) fn find(&self, file: File, key: &str) -> impl Iterator<Item = (&str, &[Row])> {
        let own = key.to_owned();
        self.records
            .range((file, own.clone())..)
            .take_while(move |((of, known), _)| *of == file && known.starts_with(&own))
            .filter({
                let own = key.to_owned();
                move |((_, known), _)| {
                    known.len() == own.len() || known.as_bytes().get(own.len()) == Some(&b'/')
                }
            })
            .map(|((_, known), rows)| (known.as_str(), rows.as_slice()))
    }

    /// The contents that count of the records found under a key.
    pub(super) fn facts(&self, file: File, key: &str) -> impl Iterator<Item = (&str, &Fact)> {
        self.find(file, key)
            .filter_map(|(key, rows)| Some((key, rows.last()?.content.as_ref()?)))
    }

    /// The contents that count of a whole file.
    pub(super) fn all(&self, file: File) -> impl Iterator<Item = (&str, &Fact)> {
        self.records
            .range((file, String::new())..)
            .take_while(move |((of, _), _)| *of == file)
            .filter_map(|((_, key), rows)| Some((key.as_str(), rows.last()?.content.as_ref()?)))
    }

    /// The records under a key as nodes: the highest revision, and below it the earlier ones.
    pub(super) fn nodes(&self, file: File, key: &str) -> Vec<Node> {
        let nodes = self.find(file, key).map(|(key, rows)| {
            self.cited.borrow_mut().insert((file, key.to_owned()));
            let (latest, earlier) = rows
                .split_last()
                .map_or((None, rows), |(last, rest)| (Some(last), rest));
            let node = Node::new(latest.map_or_else(String::new, |row| fact(key, row)), "");
            node.with(
                earlier
                    .iter()
                    .rev()
                    .map(|row| Node::new(format!("此前修订 earlier {}", fact(key, row)), "")),
            )
        });
        nodes.collect()
    }

    /// What was cited since the last time this was asked.
    pub(super) fn take_cited(&self) -> BTreeSet<(File, String)> {
        self.cited.take()
    }
}

/// One revision in one line: file, key, revision and cells.
fn fact(key: &str, row: &Row) -> String {
    let mut text = format!(
        "〔{} {}〕{key} 修订 revision {}",
        row.file.zh(),
        row.file.as_str(),
        row.revision
    );
    if row.is_withdrawn() {
        text.push_str("，已撤销 withdrawn");
        return text;
    }
    let cells = print_row(row).into_iter().zip(row.file.columns());
    let told: Vec<String> = cells
        .filter(|(cell, column)| !column.key && !column.optional_column && !cell.is_empty())
        .map(|(cell, column)| format!("{} {}={cell}", column.zh, column.name))
        .collect();
    format!("{text}: {}", told.join("，"))
}
