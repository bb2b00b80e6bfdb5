//! Pulling a batch: one stream with everything needed to compute it again elsewhere.

use api::settlement::v1 as pb;
use api::settlement::v1::stream_batch_response::Message;
use exchange::compute::ComputedBatch;
use ledger::Caller;
use platform::database::{BoxFuture, Scope};
use policy::money::Money;
use sqlx::PgConnection;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::Status;

use super::change::number_of;
use super::message;
use crate::Settlement;
use crate::book::{self, not_found};
use crate::error::Error;
use crate::model::BatchNo;
use crate::store::batch::{self, Batch};
use crate::store::{finding, line};

/// Messages that may wait for a slow reader before the stream stops reading.
const MESSAGES_WAITING: usize = 64;
/// Lines and findings read from the database at a time.
const PAGE: i64 = 1000;

/// Reads a page of a batch: what comes after the number given.
type ReadPage<T> = for<'c> fn(&'c mut PgConnection, &'c BatchNo, i32) -> BoxFuture<'c, Result<Vec<T>, Error>>;

/// What a pull is made of beside lines and findings.
struct Frame {
    header: pb::BatchHeader,
    facts: Vec<pb::FactRow>,
    settled: Vec<pb::SettledRow>,
    trailer: pb::BatchTrailer,
}

/// Numbers messages, and sends those the caller does not have.
struct Sender {
    messages: mpsc::Sender<Result<pb::StreamBatchResponse, Status>>,
    sequence: i64,
    after: i64,
}

/// The reader went away.
struct Gone;

impl Sender {
    async fn send(&mut self, message: Message) -> Result<(), Gone> {
        self.sequence += 1;
        if self.sequence <= self.after {
            return Ok(());
        }
        let response = pb::StreamBatchResponse {
            sequence: self.sequence,
            message: Some(message),
        };
        self.messages.send(Ok(response)).await.map_err(|_| Gone)
    }
}

impl Settlement {
    pub(super) async fn pull(
        &self,
        caller: &Caller,
        body: &pb::StreamBatchRequest,
    ) -> Result<ReceiverStream<Result<pb::StreamBatchResponse, Status>>, Error> {
        let number = number_of(caller, &body.name)?;
        let scope = caller.scope(self.ledger.role);
        let (wanted, of) = (body.batch_digest.clone(), number.clone());
        let frame = self
            .ledger
            .database
            .snapshot("settlement.pull", &scope, move |tx| {
                let (of, wanted) = (of.clone(), wanted.clone());
                Box::pin(async move { frame(tx, &of, &wanted).await })
            })
            .await?;
        let (messages, stream) = mpsc::channel(MESSAGES_WAITING);
        let sender = Sender {
            messages,
            sequence: 0,
            after: body.after_sequence,
        };
        let settlement = self.clone();
        tokio::spawn(async move {
            let failures = sender.messages.clone();
            if let Err(error) = settlement.send_all(sender, frame, number, scope).await {
                // The receiver may be gone already: then nobody is left to tell.
                let _gone = failures.send(Err(error.into())).await;
            }
        });
        Ok(ReceiverStream::new(stream))
    }

    /// Sends the header, facts, settled rows, findings, lines and the trailer. No database connection is held while a slow
    /// reader is waited for: each page is its own short read, and a released batch never changes.
    async fn send_all(
        &self,
        mut sender: Sender,
        frame: Frame,
        number: BatchNo,
        scope: Scope,
    ) -> Result<(), Error> {
        let first = std::iter::once(Message::Header(frame.header))
            .chain(frame.facts.into_iter().map(Message::Fact))
            .chain(frame.settled.into_iter().map(Message::Settled));
        for message in first {
            if sender.send(message).await.is_err() {
                return Ok(());
            }
        }
        let mut after = 0;
        loop {
            let rows = self
                .page(&scope, &number, after, |tx, number, after| {
                    Box::pin(finding::page(tx, number, after, PAGE))
                })
                .await?;
            let Some(last) = rows.last() else { break };
            after = last.finding_no;
            for row in &rows {
                if sender
                    .send(Message::Finding(message::finding(row)))
                    .await
                    .is_err()
                {
                    return Ok(());
                }
            }
        }
        let mut after = 0;
        loop {
            let rows = self
                .page(&scope, &number, after, |tx, number, after| {
                    Box::pin(line::page(tx, number, after, PAGE))
                })
                .await?;
            let Some(last) = rows.last() else { break };
            after = last.line_no;
            for row in &rows {
                if sender
                    .send(Message::Line(message::line(&number, row)))
                    .await
                    .is_err()
                {
                    return Ok(());
                }
            }
        }
        let _gone = sender.send(Message::Trailer(frame.trailer)).await;
        Ok(())
    }

    async fn page<T: Send + 'static>(
        &self,
        scope: &Scope,
        number: &BatchNo,
        after: i32,
        read: ReadPage<T>,
    ) -> Result<Vec<T>, Error> {
        let number = number.clone();
        self.ledger
            .database
            .read("settlement.pull_page", scope, move |tx| {
                let number = number.clone();
                Box::pin(async move { read(tx, &number, after).await })
            })
            .await
    }
}

async fn frame(tx: &mut PgConnection, number: &BatchNo, wanted: &str) -> Result<Frame, Error> {
    platform::database::extend_deadline(tx, std::time::Duration::from_secs(600)).await?;
    let stored = batch::find(tx, number).await?.ok_or_else(|| not_found(number))?;
    let batch_no = number.to_string();
    let Some(digest) = stored.batch_digest.clone() else {
        return Err(Error::BatchNotComputed { batch_no });
    };
    let computed = book::recompute(tx, &stored, number).await?;
    // What is pulled is what was computed then, or nothing is pulled at all.
    if computed.receipt.batch_digest != digest || (!wanted.is_empty() && wanted != digest) {
        return Err(Error::BatchDigestMismatch { batch_no });
    }
    let facts = fact_rows(&computed);
    let settled = settled_rows(tx, number).await?;
    Ok(Frame {
        header: pb::BatchHeader {
            batch: Some(message::batch(tx, number, &stored).await?),
            receipt_json: String::from_utf8_lossy(stored.receipt.as_deref().unwrap_or_default()).into_owned(),
            policy_toml: stored.policy_text.clone(),
        },
        trailer: trailer(&stored, &computed, facts.len(), settled.len()),
        facts,
        settled,
    })
}

fn trailer(stored: &Batch, computed: &ComputedBatch, facts: usize, settled: usize) -> pb::BatchTrailer {
    let count = |number: usize| i64::try_from(number).unwrap_or(i64::MAX);
    pb::BatchTrailer {
        lines_count: stored.line_count.unwrap_or_default(),
        lines_sum: Some(api::convert::money(Money::from_fen(
            stored.line_sum_fen.unwrap_or_default(),
        ))),
        digests: Some(message::digests(&computed.receipt)),
        findings_count: count(computed.findings.len()),
        settled_count: count(settled),
        facts_count: count(facts),
    }
}

/// The lines of every fact file, headers included, without byte order mark and line ends.
fn fact_rows(computed: &ComputedBatch) -> Vec<pb::FactRow> {
    let mut rows = Vec::new();
    for (path, bytes) in &computed.files {
        let Some(file) = path
            .strip_prefix("facts/")
            .and_then(|name| name.strip_suffix(".csv"))
        else {
            continue;
        };
        let text = String::from_utf8_lossy(bytes);
        for csv_line in text.trim_start_matches('\u{feff}').lines() {
            rows.push(pb::FactRow {
                file: file.to_owned(),
                csv_line: csv_line.to_owned(),
            });
        }
    }
    rows
}

async fn settled_rows(tx: &mut PgConnection, number: &BatchNo) -> Result<Vec<pb::SettledRow>, Error> {
    let before = crate::store::settled::before(tx, number).await?;
    Ok(before
        .into_iter()
        .map(|(key, settled)| pb::SettledRow {
            policy_year: number.year.number(),
            measure: api::convert::measure(key.measure.as_str()).into(),
            beneficiary: key.beneficiary.to_string(),
            item: key.item,
            settled: Some(api::convert::money(settled)),
        })
        .collect())
}
