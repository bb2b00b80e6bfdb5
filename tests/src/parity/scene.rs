//! The scene: its steps, what they take from one another, and how a carrier plays them.

use std::collections::BTreeMap;

use gateway::{Method, Methods};
use serde_json::{Value, json};

use super::carrier::{Answer, Call, Carrier};
use super::names::names;
use crate::roles::{ROLES, allowed};
use crate::sandbox::Sandbox;

const TEXT: &str = include_str!("scene.txt");

/// A step of the scene.
#[derive(Debug, Clone)]
pub struct Step {
    /// Line in the file, for messages.
    pub line: usize,
    /// The section that it stands in.
    pub section: String,
    /// Name of the caller's certificate.
    pub caller: String,
    /// Service and method.
    pub method: String,
    /// What later steps call its answer.
    pub label: Option<String>,
    /// The requests; more than one for a stream of them.
    pub messages: Vec<Value>,
    /// Whether it is there to be refused.
    pub is_refusal: bool,
}

/// What a step was answered.
#[derive(Debug, Clone)]
pub struct Played {
    /// The step in words, for messages.
    pub step: String,
    /// Path of the method.
    pub path: String,
    /// The section of the step.
    pub section: String,
    /// Whether the step was there to be refused.
    pub is_refusal: bool,
    /// The call as it was made.
    pub call: Call,
    /// The answer.
    pub answer: Answer,
}

/// All steps in order.
#[derive(Debug, Clone)]
pub struct Scene {
    /// The steps.
    pub steps: Vec<Step>,
    methods: Methods,
}

/// What is known while a scene is played.
struct Known {
    values: BTreeMap<String, Value>,
    ids: u64,
}

impl Scene {
    /// The scene that ships, with the refusals of every method behind it.
    pub fn load(methods: &Methods) -> Self {
        Self::of(TEXT, methods)
    }

    /// A scene of another text, which needs no building to be tried.
    pub fn of(text: &str, methods: &Methods) -> Self {
        let mut steps = parse(text);
        steps.extend(refusals(methods));
        Self {
            steps,
            methods: methods.clone(),
        }
    }

    /// The scene without the refusals behind it.
    pub fn without_refusals(&self) -> Self {
        Self {
            steps: self
                .steps
                .iter()
                .filter(|step| !step.is_refusal)
                .cloned()
                .collect(),
            methods: self.methods.clone(),
        }
    }

    /// The steps of some sections alone.
    pub fn only(&self, sections: &[&str]) -> Self {
        let wanted = |step: &&Step| sections.contains(&step.section.as_str());
        Self {
            steps: self.steps.iter().filter(wanted).cloned().collect(),
            methods: self.methods.clone(),
        }
    }

    /// The calls of a scene whose steps need no answers.
    pub(super) fn calls(&self, names: &BTreeMap<String, Value>) -> Vec<Call> {
        let mut known = Known {
            values: names.clone(),
            ids: 0,
        };
        let steps = self.steps.iter();
        steps.map(|step| step.call(&self.methods, &mut known)).collect()
    }

    /// Plays the steps in order. Steps that need nothing of each other's answers are handed over together, for carriers that
    /// take many calls at once.
    pub async fn play(&self, carrier: Carrier, sandbox: &Sandbox) -> Vec<Played> {
        self.play_by(async |calls| carrier.play(sandbox, calls).await)
            .await
    }

    /// As [`Scene::play`], by whatever makes calls in order.
    pub async fn play_by(&self, mut make: impl AsyncFnMut(&[Call]) -> Vec<Answer>) -> Vec<Played> {
        let mut known = Known {
            values: names(),
            ids: 0,
        };
        let mut played = Vec::new();
        let mut waiting: Vec<(&Step, Call)> = Vec::new();
        for step in &self.steps {
            if step.needs().iter().any(|name| {
                let of_waiting = |(earlier, _): &(&Step, Call)| earlier.label.as_ref() == Some(name);
                waiting.iter().any(of_waiting)
            }) {
                hand_over(&mut make, &mut waiting, &mut known, &mut played).await;
            }
            let call = step.call(&self.methods, &mut known);
            waiting.push((step, call));
            // A call that needs a certificate waits for the one that makes it.
            if step.method.ends_with("RegisterInstitution") || step.method.starts_with("ImportRegistry") {
                hand_over(&mut make, &mut waiting, &mut known, &mut played).await;
            }
        }
        hand_over(&mut make, &mut waiting, &mut known, &mut played).await;
        played
    }
}

async fn hand_over(
    make: &mut impl AsyncFnMut(&[Call]) -> Vec<Answer>,
    waiting: &mut Vec<(&Step, Call)>,
    known: &mut Known,
    played: &mut Vec<Played>,
) {
    let (steps, calls): (Vec<&Step>, Vec<Call>) = waiting.drain(..).unzip();
    let answers = make(&calls).await;
    assert_eq!(answers.len(), calls.len(), "another number was answered");
    for ((step, call), answer) in steps.into_iter().zip(calls).zip(answers) {
        if let Some(label) = &step.label {
            let mut messages = answer.messages.clone();
            let value = if messages.len() == 1 {
                messages.remove(0)
            } else {
                Value::Array(messages)
            };
            known.values.insert(label.clone(), value);
        }
        played.push(Played {
            step: format!("scene.txt:{} {} {}", step.line, step.caller, step.method),
            path: call.method.path.clone(),
            section: step.section.clone(),
            is_refusal: step.is_refusal,
            call,
            answer,
        });
    }
}

impl Step {
    /// The names that its caller and its requests use.
    fn needs(&self) -> Vec<String> {
        let mut text = self.caller.clone();
        for message in &self.messages {
            text.push_str(&message.to_string());
        }
        let uses = text.split("${").skip(1);
        uses.filter_map(|rest| rest.split(['.', '}']).next())
            .map(str::to_owned)
            .collect()
    }

    fn call(&self, methods: &Methods, known: &mut Known) -> Call {
        let filled = |known: &mut Known, value: &Value| known.fill(self, value);
        let caller = filled(known, &Value::String(self.caller.clone()));
        let method: Method = methods
            .find(&self.method)
            .unwrap_or_else(|error| panic!("scene.txt:{}: {error}", self.line))
            .clone();
        Call {
            caller: caller.as_str().unwrap().to_owned(),
            method,
            messages: self
                .messages
                .iter()
                .map(|message| filled(known, message))
                .collect(),
        }
    }
}

impl Known {
    /// The value with every `${..}` in it replaced.
    fn fill(&mut self, step: &Step, value: &Value) -> Value {
        match value {
            Value::String(text) => self.fill_text(step, text),
            Value::Array(list) => list.iter().map(|item| self.fill(step, item)).collect(),
            Value::Object(fields) => fields
                .iter()
                .map(|(name, field)| (name.clone(), self.fill(step, field)))
                .collect(),
            other => other.clone(),
        }
    }

    fn fill_text(&mut self, step: &Step, text: &str) -> Value {
        let whole = text.strip_prefix("${").and_then(|rest| rest.strip_suffix('}'));
        if let Some(name) = whole.filter(|name| !name.contains("${")) {
            return self.value(step, name);
        }
        let mut filled = String::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("${") {
            let (name, behind) = after.split_once('}').unwrap();
            filled.push_str(before);
            match self.value(step, name) {
                Value::String(text) => filled.push_str(&text),
                other => filled.push_str(&other.to_string()),
            }
            rest = behind;
        }
        filled.push_str(rest);
        Value::String(filled)
    }

    /// The value of a name, or of a path below an earlier answer.
    fn value(&mut self, step: &Step, name: &str) -> Value {
        if name == "id" {
            // The same in every play, so that answers can be compared.
            self.ids += 1;
            return Value::String(format!("00000000-0000-4000-8000-{:012x}", self.ids));
        }
        let mut parts = name.split('.');
        let first = parts.next().and_then(|label| self.values.get(label));
        let found = parts.fold(first, |value, part| {
            let value = value?;
            part.parse::<usize>()
                .map_or_else(|_| value.get(part), |index| value.get(index))
        });
        // A step that failed leaves nothing behind; what rests on it is refused, and seen as a difference.
        found.cloned().unwrap_or_else(|| {
            eprintln!("scene.txt:{}: nothing is named {name}", step.line);
            Value::String("nothing".to_owned())
        })
    }
}

/// The steps of the text: a head line `caller Service/Method [label]`, then its requests up to an empty line.
fn parse(text: &str) -> Vec<Step> {
    let mut steps = Vec::new();
    let mut section = String::new();
    let mut lines = text.lines().zip(1..).peekable();
    while let Some((head, line)) = lines.next() {
        if head.trim().is_empty() || head.starts_with('#') {
            continue;
        }
        if let Some(name) = head.strip_prefix("== ") {
            section = name.to_owned();
            continue;
        }
        let mut body = String::new();
        while let Some((next, _)) = lines.next_if(|(next, _)| !next.trim().is_empty()) {
            body.push_str(next);
            body.push('\n');
        }
        let messages = serde_json::Deserializer::from_str(&body).into_iter::<Value>();
        let mut words = head.split_whitespace().map(str::to_owned);
        steps.push(Step {
            line,
            section: section.clone(),
            caller: words.next().unwrap(),
            method: words
                .next()
                .unwrap_or_else(|| panic!("scene.txt:{line}: no method")),
            label: words.next(),
            messages: messages
                .map(|message| message.unwrap_or_else(|error| panic!("scene.txt:{line}: {error}")))
                .collect(),
            is_refusal: false,
        });
    }
    steps
}

/// A message without content. The request key is stated as empty, since the program makes one where none is stated.
fn empty(method: &Method) -> Value {
    match method.input.get_field_by_name("request_id") {
        Some(_) => json!({"request_id": ""}),
        None => json!({}),
    }
}

/// Every method with an empty message by who may call it, and by the first role that may not.
fn refusals(methods: &Methods) -> Vec<Step> {
    let mut steps = Vec::new();
    for method in methods.all() {
        let may = allowed(&method.doc).unwrap_or_else(|| panic!("{} says not who may call it", method.path));
        let institution = if method.service.contains("Insurance") {
            "${insurer}"
        } else {
            "${bank}"
        };
        let caller = |role: &str| if role == "institution" { institution } else { role }.to_owned();
        let mut callers = vec![caller(may[0])];
        callers.extend(
            ROLES
                .iter()
                .find(|role| !may.contains(role))
                .map(|role| caller(role)),
        );
        for caller in callers {
            steps.push(Step {
                line: 0,
                section: "refusals".to_owned(),
                caller,
                method: method.path.clone(),
                label: None,
                messages: vec![empty(method)],
                is_refusal: true,
            });
        }
    }
    steps
}
