//! The client: mutual TLS, keepalive, a deadline on every call, and retries that are safe because a `request_id` is
//! repeated with them.

use std::future::Future;
use std::time::Duration;

use tonic::service::Interceptor;
use tonic::service::interceptor::InterceptedService;
use tonic::transport::{Certificate, Channel, ClientTlsConfig, Endpoint, Identity};
use tonic::{Code, Request, Status};
use tonic_types::StatusExt;
use uuid::Uuid;

use api::insurance::v1::insurance_on_behalf_service_client::InsuranceOnBehalfServiceClient;
use api::insurance::v1::insurance_service_client::InsuranceServiceClient;
use api::ledger::v1::audit_service_client::AuditServiceClient;
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

/// Tries of [`retry`], the first included.
pub const TRIES: u32 = 6;

const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// Reasons with status ABORTED that no repeat of the same request cures.
const FINAL_REASONS: [&str; 2] = ["ETAG_MISMATCH", "BATCH_DIGEST_MISMATCH"];

/// Why a client could not be made.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The address is no URL, or a certificate or key is no PEM text.
    #[error("the address, the certificates or the key of the client cannot be used")]
    Configuration(#[from] tonic::transport::Error),
    /// The address is not https: identity is the certificate, so there is no call without TLS.
    #[error("{0} is not an https address")]
    NotHttps(String),
}

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

/// Calls until an answer comes that a repeat would not change, at most [`TRIES`] times with growing, jittered pauses.
///
/// `call` must send the same `request_id` every time, or only read: what was stored before its answer was lost is then
/// answered again and not stored twice.
///
/// # Errors
/// The last status.
pub async fn retry<T, F, C>(mut call: C) -> Result<T, Status>
where
    C: FnMut() -> F,
    F: Future<Output = Result<T, Status>>,
{
    let mut pause = FIRST_PAUSE;
    for _ in 1..TRIES {
        match call().await {
            Err(status) if is_worth_a_retry(&status) => {
                tokio::time::sleep(jittered(pause)).await;
                pause = pause.saturating_mul(2).min(LONGEST_PAUSE);
            }
            answer => return answer,
        }
    }
    call().await
}

/// Whether the same request may get another answer: the service was not reached, was too busy, or met another writer.
#[must_use]
pub fn is_worth_a_retry(status: &Status) -> bool {
    match status.code() {
        Code::Unavailable | Code::DeadlineExceeded => true,
        Code::Aborted => !status
            .get_details_error_info()
            .is_some_and(|info| FINAL_REASONS.contains(&info.reason.as_str())),
        // A connection that broke during the call has no status from the service. The transport then makes one of its
        // own, which alone has a source.
        Code::Unknown | Code::Cancelled | Code::Internal => std::error::Error::source(status).is_some(),
        _ => false,
    }
}

/// Between half of the pause and all of it, so that callers who failed together do not return together.
fn jittered(pause: Duration) -> Duration {
    let half = pause / 2;
    let bytes = Uuid::new_v4().into_bytes();
    let thousandths = u32::from(u16::from_be_bytes([bytes[0], bytes[1]])) % 1_001;
    half + half * thousandths / 1_000
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use tonic_types::ErrorDetails;

    use super::*;

    async fn tries_of(status: Status) -> u32 {
        let tries = AtomicU32::new(0);
        let answer: Result<(), Status> = retry(|| {
            tries.fetch_add(1, Ordering::Relaxed);
            let status = status.clone();
            async move { Err(status) }
        })
        .await;
        assert!(answer.is_err());
        tries.into_inner()
    }

    #[tokio::test]
    async fn only_what_may_pass_is_tried_again() {
        let stale = ErrorDetails::with_error_info("ETAG_MISMATCH", "zhirong", []);
        let (again, refused, stale) = tokio::join!(
            tries_of(Status::unavailable("down")),
            tries_of(Status::invalid_argument("wrong")),
            tries_of(Status::with_error_details(Code::Aborted, "stale", stale)),
        );
        assert_eq!((again, refused, stale), (TRIES, 1, 1));
    }

    #[test]
    fn a_status_of_the_service_is_no_broken_connection() {
        assert!(!is_worth_a_retry(&Status::internal("internal error")));
        assert!(!is_worth_a_retry(&Status::unknown("odd")));
        assert!(is_worth_a_retry(&Status::aborted("serialization")));
    }

    /// Answers the connection's preface with empty settings, takes what comes next and breaks off.
    async fn break_off(listener: tokio::net::TcpListener, after_settings: bool) {
        use tokio::io::{AsyncReadExt, AsyncWriteExt};
        while let Ok((mut stream, _)) = listener.accept().await {
            if after_settings {
                let mut bytes = [0; 4096];
                stream.write_all(&[0, 0, 0, 4, 0, 0, 0, 0, 0]).await.unwrap();
                for _ in 0..2 {
                    let _taken = stream.read(&mut bytes).await.unwrap();
                }
            }
        }
    }

    #[tokio::test]
    async fn a_broken_connection_is_worth_a_retry() {
        for after_settings in [false, true] {
            let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
            let url = format!("http://{}", listener.local_addr().unwrap());
            let server = tokio::spawn(break_off(listener, after_settings));
            let channel = Endpoint::from_shared(url).unwrap().connect_lazy();
            let client = Client {
                transport: InterceptedService::new(channel, DefaultDeadline),
            };
            let request = api::pledge::v1::GetLoanRequest {
                name: "loans/1".to_owned(),
            };
            let status = client.pledge().get_loan(request).await.unwrap_err();
            server.abort();
            assert!(is_worth_a_retry(&status), "{after_settings} {status:?}");
        }
    }

    #[test]
    fn a_pause_is_never_longer_nor_shorter_than_half() {
        for _ in 0..1_000 {
            let pause = jittered(FIRST_PAUSE);
            assert!(pause >= FIRST_PAUSE / 2 && pause <= FIRST_PAUSE, "{pause:?}");
        }
    }

    #[test]
    fn plain_http_is_refused() {
        assert!(matches!(
            Client::connect("http://localhost:1", "", "", ""),
            Err(ClientError::NotHttps(_))
        ));
    }
}
