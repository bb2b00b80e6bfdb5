//! `zhirong sandbox`: what only a sandbox can do.

use std::process::ExitCode;

use api::google::r#type::Date;
use api::settlement::v1::{AdvanceBusinessDateRequest, advance_business_date_request::Step};
use client::request_id;

use crate::assess;
use crate::cli::{SandboxArgs, SandboxCommand, SandboxDateArgs};
use crate::connection::{MAKER, client_of, target};
use crate::error::CommandError;
use crate::exit::Exit;
use crate::output::{Cell, Listing};

/// A day that has passed in every city: moving to it moves nothing, and the answer says which day it is.
const LONG_PASSED: Date = Date {
    year: 2000,
    month: 1,
    day: 1,
};

/// Runs the command.
///
/// # Errors
/// [`CommandError`] where the services are no sandbox.
pub async fn run(args: SandboxArgs) -> Result<ExitCode, CommandError> {
    let SandboxCommand::Date(args) = args.command;
    date(args).await
}

async fn date(args: SandboxDateArgs) -> Result<ExitCode, CommandError> {
    let to = match &args.date {
        Some(text) => api::convert::date(assess::day(text, "DATE")?),
        None => LONG_PASSED,
    };
    let (url, identity) = target(&args.client)?;
    let mut sandbox = client_of(&url, &identity, MAKER)?.sandbox();
    let request = AdvanceBusinessDateRequest {
        request_id: request_id(),
        step: Some(Step::To(to)),
    };
    let answer = sandbox.advance_business_date(request).await;
    let answer = answer.map_err(|status| CommandError::call("AdvanceBusinessDate", status))?;
    let day = answer.into_inner().business_date.unwrap_or_default();
    let day = format!("{:04}-{:02}-{:02}", day.year, day.month, day.day);
    let mut listing = Listing::new(&[("business_date", "业务日期")]);
    listing.add(vec![Cell::text(&day)]);
    listing.print_record(|| format!("{day}\n"));
    Ok(Exit::Done.into())
}
