//! `zhirong batch`: the steps of a batch, each by the officer whose step it is.

use std::process::ExitCode;

use api::settlement::v1 as pb;
use clap::{Args, Subcommand};
use client::{Client, request_id};

use crate::cli::ClientArgs;
use crate::connection::{BUREAU, CHECKER, MAKER, RELEASER, client_of, target};
use crate::error::CommandError;
use crate::exit::Exit;
use crate::{settle, walk};

/// Options of `batch`.
#[derive(Debug, Clone, Args)]
pub struct BatchArgs {
    /// What to do.
    #[command(subcommand)]
    pub step: Step,
}

/// A batch and where it is.
#[derive(Debug, Clone, Args)]
pub struct Named {
    /// 批次号 Batch number, such as 410500-2025-001
    #[arg(value_name = "BATCH")]
    pub batch: String,
    /// Where to.
    #[command(flatten)]
    pub client: ClientArgs,
}

/// A step that agrees to a digest.
#[derive(Debug, Clone, Args)]
pub struct Agreed {
    /// 摘要 The digest that you reviewed, as `batch show` prints it
    #[arg(long, value_name = "SHA256")]
    pub digest: String,
    /// The batch.
    #[command(flatten)]
    pub named: Named,
}

/// A step with a reason.
#[derive(Debug, Clone, Args)]
pub struct Reasoned {
    /// 原因 Why
    #[arg(long, value_name = "TEXT")]
    pub reason: String,
    /// The batch.
    #[command(flatten)]
    pub named: Named,
}

/// The steps.
#[derive(Debug, Clone, Subcommand)]
pub enum Step {
    /// 查看 Shows number, state, totals, digest and who took which step
    Show(Named),
    /// 提交审核 Submits a computed draft (finance-maker)
    Submit(Agreed),
    /// 退回 Returns a batch to its maker (finance-checker, or the only certificate given)
    Return(Reasoned),
    /// 公示 Puts a batch in review on public notice (bureau)
    Publish(Agreed),
    /// 审批 Approves a batch whose notice is over (finance-checker)
    Approve(Agreed),
    /// 放行 Releases an approved batch (finance-releaser)
    Release(Agreed),
    /// 作废 Cancels a batch that is not released (finance-maker)
    Cancel(Reasoned),
}

impl BatchArgs {
    /// How to reach the services.
    pub fn client(&mut self) -> &mut ClientArgs {
        match &mut self.step {
            Step::Show(named) => &mut named.client,
            Step::Submit(step) | Step::Publish(step) | Step::Approve(step) | Step::Release(step) => {
                &mut step.named.client
            }
            Step::Return(step) | Step::Cancel(step) => &mut step.named.client,
        }
    }
}

fn name_of(batch: &str) -> String {
    format!("batches/{}", batch.strip_prefix("batches/").unwrap_or(batch))
}

fn officer(client: &ClientArgs, office: &str) -> Result<Client, CommandError> {
    let (url, identity) = target(client)?;
    client_of(&url, &identity, office)
}

/// Runs the command and prints the batch as it stands afterwards.
///
/// # Errors
/// [`CommandError`] where the step is refused.
pub async fn run(args: BatchArgs) -> Result<ExitCode, CommandError> {
    let batch = match &args.step {
        Step::Show(named) => show(named).await?,
        Step::Submit(Agreed { digest, named }) => {
            let maker = officer(&named.client, MAKER)?;
            walk::submit(&maker, &name_of(&named.batch), digest).await?
        }
        Step::Publish(Agreed { digest, named }) => {
            let bureau = officer(&named.client, BUREAU)?;
            walk::publish(&bureau, &name_of(&named.batch), digest).await?
        }
        Step::Approve(Agreed { digest, named }) => {
            let checker = officer(&named.client, CHECKER)?;
            walk::approve(&checker, &name_of(&named.batch), digest).await?
        }
        Step::Release(Agreed { digest, named }) => {
            let releaser = officer(&named.client, RELEASER)?;
            walk::release(&releaser, &name_of(&named.batch), digest).await?
        }
        Step::Return(Reasoned { reason, named }) => {
            let request = pb::ReturnBatchRequest {
                request_id: request_id(),
                name: name_of(&named.batch),
                reason: reason.clone(),
            };
            let mut service = officer(&named.client, CHECKER)?.settlement();
            let answer = service.return_batch(request).await;
            walk::stands("ReturnBatch", answer.map(|answer| answer.into_inner().batch))?
        }
        Step::Cancel(Reasoned { reason, named }) => {
            let request = pb::CancelBatchRequest {
                request_id: request_id(),
                name: name_of(&named.batch),
                reason: reason.clone(),
            };
            let mut service = officer(&named.client, MAKER)?.settlement();
            let answer = service.cancel_batch(request).await;
            walk::stands("CancelBatch", answer.map(|answer| answer.into_inner().batch))?
        }
    };
    settle::print(&batch, || {
        let given = batch.approvals.iter().map(|given| {
            let (step, person, role) = (&given.step, &given.person, &given.role);
            format!(
                "{step} {person} ({role}) {} {}\n",
                given.batch_digest, given.reason
            )
        });
        given.collect()
    });
    Ok(Exit::Done.into())
}

async fn show(named: &Named) -> Result<pb::Batch, CommandError> {
    let request = pb::GetBatchRequest {
        name: name_of(&named.batch),
    };
    let mut service = officer(&named.client, MAKER)?.settlement();
    let answer = service.get_batch(request).await;
    walk::stands("GetBatch", answer.map(|answer| answer.into_inner().batch))
}
