//! What would change a finding: the closed table of advice, for people whose fact earned nothing.

use super::{FindingCode, Severity};
use crate::facts::closed_list;

macro_rules! advice {
    ($($variant:ident, [$($id:literal = $value:literal),*], $zh:literal, $en:literal;)+) => {
        impl FindingCode {
            /// What would change it, in Chinese.
            #[must_use]
            pub const fn advice_zh(self) -> &'static str {
                match self { $(Self::$variant => $zh),+ }
            }

            /// What would change it, in English.
            #[must_use]
            pub const fn advice_en(self) -> &'static str {
                match self { $(Self::$variant => $en),+ }
            }

            /// The readings under which it would not arise, as `(id, value)`; each needs an approval.
            #[must_use]
            pub const fn cured_by_readings(self) -> &'static [(&'static str, &'static str)] {
                match self { $(Self::$variant => &[$(($id, $value)),*]),+ }
            }
        }
    };
}

advice! {
    ContractUnknown, [], "报送该合同（loans），或更正流水的合同号", "report the contract (loans), or correct the event's contract number";
    LenderUnknown, [], "由主管部门登记该机构（institutions）", "the bureau registers the institution (institutions)";
    LenderNotFinancialInstitution, [], "只有持牌金融机构的贷款计入；机构类型登记有误的，由主管部门更正", "only loans of licensed financial institutions count; if its kind is wrong, the bureau corrects it";
    LenderOutsideCity, [], "只计本市机构；行政区划登记有误的，由主管部门更正", "only institutions in the city count; if its division is wrong, the bureau corrects it";
    CollateralNotPatent, [], "只计专利权质押；担保方式填报有误的，更正合同", "only patent pledges count; if the collateral is wrong, correct the contract";
    PledgeUnknown, [], "报送该登记号的质押（pledges），或在合同上填写登记号", "report the pledge of that number (pledges), or state its number on the contract";
    PledgeCancelled, [], "在质押有效期内放款；注销日有误的，更正质押登记", "draw while the pledge stands; if the cancellation date is wrong, correct the pledge";
    NoPatentInForce, [], "质押中至少一件专利须在放款日已授权且未终止；补报专利或更正日期", "at least one pledged patent must be granted and not ended on the draw date; report the patent or correct its dates";
    BorrowerUnknown, [], "由主管部门登记借款人（enterprises）", "the bureau registers the borrower (enterprises)";
    BorrowerOutsideCity, ["R18" = "ANY"], "借款人须在放款日登记于本市；登记起止日有误的由主管部门更正；银行奖励另可按批准的 R18=ANY", "the borrower must be registered in the city on the draw date; the bureau corrects wrong dates; for the bank's incentive also a reading R18=ANY that is approved";
    BorrowerNotEnterprise, [], "贷款补助只给企业（代码以91开头）；代码有误的，更正合同", "the loan subsidy is for enterprises (codes that begin with 91); if the code is wrong, correct the contract";
    PatentsExcluded, [], "至少一件有效出质专利在放款日不在限制名单；名单有误的，由主管部门更正", "at least one valid pledged patent must not be under an exclusion on the draw date; the bureau corrects a wrong entry";
    MixedCollateralExcluded, ["R6" = "STATED_SHARE", "R6" = "FULL"], "按批准的 R6=STATED_SHARE 并载明专利占比，或 R6=FULL", "a reading R6=STATED_SHARE with a stated share, or R6=FULL, that is approved";
    ShareBelowHalf, ["R6" = "STATED_SHARE", "R6" = "FULL"], "专利占比达到0.5，或按批准的 R6=STATED_SHARE、R6=FULL", "a patent share of 0.5 or more, or a reading R6=STATED_SHARE or R6=FULL that is approved";
    LoanOtherMoneyExcluded, ["R13L" = "HOLD_UPPER", "R13L" = "IGNORE"], "按批准的 R13L=HOLD_UPPER 或 R13L=IGNORE", "a reading R13L=HOLD_UPPER or R13L=IGNORE that is approved";
    DrawBeforeRegistration, ["R5" = "ANY_ORDER"], "先办质押登记再放款，或按批准的 R5=ANY_ORDER，或由审核人说明理由后接受", "register the pledge before the draw, or a reading R5=ANY_ORDER that is approved, or a reviewer accepts it with a reason";
    PledgeeNotLender, ["R19" = "INDIRECT_OK"], "质权人须为贷款机构的法人或其机构；按批准的 R19=INDIRECT_OK，或由审核人接受", "the pledgee must be the lender's legal person or an institution of it; a reading R19=INDIRECT_OK that is approved, or a reviewer accepts it";
    PledgorNotBorrower, ["R19b" = "BORROWER_OR_RELATED"], "出质人须为借款人；按批准的 R19b=BORROWER_OR_RELATED，或由审核人接受", "the pledgor must be the borrower; a reading R19b=BORROWER_OR_RELATED that is approved, or a reviewer accepts it";
    PledgeDouble, [], "在先登记注销后重新登记，或更正重复的登记，或由审核人接受", "register after the earlier registration is cancelled, or correct the one reported twice, or a reviewer accepts it";
    ShareUnstated, ["R6" = "FULL"], "在合同上填写专利占比（patent_share），或由审核人接受并写明占比，或按批准的 R6=FULL", "state the patent share of the contract (patent_share), or a reviewer accepts one, or a reading R6=FULL that is approved";
    BorrowerClass, [], "由审核人说明理由后接受（个体工商户、合作社）", "a reviewer accepts it with a reason (individual business, cooperative)";
    LoanUpperMoney, ["R13L" = "IGNORE"], "由审核人接受，或更正其他资金记录，或按批准的 R13L=IGNORE", "a reviewer accepts it, or the record of other money is corrected, or a reading R13L=IGNORE that is approved";
    PolicyholderClass, [], "由审核人说明理由后接受（个体工商户、合作社）", "a reviewer accepts it with a reason (individual business, cooperative)";
    PolicyholderNotOwner, [], "登记投保人为专利权人或被许可人（patent_owners，起止日含缴费日），或由审核人接受", "register the policyholder as owner or licensee on the payment date (patent_owners), or a reviewer accepts it";
    PolicySecond, [], "保险期间不与在先保单重叠；日期有误的更正保单，或由审核人接受", "cover that does not overlap the earlier policy; correct wrong dates, or a reviewer accepts it";
    PolicyCoinsuranceDiffers, [], "共保各方报送一致的投保人、险种和期间，或由审核人接受", "the co-insurers report the same holder, product and cover, or a reviewer accepts it";
    ProductOther, [], "险种填报为三种专利保险之一，或由审核人接受", "report one of the three patent products, or a reviewer accepts it";
    EnterpriseExcluded, [], "移出限制名单后的下一批次自动结算", "the next batch after the exclusion ends settles it by itself";
    PolicyUnknown, [], "报送该保单（policies），或更正流水的保单号", "report the policy (policies), or correct the event's policy number";
    ProductNotCovered, [], "贷款保证保险不补贴；险种填报有误的，更正保单", "loan guarantee insurance is not subsidised; if the product is wrong, correct the policy";
    ScheduleMissing, [], "报送保单专利清单（policy_patents）", "report the policy's schedule of patents (policy_patents)";
    PolicyholderUnknown, [], "由主管部门登记投保人（enterprises）", "the bureau registers the policyholder (enterprises)";
    PolicyholderOutsideCity, [], "投保人须在缴费日登记于本市；日期有误的由主管部门更正", "the policyholder must be registered in the city on the payment date; the bureau corrects wrong dates";
    PolicyholderNotEnterprise, [], "保费补贴只给企业（代码以91开头）；代码有误的，更正保单", "the premium subsidy is for enterprises (codes that begin with 91); if the code is wrong, correct the policy";
    PatentUnknown, [], "由主管部门登记该专利（patents），或更正清单上的专利号", "the bureau registers the patent (patents), or the schedule's number is corrected";
    PatentEnded, [], "专利在缴费日须未终止；终止日有误的由主管部门更正", "the patent must not have ended by the payment date; the bureau corrects a wrong date";
    PatentExcluded, [], "专利在缴费日须不在限制名单；名单有误的由主管部门更正", "the patent must not be under an exclusion on the payment date; the bureau corrects a wrong entry";
    PolicyOtherMoneyExcluded, ["R13" = "TOP_UP_TO_COST", "R13" = "IGNORE"], "按批准的 R13=TOP_UP_TO_COST 或 R13=IGNORE", "a reading R13=TOP_UP_TO_COST or R13=IGNORE that is approved";
    ReversalUnknown, [], "更正冲正所指的流水号，或补报该放款", "correct the event the reversal names, or report that draw";
    DrawOverReversed, [], "更正多冲的金额", "correct what was reversed too much";
    RefundUnknown, [], "更正退费所指的流水号，或补报该缴费", "correct the event the refund names, or report that payment";
    PaymentOverRefunded, [], "更正多退的金额", "correct what was refunded too much";
    YearCapReached, ["R9" = "BRANCH"], "年度上限已满，不再增加；按批准的 R9=BRANCH 则每个机构各有上限", "the yearly cap is reached and nothing adds to it; under a reading R9=BRANCH that is approved each institution has its own";
    ContractAmountExceeded, ["R8" = "GROSS"], "更正合同金额，或按批准的 R8=GROSS", "correct the contract amount, or a reading R8=GROSS that is approved";
    PatentShareApplied, ["R6" = "FULL"], "按批准的 R6=FULL 则不乘占比", "under a reading R6=FULL that is approved the share is not applied";
    OtherMoneyToppedUp, ["R13" = "IGNORE"], "各级资金合计不超过所缴保费；按批准的 R13=IGNORE 则不计其他资金", "all levels together never exceed the premium; under a reading R13=IGNORE that is approved other money is not regarded";
    NoDrawYet, [], "报送放款（loan_events）", "report a draw (loan_events)";
    NotNewMoney, ["R7" = "ALL"], "展期不是放款；续贷（rollover）按批准的 R7=ALL 计入", "an extension is never a draw; a rollover is one under a reading R7=ALL that is approved";
    LoanOtherMoney, [], "仅提示，不影响金额", "a warning: it changes no amount";
    PolicyOtherMoney, [], "仅提示，不影响金额", "a warning: it changes no amount";
    SubsidyAboveLoan, [], "仅提示，不影响金额", "a warning: it changes no amount";
    SubsidyHighShare, [], "仅提示，不影响金额", "a warning: it changes no amount";
    WatchListed, [], "仅提示，不影响金额", "a warning: it changes no amount";
    InvalidatedLater, [], "仅提示，由审核人复核此前的资金", "a warning: a reviewer looks at the earlier money";
    DecisionAccepted, [], "无需处理；如有新情况，由审核人修改决定", "nothing to do; a reviewer changes the decision if there is news";
    DecisionRejected, [], "由审核人说明理由后改为接受，或撤销决定", "a reviewer accepts it instead with a reason, or withdraws the decision";
    DecisionWithoutValue, [], "由审核人在决定中写明专利占比，或在合同上填写", "a reviewer states the patent share in the decision, or the contract does";
    DecisionUnused, [], "核对决定的机构代码、编号和提示代码，或撤销决定", "check the decision's institution, number and code, or withdraw it";
    Objection, [], "异议撤回或驳回后的下一批次自动结算", "the next batch after the objection is withdrawn or rejected settles it by itself";
    RecoveryOrdered, [], "追回决定撤销后的下一批次自动结算", "the next batch after the order is withdrawn settles it by itself";
    Frozen, [], "解除冻结后的下一批次自动结算", "the next batch after the freeze ends settles it by itself";
    LateWindowClosed, [], "补报期限由规则文件的 procedure.late_window_days 规定", "the rules set the last day (procedure.late_window_days)";
    BudgetCarried, ["R14" = "NONE"], "追加预算后的下一批次自动结算；按批准的 R14=NONE 则不设上限", "the next batch after more is appropriated settles it by itself; under a reading R14=NONE that is approved there is no ceiling";
    ReadingAlternative, [], "仅说明另一种读法的金额", "it only says what another reading would have paid";
    LoanSplitting, [], "核对是否为同一笔贷款拆分；是的，由审核人决定哪些合同不计", "see whether one loan was split; if so, a reviewer decides which contracts do not count";
    RelatedBorrowers, [], "核对各借款人是否关联，贷款是否应合并", "see whether the borrowers are related and their loans are one";
    LoanTiny, [], "核对贷款是否真实、是否只为取得补助", "see whether the loan is real or only made for the subsidy";
    QuickRepayment, [], "核对资金实际使用情况", "see what the money was used for";
    CircularDraws, [], "核对是否反复放款还款以增加放款金额", "see whether it was drawn and repaid only to add up draws";
    LoanReportedTwice, [], "由两家机构核对，多报的一方撤销", "the two institutions compare; the one that reported too much withdraws";
    PatentTransferred, [], "核对转让的原因和权属日期", "see why it was transferred, and the dates of ownership";
    PledgorNotOwner, [], "核对出质人或更正专利权属（patent_owners）", "check the pledgor, or the bureau corrects the patents' owners (patent_owners)";
    PatentLapsedLater, [], "由审核人复核；终止日有误的由主管部门更正", "a reviewer looks again; the bureau corrects a wrong date";
    PledgeCancelledEarly, [], "核对注销原因和贷款是否结清", "see why it was cancelled and whether the loan was repaid";
    PledgeDecorative, [], "核对组合担保的评估和专利占比", "check the appraisal of the collateral and the patents' share";
    PremiumRefundedLate, [], "核对退保原因，是否以退费变相返还", "see why it was refunded, and whether it was a rebate";
    PremiumOutlier, [], "核对保费和保额的依据", "check how premium and sum insured were set";
    PolicyCoverBackdated, [], "核对签单日期和缴费凭证", "check the date of issue and the payment's voucher";
    UnitSuspected, [], "核对单位是元而不是万元，有误的更正", "check that the unit is yuan; if it is not, correct the record";
    DrawBeforeSigning, [], "更正签订日或放款时间，或说明原因", "correct the day of signing or of the draw, or say why";
    AwardPatentUnknown, [], "由主管部门更正专利号或登记该专利（patents）", "the bureau corrects the number or registers the patent (patents)";
    PatentAtTwoLenders, [], "由两家机构核对登记号；银团贷款填写同一协议号", "the two lenders compare the registration number; a syndicate's loans state one agreement number";
}

impl FindingCode {
    /// Whether it says why a fact earned nothing; the others say what limited or accompanied money that is earned.
    #[must_use]
    pub const fn stops(self) -> bool {
        !matches!(
            self,
            Self::YearCapReached
                | Self::ContractAmountExceeded
                | Self::PatentShareApplied
                | Self::OtherMoneyToppedUp
                | Self::LoanOtherMoney
                | Self::PolicyOtherMoney
                | Self::SubsidyAboveLoan
                | Self::SubsidyHighShare
                | Self::WatchListed
                | Self::InvalidatedLater
                | Self::ReadingAlternative
                | Self::LoanSplitting
                | Self::RelatedBorrowers
                | Self::LoanTiny
                | Self::QuickRepayment
                | Self::CircularDraws
                | Self::LoanReportedTwice
                | Self::PatentTransferred
                | Self::PledgorNotOwner
                | Self::PatentLapsedLater
                | Self::PledgeCancelledEarly
                | Self::PledgeDecorative
                | Self::PremiumRefundedLate
                | Self::PremiumOutlier
                | Self::PolicyCoverBackdated
                | Self::UnitSuspected
                | Self::DrawBeforeSigning
                | Self::AwardPatentUnknown
                | Self::PatentAtTwoLenders
                | Self::DecisionAccepted
                | Self::DecisionWithoutValue
                | Self::DecisionUnused
        )
    }

    /// Whether a reviewer's acceptance makes it no longer stand: the holds of a contract or policy (rule 8). The holds of a
    /// whole line are lifted by what set them: the exclusion list (rule 7), the objection, the freeze.
    #[must_use]
    pub const fn is_cured_by_acceptance(self) -> bool {
        matches!(self.severity(), Severity::Hold)
            && !matches!(self, Self::EnterpriseExcluded | Self::Objection | Self::Frozen)
    }

    /// Whether an acceptance has to state a value: the patent share.
    #[must_use]
    pub const fn needs_value(self) -> bool {
        matches!(self, Self::ShareUnstated)
    }
}

closed_list!(
    /// Why a fact has no money of its own although nothing is wrong with it.
    NoMoney {
        /// No record of this key is known, or it is withdrawn
        NotReported = "NOT_REPORTED",
        /// A repayment, reversal or refund: only draws and payments earn
        NoEarningKind = "NO_EARNING_KIND",
        /// All of the draw was reversed
        WhollyReversed = "WHOLLY_REVERSED",
        /// All of the payment was refunded
        WhollyRefunded = "WHOLLY_REFUNDED",
        /// No loan names the pledge
        NoLoanOnPledge = "NO_LOAN_ON_PLEDGE",
        /// No payment of the policy is reported
        NoPaymentYet = "NO_PAYMENT_YET",
        /// It counts, and what it adds is nothing: the contract or policy is used up, or its part is below half a fen
        AddsNothing = "ADDS_NOTHING",
    }
);

impl NoMoney {
    /// What it means and what would change it, in Chinese.
    #[must_use]
    pub const fn zh(self) -> &'static str {
        match self {
            Self::NotReported => "没有此记录或已撤销：报送后计入",
            Self::NoEarningKind => "还款、冲正、退费本身不产生资金：冲正、退费从所指的放款、缴费中扣减",
            Self::WhollyReversed => "放款已全额冲正：净额为0，重新放款后计入",
            Self::WhollyRefunded => "缴费已全额退费：净额为0，重新缴费后计入",
            Self::NoLoanOnPledge => "没有合同使用该质押：在合同上填写登记号",
            Self::NoPaymentYet => "尚未报送缴费：报送 premium_events",
            Self::AddsNothing => "已计入但不增加金额：合同额度已用完、没有其份额或份额不足半分",
        }
    }

    /// What it means and what would change it, in English.
    #[must_use]
    pub const fn en(self) -> &'static str {
        match self {
            Self::NotReported => "no such record, or it is withdrawn: report it",
            Self::NoEarningKind => {
                "a repayment, reversal or refund earns nothing itself: the latter two are taken off the draw or payment they name"
            }
            Self::WhollyReversed => "the draw was reversed whole: its net is 0; a new draw counts",
            Self::WhollyRefunded => "the payment was refunded whole: its net is 0; a new payment counts",
            Self::NoLoanOnPledge => "no contract names the pledge: state its number on the contract",
            Self::NoPaymentYet => "no payment is reported: report premium_events",
            Self::AddsNothing => {
                "it counts and adds nothing: the contract is used up, or its part is none or below half a fen"
            }
        }
    }
}
