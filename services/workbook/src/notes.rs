//! What the columns mean, for the sheet of notes in a template and for the note on each header.

use exchange::{Column, File, Kind, words};

/// The name of the sheet of notes; readers pass over it.
pub const NOTES_SHEET: &str = "说明";

/// Names that mean another thing in one file: file, name, Chinese, English.
const IN_FILE: &[(File, &str, &str, &str)] = &[
    (
        File::Institutions,
        "uscc",
        "分支机构自己的信用代码，可空",
        "the branch's own credit code, may be empty",
    ),
    (
        File::Institutions,
        "division_code",
        "机构所在县区",
        "where the institution is",
    ),
    (
        File::Institutions,
        "name",
        "机构全称",
        "full name of the institution",
    ),
    (
        File::Enterprises,
        "division_code",
        "登记所在县区",
        "where the enterprise is registered",
    ),
    (File::Exclusions, "reason", "列入原因", "why it is on the list"),
    (File::Decisions, "reason", "决定理由", "why it was decided so"),
    (
        File::Exclusions,
        "valid_from",
        "自该日起（含）",
        "first day on the list",
    ),
    (
        File::PatentOwners,
        "valid_from",
        "自该日起享有权利（含）",
        "first day of the right",
    ),
    (
        File::LoanEvents,
        "reverses",
        "仅冲正填写：被冲正的流水号",
        "for a reversal only: the event it reverses",
    ),
    (
        File::PremiumEvents,
        "reverses",
        "仅退费填写：所退的缴费流水号",
        "for a refund only: the payment it refunds",
    ),
    (
        File::OtherAwards,
        "reference",
        "合同号或保单号",
        "contract or policy number",
    ),
    (
        File::Decisions,
        "reference",
        "所涉合同号或保单号",
        "the contract or policy decided on",
    ),
    (File::Awards, "level", "授奖级别", "who gave the award"),
    (
        File::OtherAwards,
        "level",
        "资金级次",
        "which level paid the money",
    ),
];

/// Name of a column, Chinese, English.
const NAMED: &[(&str, &str, &str)] = &[
    (
        "institution_code",
        "银行填 12 位支付系统行号，其他机构填登记的代码",
        "a bank's 12-digit number, or the code registered",
    ),
    ("name", "全称", "full name"),
    ("kind", "从下拉列表选择", "choose from the list"),
    (
        "legal_person_uscc",
        "法人（总行、总公司）的信用代码",
        "credit code of the legal person",
    ),
    ("legal_person_name", "法人全称", "full name of the legal person"),
    ("uscc", "18 位统一社会信用代码", "credit code of 18 symbols"),
    (
        "registered_from",
        "在该地登记的第一天",
        "first day of the registration there",
    ),
    (
        "registered_to",
        "在该地登记的最后一天；仍在该地的留空",
        "last day of it; empty while it lasts",
    ),
    (
        "patent_no",
        "申请号或专利号，如 201911010001.3（不是公告号）",
        "application or patent number, no publication number",
    ),
    ("title", "发明创造名称", "title of the invention"),
    (
        "patentee_uscc",
        "专利权人的信用代码",
        "credit code of the patentee",
    ),
    (
        "granted_on",
        "授权公告日；申请中的留空",
        "day of the grant; empty for an application",
    ),
    (
        "ended_on",
        "失效的第一天；有效的留空",
        "first day no longer in force; empty while in force",
    ),
    ("end_reason", "为何失效", "why it ended"),
    (
        "holder",
        "权利人的信用代码，个人填姓名",
        "credit code, or a person's name",
    ),
    ("role", "权利人或被许可人", "owner or licensee"),
    ("valid_to", "最后一天；未定的留空", "last day; empty where open"),
    ("award_name", "奖项全称", "full name of the award"),
    ("awarded_on", "授予或拨付之日", "day of the award"),
    ("subject", "信用代码或专利号", "credit code or patent number"),
    (
        "grade",
        "关注只提示，取消资格则不计",
        "watch only warns, exclude counts nothing",
    ),
    (
        "pledge_no",
        "质押登记号：Y（可无）加 13 位数字",
        "registration number: Y (optional) and 13 digits",
    ),
    ("pledgor_uscc", "出质人的信用代码", "credit code of the pledgor"),
    ("pledgee_uscc", "质权人的信用代码", "credit code of the pledgee"),
    ("registered_on", "质押登记日", "day of the registration"),
    (
        "cancelled_on",
        "质押的最后一天；未注销的留空",
        "last day of the pledge; empty while it lasts",
    ),
    (
        "patents",
        "质押的专利号，用分号 ; 隔开",
        "pledged patents, separated by ;",
    ),
    ("contract_no", "借款合同号", "number of the loan contract"),
    ("borrower_uscc", "借款人的信用代码", "credit code of the borrower"),
    (
        "contract_amount",
        "合同金额，单位元（不是万元）",
        "amount of the contract in yuan, not 万元",
    ),
    ("signed_on", "合同签订日", "day the contract was signed"),
    ("revolving", "是否循环额度：是、否", "whether the credit revolves"),
    ("collateral", "从下拉列表选择", "choose from the list"),
    (
        "patent_share",
        "仅组合担保填写：专利所占比例，0 至 1",
        "for mixed collateral only: share of the patents, 0 to 1",
    ),
    (
        "renewal_of",
        "续贷时填原合同号",
        "the contract that this one renews",
    ),
    ("syndicate_no", "银团协议号", "number of the syndicate agreement"),
    (
        "event_no",
        "流水号，同一合同或保单内不重复",
        "number of the event, unique within contract or policy",
    ),
    (
        "occurred_at",
        "发生时间；只写日期即当日零时（北京）",
        "when; a bare date is that day in Beijing",
    ),
    (
        "amount",
        "金额，单位元（不是万元），大于零",
        "amount in yuan, not 万元, above 0",
    ),
    ("policy_no", "保单号", "number of the policy"),
    ("product", "从下拉列表选择", "choose from the list"),
    (
        "policyholder_uscc",
        "投保人的信用代码",
        "credit code of the policyholder",
    ),
    ("cover_from", "保险起期（含）", "first day of cover"),
    ("cover_to", "保险止期（含）", "last day of cover"),
    (
        "sum_insured",
        "保额，单位元，可空",
        "sum insured in yuan, may be empty",
    ),
    (
        "premium",
        "该专利分项保费，单位元；任一专利未填则全部平均",
        "this patent's premium in yuan; if any is empty, all count equal",
    ),
    ("occurred_on", "缴费或退费之日", "day of the payment or refund"),
    (
        "beneficiary_uscc",
        "受益人的信用代码",
        "credit code of the beneficiary",
    ),
    ("measure", "从下拉列表选择", "choose from the list"),
    (
        "code",
        "提示代码，见 zhirong codes",
        "code of the finding, see zhirong codes",
    ),
    ("decision", "从下拉列表选择", "choose from the list"),
    (
        "value",
        "接受 SHARE_UNSTATED 时填专利占比",
        "the share, where SHARE_UNSTATED is accepted",
    ),
    ("decided_on", "决定之日", "day of the decision"),
    (
        "revision",
        "修订号，缺省 1；更正已报记录时加一",
        "revision, 1 where empty; one more to correct a record",
    ),
    (
        "withdrawn",
        "撤销该记录填 是；其他列不再读取",
        "yes withdraws the record; its other cells are ignored",
    ),
    ("valid_from", "第一天", "first day"),
    ("division_code", "6 位行政区划代码", "six-digit division code"),
    ("reason", "原因", "reason"),
];

/// What a column holds, in Chinese and English; empty texts for an unknown one, which a test rules out.
#[must_use]
pub fn meaning(file: File, column: &Column) -> (&'static str, &'static str) {
    let in_file = IN_FILE
        .iter()
        .find(|(known, name, ..)| *known == file && *name == column.name);
    if let Some((_, _, zh, en)) = in_file {
        return (zh, en);
    }
    let named = NAMED.iter().find(|(name, ..)| *name == column.name);
    named.map_or(("", ""), |(_, zh, en)| (zh, en))
}

/// What a cell of this kind looks like, in Chinese and English.
pub(crate) fn form(kind: Kind) -> (String, String) {
    let (zh, en) = match kind {
        Kind::Text => ("文字，不超过 200 字", "text, at most 200 characters"),
        Kind::Uscc => ("文本，18 位", "text, 18 symbols"),
        Kind::Division => ("文本，6 位数字", "text, six digits"),
        Kind::Patent | Kind::PatentSet => ("文本，带校验位", "text, with its check digit"),
        Kind::PledgeNo
        | Kind::Institution
        | Kind::Reference
        | Kind::Holder
        | Kind::Subject
        | Kind::Finding => ("文本", "text"),
        Kind::Date => ("日期 2025-03-12", "date 2025-03-12"),
        Kind::Instant => (
            "时间 2025-03-12T10:20:00+08:00，或日期",
            "instant 2025-03-12T10:20:00+08:00, or a date",
        ),
        Kind::Money => (
            "文本，元，最多两位小数，不用千分位",
            "text, yuan, at most two places, no separators",
        ),
        Kind::Rate => (
            "0 至 1 的小数，最多六位",
            "decimal between 0 and 1, at most six places",
        ),
        Kind::Bool => ("是 或 否", "是 (true) or 否 (false)"),
        Kind::Revision => ("整数", "whole number"),
        Kind::Word(list) => {
            let zh: Vec<&str> = list.iter().map(|word| words::zh(word)).collect();
            return (zh.join("、"), list.join(", "));
        }
    };
    (zh.to_owned(), en.to_owned())
}

/// A cell that the column takes: together those of a file are a record of a made-up city.
#[must_use]
pub fn example(file: File, column: &Column) -> &'static str {
    let is_insurance = matches!(file, File::Policies | File::PolicyPatents | File::PremiumEvents);
    match (file, column.name) {
        (_, "institution_code") if is_insurance => "000301000001",
        (File::Institutions, "name") => "安阳样例银行",
        (File::Institutions, "uscc") | (_, "registered_to" | "ended_on" | "end_reason" | "valid_to") => "",
        (_, "cancelled_on" | "patent_share" | "renewal_of" | "syndicate_no" | "reverses" | "value") => "",
        (File::LoanEvents, "kind") => "放款",
        (File::PremiumEvents, "kind") => "缴费",
        (File::LoanEvents, "amount") => "3000000.00",
        (File::OtherAwards, "amount") => "20000.00",
        (File::OtherAwards, "level") => "县级",
        (File::OtherAwards | File::Decisions, "reference") => "AYDK2025001",
        _ => example_of_name(column.name),
    }
}

fn example_of_name(name: &str) -> &'static str {
    match name {
        "institution_code" => "313496010116",
        "name" => "安阳样例机械有限公司",
        "kind" => "银行",
        "legal_person_uscc" | "pledgee_uscc" => "91410500MB10100163",
        "legal_person_name" => "安阳样例银行股份有限公司",
        "division_code" => "410527",
        "uscc" | "patentee_uscc" | "pledgor_uscc" | "borrower_uscc" | "policyholder_uscc"
        | "beneficiary_uscc" | "holder" | "subject" => "91410527MA1010012Q",
        "registered_from" => "2012-05-08",
        "patent_no" | "patents" => "201911010001.3",
        "title" => "一种样例方法",
        "granted_on" => "2021-06-18",
        "role" => "权利人",
        "valid_from" => "2021-06-18",
        "level" => "省级",
        "award_name" => "河南省专利奖一等奖",
        "awarded_on" => "2025-09-30",
        "grade" => "关注",
        "reason" => "样例",
        "pledge_no" => "Y2025981010001",
        "registered_on" => "2025-03-07",
        "contract_no" => "AYDK2025001",
        "contract_amount" => "3000000.00",
        "signed_on" => "2025-03-03",
        "revolving" | "withdrawn" => "否",
        "collateral" => "专利权质押",
        "event_no" => "F1010001",
        "occurred_at" => "2025-03-12T10:20:00+08:00",
        "amount" => "10000.00",
        "policy_no" => "AYBX2025001",
        "product" => "专利执行保险",
        "cover_from" => "2025-01-01",
        "cover_to" => "2025-12-31",
        "sum_insured" => "500000.00",
        "premium" => "10000.00",
        "occurred_on" => "2025-03-18",
        "measure" => "贷款补助",
        "code" => "SHARE_UNSTATED",
        "decision" => "驳回",
        "decided_on" => "2026-01-15",
        "revision" => "1",
        _ => "",
    }
}
