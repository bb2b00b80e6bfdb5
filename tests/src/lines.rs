//! Text columns that hold more than one line: a closed list, for every check of what texts the database takes.

/// Table, column, and the characters in it that nobody sees and that belong there; none where any may come from outside.
pub const COLUMNS_OF_LINES: [(&str, &str, Option<&str>); 4] = [
    // The readings of the rules that a batch was computed by: a line a reading, tabs between its cells.
    ("settlement.batch", "readings", Some("\t\n")),
    // The text of a policy file, as it was read.
    ("settlement.batch", "policy_text", Some("\t\r\n")),
    // A message to a webhook, JSON that a trigger makes.
    ("notify.delivery", "payload", Some("\t\n")),
    // What a webhook's receiver answered, as it came.
    ("notify.attempt", "response_excerpt", None),
];
