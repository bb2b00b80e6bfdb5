//! The fourteen exchange files and their columns (section 2 of the contract).

mod columns;

/// One exchange file, in reading order: institutions first, since every other report depends on them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum File {
    /// 机构
    Institutions,
    /// 企业
    Enterprises,
    /// 专利
    Patents,
    /// 专利权属
    PatentOwners,
    /// 专利奖
    Awards,
    /// 限制名单
    Exclusions,
    /// 质押登记
    Pledges,
    /// 贷款合同
    Loans,
    /// 放款还款
    LoanEvents,
    /// 保单
    Policies,
    /// 保单专利
    PolicyPatents,
    /// 保费收退
    PremiumEvents,
    /// 其他资金
    OtherAwards,
    /// 审核决定
    Decisions,
}

/// Who reports a file's records.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Owner {
    /// The city's bureau.
    Bureau,
    /// Each institution its own.
    Institution,
}

/// The service that keeps a file's records.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Service {
    /// Institutions, enterprises, patents, lists, other levels' money and reviewers' decisions.
    Registry,
    /// Pledges, loans and their events.
    Pledge,
    /// Policies, schedules and premiums.
    Insurance,
}

/// What a cell holds, and so how it is read and printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Free text, at most 200 characters, NFC.
    Text,
    /// Credit code (GB 32100-2015).
    Uscc,
    /// Division code (GB/T 2260).
    Division,
    /// Patent number.
    Patent,
    /// Patent numbers separated by `;`, a set.
    PatentSet,
    /// Pledge registration number.
    PledgeNo,
    /// Institution code.
    Institution,
    /// A reporter's own number.
    Reference,
    /// A credit code, or a person's name.
    Holder,
    /// A credit code or a patent number.
    Subject,
    /// Code of a finding: a list that grows with the rules, so that no table repeats it.
    Finding,
    /// Day.
    Date,
    /// Instant with an offset, to the microsecond.
    Instant,
    /// Amount in yuan, above 0.
    Money,
    /// Share between 0 and 1.
    Rate,
    /// true or false.
    Bool,
    /// Revision number from 1; empty means 1.
    Revision,
    /// A word of a closed list.
    Word(&'static [&'static str]),
}

/// One column of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Column {
    /// English name, also the column name in the database.
    pub name: &'static str,
    /// Chinese name.
    pub zh: &'static str,
    /// What its cells hold.
    pub kind: Kind,
    /// Whether it belongs to the natural key.
    pub key: bool,
    /// Whether the cell of a record that is not withdrawn must be filled.
    pub required_cell: bool,
    /// Whether a file may leave the column out.
    pub optional_column: bool,
}

impl File {
    /// Every file, in reading order.
    pub const ALL: &'static [Self] = &[
        Self::Institutions,
        Self::Enterprises,
        Self::Patents,
        Self::PatentOwners,
        Self::Awards,
        Self::Exclusions,
        Self::Pledges,
        Self::Loans,
        Self::LoanEvents,
        Self::Policies,
        Self::PolicyPatents,
        Self::PremiumEvents,
        Self::OtherAwards,
        Self::Decisions,
    ];

    /// The contract's English and Chinese names of the file.
    const fn names(self) -> (&'static str, &'static str) {
        match self {
            Self::Institutions => ("institutions", "机构"),
            Self::Enterprises => ("enterprises", "企业"),
            Self::Patents => ("patents", "专利"),
            Self::PatentOwners => ("patent_owners", "专利权属"),
            Self::Awards => ("awards", "专利奖"),
            Self::Exclusions => ("exclusions", "限制名单"),
            Self::Pledges => ("pledges", "质押登记"),
            Self::Loans => ("loans", "贷款合同"),
            Self::LoanEvents => ("loan_events", "放款还款"),
            Self::Policies => ("policies", "保单"),
            Self::PolicyPatents => ("policy_patents", "保单专利"),
            Self::PremiumEvents => ("premium_events", "保费收退"),
            Self::OtherAwards => ("other_awards", "其他资金"),
            Self::Decisions => ("decisions", "审核决定"),
        }
    }

    /// English name, e.g. `loan_events`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        self.names().0
    }

    /// Chinese name, e.g. 放款还款.
    #[must_use]
    pub const fn zh(self) -> &'static str {
        self.names().1
    }

    /// Name on disk, e.g. `loan_events.csv`.
    #[must_use]
    pub fn file_name(self) -> String {
        format!("{}.csv", self.as_str())
    }

    /// Reads the English name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|file| file.as_str() == name)
    }

    /// Reads the name on disk.
    #[must_use]
    pub fn from_file_name(name: &str) -> Option<Self> {
        name.strip_suffix(".csv").and_then(Self::parse)
    }

    /// Who reports its records.
    #[must_use]
    pub const fn owner(self) -> Owner {
        match self.service() {
            Service::Registry => Owner::Bureau,
            Service::Pledge | Service::Insurance => Owner::Institution,
        }
    }

    /// Which service keeps its records.
    #[must_use]
    pub const fn service(self) -> Service {
        match self {
            Self::Institutions
            | Self::Enterprises
            | Self::Patents
            | Self::PatentOwners
            | Self::Awards
            | Self::Exclusions
            | Self::OtherAwards
            | Self::Decisions => Service::Registry,
            Self::Pledges | Self::Loans | Self::LoanEvents => Service::Pledge,
            Self::Policies | Self::PolicyPatents | Self::PremiumEvents => Service::Insurance,
        }
    }

    /// Its columns in the contract's order; `revision` and `withdrawn` are the last two.
    #[must_use]
    pub const fn columns(self) -> &'static [Column] {
        match self {
            Self::Institutions => columns::INSTITUTIONS,
            Self::Enterprises => columns::ENTERPRISES,
            Self::Patents => columns::PATENTS,
            Self::PatentOwners => columns::PATENT_OWNERS,
            Self::Awards => columns::AWARDS,
            Self::Exclusions => columns::EXCLUSIONS,
            Self::Pledges => columns::PLEDGES,
            Self::Loans => columns::LOANS,
            Self::LoanEvents => columns::LOAN_EVENTS,
            Self::Policies => columns::POLICIES,
            Self::PolicyPatents => columns::POLICY_PATENTS,
            Self::PremiumEvents => columns::PREMIUM_EVENTS,
            Self::OtherAwards => columns::OTHER_AWARDS,
            Self::Decisions => columns::DECISIONS,
        }
    }

    /// The columns of the natural key, in the contract's order.
    pub fn key_columns(self) -> impl Iterator<Item = &'static Column> {
        self.columns().iter().filter(|column| column.key)
    }

    /// The column of this English name.
    #[must_use]
    pub fn column(self, name: &str) -> Option<&'static Column> {
        self.columns().iter().find(|column| column.name == name)
    }

    /// The position of the column with this English or Chinese header. `uscc` has one Chinese name for institutions and another for
    /// enterprises, and a decision's `reason` is called 理由 as often as 原因; either is understood in both.
    #[must_use]
    pub fn position_of_header(self, header: &str) -> Option<usize> {
        let names_uscc = matches!(header, "统一社会信用代码" | "机构统一社会信用代码");
        let names_reason = matches!(header, "原因" | "理由");
        self.columns().iter().position(|column| {
            column.name == header
                || column.zh == header
                || (names_uscc && column.name == "uscc")
                || (names_reason && column.name == "reason")
        })
    }
}
