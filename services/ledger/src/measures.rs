//! What this crate counts; each name is in docs/metrics.md.

use std::collections::BTreeMap;

use api::common::v1::{RowVerdict, Verdict as WireVerdict};
use exchange::{File, Verdict};
use platform::metrics::{Counter, is_on};
use policy::ident::City;

/// Records that a report or an import brought and that were kept, were there already, or came after a later revision.
static RECORDS: Counter = Counter::new(
    "zhirong.records",
    "{record}",
    "Records of committed reports and imports, by exchange file and verdict.",
);

/// Rows of imports that were refused; a row with several faults counts once under each.
static ROWS_REFUSED: Counter = Counter::new(
    "zhirong.rows.refused",
    "{row}",
    "Refused rows of imports, by exchange file and refusal code.",
);

/// Counts what became of the records of one file, once their transaction is committed. Conflicts are refusals and not counted here.
pub(crate) fn stored(city: &City, file: File, verdicts: &[Verdict]) {
    for (verdict, word) in [
        (Verdict::Stored, "stored"),
        (Verdict::Unchanged, "unchanged"),
        (Verdict::KeptAsHistory, "kept_as_history"),
    ] {
        let count = verdicts.iter().filter(|own| **own == verdict).count();
        if count > 0 {
            let attributes = [
                ("city", city.as_str()),
                ("file", file.as_str()),
                ("verdict", word),
            ];
            RECORDS.record(u64::try_from(count).unwrap_or(u64::MAX), &attributes);
        }
    }
}

/// Counts the refused rows of one message of an import, which was answered after its transaction.
pub(crate) fn refused(city: &City, verdicts: &[RowVerdict]) {
    if !is_on() {
        return;
    }
    let mut counts: BTreeMap<(&str, &str), u64> = BTreeMap::new();
    let refused = verdicts
        .iter()
        .filter(|row| row.verdict() == WireVerdict::Refused);
    for refusal in refused.flat_map(|row| &row.refusals) {
        // A file that nobody knows is the caller's word and no series.
        let file = File::parse(&refusal.file).map_or("unknown", File::as_str);
        *counts.entry((file, refusal.code.as_str())).or_default() += 1;
    }
    for ((file, code), count) in counts {
        ROWS_REFUSED.record(count, &[("city", city.as_str()), ("file", file), ("code", code)]);
    }
}
