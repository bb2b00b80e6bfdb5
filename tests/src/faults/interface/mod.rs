//! The interface as the descriptors have it, played once: a good request for every method, the fields of every request, and calls
//! that send whatever they are given. What the groups over every method and every field stand on.

mod call;
mod field;

use std::collections::BTreeSet;

use gateway::Methods;
use serde_json::Value;

use crate::parity::{Call, Carrier, Played, Scene, methods};
use crate::sandbox::Sandbox;

pub(super) use call::{Answered, Callers};
pub(super) use field::{Leaf, Shape, leaves};

/// A sandbox in which the scene was played.
pub(super) struct Interface {
    /// The methods.
    pub(super) methods: Methods,
    /// One call for each method that was answered with success, in the order of the scene.
    pub(super) good: Vec<Call>,
}

impl Interface {
    /// Plays the scene on a sandbox.
    ///
    /// # Panics
    /// Where a method is called by no step with success: then it would be in no case.
    pub(super) async fn played(sandbox: &Sandbox) -> Self {
        let methods = methods();
        let scene = Scene::load(&methods).without_refusals();
        let played = scene.play(Carrier::Grpc, sandbox).await;
        let good = good_calls(played);
        let missing: Vec<&str> = methods
            .all()
            .iter()
            .map(|method| method.path.as_str())
            .filter(|path| good.iter().all(|call| call.method.path != *path))
            .collect();
        assert!(missing.is_empty(), "no good request for {missing:?}");
        Self { methods, good }
    }
}

/// The first success of each method, in order.
fn good_calls(played: Vec<Played>) -> Vec<Call> {
    let mut known = BTreeSet::new();
    let succeeds = |step: &Played| step.answer.error.is_none() && !step.answer.messages.is_empty();
    played
        .into_iter()
        .filter(|step| succeeds(step) && known.insert(step.path.clone()))
        .map(|step| step.call)
        .collect()
}

/// The requests under a new request key, where they have one; a repeat would be answered from memory.
pub(super) fn with_fresh_key(messages: &[Value]) -> Vec<Value> {
    let mut messages = messages.to_vec();
    for message in &mut messages {
        for place in ["/request_id", "/header/request_id", "/declaration/request_id"] {
            if let Some(key) = message.pointer_mut(place) {
                *key = Value::from(crate::ids::request_id());
            }
        }
    }
    messages
}
