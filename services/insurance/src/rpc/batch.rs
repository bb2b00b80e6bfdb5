//! Several records in one transaction: all are stored, or none.

use api::convert::WireRecord;
use api::insurance::v1 as pb;
use api::insurance::v1::batch_entry::Record;
use ledger::Error;
use ledger::report::{Entry, set};

use super::Reporter;

/// Records one call may carry.
const ENTRIES_MOST: usize = 500;

impl Reporter {
    pub(crate) async fn batch_report(
        &self,
        body: &pb::BatchReportRequest,
    ) -> Result<pb::BatchReportResponse, Error> {
        if body.entries.is_empty() || body.entries.len() > ENTRIES_MOST {
            let zh = format!("每次须有 1 至 {ENTRIES_MOST} 条记录");
            let en = format!("a call carries 1 to {ENTRIES_MOST} records");
            return Err(Error::invalid("entries", "ENTRIES_COUNT", zh, en));
        }
        let entries = body
            .entries
            .iter()
            .enumerate()
            .map(|(place, entry)| entry_of(place, entry, self.code()))
            .collect::<Result<_, _>>()?;
        self.write(
            "BatchReport",
            &body.request_id,
            body,
            entries,
            |receipt, assessments| pb::BatchReportResponse {
                receipt: Some(receipt),
                assessments,
            },
        )
        .await
    }
}

fn entry_of(place: usize, entry: &pb::BatchEntry, institution: &str) -> Result<Entry, Error> {
    match &entry.record {
        Some(Record::Policy(record)) => Ok(of(place, record, entry, institution)),
        Some(Record::PolicyPatent(record)) => Ok(of(place, record, entry, institution)),
        Some(Record::PremiumEvent(record)) => Ok(of(place, record, entry, institution)),
        None => Err(Error::invalid(
            &format!("entries[{place}]"),
            "CELL_REQUIRED",
            "缺少记录",
            "a record is required",
        )),
    }
}

fn of<R: WireRecord>(place: usize, record: &R, entry: &pb::BatchEntry, institution: &str) -> Entry {
    let mut made = Entry::report(
        &format!("entries[{place}]"),
        Some(record),
        Some(institution),
        entry.revision,
    );
    if entry.withdrawn {
        set(&mut made.cells, "withdrawn", "true");
    }
    made
}
