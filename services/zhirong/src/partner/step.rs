//! One call of a partner, and how it was answered.

use serde_json::{Value, json};

use crate::error::{CommandError, reason_of};
use tonic_types::StatusExt;

/// A call that a partner makes.
pub(super) struct Step {
    /// What it belongs to: `good`, or a misdeed.
    pub(super) deed: &'static str,
    /// What is done, in Chinese and English.
    pub(super) did: (String, String),
    /// Service and method.
    pub(super) method: &'static str,
    /// The request.
    pub(super) request: Value,
    /// How it is answered: a verdict or a refusal code.
    pub(super) expected: &'static str,
    /// What to look at next, in Chinese and English.
    pub(super) next: (&'static str, &'static str),
}

impl Step {
    /// A step that is stored, of which nothing more is to be said.
    pub(super) fn new(deed: &'static str, did: (&str, &str), method: &'static str, request: Value) -> Self {
        Self {
            deed,
            did: (did.0.to_owned(), did.1.to_owned()),
            method,
            request,
            expected: "STORED",
            next: ("", ""),
        }
    }

    /// The step with another answer than STORED.
    pub(super) const fn answers(mut self, expected: &'static str) -> Self {
        self.expected = expected;
        self
    }

    /// The step with what to look at next.
    pub(super) const fn then(mut self, zh: &'static str, en: &'static str) -> Self {
        self.next = (zh, en);
        self
    }
}

/// How a call was answered.
pub(super) struct Answered {
    /// The first verdict that is not UNCHANGED, or the refusal's code.
    pub(super) code: String,
    /// Codes of warnings.
    warnings: Vec<String>,
}

impl Answered {
    /// By a receipt.
    pub(super) fn stored(answer: &Value) -> Self {
        let facts = answer["receipt"]["facts"].as_array().cloned().unwrap_or_default();
        let verdict = |fact: &Value| {
            let name = fact["verdict"].as_str().unwrap_or_default();
            name.trim_start_matches("VERDICT_").to_owned()
        };
        let verdicts: Vec<String> = facts.iter().map(verdict).collect();
        let changed = verdicts.iter().find(|verdict| *verdict != "UNCHANGED");
        let code = changed.or(verdicts.first()).cloned().unwrap_or_default();
        let warnings = facts
            .iter()
            .flat_map(|fact| fact["warnings"].as_array().cloned().unwrap_or_default());
        Self {
            code,
            warnings: warnings
                .filter_map(|it| it["code"].as_str().map(str::to_owned))
                .collect(),
        }
    }

    /// By a refusal: the code of its first bad field, or its reason.
    ///
    /// # Errors
    /// The error itself where it is no refusal of a service.
    pub(super) fn refused(error: CommandError) -> Result<Self, CommandError> {
        match error {
            CommandError::Call { status, .. } if status.get_details_error_info().is_some() => {
                let details = status.get_error_details();
                let violations = details
                    .bad_request()
                    .map(|request| request.field_violations.clone());
                let first = violations.unwrap_or_default().into_iter().next();
                let code = first.and_then(|it| it.description.split(':').next().map(str::to_owned));
                Ok(Self {
                    code: code.unwrap_or_else(|| reason_of(&status)),
                    warnings: Vec::new(),
                })
            }
            other => Err(other),
        }
    }

    /// As it is printed.
    pub(super) fn text(&self) -> String {
        let mut text = self.code.clone();
        for warning in &self.warnings {
            text.push(' ');
            text.push_str(warning);
        }
        text
    }
}

/// Yuan.
pub(super) fn yuan(amount: &str) -> Value {
    json!({"currency_code": "CNY", "amount": amount})
}

/// Whole yuan.
pub(super) fn whole(amount: u32) -> Value {
    yuan(&format!("{amount}.00"))
}

/// A day of a year.
pub(super) fn day(year: i32, month: u32, number: u32) -> Value {
    json!({"year": year, "month": month, "day": number})
}
