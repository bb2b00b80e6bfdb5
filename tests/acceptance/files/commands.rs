//! `zhirong upload`, `mapping` and `statement` against a running sandbox.

use std::path::Path;
use std::process::{Command, Output};

use zhirong_tests::process::program;
use zhirong_tests::run;
use zhirong_tests::sandbox::{Sandbox, shared};
use zhirong_tests::scene::Lending;

const MAPPING: &str = r#"
name = "core"
file = "loan_events"
encoding = "gb18030"

[[columns]]
header = "借据号"
column = "contract_no"

[[columns]]
header = "流水"
column = "event_no"

[[columns]]
header = "日期"
column = "occurred_at"
date_form = "day_first"

[[columns]]
header = "金额(万元)"
column = "amount"
unit = "wan_yuan"

[constants]
kind = "draw"
"#;

/// Runs a command as the scene's bank in a folder.
fn zhirong(sandbox: &Sandbox, scene: &Lending, dir: &Path, args: &[&str]) -> Output {
    Command::new(program())
        .args(args)
        .args(["--server", sandbox.url(), "--as", &scene.code, "--identity"])
        .arg(sandbox.identity_dir())
        .current_dir(dir)
        .output()
        .unwrap()
}

fn said(output: &Output) -> (Option<i32>, String, String) {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}

#[test]
fn a_clerk_maps_uploads_corrects_and_reads_the_statement() {
    run(async {
        let sandbox = shared().await;
        let scene = Lending::new(sandbox).await;
        let dir = platform::database::embedded::temporary_dir("zhirong-clerk").unwrap();
        let text = format!(
            "借据号,流水,日期,金额(万元)\n{0},1,3/4/2025,100\n{0},2,31/2/2025,100\n",
            scene.contract_no
        );
        let (bytes, ..) = encoding_rs::GB18030.encode(&text);
        std::fs::write(dir.join("core.toml"), MAPPING).unwrap();
        std::fs::write(dir.join("放款.csv"), &bytes).unwrap();
        let go = |args: &[&str]| said(&zhirong(sandbox, &scene, &dir, args));

        let (code, out, err) = go(&["mapping", "set", "core.toml"]);
        assert_eq!((code, out.as_str()), (Some(0), "core loan_events 1\n"), "{err}");
        let (_, shown, _) = go(&["mapping", "show", "core"]);
        std::fs::write(dir.join("again.toml"), shown).unwrap();
        // What is shown can be set again, and is the same.
        assert_eq!(go(&["mapping", "set", "again.toml"]).1, "core loan_events 1\n");
        assert_eq!(go(&["mapping", "list"]).1, "core loan_events 1\n");

        let (code, out, err) = go(&[
            "upload",
            "放款.csv",
            "--mapping",
            "core",
            "--check",
            "--out",
            "check.xlsx",
        ]);
        assert_eq!((code, out.as_str()), (Some(3), "loan_events 1 0 0 1\n"), "{err}");
        let (code, out, err) = go(&["upload", "放款.csv", "--mapping", "core"]);
        assert_eq!((code, out.as_str()), (Some(3), "loan_events 1 0 0 1\n"), "{err}");
        assert!(err.contains("日期") && err.contains("DATE_INVALID"), "{err}");
        let copy = std::fs::read(dir.join("放款-marked.xlsx")).unwrap();
        assert!(copy.starts_with(b"PK"));

        let (code, out, err) = go(&["statement", "--month", "2026-01"]);
        assert_eq!(code, Some(0), "{err}");
        assert!(out.starts_with('\u{feff}'), "{out}");
        let (code, _, err) = go(&["statement", "--month", "2026-01", "--out", "january.xlsx"]);
        assert_eq!(code, Some(0), "{err}");
        assert!(
            std::fs::read(dir.join("january.xlsx"))
                .unwrap()
                .starts_with(b"PK")
        );
        let (code, _, err) = go(&["statement", "--month", "2026-01", "--out", "january.pdf"]);
        assert_eq!(code, Some(2));
        assert!(err.contains("FILE_FORMAT_UNKNOWN"), "{err}");

        assert_eq!(
            go(&["mapping", "withdraw", "core"]).1,
            "core 2 已撤销 withdrawn\n"
        );
        let (code, _, err) = go(&["upload", "放款.csv", "--mapping", "core"]);
        assert!(code == Some(2) && err.contains("NOT_FOUND"), "{err}");
        std::fs::remove_dir_all(&dir).unwrap();
    });
}
