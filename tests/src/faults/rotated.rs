//! Certificates changed under load: the server's own, the authority, a caller's; nobody is dropped, and no wrong one is let in.

use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, RwLock};
use std::time::{Duration, Instant};

use api::pledge::v1::ListLoansRequest;
use api::registry::v1::create_credential_request::Key;
use api::registry::v1::{CreateCredentialRequest, CredentialRole};
use client::Client;
use platform::database::embedded::temporary_dir;
use platform::identity::{Identity, Purpose, load_identity};
use tokio::task::JoinSet;

use crate::certificates::{Maker, Valid};
use crate::figure::{Asked, Figure, show};
use crate::process::Served;
use crate::sandbox::{client, watch};
use crate::scene::Lending;
use crate::{ids, run};

/// How long the server may take to notice new files.
const NOTICED: Duration = Duration::from_secs(20);

/// Reads its own loans, which needs a certificate that is trusted and registered.
async fn ask(client: &Client) -> Result<(), tonic::Status> {
    let answer = client.pledge().list_loans(ListLoansRequest::default()).await;
    answer.map(drop)
}

/// Callers that never stop: two that keep a connection, and two that open one for each call with whatever identity is current.
struct Load {
    stop: Arc<AtomicBool>,
    answered: Arc<AtomicU64>,
    dropped: Arc<Mutex<Vec<String>>>,
    tasks: JoinSet<()>,
}

impl Load {
    fn start(url: &str, kept: &Identity, current: &Arc<RwLock<Identity>>) -> Self {
        let mut load = Self {
            stop: Arc::default(),
            answered: Arc::default(),
            dropped: Arc::default(),
            tasks: JoinSet::new(),
        };
        for place in 0..4 {
            let (stop, answered, dropped) = (load.stop.clone(), load.answered.clone(), load.dropped.clone());
            let (url, current) = (url.to_owned(), current.clone());
            let keeping = (place < 2).then(|| client(&url, kept));
            load.tasks.spawn(async move {
                while !stop.load(Ordering::Relaxed) {
                    let asking = keeping
                        .clone()
                        .unwrap_or_else(|| client(&url, &current.read().unwrap()));
                    match ask(&asking).await {
                        Ok(()) => {
                            answered.fetch_add(1, Ordering::Relaxed);
                        }
                        Err(status) => dropped.lock().unwrap().push(format!("caller {place}: {status}")),
                    }
                    tokio::time::sleep(Duration::from_millis(5)).await;
                }
            });
        }
        load
    }

    async fn stop(self) -> (u64, Vec<String>) {
        self.stop.store(true, Ordering::Relaxed);
        self.tasks.join_all().await;
        let dropped = std::mem::take(&mut *self.dropped.lock().unwrap());
        (self.answered.load(Ordering::Relaxed), dropped)
    }
}

/// Waits until a call with this identity comes out as wanted.
async fn until(url: &str, identity: &Identity, wanted: bool) -> Duration {
    let begun = Instant::now();
    while ask(&client(url, identity)).await.is_ok() != wanted {
        assert!(begun.elapsed() < NOTICED, "the server does not take the files up");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    begun.elapsed()
}

/// A file as a tool that renews certificates writes it: whole, in one step.
fn put(dir: &Path, name: &str, text: &str) {
    let part = dir.join(format!("{name}.part"));
    std::fs::write(&part, text).unwrap();
    std::fs::rename(part, dir.join(name)).unwrap();
}

fn put_server(dir: &Path, identity: &Identity) {
    put(dir, "server.key", &identity.key_pem);
    put(dir, "server.pem", &identity.certificate_pem);
}

/// Registers a further key of an institution; both are alive from then on.
async fn enrol(server: &Served, holder: &str, identity: &Identity) {
    let request = CreateCredentialRequest {
        request_id: ids::request_id(),
        holder: holder.to_owned(),
        role: CredentialRole::Institution.into(),
        key: Some(Key::CertificatePem(identity.certificate_pem.clone())),
        not_before: None,
        not_after: Some(prost_types::Timestamp {
            seconds: 4_000_000_000,
            nanos: 0,
        }),
    };
    server
        .client("bureau")
        .registry()
        .create_credential(request)
        .await
        .unwrap();
}

/// Certificates that nobody may come in with, each with its name.
fn wrong_ones(own: &Maker, code: &str, trusted: &str) -> Vec<(&'static str, Identity)> {
    let issue = |maker: &Maker, purpose, when| Identity {
        ca_pem: trusted.to_owned(),
        ..maker.issue(code, purpose, when)
    };
    let stranger = Maker::new("somebody else");
    vec![
        ("expired", issue(own, Purpose::Client, Valid::PAST)),
        ("not yet valid", issue(own, Purpose::Client, Valid::FUTURE)),
        ("a server's", issue(own, Purpose::Server, Valid::NOW)),
        (
            "another authority's",
            issue(&stranger, Purpose::Client, Valid::NOW),
        ),
        ("same name, other key", issue(own, Purpose::Client, Valid::NOW)),
    ]
}

/// Rotates everything once under load.
pub fn figures(asked: Asked) -> Vec<Figure> {
    platform::serve::install_crypto_provider();
    run(rotate(asked))
}

async fn rotate(asked: Asked) -> Vec<Figure> {
    let dir = temporary_dir("zhirong-rotated").unwrap();
    let _watchdog = watch(&dir);
    let data = dir.to_str().unwrap().to_owned();
    let served = Served::start(&["--sandbox", "--data", &data, "--listen", "127.0.0.1:0"], &[]);
    let (url, identity) = (served.url().to_owned(), served.identity().to_owned());
    let scene = Lending::new(&served).await;
    let kept = load_identity(&identity, &scene.code).unwrap();
    let current = Arc::new(RwLock::new(kept.clone()));

    // The twin: a restart, as it was needed before.
    let load = Load::start(&url, &kept, &current);
    served.stop();
    let listen = url.trim_start_matches("https://").to_owned();
    let served = Served::start(&["--sandbox", "--data", &data, "--listen", &listen], &[]);
    until(&url, &kept, true).await;
    let (_, dropped_by_restart) = load.stop().await;

    let calm = Duration::from_millis(asked.of(200, 500, 5_000, 60_000));
    let load = Load::start(&url, &kept, &current);
    tokio::time::sleep(calm).await;
    // Old and new authority together; the new one's server certificate; the caller's second key.
    let own = Maker::new("authority of next year");
    let both = format!("{}{}", kept.ca_pem, own.ca_pem);
    put(&identity, "ca.pem", &both);
    let renewed = Identity {
        ca_pem: both.clone(),
        ..own.issue(&scene.code, Purpose::Client, Valid::NOW)
    };
    enrol(&served, &scene.code, &renewed).await;
    let noticed = until(&url, &renewed, true).await;
    *current.write().unwrap() = renewed.clone();
    put_server(&identity, &own.issue("server", Purpose::Server, Valid::NOW));
    let alone = Identity {
        ca_pem: own.ca_pem.clone(),
        ..renewed.clone()
    };
    until(&url, &alone, true).await;
    // Files that do not fit: the ones in use stay.
    let good = load_identity(&identity, "server").unwrap();
    for bad in [
        own.issue("server", Purpose::Server, Valid::PAST),
        own.issue("server", Purpose::Client, Valid::NOW),
        Identity {
            key_pem: good.key_pem.clone(),
            ..own.issue("server", Purpose::Server, Valid::NOW)
        },
    ] {
        put_server(&identity, &bad);
        tokio::time::sleep(Duration::from_millis(2_500)).await;
    }
    put_server(&identity, &good);
    // The old authority goes: whoever has only its certificate has no way in any more, but for connections that are open.
    *current.write().unwrap() = alone.clone();
    put(&identity, "ca.pem", &own.ca_pem);
    let old = Identity {
        ca_pem: own.ca_pem.clone(),
        ..kept.clone()
    };
    until(&url, &old, false).await;
    tokio::time::sleep(calm).await;
    let (answered, dropped) = load.stop().await;

    let mut let_in = Vec::new();
    let wrong = wrong_ones(&own, &scene.code, &own.ca_pem);
    let tried = wrong.len();
    for (what, identity) in wrong {
        if ask(&client(&url, &identity)).await.is_ok() {
            let_in.push(format!("{what} was let in"));
        }
    }
    let right_let_in = u64::from(ask(&client(&url, &alone)).await.is_ok());
    show("rotated", &dropped);
    show("rotated", &let_in);
    served.kill();
    vec![
        Figure::none("requests dropped while certificates were rotated", dropped.len()),
        Figure::red_twin(
            "requests dropped while certificates were rotated",
            dropped_by_restart.len(),
        ),
        Figure::at_least("requests answered meanwhile", answered, 100),
        Figure::within("new certificates taken up (s)", noticed, 20),
        Figure::none("wrong certificates let in", let_in.len()),
        Figure::exactly("wrong certificates tried", tried, 5_u64),
        // The same question with a certificate that is right: it must be able to tell.
        Figure::red_twin("wrong certificates let in", right_let_in),
    ]
}
