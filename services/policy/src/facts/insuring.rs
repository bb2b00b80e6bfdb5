//! What insurers report: policies, their schedules of patents and the premiums.

use chrono::NaiveDate;

use super::{PremiumEventKind, Product};
use crate::date::Period;
use crate::ident::{InstitutionCode, PatentNo, Reference, Uscc};
use crate::money::Money;

/// An insurance policy 保单 (file `policies`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// 机构代码 of the insurer
    pub institution_code: InstitutionCode,
    /// 保单号
    pub policy_no: Reference,
    /// 险种
    pub product: Product,
    /// 投保人
    pub policyholder_uscc: Uscc,
    /// 起期
    pub cover_from: NaiveDate,
    /// 止期
    pub cover_to: NaiveDate,
    /// 保额
    pub sum_insured: Option<Money>,
}

impl Policy {
    /// The days of cover.
    #[must_use]
    pub fn cover(&self) -> Period {
        Period {
            from: self.cover_from,
            to: Some(self.cover_to),
        }
    }
}

/// One patent on a policy's schedule 保单专利 (file `policy_patents`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyPatent {
    /// 机构代码
    pub institution_code: InstitutionCode,
    /// 保单号
    pub policy_no: Reference,
    /// 专利号
    pub patent_no: PatentNo,
    /// 分项保费
    pub premium: Option<Money>,
}

/// A premium paid or refunded 保费收退 (file `premium_events`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PremiumEvent {
    /// 机构代码
    pub institution_code: InstitutionCode,
    /// 保单号
    pub policy_no: Reference,
    /// 流水号
    pub event_no: Reference,
    /// 类型
    pub kind: PremiumEventKind,
    /// 发生日
    pub occurred_on: NaiveDate,
    /// 金额, above 0 for both kinds
    pub amount: Money,
    /// The payment that a refund refunds, exactly for a refund
    pub reverses: Option<Reference>,
}
