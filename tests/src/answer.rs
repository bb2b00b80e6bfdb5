//! Reading answers: money, receipts, and what a refusal says of itself.

use std::collections::BTreeMap;

use api::common::v1::{Figure, Money, Receipt, StoredFact};
use tonic::{Code, Response, Status};
use tonic_types::StatusExt;

/// What a status carries besides its code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// The gRPC code.
    pub code: Code,
    /// The reason of `ErrorInfo`.
    pub reason: String,
    /// `BadRequest`: field to description, `CODE: 中文 / English`.
    pub fields: BTreeMap<String, String>,
    /// The Chinese message.
    pub zh: String,
    /// The English message.
    pub en: String,
}

impl Refused {
    /// The code of a field, if it is refused.
    pub fn code_of(&self, field: &str) -> Option<&str> {
        self.fields.get(field).and_then(|text| text.split(':').next())
    }
}

/// Reads a refusal.
pub fn refused(status: &Status) -> Refused {
    let details = status.get_error_details();
    let info = details
        .error_info()
        .unwrap_or_else(|| panic!("a status without ErrorInfo: {status:?}"));
    assert_eq!(info.domain, "zhirong");
    let fields = details.bad_request().map(|bad| {
        bad.field_violations
            .iter()
            .map(|field| (field.field.clone(), field.description.clone()))
            .collect()
    });
    Refused {
        code: status.code(),
        reason: info.reason.clone(),
        fields: fields.unwrap_or_default(),
        zh: details
            .localized_message()
            .map(|text| text.message.clone())
            .unwrap_or_default(),
        en: info.metadata.get("message_en").cloned().unwrap_or_default(),
    }
}

/// Asserts that a call was refused with this code and reason, in both languages; answers the rest.
#[track_caller]
pub fn assert_refused<T: std::fmt::Debug>(
    answer: Result<Response<T>, Status>,
    code: Code,
    reason: &str,
) -> Refused {
    let status = answer.expect_err("the call should have been refused");
    assert_eq!(status.code(), code, "{status:?}");
    let refused = refused(&status);
    assert_eq!(refused.reason, reason, "{refused:?}");
    assert!(
        !refused.zh.is_ascii() && !refused.en.is_empty(),
        "both languages: {refused:?}"
    );
    refused
}

/// The amount of money in yuan.
#[track_caller]
pub fn yuan(money: &Option<Money>) -> &str {
    let money = money.as_ref().expect("an amount");
    assert_eq!(money.currency_code, "CNY");
    &money.amount
}

/// A figure's amount.
#[track_caller]
pub fn amount(figure: &Option<Figure>) -> &str {
    yuan(&figure.as_ref().expect("a figure").amount)
}

/// A figure's clause, empty where it has none.
#[track_caller]
pub fn clause(figure: &Option<Figure>) -> &str {
    figure
        .as_ref()
        .expect("a figure")
        .clause
        .as_ref()
        .map_or("", |clause| &clause.id)
}

/// The codes of what a figure misses.
#[track_caller]
pub fn missing(figure: &Option<Figure>) -> Vec<&str> {
    figure
        .as_ref()
        .expect("a figure")
        .missing
        .iter()
        .map(|item| item.code.as_str())
        .collect()
}

/// The one fact of a receipt.
#[track_caller]
pub fn only_fact(receipt: &Option<Receipt>) -> &StoredFact {
    let receipt = receipt.as_ref().expect("a receipt");
    assert_eq!(receipt.city, "4105");
    assert_eq!(receipt.body_digest.len(), 64);
    assert!(receipt.cut_off >= 1 && receipt.recorded_at.is_some());
    match receipt.facts.as_slice() {
        [fact] => fact,
        facts => panic!("one fact expected: {facts:?}"),
    }
}
