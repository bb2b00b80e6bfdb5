//! The red twin: a server that takes a session wherever it comes from.

use platform::database::embedded::temporary_dir;
use platform::identity::load_identity;
use platform::twin::{Twin, VARIABLE};

use super::forms::{PERSON, is_heard};
use crate::http::{Http, Version};
use crate::people::{Browser, COOKIE_NAME, CSRF};
use crate::process::Served;
use crate::sandbox::watch;

/// How many stolen tokens the twin takes.
pub(super) async fn accepted() -> u64 {
    let dir = temporary_dir("zhirong-tests").unwrap();
    let watchdog = watch(&dir);
    let args = [
        "--sandbox",
        "--data",
        dir.to_str().unwrap(),
        "--listen",
        "127.0.0.1:0",
    ];
    let served = Served::start(&args, &[(VARIABLE, Twin::UnboundSession.as_str())]);
    let browser = |certificate: &str| {
        let identity = load_identity(served.identity(), certificate).unwrap();
        let http = Http::maybe(served.url(), &identity.ca_pem, Some(&identity), Version::Http2);
        Browser::of(http, served.url())
    };
    let victim = browser("probe");
    assert_eq!(victim.sign_in("", PERSON).await.status, 200);
    let mut accepted = 0;
    for certificate in ["bureau", "finance-maker", "auditor"] {
        let thief = browser(certificate);
        thief.put(COOKIE_NAME, &victim.token());
        accepted += u64::from(is_heard(&thief, &[CSRF]).await);
    }
    served.stop();
    drop(watchdog);
    accepted
}
