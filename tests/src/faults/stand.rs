//! What the groups of killed processes and bad lines stand on: a cluster of its own, the real program over it, and a line with a
//! switchboard on either side of the program.

use std::path::PathBuf;
use std::sync::Arc;

use client::Client;
use platform::database::embedded::temporary_dir;
use platform::identity::load_identity;
use platform::twin::{Twin, VARIABLE};

use crate::cluster::Cluster;
use crate::dynamic::Callers;
use crate::fault_proxy::postgres::Statements;
use crate::fault_proxy::{Proxy, Target};
use crate::process::Served;
use crate::sandbox::{self, Watchdog, watch};
use crate::scene::Clients;

/// A database, a server, and the lines.
pub(super) struct Stand {
    server: Option<Served>,
    data: PathBuf,
    _watchdog: Watchdog,
    pool: u32,
    /// Between clients and the program; it stays where it is when the program starts again.
    pub(super) front: Proxy,
    /// Between the program and the database.
    pub(super) line: Proxy,
    /// What is done to statements, on a line that understands them.
    pub(super) statements: Arc<Statements>,
    /// The database.
    pub(super) cluster: Cluster,
}

impl Stand {
    /// A database with the schema, and no server yet; the line carries bytes.
    pub(super) async fn new() -> Self {
        let cluster = Cluster::start().await;
        let line = Proxy::start(Target::Socket(cluster.socket())).await;
        Self::over(cluster, line, Arc::default()).await
    }

    /// As [`Stand::new`], with a line that understands statements and a pool of so many connections.
    pub(super) async fn of_statements(pool: u32) -> Self {
        let (cluster, statements) = (Cluster::start().await, Arc::<Statements>::default());
        let line = Proxy::of_statements(Target::Socket(cluster.socket()), statements.clone()).await;
        let stand = Self::over(cluster, line, statements).await;
        Self { pool, ..stand }
    }

    async fn over(cluster: Cluster, line: Proxy, statements: Arc<Statements>) -> Self {
        platform::serve::install_crypto_provider();
        cluster.migrate();
        // Its certificates outlive a database that is given up for its standby.
        let data = temporary_dir("zhirong-server").unwrap();
        Self {
            _watchdog: watch(&data),
            data,
            cluster,
            line,
            front: Proxy::start(Target::Port(0)).await,
            statements,
            server: None,
            pool: 10,
        }
    }

    /// Starts the program as it is shipped.
    pub(super) fn serve(&mut self) {
        self.serve_as(&[]);
    }

    /// Starts the program as some twins.
    pub(super) fn serve_as(&mut self, twins: &[Twin]) {
        let names: Vec<&str> = twins.iter().map(|twin| twin.as_str()).collect();
        let (names, pool) = (names.join(","), self.pool.to_string());
        let url = self.cluster.url(self.line.port());
        let mut environment = vec![
            ("ZHIRONG_DATABASE_URL", url.as_str()),
            ("ZHIRONG_DATABASE_MAX_CONNECTIONS", pool.as_str()),
        ];
        if !twins.is_empty() {
            environment.push((VARIABLE, &names));
        }
        let data = self.data.to_str().unwrap();
        let args = ["--sandbox", "--data", data, "--listen", "127.0.0.1:0"];
        let server = Served::start(&args, &environment);
        let port = server.url().rsplit(':').next().unwrap().parse().unwrap();
        self.front.point_at(Target::Port(port));
        self.server = Some(server);
    }

    /// Kills the program, and cuts what went through its line as the system would.
    pub(super) fn kill_server(&mut self) {
        self.server.take().unwrap().kill();
        self.front.cut();
    }

    /// Waits until the program has crashed by itself.
    pub(super) fn await_crash(&mut self) {
        self.server.take().unwrap().await_crash();
        self.front.cut();
    }

    /// Kills every process of the database and starts it again.
    pub(super) async fn kill_database(&mut self) {
        self.cluster.kill();
        self.line.cut();
        self.cluster.open().await;
        self.line.point_at(Target::Socket(self.cluster.socket()));
    }

    /// Callers by descriptor.
    pub(super) fn callers(&self) -> Callers {
        Callers::new(self.front.url(), self.identity())
    }

    /// The folder of the program's certificates.
    pub(super) fn identity(&self) -> PathBuf {
        self.data.join("identity")
    }
}

impl Clients for Stand {
    fn client(&self, name: &str) -> Client {
        sandbox::client(&self.front.url(), &load_identity(&self.identity(), name).unwrap())
    }
}
