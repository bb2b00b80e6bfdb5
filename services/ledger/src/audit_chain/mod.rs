//! The hash chains of the audit trail: the hash of a row, and whether rows are a chain. Pure; the database computes the same hash when
//! it writes a row (`ledger.audit_row_hash`), and this computes it again wherever the rows are read.

mod wire;

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use sha2::{Digest, Sha256};
use sqlx::FromRow;
use uuid::Uuid;

pub use self::wire::{row_from_wire, row_to_wire};

/// The version of the encoding that is written.
pub const VERSION: i16 = 1;

/// What the first row of a chain names as the hash before it.
pub const GENESIS: [u8; 32] = [0; 32];

/// Begins the hashed bytes, so that they are no other document's.
const DOMAIN: &str = "zhirong.audit";

/// A row of the audit trail, with every column that its hash covers.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct AuditRow {
    /// City.
    pub city: String,
    /// Its chain: an institution's code, `bureau` or `finance`.
    pub stream: String,
    /// Its number in the chain, from 1.
    pub chain_no: i64,
    /// Hash of the row before; [`GENESIS`] for the first.
    pub previous_hash: Vec<u8>,
    /// Its own hash.
    pub row_hash: Vec<u8>,
    /// Version of the encoding.
    pub hash_version: i16,
    /// Id.
    pub audit_id: Uuid,
    /// Who acted.
    pub actor: String,
    /// As what.
    pub actor_role: String,
    /// The call.
    pub action: String,
    /// What it was about.
    pub object: String,
    /// SHA-256 of the decoded request.
    pub body_digest: Vec<u8>,
    /// The caller's request key.
    pub request_id: Option<Uuid>,
    /// The city's cut-off then.
    pub cut_off: i64,
    /// The call's trace.
    pub traceparent: Option<String>,
    /// When it was written, to the microsecond.
    pub recorded_at: DateTime<Utc>,
}

/// Adds a part to the hash: its length in four bytes, big-endian, then itself; ffffffff for one that is absent.
fn part(hasher: &mut Sha256, bytes: Option<&[u8]>) {
    match bytes {
        None => hasher.update([0xff; 4]),
        Some(bytes) => {
            // A cell of PostgreSQL is at most 1 GiB long.
            hasher.update(u32::try_from(bytes.len()).unwrap_or(u32::MAX).to_be_bytes());
            hasher.update(bytes);
        }
    }
}

/// The hash of a row as its version has it; none for a version that this program does not know.
#[must_use]
pub fn hash(row: &AuditRow) -> Option<[u8; 32]> {
    if row.hash_version != VERSION {
        return None;
    }
    let mut hasher = Sha256::new();
    let parts: [Option<&[u8]>; 16] = [
        Some(DOMAIN.as_bytes()),
        Some(&row.hash_version.to_be_bytes()),
        Some(row.city.as_bytes()),
        Some(row.stream.as_bytes()),
        Some(&row.chain_no.to_be_bytes()),
        Some(&row.previous_hash),
        Some(row.audit_id.as_bytes()),
        Some(row.actor.as_bytes()),
        Some(row.actor_role.as_bytes()),
        Some(row.action.as_bytes()),
        Some(row.object.as_bytes()),
        Some(&row.body_digest),
        row.request_id.as_ref().map(|id| &id.as_bytes()[..]),
        Some(&row.cut_off.to_be_bytes()),
        row.traceparent.as_deref().map(str::as_bytes),
        Some(&row.recorded_at.timestamp_micros().to_be_bytes()),
    ];
    for bytes in parts {
        part(&mut hasher, bytes);
    }
    Some(hasher.finalize().into())
}

/// A row of a chain that is known from elsewhere: a head, an answer, a batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pin {
    /// The row's number.
    pub chain_no: i64,
    /// Its hash in lower-case hexadecimal.
    pub hash: String,
    /// Where it is known from.
    pub source: String,
}

/// What is wrong with a chain, by the number of the row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Break {
    /// Rows are missing, or come out of their order.
    Missing {
        /// The first number that is missing.
        from: i64,
        /// The last.
        to: i64,
    },
    /// A row is not the one its hash was taken of.
    Changed {
        /// Its number.
        chain_no: i64,
    },
    /// A row names another row before it than the one that stands there.
    Unlinked {
        /// Its number.
        chain_no: i64,
    },
    /// A row is hashed in a way that this program does not know.
    VersionUnknown {
        /// Its number.
        chain_no: i64,
        /// The version.
        version: i16,
    },
    /// A row is another one than was stated elsewhere: the chain was written anew.
    PinDiffers(Pin),
    /// A row that was stated elsewhere is not there: the chain was cut short.
    PinMissing(Pin),
}

impl Break {
    /// Its name in UPPER_SNAKE case.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Missing { .. } => "AUDIT_ROW_MISSING",
            Self::Changed { .. } => "AUDIT_ROW_CHANGED",
            Self::Unlinked { .. } => "AUDIT_LINK_BROKEN",
            Self::VersionUnknown { .. } => "AUDIT_VERSION_UNKNOWN",
            Self::PinDiffers(_) => "AUDIT_HEAD_DIFFERS",
            Self::PinMissing(_) => "AUDIT_TAIL_MISSING",
        }
    }

    /// The number of the row that it is about.
    #[must_use]
    pub const fn chain_no(&self) -> i64 {
        match self {
            Self::Missing { from, .. } => *from,
            Self::Changed { chain_no }
            | Self::Unlinked { chain_no }
            | Self::VersionUnknown { chain_no, .. } => *chain_no,
            Self::PinDiffers(pin) | Self::PinMissing(pin) => pin.chain_no,
        }
    }

    /// What is wrong, in Chinese.
    #[must_use]
    pub fn zh(&self) -> String {
        match self {
            Self::Missing { from, to } => format!("缺少第 {from} 至 {to} 行"),
            Self::Changed { .. } => "内容与其哈希不符".to_owned(),
            Self::Unlinked { .. } => "与前一行的哈希不衔接".to_owned(),
            Self::VersionUnknown { version, .. } => format!("本程序不认识的哈希版本 {version}"),
            Self::PinDiffers(pin) => format!("与{}所载不同，链被改写", pin.source),
            Self::PinMissing(pin) => format!("{}所载的这一行已不存在，链被截断", pin.source),
        }
    }

    /// What is wrong, in English.
    #[must_use]
    pub fn en(&self) -> String {
        match self {
            Self::Missing { from, to } => format!("rows {from} to {to} are missing"),
            Self::Changed { .. } => "the row is not the one its hash was taken of".to_owned(),
            Self::Unlinked { .. } => "does not follow from the hash of the row before".to_owned(),
            Self::VersionUnknown { version, .. } => format!("this program knows no hash version {version}"),
            Self::PinDiffers(pin) => format!("is not the row that {} states: written anew", pin.source),
            Self::PinMissing(pin) => format!("{} states this row, and it is gone: cut short", pin.source),
        }
    }
}

/// Checks the rows of one chain as they come, ascending numbers.
#[derive(Debug, Clone)]
pub struct ChainCheck {
    rows: u64,
    last: i64,
    last_hash: Vec<u8>,
    pins: BTreeMap<i64, Vec<Pin>>,
    breaks: Vec<Break>,
}

impl ChainCheck {
    /// A chain of which these rows are known from elsewhere. Number 0 is a chain without rows and states nothing.
    #[must_use]
    pub fn new(pins: impl IntoIterator<Item = Pin>) -> Self {
        let mut by_number: BTreeMap<i64, Vec<Pin>> = BTreeMap::new();
        for pin in pins.into_iter().filter(|pin| pin.chain_no != 0) {
            by_number.entry(pin.chain_no).or_default().push(pin);
        }
        Self {
            rows: 0,
            last: 0,
            last_hash: GENESIS.to_vec(),
            pins: by_number,
            breaks: Vec::new(),
        }
    }

    /// The next row. After a break the check goes on with what the row states, so that every break is named once.
    pub fn push(&mut self, row: &AuditRow) {
        self.rows += 1;
        let chain_no = row.chain_no;
        let follows = self.last.checked_add(1) == Some(chain_no);
        if !follows {
            self.breaks.push(Break::Missing {
                from: self.last.saturating_add(1),
                to: chain_no.saturating_sub(1),
            });
        }
        match hash(row) {
            None => self.breaks.push(Break::VersionUnknown {
                chain_no,
                version: row.hash_version,
            }),
            Some(computed) if computed[..] != row.row_hash => self.breaks.push(Break::Changed { chain_no }),
            Some(_) if follows && row.previous_hash != self.last_hash => {
                self.breaks.push(Break::Unlinked { chain_no });
            }
            Some(_) => {}
        }
        let found = exchange::digest::hex(&row.row_hash);
        let differs = self.pins.remove(&chain_no).into_iter().flatten();
        self.breaks
            .extend(differs.filter(|pin| pin.hash != found).map(Break::PinDiffers));
        self.last = chain_no;
        self.last_hash.clone_from(&row.row_hash);
    }

    /// Number and hash of the last row that came.
    #[must_use]
    pub fn last(&self) -> (i64, String) {
        (self.last, exchange::digest::hex(&self.last_hash))
    }

    /// How many rows came.
    #[must_use]
    pub const fn rows(&self) -> u64 {
        self.rows
    }

    /// Every break, once the last row has come.
    #[must_use]
    pub fn finish(self) -> Vec<Break> {
        let mut breaks = self.breaks;
        breaks.extend(self.pins.into_values().flatten().map(Break::PinMissing));
        breaks
    }
}

#[cfg(test)]
mod tests;
