//! The services apart as `deploy` runs them: each its own process, database login and certificate, all made by deploy's own scripts;
//! a client that knows several addresses; and none that can take on another's rights.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Command;

use api::pledge::v1::ReportLoanRequest;
use api::registry::v1::create_credential_request::Key;
use api::registry::v1::{CreateCredentialRequest, CredentialRole};
use api::settlement::v1 as pb;
use client::Client;
use platform::database::embedded::{Cluster, find, temporary_dir};
use platform::identity::load_identity;
use sqlx::postgres::PgConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, Executor};
use tonic::Code;
use zhirong::node::SERVICES;
use zhirong_tests::answer::{assert_refused, yuan};
use zhirong_tests::earnest::{checked, copy_deploy, environment, prepare};
use zhirong_tests::process::{Served, program};
use zhirong_tests::sandbox::{client, socket_of, watch};
use zhirong_tests::scene::{Clients, Lending};
use zhirong_tests::{batch, ids, run};

/// What `deploy` makes, and the processes over it.
struct Apart {
    deploy: PathBuf,
    socket: String,
    served: BTreeMap<&'static str, Served>,
}

impl Apart {
    fn data(&self, service: &str) -> PathBuf {
        self.deploy.join("data").join(service)
    }

    fn start(&mut self, service: &'static str) {
        let data = self.data(service);
        if !data.exists() {
            std::fs::create_dir_all(&data).unwrap();
            let own = self.deploy.join("identity").join(service);
            std::os::unix::fs::symlink(own, data.join("identity")).unwrap();
        }
        let args = [
            "--data",
            data.to_str().unwrap(),
            "--listen",
            "127.0.0.1:0",
            "--role",
            service,
        ];
        let login = format!("zhirong_login_{service}");
        let environment = environment(&self.deploy, &self.socket, &login, service);
        let environment: Vec<(&str, &str)> = environment
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
            .collect();
        self.served.insert(service, Served::start(&args, &environment));
    }

    /// Whether the health command, as the containers run it, says that a service serves.
    fn is_healthy(&self, service: &str, address_of: &str) -> bool {
        let mut probe = Command::new(program());
        probe.args([
            "health",
            "--server",
            self.served[address_of].url(),
            "--service",
            service,
        ]);
        probe
            .arg("--identity")
            .arg(self.deploy.join("identity").join(service));
        probe.output().unwrap().status.success()
    }

    fn at(&self, service: &str, name: &str) -> Client {
        let folder = self.deploy.join("identity/people").join(name);
        if !folder.exists() {
            checked(Command::new(self.deploy.join("make-secrets.sh")).args(["--certificate", name]));
        }
        client(self.served[service].url(), &load_identity(&folder, name).unwrap())
    }
}

impl Clients for Apart {
    /// Each caller at the service that it has to do with.
    fn client(&self, name: &str) -> Client {
        let service = match name {
            "bureau" => "registry",
            _ if name.starts_with("finance") => "settlement",
            _ => "pledge",
        };
        self.at(service, name)
    }
}

/// A login may take on its own service's role, and no other; without a role it reads no record.
async fn check_rights(apart: &Apart, login: &str, own: &str, others: &[&str]) {
    let password = std::fs::read_to_string(apart.deploy.join(format!("secrets/{own}_password"))).unwrap();
    let options = PgConnectOptions::new_without_pgpass()
        .socket(&apart.socket)
        .username(login)
        .password(&password)
        .database("zhirong");
    let mut connection = options.connect().await.unwrap();
    let denied = |error: sqlx::Error| {
        error
            .as_database_error()
            .and_then(|error| error.code().map(|code| code.into_owned()))
    };
    let bare = connection.execute("select from pledge.loan").await.unwrap_err();
    assert_eq!(denied(bare).as_deref(), Some("42501"), "{login} without a role");
    for other in others {
        let taken = connection
            .execute(AssertSqlSafe(format!("set role zhirong_{other}")))
            .await;
        assert_eq!(
            denied(taken.unwrap_err()).as_deref(),
            Some("42501"),
            "{login} as {other}"
        );
    }
    connection
        .execute(AssertSqlSafe(format!("set role zhirong_{own}")))
        .await
        .unwrap();
    connection.close().await.unwrap();
}

/// A loan from its report to its line, each call at the service that has it.
async fn one_yuans_way(apart: &Apart) {
    let (scene, year) = (Lending::new(apart).await, ids::year());
    let folder = apart.deploy.join("identity/people").join(&scene.code);
    let certificate = load_identity(&folder, &scene.code).unwrap().certificate_pem;
    let report: ReportLoanRequest = scene.report(year, "8000000.00");
    let refused = scene.bank.pledge().report_loan(report.clone()).await;
    assert_refused(refused, Code::Unauthenticated, "CALLER_UNKNOWN");
    let enrol = CreateCredentialRequest {
        request_id: ids::request_id(),
        holder: scene.code.clone(),
        role: CredentialRole::Institution.into(),
        key: Some(Key::CertificatePem(certificate)),
        not_before: None,
        // 2096, long after the certificate's own end.
        not_after: Some(prost_types::Timestamp {
            seconds: 4_000_000_000,
            nanos: 0,
        }),
    };
    apart
        .client("bureau")
        .registry()
        .create_credential(enrol)
        .await
        .unwrap();
    scene.bank.pledge().report_loan(report).await.unwrap();
    let mut maker = apart.client("finance-maker").settlement();
    let opened = maker
        .open_batch(batch::opening(year, "2026-03-31"))
        .await
        .unwrap()
        .into_inner();
    let name = opened.batch.unwrap().name;
    let compute = pb::ComputeBatchRequest {
        request_id: ids::request_id(),
        name: name.clone(),
    };
    maker.compute_batch(compute).await.unwrap();
    let list = pb::ListLinesRequest {
        parent: name,
        page_size: 100,
        ..Default::default()
    };
    let lines = maker.list_lines(list).await.unwrap().into_inner().lines;
    let amounts: Vec<String> = lines.iter().map(|line| yuan(&line.amount).to_owned()).collect();
    assert_eq!(amounts, ["80000.00", "150000.00"]);
}

#[test]
fn services_apart_run_with_a_login_and_a_certificate_each() {
    run(async {
        platform::serve::install_crypto_provider();
        let dir = temporary_dir("zhirong-apart").unwrap();
        let _watchdog = watch(&dir);
        let programs = find(None, &dir).unwrap();
        let cluster = Cluster::start(&dir, &programs).await.unwrap();
        let mut apart = Apart {
            deploy: dir.join("deploy"),
            socket: socket_of(&dir),
            served: BTreeMap::new(),
        };
        copy_deploy(&apart.deploy);
        prepare(&apart.deploy, &apart.socket, &cluster.options(), &programs.bin).await;
        for service in SERVICES {
            apart.start(service);
        }
        for service in SERVICES {
            assert!(apart.is_healthy(service, service), "{service}");
            // The authority's key and other people's are nowhere near a service.
            let folder = apart.deploy.join("identity").join(service);
            let mut keys: Vec<String> = std::fs::read_dir(folder)
                .unwrap()
                .map(|entry| entry.unwrap().file_name().into_string().unwrap())
                .filter(|name| name.ends_with(".key"))
                .collect();
            keys.sort_unstable();
            assert_eq!(keys, ["probe.key", "server.key"], "{service}");
        }
        // A process that does not have the service says so.
        assert!(!apart.is_healthy("settlement", "pledge"));
        check_rights(
            &apart,
            "zhirong_login_pledge",
            "pledge",
            &["settlement", "registry", "insurance", "owner"],
        )
        .await;
        one_yuans_way(&apart).await;
        let gone = apart.served.remove("pledge").unwrap();
        gone.stop();
        apart.start("pledge");
        assert!(apart.is_healthy("pledge", "pledge"));
        std::mem::take(&mut apart.served)
            .into_values()
            .for_each(Served::stop);
        cluster.stop().await.unwrap();
    });
}
