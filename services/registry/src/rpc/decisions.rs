//! Reviewers' decisions on findings: stating, reading, and who decided.

use api::convert::WireRecord;
use api::registry::v1::{
    AmendDecisionRequest, AmendDecisionResponse, Decision, GetDecisionRequest, GetDecisionResponse,
    ListDecisionsRequest, ListDecisionsResponse, RegisterDecisionRequest, RegisterDecisionResponse,
    StoredDecision, WithdrawDecisionRequest, WithdrawDecisionResponse,
};
use exchange::File;
use ledger::read::ListQuery;
use ledger::report::Entry;
use ledger::store::fact::StoredRow;
use ledger::{Caller, Error, wire};

use crate::Registry;

impl Registry {
    pub(crate) async fn register_decision_for(
        &self,
        caller: &Caller,
        body: &RegisterDecisionRequest,
    ) -> Result<RegisterDecisionResponse, Error> {
        let entry = Entry::report("decision", body.decision.as_ref(), None, body.revision);
        self.write(
            caller,
            "RegisterDecision",
            &body.request_id,
            body,
            entry,
            |receipt| RegisterDecisionResponse {
                receipt: Some(receipt),
            },
        )
        .await
    }

    pub(crate) async fn amend_decision_for(
        &self,
        caller: &Caller,
        body: &AmendDecisionRequest,
    ) -> Result<AmendDecisionResponse, Error> {
        let entry = Entry::amend(
            "decision",
            body.decision.as_ref(),
            None,
            body.revision,
            body.etag.clone(),
        );
        self.write(
            caller,
            "AmendDecision",
            &body.request_id,
            body,
            entry,
            |receipt| AmendDecisionResponse {
                receipt: Some(receipt),
            },
        )
        .await
    }

    pub(crate) async fn withdraw_decision_for(
        &self,
        caller: &Caller,
        body: &WithdrawDecisionRequest,
    ) -> Result<WithdrawDecisionResponse, Error> {
        let entry = Entry::withdraw(
            File::Decisions,
            &body.name,
            None,
            body.revision,
            body.etag.clone(),
        )?;
        self.write(
            caller,
            "WithdrawDecision",
            &body.request_id,
            body,
            entry,
            |receipt| WithdrawDecisionResponse {
                receipt: Some(receipt),
            },
        )
        .await
    }

    pub(crate) async fn get_decision_for(
        &self,
        caller: &Caller,
        body: &GetDecisionRequest,
    ) -> Result<GetDecisionResponse, Error> {
        let stored = self
            .ledger
            .find(caller, File::Decisions, &body.name, None)
            .await?;
        Ok(GetDecisionResponse {
            decision: Some(message(&stored)),
        })
    }

    pub(crate) async fn list_decisions_for(
        &self,
        caller: &Caller,
        body: &ListDecisionsRequest,
    ) -> Result<ListDecisionsResponse, Error> {
        let query = ListQuery {
            parent: String::new(),
            page_size: body.page_size,
            page_token: body.page_token.clone(),
            show_withdrawn: body.show_withdrawn,
        };
        let (rows, next_page_token) = self.ledger.page(caller, File::Decisions, query, None).await?;
        Ok(ListDecisionsResponse {
            decisions: rows.iter().map(message).collect(),
            next_page_token,
        })
    }
}

/// A decision as it stands, with the person behind the certificate that stated it.
fn message(stored: &StoredRow) -> StoredDecision {
    StoredDecision {
        decision: Some(Decision::from_row(&stored.row)),
        state: Some(wire::record_state(stored)),
        decided_by: stored.reported_by.clone(),
    }
}
