//! Secrets and personal data put in by every way there is, and looked for in everything that the program and its database write.

mod outputs;
mod ways;

use std::fs::File;
use std::path::Path;
use std::process::Stdio;

use platform::database::embedded::temporary_dir;
use platform::identity::load_identity;

use self::outputs::{Collector, found_in};
use self::ways::Planted;
use crate::figure::{Asked, Figure, count, show};
use crate::http::{Http, Version};
use crate::process::Served;
use crate::run;
use crate::sandbox::watch;
use crate::scene::Lending;

/// Plants, stops the program so that the last spans and figures are out, and looks.
pub fn figures(asked: Asked) -> Vec<Figure> {
    platform::serve::install_crypto_provider();
    run(search(asked))
}

/// A run of the program over a data folder, everything it writes kept in files beside.
fn serve(dir: &Path, twin: Option<&str>, collector: &Collector) -> Served {
    let (data, traces) = (dir.join("data"), dir.join("traces"));
    let log = File::options()
        .create(true)
        .append(true)
        .open(dir.join("log"))
        .unwrap();
    let args = [
        "--sandbox",
        "--data",
        data.to_str().unwrap(),
        "--listen",
        "127.0.0.1:0",
        "--log-level",
        "debug",
        "--trace-file",
        traces.to_str().unwrap(),
        "--otlp-endpoint",
        collector.url(),
    ];
    let mut environment = vec![("OTEL_METRIC_EXPORT_INTERVAL", "500")];
    environment.extend(twin.map(|twin| (platform::twin::VARIABLE, twin)));
    Served::logging_to(Stdio::from(log), &args, &environment)
}

async fn search(asked: Asked) -> Vec<Figure> {
    let dir = temporary_dir("zhirong-canary").unwrap();
    let _watchdog = watch(&dir.join("data"));
    let collector = Collector::start().await;
    let mut planted = Planted::new(asked.seed);

    let served = serve(&dir, None, &collector);
    let scene = Lending::new(&served).await;
    planted.keys(&dir.join("data"), &scene.code);
    planted.headers(&http(&served, &scene.code)).await;
    planted.bodies(&http(&served, &scene.code)).await;
    planted.payees(&served, &scene).await;
    planted.webhooks(&scene).await;
    planted.files(&scene).await;
    planted.database(&dir.join("data")).await;
    for who in ["bureau", "finance-maker", scene.code.as_str()] {
        planted.every_field(&http(&served, who)).await;
    }
    let others = told_to_others(&served).await;
    served.stop();

    // A panic with what the caller sent in its message.
    let served = serve(&dir, Some("panic-in-call"), &collector);
    planted.panic(&http(&served, &scene.code)).await;
    served.stop();
    let mut outputs = vec![
        ("log", std::fs::read(dir.join("log")).unwrap()),
        ("traces", std::fs::read(dir.join("traces")).unwrap()),
        ("collector", collector.bytes()),
        ("database log", std::fs::read(dir.join("data/pg.log")).unwrap()),
        ("answers to others", others),
    ];
    let found = found_in(&planted.all, &outputs);
    let panics = count_of(&outputs[0].1, "a panic");

    // The twins: a log with one canary in it, and a program that logs what callers send.
    let one = planted.all.first().unwrap().1.clone();
    outputs.push(("doctored", format!("{{\"message\":\"{one}\"}}").into_bytes()));
    let doctored = found_in(&planted.all, &outputs).len() - found.len();
    let served = serve(&dir, Some("log-headers"), &collector);
    planted.headers(&http(&served, &scene.code)).await;
    served.stop();
    let log = [("log of the twin", std::fs::read(dir.join("log")).unwrap())];
    let logged = found_in(&planted.all, &log);
    show("canary", &found);
    let _removed = std::fs::remove_dir_all(&dir);
    vec![
        Figure::none("canary secrets found in any output", found.len()),
        Figure::red_twin("canary secrets found in a doctored log", doctored),
        Figure::red_twin("canary secrets found in any output", logged.len()),
        Figure::at_least("canary secrets planted", count(planted.all.len()), 40),
        Figure::at_least(
            "bytes of output searched",
            outputs.iter().map(|(_, bytes)| count(bytes.len())).sum(),
            10_000,
        ),
        Figure::at_least("panics made on purpose", panics, 1),
    ]
}

fn http(served: &Served, who: &str) -> Http {
    let identity = load_identity(served.identity(), who).unwrap();
    Http::at(served.url(), &identity, Version::Http1)
}

fn count_of(bytes: &[u8], text: &str) -> u64 {
    count(String::from_utf8_lossy(bytes).matches(text).count())
}

/// What another bank is answered by every reading call that takes an empty message.
async fn told_to_others(served: &Served) -> Vec<u8> {
    let other = Lending::new(served).await;
    let http = http(served, &other.code);
    let mut told = Vec::new();
    for method in crate::parity::methods()
        .all()
        .iter()
        .filter(|method| method.is_read())
    {
        told.extend(http.call(&method.path, &serde_json::json!({})).await.body);
    }
    told
}
