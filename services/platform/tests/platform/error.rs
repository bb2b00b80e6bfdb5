//! The error door: what a caller can read back from a status.

use tonic::Code;
use tonic_types::StatusExt;
use zhirong_platform::error::{Error, Fault, FieldViolation, Kind, to_status};

#[derive(Debug, thiserror::Error)]
#[error("request refused")]
struct Refused(usize);

impl Fault for Refused {
    fn kind(&self) -> Kind {
        Kind::InvalidArgument
    }
    fn reason(&self) -> &'static str {
        "FIELDS_INVALID"
    }
    fn message_zh(&self) -> String {
        "请求有误".to_owned()
    }
    fn message_en(&self) -> String {
        "the request is wrong".to_owned()
    }
    fn violations(&self) -> Vec<FieldViolation> {
        let violation = |n| FieldViolation {
            field: format!("rows[{n}].amount"),
            code: "AMOUNT_NEGATIVE",
            zh: "金额不能为负".to_owned(),
            en: "an amount is never negative".to_owned(),
        };
        (0..self.0).map(violation).collect()
    }
    fn metadata(&self) -> Vec<(&'static str, String)> {
        vec![("line", "7".to_owned())]
    }
}

#[test]
fn reason_languages_and_every_field_come_back() {
    let status = to_status(&Refused(2));
    assert_eq!(
        (status.code(), status.message()),
        (Code::InvalidArgument, "the request is wrong")
    );
    let details = status.get_error_details();
    let info = details.error_info().unwrap();
    assert_eq!(
        (info.reason.as_str(), info.domain.as_str()),
        ("FIELDS_INVALID", "zhirong")
    );
    assert_eq!(info.metadata["line"], "7");
    assert_eq!(info.metadata["violation_rows_1__amount"], "AMOUNT_NEGATIVE");
    assert_eq!(info.metadata["message_en"], "the request is wrong");
    let localized = details.localized_message().unwrap();
    assert_eq!(
        (localized.locale.as_str(), localized.message.as_str()),
        ("zh-CN", "请求有误")
    );
    let fields = &details.bad_request().unwrap().field_violations;
    assert_eq!(fields.len(), 2);
    assert_eq!(fields[1].field, "rows[1].amount");
    assert_eq!(
        fields[1].description,
        "AMOUNT_NEGATIVE: 金额不能为负 / an amount is never negative"
    );
}

/// A refusal that repeats what it was sent.
#[derive(Debug, thiserror::Error)]
#[error("request refused")]
struct Repeating(String);

impl Fault for Repeating {
    fn kind(&self) -> Kind {
        Kind::InvalidArgument
    }
    fn reason(&self) -> &'static str {
        "NAME_MALFORMED"
    }
    fn message_zh(&self) -> String {
        self.0.clone()
    }
    fn message_en(&self) -> String {
        self.0.clone()
    }
    fn violations(&self) -> Vec<FieldViolation> {
        vec![FieldViolation {
            field: "name".to_owned(),
            code: "NAME_MALFORMED",
            zh: self.0.clone(),
            en: self.0.clone(),
        }]
    }
}

#[test]
fn what_was_sent_is_repeated_up_to_a_bound() {
    let short = "长".repeat(300);
    assert_eq!(to_status(&Repeating(short.clone())).message(), short);
    let status = to_status(&Repeating("长".repeat(5_000)));
    assert!(status.message().ends_with("长…"), "{}", status.message());
    assert!(status.message().len() <= 1_024 + "…".len());
    assert!(
        status.details().len() * 4 / 3 < 8_000,
        "{}",
        status.details().len()
    );
}

#[test]
fn details_fit_into_a_header_and_say_what_was_left_off() {
    let status = to_status(&Refused(500));
    let details = status.get_error_details();
    let shown = details.bad_request().unwrap().field_violations.len();
    let left_off: usize = details.error_info().unwrap().metadata["violations_left_off"]
        .parse()
        .unwrap();
    assert_eq!(shown + left_off, 500);
    assert!(shown >= 20, "{shown}");
    assert!(
        status.details().len() * 4 / 3 < 8_000,
        "{}",
        status.details().len()
    );
}

#[test]
fn the_cause_of_an_internal_error_stays_inside() {
    let status = to_status(&Error::Database(sqlx::Error::Protocol("canary".to_owned())));
    assert_eq!(status.code(), Code::Internal);
    assert!(!format!("{status:?}").contains("canary"));
    let gone = to_status(&Error::Database(sqlx::Error::PoolClosed));
    assert_eq!(gone.code(), Code::Unavailable);
    assert!(gone.get_error_details().retry_info().is_some());
}
