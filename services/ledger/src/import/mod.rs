//! Import streams: rows in, a verdict a row out; good rows are stored whatever stands beside them.
//!
//! Each message of rows is one transaction and is answered after its commit. A row's own key and revision make the stream
//! safe to repeat: what was stored before answers UNCHANGED.

mod entry;

use std::sync::Arc;

use api::common::v1 as common;
use exchange::{Allow, Owner, Refusal, RefusalCode, Row, Service, Verdict, Warning, parse_row};
use platform::database::BoxFuture;
use sqlx::{Connection, PgConnection};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Status, Streaming};

pub use self::entry::ImportEntry;
use crate::caller::Caller;
use crate::command::{Ledger, Stamp, request_key};
use crate::error::Error;
use crate::measures;
use crate::report::{institution_refusals, store};
use crate::store::{audit, credential, cut_off};

/// Rows that one message may carry.
pub const ROWS_MOST: usize = 1000;
/// Answers that may wait for a slow reader before the stream stops reading.
const ANSWERS_WAITING: usize = 16;

/// What a message of an import stream says.
pub enum Inbound {
    /// The first message: the stream's request key.
    Header(String),
    /// Rows.
    Rows(Vec<ImportEntry>),
    /// Neither is set.
    Empty,
}

/// What an import stream answers.
pub enum Outbound {
    /// The verdicts on one message of rows.
    Verdicts(common::RowVerdicts),
    /// The counts, last.
    Summary(common::ImportSummary),
}

/// What else must happen in the transaction that stored rows.
pub type Hook = Arc<
    dyn for<'c> Fn(&'c mut PgConnection, Stamp, Vec<Row>) -> BoxFuture<'c, Result<(), Error>> + Send + Sync,
>;

/// An import of one service.
#[derive(Clone)]
pub struct Import {
    /// Where rows go.
    pub ledger: Ledger,
    /// Who imports.
    pub caller: Caller,
    /// The call's name.
    pub rpc: &'static str,
    /// The service whose files are taken.
    pub service: Service,
    /// Whether the bureau imports for institutions.
    pub on_behalf: bool,
    /// What else must happen.
    pub hook: Option<Hook>,
}

/// Whether rows that are written stay.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Keep {
    /// They do.
    Rows,
    /// They are taken back.
    Nothing,
}

/// What became of the rows of one transaction, and its audit row.
type Outcomes = (Vec<Result<Verdict, Refusal>>, Option<common::AuditHead>);

/// A row on its way through a transaction.
#[derive(Clone)]
struct Candidate {
    place: usize,
    row: Row,
    warnings: Vec<Warning>,
}

impl Import {
    /// Answers an import stream.
    pub fn run<Q, A>(
        self,
        mut inbound: Streaming<Q>,
        decode: fn(Q, &Caller) -> Inbound,
        encode: fn(Outbound) -> A,
    ) -> ReceiverStream<Result<A, Status>>
    where
        Q: Send + 'static,
        A: Send + 'static,
    {
        let (answers, stream) = mpsc::channel(ANSWERS_WAITING);
        let trace = tracing::Span::current();
        tokio::spawn(tracing::Instrument::instrument(
            async move {
                if let Err(error) = self.drive(&mut inbound, decode, encode, &answers).await {
                    // The receiver may be gone already: then nobody is left to tell.
                    let _gone = answers.send(Err(error)).await;
                }
            },
            trace,
        ));
        ReceiverStream::new(stream)
    }

    async fn drive<Q, A>(
        &self,
        inbound: &mut Streaming<Q>,
        decode: fn(Q, &Caller) -> Inbound,
        encode: fn(Outbound) -> A,
        answers: &mpsc::Sender<Result<A, Status>>,
    ) -> Result<(), Status> {
        let mut summary = common::ImportSummary::default();
        let mut request_id = None;
        while let Some(message) = inbound.message().await? {
            match (decode(message, &self.caller), request_id) {
                (Inbound::Header(text), None) => request_id = Some(request_key(&text)?),
                (Inbound::Rows(rows), Some(id)) => {
                    if rows.len() > ROWS_MOST {
                        let en = format!("a message carries at most {ROWS_MOST} rows");
                        return Err(Error::invalid(
                            "rows",
                            "ROWS_TOO_MANY",
                            format!("每条消息最多 {ROWS_MOST} 行"),
                            en,
                        )
                        .into());
                    }
                    let verdicts = self.store(rows, id).await?;
                    count(&mut summary, &verdicts.verdicts);
                    let answer = encode(Outbound::Verdicts(verdicts));
                    if answers.send(Ok(answer)).await.is_err() {
                        return Ok(());
                    }
                }
                _ => {
                    let zh = "第一条消息须为带请求号的表头，其后为数据行";
                    let en = "the first message is the header with the request id, and rows follow it";
                    return Err(Error::invalid("message", "IMPORT_ORDER", zh, en).into());
                }
            }
        }
        let _gone = answers.send(Ok(encode(Outbound::Summary(summary)))).await;
        Ok(())
    }

    /// Stores rows, at most [`ROWS_MOST`], in one transaction and says what became of each.
    ///
    /// # Errors
    /// Database errors; a row that is refused is a verdict.
    pub async fn store(
        &self,
        entries: Vec<ImportEntry>,
        request_id: uuid::Uuid,
    ) -> Result<common::RowVerdicts, Error> {
        self.take(entries, request_id, Keep::Rows).await
    }

    /// What [`Import::store`] would say of the rows. The same transaction does the same and is taken back: nothing is kept of it, no audit
    /// row either.
    ///
    /// # Errors
    /// As [`Import::store`].
    pub async fn check(
        &self,
        entries: Vec<ImportEntry>,
        request_id: uuid::Uuid,
    ) -> Result<common::RowVerdicts, Error> {
        self.take(entries, request_id, Keep::Nothing).await
    }

    async fn take(
        &self,
        entries: Vec<ImportEntry>,
        request_id: uuid::Uuid,
        keep: Keep,
    ) -> Result<common::RowVerdicts, Error> {
        let mut verdicts: Vec<common::RowVerdict> = Vec::with_capacity(entries.len());
        let mut candidates = Vec::new();
        for entry in entries {
            let (verdict, candidate) = self.examine(entry, verdicts.len());
            verdicts.push(verdict);
            candidates.extend(candidate);
        }
        let (outcomes, audit_head) = self.commit(candidates.clone(), request_id, keep).await?;
        for (candidate, outcome) in candidates.iter().zip(outcomes) {
            let Some(verdict) = verdicts.get_mut(candidate.place) else {
                continue;
            };
            match outcome {
                Ok(Verdict::Conflict) => refuse(
                    verdict,
                    Refusal::new(
                        candidate.row.file,
                        Some("revision"),
                        RefusalCode::RevisionConflict,
                    ),
                ),
                Ok(stored) => {
                    verdict.verdict = api::convert::verdict(stored).into();
                    verdict.warnings = candidate.warnings.iter().map(api::convert::warning).collect();
                }
                Err(refusal) => refuse(verdict, refusal),
            }
        }
        measures::refused(&self.caller.city, &verdicts);
        Ok(common::RowVerdicts { verdicts, audit_head })
    }

    /// What can be said of a row without the database.
    fn examine(&self, entry: ImportEntry, place: usize) -> (common::RowVerdict, Option<Candidate>) {
        let mut verdict = common::RowVerdict {
            row: entry.row,
            verdict: common::Verdict::Refused.into(),
            refusals: Vec::new(),
            warnings: Vec::new(),
            file: String::new(),
        };
        let (file, cells) = match entry.cells {
            Ok(found) => found,
            Err(refusal) => {
                verdict.file.clone_from(&refusal.file);
                verdict.refusals.push(refusal);
                return (verdict, None);
            }
        };
        file.as_str().clone_into(&mut verdict.file);
        for violation in &entry.violations {
            verdict.refusals.push(common::Refusal {
                file: file.as_str().to_owned(),
                row: entry.row,
                column: violation.column.to_owned(),
                code: violation.code.to_owned(),
                zh: violation.zh.to_owned(),
                en: violation.en.to_owned(),
            });
        }
        if file.service() != self.service {
            refuse(&mut verdict, Refusal::new(file, None, RefusalCode::FileUnknown));
            return (verdict, None);
        }
        match parse_row(file, &cells, &Allow::default()) {
            Err(refusals) => {
                for refusal in refusals {
                    refuse(&mut verdict, refusal);
                }
            }
            Ok((row, _)) if self.is_anothers(&row) => {
                refuse(
                    &mut verdict,
                    Refusal::new(file, Some("institution_code"), RefusalCode::OtherInstitution),
                );
            }
            Ok((row, warnings)) if verdict.refusals.is_empty() => {
                return (verdict, Some(Candidate { place, row, warnings }));
            }
            Ok(_) => {}
        }
        (verdict, None)
    }

    fn is_anothers(&self, row: &Row) -> bool {
        match (row.institution_code(), self.caller.institution()) {
            (Some(code), Some(own)) => code != own.as_str() && row.file.owner() == Owner::Institution,
            _ => false,
        }
    }

    async fn commit(
        &self,
        candidates: Vec<Candidate>,
        request_id: uuid::Uuid,
        keep: Keep,
    ) -> Result<Outcomes, Error> {
        if candidates.is_empty() {
            return Ok((Vec::new(), None));
        }
        let stamp = Stamp {
            city: self.caller.city.clone(),
            cut_off: 0,
            recorded_at: self.ledger.clock.now(),
            reported_by: self.caller.holder.clone(),
            on_behalf: self.on_behalf,
            request_id,
            body_digest: digest_of(&candidates),
            traceparent: platform::telemetry::current_traceparent(),
        };
        let (import, rows) = (
            self.clone(),
            candidates
                .into_iter()
                .map(|candidate| candidate.row)
                .collect::<Vec<_>>(),
        );
        self.ledger
            .database
            .run_keyed(self.rpc, &self.caller.scope(self.ledger.role), move |tx| {
                let (import, rows, stamp) = (import.clone(), rows.clone(), stamp.clone());
                Box::pin(async move {
                    match keep {
                        Keep::Rows => import.write(tx, rows, stamp).await,
                        Keep::Nothing => import.try_out(tx, rows, stamp).await,
                    }
                })
            })
            .await
    }

    /// Writes behind a savepoint and goes back to it.
    async fn try_out(&self, tx: &mut PgConnection, rows: Vec<Row>, stamp: Stamp) -> Result<Outcomes, Error> {
        let mut inner = tx.begin().await?;
        let (outcomes, _) = self.write(&mut inner, rows, stamp).await?;
        inner.rollback().await?;
        Ok((outcomes, None))
    }

    async fn write(
        &self,
        tx: &mut PgConnection,
        rows: Vec<Row>,
        mut stamp: Stamp,
    ) -> Result<Outcomes, Error> {
        credential::hold(tx, &self.caller).await?;
        stamp.cut_off = cut_off::for_writing(tx, stamp.city.as_str()).await?;
        let all: Vec<&Row> = rows.iter().collect();
        let refusals = institution_refusals(tx, &stamp, &all).await?;
        let accepted: Vec<Row> = rows
            .iter()
            .zip(&refusals)
            .filter(|(_, refusal)| refusal.is_none())
            .map(|(row, _)| row.clone())
            .collect();
        let mut stored = store(tx, &stamp, &accepted).await?.into_iter();
        if let Some(hook) = &self.hook {
            hook(tx, stamp.clone(), accepted.clone()).await?;
        }
        let object = format!("{} rows", accepted.len());
        let action = audit::Action {
            actor: audit::Actor::from(&self.caller),
            stamp: &stamp,
            name: self.rpc,
            object: &object,
        };
        let head = audit::append(tx, action).await?;
        let outcomes = refusals.into_iter().map(|refusal| match refusal {
            Some(refusal) => Err(refusal),
            None => Ok(stored.next().unwrap_or(Verdict::Conflict)),
        });
        Ok((outcomes.collect(), Some(head)))
    }
}

/// SHA-256 over the rows of one transaction: file, key, revision and content of each.
fn digest_of(candidates: &[Candidate]) -> [u8; 32] {
    let mut bytes = Vec::new();
    for candidate in candidates {
        bytes.extend_from_slice(&exchange::content_digest(&candidate.row));
        bytes.extend_from_slice(&candidate.row.revision.to_be_bytes());
    }
    exchange::digest::sha256(&bytes)
}

fn refuse(verdict: &mut common::RowVerdict, refusal: Refusal) {
    let mut message = api::convert::refusal(&refusal);
    message.row = verdict.row;
    verdict.verdict = common::Verdict::Refused.into();
    verdict.refusals.push(message);
}

/// Adds verdicts to the counts.
pub fn count(summary: &mut common::ImportSummary, verdicts: &[common::RowVerdict]) {
    for verdict in verdicts {
        summary.rows += 1;
        match verdict.verdict() {
            common::Verdict::Stored => summary.stored += 1,
            common::Verdict::Unchanged => summary.unchanged += 1,
            common::Verdict::KeptAsHistory => summary.kept_as_history += 1,
            common::Verdict::Refused | common::Verdict::Unspecified => summary.refused += 1,
        }
        if !verdict.warnings.is_empty() {
            summary.warned += 1;
        }
    }
}
