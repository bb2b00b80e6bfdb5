//! Whether a node may start in earnest. One list of findings: `serve` refuses to start on any of them, `doctor` shows the same list by the
//! same names. No setting turns it off; what can be lived with is accepted by its own name in the setting `accept`. A sandbox has no list: it
//! listens on this machine alone and says what it is.
//!
//! A listener without TLS and one that takes callers without a certificate are not on the list because they cannot be written:
//! `platform::serve::Server` has no such form. Nor can HTTP/2 be without limits: they are constants there.

mod database;
mod hazard;
mod machine;

use ledger::Error;
use platform::config::Settings;
use platform::database::Database;
use platform::twin::{Twin, is_on};

pub use hazard::{Gravity, Hazard};

/// A finding: which, and of what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Which one.
    pub hazard: Hazard,
    /// Files, settings, tables: the same in every language.
    pub of: String,
}

/// Findings so far.
#[derive(Debug, Default)]
struct List(Vec<Found>);

impl List {
    fn add(&mut self, hazard: Hazard, of: impl Into<String>) {
        self.0.push(Found {
            hazard,
            of: of.into(),
        });
    }

    /// Adds a finding where there is something to name.
    fn add_all(&mut self, hazard: Hazard, of: &[String]) {
        /// More names than anybody reads; the first say where to look.
        const SHOWN: usize = 8;
        if of.is_empty() {
            return;
        }
        let more = of.len().saturating_sub(SHOWN);
        let mut text = of.iter().take(SHOWN).cloned().collect::<Vec<_>>().join(", ");
        if more > 0 {
            text.push_str(&format!(" (+{more})"));
        }
        self.add(hazard, text);
    }
}

/// What is found without the database.
#[must_use]
pub fn of_machine(settings: &Settings, roles: &[&str]) -> Vec<Found> {
    let mut list = List::default();
    machine::check(&mut list, settings, roles);
    list.0
}

/// What is found in the database.
///
/// # Errors
/// Where it cannot be asked.
pub async fn of_database(database: &Database, roles: &[&str]) -> Result<Vec<Found>, platform::Error> {
    let mut list = List::default();
    database::check(&mut list, database, roles).await?;
    Ok(list.0)
}

/// Whether this node must be safe: any but a sandbox.
#[must_use]
pub fn is_earnest(settings: &Settings) -> bool {
    !settings.sandbox && !is_on(Twin::NoStartChecks)
}

/// Lets a start go on, or refuses it by the names of everything that was found.
///
/// # Errors
/// `UNSAFE_PRODUCTION`; `ACCEPT_REFUSED` where `accept` names something that nobody can accept.
pub fn judge(settings: &Settings, found: &[Found]) -> Result<(), Error> {
    let accepted = accepted(settings)?;
    let mut refused = Vec::new();
    for it in found {
        let (name, (zh, en)) = (it.hazard.as_str(), it.hazard.words());
        let is_let = match it.hazard.gravity() {
            Gravity::Told => true,
            Gravity::Acceptable => accepted.contains(&it.hazard),
            Gravity::Deadly => false,
        };
        if is_let {
            tracing::warn!(hazard = name, of = %it.of, "{zh} / {en}");
        } else {
            refused.push(it);
        }
    }
    if refused.is_empty() {
        return Ok(());
    }
    let told = |is_zh: bool| -> String {
        let lines = refused.iter().map(|it| {
            let ((zh, en), (do_zh, do_en)) = (it.hazard.words(), it.hazard.advice());
            let (what, advice) = if is_zh { (zh, do_zh) } else { (en, do_en) };
            format!("\n  {}: {what} [{}] {advice}", it.hazard.as_str(), it.of)
        });
        lines.collect()
    };
    Err(platform::Error::Start {
        reason: "UNSAFE_PRODUCTION",
        zh: format!("不能这样正式运行：{}", told(true)),
        en: format!("not safe to serve in earnest:{}", told(false)),
    }
    .into())
}

/// What the settings accept.
fn accepted(settings: &Settings) -> Result<Vec<Hazard>, Error> {
    let known = |name: &String| {
        let hazard = Hazard::named(name).filter(|hazard| hazard.gravity() != Gravity::Deadly);
        hazard.ok_or_else(|| {
            let all = Hazard::ALL
                .iter()
                .filter(|it| it.gravity() == Gravity::Acceptable);
            let names = all.map(|it| it.as_str()).collect::<Vec<_>>().join(", ");
            Error::invalid(
                "accept",
                "ACCEPT_REFUSED",
                format!("{name} 不能接受；可接受的有：{names}"),
                format!("{name} cannot be accepted; there are {names}"),
            )
        })
    };
    settings.accept.iter().map(known).collect()
}

#[cfg(test)]
mod tests {
    use platform::Fault;

    use super::*;

    fn found(hazard: Hazard) -> Found {
        Found {
            hazard,
            of: "it".to_owned(),
        }
    }

    #[test]
    fn only_what_can_be_lived_with_is_accepted_and_by_its_own_name() {
        let accepting = |names: &[&str]| Settings {
            accept: names.iter().map(|name| (*name).to_owned()).collect(),
            ..Settings::default()
        };
        let standby = [found(Hazard::NoStandby)];
        assert!(judge(&accepting(&["NO_STANDBY"]), &standby).is_ok());
        assert!(judge(&accepting(&["NO_SIGNING_KEY"]), &standby).is_err());
        assert!(judge(&accepting(&[]), &[found(Hazard::CoreDumps)]).is_ok());
        for name in ["DATABASE_SUPERUSER", "EVERYTHING", "no_standby"] {
            let error = judge(&accepting(&[name]), &[]).unwrap_err();
            assert!(error.message_en().contains(name), "{error}");
        }
        let both = [found(Hazard::NoStandby), found(Hazard::DebugLog)];
        let error = judge(&accepting(&["NO_STANDBY"]), &both).unwrap_err();
        assert_eq!(error.reason(), "UNSAFE_PRODUCTION");
        assert!(error.message_en().contains("DEBUG_LOG") && !error.message_zh().contains("NO_STANDBY"));
    }
}
