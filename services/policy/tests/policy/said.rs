//! What is said of many worlds, word for word: previews, verdicts with their cures, findings and the steps of every line in both languages.
//!
//! The laws say what must be right; this says what must not change unseen. `said.txt` holds one digest a world. A change that is meant
//! replaces it by what the test prints.

use std::fmt::Write as _;

use zhirong_policy::conditions::Conditions;
use zhirong_policy::date::PolicyYear;
use zhirong_policy::engine::{
    Finding, Line, Question, SettledBefore, Subject, counted_draws, preview_contract, preview_policy, settle,
    why_not,
};
use zhirong_policy::reading::Budget;
use zhirong_policy::rulebook::Rulebook;

use crate::world::{World, conditions, late_rulebook};

/// Worlds, and the seed of the first.
const WORLDS: u64 = 160;
const FIRST_SEED: u64 = 4_105_002_018;
/// One digest a world, in order.
const SAID: &str = include_str!("said.txt");

/// FNV-1a: enough to see a change, and the same on every machine.
fn digest(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |sum, byte| {
        (sum ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

fn say_findings(text: &mut String, findings: &[Finding]) {
    for finding in findings {
        let _ = writeln!(
            text,
            "  {finding:?} {} {} {}",
            finding.severity().as_str(),
            finding.zh(),
            finding.en()
        );
    }
}

fn say_lines(text: &mut String, lines: &[Line]) {
    for line in lines {
        let _ = writeln!(
            text,
            " {:?} {} {} {}",
            line.key,
            line.entitled,
            line.amount,
            line.clause.as_str()
        );
        let told = &line.explanation;
        let _ = writeln!(
            text,
            "  {}\n  {}\n  {:?}",
            told.sentence_zh(),
            told.sentence_en(),
            told.alternatives
        );
        for step in &told.steps {
            let _ = writeln!(text, "  {} {} {:?}", step.zh(), step.en(), step.reference());
        }
    }
}

fn subjects(world: &World) -> Vec<Subject> {
    let facts = &world.facts;
    let mut all = Vec::new();
    for it in &facts.loans {
        all.push(Subject::Contract(
            it.institution_code.clone(),
            it.contract_no.clone(),
        ));
    }
    for it in &facts.loan_events {
        let (code, contract) = (it.institution_code.clone(), it.contract_no.clone());
        all.push(Subject::LoanEvent(code, contract, it.event_no.clone()));
    }
    for it in &facts.pledges {
        all.push(Subject::Pledge(it.institution_code.clone(), it.pledge_no.clone()));
    }
    for it in &facts.policies {
        all.push(Subject::Policy(it.institution_code.clone(), it.policy_no.clone()));
    }
    for it in &facts.policy_patents {
        let (code, policy) = (it.institution_code.clone(), it.policy_no.clone());
        all.push(Subject::PolicyPatent(code, policy, it.patent_no.clone()));
    }
    for it in &facts.premium_events {
        let (code, policy) = (it.institution_code.clone(), it.policy_no.clone());
        all.push(Subject::PremiumEvent(code, policy, it.event_no.clone()));
    }
    all
}

fn say_verdicts(text: &mut String, question: &Question<'_>, subject: &Subject) {
    let verdicts = match why_not(question, subject) {
        Ok(verdicts) => verdicts,
        Err(error) => {
            let _ = writeln!(text, "{subject:?}: {error}");
            return;
        }
    };
    for verdict in verdicts {
        let _ = writeln!(
            text,
            "{subject:?} {} {} earns {} {:?} {:?} {:?} {:?}",
            verdict.measure.as_str(),
            verdict.year,
            verdict.earns(),
            verdict.first_stop().map(|finding| finding.code),
            verdict.no_money,
            verdict.cures,
            verdict.acceptance,
        );
        for line in &verdict.lines {
            let _ = writeln!(text, "  {:?} {}", line.key, line.entitled);
        }
        say_findings(text, &verdict.findings);
    }
}

/// Everything that is said of a world.
fn said(rulebook: &Rulebook, seed: u64) -> String {
    let mut world = World::new(seed);
    let mut rng = fastrand::Rng::with_seed(seed);
    let settled = SettledBefore::new();
    let year = PolicyYear::new(world.year).unwrap();
    let mut stands = Conditions::NONE;
    if rng.bool() {
        let free = Question {
            facts: &world.facts,
            rulebook,
            readings: &world.readings,
            year,
            as_of: world.as_of,
            settled: &settled,
            conditions: &Conditions::NONE,
        };
        let lines = settle(&free).unwrap().lines;
        let keys: Vec<_> = lines.into_iter().map(|line| line.key).collect();
        stands = conditions(&mut rng, &world.facts, &keys, world.as_of);
        world.readings.budget = [Budget::None, Budget::ProRata, Budget::FirstCome][rng.usize(0..3)];
    }
    let question = Question {
        facts: &world.facts,
        rulebook,
        readings: &world.readings,
        year,
        as_of: world.as_of,
        settled: &settled,
        conditions: &stands,
    };
    let (outcome, mut text) = (settle(&question).unwrap(), String::new());
    say_lines(&mut text, &outcome.lines);
    say_findings(&mut text, &outcome.findings);
    let _ = writeln!(text, "{:?}", counted_draws(&question));
    for loan in &world.facts.loans {
        match preview_contract(&question, &loan.institution_code, &loan.contract_no) {
            Ok(it) => {
                let figures = [&it.when_fully_drawn, &it.recognised_now, &it.enterprise_year];
                let _ = writeln!(text, "{} {figures:?} {}", loan.contract_no, it.line.is_some());
                say_findings(&mut text, &it.findings);
            }
            Err(error) => drop(writeln!(text, "{error}")),
        }
    }
    for policy in &world.facts.policies {
        match preview_policy(&question, &policy.institution_code, &policy.policy_no) {
            Ok(it) => {
                let _ = writeln!(text, "{} {} {}", policy.policy_no, it.amount, it.lines.len());
                say_findings(&mut text, &it.findings);
            }
            Err(error) => drop(writeln!(text, "{error}")),
        }
    }
    for subject in subjects(&world) {
        say_verdicts(&mut text, &question, &subject);
    }
    text
}

#[test]
fn nothing_is_said_otherwise_unseen() {
    let rulebook = late_rulebook(30);
    let found: Vec<String> = (FIRST_SEED..FIRST_SEED + WORLDS)
        .map(|seed| format!("{seed} {:016x}", digest(&said(&rulebook, seed))))
        .collect();
    let differs = found
        .iter()
        .zip(SAID.lines())
        .find(|(found, known)| found != known);
    assert!(
        differs.is_none() && found.len() == SAID.lines().count(),
        "the first world that differs: {differs:?}; if that is meant, said.txt is\n{}",
        found.join("\n")
    );
}

#[test]
fn what_is_said_differs_from_world_to_world() {
    let rulebook = late_rulebook(30);
    let [one, other] = [FIRST_SEED, FIRST_SEED + 1].map(|seed| said(&rulebook, seed));
    assert!(one.len() > 500, "{one}");
    assert_ne!(digest(&one), digest(&other));
}
