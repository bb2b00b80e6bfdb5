//! `zhirong doctor`: what the program needs, checked one by one, each with what to do about it. A check is a function that adds to a
//! list; another one is another line in [`run`].

mod certificates;
mod database;
mod machine;
mod safety;
mod server;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use platform::config::{Overlay, Secret, Settings};

use crate::cli::ClientArgs;
use crate::error::CommandError;
use crate::exit::Exit;
use crate::output::{self, Cell, Listing};

/// Options of `doctor`.
#[derive(Debug, Clone, Default, Args)]
pub struct DoctorArgs {
    /// 数据目录 Folder of the embedded database and the certificates
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// 监听地址 Address that serve would use
    #[arg(long, value_name = "ADDR:PORT")]
    pub listen: Option<SocketAddr>,
    /// 数据库 Connection URL of PostgreSQL
    #[arg(long, value_name = "URL")]
    pub database_url: Option<String>,
    /// Folder with the programs of PostgreSQL
    #[arg(long, value_name = "DIR")]
    pub pg_bin: Option<PathBuf>,
    /// Where to.
    #[command(flatten)]
    pub client: ClientArgs,
}

impl DoctorArgs {
    /// The options as a layer of the settings.
    #[must_use]
    pub fn overlay(&self) -> Overlay {
        Overlay {
            data: self.data.clone(),
            listen: self.listen,
            database_url: self.database_url.clone().map(Secret::new),
            pg_bin: self.pg_bin.clone(),
            ..Overlay::default()
        }
    }
}

/// How a check came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    /// Nothing to do.
    Ok,
    /// It works, and something should be done.
    Warn,
    /// It does not work, or is not safe.
    Fail,
}

impl State {
    /// Its name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warn => "warn",
            Self::Fail => "fail",
        }
    }

    /// Its colour on a terminal.
    const fn color(self) -> &'static str {
        match self {
            Self::Ok => "32",
            Self::Warn => "33",
            Self::Fail => "31",
        }
    }
}

/// Something in two languages.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Said {
    /// In Chinese.
    pub zh: String,
    /// In English.
    pub en: String,
}

/// Something said in Chinese and English.
pub(crate) fn said(zh: impl Into<String>, en: impl Into<String>) -> Said {
    Said {
        zh: zh.into(),
        en: en.into(),
    }
}

/// What a check found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Name of the check, never renamed: scripts look for it.
    pub check: &'static str,
    /// How it came out.
    pub state: State,
    /// What was found.
    pub found: Said,
    /// What to do; empty where nothing is.
    pub advice: Said,
}

/// What all checks found, in order.
#[derive(Debug, Clone, Default)]
pub struct Findings(Vec<Finding>);

impl Findings {
    /// Adds that nothing is to be done.
    pub(crate) fn ok(&mut self, check: &'static str, found: Said) {
        self.add(check, State::Ok, found, Said::default());
    }

    /// Adds that it works, and something should be done.
    pub(crate) fn warn(&mut self, check: &'static str, found: Said, advice: Said) {
        self.add(check, State::Warn, found, advice);
    }

    /// Adds that it does not work.
    pub(crate) fn fail(&mut self, check: &'static str, found: Said, advice: Said) {
        self.add(check, State::Fail, found, advice);
    }

    fn add(&mut self, check: &'static str, state: State, found: Said, advice: Said) {
        self.0.push(Finding {
            check,
            state,
            found,
            advice,
        });
    }

    /// The findings.
    #[must_use]
    pub fn all(&self) -> &[Finding] {
        &self.0
    }

    /// Whether no check failed.
    #[must_use]
    pub fn is_well(&self) -> bool {
        self.0.iter().all(|finding| finding.state != State::Fail)
    }
}

/// Checks everything: exit 0 where nothing fails, 1 otherwise. Settings that cannot be read are a finding too; the other checks then go by
/// the built-in ones.
///
/// # Errors
/// None; what goes wrong is a finding.
pub async fn run(
    args: DoctorArgs,
    settings: Result<Settings, platform::Error>,
) -> Result<ExitCode, CommandError> {
    let mut findings = Findings::default();
    let settings = machine::settings(&mut findings, settings, args.overlay());
    let client = ClientArgs {
        settings: settings.clone(),
        ..args.client
    };
    machine::check(&mut findings, &settings);
    certificates::check(&mut findings, &settings, &client);
    database::check(&mut findings, &settings).await;
    safety::check(&mut findings, &settings).await;
    server::check(&mut findings, &client).await;
    print(&findings);
    Ok(Exit::done_if(findings.is_well()).into())
}

fn print(findings: &Findings) {
    let mut listing = Listing::of_sentences(&[
        ("check", "检查"),
        ("state", "结果"),
        ("found_zh", "情况"),
        ("found_en", ""),
        ("advice_zh", "办法"),
        ("advice_en", ""),
    ]);
    for finding in findings.all() {
        let Finding {
            check,
            state,
            found,
            advice,
        } = finding;
        let cells = [
            *check,
            state.as_str(),
            &found.zh,
            &found.en,
            &advice.zh,
            &advice.en,
        ];
        listing.push(cells.map(Cell::text).to_vec(), || text(finding));
    }
    listing.finish();
    let count = |state| {
        findings
            .all()
            .iter()
            .filter(|finding| finding.state == state)
            .count()
    };
    let (well, warned, failed) = (count(State::Ok), count(State::Warn), count(State::Fail));
    output::note(&format!(
        "正常 {well}，提醒 {warned}，不通过 {failed} / {well} ok, {warned} warnings, {failed} failed"
    ));
}

fn text(finding: &Finding) -> String {
    let state = finding.state.as_str();
    let mark = if output::is_colored() {
        format!("\u{1b}[{}m{state:<4}\u{1b}[0m", finding.state.color())
    } else {
        format!("{state:<4}")
    };
    let mut text = format!(
        "{mark}  {}: {} / {}\n",
        finding.check, finding.found.zh, finding.found.en
    );
    if !finding.advice.zh.is_empty() {
        text.push_str(&format!(
            "      {}\n      {}\n",
            finding.advice.zh, finding.advice.en
        ));
    }
    text
}
