//! The types of events: a closed list, the same words as in the migration's triggers.

/// Every type that an endpoint can ask for. What each tells, and to whom, stands at `WebhookService` in `proto/`.
pub const EVENT_TYPES: [&str; 15] = [
    "batch.submitted",
    "batch.published",
    "batch.returned",
    "batch.approved",
    "batch.released",
    "batch.paid",
    "batch.cancelled",
    "notice.published",
    "objection.opened",
    "objection.decided",
    "payment.paid",
    "payment.returned",
    "credential.created",
    "credential.revoked",
    "webhook_endpoint.disabled",
];

/// The type of a test event; it goes to the endpoint that it is asked for, whatever that one's types.
pub(crate) const TEST: &str = "webhook.test";

/// Whether there is such a type.
#[must_use]
pub fn is_event_type(word: &str) -> bool {
    EVENT_TYPES.contains(&word)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The migration, whose triggers make the events.
    const MIGRATION: &str = include_str!("../../../migrations/20260302000001_notify.sql");

    #[test]
    fn every_type_is_made_by_a_trigger() {
        for word in EVENT_TYPES {
            let (subject, step) = word.split_once('.').unwrap();
            let is_whole = MIGRATION.contains(&format!("'{word}'"));
            // A batch's step is joined to the word; three of them are the state's own name.
            let is_joined = subject == "batch"
                && (MIGRATION.contains(&format!("'{step}'")) || ["approved", "cancelled"].contains(&step));
            assert!(is_whole || is_joined, "{word}");
        }
        assert!(!is_event_type("batch.opened") && !is_event_type(TEST));
    }
}
