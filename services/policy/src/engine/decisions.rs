//! Reviewers' decisions (rule 8): what an acceptance cures, what a rejection takes out, and how both are told.
//!
//! A decision answers the findings of one code on one contract or policy. An acceptance makes a held reason no longer stand,
//! and marks a warning as seen. By a rejection the contract or policy counts nothing for the measures under which its finding
//! stands: for a contract those on the draws of any year, since a contract's base may be more than one year's.

use std::collections::{BTreeSet, HashMap};

use super::contract::evaluate_all;
use super::index::Index;
use super::{Draft, EngineError, Finding, LineKey, Question, Rules, year};
use crate::codes::{FindingCode, Measure, Severity};
use crate::date::PolicyYear;
use crate::explanation::{Step, date_text};
use crate::facts::{Decision, Facts, PremiumEventKind, Verdict};
use crate::ident::Reference;

/// Places of decisions, each with the item of the one line it is about, where it is about one.
type Places = BTreeSet<(usize, Option<String>)>;

/// The facts under the decisions on them.
pub(crate) struct Reviewed<'a> {
    pub(crate) index: Index<'a>,
    /// The decisions in the order of their keys.
    decisions: Vec<&'a Decision>,
    /// Their places by `institution_code/number`.
    by_record: HashMap<String, Vec<usize>>,
    /// Those that answer a finding, by record and measure; with the line's item where it is about one patent alone.
    answers: HashMap<(String, Measure), Places>,
    /// Rejections of the year by measure and the beneficiary whose line would have been larger; with item as above.
    takes_from: HashMap<(Measure, String), Places>,
    used: BTreeSet<usize>,
    /// Findings of the year that a rejection answered, as they stood before it.
    rejected: Vec<Finding>,
}

/// `institution_code/number` of what a decision is about.
fn record(decision: &Decision) -> String {
    format!("{}/{}", decision.institution_code, decision.reference)
}

/// A decision in words: code, verdict, value, day and the reviewer's reason.
pub(super) fn words(decision: &Decision) -> String {
    let value = decision
        .value
        .map(|value| format!(" {value}"))
        .unwrap_or_default();
    format!(
        "{} {}{value} {} {}",
        decision.code.as_str(),
        decision.decision.as_str(),
        date_text(decision.decided_on),
        decision.reason
    )
}

/// The facts under their decisions: which decision answers a finding, and what the rejections take out.
pub(crate) fn review<'a>(question: &Question<'a>, rules: &Rules<'_>) -> Result<Reviewed<'a>, EngineError> {
    let facts: &'a Facts = question.facts;
    let mut decisions: Vec<&Decision> = facts.decisions.iter().collect();
    decisions.sort_by_key(|it| (&it.institution_code, &it.reference, it.code));
    let mut by_record: HashMap<String, Vec<usize>> = HashMap::new();
    for (place, decision) in decisions.iter().enumerate() {
        by_record.entry(record(decision)).or_default().push(place);
    }
    let mut reviewed = Reviewed {
        index: Index::new(facts),
        decisions,
        by_record,
        answers: HashMap::new(),
        takes_from: HashMap::new(),
        used: BTreeSet::new(),
        rejected: Vec::new(),
    };
    if reviewed.decisions.is_empty() {
        return Ok(reviewed);
    }
    let every_year = Rules {
        every_year: true,
        ..*rules
    };
    let mut of_contracts = Vec::new();
    evaluate_all(&reviewed.index, &every_year, &mut of_contracts)?;
    let (_, of_year) = year(&reviewed.index, rules)?;
    for (finding, is_of_year) in of_contracts
        .iter()
        .map(|finding| (finding, false))
        .chain(of_year.iter().map(|finding| (finding, true)))
    {
        for (place, decision) in reviewed.decisions_on(finding) {
            reviewed.answer(place, decision, finding, is_of_year);
        }
    }
    Ok(reviewed)
}

impl<'a> Reviewed<'a> {
    /// The decisions that answer a finding: those on its contract or policy, which has to be known, by its code.
    fn decisions_on(&self, finding: &Finding) -> Vec<(usize, &'a Decision)> {
        if self.decisions.is_empty() || finding.severity() == Severity::Info {
            return Vec::new();
        }
        let reference = finding.reference.as_str();
        let by_code = |record: &str| {
            let places = self.by_record.get(record).into_iter().flatten();
            places
                .filter_map(|place| Some((*place, *self.decisions.get(*place)?)))
                .filter(|(_, it)| it.code == finding.code && self.is_known(it, finding.measure))
                .collect::<Vec<_>>()
        };
        let mut slashes = reference.match_indices('/').map(|(place, _)| place);
        if slashes.next().is_some() {
            let end = slashes.next().unwrap_or(reference.len());
            return by_code(reference.get(..end).unwrap_or_default());
        }
        // A finding on a policy number is one on each insurer's policy of that number.
        let number = Reference::from_canonical(reference).ok();
        let policies = number.and_then(|number| self.index.policies_of_number.get(&number));
        let policies = policies.into_iter().flatten();
        policies
            .filter(|policy| policy.policyholder_uscc.as_str() == finding.beneficiary)
            .flat_map(|policy| by_code(&format!("{}/{reference}", policy.institution_code)))
            .collect()
    }

    fn is_known(&self, decision: &Decision, measure: Measure) -> bool {
        let key = (&decision.institution_code, &decision.reference);
        match measure {
            Measure::PremiumSubsidy => self.index.policies.contains_key(&key),
            Measure::LoanSubsidy | Measure::BankIncentive => self.index.loans.contains_key(&key),
        }
    }

    fn answer(&mut self, place: usize, decision: &'a Decision, finding: &Finding, is_of_year: bool) {
        self.used.insert(place);
        // `institution/policy/event/patent` is about the line of one patent.
        let parts: Vec<&str> = finding.reference.split('/').collect();
        let item = match parts.as_slice() {
            [_, number, _, patent] => Some(format!("{number}/{patent}")),
            _ => None,
        };
        let measure = finding.measure;
        let answers = self.answers.entry((record(decision), measure)).or_default();
        answers.insert((place, item.clone()));
        if decision.decision == Verdict::Reject {
            let record = (&decision.institution_code, &decision.reference);
            let rejections = &mut self.index.rejections;
            rejections.entry((record, measure)).or_insert(decision);
            if is_of_year {
                let beneficiary = (measure, finding.beneficiary.clone());
                self.takes_from
                    .entry(beneficiary)
                    .or_default()
                    .insert((place, item));
                self.rejected.push(finding.clone());
            }
        }
    }

    /// Tells the decisions: what they answer is no longer held or warned of, and the lines they concern say so.
    pub(super) fn tell(&self, question: &Question<'_>, findings: &mut Vec<Finding>) {
        if self.decisions.is_empty() {
            return;
        }
        let mut told = Vec::with_capacity(findings.len());
        for finding in findings.drain(..).chain(self.rejected.iter().cloned()) {
            let decisions = self.decisions_on(&finding);
            for (_, decision) in &decisions {
                let code = match decision.decision {
                    Verdict::Reject => FindingCode::DecisionRejected,
                    Verdict::Accept if decision.value.is_none() && decision.code.needs_value() => {
                        told.push(finding.clone());
                        FindingCode::DecisionWithoutValue
                    }
                    Verdict::Accept => FindingCode::DecisionAccepted,
                };
                told.push(Finding {
                    code,
                    detail: words(decision),
                    ..finding.clone()
                });
            }
            if decisions.is_empty() {
                told.push(finding);
            }
        }
        told.extend(self.unused(question));
        *findings = told;
    }

    /// The decisions that answer no finding although their record has something in the year, or is not known at all.
    fn unused(&self, question: &Question<'_>) -> Vec<Finding> {
        let decisions = self.decisions.iter().enumerate();
        decisions
            .filter(|(place, _)| !self.used.contains(place))
            .filter_map(|(_, decision)| {
                let (measure, beneficiary) = self.concerned(question, decision)?;
                Some(Finding {
                    code: FindingCode::DecisionUnused,
                    measure,
                    beneficiary,
                    reference: record(decision),
                    amount: None,
                    detail: words(decision),
                    evidence: vec![format!(
                        "decisions/{}/{}",
                        record(decision),
                        decision.code.as_str()
                    )],
                })
            })
            .collect()
    }

    /// Whose money a decision without a finding would concern; none where its record has nothing in the year.
    fn concerned(&self, question: &Question<'_>, decision: &Decision) -> Option<(Measure, String)> {
        let key = (&decision.institution_code, &decision.reference);
        let of_year = |day| PolicyYear::of(day) == question.year;
        if let Some(loan) = self.index.loans.get(&key) {
            let events = self.index.events.get(&key).map_or(&[][..], Vec::as_slice);
            let has_one = events.iter().any(|event| of_year(event.date()));
            return has_one.then(|| (Measure::LoanSubsidy, loan.borrower_uscc.to_string()));
        }
        if let Some(policy) = self.index.policies.get(&key) {
            let events = self.index.premiums.get(&key).map_or(&[][..], Vec::as_slice);
            let is_payment = |kind| kind == PremiumEventKind::Payment;
            let has_one = events
                .iter()
                .any(|event| is_payment(event.kind) && of_year(event.occurred_on));
            return has_one.then(|| (Measure::PremiumSubsidy, policy.policyholder_uscc.to_string()));
        }
        let institution = self.index.institutions.get(&decision.institution_code);
        let lends = institution.is_none_or(|row| row.kind.is_financial_institution());
        let measure = if lends {
            Measure::LoanSubsidy
        } else {
            Measure::PremiumSubsidy
        };
        Some((measure, String::new()))
    }

    /// The steps that name the decisions a line rests on, or that took something from it.
    pub(super) fn steps(&self, draft: &Draft) -> Vec<Step> {
        if self.decisions.is_empty() {
            return Vec::new();
        }
        let key = &draft.key;
        let is_of_line = |item: &Option<String>| item.as_ref().is_none_or(|item| *item == key.item);
        let mut places: BTreeSet<usize> = BTreeSet::new();
        for step in &draft.explanation.steps {
            let record = match step {
                Step::Contract { reference, .. } => reference.as_str(),
                Step::Payment { reference, .. } => reference.rsplit_once('/').map_or("", |(of, _)| of),
                _ => continue,
            };
            let answers = self.answers.get(&(record.to_owned(), key.measure));
            let of_line = answers.into_iter().flatten().filter(|(_, item)| is_of_line(item));
            places.extend(of_line.map(|(place, _)| *place));
        }
        places.retain(|place| {
            self.decisions
                .get(*place)
                .is_some_and(|it| it.value.is_some() || !it.code.needs_value())
        });
        let taken = self.takes_from.get(&(key.measure, key.beneficiary.to_string()));
        for (place, item) in taken.into_iter().flatten() {
            let decision = self.decisions.get(*place);
            if is_of_line(item) && decision.is_some_and(|it| is_in_item(it, key)) {
                places.insert(*place);
            }
        }
        let decisions = places.into_iter().filter_map(|place| self.decisions.get(place));
        decisions.map(|decision| step(decision)).collect()
    }
}

/// Whether a record would have added to the line of an item: `institution/contract`, an institution, `policy/patent`, or all.
fn is_in_item(decision: &Decision, key: &LineKey) -> bool {
    match key.measure {
        Measure::LoanSubsidy => key.item.is_empty() || key.item == record(decision),
        Measure::BankIncentive => key.item.is_empty() || key.item == decision.institution_code.as_str(),
        Measure::PremiumSubsidy => key
            .item
            .split_once('/')
            .is_some_and(|(number, _)| number == decision.reference.as_str()),
    }
}

fn step(decision: &Decision) -> Step {
    Step::Decided {
        reference: record(decision),
        code: decision.code.as_str().to_owned(),
        verdict: decision.decision.as_str().to_owned(),
        value: decision.value.map(|value| value.to_string()),
        decided_on: date_text(decision.decided_on),
        reason: decision.reason.clone(),
    }
}
