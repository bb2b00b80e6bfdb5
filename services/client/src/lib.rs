#![doc = include_str!("../README.md")]

mod download;
mod error;
mod parts;
mod proof;
mod pull;
mod retry;

/// The messages and conversions of the wire.
pub use api;
pub use download::Download;
pub use error::{ClientError, PullError};
pub use parts::{PulledBatch, fact_path};
pub use pull::{Pull, Way};
pub use retry::{TRIES, is_worth_a_retry, retry};

use std::time::Duration;

use tonic::service::Interceptor;
use tonic::service::interceptor::InterceptedService;
use tonic::transport::{Certificate, Channel, ClientTlsConfig, Endpoint, Identity};
use tonic::{Request, Status};
use uuid::Uuid;

use api::files::v1::file_service_client::FileServiceClient;
use api::files::v1::statement_service_client::StatementServiceClient;
use api::insurance::v1::insurance_on_behalf_service_client::InsuranceOnBehalfServiceClient;
use api::insurance::v1::insurance_service_client::InsuranceServiceClient;
use api::ledger::v1::audit_service_client::AuditServiceClient;
use api::notify::v1::webhook_service_client::WebhookServiceClient;
use api::people::v1::people_service_client::PeopleServiceClient;
use api::pledge::v1::pledge_on_behalf_service_client::PledgeOnBehalfServiceClient;
use api::pledge::v1::pledge_service_client::PledgeServiceClient;
use api::registry::v1::registry_service_client::RegistryServiceClient;
use api::settlement::v1::payment_service_client::PaymentServiceClient;
use api::settlement::v1::review_service_client::ReviewServiceClient;
use api::settlement::v1::sandbox_service_client::SandboxServiceClient;
use api::settlement::v1::settlement_service_client::SettlementServiceClient;

/// Deadline of a call that states none. [`within`] states another.
pub const DEADLINE: Duration = Duration::from_secs(30);

/// Largest answer that is decoded, in bytes.
pub const MAX_ANSWER_BYTES: usize = 4 << 20;

/// What every call goes through.
pub type Transport = InterceptedService<Channel, DefaultDeadline>;

/// Gives a call that states no deadline the default one.
#[derive(Debug, Clone, Copy, Default)]
pub struct DefaultDeadline;

impl Interceptor for DefaultDeadline {
    fn call(&mut self, mut request: Request<()>) -> Result<Request<()>, Status> {
        if !request.metadata().contains_key("grpc-timeout") {
            request.set_timeout(DEADLINE);
        }
        Ok(request)
    }
}

/// A connection to the services at one address, made at the first call and made anew after it broke. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Client {
    transport: Transport,
}

macro_rules! sub_client {
    ($(#[$doc:meta])* $name:ident: $client:ident) => {
        $(#[$doc])*
        #[must_use]
        pub fn $name(&self) -> $client<Transport> {
            $client::new(self.transport.clone()).max_decoding_message_size(MAX_ANSWER_BYTES)
        }
    };
}

impl Client {
    /// A client of `url` (https), which trusts `ca_pem` and is known by its certificate and key.
    ///
    /// Nothing is sent yet: with TLS 1.3 a refused certificate shows at the first call.
    ///
    /// # Errors
    /// [`ClientError`] where the address is not https or a PEM text cannot be read.
    pub fn connect(url: &str, ca_pem: &str, cert_pem: &str, key_pem: &str) -> Result<Self, ClientError> {
        let endpoint = Endpoint::from_shared(url.to_owned())?;
        if endpoint.uri().scheme_str() != Some("https") {
            return Err(ClientError::NotHttps(url.to_owned()));
        }
        let tls = ClientTlsConfig::new()
            .ca_certificate(Certificate::from_pem(ca_pem))
            .identity(Identity::from_pem(cert_pem, key_pem));
        let channel = endpoint
            .tls_config(tls)?
            .connect_timeout(Duration::from_secs(5))
            .tcp_nodelay(true)
            .http2_keep_alive_interval(Duration::from_secs(30))
            .keep_alive_timeout(Duration::from_secs(10))
            .keep_alive_while_idle(true)
            .connect_lazy();
        Ok(Self {
            transport: InterceptedService::new(channel, DefaultDeadline),
        })
    }

    /// What calls go through, for callers that know a method by its descriptor alone.
    #[must_use]
    pub fn transport(&self) -> Transport {
        self.transport.clone()
    }

    sub_client!(
        /// The audit trail.
        audit: AuditServiceClient
    );
    sub_client!(
        /// The bureau's registry.
        registry: RegistryServiceClient
    );
    sub_client!(
        /// A lender's own records.
        pledge: PledgeServiceClient
    );
    sub_client!(
        /// A lender's records, by the bureau.
        pledge_on_behalf: PledgeOnBehalfServiceClient
    );
    sub_client!(
        /// An insurer's own records.
        insurance: InsuranceServiceClient
    );
    sub_client!(
        /// An insurer's records, by the bureau.
        insurance_on_behalf: InsuranceOnBehalfServiceClient
    );
    sub_client!(
        /// Settlement batches.
        settlement: SettlementServiceClient
    );
    sub_client!(
        /// Notices, objections, freezes, budgets, orders of recovery and the calendar.
        review: ReviewServiceClient
    );
    sub_client!(
        /// What only a sandbox can do.
        sandbox: SandboxServiceClient
    );
    sub_client!(
        /// Payments and recoveries.
        payment: PaymentServiceClient
    );
    sub_client!(
        /// Endpoints that events are sent to, and what became of the events.
        webhook: WebhookServiceClient
    );
    sub_client!(
        /// Sessions of people.
        people: PeopleServiceClient
    );
    sub_client!(
        /// Templates, uploads, column mappings and a partner's own monthly statements.
        files: FileServiceClient
    );
    sub_client!(
        /// Monthly statements of any institution.
        statements: StatementServiceClient
    );
}

/// A new `request_id`. Make it before the first try and keep it for all of them.
#[must_use]
pub fn request_id() -> String {
    Uuid::new_v4().to_string()
}

/// A request with a deadline of its own, for calls that take longer than [`DEADLINE`], such as `ComputeBatch`.
#[must_use]
pub fn within<T>(message: T, deadline: Duration) -> Request<T> {
    let mut request = Request::new(message);
    request.set_timeout(deadline);
    request
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_http_is_refused() {
        assert!(matches!(
            Client::connect("http://localhost:1", "", "", ""),
            Err(ClientError::NotHttps(_))
        ));
    }
}
