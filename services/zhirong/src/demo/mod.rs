//! `zhirong demo`: the sample city's year, from its banks' and insurers' reports to two verified batches.

mod once;
mod report;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use chrono::NaiveDate;
use platform::config::Settings;
use platform::database::embedded::temporary_dir;

use crate::cli::{DemoArgs, Until};
use crate::error::CommandError;
use crate::exit::Exit;
use crate::node::Node;
use crate::{export, import, output, sample, settle, verify};

/// The city of the sample.
const DIVISION: &str = "410500";
/// Its policy year.
const YEAR: i32 = 2025;

/// A settled and verified batch.
struct Settled {
    batch: api::settlement::v1::Batch,
    folder: PathBuf,
    files: verify::Files,
}

/// Runs the demonstration; exits 0 only when both batches are verified and the document's own table came out.
///
/// # Errors
/// [`CommandError`] with the step that failed.
pub async fn run(args: DemoArgs) -> Result<ExitCode, CommandError> {
    let began = Instant::now();
    let (data, is_ours) = match &args.data {
        Some(data) => (data.clone(), false),
        None => (temporary_dir("zhirong-demo")?, true),
    };
    let out = match &args.out {
        Some(out) => out.clone(),
        None => temporary_dir("zhirong-demo-out")?,
    };
    progress(
        began,
        "启动数据库与全部服务 / starting the database and all services",
    );
    let settings = Settings {
        data: data.join("node"),
        listen: std::net::SocketAddr::from(([127, 0, 0, 1], 0)),
        sandbox: true,
        roles: Vec::new(),
        ..args.settings.clone()
    };
    let node = Node::start(&settings).await?;
    let outcome = play(&node, &data, &out, began).await;
    let stopped = node.stop().await;
    if is_ours {
        // A folder of our own that cannot be removed is left to the system; nothing in it is needed any more.
        let _removed = std::fs::remove_dir_all(&data);
    }
    let is_right = outcome?;
    stopped?;
    progress(began, "完成 / done");
    Ok(Exit::done_if(is_right).into())
}

fn progress(began: Instant, text: &str) {
    output::note(&format!("[{:>4} ms] {text}", began.elapsed().as_millis()));
}

async fn play(node: &Node, data: &Path, out: &Path, began: Instant) -> Result<bool, CommandError> {
    let steps = [
        (
            "1",
            sample::FIRST_HALF,
            (2025, 7, 10),
            "上半年事实 / the first half's facts",
        ),
        (
            "2",
            sample::SECOND_HALF,
            (2026, 3, 31),
            "迟报、更正、退费 / late reports, a correction, a refund",
        ),
    ];
    let mut batches = Vec::with_capacity(steps.len());
    for (name, files, (year, month, day), what) in steps {
        let folder = data.join("sample").join(name);
        sample::write(&folder, files)?;
        progress(began, &format!("以知识产权局、银行、保险公司身份报送{what}"));
        let report = import::send(&folder, node.url(), node.identity()).await?;
        progress(began, &format!("  {report}"));
        let as_of = NaiveDate::from_ymd_opt(year, month, day);
        progress(
            began,
            "开批、计算、放行 / opening, computing and releasing the batch",
        );
        let batch = settle::settle(
            node.url(),
            node.identity(),
            (DIVISION, YEAR),
            as_of,
            Until::Released,
        )
        .await?;
        let folder = out.join(&batch.batch_no);
        progress(
            began,
            &format!("拉取并核验 {} / pulling and verifying it", batch.batch_no),
        );
        export::export(node.url(), node.identity(), &batch.batch_no, &folder).await?;
        batches.push(checked(batch, folder)?);
    }
    let repeated = once::report_twice_and_changed(node).await?;
    let waterfalls = once::cap_waterfalls(node, &batches).await?;
    report::print(&batches, &waterfalls, &repeated, out)
}

/// Reads an exported batch back and verifies it: digests, and computed again from its facts.
fn checked(batch: api::settlement::v1::Batch, folder: PathBuf) -> Result<Settled, CommandError> {
    let (files, _) = verify::read(&folder)?;
    let (_, differences) = verify::verify(&files);
    match differences.first() {
        None => Ok(Settled { batch, folder, files }),
        Some(difference) => Err(CommandError::usage(
            "BATCH_NOT_VERIFIED",
            format!(
                "批次 {} 核验不符：{} {}",
                batch.batch_no, difference.file, difference.zh
            ),
            format!(
                "batch {} does not verify: {} {}",
                batch.batch_no, difference.file, difference.en
            ),
        )),
    }
}
