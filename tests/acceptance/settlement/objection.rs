//! Objections, freezes, budgets and orders of recovery: who decides what, and what they hold back.

use api::common::v1::Measure;
use api::settlement::v1 as pb;
use tonic::Code;
use zhirong_tests::answer::{assert_refused, refused, yuan};
use zhirong_tests::records::{day, money};
use zhirong_tests::sandbox::{Sandbox, shared};
use zhirong_tests::scene::Lending;
use zhirong_tests::{batch, ids, run};

/// An objection against a line.
pub(super) fn against(line: &str, content: &str) -> pb::OpenObjectionRequest {
    pb::OpenObjectionRequest {
        request_id: ids::request_id(),
        line: line.to_owned(),
        objector_name: "安阳某公司".to_owned(),
        objector_kind: pb::ObjectorKind::Unit.into(),
        is_identity_proven: true,
        content: content.to_owned(),
    }
}

/// Opens it as the bureau.
pub(crate) async fn object(sandbox: &Sandbox, line: &str) -> pb::Objection {
    let mut review = sandbox.client("bureau").review();
    let answer = review
        .open_objection(against(line, "合同已提前结清"))
        .await
        .unwrap();
    answer.into_inner().objection.unwrap()
}

/// Decides it as the bureau.
pub(crate) fn deciding(name: &str, decision: pb::ObjectionState) -> pb::DecideObjectionRequest {
    pb::DecideObjectionRequest {
        request_id: ids::request_id(),
        name: name.to_owned(),
        decision: decision.into(),
        reason: "经核查".to_owned(),
    }
}

#[test]
fn an_objection_that_stands_holds_its_batch_back_and_a_rejected_one_does_not() {
    run(async {
        let sandbox = shared().await;
        let (scene, year) = (Lending::new(sandbox).await, ids::year());
        scene.lend(year, "8000000.00").await;
        let draft = batch::open(sandbox, batch::opening(year, "2026-03-31")).await;
        let computed = batch::compute(sandbox, &draft.name).await;
        let published = batch::notice_over(sandbox, &computed).await;
        let mut review = sandbox.client("bureau").review();
        let line = format!("{}/lines/2", draft.name);
        let opened = object(sandbox, &line).await;
        assert_eq!(opened.name, format!("objections/410500-{year}-001"));
        assert_eq!(opened.state(), pb::ObjectionState::Open);
        assert_eq!(opened.line.as_ref().unwrap().beneficiary, scene.borrower);
        // Open, upheld, and upheld anew: not without computing again.
        for decision in [None, Some(pb::ObjectionState::Upheld)] {
            if let Some(decision) = decision {
                let answer = review
                    .decide_objection(deciding(&opened.name, decision))
                    .await
                    .unwrap();
                assert_eq!(answer.into_inner().objection.unwrap().state(), decision);
            }
            let status = batch::approve(sandbox, &published).await.unwrap_err();
            assert_eq!(refused(&status).reason, "BATCH_OBJECTION_OPEN");
        }
        // Looked at again and rejected: the batch goes on as it was published.
        let rejected = deciding(&opened.name, pb::ObjectionState::Rejected);
        let rejected = review
            .decide_objection(rejected)
            .await
            .unwrap()
            .into_inner()
            .objection
            .unwrap();
        assert_eq!(
            (rejected.state(), rejected.decision_reason.as_str()),
            (pb::ObjectionState::Rejected, "经核查")
        );
        let approved = batch::approve(sandbox, &published).await.unwrap();
        let late = object(sandbox, &line).await;
        let status = batch::release(sandbox, &approved).await.unwrap_err();
        assert_eq!(
            refused(&status).reason,
            "BATCH_OBJECTION_OPEN",
            "nor at the release"
        );
        let withdraw = pb::WithdrawObjectionRequest {
            request_id: ids::request_id(),
            name: late.name.clone(),
            reason: "异议人撤回".to_owned(),
        };
        let withdrawn = review
            .withdraw_objection(withdraw.clone())
            .await
            .unwrap()
            .into_inner();
        assert_eq!(
            withdrawn.objection.unwrap().state(),
            pb::ObjectionState::Withdrawn
        );
        batch::release(sandbox, &approved).await.unwrap();
        // What is closed stays closed.
        for name in [&opened.name, &late.name] {
            let again = deciding(name, pb::ObjectionState::Upheld);
            assert_refused(
                review.decide_objection(again).await,
                Code::FailedPrecondition,
                "OBJECTION_CLOSED",
            );
        }
        let listed = review
            .list_objections(pb::ListObjectionsRequest {
                year,
                page_size: 1,
                ..Default::default()
            })
            .await
            .unwrap()
            .into_inner();
        assert_eq!(
            (listed.objections.len(), listed.next_page_token.as_str()),
            (1, "1")
        );
    });
}

#[test]
fn an_objection_is_named_in_writing_and_about_a_line() {
    run(async {
        let sandbox = shared().await;
        let (scene, year) = (Lending::new(sandbox).await, ids::year());
        scene.lend(year, "8000000.00").await;
        let draft = batch::open(sandbox, batch::opening(year, "2026-03-31")).await;
        batch::compute(sandbox, &draft.name).await;
        let mut review = sandbox.client("bureau").review();
        let good = against(&format!("{}/lines/1", draft.name), "金额有误");
        let wrong: [(pb::OpenObjectionRequest, Code, &str); 6] = [
            (
                pb::OpenObjectionRequest {
                    is_identity_proven: false,
                    ..good.clone()
                },
                Code::InvalidArgument,
                "CELL_REQUIRED",
            ),
            (
                pb::OpenObjectionRequest {
                    objector_kind: 0,
                    ..good.clone()
                },
                Code::InvalidArgument,
                "CELL_REQUIRED",
            ),
            (
                pb::OpenObjectionRequest {
                    content: "字".repeat(1001),
                    ..good.clone()
                },
                Code::InvalidArgument,
                "CELL_REQUIRED",
            ),
            (
                pb::OpenObjectionRequest {
                    line: "lines/1".to_owned(),
                    ..good.clone()
                },
                Code::InvalidArgument,
                "NAME_MALFORMED",
            ),
            (
                pb::OpenObjectionRequest {
                    line: format!("{}/lines/9", draft.name),
                    ..good.clone()
                },
                Code::NotFound,
                "NOT_FOUND",
            ),
            (
                pb::OpenObjectionRequest {
                    line: format!("batches/410100-{year}-001/lines/1"),
                    ..good.clone()
                },
                Code::NotFound,
                "NOT_FOUND",
            ),
        ];
        for (mut request, code, reason) in wrong {
            request.request_id = ids::request_id();
            assert_refused(review.open_objection(request).await, code, reason);
        }
        let nowhere = deciding(
            &format!("objections/410500-{year}-007"),
            pb::ObjectionState::Upheld,
        );
        assert_refused(
            review.decide_objection(nowhere).await,
            Code::NotFound,
            "NOT_FOUND",
        );
        let opened = object(sandbox, &good.line).await;
        let odd = deciding(&opened.name, pb::ObjectionState::Withdrawn);
        assert_refused(
            review.decide_objection(odd).await,
            Code::InvalidArgument,
            "DECISION_INVALID",
        );
    });
}

#[test]
fn a_freeze_stops_payments_and_not_reports_until_it_is_lifted() {
    run(async {
        // A city of its own: a frozen clause holds everybody's batches.
        let own = Sandbox::start().await;
        let sandbox = &own;
        let (scene, year) = (Lending::new(sandbox).await, ids::year());
        scene.lend(year, "8000000.00").await;
        let draft = batch::open(sandbox, batch::opening(year, "2026-03-31")).await;
        let computed = batch::compute(sandbox, &draft.name).await;
        let published = batch::notice_over(sandbox, &computed).await;
        let mut review = sandbox.client("finance-checker").review();
        use pb::freeze_payments_request::What;
        let request = |what: What| pb::FreezePaymentsRequest {
            request_id: ids::request_id(),
            what: Some(what),
            first_day: day("2020-01-01"),
            last_day: None,
            reason: "审计发现".to_owned(),
        };
        for what in [
            What::Clause("A8.1.3".to_owned()),
            What::InstitutionCode(scene.code.clone()),
        ] {
            let frozen = review
                .freeze_payments(request(what))
                .await
                .unwrap()
                .into_inner()
                .freeze
                .unwrap();
            let status = batch::approve(sandbox, &published).await.unwrap_err();
            assert_eq!(refused(&status).reason, "BATCH_FROZEN", "{frozen:?}");
            // Reports go on.
            Lending::new(sandbox).await.lend(year, "8000000.00").await;
            let lift = pb::LiftFreezeRequest {
                request_id: ids::request_id(),
                name: frozen.name.clone(),
                reason: "整改完成".to_owned(),
            };
            let lifted = review
                .lift_freeze(lift.clone())
                .await
                .unwrap()
                .into_inner()
                .freeze
                .unwrap();
            assert_eq!(lifted.lifted_by, "finance-checker");
            let again = pb::LiftFreezeRequest {
                request_id: ids::request_id(),
                ..lift
            };
            assert_refused(
                review.lift_freeze(again).await,
                Code::FailedPrecondition,
                "FREEZE_LIFTED",
            );
        }
        for what in [
            What::Clause("A9.9.9".to_owned()),
            What::InstitutionCode("313000000000".to_owned()),
        ] {
            let refused = review.freeze_payments(request(what)).await;
            assert_refused(refused, Code::InvalidArgument, "FREEZE_SUBJECT_UNKNOWN");
        }
        let listed = review
            .list_freezes(pb::ListFreezesRequest::default())
            .await
            .unwrap()
            .into_inner();
        assert_eq!(listed.freezes.len(), 2);
        let approved = batch::approve(sandbox, &published).await.unwrap();
        batch::release(sandbox, &approved).await.unwrap();
        own.stop().await;
    });
}

#[test]
fn a_budget_is_set_with_its_document_and_never_below_what_is_committed() {
    run(async {
        let sandbox = shared().await;
        let year = ids::year();
        let mut maker = sandbox.client("finance-maker").review();
        let request =
            |programme: &str, measures: &[Measure], amount: &str, approval: &str| pb::SetBudgetRequest {
                request_id: ids::request_id(),
                year,
                programme: programme.to_owned(),
                measures: measures.iter().map(|measure| (*measure).into()).collect(),
                appropriation: money(amount),
                approval: approval.to_owned(),
            };
        let loans = [Measure::LoanSubsidy, Measure::BankIncentive];
        maker
            .set_budget(request("专利质押", &loans, "300000.00", "安财预〔2026〕1号"))
            .await
            .unwrap();
        let taken = maker
            .set_budget(request("专利保险", &loans[..1], "1.00", "安财预〔2026〕2号"))
            .await;
        assert_refused(taken, Code::FailedPrecondition, "BUDGET_MEASURE_TAKEN");
        for (wrong, reason) in [
            (request("专利保险", &[], "1.00", "文号"), "MEASURES_INVALID"),
            (
                request("专利保险", &[loans[0], loans[0]], "1.00", "文号"),
                "MEASURES_INVALID",
            ),
            (request("专利保险", &loans, "-1.00", "文号"), "AMOUNT_MALFORMED"),
            (request("专利保险", &loans, "1.00", " "), "CELL_REQUIRED"),
        ] {
            assert_refused(maker.set_budget(wrong).await, Code::InvalidArgument, reason);
        }
        let raised = request("专利质押", &loans[..1], "400000.00", "安财预〔2026〕3号");
        let raised = maker
            .set_budget(raised)
            .await
            .unwrap()
            .into_inner()
            .budget
            .unwrap();
        assert_eq!(
            (yuan(&raised.appropriation), raised.changes.len()),
            ("400000.00", 2)
        );
        let mut database = sandbox.database().await;
        sqlx::query("update settlement.budget set committed_fen = 35000000 where year = $1")
            .bind(year)
            .execute(&mut database)
            .await
            .unwrap();
        zhirong_tests::sandbox::close(database).await;
        let lowered = request("专利质押", &loans, "349999.99", "安财预〔2026〕4号");
        assert_refused(
            maker.set_budget(lowered).await,
            Code::FailedPrecondition,
            "BUDGET_BELOW_COMMITTED",
        );
        let listed = maker
            .list_budgets(pb::ListBudgetsRequest { year })
            .await
            .unwrap()
            .into_inner()
            .budgets;
        assert_eq!(
            listed,
            [pb::Budget {
                committed: money("350000.00"),
                ..raised
            }]
        );
    });
}

#[test]
fn a_recovery_is_ordered_by_one_and_approved_by_another() {
    run(async {
        let sandbox = shared().await;
        let (scene, year) = (Lending::new(sandbox).await, ids::year());
        scene.lend(year, "8000000.00").await;
        let released = batch::settle(sandbox, year, "2026-03-31").await;
        let order = pb::OrderRecoveryRequest {
            request_id: ids::request_id(),
            line: format!("{}/lines/2", released.name),
            at_most: money("0.00"),
            basis: "财政违法行为处罚处分条例第十四条".to_owned(),
            reason: "虚构贷款".to_owned(),
        };
        let mut maker = sandbox.client("finance-maker").review();
        let ordered = maker
            .order_recovery(order)
            .await
            .unwrap()
            .into_inner()
            .recovery_order
            .unwrap();
        assert_eq!(ordered.name, format!("recoveryOrders/410500-{year}-001"));
        // Until it is approved it is no condition of any batch.
        let draft = batch::open(sandbox, batch::opening(year, "2026-03-31")).await;
        let before = batch::compute(sandbox, &draft.name).await;
        assert!(before.conditions.is_empty());
        let approve = pb::ApproveRecoveryOrderRequest {
            request_id: ids::request_id(),
            name: ordered.name.clone(),
        };
        let mut checker = sandbox.client("finance-checker").review();
        let approved = checker
            .approve_recovery_order(approve.clone())
            .await
            .unwrap()
            .into_inner();
        assert_eq!(approved.recovery_order.unwrap().approved_by, "finance-checker");
        let again = pb::ApproveRecoveryOrderRequest {
            request_id: ids::request_id(),
            ..approve
        };
        assert_refused(
            checker.approve_recovery_order(again).await,
            Code::FailedPrecondition,
            "RECOVERY_ORDER_APPROVED",
        );
        let after = batch::compute(sandbox, &draft.name).await;
        assert!(after.conditions.contains("虚构贷款") && after.digests != before.digests);
        let listed = checker
            .list_recovery_orders(pb::ListRecoveryOrdersRequest {
                year,
                ..Default::default()
            })
            .await
            .unwrap()
            .into_inner();
        assert_eq!(listed.recovery_orders.len(), 1);
    });
}

#[test]
fn a_line_names_the_line_that_it_corrects() {
    run(async {
        let sandbox = shared().await;
        let (scene, year) = (Lending::new(sandbox).await, ids::year());
        scene.lend(year, "8000000.00").await;
        let first = batch::settle(sandbox, year, "2026-03-31").await;
        let mut draw = scene.draw("1", &format!("{year}-03-01"), "5900000.00");
        draw.contract_no.clone_from(&scene.contract_no);
        let amend = api::pledge::v1::AmendLoanEventRequest {
            request_id: ids::request_id(),
            loan_event: Some(draw),
            ..Default::default()
        };
        scene.bank.pledge().amend_loan_event(amend).await.unwrap();
        let second = batch::settle(sandbox, year, "2026-03-31").await;
        let corrects = |lines: Vec<pb::Line>| lines.into_iter().map(|line| line.corrects).collect::<Vec<_>>();
        assert_eq!(corrects(batch::lines(sandbox, &first.name).await), [[""; 0]; 2]);
        assert_eq!(
            corrects(batch::lines(sandbox, &second.name).await),
            [
                [format!("{}/lines/1", first.name)],
                [format!("{}/lines/2", first.name)]
            ]
        );
    });
}
