//! Why a record earned nothing, or which lines rest on it: the first clause that failed and what would change it.

mod acceptance;
mod insuring;
mod lending;

use std::collections::{BTreeMap, BTreeSet};

pub use self::acceptance::Acceptance;
use self::acceptance::acceptance;
use super::contract::{Contract, Draw, contract_reference, evaluate_all};
use super::decisions::review;
use super::index::Index;
use super::{EngineError, Finding, Line, Outcome, Question, Rules, SettledBefore, settle};
use crate::codes::{FindingCode, Measure, NoMoney};
use crate::date::PolicyYear;
use crate::explanation::Step;
use crate::ident::{InstitutionCode, PatentNo, PledgeNo, Reference};
use crate::money::Money;
use crate::reading::Readings;

/// A record that money can rest on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Subject {
    /// A loan contract, by all its draws.
    Contract(InstitutionCode, Reference),
    /// One event of a contract.
    LoanEvent(InstitutionCode, Reference, Reference),
    /// A pledge, by the contracts that name it.
    Pledge(InstitutionCode, PledgeNo),
    /// An insurance policy, by all its payments.
    Policy(InstitutionCode, Reference),
    /// One patent on a policy's schedule.
    PolicyPatent(InstitutionCode, Reference, PatentNo),
    /// One event of a policy.
    PremiumEvent(InstitutionCode, Reference, Reference),
}

/// What became of a record under one measure in one year.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// The measure.
    pub measure: Measure,
    /// The policy year the record belongs to for it.
    pub year: PolicyYear,
    /// The lines that rest on it, of any amount.
    pub lines: Vec<Line>,
    /// The findings about it, those that stopped it first, in the order of the rules.
    pub findings: Vec<Finding>,
    /// Why there is no money although nothing stopped it.
    pub no_money: Option<NoMoney>,
    /// Readings under which the first finding would not arise, with what they would pay.
    pub cures: Vec<Cure>,
    /// What a reviewer's acceptance would pay, where holds alone stand in the way.
    pub acceptance: Option<Acceptance>,
}

/// Another value of a reading that takes away what stopped a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cure {
    /// Reading id.
    pub reading: &'static str,
    /// Its value.
    pub value: &'static str,
    /// What the beneficiary is entitled to under the measure and year as it is.
    pub now: Money,
    /// The same under that value.
    pub then: Money,
    /// What would stop the record next, if something would.
    pub next: Option<FindingCode>,
}

impl Verdict {
    /// The first finding that stopped the record, if one did.
    #[must_use]
    pub fn first_stop(&self) -> Option<&Finding> {
        self.findings.iter().find(|finding| finding.code.stops())
    }

    /// Whether a line that rests on the record pays something.
    #[must_use]
    pub fn earns(&self) -> bool {
        self.lines.iter().any(|line| !line.entitled.is_zero())
    }
}

/// What became of a record: one verdict a measure and year it belongs to.
///
/// # Errors
/// As [`settle`]; also where the record belongs to a year that no rulebook covers.
pub fn why_not(question: &Question<'_>, subject: &Subject) -> Result<Vec<Verdict>, EngineError> {
    let rules = Rules::of(question)?;
    let reviewed = review(question, &rules)?;
    let contracts = evaluate_all(&reviewed.index, &rules, &mut Vec::new())?;
    let mut desk = Desk {
        question,
        index: &reviewed.index,
        rules,
        contracts: &contracts,
        outcomes: BTreeMap::new(),
        verdicts: BTreeMap::new(),
    };
    desk.ask(subject)?;
    desk.conclude()
}

/// The draws that count for the bank in the year, by `institution_code/contract_no`: the leaves of a bank's line.
///
/// # Errors
/// As [`settle`].
pub fn counted_draws(question: &Question<'_>) -> Result<BTreeMap<String, Vec<Step>>, EngineError> {
    let rules = Rules::of(question)?;
    let contracts = evaluate_all(&review(question, &rules)?.index, &rules, &mut Vec::new())?;
    let of_year = |contract: &Contract<'_>| -> Vec<Step> {
        let draws = contract.for_bank.iter();
        draws
            .filter(|draw| PolicyYear::of(draw.date) == question.year)
            .map(Draw::step)
            .collect()
    };
    Ok(contracts
        .iter()
        .map(|contract| (contract_reference(contract.loan), of_year(contract)))
        .filter(|(_, draws)| !draws.is_empty())
        .collect())
}

/// The outcome of another year or under other readings; another year's settled position is not known here.
fn outcome_of(
    question: &Question<'_>,
    year: PolicyYear,
    readings: &Readings,
) -> Result<Outcome, EngineError> {
    let nothing = SettledBefore::new();
    let settled = if year == question.year {
        question.settled
    } else {
        &nothing
    };
    settle(&Question {
        year,
        readings,
        settled,
        ..*question
    })
}

/// The references under which findings speak of a record.
#[derive(Default)]
struct Names {
    exact: BTreeSet<String>,
    prefix: Option<String>,
}

impl Names {
    fn of<const N: usize>(exact: [String; N]) -> Self {
        Self {
            exact: exact.into_iter().collect(),
            prefix: None,
        }
    }

    fn names(&self, finding: &Finding) -> bool {
        self.exact.contains(&finding.reference)
            || self
                .prefix
                .as_ref()
                .is_some_and(|prefix| finding.reference.starts_with(prefix))
    }

    fn findings(&self, outcome: &Outcome, measure: Measure) -> Vec<Finding> {
        let about = |finding: &&Finding| finding.measure == measure && self.names(finding);
        outcome.findings.iter().filter(about).cloned().collect()
    }
}

/// What was found of a record so far.
#[derive(Default)]
struct Draft {
    lines: Vec<Line>,
    findings: Vec<Finding>,
    no_money: Option<NoMoney>,
    names: Names,
}

struct Desk<'q, 'a> {
    question: &'q Question<'q>,
    index: &'q Index<'a>,
    rules: Rules<'q>,
    contracts: &'q [Contract<'a>],
    outcomes: BTreeMap<PolicyYear, Outcome>,
    verdicts: BTreeMap<(Measure, PolicyYear), Draft>,
}

const LENDING: [Measure; 2] = [Measure::LoanSubsidy, Measure::BankIncentive];

impl Desk<'_, '_> {
    fn ask(&mut self, subject: &Subject) -> Result<(), EngineError> {
        match subject {
            Subject::Contract(institution, number) => self.contract(institution, number),
            Subject::LoanEvent(institution, number, event_no) => {
                let events = self.index.events.get(&(institution, number));
                match events.and_then(|events| events.iter().find(|event| event.event_no == *event_no)) {
                    Some(event) => self.event(event),
                    None => {
                        self.nothing(&LENDING, NoMoney::NotReported);
                        Ok(())
                    }
                }
            }
            Subject::Pledge(institution, number) => self.pledge(institution, number),
            Subject::Policy(institution, number) => self.policy(institution, number, None),
            Subject::PolicyPatent(institution, number, patent_no) => {
                self.policy(institution, number, Some(patent_no))
            }
            Subject::PremiumEvent(institution, number, event_no) => {
                let events = self.index.premiums.get(&(institution, number));
                match events.and_then(|events| events.iter().find(|event| event.event_no == *event_no)) {
                    Some(event) => self.premium(event, None),
                    None => {
                        self.nothing(&[Measure::PremiumSubsidy], NoMoney::NotReported);
                        Ok(())
                    }
                }
            }
        }
    }

    fn draft(&mut self, measure: Measure, year: PolicyYear) -> &mut Draft {
        self.verdicts.entry((measure, year)).or_default()
    }

    fn nothing(&mut self, measures: &[Measure], why: NoMoney) {
        for measure in measures {
            self.draft(*measure, self.question.year)
                .no_money
                .get_or_insert(why);
        }
    }

    fn outcome(&mut self, year: PolicyYear) -> Result<&Outcome, EngineError> {
        match self.outcomes.entry(year) {
            std::collections::btree_map::Entry::Occupied(known) => Ok(known.into_mut()),
            std::collections::btree_map::Entry::Vacant(place) => {
                Ok(place.insert(outcome_of(self.question, year, self.question.readings)?))
            }
        }
    }

    /// Adds what was found of one event; the findings on a whole line that rests on it belong to it too.
    fn add(
        &mut self,
        measure: Measure,
        year: PolicyYear,
        lines: Vec<Line>,
        mut findings: Vec<Finding>,
        no_money: NoMoney,
        names: Names,
    ) -> Result<(), EngineError> {
        let of_line = |finding: &&Finding| {
            lines.iter().any(|line| {
                (finding.measure, finding.beneficiary.as_str()) == (measure, line.key.beneficiary.as_str())
                    && finding.reference == line.key.item
            })
        };
        findings.extend(self.outcome(year)?.findings.iter().filter(of_line).cloned());
        let draft = self.draft(measure, year);
        draft.no_money.get_or_insert(no_money);
        draft.findings.extend(findings);
        draft.names.exact.extend(names.exact);
        draft.names.prefix = draft.names.prefix.take().or(names.prefix);
        let known: BTreeSet<_> = draft.lines.iter().map(|line| line.key.clone()).collect();
        draft
            .lines
            .extend(lines.into_iter().filter(|line| !known.contains(&line.key)));
        Ok(())
    }

    fn conclude(self) -> Result<Vec<Verdict>, EngineError> {
        let mut verdicts = Vec::new();
        for ((measure, year), draft) in self.verdicts {
            let mut findings = draft.findings;
            // NO_DRAW_YET comes first however the list is sorted: without a draw nothing else is asked.
            findings.sort_by(|one, other| {
                let order = |it: &Finding| (!it.code.stops(), it.code != FindingCode::NoDrawYet);
                (order(one), one).cmp(&(order(other), other))
            });
            findings.dedup();
            let mut verdict = Verdict {
                measure,
                year,
                lines: draft.lines,
                findings,
                no_money: None,
                cures: Vec::new(),
                acceptance: None,
            };
            if !verdict.earns() && verdict.first_stop().is_none() {
                verdict.no_money = draft.no_money;
            }
            verdict.cures = cures(self.question, &verdict, &draft.names, self.outcomes.get(&year))?;
            verdict.acceptance = acceptance(self.question, &verdict, self.outcomes.get(&year))?;
            verdicts.push(verdict);
        }
        Ok(verdicts)
    }
}

/// What the readings that take away the first stop would pay, computed and not guessed.
fn cures(
    question: &Question<'_>,
    verdict: &Verdict,
    names: &Names,
    outcome: Option<&Outcome>,
) -> Result<Vec<Cure>, EngineError> {
    let (Some(stop), Some(outcome)) = (verdict.first_stop(), outcome) else {
        return Ok(Vec::new());
    };
    let entitled = |outcome: &Outcome| {
        let own = outcome.lines.iter().filter(|line| {
            line.key.measure == verdict.measure && line.key.beneficiary.as_str() == stop.beneficiary
        });
        Money::sum(own.map(|line| line.entitled))
    };
    let mut found = Vec::new();
    for (reading, value) in stop.code.cured_by_readings() {
        let mut readings = *question.readings;
        if readings.set(reading, value).is_err() {
            continue;
        }
        let other = outcome_of(question, verdict.year, &readings)?;
        let stops = names.findings(&other, verdict.measure);
        let next = stops.iter().map(|finding| finding.code).find(|code| code.stops());
        if next != Some(stop.code) {
            found.push(Cure {
                reading,
                value,
                now: entitled(outcome)?,
                then: entitled(&other)?,
                next,
            });
        }
    }
    Ok(found)
}
