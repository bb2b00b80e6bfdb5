//! `zhirong call` and the commands made of the descriptors: unary calls, streams both ways, files of calls, refusals.

use platform::database::embedded::temporary_dir;
use serde_json::{Value, json};
use zhirong_tests::command::{Place, run, run_at, run_with};
use zhirong_tests::scene::Lending;
use zhirong_tests::{ids, sandbox};

/// A loan of 8 million with its pledge and one draw, as JSON.
fn loan(scene: &Lending) -> Value {
    let day = |month: u32| json!({"year": 2024, "month": month, "day": 1});
    let amount = json!({"currency_code": "CNY", "amount": "8000000.00"});
    json!({
        "pledge": {
            "pledge_no": scene.pledge_no, "pledgor_uscc": scene.borrower, "pledgee_uscc": scene.legal_person,
            "registered_on": day(1), "patents": [scene.patent],
        },
        "loan": {
            "contract_no": scene.contract_no, "borrower_uscc": scene.borrower, "contract_amount": amount,
            "signed_on": day(2), "revolving": false, "collateral": "COLLATERAL_PATENT", "pledge_no": scene.pledge_no,
        },
        "events": [{"event_no": "1", "kind": "LOAN_EVENT_KIND_DRAW", "occurred_at": "2024-03-01", "amount": amount}],
    })
}

#[test]
fn a_unary_call_prints_its_answer_and_makes_a_request_id() {
    zhirong_tests::run(async {
        let place = sandbox::shared().await;
        let scene = Lending::new(place).await;
        let request = loan(&scene).to_string();
        let call = [
            "call",
            "PledgeService/ReportLoan",
            "--as",
            &scene.code,
            "--data",
            &request,
        ];
        let ran = run_at(place, &call).await.ended(0);
        let answer = ran.json();
        assert_eq!(
            answer["assessment"]["enterprise_year"]["amount"]["amount"],
            "150000.00"
        );
        let made = ran.err.trim().strip_prefix("request_id ").unwrap();
        assert_eq!(answer["receipt"]["request_id"], made);
        // Sent again under that name it is the same answer, byte for byte.
        let mut again = loan(&scene);
        again["request_id"] = Value::from(made);
        let again = again.to_string();
        let call = [
            "call",
            "PledgeService/ReportLoan",
            "--as",
            &scene.code,
            "--data",
            &again,
        ];
        assert_eq!(run_at(place, &call).await.ended(0).out, ran.out);
        // The command made of the descriptors reads the same record.
        let get = [
            "pledge",
            "get-loan",
            "--as",
            &scene.code,
            "--name",
            &format!("loans/{}", scene.contract_no),
        ];
        let stored = run_at(place, &get).await.ended(0).json();
        assert_eq!(stored["loan"]["loan"]["contract_amount"]["amount"], "8000000.00");
    });
}

#[test]
fn flags_are_fields_and_go_over_the_data() {
    zhirong_tests::run(async {
        let place = sandbox::shared().await;
        let scene = Lending::new(place).await;
        let mut request = loan(&scene);
        request["loan"]["contract_amount"] = Value::Null;
        request["loan"].as_object_mut().unwrap().remove("signed_on");
        request["loan"].as_object_mut().unwrap().remove("collateral");
        let data = request.to_string();
        let flags = [
            "pledge",
            "report-loan",
            "--as",
            &scene.code,
            "--data",
            &data,
            "--loan.contract-amount",
            "8000000.00",
        ];
        let more = [
            "--loan.signed-on",
            "2024-02-01",
            "--loan.collateral",
            "patent",
            "--loan.revolving",
            "--output",
            "json",
        ];
        let answer = run_at(place, &[&flags[..], &more].concat()).await.ended(0).json();
        assert_eq!(answer["receipt"]["facts"][1]["verdict"], "VERDICT_STORED");
        let get = [
            "pledge",
            "get-loan",
            "--as",
            &scene.code,
            "--name",
            &format!("loans/{}", scene.contract_no),
        ];
        let stored = run_at(place, &get).await.ended(0).json();
        assert_eq!(stored["loan"]["loan"]["revolving"], true);
        let wrong = ["pledge", "report-loan", "--loan.signed-on", "2024-02-30"];
        let wrong = run_at(place, &wrong).await.ended(2);
        assert!(
            wrong.err.contains("OPTION_MALFORMED: --loan.signed-on"),
            "{}",
            wrong.err
        );
        let word = run_at(place, &["pledge", "report-loan", "--loan.collateral", "gold"])
            .await
            .ended(2);
        assert!(
            word.err.contains("layout_design"),
            "the words are named: {}",
            word.err
        );
    });
}

#[test]
fn a_client_stream_takes_a_message_a_line_and_answers_a_message_a_line() {
    zhirong_tests::run(async {
        let place = sandbox::shared().await;
        let number = ids::fresh();
        let patent = ids::invention(number);
        let row = json!({"rows": {"rows": [{"row": 2, "raw": {"file": "patents", "cells": [
            {"column": "patent_no", "value": patent}, {"column": "title", "value": "一种装置"},
            {"column": "patentee_uscc", "value": ids::enterprise(number)}, {"column": "granted_on", "value": "2020-01-01"},
        ]}}]}});
        let input = format!("{}\n{row}\n", json!({"header": {}}));
        let options = place.options();
        let call = [
            "call",
            "RegistryService/ImportRegistry",
            "--as",
            "bureau",
            "--data",
            "-",
        ];
        let all: Vec<&str> = call
            .into_iter()
            .chain(options.iter().map(String::as_str))
            .collect();
        let ran = run_with(&all, &[], &input).await.ended(0);
        let answers = ran.json_lines();
        assert_eq!(answers.len(), 2, "verdicts and summary: {}", ran.out);
        assert_eq!(answers[0]["verdicts"]["verdicts"][0]["verdict"], "VERDICT_STORED");
        assert_eq!(answers[1]["summary"]["stored"], "1");
        assert!(ran.err.starts_with("request_id "), "the header's: {}", ran.err);
    });
}

#[test]
fn refusals_exit_2_with_every_field_and_as_the_services_json() {
    zhirong_tests::run(async {
        let place = sandbox::shared().await;
        let scene = Lending::new(place).await;
        let mut request = loan(&scene);
        request["loan"]["contract_amount"]["amount"] = Value::from("8e6");
        let data = request.to_string();
        let call = [
            "call",
            "PledgeService/ReportLoan",
            "--as",
            &scene.code,
            "--data",
            &data,
        ];
        let told = run_at(place, &call).await.ended(2);
        assert!(told.out.is_empty());
        assert!(
            told.err.contains("loan.contract_amount: AMOUNT_MALFORMED"),
            "{}",
            told.err
        );
        let json = run_at(place, &[&call[..], &["--output", "json"]].concat())
            .await
            .ended(2);
        let error = &json.error()["error"];
        assert_eq!(
            (&error["code"], &error["status"]),
            (&json!(400), &json!("INVALID_ARGUMENT"))
        );
        assert!(
            error["details"]
                .as_array()
                .unwrap()
                .iter()
                .any(|it| it["locale"] == "zh-CN"),
            "{error}"
        );
        // Who may not is told who may.
        let bureau = [
            "call",
            "PledgeService/ReportLoan",
            "--as",
            "bureau",
            "--data",
            &data,
        ];
        let role = run_at(place, &bureau).await.ended(2);
        assert!(role.err.contains("may call: a lender"), "{}", role.err);
        let field = run_at(
            place,
            &["call", "PledgeService/ReportLoan", "--data", r#"{"lone": {}}"#],
        )
        .await
        .ended(2);
        assert!(
            field.err.contains("JSON_FIELD_UNKNOWN") && field.err.contains("--describe"),
            "{}",
            field.err
        );
        let name = run_at(place, &["call", "PledgeService/ReportLone"])
            .await
            .ended(2);
        assert!(name.err.contains("PledgeService/ReportLoan"), "{}", name.err);
    });
}

#[test]
fn a_file_of_calls_is_answered_line_by_line() {
    zhirong_tests::run(async {
        let place = sandbox::shared().await;
        let scene = Lending::new(place).await;
        let dir = temporary_dir("zhirong-calls").unwrap();
        let (file, out) = (dir.join("requests.jsonl"), dir.join("answers.jsonl"));
        let lines = [
            json!({"as": scene.code, "method": "PledgeService/ReportLoan", "request": loan(&scene)}).to_string(),
            json!({"method": "RegistryService/GetPatent", "request": {"name": format!("patents/{}", scene.patent)}}).to_string(),
            json!({"as": scene.code, "method": "PledgeService/GetLoan", "request": {"name": "loans/none"}}).to_string(),
            "{".to_owned(),
        ];
        std::fs::write(&file, lines.join("\n")).unwrap();
        let (file, out) = (file.to_str().unwrap(), out.to_str().unwrap());
        let ran = run_at(place, &["call", "--file", file, "--out", out])
            .await
            .ended(3);
        assert!(
            ran.out.is_empty() && ran.err.contains("2 answered, 2 refused"),
            "{}",
            ran.err
        );
        let answers = std::fs::read_to_string(out).unwrap();
        let answers: Vec<Value> = answers
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        assert_eq!(
            answers[0]["answer"][0]["receipt"]["facts"]
                .as_array()
                .map(Vec::len),
            Some(3)
        );
        assert_eq!(answers[1]["method"], "RegistryService/GetPatent");
        assert_eq!(answers[2]["error"]["status"], "NOT_FOUND");
        assert_eq!(answers[3]["error"]["details"][0]["reason"], "JSON_MALFORMED");
        std::fs::remove_dir_all(dir).unwrap();
    });
}

#[test]
fn methods_are_listed_and_described() {
    zhirong_tests::run(async {
        let listed = run(&["call", "--list", "--output", "json"]).await.ended(0).json();
        let all = zhirong::call::methods().unwrap().all();
        assert_eq!(listed.as_array().map(Vec::len), Some(all.len()));
        for method in all {
            let name = method.path.rsplit('.').next().unwrap();
            let told = run_described(name).await;
            assert!(
                told.contains("May call: ") && told.contains("Request: "),
                "{name}"
            );
        }
        let help = run(&["call", "PledgeService/ReportLoan", "--help"])
            .await
            .ended(0);
        assert!(
            help.out.contains("contract_amount: Money") && help.out.contains("合同金额"),
            "{}",
            help.out
        );
        // The example is a request that parses.
        let example = help.out.split("request.json\n").nth(1).unwrap();
        assert!(
            zhirong::call::find("PledgeService/ReportLoan")
                .unwrap()
                .parse(example)
                .is_ok()
        );
    });
}

async fn run_described(name: &str) -> String {
    run(&["call", name, "--describe"]).await.ended(0).out
}
