//! What insurers report: policies, their schedules of patents, premiums paid and refunded; and what each stands for.

mod assessment;
mod rpc;
mod store;

use api::insurance::v1::insurance_on_behalf_service_server::InsuranceOnBehalfServiceServer;
use api::insurance::v1::insurance_service_server::InsuranceServiceServer;
use ledger::Ledger;
use platform::serve::max_message_bytes;

/// The database role of this service.
pub const DATABASE_ROLE: &str = "zhirong_insurance";

/// The health names of this service.
pub const HEALTH: &[&str] = &[
    "zhirong.insurance.v1.InsuranceService",
    "zhirong.insurance.v1.InsuranceOnBehalfService",
];

/// The insurance service.
#[derive(Clone)]
pub struct Policies {
    ledger: Ledger,
}

/// Adds the service's routes.
pub fn routes(builder: &mut tonic::service::RoutesBuilder, ledger: Ledger) {
    let service = Policies { ledger };
    builder.add_service(
        InsuranceServiceServer::new(service.clone()).max_decoding_message_size(max_message_bytes()),
    );
    builder.add_service(
        InsuranceOnBehalfServiceServer::new(service).max_decoding_message_size(max_message_bytes()),
    );
}
