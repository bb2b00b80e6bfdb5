//! Several records in one transaction: all are stored, or none.

use api::insurance::v1 as pb;
use api::insurance::v1::batch_entry::Record;
use ledger::Error;
use ledger::report::Entry;
use ledger::reporter::{Reporter, check_count, required};

use crate::Policies;

pub(crate) async fn report(
    reporter: &Reporter<Policies>,
    body: &pb::BatchReportRequest,
) -> Result<pb::BatchReportResponse, Error> {
    check_count(body.entries.len())?;
    let entries = body.entries.iter().enumerate();
    let entries = entries.map(|(place, entry)| entry_of(reporter, place, entry));
    reporter
        .write(
            "BatchReport",
            &body.request_id,
            body,
            entries.collect::<Result<_, _>>()?,
            |receipt, assessments| pb::BatchReportResponse {
                receipt: Some(receipt),
                assessments,
            },
        )
        .await
}

fn entry_of(reporter: &Reporter<Policies>, place: usize, entry: &pb::BatchEntry) -> Result<Entry, Error> {
    let state = (entry.revision, entry.withdrawn);
    match &entry.record {
        Some(Record::Policy(record)) => Ok(reporter.entry(place, record, state)),
        Some(Record::PolicyPatent(record)) => Ok(reporter.entry(place, record, state)),
        Some(Record::PremiumEvent(record)) => Ok(reporter.entry(place, record, state)),
        None => Err(required(
            &format!("entries[{place}]"),
            "缺少记录",
            "a record is required",
        )),
    }
}
