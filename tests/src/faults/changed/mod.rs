//! A request key that comes again: with anything changed it is refused, with the same value in another form it is answered as before.

mod forms;

use std::collections::HashMap;

use bytes::Bytes;
use fastrand::Rng;
use platform::identity::load_identity;
use platform::twin::Twin;
use prost::Message;
use prost_reflect::DynamicMessage;

use super::stand::Stand;
use crate::dynamic::Callers;
use crate::figure::{Asked, Figure, count, show};
use crate::http::{Http, Version};
use crate::parity::{Answer, Call, Scene, methods};
use crate::run;

/// What was tried, and what went wrong.
#[derive(Default)]
struct Tried {
    changed: u64,
    same: u64,
    accepted: Vec<String>,
    refused: Vec<String>,
}

/// How often each call of the scene is tried.
#[derive(Clone, Copy)]
struct Effort {
    /// Times every field is changed, each time otherwise.
    changes: u64,
    /// Other orders of the fields.
    orders: u64,
}

/// Whether a call is made under a key that may come again.
fn is_keyed(call: &Call) -> bool {
    let has_key = call.messages[0].get("request_id").is_some_and(|key| key != "");
    has_key && !call.method.client_streaming && !call.method.server_streaming && !call.method.is_read()
}

struct Trial<'a> {
    stand: &'a Stand,
    callers: Callers,
    https: HashMap<String, Http>,
    rng: Rng,
    effort: Effort,
    tried: Tried,
}

impl Trial<'_> {
    async fn of(&mut self, call: &Call) {
        let original = call.encoded().unwrap().remove(0);
        let (caller, path) = (call.caller.as_str(), call.method.path.as_str());
        let first = match self.callers.unary(caller, path, original.clone()).await {
            Ok(first) => first,
            Err(status) => {
                self.tried.refused.push(format!("{path}: {status:?}"));
                return;
            }
        };
        self.same_in_other_forms(call, &original, &first).await;
        let message = DynamicMessage::decode(call.method.input.clone(), original.clone()).unwrap();
        for turn in 0..self.effort.changes {
            for (field, changed) in forms::changes(&message, turn) {
                let bytes = Bytes::from(changed.encode_to_vec());
                if field == "request_id" || bytes == original {
                    continue;
                }
                self.tried.changed += 1;
                if self.callers.unary(caller, path, bytes).await.is_ok() {
                    self.tried.accepted.push(format!("{path} with another {field}"));
                }
            }
        }
    }

    async fn same_in_other_forms(&mut self, call: &Call, original: &Bytes, first: &Bytes) {
        let (caller, path) = (call.caller.as_str(), call.method.path.as_str());
        for _ in 0..self.effort.orders {
            let shuffled = forms::shuffled(original, &call.method.input, &mut self.rng);
            self.tried.same += 1;
            let again = self.callers.unary(caller, path, shuffled.into()).await;
            if !again.as_ref().is_ok_and(|again| again == first) {
                self.tried
                    .refused
                    .push(format!("{path} in another order: {again:?}"));
            }
        }
        let stand = self.stand;
        let http = self.https.entry(caller.to_owned()).or_insert_with(|| {
            let identity = load_identity(&stand.identity(), caller).unwrap();
            Http::at(&stand.front.url(), &identity, Version::Http2)
        });
        let again = http.call(path, &call.messages[0]).await.json();
        self.tried.same += 1;
        if again != call.method.print(first).unwrap() {
            self.tried.refused.push(format!("{path} as JSON: {again}"));
        }
    }
}

/// Plays sections of the scene, or all of it, and tries every keyed call as soon as it was answered.
async fn play(stand: &Stand, sections: Option<&[&str]>, seed: u64, effort: Effort) -> Tried {
    let whole = Scene::load(&methods());
    let scene = sections.map_or_else(|| whole.without_refusals(), |sections| whole.only(sections));
    let mut trial = Trial {
        stand,
        callers: stand.callers(),
        https: HashMap::new(),
        rng: Rng::with_seed(seed),
        effort,
        tried: Tried::default(),
    };
    let played = scene
        .play_by(async |calls| {
            let mut answers: Vec<Answer> = Vec::new();
            for call in calls {
                let answer = trial.callers.play(std::slice::from_ref(call)).await.remove(0);
                if answer.error.is_none() && is_keyed(call) {
                    trial.of(call).await;
                }
                answers.push(answer);
            }
            answers
        })
        .await;
    assert!(played.len() >= 10, "{}", played.len());
    trial.tried
}

const RECORDS: [&str; 2] = ["records: write", "records: read"];

async fn trials(asked: Asked) -> Vec<Figure> {
    let effort = Effort {
        changes: asked.of(1, 1, 2, 20),
        orders: asked.of(1, 2, 10, 100),
    };
    let sections: Option<&[&str]> = (asked.of(1, 1, 0, 0) == 1).then_some(&RECORDS[..]);
    let mut stand = Stand::new().await;
    stand.serve();
    let tried = play(&stand, sections, asked.seed, effort).await;
    drop(stand);
    let mut broken = Stand::new().await;
    broken.serve_as(&[Twin::BodyUnread]);
    let small = Effort {
        changes: 1,
        orders: 0,
    };
    let twin = play(&broken, Some(&RECORDS[..1]), asked.seed, small).await;
    show("changed and accepted", &tried.accepted);
    show("the same and refused", &tried.refused);
    const ACCEPTED: &str = "changed_body_accepted";
    vec![
        Figure::none(ACCEPTED, tried.accepted.len()),
        Figure::red_twin(ACCEPTED, twin.accepted.len()),
        Figure::at_least("changed_bodies", tried.changed, asked.of(20, 50, 1_000, 10_000)),
        Figure::none("changed_same_value_refused", count(tried.refused.len())),
        Figure::at_least("changed_same_values", tried.same, asked.of(10, 30, 1_000, 10_000)),
    ]
}

/// The figures of keys that come again.
#[must_use]
pub fn figures(asked: Asked) -> Vec<Figure> {
    run(trials(asked))
}
