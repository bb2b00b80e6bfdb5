//! Certificates of a node: its own, and those of the people and offices that it knows from the first start.

use std::path::Path;
use std::sync::Arc;

use ledger::{Caller, Credential, Error, Role};
use platform::database::Database;
use platform::identity::{Authority, Identity, Purpose, certificate_digest, load_identity};
use policy::ident::City;
use policy::rulebook::Rulebook;

use super::PROBE;

/// The people and offices that have a certificate from the first start: their names and roles.
const PEOPLE: [(&str, Role); 5] = [
    ("bureau", Role::Bureau),
    ("finance-maker", Role::FinanceMaker),
    ("finance-checker", Role::FinanceChecker),
    ("finance-releaser", Role::FinanceReleaser),
    ("auditor", Role::Auditor),
];

/// The server's own certificate, and the authority in the folder that issues it. A folder with `ca.pem` and without its key was
/// filled by an operator whose authority is elsewhere: then only `server.pem` and `server.key` are read and nothing is issued.
pub(super) fn of_folder(identity: &Path) -> Result<(Option<Arc<Authority>>, Identity), Error> {
    let is_there = |name: &str| identity.join(name).exists();
    if is_there("ca.pem") && !is_there("ca.key") {
        return Ok((None, load_identity(identity, "server")?));
    }
    let authority = Authority::open(identity)?;
    authority.issue(PROBE, Purpose::Client)?;
    let server = authority.issue("server", Purpose::Server)?;
    Ok((Some(Arc::new(authority)), server))
}

/// Enrols the bureau, finance and the auditor for every city that has rules: by certificates of the authority in the folder, or by
/// those that the operator put there (`bureau.pem` and so on; their keys stay with their holders). A key speaks for one city alone: the
/// offices of every city but the first have certificates of their own, such as `4106-bureau.pem`.
pub(super) async fn enroll_people(
    database: &Database,
    identity: &Path,
    authority: Option<&Authority>,
    rulebooks: &[Rulebook],
) -> Result<(), Error> {
    let cities: Vec<City> = rulebooks.iter().map(|rulebook| rulebook.city.clone()).collect();
    for (place, city) in cities.into_iter().enumerate() {
        for (name, role) in PEOPLE {
            let certificate = if place == 0 {
                name.to_owned()
            } else {
                format!("{city}-{name}")
            };
            let digest = match authority {
                Some(authority) => authority.issue(&certificate, Purpose::Client)?.spki_digest()?,
                None => match certificate_digest(identity, &certificate)? {
                    Some(digest) => digest,
                    None => {
                        tracing::warn!(
                            name = certificate,
                            "no certificate of this office is in the identity folder: it is not enrolled"
                        );
                        continue;
                    }
                },
            };
            let caller = Caller {
                city: city.clone(),
                holder: name.to_owned(),
                role,
                credential: Credential::Key(digest),
            };
            registry::enroll(database, &caller, digest, "operator").await?;
        }
    }
    Ok(())
}
