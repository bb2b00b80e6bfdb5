//! Files of partners: templates, uploads with a marked copy back, saved column mappings, monthly statements.
//!
//! The rows of an uploaded file go the way of every other row: through the import of the ledger, under the database role of the service
//! whose records they are. This service's own role can write no fact, so a fault here can spoil no other service's table.

mod error;
pub mod mapping;
mod month;
mod rpc;
mod statement;
mod store;
mod text;
mod upload;

use std::sync::Arc;

use api::files::v1::file_service_server::FileServiceServer;
use api::files::v1::statement_service_server::StatementServiceServer;
use ledger::Ledger;
use ledger::import::Hook;
use platform::serve::max_message_bytes;

pub use error::Error;

/// The database role of this service.
pub const DATABASE_ROLE: &str = "zhirong_files";

/// The health names of this service.
pub const HEALTH: &[&str] = &[
    "zhirong.files.v1.FileService",
    "zhirong.files.v1.StatementService",
];

/// Where the rows of an uploaded file go: each service's ledger with its own database role.
#[derive(Clone)]
pub struct Owners {
    /// Institutions, enterprises, patents and lists.
    pub registry: Ledger,
    /// What else must happen when registry rows are stored.
    pub registry_hook: Hook,
    /// Pledges, loans and their events.
    pub pledge: Ledger,
    /// Policies, schedules and premiums.
    pub insurance: Ledger,
}

/// The file service.
#[derive(Clone)]
pub(crate) struct Files {
    pub(crate) ledger: Ledger,
    pub(crate) owners: Arc<Owners>,
    pub(crate) gate: upload::Gate,
}

/// Adds the service's routes.
pub fn routes(builder: &mut tonic::service::RoutesBuilder, ledger: Ledger, owners: Owners) {
    let service = Files {
        ledger,
        owners: Arc::new(owners),
        gate: upload::Gate::default(),
    };
    builder
        .add_service(FileServiceServer::new(service.clone()).max_decoding_message_size(max_message_bytes()));
    builder.add_service(StatementServiceServer::new(service).max_decoding_message_size(max_message_bytes()));
}
