//! Figures of the repository's own commands, one JSON line each: `{"figure","value","target","seed","ok"}`.
//!
//! A figure counts violations, or how far a proof reached. A guard's figure is followed by that of its red twin: the same check
//! over a variant that is broken on purpose, which must find something, else the figure would prove nothing.

use std::time::Duration;

use serde_json::{Value, json};

/// The seed where none is given.
pub const SEED: u64 = 20_180_221;

/// How much is tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Size {
    /// Enough to see that a proof works, for the tests of the repository.
    Test,
    /// A few minutes.
    Smoke,
    /// The counts that must be shown, in at most fifteen minutes on two cores.
    Full,
    /// The large counts.
    Long,
}

impl Size {
    /// Every size.
    pub const ALL: [Self; 4] = [Self::Test, Self::Smoke, Self::Full, Self::Long];

    /// Its word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Test => "test",
            Self::Smoke => "smoke",
            Self::Full => "full",
            Self::Long => "long",
        }
    }
}

/// How a run was asked for.
#[derive(Debug, Clone, Copy)]
pub struct Asked {
    /// How much.
    pub size: Size,
    /// The seed that everything random comes from.
    pub seed: u64,
}

impl Asked {
    /// One of four counts, by size.
    #[must_use]
    pub const fn of(self, test: u64, smoke: u64, full: u64, long: u64) -> u64 {
        match self.size {
            Size::Test => test,
            Size::Smoke => smoke,
            Size::Full => full,
            Size::Long => long,
        }
    }
}

/// One figure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Figure {
    name: String,
    value: Value,
    target: String,
    ok: Option<bool>,
}

impl Figure {
    /// Violations, of which there may be none.
    #[must_use]
    pub fn none(name: impl Into<String>, value: impl TryInto<u64>) -> Self {
        Self::exactly(name, value, 0_u64)
    }

    /// A count that must reach a number.
    #[must_use]
    pub fn at_least(name: impl Into<String>, value: u64, least: u64) -> Self {
        Self::judged(name, value, format!(">= {least}"), value >= least)
    }

    /// A measure that must stay below a bar.
    #[must_use]
    pub fn at_most(name: impl Into<String>, value: u64, most: u64) -> Self {
        Self::judged(name, value, format!("<= {most}"), value <= most)
    }

    /// A count that must be one number.
    #[must_use]
    pub fn exactly(name: impl Into<String>, value: impl TryInto<u64>, wanted: impl TryInto<u64>) -> Self {
        let (value, wanted) = (number(value), number(wanted));
        Self::judged(name, value, wanted.to_string(), value == wanted)
    }

    /// A count that another rule has judged, named by its target.
    #[must_use]
    pub fn judged(name: impl Into<String>, value: u64, target: impl Into<String>, is_ok: bool) -> Self {
        Self {
            name: name.into(),
            value: json!(value),
            target: target.into(),
            ok: Some(is_ok),
        }
    }

    /// A time, or what hangs on it: judged by its bar where everything was asked for, and printed only where little is tried beside
    /// other tests or on a machine that does other things.
    #[must_use]
    pub fn timed(asked: Asked, name: impl Into<String>, value: u64, most: u64) -> Self {
        let is_judged = matches!(asked.size, Size::Full | Size::Long);
        let when = if is_judged { "" } else { " (printed only)" };
        Self::judged(
            name,
            value,
            format!("<= {most}{when}"),
            !is_judged || value <= most,
        )
    }

    /// The violations that a check finds in its broken twin.
    #[must_use]
    pub fn red_twin(name: &str, found: impl TryInto<u64>) -> Self {
        Self::at_least(format!("{name} (red twin)"), number(found), 1)
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

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether nothing is wrong with it.
    #[must_use]
    pub fn is_ok(&self) -> bool {
        self.ok != Some(false)
    }

    /// Its line; without a seed where nothing random went into it.
    #[must_use]
    pub fn line(&self, seed: Option<u64>) -> Value {
        let mut line =
            json!({"figure": self.name, "value": self.value, "target": self.target, "ok": self.ok});
        if let (Some(seed), Some(fields)) = (seed, line.as_object_mut()) {
            fields.insert("seed".to_owned(), json!(seed));
        }
        line
    }
}

/// Prints figures; answers whether nothing is wrong with any.
#[must_use]
pub fn print_all(figures: &[Figure], seed: Option<u64>) -> bool {
    figures
        .iter()
        .for_each(|figure| println!("{}", figure.line(seed)));
    figures.iter().all(Figure::is_ok)
}

/// The first few things that went wrong, for people; figures only count.
pub(crate) fn show(what: &str, wrong: &[String]) {
    for problem in wrong.iter().take(3) {
        eprintln!("{what}: {problem}");
    }
}

/// A count as a figure's value.
pub(crate) fn count(number: usize) -> u64 {
    u64::try_from(number).unwrap()
}

/// A count of whatever type as a figure's value.
fn number(count: impl TryInto<u64>) -> u64 {
    count.try_into().ok().unwrap()
}
