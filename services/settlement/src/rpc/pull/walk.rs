//! The messages of a batch in their one order, to a stream or to a page.

use api::settlement::v1 as pb;
use api::settlement::v1::stream_batch_response::Message;
use exchange::batch::{FindingRow, LineRow, Receipt};
use exchange::digest::ExplanationsDigest;
use platform::database::{BoxFuture, Scope};
use policy::engine::SettledBefore;
use policy::money::Money;
use prost::Message as _;
use sqlx::PgConnection;
use tokio::sync::mpsc;
use tonic::Status;

use super::super::message;
use super::proof::{self, PAGE, Proven, altered, findings_csv, lines_csv};
use super::token::Place;
use crate::Settlement;
use crate::error::Error;
use crate::model::BatchNo;
use crate::store::finding::{self, StoredFinding};
use crate::store::line::{self, StoredLine};

/// Bytes after which a page is full: what a client decodes by default is twice that.
const PAGE_BYTES: usize = 2 << 20;

/// Why a walk ended before its last message.
pub(super) enum Stop {
    /// The page is full, or the reader went away.
    Done,
    /// It failed.
    Failed(Error),
}

impl From<Error> for Stop {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

/// Numbers messages and knows which the reader has.
pub(super) struct Mark {
    place: Place,
    after: i64,
}

impl Mark {
    pub(super) fn new(number: &BatchNo, batch_digest: &str, after: i64) -> Self {
        let place = Place {
            batch_no: number.to_string(),
            batch_digest: batch_digest.to_owned(),
            sequence: 0,
        };
        Self { place, after }
    }
}

/// A page being filled.
pub(super) struct Page {
    pub(super) messages: Vec<pb::StreamBatchResponse>,
    size: usize,
    bytes: usize,
}

enum To {
    Stream(mpsc::Sender<Result<pb::StreamBatchResponse, Status>>),
    Page(Page),
}

/// Where messages go.
pub(super) struct Outbox {
    mark: Mark,
    to: To,
}

impl Outbox {
    pub(super) fn stream(mark: Mark, sender: mpsc::Sender<Result<pb::StreamBatchResponse, Status>>) -> Self {
        let to = To::Stream(sender);
        Self { mark, to }
    }

    pub(super) fn page(mark: Mark, size: usize) -> Self {
        let (messages, bytes) = (Vec::new(), 0);
        let to = To::Page(Page {
            messages,
            size,
            bytes,
        });
        Self { mark, to }
    }

    pub(super) fn into_page(self) -> Page {
        match self.to {
            To::Page(page) => page,
            To::Stream(_) => Page {
                messages: Vec::new(),
                size: 0,
                bytes: 0,
            },
        }
    }

    /// Sends the next message, which is made only where the reader does not have it.
    async fn send(&mut self, make: impl FnOnce() -> Message) -> Result<(), Stop> {
        let sequence = self.mark.place.sequence + 1;
        if sequence <= self.mark.after {
            self.mark.place.sequence = sequence;
            return Ok(());
        }
        if let To::Page(page) = &self.to
            && (page.messages.len() >= page.size || page.bytes >= PAGE_BYTES)
        {
            return Err(Stop::Done);
        }
        self.mark.place.sequence = sequence;
        let response = pb::StreamBatchResponse {
            sequence,
            message: Some(make()),
            resume_token: self.mark.place.token(),
        };
        match &mut self.to {
            To::Stream(sender) => sender.send(Ok(response)).await.map_err(|_| Stop::Done),
            To::Page(page) => {
                page.bytes += response.encoded_len();
                page.messages.push(response);
                Ok(())
            }
        }
    }
}

/// Reads a page of a batch: what comes after the number given.
type ReadPage<T> = for<'c> fn(&'c mut PgConnection, &'c BatchNo, i32) -> BoxFuture<'c, Result<Vec<T>, Error>>;

/// Where findings and lines are read.
pub(super) enum Source<'c> {
    /// In the snapshot of the proof.
    Within(&'c mut PgConnection),
    /// Each page in a short transaction of its own, so that no connection waits for a slow reader.
    Anew { settlement: Settlement, scope: Scope },
}

impl Source<'_> {
    async fn read<T: Send + 'static>(
        &mut self,
        number: &BatchNo,
        digest: &str,
        after: i32,
        read: ReadPage<T>,
    ) -> Result<Vec<T>, Error> {
        match self {
            Self::Within(tx) => read(tx, number, after).await,
            Self::Anew { settlement, scope } => {
                let (number, digest) = (number.clone(), digest.to_owned());
                let database = &settlement.ledger.database;
                database
                    .snapshot("settlement.pull_page", scope, move |tx| {
                        let (number, digest) = (number.clone(), digest.clone());
                        Box::pin(async move {
                            // A draft may have been computed again meanwhile.
                            proof::stands(tx, &number, &digest).await?;
                            read(tx, &number, after).await
                        })
                    })
                    .await
            }
        }
    }
}

/// Holds what is read page by page against the bytes that were proven.
struct Expected<'a> {
    rest: &'a [u8],
    file: &'static str,
}

impl<'a> Expected<'a> {
    fn of(proven: &'a Proven, file: &'static str, header: &[u8]) -> Self {
        let bytes = proven.files.get(file).map_or(&[][..], Vec::as_slice);
        let rest = bytes.get(header.len()..).unwrap_or_default();
        Self { rest, file }
    }

    fn take(&mut self, number: &BatchNo, rows: &[u8]) -> Result<(), Error> {
        self.rest = self
            .rest
            .strip_prefix(rows)
            .ok_or_else(|| altered(number, self.file))?;
        Ok(())
    }

    fn end(&self, number: &BatchNo) -> Result<(), Error> {
        if self.rest.is_empty() {
            Ok(())
        } else {
            Err(altered(number, self.file))
        }
    }
}

/// Sends the header, facts, settled rows, findings, lines and the trailer.
pub(super) async fn walk(
    outbox: &mut Outbox,
    source: &mut Source<'_>,
    proven: Proven,
    header: pb::Batch,
    number: &BatchNo,
) -> Result<(), Stop> {
    let header = pb::BatchHeader {
        batch: Some(header),
        receipt_json: text_of(&proven, "receipt.json"),
        policy_toml: text_of(&proven, "policy.toml"),
    };
    outbox.send(|| Message::Header(header)).await?;
    let facts = send_facts(outbox, &proven).await?;
    for row in settled_rows(number, &proven.settled) {
        outbox.send(|| Message::Settled(row)).await?;
    }
    send_findings(outbox, source, &proven, number).await?;
    send_lines(outbox, source, &proven, number).await?;
    let trailer = trailer(&proven, facts);
    outbox.send(|| Message::Trailer(trailer)).await
}

fn text_of(proven: &Proven, file: &str) -> String {
    let bytes = proven.files.get(file).map_or(&[][..], Vec::as_slice);
    String::from_utf8_lossy(bytes).into_owned()
}

/// Sends the lines of every fact file, headers included, without byte order mark and line ends; answers how many there are.
async fn send_facts(outbox: &mut Outbox, proven: &Proven) -> Result<i64, Stop> {
    let mut count = 0;
    for (path, bytes) in &proven.files {
        let file = path
            .strip_prefix("facts/")
            .and_then(|name| name.strip_suffix(".csv"));
        let (Some(file), Ok(text)) = (file, std::str::from_utf8(bytes)) else {
            continue;
        };
        for csv_line in text.trim_start_matches('\u{feff}').split_terminator("\r\n") {
            count += 1;
            let row = || pb::FactRow {
                file: file.to_owned(),
                csv_line: csv_line.to_owned(),
            };
            outbox.send(|| Message::Fact(row())).await?;
        }
    }
    Ok(count)
}

fn settled_rows(number: &BatchNo, settled: &SettledBefore) -> impl Iterator<Item = pb::SettledRow> {
    settled.iter().map(|(key, settled)| pb::SettledRow {
        policy_year: number.year.number(),
        measure: api::convert::measure(key.measure.as_str()).into(),
        beneficiary: key.beneficiary.to_string(),
        item: key.item.clone(),
        settled: Some(api::convert::money(*settled)),
    })
}

async fn send_findings(
    outbox: &mut Outbox,
    source: &mut Source<'_>,
    proven: &Proven,
    number: &BatchNo,
) -> Result<(), Stop> {
    let mut expected = Expected::of(proven, FindingRow::FILE_NAME, &FindingRow::to_csv(&[]));
    let (digest, mut after) = (&proven.receipt.batch_digest, 0);
    loop {
        let rows: Vec<StoredFinding> = source
            .read(number, digest, after, |tx, number, after| {
                Box::pin(finding::page(tx, number, after, PAGE))
            })
            .await?;
        expected.take(number, &findings_csv(&rows))?;
        let Some(last) = rows.last() else { break };
        after = last.finding_no;
        for row in &rows {
            outbox.send(|| Message::Finding(message::finding(row))).await?;
        }
    }
    Ok(expected.end(number)?)
}

async fn send_lines(
    outbox: &mut Outbox,
    source: &mut Source<'_>,
    proven: &Proven,
    number: &BatchNo,
) -> Result<(), Stop> {
    let mut expected = Expected::of(proven, LineRow::FILE_NAME, &LineRow::to_csv(&[]));
    let mut explanations = ExplanationsDigest::default();
    let Receipt {
        batch_digest: digest,
        explanations_digest,
        ..
    } = &proven.receipt;
    let mut after = 0;
    loop {
        let rows: Vec<StoredLine> = source
            .read(number, digest, after, |tx, number, after| {
                Box::pin(line::page(tx, number, after, PAGE))
            })
            .await?;
        expected.take(number, &lines_csv(number, &rows))?;
        rows.iter().for_each(|row| explanations.add(&row.explanation));
        let Some(last) = rows.last() else { break };
        after = last.line_no;
        for row in &rows {
            outbox.send(|| Message::Line(message::line(number, row))).await?;
        }
    }
    expected.end(number)?;
    if explanations.finish() == *explanations_digest {
        Ok(())
    } else {
        Err(altered(number, LineRow::FILE_NAME).into())
    }
}

fn trailer(proven: &Proven, facts_count: i64) -> pb::BatchTrailer {
    let sum = proven.stored.line_sum_fen.unwrap_or_default();
    pb::BatchTrailer {
        lines_count: proven.stored.line_count.unwrap_or_default(),
        lines_sum: Some(api::convert::money(Money::from_fen(sum))),
        digests: Some(message::digests(&proven.receipt)),
        findings_count: proven.findings,
        settled_count: i64::try_from(proven.settled.len()).unwrap_or(i64::MAX),
        facts_count,
    }
}
