//! `zhirong call`: any method of the API with JSON, from the descriptors alone, so that none can be missing.

mod answer;
mod describe;
mod many;
pub mod nouns;
mod request;
mod value;
mod who;
mod wire;

use std::path::Path;
use std::process::ExitCode;
use std::sync::LazyLock;

use gateway::{Method, Methods};
use serde_json::json;

pub use who::may_call;
pub use wire::{Caller, Received};

use crate::cli::CallArgs;
use crate::connection::target;
use crate::error::CommandError;
use crate::exit::Exit;
use crate::output::{self, Cell, Form, Listing};

/// The API of this program, read once.
static METHODS: LazyLock<Result<Methods, gateway::Error>> =
    LazyLock::new(|| Methods::new(api::FILE_DESCRIPTOR_SET));

/// Every method.
///
/// # Errors
/// [`CommandError`] where the descriptors cannot be read, which a test rules out.
pub fn methods() -> Result<&'static Methods, CommandError> {
    METHODS
        .as_ref()
        .map_err(|error| CommandError::from_status("descriptors", error.status()))
}

/// The method of a name.
///
/// # Errors
/// [`CommandError`] naming the methods that may have been meant.
pub fn find(name: &str) -> Result<&'static Method, CommandError> {
    methods()?
        .find(name)
        .map_err(|error| CommandError::from_status(name, error.status()))
}

/// Whether only the program itself is asked, so that no server and no settings are needed.
#[must_use]
pub const fn is_local(args: &CallArgs) -> bool {
    args.list || args.describe || args.help
}

/// Lists or describes methods.
///
/// # Errors
/// [`CommandError`] for an unknown method.
pub fn run_local(args: &CallArgs) -> Result<ExitCode, CommandError> {
    if args.list {
        let mut listing = Listing::new(&[("method", "方法"), ("may_call", "可调用者"), ("what", "说明")]);
        for method in methods()?.all() {
            let (name, what) = (
                describe::short_name(method),
                describe::first_sentence(&method.doc),
            );
            let row = vec![Cell::text(&name), Cell::text(may_call(method)), Cell::text(what)];
            listing.push(row, || format!("{name}  {what}\n"));
        }
        listing.finish();
        return Ok(Exit::Done.into());
    }
    match &args.method {
        Some(name) => output::data(describe::text(find(name)?).as_bytes()),
        None => output::data(crate::commands::help_of(&["call"]).as_bytes()),
    }
    Ok(Exit::Done.into())
}

/// Calls a method, or every call of a file.
///
/// # Errors
/// [`CommandError::Call`] where the call is refused.
pub async fn run(args: CallArgs) -> Result<ExitCode, CommandError> {
    let (url, identity) = target(&args.client)?;
    if let (Some(file), Some(out)) = (&args.file, &args.out) {
        return many::run(&url, &identity, file, out).await;
    }
    let Some(name) = &args.method else {
        return Err(CommandError::usage(
            "METHOD_MISSING",
            "请写明方法，如 PledgeService/ReportLoan；全部方法见 zhirong call --list",
            "name a method, such as PledgeService/ReportLoan; zhirong call --list shows them all",
        ));
    };
    let method = find(name)?;
    let requests = request::read(method, &args.data)?;
    let place = (url.as_str(), identity.as_path());
    let out = (args.out.as_deref(), output::asked());
    carry_out(place, args.caller.as_deref(), method, requests, out).await
}

/// The one method of a bare name such as `ReportLoan`; none where services share the name.
#[must_use]
pub fn named_alone(name: &str) -> Option<&'static Method> {
    let mut found = methods().ok()?.all().iter().filter(|method| method.name == name);
    found.next().filter(|_| found.next().is_none())
}

/// Makes one call and prints its answer.
async fn carry_out(
    (url, identity): (&str, &Path),
    caller: Option<&str>,
    method: &'static Method,
    mut requests: Vec<serde_json::Value>,
    (out, form): (Option<&Path>, Option<Form>),
) -> Result<ExitCode, CommandError> {
    if let Some(made) = request::give_id(method, &mut requests) {
        tell_id(&made, form);
    }
    let messages = request::encode(method, &requests)?;
    let caller = Caller::connect(url, identity, caller, method)?;
    let mut answers = caller.call(method, messages).await?;
    let mut printer = answer::Printer::new(method, out, form);
    while let Some(received) = answers.next().await? {
        printer.take(received)?;
    }
    printer.finish()?;
    Ok(Exit::Done.into())
}

/// Tells the `request_id` that was made: whoever repeats the call must send the same one.
fn tell_id(made: &str, form: Option<Form>) {
    if form == Some(Form::Json) {
        output::note(&json!({"request_id": made}).to_string());
    } else {
        output::note(&format!("request_id {made}"));
    }
}

/// How one message is printed where its form is not a table: one line of JSON.
const fn is_line(form: Option<Form>) -> bool {
    matches!(form, None | Some(Form::Json))
}
