//! Rulebooks: a document's money rules as data, one revision for each run of policy years.
//!
//! Every value carries its article and its source. Loading refuses gaps and overlaps in tiers and in validity, unknown
//! keys, and values without a source, so that what a batch was computed with can always be held against the document.

use chrono::{Datelike, NaiveDate};
use serde::Deserialize;

use crate::codes::Clause;
use crate::date::PolicyYear;
use crate::facts::Product;
use crate::ident::{City, Division};
use crate::money::{Money, Rate};
use crate::reading::{Boundary, ReadingNotSupported, Readings};

/// The rulebook that ships with the engine: 安政〔2018〕9号 (八).
pub const ANYANG_2018_9: &str = include_str!("../policies/410500-anzheng-2018-9.toml");

/// Why a policy text cannot be loaded or does not cover a question.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RulebookError {
    /// The text is not TOML of the expected shape: unknown key, missing key, wrong type.
    #[error("POLICY_MALFORMED: the policy file cannot be read / 政策文件无法读取: {0}")]
    Malformed(String),
    /// A value without an article or a source.
    #[error("POLICY_VALUE_WITHOUT_SOURCE: {0} has no article or no source / {0} 未注明条款或出处")]
    WithoutSource(String),
    /// A value that is not an amount, rate, clause or known word.
    #[error("POLICY_VALUE_INVALID: {0} is not valid / {0} 取值无效")]
    InvalidValue(String),
    /// Tiers that leave a gap, overlap, or do not begin above zero and end open.
    #[error("POLICY_TIERS_BROKEN: tiers leave a gap or overlap / 分档存在空隙或重叠: {0}")]
    Tiers(String),
    /// Revisions that leave a gap, overlap, or do not begin on 1 January.
    #[error(
        "POLICY_VALIDITY_BROKEN: revisions leave a gap, overlap or do not begin on 1 January / 版本期间有空隙、重叠或不以1月1日起: {0}"
    )]
    Validity(String),
    /// A reading the engine does not support.
    #[error(transparent)]
    Reading(#[from] ReadingNotSupported),
    /// A reading without a value in the file.
    #[error("POLICY_READING_MISSING: reading {0} has no value / 读法 {0} 未取值")]
    ReadingMissing(&'static str),
    /// No revision covers the year.
    #[error("YEAR_WITHOUT_RULEBOOK: no rulebook covers {0} / {0} 年度没有适用的规则")]
    YearNotCovered(PolicyYear),
    /// No shipped rulebook is for the city.
    #[error("CITY_UNKNOWN: no rulebook for city {0} / 没有城市 {0} 的规则")]
    CityUnknown(City),
}

impl RulebookError {
    /// The error's stable name.
    #[must_use]
    pub const fn reason(&self) -> &'static str {
        match self {
            Self::Malformed(_) => "POLICY_MALFORMED",
            Self::WithoutSource(_) => "POLICY_VALUE_WITHOUT_SOURCE",
            Self::InvalidValue(_) => "POLICY_VALUE_INVALID",
            Self::Tiers(_) => "POLICY_TIERS_BROKEN",
            Self::Validity(_) => "POLICY_VALIDITY_BROKEN",
            Self::Reading(_) => "READING_NOT_SUPPORTED",
            Self::ReadingMissing(_) => "POLICY_READING_MISSING",
            Self::YearNotCovered(_) => "YEAR_WITHOUT_RULEBOOK",
            Self::CityUnknown(_) => "CITY_UNKNOWN",
        }
    }
}

/// A value of the document with where it stands.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Sourced {
    value: String,
    article: String,
    source: String,
    #[serde(default)]
    approval: String,
}

impl Sourced {
    fn checked(&self, name: &str) -> Result<&str, RulebookError> {
        if self.article.trim().is_empty() || self.source.trim().is_empty() {
            return Err(RulebookError::WithoutSource(name.to_owned()));
        }
        Ok(&self.value)
    }

    fn money(&self, name: &str) -> Result<Money, RulebookError> {
        Money::parse_yuan(self.checked(name)?).map_err(|_| RulebookError::InvalidValue(name.to_owned()))
    }

    fn rate(&self, name: &str) -> Result<Rate, RulebookError> {
        Rate::parse(self.checked(name)?).map_err(|_| RulebookError::InvalidValue(name.to_owned()))
    }

    fn exactly(&self, name: &str, supported: &str) -> Result<(), RulebookError> {
        if self.checked(name)? == supported {
            Ok(())
        } else {
            Err(RulebookError::InvalidValue(name.to_owned()))
        }
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct PolicyFile {
    document: DocumentTable,
    revision: Vec<RevisionTable>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct DocumentTable {
    id: String,
    city: String,
    number: String,
    title: String,
    section: String,
    formed_on: toml::value::Datetime,
    printed_on: toml::value::Datetime,
    states_validity: bool,
    validity_note_zh: String,
    validity_note_en: String,
    excluded_divisions: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RevisionTable {
    id: String,
    valid_from: toml::value::Datetime,
    valid_to: Option<toml::value::Datetime>,
    loan_subsidy: TieredTable,
    bank_incentive: CappedTable,
    premium_subsidy: ClassTable,
    readings: std::collections::BTreeMap<String, Sourced>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct TieredTable {
    kind: String,
    rounding: Sourced,
    tier: Vec<TierTable>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct TierTable {
    clause: String,
    from: Sourced,
    from_inclusive: bool,
    to: Option<Sourced>,
    to_inclusive: Option<bool>,
    amount: Sourced,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct CappedTable {
    kind: String,
    clause: String,
    rate: Sourced,
    cap: Sourced,
    rounding: Sourced,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ClassTable {
    kind: String,
    rate_clause: String,
    rate: Sourced,
    full_invention_clause: String,
    full_award_clause: String,
    full_pledge_clause: String,
    full_rate: Sourced,
    rounding: Sourced,
    products: Sourced,
}

/// One tier of a tiered lump sum.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tier {
    /// The clause that gives it.
    pub clause: Clause,
    /// Lower edge.
    pub from: Money,
    /// Whether the lower edge itself belongs to this tier under reading R1=WORD.
    pub from_inclusive: bool,
    /// Upper edge; none for the highest tier.
    pub to: Option<Money>,
    /// The lump sum.
    pub amount: Money,
}

/// Rule kind: a lump sum by tier.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TieredLumpSum {
    tiers: Vec<Tier>,
}

impl TieredLumpSum {
    /// The tiers, lowest first.
    #[must_use]
    pub fn tiers(&self) -> &[Tier] {
        &self.tiers
    }

    /// The tier of a base under a reading of the boundary words; none for a base of zero.
    #[must_use]
    pub fn tier_of(&self, base: Money, boundary: Boundary) -> Option<&Tier> {
        if base <= Money::ZERO {
            return None;
        }
        self.tiers.iter().rev().find(|tier| {
            let edge_is_inside = match boundary {
                Boundary::Word => tier.from_inclusive,
                Boundary::High => true,
                Boundary::Low => false,
            };
            base > tier.from || (base == tier.from && edge_is_inside)
        })
    }

    /// Whether the base lies exactly on an edge between two tiers, where R1 decides.
    #[must_use]
    pub fn is_on_edge(&self, base: Money) -> bool {
        self.tiers.iter().skip(1).any(|tier| tier.from == base)
    }
}

/// Rule kind: a rate of a base with a yearly cap.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CappedRate {
    /// The clause that gives it.
    pub clause: Clause,
    /// The rate.
    pub rate: Rate,
    /// The cap of a holder and year.
    pub cap: Money,
}

/// Rule kind: a rate by class of the patent, allocated over a schedule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClassRate {
    /// The clause of the common rate.
    pub rate_clause: Clause,
    /// The common rate.
    pub rate: Rate,
    /// The clause for granted inventions.
    pub full_invention_clause: Clause,
    /// The clause for award-winning patents.
    pub full_award_clause: Clause,
    /// The clause for pledged patents.
    pub full_pledge_clause: Clause,
    /// The insurance products covered.
    pub products: Vec<Product>,
}

/// The readings of a revision with who approved each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Approval {
    /// Reading id.
    pub id: String,
    /// Approval reference 批复文号; says so where there is none.
    pub reference: String,
}

/// The rules of a run of policy years.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Revision {
    /// Its name in lines and receipts.
    pub id: String,
    /// First policy year.
    pub first_year: PolicyYear,
    /// Last policy year; none while it is open.
    pub last_year: Option<PolicyYear>,
    /// Sentence 1.
    pub loan_subsidy: TieredLumpSum,
    /// Sentence 2.
    pub bank_incentive: CappedRate,
    /// Sentence 3.
    pub premium_subsidy: ClassRate,
    /// The reading set.
    pub readings: Readings,
    /// The approval reference of each reading.
    pub approvals: Vec<Approval>,
}

/// A document's rules over time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rulebook {
    /// The document's id.
    pub id: String,
    /// The city it is for.
    pub city: City,
    /// Document number 文号.
    pub number: String,
    /// Title and section.
    pub title: String,
    /// Date of formation 成文 and of printing 印发.
    pub dates: (NaiveDate, NaiveDate),
    /// Whether the document itself states its validity.
    pub states_validity: bool,
    /// What to warn of, in Chinese and English.
    pub validity_note: (String, String),
    excluded_divisions: Vec<Division>,
    revisions: Vec<Revision>,
}

impl Rulebook {
    /// Loads a policy text.
    ///
    /// # Errors
    /// [`RulebookError`] for anything but a complete, gapless, sourced set of rules.
    pub fn load(text: &str) -> Result<Self, RulebookError> {
        let file: PolicyFile =
            toml::from_str(text).map_err(|error| RulebookError::Malformed(error.to_string()))?;
        let invalid = |name: &str| RulebookError::InvalidValue(name.to_owned());
        let city = City::from_canonical(&file.document.city).map_err(|_| invalid("document.city"))?;
        let excluded_divisions = file
            .document
            .excluded_divisions
            .iter()
            .map(|code| Division::from_canonical(code).map_err(|_| invalid("document.excluded_divisions")))
            .collect::<Result<_, _>>()?;
        let revisions = file
            .revision
            .iter()
            .map(load_revision)
            .collect::<Result<Vec<_>, _>>()?;
        check_validity(&revisions)?;
        Ok(Self {
            id: file.document.id,
            city,
            number: file.document.number,
            title: format!("{}{}", file.document.title, file.document.section),
            dates: (
                date_of(file.document.formed_on, "document.formed_on")?,
                date_of(file.document.printed_on, "document.printed_on")?,
            ),
            states_validity: file.document.states_validity,
            validity_note: (file.document.validity_note_zh, file.document.validity_note_en),
            excluded_divisions,
            revisions,
        })
    }

    /// The shipped policy text of a city.
    ///
    /// # Errors
    /// [`RulebookError::CityUnknown`].
    pub fn shipped_text(city: &City) -> Result<&'static str, RulebookError> {
        if city.as_str() == "4105" {
            Ok(ANYANG_2018_9)
        } else {
            Err(RulebookError::CityUnknown(city.clone()))
        }
    }

    /// The revision that settles a policy year.
    ///
    /// # Errors
    /// [`RulebookError::YearNotCovered`].
    pub fn revision_of(&self, year: PolicyYear) -> Result<&Revision, RulebookError> {
        self.revisions
            .iter()
            .find(|revision| {
                revision.first_year <= year && revision.last_year.is_none_or(|last| year <= last)
            })
            .ok_or(RulebookError::YearNotCovered(year))
    }

    /// Whether a division counts as the city: its first four digits, unless the document excludes it.
    #[must_use]
    pub fn includes(&self, division: &Division) -> bool {
        division.city() == self.city && !self.excluded_divisions.contains(division)
    }
}

fn date_of(value: toml::value::Datetime, name: &str) -> Result<NaiveDate, RulebookError> {
    value
        .date
        .filter(|_| value.time.is_none())
        .and_then(|date| {
            NaiveDate::from_ymd_opt(i32::from(date.year), u32::from(date.month), u32::from(date.day))
        })
        .ok_or_else(|| RulebookError::InvalidValue(name.to_owned()))
}

fn clause_of(text: &str) -> Result<Clause, RulebookError> {
    Clause::parse(text).ok_or_else(|| RulebookError::InvalidValue(format!("clause {text}")))
}

fn load_revision(table: &RevisionTable) -> Result<Revision, RulebookError> {
    let validity = || RulebookError::Validity(table.id.clone());
    let from = date_of(table.valid_from, "valid_from")?;
    let to = table
        .valid_to
        .map(|value| date_of(value, "valid_to"))
        .transpose()?;
    if (from.month(), from.day()) != (1, 1)
        || to.is_some_and(|last| (last.month(), last.day()) != (12, 31) || last < from)
    {
        return Err(validity());
    }
    let (readings, approvals) = load_readings(table)?;
    Ok(Revision {
        id: table.id.clone(),
        first_year: PolicyYear::new(from.year()).ok_or_else(validity)?,
        last_year: to
            .map(|last| PolicyYear::new(last.year()).ok_or_else(validity))
            .transpose()?,
        loan_subsidy: load_tiers(&table.loan_subsidy)?,
        bank_incentive: load_capped(&table.bank_incentive)?,
        premium_subsidy: load_classes(&table.premium_subsidy)?,
        readings,
        approvals,
    })
}

fn load_readings(table: &RevisionTable) -> Result<(Readings, Vec<Approval>), RulebookError> {
    let mut readings = Readings::default();
    let mut approvals = Vec::new();
    for (id, sourced) in &table.readings {
        readings.set(id, sourced.checked(id)?)?;
    }
    for (id, _) in readings.list() {
        let sourced = table.readings.get(id).ok_or(RulebookError::ReadingMissing(id))?;
        if sourced.approval.trim().is_empty() {
            return Err(RulebookError::WithoutSource(format!("{id}.approval")));
        }
        approvals.push(Approval {
            id: id.to_owned(),
            reference: sourced.approval.clone(),
        });
    }
    Ok((readings, approvals))
}

fn expect_kind(found: &str, wanted: &str) -> Result<(), RulebookError> {
    if found == wanted {
        Ok(())
    } else {
        Err(RulebookError::InvalidValue(format!("kind {found}")))
    }
}

fn load_tiers(table: &TieredTable) -> Result<TieredLumpSum, RulebookError> {
    expect_kind(&table.kind, "tiered_lump_sum")?;
    table
        .rounding
        .exactly("loan_subsidy.rounding", "half_up_to_fen_per_contract")?;
    let mut tiers: Vec<Tier> = Vec::new();
    let mut expected = Some((Money::ZERO, false));
    for row in &table.tier {
        let from = row.from.money("tier.from")?;
        let to = row.to.as_ref().map(|edge| edge.money("tier.to")).transpose()?;
        let broken = || RulebookError::Tiers(format!("{} {from}", row.clause));
        // The next tier begins exactly where the one before ended, and the edge belongs to one of the two.
        if expected != Some((from, row.from_inclusive)) || to.is_some_and(|edge| edge <= from) {
            return Err(broken());
        }
        expected = match (to, row.to_inclusive) {
            (Some(edge), Some(inclusive)) => Some((edge, !inclusive)),
            (None, None) => None,
            _ => return Err(broken()),
        };
        tiers.push(Tier {
            clause: clause_of(&row.clause)?,
            from,
            from_inclusive: row.from_inclusive,
            to,
            amount: row.amount.money("tier.amount")?,
        });
    }
    if expected.is_some() {
        return Err(RulebookError::Tiers(
            "the highest tier has an upper edge".to_owned(),
        ));
    }
    Ok(TieredLumpSum { tiers })
}

fn load_capped(table: &CappedTable) -> Result<CappedRate, RulebookError> {
    expect_kind(&table.kind, "capped_rate")?;
    table
        .rounding
        .exactly("bank_incentive.rounding", "half_up_to_fen_per_holder_year")?;
    Ok(CappedRate {
        clause: clause_of(&table.clause)?,
        rate: table.rate.rate("bank_incentive.rate")?,
        cap: table.cap.money("bank_incentive.cap")?,
    })
}

fn load_classes(table: &ClassTable) -> Result<ClassRate, RulebookError> {
    expect_kind(&table.kind, "class_rate")?;
    table
        .rounding
        .exactly("premium_subsidy.rounding", "half_up_to_fen_per_policy_class_year")?;
    if table.full_rate.rate("premium_subsidy.full_rate")? != Rate::ONE {
        return Err(RulebookError::InvalidValue(
            "premium_subsidy.full_rate".to_owned(),
        ));
    }
    let products = table
        .products
        .checked("premium_subsidy.products")?
        .split(',')
        .map(|word| {
            Product::parse(word.trim()).ok_or_else(|| RulebookError::InvalidValue(format!("product {word}")))
        })
        .collect::<Result<_, _>>()?;
    Ok(ClassRate {
        rate_clause: clause_of(&table.rate_clause)?,
        rate: table.rate.rate("premium_subsidy.rate")?,
        full_invention_clause: clause_of(&table.full_invention_clause)?,
        full_award_clause: clause_of(&table.full_award_clause)?,
        full_pledge_clause: clause_of(&table.full_pledge_clause)?,
        products,
    })
}

fn check_validity(revisions: &[Revision]) -> Result<(), RulebookError> {
    let broken = |revision: &Revision| RulebookError::Validity(revision.id.clone());
    if revisions.is_empty() {
        return Err(RulebookError::Validity("no revision".to_owned()));
    }
    for pair in revisions.windows(2) {
        if let [earlier, later] = pair {
            let next = earlier
                .last_year
                .and_then(|last| PolicyYear::new(last.number() + 1));
            if next != Some(later.first_year) || earlier.id == later.id {
                return Err(broken(later));
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn broken(from: &str, to: &str) -> RulebookError {
        assert!(ANYANG_2018_9.contains(from), "the text to break is there: {from}");
        Rulebook::load(&ANYANG_2018_9.replacen(from, to, 1)).unwrap_err()
    }

    #[test]
    fn the_shipped_rulebook_loads_and_holds_the_default_readings() {
        let rulebook = Rulebook::load(ANYANG_2018_9).unwrap();
        let year = PolicyYear::new(2025).unwrap();
        assert_eq!(rulebook.revision_of(year).unwrap().readings, Readings::default());
        assert_eq!(
            rulebook
                .revision_of(PolicyYear::new(2017).unwrap())
                .unwrap_err()
                .reason(),
            "YEAR_WITHOUT_RULEBOOK"
        );
    }

    #[test]
    fn every_way_to_break_it_is_refused_by_name() {
        let gap = broken(
            "from = { value = \"3000000.00\"",
            "from = { value = \"3000000.01\"",
        );
        assert_eq!(gap.reason(), "POLICY_TIERS_BROKEN");
        assert_eq!(
            broken("to_inclusive = true", "to_inclusive = false").reason(),
            "POLICY_TIERS_BROKEN"
        );
        assert_eq!(
            broken("to_inclusive = false", "to_inclusive = true").reason(),
            "POLICY_TIERS_BROKEN"
        );
        assert_eq!(
            broken("clause = \"A8.2\"", "clause = \"A8.2\"\nnew_key = 1").reason(),
            "POLICY_MALFORMED"
        );
        assert_eq!(
            broken("source = \"给予5万元补助\"", "source = \"\"").reason(),
            "POLICY_VALUE_WITHOUT_SOURCE"
        );
        assert_eq!(
            broken("value = \"0.01\"", "value = \"1e-2\"").reason(),
            "POLICY_VALUE_INVALID"
        );
        assert_eq!(
            broken("value = \"WORD\"", "value = \"MAYBE\"").reason(),
            "READING_NOT_SUPPORTED"
        );
        assert_eq!(
            broken("valid_from = 2018-01-01", "valid_from = 2018-02-21").reason(),
            "POLICY_VALIDITY_BROKEN"
        );
        assert_eq!(broken("R15 = {", "R99 = {").reason(), "READING_NOT_SUPPORTED");
        let lines: String = ANYANG_2018_9
            .lines()
            .filter(|line| !line.starts_with("R15"))
            .map(|line| format!("{line}\n"))
            .collect();
        assert_eq!(
            Rulebook::load(&lines).unwrap_err().reason(),
            "POLICY_READING_MISSING"
        );
    }

    #[test]
    fn the_edges_belong_where_the_reading_says() {
        let rulebook = Rulebook::load(ANYANG_2018_9).unwrap();
        let tiers = &rulebook
            .revision_of(PolicyYear::new(2025).unwrap())
            .unwrap()
            .loan_subsidy;
        let amounts = |boundary| {
            [
                "2999999.99",
                "3000000.00",
                "3000000.01",
                "5999999.99",
                "6000000.00",
                "6000000.01",
            ]
            .map(|base| {
                tiers
                    .tier_of(Money::parse_yuan(base).unwrap(), boundary)
                    .unwrap()
                    .amount
                    .fen()
                    / 1_000_000
            })
        };
        assert_eq!(amounts(Boundary::Word), [5, 5, 10, 10, 15, 15]);
        assert_eq!(amounts(Boundary::High), [5, 10, 10, 10, 15, 15]);
        assert_eq!(amounts(Boundary::Low), [5, 5, 10, 10, 10, 15]);
    }
}
