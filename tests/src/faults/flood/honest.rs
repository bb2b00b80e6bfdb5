//! Callers that want no harm: four banks, each with one call at a time.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use api::pledge::v1 as pb;
use futures_util::future::join_all;
use tokio::task::JoinHandle;

use crate::ids;
use crate::process::Served;
use crate::scene::Lending;

/// Callers at once.
const CALLERS: u64 = 4;
/// Every so many calls one writes; the others read.
const WRITES_EVERY: u32 = 8;
/// Longest time that a call may take before it counts as an error.
const PATIENCE: Duration = Duration::from_secs(10);

/// What the callers saw.
#[derive(Debug, Default)]
pub(super) struct Seen {
    /// When each call began, in the order of their ends, and how long it took.
    pub(super) calls: Vec<(Instant, Duration)>,
    pub(super) errors: Vec<String>,
}

impl Seen {
    /// Takes in what was seen in another while.
    pub(super) fn add(&mut self, more: Self) {
        self.calls.extend(more.calls);
        self.errors.extend(more.errors);
    }

    /// The time that 99 of 100 calls stay below.
    pub(super) fn p99(&self) -> Duration {
        p99(self.calls.iter().map(|(_, took)| *took).collect())
    }

    /// How long after a moment it took until the calls that began within half a second were as quick as they may be.
    pub(super) fn normal_after(&self, moment: Instant, bar: Duration) -> Option<Duration> {
        let window = Duration::from_millis(500);
        (0..20_u32).map(|number| window * number).find(|passed| {
            let from = moment + *passed;
            let within = self
                .calls
                .iter()
                .filter(|(begun, _)| (from..from + window).contains(begun));
            let times: Vec<Duration> = within.map(|(_, took)| *took).collect();
            times.len() >= 10 && p99(times) <= bar
        })
    }
}

fn p99(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    let last = times.len().saturating_sub(1);
    times.get(last * 99 / 100).copied().unwrap_or(Duration::MAX)
}

/// The callers, each with a bank and a contract of its own.
pub(super) struct Honest(Vec<(Arc<Lending>, String)>);

impl Honest {
    pub(super) async fn new(served: &Served) -> Self {
        let mut banks = Vec::new();
        for _ in 0..CALLERS {
            banks.push((Arc::new(Lending::new(served).await), String::new()));
        }
        Self(banks)
    }

    /// Gives every caller a new contract: the longer one is written to, the longer a report on it takes.
    pub(super) async fn renew(&mut self) {
        for (bank, contract_no) in &mut self.0 {
            *contract_no = format!("LIU-{}", ids::fresh());
            let mut loan = bank.loan("8000000.00");
            loan.contract_no.clone_from(contract_no);
            let report = pb::ReportLoanRequest {
                request_id: ids::request_id(),
                loan: Some(loan),
                pledge: Some(bank.pledge("2025-01-01")),
                events: vec![draw(bank, contract_no, 0)],
                ..pb::ReportLoanRequest::default()
            };
            bank.bank.pledge().report_loan(report).await.unwrap();
        }
    }

    /// Has them call until they are told to stop.
    pub(super) fn begin(&self) -> Calling {
        let stop = Arc::new(AtomicBool::new(false));
        let calling = self.0.iter().cloned();
        let tasks = calling
            .map(|(bank, contract_no)| tokio::spawn(call(bank, contract_no, stop.clone())))
            .collect();
        Calling { stop, tasks }
    }
}

/// Calls under way.
pub(super) struct Calling {
    stop: Arc<AtomicBool>,
    tasks: Vec<JoinHandle<Seen>>,
}

impl Calling {
    pub(super) async fn end(self) -> Seen {
        self.stop.store(true, Ordering::Relaxed);
        let mut all = Seen::default();
        for seen in join_all(self.tasks).await {
            all.add(seen.unwrap());
        }
        all
    }
}

/// One caller: events on its contract, and reading it.
async fn call(bank: Arc<Lending>, contract_no: String, stop: Arc<AtomicBool>) -> Seen {
    let mut seen = Seen::default();
    while !stop.load(Ordering::Relaxed) {
        let number = ids::fresh();
        let begun = Instant::now();
        let answer = tokio::time::timeout(PATIENCE, one(&bank, &contract_no, number)).await;
        match answer {
            Ok(Ok(())) => seen.calls.push((begun, begun.elapsed())),
            Ok(Err(status)) => seen.errors.push(status.to_string()),
            Err(_) => seen.errors.push("no answer in time".to_owned()),
        }
    }
    seen
}

async fn one(bank: &Lending, contract_no: &str, number: u32) -> Result<(), tonic::Status> {
    let mut client = bank.bank.pledge();
    if !number.is_multiple_of(WRITES_EVERY) {
        let name = format!("loans/{contract_no}");
        return client.get_loan(pb::GetLoanRequest { name }).await.map(drop);
    }
    let request = pb::ReportLoanEventRequest {
        request_id: ids::request_id(),
        loan_event: Some(draw(bank, contract_no, number)),
        revision: None,
    };
    client.report_loan_event(request).await.map(drop)
}

fn draw(bank: &Lending, contract_no: &str, number: u32) -> pb::LoanEvent {
    pb::LoanEvent {
        contract_no: contract_no.to_owned(),
        ..bank.draw(&format!("D{number}"), "2025-03-01", "1.00")
    }
}
