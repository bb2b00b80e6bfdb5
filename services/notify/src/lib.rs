//! Webhooks by Standard Webhooks: endpoints, signed deliveries with retries, their log and their replay.
//!
//! Triggers of the migration write what is to be told into the outbox, in the transaction of the fact; the [`Worker`] sends it.

mod error;
mod event;
mod model;
mod network;
mod rpc;
mod schedule;
mod secret;
mod send;
mod store;
mod target;
mod worker;

use std::sync::Arc;

use api::notify::v1::webhook_service_server::WebhookServiceServer;
use ledger::Ledger;
use platform::sealing::Keyring;
use platform::serve::max_message_bytes;

pub use error::Error;
pub use event::{EVENT_TYPES, is_event_type};
pub use secret::verify;
pub use target::Reach;
pub use worker::Worker;

use crate::send::Sender;

/// The database role of this service.
pub const DATABASE_ROLE: &str = "zhirong_notify";

/// The health name of this service.
pub const HEALTH: &[&str] = &["zhirong.notify.v1.WebhookService"];

/// What an operator sets.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Keys that seal the endpoints' secrets; without them no endpoint is created and nothing is sent.
    pub keys: Option<Arc<Keyring>>,
    /// Which addresses may be called.
    pub reach: Reach,
    /// Authorities trusted beside the system's, as PEM text.
    pub authorities_pem: String,
}

/// The webhook service.
#[derive(Clone)]
pub struct Webhooks {
    ledger: Ledger,
    keys: Option<Arc<Keyring>>,
    reach: Reach,
    sender: Sender,
}

impl Webhooks {
    /// The service over a database.
    ///
    /// # Errors
    /// `WEBHOOK_CA_MALFORMED` where the authorities are no PEM text.
    pub fn new(ledger: Ledger, options: Options) -> Result<Self, ledger::Error> {
        Ok(Self {
            ledger,
            sender: Sender::new(options.reach.clone(), &options.authorities_pem)?,
            keys: options.keys,
            reach: options.reach,
        })
    }

    /// Adds the service's routes.
    pub fn routes(&self, builder: &mut tonic::service::RoutesBuilder) {
        builder.add_service(
            WebhookServiceServer::new(self.clone()).max_decoding_message_size(max_message_bytes()),
        );
    }

    /// Begins to send what is in the outbox; none without keys, since nothing could be signed.
    #[must_use]
    pub fn start(&self) -> Option<Worker> {
        let keys = self.keys.clone()?;
        Some(Worker::start(self.ledger.clone(), keys, self.sender.clone()))
    }

    /// The keys that seal secrets.
    fn keys(&self) -> Result<Arc<Keyring>, Error> {
        self.keys.clone().ok_or(Error::KeyMissing)
    }
}
