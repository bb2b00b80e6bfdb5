//! Legal persons: who holds the caps of the bank incentive, with the institutions of each in the city.

use api::convert::WireRecord;
use api::registry::v1::{
    Institution, LegalPerson, ListLegalPersonsRequest, ListLegalPersonsResponse, StoredInstitution,
};
use exchange::{Fact, File};
use ledger::read::page_size;
use ledger::store::fact::{self, StoredRow, Value};
use ledger::{Caller, Error, wire};
use sqlx::PgConnection;

use crate::Registry;
use crate::store::institution;

impl Registry {
    pub(crate) async fn list_legal_persons_for(
        &self,
        caller: &Caller,
        body: &ListLegalPersonsRequest,
    ) -> Result<ListLegalPersonsResponse, Error> {
        let size = page_size(body.page_size)?;
        let (city, after) = (caller.city.clone(), body.page_token.clone());
        self.ledger
            .database
            .read(
                "registry.list_legal_persons",
                &caller.scope(self.ledger.role),
                move |tx| {
                    let (city, after) = (city.clone(), after.clone());
                    Box::pin(async move { page(tx, city.as_str(), &after, size).await })
                },
            )
            .await
    }
}

async fn page(
    tx: &mut PgConnection,
    city: &str,
    after: &str,
    size: i64,
) -> Result<ListLegalPersonsResponse, Error> {
    let mut codes = institution::legal_persons(tx, city, after, size + 1).await?;
    let length = usize::try_from(size).unwrap_or(usize::MAX);
    let has_more = codes.len() > length;
    codes.truncate(length);
    // The token is the last code: opaque by contract, and it holds nothing that the page does not.
    let next_page_token = if has_more {
        codes.last().cloned().unwrap_or_default()
    } else {
        String::new()
    };
    let mut legal_persons = Vec::with_capacity(codes.len());
    for code in codes {
        let values = [Value::Text(city.to_owned()), Value::Text(code.clone())];
        let rows = fact::select(tx, File::Institutions, LATEST_OF_LEGAL_PERSON, &values).await?;
        legal_persons.push(legal_person(code, &rows));
    }
    Ok(ListLegalPersonsResponse {
        legal_persons,
        next_page_token,
    })
}

const LATEST_OF_LEGAL_PERSON: &str = "city = $1 and legal_person_uscc = $2 and not withdrawn
    and (institution_code, revision) in (
        select institution_code, max(revision) from published.institutions where city = $1 group by institution_code)";

fn legal_person(uscc: String, rows: &[StoredRow]) -> LegalPerson {
    let name = rows.iter().find_map(|stored| match &stored.row.content {
        Some(Fact::Institution(institution)) => Some(institution.legal_person_name.clone()),
        _ => None,
    });
    let institutions = rows
        .iter()
        .map(|stored| StoredInstitution {
            institution: Some(Institution::from_row(&stored.row)),
            state: Some(wire::record_state(stored)),
        })
        .collect();
    LegalPerson {
        uscc,
        name: name.unwrap_or_default(),
        institutions,
    }
}
