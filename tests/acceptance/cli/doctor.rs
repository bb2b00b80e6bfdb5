//! `zhirong doctor` finds each planted fault, and nothing where none is planted.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use platform::database::embedded::temporary_dir;
use serde_json::Value;
use zhirong_tests::command::{Ran, run_with};
use zhirong_tests::process::Served;
use zhirong_tests::sandbox;

/// What the doctor says of a data folder, with more options.
async fn asked(data: &Path, options: &[&str]) -> Ran {
    let args = [&["doctor", "--output", "json"], options].concat();
    run_with(&args, &[("ZHIRONG_DATA", data.to_str().unwrap())], "").await
}

/// The states of a check.
fn states(ran: &Ran, check: &str) -> Vec<String> {
    let all = ran.json();
    let found = all.as_array().unwrap().iter().filter(|it| it["check"] == check);
    found.map(|it| it["state"].as_str().unwrap().to_owned()).collect()
}

/// Whether a failed check says what to do in both languages.
fn says_what_to_do(ran: &Ran, check: &str) -> bool {
    let all = ran.json();
    let mut failed = all
        .as_array()
        .unwrap()
        .iter()
        .filter(|it| it["check"] == check && it["state"] == "fail");
    failed.any(|it| is_said(&it["advice_zh"]) && is_said(&it["advice_en"]))
}

fn is_said(text: &Value) -> bool {
    text.as_str().is_some_and(|text| !text.is_empty())
}

#[test]
fn a_running_sandbox_is_well_and_each_planted_fault_is_found() {
    zhirong_tests::run(async {
        let dir = temporary_dir("zhirong-doctor").unwrap();
        let watchdog = sandbox::watch(&dir);
        let data = dir.to_str().unwrap();
        let served = Served::start(&["--sandbox", "--data", data, "--listen", "127.0.0.1:0"], &[]);
        let listen = served.url().trim_start_matches("https://").to_owned();
        let well = asked(&dir, &["--listen", &listen]).await.ended(0);
        for check in [
            "settings",
            "server",
            "clock_server",
            "database",
            "durability",
            "schema",
            "row_security",
            "certificates",
        ] {
            assert_eq!(states(&well, check), ["ok"], "{check}: {well:?}");
        }
        assert!(
            states(&well, "identity").iter().all(|state| state == "ok"),
            "{well:?}"
        );
        assert_eq!(states(&well, "port"), ["ok"], "the services' own: {well:?}");

        // Somebody else may read a key.
        let key = served.identity().join("bureau.key");
        std::fs::set_permissions(&key, Permissions::from_mode(0o644)).unwrap();
        let open = asked(&dir, &["--listen", &listen]).await.ended(1);
        assert_eq!(states(&open, "key_modes"), ["fail"]);
        assert!(says_what_to_do(&open, "key_modes"));
        std::fs::set_permissions(&key, Permissions::from_mode(0o600)).unwrap();

        // A key of another certificate.
        let own = std::fs::read(&key).unwrap();
        std::fs::copy(served.identity().join("auditor.key"), &key).unwrap();
        let mixed = asked(&dir, &["--listen", &listen]).await.ended(1);
        assert!(says_what_to_do(&mixed, "certificates"), "{mixed:?}");
        std::fs::write(&key, own).unwrap();

        // Row-level security is not forced on a table any more.
        set_forced(&dir, false).await;
        let unforced = asked(&dir, &["--listen", &listen]).await.ended(1);
        assert_eq!(states(&unforced, "row_security"), ["fail"], "{unforced:?}");
        set_forced(&dir, true).await;

        // The port is another program's.
        let other = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let taken = other.local_addr().unwrap().to_string();
        let taken = asked(&dir, &["--listen", &taken]).await.ended(1);
        assert!(says_what_to_do(&taken, "port"), "{taken:?}");

        // Nothing of all this was left behind.
        asked(&dir, &["--listen", &listen]).await.ended(0);
        served.stop();
        drop(watchdog);
    });
}

async fn set_forced(dir: &Path, is_forced: bool) {
    use sqlx::{ConnectOptions, Executor};
    let mut connection = sandbox::options_of(dir).connect().await.unwrap();
    let word = if is_forced { "force" } else { "no force" };
    let statement = format!("alter table pledge.loan {word} row level security");
    connection.execute(sqlx::AssertSqlSafe(statement)).await.unwrap();
    sandbox::close(connection).await;
}

#[test]
fn settings_nobody_knows_and_a_server_that_is_not_there_are_found() {
    zhirong_tests::run(async {
        let dir = temporary_dir("zhirong-doctor").unwrap();
        let config = dir.join("zhirong.toml");
        std::fs::write(&config, "sandbocks = true\n").unwrap();
        let unknown = asked(
            &dir,
            &["--config", config.to_str().unwrap(), "--listen", "127.0.0.1:0"],
        )
        .await
        .ended(1);
        assert_eq!(states(&unknown, "settings"), ["fail"]);
        assert!(
            unknown.out.contains("sandbocks") && says_what_to_do(&unknown, "settings"),
            "{unknown:?}"
        );
        std::fs::write(&config, "sandbox = true\n").unwrap();
        let known = asked(
            &dir,
            &["--config", config.to_str().unwrap(), "--listen", "127.0.0.1:0"],
        )
        .await
        .ended(0);
        assert_eq!(states(&known, "settings"), ["ok"]);
        assert_eq!(states(&known, "server"), ["warn"], "nobody serves: {known:?}");

        // A sandbox of its own: beside other tests there may be certificates that are not registered.
        let place = sandbox::Sandbox::start().await;
        let identity = place.identity_dir().to_str().unwrap();
        let away = asked(
            &dir,
            &[
                "--server",
                "https://127.0.0.1:1",
                "--identity",
                identity,
                "--listen",
                "127.0.0.1:0",
            ],
        )
        .await
        .ended(1);
        assert!(says_what_to_do(&away, "server"), "{away:?}");
        let there = asked(
            &dir,
            &[
                "--server",
                place.url(),
                "--identity",
                identity,
                "--listen",
                "127.0.0.1:0",
            ],
        )
        .await
        .ended(0);
        assert_eq!(states(&there, "server"), ["ok"]);
        place.stop().await;
        std::fs::remove_dir_all(dir).unwrap();
    });
}
