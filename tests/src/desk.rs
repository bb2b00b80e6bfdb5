//! What the tests of payment share: accounts, a paid-up batch, results.

use crate::ids::request_id;
use crate::records::{day, money};
use crate::sandbox::Sandbox;
use crate::scene::Lending;
use crate::{batch, ids};
use api::common::v1::ImportHeader;
use api::settlement::v1 as pb;

/// An account of an enterprise.
pub fn enterprise_account(uscc: &str, account_no: &str) -> pb::PayeeAccount {
    pb::PayeeAccount {
        kind: pb::PayeeKind::Enterprise.into(),
        holder: uscc.to_owned(),
        account_name: format!("安阳测试企业{uscc}"),
        bank_name: "中国银行安阳分行".to_owned(),
        account_no: account_no.to_owned(),
        cnaps: "104100000004".to_owned(),
        valid_from: day("2020-01-01"),
        ..pb::PayeeAccount::default()
    }
}

/// An account of a bank's branch, the city-level one.
pub fn bank_account(scene: &Lending, account_no: &str) -> pb::PayeeAccount {
    pb::PayeeAccount {
        kind: pb::PayeeKind::Institution.into(),
        holder: scene.code.clone(),
        account_name: format!("测试法人{}", scene.legal_person),
        is_city_branch: true,
        ..enterprise_account(&scene.borrower, account_no)
    }
}

/// Reports an account as the finance officer.
pub async fn report(sandbox: &Sandbox, account: pb::PayeeAccount) -> pb::ReportPayeeAccountResponse {
    let request = pb::ReportPayeeAccountRequest {
        request_id: request_id(),
        account: Some(account),
    };
    sandbox
        .client("finance-maker")
        .payment()
        .report_payee_account(request)
        .await
        .unwrap()
        .into_inner()
}

/// Sets the codes of the budget unit.
pub async fn budget_unit(sandbox: &Sandbox) {
    let unit = pb::BudgetUnit {
        sup_dep_code: "105".to_owned(),
        agency_code: "105001".to_owned(),
        agency_name: "安阳市知识产权局".to_owned(),
        fund_type_code: "111".to_owned(),
        vt_code: "5201".to_owned(),
        pay_acct_no: "1706020109200012345".to_owned(),
        pay_acct_name: "安阳市财政局零余额账户".to_owned(),
        pay_acct_bank_name: "工商银行安阳分行".to_owned(),
        ..pb::BudgetUnit::default()
    };
    let request = pb::SetBudgetUnitRequest {
        request_id: request_id(),
        budget_unit: Some(unit),
    };
    sandbox
        .client("finance-checker")
        .payment()
        .set_budget_unit(request)
        .await
        .unwrap();
}

/// Prepares the payments of a batch.
pub async fn prepare(sandbox: &Sandbox, parent: &str) -> pb::PaymentTotals {
    let request = pb::PreparePaymentsRequest {
        request_id: request_id(),
        parent: parent.to_owned(),
        set_off_earlier: false,
    };
    let answer = sandbox
        .client("finance-maker")
        .payment()
        .prepare_payments(request)
        .await
        .unwrap();
    answer.into_inner().totals.unwrap()
}

/// The payments of a batch as an officer or auditor sees them.
pub async fn payments(sandbox: &Sandbox, who: &str, parent: &str) -> Vec<pb::Payment> {
    let request = pb::ListPaymentsRequest {
        parent: parent.to_owned(),
        page_size: 1000,
        page_token: String::new(),
    };
    sandbox
        .client(who)
        .payment()
        .list_payments(request)
        .await
        .unwrap()
        .into_inner()
        .payments
}

/// Exports the vouchers of a batch.
pub async fn export(
    sandbox: &Sandbox,
    parent: &str,
    format: pb::VoucherFormat,
) -> pb::ExportVouchersResponse {
    let request = pb::ExportVouchersRequest {
        request_id: request_id(),
        parent: parent.to_owned(),
        format: format.into(),
        wave: 0,
    };
    sandbox
        .client("finance-maker")
        .payment()
        .export_vouchers(request)
        .await
        .unwrap()
        .into_inner()
}

/// A released batch of one borrower (150,000.00) and its bank (80,000.00), with accounts, exported.
pub async fn exported(sandbox: &Sandbox) -> (Lending, pb::Batch, Vec<pb::Payment>) {
    let (scene, year) = (Lending::new(sandbox).await, ids::year());
    scene.lend(year, "8000000.00").await;
    let released = batch::settle(sandbox, year, "2026-03-31").await;
    report(
        sandbox,
        enterprise_account(&scene.borrower, "6222020200112233445"),
    )
    .await;
    report(sandbox, bank_account(&scene, "1706020109200054321")).await;
    budget_unit(sandbox).await;
    prepare(sandbox, &released.name).await;
    export(sandbox, &released.name, pb::VoucherFormat::Xml).await;
    let found = payments(sandbox, "finance-maker", &released.name).await;
    assert!(
        found.iter().all(|it| it.state() == pb::PaymentState::Exported),
        "{found:?}"
    );
    (scene, released, found)
}

/// A result of a voucher.
pub fn result(payment: &pb::Payment, outcome: pb::PaymentOutcome, serial: &str) -> pb::PaymentResult {
    pb::PaymentResult {
        voucher_no: payment.voucher_no.clone(),
        outcome: outcome.into(),
        amount: payment.amount.clone(),
        bank_serial: serial.to_owned(),
        on_day: day("2026-04-02"),
        reason: if outcome == pb::PaymentOutcome::Paid {
            String::new()
        } else {
            "户名不符".to_owned()
        },
    }
}

/// Sends results.
pub async fn results(sandbox: &Sandbox, results: Vec<pb::PaymentResult>) -> pb::ImportPaymentResultsResponse {
    let request = pb::ImportPaymentResultsRequest {
        header: Some(ImportHeader {
            request_id: request_id(),
        }),
        csv: Vec::new(),
        results,
    };
    sandbox
        .client("finance-maker")
        .payment()
        .import_payment_results(request)
        .await
        .unwrap()
        .into_inner()
}

/// Sends rows of the statement: serial, voucher, amount, tail.
pub async fn statement(
    sandbox: &Sandbox,
    rows: &[(&str, &str, &str, &str)],
) -> pb::ImportBankStatementResponse {
    let rows = rows
        .iter()
        .map(|(serial, voucher_no, amount, tail)| pb::StatementRow {
            bank_serial: (*serial).to_owned(),
            voucher_no: (*voucher_no).to_owned(),
            amount: money(amount),
            booked_on: day("2026-04-02"),
            account_tail: (*tail).to_owned(),
        })
        .collect();
    let request = pb::ImportBankStatementRequest {
        header: Some(ImportHeader {
            request_id: request_id(),
        }),
        csv: Vec::new(),
        rows,
    };
    sandbox
        .client("finance-maker")
        .payment()
        .import_bank_statement(request)
        .await
        .unwrap()
        .into_inner()
}

/// The recoveries that a batch opened, closed ones too.
pub async fn recoveries(sandbox: &Sandbox, parent: &str) -> Vec<pb::Recovery> {
    let request = pb::ListRecoveriesRequest {
        parent: parent.to_owned(),
        show_closed: true,
        page_size: 100,
        page_token: String::new(),
    };
    sandbox
        .client("auditor")
        .payment()
        .list_recoveries(request)
        .await
        .unwrap()
        .into_inner()
        .recoveries
}
