//! What banks report: pledges, loan contracts, and what happened on them; and what each report stands for.

mod assessment;
mod rpc;
mod store;

use api::pledge::v1::pledge_on_behalf_service_server::PledgeOnBehalfServiceServer;
use api::pledge::v1::pledge_service_server::PledgeServiceServer;
use ledger::Ledger;
use platform::serve::max_message_bytes;

/// The database role of this service.
pub const DATABASE_ROLE: &str = "zhirong_pledge";

/// The health names of this service.
pub const HEALTH: &[&str] = &[
    "zhirong.pledge.v1.PledgeService",
    "zhirong.pledge.v1.PledgeOnBehalfService",
];

/// The pledge service.
#[derive(Clone)]
pub struct Pledges {
    ledger: Ledger,
}

/// Adds the service's routes.
pub fn routes(builder: &mut tonic::service::RoutesBuilder, ledger: Ledger) {
    let service = Pledges { ledger };
    builder.add_service(
        PledgeServiceServer::new(service.clone()).max_decoding_message_size(max_message_bytes()),
    );
    builder.add_service(
        PledgeOnBehalfServiceServer::new(service).max_decoding_message_size(max_message_bytes()),
    );
}
