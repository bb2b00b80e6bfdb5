//! Reading a policy text: the shape of its tables, and the checks that make it a rulebook.

use chrono::{Datelike, NaiveDate};
use serde::Deserialize;

use super::procedure::ProcedureTable;
use super::review::ReviewTable;
use super::{Approval, CappedRate, ClassRate, Revision, Rulebook, RulebookError, Tier, TieredLumpSum};
use crate::codes::Clause;
use crate::date::PolicyYear;
use crate::facts::Product;
use crate::ident::{City, Division};
use crate::money::{Money, Rate};
use crate::reading::Readings;

/// A value of the document with where it stands.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Sourced {
    value: String,
    article: String,
    source: String,
    #[serde(default)]
    approval: String,
}

impl Sourced {
    pub(super) fn checked(&self, name: &str) -> Result<&str, RulebookError> {
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
    #[serde(default)]
    procedure: ProcedureTable,
    revision: Vec<RevisionTable>,
    #[serde(default)]
    review: ReviewTable,
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
            text: text.to_owned(),
            review: file.review.load()?,
            procedure: file.procedure.read()?,
            excluded_divisions,
            revisions,
        })
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
