//! Streams over HTTP: imports line by line, pulls that are cut, errors behind the first line.

use bytes::Bytes;
use http::Request;
use http_body::Frame;
use http_body_util::{BodyExt, StreamBody};
use serde_json::{Value, json};
use tokio_stream::wrappers::ReceiverStream;
use zhirong_tests::http::{reason, whole};
use zhirong_tests::ids::request_id;
use zhirong_tests::sandbox::shared;
use zhirong_tests::scene::Lending;
use zhirong_tests::{batch, ids, run};

use super::{IMPORT, LIST_LOANS, VERSIONS, client};

/// The header of an import and one message a loan.
fn import(scene: &Lending, contracts: &[&str]) -> Vec<Value> {
    let mut messages = vec![json!({"header": {"request_id": request_id()}})];
    messages.extend(contracts.iter().zip(1..).map(|(contract_no, row)| {
        json!({"rows": {"rows": [{"row": row, "loan": {
            "contract_no": format!("{}-{contract_no}", scene.contract_no), "borrower_uscc": scene.borrower,
            "contract_amount": {"currency_code": "CNY", "amount": "100000.00"},
            "signed_on": {"year": 2025, "month": 2, "day": 1}, "revolving": false, "collateral": "COLLATERAL_PATENT",
        }}]}})
    }));
    messages
}

fn lines(messages: &[Value]) -> String {
    messages.iter().map(|message| format!("{message}\n")).collect()
}

#[test]
fn an_import_is_a_list_or_lines_and_is_answered_line_by_line() {
    run(async {
        let sandbox = shared().await;
        let scene = Lending::new(sandbox).await;
        for (version, number) in VERSIONS.into_iter().zip(["a", "b"]) {
            let bank = client(sandbox, &scene.code, version);
            let messages = import(&scene, &[&format!("{number}1"), &format!("{number}2")]);
            let first = bank.post(IMPORT, "application/x-ndjson", lines(&messages)).await;
            assert_eq!(
                (first.status, first.header("content-type")),
                (200, "application/x-ndjson")
            );
            let answers = first.lines();
            assert_eq!(answers.last().unwrap()["summary"]["stored"], "2", "{answers:?}");
            let again = bank.call(IMPORT, &Value::Array(messages)).await.lines();
            assert_eq!(again.last().unwrap()["summary"]["unchanged"], "2", "{again:?}");
        }
    });
}

#[test]
fn a_line_that_is_wrong_ends_the_import_behind_what_was_stored() {
    run(async {
        let sandbox = shared().await;
        for version in VERSIONS {
            let scene = Lending::new(sandbox).await;
            let bank = client(sandbox, &scene.code, version);
            let mut body = lines(&import(&scene, &["1"]));
            body.push_str("{\"rows\":{\"rows\":[{\"row\":2,\"lone\":{}}]}}\n");
            let answer = bank.post(IMPORT, "application/x-ndjson", body).await;
            let last = answer.lines().pop().unwrap();
            assert_eq!(reason(&last), "JSON_FIELD_UNKNOWN", "{last}");
            assert_eq!(last["error"]["details"][0]["metadata"]["message_number"], "3");
            // The first row was good and is there, as in a gRPC stream that breaks off.
            let stored = bank.call(LIST_LOANS, &json!({})).await.json();
            assert_eq!(stored["loans"].as_array().map(Vec::len), Some(1), "{stored}");
            // What is wrong from the start is refused as a whole.
            let answer = bank.post(IMPORT, "application/x-ndjson", "no json\n").await;
            assert_eq!((answer.status, answer.reason().as_str()), (400, "JSON_MALFORMED"));
        }
    });
}

#[test]
fn a_request_that_is_cut_leaves_the_server_serving() {
    run(async {
        let sandbox = shared().await;
        let scene = Lending::new(sandbox).await;
        for version in VERSIONS {
            let bank = client(sandbox, &scene.code, version);
            let (sender, receiver) =
                tokio::sync::mpsc::channel::<Result<Frame<Bytes>, std::convert::Infallible>>(4);
            let body = StreamBody::new(ReceiverStream::new(receiver)).boxed_unsync();
            let request = Request::post(IMPORT).header("content-type", "application/x-ndjson");
            let sending = bank.begin(request.body(body).unwrap());
            let half = format!("{}{{\"rows\":", lines(&import(&scene, &[])));
            sender.send(Ok(Frame::data(half.into()))).await.unwrap();
            // Both ends are dropped in the middle of a message.
            let cut = tokio::time::timeout(std::time::Duration::from_millis(300), sending).await;
            drop((cut, sender));
            let answer = bank.call(LIST_LOANS, &json!({})).await;
            assert_eq!(answer.status, 200);
        }
    });
}

#[test]
fn a_pull_that_is_cut_goes_on_from_its_token() {
    run(async {
        let sandbox = shared().await;
        let (scene, year) = (Lending::new(sandbox).await, ids::year());
        scene.lend(year, "8000000.00").await;
        let draft = batch::open(sandbox, batch::opening(year, "2026-03-31")).await;
        let computed = batch::compute(sandbox, &draft.name).await;
        let path = "/zhirong.settlement.v1.SettlementService/StreamBatch";
        for version in VERSIONS {
            let auditor = client(sandbox, "auditor", version);
            let all = auditor
                .get(&format!("{path}?name={}", computed.name))
                .await
                .lines();
            assert!(
                all.len() > 5
                    && all[0].get("header").is_some()
                    && all.last().unwrap().get("trailer").is_some()
            );
            // Reads a little and goes away.
            let request = Request::post(path).header("content-type", "application/json");
            let request = request
                .body(whole(json!({"name": computed.name}).to_string()))
                .unwrap();
            let mut body = auditor.begin(request).await.unwrap().into_body();
            let mut read = Vec::new();
            while !read.contains(&b'\n') {
                read.extend(body.frame().await.unwrap().unwrap().into_data().unwrap());
            }
            drop(body);
            let line = read.split(|byte| *byte == b'\n').next().unwrap();
            let seen: Value = serde_json::from_slice(line).unwrap();
            assert_eq!(seen, all[0]);
            let token = all[2]["resume_token"].as_str().unwrap();
            let resumed = auditor
                .call(path, &json!({"name": computed.name, "resume_token": token}))
                .await;
            assert_eq!(resumed.lines(), all[3..]);
        }
    });
}
