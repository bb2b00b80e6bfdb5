//! Forms of data, colours, progress, exit codes.

use serde_json::json;
use zhirong_tests::command::{run, run_at, run_with};
use zhirong_tests::scene::Lending;
use zhirong_tests::{ids, sandbox};

const ESCAPE: char = '\u{1b}';

#[test]
fn data_comes_as_plain_text_table_json_and_csv() {
    zhirong_tests::run(async {
        let plain = run(&["codes"]).await.ended(0);
        assert!(
            plain
                .out
                .starts_with("list,code,severity,zh,en\nrefusal,CELL_REQUIRED,,"),
            "{}",
            plain.out
        );
        let csv = run(&["codes", "--output", "csv"]).await.ended(0);
        assert!(
            csv.out
                .starts_with("\u{feff}list,code,severity,zh,en\r\nrefusal,CELL_REQUIRED,,")
        );
        let json = run(&["--output", "json", "codes"]).await.ended(0).json();
        assert_eq!(
            json[0],
            json!({"list": "refusal", "code": "CELL_REQUIRED", "severity": "", "zh": "必填项为空", "en": "a required cell is empty"})
        );
        let rows = plain.out.lines().count() - 1;
        assert_eq!(json.as_array().map(Vec::len), Some(rows));
        let table = run(&["codes", "--output", "table"]).await.ended(0);
        assert_eq!(
            table.out.lines().count(),
            rows + 2,
            "a header, a rule, and every row"
        );
        let wrong = run(&["codes", "--output", "xml"]).await.ended(2);
        assert!(
            wrong.out.is_empty() && wrong.err.contains("table, json, csv"),
            "{}",
            wrong.err
        );
    });
}

#[test]
fn a_batch_is_told_in_every_form_and_amounts_stay_text() {
    zhirong_tests::run(async {
        let place = sandbox::Sandbox::start().await;
        let scene = Lending::new(&place).await;
        let mut report = scene.report(2025, "8000000.00");
        report.request_id = ids::request_id();
        scene.bank.pledge().report_loan(report).await.unwrap();
        let settle = [
            "settle",
            "--division",
            "410500",
            "--year",
            "2025",
            "--until",
            "released",
            "--output",
            "json",
        ];
        let settled = run_at(&place, &settle).await.ended(0);
        assert!(
            !settled.err.contains('\r') && !settled.err.contains(ESCAPE),
            "no bar: {:?}",
            settled.err
        );
        let settled = settled.json();
        assert_eq!(settled["loan_subsidy"], "150000.00");
        assert_eq!(settled["bank_incentive"], "80000.00");
        assert_eq!(
            (&settled["amount"], &settled["lines"]),
            (&json!("230000.00"), &json!(2))
        );
        let shown = run_at(&place, &["batch", "show", "410500-2025-001"])
            .await
            .ended(0);
        assert!(
            shown
                .out
                .starts_with("batch_no 410500-2025-001\nstate released 已放行\n"),
            "{}",
            shown.out
        );
        let replayed = run_at(&place, &["replay", "--all", "--output", "csv"])
            .await
            .ended(0);
        assert!(
            replayed.out.starts_with(
                "\u{feff}batch,state,result,digest,mismatches\r\n410500-2025-001,released,same,"
            ),
            "{}",
            replayed.out
        );
        let plain = run_at(&place, &["replay", "--all"]).await.ended(0);
        assert!(
            plain.out.starts_with("410500-2025-001 released same 一致 "),
            "{}",
            plain.out
        );
        let audited = run_at(&place, &["audit", "verify", "--output", "json"])
            .await
            .ended(0)
            .json();
        assert!(
            audited
                .as_array()
                .unwrap()
                .iter()
                .all(|chain| chain["result"] == "whole"),
            "{audited}"
        );
        let lines = [
            "settlement",
            "list-lines",
            "--parent",
            "batches/410500-2025-001",
            "--output",
            "csv",
        ];
        let lines = run_at(&place, &lines).await.ended(0);
        assert_eq!(
            lines.out.matches(",150000.00,").count(),
            2,
            "entitled and amount: {}",
            lines.out
        );
        place.stop().await;
    });
}

#[test]
fn nothing_is_coloured_and_no_bar_is_drawn_where_nobody_looks() {
    zhirong_tests::run(async {
        let missing = [
            "replay",
            "--server",
            "https://127.0.0.1:1",
            "--identity",
            "/nowhere",
        ];
        let plain = run(&missing).await.ended(2);
        assert!(
            !plain.err.contains(ESCAPE) && !plain.err.contains('\r'),
            "{:?}",
            plain.err
        );
        let colored = [&missing[..], &["--color", "always"]].concat();
        let always = run(&colored).await.ended(2);
        assert!(always.err.contains(ESCAPE), "{:?}", always.err);
        // A wish that is spelt out goes before the variable; without one the variable decides.
        assert!(
            run_with(&colored, &[("NO_COLOR", "1")], "")
                .await
                .err
                .contains(ESCAPE)
        );
        assert!(
            !run_with(&missing, &[("NO_COLOR", "1")], "")
                .await
                .err
                .contains(ESCAPE)
        );
        let never = [&missing[..], &["--color", "never"]].concat();
        assert!(!run(&never).await.err.contains(ESCAPE));
    });
}

#[test]
fn failures_say_what_to_do_and_are_json_where_data_is() {
    zhirong_tests::run(async {
        let empty = tempdir();
        let data = [("ZHIRONG_DATA", empty.as_str())];
        let none = run_with(&["batch", "show", "x"], &data, "").await.ended(2);
        assert!(
            none.err.contains("SERVER_UNKNOWN") && none.err.contains("zhirong serve --sandbox"),
            "{}",
            none.err
        );
        let json = run_with(&["batch", "show", "x", "--output", "json"], &data, "")
            .await
            .ended(2);
        assert!(json.out.is_empty());
        let error = &json.error()["error"];
        assert_eq!(error["status"], "FAILED_PRECONDITION");
        assert_eq!(error["details"][0]["reason"], "SERVER_UNKNOWN");
        // Nobody listens there: the hint names what starts a server.
        let place = sandbox::shared().await;
        let identity = place.identity_dir().to_str().unwrap();
        let refused = run(&[
            "batch",
            "show",
            "x",
            "--server",
            "https://127.0.0.1:1",
            "--identity",
            identity,
        ])
        .await
        .ended(2);
        assert!(refused.err.contains("--server"), "{}", refused.err);
        let usage = run(&["settle"]).await.ended(2);
        assert!(usage.err.contains("--division"));
        std::fs::remove_dir_all(empty).unwrap();
    });
}

/// Runs a command line on a terminal of its own: standard output and error come together. None where no `script` is there to make one.
fn on_a_terminal(args: &str, variables: &[(&str, &str)]) -> Option<String> {
    let line = format!("{} {args}", zhirong_tests::process::program().display());
    let mut command = std::process::Command::new("script");
    command
        .args(["-qec", &line, "/dev/null"])
        .env_remove("NO_COLOR")
        .env("TERM", "xterm");
    let output = command
        .envs(variables.iter().copied())
        .stdin(std::process::Stdio::null())
        .output()
        .ok()?;
    Some(String::from_utf8_lossy(&output.stdout).into_owned())
}

#[test]
fn a_terminal_gets_a_table_and_colour_unless_no_color_is_set() {
    let Some(table) = on_a_terminal("codes", &[]) else {
        return;
    };
    assert!(
        table.contains("-----") && !table.contains("list,code"),
        "{}",
        &table[..200]
    );
    let failing = "replay --server https://127.0.0.1:1 --identity /nowhere";
    let colored = on_a_terminal(failing, &[]).unwrap();
    assert!(colored.contains(ESCAPE), "{colored:?}");
    let plain = on_a_terminal(failing, &[("NO_COLOR", "1")]).unwrap();
    assert!(!plain.contains(ESCAPE), "{plain:?}");
}

fn tempdir() -> String {
    let dir = platform::database::embedded::temporary_dir("zhirong-cli").unwrap();
    dir.to_str().unwrap().to_owned()
}
