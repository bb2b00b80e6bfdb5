//! The trace id that a caller is told finds the log line that says what happened.

use std::fs::File;
use std::process::{Command, Stdio};

use api::pledge::v1::ListLoansRequest;
use serde_json::Value;
use tonic::Code;
use tonic_types::StatusExt;
use zhirong_tests::process::Served;
use zhirong_tests::run;
use zhirong_tests::sandbox::watch;
use zhirong_tests::scene::Lending;

#[test]
fn an_errors_trace_id_finds_its_log_line() {
    let dir = platform::database::embedded::temporary_dir("zhirong-lines").unwrap();
    let _watchdog = watch(&dir);
    let (data, log) = (dir.join("data"), dir.join("log"));
    let args = [
        "--sandbox",
        "--data",
        data.to_str().unwrap(),
        "--listen",
        "127.0.0.1:0",
    ];
    let served = Served::logging_to(Stdio::from(File::create(&log).unwrap()), &args, &[]);
    let refused = run(async {
        let scene = Lending::new(&served).await;
        let text = std::fs::read_to_string(data.join("pg/postmaster.pid")).unwrap();
        let killed = Command::new("kill")
            .args(["-KILL", text.lines().next().unwrap()])
            .status()
            .unwrap();
        assert!(killed.success());
        scene
            .bank
            .pledge()
            .list_loans(ListLoansRequest::default())
            .await
            .unwrap_err()
    });
    assert_eq!(refused.code(), Code::Unavailable);
    let trace_id = refused.get_details_error_info().unwrap().metadata["trace_id"].clone();
    let lines = std::fs::read_to_string(&log).unwrap();
    // The driver's own line about the lost connection names the trace as well.
    let own = |line: &&str| line.contains(&trace_id) && line.contains("request not served");
    let line = lines
        .lines()
        .find(own)
        .unwrap_or_else(|| panic!("{trace_id}: {lines}"));
    let line: Value = serde_json::from_str(line).unwrap();
    assert_eq!(line["trace_id"], trace_id.as_str());
    assert_eq!(
        (&line["level"], &line["message"]),
        (&"WARN".into(), &"request not served".into())
    );
    served.kill();
}
