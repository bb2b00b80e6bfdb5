//! Who may call a method, as its comment in `proto/` says it.

/// Every role.
pub const ROLES: [&str; 6] = [
    "institution",
    "bureau",
    "finance-maker",
    "finance-checker",
    "finance-releaser",
    "auditor",
];
const FINANCE: [&str; 3] = ["finance-maker", "finance-checker", "finance-releaser"];

/// The roles that a comment allows; none where it does not say.
pub fn allowed(comment: &str) -> Option<Vec<&'static str>> {
    let words = comment
        .lines()
        .find_map(|line| line.trim().strip_prefix("May call: "))?;
    Some(roles_of(words))
}

/// The roles behind `May call: `.
///
/// # Panics
/// For a word that is no role: a comment that nobody could check.
pub fn roles_of(words: &str) -> Vec<&'static str> {
    let mut roles = Vec::new();
    for word in words
        .trim()
        .trim_end_matches('.')
        .replace(", and ", ", ")
        .split(", ")
    {
        match word {
            "a lender" | "an insurer" | "the institution itself" => roles.push("institution"),
            "for its own records" => {}
            "the bureau" => roles.push("bureau"),
            "the auditor" => roles.push("auditor"),
            "finance" => roles.extend(FINANCE),
            role => roles.push(
                *ROLES
                    .iter()
                    .find(|known| **known == role)
                    .unwrap_or_else(|| panic!("{words:?}")),
            ),
        }
    }
    roles
}
