//! The embedded server: first start, restart, and what is left after something was killed.

use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use zhirong_platform::database::embedded::{self, Cluster};
use zhirong_platform::error::Fault;

use crate::support::{Bench, Folder, connect, start};

const CHILD_DATA: &str = "PLATFORM_TEST_DATA";

async fn rows(cluster: &Cluster) -> i64 {
    let database = connect(cluster).await;
    sqlx::query_scalar("select count(*) from kept")
        .fetch_one(database.pool())
        .await
        .unwrap()
}

fn signal(pid: u32, name: &str) {
    Command::new("kill")
        .args([&format!("-{name}"), &pid.to_string()])
        .status()
        .unwrap();
}

#[tokio::test]
async fn a_cluster_keeps_its_rows_over_restarts_and_is_private_and_durable() {
    let bench = Bench::new("create table kept (n bigint); insert into kept values (1)").await;
    let data = bench.folder.path().to_path_buf();
    bench.database.check_durable().await.unwrap();
    bench.database.migrate().await.unwrap();
    bench.database.migrate().await.unwrap();
    for (name, mode) in [("pg", 0o700), ("sock", 0o700), ("pg.password", 0o600)] {
        assert_eq!(
            std::fs::metadata(data.join(name)).unwrap().permissions().mode() & 0o777,
            mode,
            "{name}"
        );
    }
    if std::fs::metadata("/proc/self").is_ok_and(|own| own.uid() == 0) {
        assert_ne!(
            std::fs::metadata(data.join("pg")).unwrap().uid(),
            0,
            "the server must not run as root"
        );
    }
    assert!(!data.join("pg.tmp.password").exists());
    bench.cluster.stop().await.unwrap();
    let again = start(&data).await;
    assert_eq!(rows(&again).await, 1);
    let log = std::fs::read_to_string(data.join("pg.log")).unwrap();
    assert!(!log.contains("WARNING"), "resets must not fill the log: {log}");
}

#[tokio::test]
async fn a_second_server_over_the_same_folder_is_refused() {
    let folder = Folder::new();
    let _first = start(folder.path()).await;
    let programs = embedded::find(None, folder.path()).unwrap();
    let error = Cluster::start(folder.path(), &programs).await.unwrap_err();
    assert_eq!(error.reason(), "DATA_IN_USE");
}

#[tokio::test]
async fn a_half_made_cluster_is_made_again() {
    let folder = Folder::new();
    std::fs::create_dir_all(folder.path().join("pg.tmp/base")).unwrap();
    std::fs::write(folder.path().join("pg.tmp/PG_VERSION"), "15\n").unwrap();
    let cluster = start(folder.path()).await;
    connect(&cluster).await.check_durable().await.unwrap();
}

#[tokio::test]
async fn a_long_path_gets_a_short_socket_folder() {
    let folder = Folder::new();
    let data = folder.path().join("d".repeat(90));
    let cluster = start(&data).await;
    let socket = cluster.options().get_socket().unwrap().clone();
    connect(&cluster).await;
    assert!(!socket.starts_with(&data) && socket.exists());
    cluster.stop().await.unwrap();
    assert!(!socket.exists());
}

#[tokio::test]
async fn a_killed_postgres_recovers() {
    let bench = Bench::new("create table kept (n bigint); insert into kept values (1), (2)").await;
    let data = bench.folder.path().to_path_buf();
    signal(bench.cluster.pid(), "KILL");
    drop(bench.cluster);
    let again = start(&data).await;
    assert_eq!(rows(&again).await, 2);
}

/// Not a test of its own: the process that the next test kills.
#[tokio::test]
#[ignore = "run by the test below in a process of its own"]
async fn child_that_never_stops() {
    let Some(data) = std::env::var_os(CHILD_DATA) else {
        return;
    };
    let data = std::path::PathBuf::from(data);
    let cluster = start(&data).await;
    let database = connect(&cluster).await;
    sqlx::query("create table kept (n bigint)")
        .execute(database.pool())
        .await
        .unwrap();
    sqlx::query("insert into kept values (1)")
        .execute(database.pool())
        .await
        .unwrap();
    std::fs::write(data.join("ready"), cluster.pid().to_string()).unwrap();
    std::future::pending::<()>().await;
}

#[tokio::test]
async fn the_server_of_a_killed_process_is_stopped_and_started_anew() {
    let folder = Folder::new();
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--ignored", "--exact", "cluster::child_that_never_stops"])
        .env(CHILD_DATA, folder.path())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let begun = Instant::now();
    let ready = folder.path().join("ready");
    while std::fs::read_to_string(&ready).unwrap_or_default().is_empty() {
        assert!(begun.elapsed() < Duration::from_secs(60), "child did not start");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let old: u32 = std::fs::read_to_string(&ready).unwrap().parse().unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    let alive = std::fs::read(format!("/proc/{old}/cmdline")).is_ok_and(|line| !line.is_empty());
    assert!(alive, "the orphan must still run, or this test shows nothing");
    let cluster = start(folder.path()).await;
    assert_ne!(cluster.pid(), old);
    assert_eq!(rows(&cluster).await, 1);
}

#[tokio::test]
async fn a_folder_of_another_version_is_refused_by_name() {
    let folder = Folder::new();
    let mut programs = embedded::find(None, folder.path()).unwrap();
    std::fs::create_dir(folder.path().join("pg")).unwrap();
    std::fs::write(folder.path().join("pg/PG_VERSION"), "14\n").unwrap();
    programs.major = 15;
    let error = Cluster::start(folder.path(), &programs).await.unwrap_err();
    assert_eq!(error.reason(), "DATABASE_VERSION");
    assert_eq!(
        embedded::find(None, folder.path()).unwrap_err().reason(),
        "POSTGRESQL_MISSING"
    );
}
