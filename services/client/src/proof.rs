//! A pull held against what the batch says of itself, in constant memory.

use std::collections::BTreeMap;

use api::settlement::v1::stream_batch_response::Message;
use api::settlement::v1::{BatchHeader, BatchTrailer, StreamBatchResponse};
use exchange::batch::{FindingRow, LineRow, Receipt, SettledRow};
use exchange::digest::hex;
use policy::money::Money;
use sha2::{Digest, Sha256};

use crate::error::PullError;
use crate::parts::{POLICY, Parts};

/// Messages of each kind.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Counts {
    lines: i64,
    findings: i64,
    settled: i64,
    facts: i64,
}

/// What has come of a pull, and whether it fits.
#[derive(Default)]
pub(crate) struct Proof {
    /// Number of the last message; 0 before the first.
    pub(crate) sequence: i64,
    /// The receipt, once the header came.
    pub(crate) receipt: Option<Receipt>,
    /// Whether the trailer came and everything fits.
    pub(crate) is_whole: bool,
    counts: Counts,
    sum: Option<Money>,
    parts: Parts<Sha256>,
}

impl Proof {
    /// Takes the next message in; with the last one, holds everything against the receipt.
    ///
    /// # Errors
    /// [`PullError::Differs`] where a message is missing, doubled or of a later version, and where counts, sum or a digest are not
    /// those stated.
    pub(crate) fn take(&mut self, response: &StreamBatchResponse) -> Result<(), PullError> {
        if response.sequence != self.sequence + 1 {
            let en = format!("message {} came after {}", response.sequence, self.sequence);
            return Err(PullError::differs("消息不连续", en));
        }
        let Some(message) = &response.message else {
            let en = "a message is empty or of a later version";
            return Err(PullError::differs("消息为空或版本较新", en));
        };
        self.sequence = response.sequence;
        self.parts.take(message)?;
        match message {
            Message::Header(header) => self.begin(header)?,
            Message::Line(line) => {
                self.counts.lines += 1;
                let amount = line.amount.as_ref().map_or("", |money| &money.amount);
                let sum = Money::parse_signed(amount)
                    .and_then(|amount| self.sum.unwrap_or(Money::from_fen(0)).plus(amount));
                self.sum =
                    Some(sum.map_err(|error| PullError::differs("明细金额无法读取", error.to_string()))?);
            }
            Message::Finding(_) => self.counts.findings += 1,
            Message::Settled(_) => self.counts.settled += 1,
            Message::Fact(_) => self.counts.facts += 1,
            Message::Trailer(trailer) => self.finish(trailer)?,
        }
        Ok(())
    }

    /// Reads the receipt: everything after it is held against its digests, and it against its own.
    fn begin(&mut self, header: &BatchHeader) -> Result<(), PullError> {
        let receipt = Receipt::from_json(header.receipt_json.as_bytes())
            .map_err(|error| PullError::differs("回执无法读取", error.to_string()))?;
        if !receipt.is_sealed() {
            let en = "the batch digest is not that of the receipt";
            return Err(PullError::differs("批次摘要与回执内容不符", en));
        }
        self.receipt = Some(receipt);
        Ok(())
    }

    fn finish(&mut self, trailer: &BatchTrailer) -> Result<(), PullError> {
        let Some(receipt) = &self.receipt else {
            return Err(PullError::differs("缺少首条消息", "the header is missing"));
        };
        let stated = Counts {
            lines: trailer.lines_count,
            findings: trailer.findings_count,
            settled: trailer.settled_count,
            facts: trailer.facts_count,
        };
        if self.counts != stated {
            let en = format!("{:?} came of {stated:?}", self.counts);
            return Err(PullError::differs("条数不符", en));
        }
        let sum = self.sum.unwrap_or(Money::from_fen(0)).to_string();
        let stated = trailer.lines_sum.as_ref().map_or("", |money| &money.amount);
        if sum != stated || sum != receipt.line_sum {
            let en = format!("the lines sum up to {sum} and not to {stated}");
            return Err(PullError::differs("明细合计不符", en));
        }
        if trailer.digests.as_ref().map(|digests| &digests.batch) != Some(&receipt.batch_digest) {
            let en = "the trailer's batch digest is not the receipt's";
            return Err(PullError::differs("批次摘要不符", en));
        }
        if let Some(path) = self.other_file(receipt) {
            let en = format!("the digest of {path} is not the receipt's");
            return Err(PullError::differs(format!("{path} 的摘要不符"), en));
        }
        self.is_whole = true;
        Ok(())
    }

    /// The first file whose bytes have another digest than the receipt states.
    fn other_file(&self, receipt: &Receipt) -> Option<&'static str> {
        let digests: BTreeMap<&str, String> = self
            .parts
            .files
            .iter()
            .map(|(path, hasher)| (path.as_str(), hex(&hasher.clone().finalize())))
            .collect();
        let mut facts = Sha256::new();
        for (path, digest) in digests.iter().filter(|(path, _)| path.starts_with("facts/")) {
            facts.update(format!("{path}\0{digest}\n"));
        }
        let files = [
            (POLICY, &receipt.policy_digest),
            (SettledRow::FILE_NAME, &receipt.settled_digest),
            (FindingRow::FILE_NAME, &receipt.findings_digest),
            (LineRow::FILE_NAME, &receipt.lines_digest),
        ];
        let other = files
            .iter()
            .find(|(path, stated)| digests.get(path) != Some(*stated));
        match other {
            Some((path, _)) => Some(path),
            None => (hex(&facts.finalize()) != receipt.facts_digest).then_some("facts/"),
        }
    }
}

#[cfg(test)]
mod tests {
    use api::common::v1::{Finding, Money as Yuan};
    use api::settlement::v1::{BatchDigests, FactRow, Line, SettledRow as Settled};
    use exchange::digest::{facts_digest, sha256_hex};

    use super::*;

    const POLICY_TEXT: &str = "revision = 1\n";

    fn yuan(amount: &str) -> Option<Yuan> {
        Some(Yuan {
            currency_code: "CNY".to_owned(),
            amount: amount.to_owned(),
        })
    }

    fn fact(file: &str, csv_line: &str) -> Message {
        Message::Fact(FactRow {
            file: file.to_owned(),
            csv_line: csv_line.to_owned(),
        })
    }

    fn line(amount: &str) -> Message {
        Message::Line(Line {
            line_no: 1,
            beneficiary_name: "=企业, \"甲\"".to_owned(),
            amount: yuan(amount),
            ..Line::default()
        })
    }

    /// The messages between header and trailer.
    fn rows() -> Vec<Message> {
        vec![
            fact("enterprises", "uscc,name"),
            fact("enterprises", "91410502MA3X09015B,甲"),
            fact("patents", "patent_no"),
            Message::Settled(Settled {
                settled: yuan("1.00"),
                ..Settled::default()
            }),
            Message::Finding(Finding {
                code: "DRAW_BEFORE_PLEDGE".to_owned(),
                ..Finding::default()
            }),
            line("-0.50"),
        ]
    }

    fn receipt(rows: &[Message]) -> Receipt {
        let mut parts = Parts::<Vec<u8>>::default();
        rows.iter().for_each(|row| parts.take(row).unwrap());
        let facts = parts.files.iter().filter(|(path, _)| path.starts_with("facts/"));
        let facts: BTreeMap<String, &[u8]> = facts
            .map(|(path, bytes)| (path.clone(), bytes.as_slice()))
            .collect();
        let of = |path: &str| sha256_hex(&parts.files[path]);
        let text = |name: &str, value: &str| format!("\"{name}\":\"{value}\"");
        let json = [
            "{\"batch_no\":\"410500-2025-001\",\"city\":\"4105\",\"year\":2025,\"as_of\":\"2026-03-31\",\"cut_off\":1".to_owned(),
            "\"rule_revision\":\"1\",\"readings\":[],\"engine_version\":\"1\",\"line_count\":1,\"line_sum\":\"-0.50\"".to_owned(),
            text("facts_digest", &facts_digest(&facts)),
            text("policy_digest", &sha256_hex(POLICY_TEXT.as_bytes())),
            text("settled_digest", &of("settled.csv")),
            text("lines_digest", &of("lines.csv")),
            text("findings_digest", &of("findings.csv")),
            "\"explanations_digest\":\"\",\"previous_digest\":null}".to_owned(),
        ];
        Receipt::from_json(json.join(",").as_bytes()).unwrap().seal()
    }

    fn header(receipt: &Receipt, policy: &str) -> Message {
        Message::Header(BatchHeader {
            receipt_json: String::from_utf8(receipt.to_json()).unwrap(),
            policy_toml: policy.to_owned(),
            ..BatchHeader::default()
        })
    }

    fn trailer(receipt: &Receipt) -> BatchTrailer {
        BatchTrailer {
            lines_count: 1,
            lines_sum: yuan(&receipt.line_sum),
            digests: Some(BatchDigests {
                batch: receipt.batch_digest.clone(),
                ..BatchDigests::default()
            }),
            findings_count: 1,
            settled_count: 1,
            facts_count: 3,
        }
    }

    /// A pull of these rows under the receipt of the good ones; what differs.
    fn differs(policy: &str, rows: Vec<Message>, change: impl Fn(&mut BatchTrailer)) -> Option<String> {
        let receipt = receipt(&self::rows());
        let mut last = trailer(&receipt);
        change(&mut last);
        let first = std::iter::once(header(&receipt, policy));
        let messages = first.chain(rows).chain(std::iter::once(Message::Trailer(last)));
        let mut proof = Proof::default();
        for (sequence, message) in (1..).zip(messages) {
            let response = StreamBatchResponse {
                sequence,
                message: Some(message),
                ..StreamBatchResponse::default()
            };
            if let Err(error) = proof.take(&response) {
                assert!(!proof.is_whole);
                return Some(error.to_string());
            }
        }
        assert!(proof.is_whole);
        None
    }

    fn changed(at: usize, row: Message) -> Option<String> {
        let mut rows = rows();
        rows[at] = row;
        differs(POLICY_TEXT, rows, |_| {})
    }

    #[test]
    fn a_batch_as_it_was_sealed_is_whole() {
        assert_eq!(differs(POLICY_TEXT, rows(), |_| {}), None);
    }

    #[test]
    fn every_change_of_a_message_is_found() {
        let found = [
            (differs("revision = 2\n", rows(), |_| {}), "policy.toml"),
            (changed(1, fact("enterprises", "91410502MA3X09015B,乙")), "facts/"),
            (changed(2, fact("awards", "patent_no")), "facts/"),
            (changed(2, fact("../awards", "patent_no")), "is no file of facts"),
            (changed(3, Message::Settled(Settled::default())), "settled.csv"),
            (changed(4, Message::Finding(Finding::default())), "findings.csv"),
            (changed(5, line("-0.51")), "sum up to -0.51"),
            (changed(5, line("x")), "amount"),
            (differs(POLICY_TEXT, rows().split_off(1), |_| {}), "came of"),
            (
                differs(POLICY_TEXT, rows(), |last| last.facts_count = 4),
                "came of",
            ),
            (
                differs(POLICY_TEXT, rows(), |last| last.lines_sum = None),
                "sum up",
            ),
            (
                differs(POLICY_TEXT, rows(), |last| last.digests = None),
                "trailer's batch digest",
            ),
        ];
        for (found, wanted) in found {
            assert!(
                found.as_ref().is_some_and(|found| found.contains(wanted)),
                "{wanted}: {found:?}"
            );
        }
    }

    #[test]
    fn a_message_twice_or_of_a_later_version_is_found() {
        let mut proof = Proof::default();
        let response = |sequence, message| StreamBatchResponse {
            sequence,
            message,
            ..StreamBatchResponse::default()
        };
        assert!(proof.take(&response(1, None)).is_err());
        assert!(proof.take(&response(1, Some(fact("patents", "a")))).is_ok());
        assert!(proof.take(&response(1, Some(fact("patents", "a")))).is_err());
        assert!(proof.take(&response(3, Some(fact("patents", "a")))).is_err());
    }

    #[test]
    fn a_receipt_that_is_not_sealed_is_found() {
        let other = Receipt {
            line_count: 2,
            ..receipt(&rows())
        };
        let response = StreamBatchResponse {
            sequence: 1,
            message: Some(header(&other, POLICY_TEXT)),
            ..StreamBatchResponse::default()
        };
        assert!(Proof::default().take(&response).is_err());
    }
}
