//! Closed lists of the contract: measures, severities, clauses, limits and finding codes.
//!
//! A name that was released once is never renamed: files of past batches carry it.

mod advice;

use crate::facts::closed_list;

pub use advice::NoMoney;

closed_list!(
    /// What the city pays for (measure).
    Measure {
        /// 银行奖励: 1% of the year's draws to each legal person ((八) sentence 2)
        BankIncentive = "bank_incentive",
        /// 贷款补助: a lump sum by tier to the enterprise ((八) sentence 1)
        LoanSubsidy = "loan_subsidy",
        /// 保费补贴: 80% or all of the premium ((八) sentence 3)
        PremiumSubsidy = "premium_subsidy",
    }
);

closed_list!(
    /// How serious a finding is.
    Severity {
        /// Pays nothing until a reviewer decides.
        Hold = "hold",
        /// Pays, and somebody should look.
        Warn = "warn",
        /// Explains why something earned nothing or less.
        Info = "info",
    }
);

closed_list!(
    /// The clause a line is paid under: sentence and part of (八).
    Clause {
        /// Sentence 1, first tier
        LoanTier1 = "A8.1.1",
        /// Sentence 1, second tier
        LoanTier2 = "A8.1.2",
        /// Sentence 1, third tier
        LoanTier3 = "A8.1.3",
        /// Sentence 2: 1% of the year's draws, at most the yearly cap
        BankRate = "A8.2",
        /// Sentence 3, 80% of the premium paid
        PremiumRate = "A8.3.1",
        /// Sentence 3, in full: a granted invention
        PremiumFullInvention = "A8.3.2",
        /// Sentence 3, in full: a patent with an award
        PremiumFullAward = "A8.3.3",
        /// Sentence 3, in full: a patent whose pledge obtained a loan
        PremiumFullPledge = "A8.3.4",
        /// Earlier money taken back because nothing is earned any more
        NothingEarned = "A8.0",
    }
);

impl Clause {
    /// The clause in Chinese, for people.
    #[must_use]
    pub const fn zh(self) -> &'static str {
        match self {
            Self::LoanTier1 => "安政〔2018〕9号(八)第一句：贷款额度300万元以下，补助5万元",
            Self::LoanTier2 => "安政〔2018〕9号(八)第一句：贷款额度300万元—600万元，补助10万元",
            Self::LoanTier3 => "安政〔2018〕9号(八)第一句：贷款额度600万元以上，补助15万元",
            Self::BankRate => {
                "安政〔2018〕9号(八)第二句：年度专利权质押放款金额的1%，单个金融机构年度累计不超过50万元"
            }
            Self::PremiumRate => "安政〔2018〕9号(八)第三句：所缴保费的80%",
            Self::PremiumFullInvention => "安政〔2018〕9号(八)第三句：获得授权的发明专利，全额补贴",
            Self::PremiumFullAward => "安政〔2018〕9号(八)第三句：获得专利奖的专利，全额补贴",
            Self::PremiumFullPledge => "安政〔2018〕9号(八)第三句：以专利权质押方式获得贷款的专利，全额补贴",
            Self::NothingEarned => "安政〔2018〕9号(八)：事实变更后无应得金额，收回已结算部分",
        }
    }

    /// The clause in English, for people.
    #[must_use]
    pub const fn en(self) -> &'static str {
        match self {
            Self::LoanTier1 => "Anyang 2018 No. 9 (VIII) sentence 1: loans up to 3 million, 50,000 yuan",
            Self::LoanTier2 => "Anyang 2018 No. 9 (VIII) sentence 1: loans of 3 to 6 million, 100,000 yuan",
            Self::LoanTier3 => {
                "Anyang 2018 No. 9 (VIII) sentence 1: loans of 6 million and more, 150,000 yuan"
            }
            Self::BankRate => {
                "Anyang 2018 No. 9 (VIII) sentence 2: 1% of the year's draws, at most 500,000 yuan per institution"
            }
            Self::PremiumRate => "Anyang 2018 No. 9 (VIII) sentence 3: 80% of the premium paid",
            Self::PremiumFullInvention => "Anyang 2018 No. 9 (VIII) sentence 3: granted invention, in full",
            Self::PremiumFullAward => "Anyang 2018 No. 9 (VIII) sentence 3: award-winning patent, in full",
            Self::PremiumFullPledge => {
                "Anyang 2018 No. 9 (VIII) sentence 3: patent pledged for a loan, in full"
            }
            Self::NothingEarned => {
                "Anyang 2018 No. 9 (VIII): facts changed, nothing is earned, what was settled is taken back"
            }
        }
    }
}

closed_list!(
    /// What kept a line below what its facts would have earned alone.
    Limit {
        /// The yearly cap of a cap holder
        YearCap = "year_cap",
        /// The contract's amount
        ContractAmount = "contract_amount",
        /// The share of the loan that rests on patents
        PatentShare = "patent_share",
        /// Money of other levels: all levels together never exceed the cost
        OtherLevelMoney = "other_level_money",
        /// The enterprise is on the exclusion list on the batch's as-of date
        Exclusion = "exclusion",
        /// An order of recovery says what the line keeps at most
        Recovery = "recovery",
        /// An objection against the line is open or was upheld
        Objection = "objection",
        /// Its clause or an institution it rests on is frozen on the as-of date
        Freeze = "freeze",
        /// The as-of date is after the last day for more money of the year
        LateWindow = "late_window",
        /// The appropriation does not reach (reading R14)
        Budget = "budget",
    }
);

impl Limit {
    /// What the limit is, in Chinese.
    #[must_use]
    pub const fn zh(self) -> &'static str {
        match self {
            Self::YearCap => "年度上限",
            Self::ContractAmount => "合同金额上限",
            Self::PatentShare => "专利占比",
            Self::OtherLevelMoney => "其他级次资金，合计不超过所缴保费",
            Self::Exclusion => "截至日在限制名单中，未结算部分暂停",
            Self::Recovery => "追回决定，只保留决定载明的部分",
            Self::Objection => "异议未结或成立，未结算部分暂停",
            Self::Freeze => "条款或机构被冻结，未结算部分暂停",
            Self::LateWindow => "逾期，不再增加本年度资金",
            Self::Budget => "预算不足",
        }
    }

    /// What the limit is, in English.
    #[must_use]
    pub const fn en(self) -> &'static str {
        match self {
            Self::YearCap => "yearly cap",
            Self::ContractAmount => "contract amount",
            Self::PatentShare => "share of the loan on patents",
            Self::OtherLevelMoney => "money of other levels, together never above the cost",
            Self::Exclusion => "on the exclusion list on the as-of date: what is not yet settled is held",
            Self::Recovery => "an order of recovery: it keeps no more than that says",
            Self::Objection => "an objection open or upheld: what is not yet settled is held",
            Self::Freeze => "the clause or an institution is frozen: what is not yet settled is held",
            Self::LateWindow => "too late: nothing more is paid for the year",
            Self::Budget => "the appropriation does not reach",
        }
    }
}

macro_rules! finding_codes {
    ($($variant:ident = $text:literal, $severity:ident, $zh:literal, $en:literal;)+) => {
        closed_list!(
            /// What a finding is about; each has one severity and one text in two languages.
            FindingCode { $(#[doc = $en] $variant = $text),+ }
        );

        impl FindingCode {
            /// How serious it is.
            #[must_use]
            pub const fn severity(self) -> Severity {
                match self { $(Self::$variant => Severity::$severity),+ }
            }

            /// The text in Chinese.
            #[must_use]
            pub const fn zh(self) -> &'static str {
                match self { $(Self::$variant => $zh),+ }
            }

            /// The text in English.
            #[must_use]
            pub const fn en(self) -> &'static str {
                match self { $(Self::$variant => $en),+ }
            }
        }
    };
}

finding_codes! {
    // Rule 1: a draw that does not count.
    ContractUnknown = "CONTRACT_UNKNOWN", Warn, "放款所属合同未报送或已撤销", "the draw's contract is unknown or withdrawn";
    LenderUnknown = "LENDER_UNKNOWN", Info, "贷款机构信息未知", "nothing is known of the lender";
    LenderNotFinancialInstitution = "LENDER_NOT_FINANCIAL_INSTITUTION", Info, "贷款机构不是持牌金融机构", "the lender is not a licensed financial institution";
    LenderOutsideCity = "LENDER_OUTSIDE_CITY", Info, "贷款机构不在本市", "the lender is outside the city";
    CollateralNotPatent = "COLLATERAL_NOT_PATENT", Info, "担保方式不是专利权质押", "the collateral is not a patent";
    PledgeUnknown = "PLEDGE_UNKNOWN", Warn, "未报送本合同的质押登记", "the loan's pledge registration is not reported";
    PledgeCancelled = "PLEDGE_CANCELLED", Info, "放款前质押已注销", "the pledge was cancelled before the draw";
    NoPatentInForce = "NO_PATENT_IN_FORCE", Info, "放款日没有已授权且有效的出质专利", "no pledged patent was granted and in force on the draw date";
    BorrowerUnknown = "BORROWER_UNKNOWN", Warn, "借款人未登记", "the borrower is not registered here";
    BorrowerOutsideCity = "BORROWER_OUTSIDE_CITY", Info, "放款日借款人不在本市登记", "the borrower was not registered in the city on the draw date";
    BorrowerNotEnterprise = "BORROWER_NOT_ENTERPRISE", Info, "借款人不是企业", "the borrower is not an enterprise";
    PatentsExcluded = "PATENTS_EXCLUDED", Info, "放款日有效的出质专利均在限制名单中", "every valid pledged patent was under an exclusion on the draw date";
    MixedCollateralExcluded = "MIXED_COLLATERAL_EXCLUDED", Info, "组合担保不计（R6）", "mixed collateral counts nothing (R6)";
    ShareBelowHalf = "SHARE_BELOW_HALF", Info, "专利占比低于50%（R6）", "the patent share is below one half (R6)";
    LoanOtherMoneyExcluded = "LOAN_OTHER_MONEY_EXCLUDED", Info, "同一贷款已获其他级次资金，不予补助（R13L）", "other levels' money on the same loan excludes it (R13L)";
    // Rule 8: held for review.
    DrawBeforeRegistration = "DRAW_BEFORE_REGISTRATION", Hold, "放款早于质押登记", "drawn before the pledge was registered";
    PledgeeNotLender = "PLEDGEE_NOT_LENDER", Hold, "质权人不是贷款机构", "the pledgee is not the lender";
    PledgorNotBorrower = "PLEDGOR_NOT_BORROWER", Hold, "出质人不是借款人", "the pledgor is not the borrower";
    PledgeDouble = "PLEDGE_DOUBLE", Hold, "专利已在先质押登记且未注销", "a patent of the pledge is still under an earlier registration";
    ShareUnstated = "SHARE_UNSTATED", Hold, "组合担保未载明专利占比", "mixed collateral without a stated patent share";
    BorrowerClass = "BORROWER_CLASS", Hold, "借款人为个体工商户或合作社", "the borrower is an individual business or a cooperative";
    LoanUpperMoney = "LOAN_UPPER_MONEY", Hold, "同一贷款已获国家或省级资金", "national or provincial money on the same loan";
    PolicyholderClass = "POLICYHOLDER_CLASS", Hold, "投保人为个体工商户或合作社", "the policyholder is an individual business or a cooperative";
    PolicyholderNotOwner = "POLICYHOLDER_NOT_OWNER", Hold, "缴费日投保人不是专利权人或被许可人", "the policyholder neither owned nor might use the patent on the payment date";
    PolicySecond = "POLICY_SECOND", Hold, "同一专利同一险种保险期间重叠的第二张保单", "a second policy for the same patent and product with overlapping cover";
    PolicyCoinsuranceDiffers = "POLICY_COINSURANCE_DIFFERS", Hold, "同一保单号在两家保险公司的投保人、险种或期间不一致", "one policy number at two insurers with differing holder, product or cover";
    ProductOther = "PRODUCT_OTHER", Hold, "险种为其他，需审核", "the product is `other`";
    EnterpriseExcluded = "ENTERPRISE_EXCLUDED", Hold, "企业在截至日处于限制名单，未结算部分暂停", "the enterprise is on the exclusion list on the as-of date";
    // Rule 5: a premium that does not count.
    PolicyUnknown = "POLICY_UNKNOWN", Warn, "保费所属保单未报送或已撤销", "the payment's policy is unknown or withdrawn";
    ProductNotCovered = "PRODUCT_NOT_COVERED", Info, "贷款保证保险不属于专利保险", "loan guarantee insurance does not insure the patent";
    ScheduleMissing = "SCHEDULE_MISSING", Warn, "未报送保单专利清单", "the policy's schedule of patents is not reported";
    PolicyholderUnknown = "POLICYHOLDER_UNKNOWN", Warn, "投保人未登记", "the policyholder is not registered here";
    PolicyholderOutsideCity = "POLICYHOLDER_OUTSIDE_CITY", Info, "缴费日投保人不在本市登记", "the policyholder was not registered in the city on the payment date";
    PolicyholderNotEnterprise = "POLICYHOLDER_NOT_ENTERPRISE", Info, "投保人不是企业", "the policyholder is not an enterprise";
    PatentUnknown = "PATENT_UNKNOWN", Warn, "保单专利未登记", "the schedule names an unknown patent";
    PatentEnded = "PATENT_ENDED", Info, "缴费日专利已终止", "the patent had ended by the payment date";
    PatentExcluded = "PATENT_EXCLUDED", Info, "缴费日专利在限制名单中", "the patent was under an exclusion on the payment date";
    PolicyOtherMoneyExcluded = "POLICY_OTHER_MONEY_EXCLUDED", Info, "同一保单已获其他级次资金，不予补贴（R13）", "other levels' money on the same policy excludes it (R13)";
    // Rule 9: bookings that do not add up.
    ReversalUnknown = "REVERSAL_UNKNOWN", Warn, "冲正所指放款不存在", "the reversal names no known draw";
    DrawOverReversed = "DRAW_OVER_REVERSED", Warn, "冲正合计超过放款金额，净额按0计", "more was reversed than drawn: the net is 0";
    RefundUnknown = "REFUND_UNKNOWN", Warn, "退费所指缴费不存在", "the refund names no known payment";
    PaymentOverRefunded = "PAYMENT_OVER_REFUNDED", Warn, "退费合计超过缴费金额，净额按0计", "more was refunded than paid: the net is 0";
    // Limits that bit.
    YearCapReached = "YEAR_CAP_REACHED", Info, "超过年度上限的部分不予奖励", "what exceeds the yearly cap is not paid";
    ContractAmountExceeded = "CONTRACT_AMOUNT_EXCEEDED", Info, "放款超过合同金额的部分不计", "draws above the contract amount do not count";
    PatentShareApplied = "PATENT_SHARE_APPLIED", Info, "组合担保按专利占比计", "mixed collateral counts by its patent share";
    OtherMoneyToppedUp = "OTHER_MONEY_TOPPED_UP", Info, "与其他级次资金合计不超过所缴保费", "together with other levels' money never above the premium";
    NoDrawYet = "NO_DRAW_YET", Info, "尚未报送放款", "no draw is reported yet";
    NotNewMoney = "NOT_NEW_MONEY", Info, "展期或续贷不是新增放款", "an extension or rollover is no new money";
    // Warnings.
    LoanOtherMoney = "LOAN_OTHER_MONEY", Warn, "同一贷款已获其他级次资金", "the same loan has money of another level";
    PolicyOtherMoney = "POLICY_OTHER_MONEY", Warn, "同一保单已获其他级次资金（R13=IGNORE）", "the same policy has money of another level (R13=IGNORE)";
    SubsidyAboveLoan = "SUBSIDY_ABOVE_LOAN", Warn, "补助金额高于贷款金额", "the subsidy is larger than the loan";
    SubsidyHighShare = "SUBSIDY_HIGH_SHARE", Warn, "补助金额超过贷款金额的5%", "the subsidy is above 5% of the loan";
    WatchListed = "WATCH_LISTED", Warn, "在关注名单中", "on the watch list";
    InvalidatedLater = "INVALIDATED_LATER", Warn, "计入后专利被宣告无效，需复核", "a patent that counted was invalidated later: review the earlier money";
    ReadingAlternative = "READING_ALTERNATIVE", Info, "另一种读法的金额不同", "another reading would have paid another amount";
    // Review: findings of domain study 5.2; they change no amount.
    LoanSplitting = "LOAN_SPLITTING", Warn, "同一企业在同一机构有多份合同，疑似拆分贷款", "several contracts of one enterprise with one lender: a loan may have been split";
    RelatedBorrowers = "RELATED_BORROWERS", Warn, "与其他借款人共用出质专利、出质人或专利权人", "shares a pledged patent, a pledgor or a patent owner with another borrower";
    LoanTiny = "LOAN_TINY", Warn, "企业年度计入贷款额过小", "the enterprise's counted loans of the year are very small";
    QuickRepayment = "QUICK_REPAYMENT", Warn, "放款后短期内即还款", "the draw was repaid within days";
    CircularDraws = "CIRCULAR_DRAWS", Warn, "循环贷还款后再放款，年度放款合计超过合同金额", "a revolving contract drawn, repaid and drawn again, in the year above its amount";
    LoanReportedTwice = "LOAN_REPORTED_TWICE", Warn, "疑似同一贷款由两家机构重复报送", "two institutions seem to have reported the same loan";
    PatentTransferred = "PATENT_TRANSFERRED", Warn, "专利在质押或投保前不久受让，或在期间内转出", "the patent was acquired shortly before its pledge or cover, or given away within it";
    PledgorNotOwner = "PLEDGOR_NOT_OWNER", Warn, "登记日出质人对任何出质专利都不是权利人或被许可人", "on the registration day the pledgor neither owned nor might use any of the pledged patents";
    PatentLapsedLater = "PATENT_LAPSED_LATER", Warn, "计入后专利在贷款或保险期间内终止", "a patent that counted ended later, within the loan or the cover";
    PledgeCancelledEarly = "PLEDGE_CANCELLED_EARLY", Warn, "放款后不久质押即注销", "the pledge was cancelled soon after the draw";
    PledgeDecorative = "PLEDGE_DECORATIVE", Warn, "组合担保中专利占比过低", "patents are only a small part of the mixed collateral";
    PremiumRefundedLate = "PREMIUM_REFUNDED_LATE", Warn, "缴费在年度后退费，或大部分退费", "the premium was refunded after its year, or most of it was";
    PremiumOutlier = "PREMIUM_OUTLIER", Warn, "保费相对保额明显偏高", "the premium is far above what its sum insured suggests";
    PolicyCoverBackdated = "POLICY_COVER_BACKDATED", Warn, "首次缴费明显晚于起期，疑似倒签保单", "the first payment is long after the cover began: the policy may be backdated";
    UnitSuspected = "UNIT_SUSPECTED", Warn, "金额小于一万元或大于十亿元，疑为元、万元混淆", "an amount below 10,000 or above 1,000,000,000 yuan: the unit may be wrong";
    DrawBeforeSigning = "DRAW_BEFORE_SIGNING", Warn, "放款早于合同签订", "drawn before the contract was signed";
    AwardPatentUnknown = "AWARD_PATENT_UNKNOWN", Warn, "获奖专利未登记，可能专利号有误", "the award names an unknown patent: its number may be wrong";
    PatentAtTwoLenders = "PATENT_AT_TWO_LENDERS", Warn, "同一质押登记由两家机构的贷款使用", "loans of two lenders rest on the same pledge registration";
    // Reviewers' decisions.
    DecisionAccepted = "DECISION_ACCEPTED", Info, "审核人已接受该提示", "a reviewer accepted the finding";
    DecisionRejected = "DECISION_REJECTED", Info, "审核人已驳回，不予计入", "a reviewer rejected it: it counts nothing";
    DecisionWithoutValue = "DECISION_WITHOUT_VALUE", Info, "接受决定未载明专利占比，仍待审核", "accepted without stating a patent share: still held";
    DecisionUnused = "DECISION_UNUSED", Info, "审核决定没有对应的提示，不起作用", "the decision answers no finding and changes nothing";
    // Conditions of the batch.
    Objection = "OBJECTION", Hold, "异议未结或成立，未结算部分暂停", "an objection is open or upheld: what is not yet settled is held";
    RecoveryOrdered = "RECOVERY_ORDERED", Info, "已作出追回决定", "recovery is ordered";
    Frozen = "FROZEN", Hold, "条款或机构在截至日被冻结，未结算部分暂停", "the clause or an institution is frozen on the as-of date: what is not yet settled is held";
    LateWindowClosed = "LATE_WINDOW_CLOSED", Info, "超过本年度补报期限，不再增加", "after the last day for more money of the year";
    BudgetCarried = "BUDGET_CARRIED", Info, "预算不足的部分结转", "what the appropriation does not reach is carried";
}
