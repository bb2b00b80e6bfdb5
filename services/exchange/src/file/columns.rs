//! The columns of each file, in the contract's order.

use super::Kind::{
    Bool, Date, Division, Finding, Holder, Instant, Institution, Money, Patent, PatentSet, PledgeNo, Rate,
    Reference, Revision, Subject, Text, Uscc, Word,
};
use super::{Column, Kind};

const fn key(name: &'static str, zh: &'static str, kind: Kind) -> Column {
    Column {
        name,
        zh,
        kind,
        key: true,
        required_cell: true,
        optional_column: false,
    }
}

const fn must(name: &'static str, zh: &'static str, kind: Kind) -> Column {
    Column {
        name,
        zh,
        kind,
        key: false,
        required_cell: true,
        optional_column: false,
    }
}

const fn may(name: &'static str, zh: &'static str, kind: Kind) -> Column {
    Column {
        name,
        zh,
        kind,
        key: false,
        required_cell: false,
        optional_column: false,
    }
}

const REVISION: Column = Column {
    optional_column: true,
    ..may("revision", "修订号", Revision)
};
const WITHDRAWN: Column = Column {
    optional_column: true,
    ..may("withdrawn", "撤销", Bool)
};
const INSTITUTION_CODE: Column = key("institution_code", "机构代码", Institution);
const DIVISION_CODE: Column = must("division_code", "行政区划代码", Division);
const PATENT_NO: Column = key("patent_no", "专利号", Patent);
const CONTRACT_NO: Column = key("contract_no", "合同号", Reference);
const POLICY_NO: Column = key("policy_no", "保单号", Reference);
const EVENT_NO: Column = key("event_no", "流水号", Reference);
const NAME: Column = must("name", "名称", Text);
const AMOUNT: Column = must("amount", "金额", Money);
const REVERSES: Column = may("reverses", "冲正流水号", Reference);
const VALID_TO: Column = may("valid_to", "止", Date);
const AWARDED_ON: Column = must("awarded_on", "授奖日", Date);

pub(super) const INSTITUTIONS: &[Column] = &[
    INSTITUTION_CODE,
    NAME,
    must(
        "kind",
        "类型",
        Word(&[
            "bank",
            "trust",
            "finance_company",
            "consumer_finance",
            "financial_leasing",
            "insurer",
            "guarantor",
            "microlender",
            "leasing",
            "other",
        ]),
    ),
    must("legal_person_uscc", "法人统一社会信用代码", Uscc),
    must("legal_person_name", "法人名称", Text),
    DIVISION_CODE,
    may("uscc", "机构统一社会信用代码", Uscc),
    REVISION,
    WITHDRAWN,
];
pub(super) const ENTERPRISES: &[Column] = &[
    key("uscc", "统一社会信用代码", Uscc),
    NAME,
    DIVISION_CODE,
    key("registered_from", "登记起始日", Date),
    may("registered_to", "登记终止日", Date),
    REVISION,
    WITHDRAWN,
];
pub(super) const PATENTS: &[Column] = &[
    PATENT_NO,
    may("title", "专利名称", Text),
    may("patentee_uscc", "专利权人代码", Uscc),
    may("granted_on", "授权日", Date),
    may("ended_on", "终止日", Date),
    may(
        "end_reason",
        "终止原因",
        Word(&["lapsed", "invalidated", "expired", "surrendered"]),
    ),
    REVISION,
    WITHDRAWN,
];
pub(super) const PATENT_OWNERS: &[Column] = &[
    PATENT_NO,
    key("holder", "权利人", Holder),
    key("role", "身份", Word(&["owner", "licensee"])),
    key("valid_from", "起", Date),
    VALID_TO,
    REVISION,
    WITHDRAWN,
];
pub(super) const AWARDS: &[Column] = &[
    PATENT_NO,
    key("level", "级别", Word(&["national", "provincial", "municipal"])),
    key("award_name", "奖项", Text),
    AWARDED_ON,
    REVISION,
    WITHDRAWN,
];
pub(super) const EXCLUSIONS: &[Column] = &[
    key("subject", "对象", Subject),
    key("grade", "等级", Word(&["watch", "exclude"])),
    key("valid_from", "起", Date),
    VALID_TO,
    may("reason", "原因", Text),
    REVISION,
    WITHDRAWN,
];
pub(super) const PLEDGES: &[Column] = &[
    INSTITUTION_CODE,
    key("pledge_no", "登记号", PledgeNo),
    must("pledgor_uscc", "出质人", Uscc),
    must("pledgee_uscc", "质权人", Uscc),
    must("registered_on", "登记日", Date),
    may("cancelled_on", "注销日", Date),
    must("patents", "质押专利", PatentSet),
    REVISION,
    WITHDRAWN,
];
pub(super) const LOANS: &[Column] = &[
    INSTITUTION_CODE,
    CONTRACT_NO,
    must("borrower_uscc", "借款人", Uscc),
    must("contract_amount", "合同金额", Money),
    must("signed_on", "签订日", Date),
    must("revolving", "循环", Bool),
    must(
        "collateral",
        "担保方式",
        Word(&["patent", "mixed", "trademark", "layout_design", "data", "other"]),
    ),
    may("patent_share", "专利占比", Rate),
    may("pledge_no", "登记号", PledgeNo),
    may("renewal_of", "续贷原合同", Reference),
    may("syndicate_no", "银团协议号", Reference),
    REVISION,
    WITHDRAWN,
];
pub(super) const LOAN_EVENTS: &[Column] = &[
    INSTITUTION_CODE,
    CONTRACT_NO,
    EVENT_NO,
    must(
        "kind",
        "类型",
        Word(&["draw", "repayment", "reversal", "extension", "rollover"]),
    ),
    must("occurred_at", "发生时间", Instant),
    AMOUNT,
    REVERSES,
    REVISION,
    WITHDRAWN,
];
pub(super) const POLICIES: &[Column] = &[
    INSTITUTION_CODE,
    POLICY_NO,
    must(
        "product",
        "险种",
        Word(&[
            "enforcement",
            "infringement_liability",
            "infringement_loss",
            "loan_guarantee",
            "other",
        ]),
    ),
    must("policyholder_uscc", "投保人", Uscc),
    must("cover_from", "起期", Date),
    must("cover_to", "止期", Date),
    may("sum_insured", "保额", Money),
    REVISION,
    WITHDRAWN,
];
pub(super) const POLICY_PATENTS: &[Column] = &[
    INSTITUTION_CODE,
    POLICY_NO,
    PATENT_NO,
    may("premium", "分项保费", Money),
    REVISION,
    WITHDRAWN,
];
pub(super) const PREMIUM_EVENTS: &[Column] = &[
    INSTITUTION_CODE,
    POLICY_NO,
    EVENT_NO,
    must("kind", "类型", Word(&["payment", "refund"])),
    must("occurred_on", "发生日", Date),
    AMOUNT,
    REVERSES,
    REVISION,
    WITHDRAWN,
];
pub(super) const OTHER_AWARDS: &[Column] = &[
    key("beneficiary_uscc", "受益人", Uscc),
    key("measure", "项目", Word(&["loan_subsidy", "premium_subsidy"])),
    key("reference", "对应编号", Reference),
    key(
        "level",
        "级别",
        Word(&["national", "provincial", "county", "zone", "other"]),
    ),
    AMOUNT,
    AWARDED_ON,
    REVISION,
    WITHDRAWN,
];
pub(super) const DECISIONS: &[Column] = &[
    INSTITUTION_CODE,
    key("reference", "对应编号", Reference),
    key("code", "提示代码", Finding),
    must("decision", "决定", Word(&["accept", "reject"])),
    may("value", "数值", Rate),
    must("decided_on", "决定日", Date),
    must("reason", "原因", Text),
    REVISION,
    WITHDRAWN,
];
