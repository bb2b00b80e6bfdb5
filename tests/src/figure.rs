//! Figures of the repository's own commands, one JSON line each: `{"figure","value","target","ok"}`.

use std::time::Duration;

use serde_json::{Value, json};

/// One figure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Figure {
    name: String,
    value: Value,
    target: String,
    ok: Option<bool>,
}

impl Figure {
    /// A count that must be one number.
    #[must_use]
    pub fn exactly(name: impl Into<String>, value: usize, wanted: usize) -> Self {
        Self {
            name: name.into(),
            value: json!(value),
            target: wanted.to_string(),
            ok: Some(value == wanted),
        }
    }

    /// What a check finds in its broken twin.
    #[must_use]
    pub fn red_twin(name: &str, found: usize) -> Self {
        Self {
            name: format!("{name} (red twin)"),
            value: json!(found),
            target: ">= 1".to_owned(),
            ok: Some(found >= 1),
        }
    }

    /// How long something took, in seconds with two places, where it must not take longer than some.
    #[must_use]
    pub fn within(name: impl Into<String>, took: Duration, seconds: u64) -> Self {
        Self {
            target: format!("<= {seconds}"),
            ok: Some(took <= Duration::from_secs(seconds)),
            ..Self::seconds(name, took)
        }
    }

    /// How long something took, in seconds with two places; printed and not judged.
    #[must_use]
    pub fn seconds(name: impl Into<String>, took: Duration) -> Self {
        let (whole, hundredths) = (took.as_secs(), took.subsec_millis() / 10);
        let text = format!("{whole}.{hundredths:02}");
        Self {
            name: name.into(),
            value: serde_json::from_str(&text).unwrap_or(Value::Null),
            target: "printed only".to_owned(),
            ok: Some(true),
        }
    }

    /// Something that could not be tried here, and why. It is no failure, unless everything was asked for.
    #[must_use]
    pub fn not_run(name: impl Into<String>, why: &str, must: bool) -> Self {
        Self {
            name: name.into(),
            value: json!(format!("not run: {why}")),
            target: "run".to_owned(),
            ok: must.then_some(false),
        }
    }

    /// Prints its line; answers whether nothing is wrong with it.
    #[must_use]
    pub fn print(&self) -> bool {
        println!(
            "{}",
            json!({"figure": self.name, "value": self.value, "target": self.target, "ok": self.ok})
        );
        self.ok != Some(false)
    }
}

/// Prints figures; answers whether nothing is wrong with any.
#[must_use]
pub fn print_all(figures: &[Figure]) -> bool {
    // Every line is printed, whatever the ones before it say.
    let wrong = figures.iter().filter(|figure| !figure.print()).count();
    wrong == 0
}
