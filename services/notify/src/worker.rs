//! The worker: takes what is due out of the outbox, sends it, writes back what came of it.
//!
//! A message is claimed in one transaction and its result recorded in another; between them no connection to the database is
//! held. Killed in between, the lease on its endpoint ends and the message is sent again under the same id: at least once.

use std::sync::Arc;
use std::time::Duration;

use ledger::Ledger;
use platform::database::Scope;
use platform::sealing::Keyring;
use tokio::sync::oneshot;
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::{Instant, timeout};
use uuid::Uuid;

use crate::DATABASE_ROLE;
use crate::error::Error;
use crate::model::{Failure, webhook_id};
use crate::schedule;
use crate::secret::{Secret, place, signatures};
use crate::send::{Message, Outcome, Sender};
use crate::store::outbox::{self, Claimed, Ended};

/// Messages under way at a time, in all; one an endpoint.
const IN_FLIGHT: usize = 16;
/// Pause between looks into the outbox.
const POLL: Duration = Duration::from_secs(1);
/// Longest pause while the database is away.
const POLL_LONGEST: Duration = Duration::from_secs(30);
/// How long a stop waits for messages under way.
const GRACE: Duration = Duration::from_secs(5);

/// A running worker. It stops when this is dropped; [`Worker::stop`] waits for it.
pub struct Worker {
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

impl Worker {
    pub(crate) fn start(ledger: Ledger, keys: Arc<Keyring>, sender: Sender) -> Self {
        let (stop, stopped) = oneshot::channel();
        let outbox = Outbox {
            ledger,
            keys,
            sender,
            lease_id: platform::ids::new_v4(),
        };
        Self {
            stop,
            task: tokio::spawn(outbox.run(stopped)),
        }
    }

    /// Takes nothing more, waits a few seconds for what is under way, and gives the rest back.
    pub async fn stop(self) {
        // It may have ended by itself.
        let _ended = self.stop.send(());
        if let Err(error) = self.task.await {
            tracing::error!(%error, "the webhook worker ended early");
        }
    }
}

#[derive(Clone)]
struct Outbox {
    ledger: Ledger,
    keys: Arc<Keyring>,
    sender: Sender,
    /// Under which this worker holds endpoints.
    lease_id: Uuid,
}

impl Outbox {
    async fn run(self, mut stopped: oneshot::Receiver<()>) {
        let mut flights = JoinSet::new();
        let mut pause = POLL;
        loop {
            pause = match self.fill(&mut flights).await {
                Ok(()) => POLL,
                Err(error) => {
                    tracing::warn!(%error, "the outbox cannot be read");
                    pause.saturating_mul(2).min(POLL_LONGEST)
                }
            };
            tokio::select! {
                _ = &mut stopped => break,
                // An endpoint is free again, and more may wait for it.
                Some(_) = flights.join_next(), if !flights.is_empty() => {}
                () = tokio::time::sleep(pause) => {}
            }
        }
        let _finished = timeout(GRACE, async { while flights.join_next().await.is_some() {} }).await;
        flights.shutdown().await;
        if let Err(error) = self.give_back().await {
            tracing::warn!(%error, "leases could not be given back; they end by themselves");
        }
    }

    /// The scope of a city: the worker sends for every owner.
    fn scopes(&self) -> Vec<Scope> {
        let cities = self.ledger.rulebooks.iter().map(|rulebook| &rulebook.city);
        cities
            .map(|city| Scope::new(DATABASE_ROLE, city.as_str(), "*"))
            .collect()
    }

    /// Claims as many messages as there is room for, and sends them on their way.
    async fn fill(&self, flights: &mut JoinSet<()>) -> Result<(), Error> {
        for scope in self.scopes() {
            let free = IN_FLIGHT.saturating_sub(flights.len());
            if free == 0 {
                break;
            }
            let (lease_id, most) = (self.lease_id, i64::try_from(free).unwrap_or(1));
            let city = scope.city.clone();
            let claimed: Vec<Claimed> = self
                .ledger
                .database
                .run("notify.claim", &scope, move |tx| {
                    let city = city.clone();
                    Box::pin(async move { outbox::claim(tx, &city, lease_id, most).await })
                })
                .await?;
            for one in claimed {
                flights.spawn(self.clone().deliver(scope.clone(), one));
            }
        }
        Ok(())
    }

    /// Sends one message and records what came of it.
    async fn deliver(self, scope: Scope, claimed: Claimed) {
        let begun = Instant::now();
        let outcome = match self.message(&claimed) {
            Ok(message) => self.sender.send(&message).await,
            Err(error) => {
                tracing::error!(%error, webhook.delivery = %claimed.delivery_id, "a webhook cannot be signed");
                return;
            }
        };
        let took = i32::try_from(begun.elapsed().as_millis()).unwrap_or(i32::MAX);
        tracing::info!(
            webhook.delivery = %claimed.delivery_id,
            webhook.event = claimed.event_type,
            webhook.attempt = claimed.attempt_no,
            webhook.status = outcome.status,
            webhook.failure = outcome.failure.map(Failure::as_str),
            webhook.duration_ms = took,
            "webhook sent"
        );
        let ended = ended(&claimed, took, outcome);
        let delivery_id = claimed.delivery_id;
        let recorded: Result<(), Error> = self
            .ledger
            .database
            .run_keyed("notify.record", &scope, move |tx| {
                let (claimed, ended) = (claimed.clone(), ended.clone());
                Box::pin(async move { outbox::record(tx, &claimed, &ended).await })
            })
            .await;
        if let Err(error) = recorded {
            // Its lease ends, and it is sent again.
            tracing::warn!(%error, webhook.delivery = %delivery_id, "what came of a webhook could not be recorded");
        }
    }

    fn message(&self, claimed: &Claimed) -> Result<Message, Error> {
        let opened: Result<Vec<Secret>, Error> = claimed
            .secrets
            .iter()
            .map(|stored| {
                let place = place(&claimed.city, claimed.endpoint_id, stored.secret_no);
                Secret::open(&self.keys, &stored.key_id, &stored.sealed, &place)
            })
            .collect();
        let id = webhook_id(claimed.delivery_id);
        let timestamp = self.ledger.clock.now().timestamp();
        Ok(Message {
            url: claimed.url.clone(),
            signatures: signatures(&opened?, &id, timestamp, &claimed.payload),
            id,
            timestamp,
            payload: claimed.payload.clone(),
        })
    }

    async fn give_back(&self) -> Result<(), Error> {
        for scope in self.scopes() {
            let (city, lease_id) = (scope.city.clone(), self.lease_id);
            let released: Result<(), Error> = self
                .ledger
                .database
                .run("notify.release", &scope, move |tx| {
                    let city = city.clone();
                    Box::pin(async move { outbox::release(tx, &city, lease_id).await })
                })
                .await;
            released?;
        }
        Ok(())
    }
}

/// What an outcome means for the message: an endpoint that is gone gets no further try.
fn ended(claimed: &Claimed, duration_ms: i32, outcome: Outcome) -> Ended {
    let again = match outcome.failure {
        None | Some(Failure::Gone) => None,
        Some(_) => schedule::pause(claimed.tries),
    };
    Ended {
        duration_ms,
        status_code: i32::from(outcome.status),
        failure: outcome.failure,
        excerpt: outcome.excerpt,
        again,
    }
}
