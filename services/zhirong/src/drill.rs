//! `zhirong drill`: proves a backup by restoring it. A dump is taken, or one is named; it is restored into a server of its own in a
//! temporary folder; there the schema is held against the program's, every batch is computed again and every audit chain hashed again. The
//! database that the dump came from is only read.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use clap::Args;
use client::Client;
use platform::config::{Overlay, Secret, Settings};
use platform::database::embedded::{Cluster, Programs, Source, dump, find, temporary_dir};
use platform::database::{Database, Tuning};

use crate::audit::{self, AuditVerifyArgs};
use crate::cli::ClientArgs;
use crate::connection::{AUDITOR, MAKER, client_of};
use crate::error::CommandError;
use crate::exit::Exit;
use crate::node::Node;
use crate::output::{self, Cell, Listing};
use crate::replay;

/// Options of `drill`.
#[derive(Debug, Clone, Default, Args)]
pub struct DrillArgs {
    /// 备份文件 A dump in pg_dump's custom form; one is taken where not given
    #[arg(long, value_name = "FILE")]
    pub backup: Option<PathBuf>,
    /// 批次目录 Folder of an exported batch whose audit heads must stand in the restored chains; may be repeated
    #[arg(long, value_name = "DIR")]
    pub batch: Vec<PathBuf>,
    /// 数据目录 Data folder of a running embedded database, to take the dump from
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// 数据库 Database to take the dump from, by a login that every row is open to (zhirong_backup)
    #[arg(long, value_name = "URL")]
    pub database_url: Option<String>,
    /// Folder with the programs of PostgreSQL
    #[arg(long, value_name = "DIR")]
    pub pg_bin: Option<PathBuf>,
    /// Settings with these options applied; filled in before the command runs.
    #[arg(skip)]
    pub settings: Settings,
}

impl DrillArgs {
    /// The options as a layer of the settings.
    #[must_use]
    pub fn overlay(&self) -> Overlay {
        Overlay {
            data: self.data.clone(),
            database_url: self.database_url.clone().map(Secret::new),
            pg_bin: self.pg_bin.clone(),
            ..Overlay::default()
        }
    }
}

/// What was checked, one line each.
struct Report {
    listing: Listing,
    is_well: bool,
}

impl Report {
    /// Adds a line: how many were looked at, how many of them are wrong, and which.
    fn add(&mut self, check: &str, zh: &str, looked_at: usize, wrong: &[String]) {
        let is_well = wrong.is_empty();
        self.is_well &= is_well;
        let result = if is_well { "ok" } else { "differs" };
        let told = wrong.iter().take(5).cloned().collect::<Vec<_>>().join("; ");
        let cells = vec![
            Cell::text(check),
            Cell::text(result),
            Cell::count(looked_at),
            Cell::count(wrong.len()),
            Cell::text(&told),
        ];
        self.listing.push(cells, || {
            format!("{check} {zh}: {result} {looked_at}, {} {told}\n", wrong.len())
        });
    }
}

/// Runs the drill: exit 0 where everything restored is as it must be, 1 otherwise.
///
/// # Errors
/// [`CommandError`] where the dump cannot be taken or restored.
pub async fn run(args: DrillArgs) -> Result<ExitCode, CommandError> {
    let dir = temporary_dir("zhirong-drill")?;
    let outcome = drill(&args, &dir).await;
    // A folder of our own that cannot be removed is left to the system.
    let _removed = std::fs::remove_dir_all(&dir);
    Ok(Exit::done_if(outcome?).into())
}

async fn drill(args: &DrillArgs, dir: &Path) -> Result<bool, CommandError> {
    let programs = find(args.settings.pg_bin.as_deref(), dir)?;
    let mut report = Report {
        listing: Listing::new(&[
            ("check", "检查"),
            ("result", "结果"),
            ("looked_at", "数量"),
            ("wrong", "不符"),
            ("which", "所在"),
        ]),
        is_well: true,
    };
    let begun = Instant::now();
    let (backup, before) = match &args.backup {
        Some(backup) => (backup.clone(), BTreeMap::new()),
        None => taken(args, dir, &programs).await?,
    };
    report.add("backup", "备份", 1, &[]);
    let restoring = Instant::now();
    let cluster = Cluster::start(&dir.join("restored"), &programs).await?;
    let outcome = match cluster.restore(&programs, &backup).await {
        Ok(()) => restored(args, dir, &cluster, &before, &mut report).await,
        Err(error) => Err(error.into()),
    };
    cluster.stop().await?;
    outcome?;
    report.listing.finish();
    let (all, again) = (begun.elapsed().as_secs(), restoring.elapsed().as_secs());
    output::note(&format!(
        "恢复并核对用时 {again} 秒，全程 {all} 秒 / restored and checked in {again} s, {all} s in all"
    ));
    Ok(report.is_well)
}

/// A fresh dump, and what the database held before it was taken.
async fn taken(
    args: &DrillArgs,
    dir: &Path,
    programs: &Programs,
) -> Result<(PathBuf, BTreeMap<String, i64>), CommandError> {
    let settings = &args.settings;
    let tuning = Tuning {
        max_connections: 1,
        application_name: "zhirong drill".to_owned(),
        ..Tuning::default()
    };
    let running = platform::database::embedded::running(&settings.data)?;
    let (source, database) = match (&settings.database_url, running) {
        (Some(url), _) => (
            Source::Url(url.expose()),
            Database::connect_url(url.expose(), &tuning).await?,
        ),
        (None, Some(options)) => (
            Source::Running(&settings.data),
            Database::connect(options, &tuning).await?,
        ),
        (None, None) => {
            return Err(CommandError::usage(
                "DATABASE_URL_REQUIRED",
                "请用 --backup 指明备份文件，或用 --database-url 指明数据库，或用 --data 指明正在运行的内置数据库",
                "name a dump with --backup, a database with --database-url, or the folder of a running embedded one with --data",
            ));
        }
    };
    let before = database.counts().await;
    database.close().await;
    let backup = dir.join("backup.dump");
    dump(programs, source, &backup)?;
    Ok((backup, before?))
}

/// Checks what was restored, by the program's own services over it.
async fn restored(
    args: &DrillArgs,
    dir: &Path,
    cluster: &Cluster,
    before: &BTreeMap<String, i64>,
    report: &mut Report,
) -> Result<(), CommandError> {
    let database = Database::connect(cluster.options(), &Tuning::default()).await?;
    let (inspected, counts) = (database.inspect().await, database.counts().await);
    database.close().await;
    let (inspected, counts) = (inspected?, counts?);
    report.add("schema", "结构", 1, &inspected.differences);
    let missing: Vec<String> = before
        .iter()
        .filter_map(|(table, count)| {
            let there = counts.get(table).copied().unwrap_or_default();
            (there < *count).then(|| format!("{table} {there} < {count}"))
        })
        .collect();
    report.add("rows", "记录", counts.len(), &missing);
    // A sandbox's certificates are enough here: nothing that it writes leaves the temporary folder.
    let settings = Settings {
        data: dir.join("node"),
        listen: std::net::SocketAddr::from(([127, 0, 0, 1], 0)),
        sandbox: true,
        roles: ["registry", "settlement"].map(str::to_owned).to_vec(),
        policies: args.settings.policies.clone(),
        ..Settings::default()
    };
    let node = Node::start_over(&settings, cluster.options()).await?;
    let outcome = checked(args, &node, report).await;
    node.stop().await?;
    outcome
}

async fn checked(args: &DrillArgs, node: &Node, report: &mut Report) -> Result<(), CommandError> {
    let maker = client_of(node.url(), node.identity(), MAKER)?;
    batches(&maker, report).await?;
    let asked = AuditVerifyArgs {
        batch: args.batch.clone(),
        key: None,
        client: ClientArgs::default(),
    };
    let auditor = client_of(node.url(), node.identity(), AUDITOR)?;
    let found = audit::check(&auditor, &asked).await?;
    let mut broken: Vec<String> = found.batches.iter().map(|it| it.line()).collect();
    for chain in found.chains.iter().filter(|chain| !chain.breaks.is_empty()) {
        let codes = chain
            .breaks
            .iter()
            .map(|it| format!("{} {}", it.chain_no(), it.code()));
        broken.push(format!(
            "{}: {}",
            chain.stream,
            codes.collect::<Vec<_>>().join(", ")
        ));
    }
    report.add("audit", "审计链", found.chains.len(), &broken);
    Ok(())
}

/// Every batch that was ever computed comes to its digests again.
async fn batches(maker: &Client, report: &mut Report) -> Result<(), CommandError> {
    let all = replay::all_batches(maker).await?;
    let mut wrong = Vec::new();
    let mut replayed = 0_usize;
    for batch in all.iter().filter(|batch| batch.digests.is_some()) {
        replayed = replayed.saturating_add(1);
        for mismatch in replay::replay_stored(maker, batch).await? {
            wrong.push(format!("{} {}", batch.batch_no, mismatch.digest));
        }
    }
    report.add("batches", "批次", replayed, &wrong);
    Ok(())
}
