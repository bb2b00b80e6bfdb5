//! The sandbox's city: partners that behave well and badly, and a second revision of its rules.

mod partners;
mod rules;

use platform::database::embedded::temporary_dir;
use serde_json::Value;
use zhirong_tests::command::run_at;
use zhirong_tests::process::Served;
use zhirong_tests::sandbox::{Watchdog, watch};

/// A served sandbox with its city, in a folder of its own.
struct City {
    served: Served,
    watchdog: Watchdog,
}

impl City {
    fn start() -> Self {
        let dir = temporary_dir("zhirong-city").unwrap();
        let watchdog = watch(&dir);
        let args = [
            "--sandbox",
            "--data",
            dir.to_str().unwrap(),
            "--listen",
            "127.0.0.1:0",
        ];
        Self {
            served: Served::start(&args, &[]),
            watchdog,
        }
    }

    /// What a command answers as JSON, which must end well.
    async fn json(&self, args: &[&str]) -> Value {
        let all = [args, &["--output", "json"]].concat();
        run_at(&self.served, &all).await.ended(0).json()
    }

    /// Settles a year to its release and answers with the batch's name.
    async fn settle(&self, year: &str) -> String {
        let args = [
            "settle",
            "--division",
            "410500",
            "--year",
            year,
            "--until",
            "released",
        ];
        format!("batches/{}", self.json(&args).await["batch_no"].as_str().unwrap())
    }

    /// The lines of a batch: measure, beneficiary, item, entitled, settled before and amount.
    async fn lines(&self, batch: &str) -> Vec<[String; 6]> {
        let answer = self.json(&["settlement", "list-lines", "--parent", batch]).await;
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let line = |line: &Value| {
            [
                text(&line["measure"])
                    .trim_start_matches("MEASURE_")
                    .to_ascii_lowercase(),
                text(&line["beneficiary"]),
                text(&line["item"]),
                text(&line["entitled"]["amount"]),
                text(&line["settled_before"]["amount"]),
                text(&line["amount"]["amount"]),
            ]
        };
        answer["lines"].as_array().unwrap().iter().map(line).collect()
    }

    /// The codes and references of a batch's findings.
    async fn findings(&self, batch: &str) -> Vec<(String, String)> {
        let args = [
            "settlement",
            "list-findings",
            "--parent",
            batch,
            "--page-size",
            "1000",
        ];
        let answer = self.json(&args).await;
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let all = answer["findings"].as_array().unwrap();
        all.iter()
            .map(|it| (text(&it["code"]), text(&it["reference"])))
            .collect()
    }

    fn stop(self) {
        self.served.stop();
        drop(self.watchdog);
    }
}

/// A line that is expected, in whole texts.
fn line(cells: [&str; 6]) -> [String; 6] {
    cells.map(str::to_owned)
}
