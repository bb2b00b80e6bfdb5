//! What several contracts show together: splitting, related borrowers, one loan reported twice.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;

use super::{Case, Note, Review, days, name};
use crate::codes::{FindingCode, Measure};
use crate::engine::contract::{Contract, Reviewed, contract_reference, event_reference};
use crate::engine::loan_subsidy::total;
use crate::facts::{HolderRole, LoanEvent};
use crate::ident::{InstitutionCode, PledgeNo, Reference, Uscc};
use crate::money::Money;
use crate::reading::Unit;

/// A contract that counts for its enterprise in the year.
struct Counted<'c, 'a> {
    contract: &'c Contract<'a>,
    base: Money,
    first_draw: NaiveDate,
}

/// A draw with its contract.
type Drawn<'c, 'a> = (&'c Case<'c, 'a>, &'c Reviewed<'a>);

/// What two draws of one loan have in common: the legal person or the agreement.
type Twin<'c> = (&'c Uscc, Money, NaiveDate, bool, &'c str);

impl<'a> Review<'_, 'a> {
    /// The findings on contracts together.
    pub(super) fn across(&mut self, cases: &[Case<'_, 'a>], contracts: &[Contract<'a>]) {
        self.splitting_and_size(contracts);
        self.related(cases);
        self.same_draw(cases);
        self.same_number(cases);
        self.same_pledge(cases);
    }

    /// LOAN_SPLITTING and LOAN_TINY: what counts for an enterprise in the year.
    fn splitting_and_size(&mut self, contracts: &[Contract<'a>]) {
        let mut by_borrower: BTreeMap<&Uscc, BTreeMap<&Uscc, Vec<Counted<'_, 'a>>>> = BTreeMap::new();
        for contract in contracts {
            let lender = self.index.institutions.get(&contract.loan.institution_code);
            let base = contract
                .enterprise_base(self.rules, self.rules.year)
                .ok()
                .flatten();
            let first = contract.enterprise_draws(self.rules, self.rules.year).next();
            let (Some(lender), Some(base), Some(first)) = (lender, base, first) else {
                continue;
            };
            let of_lenders = by_borrower.entry(&contract.loan.borrower_uscc).or_default();
            of_lenders
                .entry(&lender.legal_person_uscc)
                .or_default()
                .push(Counted {
                    contract,
                    base: base.base,
                    first_draw: first.date,
                });
        }
        let mut loans_of: BTreeMap<&str, Vec<String>> = BTreeMap::new();
        for (borrower, of_lenders) in by_borrower {
            let all = || of_lenders.values().flatten();
            let base = super::sum(all().map(|counted| counted.base));
            let mut loans: Vec<String> = all().map(|counted| name::loan(counted.contract.loan)).collect();
            loans.sort();
            self.tiny(borrower.as_str(), base, loans.clone());
            loans_of.insert(borrower.as_str(), loans);
            for group in of_lenders.values() {
                self.splitting(borrower, group);
            }
        }
        // What was found of an enterprise's whole year is shown by the contracts that count in it.
        for finding in self.findings.iter_mut() {
            let is_of_line = finding.measure == Measure::LoanSubsidy && finding.reference.is_empty();
            if let Some(loans) = loans_of.get(finding.beneficiary.as_str())
                && is_of_line
                && finding.evidence.is_empty()
            {
                finding.evidence.clone_from(loans);
            }
        }
    }

    /// Contracts of one enterprise with one legal person, in the order of institution and number.
    fn splitting(&mut self, borrower: &Uscc, group: &[Counted<'_, 'a>]) {
        let most = usize::try_from(self.limits.splitting_contracts).unwrap_or(usize::MAX);
        let sets: Vec<Vec<&Counted<'_, 'a>>> = if group.len() > most {
            vec![group.iter().collect()]
        } else {
            near_sets(group, i64::from(self.limits.splitting_days))
        };
        for set in sets {
            let bases: Vec<Money> = set.iter().map(|counted| counted.base).collect();
            let boundary = self.rules.readings.boundary;
            let earns = |unit| total(self.rules, &bases, unit, boundary).unwrap_or_default();
            let (apart, together) = (earns(Unit::PerLoan), earns(Unit::EnterpriseYearSum));
            if apart <= together && set.len() <= most {
                continue;
            }
            let Some(first) = set.first() else { continue };
            let note = Note {
                code: FindingCode::LoanSplitting,
                reference: contract_reference(first.contract.loan),
                amount: apart.minus(together).ok().filter(|excess| *excess > Money::ZERO),
                detail: format!("{} / {apart} : {together}", set.len()),
                evidence: set
                    .iter()
                    .map(|counted| name::loan(counted.contract.loan))
                    .collect(),
            };
            self.push(Measure::LoanSubsidy, borrower.as_str(), note);
        }
    }

    /// RELATED_BORROWERS: borrowers whose pledges share a patent, a pledgor or a patent's owner.
    fn related(&mut self, cases: &[Case<'_, 'a>]) {
        let subsidised = |case: &&Case<'_, 'a>| case.measures().contains(&Measure::LoanSubsidy);
        let mut sharing: BTreeMap<(&str, &str), BTreeMap<&Uscc, &Case<'_, 'a>>> = BTreeMap::new();
        let mut keys_of: Vec<(&Case<'_, 'a>, BTreeSet<(&str, &str)>)> = Vec::new();
        for case in cases.iter().filter(subsidised) {
            let keys = self.links(case);
            for key in &keys {
                let borrowers = sharing.entry(*key).or_default();
                borrowers.entry(&case.loan.borrower_uscc).or_insert(case);
            }
            keys_of.push((case, keys));
        }
        for (case, keys) in keys_of {
            let mut shared = BTreeSet::new();
            let mut evidence = case.records();
            for key in keys {
                // One other borrower for each thing shared is enough to look at; their number is said.
                let borrowers = sharing.get(&key).map_or(0, BTreeMap::len);
                let other = sharing
                    .get(&key)
                    .and_then(|all| all.iter().find(|(code, _)| **code != &case.loan.borrower_uscc));
                if let Some((code, other)) = other {
                    shared.insert(format!("{} {}: {code} ({})", key.0, key.1, borrowers - 1));
                    evidence.extend(other.records());
                }
            }
            if shared.is_empty() {
                continue;
            }
            let note = Note {
                code: FindingCode::RelatedBorrowers,
                reference: case.reference(),
                amount: None,
                detail: shared.into_iter().collect::<Vec<String>>().join(", "),
                evidence,
            };
            self.push(Measure::LoanSubsidy, case.loan.borrower_uscc.as_str(), note);
        }
    }

    /// What may tie a borrower to another: its pledge's patents, their owners on the registration day, and the pledgor.
    fn links(&self, case: &Case<'_, 'a>) -> BTreeSet<(&'a str, &'a str)> {
        let mut links = BTreeSet::new();
        let Some(pledge) = case.pledge else {
            return links;
        };
        links.insert(("pledgor", pledge.pledgor_uscc.as_str()));
        for number in &pledge.patents {
            links.insert(("patent", number.as_str()));
            match self.index.owners.get(number) {
                Some(rows) => links.extend(
                    rows.iter()
                        .filter(|row| row.role == HolderRole::Owner)
                        .filter(|row| row.period().contains(pledge.registered_on))
                        .map(|row| ("owner", row.holder.as_str())),
                ),
                None => links.extend(
                    self.index
                        .patents
                        .get(number)
                        .and_then(|patent| patent.patentee_uscc.as_ref())
                        .map(|holder| ("owner", holder.as_str())),
                ),
            }
        }
        links
    }

    /// LOAN_REPORTED_TWICE: one borrower, amount and day at two institutions of one legal person or under one agreement.
    fn same_draw(&mut self, cases: &[Case<'_, 'a>]) {
        let mut twins: BTreeMap<Twin<'_>, Vec<Drawn<'_, 'a>>> = BTreeMap::new();
        for case in cases {
            for reviewed in &case.draws {
                let key = |is_agreement, common| {
                    let event = reviewed.draw.event;
                    let borrower = &case.loan.borrower_uscc;
                    (borrower, event.amount, event.date(), is_agreement, common)
                };
                let legal_person = key(false, case.legal_person.as_str());
                twins.entry(legal_person).or_default().push((case, reviewed));
                if let Some(number) = &case.loan.syndicate_no {
                    let agreement = key(true, number.as_str());
                    twins.entry(agreement).or_default().push((case, reviewed));
                }
            }
        }
        for group in twins.values() {
            let mut firsts: BTreeMap<&InstitutionCode, &LoanEvent> = BTreeMap::new();
            for (_, reviewed) in group {
                let event = reviewed.draw.event;
                firsts.entry(&event.institution_code).or_insert(event);
            }
            for (case, reviewed) in group {
                let event = reviewed.draw.event;
                let other = firsts.iter().find(|(code, _)| **code != &event.institution_code);
                if let Some((_, other)) = other {
                    self.report(case, &reviewed.measures, &|| Note {
                        code: FindingCode::LoanReportedTwice,
                        reference: event_reference(event),
                        amount: Some(reviewed.draw.net),
                        detail: event_reference(other),
                        evidence: vec![name::loan_event(event), name::loan_event(other)],
                    });
                }
            }
        }
    }

    /// LOAN_REPORTED_TWICE: one contract number at two institutions of one legal person.
    fn same_number(&mut self, cases: &[Case<'_, 'a>]) {
        let mut numbered: BTreeMap<(&Uscc, &Reference), BTreeMap<&InstitutionCode, &Case<'_, 'a>>> =
            BTreeMap::new();
        for case in cases {
            let key = (case.legal_person, &case.loan.contract_no);
            let group = numbered.entry(key).or_default();
            group.insert(&case.loan.institution_code, case);
        }
        for group in numbered.values() {
            for (code, case) in group {
                if let Some((_, other)) = group.iter().find(|(other, _)| *other != code) {
                    self.two_of(
                        FindingCode::LoanReportedTwice,
                        case,
                        other,
                        contract_reference(other.loan),
                    );
                }
            }
        }
    }

    /// PATENT_AT_TWO_LENDERS: one registration number under loans of two legal persons that share no agreement.
    fn same_pledge(&mut self, cases: &[Case<'_, 'a>]) {
        let mut pledged: BTreeMap<&PledgeNo, BTreeMap<(&Uscc, Option<&Reference>), &Case<'_, 'a>>> =
            BTreeMap::new();
        for case in cases {
            if let Some(pledge) = case.pledge {
                let lender = (case.legal_person, case.loan.syndicate_no.as_ref());
                let group = pledged.entry(&pledge.pledge_no).or_default();
                group.entry(lender).or_insert(case);
            }
        }
        for case in cases {
            let Some(pledge) = case.pledge else { continue };
            let agreement = case.loan.syndicate_no.as_ref();
            let group = pledged.get(&pledge.pledge_no);
            let other = group.and_then(|group| {
                group.iter().find(|((legal_person, number), _)| {
                    *legal_person != case.legal_person && (agreement.is_none() || *number != agreement)
                })
            });
            if let Some((_, other)) = other {
                let detail = format!("{}: {}", pledge.pledge_no, contract_reference(other.loan));
                self.two_of(FindingCode::PatentAtTwoLenders, case, other, detail);
            }
        }
    }

    /// Reports a contract that stands beside another.
    fn two_of(&mut self, code: FindingCode, case: &Case<'_, 'a>, other: &Case<'_, 'a>, detail: String) {
        let measures = case.measures();
        self.report(case, &measures, &|| Note {
            code,
            reference: case.reference(),
            amount: None,
            detail: detail.clone(),
            evidence: case.records().into_iter().chain(other.records()).collect(),
        });
    }
}

/// The sets of contracts that hang together: each signed or first drawn at most so many days from another, or alone.
fn near_sets<'g, 'c, 'a>(group: &'g [Counted<'c, 'a>], most: i64) -> Vec<Vec<&'g Counted<'c, 'a>>> {
    let mut leaders: Vec<usize> = (0..group.len()).collect();
    let by_date: [fn(&Counted<'_, '_>) -> NaiveDate; 2] = [
        |counted| counted.contract.loan.signed_on,
        |counted| counted.first_draw,
    ];
    for date in by_date {
        let mut order: Vec<(NaiveDate, usize)> = group.iter().map(date).zip(0..).collect();
        order.sort_unstable();
        for pair in order.windows(2) {
            if let [(earlier, one), (later, other)] = pair
                && days(*earlier, *later) <= most
            {
                join(&mut leaders, *one, *other);
            }
        }
    }
    let mut sets: BTreeMap<usize, Vec<&Counted<'_, '_>>> = BTreeMap::new();
    for (place, counted) in group.iter().enumerate() {
        sets.entry(leader(&leaders, place)).or_default().push(counted);
    }
    sets.into_values().collect()
}

/// The place that stands for a place's set.
fn leader(leaders: &[usize], mut place: usize) -> usize {
    while let Some(&next) = leaders.get(place)
        && next != place
    {
        place = next;
    }
    place
}

/// Makes two sets one, led by the smaller place.
fn join(leaders: &mut [usize], one: usize, other: usize) {
    let (one, other) = (leader(leaders, one), leader(leaders, other));
    if let Some(led) = leaders.get_mut(one.max(other)) {
        *led = one.min(other);
    }
}
