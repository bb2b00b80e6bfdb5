//! `zhirong import`: every exchange file of a folder through the public API, each row as the institution it belongs to.

mod route;
mod rows;
mod stream;

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use api::common::v1::{RowVerdict, Verdict};
use client::Client;
use exchange::{File, Owner, Refusal, RefusalCode, RefusedRow, Rejected};
use futures_util::StreamExt;

use crate::cli::ImportArgs;
use crate::connection::{BUREAU, certificates, client, target};
use crate::error::CommandError;
use crate::exit::Exit;
use crate::folder::Folder;
use crate::output::{Cell, Listing, progress::Progress};
use crate::{folder, output};

use route::route;
use rows::{Row, Sheet};
use stream::Wire;

/// Streams at one time.
const STREAMS_MOST: usize = 4;
/// Refused rows that are printed in full.
const REFUSED_SHOWN: usize = 20;
/// What is printed of each file.
const COLUMNS: [(&str, &str); 5] = [
    ("file", "文件"),
    ("stored", "已存"),
    ("unchanged", "未变"),
    ("kept_as_history", "存为历史"),
    ("refused", "拒收"),
];

/// Rows of one file by what became of them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Stored as the highest revision of their record.
    pub stored: u64,
    /// There already.
    pub unchanged: u64,
    /// Kept as history under a higher revision.
    pub kept: u64,
    /// Refused.
    pub refused: u64,
}

/// What became of a folder.
#[derive(Debug, Default)]
pub struct Report {
    /// Rows by file.
    pub counts: BTreeMap<File, Counts>,
    /// Refused rows by file.
    pub refused: BTreeMap<File, Rejected>,
    /// Files that were refused whole.
    pub files_refused: u64,
    /// One sentence a fault of such a file.
    pub file_refusals: Vec<String>,
    /// Rows stored with a warning.
    pub warned: u64,
}

impl Report {
    /// Whether every row of every file is stored.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.refused.is_empty() && self.files_refused == 0
    }
}

impl fmt::Display for Report {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sum = |of: fn(&Counts) -> u64| self.counts.values().map(of).sum::<u64>();
        let (stored, unchanged) = (sum(|it| it.stored), sum(|it| it.unchanged));
        let (kept, refused) = (sum(|it| it.kept), sum(|it| it.refused));
        let files = self.files_refused;
        write!(
            formatter,
            "已存 {stored} 行，未变 {unchanged}，存为历史 {kept}，拒收 {refused}，拒收文件 {files}，提示 {0} / {stored} rows stored, \
             {unchanged} unchanged, {kept} kept as history, {refused} refused, {files} files refused, {0} warnings",
            self.warned
        )
    }
}

/// Runs the command.
///
/// # Errors
/// [`CommandError`] where the services cannot be reached; what was stored by then stays, and an import may be repeated.
pub async fn run(args: ImportArgs) -> Result<ExitCode, CommandError> {
    let (url, identity) = target(&args.client)?;
    let folder = folder::read(&args.dir)?;
    let report = send_folder(&folder, &url, &identity).await?;
    let mut listing = Listing::new(&COLUMNS);
    for (file, counts) in &report.counts {
        let numbers = [counts.stored, counts.unchanged, counts.kept, counts.refused];
        let row = std::iter::once(Cell::text(file.as_str())).chain(numbers.map(Cell::Count));
        listing.push(row.collect(), || {
            let numbers = numbers.map(|number| number.to_string()).join(" ");
            format!("{} {numbers}\n", file.as_str())
        });
    }
    listing.finish();
    output::note(&report.to_string());
    for reason in &report.file_refusals {
        output::note(&format!("  {reason}"));
    }
    let refusals = report
        .refused
        .values()
        .flat_map(|it| &it.rows)
        .take(REFUSED_SHOWN)
        .flat_map(|row| &row.refusals);
    refusals.for_each(|refusal| output::note(&format!("  {refusal}")));
    let rejected = args
        .rejected
        .unwrap_or_else(|| folder::rejected_beside(&args.dir));
    let written = folder.write_refused(&rejected, &report.refused);
    match written {
        Ok(()) if report.refused.is_empty() => {}
        Ok(()) => output::note(&format!(
            "拒收行已写入 / refused rows are in {}",
            rejected.display()
        )),
        // What was stored and refused stands; only the copy of the refused rows is missing.
        Err(error) => output::note(&format!(
            "{error}\n用 --rejected 指明可写的目录 / name a folder that can be written with --rejected"
        )),
    }
    Ok(if report.is_whole() {
        Exit::Done
    } else {
        Exit::SomeRefused
    }
    .into())
}

/// Sends every exchange file of a folder: institutions first, then the bureau's other files, then each institution's own.
///
/// # Errors
/// As [`run`].
pub async fn send(dir: &Path, url: &str, identity: &Path) -> Result<Report, CommandError> {
    send_folder(&folder::read(dir)?, url, identity).await
}

async fn send_folder(folder: &Folder, url: &str, identity: &Path) -> Result<Report, CommandError> {
    let mut import = Import::new(url, identity)?;
    import.report.file_refusals = folder.reasons();
    import.report.files_refused = import.report.file_refusals.iter().map(|_| 1).sum();
    for (file, source) in folder.sources() {
        match rows::read(file, source) {
            Ok(sheet) => import.take(file, sheet),
            Err(refusal) => {
                import.report.files_refused += 1;
                import
                    .report
                    .file_refusals
                    .extend(refusal.refusals.iter().map(ToString::to_string));
            }
        }
    }
    import.send_bureau().await?;
    import.send_institutions().await?;
    Ok(import.into_report())
}

/// An import under way.
struct Import {
    url: String,
    identity: PathBuf,
    sheets: BTreeMap<File, Sheet>,
    rows: BTreeMap<File, Vec<Row>>,
    report: Report,
}

/// One stream: whose certificate, which service, and its rows.
struct Job {
    certificate: String,
    wire: Wire,
    rows: Vec<Row>,
}

impl Import {
    fn new(url: &str, identity: &Path) -> Result<Self, CommandError> {
        if certificates(identity)?.is_empty() {
            let dir = identity.display();
            return Err(CommandError::usage(
                "IDENTITY_MISSING",
                format!("{dir} 中没有证书（须有 ca.pem 与本人的 .pem、.key）"),
                format!("{dir} holds no certificate (it needs ca.pem and your .pem and .key)"),
            ));
        }
        Ok(Self {
            url: url.to_owned(),
            identity: identity.to_owned(),
            sheets: BTreeMap::new(),
            rows: BTreeMap::new(),
            report: Report::default(),
        })
    }

    fn take(&mut self, file: File, mut sheet: Sheet) {
        self.report.counts.insert(file, Counts::default());
        self.rows.insert(file, std::mem::take(&mut sheet.rows));
        let refused = std::mem::take(&mut sheet.refused);
        self.sheets.insert(file, sheet);
        refused.into_iter().for_each(|row| self.refuse(file, row));
    }

    /// The bureau's files: institutions alone and first, since a sandbox writes their certificates as it registers them.
    async fn send_bureau(&mut self) -> Result<(), CommandError> {
        let mut own: Vec<(File, Vec<Row>)> = Vec::new();
        for file in File::ALL
            .iter()
            .copied()
            .filter(|file| file.owner() == Owner::Bureau)
        {
            own.extend(self.rows.remove(&file).map(|rows| (file, rows)));
        }
        if !certificates(&self.identity)?.contains(BUREAU) {
            for (_, rows) in own {
                self.refuse_all(rows, RefusalCode::NotTheBureau);
            }
            return Ok(());
        }
        let (first, rest): (Vec<_>, Vec<_>) =
            own.into_iter().partition(|(file, _)| *file == File::Institutions);
        for group in [first, rest] {
            let rows: Vec<Row> = group.into_iter().flat_map(|(_, rows)| rows).collect();
            self.run(vec![Job {
                certificate: BUREAU.to_owned(),
                wire: Wire::Registry,
                rows,
            }])
            .await?;
        }
        Ok(())
    }

    /// Each institution's rows by its own certificate; those of others by the bureau on their behalf.
    async fn send_institutions(&mut self) -> Result<(), CommandError> {
        let names = certificates(&self.identity)?;
        let mut jobs: BTreeMap<(Wire, String), Vec<Row>> = BTreeMap::new();
        let mut homeless = Vec::new();
        for row in std::mem::take(&mut self.rows).into_values().flatten() {
            match route(&names, row.institution.as_deref(), row.file.service()) {
                Some(job) => jobs.entry(job).or_default().push(row),
                None => homeless.push(row),
            }
        }
        self.refuse_all(homeless, RefusalCode::OtherInstitution);
        let jobs = jobs.into_iter().map(|((wire, certificate), rows)| Job {
            certificate,
            wire,
            rows,
        });
        self.run(jobs.collect()).await
    }

    /// Runs streams, a few at one time.
    async fn run(&mut self, jobs: Vec<Job>) -> Result<(), CommandError> {
        let mut connected: Vec<(Client, Job)> = Vec::with_capacity(jobs.len());
        for job in jobs.into_iter().filter(|job| !job.rows.is_empty()) {
            connected.push((client(&self.url, &self.identity, &job.certificate)?, job));
        }
        let mut answers = Vec::new();
        {
            let rows = connected.iter().map(|(_, job)| job.rows.len()).sum::<usize>();
            let progress = &Progress::start("导入 importing", u64::try_from(rows).ok());
            let sheets = &self.sheets;
            let streams = connected.into_iter().map(|(client, job)| async move {
                let verdicts = stream::send(&client, job.wire, &job.rows, sheets, progress).await?;
                Ok::<_, CommandError>((job.rows, verdicts))
            });
            let mut running = futures_util::stream::iter(streams).buffer_unordered(STREAMS_MOST);
            while let Some(answer) = running.next().await {
                answers.push(answer?);
            }
        }
        for (rows, verdicts) in answers {
            for (row, verdict) in rows.into_iter().zip(verdicts) {
                self.count(row, &verdict);
            }
        }
        Ok(())
    }

    fn count(&mut self, row: Row, verdict: &RowVerdict) {
        let counts = self.report.counts.entry(row.file).or_default();
        match verdict.verdict() {
            Verdict::Stored => counts.stored += 1,
            Verdict::Unchanged => counts.unchanged += 1,
            Verdict::KeptAsHistory => counts.kept += 1,
            Verdict::Refused | Verdict::Unspecified => {
                let refusals = verdict
                    .refusals
                    .iter()
                    .map(|refusal| rows::refusal(row.file, refusal))
                    .collect();
                self.refuse(row.file, row.refuse(refusals));
            }
        }
        if !verdict.warnings.is_empty() {
            self.report.warned += 1;
        }
    }

    fn refuse_all(&mut self, rows: Vec<Row>, code: RefusalCode) {
        for row in rows {
            let file = row.file;
            let column = (file.owner() == Owner::Institution).then_some("institution_code");
            self.refuse(file, row.refuse(vec![Refusal::new(file, column, code)]));
        }
    }

    fn refuse(&mut self, file: File, row: RefusedRow) {
        self.report.counts.entry(file).or_default().refused += 1;
        let header = || {
            self.sheets
                .get(&file)
                .map(|sheet| sheet.header.clone())
                .unwrap_or_default()
        };
        let rejected = self.report.refused.entry(file);
        rejected
            .or_insert_with(|| Rejected {
                header: header(),
                rows: Vec::new(),
            })
            .rows
            .push(row);
    }

    fn into_report(mut self) -> Report {
        // Streams end in any order; the file's order is what its reader looks for.
        self.report
            .refused
            .values_mut()
            .for_each(|rejected| rejected.rows.sort_by_key(|row| row.number));
        self.report
    }
}
