//! The sample city and the sandbox's starting records, embedded so that the program needs no folder beside it.
//!
//! Everything is invented; amounts and patterns follow published cases (see `deploy/sample/410500/README.md`).

use std::path::Path;

use policy::rulebook::ANYANG_2018_9;

use crate::error::CommandError;

/// A file of the sample: name and bytes.
pub type SampleFile = (&'static str, &'static [u8]);

macro_rules! sample {
    ($folder:literal: $($name:literal),+ $(,)?) => {
        &[$(($name, include_bytes!(concat!("../../../deploy/sample/", $folder, "/", $name)))),+]
    };
}

/// What is reported before the mid-year batch of 2025.
pub const FIRST_HALF: &[SampleFile] = sample!("410500/1": "awards.csv", "enterprises.csv", "exclusions.csv", "institutions.csv", "loan_events.csv", "loans.csv", "other_awards.csv", "patent_owners.csv", "patents.csv", "pledges.csv", "policies.csv", "policy_patents.csv", "premium_events.csv");

/// What comes after it: late reports, a correction, a refund, a reversal, a withdrawal.
pub const SECOND_HALF: &[SampleFile] = sample!("410500/2": "enterprises.csv", "exclusions.csv", "loan_events.csv", "loans.csv", "other_awards.csv", "patents.csv", "pledges.csv", "premium_events.csv");

/// The document's own table: who of the sample stands for which of its amounts.
pub const SHOWCASE: &str = include_str!("../../../deploy/sample/410500/showcase.csv");

/// What a sandbox starts with: the bureau's records of a city in which every rule can be tried.
pub const SANDBOX: &[SampleFile] = sample!("sandbox": "awards.csv", "enterprises.csv", "exclusions.csv", "institutions.csv", "other_awards.csv", "patent_owners.csv", "patents.csv");

/// The invented revision that a sandbox's rules have from 2027 on.
const INVENTED_REVISION: &str = include_str!("../../../deploy/sample/sandbox/revision-2027.toml");

/// The sandbox's rules: the shipped ones up to 2026, and an invented revision after that, to try what a change of policy does.
#[must_use]
pub fn sandbox_policy() -> String {
    let open = "\nvalid_from = 2018-01-01\n";
    let closed = "\nvalid_from = 2018-01-01\nvalid_to = 2026-12-31\n";
    format!("{}\n{INVENTED_REVISION}", ANYANG_2018_9.replacen(open, closed, 1))
}

/// The sandbox's institution that the words of a method's comment mean (`a lender`, `an insurer`), where its certificate is there.
#[must_use]
pub fn partner_of<'names>(said: &str, names: &[&'names str]) -> Option<&'names str> {
    let wanted = if said.starts_with("an insurer") {
        INSURER
    } else {
        BANK
    };
    names.iter().copied().find(|name| *name == wanted)
}

/// The sandbox's bank.
pub const BANK: &str = "102496000991";
/// The sandbox's insurer.
pub const INSURER: &str = "SYCX-AY";

/// Writes sample files into a folder.
///
/// # Errors
/// [`CommandError::Io`].
pub fn write(dir: &Path, files: &[SampleFile]) -> Result<(), CommandError> {
    let failed = |source| CommandError::io("写入样例", "writing the sample", dir, source);
    std::fs::create_dir_all(dir).map_err(failed)?;
    for (name, bytes) in files {
        std::fs::write(dir.join(name), bytes).map_err(failed)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use policy::date::PolicyYear;
    use policy::rulebook::Rulebook;

    use super::*;

    #[test]
    fn the_sandbox_s_rules_are_the_shipped_ones_until_the_invented_year() {
        let (shipped, own) = (
            Rulebook::load(ANYANG_2018_9).unwrap(),
            Rulebook::load(&sandbox_policy()).unwrap(),
        );
        let of = |book: &Rulebook, year| book.revision_of(PolicyYear::new(year).unwrap()).unwrap().clone();
        for year in [2018, 2025, 2026] {
            let (mut ours, theirs) = (of(&own, year), of(&shipped, year));
            ours.last_year = None;
            assert_eq!(ours, theirs, "{year}");
        }
        let invented = of(&own, 2027);
        assert_eq!(invented.id, "sandbox-invented/2");
        assert_ne!(invented.bank_incentive.cap, of(&shipped, 2027).bank_incentive.cap);
    }
}
