//! What stands at the door of every call of the bureau: its caller, and the answer or the error it gets.

use api::verbs::{AmendRequest, RecordRequest, WithdrawRequest};
use ledger::report::Entry;
use ledger::{Caller, Error, Role};
use tonic::{Request, Response, Status};

use crate::Registry;

pub(super) type Answer<T> = Result<Response<T>, Status>;

/// A message as the answer, or its error at the door.
pub(super) fn answer<T>(result: Result<T, Error>) -> Answer<T> {
    Ok(Response::new(result?))
}

/// Who writes.
pub(super) const BUREAU: &[Role] = &[Role::Bureau];

/// Readers of the registry, and an institution that asks for its own entry.
pub(super) const READERS_AND_SELF: &[Role] = &[
    Role::Bureau,
    Role::FinanceMaker,
    Role::FinanceChecker,
    Role::FinanceReleaser,
    Role::Auditor,
    Role::Institution,
];

impl Registry {
    /// Registers a record of the bureau's.
    pub(super) async fn report<Q: RecordRequest>(&self, request: Request<Q>) -> Answer<Q::Answer> {
        let caller = Caller::admitted(&request, BUREAU, Q::RPC)?;
        let body = request.get_ref();
        answer(self.write(&caller, body, Entry::reported(body, None)).await)
    }

    /// States a record of the bureau's anew.
    pub(super) async fn amend<Q: AmendRequest>(&self, request: Request<Q>) -> Answer<Q::Answer> {
        let caller = Caller::admitted(&request, BUREAU, Q::RPC)?;
        let body = request.get_ref();
        answer(self.write(&caller, body, Entry::amended(body, None)).await)
    }

    /// Withdraws a record of the bureau's.
    pub(super) async fn withdraw<Q: WithdrawRequest>(&self, request: Request<Q>) -> Answer<Q::Answer> {
        let caller = Caller::admitted(&request, BUREAU, Q::RPC)?;
        let body = request.get_ref();
        answer(self.write(&caller, body, Entry::withdrawn(body, None)?).await)
    }
}
