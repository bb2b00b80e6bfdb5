//! One import stream: rows out a message at a time, verdicts in, taken up again where it broke.

use std::collections::BTreeMap;
use std::ops::Range;
use std::time::Duration;

use api::common::v1::{ImportHeader, RawRow, RowVerdict, RowVerdicts};
use client::{Client, is_worth_a_retry, request_id, within};
use exchange::File;
use prost::Message;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Status, Streaming};

use super::rows::{Row, Sheet};
use crate::error::CommandError;
use crate::output::progress::Progress;

/// Rows of one message.
const ROWS_MOST: usize = 500;
/// Bytes of one message; the services take twice as many.
const BYTES_MOST: usize = 512 * 1024;
/// Messages made before the one that is being sent is taken.
const MESSAGES_WAITING: usize = 4;
/// How long one stream may take before it is taken up again.
const LONG: Duration = Duration::from_secs(3600);
/// Breaks without a new verdict after which sending stops.
const BREAKS_MOST: u32 = 6;

/// Which import call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Wire {
    /// The bureau's files.
    Registry,
    /// A lender's own.
    Pledge,
    /// A lender's, by the bureau.
    PledgeOnBehalf,
    /// An insurer's own.
    Insurance,
    /// An insurer's, by the bureau.
    InsuranceOnBehalf,
}

/// A row of a message: whose, its number, its cells.
type Outgoing = (String, i32, RawRow);

/// The message types of one import call; they are alike but not the same.
trait Call {
    type Request: Send + 'static;
    type Response;

    fn header(header: ImportHeader) -> Self::Request;
    fn rows(rows: Vec<Outgoing>) -> Self::Request;
    /// The verdicts of an answer; the summary has none, what is counted here says the same.
    fn verdicts(response: Self::Response) -> Option<RowVerdicts>;
    async fn open(
        client: &Client,
        requests: ReceiverStream<Self::Request>,
    ) -> Result<Streaming<Self::Response>, Status>;
}

macro_rules! import_call {
    ($name:ident, $package:ident, $service:ident, $method:ident, $request:ident, $request_message:ident, $response:ident,
     $response_message:ident, $rows:ident, |$outgoing:ident, $row:ident| $wrap:expr) => {
        struct $name;

        impl Call for $name {
            type Request = api::$package::v1::$request;
            type Response = api::$package::v1::$response;

            fn header(header: ImportHeader) -> Self::Request {
                let message = api::$package::v1::$request_message::Message::Header(header);
                Self::Request {
                    message: Some(message),
                }
            }

            fn rows(rows: Vec<Outgoing>) -> Self::Request {
                let rows = rows.into_iter().map(|($outgoing, number, raw)| {
                    let $row = api::$package::v1::ImportRow {
                        row: number,
                        record: Some(api::$package::v1::import_row::Record::Raw(raw)),
                        ..Default::default()
                    };
                    $wrap
                });
                let rows = api::$package::v1::$rows {
                    rows: rows.collect(),
                };
                Self::Request {
                    message: Some(api::$package::v1::$request_message::Message::Rows(rows)),
                }
            }

            fn verdicts(response: Self::Response) -> Option<RowVerdicts> {
                match response.message? {
                    api::$package::v1::$response_message::Message::Verdicts(verdicts) => Some(verdicts),
                    api::$package::v1::$response_message::Message::Summary(_) => None,
                }
            }

            async fn open(
                client: &Client,
                requests: ReceiverStream<Self::Request>,
            ) -> Result<Streaming<Self::Response>, Status> {
                Ok(client
                    .$service()
                    .$method(within(requests, LONG))
                    .await?
                    .into_inner())
            }
        }
    };
}

import_call!(
    Registry,
    registry,
    registry,
    import_registry,
    ImportRegistryRequest,
    import_registry_request,
    ImportRegistryResponse,
    import_registry_response,
    ImportRows,
    |_institution, row| row
);
import_call!(
    Pledge,
    pledge,
    pledge,
    import_pledge_facts,
    ImportPledgeFactsRequest,
    import_pledge_facts_request,
    ImportPledgeFactsResponse,
    import_pledge_facts_response,
    ImportRows,
    |_institution, row| row
);
import_call!(
    PledgeOnBehalf,
    pledge,
    pledge_on_behalf,
    import_pledge_facts_on_behalf,
    ImportPledgeFactsOnBehalfRequest,
    import_pledge_facts_on_behalf_request,
    ImportPledgeFactsOnBehalfResponse,
    import_pledge_facts_on_behalf_response,
    OnBehalfRows,
    |institution, row| api::pledge::v1::OnBehalfRow {
        institution_code: institution,
        row: Some(row)
    }
);
import_call!(
    Insurance,
    insurance,
    insurance,
    import_insurance_facts,
    ImportInsuranceFactsRequest,
    import_insurance_facts_request,
    ImportInsuranceFactsResponse,
    import_insurance_facts_response,
    ImportRows,
    |_institution, row| row
);
import_call!(
    InsuranceOnBehalf,
    insurance,
    insurance_on_behalf,
    import_insurance_facts_on_behalf,
    ImportInsuranceFactsOnBehalfRequest,
    import_insurance_facts_on_behalf_request,
    ImportInsuranceFactsOnBehalfResponse,
    import_insurance_facts_on_behalf_response,
    OnBehalfRows,
    |institution, row| api::insurance::v1::OnBehalfRow {
        institution_code: institution,
        row: Some(row)
    }
);

/// Sends rows and answers with one verdict a row, in the same order.
pub(super) async fn send(
    client: &Client,
    wire: Wire,
    rows: &[Row],
    sheets: &BTreeMap<File, Sheet>,
    progress: &Progress,
) -> Result<Vec<RowVerdict>, CommandError> {
    let place = (rows, sheets, progress);
    let (call, sent) = match wire {
        Wire::Registry => ("ImportRegistry", drive::<Registry>(client, place).await),
        Wire::Pledge => ("ImportPledgeFacts", drive::<Pledge>(client, place).await),
        Wire::PledgeOnBehalf => (
            "ImportPledgeFactsOnBehalf",
            drive::<PledgeOnBehalf>(client, place).await,
        ),
        Wire::Insurance => ("ImportInsuranceFacts", drive::<Insurance>(client, place).await),
        Wire::InsuranceOnBehalf => (
            "ImportInsuranceFactsOnBehalf",
            drive::<InsuranceOnBehalf>(client, place).await,
        ),
    };
    sent.map_err(|status| CommandError::call(call, status))
}

/// Tries until every row has its verdict. Rows whose verdict was lost are sent again: they answer UNCHANGED.
async fn drive<C: Call>(
    client: &Client,
    (rows, sheets, progress): (&[Row], &BTreeMap<File, Sheet>, &Progress),
) -> Result<Vec<RowVerdict>, Status> {
    let chunks = chunks(rows, sheets);
    let request_id = request_id();
    let (mut verdicts, mut answered, mut breaks) = (Vec::with_capacity(rows.len()), 0, 0);
    loop {
        let before = answered;
        let left = chunks.get(answered..).unwrap_or_default();
        let Err(status) = attempt::<C>(
            client,
            &request_id,
            rows,
            sheets,
            left,
            (&mut verdicts, &mut answered),
            progress,
        )
        .await
        else {
            return Ok(verdicts);
        };
        breaks = if answered > before { 1 } else { breaks + 1 };
        if breaks >= BREAKS_MOST || !is_worth_a_retry(&status) {
            return Err(status);
        }
        tokio::time::sleep(Duration::from_millis(200) * breaks).await;
    }
}

/// One stream over the chunks that are left.
async fn attempt<C: Call>(
    client: &Client,
    request_id: &str,
    rows: &[Row],
    sheets: &BTreeMap<File, Sheet>,
    left: &[Range<usize>],
    (verdicts, answered): (&mut Vec<RowVerdict>, &mut usize),
    progress: &Progress,
) -> Result<(), Status> {
    let (requests, stream) = mpsc::channel(MESSAGES_WAITING);
    let sending = async move {
        let header = C::header(ImportHeader {
            request_id: request_id.to_owned(),
        });
        let mut is_open = requests.send(header).await.is_ok();
        for chunk in left {
            if !is_open {
                break;
            }
            let messages = rows
                .get(chunk.clone())
                .unwrap_or_default()
                .iter()
                .map(|row| outgoing(row, sheets))
                .collect();
            is_open = requests.send(C::rows(messages)).await.is_ok();
        }
        // The request stream ends here; what ends the call is the answer's end.
        drop(requests);
        std::future::pending::<()>().await;
    };
    let receiving = async {
        let mut answers = C::open(client, ReceiverStream::new(stream)).await?;
        let mut waiting = left.iter();
        while let Some(answer) = answers.message().await? {
            let Some(row_verdicts) = C::verdicts(answer) else {
                continue;
            };
            if waiting.next().map(ExactSizeIterator::len) != Some(row_verdicts.verdicts.len()) {
                return Err(Status::data_loss(
                    "the verdicts are not those of the rows that were sent",
                ));
            }
            progress.advance(u64::try_from(row_verdicts.verdicts.len()).unwrap_or_default());
            verdicts.extend(row_verdicts.verdicts);
            *answered += 1;
        }
        match waiting.next() {
            None => Ok(()),
            Some(_) => Err(Status::unavailable(
                "the stream ended before every row had its verdict",
            )),
        }
    };
    tokio::select! {
        biased;
        received = receiving => received,
        () = sending => Ok(()),
    }
}

fn outgoing(row: &Row, sheets: &BTreeMap<File, Sheet>) -> Outgoing {
    let number = i32::try_from(row.number).unwrap_or(i32::MAX);
    (
        row.institution.clone().unwrap_or_default(),
        number,
        row.message(sheets.get(&row.file)),
    )
}

/// Cuts rows into messages by number and by bytes.
fn chunks(rows: &[Row], sheets: &BTreeMap<File, Sheet>) -> Vec<Range<usize>> {
    let (mut chunks, mut start, mut bytes) = (Vec::new(), 0, 0);
    for (place, row) in rows.iter().enumerate() {
        // Number, tags and institution add a little to the cells.
        let size = row.message(sheets.get(&row.file)).encoded_len() + 100;
        if place > start && (place - start >= ROWS_MOST || bytes + size > BYTES_MOST) {
            chunks.push(start..place);
            (start, bytes) = (place, 0);
        }
        bytes += size;
    }
    if start < rows.len() {
        chunks.push(start..rows.len());
    }
    chunks
}
