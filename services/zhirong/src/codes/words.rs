//! What the words of the exchange files and the readings mean.

use policy::codes::{Measure, Severity};

/// Words of a batch's files that no exchange file has, by list.
pub(super) const LISTS: &[(&str, &[&str])] = &[
    (
        "measure",
        &[
            Measure::LoanSubsidy.as_str(),
            Measure::BankIncentive.as_str(),
            Measure::PremiumSubsidy.as_str(),
        ],
    ),
    (
        "severity",
        &[
            Severity::Hold.as_str(),
            Severity::Warn.as_str(),
            Severity::Info.as_str(),
        ],
    ),
    ("batch_state", &["draft", "released", "cancelled"]),
    ("verdict", &["stored", "unchanged", "kept_as_history", "refused"]),
    (
        "role",
        &[
            "institution",
            "bureau",
            "finance-maker",
            "finance-checker",
            "finance-releaser",
            "auditor",
        ],
    ),
];

/// Word, Chinese, English.
const WORDS: &[(&str, &str, &str)] = &[
    ("bank", "银行", "bank"),
    ("trust", "信托公司", "trust company"),
    ("finance_company", "财务公司", "finance company of a group"),
    ("consumer_finance", "消费金融公司", "consumer finance company"),
    ("financial_leasing", "金融租赁公司", "financial leasing company"),
    ("insurer", "保险公司", "insurer"),
    ("guarantor", "担保公司", "guarantee company"),
    ("microlender", "小额贷款公司", "microlender"),
    ("leasing", "融资租赁公司", "leasing company"),
    ("other", "其他", "other"),
    ("lapsed", "未缴年费终止", "lapsed"),
    ("invalidated", "宣告无效", "invalidated"),
    ("expired", "期限届满", "expired"),
    ("surrendered", "书面放弃", "surrendered"),
    ("owner", "权利人", "owner"),
    ("licensee", "被许可人", "licensee"),
    ("national", "国家级", "national"),
    ("provincial", "省级", "provincial"),
    ("municipal", "市级", "municipal"),
    ("county", "县级", "county"),
    ("zone", "开发区", "development zone"),
    (
        "accept",
        "接受：提示不再妨碍",
        "the finding no longer stands in the way",
    ),
    (
        "reject",
        "驳回：所涉合同或保单不计",
        "what the finding is about counts nothing",
    ),
    ("watch", "关注，仅提示", "watch: only warns"),
    ("exclude", "取消资格", "excluded"),
    ("patent", "专利权质押", "patent pledge"),
    ("mixed", "组合担保", "patents and something else"),
    ("trademark", "商标", "trademark"),
    (
        "layout_design",
        "集成电路布图设计",
        "layout design of integrated circuits",
    ),
    ("data", "数据知识产权", "data"),
    ("draw", "放款", "draw"),
    ("repayment", "还款", "repayment"),
    ("reversal", "冲正", "reversal of the event it names"),
    ("extension", "展期", "extension"),
    ("rollover", "续贷（无新增资金）", "rollover without new money"),
    ("enforcement", "专利执行保险", "patent enforcement insurance"),
    (
        "infringement_liability",
        "侵犯专利权责任保险",
        "liability for infringing a patent",
    ),
    (
        "infringement_loss",
        "专利被侵权损失保险",
        "loss by infringement of the patent",
    ),
    ("loan_guarantee", "贷款保证保险", "loan guarantee insurance"),
    ("payment", "缴费", "payment"),
    ("refund", "退费", "refund of the payment it names"),
    ("loan_subsidy", "贷款补助", "loan subsidy of an enterprise"),
    ("bank_incentive", "银行奖励", "incentive of a bank"),
    ("premium_subsidy", "保费补贴", "premium subsidy"),
    (
        "hold",
        "暂不支付，待审核",
        "pays nothing until a reviewer decides",
    ),
    ("warn", "支付，但应查看", "pays, and somebody should look"),
    ("info", "说明", "explains"),
    ("draft", "草稿", "draft"),
    ("released", "已放行", "released"),
    ("cancelled", "已作废", "cancelled"),
    ("stored", "已存", "stored as the highest revision"),
    ("unchanged", "未变", "there already"),
    ("kept_as_history", "存为历史", "kept under a higher revision"),
    ("refused", "拒收", "refused and not stored"),
    ("institution", "金融或保险机构", "institution"),
    ("bureau", "主管部门", "bureau"),
    ("finance-maker", "财政经办", "finance maker"),
    ("finance-checker", "财政复核", "finance checker"),
    ("finance-releaser", "财政审批", "finance releaser"),
    ("auditor", "审计", "auditor"),
];

/// A word in Chinese and English; empty texts for an unknown one, which a test of the lists finds.
pub(super) fn word(word: &str) -> (&'static str, &'static str) {
    WORDS
        .iter()
        .find(|(known, ..)| *known == word)
        .map_or(("", ""), |(_, zh, en)| (zh, en))
}

/// What a reading decides, in Chinese and English.
pub(super) fn reading(id: &str) -> (&'static str, &'static str) {
    match id {
        "R1" => (
            "恰为300万元、600万元归哪一档",
            "which tier exactly 3 and 6 million belong to",
        ),
        "R2" => ("贷款额度按什么计", "what the amount of a loan counts"),
        "R3" => ("补助按什么给", "what one award is given for"),
        "R4" => ("合同归哪一年度", "which year a contract belongs to"),
        "R5" => (
            "放款与质押登记先后",
            "whether the pledge must be registered before the draw",
        ),
        "R6" => ("组合担保如何计", "how mixed collateral counts"),
        "R7" => ("续贷是否计", "whether a renewal without new money counts"),
        "R8" => (
            "放款是否以合同金额为限",
            "whether draws are limited by the contract",
        ),
        "R9" => ("单个金融机构指什么", "what one institution is"),
        "R10" => ("半分如何舍入", "how half a fen is rounded"),
        "R10P" => ("保费在何处舍入", "on which sum a premium's rate is rounded"),
        "R11" => (
            "全额补贴的条件按哪一日看",
            "when a patent must be in the full class",
        ),
        "R12" => ("保费如何分摊到专利", "how a premium is split over a schedule"),
        "R13" => ("保单已获其他级次资金", "other levels' money on a policy"),
        "R13L" => ("贷款已获其他级次资金", "other levels' money on a loan"),
        "R14" => ("预算上限", "the budget's ceiling"),
        "R15" => ("提前还款", "early repayment"),
        "R16" => ("保费是否含税", "whether tax in a premium counts"),
        "R18" => ("银行奖励计哪些借款人", "whose loans count for the bank"),
        "R19" => ("质权人", "who may be the pledgee"),
        "R19b" => ("出质人", "who may be the pledgor"),
        _ => ("", ""),
    }
}
