//! The red twin: a server that takes a session wherever it comes from.

use platform::twin::{Twin, VARIABLE};

use super::forms::{PERSON, is_heard};
use crate::faults::revoked::Place;
use crate::people::{Browser, COOKIE_NAME, CSRF};

/// How many stolen tokens the twin takes.
pub(super) async fn accepted() -> u64 {
    let place = Place::start(&[(VARIABLE, Twin::UnboundSession.as_str())]);
    let browser = |certificate: &str| Browser::at(place.served.identity(), place.served.url(), certificate);
    let victim = browser("probe");
    assert_eq!(victim.sign_in("", PERSON).await.status, 200);
    let mut accepted = 0;
    for certificate in ["bureau", "finance-maker", "auditor"] {
        let thief = browser(certificate);
        thief.put(COOKIE_NAME, &victim.token());
        accepted += u64::from(is_heard(&thief, &[CSRF]).await);
    }
    accepted
}
