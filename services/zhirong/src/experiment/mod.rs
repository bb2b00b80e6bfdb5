//! `zhirong experiment`: what another policy or reading would have paid; it writes nothing.

mod report;

use std::collections::BTreeMap;
use std::path::Path;
use std::process::ExitCode;

use api::settlement::v1::{Batch, BatchState};
use exchange::batch::{ChangeRow, ReadingRow, Receipt};
use exchange::compute::readings_of;
use policy::engine::{EngineError, Line, LineKey, Outcome, Question, SettledBefore, settle};
use policy::money::Money;
use policy::rulebook::Rulebook;

pub use report::{Cap, Shift, Summary};

use crate::cli::ExperimentArgs;
use crate::connection::{MAKER, client_of, target};
use crate::error::CommandError;
use crate::exit::Exit;
use crate::inputs::Inputs;
use crate::verify::{self, Difference, Files};
use crate::{assess, export, output, replay};

/// What is tried.
#[derive(Debug, Clone, Default)]
pub struct Trial {
    /// Text of a policy to try; each batch's own where none.
    pub policy: Option<String>,
    /// Readings to try, each `R3=PER_LOAN`.
    pub set: Vec<String>,
}

/// What the trial would change.
#[derive(Debug, Clone, Default)]
pub struct Experiment {
    /// The lines that change, sorted by year and key.
    pub changes: Vec<ChangeRow>,
    /// The effect in all.
    pub summary: Summary,
}

/// Whether the folders are given, so that no server is needed.
#[must_use]
pub fn is_local(args: &ExperimentArgs) -> bool {
    !args.dirs.is_empty()
}

/// Runs the command over folders.
///
/// # Errors
/// [`CommandError`] where a folder is no batch, or the policy or readings cannot be used.
pub fn run_local(args: &ExperimentArgs) -> Result<ExitCode, CommandError> {
    let mut batches = Vec::new();
    for dir in &args.dirs {
        let (files, _) = verify::read(dir)?;
        batches.push(opened(&files, &dir.display().to_string())?);
    }
    finish(args, batches)
}

/// Runs the command over the released batches of the server.
///
/// # Errors
/// As [`run_local`]; also where the server cannot be asked.
pub async fn run(args: ExperimentArgs) -> Result<ExitCode, CommandError> {
    let (url, identity) = target(&args.client)?;
    let client = client_of(&url, &identity, MAKER)?;
    let mut last: BTreeMap<i32, Batch> = BTreeMap::new();
    // Ascending numbers: the last released one of a year stays. States of a later version count as released from there on.
    for batch in replay::all_batches(&client).await? {
        if matches!(batch.state(), BatchState::Released | BatchState::Paid) {
            last.insert(batch.year, batch);
        }
    }
    let mut batches = Vec::new();
    for batch in last.values() {
        let (_, files) = export::pull_files(&client, &batch.batch_no).await?;
        batches.push(opened(&files, &batch.batch_no)?);
    }
    finish(&args, batches)
}

fn finish(args: &ExperimentArgs, batches: Vec<Inputs>) -> Result<ExitCode, CommandError> {
    let trial = Trial {
        policy: args.policy.as_deref().map(assess::read_policy).transpose()?,
        set: args.set.clone(),
    };
    let batches = last_of_each_year(batches);
    for inputs in &batches {
        output::note(&format!(
            "{} {}: {}",
            inputs.year, inputs.receipt.batch_no, inputs.receipt.batch_digest
        ));
    }
    let experiment = experiment(&batches, &trial)?;
    match output::form().filter(|form| *form != output::Form::Csv) {
        None => output::data(&ChangeRow::to_csv(&experiment.changes)),
        Some(form) => {
            let rows = experiment.changes.iter().map(ChangeRow::cells);
            output::Listing::of_file(ChangeRow::COLUMNS, rows).print(form);
        }
    }
    output::note(&experiment.summary.text());
    Ok(Exit::Done.into())
}

/// The files of a batch as the question it answers.
///
/// # Errors
/// [`CommandError::Usage`] naming the first file that cannot be used.
pub fn opened(files: &Files, name: &str) -> Result<Inputs, CommandError> {
    let unusable = |difference: Option<Difference>| {
        let (file, zh, en) = difference.map_or_else(Default::default, |it| (it.file, it.zh, it.en));
        CommandError::usage(
            "BATCH_FILE_UNUSABLE",
            format!("{name} 的 {file}：{zh}"),
            format!("{name}: {file}: {en}"),
        )
    };
    let bytes = files
        .get(crate::batch_folder::RECEIPT)
        .map_or(&[][..], Vec::as_slice);
    let receipt = Receipt::from_json(bytes).map_err(|error| {
        unusable(Some(Difference::new(
            crate::batch_folder::RECEIPT,
            "无法读取",
            error.to_string(),
        )))
    })?;
    Inputs::open(files, &receipt).map_err(|differences| unusable(differences.into_iter().next()))
}

/// Reads the folder of a batch as the question it answers.
///
/// # Errors
/// As [`opened`] and [`verify::read`].
pub fn open_folder(dir: &Path) -> Result<Inputs, CommandError> {
    opened(&verify::read(dir)?.0, &dir.display().to_string())
}

/// Of several batches of a city's year only the last: its facts hold those of the earlier ones.
fn last_of_each_year(batches: Vec<Inputs>) -> Vec<Inputs> {
    let mut last: BTreeMap<(String, i32), Inputs> = BTreeMap::new();
    for inputs in batches {
        let order = |it: &Inputs| (it.receipt.cut_off, it.receipt.batch_no.clone());
        let place = (inputs.receipt.city.clone(), inputs.receipt.year);
        if last
            .get(&place)
            .is_none_or(|known| order(known) <= order(&inputs))
        {
            last.insert(place, inputs);
        }
    }
    last.into_values().collect()
}

/// Settles every batch's facts as it was and as the trial has it, both from nothing settled.
///
/// # Errors
/// [`CommandError`] where the trial's policy or readings cannot be used or sums overflow.
pub fn experiment(batches: &[Inputs], trial: &Trial) -> Result<Experiment, CommandError> {
    let set = assess::overrides(&trial.set)?;
    let mut experiment = Experiment::default();
    for inputs in batches {
        let now = settled(inputs, &inputs.rulebook, &inputs.approvals)?;
        let then = match &trial.policy {
            Some(text) => {
                let city = &inputs.rulebook.city;
                settled(inputs, &assess::rules(city, Some(text))?.0, &set)?
            }
            None => {
                let kept = inputs.approvals.iter();
                let kept = kept.filter(|row| !set.iter().any(|other| other.id == row.id));
                let readings: Vec<ReadingRow> = kept.chain(&set).cloned().collect();
                settled(inputs, &inputs.rulebook, &readings)?
            }
        };
        compare(&mut experiment, &now, &then)?;
    }
    Ok(experiment)
}

/// What a batch's facts earn in its year with nothing settled before.
fn settled(inputs: &Inputs, rulebook: &Rulebook, readings: &[ReadingRow]) -> Result<Outcome, CommandError> {
    let (readings, _) = readings_of(rulebook.revision_of(inputs.year)?, readings)?;
    Ok(settle(&Question {
        facts: &inputs.history.facts(),
        rulebook,
        readings: &readings,
        year: inputs.year,
        as_of: inputs.as_of,
        settled: &SettledBefore::new(),
        conditions: &policy::conditions::Conditions::NONE,
    })?)
}

fn compare(experiment: &mut Experiment, now: &Outcome, then: &Outcome) -> Result<(), CommandError> {
    let mut lines: BTreeMap<&LineKey, (Option<&Line>, Option<&Line>)> = BTreeMap::new();
    for line in &now.lines {
        lines.entry(&line.key).or_default().0 = Some(line);
    }
    for line in &then.lines {
        lines.entry(&line.key).or_default().1 = Some(line);
    }
    for (now, then) in lines.into_values() {
        experiment.summary.add(now, then).map_err(EngineError::from)?;
        let entitled = |line: Option<&Line>| line.map_or(Money::ZERO, |line| line.entitled);
        if let Some(line) = now.or(then).filter(|_| entitled(now) != entitled(then)) {
            let difference = entitled(then).minus(entitled(now)).map_err(EngineError::from)?;
            let clause =
                |line: Option<&Line>| line.map_or_else(String::new, |it| it.clause.as_str().to_owned());
            experiment.changes.push(ChangeRow {
                policy_year: line.policy_year.to_string(),
                measure: line.key.measure.as_str().to_owned(),
                beneficiary: line.key.beneficiary.to_string(),
                beneficiary_name: line.beneficiary_name.clone(),
                item: line.key.item.clone(),
                now: entitled(now).to_string(),
                then: entitled(then).to_string(),
                difference: difference.to_string(),
                clause_now: clause(now),
                clause_then: clause(then),
            });
        }
    }
    Ok(())
}
