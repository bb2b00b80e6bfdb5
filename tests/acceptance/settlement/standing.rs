//! What stands against a line acts in the next computation: objections, freezes, orders of recovery and budgets, to the fen.

use std::collections::BTreeMap;

use api::common::v1::Measure;
use api::settlement::v1 as pb;
use futures_util::future::join_all;
use zhirong_tests::answer::{refused, yuan};
use zhirong_tests::records::money;
use zhirong_tests::sandbox::{Sandbox, shared};
use zhirong_tests::scene::Lending;
use zhirong_tests::{batch, ids, run};

use super::objection::{deciding, object};

/// Lends 4,000,000 to each of several enterprises: 100,000 each, and 40,000 for each lender.
async fn lent(sandbox: &Sandbox, year: i32, many: usize) -> Vec<Lending> {
    let mut scenes = Vec::new();
    for _ in 0..many {
        let scene = Lending::new(sandbox).await;
        scene.lend(year, "4000000.00").await;
        scenes.push(scene);
    }
    scenes
}

/// Amounts of the enterprises' lines by borrower.
async fn paid(sandbox: &Sandbox, name: &str) -> BTreeMap<String, String> {
    let lines = batch::lines(sandbox, name).await.into_iter();
    lines
        .filter(|line| line.measure() == Measure::LoanSubsidy)
        .map(|line| (line.beneficiary.clone(), yuan(&line.amount).to_owned()))
        .collect()
}

async fn line_of(sandbox: &Sandbox, name: &str, beneficiary: &str) -> String {
    let lines = batch::lines(sandbox, name).await;
    let line = lines.into_iter().find(|line| line.beneficiary == beneficiary);
    line.unwrap().name
}

#[test]
fn x09_an_upheld_objection_sets_one_of_three_lines_aside_and_the_rest_goes_on_without_a_new_notice() {
    run(async {
        let sandbox = shared().await;
        let year = ids::year();
        let scenes = lent(sandbox, year, 3).await;
        let draft = batch::open(sandbox, batch::opening(year, "2026-03-31")).await;
        let computed = batch::compute(sandbox, &draft.name).await;
        let published = batch::notice_over(sandbox, &computed).await;
        let third = line_of(sandbox, &draft.name, &scenes[2].borrower).await;
        let objection = object(sandbox, &third).await;
        let mut review = sandbox.client("bureau").review();
        let upheld = deciding(&objection.name, pb::ObjectionState::Upheld);
        review.decide_objection(upheld).await.unwrap();
        let status = batch::approve(sandbox, &published).await.unwrap_err();
        assert_eq!(refused(&status).reason, "BATCH_OBJECTION_OPEN");

        let again = batch::compute(sandbox, &draft.name).await;
        assert_eq!(again.state(), pb::BatchState::Draft);
        batch::submit(sandbox, &again).await.unwrap();
        let published = batch::publish(sandbox, &again).await.unwrap();
        assert_eq!(notices(sandbox, &draft.name).await, 1, "no second notice");
        let approved = batch::approve(sandbox, &published).await.unwrap();
        let released = batch::release(sandbox, &approved).await.unwrap();
        let amounts = paid(sandbox, &released.name).await;
        let expected: BTreeMap<String, String> = scenes[..2]
            .iter()
            .map(|scene| (scene.borrower.clone(), "100000.00".to_owned()))
            .collect();
        assert_eq!(amounts, expected, "200,000.00 released, 0.00 for the third");
        let findings = batch::findings(sandbox, &released.name).await;
        assert!(
            findings
                .iter()
                .any(|found| found.code == "OBJECTION" && found.beneficiary == scenes[2].borrower)
        );
        let (_, differences) =
            zhirong::verify::verify(&batch::files(&batch::pull(sandbox, &released.name, 0).await));
        assert!(differences.is_empty(), "{differences:?}");

        // While it is upheld the next batch pays nothing; once it is rejected the line comes by itself.
        let next = batch::settle(sandbox, year, "2026-03-31").await;
        assert_eq!(next.lines_count, 0);
        let rejected = deciding(&objection.name, pb::ObjectionState::Rejected);
        review.decide_objection(rejected).await.unwrap();
        let last = batch::settle(sandbox, year, "2026-03-31").await;
        assert_eq!(
            paid(sandbox, &last.name).await,
            [(scenes[2].borrower.clone(), "100000.00".to_owned())].into()
        );
    });
}

/// How many notices a batch has.
async fn notices(sandbox: &Sandbox, name: &str) -> usize {
    let request = pb::ListNoticesRequest {
        parent: name.to_owned(),
        ..Default::default()
    };
    let answer = sandbox.client("auditor").review().list_notices(request).await;
    answer.unwrap().into_inner().notices.len()
}

#[test]
fn a_recovery_takes_back_what_its_order_leaves_and_names_the_line() {
    run(async {
        let sandbox = shared().await;
        let year = ids::year();
        let scenes = lent(sandbox, year, 1).await;
        let first = batch::settle(sandbox, year, "2026-03-31").await;
        let line = line_of(sandbox, &first.name, &scenes[0].borrower).await;
        let order = pb::OrderRecoveryRequest {
            request_id: ids::request_id(),
            line: line.clone(),
            at_most: money("25000.00"),
            basis: "财政违法行为处罚处分条例第十四条".to_owned(),
            reason: "虚报贷款用途".to_owned(),
        };
        let mut maker = sandbox.client("finance-maker").review();
        let ordered = maker
            .order_recovery(order)
            .await
            .unwrap()
            .into_inner()
            .recovery_order
            .unwrap();
        let approve = pb::ApproveRecoveryOrderRequest {
            request_id: ids::request_id(),
            name: ordered.name,
        };
        let mut checker = sandbox.client("finance-checker").review();
        checker.approve_recovery_order(approve).await.unwrap();
        let second = batch::settle(sandbox, year, "2026-03-31").await;
        let lines = batch::lines(sandbox, &second.name).await;
        let [back] = &lines[..] else { panic!("{lines:?}") };
        assert_eq!(
            (yuan(&back.amount), back.limited_by.as_str(), &back.corrects),
            ("-75000.00", "recovery", &vec![line])
        );
    });
}

#[test]
fn a_freeze_holds_the_lines_of_its_institution_and_the_others_go_on() {
    run(async {
        // A city of its own: a freeze is a condition of everybody's batches.
        let own = Sandbox::start().await;
        let sandbox = &own;
        let year = ids::year();
        let scenes = lent(sandbox, year, 2).await;
        let draft = batch::open(sandbox, batch::opening(year, "2026-03-31")).await;
        let freeze = pb::FreezePaymentsRequest {
            request_id: ids::request_id(),
            what: Some(pb::freeze_payments_request::What::InstitutionCode(
                scenes[0].code.clone(),
            )),
            first_day: zhirong_tests::records::day("2020-01-01"),
            last_day: None,
            reason: "审计发现".to_owned(),
        };
        let mut review = sandbox.client("finance-releaser").review();
        let frozen = review
            .freeze_payments(freeze)
            .await
            .unwrap()
            .into_inner()
            .freeze
            .unwrap();
        let computed = batch::compute(sandbox, &draft.name).await;
        let approved = batch::approved(sandbox, &computed).await;
        batch::release(sandbox, &approved).await.unwrap();
        let beneficiaries: Vec<String> = batch::lines(sandbox, &draft.name)
            .await
            .into_iter()
            .map(|line| line.beneficiary)
            .collect();
        assert!(
            !beneficiaries.contains(&scenes[0].borrower) && !beneficiaries.contains(&scenes[0].legal_person)
        );
        assert!(
            beneficiaries.contains(&scenes[1].borrower) && beneficiaries.contains(&scenes[1].legal_person)
        );
        let lift = pb::LiftFreezeRequest {
            request_id: ids::request_id(),
            name: frozen.name,
            reason: "整改完成".to_owned(),
        };
        review.lift_freeze(lift).await.unwrap();
        let next = batch::settle(sandbox, year, "2026-03-31").await;
        assert_eq!(next.lines_count, 2, "the frozen lines come by themselves");
        own.stop().await;
    });
}

#[test]
fn a_budget_is_shared_out_to_the_fen_and_never_exceeded_by_four_officers_at_once() {
    run(async {
        let sandbox = shared().await;
        let year = ids::year();
        let scenes = lent(sandbox, year, 3).await;
        let budget = |amount: &str| pb::SetBudgetRequest {
            request_id: ids::request_id(),
            year,
            programme: "专利质押融资补助".to_owned(),
            measures: vec![Measure::LoanSubsidy.into()],
            appropriation: money(amount),
            approval: "安财预〔2026〕1号".to_owned(),
        };
        let mut maker = sandbox.client("finance-maker").review();
        maker.set_budget(budget("200000.00")).await.unwrap();
        let mut opening = batch::opening(year, "2026-03-31");
        opening.readings.push(pb::ReadingOverride {
            id: "R14".to_owned(),
            value: "PRO_RATA".to_owned(),
            approval: "安财〔2026〕3号".to_owned(),
        });
        let draft = batch::open(sandbox, opening.clone()).await;
        let computed = batch::compute(sandbox, &draft.name).await;
        let amounts: Vec<String> = paid(sandbox, &draft.name).await.into_values().collect();
        assert_eq!(amounts.len(), scenes.len());
        assert_eq!(
            amounts.iter().filter(|amount| *amount == "66666.67").count(),
            2,
            "{amounts:?}"
        );
        // Lowered after the approval: the release is refused until it is computed again.
        let approved = batch::approved(sandbox, &computed).await;
        maker.set_budget(budget("199999.99")).await.unwrap();
        let status = batch::release(sandbox, &approved).await.unwrap_err();
        assert_eq!(refused(&status).reason, "BATCH_OVER_BUDGET");
        maker.set_budget(budget("200000.00")).await.unwrap();
        let releases = (0..4).map(|_| {
            let (releaser, request) = (sandbox.client("finance-releaser"), batch::releasing(&approved));
            tokio::spawn(async move { releaser.settlement().release_batch(request).await })
        });
        let answers = join_all(releases).await;
        assert_eq!(
            answers
                .into_iter()
                .filter(|answer| answer.as_ref().unwrap().is_ok())
                .count(),
            1
        );
        let listed = maker
            .list_budgets(pb::ListBudgetsRequest { year })
            .await
            .unwrap()
            .into_inner();
        assert_eq!(yuan(&listed.budgets[0].committed), "200000.00");
        // Nothing is left: the next batch carries the rest until there is more.
        opening.request_id = ids::request_id();
        let next = batch::open(sandbox, opening).await;
        let next = batch::compute(sandbox, &next.name).await;
        assert_eq!(next.lines_count, 0);
        maker.set_budget(budget("300000.00")).await.unwrap();
        let next = batch::compute(sandbox, &next.name).await;
        assert_eq!(yuan(&next.lines_sum), "100000.00");
    });
}
