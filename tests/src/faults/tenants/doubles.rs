//! What two institutions have about the same thing: a patent that another bank's pledge holds, or another insurer's policy covers. A
//! double pledge is a finding of settlement and the bureau's to know; whoever reports is answered as for a patent that nobody has.

use serde_json::Value;
use tonic::Code;

use super::case::{Finding, alike};
use super::field::Absent;
use super::world::World;
use crate::faults::interface::with_fresh_key;
use crate::ids;
use crate::parity::{Call, places};

/// Outsiders of each kind that report.
pub(super) const CALLERS: u32 = 2;

/// Number of the patents that are registered like those of the scene, and that nobody has reported.
const CLONE: u32 = 777_001;

/// Reports that name a patent, with all that they rest on, in the order of reporting.
const REPORTS: [(&str, [&str; 3]); 2] = [
    ("PledgeService", ["ReportPledge", "ReportLoan", "ReportLoanEvent"]),
    (
        "InsuranceService",
        ["ReportPolicy", "ReportPolicyPatent", "ReportPremiumEvent"],
    ),
];

/// Names of the scene, and the same for what nobody has reported.
fn names() -> [(String, String); 5] {
    [
        ("HT-1".to_owned(), "QX-DOUBLE".to_owned()),
        ("BD-1".to_owned(), "QY-DOUBLE".to_owned()),
        (ids::pledge(1), ids::pledge(CLONE)),
        (ids::invention(1), ids::invention(CLONE)),
        (ids::utility_model(1), ids::utility_model(CLONE)),
    ]
}

/// One outsider reports what is pledged or insured elsewhere already, another the like that is not.
pub(super) async fn doubles(world: &World<'_>) -> Finding {
    register_clones(world).await;
    let mut finding = Finding::default();
    for (service, reports) in REPORTS {
        let (one, other) = (world.fresh_outsider(service), world.fresh_outsider(service));
        let mut absent = Absent::new(world.number());
        absent.tokens.extend(names());
        for report in reports {
            let Some(call) = good(world, service, report) else {
                continue;
            };
            let mut told = Vec::new();
            for (caller, messages) in [
                (one, call.messages.clone()),
                (other, replaced(&call.messages, &names())),
            ] {
                let messages = with_fresh_key(&messages);
                let answered = world.callers.call(caller, &call.method, &messages).await;
                let Some(answered) = answered else { continue };
                finding.cases += 1;
                if answered.code() != Code::Ok {
                    finding
                        .own_refused
                        .push(format!("{caller} {report}: {:?}", answered.status));
                }
                told.push(alike(&answered, &[&absent], &world.own_names(caller)));
            }
            let [theirs, nobodys] = told.as_slice() else {
                continue;
            };
            if theirs != nobodys {
                let places = places(theirs, nobodys).join("; ");
                finding
                    .told
                    .push(format!("{report} of a patent that another has: {places}"));
            }
        }
    }
    finding
}

/// Patents with the same owners, awards and days as those of the scene.
async fn register_clones(world: &World<'_>) {
    let models = [
        (ids::invention(1), ids::utility_model(CLONE)),
        (ids::enterprise(1), ids::enterprise(2)),
    ];
    for (register, pairs) in [
        ("RegisterPatent", names().to_vec()),
        ("RegisterPatentOwner", names().to_vec()),
        ("RegisterAward", names().to_vec()),
        ("RegisterPatent", models.to_vec()),
    ] {
        let Some(call) = good(world, "RegistryService", register) else {
            continue;
        };
        let messages = with_fresh_key(&replaced(&call.messages, &pairs));
        let answered = world.callers.call(&call.caller, &call.method, &messages).await;
        assert!(
            answered.is_some_and(|answered| answered.code() == Code::Ok),
            "{register}"
        );
    }
}

fn good<'a>(world: &'a World<'_>, service: &str, method: &str) -> Option<&'a Call> {
    let path = format!("{service}/{method}");
    world
        .interface
        .good
        .iter()
        .find(|call| call.method.path.ends_with(&path))
}

fn replaced(messages: &[Value], names: &[(String, String)]) -> Vec<Value> {
    let mut text = Value::from(messages.to_vec()).to_string();
    for (known, other) in names {
        text = text.replace(&format!("\"{known}\""), &format!("\"{other}\""));
    }
    serde_json::from_str(&text).unwrap()
}
