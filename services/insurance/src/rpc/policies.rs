//! Reporting and reading policies.

use api::insurance::v1::{
    AmendPolicyRequest, AmendPolicyResponse, GetPolicyRequest, GetPolicyResponse, ListPoliciesRequest,
    ListPoliciesResponse, Policy, ReportPolicyRequest, ReportPolicyResponse, StoredPolicy,
    WithdrawPolicyRequest, WithdrawPolicyResponse,
};
use exchange::File;
use ledger::Error;
use ledger::read::ListQuery;
use ledger::report::Entry;

use super::Reporter;

/// Payments and refunds that a policy may bring.
const EVENTS_MOST: usize = 100;

impl Reporter {
    pub(crate) async fn report_policy(
        &self,
        body: &ReportPolicyRequest,
    ) -> Result<ReportPolicyResponse, Error> {
        if body.premium_events.len() > EVENTS_MOST {
            let en = format!("a policy brings at most {EVENTS_MOST} payments and refunds");
            let zh = format!("随保单最多报送 {EVENTS_MOST} 条流水");
            return Err(Error::invalid("premium_events", "EVENTS_COUNT", zh, en));
        }
        let entries = policy_with_parts(body, self.code());
        self.write(
            "ReportPolicy",
            &body.request_id,
            body,
            entries,
            |receipt, assessments| ReportPolicyResponse {
                receipt: Some(receipt),
                assessment: assessments.into_iter().next(),
            },
        )
        .await
    }

    pub(crate) async fn amend_policy(&self, body: &AmendPolicyRequest) -> Result<AmendPolicyResponse, Error> {
        let record = body.policy.as_ref();
        let entries = vec![Entry::amend(
            "policy",
            record,
            Some(self.code()),
            body.revision,
            body.etag.clone(),
        )];
        self.write(
            "AmendPolicy",
            &body.request_id,
            body,
            entries,
            |receipt, assessments| AmendPolicyResponse {
                receipt: Some(receipt),
                assessment: assessments.into_iter().next(),
            },
        )
        .await
    }

    pub(crate) async fn withdraw_policy(
        &self,
        body: &WithdrawPolicyRequest,
    ) -> Result<WithdrawPolicyResponse, Error> {
        let entry = Entry::withdraw(
            File::Policies,
            &body.name,
            Some(self.code()),
            body.revision,
            body.etag.clone(),
        )?;
        self.write(
            "WithdrawPolicy",
            &body.request_id,
            body,
            vec![entry],
            |receipt, assessments| WithdrawPolicyResponse {
                receipt: Some(receipt),
                assessment: assessments.into_iter().next(),
            },
        )
        .await
    }

    pub(crate) async fn get_policy(&self, body: &GetPolicyRequest) -> Result<GetPolicyResponse, Error> {
        let (policy, state) = self
            .ledger
            .get::<Policy>(&self.caller, &body.name, Some(self.code()))
            .await?;
        Ok(GetPolicyResponse {
            policy: Some(StoredPolicy {
                policy: Some(policy),
                state: Some(state),
            }),
        })
    }

    pub(crate) async fn list_policies(
        &self,
        body: ListPoliciesRequest,
    ) -> Result<ListPoliciesResponse, Error> {
        let query = ListQuery {
            parent: String::new(),
            page_size: body.page_size,
            page_token: body.page_token,
            show_withdrawn: body.show_withdrawn,
        };
        let (records, next_page_token) = self
            .ledger
            .list::<Policy>(&self.caller, query, Some(self.code()))
            .await?;
        let stored = |(policy, state)| StoredPolicy {
            policy: Some(policy),
            state: Some(state),
        };
        Ok(ListPoliciesResponse {
            policies: records.into_iter().map(stored).collect(),
            next_page_token,
        })
    }
}

/// A policy may bring its schedule and its payments in the same call.
fn policy_with_parts(body: &ReportPolicyRequest, code: &str) -> Vec<Entry> {
    let mut entries = vec![Entry::report(
        "policy",
        body.policy.as_ref(),
        Some(code),
        body.revision,
    )];
    let policy_no = body
        .policy
        .as_ref()
        .map_or("", |policy| policy.policy_no.as_str());
    for (place, patent) in body.patents.iter().enumerate() {
        let mut patent = patent.clone();
        if patent.policy_no.is_empty() {
            policy_no.clone_into(&mut patent.policy_no);
        }
        entries.push(Entry::report(
            &format!("patents[{place}]"),
            Some(&patent),
            Some(code),
            None,
        ));
    }
    for (place, event) in body.premium_events.iter().enumerate() {
        let mut event = event.clone();
        if event.policy_no.is_empty() {
            policy_no.clone_into(&mut event.policy_no);
        }
        entries.push(Entry::report(
            &format!("premium_events[{place}]"),
            Some(&event),
            Some(code),
            None,
        ));
    }
    entries
}
