//! Table `pledge.loan`: which contracts a report concerns.

use ledger::Error;
use sqlx::PgConnection;

/// A contract with its borrower.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Contract {
    pub(crate) contract_no: String,
    pub(crate) borrower: String,
}

/// The institution's contracts of these numbers, or on these pledges, as their latest revisions stand; withdrawn ones left out.
pub(crate) async fn concerned(
    tx: &mut PgConnection,
    city: &str,
    institution: &str,
    contract_nos: &[String],
    pledge_nos: &[String],
) -> Result<Vec<Contract>, Error> {
    let rows: Vec<(String, String)> = sqlx::query_as(
        "select contract_no, borrower_uscc from (
             select distinct on (contract_no) contract_no, borrower_uscc, pledge_no, withdrawn
             from pledge.loan
             where city = $1 and institution_code = $2
               and contract_no in (
                   select contract_no from pledge.loan
                   where city = $1 and institution_code = $2 and contract_no = any($3)
                   union
                   select contract_no from pledge.loan
                   where city = $1 and institution_code = $2 and pledge_no = any($4)
               )
             order by contract_no, revision desc
         ) latest
         where not withdrawn and (contract_no = any($3) or pledge_no = any($4))
         order by contract_no",
    )
    .bind(city)
    .bind(institution)
    .bind(contract_nos)
    .bind(pledge_nos)
    .fetch_all(tx)
    .await?;
    Ok(rows
        .into_iter()
        .map(|(contract_no, borrower)| Contract {
            contract_no,
            borrower,
        })
        .collect())
}
