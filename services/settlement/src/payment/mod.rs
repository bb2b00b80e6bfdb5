//! Payment and recovery: payee accounts, payments of released batches, vouchers, results, recoveries and reconciliation.

mod account;
mod desk;
mod error;
mod model;
mod offset;
mod reconcile;
mod recovering;
mod result;
mod rpc;
mod store;
mod voucher;

use std::sync::Arc;

use api::settlement::v1::payment_service_server::PaymentServiceServer;
use ledger::Ledger;
use platform::sealing::Keyring;
use platform::serve::max_message_bytes;

pub use error::Error;

/// The payment service.
#[derive(Clone)]
pub(crate) struct Payments {
    ledger: Ledger,
    keys: Option<Arc<Keyring>>,
}

impl Payments {
    /// The keys that seal accounts.
    fn keys(&self) -> Result<Arc<Keyring>, Error> {
        self.keys.clone().ok_or(Error::KeyMissing)
    }
}

/// Adds the payment service's routes. Without keys no account is kept and nothing can be prepared.
pub fn payment_routes(
    builder: &mut tonic::service::RoutesBuilder,
    ledger: Ledger,
    keys: Option<Arc<Keyring>>,
) {
    let service = Payments { ledger, keys };
    builder.add_service(PaymentServiceServer::new(service).max_decoding_message_size(max_message_bytes()));
}
