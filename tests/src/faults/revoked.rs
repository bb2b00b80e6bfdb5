//! A credential that is withdrawn while its holder writes, and callers who say that they are somebody else.
//!
//! Eight connections of one bank write and read as fast as they are answered, and a stream of its is open, when the bureau withdraws the
//! bank's credential. What the database recorded later than the withdrawal was let through.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use api::pledge::v1 as pb;
use api::registry::v1 as registry;
use futures_util::StreamExt;
use futures_util::future::join_all;
use futures_util::stream;
use platform::database::embedded::temporary_dir;
use platform::identity::load_identity;
use platform::twin::{Twin, VARIABLE};
use sqlx::{ConnectOptions, Connection, PgConnection};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Code, Status};

use super::forged;
use crate::figure::{Asked, Figure, count, show};
use crate::ids;
use crate::process::Served;
use crate::sandbox::{Watchdog, options_of, watch};
use crate::scene::Lending;

/// Connections that write at once.
const WRITERS: u64 = 8;
/// Most seconds until an open connection, or an open stream, is one no longer.
const BAR: u64 = 5;
/// How long is waited for the last refusal.
const PATIENCE: Duration = Duration::from_secs(10);

/// A server with a database of its own.
pub(super) struct Place {
    pub(super) served: Served,
    dir: PathBuf,
    _watchdog: Watchdog,
}

impl Place {
    pub(super) fn start(environment: &[(&str, &str)]) -> Self {
        platform::serve::install_crypto_provider();
        let dir = temporary_dir("zhirong-revoked").unwrap();
        let watchdog = watch(&dir);
        let data = dir.to_str().unwrap();
        let served = Served::start(
            &["--sandbox", "--data", data, "--listen", "127.0.0.1:0"],
            environment,
        );
        Self {
            served,
            dir,
            _watchdog: watchdog,
        }
    }

    /// A connection to its database as the owner.
    pub(super) async fn database(&self) -> PgConnection {
        options_of(&self.dir).connect().await.unwrap()
    }

    /// One number that the database knows of an institution or a person.
    pub(super) async fn number(&self, query: &'static str, code: &str) -> u64 {
        let mut connection = self.database().await;
        let found: i64 = sqlx::query_scalar(query)
            .bind(code)
            .fetch_one(&mut connection)
            .await
            .unwrap();
        connection.close().await.unwrap();
        u64::try_from(found).unwrap()
    }
}

/// Institutions that are withdrawn at once.
const AT_ONCE: usize = 4;
/// What was recorded in an institution's name.
pub(super) const RECORDED: &str =
    "select count(*) from ledger.audit where stream = $1 and action <> 'Enroll'";
/// What of it was recorded after its credential was withdrawn.
const RECORDED_AFTER: &str = "select count(*) from ledger.audit a
    where a.stream = $1 and a.recorded_at > (select max(revoked_at) from registry.credential where holder = $1)";

/// What was seen of one withdrawal.
#[derive(Debug, Default)]
struct Outcome {
    written: u64,
    recorded_after: u64,
    /// How long after the withdrawal's answer the last call was answered as if nothing had been.
    last_served: Duration,
    /// Connections that were not refused in the end.
    never_refused: u64,
    /// How long after it the open stream ended; none where it did not.
    stream_ended: Option<Duration>,
    problems: Vec<String>,
}

/// The figures of this group.
pub fn figures(asked: Asked) -> Vec<Figure> {
    let rounds = asked.of(1, 2, 4, 20);
    let place = Place::start(&[]);
    let all: Vec<Outcome> = crate::run(async {
        let withdrawals = stream::iter(0..rounds).map(|_| round(&place));
        withdrawals.buffer_unordered(AT_ONCE).collect().await
    });
    for outcome in &all {
        show("revoked", &outcome.problems);
    }
    let sum = |of: fn(&Outcome) -> u64| all.iter().map(of).sum::<u64>();
    let last = all
        .iter()
        .map(|outcome| outcome.last_served)
        .max()
        .unwrap_or_default();
    let ended = all
        .iter()
        .map(|outcome| outcome.stream_ended.unwrap_or(Duration::MAX))
        .max();
    let mut figures = vec![
        Figure::at_least(
            "revoked_under_load_commits_before",
            sum(|outcome| outcome.written),
            rounds * 20,
        ),
        Figure::none(
            "revoked_commits_after_the_revocation",
            sum(|outcome| outcome.recorded_after),
        ),
        Figure::within("revoked_last_answer_on_open_connections_s", last, BAR),
        Figure::none(
            "revoked_connections_never_refused",
            sum(|outcome| outcome.never_refused),
        ),
        Figure::within("revoked_open_stream_ended_s", ended.unwrap_or(Duration::MAX), BAR),
        Figure::none("revoked_problems", sum(|outcome| count(outcome.problems.len()))),
    ];
    figures.extend(crate::run(forged::figures(&place)));
    drop(place);
    let place = Place::start(&[(VARIABLE, Twin::StaleCredential.as_str())]);
    let twin = crate::run(round(&place));
    figures.insert(
        2,
        Figure::red_twin(
            "revoked_commits_after_the_revocation, never asked again",
            twin.recorded_after,
        ),
    );
    figures
}

/// One institution, its writers and its end.
async fn round(place: &Place) -> Outcome {
    let scene = Arc::new(Lending::new(&place.served).await);
    scene.lend(2025, "8000000.00").await;
    let mut outcome = Outcome::default();
    let (stream, rows) = open_stream(place, &scene).await;
    let (stop, next) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(100)));
    let writers: Vec<_> = (0..WRITERS)
        .map(|_| {
            let client = place.served.client(&scene.code);
            tokio::spawn(write(client, scene.clone(), (stop.clone(), next.clone())))
        })
        .collect();
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    let identity = load_identity(place.served.identity(), &scene.code).unwrap();
    let request = registry::RevokeCredentialRequest {
        request_id: ids::request_id(),
        name: format!(
            "credentials/{}",
            exchange::digest::hex(&identity.spki_digest().unwrap())
        ),
        reason: "撤销演练".to_owned(),
    };
    let revoked = place
        .served
        .client("bureau")
        .registry()
        .revoke_credential(request)
        .await;
    let moment = Instant::now();
    outcome
        .problems
        .extend(revoked.err().map(|status| status.to_string()));
    outcome.written = place.number(RECORDED, &scene.code).await;
    let ended = tokio::time::timeout(PATIENCE, end_of(stream)).await;
    match ended {
        Ok((at, status)) if status.code() == Code::Unauthenticated => {
            outcome.stream_ended = Some(at.saturating_duration_since(moment));
        }
        other => outcome.problems.push(format!("the stream: {other:?}")),
    }
    drop(rows);
    tokio::time::sleep(Duration::from_secs(BAR)).await;
    stop.store(true, Ordering::Relaxed);
    for (served, refused, odd) in join_all(writers).await.into_iter().map(Result::unwrap) {
        if let Some(served) = served {
            outcome.last_served = outcome.last_served.max(served.saturating_duration_since(moment));
        }
        outcome.never_refused += u64::from(!refused);
        outcome.problems.extend(odd);
    }
    let late = place
        .number(RECORDED, &scene.code)
        .await
        .saturating_sub(outcome.written);
    outcome.recorded_after = late.max(place.number(RECORDED_AFTER, &scene.code).await);
    outcome
}

/// An import that was begun and is not over; the end of what is sent keeps it open.
async fn open_stream(
    place: &Place,
    scene: &Lending,
) -> (
    tonic::Streaming<pb::ImportPledgeFactsResponse>,
    mpsc::Sender<pb::ImportPledgeFactsRequest>,
) {
    let (rows, sent) = mpsc::channel(1);
    let header = api::common::v1::ImportHeader {
        request_id: ids::request_id(),
    };
    let first = pb::ImportPledgeFactsRequest {
        message: Some(pb::import_pledge_facts_request::Message::Header(header)),
    };
    rows.send(first).await.unwrap();
    let client = place.served.client(&scene.code);
    let request = client::within(ReceiverStream::new(sent), Duration::from_secs(60));
    let answers = client
        .pledge()
        .import_pledge_facts(request)
        .await
        .unwrap()
        .into_inner();
    (answers, rows)
}

/// When and how a stream ends.
async fn end_of(mut stream: tonic::Streaming<pb::ImportPledgeFactsResponse>) -> (Instant, Status) {
    loop {
        match stream.message().await {
            Ok(Some(_)) => {}
            Ok(None) => return (Instant::now(), Status::ok("ended as if nothing had been")),
            Err(status) => return (Instant::now(), status),
        }
    }
}

/// Writes and reads in turn over one connection; answers when it was served last, whether it was refused, and what else it was told.
async fn write(
    client: client::Client,
    scene: Arc<Lending>,
    (stop, next): (Arc<AtomicBool>, Arc<AtomicU64>),
) -> (Option<Instant>, bool, Option<String>) {
    let (mut served, mut refused, mut odd) = (None, false, None);
    while !stop.load(Ordering::Relaxed) {
        let number = next.fetch_add(1, Ordering::Relaxed);
        let request = pb::ReportPledgeRequest {
            request_id: ids::request_id(),
            pledge: Some(pb::Pledge {
                pledge_no: format!("Y2025{number:09}"),
                ..scene.pledge("2025-01-01")
            }),
            revision: None,
        };
        let name = format!("loans/{}", scene.contract_no);
        let wrote = client.pledge().report_pledge(request).await.map(drop);
        let read = client
            .pledge()
            .get_loan(pb::GetLoanRequest { name })
            .await
            .map(drop);
        for answer in [wrote, read] {
            match answer {
                Ok(()) => served = Some(Instant::now()),
                Err(status) if status.code() == Code::Unauthenticated => refused = true,
                Err(status) => odd = Some(status.to_string()),
            }
        }
        if refused {
            // It goes on asking, but need not fill the log.
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
    (served, refused, odd)
}
