//! The calls of an institution about its own records, and the bureau's on its behalf: one frame for every service that assesses
//! what it is told.

use std::marker::PhantomData;

use api::AuditedAnswer;
use api::common::v1::Receipt;
use api::convert::WireRecord;
use api::verbs::{
    AmendRequest, GetRequest, ListRequest, RecordRequest, WithdrawRequest, WriteAnswer, WriteRequest,
};
use exchange::Row;
use platform::database::BoxFuture;
use policy::ident::InstitutionCode;
use prost::Message;
use sqlx::PgConnection;
use tonic::Request;

use crate::caller::{Caller, Role};
use crate::command::{Call, Ledger, Stamp};
use crate::error::Error;
use crate::report::{Entry, apply, set};

/// Records one call may carry.
const ENTRIES_MOST: usize = 500;

/// What a service answers a report with, besides the receipt.
pub trait Assess: 'static {
    /// What one contract or policy stands for.
    type Assessment: Send + 'static;

    /// What the contracts or policies that stored rows concern stand for now.
    fn of_rows<'c>(
        tx: &'c mut PgConnection,
        ledger: &'c Ledger,
        stamp: &'c Stamp,
        institution: &'c InstitutionCode,
        rows: &'c [Row],
    ) -> BoxFuture<'c, Result<Vec<Self::Assessment>, Error>>;
}

/// One call for one institution: its own, or the bureau's on its behalf.
pub struct Reporter<S> {
    ledger: Ledger,
    caller: Caller,
    institution: InstitutionCode,
    on_behalf: bool,
    service: PhantomData<fn() -> S>,
}

impl<S: Assess> Reporter<S> {
    /// The call of an institution about its own records.
    ///
    /// # Errors
    /// An unknown certificate, or one that is no institution's.
    pub fn own<T>(ledger: &Ledger, request: &Request<T>, rpc: &'static str) -> Result<Self, Error> {
        let caller = Caller::admitted(request, &[Role::Institution], rpc)?;
        let institution = caller.institution().ok_or(Error::CallerUnknown)?;
        Ok(Self::new(ledger, caller, institution, false))
    }

    /// The call of the bureau for the institution of a code.
    ///
    /// # Errors
    /// A certificate that is not the bureau's; `INSTITUTION_CODE_MALFORMED`.
    pub fn on_behalf<T>(
        ledger: &Ledger,
        request: &Request<T>,
        rpc: &'static str,
        code: &str,
    ) -> Result<Self, Error> {
        let caller = Caller::admitted(request, &[Role::Bureau], rpc)?;
        let institution = InstitutionCode::from_canonical(code.trim()).map_err(|error| {
            Error::invalid(
                "institution_code",
                "INSTITUTION_CODE_MALFORMED",
                "机构代码格式不正确",
                error.to_string(),
            )
        })?;
        Ok(Self::new(ledger, caller, institution, true))
    }

    fn new(ledger: &Ledger, caller: Caller, institution: InstitutionCode, on_behalf: bool) -> Self {
        Self {
            ledger: ledger.clone(),
            caller,
            institution,
            on_behalf,
            service: PhantomData,
        }
    }

    /// The institution's code.
    #[must_use]
    pub fn code(&self) -> &str {
        self.institution.as_str()
    }

    /// Reports a record.
    ///
    /// # Errors
    /// Those of the key and of the record.
    pub async fn report<Q>(&self, body: &Q) -> Result<Q::Answer, Error>
    where
        Q: RecordRequest,
        Q::Answer: WriteAnswer<Assessment = S::Assessment>,
    {
        let entries = vec![Entry::reported(body, Some(self.code()))];
        self.write_one(body, entries).await
    }

    /// States a record anew.
    ///
    /// # Errors
    /// Those of the key and of the record.
    pub async fn amend<Q>(&self, body: &Q) -> Result<Q::Answer, Error>
    where
        Q: AmendRequest,
        Q::Answer: WriteAnswer<Assessment = S::Assessment>,
    {
        let entries = vec![Entry::amended(body, Some(self.code()))];
        self.write_one(body, entries).await
    }

    /// Withdraws a record.
    ///
    /// # Errors
    /// Those of the key and of the name.
    pub async fn withdraw<Q>(&self, body: &Q) -> Result<Q::Answer, Error>
    where
        Q: WithdrawRequest,
        Q::Answer: WriteAnswer<Assessment = S::Assessment>,
    {
        let entries = vec![Entry::withdrawn(body, Some(self.code()))?];
        self.write_one(body, entries).await
    }

    async fn write_one<Q>(&self, body: &Q, entries: Vec<Entry>) -> Result<Q::Answer, Error>
    where
        Q: WriteRequest,
        Q::Answer: WriteAnswer<Assessment = S::Assessment>,
    {
        self.write(Q::RPC, body.request_id(), body, entries, Q::Answer::new)
            .await
    }

    /// One writing call: the entries are stored and what they stand for is answered, in one transaction.
    ///
    /// # Errors
    /// Those of the key and of the entries.
    pub async fn write<B, A>(
        &self,
        rpc: &'static str,
        request_id: &str,
        body: &B,
        entries: Vec<Entry>,
        answer: fn(Receipt, Vec<S::Assessment>) -> A,
    ) -> Result<A, Error>
    where
        B: Message,
        A: Message + Default + AuditedAnswer + Send + 'static,
    {
        let call = Call {
            object: self.institution.to_string(),
            on_behalf: self.on_behalf,
            writes_facts: true,
            ..Call::of(&self.caller, rpc, request_id, body)
        };
        let (ledger, institution) = (self.ledger.clone(), self.institution.clone());
        self.ledger
            .command(call, move |tx, stamp| {
                let (ledger, institution, entries) = (ledger.clone(), institution.clone(), entries.clone());
                Box::pin(async move {
                    let applied = apply(tx, &stamp, entries).await?;
                    let assessments = S::of_rows(tx, &ledger, &stamp, &institution, &applied.rows).await?;
                    Ok(answer(applied.receipt, assessments))
                })
            })
            .await
    }

    /// One of its records.
    ///
    /// # Errors
    /// As [`Ledger::get`].
    pub async fn get<Q: GetRequest>(&self, body: &Q) -> Result<Q::Answer, Error> {
        self.ledger.get(&self.caller, body, Some(self.code())).await
    }

    /// A page of its records.
    ///
    /// # Errors
    /// As [`Ledger::list`].
    pub async fn list<Q: ListRequest>(&self, body: &Q) -> Result<Q::Answer, Error> {
        self.ledger.list(&self.caller, body, Some(self.code())).await
    }

    /// One record among several that are stored in one transaction, all or none.
    #[must_use]
    pub fn entry<R: WireRecord>(
        &self,
        place: usize,
        record: &R,
        (revision, withdrawn): (Option<i32>, bool),
    ) -> Entry {
        let field = format!("entries[{place}]");
        let mut entry = Entry::report(&field, Some(record), Some(self.code()), revision);
        if withdrawn {
            set(&mut entry.cells, "withdrawn", "true");
        }
        entry
    }
}

/// Refuses a call that carries no record or too many.
///
/// # Errors
/// `ENTRIES_COUNT` on `entries`.
pub fn check_count(entries: usize) -> Result<(), Error> {
    if (1..=ENTRIES_MOST).contains(&entries) {
        return Ok(());
    }
    let zh = format!("每次须有 1 至 {ENTRIES_MOST} 条记录");
    let en = format!("a call carries 1 to {ENTRIES_MOST} records");
    Err(Error::invalid("entries", "ENTRIES_COUNT", zh, en))
}

/// A wrapped request with the key of the call around it; another key of its own is a mistake.
///
/// # Errors
/// `REQUEST_ID_DIFFERS` on `report.request_id`.
pub fn keyed<Q: WriteRequest>(inner: &Q, outer: &str) -> Result<Q, Error> {
    if !inner.request_id().is_empty() && inner.request_id() != outer {
        let en = "the wrapped request has another request id";
        return Err(Error::invalid(
            "report.request_id",
            "REQUEST_ID_DIFFERS",
            "内层请求号与外层不一致",
            en,
        ));
    }
    let mut inner = inner.clone();
    inner.set_request_id(outer);
    Ok(inner)
}

/// A record that is missing from a call.
#[must_use]
pub fn required(field: &str, zh: &str, en: &str) -> Error {
    Error::invalid(field, "CELL_REQUIRED", zh, en)
}
