//! Which fields name something that may be somebody else's, and values for them that nobody has.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::faults::interface::{Leaf, Shape, leaves};
use crate::ids;
use crate::parity::methods;

/// Fields that name a thing by their whole name.
const NAMING: [&str; 19] = [
    "name",
    "parent",
    "line",
    "endpoint",
    "mapping",
    "holder",
    "subject",
    "patents",
    "renewal_of",
    "reverses",
    "reference",
    "stream",
    "uscc",
    "institution_code",
    "spki_digest",
    "certificate_pem",
    "page_token",
    "resume_token",
    "cnaps",
];

/// Ends of the names of fields that name a thing.
const NAMING_ENDS: [&str; 2] = ["_no", "_uscc"];

/// Texts and bytes that name nothing of anybody's: contents, words of lists, a caller's own keys, and what is compared and never looked up.
const OTHERS: [&str; 53] = [
    "account_name",
    "account_tail",
    "agency_code",
    "agency_name",
    "approval",
    "archive_digest",
    "award_name",
    "bank_name",
    "bank_serial",
    "basis",
    "batch_digest",
    "bgt_type_code",
    "chunk",
    "clause",
    "code",
    "column",
    "content",
    "csv",
    "dep_exp_eco_code",
    "dep_pro_code",
    "description",
    "division_code",
    "etag",
    "event_types",
    "exp_func_code",
    "file",
    "file_name",
    "files",
    "from",
    "fund_type_code",
    "gov_exp_eco_code",
    "header",
    "id",
    "legal_person_name",
    "month",
    "objector_name",
    "occurred_at",
    "patent_share",
    "pay_acct_bank_name",
    "pay_acct_name",
    "pay_bank_code",
    "pay_summary_code",
    "pay_type_code",
    "pro_cat_code",
    "programme",
    "reason",
    "request_id",
    "set_mode_code",
    "sha256",
    "sheet",
    "source",
    "sup_dep_code",
    "title",
];

/// As [`OTHERS`], those whose names are too short to be told from ends of others.
const OTHERS_SHORT: [&str; 4] = ["to", "url", "value", "vt_code"];

/// Whether a field names a thing.
pub(super) fn is_naming(name: &str) -> bool {
    NAMING.contains(&name) || NAMING_ENDS.iter().any(|end| name.ends_with(end))
}

fn is_known(name: &str) -> bool {
    is_naming(name) || OTHERS.contains(&name) || OTHERS_SHORT.contains(&name)
}

/// Fields of requests that are in neither list: whoever adds one says here whether it names a thing.
pub fn unclassified() -> Vec<String> {
    let mut found = Vec::new();
    for method in methods().all() {
        let unknown = leaves(&method.input)
            .into_iter()
            .filter(|leaf| matches!(leaf.shape, Shape::Text | Shape::Bytes) && !is_known(leaf.name()));
        found.extend(unknown.map(|leaf| format!("{} {leaf}", method.path)));
    }
    found
}

/// The fields of a method that name a thing.
pub(super) fn naming(method: &gateway::Method) -> Vec<Leaf> {
    let mut found = leaves(&method.input);
    found.retain(|leaf| matches!(leaf.shape, Shape::Text | Shape::Bytes) && is_naming(leaf.name()));
    found
}

/// What a field would name in the world of the scene, where the scene's own request leaves it out.
pub(super) fn foreign(name: &str) -> Option<String> {
    Some(match name {
        "contract_no" | "renewal_of" | "reference" => "HT-1".to_owned(),
        "policy_no" => "BD-1".to_owned(),
        "pledge_no" => ids::pledge(1),
        "patent_no" | "patents" => ids::invention(1),
        "institution_code" | "holder" | "stream" => ids::bank(1),
        "event_no" | "reverses" => "1".to_owned(),
        name if name.ends_with("uscc") => ids::enterprise(1),
        _ => return None,
    })
}

/// Names that nobody has, for those of the scene: the same form, other numbers.
#[derive(Debug, Clone)]
pub(super) struct Absent {
    number: u32,
    /// Foreign to absent, as they were needed.
    pub(super) tokens: BTreeMap<String, String>,
}

impl Absent {
    /// Names of this number, which no other case has.
    pub(super) fn new(number: u32) -> Self {
        Self {
            number,
            tokens: BTreeMap::new(),
        }
    }

    /// The text with every name in it replaced; the same text where there is none.
    pub(super) fn of(&mut self, field: &str, text: &str) -> String {
        if matches!(field, "event_no" | "reverses") {
            return self.event();
        }
        let mut text = text.to_owned();
        for (known, other) in self.pairs() {
            if text.contains(&known) {
                text = text.replace(&known, &other);
                self.tokens.insert(known, other);
            }
        }
        let by_place = [Self::batch, Self::hex, Self::uuid, Self::counted];
        by_place.iter().fold(text, |text, replace| replace(self, text))
    }

    /// Number of an event that nobody has.
    pub(super) fn event(&self) -> String {
        format!("{}", 8_000_000 + self.number)
    }

    /// Names of the scene with others that have right check digits too.
    fn pairs(&self) -> Vec<(String, String)> {
        let mut pairs = Vec::new();
        for number in 1..=6 {
            let other = 100_000 + self.number * 8 + number;
            pairs.push((ids::enterprise(number), ids::enterprise(other)));
            pairs.push((ids::legal_person(number), ids::legal_person(other)));
            pairs.push((ids::invention(number), ids::invention(other)));
            pairs.push((ids::utility_model(number), ids::utility_model(other)));
            pairs.push((ids::pledge(number), ids::pledge(other)));
            pairs.push((ids::bank(number), ids::bank(other)));
            pairs.push((ids::insurer(number), ids::insurer(other)));
        }
        for (known, other) in [
            ("HT-", "QX"),
            ("BD-", "QY"),
            ("columnMappings/core", "columnMappings/none"),
        ] {
            pairs.push((known.to_owned(), format!("{other}{:06}-", self.number)));
        }
        pairs
    }

    /// `410500-2025-001`: a batch of the year that was never opened, or an objection, or an order.
    fn batch(&mut self, text: String) -> String {
        const CITY: &str = "410500-";
        let Some(at) = text.find(CITY) else { return text };
        let Some(known) = text.get(at..at + 15).map(str::to_owned) else {
            return text;
        };
        let other = format!("{}{:03}", &known[..12], 800 + self.number % 190);
        let text = text.replacen(&known, &other, 1);
        self.tokens.insert(known, other);
        text
    }

    /// The digest of a key.
    fn hex(&mut self, text: String) -> String {
        let tail = text.rsplit('/').next().unwrap_or_default().to_owned();
        if tail.len() != 64 || !tail.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return text;
        }
        let other = format!("{:08x}{}", self.number, &tail[8..]);
        let text = text.replace(&tail, &other);
        self.tokens.insert(tail, other);
        text
    }

    /// An id that was made by chance.
    fn uuid(&mut self, text: String) -> String {
        let tail = text.rsplit('/').next().unwrap_or_default().to_owned();
        if tail.len() != 36 || tail.bytes().filter(|byte| *byte == b'-').count() != 4 {
            return text;
        }
        let other = format!("{}{:012x}", &tail[..24], self.number);
        let text = text.replace(&tail, &other);
        self.tokens.insert(tail, other);
        text
    }

    /// `freezes/1`.
    fn counted(&mut self, text: String) -> String {
        match text.strip_prefix("freezes/") {
            Some(known) => {
                let other = format!("freezes/{}", 800_000 + self.number);
                self.tokens.insert(format!("freezes/{known}"), other.clone());
                other
            }
            None => text,
        }
    }
}

/// A value of a field as text.
pub(super) fn text_of(value: Option<&Value>) -> Option<&str> {
    value.and_then(Value::as_str).filter(|text| !text.is_empty())
}
