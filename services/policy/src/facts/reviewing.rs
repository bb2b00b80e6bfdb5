//! What reviewers decide: the decisions on findings.

use chrono::NaiveDate;

use super::closed_list;
use crate::codes::FindingCode;
use crate::ident::{InstitutionCode, Reference};
use crate::money::Rate;

closed_list!(
    /// What a reviewer decides of a finding.
    Verdict {
        /// 接受: the finding no longer stands in the way
        Accept = "accept",
        /// 驳回: what it concerns counts nothing
        Reject = "reject",
    }
);

/// A reviewer's decision on a finding 审核决定 (file `decisions`): a dated fact like any other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// 机构代码 of the institution whose record it concerns
    pub institution_code: InstitutionCode,
    /// 对应编号: its contract or policy number
    pub reference: Reference,
    /// 提示代码 of the finding decided on
    pub code: FindingCode,
    /// 决定
    pub decision: Verdict,
    /// 数值 that the decision states, such as the patent share of a mixed contract
    pub value: Option<Rate>,
    /// 决定日
    pub decided_on: NaiveDate,
    /// 理由
    pub reason: String,
}
