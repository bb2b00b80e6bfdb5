//! Certificates and the server over a real TLS connection, with traces to a file.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::oneshot;
use tonic::Request;
use tonic::service::Routes;
use tonic::service::interceptor::InterceptedService;
use tonic::transport::{Certificate, Channel, ClientTlsConfig, Endpoint, Identity as PemIdentity};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_client::HealthClient;
use tonic_reflection::pb::v1::server_reflection_client::ServerReflectionClient;
use tonic_reflection::pb::v1::server_reflection_request::MessageRequest;
use tonic_reflection::pb::v1::{FILE_DESCRIPTOR_SET, ServerReflectionRequest};
use zhirong_platform::config::Settings;
use zhirong_platform::identity::{Authority, Identity, Purpose, load_identity};
use zhirong_platform::serve::{Running, Server, peer_spki};
use zhirong_platform::telemetry;

fn channel(running: &Running, ca: &str, identity: Option<&Identity>) -> Channel {
    let mut tls = ClientTlsConfig::new()
        .ca_certificate(Certificate::from_pem(ca))
        .domain_name("localhost");
    if let Some(identity) = identity {
        tls = tls.identity(PemIdentity::from_pem(
            &identity.certificate_pem,
            &identity.key_pem,
        ));
    }
    let endpoint = Endpoint::from_shared(format!("https://{}", running.address())).unwrap();
    endpoint.tls_config(tls).unwrap().connect_lazy()
}

async fn healthy(channel: Channel) -> Result<i32, tonic::Status> {
    let request = HealthCheckRequest {
        service: String::new(),
    };
    Ok(HealthClient::new(channel)
        .check(request)
        .await?
        .into_inner()
        .status)
}

#[test]
fn identities_are_kept_and_their_digest_is_that_of_the_key() {
    let dir = tempfile::tempdir().unwrap();
    let authority = Authority::open(dir.path()).unwrap();
    let first = authority.issue("caller-1", Purpose::Client).unwrap();
    let again = Authority::open(dir.path()).unwrap();
    assert_eq!(again.issue("caller-1", Purpose::Client).unwrap(), first);
    assert_eq!(load_identity(dir.path(), "caller-1").unwrap(), first);
    // A new certificate over the same key keeps the digest that was registered.
    std::fs::remove_file(dir.path().join("caller-1.pem")).unwrap();
    let renewed = again.issue("caller-1", Purpose::Client).unwrap();
    assert_ne!(renewed.certificate_pem, first.certificate_pem);
    assert_eq!(renewed.spki_digest().unwrap(), first.spki_digest().unwrap());
    let other = authority.issue("caller-2", Purpose::Client).unwrap();
    assert_ne!(other.spki_digest().unwrap(), first.spki_digest().unwrap());
    std::fs::copy(dir.path().join("caller-2.pem"), dir.path().join("caller-1.pem")).unwrap();
    assert!(
        authority.issue("caller-1", Purpose::Client).is_err(),
        "a foreign certificate must be refused"
    );
    for name in ["", "ca", "../x", "a/b"] {
        assert!(authority.issue(name, Purpose::Client).is_err(), "{name:?}");
    }
    assert!(!format!("{first:?}").contains("PRIVATE"));
}

#[tokio::test]
async fn only_certified_callers_are_served_known_by_their_key_and_traced() {
    let dir = tempfile::tempdir().unwrap();
    let trace_file = dir.path().join("trace.jsonl");
    let settings = Settings {
        trace_file: Some(trace_file.clone()),
        log_level: "error".to_owned(),
        ..Settings::default()
    };
    let guard = telemetry::init(&settings).unwrap();
    let authority = Authority::open(&dir.path().join("identity")).unwrap();
    let foreign = Authority::open(&dir.path().join("foreign")).unwrap();
    let caller = authority.issue("caller", Purpose::Client).unwrap();

    let seen = Arc::new(Mutex::new(None));
    let keep = seen.clone();
    let reflection = tonic_reflection::server::Builder::configure()
        .register_encoded_file_descriptor_set(FILE_DESCRIPTOR_SET)
        .build_v1()
        .unwrap();
    let watched = InterceptedService::new(reflection, move |request: Request<()>| {
        *keep.lock().unwrap() = Some((peer_spki(request.extensions()), telemetry::current_traceparent()));
        Ok(request)
    });
    let (stop, stopped) = oneshot::channel::<()>();
    let identity = authority.issue("server", Purpose::Server).unwrap();
    let server = Server::new("127.0.0.1:0".parse().unwrap(), identity.clone());
    let shutdown = async { stopped.await.unwrap_or(()) };
    let running = server.start(Routes::new(watched), shutdown).await.unwrap();

    assert_eq!(
        healthy(channel(&running, &caller.ca_pem, Some(&caller)))
            .await
            .unwrap(),
        1
    );
    let stranger = foreign.issue("caller", Purpose::Client).unwrap();
    for wrong in [None, Some(&stranger), Some(&identity)] {
        assert!(
            healthy(channel(&running, &caller.ca_pem, wrong)).await.is_err(),
            "{wrong:?}"
        );
    }

    let trace_id = "0af7651916cd43dd8448eb211c80319c";
    let ask = ServerReflectionRequest {
        host: String::new(),
        message_request: Some(MessageRequest::ListServices(String::new())),
    };
    let mut request = Request::new(tokio_stream::iter([ask]));
    request.metadata_mut().insert(
        "traceparent",
        format!("00-{trace_id}-b7ad6b7169203331-01").parse().unwrap(),
    );
    let mut client = ServerReflectionClient::new(channel(&running, &caller.ca_pem, Some(&caller)));
    let mut answers = client.server_reflection_info(request).await.unwrap().into_inner();
    while answers.message().await.unwrap().is_some() {}
    let (digest, traceparent) = seen.lock().unwrap().take().unwrap();
    assert_eq!(digest, Some(caller.spki_digest().unwrap()));
    assert!(traceparent.unwrap().contains(trace_id));

    drop((client, answers));
    stop.send(()).unwrap();
    tokio::time::timeout(Duration::from_secs(10), running.finished())
        .await
        .unwrap()
        .unwrap();
    drop(guard);
    let lines = std::fs::read_to_string(&trace_file).unwrap();
    let line = lines
        .lines()
        .find(|line| line.contains(trace_id))
        .expect("the call has a span");
    assert!(
        line.contains("\"parent\":\"b7ad6b7169203331\"") && line.contains("rpc.response.status_code"),
        "{line}"
    );
}

#[tokio::test]
async fn reflection_is_served_in_both_versions() {
    let dir = tempfile::tempdir().unwrap();
    let authority = Authority::open(dir.path()).unwrap();
    let caller = authority.issue("caller", Purpose::Client).unwrap();
    let mut server = Server::new(
        "127.0.0.1:0".parse().unwrap(),
        authority.issue("server", Purpose::Server).unwrap(),
    );
    server.descriptors = vec![FILE_DESCRIPTOR_SET];
    let running = server
        .start(Routes::default(), std::future::pending())
        .await
        .unwrap();
    let channel = channel(&running, &caller.ca_pem, Some(&caller));
    let ask = ServerReflectionRequest {
        host: String::new(),
        message_request: Some(MessageRequest::ListServices(String::new())),
    };
    ServerReflectionClient::new(channel.clone())
        .server_reflection_info(tokio_stream::iter([ask]))
        .await
        .unwrap();
    let mut older =
        tonic_reflection::pb::v1alpha::server_reflection_client::ServerReflectionClient::new(channel.clone());
    older.server_reflection_info(tokio_stream::empty()).await.unwrap();
    let mut broken = Server::new(
        "127.0.0.1:0".parse().unwrap(),
        authority.issue("server", Purpose::Server).unwrap(),
    );
    broken.descriptors = vec![b"\xff\xff"];
    assert!(
        broken
            .start(Routes::default(), std::future::pending())
            .await
            .is_err()
    );
}
