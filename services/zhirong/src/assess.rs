//! `zhirong assess`: the pure rules over a folder of exchange files; no server, no database.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::ExitCode;

use chrono::NaiveDate;
use exchange::batch::{LineRow, ReadingRow};
use exchange::compute::{BatchQuestion, ComputedBatch, compute, readings_of};
use exchange::{Allow, File, Loaded, Rejected, Warning};
use platform::clock::Clock;
use policy::date::{PolicyYear, beijing_date};
use policy::engine::SettledBefore;
use policy::ident::{City, Division};
use policy::rulebook::{Rulebook, RulebookError};

use crate::cli::AssessArgs;
use crate::error::CommandError;
use crate::exit::Exit;
use crate::{batch_folder, folder, output};

/// Refused rows that are printed in full; the others are counted.
const REFUSED_SHOWN: usize = 20;
/// Where an override of `--set` comes from: nobody approved it.
const NOT_APPROVED: &str = "命令行设定，未经批准 / set on the command line, not approved";

/// What to assess, beside the files.
#[derive(Debug, Clone)]
pub struct Question {
    /// Division code of the city, e.g. `410500`.
    pub division: String,
    /// Policy year.
    pub year: i32,
    /// Day on which exclusions are tested.
    pub as_of: NaiveDate,
    /// Rules; the city's shipped ones where none.
    pub policy: Option<String>,
    /// Readings to change, each `R1=LOW`.
    pub set: Vec<String>,
}

/// What the files came to.
#[derive(Debug)]
pub struct Assessment {
    /// The batch, with nothing settled before it.
    pub batch: ComputedBatch,
    /// Refused rows by file.
    pub refused: BTreeMap<File, Rejected>,
    /// What was taken but looks wrong.
    pub warnings: Vec<Warning>,
    /// Rows taken, by file.
    pub stored: BTreeMap<File, u64>,
}

/// Runs the command.
///
/// # Errors
/// [`CommandError`] where a whole file is refused or the question has no answer; never for refused rows.
pub fn run(args: &AssessArgs) -> Result<ExitCode, CommandError> {
    let policy = args.policy.as_deref().map(read_policy).transpose()?;
    let question = Question {
        division: args.division.clone(),
        year: args.year,
        as_of: as_of(args.as_of.as_deref())?,
        policy,
        set: args.set.clone(),
    };
    let folder = folder::read(&args.dir)?;
    if let Some(note) = folder.note() {
        output::note(&note);
    }
    if !folder.unknown.is_empty() {
        return Err(CommandError::FilesRefused {
            reasons: folder.unknown_reasons(),
        });
    }
    if let Some(out) = &args.out {
        check_out(&args.dir, out)?;
    }
    let assessment = assess(&folder.files, &question)?;
    output::note(&assessment.summary());
    match &args.out {
        None => print_lines(&assessment.batch)?,
        Some(out) => {
            let mut files = assessment.batch.files.clone();
            files.extend(batch_folder::rejected_files(&assessment.refused));
            batch_folder::write(out, &files)?;
            output::note(&format!("已写入 / written to {}", out.display()));
        }
    }
    Ok(Exit::Done.into())
}

/// Prints `lines.csv`, byte for byte where no other form is asked for.
fn print_lines(batch: &ComputedBatch) -> Result<(), CommandError> {
    let bytes = batch.files.get(LineRow::FILE_NAME).map_or(&[][..], Vec::as_slice);
    let Some(form) = output::form().filter(|form| *form != output::Form::Csv) else {
        output::data(bytes);
        return Ok(());
    };
    let rows = LineRow::from_csv(bytes)
        .map_err(|error| CommandError::usage("BATCH_UNREADABLE", error.to_string(), error.to_string()))?;
    output::Listing::of_file(LineRow::COLUMNS, rows.iter().map(LineRow::cells)).print(form);
    Ok(())
}

/// Assesses exchange files.
///
/// # Errors
/// As [`run`], without the folder.
pub fn assess(files: &BTreeMap<File, Vec<u8>>, question: &Question) -> Result<Assessment, CommandError> {
    let division = Division::from_canonical(&question.division).map_err(|_| {
        CommandError::usage(
            "DIVISION_MALFORMED",
            format!("行政区划代码应为 6 位数字，而不是 {}", question.division),
            format!("a division code has six digits, unlike {}", question.division),
        )
    })?;
    let (rulebook, policy_text) = rules(&division.city(), question.policy.as_deref())?;
    let year = PolicyYear::new(question.year).ok_or_else(|| {
        let year = question.year;
        CommandError::usage(
            "YEAR_WITHOUT_RULEBOOK",
            format!("{year} 年度没有适用的规则"),
            format!("no rulebook covers {year}"),
        )
    })?;
    let (readings, approvals) = readings_of(rulebook.revision_of(year)?, &overrides(&question.set)?)?;
    let Loaded {
        history,
        refused,
        file_refusals,
        warnings,
        stored,
    } = exchange::load(files, &Allow::default());
    if !file_refusals.is_empty() {
        let reasons = file_refusals
            .iter()
            .flat_map(|file| file.refusals.iter().map(ToString::to_string));
        return Err(CommandError::FilesRefused {
            reasons: reasons.collect(),
        });
    }
    let batch = compute(&BatchQuestion {
        batch_no: &format!("{}-{year}-000", rulebook.city.division_text()),
        cut_off: 0,
        decided_cut_off: None,
        year,
        as_of: question.as_of,
        history: &history,
        rulebook: &rulebook,
        policy_text: &policy_text,
        readings: &readings,
        approvals: &approvals,
        settled: &SettledBefore::new(),
        conditions: &policy::conditions::Conditions::NONE,
        audit_heads: &[],
        previous_digest: None,
    })?;
    Ok(Assessment {
        batch,
        refused,
        warnings,
        stored,
    })
}

impl Assessment {
    /// What became of the rows, for people: counts, and the first refused rows in full.
    #[must_use]
    pub fn summary(&self) -> String {
        let stored: u64 = self.stored.values().sum();
        let refused: usize = self.refused.values().map(|rejected| rejected.rows.len()).sum();
        let receipt = &self.batch.receipt;
        let mut lines = vec![format!(
            "接收 {stored} 行，拒收 {refused} 行，提示 {0} 条；明细 {1} 条，合计 {2} 元 / {stored} rows taken, {refused} refused, \
             {0} warnings; {1} lines, {2} yuan",
            self.warnings.len(),
            receipt.line_count,
            receipt.line_sum,
        )];
        for (file, rejected) in &self.refused {
            lines.push(format!(
                "{}: 拒收 {1} 行 / {1} rows refused",
                file.file_name(),
                rejected.rows.len()
            ));
        }
        let rows = self.refused.values().flat_map(|rejected| &rejected.rows);
        lines.extend(
            rows.take(REFUSED_SHOWN)
                .flat_map(|row| row.refusals.iter().map(|refusal| format!("  {refusal}"))),
        );
        if refused > REFUSED_SHOWN {
            let left = refused - REFUSED_SHOWN;
            lines.push(format!(
                "  其余 {left} 行见 rejected/ / {left} more in rejected/ (--out)"
            ));
        }
        lines.join("\n")
    }
}

/// The as-of date: as given, or today in Beijing.
///
/// # Errors
/// [`CommandError::Usage`] for anything but a day as `YYYY-MM-DD`.
pub fn as_of(text: Option<&str>) -> Result<NaiveDate, CommandError> {
    match text {
        Some(text) => day(text, "--as-of"),
        None => Ok(beijing_date(Clock::System.now())),
    }
}

/// A day of the command line.
///
/// # Errors
/// [`CommandError::Usage`] for anything but `YYYY-MM-DD`, naming the option.
pub(crate) fn day(text: &str, option: &str) -> Result<NaiveDate, CommandError> {
    let day = NaiveDate::parse_from_str(text, "%Y-%m-%d").ok();
    // The parser takes shorter and spaced forms too; only the printed form is the contract's.
    day.filter(|day| day.format("%Y-%m-%d").to_string() == text)
        .ok_or_else(|| {
            CommandError::usage(
                "DATE_MALFORMED",
                format!("{option} 应为日期 YYYY-MM-DD，而不是 {text}"),
                format!("{option} is a day as YYYY-MM-DD, unlike {text}"),
            )
        })
}

/// Reads a policy file.
///
/// # Errors
/// [`CommandError::Io`].
pub(crate) fn read_policy(path: &Path) -> Result<String, CommandError> {
    std::fs::read_to_string(path)
        .map_err(|source| CommandError::io("读取政策文件", "reading the policy file", path, source))
}

/// The rules of the city, with their text.
pub(crate) fn rules(city: &City, given: Option<&str>) -> Result<(Rulebook, String), CommandError> {
    let text = match given {
        Some(text) => text,
        None => Rulebook::shipped_text(city)?,
    };
    let rulebook = Rulebook::load(text)?;
    if rulebook.city == *city {
        Ok((rulebook, text.to_owned()))
    } else {
        Err(RulebookError::CityUnknown(city.clone()).into())
    }
}

/// The readings of `--set`.
pub(crate) fn overrides(set: &[String]) -> Result<Vec<ReadingRow>, CommandError> {
    let mut rows: Vec<ReadingRow> = Vec::new();
    for text in set {
        let parts = text
            .split_once('=')
            .filter(|(id, value)| !id.is_empty() && !value.is_empty());
        let known = |id: &str, rows: &[ReadingRow]| rows.iter().any(|row| row.id == id);
        let Some((id, value)) = parts.filter(|(id, _)| !known(id, &rows)) else {
            return Err(CommandError::usage(
                "SET_MALFORMED",
                format!("--set 应形如 R1=LOW，每个口径一次，而不是 {text}"),
                format!("--set has the form R1=LOW, once a reading, unlike {text}"),
            ));
        };
        rows.push(ReadingRow {
            id: id.to_owned(),
            value: value.to_owned(),
            approval: NOT_APPROVED.to_owned(),
        });
    }
    Ok(rows)
}

/// Refuses an output folder whose `facts/` would be the folder that is read: it would be written over.
fn check_out(dir: &Path, out: &Path) -> Result<(), CommandError> {
    let facts = out.join("facts").canonicalize().ok();
    if facts.is_some() && facts == dir.canonicalize().ok() {
        return Err(CommandError::usage(
            "OUT_IS_INPUT",
            "--out 会覆盖所读的交换文件，请换一个目录",
            "--out would write over the files that are read; name another folder",
        ));
    }
    Ok(())
}
