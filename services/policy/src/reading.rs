//! The readings: named decisions about words of the document that can be read in more than one way.
//!
//! The set DEFAULT and the other supported values are those of the exchange contract, section 3.10;
//! any other value is refused, never guessed.

use std::fmt;

/// A reading or value that this engine does not support.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("READING_NOT_SUPPORTED: reading {id}={value} is not supported / 不支持的读法 {id}={value}")]
pub struct ReadingNotSupported {
    /// The reading asked for.
    pub id: String,
    /// The value asked for.
    pub value: String,
}

macro_rules! readings {
    ($($(#[$doc:meta])* $field:ident: $kind:ident($id:literal) { $($variant:ident = $text:literal),+ } default $default:ident;)+) => {
        $(
            $(#[$doc])*
            #[derive(Debug, Clone, Copy, PartialEq, Eq)]
            pub enum $kind { $(#[doc = $text] $variant),+ }

            impl $kind {
                /// The value's word.
                #[must_use]
                pub const fn as_str(self) -> &'static str {
                    match self { $(Self::$variant => $text),+ }
                }
            }
        )+

        /// One value for every reading.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub struct Readings { $($(#[$doc])* pub $field: $kind),+ }

        impl Default for Readings {
            /// The reading set DEFAULT.
            fn default() -> Self {
                Self { $($field: $kind::$default),+ }
            }
        }

        impl Readings {
            /// Sets one reading by its id and word.
            ///
            /// # Errors
            /// [`ReadingNotSupported`] for an unknown id or value.
            pub fn set(&mut self, id: &str, value: &str) -> Result<(), ReadingNotSupported> {
                match (id, value) {
                    $($(($id, $text) => self.$field = $kind::$variant,)+)+
                    _ => return Err(ReadingNotSupported { id: id.to_owned(), value: value.to_owned() }),
                }
                Ok(())
            }

            /// Every reading with its value, in the order of the contract.
            #[must_use]
            pub fn list(&self) -> Vec<(&'static str, &'static str)> {
                vec![$(($id, self.$field.as_str())),+]
            }

            /// Every id with the values it can take; the first value is the default.
            #[must_use]
            pub fn supported() -> Vec<(&'static str, Vec<&'static str>)> {
                vec![$(($id, vec![$($text),+])),+]
            }
        }
    };
}

readings! {
    /// Which tier exactly 3 and 6 million belong to.
    boundary: Boundary("R1") { Word = "WORD", High = "HIGH", Low = "LOW" } default Word;
    /// What 贷款额度 counts.
    loan_basis: LoanBasis("R2") { Disbursed = "DISBURSED" } default Disbursed;
    /// What one award is given for.
    unit: Unit("R3") { EnterpriseYearSum = "ENTERPRISE_YEAR_SUM", PerLoan = "PER_LOAN", EnterpriseYearMax = "ENTERPRISE_YEAR_MAX" } default EnterpriseYearSum;
    /// Which year the enterprise's contract belongs to.
    year: YearOf("R4") { FirstDrawYear = "FIRST_DRAW_YEAR", DrawYear = "DRAW_YEAR" } default FirstDrawYear;
    /// Whether the pledge must be registered before the draw.
    pledge_order: PledgeOrder("R5") { RegisteredBeforeOrSameDay = "REGISTERED_BEFORE_OR_SAME_DAY", AnyOrder = "ANY_ORDER" } default RegisteredBeforeOrSameDay;
    /// How mixed collateral counts.
    mixed: MixedCollateral("R6") { StatedShare = "STATED_SHARE", Full = "FULL", PureOnly = "PURE_ONLY", Min50 = "MIN50" } default StatedShare;
    /// Whether a renewal without new money counts.
    renewal: Renewal("R7") { NewMoneyOnly = "NEW_MONEY_ONLY", All = "ALL" } default NewMoneyOnly;
    /// Whether draws are limited by the contract.
    revolving: Revolving("R8") { LineCap = "LINE_CAP", Gross = "GROSS" } default LineCap;
    /// What 单个金融机构 is.
    institution: InstitutionUnit("R9") { CityLegalPerson = "CITY_LEGAL_PERSON", Branch = "BRANCH" } default CityLegalPerson;
    /// How half a fen is rounded.
    rounding: RoundingMode("R10") { HalfUp = "HALF_UP", HalfEven = "HALF_EVEN" } default HalfUp;
    /// On which sum a premium's rate is rounded.
    premium_rounding: PremiumRounding("R10P") { PolicyClass = "POLICY_CLASS" } default PolicyClass;
    /// When a patent must be in the full class.
    status_date: StatusDate("R11") { YearEnd = "YEAR_END", AtPayment = "AT_PAYMENT" } default YearEnd;
    /// How a premium is split over a schedule.
    allocation: Allocation("R12") { Schedule = "SCHEDULE" } default Schedule;
    /// Other levels' money on a policy.
    policy_money: PolicyMoney("R13") { TopUpToCost = "TOP_UP_TO_COST", Exclude = "EXCLUDE", Ignore = "IGNORE" } default TopUpToCost;
    /// Other levels' money on a loan.
    loan_money: LoanMoney("R13L") { HoldUpper = "HOLD_UPPER", Exclude = "EXCLUDE", Ignore = "IGNORE" } default HoldUpper;
    /// The budget's ceiling.
    budget: Budget("R14") { None = "NONE", ProRata = "PRO_RATA", FirstCome = "FIRST_COME" } default None;
    /// Early repayment.
    early_repayment: EarlyRepayment("R15") { NoEffect = "NO_EFFECT" } default NoEffect;
    /// Whether tax in a premium counts.
    premium_basis: PremiumBasis("R16") { Gross = "GROSS" } default Gross;
    /// Whose loans count for the bank.
    borrower: Borrower("R18") { LocalOnly = "LOCAL_ONLY", Any = "ANY" } default LocalOnly;
    /// Who may be the pledgee.
    pledgee: Pledgee("R19") { DirectOnly = "DIRECT_ONLY", IndirectOk = "INDIRECT_OK" } default DirectOnly;
    /// Who may be the pledgor.
    pledgor: Pledgor("R19b") { Borrower = "BORROWER", BorrowerOrRelated = "BORROWER_OR_RELATED" } default Borrower;
}

impl Readings {
    /// Only the readings that differ from DEFAULT.
    #[must_use]
    pub fn changed(&self) -> Vec<(&'static str, &'static str)> {
        let default = Self::default().list();
        self.list()
            .into_iter()
            .zip(default)
            .filter(|(now, then)| now != then)
            .map(|(now, _)| now)
            .collect()
    }
}

impl fmt::Display for Readings {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, (id, value)) in self.list().into_iter().enumerate() {
            let separator = if index == 0 { "" } else { "; " };
            write!(formatter, "{separator}{id}={value}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_of_every_reading_can_be_set_and_is_told_apart() {
        for (id, values) in Readings::supported() {
            for (place, value) in values.iter().enumerate() {
                let mut readings = Readings::default();
                readings.set(id, value).unwrap();
                assert!(readings.list().contains(&(id, *value)));
                let changed = readings.changed();
                if place == 0 {
                    assert_eq!(changed, [], "{id}={value} is the default");
                    assert_eq!(readings.to_string(), Readings::default().to_string());
                } else {
                    assert_eq!(changed, [(id, *value)]);
                    assert!(readings.to_string().contains(&format!("{id}={value}")));
                }
            }
            assert!(Readings::default().set(id, "NO_SUCH_VALUE").is_err());
        }
        assert!(Readings::default().set("R0", "WORD").is_err());
        let text = Readings::default().to_string();
        assert!(text.starts_with("R1=WORD; R2=DISBURSED; "), "{text}");
    }
}
