//! The conditions of a batch as its receipt states them: texts that another version wrote can be read, and refused by name.

use chrono::NaiveDate;
use policy::codes::{Clause, Measure};
use policy::conditions::{Budget, Conditions, Freeze, Frozen, Revoked, SetAside};
use policy::engine::LineKey;
use policy::ident::{InstitutionCode, Uscc};
use policy::money::Money;
use serde::{Deserialize, Serialize};

/// A condition that this version cannot read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("receipt.json: conditions.{field}: `{text}` cannot be read / 条件无法读取")]
pub struct ConditionUnreadable {
    /// The field.
    pub field: &'static str,
    /// What it holds.
    pub text: String,
}

/// Conditions as texts; lists without entries are left out.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConditionRows {
    /// Lines set aside by an objection.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub set_aside: Vec<SetAsideRow>,
    /// Orders of recovery.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub revoked: Vec<RevokedRow>,
    /// Freezes that had not ended.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub freezes: Vec<FreezeRow>,
    /// Appropriations.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub budgets: Vec<BudgetRow>,
}

/// Which line a condition is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LineName {
    /// loan_subsidy, bank_incentive or premium_subsidy.
    pub measure: String,
    /// Credit code of the beneficiary.
    pub beneficiary: String,
    /// What within the beneficiary's year; often empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub item: String,
}

/// A line set aside.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SetAsideRow {
    /// The line.
    pub line: LineName,
    /// Number of the objection.
    pub reference: String,
    /// What it says.
    pub reason: String,
}

/// An order of recovery.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RevokedRow {
    /// The line.
    pub line: LineName,
    /// What it keeps at most, in yuan.
    pub at_most: String,
    /// Number of the order.
    pub reference: String,
    /// Its legal basis.
    pub basis: String,
    /// Its reason.
    pub reason: String,
}

/// A freeze; one of clause and institution is stated.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FreezeRow {
    /// The clause frozen.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub clause: String,
    /// Code of the institution frozen.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub institution_code: String,
    /// First day, `YYYY-MM-DD`.
    pub from: String,
    /// Last day; empty where it is open.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub to: String,
    /// Why.
    pub reason: String,
}

/// An appropriation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BudgetRow {
    /// Name of the programme.
    pub programme: String,
    /// The measures it pays for.
    pub measures: Vec<String>,
    /// What was appropriated, in yuan.
    pub ceiling: String,
    /// What is taken of it, in yuan.
    pub committed: String,
}

fn unreadable(field: &'static str, text: &str) -> ConditionUnreadable {
    ConditionUnreadable {
        field,
        text: text.to_owned(),
    }
}

fn amount(field: &'static str, text: &str) -> Result<Money, ConditionUnreadable> {
    Money::parse_signed(text)
        .ok()
        .filter(|amount| *amount >= Money::ZERO)
        .ok_or_else(|| unreadable(field, text))
}

fn day(field: &'static str, text: &str) -> Result<NaiveDate, ConditionUnreadable> {
    NaiveDate::parse_from_str(text, "%Y-%m-%d").map_err(|_| unreadable(field, text))
}

fn measure(field: &'static str, text: &str) -> Result<Measure, ConditionUnreadable> {
    Measure::parse(text).ok_or_else(|| unreadable(field, text))
}

impl LineName {
    /// The name of a line.
    #[must_use]
    pub fn of(key: &LineKey) -> Self {
        Self {
            measure: key.measure.as_str().to_owned(),
            beneficiary: key.beneficiary.to_string(),
            item: key.item.clone(),
        }
    }

    fn key(&self, field: &'static str) -> Result<LineKey, ConditionUnreadable> {
        Ok(LineKey {
            measure: measure(field, &self.measure)?,
            beneficiary: Uscc::from_canonical(&self.beneficiary)
                .map_err(|_| unreadable(field, &self.beneficiary))?,
            item: self.item.clone(),
        })
    }
}

impl FreezeRow {
    fn read(&self) -> Result<Freeze, ConditionUnreadable> {
        let what = match (self.clause.as_str(), self.institution_code.as_str()) {
            (clause, "") => {
                Frozen::Clause(Clause::parse(clause).ok_or_else(|| unreadable("freezes.clause", clause))?)
            }
            ("", code) => Frozen::Institution(
                InstitutionCode::from_canonical(code)
                    .map_err(|_| unreadable("freezes.institution_code", code))?,
            ),
            (both, _) => return Err(unreadable("freezes.clause", both)),
        };
        let to = Some(self.to.as_str()).filter(|text| !text.is_empty());
        Ok(Freeze {
            what,
            from: day("freezes.from", &self.from)?,
            to: to.map(|text| day("freezes.to", text)).transpose()?,
            reason: self.reason.clone(),
        })
    }
}

impl From<&Conditions> for ConditionRows {
    fn from(conditions: &Conditions) -> Self {
        let date = |day: NaiveDate| day.format("%Y-%m-%d").to_string();
        Self {
            set_aside: Vec::from_iter(conditions.set_aside.iter().map(|it| SetAsideRow {
                line: LineName::of(&it.key),
                reference: it.reference.clone(),
                reason: it.reason.clone(),
            })),
            revoked: Vec::from_iter(conditions.revoked.iter().map(|it| RevokedRow {
                line: LineName::of(&it.key),
                at_most: it.at_most.to_string(),
                reference: it.reference.clone(),
                basis: it.basis.clone(),
                reason: it.reason.clone(),
            })),
            freezes: Vec::from_iter(conditions.freezes.iter().map(|it| FreezeRow {
                clause: match &it.what {
                    Frozen::Clause(clause) => clause.as_str().to_owned(),
                    Frozen::Institution(_) => String::new(),
                },
                institution_code: match &it.what {
                    Frozen::Clause(_) => String::new(),
                    Frozen::Institution(code) => code.to_string(),
                },
                from: date(it.from),
                to: it.to.map(date).unwrap_or_default(),
                reason: it.reason.clone(),
            })),
            budgets: Vec::from_iter(conditions.budgets.iter().map(|it| {
                BudgetRow {
                    programme: it.programme.clone(),
                    measures: it
                        .measures
                        .iter()
                        .map(|measure| measure.as_str().to_owned())
                        .collect(),
                    ceiling: it.ceiling.to_string(),
                    committed: it.committed.to_string(),
                }
            })),
        }
    }
}

impl ConditionRows {
    /// The rows, or nothing where there are none: a receipt without conditions does not speak of them.
    #[must_use]
    pub fn of(conditions: &Conditions) -> Option<Self> {
        (*conditions != Conditions::NONE).then(|| Self::from(conditions))
    }

    /// The conditions that the rows state.
    ///
    /// # Errors
    /// [`ConditionUnreadable`] for the first text that is not one.
    pub fn read(&self) -> Result<Conditions, ConditionUnreadable> {
        let set_aside = self.set_aside.iter().map(|row| {
            Ok(SetAside {
                key: row.line.key("set_aside.line")?,
                reference: row.reference.clone(),
                reason: row.reason.clone(),
            })
        });
        let revoked = self.revoked.iter().map(|row| {
            Ok(Revoked {
                key: row.line.key("revoked.line")?,
                at_most: amount("revoked.at_most", &row.at_most)?,
                reference: row.reference.clone(),
                basis: row.basis.clone(),
                reason: row.reason.clone(),
            })
        });
        let budgets = self.budgets.iter().map(|row| {
            let measures = row.measures.iter().map(|word| measure("budgets.measures", word));
            Ok(Budget {
                programme: row.programme.clone(),
                measures: measures.collect::<Result<_, _>>()?,
                ceiling: amount("budgets.ceiling", &row.ceiling)?,
                committed: amount("budgets.committed", &row.committed)?,
            })
        });
        Ok(Conditions {
            set_aside: set_aside.collect::<Result<_, _>>()?,
            revoked: revoked.collect::<Result<_, _>>()?,
            freezes: self
                .freezes
                .iter()
                .map(FreezeRow::read)
                .collect::<Result<_, _>>()?,
            budgets: budgets.collect::<Result<_, _>>()?,
        })
    }
}
