//! Small random worlds in which every rule, boundary, hold and reading is likely.
//!
//! Dates, amounts and names come from small pools, so that equal days, equal numbers and exact edges happen often.

mod contracts;
mod orders;

pub(crate) use self::orders::{budgets, conditions};

use std::collections::BTreeSet;

use chrono::{NaiveDate, TimeDelta};
use fastrand::Rng;
use zhirong_policy::conditions::Conditions;
use zhirong_policy::date::PolicyYear;
use zhirong_policy::engine::{EngineError, LineKey, Outcome, Question, SettledBefore, settle};
use zhirong_policy::facts::{
    Award, AwardLevel, EndReason, Enterprise, Exclusion, ExclusionGrade, Facts, HolderRole, Institution,
    InstitutionKind, OtherAward, OtherLevel, OtherMeasure, Patent, PatentOwner,
};
use zhirong_policy::ident::{Division, InstitutionCode, PatentNo, Reference, Uscc};
use zhirong_policy::money::Money;
use zhirong_policy::reading::{Budget, Readings};
use zhirong_policy::rulebook::{ANYANG_2018_9, Rulebook};

/// One random city with a question about it.
#[derive(Debug, Clone)]
pub(crate) struct World {
    pub(crate) seed: u64,
    pub(crate) facts: Facts,
    pub(crate) readings: Readings,
    pub(crate) year: i32,
    pub(crate) as_of: NaiveDate,
}

/// The shipped rulebook.
pub(crate) fn rulebook() -> Rulebook {
    Rulebook::load(ANYANG_2018_9).unwrap()
}

/// The shipped rulebook with a last day for more money.
pub(crate) fn late_rulebook(days: i64) -> Rulebook {
    let text = ANYANG_2018_9.replacen(
        "[procedure]",
        &format!("[procedure]\nlate_window_days = {days}"),
        1,
    );
    Rulebook::load(&text).unwrap()
}

/// The engine's answer about a world.
pub(crate) fn ask(
    rulebook: &Rulebook,
    world: &World,
    facts: &Facts,
    settled: &SettledBefore,
) -> Result<Outcome, EngineError> {
    ask_under(rulebook, world, facts, settled, &Conditions::NONE)
}

/// The engine's answer under conditions.
pub(crate) fn ask_under(
    rulebook: &Rulebook,
    world: &World,
    facts: &Facts,
    settled: &SettledBefore,
    conditions: &Conditions,
) -> Result<Outcome, EngineError> {
    let year = PolicyYear::new(world.year).unwrap();
    settle(&Question {
        facts,
        rulebook,
        readings: &world.readings,
        year,
        as_of: world.as_of,
        settled,
        conditions,
    })
}

/// The settled position after a batch's amounts are added to the one before.
pub(crate) fn after(
    settled: &SettledBefore,
    amounts: impl IntoIterator<Item = (LineKey, Money)>,
) -> SettledBefore {
    let mut position = settled.clone();
    for (key, amount) in amounts {
        let now = position.entry(key).or_default();
        *now = now.plus(amount).unwrap();
    }
    position.retain(|_, money| !money.is_zero());
    position
}

const DAYS: [&str; 16] = [
    "2023-12-31",
    "2024-01-01",
    "2024-05-20",
    "2024-12-30",
    "2024-12-31",
    "2025-01-01",
    "2025-01-01",
    "2025-01-02",
    "2025-03-01",
    "2025-03-01",
    "2025-03-02",
    "2025-07-01",
    "2025-10-10",
    "2025-12-31",
    "2025-12-31",
    "2026-01-01",
];

/// Contract amounts and draws around the tiers, the cap and half a fen, in fen.
const LOANS: [i64; 20] = [
    1,
    100,
    100_000_000,
    150_000_000,
    299_999_999,
    300_000_000,
    300_000_001,
    300_000_000,
    599_999_999,
    600_000_000,
    600_000_001,
    600_000_000,
    1_234_567_850,
    1_234_567_950,
    4_999_999_949,
    4_999_999_950,
    5_000_000_000,
    5_000_000_001,
    50,
    6_000_000_000,
];

const PREMIUMS: [i64; 14] = [
    1, 2, 3, 7, 99, 100, 123_456, 999_999, 100_000, 1_000_000, 333_333, 500_000, 1_000_001, 70,
];

const SHARES: [&str; 10] = [
    "0", "1", "0.5", "0.499999", "0.55", "0.333333", "0.000001", "0.6", "0.25", "0.75",
];

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn reference(text: &str) -> Reference {
    Reference::from_canonical(text).unwrap()
}

fn uscc(text: &str) -> Uscc {
    Uscc::from_canonical(text).unwrap()
}

/// True in `percent` of a hundred cases.
fn often(rng: &mut Rng, percent: u32) -> bool {
    rng.u32(0..100) < percent
}

fn one_of<T: Clone>(rng: &mut Rng, pool: &[T]) -> T {
    pool[rng.usize(0..pool.len())].clone()
}

fn any_day(rng: &mut Rng) -> NaiveDate {
    day(one_of(rng, &DAYS))
}

fn maybe_day(rng: &mut Rng, percent: u32) -> Option<NaiveDate> {
    often(rng, percent).then(|| any_day(rng))
}

/// A last day not before the first, in `percent` of cases.
fn last_day(rng: &mut Rng, first: NaiveDate, percent: u32) -> Option<NaiveDate> {
    maybe_day(rng, percent).map(|last| last.max(first))
}

fn money(rng: &mut Rng, pool: &[i64]) -> Money {
    Money::from_fen(one_of(rng, pool))
}

/// A world under construction.
struct Builder {
    rng: Rng,
    facts: Facts,
    enterprises: Vec<Uscc>,
    patents: Vec<PatentNo>,
    banks: Vec<Institution>,
    insurers: Vec<InstitutionCode>,
}

impl World {
    /// The world of a seed.
    pub(crate) fn new(seed: u64) -> Self {
        let rng = Rng::with_seed(seed);
        let mut builder = Builder {
            rng,
            facts: Facts::default(),
            enterprises: Vec::new(),
            patents: Vec::new(),
            banks: Vec::new(),
            insurers: Vec::new(),
        };
        builder.institutions();
        builder.enterprises();
        builder.patents();
        builder.loans();
        builder.policies();
        builder.other_awards();
        builder.exclusions();
        let readings = random_readings(&mut builder.rng);
        let year = one_of(&mut builder.rng, &[2024, 2025, 2025, 2025, 2025, 2026]);
        let as_of = any_day(&mut builder.rng);
        builder.decisions();
        // A budget takes a batch's conditions, which a world alone has not.
        let readings = Readings {
            budget: Budget::None,
            ..readings
        };
        Self {
            seed,
            facts: builder.facts,
            readings,
            year,
            as_of,
        }
    }
}

/// DEFAULT in half of the cases, else each reading changed in one of five.
fn random_readings(rng: &mut Rng) -> Readings {
    let mut readings = Readings::default();
    if rng.bool() {
        for (id, values) in Readings::supported() {
            if often(rng, 20) {
                readings.set(id, one_of(rng, &values)).unwrap();
            }
        }
    }
    readings
}

impl Builder {
    fn institutions(&mut self) {
        let persons = ["91410500100000001A", "91410500100000002B"];
        for number in 0..self.rng.usize(1..=4) {
            let person = one_of(&mut self.rng, &persons);
            let kind = if often(&mut self.rng, 85) {
                one_of(
                    &mut self.rng,
                    &[
                        InstitutionKind::Bank,
                        InstitutionKind::Bank,
                        InstitutionKind::Trust,
                    ],
                )
            } else {
                one_of(&mut self.rng, InstitutionKind::ALL)
            };
            let row = Institution {
                institution_code: InstitutionCode::from_canonical(&format!("BANK{number}")).unwrap(),
                name: format!("银行{number}"),
                kind,
                legal_person_uscc: uscc(person),
                legal_person_name: format!("银行总行{person}"),
                division_code: self.division(90),
                uscc: self
                    .rng
                    .bool()
                    .then(|| uscc(&format!("9141050020000000{number}C"))),
            };
            self.banks.push(row.clone());
            // A few institutions are never reported: their loans earn nothing until they are.
            if often(&mut self.rng, 96) {
                self.facts.institutions.push(row);
            }
        }
        for number in 0..self.rng.usize(1..=2) {
            self.insurers
                .push(InstitutionCode::from_canonical(&format!("INS{number}")).unwrap());
        }
    }

    fn division(&mut self, inside: u32) -> Division {
        let pool: &[&str] = if often(&mut self.rng, inside) {
            &["410502", "410571", "410526"]
        } else {
            &["410100", "420500"]
        };
        Division::from_canonical(one_of(&mut self.rng, pool)).unwrap()
    }

    fn enterprises(&mut self) {
        for number in 0..self.rng.usize(1..=5) {
            let class = one_of(
                &mut self.rng,
                &["91", "91", "91", "91", "91", "91", "91", "92", "93", "12"],
            );
            let code = uscc(&format!("{class}410500MA000000{number}X"));
            self.enterprises.push(code.clone());
            let rows = one_of(&mut self.rng, &[0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 2]);
            let mut from = day("2010-01-01");
            for row in 0..rows {
                if often(&mut self.rng, 10) {
                    from = from.max(any_day(&mut self.rng));
                }
                let percent = if rows == 2 && row == 0 { 100 } else { 8 };
                let to = last_day(&mut self.rng, from, percent);
                let division_code = self.division(92);
                let name = format!("企业{number}-{row}");
                let code = code.clone();
                self.facts.enterprises.push(Enterprise {
                    uscc: code,
                    name,
                    division_code,
                    registered_from: from,
                    registered_to: to,
                });
                from = to.map_or(from, |last| last + TimeDelta::days(1));
            }
        }
    }

    fn enterprise(&mut self) -> Uscc {
        one_of(&mut self.rng, &self.enterprises)
    }

    fn patents(&mut self) {
        for number in 0..self.rng.usize(2..=8) {
            let kind = one_of(&mut self.rng, &["1", "1", "2", "2", "2", "3", "8"]);
            let text = if often(&mut self.rng, 85) {
                format!("2016{kind}012345{number}.{number}")
            } else {
                format!("95{kind}1560{number}.X")
            };
            let patent_no = PatentNo::from_canonical(&text).unwrap();
            self.patents.push(patent_no.clone());
            let owner = self.enterprises[number % self.enterprises.len()].clone();
            if often(&mut self.rng, 5) {
                self.owners_and_awards(&patent_no, &owner);
                continue;
            }
            let granted_on = match self.rng.u32(0..10) {
                0 => None,
                1 | 2 => Some(any_day(&mut self.rng)),
                _ => Some(day("2018-06-01")),
            };
            let ended_on = maybe_day(&mut self.rng, 12);
            let end_reason = ended_on.map(|_| one_of(&mut self.rng, EndReason::ALL));
            let patentee_uscc = often(&mut self.rng, 95).then_some(owner.clone());
            let title = format!("专利{number}");
            self.facts.patents.push(Patent {
                patent_no: patent_no.clone(),
                title,
                patentee_uscc,
                granted_on,
                ended_on,
                end_reason,
            });
            self.owners_and_awards(&patent_no, &owner);
        }
    }

    fn owners_and_awards(&mut self, patent_no: &PatentNo, owner: &Uscc) {
        let mut keys = BTreeSet::new();
        let rows = one_of(&mut self.rng, &[0, 0, 0, 0, 1, 2]);
        for _ in 0..rows {
            let holder = match self.rng.u32(0..10) {
                0 => "张三".to_owned(),
                1 | 2 => self.enterprise().to_string(),
                _ => owner.to_string(),
            };
            let role = one_of(&mut self.rng, HolderRole::ALL);
            let valid_from = if self.rng.bool() {
                day("2016-01-01")
            } else {
                any_day(&mut self.rng)
            };
            let valid_to = last_day(&mut self.rng, valid_from, 30);
            if keys.insert((holder.clone(), role, valid_from)) {
                self.facts.patent_owners.push(PatentOwner {
                    patent_no: patent_no.clone(),
                    holder,
                    role,
                    valid_from,
                    valid_to,
                });
            }
        }
        let chance = if often(&mut self.rng, 10) { 70 } else { 5 };
        for level in AwardLevel::ALL {
            if often(&mut self.rng, chance) {
                let awarded_on = any_day(&mut self.rng);
                let award_name = one_of(&mut self.rng, &["专利奖", "优秀奖"]).to_owned();
                self.facts.awards.push(Award {
                    patent_no: patent_no.clone(),
                    level: *level,
                    award_name,
                    awarded_on,
                });
            }
        }
    }

    fn other_awards(&mut self) {
        let mut keys = BTreeSet::new();
        for _ in 0..one_of(&mut self.rng, &[0, 0, 1, 2, 3]) {
            let measure = one_of(&mut self.rng, OtherMeasure::ALL);
            let known = if measure == OtherMeasure::LoanSubsidy {
                let loans = &self.facts.loans;
                (!loans.is_empty())
                    .then(|| one_of(&mut self.rng, loans))
                    .map(|row| (row.borrower_uscc.clone(), row.contract_no.clone()))
            } else {
                let rows = &self.facts.policies;
                (!rows.is_empty())
                    .then(|| one_of(&mut self.rng, rows))
                    .map(|row| (row.policyholder_uscc.clone(), row.policy_no.clone()))
            };
            let Some((mut beneficiary_uscc, number)) = known else {
                continue;
            };
            if often(&mut self.rng, 10) {
                beneficiary_uscc = self.enterprise();
            }
            let level = one_of(&mut self.rng, OtherLevel::ALL);
            if keys.insert((beneficiary_uscc.clone(), measure, number.clone(), level)) {
                let amount = money(&mut self.rng, &PREMIUMS);
                let awarded_on = any_day(&mut self.rng);
                self.facts.other_awards.push(OtherAward {
                    beneficiary_uscc,
                    measure,
                    reference: number,
                    level,
                    amount,
                    awarded_on,
                });
            }
        }
    }

    fn exclusions(&mut self) {
        let mut keys = BTreeSet::new();
        for _ in 0..one_of(&mut self.rng, &[0, 0, 1, 2, 3, 5]) {
            let subject = if self.rng.bool() {
                self.enterprise().to_string()
            } else {
                one_of(&mut self.rng, &self.patents).to_string()
            };
            let grade = if often(&mut self.rng, 75) {
                ExclusionGrade::Exclude
            } else {
                ExclusionGrade::Watch
            };
            let valid_from = any_day(&mut self.rng);
            let valid_to = last_day(&mut self.rng, valid_from, 50);
            let reason = one_of(&mut self.rng, &["核查", "非正常申请", "失信"]);
            if keys.insert((subject.clone(), grade, valid_from)) {
                self.facts.exclusions.push(Exclusion {
                    subject,
                    grade,
                    valid_from,
                    valid_to,
                    reason: reason.to_owned(),
                });
            }
        }
    }
}
