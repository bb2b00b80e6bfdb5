//! Who stands at the door: the caller, whether the call is its own, and the answer or the error it gets.

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
    /// The caller, if the call is one of its roles'.
    pub(super) async fn caller<T: Sync>(
        &self,
        request: &Request<T>,
        allowed: &[Role],
        rpc: &'static str,
    ) -> Result<Caller, Error> {
        let caller = self.callers.identify(request.extensions()).await?;
        caller.require(allowed, rpc)?;
        Ok(caller)
    }
}
