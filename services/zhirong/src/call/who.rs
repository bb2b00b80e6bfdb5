//! Who may call a method, as its comment says, and which certificate that is.

use std::path::Path;

use gateway::Method;

use crate::connection::{AUDITOR, BUREAU, CHECKER, MAKER, RELEASER, certificates, is_institution};
use crate::error::CommandError;
use crate::sample;

/// What the comment of every method has before those who may call it.
const MAY_CALL: &str = "May call: ";

/// The words of a comment for an office, the longer before those that they hold; `finance` alone is any of its officers.
const OFFICES: [(&str, &str); 6] = [
    ("finance-maker", MAKER),
    ("finance-checker", CHECKER),
    ("finance-releaser", RELEASER),
    ("finance", MAKER),
    ("the bureau", BUREAU),
    ("the auditor", AUDITOR),
];

/// Who may call a method, in the words of its comment.
#[must_use]
pub fn may_call(method: &Method) -> &str {
    let said = method.doc.split_once(MAY_CALL);
    said.map_or("", |(_, rest)| {
        rest.lines().next().unwrap_or_default().trim_end_matches('.')
    })
}

/// The certificate to call with: that of the first who may and is in the folder; of institutions the only one, or a sandbox's first
/// lender or insurer; at last the only certificate there is.
///
/// # Errors
/// [`CommandError::Usage`] where none fits.
pub(super) fn choose(identity: &Path, method: &Method) -> Result<String, CommandError> {
    let names = certificates(identity)?;
    let names: Vec<&str> = names
        .iter()
        .map(String::as_str)
        .filter(|name| *name != "server")
        .collect();
    let institutions: Vec<&str> = names
        .iter()
        .copied()
        .filter(|name| is_institution(name))
        .collect();
    for said in may_call(method).split(", ") {
        let office = OFFICES
            .iter()
            .find(|(words, _)| said.trim_start_matches("and ") == *words);
        let chosen = match (office, institutions.as_slice()) {
            (Some((_, office)), _) => names.iter().copied().find(|name| name == office),
            (None, [only]) => Some(*only),
            (None, _) => sample::partner_of(said, &institutions),
        };
        if let Some(chosen) = chosen {
            return Ok(chosen.to_owned());
        }
    }
    if let [only] = names.as_slice() {
        return Ok((*only).to_owned());
    }
    let (dir, who) = (identity.display(), may_call(method));
    Err(CommandError::usage(
        "IDENTITY_MISSING",
        format!(
            "请用 --as 指明证书：{dir} 中有 {}；可调用者为 {who}",
            names.join("、")
        ),
        format!(
            "name a certificate with --as: {dir} has {}; may call: {who}",
            names.join(", ")
        ),
    ))
}
