//! Whatever can be written in a field: hostile text, amounts, dates, identifiers and bytes, in every field of every request.
//!
//! Nothing may be answered as a fault of ours, nothing may panic, nothing bad may be stored, what is refused is refused by name,
//! and what is accepted is read back as it was sent.

mod form;
mod hook;
mod round;
mod stored;
mod together;
mod wire;

use std::collections::BTreeSet;

use futures_util::{StreamExt, stream};
use serde_json::Value;
use tonic::Code;
use tonic_types::StatusExt;

use crate::faults::interface::{Answered, Callers, Interface, Leaf, Shape, leaves, with_fresh_key};
use crate::figure::{Asked, Figure, Size, count, show};
use crate::parity::Call;
use crate::run;
use crate::sandbox::Sandbox;
use form::{Form, Written, forms};

/// Calls under way at once.
const IN_FLIGHT: usize = 16;

/// Where revisions of the cases begin: above all that the scene and the round trips wrote.
const REVISIONS: u64 = 100_000;

/// A revision that no case writes.
const LAST: u64 = 1_000_000;

/// What the calls came to.
#[derive(Debug, Default)]
struct Found {
    tried: u64,
    inside: Vec<String>,
    nameless: Vec<String>,
}

impl Found {
    fn extend(&mut self, other: Self) {
        self.tried += other.tried;
        self.inside.extend(other.inside);
        self.nameless.extend(other.nameless);
    }

    /// Judges an answer: a fault of ours, or a refusal that does not say what is wrong.
    fn judge(&mut self, what: impl FnOnce() -> String, answered: &Answered) {
        self.tried += 1;
        let Some(status) = &answered.status else { return };
        match status.code() {
            Code::Internal | Code::Unknown | Code::DataLoss => {
                self.inside.push(format!("{}: {status:?}", what()));
            }
            Code::InvalidArgument => {
                let details = status.get_error_details();
                if details.error_info().is_none_or(|info| info.reason.is_empty()) {
                    self.nameless.push(format!("{}: {status:?}", what()));
                }
            }
            _ => {}
        }
    }
}

/// One thing to try: a form in a field of a method.
struct Case<'a> {
    call: &'a Call,
    leaf: Leaf,
    form: &'a Form,
    revision: u64,
}

/// How many forms there are.
#[must_use]
pub fn forms_count() -> usize {
    forms().len()
}

/// The figures of this group.
pub fn figures(asked: Asked) -> Vec<Figure> {
    run(measure(asked))
}

async fn measure(asked: Asked) -> Vec<Figure> {
    let panics = hook::Panics::counted();
    let sandbox = Sandbox::start().await;
    let interface = Interface::played(&sandbox).await;
    let callers = Callers::new(&sandbox);
    let forms = forms();
    let mut rng = fastrand::Rng::with_seed(asked.seed);
    // First, while what is stored last is the highest revision: a case may write the highest that there is.
    let round = round::trips(&callers, &interface, &forms, asked, &mut rng).await;
    let mut cases = cases(&interface, &forms);
    rng.shuffle(&mut cases);
    if asked.size != Size::Long {
        // A field that stands in the requests of many methods is tried in one of them.
        let mut seen = BTreeSet::new();
        cases.retain(|case| seen.insert((field(case), std::ptr::from_ref(case.form))));
    }
    let all = count(cases.len());
    cases.truncate(usize::try_from(asked.of(300, 2_000, u64::MAX, u64::MAX)).unwrap());
    let mut found = Found::default();
    {
        let mut answers = stream::iter(&cases)
            .map(|case| try_one(&callers, case))
            .buffer_unordered(IN_FLIGHT);
        while let Some((case, answered)) = answers.next().await {
            if let Some(answered) = answered {
                found.judge(
                    || format!("{} {} {}", case.call.method.path, case.leaf, case.form.what),
                    &answered,
                );
            }
        }
    }
    let tried = count(cases.len());
    wire::bytes(&callers, &interface, asked, &mut rng, &mut found).await;
    wire::json(&sandbox, &interface, asked, &mut found).await;
    wire::files(&callers, &interface, &forms, asked, &mut found).await;
    let left_out = together::left_out(&callers, &interface).await;
    let bad = stored::bad(&sandbox).await;
    let twin = stored::twin(&sandbox).await;
    let inside_twin = inside_twin(&sandbox, &callers, &interface).await;
    let panicked = panics.ended();
    for (what, wrong) in [
        ("inside", &found.inside),
        ("without a reason", &found.nameless),
        ("changed on the way", &round.changed),
        ("left out", &left_out.missing),
        ("stored", &bad),
    ] {
        show(what, wrong);
    }
    sandbox.stop().await;
    vec![
        Figure::at_least("hostile forms", count(forms.len()), 300),
        Figure::judged(
            "hostile input: forms in fields tried",
            tried,
            format!("of {all}"),
            tried > 0,
        ),
        Figure::judged("hostile input: calls", found.tried, "printed only", true),
        Figure::none("hostile input: INTERNAL or UNKNOWN answers", found.inside.len()),
        Figure::none("hostile input: panics", panicked),
        Figure::none("hostile input: refusals without a reason", found.nameless.len()),
        Figure::none("hostile input: bad cells stored", bad.len()),
        Figure::judged(
            "hostile input: round trips",
            round.tried,
            "printed only",
            round.tried > 0,
        ),
        Figure::none(
            "hostile input: accepted and read back otherwise",
            round.changed.len(),
        ),
        Figure::judged(
            "hostile input: requests with several bad fields",
            left_out.tried,
            "printed only",
            true,
        ),
        Figure::none(
            "hostile input: bad fields left out of the answer",
            left_out.missing.len(),
        ),
        Figure::red_twin("hostile input: bad cells stored", twin),
        Figure::red_twin("hostile input: INTERNAL or UNKNOWN answers", inside_twin),
    ]
}

/// Every form in every field that it can stand in.
fn cases<'a>(interface: &'a Interface, forms: &'a [Form]) -> Vec<Case<'a>> {
    let mut cases = Vec::new();
    let mut revision = REVISIONS;
    for call in &interface.good {
        for leaf in leaves(&call.method.input) {
            for form in forms.iter().filter(|form| form.shape == leaf.shape) {
                revision += 1;
                cases.push(Case {
                    call,
                    leaf: leaf.clone(),
                    form,
                    revision,
                });
            }
        }
    }
    cases
}

/// What reads the field of a case, whichever method it stands in.
fn field(case: &Case<'_>) -> String {
    match case.leaf.name() {
        common @ ("request_id" | "page_size" | "page_token") => {
            format!("{}/{common}", case.call.method.service)
        }
        _ => case.leaf.full_name().to_owned(),
    }
}

async fn try_one<'a, 'b>(callers: &Callers<'_>, case: &'b Case<'a>) -> (&'b Case<'a>, Option<Answered>) {
    let base = based(case.call, case.revision);
    let caller = &case.call.caller;
    let answered = match case.form.written(case.leaf.get(&base)) {
        Written::Json(value) => {
            let messages = case.leaf.set(&base, value);
            callers.call(caller, &case.call.method, &messages).await
        }
        Written::Raw(bytes) => {
            let encoded = wire::with_raw_text(case.call, &case.leaf, &base, &bytes);
            match encoded {
                Some(encoded) => Some(callers.send(caller, &case.call.method, encoded).await),
                None => None,
            }
        }
    };
    (case, answered)
}

/// The good request under a key of its own and, for a record, as a revision of its own, so that it would be stored.
fn based(call: &Call, revision: u64) -> Vec<Value> {
    let mut messages = with_fresh_key(&call.messages);
    if call.method.input.get_field_by_name("revision").is_some()
        && let Some(fields) = messages.first_mut().and_then(Value::as_object_mut)
    {
        fields.insert("revision".to_owned(), Value::from(revision));
        fields.remove("etag");
    }
    messages
}

/// Red twin: a database that refuses what the services take for right, so that a fault of ours is answered.
async fn inside_twin(sandbox: &Sandbox, callers: &Callers<'_>, interface: &Interface) -> usize {
    stored::break_a_table(sandbox).await;
    let mut found = Found::default();
    let registers = interface
        .good
        .iter()
        .filter(|call| call.method.name == "RegisterPatent");
    for call in registers {
        let messages = based(call, LAST);
        if let Some(answered) = callers.call(&call.caller, &call.method, &messages).await {
            found.judge(|| call.method.path.clone(), &answered);
        }
    }
    found.inside.len()
}

/// The fields of a method in which people write texts.
fn texts(call: &Call) -> Vec<Leaf> {
    let mut found = leaves(&call.method.input);
    found.retain(|leaf| leaf.shape == Shape::Text);
    found
}
