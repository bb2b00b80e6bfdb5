//! The facts an answer or a batch is computed from.

use exchange::{File, History};
use policy::facts::Facts;
use sqlx::PgConnection;

use super::fact::{self, StoredRow, Value};
use crate::error::Error;

/// The facts that the answer to an institution rests on: its own of one borrower, and the registry's. Nothing of another
/// institution is read, and row-level security would not show it.
///
/// # Errors
/// Database errors.
pub async fn of_borrower(
    tx: &mut PgConnection,
    city: &str,
    institution: &str,
    borrower: &str,
) -> Result<Facts, Error> {
    let mut history = History::default();
    let own = [
        Value::Text(city.to_owned()),
        Value::Text(institution.to_owned()),
        Value::Text(borrower.to_owned()),
    ];
    let mine = &own[..];
    read(tx, &mut history, File::Institutions, SAME_LEGAL_PERSON, &own[..2]).await?;
    read(tx, &mut history, File::Loans, "city = $1 and institution_code = $2 and contract_no in (select contract_no from published.loans where city = $1 and institution_code = $2 and borrower_uscc = $3)", mine).await?;
    read(tx, &mut history, File::LoanEvents, "city = $1 and institution_code = $2 and contract_no in (select contract_no from published.loans where city = $1 and institution_code = $2 and borrower_uscc = $3)", mine).await?;
    read(tx, &mut history, File::Decisions, "city = $1 and institution_code = $2 and reference in (select contract_no from published.loans where city = $1 and institution_code = $2 and borrower_uscc = $3)", mine).await?;
    // Pledges of these contracts, and every pledge of the same institution that shares a patent with one of them (rule 8).
    read(tx, &mut history, File::Pledges, "city = $1 and institution_code = $2 and pledge_no in (
        select other.pledge_no from published.pledges other
        where other.city = $1 and other.institution_code = $2 and other.patents && array(
            select unnest(used.patents) from published.pledges used
            where used.city = $1 and used.institution_code = $2 and used.pledge_no in (
                select pledge_no from published.loans where city = $1 and institution_code = $2 and borrower_uscc = $3)))", mine).await?;
    let patents: Vec<String> = history
        .facts()
        .pledges
        .iter()
        .flat_map(|pledge| pledge.patents.iter().map(ToString::to_string))
        .collect();
    registry(tx, &mut history, city, borrower, patents).await?;
    Ok(history.into_facts())
}

/// The facts that the answer to an insurer rests on: its own of one policyholder, and the registry's.
///
/// # Errors
/// Database errors.
pub async fn of_policyholder(
    tx: &mut PgConnection,
    city: &str,
    institution: &str,
    holder: &str,
) -> Result<Facts, Error> {
    let mut history = History::default();
    let own = [
        Value::Text(city.to_owned()),
        Value::Text(institution.to_owned()),
        Value::Text(holder.to_owned()),
    ];
    let mine = &own[..];
    read(tx, &mut history, File::Institutions, SAME_LEGAL_PERSON, &own[..2]).await?;
    read(tx, &mut history, File::Policies, "city = $1 and institution_code = $2 and policy_no in (select policy_no from published.policies where city = $1 and institution_code = $2 and policyholder_uscc = $3)", mine).await?;
    read(tx, &mut history, File::PolicyPatents, "city = $1 and institution_code = $2 and policy_no in (select policy_no from published.policies where city = $1 and institution_code = $2 and policyholder_uscc = $3)", mine).await?;
    read(tx, &mut history, File::PremiumEvents, "city = $1 and institution_code = $2 and policy_no in (select policy_no from published.policies where city = $1 and institution_code = $2 and policyholder_uscc = $3)", mine).await?;
    read(tx, &mut history, File::Decisions, "city = $1 and institution_code = $2 and reference in (select policy_no from published.policies where city = $1 and institution_code = $2 and policyholder_uscc = $3)", mine).await?;
    let patents = history
        .facts()
        .policy_patents
        .iter()
        .map(|row| row.patent_no.to_string())
        .collect();
    registry(tx, &mut history, city, holder, patents).await?;
    Ok(history.into_facts())
}

const SAME_LEGAL_PERSON: &str = "city = $1 and institution_code in (
    select other.institution_code from published.institutions other
    where other.city = $1 and (other.institution_code = $2 or other.legal_person_uscc in (
        select mine.legal_person_uscc from published.institutions mine where mine.city = $1 and mine.institution_code = $2)))";

/// What the bureau's registry says of an enterprise and of patents.
async fn registry(
    tx: &mut PgConnection,
    history: &mut History,
    city: &str,
    enterprise: &str,
    patents: Vec<String>,
) -> Result<(), Error> {
    let city = Value::Text(city.to_owned());
    let mut subjects = patents.clone();
    subjects.push(enterprise.to_owned());
    let of_enterprise = [city.clone(), Value::Text(enterprise.to_owned())];
    let of_patents = [city.clone(), Value::Texts(patents)];
    read(
        tx,
        history,
        File::Enterprises,
        "city = $1 and uscc = $2",
        &of_enterprise,
    )
    .await?;
    read(
        tx,
        history,
        File::OtherAwards,
        "city = $1 and beneficiary_uscc = $2",
        &of_enterprise,
    )
    .await?;
    for file in [File::Patents, File::PatentOwners, File::Awards] {
        read(
            tx,
            history,
            file,
            "city = $1 and patent_no = any($2)",
            &of_patents,
        )
        .await?;
    }
    read(
        tx,
        history,
        File::Exclusions,
        "city = $1 and subject = any($2)",
        &[city, Value::Texts(subjects)],
    )
    .await
}

async fn read(
    tx: &mut PgConnection,
    history: &mut History,
    file: File,
    condition: &'static str,
    values: &[Value],
) -> Result<(), Error> {
    for stored in fact::select(tx, file, condition, values).await? {
        history.insert(stored.row);
    }
    Ok(())
}

/// Every stored revision of one file of a city that was accepted under a cut-off up to the one given, by key and revision.
///
/// # Errors
/// Database errors, or a stored row that cannot be read.
pub async fn file_of_city(
    tx: &mut PgConnection,
    file: File,
    city: &str,
    cut_off: i64,
) -> Result<Vec<StoredRow>, Error> {
    let values = [Value::Text(city.to_owned()), Value::Number(cut_off)];
    fact::select(tx, file, OF_CITY, &values).await
}

const OF_CITY: &str = "city = $1 and cut_off <= $2";

/// The cut-off up to which a batch counts a file: reviewers' decisions have one of their own.
#[must_use]
pub const fn up_to(file: File, cut_off: i64, decided_cut_off: i64) -> i64 {
    match file {
        File::Decisions => decided_cut_off,
        _ => cut_off,
    }
}

/// Every revision of a city that was accepted under a cut-off up to the one given: the fixed set a batch is computed from.
/// Reviewers' decisions are taken up to a cut-off of their own, which may be later: they act within the batch they are about.
///
/// # Errors
/// Database errors.
pub async fn of_city(
    tx: &mut PgConnection,
    city: &str,
    cut_off: i64,
    decided_cut_off: i64,
) -> Result<History, Error> {
    let mut history = History::default();
    for file in File::ALL.iter().copied() {
        let up_to = match file {
            File::Decisions => decided_cut_off,
            _ => cut_off,
        };
        let values = [Value::Text(city.to_owned()), Value::Number(up_to)];
        read(tx, &mut history, file, OF_CITY, &values).await?;
    }
    Ok(history)
}
