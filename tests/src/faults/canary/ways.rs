//! The ways in: each plants canaries and remembers them.

use std::path::Path;

use api::notify::v1 as notify;
use api::settlement::v1 as pb;
use http::Request;
use prost_reflect::{DescriptorPool, FieldDescriptor, Kind, MessageDescriptor};
use serde_json::{Map, Value, json};
use sqlx::{ConnectOptions, Connection};

use crate::desk::enterprise_account;
use crate::http::{Http, whole};
use crate::ids::request_id;
use crate::process::Served;
use crate::receiver::Receiver;
use crate::sandbox::options_of;
use crate::scene::Lending;
use crate::upload;

/// How deep messages in messages are filled.
const DEPTH_MAX: u32 = 3;

/// What was planted: what it is, and its text.
pub(super) struct Planted {
    pub(super) all: Vec<(String, String)>,
    random: fastrand::Rng,
}

impl Planted {
    pub(super) fn new(seed: u64) -> Self {
        Self {
            all: Vec::new(),
            random: fastrand::Rng::with_seed(seed),
        }
    }

    fn know(&mut self, what: impl Into<String>, canary: impl Into<String>) -> String {
        let canary = canary.into();
        assert!(canary.len() >= 12, "too short to be told from chance");
        self.all.push((what.into(), canary.clone()));
        canary
    }

    fn word(&mut self, what: impl Into<String>) -> String {
        let letters: String = (0..16).map(|_| self.random.lowercase()).collect();
        self.know(what, format!("kanari{letters}"))
    }

    fn digits(&mut self, what: &str) -> String {
        let digits: String = (0..15).map(|_| self.random.digit(10)).collect();
        self.know(what, format!("6217{digits}"))
    }

    /// Passwords and keys that the program has made for itself, and those of its callers.
    pub(super) fn keys(&mut self, data: &Path, caller: &str) {
        let read = |file: &str| std::fs::read_to_string(data.join(file)).unwrap();
        self.know("the database's password", read("pg.password").trim());
        for file in ["identity/payee.keys", "identity/webhook.keys"] {
            self.know(file, read(file).trim().rsplit(' ').next().unwrap());
        }
        for file in ["batch-signing", "server", "ca", "probe", "bureau", caller] {
            let file = format!("identity/{file}.key");
            self.know(&file, read(&file).lines().nth(1).unwrap());
        }
    }

    /// Headers, cookies, query and path of calls that are refused and of one that is answered.
    pub(super) async fn headers(&mut self, http: &Http) {
        let names = [
            "authorization",
            "cookie",
            "x-api-key",
            "proxy-authorization",
            "x-forwarded-for",
        ];
        for path in [
            "/zhirong.pledge.v1.PledgeService/ListLoans",
            "/zhirong.pledge.v1.PledgeService/ReportLoan",
        ] {
            let mut request = Request::post(path).header("content-type", "application/json");
            for name in names {
                request = request.header(name, self.word(format!("header {name}")));
            }
            http.send(request.body(whole("{}")).unwrap()).await;
        }
        let (query, path) = (self.word("a query"), self.word("a path"));
        http.get(&format!(
            "/zhirong.pledge.v1.PledgeService/ListLoans?pageToken={query}"
        ))
        .await;
        http.get(&format!("/{path}")).await;
        http.post(
            &format!("/zhirong.pledge.v1.{path}/ReportLoan"),
            "application/json",
            "{}",
        )
        .await;
        http.post(
            &format!("/zhirong.pledge.v1.PledgeService/{path}"),
            "application/grpc-web",
            "",
        )
        .await;
    }

    /// Bodies that cannot be read.
    pub(super) async fn bodies(&mut self, http: &Http) {
        let path = "/zhirong.pledge.v1.PledgeService/ReportLoan";
        let word = self.word("JSON that breaks off");
        http.post(path, "application/json", format!("{{\"requestId\": \"{word}"))
            .await;
        let (name, value) = (self.word("the name of an unknown field"), self.word("its value"));
        http.call(path, &json!({name: value})).await;
        let word = self.word("a text where a number belongs");
        http.call(path, &json!({"loan": {"contractAmount": {"amount": [word]}}}))
            .await;
        let word = self.word("a broken message");
        http.post(
            path,
            "application/grpc-web+proto",
            format!("\0\0\0\0\x20\x0a\x7f{word}"),
        )
        .await;
        let word = self.word("another content type");
        http.post(path, &format!("text/{word}"), word.clone()).await;
    }

    /// Accounts that are kept, and one that is refused.
    pub(super) async fn payees(&mut self, served: &Served, scene: &Lending) {
        for bad in [false, true] {
            let mut account = enterprise_account(&scene.borrower, &self.digits("an account number"));
            account.account_name = format!("安阳{}", self.word("an account name"));
            account.bank_name = format!("安阳{}", self.word("a bank's name"));
            if bad {
                account.holder = self.word("a holder");
            }
            let request = pb::ReportPayeeAccountRequest {
                request_id: request_id(),
                account: Some(account),
            };
            let answer = served
                .client("finance-maker")
                .payment()
                .report_payee_account(request)
                .await;
            assert_eq!(answer.is_err(), bad, "{answer:?}");
        }
    }

    /// An endpoint, its secret and the next one, and a message to it.
    pub(super) async fn webhooks(&mut self, scene: &Lending) {
        let receiver = Receiver::plain().await;
        let creating = notify::CreateWebhookEndpointRequest {
            request_id: request_id(),
            url: format!(
                "{}?token={}",
                receiver.url(),
                self.word("a token in an endpoint's address")
            ),
            event_types: vec!["payment.paid".to_owned()],
            description: self.word("an endpoint's description"),
        };
        let made = scene
            .bank
            .webhook()
            .create_webhook_endpoint(creating)
            .await
            .unwrap()
            .into_inner();
        self.know("a webhook's secret", made.secret.trim_start_matches("whsec_"));
        let name = made.endpoint.unwrap().name;
        let rotating = notify::RotateWebhookSecretRequest {
            request_id: request_id(),
            name: name.clone(),
            overlap_hours: None,
        };
        let next = scene
            .bank
            .webhook()
            .rotate_webhook_secret(rotating)
            .await
            .unwrap()
            .into_inner();
        self.know(
            "a webhook's next secret",
            next.secret.trim_start_matches("whsec_"),
        );
        let testing = notify::SendTestEventRequest {
            request_id: request_id(),
            endpoint: name,
        };
        scene.bank.webhook().send_test_event(testing).await.unwrap();
    }

    /// Cells of files, good and bad, as text and as a workbook.
    pub(super) async fn files(&mut self, scene: &Lending) {
        let header = [
            "contract_no",
            "borrower_uscc",
            "contract_amount",
            "signed_on",
            "revision",
        ];
        let cells: Vec<String> = header
            .iter()
            .map(|name| self.word(format!("a cell {name}")))
            .collect();
        let text = format!("{}\n{}\n", header.join(","), cells.join(","));
        let name = self.word("a file's name");
        for file in ["loans.csv".to_owned(), format!("{name}.csv")] {
            let declared = upload::declaration(&file, text.as_bytes());
            let _refused = upload::send_declared(&scene.bank, declared, text.as_bytes()).await;
        }
        let cells: Vec<String> = header
            .iter()
            .map(|name| self.word(format!("a workbook's cell {name}")))
            .collect();
        let row: Vec<&str> = cells.iter().map(String::as_str).collect();
        let book = upload::workbook(&[upload::grid(exchange::File::Loans, &header, &[row.as_slice()])]);
        let declared = upload::declaration("loans.xlsx", &book);
        let _refused = upload::send_declared(&scene.bank, declared, &book).await;
        let broken = self.word("a workbook that is none");
        let declared = upload::declaration("broken.xlsx", broken.as_bytes());
        let _refused = upload::send_declared(&scene.bank, declared, broken.as_bytes()).await;
    }

    /// Rows that a constraint refuses: PostgreSQL would write them into its log.
    pub(super) async fn database(&mut self, data: &Path) {
        let mut database = options_of(data).connect().await.unwrap();
        let word = self.word("a row that is there already");
        for _ in 0..2 {
            let insert = "insert into ledger.isolation_probe (city, institution) values ('0000', $1)";
            let _second_is_refused = sqlx::query(insert).bind(&word).execute(&mut database).await;
        }
        let word = self.word("a row against a check");
        let insert = "insert into ledger.isolation_probe (city, institution) values ($1, 'other')";
        assert!(
            sqlx::query(insert)
                .bind(&word)
                .execute(&mut database)
                .await
                .is_err()
        );
        database.close().await.unwrap();
    }

    /// Every text field of every method, as this caller: nearly all are refused, by role or by form.
    pub(super) async fn every_field(&mut self, http: &Http) {
        let pool = DescriptorPool::decode(api::FILE_DESCRIPTOR_SET).unwrap();
        for service in pool
            .services()
            .filter(|it| it.full_name().starts_with("zhirong."))
        {
            for method in service.methods() {
                let path = format!("/{}/{}", service.full_name(), method.name());
                let message = self.filled(&method.input(), method.name(), DEPTH_MAX);
                let request = if method.is_client_streaming() {
                    json!([message])
                } else {
                    message
                };
                http.call(&path, &request).await;
            }
        }
    }

    fn filled(&mut self, message: &MessageDescriptor, method: &str, depth: u32) -> Value {
        let mut fields = Map::new();
        for field in message.fields() {
            if let Some(value) = self.value(&field, method, depth) {
                let value = if field.is_list() { json!([value]) } else { value };
                fields.insert(field.name().to_owned(), value);
            }
        }
        Value::Object(fields)
    }

    fn value(&mut self, field: &FieldDescriptor, method: &str, depth: u32) -> Option<Value> {
        let is_one_of_many = field
            .containing_oneof()
            .is_some_and(|it| it.fields().next().is_some_and(|first| first != *field));
        if field.is_map() || is_one_of_many {
            return None;
        }
        match field.kind() {
            // Without a request id the field itself would be all that is refused.
            Kind::String if field.name() == "request_id" => Some(json!(request_id())),
            Kind::String => Some(json!(self.word(format!("{method}.{}", field.name())))),
            Kind::Message(inner) if depth > 0 && inner.full_name().starts_with("zhirong.") => {
                Some(self.filled(&inner, method, depth - 1))
            }
            _ => None,
        }
    }

    /// A call that panics with its headers in the message.
    pub(super) async fn panic(&mut self, http: &Http) {
        let word = self.word("a header in a panic");
        let request = Request::post("/zhirong.pledge.v1.PledgeService/ListLoans").header("x-api-key", word);
        // The connection breaks under it.
        if let Ok(answer) = http.begin(request.body(whole("{}")).unwrap()).await {
            assert!(answer.status().is_server_error(), "{answer:?}");
        }
    }
}
