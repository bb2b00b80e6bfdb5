//! Benchmarks: figures with their bars, one JSON line each. They measure and never assert; a bar that is missed is printed so.

use std::fmt::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use platform::database::embedded::temporary_dir;

use crate::figure::{Figure, print_all};
use crate::ids;
use crate::process::{Served, program};

/// Loans that go through gRPC.
const IMPORTED: u32 = 20_000;
/// Bar of the import, in milliseconds.
const IMPORT_BAR_MS: u64 = 120_000;
/// Loans that are assessed from files.
const ASSESSED: u32 = 100_000;
/// Bar of the assessment, in milliseconds of CPU.
const ASSESS_BAR_MS: u64 = 5_000;
/// Banks that the loans are spread over.
const BANKS: u32 = 10;

/// Runs every benchmark; answers whether every bar was reached.
pub fn all() -> bool {
    let imported = import();
    let assessed = assess();
    imported && assessed
}

fn figure(name: &str, value: u64, bar: u64) -> bool {
    print_all(&[Figure::at_most(name, value, bar)], None)
}

/// 20,000 loans with a draw each, every one with its own pledge, patent and enterprise, by `zhirong import`.
fn import() -> bool {
    let dir = temporary_dir("zhirong-bench").unwrap();
    let files = dir.join("files");
    write_world(&files, IMPORTED);
    let data = dir.join("data");
    let data_text = data.to_str().unwrap();
    let server = Served::start(
        &["--sandbox", "--data", data_text, "--listen", "127.0.0.1:0"],
        &[],
    );
    let began = Instant::now();
    let status = Command::new(program())
        .args([
            "import",
            files.to_str().unwrap(),
            "--server",
            server.url(),
            "--identity",
        ])
        .arg(data.join("identity"))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .unwrap();
    let elapsed = u64::try_from(began.elapsed().as_millis()).unwrap();
    server.stop();
    let _removed = std::fs::remove_dir_all(&dir);
    figure(
        "import_20000_loans_with_draws_grpc_ms",
        if status.success() { elapsed } else { u64::MAX },
        IMPORT_BAR_MS,
    )
}

/// 100,000 loans by `zhirong assess`, in CPU time of the process.
fn assess() -> bool {
    let dir = temporary_dir("zhirong-bench").unwrap();
    write_world(&dir, ASSESSED);
    let timed = "TIMEFORMAT='%3U %3S'; time \"$0\" assess \"$1\" --division 410500 --year 2025 --as-of 2026-03-31 >/dev/null 2>/dev/null";
    let output = Command::new("bash")
        .args(["-c", timed])
        .arg(program())
        .arg(&dir)
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    // Seconds with exactly three places: without the point they are milliseconds.
    let parts = text
        .split_whitespace()
        .map(|part| part.replace('.', "").parse::<u64>().unwrap());
    let cpu: u64 = parts.sum();
    let _removed = std::fs::remove_dir_all(&dir);
    figure(
        "assess_100000_loans_cpu_ms",
        if output.status.success() { cpu } else { u64::MAX },
        ASSESS_BAR_MS,
    )
}

/// A city with `loans` loans, each with its own enterprise, patent, pledge and draw.
fn write_world(dir: &Path, loans: u32) {
    std::fs::create_dir_all(dir).unwrap();
    let mut banks =
        String::from("institution_code,name,kind,legal_person_uscc,legal_person_name,division_code,uscc\n");
    for bank in 0..BANKS {
        let (code, legal) = (ids::bank(bank), ids::legal_person(bank));
        writeln!(
            banks,
            "{code},样例银行{bank},bank,{legal},样例银行{bank}股份有限公司,410502,"
        )
        .unwrap();
    }
    let mut enterprises = String::from("uscc,name,division_code,registered_from,registered_to\n");
    let mut patents = String::from("patent_no,title,patentee_uscc,granted_on,ended_on,end_reason\n");
    let mut pledges = String::from(
        "institution_code,pledge_no,pledgor_uscc,pledgee_uscc,registered_on,cancelled_on,patents\n",
    );
    let mut contracts = String::from(
        "institution_code,contract_no,borrower_uscc,contract_amount,signed_on,revolving,collateral,patent_share,pledge_no,renewal_of,syndicate_no\n",
    );
    let mut events = String::from("institution_code,contract_no,event_no,kind,occurred_at,amount,reverses\n");
    for loan in 0..loans {
        let (bank, legal) = (ids::bank(loan % BANKS), ids::legal_person(loan % BANKS));
        let (uscc, patent, pledge) = (ids::enterprise(loan), ids::invention(loan), ids::pledge(loan));
        let amount = 1_000_000 + loan % 9_000_000;
        writeln!(enterprises, "{uscc},样例企业{loan},410502,2015-01-01,").unwrap();
        writeln!(patents, "{patent},样例,{uscc},2021-01-01,,").unwrap();
        writeln!(pledges, "{bank},{pledge},{uscc},{legal},2025-02-01,,{patent}").unwrap();
        writeln!(
            contracts,
            "{bank},HT{loan},{uscc},{amount}.00,2025-02-01,false,patent,,{pledge},,"
        )
        .unwrap();
        writeln!(
            events,
            "{bank},HT{loan},1,draw,2025-03-01T09:00:00+08:00,{amount}.00,"
        )
        .unwrap();
    }
    for (name, text) in [
        ("institutions", banks),
        ("enterprises", enterprises),
        ("patents", patents),
        ("pledges", pledges),
        ("loans", contracts),
        ("loan_events", events),
    ] {
        std::fs::write(dir.join(format!("{name}.csv")), text).unwrap();
    }
}
