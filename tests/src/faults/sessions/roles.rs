//! Every call by every role, with a session instead of a certificate: allowed exactly as `May call` says.

use serde_json::json;

use crate::figure::{Figure, count, show};
use crate::parity;
use crate::people::{Browser, CSRF};
use crate::roles::allowed;
use crate::sandbox::Sandbox;

/// The sandbox's people by role. Nobody signs in as an institution.
const PEOPLE: [(&str, &str); 5] = [
    ("wang-min", "bureau"),
    ("li-qiang", "finance-maker"),
    ("zhang-wei", "finance-checker"),
    ("liu-yang", "finance-releaser"),
    ("chen-jing", "auditor"),
];

/// Fewest calls that must be refused by role alone.
const REFUSED: u64 = 300;

/// Calls each method as each person.
pub(super) async fn check(sandbox: &Sandbox) -> Vec<Figure> {
    let methods = parity::methods();
    let (mut wrong, mut refused) = (Vec::new(), 0);
    for (person, role) in PEOPLE {
        let browser = Browser::new(sandbox, "probe");
        assert_eq!(browser.sign_in("", person).await.status, 200);
        for method in methods.all() {
            let message = if method.client_streaming {
                json!([])
            } else {
                json!({})
            };
            let answer = browser.call(&method.path, &message, &[CSRF]).await;
            let is_refused = answer.status == 403 && answer.reason() == "ROLE_NOT_ALLOWED";
            let may = allowed(&method.doc).unwrap().contains(&role);
            if may == is_refused || answer.status == 401 {
                wrong.push(format!("{role} {} {}", method.path, answer.status));
            }
            refused += u64::from(is_refused);
        }
    }
    show("role", &wrong);
    vec![
        Figure::none(
            "wrong role allowed, or right one refused, with a session",
            count(wrong.len()),
        ),
        Figure::at_least("calls refused by role with a session", refused, REFUSED),
    ]
}
