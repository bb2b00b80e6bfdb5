//! A node of the product in a folder of its own: embedded database, services, certificates.

use std::collections::HashMap;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;

use client::Client;
use platform::config::{Oidc, Settings};
use platform::database::embedded::temporary_dir;
use platform::identity::{Identity, load_identity};
use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{ConnectOptions, Connection};
use tokio::sync::OnceCell;
use tonic::transport::{Certificate, Channel, ClientTlsConfig, Endpoint};
use zhirong::node::Node;

/// A running sandbox.
pub struct Sandbox {
    dir: PathBuf,
    node: Node,
    clients: Mutex<HashMap<String, Client>>,
    /// Ends the database and removes the folder when this process is gone, however it went.
    watchdog: Option<Watchdog>,
}

/// The sandbox that the tests of one binary share.
pub async fn shared() -> &'static Sandbox {
    static SHARED: OnceCell<Sandbox> = OnceCell::const_new();
    SHARED.get_or_init(Sandbox::start).await
}

impl Sandbox {
    /// Starts one in a fresh temporary folder.
    pub async fn start() -> Self {
        let dir = temporary_dir("zhirong-tests").unwrap();
        let watchdog = watch(&dir);
        let mut sandbox = Self::open(&dir).await;
        sandbox.watchdog = Some(watchdog);
        sandbox
    }

    /// Starts one whose people sign in by these settings instead of its own provider.
    pub async fn signing_in_by(oidc: Oidc) -> Self {
        let dir = temporary_dir("zhirong-tests").unwrap();
        let watchdog = watch(&dir);
        let mut sandbox = Self::with(
            &dir,
            Settings {
                oidc,
                ..Settings::default()
            },
        )
        .await;
        sandbox.watchdog = Some(watchdog);
        sandbox
    }

    /// Starts one over a folder that the caller removes.
    pub async fn open(dir: &Path) -> Self {
        Self::with(dir, Settings::default()).await
    }

    /// The same with some settings of its own; folder, addresses and that it is a sandbox are not among them.
    pub async fn with(dir: &Path, settings: Settings) -> Self {
        platform::serve::install_crypto_provider();
        let settings = Settings {
            data: dir.to_path_buf(),
            listen: ([127, 0, 0, 1], 0).into(),
            people_listen: Some(([127, 0, 0, 1], 0).into()),
            sandbox: true,
            ..settings
        };
        let node = Node::start(&settings).await.unwrap();
        Self {
            dir: dir.to_path_buf(),
            node,
            clients: Mutex::default(),
            watchdog: None,
        }
    }

    /// Its address.
    pub fn url(&self) -> &str {
        self.node.url()
    }

    /// Its address for people without a certificate.
    pub fn people_url(&self) -> String {
        self.node.people_url().unwrap()
    }

    /// The folder of its certificates.
    pub fn identity_dir(&self) -> &Path {
        self.node.identity()
    }

    /// Whether a certificate of that name is there.
    pub fn knows(&self, name: &str) -> bool {
        !name.contains('/') && self.identity_dir().join(format!("{name}.pem")).is_file()
    }

    /// A client known by a certificate of the sandbox: `bureau`, `finance-maker`, an institution code.
    pub fn client(&self, name: &str) -> Client {
        let mut clients = self.clients.lock().unwrap();
        let made = clients.entry(name.to_owned()).or_insert_with(|| {
            let identity = load_identity(self.identity_dir(), name).unwrap();
            client(self.url(), &identity)
        });
        made.clone()
    }

    /// A connection to its database as the owner, past row-level security: for proofs, not for the product.
    pub async fn database(&self) -> PgConnection {
        options_of(&self.dir).connect().await.unwrap()
    }

    /// Stops the node and removes its folder.
    pub async fn stop(self) {
        self.node.stop().await.unwrap();
        drop(self.watchdog);
    }
}

/// A client of any address with any identity.
pub fn client(url: &str, identity: &Identity) -> Client {
    Client::connect(
        url,
        &identity.ca_pem,
        &identity.certificate_pem,
        &identity.key_pem,
    )
    .unwrap()
}

/// A bare channel, for calls that the typed client does not make: without a certificate, or of raw bytes.
pub fn channel(url: &str, ca_pem: &str, identity: Option<&Identity>) -> Channel {
    let mut tls = ClientTlsConfig::new().ca_certificate(Certificate::from_pem(ca_pem));
    if let Some(identity) = identity {
        tls = tls.identity(tonic::transport::Identity::from_pem(
            &identity.certificate_pem,
            &identity.key_pem,
        ));
    }
    Endpoint::from_shared(url.to_owned())
        .unwrap()
        .tls_config(tls)
        .unwrap()
        .connect_lazy()
}

/// How to reach the database of a data folder: its password and socket are files in it.
pub fn options_of(dir: &Path) -> PgConnectOptions {
    let dir = dir.canonicalize().unwrap();
    let password = std::fs::read_to_string(dir.join("pg.password")).unwrap();
    PgConnectOptions::new_without_pgpass()
        .socket(socket_of(&dir))
        .port(5432)
        .username("zhirong")
        .password(password.trim())
        .database("zhirong")
}

/// The socket folder of a running database, as its own pid file names it.
pub fn socket_of(dir: &Path) -> String {
    let text = std::fs::read_to_string(dir.join("pg/postmaster.pid")).unwrap();
    text.lines().nth(4).unwrap().to_owned()
}

/// Closes a connection of [`Sandbox::database`].
pub async fn close(connection: PgConnection) {
    connection.close().await.unwrap();
}

/// A folder that is cleared away with the database in it, when this is dropped or the process is gone.
pub struct Watchdog(Child);

impl Drop for Watchdog {
    fn drop(&mut self) {
        // It sees the end of its input, clears the folder away and goes.
        drop(self.0.stdin.take());
        let _gone = self.0.wait();
    }
}

/// A process that waits for the end of this one, then stops the database of the folder and removes the folder. Statics are
/// never dropped, and a test that is killed drops nothing: without this each run would leave a server behind.
pub fn watch(dir: &Path) -> Watchdog {
    let script = r#"cat >/dev/null
pid=$(head -n 1 "$1/pg/postmaster.pid" 2>/dev/null)
if [ -n "$pid" ]; then
    kill -INT "$pid" 2>/dev/null
    while kill -0 "$pid" 2>/dev/null; do sleep 0.05; done
fi
rm -rf "$1""#;
    let child = Command::new("sh")
        .args(["-c", script, "sh"])
        .arg(dir)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .process_group(0)
        .spawn()
        .unwrap();
    Watchdog(child)
}
