//! A collector that is away, or takes the connection and never answers, costs its figures and nothing else.

use std::net::TcpListener;
use std::time::{Duration, Instant};

use zhirong_tests::process::Served;
use zhirong_tests::sandbox::watch;
use zhirong_tests::scene::Lending;
use zhirong_tests::{ids, run};

fn reports_are_taken(endpoint: &str) {
    let dir = platform::database::embedded::temporary_dir("zhirong-dead").unwrap();
    let _watchdog = watch(&dir);
    let data = dir.join("data");
    let args = [
        "--sandbox",
        "--data",
        data.to_str().unwrap(),
        "--listen",
        "127.0.0.1:0",
    ];
    // Figures go out ten times a second, so that the exporter is at work all the time.
    let environment = [
        ("ZHIRONG_OTLP_ENDPOINT", endpoint),
        ("OTEL_METRIC_EXPORT_INTERVAL", "100"),
    ];
    let served = Served::start(&args, &environment);
    run(async {
        let scene = Lending::new(&served).await;
        let begun = Instant::now();
        for _ in 0..20 {
            let again = scene.report(ids::year(), "8000000.00");
            let _answer = scene.bank.pledge().report_loan(again).await;
        }
        assert!(begun.elapsed() < Duration::from_secs(20), "{:?}", begun.elapsed());
    });
    let begun = Instant::now();
    served.stop();
    assert!(begun.elapsed() < Duration::from_secs(40), "{:?}", begun.elapsed());
}

#[test]
fn calls_are_served_without_the_collector() {
    // Port 1 refuses; the listener takes connections into its backlog and says nothing.
    reports_are_taken("http://127.0.0.1:1");
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    reports_are_taken(&format!("http://{}", silent.local_addr().unwrap()));
}
