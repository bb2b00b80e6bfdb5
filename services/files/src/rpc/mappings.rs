//! Saved column mappings: set, withdrawn, read and listed, each caller its own.

use api::files::v1 as pb;
use ledger::command::Call;
use ledger::read::{page_size, page_token_wrong};
use ledger::{Caller, Role, Stamp};
use sqlx::PgConnection;
use workbook::Mapping;

use crate::Files;
use crate::error::Error;
use crate::mapping::{self, etag, name_of, resource_name, stored_message};
use crate::store::mapping::{self as store, StoredMapping};

impl Files {
    pub(super) async fn set_mapping(
        &self,
        caller: &Caller,
        asked: &pb::SetColumnMappingRequest,
    ) -> Result<pb::SetColumnMappingResponse, Error> {
        ledger::command::request_key(&asked.request_id)?;
        let message = asked.mapping.clone().unwrap_or_default();
        let wrong = mapping::check(&message, caller.role == Role::Institution);
        if !wrong.is_empty() {
            return Err(ledger::Error::Invalid(wrong).into());
        }
        let wanted = mapping::mapping_of(&message);
        let call = call(
            caller,
            ("SetColumnMapping", &asked.request_id),
            asked,
            &wanted.name,
        );
        let seen = asked.etag.clone();
        let holder = caller.holder.clone();
        self.ledger
            .command(call, move |tx, stamp| {
                let (wanted, seen, holder) = (wanted.clone(), seen.clone(), holder.clone());
                Box::pin(async move {
                    let row = set(tx, &stamp, &holder, &wanted, seen.as_deref()).await?;
                    Ok::<_, Error>(pb::SetColumnMappingResponse {
                        mapping: Some(stored_message(&row)?),
                        audit_head: None,
                    })
                })
            })
            .await
    }

    pub(super) async fn withdraw_mapping(
        &self,
        caller: &Caller,
        asked: &pb::WithdrawColumnMappingRequest,
    ) -> Result<pb::WithdrawColumnMappingResponse, Error> {
        let name = name_of(&asked.name, "name")?;
        let call = call(caller, ("WithdrawColumnMapping", &asked.request_id), asked, &name);
        let (seen, holder) = (asked.etag.clone(), caller.holder.clone());
        self.ledger
            .command(call, move |tx, stamp| {
                let (name, seen, holder) = (name.clone(), seen.clone(), holder.clone());
                Box::pin(async move {
                    let row = withdraw(tx, &stamp, (&holder, &name), seen.as_deref()).await?;
                    Ok::<_, Error>(pb::WithdrawColumnMappingResponse {
                        mapping: Some(stored_message(&row)?),
                        audit_head: None,
                    })
                })
            })
            .await
    }

    pub(super) async fn get_mapping(
        &self,
        caller: &Caller,
        asked: &pb::GetColumnMappingRequest,
    ) -> Result<pb::GetColumnMappingResponse, Error> {
        let name = name_of(&asked.name, "name")?;
        let row = self
            .latest_mapping(caller, &name)
            .await?
            .ok_or_else(|| not_found(&name))?;
        Ok(pb::GetColumnMappingResponse {
            mapping: Some(stored_message(&row)?),
        })
    }

    pub(super) async fn list_mappings(
        &self,
        caller: &Caller,
        asked: &pb::ListColumnMappingsRequest,
    ) -> Result<pb::ListColumnMappingsResponse, Error> {
        let size = page_size(asked.page_size)?;
        let after = after_of(&asked.page_token)?;
        let (city, holder, show) = (caller.city.clone(), caller.holder.clone(), asked.show_withdrawn);
        let mut rows = self
            .ledger
            .database
            .read(
                "files.list_mappings",
                &caller.scope(self.ledger.role),
                move |tx| {
                    let (city, holder, after) = (city.clone(), holder.clone(), after.clone());
                    Box::pin(async move {
                        store::list(tx, (city.as_str(), &holder), (&after, size + 1), show).await
                    })
                },
            )
            .await?;
        let length = usize::try_from(size).unwrap_or(usize::MAX);
        let has_more = rows.len() > length;
        rows.truncate(length);
        let last = rows.last().filter(|_| has_more);
        Ok(pb::ListColumnMappingsResponse {
            next_page_token: last
                .map(|row| exchange::digest::hex(row.name.as_bytes()))
                .unwrap_or_default(),
            mappings: rows.iter().map(stored_message).collect::<Result<_, _>>()?,
        })
    }

    /// The mapping that an upload names.
    pub(crate) async fn mapping_to_apply(&self, caller: &Caller, resource: &str) -> Result<Mapping, Error> {
        let name = name_of(resource, "declaration.mapping")?;
        let row = self.latest_mapping(caller, &name).await?;
        let mapping = row.as_ref().map(mapping::stored).transpose()?.flatten();
        mapping.ok_or_else(|| not_found(&name))
    }

    async fn latest_mapping(&self, caller: &Caller, name: &str) -> Result<Option<StoredMapping>, Error> {
        let (city, holder, name) = (caller.city.clone(), caller.holder.clone(), name.to_owned());
        self.ledger
            .database
            .read("files.get_mapping", &caller.scope(self.ledger.role), move |tx| {
                let (city, holder, name) = (city.clone(), holder.clone(), name.clone());
                Box::pin(async move { store::latest(tx, (city.as_str(), &holder), &name).await })
            })
            .await
    }
}

fn call<'a, B>(
    caller: &'a Caller,
    (rpc, request_id): (&'static str, &'a str),
    body: &'a B,
    name: &str,
) -> Call<'a, B> {
    Call {
        caller,
        rpc,
        request_id,
        body,
        object: resource_name(name),
        on_behalf: false,
        writes_facts: false,
    }
}

fn not_found(name: &str) -> Error {
    ledger::Error::NotFound {
        name: resource_name(name),
    }
    .into()
}

/// Refuses a state that the caller did not see.
fn check_etag(latest: Option<&StoredMapping>, seen: Option<&str>, name: &str) -> Result<(), Error> {
    match (latest, seen) {
        (_, None) => Ok(()),
        (Some(row), Some(seen)) if etag(row) == seen => Ok(()),
        (None, Some(_)) => Err(not_found(name)),
        (Some(_), Some(_)) => Err(ledger::Error::EtagMismatch {
            name: resource_name(name),
        }
        .into()),
    }
}

async fn set(
    tx: &mut PgConnection,
    stamp: &Stamp,
    holder: &str,
    wanted: &Mapping,
    seen: Option<&str>,
) -> Result<StoredMapping, Error> {
    let whose = (stamp.city.as_str(), holder);
    let latest = store::latest_held(tx, whose, &wanted.name).await?;
    check_etag(latest.as_ref(), seen, &wanted.name)?;
    let mut revision = 1;
    if let Some(row) = latest {
        if mapping::stored(&row)?.as_ref() == Some(wanted) {
            return Ok(row);
        }
        revision = row.revision.saturating_add(1);
    }
    let content = mapping::text_of(wanted)?;
    store::add(
        tx,
        whose,
        (&wanted.name, revision),
        Some(&content),
        stamp.request_id,
    )
    .await
}

async fn withdraw(
    tx: &mut PgConnection,
    stamp: &Stamp,
    (holder, name): (&str, &str),
    seen: Option<&str>,
) -> Result<StoredMapping, Error> {
    let whose = (stamp.city.as_str(), holder);
    let latest = store::latest_held(tx, whose, name)
        .await?
        .ok_or_else(|| not_found(name))?;
    check_etag(Some(&latest), seen, name)?;
    if latest.withdrawn {
        return Ok(latest);
    }
    let revision = latest.revision.saturating_add(1);
    store::add(tx, whose, (name, revision), None, stamp.request_id).await
}

fn after_of(token: &str) -> Result<String, Error> {
    let text = exchange::digest::unhex(token).and_then(|bytes| String::from_utf8(bytes).ok());
    text.ok_or_else(|| page_token_wrong().into())
}
