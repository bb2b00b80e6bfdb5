//! Who is let in: how many calls at once, for how long a key, over which TLS.

use std::time::Duration;

use api::pledge::v1 as pb;
use api::registry::v1 as registry;
use platform::config::Settings;
use platform::database::embedded::temporary_dir;
use platform::identity::{Authority, Purpose, load_identity};
use rustls::pki_types::ServerName;
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::Code;
use tonic_types::StatusExt;
use zhirong::node::Node;
use zhirong_tests::answer::{assert_refused, refused};
use zhirong_tests::http::{Http, Version};
use zhirong_tests::sandbox::{client, shared};
use zhirong_tests::scene::Lending;
use zhirong_tests::{ids, run};

/// A stream of its own that stays open until the sender is dropped.
async fn open_import(bank: &client::Client) -> (impl Sized, mpsc::Sender<pb::ImportPledgeFactsRequest>) {
    let (rows, sent) = mpsc::channel(1);
    let header = api::common::v1::ImportHeader {
        request_id: ids::request_id(),
    };
    let first = pb::ImportPledgeFactsRequest {
        message: Some(pb::import_pledge_facts_request::Message::Header(header)),
    };
    rows.send(first).await.unwrap();
    let request = client::within(ReceiverStream::new(sent), Duration::from_secs(60));
    let answers = bank.pledge().import_pledge_facts(request).await.unwrap();
    (answers, rows)
}

#[test]
fn an_institution_has_so_many_calls_at_once_and_the_next_is_told_when_to_come_back() {
    run(async {
        let dir = temporary_dir("zhirong-tests-admission").unwrap();
        platform::serve::install_crypto_provider();
        let settings = Settings {
            data: dir.clone(),
            listen: ([127, 0, 0, 1], 0).into(),
            sandbox: true,
            calls_per_institution: 2,
            ..Settings::default()
        };
        let node = Node::start(&settings).await.unwrap();
        let auditor = load_identity(node.identity(), "auditor").unwrap();
        let bureau = client(node.url(), &load_identity(node.identity(), "bureau").unwrap());
        let bank = {
            let institution = zhirong_tests::records::institution(
                &ids::bank(900_001),
                zhirong_tests::records::BANK,
                &ids::legal_person(900_001),
            );
            let request = registry::RegisterInstitutionRequest {
                request_id: ids::request_id(),
                institution: Some(institution),
                revision: None,
            };
            bureau.registry().register_institution(request).await.unwrap();
            load_identity(node.identity(), &ids::bank(900_001)).unwrap()
        };
        // Two connections of one institution: the bound is the holder's.
        let (one, two) = (client(node.url(), &bank), client(node.url(), &bank));
        let first = open_import(&one).await;
        let second = open_import(&two).await;
        let list = pb::ListLoansRequest::default;
        let status = two.pledge().list_loans(list()).await.unwrap_err();
        assert_eq!(refused(&status).reason, "CALLS_TOO_MANY");
        assert_eq!(status.code(), Code::ResourceExhausted);
        let pause = status.get_details_retry_info().unwrap().retry_delay.unwrap();
        assert!(
            pause >= Duration::from_millis(750) && pause <= Duration::from_millis(1_250),
            "{pause:?}"
        );
        assert!(client::is_worth_a_retry(&status));
        let http = Http::at(node.url(), &bank, Version::Http1);
        let path = "/zhirong.pledge.v1.PledgeService/ListLoans";
        let answer = http.call(path, &serde_json::json!({})).await;
        assert_eq!((answer.status, answer.reason().as_str()), (429, "CALLS_TOO_MANY"));
        assert!(
            ["1", "2"].contains(&answer.header("retry-after")),
            "{:?}",
            answer.headers
        );
        // Others are not held up by it, and its place is its own again once a stream is over.
        client(node.url(), &auditor)
            .registry()
            .list_institutions(registry::ListInstitutionsRequest::default())
            .await
            .unwrap();
        drop(second);
        client::retry(|| async { two.pledge().list_loans(list()).await })
            .await
            .unwrap();
        drop(first);
        node.stop().await.unwrap();
        std::fs::remove_dir_all(dir).unwrap();
    });
}

#[test]
fn a_certificate_speaks_to_its_own_end_where_none_is_stated() {
    run(async {
        let sandbox = shared().await;
        let scene = Lending::new(sandbox).await;
        let authority = Authority::open(sandbox.identity_dir()).unwrap();
        let identity = authority
            .issue(&format!("end-{}", ids::fresh()), Purpose::Client)
            .unwrap();
        let mut bureau = sandbox.client("bureau").registry();
        let mut request = registry::CreateCredentialRequest {
            request_id: ids::request_id(),
            holder: scene.code.clone(),
            role: registry::CredentialRole::Institution.into(),
            key: Some(registry::create_credential_request::Key::SpkiDigest(
                exchange::digest::hex(&identity.spki_digest().unwrap()),
            )),
            not_before: None,
            not_after: None,
        };
        // A digest has no end of its own.
        let without = bureau.create_credential(request.clone()).await;
        assert_refused(without, Code::InvalidArgument, "PERIOD_REVERSED");
        request.request_id = ids::request_id();
        let pem = identity.certificate_pem.clone();
        request.key = Some(registry::create_credential_request::Key::CertificatePem(pem));
        let created = bureau
            .create_credential(request)
            .await
            .unwrap()
            .into_inner()
            .credential
            .unwrap();
        assert_eq!(
            created.not_after.unwrap().seconds,
            identity.not_after().unwrap().timestamp()
        );
    });
}

#[test]
fn the_database_holds_two_live_keys_and_no_third() {
    run(async {
        let mut database = shared().await.database().await;
        let mut add = async |key: u32, not_after: &'static str| {
            let digest = exchange::digest::sha256(&[&key.to_be_bytes()[..], b"live"].concat());
            let add = "insert into registry.credential
                    (city, credential_id, holder, role, spki_digest, not_before, not_after, created_by)
                 values ('4105', $1, 'two-keys', 'auditor', $2, '2020-01-01', $3::timestamptz, 'test')
                 returning created_at is not null";
            let added = sqlx::query_scalar::<_, bool>(add)
                .bind(uuid_of(key))
                .bind(digest.as_slice())
                .bind(not_after);
            added
                .fetch_one(&mut database)
                .await
                .map_err(|error| error.to_string())
        };
        let key = ids::fresh() * 10;
        assert!(add(key, "2021-01-01").await.is_ok(), "past its end, so not live");
        assert!(add(key + 1, "2999-01-01").await.is_ok() && add(key + 2, "2999-01-01").await.is_ok());
        let third = add(key + 3, "2999-01-01").await.unwrap_err();
        assert!(third.contains("two live keys"), "{third}");
        assert!(add(key + 4, "2021-01-01").await.is_ok(), "not live");
        zhirong_tests::sandbox::close(database).await;
    });
}

fn uuid_of(key: u32) -> sqlx::types::Uuid {
    sqlx::types::Uuid::from_u128(u128::from(key))
}

#[test]
fn only_tls_1_3_is_spoken() {
    run(async {
        let sandbox = shared().await;
        let identity = load_identity(sandbox.identity_dir(), "auditor").unwrap();
        for (version, is_taken) in [(&rustls::version::TLS13, true), (&rustls::version::TLS12, false)] {
            let connector = zhirong_tests::http::tls_of(&identity, Version::Http2, &[version]);
            let address = sandbox.url().trim_start_matches("https://");
            let tcp = TcpStream::connect(address).await.unwrap();
            let name = ServerName::try_from("localhost").unwrap();
            assert_eq!(
                connector.connect(name, tcp).await.is_ok(),
                is_taken,
                "{version:?}"
            );
        }
    });
}
