//! The import stream of the bureau's files.

use api::registry::v1 as pb;
use exchange::Service;
use ledger::Caller;
use ledger::import::{Hook, Import, ImportEntry, Inbound, Outbound};
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Status, Streaming};

use crate::Registry;

impl Registry {
    /// What else happens in the transaction that stores rows of an import.
    pub(crate) fn hook(&self) -> Hook {
        let registry = self.clone();
        std::sync::Arc::new(move |tx, stamp, rows| {
            let registry = registry.clone();
            Box::pin(async move { registry.admit(tx, &stamp, &rows).await })
        })
    }

    pub(crate) fn import(
        &self,
        caller: Caller,
        inbound: Streaming<pb::ImportRegistryRequest>,
    ) -> ReceiverStream<Result<pb::ImportRegistryResponse, Status>> {
        use pb::import_registry_request::Message;
        use pb::import_registry_response::Message as Answer;
        let import = Import {
            ledger: self.ledger.clone(),
            caller,
            rpc: "ImportRegistry",
            service: Service::Registry,
            on_behalf: false,
            hook: Some(self.hook()),
        };
        import.run(
            inbound,
            |request, _| match request.message {
                Some(Message::Header(header)) => Inbound::Header(header.request_id),
                Some(Message::Rows(rows)) => Inbound::Rows(rows.rows.iter().map(entry).collect()),
                None => Inbound::Empty,
            },
            |outbound| pb::ImportRegistryResponse {
                message: Some(match outbound {
                    Outbound::Verdicts(verdicts) => Answer::Verdicts(verdicts),
                    Outbound::Summary(summary) => Answer::Summary(summary),
                }),
            },
        )
    }
}

fn entry(row: &pb::ImportRow) -> ImportEntry {
    use pb::import_row::Record;
    match &row.record {
        Some(Record::Institution(record)) => {
            ImportEntry::typed(row.row, record, None, row.revision, row.withdrawn)
        }
        Some(Record::Enterprise(record)) => {
            ImportEntry::typed(row.row, record, None, row.revision, row.withdrawn)
        }
        Some(Record::Patent(record)) => {
            ImportEntry::typed(row.row, record, None, row.revision, row.withdrawn)
        }
        Some(Record::PatentOwner(record)) => {
            ImportEntry::typed(row.row, record, None, row.revision, row.withdrawn)
        }
        Some(Record::Award(record)) => ImportEntry::typed(row.row, record, None, row.revision, row.withdrawn),
        Some(Record::Exclusion(record)) => {
            ImportEntry::typed(row.row, record, None, row.revision, row.withdrawn)
        }
        Some(Record::OtherAward(record)) => {
            ImportEntry::typed(row.row, record, None, row.revision, row.withdrawn)
        }
        Some(Record::Decision(record)) => {
            ImportEntry::typed(row.row, record, None, row.revision, row.withdrawn)
        }
        Some(Record::Raw(raw)) => ImportEntry::raw(row.row, raw, None),
        None => ImportEntry::absent(row.row),
    }
}
