//! The services as processes of their own on one database: each may die alone.

use client::Client;
use platform::database::embedded::{Cluster, find, temporary_dir};
use platform::database::{Database, Tuning};
use tonic::Code;
use zhirong_tests::process::Served;
use zhirong_tests::records;
use zhirong_tests::sandbox::{socket_of, watch};
use zhirong_tests::{ids, run};

const SERVICES: [&str; 5] = ["registry", "pledge", "insurance", "settlement", "notify"];

/// Asks one service for something only it knows.
async fn ask(service: &str, client: &Client) -> Result<(), tonic::Status> {
    use api::{insurance, notify, pledge, registry, settlement};
    match service {
        "registry" => drop(
            client
                .registry()
                .list_patents(registry::v1::ListPatentsRequest::default())
                .await?,
        ),
        "pledge" => drop(
            client
                .pledge()
                .list_loans(pledge::v1::ListLoansRequest::default())
                .await?,
        ),
        "insurance" => drop(
            client
                .insurance()
                .list_policies(insurance::v1::ListPoliciesRequest::default())
                .await?,
        ),
        "notify" => drop(
            client
                .webhook()
                .list_webhook_endpoints(notify::v1::ListWebhookEndpointsRequest::default())
                .await?,
        ),
        _ => drop(
            client
                .settlement()
                .list_batches(settlement::v1::ListBatchesRequest::default())
                .await?,
        ),
    }
    Ok(())
}

fn caller_of<'a>(service: &str, institution: &'a str) -> &'a str {
    match service {
        "pledge" | "insurance" => institution,
        _ => "auditor",
    }
}

struct City {
    data: String,
    url: String,
    processes: Vec<Option<Served>>,
}

impl City {
    fn start(&mut self, place: usize) {
        let args = [
            "--sandbox",
            "--data",
            &self.data,
            "--listen",
            "127.0.0.1:0",
            "--role",
            SERVICES[place],
        ];
        self.processes[place] = Some(Served::start(&args, &[("ZHIRONG_DATABASE_URL", &self.url)]));
    }

    fn process(&self, place: usize) -> &Served {
        self.processes[place].as_ref().unwrap()
    }
}

#[test]
fn each_process_dies_alone_and_the_others_answer() {
    run(async {
        platform::serve::install_crypto_provider();
        let dir = temporary_dir("zhirong-separate").unwrap();
        let _watchdog = watch(&dir);
        let cluster = Cluster::start(&dir, &find(None, &dir).unwrap()).await.unwrap();
        let owner = Database::connect(cluster.options(), &Tuning::default())
            .await
            .unwrap();
        owner.migrate().await.unwrap();
        owner.close().await;
        let password = std::fs::read_to_string(dir.join("pg.password")).unwrap();
        let url = format!(
            "postgres://zhirong:{}@localhost/zhirong?host={}",
            password.trim(),
            socket_of(&dir)
        );
        let data = dir.join("services").to_str().unwrap().to_owned();
        let mut city = City {
            data,
            url,
            processes: SERVICES.iter().map(|_| None).collect(),
        };
        // The registry first: it enrols the people whose certificates the others know.
        for place in 0..SERVICES.len() {
            city.start(place);
        }
        let (number, bureau) = (ids::fresh(), city.process(0).client("bureau"));
        let code = ids::bank(number);
        let request = api::registry::v1::RegisterInstitutionRequest {
            request_id: ids::request_id(),
            institution: Some(records::institution(
                &code,
                records::BANK,
                &ids::legal_person(number),
            )),
            revision: None,
        };
        bureau.registry().register_institution(request).await.unwrap();
        for place in 0..SERVICES.len() {
            // A process serves its own service and no other.
            for (other, service) in SERVICES.iter().enumerate() {
                let client = city.process(place).client(caller_of(service, &code));
                let answer = ask(service, &client).await;
                match answer {
                    Ok(()) => assert_eq!(place, other, "{service}"),
                    Err(status) => assert_eq!(
                        (status.code(), place != other),
                        (Code::Unimplemented, true),
                        "{status:?}"
                    ),
                }
            }
        }
        for (dead, killed) in SERVICES.iter().enumerate() {
            let gone = city.processes[dead].take().unwrap();
            let orphan = gone.client(caller_of(killed, &code));
            gone.kill();
            assert!(ask(killed, &orphan).await.is_err(), "{killed} is dead");
            for (place, service) in SERVICES.iter().enumerate().filter(|(place, _)| *place != dead) {
                let client = city.process(place).client(caller_of(service, &code));
                ask(service, &client)
                    .await
                    .unwrap_or_else(|status| panic!("{service}: {status:?}"));
            }
            // Not only reads: a bank goes on reporting while the registry is down.
            if *killed != "pledge" {
                let loan = records::loan(
                    &format!("HT-{dead}"),
                    &ids::enterprise(1),
                    "100000.00",
                    &ids::pledge(1),
                );
                let request = api::pledge::v1::ReportLoanRequest {
                    request_id: ids::request_id(),
                    loan: Some(loan),
                    ..Default::default()
                };
                city.process(1)
                    .client(&code)
                    .pledge()
                    .report_loan(request)
                    .await
                    .unwrap();
            }
            city.start(dead);
            let client = city.process(dead).client(caller_of(killed, &code));
            ask(killed, &client).await.unwrap();
        }
        city.processes.into_iter().flatten().for_each(Served::stop);
        cluster.stop().await.unwrap();
    });
}
