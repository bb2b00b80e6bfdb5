//! Settlement: batches opened, computed, explained, pulled and released, all or nothing.

mod book;
mod conditions;
mod error;
mod guard;
mod heads;
mod life;
mod measures;
mod model;
mod payment;
mod rpc;
mod signature;
mod store;

use std::sync::Arc;

use api::settlement::v1::review_service_server::ReviewServiceServer;
use api::settlement::v1::sandbox_service_server::SandboxServiceServer;
use api::settlement::v1::settlement_service_server::SettlementServiceServer;
use ledger::Ledger;
use platform::serve::max_message_bytes;
use platform::signing::Signer;

pub use error::Error;
pub use guard::{Fixed, Guard};
pub use measures::watch;
pub use model::State;
pub use payment::{Error as PaymentError, payment_routes};

/// The database role of this service.
pub const DATABASE_ROLE: &str = "zhirong_settlement";

/// The health name of this service.
pub const HEALTH: &[&str] = &[
    "zhirong.settlement.v1.SettlementService",
    "zhirong.settlement.v1.ReviewService",
    "zhirong.settlement.v1.PaymentService",
];

/// The settlement service.
#[derive(Clone)]
pub struct Settlement {
    ledger: Ledger,
    signer: Option<Arc<dyn Signer>>,
}

/// Adds the service's routes. Without a signer, batches are released unsigned; what moves the date is a sandbox's alone.
pub fn routes(
    builder: &mut tonic::service::RoutesBuilder,
    ledger: Ledger,
    signer: Option<Arc<dyn Signer>>,
    is_sandbox: bool,
) {
    let service = Settlement { ledger, signer };
    builder
        .add_service(
            SettlementServiceServer::new(service.clone()).max_decoding_message_size(max_message_bytes()),
        )
        .add_service(
            ReviewServiceServer::new(service.clone()).max_decoding_message_size(max_message_bytes()),
        );
    if is_sandbox {
        builder.add_service(SandboxServiceServer::new(service));
    }
}
