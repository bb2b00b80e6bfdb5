//! The calls of the payment service: who may make them, then one function a call.

mod accounts;
mod budget_unit;
mod imports;
mod payments;
mod reconciliation;
mod recoveries;

use api::AuditedAnswer;
use api::settlement::v1 as pb;
use api::settlement::v1::payment_service_server::PaymentService;
use ledger::caller::READERS;
use ledger::command::Call;
use ledger::{Caller, Role, Stamp};
use platform::database::BoxFuture;
use prost::Message;
use sqlx::PgConnection;
use tonic::{Request, Response, Status};

use super::Payments;
use crate::error::Error;
use crate::model::BatchNo;

type Answer<T> = Result<Response<T>, Status>;

const MAKER: &[Role] = &[Role::FinanceMaker];
const CHECKER: &[Role] = &[Role::FinanceChecker];
const REPORTERS: &[Role] = &[Role::Institution, Role::Bureau, Role::FinanceMaker];
const HOLDERS: &[Role] = &[
    Role::Institution,
    Role::Bureau,
    Role::FinanceMaker,
    Role::FinanceChecker,
    Role::FinanceReleaser,
    Role::Auditor,
];

fn invalid(field: &str, code: &'static str, zh: &str, en: &str) -> Error {
    ledger::Error::invalid(field, code, zh, en).into()
}

fn name_malformed(field: &str) -> Error {
    invalid(
        field,
        "NAME_MALFORMED",
        "资源名不正确",
        "the resource name is not valid",
    )
}

/// The batch that a name states; another city's does not exist for this caller.
fn own(caller: &Caller, number: BatchNo) -> Result<BatchNo, Error> {
    if number.city == caller.city {
        Ok(number)
    } else {
        Err(crate::book::not_found(&number))
    }
}

fn batch_of(caller: &Caller, parent: &str) -> Result<BatchNo, Error> {
    own(
        caller,
        BatchNo::of_name(parent).ok_or_else(|| name_malformed("parent"))?,
    )
}

fn line_of(caller: &Caller, name: &str, collection: &str) -> Result<(BatchNo, i32), Error> {
    let (number, line_no) = super::model::of_name(name, collection).ok_or_else(|| name_malformed("name"))?;
    Ok((own(caller, number)?, line_no))
}

impl Payments {
    /// One writing call. What it answers is kept with its request key, so it never holds an account number.
    async fn command<B, A, F>(
        &self,
        caller: &Caller,
        (rpc, request_id): (&'static str, &str),
        body: &B,
        verb: F,
    ) -> Result<A, Error>
    where
        B: Message,
        A: Message + Default + AuditedAnswer + Send + 'static,
        F: for<'c> Fn(&'c mut PgConnection, Stamp) -> BoxFuture<'c, Result<A, Error>>
            + Send
            + Sync
            + Clone
            + 'static,
    {
        self.ledger
            .command(Call::of(caller, rpc, request_id, body), verb)
            .await
    }

    /// One reading call.
    async fn read<A, F>(&self, caller: &Caller, name: &'static str, work: F) -> Result<A, Error>
    where
        A: Send + 'static,
        F: for<'c> Fn(&'c mut PgConnection) -> BoxFuture<'c, Result<A, Error>> + Send + Sync + 'static,
    {
        self.ledger
            .database
            .snapshot(name, &caller.scope(self.ledger.role), work)
            .await
    }
}

#[tonic::async_trait]
impl PaymentService for Payments {
    async fn report_payee_account(
        &self,
        request: Request<pb::ReportPayeeAccountRequest>,
    ) -> Answer<pb::ReportPayeeAccountResponse> {
        let caller = Caller::admitted(&request, REPORTERS, "ReportPayeeAccount")?;
        Ok(Response::new(
            self.report_payee_account_of(&caller, request.get_ref()).await?,
        ))
    }

    async fn import_payee_accounts(
        &self,
        request: Request<pb::ImportPayeeAccountsRequest>,
    ) -> Answer<pb::ImportPayeeAccountsResponse> {
        let caller = Caller::admitted(&request, REPORTERS, "ImportPayeeAccounts")?;
        Ok(Response::new(
            self.import_payee_accounts_of(&caller, request.get_ref()).await?,
        ))
    }

    async fn list_payee_accounts(
        &self,
        request: Request<pb::ListPayeeAccountsRequest>,
    ) -> Answer<pb::ListPayeeAccountsResponse> {
        let caller = Caller::admitted(&request, HOLDERS, "ListPayeeAccounts")?;
        Ok(Response::new(
            self.list_payee_accounts_of(&caller, request.get_ref()).await?,
        ))
    }

    async fn prepare_payments(
        &self,
        request: Request<pb::PreparePaymentsRequest>,
    ) -> Answer<pb::PreparePaymentsResponse> {
        let caller = Caller::admitted(&request, MAKER, "PreparePayments")?;
        Ok(Response::new(
            self.prepare_payments_of(&caller, request.get_ref()).await?,
        ))
    }

    async fn list_payments(
        &self,
        request: Request<pb::ListPaymentsRequest>,
    ) -> Answer<pb::ListPaymentsResponse> {
        let caller = Caller::admitted(&request, READERS, "ListPayments")?;
        Ok(Response::new(
            self.list_payments_of(&caller, request.get_ref()).await?,
        ))
    }

    async fn set_budget_unit(
        &self,
        request: Request<pb::SetBudgetUnitRequest>,
    ) -> Answer<pb::SetBudgetUnitResponse> {
        let caller = Caller::admitted(&request, CHECKER, "SetBudgetUnit")?;
        Ok(Response::new(
            self.set_budget_unit_of(&caller, request.get_ref()).await?,
        ))
    }

    async fn get_budget_unit(
        &self,
        request: Request<pb::GetBudgetUnitRequest>,
    ) -> Answer<pb::GetBudgetUnitResponse> {
        let caller = Caller::admitted(&request, READERS, "GetBudgetUnit")?;
        Ok(Response::new(
            self.get_budget_unit_of(&caller, request.get_ref()).await?,
        ))
    }

    async fn export_vouchers(
        &self,
        request: Request<pb::ExportVouchersRequest>,
    ) -> Answer<pb::ExportVouchersResponse> {
        let caller = Caller::admitted(&request, MAKER, "ExportVouchers")?;
        Ok(Response::new(
            self.export_vouchers_of(&caller, request.get_ref()).await?,
        ))
    }

    async fn import_payment_results(
        &self,
        request: Request<pb::ImportPaymentResultsRequest>,
    ) -> Answer<pb::ImportPaymentResultsResponse> {
        let caller = Caller::admitted(&request, MAKER, "ImportPaymentResults")?;
        Ok(Response::new(
            self.import_payment_results_of(&caller, request.get_ref()).await?,
        ))
    }

    async fn repay_payment(
        &self,
        request: Request<pb::RepayPaymentRequest>,
    ) -> Answer<pb::RepayPaymentResponse> {
        let caller = Caller::admitted(&request, MAKER, "RepayPayment")?;
        Ok(Response::new(
            self.repay_payment_of(&caller, request.get_ref()).await?,
        ))
    }

    async fn list_recoveries(
        &self,
        request: Request<pb::ListRecoveriesRequest>,
    ) -> Answer<pb::ListRecoveriesResponse> {
        let caller = Caller::admitted(&request, READERS, "ListRecoveries")?;
        Ok(Response::new(
            self.list_recoveries_of(&caller, request.get_ref()).await?,
        ))
    }

    async fn agree_instalments(
        &self,
        request: Request<pb::AgreeInstalmentsRequest>,
    ) -> Answer<pb::AgreeInstalmentsResponse> {
        let caller = Caller::admitted(&request, MAKER, "AgreeInstalments")?;
        Ok(Response::new(
            self.agree_instalments_of(&caller, request.get_ref()).await?,
        ))
    }

    async fn record_repayment(
        &self,
        request: Request<pb::RecordRepaymentRequest>,
    ) -> Answer<pb::RecordRepaymentResponse> {
        let caller = Caller::admitted(&request, MAKER, "RecordRepayment")?;
        Ok(Response::new(
            self.record_repayment_of(&caller, request.get_ref()).await?,
        ))
    }

    async fn import_bank_statement(
        &self,
        request: Request<pb::ImportBankStatementRequest>,
    ) -> Answer<pb::ImportBankStatementResponse> {
        let caller = Caller::admitted(&request, MAKER, "ImportBankStatement")?;
        Ok(Response::new(
            self.import_bank_statement_of(&caller, request.get_ref()).await?,
        ))
    }

    async fn get_reconciliation(
        &self,
        request: Request<pb::GetReconciliationRequest>,
    ) -> Answer<pb::GetReconciliationResponse> {
        let caller = Caller::admitted(&request, READERS, "GetReconciliation")?;
        Ok(Response::new(
            self.get_reconciliation_of(&caller, request.get_ref()).await?,
        ))
    }
}
