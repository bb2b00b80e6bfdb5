//! The cases of batches, budget and correction (domain.md 7.4): those of one city's files by the rules alone, the others through
//! the services. A case counts only if every amount of it is as the table states.

mod paid;
mod pure;
mod served;

use super::{Asked, Figure, count, show};
use crate::run;
use crate::sandbox::Sandbox;

/// What became of a case: nothing, or what is wrong.
type Verdict = Result<(), String>;

/// Expects one text to be another.
fn same(is: &str, should: &str, what: &str) -> Verdict {
    if is == should {
        Ok(())
    } else {
        Err(format!("{what}: {is}, expected {should}"))
    }
}

/// Every case by its number.
async fn all(sandbox: &Sandbox) -> Vec<(&'static str, Verdict)> {
    vec![
        ("X01", pure::x01()),
        ("X02", pure::x02()),
        ("X03", pure::x03()),
        ("X05", pure::of_files("X05")),
        ("X06", served::x06(sandbox).await),
        ("X08", served::x08(sandbox).await),
        ("X09", served::x09(sandbox).await),
        ("X13", pure::of_files("X13").and(paid::x13(sandbox).await)),
        ("X14", served::x14(sandbox).await),
        ("X15", pure::of_files("X15")),
        ("X16", pure::x16()),
        ("X18", served::x18(sandbox).await),
        // The last one: it moves the sandbox a year on.
        ("X11", paid::x11(sandbox).await),
    ]
}

async fn checked() -> Vec<Figure> {
    let sandbox = Sandbox::start().await;
    let cases = all(&sandbox).await;
    sandbox.stop().await;
    let wrong: Vec<String> = cases
        .iter()
        .filter_map(|(case, verdict)| Some(format!("{case}: {}", verdict.as_ref().err()?)))
        .collect();
    show("case", &wrong);
    // Found for its amount, and for nothing else.
    let twin = pure::x16_a_fen_off().is_err_and(|wrong| wrong.starts_with("the draw of 2025"));
    let passed = cases.len() - wrong.len();
    vec![
        Figure::exactly("cases_7_4", count(passed), count(cases.len())),
        Figure::red_twin("cases_7_4, one draw a fen too high", u64::from(twin)),
    ]
}

/// The figures of the cases.
#[must_use]
pub fn figures(_: Asked) -> Vec<Figure> {
    run(checked())
}
