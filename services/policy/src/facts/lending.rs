//! What lenders report: pledges, loan contracts and what happened on them.

use chrono::{DateTime, NaiveDate, Utc};

use super::{Collateral, LoanEventKind};
use crate::date::beijing_date;
use crate::ident::{InstitutionCode, PatentNo, PledgeNo, Reference, Uscc};
use crate::money::{Money, Rate};

/// A pledge registration 质押登记 (file `pledges`), as its lender recorded it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pledge {
    /// 机构代码 of the lender that reports it
    pub institution_code: InstitutionCode,
    /// 登记号
    pub pledge_no: PledgeNo,
    /// 出质人
    pub pledgor_uscc: Uscc,
    /// 质权人
    pub pledgee_uscc: Uscc,
    /// 登记日
    pub registered_on: NaiveDate,
    /// 注销日, the pledge's last day
    pub cancelled_on: Option<NaiveDate>,
    /// 质押专利, ascending and without repeats
    pub patents: Vec<PatentNo>,
}

/// A loan contract 贷款合同 (file `loans`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Loan {
    /// 机构代码 of the lender
    pub institution_code: InstitutionCode,
    /// 合同号
    pub contract_no: Reference,
    /// 借款人
    pub borrower_uscc: Uscc,
    /// 合同金额
    pub contract_amount: Money,
    /// 签订日
    pub signed_on: NaiveDate,
    /// 循环
    pub revolving: bool,
    /// 担保方式
    pub collateral: Collateral,
    /// 专利占比, only for mixed collateral
    pub patent_share: Option<Rate>,
    /// 登记号 of the lender's own pledge record
    pub pledge_no: Option<PledgeNo>,
    /// 续贷原合同
    pub renewal_of: Option<Reference>,
    /// 银团协议号
    pub syndicate_no: Option<Reference>,
}

/// A draw, repayment, reversal, extension or rollover 放款还款 (file `loan_events`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoanEvent {
    /// 机构代码
    pub institution_code: InstitutionCode,
    /// 合同号
    pub contract_no: Reference,
    /// 流水号
    pub event_no: Reference,
    /// 类型
    pub kind: LoanEventKind,
    /// 发生时间
    pub occurred_at: DateTime<Utc>,
    /// 金额, above 0 for every kind
    pub amount: Money,
    /// 冲正流水号, exactly for a reversal
    pub reverses: Option<Reference>,
}

impl LoanEvent {
    /// The Beijing date of the event.
    #[must_use]
    pub fn date(&self) -> NaiveDate {
        beijing_date(self.occurred_at)
    }
}
