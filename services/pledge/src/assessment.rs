//! What a report is answered with: the three figures of each contract it concerns.

use std::collections::BTreeMap;

use std::collections::BTreeSet;

use api::common::v1 as common;
use exchange::{Cells, File, Row};
use ledger::{Error, Ledger, Stamp, wire};
use policy::codes::FindingCode;
use policy::date::{PolicyYear, beijing_date};
use policy::engine::{ContractPreview, EngineError, Figure, Question, preview_contract};
use policy::facts::{Facts, LoanEventKind};
use policy::ident::{InstitutionCode, Reference};
use sqlx::PgConnection;

use crate::store::loan;

/// Says on every answer what it was computed from.
const SCOPE: (&str, &str) = (
    "仅根据贵机构报送的事实与知识产权局登记信息计算，不含其他机构的事实；以结算批次为准",
    "computed from your own facts and the bureau's registry alone; the settlement batch decides",
);

/// Contracts that one answer shows at most.
const ASSESSMENTS_MOST: usize = 20;

/// The resource name of a contract.
fn name_of(contract_no: &str) -> String {
    let mut cells = Cells::new(File::Loans);
    ledger::report::set(&mut cells, "contract_no", contract_no);
    api::name::format(&cells, File::Loans)
}

/// The contracts that stored rows concern, ascending numbers.
pub(crate) async fn of_rows(
    tx: &mut PgConnection,
    ledger: &Ledger,
    stamp: &Stamp,
    institution: &InstitutionCode,
    rows: &[Row],
) -> Result<Vec<common::LoanAssessment>, Error> {
    let mut contract_nos = Vec::new();
    let mut pledge_nos = Vec::new();
    for row in rows {
        // The key of these files is the institution, then the contract or pledge number.
        let Some(number) = row.key.cells().nth(1) else {
            continue;
        };
        match row.file {
            File::Pledges => pledge_nos.push(number.to_owned()),
            _ => contract_nos.push(number.to_owned()),
        }
    }
    let city = stamp.city.as_str();
    let concerned = loan::concerned(tx, city, institution.as_str(), &contract_nos, &pledge_nos).await?;
    // A report on a contract that is not known (yet) is answered too: stored, and earning nothing until it comes.
    let mut borrowers: BTreeMap<&str, Option<&str>> = contract_nos
        .iter()
        .map(|number| (number.as_str(), None))
        .collect();
    borrowers.extend(
        concerned
            .iter()
            .map(|contract| (contract.contract_no.as_str(), Some(contract.borrower.as_str()))),
    );
    let mut assessments = Vec::new();
    for (number, borrower) in borrowers.into_iter().take(ASSESSMENTS_MOST) {
        let facts = match borrower {
            Some(borrower) => {
                ledger::store::facts::of_borrower(tx, city, institution.as_str(), borrower).await?
            }
            None => Facts::default(),
        };
        assessments.push(assess(ledger, stamp, institution, number, &facts)?);
    }
    Ok(assessments)
}

fn assess(
    ledger: &Ledger,
    stamp: &Stamp,
    institution: &InstitutionCode,
    contract_no: &str,
    facts: &Facts,
) -> Result<common::LoanAssessment, Error> {
    let as_of = beijing_date(stamp.recorded_at);
    let reference = Reference::from_canonical(contract_no).map_err(|error| Error::StoredRowUnreadable {
        file: "loans",
        detail: error.to_string(),
    })?;
    let mut answered = None;
    for year in years_of(facts, institution, contract_no, as_of) {
        let preview = preview_in(ledger, stamp, (institution, &reference), facts, year);
        // The contract belongs to the year of its first counted draw; before there is one, to that of its first draw.
        let counts = preview
            .as_ref()
            .is_ok_and(|preview| !preview.recognised_now.base.is_zero());
        if counts || answered.is_none() {
            answered = Some((year, preview));
        }
        if counts {
            break;
        }
    }
    let Some((year, preview)) = answered else {
        return Ok(common::LoanAssessment::default());
    };
    match preview {
        Ok(preview) => Ok(message(contract_no, year, &preview)),
        // The report stands although no rule prices it: the answer says which rule is missing.
        Err(Error::Rulebook(error) | Error::Engine(EngineError::Rulebook(error))) => {
            Ok(common::LoanAssessment {
                name: name_of(contract_no),
                policy_year: year.number(),
                scope: Some(api::convert::text(error.to_string(), error.to_string())),
                ..common::LoanAssessment::default()
            })
        }
        Err(error) => Err(error),
    }
}

fn preview_in(
    ledger: &Ledger,
    stamp: &Stamp,
    (institution, contract_no): (&InstitutionCode, &Reference),
    facts: &Facts,
    year: PolicyYear,
) -> Result<ContractPreview, Error> {
    let rulebook = ledger.rulebook(&stamp.city)?;
    let readings = rulebook.revision_of(year)?.readings;
    let settled = policy::engine::SettledBefore::new();
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
    Ok(preview_contract(&question, institution, contract_no)?)
}

/// The years a contract may belong to: those of its draws, ascending, or today's in Beijing before there is one.
fn years_of(
    facts: &Facts,
    institution: &InstitutionCode,
    contract_no: &str,
    today: chrono::NaiveDate,
) -> BTreeSet<PolicyYear> {
    let draws = facts.loan_events.iter().filter(|event| {
        event.kind == LoanEventKind::Draw
            && event.institution_code == *institution
            && event.contract_no.as_str() == contract_no
    });
    let years: BTreeSet<PolicyYear> = draws.map(|event| PolicyYear::of(event.date())).collect();
    if years.is_empty() {
        BTreeSet::from([PolicyYear::of(today)])
    } else {
        years
    }
}

fn message(contract_no: &str, year: PolicyYear, preview: &ContractPreview) -> common::LoanAssessment {
    let mut enterprise_year = figure(&preview.enterprise_year);
    if let Some(line) = &preview.line {
        let shown = wire::figure_of_line(line);
        enterprise_year.limited_by = shown.limited_by;
        enterprise_year.sentence = shown.sentence;
        enterprise_year.readings = shown.readings;
        enterprise_year.alternatives = shown.alternatives;
    }
    common::LoanAssessment {
        name: name_of(contract_no),
        policy_year: year.number(),
        contract_when_fully_drawn: Some(figure(&preview.when_fully_drawn)),
        recognised_now: Some(figure(&preview.recognised_now)),
        enterprise_year: Some(enterprise_year),
        scope: Some(api::convert::text(SCOPE.0, SCOPE.1)),
        findings: preview.findings.iter().map(wire::finding).collect(),
    }
}

fn figure(figure: &Figure) -> common::Figure {
    let sentence = match (figure.clause, figure.missing.first()) {
        (Some(clause), _) => api::convert::text(
            format!("{}：{} 元", clause.zh(), figure.amount),
            format!("{}: {}", clause.en(), figure.amount),
        ),
        (None, Some(code)) => api::convert::text(code.zh(), code.en()),
        (None, None) => api::convert::text(FindingCode::NoDrawYet.zh(), FindingCode::NoDrawYet.en()),
    };
    common::Figure {
        amount: Some(api::convert::money(figure.amount)),
        base: Some(api::convert::money(figure.base)),
        clause: figure.clause.map(wire::clause),
        sentence: Some(sentence),
        missing: figure.missing.iter().map(|code| wire::missing(*code)).collect(),
        ..common::Figure::default()
    }
}
