//! Import streams of the service's files.

use api::pledge::v1 as pb;
use exchange::Service;
use ledger::import::{Import, ImportEntry, Inbound, Outbound};
use ledger::{Caller, Ledger};
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Status, Streaming};

/// An institution imports its own rows.
pub(crate) fn own(
    ledger: Ledger,
    caller: Caller,
    inbound: Streaming<pb::ImportPledgeFactsRequest>,
) -> ReceiverStream<Result<pb::ImportPledgeFactsResponse, Status>> {
    use pb::import_pledge_facts_request::Message;
    use pb::import_pledge_facts_response::Message as Answer;
    let import = import(ledger, caller, "ImportPledgeFacts", false);
    import.run(
        inbound,
        |request, caller| match request.message {
            Some(Message::Header(header)) => Inbound::Header(header.request_id),
            Some(Message::Rows(rows)) => Inbound::Rows(
                rows.rows
                    .iter()
                    .map(|row| entry(row, Some(&caller.holder)))
                    .collect(),
            ),
            None => Inbound::Empty,
        },
        |outbound| pb::ImportPledgeFactsResponse {
            message: Some(match outbound {
                Outbound::Verdicts(verdicts) => Answer::Verdicts(verdicts),
                Outbound::Summary(summary) => Answer::Summary(summary),
            }),
        },
    )
}

/// The bureau imports rows of institutions.
pub(crate) fn on_behalf(
    ledger: Ledger,
    caller: Caller,
    inbound: Streaming<pb::ImportPledgeFactsOnBehalfRequest>,
) -> ReceiverStream<Result<pb::ImportPledgeFactsOnBehalfResponse, Status>> {
    use pb::import_pledge_facts_on_behalf_request::Message;
    use pb::import_pledge_facts_on_behalf_response::Message as Answer;
    let import = import(ledger, caller, "ImportPledgeFactsOnBehalf", true);
    import.run(
        inbound,
        |request, _| match request.message {
            Some(Message::Header(header)) => Inbound::Header(header.request_id),
            Some(Message::Rows(rows)) => Inbound::Rows(rows.rows.iter().map(entry_on_behalf).collect()),
            None => Inbound::Empty,
        },
        |outbound| pb::ImportPledgeFactsOnBehalfResponse {
            message: Some(match outbound {
                Outbound::Verdicts(verdicts) => Answer::Verdicts(verdicts),
                Outbound::Summary(summary) => Answer::Summary(summary),
            }),
        },
    )
}

fn import(ledger: Ledger, caller: Caller, rpc: &'static str, on_behalf: bool) -> Import {
    Import {
        ledger,
        caller,
        rpc,
        service: Service::Pledge,
        on_behalf,
        hook: None,
    }
}

fn entry_on_behalf(row: &pb::OnBehalfRow) -> ImportEntry {
    let code = Some(row.institution_code.as_str()).filter(|code| !code.is_empty());
    row.row
        .as_ref()
        .map_or_else(|| ImportEntry::absent(0), |inner| entry(inner, code))
}

fn entry(row: &pb::ImportRow, institution: Option<&str>) -> ImportEntry {
    use pb::import_row::Record;
    match &row.record {
        Some(Record::Pledge(record)) => {
            ImportEntry::typed(row.row, record, institution, row.revision, row.withdrawn)
        }
        Some(Record::Loan(record)) => {
            ImportEntry::typed(row.row, record, institution, row.revision, row.withdrawn)
        }
        Some(Record::LoanEvent(record)) => {
            ImportEntry::typed(row.row, record, institution, row.revision, row.withdrawn)
        }
        Some(Record::Raw(raw)) => ImportEntry::raw(row.row, raw, institution),
        None => ImportEntry::absent(row.row),
    }
}
