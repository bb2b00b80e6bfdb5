//! Cases that need the services: repeats, pulls, objections, orders of recovery, two at the same instant.

use api::pledge::v1::ReportLoanRequest;
use api::settlement::v1 as pb;
use futures_util::future::join;

use super::paid::owed;
use super::{Verdict, same};
use crate::answer::yuan;
use crate::records::money;
use crate::sandbox::{Sandbox, close};
use crate::scene::Lending;
use crate::{batch, ids};

const AS_OF: &str = "2026-03-31";

fn refused(status: &tonic::Status) -> String {
    format!("refused: {status:?}")
}

/// The same report five times with the same request key: one record, the same answer.
pub(super) async fn x06(sandbox: &Sandbox) -> Verdict {
    let scene = Lending::new(sandbox).await;
    let request = scene.report(2025, "8000000.00");
    let mut answers = Vec::new();
    for _ in 0..5 {
        let answer = scene.bank.pledge().report_loan(request.clone()).await;
        answers.push(answer.map_err(|status| refused(&status))?.into_inner());
    }
    let equal = answers.iter().all(|answer| *answer == answers[0]);
    let mut database = sandbox.database().await;
    let (stored,): (i64,) = sqlx::query_as("select count(*) from pledge.loan where institution_code = $1")
        .bind(&scene.code)
        .fetch_one(&mut database)
        .await
        .unwrap();
    close(database).await;
    same(&format!("{stored} {equal}"), "1 true", "records, one answer")
}

/// A batch pulled twice: identical bytes.
pub(super) async fn x08(sandbox: &Sandbox) -> Verdict {
    let (scene, year) = (Lending::new(sandbox).await, ids::year());
    scene.lend(year, "8000000.00").await;
    let released = batch::settle(sandbox, year, AS_OF).await;
    let client = sandbox.client("finance-maker");
    let mut pulls = Vec::new();
    for _ in 0..2 {
        let pulled = zhirong::export::pull_files(&client, &released.batch_no).await;
        pulls.push(pulled.map_err(|error| error.report())?);
    }
    let (again, first) = (pulls.pop().unwrap(), pulls.pop().unwrap());
    same(
        &(first == again && first.0.line_count == 2).to_string(),
        "true",
        "the same bytes twice",
    )
}

/// The lines of the loan subsidy of a batch, by beneficiary.
async fn subsidies(sandbox: &Sandbox, name: &str) -> Vec<pb::Line> {
    let lines = batch::lines(sandbox, name).await;
    lines
        .into_iter()
        .filter(|line| batch::measure_of(line) == "loan_subsidy")
        .collect()
}

fn paid(lines: &[pb::Line], beneficiary: &str) -> String {
    let line = lines.iter().find(|line| line.beneficiary == beneficiary);
    line.map_or("0.00", |line| yuan(&line.amount)).to_owned()
}

/// An objection is upheld against one of three lines: the two others are paid.
pub(super) async fn x09(sandbox: &Sandbox) -> Verdict {
    let year = ids::year();
    let mut scenes = Vec::new();
    for _ in 0..3 {
        let scene = Lending::new(sandbox).await;
        scene.lend(year, "4500000.00").await;
        scenes.push(scene);
    }
    let draft = batch::open(sandbox, batch::opening(year, AS_OF)).await;
    let computed = batch::compute(sandbox, &draft.name).await;
    let published = batch::notice_over(sandbox, &computed).await;
    let lines = subsidies(sandbox, &published.name).await;
    let third = lines.iter().find(|line| line.beneficiary == scenes[2].borrower);
    let opened = pb::OpenObjectionRequest {
        request_id: ids::request_id(),
        line: third.map(|line| line.name.clone()).unwrap_or_default(),
        objector_name: "安阳某公司".to_owned(),
        objector_kind: pb::ObjectorKind::Unit.into(),
        is_identity_proven: true,
        content: "权属有争议".to_owned(),
    };
    let mut bureau = sandbox.client("bureau").review();
    let objection = bureau
        .open_objection(opened)
        .await
        .map_err(|status| refused(&status))?;
    let decided = pb::DecideObjectionRequest {
        request_id: ids::request_id(),
        name: objection.into_inner().objection.unwrap().name,
        decision: pb::ObjectionState::Upheld.into(),
        reason: "属实".to_owned(),
    };
    bureau
        .decide_objection(decided)
        .await
        .map_err(|status| refused(&status))?;
    if batch::approve(sandbox, &published).await.is_ok() {
        return Err("a batch with an upheld objection is approved".to_owned());
    }
    let computed = batch::compute(sandbox, &draft.name).await;
    let approved = batch::approved(sandbox, &computed).await;
    let released = batch::release(sandbox, &approved)
        .await
        .map_err(|status| refused(&status))?;
    let lines = subsidies(sandbox, &released.name).await;
    let amounts: Vec<String> = scenes.iter().map(|scene| paid(&lines, &scene.borrower)).collect();
    same(&amounts.join(" "), "100000.00 100000.00 0.00", "paid")
}

/// Fraud is proven on 150,000: an order that a second person approved takes it back.
pub(super) async fn x14(sandbox: &Sandbox) -> Verdict {
    let (scene, year) = (Lending::new(sandbox).await, ids::year());
    scene.lend(year, "8000000.00").await;
    let released = batch::settle(sandbox, year, AS_OF).await;
    let lines = subsidies(sandbox, &released.name).await;
    same(&paid(&lines, &scene.borrower), "150000.00", "paid first")?;
    let order = pb::OrderRecoveryRequest {
        request_id: ids::request_id(),
        line: lines[0].name.clone(),
        at_most: money("0.00"),
        basis: "财政违法行为处罚处分条例第十四条".to_owned(),
        reason: "骗取补助".to_owned(),
    };
    let ordered = sandbox
        .client("finance-maker")
        .review()
        .order_recovery(order)
        .await;
    let ordered = ordered.map_err(|status| refused(&status))?.into_inner();
    let approval = pb::ApproveRecoveryOrderRequest {
        request_id: ids::request_id(),
        name: ordered.recovery_order.unwrap().name,
    };
    let approved = sandbox
        .client("finance-checker")
        .review()
        .approve_recovery_order(approval)
        .await;
    approved.map_err(|status| refused(&status))?;
    let second = batch::settle(sandbox, year, AS_OF).await;
    let lines = subsidies(sandbox, &second.name).await;
    same(&paid(&lines, &scene.borrower), "-150000.00", "taken back")?;
    let (_, owed) = owed(sandbox, &second.name, &scene.borrower).await;
    same(&owed, "150000.00", "owed")
}

/// 49 and 2 million of one bank reported at the same instant: the cap, not 510,000.
pub(super) async fn x18(sandbox: &Sandbox) -> Verdict {
    let (scene, year) = (Lending::new(sandbox).await, ids::year());
    let report = ReportLoanRequest {
        events: Vec::new(),
        ..scene.report(year, "51000000.00")
    };
    scene
        .bank
        .pledge()
        .report_loan(report)
        .await
        .map_err(|status| refused(&status))?;
    let draw = |event_no: &'static str, amount: &'static str| {
        let request = api::pledge::v1::ReportLoanEventRequest {
            request_id: ids::request_id(),
            loan_event: Some(scene.draw(event_no, &format!("{year}-06-01"), amount)),
            revision: None,
        };
        let bank = scene.bank.clone();
        async move { bank.pledge().report_loan_event(request).await }
    };
    let (one, two) = join(draw("1", "49000000.00"), draw("2", "2000000.00")).await;
    one.and(two).map_err(|status| refused(&status))?;
    let released = batch::settle(sandbox, year, AS_OF).await;
    let lines = batch::lines(sandbox, &released.name).await;
    let of_bank: Vec<pb::Line> = lines
        .into_iter()
        .filter(|line| batch::measure_of(line) == "bank_incentive")
        .collect();
    same(
        &paid(&of_bank, &scene.legal_person),
        "500000.00",
        "the bank's year",
    )
}
