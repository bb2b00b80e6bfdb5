//! One run, and what the collector must have of it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use sqlx::{Executor, PgConnection};
use tokio::sync::oneshot;
use tonic::service::Routes;
use tonic::service::interceptor::InterceptedService;
use tonic::transport::{Certificate, Channel, ClientTlsConfig, Endpoint, Identity as PemIdentity};
use tonic::{Code, Request, Status};
use tonic_reflection::pb::v1::server_reflection_client::ServerReflectionClient;
use tonic_reflection::pb::v1::server_reflection_request::MessageRequest;
use tonic_reflection::pb::v1::{FILE_DESCRIPTOR_SET, ServerReflectionRequest};
use tonic_types::StatusExt;
use zhirong_platform::config::Settings;
use zhirong_platform::database::{BoxFuture, Database, Scope};
use zhirong_platform::identity::{Authority, Purpose};
use zhirong_platform::metrics::Counter;
use zhirong_platform::serve::{Running, Server};
use zhirong_platform::{Error, telemetry};

use crate::collector::{Collector, Series};
use crate::support::Bench;

const METHOD: &str = "grpc.reflection.v1.ServerReflection/ServerReflectionInfo";
const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
const CONFLICT: &str = "do $$ begin raise exception using errcode = '40001'; end $$";
const BROKEN: &str = "select 1 / 0";
/// The first commit of an insert ends its own connection.
const BREAK_AT_COMMIT: &str = "
    create table kept (n bigint);
    create sequence broken;
    create function break_once() returns trigger language plpgsql as $$
        begin
            if nextval('broken') = 1 then
                perform pg_terminate_backend(pg_backend_pid());
                perform pg_sleep(1);
            end if;
            return null;
        end $$;
    create constraint trigger breaks after insert on kept
        deferrable initially deferred for each row execute function break_once()";

static COMMITTED: Counter = Counter::new("test.committed", "{row}", "Counted inside the work.");
static UNKNOWN: Counter = Counter::new(
    "test.unknown",
    "{row}",
    "Counted in a try whose commit is unknown.",
);
static AT_ONCE: Counter = Counter::new(
    "test.at_once",
    "{row}",
    "The twin: counted outside of the transaction's task.",
);

/// Work that fails with a statement on its first tries, counting each time; the twin counts from a task of its own.
fn counting(
    statement: &'static str,
    failures: u64,
    tries: &Arc<AtomicU64>,
) -> impl for<'c> Fn(&'c mut PgConnection) -> BoxFuture<'c, Result<(), Error>> + Send + Sync + 'static {
    let tries = tries.clone();
    move |connection| {
        let tries = tries.clone();
        Box::pin(async move {
            COMMITTED.record(5, &[("kind", "a")]);
            tokio::spawn(async { AT_ONCE.record(5, &[("kind", "a")]) }).await?;
            if tries.fetch_add(1, Ordering::SeqCst) < failures {
                connection.execute(statement).await?;
            }
            Ok(())
        })
    }
}

/// Three transactions: one at once, one at its third try, one that is rolled back for good.
async fn transactions(database: &Database) {
    let scope = Scope::owner();
    for (name, statement, failures, is_done) in [
        ("test.plain", CONFLICT, 0, true),
        ("test.retried", CONFLICT, 2, true),
        ("test.broken", BROKEN, 9, false),
    ] {
        let tries = Arc::new(AtomicU64::new(0));
        let result = database
            .run(name, &scope, counting(statement, failures, &tries))
            .await;
        assert_eq!(result.is_ok(), is_done, "{name}: {result:?}");
    }
}

/// Work that writes and counts on its first try, and finds itself done on the next.
fn once(
    tries: &Arc<AtomicU64>,
) -> impl for<'c> Fn(&'c mut PgConnection) -> BoxFuture<'c, Result<(), Error>> + Send + Sync + 'static {
    let tries = tries.clone();
    move |connection| {
        let is_first = tries.fetch_add(1, Ordering::SeqCst) == 0;
        Box::pin(async move {
            if is_first {
                UNKNOWN.record(7, &[]);
                connection.execute("insert into kept values (1)").await?;
            }
            Ok(())
        })
    }
}

/// The connection breaks during the first commit. The next try finds the work done, as under a request key, and records nothing of its
/// own: what the first one recorded counts, once. Where nobody tries again, nothing is known and nothing is counted.
async fn unknown_commits(database: &Database) {
    database.pool().execute(BREAK_AT_COMMIT).await.unwrap();
    let (keyed, plain) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
    let scope = Scope::owner();
    database
        .run_keyed("test.keyed", &scope, once(&keyed))
        .await
        .unwrap();
    database
        .pool()
        .execute("alter sequence broken restart")
        .await
        .unwrap();
    let error = database
        .run("test.unknown", &scope, once(&plain))
        .await
        .unwrap_err();
    assert!(matches!(error, Error::CommitUnknown(_)), "{error:?}");
    assert_eq!(keyed.load(Ordering::SeqCst), 2);
}

/// A server that answers reflection, refuses a caller of the second version of it, and never answers the first call of `slow`.
async fn server(authority: &Authority, stopped: oneshot::Receiver<()>) -> Running {
    let reflection = tonic_reflection::server::Builder::configure()
        .register_encoded_file_descriptor_set(FILE_DESCRIPTOR_SET);
    let v1 = reflection.build_v1().unwrap();
    let alpha = tonic_reflection::server::Builder::configure()
        .register_encoded_file_descriptor_set(FILE_DESCRIPTOR_SET)
        .build_v1alpha()
        .unwrap();
    let refused = InterceptedService::new(alpha, |_: Request<()>| {
        Err::<Request<()>, Status>(Status::unavailable("not today"))
    });
    let mut server = Server::new(
        "127.0.0.1:0".parse().unwrap(),
        authority.issue("server", Purpose::Server).unwrap(),
    );
    server.limits.request_time = Duration::from_secs(20);
    let routes = Routes::new(v1).add_service(refused);
    server
        .start(routes, async { stopped.await.unwrap_or(()) })
        .await
        .unwrap()
}

fn channel(running: &Running, authority: &Authority) -> Channel {
    let caller = authority.issue("caller", Purpose::Client).unwrap();
    let tls = ClientTlsConfig::new()
        .ca_certificate(Certificate::from_pem(&caller.ca_pem))
        .domain_name("localhost")
        .identity(PemIdentity::from_pem(&caller.certificate_pem, &caller.key_pem));
    let endpoint = Endpoint::from_shared(format!("https://{}", running.address())).unwrap();
    endpoint.tls_config(tls).unwrap().connect_lazy()
}

fn ask() -> impl tonic::IntoStreamingRequest<Message = ServerReflectionRequest> {
    let ask = ServerReflectionRequest {
        host: String::new(),
        message_request: Some(MessageRequest::ListServices(String::new())),
    };
    let mut request = Request::new(tokio_stream::iter([ask]));
    let parent = format!("00-{TRACE}-b7ad6b7169203331-01");
    request
        .metadata_mut()
        .insert("traceparent", parent.parse().unwrap());
    request
}

/// A call that is answered, one that a handler refuses, and one that no service has.
async fn calls(channel: Channel) -> Status {
    let mut client = ServerReflectionClient::new(channel.clone());
    let mut answers = client.server_reflection_info(ask()).await.unwrap().into_inner();
    while answers.message().await.unwrap().is_some() {}
    let mut older =
        tonic_reflection::pb::v1alpha::server_reflection_client::ServerReflectionClient::new(channel.clone());
    let refused = older
        .server_reflection_info(tokio_stream::empty())
        .await
        .unwrap_err();
    assert_eq!(refused.code(), Code::Unavailable);
    let mut nobody = tonic::client::Grpc::new(channel);
    nobody.ready().await.unwrap();
    let codec = tonic_prost::ProstCodec::<(), ()>::default();
    let path = "/nobody.v1.Nobody/Serves".parse().unwrap();
    nobody.unary(Request::new(()), path, codec).await.unwrap_err()
}

fn one<'a>(all: &'a [Series], key: &str, value: &str) -> &'a Series {
    let mut own = all
        .iter()
        .filter(|series| series.attributes.get(key).is_some_and(|own| own == value));
    let found = own
        .next()
        .unwrap_or_else(|| panic!("no series has {key}={value}: {all:#?}"));
    assert!(
        own.next().is_none(),
        "several series have {key}={value}: {all:#?}"
    );
    found
}

fn check_calls(collector: &Collector, port: u16) {
    let span = collector.spans(METHOD).pop().expect("the call has a span");
    assert_eq!(
        (span.kind, span.trace_id.as_str(), span.parent.as_str()),
        (2, TRACE, "b7ad6b7169203331")
    );
    assert!(!span.is_error);
    for (key, value) in [
        ("rpc.system.name", "grpc"),
        ("rpc.method", METHOD),
        ("rpc.response.status_code", "OK"),
        ("server.address", "127.0.0.1"),
        ("server.port", &port.to_string()),
    ] {
        assert_eq!(
            span.attributes.get(key).map(String::as_str),
            Some(value),
            "{key}: {span:?}"
        );
    }
    let durations = collector.series("rpc.server.call.duration");
    let served = one(&durations, "rpc.method", METHOD);
    assert_eq!((served.value, served.unit.as_str()), (1, "s"));
    assert_eq!(served.boundaries, zhirong_platform::metrics::CALL_SECONDS);
    assert!(!served.attributes.contains_key("error.type"));
    let refused = one(&durations, "rpc.response.status_code", "UNAVAILABLE");
    assert_eq!(
        refused.attributes.get("error.type").map(String::as_str),
        Some("UNAVAILABLE")
    );
    // The unknown method's own name is in the span and in no series.
    let unknown = one(&durations, "rpc.method", "_OTHER");
    assert_eq!(
        unknown
            .attributes
            .get("rpc.response.status_code")
            .map(String::as_str),
        Some("UNIMPLEMENTED")
    );
    let span = collector.spans("nobody.v1.Nobody/Serves").pop().unwrap();
    assert!(span.is_error);
}

fn check_database(collector: &Collector) {
    let durations = collector.series("db.client.operation.duration");
    for name in ["test.plain", "test.retried", "test.broken"] {
        let own = one(&durations, "db.operation.name", name);
        assert_eq!((own.value, own.unit.as_str()), (1, "s"), "{name}");
        assert_eq!(
            own.attributes.get("db.system.name").map(String::as_str),
            Some("postgresql")
        );
        // Division by zero, as PostgreSQL numbers it.
        let failed = (name == "test.broken").then_some("22012");
        assert_eq!(
            own.attributes.get("error.type").map(String::as_str),
            failed,
            "{name}"
        );
        let span = collector.spans(name).pop().unwrap();
        assert_eq!((span.kind, span.is_error), (3, failed.is_some()), "{name}");
        assert!(
            !span.attributes.values().any(|value| value.contains("select")),
            "{span:?}"
        );
    }
    assert!(
        one(
            &collector.series("db.client.connection.count"),
            "db.client.connection.state",
            "idle"
        )
        .value
            > 0
    );
    assert_eq!(collector.sum("db.client.connection.pending_requests", &[]), 0);
    assert_eq!(collector.sum("db.client.connection.max", &[]), 10);
    assert!(collector.sum("process.memory.usage", &[]) > 1 << 20);
    assert_eq!(collector.series("process.uptime")[0].unit, "s");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_is_seen_by_the_collector_as_the_conventions_name_it() {
    let (collector, address) = Collector::start().await;
    let settings = Settings {
        otlp_endpoint: Some(format!("http://{address}")),
        roles: vec!["part".to_owned()],
        log_level: "error".to_owned(),
        ..Settings::default()
    };
    let guard = telemetry::init(&settings).unwrap();
    let bench = Bench::new("select 1").await;
    transactions(&bench.database).await;
    unknown_commits(&bench.database).await;

    let authority = Authority::open(&bench.folder.path().join("identity")).unwrap();
    let (stop, stopped) = oneshot::channel::<()>();
    let running = server(&authority, stopped).await;
    let port = running.address().port();
    let unknown = calls(channel(&running, &authority)).await;
    assert_eq!(unknown.code(), Code::Unimplemented);
    let info = unknown.get_details_error_info().unwrap();
    assert_eq!(
        (info.reason.as_str(), info.metadata["trace_id"].len()),
        ("METHOD_UNKNOWN", 32)
    );
    stop.send(()).unwrap();
    running.finished().await.unwrap();
    tokio::task::spawn_blocking(move || drop(guard)).await.unwrap();

    check_calls(&collector, port);
    check_database(&collector);
    let known = [
        "db.client.connection.count",
        "db.client.connection.max",
        "db.client.connection.pending_requests",
        "db.client.connection.wait_time",
        "db.client.operation.duration",
        "process.memory.usage",
        "process.uptime",
        "rpc.server.call.duration",
        "test.at_once",
        "test.committed",
        "test.unknown",
        "zhirong.refusals",
    ];
    assert_eq!(collector.names(), known);
    assert_eq!(
        collector.sum("zhirong.refusals", &[("reason", "METHOD_UNKNOWN")]),
        1
    );
    let names: Vec<_> = collector
        .resources()
        .iter()
        .map(|own| own["service.name"].clone())
        .collect();
    assert!(names.iter().all(|name| name == "zhirong-part"), "{names:?}");
    // Two of three transactions were committed, each counted once; the twin counts every one of the five tries.
    assert_eq!(collector.sum("test.committed", &[("kind", "a")]), 10);
    assert_eq!(collector.sum("test.at_once", &[("kind", "a")]), 25);
    assert_eq!(collector.sum("test.unknown", &[]), 7);
    bench.cluster.stop().await.unwrap();
}
