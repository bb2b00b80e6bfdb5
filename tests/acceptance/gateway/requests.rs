//! What a request in JSON may look like, and what becomes of one that is wrong.

use std::process::Command;

use http::Request;
use serde_json::json;
use zhirong_tests::http::whole;
use zhirong_tests::ids::request_id;
use zhirong_tests::run;
use zhirong_tests::sandbox::shared;
use zhirong_tests::scene::Lending;

use super::{GET_LOAN, LIST_LOANS, REPORT_LOAN, VERSIONS, client};

const EVENT: &str = "/zhirong.pledge.v1.PledgeService/ReportLoanEvent";

#[test]
fn one_request_key_is_one_request_whatever_carries_it() {
    run(async {
        let sandbox = shared().await;
        let scene = Lending::new(sandbox).await;
        scene.lend(2025, "8000000.00").await;
        let event = json!({"request_id": request_id(), "loan_event": {
            "contract_no": scene.contract_no, "event_no": "9", "kind": "LOAN_EVENT_KIND_REPAYMENT",
            "occurred_at": "2025-09-01T10:00:00+08:00", "amount": {"currency_code": "CNY", "amount": "1000.00"},
        }});
        let first = client(sandbox, &scene.code, VERSIONS[0])
            .call(EVENT, &event)
            .await;
        let again = client(sandbox, &scene.code, VERSIONS[1])
            .call(EVENT, &event)
            .await;
        assert_eq!((first.status, again.status), (200, 200));
        assert_eq!(first.body, again.body);
        let request = api::pledge::v1::ReportLoanEventRequest {
            request_id: event["request_id"].as_str().unwrap().to_owned(),
            loan_event: Some(api::pledge::v1::LoanEvent {
                kind: api::pledge::v1::LoanEventKind::Repayment.into(),
                ..scene.draw("9", "2025-09-01", "1000.00")
            }),
            revision: None,
        };
        let by_grpc = scene
            .bank
            .pledge()
            .report_loan_event(request)
            .await
            .unwrap()
            .into_inner();
        let receipt = by_grpc.receipt.unwrap();
        assert_eq!(first.json()["receipt"]["body_digest"], receipt.body_digest);
        assert_eq!(
            first.json()["receipt"]["audit_head"]["hash"],
            receipt.audit_head.unwrap().hash
        );
        let mut other = event;
        other["loan_event"]["amount"]["amount"] = json!("2000.00");
        let reused = client(sandbox, &scene.code, VERSIONS[1])
            .call(EVENT, &other)
            .await;
        assert_eq!(
            (reused.status, reused.reason().as_str()),
            (409, "REQUEST_ID_REUSED")
        );
    });
}

#[test]
fn a_request_that_is_wrong_in_itself_never_reaches_a_service() {
    run(async {
        let sandbox = shared().await;
        let scene = Lending::new(sandbox).await;
        let deep = format!("{}{}", "{\"loan\":".repeat(300), "}".repeat(300));
        let cases: [(&[u8], u16, &str); 6] = [
            (b"{\"loan\":{\"contractNr\":\"1\"}}", 400, "JSON_FIELD_UNKNOWN"),
            (b"{\"loan\":{\"revolving\":\"no\"}}", 400, "JSON_VALUE_INVALID"),
            (
                b"{\"loan\":{\"contract_no\":\"\xff\xfe\"}}",
                400,
                "JSON_MALFORMED",
            ),
            (b"{\"loan\":\n  {,}}", 400, "JSON_MALFORMED"),
            (b"", 400, "JSON_MALFORMED"),
            (deep.as_bytes(), 400, ""),
        ];
        for version in VERSIONS {
            let bank = client(sandbox, &scene.code, version);
            for (body, status, reason) in cases {
                let answer = bank.post(REPORT_LOAN, "application/json", body.to_vec()).await;
                let shown = String::from_utf8_lossy(body).chars().take(60).collect::<String>();
                assert_eq!(answer.status, status, "{shown} {answer:?}");
                assert!(
                    reason.is_empty() || answer.reason() == reason,
                    "{shown} {}",
                    answer.json()
                );
            }
            let answer = bank
                .post(REPORT_LOAN, "application/json", "{\"loan\":\n  {,}}")
                .await;
            let metadata = answer.json()["error"]["details"][0]["metadata"].clone();
            assert_eq!(
                (metadata["line"].as_str(), metadata["column"].as_str()),
                (Some("2"), Some("4"))
            );
            let large = vec![b'1'; (1 << 20) + 1];
            let answer = bank.post(REPORT_LOAN, "application/json", large).await;
            assert_eq!(
                (answer.status, answer.reason().as_str()),
                (413, "REQUEST_TOO_LARGE")
            );
        }
        let read = client(sandbox, &scene.code, VERSIONS[1])
            .call(LIST_LOANS, &json!({}))
            .await;
        assert_eq!(read.json(), json!({}), "nothing was stored");
    });
}

#[test]
fn readings_are_there_by_get_with_their_fields_in_the_query() {
    run(async {
        let sandbox = shared().await;
        let scene = Lending::new(sandbox).await;
        scene.lend(2025, "8000000.00").await;
        for version in VERSIONS {
            let bank = client(sandbox, &scene.code, version);
            let posted = bank
                .call(LIST_LOANS, &json!({"page_size": 5, "show_withdrawn": true}))
                .await;
            let got = bank
                .get(&format!("{LIST_LOANS}?page_size=5&showWithdrawn=true"))
                .await;
            assert_eq!((got.status, &got.body), (200, &posted.body));
            let got = bank
                .get(&format!("{GET_LOAN}?name=loans%2F{}", scene.contract_no))
                .await;
            assert_eq!(got.json()["loan"]["loan"]["contract_no"], scene.contract_no);
            let answer = bank.get(REPORT_LOAN).await;
            assert_eq!((answer.status, answer.header("allow")), (405, "POST"));
            let answer = bank
                .send(Request::delete(GET_LOAN).body(whole("")).unwrap())
                .await;
            assert_eq!((answer.status, answer.header("allow")), (405, "GET, POST"));
            let answer = bank.get("/zhirong.pledge.v1.PledgeService/GetLoans").await;
            assert_eq!((answer.status, answer.reason().as_str()), (404, "METHOD_UNKNOWN"));
            assert!(String::from_utf8_lossy(&answer.body).contains("PledgeService/GetLoan,"));
        }
    });
}

#[test]
fn a_caller_who_waits_no_longer_is_told_so() {
    run(async {
        let sandbox = shared().await;
        let scene = Lending::new(sandbox).await;
        for version in VERSIONS {
            // A body that never ends.
            let (_held, receiver) = tokio::sync::mpsc::channel::<
                Result<http_body::Frame<bytes::Bytes>, std::convert::Infallible>,
            >(1);
            let stream = tokio_stream::wrappers::ReceiverStream::new(receiver);
            let body = http_body_util::BodyExt::boxed_unsync(http_body_util::StreamBody::new(stream));
            let request = Request::post(REPORT_LOAN)
                .header("content-type", "application/json")
                .header("x-timeout-ms", "200");
            let bank = client(sandbox, &scene.code, version);
            let answer = bank.send(request.body(body).unwrap()).await;
            assert_eq!(
                (answer.status, answer.reason().as_str()),
                (504, "DEADLINE_EXCEEDED")
            );
        }
    });
}

/// The plainest of all clients, where it is installed.
#[test]
fn curl_reports_and_reads() {
    run(async {
        let sandbox = shared().await;
        let scene = Lending::new(sandbox).await;
        scene.lend(2025, "8000000.00").await;
        if Command::new("curl").arg("--version").output().is_err() {
            eprintln!("curl is not installed: not tried");
            return;
        }
        for version in ["--http1.1", "--http2"] {
            let dir = sandbox.identity_dir();
            let file = |name: String| dir.join(name).to_str().unwrap().to_owned();
            let output = tokio::process::Command::new("curl")
                .args([
                    "--silent",
                    "--show-error",
                    version,
                    "--cacert",
                    &file("ca.pem".to_owned()),
                ])
                .args(["--cert", &file(format!("{}.pem", scene.code))])
                .args(["--key", &file(format!("{}.key", scene.code))])
                .args([
                    "--json",
                    &json!({"name": format!("loans/{}", scene.contract_no)}).to_string(),
                ])
                .arg(format!("{}{GET_LOAN}", sandbox.url()))
                .output()
                .await
                .unwrap();
            let answer: serde_json::Value = serde_json::from_slice(&output.stdout)
                .unwrap_or_else(|error| panic!("{error} {}", String::from_utf8_lossy(&output.stderr)));
            assert_eq!(
                answer["loan"]["loan"]["contract_no"], scene.contract_no,
                "{version}"
            );
        }
    });
}
