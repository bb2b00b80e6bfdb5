//! The facts of a city: the records of the exchange contract, parsed and valid in themselves.
//!
//! One struct a file of section 2; the field names are the column names. What is wrong only together with other
//! records is not an error here: it becomes a finding of the engine.

use chrono::{DateTime, NaiveDate, Utc};

use crate::date::{Period, beijing_date};
use crate::ident::{Division, InstitutionCode, PatentNo, PledgeNo, Reference, Uscc};
use crate::money::{Money, Rate};

macro_rules! closed_list {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $text:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name { $($(#[$vdoc])* $variant),+ }

        impl $name {
            /// Every value, in the order of the contract.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The word of the exchange contract.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text),+ }
            }

            /// Reads the word of the exchange contract.
            #[must_use]
            pub fn parse(text: &str) -> Option<Self> {
                match text { $($text => Some(Self::$variant),)+ _ => None }
            }
        }
    };
}
pub(crate) use closed_list;

closed_list!(
    /// What an institution is (类型).
    InstitutionKind {
        /// 银行
        Bank = "bank",
        /// 信托公司
        Trust = "trust",
        /// 财务公司
        FinanceCompany = "finance_company",
        /// 消费金融公司
        ConsumerFinance = "consumer_finance",
        /// 金融租赁公司
        FinancialLeasing = "financial_leasing",
        /// 保险公司
        Insurer = "insurer",
        /// 担保公司
        Guarantor = "guarantor",
        /// 小额贷款公司, a local financial organisation and not a licensed 金融机构
        Microlender = "microlender",
        /// 融资租赁公司
        Leasing = "leasing",
        /// anything else
        Other = "other",
    }
);

impl InstitutionKind {
    /// Whether it is a 金融机构 in the sense of (八): the holder of a financial licence that lends.
    #[must_use]
    pub const fn is_financial_institution(self) -> bool {
        matches!(
            self,
            Self::Bank | Self::Trust | Self::FinanceCompany | Self::ConsumerFinance | Self::FinancialLeasing
        )
    }
}

closed_list!(
    /// Why a patent ended (终止原因).
    EndReason {
        /// 未缴年费或放弃
        Lapsed = "lapsed",
        /// 宣告无效
        Invalidated = "invalidated",
        /// 期限届满
        Expired = "expired",
        /// 书面放弃
        Surrendered = "surrendered",
    }
);

closed_list!(
    /// What a holder is to a patent (身份).
    HolderRole {
        /// 权利人
        Owner = "owner",
        /// 被许可人
        Licensee = "licensee",
    }
);

closed_list!(
    /// Level of a patent award (级别).
    AwardLevel {
        /// 国家级
        National = "national",
        /// 省级
        Provincial = "provincial",
        /// 市级
        Municipal = "municipal",
    }
);

closed_list!(
    /// Grade of an entry in the exclusion list (等级).
    ExclusionGrade {
        /// 关注: only warns
        Watch = "watch",
        /// 取消资格
        Exclude = "exclude",
    }
);

closed_list!(
    /// What secures a loan (担保方式).
    Collateral {
        /// 专利权质押
        Patent = "patent",
        /// 组合担保: patents and something else
        Mixed = "mixed",
        /// 商标
        Trademark = "trademark",
        /// 集成电路布图设计
        LayoutDesign = "layout_design",
        /// 数据知识产权
        Data = "data",
        /// 其他
        Other = "other",
    }
);

closed_list!(
    /// What happened on a loan.
    LoanEventKind {
        /// 放款
        Draw = "draw",
        /// 还款
        Repayment = "repayment",
        /// 冲正 of the event it names
        Reversal = "reversal",
        /// 展期
        Extension = "extension",
        /// 无还本续贷、借新还旧 without new money
        Rollover = "rollover",
    }
);

closed_list!(
    /// Insurance product (险种).
    Product {
        /// 专利执行保险
        Enforcement = "enforcement",
        /// 侵犯专利权责任保险
        InfringementLiability = "infringement_liability",
        /// 专利被侵权损失保险
        InfringementLoss = "infringement_loss",
        /// 质押融资保证保险: insures the loan, not the patent
        LoanGuarantee = "loan_guarantee",
        /// 其他
        Other = "other",
    }
);

closed_list!(
    /// What happened on a policy.
    PremiumEventKind {
        /// 缴费
        Payment = "payment",
        /// 退费 of the payment it names
        Refund = "refund",
    }
);

closed_list!(
    /// The measure that other levels' money concerns (项目).
    OtherMeasure {
        /// 贷款补助
        LoanSubsidy = "loan_subsidy",
        /// 保费补贴
        PremiumSubsidy = "premium_subsidy",
    }
);

closed_list!(
    /// Level of other public money.
    OtherLevel {
        /// 国家
        National = "national",
        /// 省
        Provincial = "provincial",
        /// 县（市、区）
        County = "county",
        /// 园区
        Zone = "zone",
        /// 其他
        Other = "other",
    }
);

impl OtherLevel {
    /// Whether the money is national or provincial, which holds a loan (reading R13L).
    #[must_use]
    pub const fn is_upper(self) -> bool {
        matches!(self, Self::National | Self::Provincial)
    }
}

/// An institution 机构 (file `institutions`): a bank's branch, an insurer's sub-branch, and its legal person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Institution {
    /// 机构代码
    pub institution_code: InstitutionCode,
    /// 名称
    pub name: String,
    /// 类型
    pub kind: InstitutionKind,
    /// 法人统一社会信用代码
    pub legal_person_uscc: Uscc,
    /// 法人名称
    pub legal_person_name: String,
    /// 行政区划代码
    pub division_code: Division,
    /// 机构统一社会信用代码, the branch's own
    pub uscc: Option<Uscc>,
}

/// An enterprise's registration in one place for a period 企业登记 (file `enterprises`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Enterprise {
    /// 统一社会信用代码
    pub uscc: Uscc,
    /// 名称
    pub name: String,
    /// 行政区划代码 of the registered address
    pub division_code: Division,
    /// 登记起始日
    pub registered_from: NaiveDate,
    /// 登记终止日, the last day here
    pub registered_to: Option<NaiveDate>,
}

impl Enterprise {
    /// The days on which it was registered here.
    #[must_use]
    pub fn period(&self) -> Period {
        Period {
            from: self.registered_from,
            to: self.registered_to,
        }
    }
}

/// A patent or an application 专利 (file `patents`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Patent {
    /// 专利号
    pub patent_no: PatentNo,
    /// 专利名称
    pub title: String,
    /// 专利权人代码; absent where a person holds it
    pub patentee_uscc: Option<Uscc>,
    /// 授权日; absent for an application
    pub granted_on: Option<NaiveDate>,
    /// 终止日: the first day on which it is no longer in force
    pub ended_on: Option<NaiveDate>,
    /// 终止原因
    pub end_reason: Option<EndReason>,
}

impl Patent {
    /// Whether it had ended by the day.
    #[must_use]
    pub fn has_ended_by(&self, day: NaiveDate) -> bool {
        self.ended_on.is_some_and(|ended| ended <= day)
    }

    /// Whether it was granted on or before the day and had not ended by it.
    #[must_use]
    pub fn is_in_force_on(&self, day: NaiveDate) -> bool {
        self.granted_on.is_some_and(|granted| granted <= day) && !self.has_ended_by(day)
    }
}

/// Who owns or may use a patent, and when 专利权属 (file `patent_owners`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PatentOwner {
    /// 专利号
    pub patent_no: PatentNo,
    /// 权利人: a credit code, or a person's name
    pub holder: String,
    /// 身份
    pub role: HolderRole,
    /// 起
    pub valid_from: NaiveDate,
    /// 止
    pub valid_to: Option<NaiveDate>,
}

impl PatentOwner {
    /// The days on which the right stood.
    #[must_use]
    pub fn period(&self) -> Period {
        Period {
            from: self.valid_from,
            to: self.valid_to,
        }
    }
}

/// A patent award 专利奖 (file `awards`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Award {
    /// 专利号
    pub patent_no: PatentNo,
    /// 级别
    pub level: AwardLevel,
    /// 奖项
    pub award_name: String,
    /// 授奖日
    pub awarded_on: NaiveDate,
}

/// An entry of the exclusion list 限制名单 (file `exclusions`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exclusion {
    /// 对象: a credit code or a patent number in canonical form
    pub subject: String,
    /// 等级
    pub grade: ExclusionGrade,
    /// 起
    pub valid_from: NaiveDate,
    /// 止
    pub valid_to: Option<NaiveDate>,
    /// 原因
    pub reason: String,
}

impl Exclusion {
    /// The days on which the entry stands.
    #[must_use]
    pub fn period(&self) -> Period {
        Period {
            from: self.valid_from,
            to: self.valid_to,
        }
    }
}

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

/// Money of another level of government for the same loan or policy 其他资金 (file `other_awards`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OtherAward {
    /// 受益人
    pub beneficiary_uscc: Uscc,
    /// 项目
    pub measure: OtherMeasure,
    /// 对应编号: contract or policy number
    pub reference: Reference,
    /// 级别
    pub level: OtherLevel,
    /// 金额
    pub amount: Money,
    /// 授予日
    pub awarded_on: NaiveDate,
}

/// All facts known of one city: of each record its highest revision, withdrawn records left out.
///
/// A withdrawn institution stays, with the content of its last revision that was not withdrawn: its stored facts count.
#[derive(Debug, Clone, Default)]
pub struct Facts {
    /// File `institutions`.
    pub institutions: Vec<Institution>,
    /// File `enterprises`.
    pub enterprises: Vec<Enterprise>,
    /// File `patents`.
    pub patents: Vec<Patent>,
    /// File `patent_owners`.
    pub patent_owners: Vec<PatentOwner>,
    /// File `awards`.
    pub awards: Vec<Award>,
    /// File `exclusions`.
    pub exclusions: Vec<Exclusion>,
    /// File `pledges`.
    pub pledges: Vec<Pledge>,
    /// File `loans`.
    pub loans: Vec<Loan>,
    /// File `loan_events`.
    pub loan_events: Vec<LoanEvent>,
    /// File `policies`.
    pub policies: Vec<Policy>,
    /// File `policy_patents`.
    pub policy_patents: Vec<PolicyPatent>,
    /// File `premium_events`.
    pub premium_events: Vec<PremiumEvent>,
    /// File `other_awards`.
    pub other_awards: Vec<OtherAward>,
}
