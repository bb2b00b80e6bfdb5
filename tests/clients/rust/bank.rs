//! The calls of a lender: report, repeat, correct, withdraw.

use std::error::Error;

use tonic::{Code, Status};
use tonic_types::StatusExt;
use zhirong_client::api::common::v1::{LoanAssessment, Money};
use zhirong_client::api::google::r#type::Date;
use zhirong_client::api::pledge::v1::{
    AmendLoanEventRequest, Collateral, Loan, LoanEvent, LoanEventKind, Pledge, ReportLoanRequest,
    ReportLoanResponse, WithdrawLoanRequest, WithdrawPledgeRequest,
};
use zhirong_client::{Client, request_id, retry};

/// The sandbox's bank, its legal person, an enterprise and a patent of it.
pub(crate) const BANK: &str = "102496000991";
const LEGAL_PERSON: &str = "91410500MA3X09007K";
const ENTERPRISE: &str = "91410502MA3X09015B";
const PATENT: &str = "202019900001.4";

type Done = Result<(), Box<dyn Error>>;

/// A lender with a contract number that nobody used before.
pub(crate) struct Bank {
    client: Client,
    contract_no: String,
    pledge_no: String,
}

fn yuan(amount: &str) -> Option<Money> {
    Some(Money {
        currency_code: "CNY".to_owned(),
        amount: amount.to_owned(),
    })
}

const fn day(month: i32, day: i32) -> Option<Date> {
    Some(Date {
        year: 2025,
        month,
        day,
    })
}

/// What a call was refused for: its reason, then each bad field with its code and what is wrong, in both languages.
pub(crate) fn refusal(status: &Status) -> String {
    let details = status.get_error_details();
    let Some(info) = details.error_info() else {
        // A call that did not reach the service has a code and no details.
        return format!("{:?}: {}", status.code(), status.message());
    };
    let fields = details.bad_request().map(|bad| bad.field_violations.as_slice());
    let mut text = info.reason.clone();
    for field in fields.unwrap_or_default() {
        text += &format!("; {} {}", field.field, field.description);
    }
    text
}

/// The three figures of an answer and the clause that decided the last one.
fn figures(assessment: Option<&LoanAssessment>) -> Option<String> {
    let assessment = assessment?;
    let year = assessment.enterprise_year.as_ref()?;
    let now = assessment.recognised_now.as_ref()?.amount.as_ref()?;
    let drawn = assessment.contract_when_fully_drawn.as_ref()?.amount.as_ref()?;
    Some(format!(
        "enterprise year {} by {}, contract now {}, when fully drawn {}",
        year.amount.as_ref()?.amount,
        year.clause.as_ref()?.id,
        now.amount,
        drawn.amount
    ))
}

impl Bank {
    /// A lender that calls through this client.
    pub(crate) fn new(client: Client) -> Self {
        let mark: String = request_id()
            .chars()
            .filter(char::is_ascii_digit)
            .cycle()
            .take(9)
            .collect();
        Self {
            client,
            contract_no: format!("RUST-{mark}"),
            pledge_no: format!("Y2025{mark}"),
        }
    }

    fn draw(&self, amount: &str) -> LoanEvent {
        LoanEvent {
            contract_no: self.contract_no.clone(),
            event_no: "1".to_owned(),
            kind: LoanEventKind::Draw.into(),
            occurred_at: "2025-03-12T10:20:00+08:00".to_owned(),
            amount: yuan(amount),
            ..LoanEvent::default()
        }
    }

    fn request(&self, request_id: &str, amount: &str) -> ReportLoanRequest {
        ReportLoanRequest {
            request_id: request_id.to_owned(),
            pledge: Some(Pledge {
                pledge_no: self.pledge_no.clone(),
                pledgor_uscc: ENTERPRISE.to_owned(),
                pledgee_uscc: LEGAL_PERSON.to_owned(),
                registered_on: day(3, 10),
                patents: vec![PATENT.to_owned()],
                ..Pledge::default()
            }),
            loan: Some(Loan {
                contract_no: self.contract_no.clone(),
                borrower_uscc: ENTERPRISE.to_owned(),
                contract_amount: yuan(amount),
                signed_on: day(3, 5),
                revolving: Some(false),
                collateral: Collateral::Patent.into(),
                pledge_no: Some(self.pledge_no.clone()),
                ..Loan::default()
            }),
            events: vec![self.draw(amount)],
            ..ReportLoanRequest::default()
        }
    }

    /// Sends a report, again under the same `request_id` where no answer came.
    async fn report(&self, request: ReportLoanRequest) -> Result<ReportLoanResponse, Status> {
        let answer = retry(|| {
            let (mut pledge, request) = (self.client.pledge(), request.clone());
            async move { pledge.report_loan(request).await }
        });
        Ok(answer.await?.into_inner())
    }

    /// Report, repeat, a changed repeat, a bad report, a correction.
    pub(crate) async fn report_and_correct(&self) -> Done {
        let id = request_id();
        let answer = self.report(self.request(&id, "8000000.00")).await?;
        let assessment = answer.assessment.as_ref();
        println!("ok report: {}", figures(assessment).ok_or("no figures")?);
        let year = assessment.and_then(|it| it.enterprise_year.as_ref()?.sentence.clone());
        println!("   {}", year.ok_or("no sentence")?.zh);

        let again = self.report(self.request(&id, "8000000.00")).await?;
        println!("ok repeat: the first answer again {}", again == answer);
        match self.report(self.request(&id, "7000000.00")).await {
            Err(status) if status.code() == Code::AlreadyExists => {
                println!("ok changed: {}", refusal(&status))
            }
            other => return Err(format!("a changed repeat: {other:?}").into()),
        }
        match self.report(self.request(&request_id(), "9.14105E+17")).await {
            Err(status) if status.code() == Code::InvalidArgument => {
                println!("ok refused: {}", refusal(&status))
            }
            other => return Err(format!("a bad amount: {other:?}").into()),
        }
        self.correct().await
    }

    /// Replaces the draw by its next revision; the first stays in the books for ever.
    async fn correct(&self) -> Done {
        let request = AmendLoanEventRequest {
            request_id: request_id(),
            loan_event: Some(self.draw("5999999.99")),
            ..AmendLoanEventRequest::default()
        };
        let answer = retry(|| {
            let (mut pledge, request) = (self.client.pledge(), request.clone());
            async move { pledge.amend_loan_event(request).await }
        });
        let answer = answer.await?.into_inner();
        let fact = answer.receipt.as_ref().and_then(|receipt| receipt.facts.first());
        let revision = fact.map_or(0, |fact| fact.revision);
        let figures = figures(answer.assessment.as_ref()).ok_or("no figures")?;
        println!("ok correct: revision {revision}, {figures}");
        Ok(())
    }

    /// Withdraws the contract and its pledge, so that the sample can run again.
    pub(crate) async fn withdraw(&self) -> Done {
        let mut pledge = self.client.pledge();
        let loan = WithdrawLoanRequest {
            request_id: request_id(),
            name: format!("loans/{}", self.contract_no),
            ..WithdrawLoanRequest::default()
        };
        pledge.withdraw_loan(loan).await?;
        let secured = WithdrawPledgeRequest {
            request_id: request_id(),
            name: format!("pledges/{}", self.pledge_no),
            ..WithdrawPledgeRequest::default()
        };
        pledge.withdraw_pledge(secured).await?;
        println!("ok withdraw: the contract and its pledge");
        Ok(())
    }
}
