//! `zhirong call --file`: a call a line, an answer a line, in the same order.

use std::collections::HashMap;
use std::fs::File;
use std::io::{BufRead, BufReader, BufWriter, Write};
use std::path::Path;
use std::process::ExitCode;

use gateway::Method;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{find, request, who};
use crate::call::Caller;
use crate::connection;
use crate::error::CommandError;
use crate::exit::Exit;
use crate::output::{self, progress::Progress};

/// A line of the file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    /// Name of a certificate; the first who may call where there is none.
    #[serde(rename = "as", default)]
    caller: Option<String>,
    method: String,
    /// One message, or of a client stream an array of them.
    #[serde(default)]
    request: Value,
}

/// Callers by name, since a connection is worth keeping.
struct Callers<'place> {
    url: &'place str,
    identity: &'place Path,
    known: HashMap<String, Caller>,
}

/// Makes every call: exit 0 all answered, 3 some refused.
///
/// # Errors
/// [`CommandError`] where a file cannot be read or written; what was called by then stays.
pub(super) async fn run(
    url: &str,
    identity: &Path,
    file: &Path,
    out: &Path,
) -> Result<ExitCode, CommandError> {
    let reading = |source| CommandError::io("读取请求", "reading the requests", file, source);
    let writing = |source| CommandError::io("写入应答", "writing the answers", out, source);
    let requests = BufReader::new(File::open(file).map_err(reading)?);
    let mut answers = BufWriter::new(File::create(out).map_err(writing)?);
    let mut callers = Callers {
        url,
        identity,
        known: HashMap::new(),
    };
    let (mut answered, mut refused) = (0_u64, 0_u64);
    let progress = Progress::start("调用 calls", None);
    for text in requests.lines() {
        let text = text.map_err(reading)?;
        if text.trim().is_empty() {
            continue;
        }
        let (line, is_answered) = one(&mut callers, &text).await;
        if is_answered {
            answered += 1
        } else {
            refused += 1
        }
        writeln!(answers, "{line}").map_err(writing)?;
        progress.advance(1);
    }
    answers.flush().map_err(writing)?;
    drop(progress);
    output::note(&format!(
        "已答 {answered}，拒绝 {refused} / {answered} answered, {refused} refused"
    ));
    Ok(if refused == 0 {
        Exit::Done
    } else {
        Exit::SomeRefused
    }
    .into())
}

/// One line's answer, and whether the call was answered to its end.
async fn one(callers: &mut Callers<'_>, text: &str) -> (Value, bool) {
    let line: Line = match serde_json::from_str(text) {
        Ok(line) => line,
        Err(error) => return (request::malformed(&error).json(), false),
    };
    let mut answers = Vec::new();
    let name = line.method.clone();
    match make(callers, line, &mut answers).await {
        Ok(()) => (json!({"method": name, "answer": answers}), true),
        Err(error) => {
            let mut refusal = error.json();
            refusal["method"] = Value::from(name);
            if !answers.is_empty() {
                refusal["answer"] = Value::from(answers);
            }
            (refusal, false)
        }
    }
}

async fn make(callers: &mut Callers<'_>, line: Line, answers: &mut Vec<Value>) -> Result<(), CommandError> {
    let method = find(&line.method)?;
    let mut requests = match line.request {
        Value::Array(messages) if method.client_streaming => messages,
        Value::Null => vec![json!({})],
        message => vec![message],
    };
    request::give_id(method, &mut requests);
    let messages = request::encode(method, &requests)?;
    let caller = callers.get(line.caller, method)?;
    let mut received = caller.call(method, messages).await?;
    while let Some(message) = received.next().await? {
        let printed = method.print(&message.bytes);
        answers.push(printed.map_err(|error| CommandError::from_status(&method.name, error.status()))?);
    }
    Ok(())
}

impl Callers<'_> {
    fn get(&mut self, name: Option<String>, method: &Method) -> Result<&Caller, CommandError> {
        let name = match name {
            Some(name) => name,
            None => who::choose(self.identity, method)?,
        };
        match self.known.entry(name) {
            std::collections::hash_map::Entry::Occupied(known) => Ok(known.into_mut()),
            std::collections::hash_map::Entry::Vacant(free) => {
                let client = connection::client(self.url, self.identity, free.key())?;
                Ok(free.insert(Caller::of(&client)))
            }
        }
    }
}
