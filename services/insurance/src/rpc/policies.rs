//! Reporting a policy with its patents and payments.

use api::insurance::v1::{ReportPolicyRequest, ReportPolicyResponse};
use ledger::Error;
use ledger::report::Entry;
use ledger::reporter::Reporter;

use crate::Policies;

/// Payments and refunds that a policy may bring.
const EVENTS_MOST: usize = 100;

pub(crate) async fn report(
    reporter: &Reporter<Policies>,
    body: &ReportPolicyRequest,
) -> Result<ReportPolicyResponse, Error> {
    if body.premium_events.len() > EVENTS_MOST {
        let en = format!("a policy brings at most {EVENTS_MOST} payments and refunds");
        let zh = format!("随保单最多报送 {EVENTS_MOST} 条流水");
        return Err(Error::invalid("premium_events", "EVENTS_COUNT", zh, en));
    }
    let entries = policy_with_parts(body, reporter.code());
    reporter
        .write(
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
