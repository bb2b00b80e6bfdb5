//! An error in JSON says what the same error says in gRPC.

use gateway::error_json;
use serde_json::{Value, json};
use tonic::{Response, Status};
use zhirong_tests::ids::request_id;
use zhirong_tests::run;
use zhirong_tests::sandbox::shared;
use zhirong_tests::scene::Lending;

use api::pledge::v1 as pb;

use super::{GET_LOAN, REPORT_LOAN, VERSIONS, client};

/// An error without the trace, which is each request's own.
fn mirrored(mut error: Value) -> Value {
    for detail in error["error"]["details"].as_array_mut().unwrap() {
        if let Some(metadata) = detail.get_mut("metadata").and_then(Value::as_object_mut) {
            metadata.remove("trace_id");
        }
    }
    error
}

fn refused<T: std::fmt::Debug>(answer: Result<Response<T>, Status>) -> Value {
    mirrored(error_json(&answer.unwrap_err()))
}

#[test]
fn every_field_of_a_refusal_is_the_same() {
    run(async {
        let sandbox = shared().await;
        let scene = Lending::new(sandbox).await;
        let mut request = scene.report(2025, "8000000.00");
        let id = request.request_id.clone();
        request.events[0].amount = zhirong_tests::records::money("1.234");
        request.events[0].occurred_at = "昨天".to_owned();
        request.loan.as_mut().unwrap().borrower_uscc = "91".to_owned();
        let by_grpc = refused(scene.bank.pledge().report_loan(request.clone()).await);
        let loan = request.loan.unwrap();
        let document = json!({
            "request_id": id,
            "loan": {
                "contract_no": loan.contract_no, "borrower_uscc": "91",
                "contract_amount": {"currency_code": "CNY", "amount": "8000000.00"},
                "signed_on": {"year": 2025, "month": 2, "day": 1}, "revolving": false,
                "collateral": "COLLATERAL_PATENT", "pledge_no": loan.pledge_no,
            },
            "pledge": {
                "pledge_no": scene.pledge_no, "pledgor_uscc": scene.borrower, "pledgee_uscc": scene.legal_person,
                "registered_on": {"year": 2025, "month": 1, "day": 1}, "patents": [scene.patent],
            },
            "events": [{
                "contract_no": loan.contract_no, "event_no": "1", "kind": "LOAN_EVENT_KIND_DRAW", "occurred_at": "昨天",
                "amount": {"currency_code": "CNY", "amount": "1.234"},
            }],
        });
        for version in VERSIONS {
            let answer = client(sandbox, &scene.code, version)
                .call(REPORT_LOAN, &document)
                .await;
            assert_eq!(answer.status, 400);
            assert_eq!(answer.header("content-type"), "application/json");
            assert_eq!(mirrored(answer.json()), by_grpc, "{version:?}");
        }
        let fields = by_grpc["error"]["details"].as_array().unwrap().iter();
        let violations = fields
            .filter_map(|detail| detail["field_violations"].as_array())
            .flatten()
            .count();
        assert!(violations >= 3, "{by_grpc}");
    });
}

#[test]
fn an_institution_sees_in_json_what_it_sees_in_grpc() {
    run(async {
        let sandbox = shared().await;
        let (scene, other) = (Lending::new(sandbox).await, Lending::new(sandbox).await);
        scene.lend(2025, "8000000.00").await;
        let name = format!("loans/{}", scene.contract_no);
        let request = pb::GetLoanRequest { name: name.clone() };
        let by_grpc = refused(other.bank.pledge().get_loan(request).await);
        for version in VERSIONS {
            let own = client(sandbox, &scene.code, version);
            let answer = own.call(GET_LOAN, &json!({"name": name})).await;
            assert_eq!(answer.status, 200);
            assert_eq!(
                answer.json()["loan"]["loan"]["contract_amount"]["amount"],
                "8000000.00"
            );
            let foreign = client(sandbox, &other.code, version);
            let answer = foreign.call(GET_LOAN, &json!({"name": name})).await;
            assert_eq!((answer.status, mirrored(answer.json())), (404, by_grpc.clone()));
            let wrong_role = client(sandbox, "auditor", version);
            let answer = wrong_role.call(GET_LOAN, &json!({"name": name})).await;
            assert_eq!(
                (answer.status, answer.reason().as_str()),
                (403, "ROLE_NOT_ALLOWED")
            );
        }
        let authority = platform::identity::Authority::open(sandbox.identity_dir()).unwrap();
        authority
            .issue("nobody", platform::identity::Purpose::Client)
            .unwrap();
        for version in VERSIONS {
            let answer = client(sandbox, "nobody", version)
                .call(GET_LOAN, &json!({"name": name}))
                .await;
            assert_eq!((answer.status, answer.reason().as_str()), (401, "CALLER_UNKNOWN"));
        }
    });
}

#[test]
fn a_transient_refusal_says_when_to_try_again() {
    run(async {
        let sandbox = shared().await;
        let scene = Lending::new(sandbox).await;
        scene.lend(2025, "8000000.00").await;
        let withdraw = json!({
            "request_id": request_id(), "name": format!("loans/{}", scene.contract_no), "etag": "an older one",
        });
        let bank = client(sandbox, &scene.code, VERSIONS[0]);
        let answer = bank
            .call("/zhirong.pledge.v1.PledgeService/WithdrawLoan", &withdraw)
            .await;
        assert_eq!((answer.status, answer.reason().as_str()), (409, "ETAG_MISMATCH"));
        // Half a second, in the header's whole ones.
        assert_eq!(answer.header("retry-after"), "1");
    });
}
