//! Institutions that report at once, each write under a key of its own and repeated until it is answered; and what became of the writes.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use api::insurance::v1::{ReportPolicyRequest, ReportPremiumEventRequest};
use api::pledge::v1::{ReportLoanEventRequest, ReportLoanRequest};
use client::{Client, is_worth_a_retry};
use prost::Message;
use sqlx::{Connection, PgConnection};
use tonic::{Code, Status};

use crate::figure::count;
use crate::ids;
use crate::records;
use crate::scene::{Clients, Insuring, Lending};

/// How long a caller goes on trying.
const PATIENCE: Duration = Duration::from_secs(90);
/// Between two tries of a caller.
const PAUSE: Duration = Duration::from_millis(20);
/// Draws of a contract, or payments of a policy, before the next one begins.
const EVENTS: u64 = 20;

/// A write and its key.
#[derive(Debug, Clone)]
pub(super) enum Write {
    /// A contract.
    Loan(Box<ReportLoanRequest>),
    /// A draw on it.
    Event(ReportLoanEventRequest),
    /// A policy.
    Policy(Box<ReportPolicyRequest>),
    /// A payment on it.
    Premium(ReportPremiumEventRequest),
}

macro_rules! sent {
    ($client:expr, $service:ident.$method:ident, $request:expr) => {{
        let answer = $client.$service().$method($request).await?.into_inner();
        Ok(Answer {
            bytes: answer.encode_to_vec(),
            without_head: {
                let mut bare = answer.clone();
                if let Some(receipt) = &mut bare.receipt {
                    receipt.audit_head = None;
                }
                bare.encode_to_vec()
            },
            is_stored: answer
                .receipt
                .is_some_and(|receipt| receipt.facts.iter().any(|fact| !fact.name.is_empty())),
        })
    }};
}

/// What a write was answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Answer {
    /// The answer.
    pub(super) bytes: Vec<u8>,
    /// The answer as it is kept beside its key: without the audit row that it names.
    pub(super) without_head: Vec<u8>,
    /// Whether it names a fact.
    pub(super) is_stored: bool,
}

impl Write {
    /// Its key.
    pub(super) fn key(&self) -> &str {
        match self {
            Self::Loan(request) => &request.request_id,
            Self::Event(request) => &request.request_id,
            Self::Policy(request) => &request.request_id,
            Self::Premium(request) => &request.request_id,
        }
    }

    /// The same write under a key that a twin knows.
    pub(super) fn with_key(mut self, key: String) -> Self {
        match &mut self {
            Self::Loan(request) => request.request_id = key,
            Self::Event(request) => request.request_id = key,
            Self::Policy(request) => request.request_id = key,
            Self::Premium(request) => request.request_id = key,
        }
        self
    }

    /// The fact that it makes, as [`STORED`] names it.
    fn fact(&self, code: &str) -> String {
        match self {
            Self::Loan(request) => format!("loan/{code}/{}", request.loan.as_ref().unwrap().contract_no),
            Self::Event(request) => {
                let event = request.loan_event.as_ref().unwrap();
                format!("event/{code}/{}/{}", event.contract_no, event.event_no)
            }
            Self::Policy(request) => format!("policy/{code}/{}", request.policy.as_ref().unwrap().policy_no),
            Self::Premium(request) => {
                let event = request.premium_event.as_ref().unwrap();
                format!("premium/{code}/{}/{}", event.policy_no, event.event_no)
            }
        }
    }

    /// Sends it once.
    pub(super) async fn send(&self, client: &Client) -> Result<Answer, Status> {
        match self.clone() {
            Self::Loan(request) => sent!(client, pledge.report_loan, *request),
            Self::Event(request) => sent!(client, pledge.report_loan_event, request),
            Self::Policy(request) => sent!(client, insurance.report_policy, *request),
            Self::Premium(request) => sent!(client, insurance.report_premium_event, request),
        }
    }

    /// Sends it until it is answered.
    pub(super) async fn persist(&self, client: &Client) -> Answer {
        let begun = Instant::now();
        loop {
            match self.send(client).await {
                Ok(answer) => return answer,
                Err(status) => assert!(
                    (is_worth_a_retry(&status) || status.code() == Code::ResourceExhausted)
                        && begun.elapsed() < PATIENCE,
                    "{self:?}: {status:?}"
                ),
            }
            tokio::time::sleep(PAUSE).await;
        }
    }
}

/// An institution of either kind.
#[derive(Clone)]
pub(super) struct Writer {
    code: String,
    client: Client,
    kind: Kind,
}

#[derive(Clone)]
enum Kind {
    Lender(Arc<Lending>),
    Insurer(Arc<Insuring>),
}

impl Writer {
    /// Registers some institutions, every other one an insurer.
    pub(super) async fn some(at: &impl Clients, number: u64) -> Vec<Self> {
        let mut writers = Vec::new();
        for place in 0..number {
            writers.push(if place % 2 == 0 {
                let scene = Lending::new(at).await;
                scene.lend(2025, "8000000.00").await;
                Self {
                    code: scene.code.clone(),
                    client: scene.bank.clone(),
                    kind: Kind::Lender(Arc::new(scene)),
                }
            } else {
                let scene = Insuring::new(at).await;
                Self {
                    code: scene.code.clone(),
                    client: scene.insurer.clone(),
                    kind: Kind::Insurer(Arc::new(scene)),
                }
            });
        }
        writers
    }

    /// Its client.
    pub(super) fn client(&self) -> &Client {
        &self.client
    }

    /// Its write of a number, under a fresh key. Every so many begin a contract or policy, the others are events on it.
    pub(super) fn write(&self, number: u64) -> Write {
        let (request_id, revision) = (ids::request_id(), None);
        let (series, event) = (number / EVENTS, format!("{}", number % EVENTS));
        match &self.kind {
            Kind::Lender(scene) => {
                let mut loan = scene.loan("8000000.00");
                loan.contract_no = format!("{}-{series}", scene.contract_no);
                if number.is_multiple_of(EVENTS) {
                    return Write::Loan(Box::new(ReportLoanRequest {
                        request_id,
                        loan: Some(loan),
                        ..ReportLoanRequest::default()
                    }));
                }
                let drawn = records::draw(&loan.contract_no, &event, "2025-03-01", "10000.00");
                Write::Event(ReportLoanEventRequest {
                    request_id,
                    loan_event: Some(drawn),
                    revision,
                })
            }
            Kind::Insurer(scene) => {
                let policy_no = format!("{}-{series}", scene.policy_no);
                if number.is_multiple_of(EVENTS) {
                    return Write::Policy(Box::new(ReportPolicyRequest {
                        request_id,
                        policy: Some(records::policy(&policy_no, &scene.holder, 2025)),
                        patents: vec![records::policy_patent(&policy_no, &scene.patent, "10000.00")],
                        ..ReportPolicyRequest::default()
                    }));
                }
                let paid = records::payment(&policy_no, &event, "2025-03-01", "100.00");
                Write::Premium(ReportPremiumEventRequest {
                    request_id,
                    premium_event: Some(paid),
                    revision,
                })
            }
        }
    }
}

/// An acknowledged write.
pub(super) struct Acknowledged {
    writer: Writer,
    write: Write,
    answer: Answer,
}

/// Writes that go on in tasks of their own.
pub(super) struct Writing {
    tasks: Vec<tokio::task::JoinHandle<Vec<Acknowledged>>>,
    answered: Arc<AtomicU64>,
}

impl Writing {
    /// Begins so many writes, the same number by each writer, counted from a number that none of them has used.
    pub(super) fn begin(writers: &[Writer], first: u64, writes: u64) -> Self {
        let answered = Arc::new(AtomicU64::new(0));
        let each = writes.div_ceil(count(writers.len()));
        let task = |writer: &Writer| {
            let (writer, answered) = (writer.clone(), answered.clone());
            tokio::spawn(async move {
                let mut acknowledged = Vec::new();
                for number in first..first + each {
                    let write = writer.write(number);
                    let answer = write.persist(&writer.client).await;
                    answered.fetch_add(1, Ordering::SeqCst);
                    acknowledged.push(Acknowledged {
                        writer: writer.clone(),
                        write,
                        answer,
                    });
                }
                acknowledged
            })
        };
        Self {
            tasks: writers.iter().map(task).collect(),
            answered,
        }
    }

    /// Writes answered so far.
    pub(super) fn answered(&self) -> u64 {
        self.answered.load(Ordering::SeqCst)
    }

    /// Waits until so many are answered.
    pub(super) async fn until(&self, answered: u64) {
        let begun = Instant::now();
        while self.answered() < answered && self.tasks.iter().any(|task| !task.is_finished()) {
            assert!(begun.elapsed() < PATIENCE * 4, "the writers stand still");
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }

    /// Waits for the end.
    pub(super) async fn end(self) -> Vec<Acknowledged> {
        let ended = futures_util::future::join_all(self.tasks).await;
        ended.into_iter().flat_map(Result::unwrap).collect()
    }
}

/// Facts by what they are about, with how many revisions there are of each.
const STORED: &str =
    "select 'loan/' || institution_code || '/' || contract_no, count(*) from pledge.loan group by 1
    union all select 'event/' || institution_code || '/' || contract_no || '/' || event_no, count(*) from pledge.loan_event group by 1
    union all select 'policy/' || institution_code || '/' || policy_no, count(*) from insurance.policy group by 1
    union all select 'premium/' || institution_code || '/' || policy_no || '/' || event_no, count(*) from insurance.premium_event group by 1";
/// Effects by key: each leaves one row in the audit trail.
const EFFECTS: &str =
    "select request_id::text, count(*) from ledger.audit where request_id is not null group by 1";

/// What became of acknowledged writes.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct Outcome {
    /// Acknowledged and not stored.
    pub(super) lost: u64,
    /// Stored more often than asked for.
    pub(super) doubled: u64,
    /// Answered otherwise when asked again.
    pub(super) different: u64,
}

async fn counts(database: &mut PgConnection, sql: &'static str) -> HashMap<String, i64> {
    let rows: Vec<(String, i64)> = sqlx::query_as(sql).fetch_all(database).await.unwrap();
    rows.into_iter().collect()
}

impl Outcome {
    /// Of writes, by what the database holds now.
    pub(super) async fn stored(acknowledged: &[Acknowledged], mut database: PgConnection) -> Self {
        let facts = counts(&mut database, STORED).await;
        let effects = counts(&mut database, EFFECTS).await;
        database.close().await.unwrap();
        let mut outcome = Self::default();
        for one in acknowledged {
            let fact = one.write.fact(&one.writer.code);
            let of = |counts: &HashMap<String, i64>, key: &str| counts.get(key).copied().unwrap_or_default();
            let found = [of(&facts, &fact), of(&effects, one.write.key())];
            outcome.lost += u64::from(found.contains(&0));
            outcome.doubled += u64::from(found.iter().any(|count| *count > 1));
        }
        outcome
    }

    /// Asks every key again, the keys of a writer one after the other.
    pub(super) async fn asked_again(mut self, acknowledged: Vec<Acknowledged>) -> Self {
        let mut by_writer: BTreeMap<String, Vec<Acknowledged>> = BTreeMap::new();
        for one in acknowledged {
            by_writer.entry(one.writer.code.clone()).or_default().push(one);
        }
        let tasks = by_writer.into_values().map(|own| {
            tokio::spawn(async move {
                let mut different = 0;
                for one in own {
                    let again = one.write.persist(&one.writer.client).await;
                    different += u64::from(again != one.answer);
                }
                different
            })
        });
        let different = futures_util::future::join_all(tasks).await;
        self.different = different.into_iter().map(Result::unwrap).sum();
        self
    }
}
