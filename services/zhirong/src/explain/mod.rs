//! `zhirong explain`: a line from the amount down to the reported records, or a fact with the lines that rest on it and why not.

mod node;
mod remote;
mod shelf;
mod tree;
mod why;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::ExitCode;

use exchange::compute::ComputedBatch;
use policy::engine::{Question, counted_draws, why_not};
use policy::explanation;
use serde_json::json;

pub use node::Node;
pub use why::{Asked, parse};

use self::shelf::Shelf;
use self::tree::Ground;
use crate::cli::ExplainArgs;
use crate::connection::{MAKER, client_of, target};
use crate::error::CommandError;
use crate::exit::Exit;
use crate::experiment::{open_folder, opened};
use crate::inputs::Inputs;
use crate::output::Form;
use crate::output::listing::pretty;
use crate::{export, output};

/// What is asked of a batch.
#[derive(Debug, Clone)]
pub enum Asking {
    /// The line of a number, from 1.
    Line(u32),
    /// A fact.
    Fact(Asked),
}

/// An answer: the tree, and one sentence in each language.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The tree.
    pub tree: Node,
    /// The sentence in Chinese.
    pub zh: String,
    /// The sentence in English.
    pub en: String,
}

impl Answer {
    /// Prints the answer: JSON where that is asked for, otherwise as text, since a tree is no table.
    fn print(&self) {
        if output::form() == Some(Form::Json) {
            let value = json!({"tree": self.tree.json(), "zh": self.zh, "en": self.en});
            output::data(pretty(&value).as_bytes());
        } else {
            output::data(self.text().as_bytes());
        }
    }

    /// The tree and the two sentences as they are printed.
    #[must_use]
    pub fn text(&self) -> String {
        format!("{}\n{}\n{}\n", self.tree.text(), self.zh, self.en)
    }
}

fn asking(args: &ExplainArgs) -> Result<Asking, CommandError> {
    match (&args.fact, args.line) {
        (Some(fact), _) => Ok(Asking::Fact(parse(fact)?)),
        (None, number) => Ok(Asking::Line(number.unwrap_or_default())),
    }
}

/// Whether a folder is asked, so that no server is needed.
#[must_use]
pub fn is_local(args: &ExplainArgs) -> bool {
    Path::new(&args.batch).is_dir()
}

/// Explains from a folder.
///
/// # Errors
/// [`CommandError`] where the folder is no batch, or has no such line.
pub fn run_local(args: &ExplainArgs) -> Result<ExitCode, CommandError> {
    let asking = asking(args)?;
    let inputs = open_folder(Path::new(&args.batch))?;
    explain(&inputs, &asking)?.print();
    Ok(Exit::Done.into())
}

/// Explains from the server: a line by its own call, a fact over the pulled batch.
///
/// # Errors
/// As [`run_local`]; also where the server refuses.
pub async fn run(args: ExplainArgs) -> Result<ExitCode, CommandError> {
    let asking = asking(&args)?;
    let (url, identity) = target(&args.client)?;
    let client = client_of(&url, &identity, MAKER)?;
    let batch_no = args.batch.strip_prefix("batches/").unwrap_or(&args.batch);
    let answer = match &asking {
        Asking::Line(number) => {
            let (tree, zh, en) = remote::explain(&client, batch_no, *number).await?;
            Answer { tree, zh, en }
        }
        Asking::Fact(_) => {
            let (_, files) = export::pull_files(&client, batch_no).await?;
            explain(&opened(&files, batch_no)?, &asking)?
        }
    };
    answer.print();
    Ok(Exit::Done.into())
}

/// Explains a line or a fact of a batch, computed again from its facts.
///
/// # Errors
/// [`CommandError`] for a line the batch does not have, or where the batch cannot be computed.
pub fn explain(inputs: &Inputs, asking: &Asking) -> Result<Answer, CommandError> {
    let batch = inputs.compute()?;
    let facts = inputs.history.facts();
    let mut question = Question {
        facts: &facts,
        rulebook: &inputs.rulebook,
        readings: &inputs.readings,
        year: inputs.year,
        as_of: inputs.as_of,
        settled: &inputs.settled,
        conditions: &inputs.conditions,
    };
    let verdicts = match asking {
        Asking::Fact(Asked {
            subject: Some(subject),
            ..
        }) => why_not(&question, subject)?,
        _ => Vec::new(),
    };
    // A fact may belong to another year than the batch's.
    let mut bank_draws = BTreeMap::new();
    let years = verdicts.iter().map(|verdict| verdict.year);
    for year in years.chain([inputs.year]).collect::<BTreeSet<_>>() {
        question.year = year;
        bank_draws.insert(year, counted_draws(&question)?);
    }
    let shelf = Shelf::new(&inputs.history);
    let ground = Ground {
        inputs,
        shelf: &shelf,
        bank_draws: &bank_draws,
        findings: &batch.outcome.findings,
    };
    let (tree, zh, en) = match asking {
        Asking::Line(number) => line(&ground, &batch, *number)?,
        Asking::Fact(asked) => why::explain(&ground, &batch, asked, &verdicts),
    };
    Ok(Answer { tree, zh, en })
}

fn line(
    ground: &Ground<'_>,
    batch: &ComputedBatch,
    number: u32,
) -> Result<(Node, String, String), CommandError> {
    let place = usize::try_from(number)
        .ok()
        .and_then(|number| number.checked_sub(1));
    let Some(line) = place.and_then(|place| batch.paid.get(place)) else {
        let lines = batch.paid.len();
        return Err(CommandError::usage(
            "LINE_UNKNOWN",
            format!("批次有 {lines} 行，没有第 {number} 行"),
            format!("the batch has {lines} lines and no line {number}"),
        ));
    };
    if let Err(error) = explanation::check(line) {
        output::note(&format!("{error}"));
    }
    let (zh, en) = tree::sentences(line);
    let tree = tree::tree(ground, place.map(|place| place + 1), line);
    Ok((tree, zh, en))
}
