//! The words of the contract: closed lists, each value once with its exchange word.

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
