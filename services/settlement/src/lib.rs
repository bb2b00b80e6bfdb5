//! Settlement: batches opened, computed, explained, pulled and released, all or nothing.

mod book;
mod error;
mod heads;
mod model;
mod payment;
mod rpc;
mod signature;
mod store;

use std::sync::Arc;

use api::settlement::v1::settlement_service_server::SettlementServiceServer;
use ledger::{Callers, Ledger};
use platform::serve::MAX_MESSAGE_BYTES;
use platform::signing::Signer;

pub use error::Error;
pub use payment::{Error as PaymentError, payment_routes};

/// The database role of this service.
pub const DATABASE_ROLE: &str = "zhirong_settlement";

/// The health name of this service.
pub const HEALTH: &[&str] = &[
    "zhirong.settlement.v1.SettlementService",
    "zhirong.settlement.v1.PaymentService",
];

/// The settlement service.
#[derive(Clone)]
pub struct Settlement {
    ledger: Ledger,
    callers: Callers,
    signer: Option<Arc<dyn Signer>>,
}

/// Adds the service's routes. Without a signer, batches are released unsigned.
pub fn routes(
    builder: &mut tonic::service::RoutesBuilder,
    ledger: Ledger,
    callers: Callers,
    signer: Option<Arc<dyn Signer>>,
) {
    let service = Settlement {
        ledger,
        callers,
        signer,
    };
    builder.add_service(SettlementServiceServer::new(service).max_decoding_message_size(MAX_MESSAGE_BYTES));
}
