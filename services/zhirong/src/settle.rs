//! `zhirong settle`: opens and computes a batch as the finance maker; in a sandbox up to its release.

use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use api::common::v1::{Measure, Money};
use api::settlement::v1::{
    Batch, BatchState, CancelBatchRequest, ComputeBatchRequest, ListBatchesRequest, OpenBatchRequest,
    OpenBatchResponse,
};
use chrono::NaiveDate;
use client::{Client, request_id, retry, within};
use tonic::{Response, Status};

use crate::cli::{SettleArgs, Until};
use crate::connection::{MAKER, client_of, target};
use crate::error::{CommandError, reason_of};
use crate::exit::Exit;
use crate::output::progress::Progress;
use crate::output::{Cell, Listing};
use crate::{assess, export, output, walk};

/// How long computing or releasing a city's year may take.
const LONG: Duration = Duration::from_secs(900);
/// The file beside the certificates of a sandbox.
const SANDBOX_MARK: &str = crate::node::SANDBOX_MARK;

/// Runs the command.
///
/// # Errors
/// [`CommandError`] where a step is refused; a batch opened by then stays where it is.
pub async fn run(args: SettleArgs) -> Result<ExitCode, CommandError> {
    let as_of = args
        .as_of
        .as_deref()
        .map(|text| assess::as_of(Some(text)))
        .transpose()?;
    let (url, identity) = target(&args.client)?;
    let batch = settle(&url, &identity, (&args.division, args.year), as_of, args.until).await?;
    print(&batch, String::new);
    if let Some(out) = &args.out {
        export::export(&url, &identity, &batch.batch_no, out).await?;
        output::note(&format!("已写入 / written to {}", out.display()));
    }
    Ok(Exit::Done.into())
}

/// Opens and computes a batch of a division and year, and walks it through every step to its release if asked to.
///
/// # Errors
/// As [`run`].
pub async fn settle(
    url: &str,
    identity: &Path,
    (division, year): (&str, i32),
    as_of: Option<NaiveDate>,
    until: Until,
) -> Result<Batch, CommandError> {
    if until == Until::Released && !identity.join(SANDBOX_MARK).is_file() {
        return Err(CommandError::usage(
            "RELEASE_NEEDS_SANDBOX",
            "--until released 只用于试用环境：正式批次须经提交、公示、审批，由不同的人核对摘要后放行",
            "--until released is for a sandbox only: in earnest a batch is submitted, published, approved and released by different people",
        ));
    }
    let progress = Progress::start("开批 opening", None);
    let maker = client_of(url, identity, MAKER)?;
    let open = OpenBatchRequest {
        request_id: request_id(),
        division_code: division.to_owned(),
        year,
        as_of: as_of.map(api::convert::date),
        readings: Vec::new(),
    };
    let mut opened = open_batch(&maker, &open).await;
    if let Err(status) = &opened
        && until == Until::Released
        && reason_of(status) == "BATCH_ALREADY_OPEN"
    {
        cancel_open(&maker, year).await?;
        let again = OpenBatchRequest {
            request_id: request_id(),
            ..open.clone()
        };
        opened = open_batch(&maker, &again).await;
    }
    let opened = match opened {
        Ok(answer) => taken("OpenBatch", answer.batch)?,
        Err(status) => return Err(not_opened(&maker, year, status).await),
    };
    output::note(&format!(
        "批次 {0} 已开，计算中 / batch {0} is open, computing",
        opened.batch_no
    ));
    progress.tell("计算 computing");
    let compute = ComputeBatchRequest {
        request_id: request_id(),
        name: opened.name.clone(),
    };
    let computed = retry(|| {
        let (mut settlement, request) = (maker.settlement(), within(compute.clone(), LONG));
        async move { settlement.compute_batch(request).await.map(Response::into_inner) }
    })
    .await;
    let computed = computed.map_err(|status| CommandError::call("ComputeBatch", status))?;
    let computed = taken("ComputeBatch", computed.batch)?;
    match until {
        Until::Draft => Ok(computed),
        Until::Released => {
            progress.tell("提交至放行 from submission to release");
            walk::to_release(url, identity, &computed).await
        }
    }
}

fn taken(call: &'static str, batch: Option<Batch>) -> Result<Batch, CommandError> {
    batch.ok_or_else(|| CommandError::call(call, Status::internal("the answer holds no batch")))
}

async fn open_batch(maker: &Client, open: &OpenBatchRequest) -> Result<OpenBatchResponse, Status> {
    retry(|| {
        let (mut settlement, request) = (maker.settlement(), open.clone());
        async move { settlement.open_batch(request).await.map(Response::into_inner) }
    })
    .await
}

/// The drafts of a year: at most one, but a list is what the service gives.
async fn open_batches(maker: &Client, year: i32) -> Result<Vec<Batch>, Status> {
    let request = ListBatchesRequest {
        year,
        page_size: 1000,
        page_token: String::new(),
    };
    let batches = maker
        .settlement()
        .list_batches(request)
        .await?
        .into_inner()
        .batches;
    Ok(batches
        .into_iter()
        .filter(|batch| is_open(batch.state()))
        .collect())
}

/// Whether a batch is neither released nor cancelled.
fn is_open(state: BatchState) -> bool {
    use BatchState::{Approved, Draft, InReview, PublicNotice};
    matches!(state, Draft | InReview | PublicNotice | Approved)
}

/// A batch left open lacks what was reported since, so a sandbox that is to release the year cancels it and opens another.
async fn cancel_open(maker: &Client, year: i32) -> Result<(), CommandError> {
    let listed = open_batches(maker, year).await;
    for draft in listed.map_err(|status| CommandError::call("ListBatches", status))? {
        let number = &draft.batch_no;
        output::note(&format!(
            "作废未放行的批次 {number}，按现有事实重开 / batch {number} is cancelled, a new one takes all facts known now"
        ));
        let request = CancelBatchRequest {
            request_id: request_id(),
            name: draft.name.clone(),
            reason: "由新批次代替 / replaced by a new batch".to_owned(),
        };
        let cancelled = maker.settlement().cancel_batch(request).await;
        cancelled.map_err(|status| CommandError::call("CancelBatch", status))?;
    }
    Ok(())
}

/// Says why no batch was opened; where an open one is in the way, which.
async fn not_opened(maker: &Client, year: i32, status: Status) -> CommandError {
    if reason_of(&status) == "BATCH_ALREADY_OPEN" {
        for draft in open_batches(maker, year).await.unwrap_or_default() {
            let digest = draft
                .digests
                .as_ref()
                .map_or("", |digests| digests.batch.as_str());
            output::note(&format!("在办批次 / open batch: {} {digest}", draft.batch_no));
        }
    }
    CommandError::call("OpenBatch", status)
}

/// The state of a batch, in English and Chinese.
#[must_use]
pub const fn state_words(state: BatchState) -> &'static str {
    match state {
        BatchState::Draft => "draft 草稿",
        BatchState::InReview => "in_review 审核中",
        BatchState::PublicNotice => "public_notice 公示中",
        BatchState::Approved => "approved 已审批",
        BatchState::Released => "released 已放行",
        BatchState::Paid => "paid 已拨付",
        BatchState::Cancelled => "cancelled 已作废",
        BatchState::Unspecified => "unknown 未知",
    }
}

/// Prints a batch; `more` is what its plain text has besides.
pub(crate) fn print(batch: &Batch, more: impl FnOnce() -> String) {
    let mut record = Listing::new(&[
        ("batch_no", "批次号"),
        ("state", "状态"),
        ("loan_subsidy", "贷款补助"),
        ("bank_incentive", "银行奖励"),
        ("premium_subsidy", "保费补贴"),
        ("lines", "条数"),
        ("amount", "合计"),
        ("findings", "提示"),
        ("digest", "摘要"),
        ("steps", "各步"),
    ]);
    let total = |measure| {
        let found = batch.totals.iter().find(|total| total.measure() == measure);
        Cell::amount(yuan(found.and_then(|total| total.amount.as_ref())))
    };
    let steps = batch
        .approvals
        .iter()
        .map(|it| format!("{} {}", it.step, it.person));
    record.add(vec![
        Cell::text(&batch.batch_no),
        Cell::text(state_name(batch.state())),
        total(Measure::LoanSubsidy),
        total(Measure::BankIncentive),
        total(Measure::PremiumSubsidy),
        Cell::count(batch.lines_count),
        Cell::amount(yuan(batch.lines_sum.as_ref())),
        Cell::count(batch.findings_count),
        Cell::text(walk::digest_of(batch)),
        Cell::text(steps.collect::<Vec<_>>().join(";")),
    ]);
    record.print_record(|| describe(batch) + &more());
}

/// The name of a state, as files write it.
#[must_use]
pub fn state_name(state: BatchState) -> &'static str {
    let words = state_words(state);
    words.split(' ').next().unwrap_or(words)
}

/// A batch for people: number, state, totals and digest.
pub(crate) fn describe(batch: &Batch) -> String {
    let state = state_words(batch.state());
    let mut text = format!("batch_no {}\nstate {state}\n", batch.batch_no);
    for total in &batch.totals {
        let measure = match total.measure() {
            Measure::LoanSubsidy => "loan_subsidy 贷款补助",
            Measure::BankIncentive => "bank_incentive 银行奖励",
            Measure::PremiumSubsidy => "premium_subsidy 保费补贴",
            Measure::Unspecified => "unknown 未知",
        };
        let (lines, amount) = (total.lines_count, yuan(total.amount.as_ref()));
        text.push_str(&format!("{measure}: {lines} lines 条, {amount} yuan 元\n"));
    }
    let digest = batch
        .digests
        .as_ref()
        .map_or("", |digests| digests.batch.as_str());
    let (lines, sum, findings) = (
        batch.lines_count,
        yuan(batch.lines_sum.as_ref()),
        batch.findings_count,
    );
    text.push_str(&format!(
        "total 合计: {lines} lines 条, {sum} yuan 元, {findings} findings 提示\ndigest {digest}\n"
    ));
    text
}

fn yuan(money: Option<&Money>) -> &str {
    money.map_or("0.00", |money| money.amount.as_str())
}
