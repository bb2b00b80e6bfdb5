//! The laws of settlement over random worlds, each with a twin that is broken on purpose and must be caught.
//!
//! A law is a function that says what is wrong with one world, or nothing. The engine must pass it in every world; the
//! twin must fail it in at least one, else the law would prove nothing.

use std::collections::BTreeMap;

use fastrand::Rng;
use zhirong_policy::allocation::{equal_parts, largest_remainder};
use zhirong_policy::codes::{Clause, Measure};
use zhirong_policy::engine::{Line, LineKey, Outcome, SettledBefore};
use zhirong_policy::explanation::Step;
use zhirong_policy::facts::{Facts, Policy};
use zhirong_policy::ident::{Division, PatentNo};
use zhirong_policy::money::Money;
use zhirong_policy::reading::{Readings, Unit};
use zhirong_policy::rulebook::{ANYANG_2018_9, Rulebook};

use crate::oracle::{self, Oracle};
use crate::world::{World, after, ask, rulebook};

/// Worlds a law is held over.
pub(crate) const WORLDS: u64 = 10_000;
const FIRST_SEED: u64 = 20_180_221;
/// The cap of a legal person and year, in fen.
const CAP: i64 = 50_000_000;

/// Holds a law over many worlds.
pub(crate) fn holds(law: impl Fn(&Rulebook, &World) -> Result<(), String>) {
    let rulebook = rulebook();
    println!("seeds {FIRST_SEED} to {}", FIRST_SEED + WORLDS - 1);
    for seed in FIRST_SEED..FIRST_SEED + WORLDS {
        if let Err(wrong) = law(&rulebook, &World::new(seed)) {
            panic!("seed {seed}: {wrong}");
        }
    }
}

/// Shows that a law catches its broken twin.
pub(crate) fn catches(law: impl Fn(&Rulebook, &World) -> Result<(), String>) {
    let rulebook = rulebook();
    let caught = (FIRST_SEED..FIRST_SEED + WORLDS).find(|seed| law(&rulebook, &World::new(*seed)).is_err());
    println!("twin caught at seed {caught:?}, first seed {FIRST_SEED}");
    assert!(
        caught.is_some(),
        "the broken twin passes the law in all {WORLDS} worlds"
    );
}

fn expect(right: bool, wrong: impl FnOnce() -> String) -> Result<(), String> {
    if right { Ok(()) } else { Err(wrong()) }
}

fn entitled(outcome: &Outcome) -> SettledBefore {
    let lines = outcome.lines.iter().map(|line| (line.key.clone(), line.entitled));
    lines.filter(|(_, money)| !money.is_zero()).collect()
}

// ---- order freedom ----------------------------------------------------------------------------------------------

pub(crate) fn shuffled(rng: &mut Rng, facts: &Facts) -> Facts {
    let mut facts = facts.clone();
    rng.shuffle(&mut facts.institutions);
    rng.shuffle(&mut facts.enterprises);
    rng.shuffle(&mut facts.patents);
    rng.shuffle(&mut facts.patent_owners);
    rng.shuffle(&mut facts.awards);
    rng.shuffle(&mut facts.exclusions);
    rng.shuffle(&mut facts.pledges);
    rng.shuffle(&mut facts.loans);
    rng.shuffle(&mut facts.loan_events);
    rng.shuffle(&mut facts.policies);
    rng.shuffle(&mut facts.policy_patents);
    rng.shuffle(&mut facts.premium_events);
    rng.shuffle(&mut facts.other_awards);
    rng.shuffle(&mut facts.decisions);
    facts
}

fn order_is_free(world: &World, answer: impl Fn(&Facts) -> Outcome) -> Result<(), String> {
    let mut rng = Rng::with_seed(world.seed);
    let first = answer(&world.facts);
    let other = answer(&shuffled(&mut rng, &world.facts));
    expect(first == other, || {
        format!("another order answers otherwise\n{first:#?}\n{other:#?}")
    })
}

#[test]
fn any_order_of_the_facts_gives_the_same_answer_to_the_letter() {
    let none = SettledBefore::new();
    holds(|rulebook, world| order_is_free(world, |facts| ask(rulebook, world, facts, &none).unwrap()));
    // The twin believes whichever insurer of a co-insured policy reported first.
    catches(|rulebook, world| {
        order_is_free(world, |facts| {
            let mut facts = facts.clone();
            let mut seen = std::collections::BTreeSet::new();
            facts
                .policies
                .retain(|policy| seen.insert(policy.policy_no.clone()));
            ask(rulebook, world, &facts, &none).unwrap()
        })
    });
}

// ---- true-up and the cutting of a year into batches ---------------------------------------------------------------

/// The same city some time before: part of the records not yet reported, part in an older revision.
pub(crate) fn earlier(rng: &mut Rng, now: &Facts) -> Facts {
    let mut facts = now.clone();
    let mut known = |percent: u32| rng.u32(0..100) < percent;
    facts.institutions.retain(|_| known(90));
    facts.enterprises.retain(|_| known(90));
    facts.patents.retain(|_| known(90));
    facts.patent_owners.retain(|_| known(80));
    facts.awards.retain(|_| known(70));
    facts.exclusions.retain(|_| known(70));
    facts.pledges.retain(|_| known(90));
    facts.loans.retain(|_| known(90));
    facts.loan_events.retain(|_| known(70));
    facts.policies.retain(|_| known(90));
    facts.policy_patents.retain(|_| known(85));
    facts.premium_events.retain(|_| known(70));
    facts.other_awards.retain(|_| known(60));
    facts.decisions.retain(|_| known(60));
    let mut revised = rng.fork();
    let mut revised = || revised.u32(0..10) == 0;
    for event in facts.loan_events.iter_mut().filter(|_| revised()) {
        event.amount = Money::from_fen(rng.i64(1..700_000_000));
    }
    for event in facts.premium_events.iter_mut().filter(|_| revised()) {
        event.amount = Money::from_fen(rng.i64(1..2_000_000));
    }
    for loan in facts.loans.iter_mut().filter(|_| revised()) {
        loan.contract_amount = Money::from_fen(rng.i64(1..700_000_000));
        loan.revolving = !loan.revolving;
    }
    for pledge in facts.pledges.iter_mut().filter(|_| revised()) {
        pledge.registered_on = pledge.registered_on.succ_opt().unwrap();
    }
    for patent in facts.patents.iter_mut().filter(|_| revised()) {
        patent.ended_on = None;
    }
    facts
}

/// The law's condition: no exclusion of an enterprise begins in between (rule 7 then keeps what history settled).
fn without_enterprise_exclusions(world: &World) -> World {
    let mut world = world.clone();
    let is_patent = |subject: &str| PatentNo::from_canonical(subject).is_ok();
    world.facts.exclusions.retain(|entry| is_patent(&entry.subject));
    world
}

/// Cuts a history into up to four batches and compares where it ends with one batch at the end.
fn split_ends_alike(
    rulebook: &Rulebook,
    world: &World,
    batch: impl Fn(&Outcome) -> Vec<(LineKey, Money)>,
) -> Result<(), String> {
    let world = without_enterprise_exclusions(world);
    let mut rng = Rng::with_seed(world.seed);
    let mut stages = vec![world.facts.clone()];
    for _ in 0..rng.usize(1..=3) {
        let before = earlier(&mut rng, stages.last().unwrap());
        stages.push(before);
    }
    let mut settled = SettledBefore::new();
    let mut paid: BTreeMap<LineKey, i64> = BTreeMap::new();
    for facts in stages.iter().rev() {
        let amounts = batch(&ask(rulebook, &world, facts, &settled).unwrap());
        for (key, amount) in &amounts {
            *paid.entry(key.clone()).or_default() += amount.fen();
        }
        settled = after(&settled, amounts);
    }
    let once = entitled(&ask(rulebook, &world, &world.facts, &SettledBefore::new()).unwrap());
    paid.retain(|_, fen| *fen != 0);
    let sums_up = paid
        .iter()
        .map(|(key, fen)| (key, *fen))
        .eq(once.iter().map(|(key, money)| (key, money.fen())));
    expect(settled == once && sums_up, || {
        format!("cut into batches {settled:#?}\nat once {once:#?}")
    })
}

#[test]
fn a_year_cut_into_batches_with_revisions_ends_as_if_settled_once() {
    holds(|rulebook, world| {
        split_ends_alike(rulebook, world, |outcome| {
            outcome
                .lines
                .iter()
                .map(|line| (line.key.clone(), line.amount))
                .collect()
        })
    });
    // The twin pays what is earned with every batch and forgets what was settled.
    catches(|rulebook, world| {
        split_ends_alike(rulebook, world, |outcome| {
            outcome
                .lines
                .iter()
                .map(|line| (line.key.clone(), line.entitled))
                .collect()
        })
    });
    // This twin never takes anything back.
    catches(|rulebook, world| {
        split_ends_alike(rulebook, world, |outcome| {
            let up = outcome.lines.iter().filter(|line| line.amount > Money::ZERO);
            up.map(|line| (line.key.clone(), line.amount)).collect()
        })
    });
}

#[test]
fn settling_again_without_news_moves_nothing() {
    holds(|rulebook, world| {
        // An enterprise on the list keeps exactly what was settled, so this holds with exclusions too.
        let first = ask(rulebook, world, &world.facts, &SettledBefore::new()).unwrap();
        let again = ask(rulebook, world, &world.facts, &entitled(&first)).unwrap();
        expect(again.lines.iter().all(|line| line.amount.is_zero()), || {
            format!("{again:#?}")
        })
    });
}

// ---- the cap ----------------------------------------------------------------------------------------------------

/// The draws arrive in two halves; no legal person's year may ever stand above the cap.
fn cap_is_kept(
    rulebook: &Rulebook,
    world: &World,
    batch: impl Fn(&World, &Facts, &Facts, &SettledBefore) -> Vec<(LineKey, Money)>,
) -> Result<(), String> {
    let world = World {
        readings: Readings::default(),
        ..world.clone()
    };
    let half = world.facts.loan_events.len() / 2;
    let mut early = world.facts.clone();
    let late = Facts {
        loan_events: early.loan_events.split_off(half),
        ..world.facts.clone()
    };
    let mut settled = SettledBefore::new();
    for (known, news) in [(&early, &early), (&world.facts, &late)] {
        settled = after(&settled, batch(&world, known, news, &settled));
        let mut years: BTreeMap<&str, i64> = BTreeMap::new();
        for (key, money) in settled
            .iter()
            .filter(|(key, _)| key.measure == Measure::BankIncentive)
        {
            *years.entry(key.beneficiary.as_str()).or_default() += money.fen();
        }
        expect(years.values().all(|fen| (0..=CAP).contains(fen)), || {
            format!("{years:?}")
        })?;
    }
    let once = entitled(&ask(rulebook, &world, &world.facts, &SettledBefore::new()).unwrap());
    expect(
        once.iter()
            .filter(|(key, _)| key.measure == Measure::BankIncentive)
            .all(|(_, money)| money.fen() <= CAP),
        || format!("{once:?}"),
    )
}

fn amounts(outcome: &Outcome) -> Vec<(LineKey, Money)> {
    outcome
        .lines
        .iter()
        .map(|line| (line.key.clone(), line.amount))
        .collect()
}

#[test]
fn no_legal_persons_year_ever_stands_above_the_cap() {
    holds(|rulebook, world| {
        cap_is_kept(rulebook, world, |world, known, _, settled| {
            amounts(&ask(rulebook, world, known, settled).unwrap())
        })
    });
    // The twin caps each batch by itself: it asks what is new and knows nothing of what was settled.
    catches(|rulebook, world| {
        cap_is_kept(rulebook, world, |world, _, news, _| {
            amounts(&ask(rulebook, world, news, &SettledBefore::new()).unwrap())
        })
    });
}

// ---- premiums: never above 80%, never above the cost --------------------------------------------------------------

/// A policy year's lines by policy number.
fn by_policy(outcome: &Outcome) -> BTreeMap<String, Vec<&Line>> {
    let mut policies: BTreeMap<String, Vec<&Line>> = BTreeMap::new();
    for line in outcome
        .lines
        .iter()
        .filter(|line| line.key.measure == Measure::PremiumSubsidy)
    {
        let (number, _) = line.key.item.split_once('/').unwrap();
        policies.entry(number.to_owned()).or_default().push(line);
    }
    policies
}

fn records_of<'a>(facts: &'a Facts, number: &str) -> Vec<&'a Policy> {
    facts
        .policies
        .iter()
        .filter(|policy| policy.policy_no.as_str() == number)
        .collect()
}

/// The whole of a policy stays within its net premium, and within 80% of it, rounded once an insurer, where no patent
/// is in the full class.
fn premium_is_within(
    rulebook: &Rulebook,
    world: &World,
    amount: impl Fn(&Line) -> i128,
) -> Result<(), String> {
    let world = World {
        readings: Readings::default(),
        ..world.clone()
    };
    let oracle = Oracle {
        facts: &world.facts,
        readings: &world.readings,
        year: world.year,
    };
    let outcome = ask(rulebook, &world, &world.facts, &SettledBefore::new()).unwrap();
    for (number, lines) in by_policy(&outcome) {
        let total: i128 = lines.iter().map(|line| amount(line)).sum();
        let net_of = |record: &Policy| {
            oracle
                .payments(record, world.year)
                .iter()
                .map(|(_, net)| net)
                .sum::<i128>()
        };
        let nets: Vec<i128> = records_of(&world.facts, &number)
            .into_iter()
            .map(net_of)
            .collect();
        let all_common = lines.iter().all(|line| line.clause == Clause::PremiumRate);
        let bound: i128 = nets
            .iter()
            .map(|net| if all_common { (net * 80 + 50) / 100 } else { *net })
            .sum();
        expect(total <= bound, || {
            format!("policy {number}: {total} fen of at most {bound}")
        })?;
    }
    Ok(())
}

/// The twin's amount of a line: each patent's part of the common class times 80%, rounded by itself.
fn rounded_by_line(line: &Line) -> i128 {
    let parts = line.explanation.steps.iter().filter_map(|step| match step {
        Step::ClassShare { part, .. } => Some((i128::from(part.fen()) * 80 + 50) / 100),
        _ => None,
    });
    if line.clause == Clause::PremiumRate {
        parts.sum()
    } else {
        i128::from(line.entitled.fen())
    }
}

#[test]
fn a_policys_subsidy_never_exceeds_80_percent_nor_the_premium() {
    holds(|rulebook, world| premium_is_within(rulebook, world, |line| i128::from(line.entitled.fen())));
    catches(|rulebook, world| premium_is_within(rulebook, world, rounded_by_line));
}

/// Over all years, the city and all other levels together never pay more than the premium.
fn all_levels_stay_within_cost(rulebook: &Rulebook, world: &World, r13: &str) -> Result<(), String> {
    let mut world = World {
        readings: Readings::default(),
        ..world.clone()
    };
    world.readings.set("R13", r13).unwrap();
    // By holder too: a reviewer may accept one number at two insurers for two holders, and money is others' for one of them.
    let mut paid: BTreeMap<(String, String), i128> = BTreeMap::new();
    for year in 2023..=2026 {
        world.year = year;
        let outcome = ask(rulebook, &world, &world.facts, &SettledBefore::new()).unwrap();
        for (number, lines) in by_policy(&outcome) {
            for line in lines {
                let holder = line.key.beneficiary.to_string();
                *paid.entry((number.clone(), holder)).or_default() += i128::from(line.entitled.fen());
            }
        }
    }
    let oracle = Oracle {
        facts: &world.facts,
        readings: &world.readings,
        year: world.year,
    };
    for ((number, holder), paid) in paid {
        let mut records = records_of(&world.facts, &number);
        records.retain(|record| record.policyholder_uscc.as_str() == holder);
        let nets = records
            .iter()
            .flat_map(|record| (2023..=2026).flat_map(|year| oracle.payments(record, year)));
        let cost: i128 = nets.map(|(_, net)| net).sum();
        let holder = &records.first().unwrap().policyholder_uscc;
        let others: i128 = oracle
            .premium_money(holder, &number)
            .iter()
            .map(|(_, money)| money)
            .sum();
        expect(paid <= (cost - others).max(0), || {
            format!("{number}: {paid} and {others} of {cost}")
        })?;
    }
    Ok(())
}

#[test]
fn all_levels_together_never_exceed_the_cost() {
    holds(|rulebook, world| all_levels_stay_within_cost(rulebook, world, "TOP_UP_TO_COST"));
    // The twin pays without regard to what others paid.
    catches(|rulebook, world| all_levels_stay_within_cost(rulebook, world, "IGNORE"));
}

// ---- allocation and entitlement -----------------------------------------------------------------------------------

#[test]
fn an_allocation_sums_exactly_and_is_the_oracles() {
    let seed = 7_106_006;
    println!("seed {seed}");
    let mut rng = Rng::with_seed(seed);
    let mut floors_lose = false;
    for _ in 0..50_000 {
        let weights: Vec<i64> = (0..rng.usize(1..=9))
            .map(|_| {
                let most = rng.i64(1..=1_000_000);
                rng.i64(0..=most)
            })
            .collect();
        let total = rng.i64(0..=100_000_000);
        let money: Vec<Money> = weights.iter().map(|weight| Money::from_fen(*weight)).collect();
        let parts = largest_remainder(Money::from_fen(total), &money).unwrap();
        let parts: Vec<i128> = parts.into_iter().map(|part| i128::from(part.fen())).collect();
        let wide: Vec<i128> = weights.iter().map(|weight| i128::from(*weight)).collect();
        assert_eq!(
            parts,
            oracle::largest_remainder(i128::from(total), &wide),
            "{total} over {weights:?}"
        );
        let whole: i128 = wide.iter().sum();
        assert_eq!(
            parts.iter().sum::<i128>(),
            if whole == 0 { 0 } else { i128::from(total) }
        );
        // The twin floors each part and lets the rest fall.
        let floors = wide
            .iter()
            .map(|weight| i128::from(total) * weight / whole.max(1))
            .sum::<i128>();
        floors_lose |= whole > 0 && floors != i128::from(total);
        let equal = equal_parts(Money::from_fen(total), weights.len()).unwrap();
        assert_eq!(Money::sum(equal), Ok(Money::from_fen(total)));
    }
    assert!(floors_lose, "the floored twin is caught");
}

fn is_never_negative(outcome: &Outcome, amount: impl Fn(&Line) -> Money) -> Result<(), String> {
    expect(
        outcome.lines.iter().all(|line| amount(line) >= Money::ZERO),
        || format!("{outcome:#?}"),
    )
}

#[test]
fn an_entitlement_is_never_negative() {
    let asked = |rulebook: &Rulebook, world: &World| {
        // Settled under facts in which every contract and premium was larger, so that amounts do go down.
        let mut larger = world.facts.clone();
        for event in &mut larger.premium_events {
            event.amount = Money::from_fen(event.amount.fen() * 2);
        }
        let settled = entitled(&ask(rulebook, world, &larger, &SettledBefore::new()).unwrap());
        ask(rulebook, world, &world.facts, &settled).unwrap()
    };
    holds(|rulebook, world| is_never_negative(&asked(rulebook, world), |line| line.entitled));
    catches(|rulebook, world| is_never_negative(&asked(rulebook, world), |line| line.amount));
}

#[test]
fn an_enterprises_sum_never_earns_a_second_lump_sum() {
    // R3 as shipped: splitting a loan over contracts and banks never pays more than one lump sum a year.
    let most = |rulebook: &Rulebook, world: &World, unit: Unit| {
        let readings = Readings {
            unit,
            ..Readings::default()
        };
        let world = World {
            readings,
            ..world.clone()
        };
        let outcome = ask(rulebook, &world, &world.facts, &SettledBefore::new()).unwrap();
        let mut sums: BTreeMap<String, i64> = BTreeMap::new();
        for line in outcome
            .lines
            .iter()
            .filter(|line| line.key.measure == Measure::LoanSubsidy)
        {
            *sums.entry(line.key.beneficiary.to_string()).or_default() += line.entitled.fen();
        }
        expect(
            sums.values()
                .all(|sum| [5_000_000, 10_000_000, 15_000_000, 0].contains(sum)),
            || format!("{sums:?}"),
        )
    };
    holds(|rulebook, world| most(rulebook, world, Unit::EnterpriseYearSum));
    catches(|rulebook, world| most(rulebook, world, Unit::PerLoan));
}

// ---- divisions that a policy file excludes ------------------------------------------------------------------------

/// A division that the policy file excludes is as far away as another city.
fn excluded_is_outside(world: &World, with_exclusion: &Rulebook, shipped: &Rulebook) -> Result<(), String> {
    let none = SettledBefore::new();
    let outside = Division::from_canonical("410100").unwrap();
    let mut moved = world.facts.clone();
    for row in moved
        .institutions
        .iter_mut()
        .filter(|row| row.division_code.as_str() == "410526")
    {
        row.division_code = outside.clone();
    }
    for row in moved
        .enterprises
        .iter_mut()
        .filter(|row| row.division_code.as_str() == "410526")
    {
        row.division_code = outside.clone();
    }
    let excluded = ask(with_exclusion, world, &world.facts, &none).unwrap();
    let elsewhere = ask(shipped, world, &moved, &none).unwrap();
    expect(excluded == elsewhere, || format!("{excluded:#?}\n{elsewhere:#?}"))
}

#[test]
fn an_excluded_division_counts_as_another_city() {
    let text = ANYANG_2018_9.replacen("excluded_divisions = []", "excluded_divisions = [\"410526\"]", 1);
    let with_exclusion = Rulebook::load(&text).unwrap();
    holds(|shipped, world| excluded_is_outside(world, &with_exclusion, shipped));
    // The twin's file forgets to exclude it.
    catches(|shipped, world| excluded_is_outside(world, shipped, shipped));
}
