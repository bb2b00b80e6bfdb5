//! `cargo xtask strangers`: one paste a role, from a built sandbox to a first explained amount, timed.

use std::path::Path;
use std::time::Instant;

use tokio::process::Command;

use crate::clients::bundle::{self, Packages};
use crate::clients::samples::Stage;
use crate::clients::tools::{root, run, target};
use crate::clients::{Found, with_program};
use crate::figure::{Figure, print_all};

/// The scripts of `tests/strangers`.
const STRANGERS: [&str; 4] = ["java", "python", "curl", "cli"];
/// Most seconds from the start of the sandbox to the explained amount.
const LIMIT: u64 = 60;
/// The amount, the clause that decided it, and the sentence that explains it.
const EXPLAINED: [&str; 3] = ["150000.00", "A8.1.3", "贷款额度600万元以上"];

/// Whether an output shows the amount with its clause and its explanation.
#[must_use]
pub fn is_explained(output: &str) -> bool {
    EXPLAINED.iter().all(|part| output.contains(part))
}

/// Starts a sandbox and pastes a script beside it; answers the figures of both.
async fn paste(found: &Found, name: &str, bundle: &Path) -> Result<Vec<Figure>, String> {
    let begun = Instant::now();
    let stage = Stage::start().await;
    let mut command = Command::new("bash");
    command.arg(root().join(format!("tests/strangers/{name}.sh")));
    if let ("python", Ok(python)) = (name, &found.python) {
        command.env("PYTHONPATH", &python.packages);
    }
    let address = stage.server().url().trim_start_matches("https://");
    command.env("SERVER", address).env("IDENTITY", stage.identity());
    let output = run(with_program(&mut command).env("BUNDLE", bundle)).await;
    let took = begun.elapsed();
    stage.stop();
    let output = output?;
    if !is_explained(&output) {
        eprintln!("{name}: {output}");
    }
    let explained = usize::from(is_explained(&output));
    Ok(vec![
        Figure::exactly(format!("stranger_{name}_explained"), explained, 1),
        Figure::within(format!("stranger_{name}_seconds"), took, LIMIT),
    ])
}

/// Pastes every script whose tools are there; prints every figure and answers whether all are as they must be. What cannot be tried for
/// want of a tool is a failure only where everything `must` be tried.
pub async fn all(must: bool) -> bool {
    let found = Found::look().await;
    let folder = match found.packages().await {
        Ok(packages) => written(&packages),
        Err(why) => Err(why),
    };
    let folder = match folder {
        Ok(folder) => folder,
        Err(why) => {
            eprintln!("{why}");
            return false;
        }
    };
    let mut figures = Vec::new();
    for name in STRANGERS {
        if let Some(why) = found.missing(name) {
            figures.push(Figure::not_run(format!("stranger_{name}_seconds"), why, must));
            continue;
        }
        match paste(&found, name, &folder).await {
            Ok(more) => figures.extend(more),
            Err(why) => {
                eprintln!("{name}: {why}");
                figures.push(Figure::exactly(format!("stranger_{name}_explained"), 0, 1));
            }
        }
    }
    print_all(&figures, None)
}

fn written(packages: &Packages) -> Result<std::path::PathBuf, String> {
    let (files, _) = bundle::files(packages)?;
    bundle::write(&files, &target())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_amount_without_its_clause_or_sentence_is_not_explained() {
        let good =
            "150000.00 A8.1.3\n8000000.00 元适用 安政〔2018〕9号(八)第一句：贷款额度600万元以上，补助15万元";
        assert!(is_explained(good));
        assert!(
            EXPLAINED
                .iter()
                .all(|part| !is_explained(&good.replace(part, "")))
        );
    }
}
