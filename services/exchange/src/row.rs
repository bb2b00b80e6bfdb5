//! A record on its way: cells of text, the parsed row, its key and content.

use std::borrow::Borrow;
use std::collections::BTreeSet;
use std::sync::Arc;

use policy::facts;
use policy::ident::Uscc;

use crate::file::{File, Owner};

/// A column that the file does not have.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{file} has no column {column}")]
pub struct UnknownColumn {
    /// English name of the file.
    pub file: &'static str,
    /// The name that was given.
    pub column: String,
}

/// The cells of one record: column name to text. A cell that is never set is empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cells {
    file: File,
    values: Vec<String>,
}

impl Cells {
    /// Empty cells of a file's record.
    #[must_use]
    pub fn new(file: File) -> Self {
        Self {
            file,
            values: vec![String::new(); file.columns().len()],
        }
    }

    /// Cells in the order of [`File::columns`]; missing ones are empty, further ones dropped.
    #[must_use]
    pub fn from_values(file: File, mut values: Vec<String>) -> Self {
        values.resize(file.columns().len(), String::new());
        Self { file, values }
    }

    /// Sets the cell of a column, by English name.
    ///
    /// # Errors
    /// [`UnknownColumn`].
    pub fn set(&mut self, column: &str, text: impl Into<String>) -> Result<(), UnknownColumn> {
        let position = self.file.columns().iter().position(|known| known.name == column);
        match position.and_then(|position| self.values.get_mut(position)) {
            Some(value) => {
                *value = text.into();
                Ok(())
            }
            None => Err(UnknownColumn {
                file: self.file.as_str(),
                column: column.to_owned(),
            }),
        }
    }

    /// The cell of a column, by English name; empty if the file has no such column.
    #[must_use]
    pub fn get(&self, column: &str) -> &str {
        let position = self.file.columns().iter().position(|known| known.name == column);
        position
            .and_then(|position| self.values.get(position))
            .map_or("", String::as_str)
    }

    /// The cells in the order of [`File::columns`].
    #[must_use]
    pub fn values(&self) -> &[String] {
        &self.values
    }
}

/// Which credit codes are taken although a check character is wrong: a few in circulation are.
#[derive(Debug, Clone, Default)]
pub struct Allow {
    codes: BTreeSet<String>,
    stored: bool,
}

impl Allow {
    /// Allows these codes.
    #[must_use]
    pub fn codes<I: IntoIterator<Item = String>>(codes: I) -> Self {
        Self {
            codes: codes.into_iter().collect(),
            stored: false,
        }
    }

    /// For records that were checked when they were stored: an allow-list that shrinks later must not lose them.
    #[must_use]
    pub fn stored() -> Self {
        Self {
            codes: BTreeSet::new(),
            stored: true,
        }
    }

    /// Whether records are stored ones, which were checked before.
    pub(crate) const fn is_stored(&self) -> bool {
        self.stored
    }

    /// Whether the code is taken without looking at its check characters.
    #[must_use]
    pub fn trusts(&self, code: &Uscc) -> bool {
        self.stored || self.codes.contains(code.as_str())
    }
}

macro_rules! facts {
    ($($(#[$doc:meta])* $variant:ident => $file:ident),+ $(,)?) => {
        /// The content of a record: one variant a file.
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub enum Fact { $($(#[$doc])* $variant(facts::$variant)),+ }

        impl Fact {
            /// The file it belongs to.
            #[must_use]
            pub const fn file(&self) -> File {
                match self { $(Self::$variant(_) => File::$file),+ }
            }
        }
    };
}

facts!(
    /// 机构
    Institution => Institutions,
    /// 企业
    Enterprise => Enterprises,
    /// 专利
    Patent => Patents,
    /// 专利权属
    PatentOwner => PatentOwners,
    /// 专利奖
    Award => Awards,
    /// 限制名单
    Exclusion => Exclusions,
    /// 质押登记
    Pledge => Pledges,
    /// 贷款合同
    Loan => Loans,
    /// 放款还款
    LoanEvent => LoanEvents,
    /// 保单
    Policy => Policies,
    /// 保单专利
    PolicyPatent => PolicyPatents,
    /// 保费收退
    PremiumEvent => PremiumEvents,
    /// 其他资金
    OtherAward => OtherAwards,
    /// 审核决定
    Decision => Decisions,
);

/// Separates the cells of a key. No cell may hold a control character, and it sorts before all that one may,
/// so keys order as their cells do.
const KEY_SEPARATOR: char = '\u{1f}';

/// The natural key of a record: its key cells in canonical form, in the contract's order.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key(Arc<str>);

impl Borrow<str> for Key {
    /// The joined cells, which equal, order and hash as the key does.
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl Key {
    pub(crate) fn new(joined: &str) -> Self {
        Self(Arc::from(joined))
    }

    /// Joins canonical key cells. Only of cells that a parsed row printed; others may join to another key.
    #[must_use]
    pub fn of_cells<'a>(cells: impl IntoIterator<Item = &'a str>) -> Self {
        let mut joined = String::new();
        for cell in cells {
            push_key_cell(&mut joined, cell);
        }
        Self::new(&joined)
    }

    /// The cells.
    pub fn cells(&self) -> impl Iterator<Item = &str> {
        self.0.split(KEY_SEPARATOR)
    }

    /// The first cell.
    #[must_use]
    pub fn first(&self) -> &str {
        self.cells().next().unwrap_or("")
    }
}

/// Appends a cell to the text of a key; no cell of a key is empty.
pub(crate) fn push_key_cell(joined: &mut String, cell: &str) {
    if !joined.is_empty() {
        joined.push(KEY_SEPARATOR);
    }
    joined.push_str(cell);
}

/// One revision of one record, valid in itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// The file it belongs to.
    pub file: File,
    /// Its natural key.
    pub key: Key,
    /// Its revision, from 1.
    pub revision: u32,
    /// Its content; none for a revision that withdraws the record.
    pub content: Option<Fact>,
}

impl Row {
    /// The institution it belongs to, of the files that institutions report.
    #[must_use]
    pub fn institution_code(&self) -> Option<&str> {
        match self.file.owner() {
            Owner::Institution => Some(self.key.first()),
            Owner::Bureau => None,
        }
    }

    /// The institution that must have been registered for the row to be taken: whose record it is, or whose record it decides on.
    #[must_use]
    pub fn named_institution(&self) -> Option<&str> {
        match self.file {
            File::Decisions => Some(self.key.first()),
            _ => self.institution_code(),
        }
    }

    /// Whether this revision withdraws the record.
    #[must_use]
    pub const fn is_withdrawn(&self) -> bool {
        self.content.is_none()
    }
}
