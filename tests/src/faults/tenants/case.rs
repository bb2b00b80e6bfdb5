//! The cases of one method.

use std::time::Instant;

use serde_json::{Value, json};
use tonic::Code;

use super::field::{Absent, foreign as foreign_value, naming, text_of};
use super::timing::Timing;
use super::world::{Who, World, insures};
use crate::faults::interface::{Answered, Leaf, with_fresh_key};
use crate::parity::{Call, masked, places};
use crate::roles::allowed;

/// What differs between two answers without telling anything: numbers of the caller's own audit chain, moments, and what follows from
/// the request itself, its key and the digest of its content.
const COUNTED: [&str; 7] = [
    "chain_no",
    "cut_off",
    "audit_head",
    "audit_heads",
    "recorded_at",
    "request_id",
    "content_digest",
];

/// Fields whose existence elsewhere is told, and why that is so.
///
/// A public key speaks for one holder in the whole database, or whose call it is could not be told; whoever asks shows the key, which
/// only its holder and those who saw the certificate have.
const TOLD: [(&str, &str); 2] = [
    (
        "/zhirong.registry.v1.RegistryService/CreateCredential",
        "spki_digest",
    ),
    ("/zhirong.registry.v1.RegistryService/CreateCredential", "all"),
];

/// What the cases of a method found.
#[derive(Debug, Default)]
pub(super) struct Finding {
    pub(super) cases: u64,
    pub(super) leaks: Vec<String>,
    pub(super) told: Vec<String>,
    pub(super) allowed: Vec<String>,
    pub(super) own_refused: Vec<String>,
    pub(super) timing: Timing,
}

/// The roles that may call a method.
pub(super) fn may_call(call: &Call) -> Vec<&'static str> {
    allowed(&call.method.doc).unwrap_or_default()
}

/// How many lenders and insurers are needed that call once: two for each field of what institutions write, two for all of them, and one
/// that says it is somebody else.
pub(super) fn callers<'a>(calls: impl Iterator<Item = &'a Call>) -> [u32; 2] {
    let mut needed = [0, 0];
    for call in calls.filter(|call| !call.method.is_read() && may_call(call).contains(&"institution")) {
        let cases = u32::try_from(naming(&call.method).len()).unwrap() + 1;
        needed[usize::from(insures(&call.method.service))] += 2 * cases + 1;
    }
    needed
}

/// Every caller whose role may not call the method: with what is there, with what nobody has, with nothing at all.
pub(super) async fn wrong_roles(world: &World<'_>, call: &Call) -> Finding {
    let mut finding = Finding::default();
    for who in &world.everybody {
        let of_one = wrong_roles_of(world, call, who).await;
        finding.cases += of_one.cases;
        finding.allowed.extend(of_one.allowed);
    }
    finding
}

/// The same by one caller.
pub(super) async fn wrong_roles_of(world: &World<'_>, call: &Call, who: &Who) -> Finding {
    let mut finding = Finding::default();
    if may_call(call).contains(&who.role) {
        return finding;
    }
    let mut requests = vec![
        with_fresh_key(&call.messages),
        vec![json!({}); call.messages.len().min(1)],
    ];
    let leaves = if world.is_deep {
        naming(&call.method)
    } else {
        Vec::new()
    };
    for leaf in leaves {
        if let Some((theirs, nobodys)) = pair(world, call, &leaf, false) {
            requests.extend([theirs.messages, nobodys.messages]);
        }
    }
    let mut first: Option<Value> = None;
    for messages in requests {
        let Some(answered) = world
            .callers
            .call(&who.certificate, &call.method, &messages)
            .await
        else {
            continue;
        };
        finding.cases += 1;
        let told = masked(&answered.document());
        let is_refused = answered.code() == Code::PermissionDenied && answered.messages.is_empty();
        if !is_refused || first.as_ref().is_some_and(|first| *first != told) {
            finding.allowed.push(format!(
                "{} {} {:?}: {told}",
                who.certificate,
                call.method.path,
                answered.code()
            ));
        }
        first.get_or_insert(told);
    }
    finding
}

/// Whoever made a reading call of the scene makes it again and is answered: the cases are about things that are there.
pub(super) async fn own(world: &World<'_>, call: &Call) -> Finding {
    let mut finding = Finding::default();
    // What the scene takes away again is not there any more.
    let is_gone = call.method.name.contains("ColumnMapping");
    if !call.method.is_read() || is_gone {
        return finding;
    }
    if let Some(answered) = world
        .callers
        .call(&call.caller, &call.method, &call.messages)
        .await
    {
        finding.cases += 1;
        if answered.code() != Code::Ok {
            finding
                .own_refused
                .push(format!("{} {:?}", call.method.path, answered.status));
        }
    }
    finding
}

/// Everybody who may call the method and whose records they are not: each field in turn, and all of them.
pub(super) async fn foreign(world: &World<'_>, call: &Call) -> Finding {
    let mut finding = Finding::default();
    let may = may_call(call);
    let leaves = naming(&call.method);
    if may.contains(&"institution") {
        compare_all(world, call, &leaves, None, &mut finding).await;
    }
    for office in world.other_offices().filter(|office| may.contains(&office.role)) {
        compare_all(world, call, &leaves, Some(office), &mut finding).await;
    }
    finding
}

async fn compare_all(
    world: &World<'_>,
    call: &Call,
    leaves: &[Leaf],
    office: Option<&Who>,
    finding: &mut Finding,
) {
    for leaf in leaves {
        // Within a city the registry is everybody's: whether it has a patent is no secret of an institution.
        if office.is_none() && is_registry(leaf.name()) {
            continue;
        }
        if let Some((theirs, nobodys)) = pair(world, call, leaf, office.is_some()) {
            compare(
                world,
                call,
                (office, &leaf.to_string()),
                (theirs, nobodys),
                finding,
            )
            .await;
        }
    }
    let mut nobodys = Asked::of(world, &call.messages);
    let mut theirs = Asked::of(world, &call.messages);
    let mut is_other = false;
    for leaf in leaves {
        if office.is_some() || !is_registry(leaf.name()) {
            is_other |= nobodys.make_absent(leaf);
        }
    }
    if !is_other {
        return;
    }
    theirs.messages = with_fresh_key(&theirs.messages);
    nobodys.messages = with_fresh_key(&nobodys.messages);
    compare(world, call, (office, "all"), (theirs, nobodys), finding).await;
}

/// Whether a field names what the bureau registers for the whole city.
fn is_registry(name: &str) -> bool {
    name.ends_with("uscc") || matches!(name, "patent_no" | "patents" | "subject")
}

/// A request with the names in it that nobody has.
struct Asked {
    messages: Vec<Value>,
    absent: Absent,
}

impl Asked {
    fn of(world: &World<'_>, messages: &[Value]) -> Self {
        Self {
            messages: messages.to_vec(),
            absent: Absent::new(world.number()),
        }
    }

    /// Writes a name that nobody has where a name of the scene stands, and wherever else the request says it, so that it goes together.
    fn make_absent(&mut self, leaf: &Leaf) -> bool {
        let Some(known) = text_of(leaf.get(&self.messages)).map(str::to_owned) else {
            return false;
        };
        let before = self.absent.tokens.clone();
        let other = self.absent.of(leaf.name(), &known);
        if other == known {
            return false;
        }
        self.messages = leaf.set(&self.messages, Value::from(other));
        let mut text = Value::from(self.messages.clone()).to_string();
        for (token, other) in self
            .absent
            .tokens
            .iter()
            .filter(|(token, _)| !before.contains_key(*token))
        {
            text = text.replace(token, other);
        }
        self.messages = serde_json::from_str(&text).unwrap();
        true
    }
}

/// A request that names, in one field, what is there, and one that names what nobody has; none where nothing of the scene
/// could stand there. For an office of another city all other names are nobody's, and not the same twice, since it may store what it says.
fn pair(world: &World<'_>, call: &Call, leaf: &Leaf, others_absent: bool) -> Option<(Asked, Asked)> {
    let stated = text_of(leaf.get(&call.messages)).map(str::to_owned);
    let is_stated = stated.is_some();
    let known = stated.or_else(|| foreign_value(leaf.name()))?;
    let base = if is_stated {
        call.messages.clone()
    } else {
        leaf.set(&call.messages, Value::from(known.clone()))
    };
    let (mut theirs, mut nobodys) = (Asked::of(world, &base), Asked::of(world, &base));
    if !nobodys.make_absent(leaf) {
        return None;
    }
    if others_absent {
        for asked in [&mut theirs, &mut nobodys] {
            for other in naming(&call.method)
                .iter()
                .filter(|other| other.to_string() != leaf.to_string())
            {
                asked.make_absent(other);
            }
        }
    }
    theirs.messages = with_fresh_key(&theirs.messages);
    nobodys.messages = with_fresh_key(&nobodys.messages);
    Some((theirs, nobodys))
}

async fn compare(
    world: &World<'_>,
    call: &Call,
    (office, field): (Option<&Who>, &str),
    (theirs, nobodys): (Asked, Asked),
    finding: &mut Finding,
) {
    let service = &call.method.service;
    let caller = || match office {
        Some(office) => office.certificate.as_str(),
        None if call.method.is_read() => world.outsider(service),
        None => world.fresh_outsider(service),
    };
    let mut told = Vec::new();
    let mut times = Vec::new();
    for asked in [&theirs, &nobodys] {
        let caller = caller();
        if office.is_some() && !call.method.is_read() {
            world.clear_the_other_city().await;
        }
        let begun = Instant::now();
        let Some(answered) = world.callers.call(caller, &call.method, &asked.messages).await else {
            return;
        };
        times.push(begun.elapsed());
        finding.cases += 1;
        finding.leaks.extend(
            leak(world, office.is_none(), &asked.messages, &answered).map(|marker| {
                format!(
                    "{caller} {} {field} is told {marker}: {}",
                    call.method.path,
                    answered.document()
                )
            }),
        );
        told.push(alike(
            &answered,
            &[&theirs.absent, &nobodys.absent],
            &world.own_names(caller),
        ));
    }
    let [theirs, nobodys] = told.as_slice() else {
        return;
    };
    let is_known = TOLD.contains(&(call.method.path.as_str(), field));
    if theirs != nobodys && !is_known {
        let who = office.map_or("an institution", |office| office.certificate.as_str());
        finding.told.push(format!(
            "{who} {} {field}, foreign against absent: {}",
            call.method.path,
            places(theirs, nobodys).join("; ")
        ));
    }
    if call.method.is_read()
        && let [foreign, absent] = times.as_slice()
    {
        finding.timing.push(*foreign, *absent);
    }
}

/// A name in the answer that only others may know, and that the request did not say.
pub(super) fn leak(
    world: &World<'_>,
    is_institution: bool,
    asked: &[Value],
    answered: &Answered,
) -> Option<String> {
    let asked = Value::from(asked.to_vec()).to_string();
    let answer = answered.document().to_string();
    let is_told =
        |marker: &String| !asked.contains(marker.trim_matches(['"', '/'])) && answer.contains(marker);
    world.markers(is_institution).into_iter().find(is_told)
}

/// The answer with names that nobody has written as those of the scene, and the names of the caller itself as anybody's.
pub(super) fn alike(answered: &Answered, absent: &[&Absent], own: &[String]) -> Value {
    let mut document = masked(&answered.document());
    without_counts(&mut document);
    let mut text = document.to_string();
    for names in absent {
        for (known, other) in &names.tokens {
            text = text.replace(other, known);
        }
        text = text.replace(&names.event(), "1");
    }
    for name in own {
        text = text.replace(name, "caller");
    }
    serde_json::from_str(&text).unwrap()
}

fn without_counts(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            fields.retain(|name, _| !COUNTED.contains(&name.as_str()));
            fields.values_mut().for_each(without_counts);
        }
        Value::Array(items) => items.iter_mut().for_each(without_counts),
        _ => {}
    }
}
