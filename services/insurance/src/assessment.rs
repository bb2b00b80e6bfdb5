//! What a report is answered with: the year of each policy it concerns, with each patent's figure and clause.

use api::common::v1 as common;
use exchange::{Cells, File, Row};
use ledger::{Error, Ledger, Stamp, wire};
use policy::date::{PolicyYear, beijing_date};
use policy::engine::{EngineError, PolicyPreview, Question, SettledBefore, preview_policy};
use policy::facts::{Facts, PremiumEventKind};
use policy::ident::{InstitutionCode, Reference};
use policy::money::Money;
use sqlx::PgConnection;

use crate::store;

/// Says on every answer what it was computed from.
const SCOPE: (&str, &str) = (
    "仅根据贵机构报送的事实与知识产权局登记信息计算，不含其他机构的事实；以结算批次为准",
    "computed from your own facts and the bureau's registry alone; the settlement batch decides",
);

/// Policies that one answer shows at most.
const ASSESSMENTS_MOST: usize = 20;

/// The resource name of a policy.
fn name_of(policy_no: &str) -> String {
    let mut cells = Cells::new(File::Policies);
    ledger::report::set(&mut cells, "policy_no", policy_no);
    api::name::format(&cells, File::Policies)
}

/// The policies that stored rows concern, ascending numbers.
pub(crate) async fn of_rows(
    tx: &mut PgConnection,
    ledger: &Ledger,
    stamp: &Stamp,
    institution: &InstitutionCode,
    rows: &[Row],
) -> Result<Vec<common::PremiumAssessment>, Error> {
    // The key of all three files is the institution, then the policy number.
    let mut numbers: Vec<String> = rows
        .iter()
        .filter_map(|row| row.key.cells().nth(1).map(str::to_owned))
        .collect();
    numbers.sort_unstable();
    numbers.dedup();
    numbers.truncate(ASSESSMENTS_MOST);
    let city = stamp.city.as_str();
    let holders = store::policy::holders(tx, city, institution.as_str(), &numbers).await?;
    let mut assessments = Vec::with_capacity(numbers.len());
    for number in numbers {
        let facts = match holders.iter().find(|(policy_no, _)| *policy_no == number) {
            Some((_, holder)) => {
                ledger::store::facts::of_policyholder(tx, city, institution.as_str(), holder).await?
            }
            // Not known (yet): stored, and earning nothing until it comes.
            None => Facts::default(),
        };
        assessments.push(assess(ledger, stamp, institution, &number, &facts)?);
    }
    Ok(assessments)
}

fn assess(
    ledger: &Ledger,
    stamp: &Stamp,
    institution: &InstitutionCode,
    policy_no: &str,
    facts: &Facts,
) -> Result<common::PremiumAssessment, Error> {
    let as_of = beijing_date(stamp.recorded_at);
    let year = year_of(facts, policy_no, as_of);
    let reference = Reference::from_canonical(policy_no).map_err(|error| Error::StoredRowUnreadable {
        file: "policies",
        detail: error.to_string(),
    })?;
    match preview(ledger, stamp, (institution, &reference), facts, year) {
        Ok(preview) => Ok(message(policy_no, year, &preview)),
        // The report stands although no rule prices it: the answer says which rule is missing.
        Err(Error::Rulebook(error) | Error::Engine(EngineError::Rulebook(error))) => {
            Ok(common::PremiumAssessment {
                name: name_of(policy_no),
                policy_year: year.number(),
                scope: Some(api::convert::text(error.to_string(), error.to_string())),
                ..common::PremiumAssessment::default()
            })
        }
        Err(error) => Err(error),
    }
}

fn preview(
    ledger: &Ledger,
    stamp: &Stamp,
    (institution, policy_no): (&InstitutionCode, &Reference),
    facts: &Facts,
    year: PolicyYear,
) -> Result<PolicyPreview, Error> {
    let rulebook = ledger.rulebook(&stamp.city)?;
    let readings = rulebook.revision_of(year)?.readings;
    let settled = SettledBefore::new();
    let as_of = beijing_date(stamp.recorded_at);
    let question = Question {
        facts,
        rulebook,
        readings: &readings,
        year,
        as_of,
        settled: &settled,
        conditions: &policy::conditions::Conditions::NONE,
    };
    Ok(preview_policy(&question, institution, policy_no)?)
}

/// The year a policy is answered for: that of its latest payment, or today's in Beijing before there is one.
fn year_of(facts: &Facts, policy_no: &str, today: chrono::NaiveDate) -> PolicyYear {
    let payments = facts
        .premium_events
        .iter()
        .filter(|event| event.kind == PremiumEventKind::Payment && event.policy_no.as_str() == policy_no);
    PolicyYear::of(payments.map(|event| event.occurred_on).max().unwrap_or(today))
}

fn message(policy_no: &str, year: PolicyYear, preview: &PolicyPreview) -> common::PremiumAssessment {
    let base = Money::sum(preview.lines.iter().map(|line| line.base)).unwrap_or_default();
    let first = preview
        .lines
        .first()
        .map(wire::figure_of_line)
        .unwrap_or_default();
    let missing = preview
        .findings
        .iter()
        .filter(|finding| finding.severity() != policy::codes::Severity::Info);
    let policy_in_year = common::Figure {
        amount: Some(api::convert::money(preview.amount)),
        base: Some(api::convert::money(base)),
        missing: missing.map(|finding| wire::missing(finding.code)).collect(),
        ..first
    };
    let patent = |line: &policy::engine::Line| common::PatentFigure {
        patent_no: line.key.item.rsplit('/').next().unwrap_or_default().to_owned(),
        figure: Some(wire::figure_of_line(line)),
    };
    common::PremiumAssessment {
        name: name_of(policy_no),
        policy_year: year.number(),
        policy_in_year: Some(policy_in_year),
        patents: preview.lines.iter().map(patent).collect(),
        scope: Some(api::convert::text(SCOPE.0, SCOPE.1)),
        findings: preview.findings.iter().map(wire::finding).collect(),
    }
}
