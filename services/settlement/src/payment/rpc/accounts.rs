//! Reporting and listing payee accounts.

use api::common::v1 as common;
use api::settlement::v1 as pb;
use chrono::NaiveDate;
use exchange::table::{self, TableRow};
use ledger::command::Call;
use ledger::read::{page_size, page_token_wrong};
use ledger::{Caller, Role, Stamp};
use platform::sealing::Keyring;
use sqlx::PgConnection;

use super::imports::{counts, refusals, table_error};
use crate::error::Error;
use crate::payment::account::{self, COLUMNS, Reported};
use crate::payment::model::Wrong;
use crate::payment::result::{Imported, Taken};
use crate::payment::store::payee::{self, StoredAccount};
use crate::payment::{Error as PayError, Payments};

const OTHER_HOLDER: Wrong = Wrong::new(
    "holder",
    "OTHER_INSTITUTION",
    "只能报送本机构的账户",
    "an institution reports its own account only",
);
const NOT_REGISTERED: Wrong = Wrong::new(
    "holder",
    "INSTITUTION_NOT_REGISTERED",
    "机构未登记",
    "the institution is not registered",
);
const CONFLICT: Wrong = Wrong::new(
    "revision",
    "PAYEE_ACCOUNT_CONFLICT",
    "该修订已有不同内容，先到者为准",
    "this revision is there with other content; the first stands",
);

/// Whether a caller may report for this holder.
async fn may_report(
    tx: &mut PgConnection,
    caller: &Caller,
    reported: &Reported,
) -> Result<Option<Wrong>, Error> {
    if caller.role == Role::Institution
        && (reported.kind != "institution" || reported.holder != caller.holder)
    {
        return Ok(Some(OTHER_HOLDER));
    }
    if reported.kind == "institution" {
        let codes = [reported.holder.clone()];
        let standing = ledger::store::institution::standing(tx, caller.city.as_str(), &codes).await?;
        if standing.get(&reported.holder) != Some(&false) {
            return Ok(Some(NOT_REGISTERED));
        }
    }
    Ok(None)
}

/// Stores a revision, sealed for its row.
async fn store(
    tx: &mut PgConnection,
    keys: &Keyring,
    stamp: &Stamp,
    reported: &Reported,
) -> Result<Result<common::Verdict, Wrong>, Error> {
    let city = stamp.city.as_str();
    let sealed = reported.account.seal(keys, &reported.place(city))?;
    let is_new = payee::insert(tx, stamp, reported, &sealed).await?;
    let revisions = payee::revisions(tx, city, reported).await?;
    let highest = revisions.last().map_or(0, |it| it.revision);
    if is_new {
        let kept = highest > reported.revision;
        return Ok(Ok(if kept {
            common::Verdict::KeptAsHistory
        } else {
            common::Verdict::Stored
        }));
    }
    let Some(known) = revisions.iter().find(|it| it.revision == reported.revision) else {
        return Ok(Err(CONFLICT));
    };
    let row = (known.valid_to, known.is_city_branch, known.withdrawn);
    let is_same = row == (reported.valid_to, reported.is_city_branch, reported.withdrawn)
        && account::open(keys, city, known)? == reported.account;
    Ok(if is_same {
        Ok(common::Verdict::Unchanged)
    } else {
        Err(CONFLICT)
    })
}

fn message(stored: &StoredAccount, account: &account::Account, in_full: bool) -> pb::PayeeAccount {
    let kind = match stored.holder_kind.as_str() {
        "institution" => pb::PayeeKind::Institution,
        _ => pb::PayeeKind::Enterprise,
    };
    pb::PayeeAccount {
        kind: kind.into(),
        holder: stored.holder.clone(),
        valid_from: Some(api::convert::date(stored.valid_from)),
        valid_to: stored.valid_to.map(api::convert::date),
        is_city_branch: stored.is_city_branch,
        revision: stored.revision,
        withdrawn: stored.withdrawn,
        ..account::message(account, in_full)
    }
}

impl Payments {
    pub(super) async fn report_payee_account_of(
        &self,
        caller: &Caller,
        body: &pb::ReportPayeeAccountRequest,
    ) -> Result<pb::ReportPayeeAccountResponse, Error> {
        let keys = self.keys()?;
        let mut cells = account::cells(body.account.as_ref().unwrap_or(&pb::PayeeAccount::default()));
        if caller.role == Role::Institution && cells.cell("holder").is_empty() {
            cells.cells.insert("kind", "institution".to_owned());
            cells.cells.insert("holder", caller.holder.clone());
        }
        let reported = account::parse(&cells)
            .map_err(|wrongs| ledger::Error::Invalid(wrongs.iter().map(Wrong::violation).collect()))?;
        // The digest of the body is kept: the number stands in it by a keyed stand-in only.
        let mut blinded = body.clone();
        if let Some(account) = &mut blinded.account {
            account.account_no = hex(&keys.blind(account.account_no.as_bytes()));
        }
        let call = Call {
            caller,
            rpc: "ReportPayeeAccount",
            request_id: &body.request_id,
            body: &blinded,
            object: reported.holder.clone(),
            on_behalf: caller.role != Role::Institution && reported.kind == "institution",
            writes_facts: false,
        };
        let by = caller.clone();
        self.ledger
            .command(call, move |tx, stamp| {
                let (keys, reported, by) = (keys.clone(), reported.clone(), by.clone());
                Box::pin(async move {
                    if let Some(wrong) = may_report(tx, &by, &reported).await? {
                        return Err(ledger::Error::Invalid(vec![wrong.violation()]).into());
                    }
                    let verdict = store(tx, &keys, &stamp, &reported).await?.map_err(|_| {
                        PayError::AccountConflict {
                            revision: reported.revision,
                        }
                    })?;
                    let revisions = payee::revisions(tx, stamp.city.as_str(), &reported).await?;
                    let stored = revisions.into_iter().find(|it| it.revision == reported.revision);
                    Ok(pb::ReportPayeeAccountResponse {
                        audit_head: None,
                        account: stored.map(|stored| message(&stored, &reported.account, false)),
                        verdict: verdict.into(),
                    })
                })
            })
            .await
    }

    pub(super) async fn import_payee_accounts_of(
        &self,
        caller: &Caller,
        body: &pb::ImportPayeeAccountsRequest,
    ) -> Result<pb::ImportPayeeAccountsResponse, Error> {
        let keys = self.keys()?;
        let read = table::read(&body.csv, COLUMNS).map_err(|(code, column)| table_error(code, &column))?;
        let request_id = body.header.clone().unwrap_or_default().request_id;
        let blinded = pb::ImportPayeeAccountsRequest {
            header: body.header.clone(),
            csv: keys.blind(&body.csv),
        };
        let (rows, by) = (read.rows.clone(), caller.clone());
        let answer: pb::ImportPayeeAccountsResponse = self
            .command(
                caller,
                ("ImportPayeeAccounts", &request_id),
                &blinded,
                move |tx, stamp| {
                    let (keys, rows, by) = (keys.clone(), rows.clone(), by.clone());
                    Box::pin(async move {
                        let imported = import(tx, &keys, (&by, stamp), &rows).await?;
                        Ok(pb::ImportPayeeAccountsResponse {
                            audit_head: None,
                            counts: Some(counts(&imported)),
                            refusals: refusals(&imported),
                            rejected_csv: Vec::new(),
                        })
                    })
                },
            )
            .await?;
        // The refused rows hold account numbers, so they are made for the answer alone.
        let refused = super::imports::read_refusals(&answer.refusals);
        let rejected_csv = if refused.is_empty() {
            Vec::new()
        } else {
            table::write_refused(&read, &refused)
        };
        Ok(pb::ImportPayeeAccountsResponse {
            rejected_csv,
            ..answer
        })
    }

    pub(super) async fn list_payee_accounts_of(
        &self,
        caller: &Caller,
        body: &pb::ListPayeeAccountsRequest,
    ) -> Result<pb::ListPayeeAccountsResponse, Error> {
        let keys = self.keys()?;
        let size = page_size(body.page_size)?;
        let after = after_of(&body.page_token)?;
        let in_full = account::sees_numbers(caller.role);
        let (city, holder) = (caller.city.as_str().to_owned(), body.holder.clone());
        self.read(caller, "payment.list_accounts", move |tx| {
            let (keys, after, city, holder) = (keys.clone(), after.clone(), city.clone(), holder.clone());
            Box::pin(async move {
                let mut rows =
                    payee::page(tx, &city, &holder, (&after.0, &after.1, after.2), size + 1).await?;
                let length = usize::try_from(size).unwrap_or(usize::MAX);
                let has_more = rows.len() > length;
                rows.truncate(length);
                let token =
                    |it: &StoredAccount| format!("{}\t{}\t{}", it.holder_kind, it.holder, it.valid_from);
                let next_page_token = rows.last().filter(|_| has_more).map(token).unwrap_or_default();
                let mut accounts = Vec::with_capacity(rows.len());
                for stored in &rows {
                    accounts.push(message(stored, &account::open(&keys, &city, stored)?, in_full));
                }
                Ok(pb::ListPayeeAccountsResponse {
                    accounts,
                    next_page_token,
                })
            })
        })
        .await
    }
}

async fn import(
    tx: &mut PgConnection,
    keys: &Keyring,
    (by, mut stamp): (&Caller, Stamp),
    rows: &[TableRow],
) -> Result<Imported, Error> {
    let mut imported = Imported::default();
    for row in rows {
        let reported = match account::parse(row) {
            Ok(reported) => reported,
            Err(wrongs) => {
                imported.note(row, Err(wrongs));
                continue;
            }
        };
        stamp.on_behalf = by.role != Role::Institution && reported.kind == "institution";
        let verdict = match may_report(tx, by, &reported).await? {
            Some(wrong) => Err(vec![wrong]),
            None => match store(tx, keys, &stamp, &reported).await? {
                Ok(common::Verdict::Unchanged) => Ok(Taken::Unchanged),
                Ok(_) => Ok(Taken::Stored),
                Err(wrong) => Err(vec![wrong]),
            },
        };
        imported.note(row, verdict);
    }
    Ok(imported)
}

fn after_of(token: &str) -> Result<(String, String, NaiveDate), Error> {
    if token.is_empty() {
        return Ok((String::new(), String::new(), NaiveDate::default()));
    }
    let mut parts = token.split('\t');
    match (
        parts.next(),
        parts.next(),
        parts.next().and_then(|day| day.parse().ok()),
    ) {
        (Some(kind), Some(holder), Some(day)) => Ok((kind.to_owned(), holder.to_owned(), day)),
        _ => Err(page_token_wrong().into()),
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
