//! The decisions and conditions of a batch in words.

use super::Step;
use crate::codes::FindingCode;
use crate::facts::Verdict;

/// What a finding's code says, or the code itself where it is not known.
fn finding(code: &str, text: impl Fn(FindingCode) -> &'static str) -> &str {
    FindingCode::parse(code).map_or(code, |known| text(known))
}

impl Step {
    pub(super) fn condition_zh(&self) -> String {
        match self {
            Self::Decided {
                reference,
                code,
                verdict,
                value,
                decided_on,
                reason,
            } => {
                let verb = match Verdict::parse(verdict) {
                    Some(Verdict::Reject) => "驳回，不予计入",
                    _ => "接受",
                };
                let value = value
                    .as_ref()
                    .map(|value| format!("，载明 {value}"))
                    .unwrap_or_default();
                let about = finding(code, FindingCode::zh);
                format!("{decided_on} 审核{verb}：{reference} {about}{value}（{reason}）")
            }
            Self::Revoked {
                reference,
                basis,
                reason,
                at_most,
                earned,
                entitled,
            } => format!(
                "追回决定 {reference}（{basis}；{reason}）：至多保留 {at_most} 元，原计 {earned} 元，计 {entitled} 元"
            ),
            _ => self.holding_zh(),
        }
    }

    /// What holds a line, and the budget.
    fn holding_zh(&self) -> String {
        match self {
            Self::SetAside {
                reference,
                reason,
                earned,
                entitled,
            } => format!("异议 {reference}（{reason}）：应得 {earned} 元，暂计 {entitled} 元"),
            Self::Frozen {
                what,
                from,
                to,
                reason,
                earned,
                entitled,
            } => {
                let to = to.as_deref().unwrap_or("解除");
                format!("{what} 自 {from} 至 {to} 冻结（{reason}）：应得 {earned} 元，暂计 {entitled} 元")
            }
            Self::LateWindow {
                as_of,
                last_day,
                earned,
                entitled,
            } => format!("{as_of} 已过本年度补报期限 {last_day}：应得 {earned} 元，计 {entitled} 元"),
            Self::Budget {
                programme,
                available,
                wanted,
                earned,
                granted,
                entitled,
            } => {
                let of = if programme.is_empty() {
                    "未列入预算"
                } else {
                    programme
                };
                format!(
                    "预算（{of}）可用 {available} 元，本批应付合计 {wanted} 元：本行原计 {earned} 元，分得 {granted} 元，计 {entitled} 元"
                )
            }
            // Said elsewhere.
            _ => String::new(),
        }
    }

    pub(super) fn condition_en(&self) -> String {
        match self {
            Self::Decided {
                reference,
                code,
                verdict,
                value,
                decided_on,
                reason,
            } => {
                let verb = match Verdict::parse(verdict) {
                    Some(Verdict::Reject) => "rejected, counting nothing",
                    _ => "accepted",
                };
                let value = value
                    .as_ref()
                    .map(|value| format!(", stating {value}"))
                    .unwrap_or_default();
                let about = finding(code, FindingCode::en);
                format!("{decided_on} a reviewer {verb}: {reference}, {about}{value} ({reason})")
            }
            Self::Revoked {
                reference,
                basis,
                reason,
                at_most,
                earned,
                entitled,
            } => format!(
                "recovery ordered by {reference} ({basis}; {reason}): keeps at most {at_most}, before {earned}, now {entitled}"
            ),
            _ => self.holding_en(),
        }
    }

    /// What holds a line, and the budget.
    fn holding_en(&self) -> String {
        match self {
            Self::SetAside {
                reference,
                reason,
                earned,
                entitled,
            } => format!("objection {reference} ({reason}): earned {earned}, for now {entitled}"),
            Self::Frozen {
                what,
                from,
                to,
                reason,
                earned,
                entitled,
            } => {
                let to = to.as_deref().unwrap_or("it is lifted");
                format!("{what} frozen from {from} to {to} ({reason}): earned {earned}, for now {entitled}")
            }
            Self::LateWindow {
                as_of,
                last_day,
                earned,
                entitled,
            } => format!("{as_of} is after the last day {last_day}: earned {earned}, entitled {entitled}"),
            Self::Budget {
                programme,
                available,
                wanted,
                earned,
                granted,
                entitled,
            } => {
                let of = if programme.is_empty() {
                    "no appropriation is stated"
                } else {
                    programme
                };
                format!(
                    "budget ({of}): {available} left, the lines are due {wanted}; this line before {earned}, granted {granted}, entitled {entitled}"
                )
            }
            // Said elsewhere.
            _ => String::new(),
        }
    }
}
