//! A second implementation of the contract's section 3, written from its words alone.
//!
//! It shares nothing with the engine but the record types: plain scans over the facts, integers of 128 bits in fen,
//! the document's numbers written out. Slow and obvious on purpose.

mod decided;
mod ordered;
mod premium;
mod unpaid;

pub(crate) use self::ordered::Orders;

use std::collections::{BTreeMap, BTreeSet};

use chrono::{Datelike, NaiveDate, TimeDelta};
use zhirong_policy::codes::Measure;
use zhirong_policy::engine::LineKey;
use zhirong_policy::facts::{
    Collateral, ExclusionGrade, Facts, Institution, InstitutionKind, Loan, LoanEvent, LoanEventKind,
    OtherLevel, OtherMeasure, Patent, Pledge,
};
use zhirong_policy::ident::Uscc;
use zhirong_policy::money::Money;
use zhirong_policy::reading::{
    Borrower, Boundary, InstitutionUnit, LoanMoney, MixedCollateral, PledgeOrder, Pledgee, Pledgor, Readings,
    Renewal, Revolving, RoundingMode, Unit, YearOf,
};

/// What the facts earn, in fen, by line; no zeros.
pub(crate) type Earned = BTreeMap<LineKey, i128>;

/// Who a draw is counted for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum For {
    Enterprise,
    Bank,
}

/// One city's facts under one set of readings in one policy year.
#[derive(Clone, Copy)]
pub(crate) struct Oracle<'a> {
    pub(crate) facts: &'a Facts,
    pub(crate) readings: &'a Readings,
    pub(crate) year: i32,
}

/// Money as an integer of fen.
fn fen(money: Money) -> i128 {
    i128::from(money.fen())
}

/// Anyang and its counties.
fn in_city(division: &str) -> bool {
    division.starts_with("4105")
}

/// The calendar day in Beijing: eight hours ahead of UTC.
fn beijing_day(event: &LoanEvent) -> NaiveDate {
    (event.occurred_at.naive_utc() + TimeDelta::hours(8)).date()
}

/// A closed period, open-ended without a last day.
fn runs_on(from: NaiveDate, to: Option<NaiveDate>, day: NaiveDate) -> bool {
    !(day < from || to.is_some_and(|last| last < day))
}

/// Rule 6: floors first, then one fen at a time to the largest fraction, the earlier where equal.
pub(crate) fn largest_remainder(total: i128, weights: &[i128]) -> Vec<i128> {
    let whole: i128 = weights.iter().sum();
    if whole == 0 {
        return vec![0; weights.len()];
    }
    let mut shares: Vec<i128> = weights.iter().map(|weight| total * weight / whole).collect();
    let mut fractions: Vec<i128> = weights.iter().map(|weight| total * weight % whole).collect();
    let mut left = total - shares.iter().sum::<i128>();
    while left > 0 {
        let mut best = 0;
        for place in 1..fractions.len() {
            if fractions[place] > fractions[best] {
                best = place;
            }
        }
        shares[best] += 1;
        fractions[best] = -1;
        left -= 1;
    }
    shares
}

/// A stated share in millionths, read from its text.
fn millionths(text: &str) -> i128 {
    let (whole, places) = text.split_once('.').unwrap_or((text, ""));
    format!("{whole}{places:0<6}").parse().unwrap()
}

impl Oracle<'_> {
    /// Over a world's facts, readings and year.
    pub(crate) fn of(world: &crate::world::World) -> Oracle<'_> {
        Oracle {
            facts: &world.facts,
            readings: &world.readings,
            year: world.year,
        }
    }

    /// What every line earns, without regard to rule 7.
    pub(crate) fn earned(&self) -> Earned {
        let mut lines = Earned::new();
        self.loan_subsidies(&mut lines);
        self.bank_incentives(&mut lines);
        self.premium_subsidies(&mut lines);
        lines.retain(|_, amount| *amount != 0);
        lines
    }

    /// Whether a credit code or patent is under an `exclude` on the day.
    pub(crate) fn is_excluded(&self, subject: &str, day: NaiveDate) -> bool {
        self.facts.exclusions.iter().any(|entry| {
            entry.grade == ExclusionGrade::Exclude
                && entry.subject == subject
                && runs_on(entry.valid_from, entry.valid_to, day)
        })
    }

    /// `numerator / denominator` to the fen; both are never negative.
    fn rounded(&self, numerator: i128, denominator: i128) -> i128 {
        let floor = numerator / denominator;
        let twice = 2 * (numerator % denominator);
        let up = match self.readings.rounding {
            RoundingMode::HalfUp => twice >= denominator,
            RoundingMode::HalfEven => twice > denominator || (twice == denominator && floor % 2 == 1),
        };
        if up { floor + 1 } else { floor }
    }

    fn registered_in_city(&self, uscc: &Uscc, day: NaiveDate) -> bool {
        self.facts.enterprises.iter().any(|row| {
            row.uscc == *uscc
                && in_city(row.division_code.as_str())
                && runs_on(row.registered_from, row.registered_to, day)
        })
    }

    fn other_money(&self, measure: OtherMeasure, uscc: &Uscc, number: &str) -> Vec<(OtherLevel, i128)> {
        let rows = self.facts.other_awards.iter();
        rows.filter(|row| {
            row.measure == measure && row.beneficiary_uscc == *uscc && row.reference.as_str() == number
        })
        .map(|row| (row.level, fen(row.amount)))
        .collect()
    }

    // ---- rule 1 -----------------------------------------------------------------------------------------------

    fn lender_of(&self, loan: &Loan) -> Option<&Institution> {
        self.facts.institutions.iter().find(|row| {
            row.institution_code == loan.institution_code
                && in_city(row.division_code.as_str())
                && matches!(
                    row.kind,
                    InstitutionKind::Bank
                        | InstitutionKind::Trust
                        | InstitutionKind::FinanceCompany
                        | InstitutionKind::ConsumerFinance
                        | InstitutionKind::FinancialLeasing
                )
        })
    }

    fn pledge_of(&self, loan: &Loan) -> Option<&Pledge> {
        self.facts.pledges.iter().find(|pledge| {
            pledge.institution_code == loan.institution_code
                && Some(&pledge.pledge_no) == loan.pledge_no.as_ref()
        })
    }

    fn is_direct(&self, pledge: &Pledge, lender: &Institution) -> bool {
        self.readings.pledgee == Pledgee::IndirectOk
            || pledge.pledgee_uscc == lender.legal_person_uscc
            || self.facts.institutions.iter().any(|row| {
                row.legal_person_uscc == lender.legal_person_uscc
                    && row.uscc.as_ref() == Some(&pledge.pledgee_uscc)
            })
    }

    fn is_borrowers(&self, loan: &Loan, pledge: &Pledge) -> bool {
        self.readings.pledgor == Pledgor::BorrowerOrRelated || pledge.pledgor_uscc == loan.borrower_uscc
    }

    /// Rule 8: a patent of the pledge was, on its registration day, still under an earlier registration.
    fn is_blocked(&self, pledge: &Pledge) -> bool {
        self.facts.pledges.iter().any(|other| {
            let earlier = other.registered_on < pledge.registered_on
                || (other.registered_on == pledge.registered_on
                    && other.pledge_no.as_str() < pledge.pledge_no.as_str());
            // The day of the other's cancellation is no overlap.
            let stands = other.cancelled_on.is_none_or(|last| pledge.registered_on < last);
            other.pledge_no != pledge.pledge_no
                && earlier
                && stands
                && other.patents.iter().any(|patent| pledge.patents.contains(patent))
        })
    }

    fn is_draw(&self, event: &LoanEvent) -> bool {
        event.kind == LoanEventKind::Draw
            || (event.kind == LoanEventKind::Rollover && self.readings.renewal == Renewal::All)
    }

    /// A draw less the reversals dated by `until` (all of them without one); never below nothing.
    fn net_draw(&self, draw: &LoanEvent, until: Option<NaiveDate>) -> i128 {
        let mut net = fen(draw.amount);
        for event in &self.facts.loan_events {
            if event.kind == LoanEventKind::Reversal
                && event.institution_code == draw.institution_code
                && event.contract_no == draw.contract_no
                && event.reverses.as_ref() == Some(&draw.event_no)
                && until.is_none_or(|last| beijing_day(event) <= last)
            {
                net -= fen(event.amount);
            }
        }
        net.max(0)
    }

    fn patents_in_force(&self, pledge: &Pledge, day: NaiveDate) -> Vec<&Patent> {
        let known = self
            .facts
            .patents
            .iter()
            .filter(|patent| pledge.patents.contains(&patent.patent_no));
        known
            .filter(|patent| {
                patent.granted_on.is_some_and(|granted| granted <= day)
                    && patent.ended_on.is_none_or(|ended| day < ended)
            })
            .collect()
    }

    fn borrower_fits(&self, loan: &Loan, whom: For, day: NaiveDate) -> bool {
        if whom == For::Bank && self.readings.borrower == Borrower::Any {
            // Where it is registered does not matter; that it is known does (section 2, last sentence).
            return self
                .facts
                .enterprises
                .iter()
                .any(|row| row.uscc == loan.borrower_uscc);
        }
        self.registered_in_city(&loan.borrower_uscc, day)
    }

    /// The draws of a contract that count for somebody, each with the day it counts on.
    fn counted_draws(&self, loan: &Loan, whom: For) -> Vec<(NaiveDate, i128)> {
        if self.is_rejected(loan, whom) {
            return Vec::new();
        }
        let events = self.facts.loan_events.iter().filter(|event| {
            event.institution_code == loan.institution_code && event.contract_no == loan.contract_no
        });
        events
            .filter_map(|event| self.counted(loan, event, whom))
            .collect()
    }

    /// The day a draw counts on and what reversals left of it, if it counts; a rejection of its contract is another matter.
    fn counted(&self, loan: &Loan, event: &LoanEvent, whom: For) -> Option<(NaiveDate, i128)> {
        let (_, pledge) = (self.lender_of(loan)?, self.pledge_of(loan)?);
        let day = self.counting_day(loan, event);
        let valid = self.patents_in_force(pledge, day);
        let usable = match whom {
            For::Bank => !valid.is_empty(),
            For::Enterprise => {
                ["91", "92", "93"].contains(&&loan.borrower_uscc.as_str()[..2])
                    && valid
                        .iter()
                        .any(|patent| !self.is_excluded(patent.patent_no.as_str(), day))
            }
        };
        let net = self.net_draw(event, None);
        let counts = self.is_draw(event)
            && net > 0
            && usable
            && matches!(loan.collateral, Collateral::Patent | Collateral::Mixed)
            && self
                .held_for(loan, day, whom)
                .iter()
                .all(|code| self.is_accepted(&loan.institution_code, &loan.contract_no, *code))
            && pledge.cancelled_on.is_none_or(|last| day <= last)
            && self.borrower_fits(loan, whom, day);
        counts.then_some((day, net))
    }

    /// The day a draw counts on: its own, or its pledge's registration where that comes later and R5 lets it.
    fn counting_day(&self, loan: &Loan, event: &LoanEvent) -> NaiveDate {
        let own = beijing_day(event);
        match (self.readings.pledge_order, self.pledge_of(loan)) {
            (PledgeOrder::AnyOrder, Some(pledge)) => own.max(pledge.registered_on),
            _ => own,
        }
    }

    // ---- rule 2 -----------------------------------------------------------------------------------------------

    /// The part of a contract that rests on patents, in millionths; none where it counts nothing.
    fn share_of(&self, loan: &Loan) -> Option<i128> {
        if loan.collateral != Collateral::Mixed {
            return Some(1_000_000);
        }
        let share = loan.patent_share.or_else(|| self.accepted_share(loan));
        let stated = share.map(|share| millionths(&share.to_string()));
        match self.readings.mixed {
            MixedCollateral::Full => Some(1_000_000),
            MixedCollateral::PureOnly => None,
            MixedCollateral::StatedShare => stated,
            MixedCollateral::Min50 => stated.filter(|share| *share >= 500_000),
        }
    }

    /// A contract's base in the year.
    fn base(&self, loan: &Loan, whom: For) -> i128 {
        let Some(share) = self.share_of(loan) else {
            return 0;
        };
        let draws = self.counted_draws(loan, whom);
        let limit = if self.readings.revolving == Revolving::Gross {
            i128::MAX
        } else {
            fen(loan.contract_amount)
        };
        let sum = |wanted: &dyn Fn(i32) -> bool| -> i128 {
            draws
                .iter()
                .filter(|(day, _)| wanted(day.year()))
                .map(|(_, amount)| amount)
                .sum()
        };
        let whole_contract = whom == For::Enterprise && self.readings.year == YearOf::FirstDrawYear;
        let money = if whole_contract {
            let first = draws.iter().map(|(day, _)| *day).min();
            if first.is_some_and(|day| day.year() == self.year) {
                sum(&|_| true).min(limit)
            } else {
                0
            }
        } else if loan.revolving {
            sum(&|year| year == self.year).min(limit)
        } else {
            sum(&|year| year <= self.year).min(limit) - sum(&|year| year < self.year).min(limit)
        };
        self.rounded(money * share, 1_000_000)
    }

    // ---- rules 3 and 4 ----------------------------------------------------------------------------------------

    /// The lump sum of sentence 1 in fen.
    fn tier(&self, base: i128) -> i128 {
        let (three, six) = (300_000_000, 600_000_000);
        let boundary = self.readings.boundary;
        if base <= 0 {
            0
        } else if base > six || (base == six && boundary != Boundary::Low) {
            15_000_000
        } else if base > three || (base == three && boundary == Boundary::High) {
            10_000_000
        } else {
            5_000_000
        }
    }

    fn loan_is_paid(&self, loan: &Loan) -> bool {
        let money = self.other_money(
            OtherMeasure::LoanSubsidy,
            &loan.borrower_uscc,
            loan.contract_no.as_str(),
        );
        match self.readings.loan_money {
            LoanMoney::Ignore => true,
            LoanMoney::Exclude => money.is_empty(),
            // National or provincial money is held: see `held_for`.
            LoanMoney::HoldUpper => true,
        }
    }

    fn loan_subsidies(&self, lines: &mut Earned) {
        let borrowers: BTreeSet<&Uscc> = self.facts.loans.iter().map(|loan| &loan.borrower_uscc).collect();
        for borrower in borrowers {
            let mut bases = Vec::new();
            for loan in self
                .facts
                .loans
                .iter()
                .filter(|loan| loan.borrower_uscc == *borrower)
            {
                if self.loan_is_paid(loan) {
                    bases.push((loan, self.base(loan, For::Enterprise)));
                }
            }
            let mut put = |item: String, amount: i128| {
                lines.insert(
                    LineKey {
                        measure: Measure::LoanSubsidy,
                        beneficiary: borrower.clone(),
                        item,
                    },
                    amount,
                );
            };
            match self.readings.unit {
                Unit::EnterpriseYearSum => {
                    put(String::new(), self.tier(bases.iter().map(|(_, base)| base).sum()));
                }
                Unit::EnterpriseYearMax => {
                    put(
                        String::new(),
                        bases.iter().map(|(_, base)| self.tier(*base)).max().unwrap_or(0),
                    );
                }
                Unit::PerLoan => {
                    for (loan, base) in bases {
                        put(
                            format!("{}/{}", loan.institution_code, loan.contract_no),
                            self.tier(base),
                        );
                    }
                }
            }
        }
    }

    fn bank_incentives(&self, lines: &mut Earned) {
        let mut bases: BTreeMap<(Uscc, String), i128> = BTreeMap::new();
        for loan in &self.facts.loans {
            let Some(lender) = self.lender_of(loan) else {
                continue;
            };
            let item = match self.readings.institution {
                InstitutionUnit::CityLegalPerson => String::new(),
                InstitutionUnit::Branch => lender.institution_code.to_string(),
            };
            *bases.entry((lender.legal_person_uscc.clone(), item)).or_default() += self.base(loan, For::Bank);
        }
        for ((beneficiary, item), base) in bases {
            let amount = self.rounded(base, 100).min(50_000_000);
            lines.insert(
                LineKey {
                    measure: Measure::BankIncentive,
                    beneficiary,
                    item,
                },
                amount,
            );
        }
    }
}
