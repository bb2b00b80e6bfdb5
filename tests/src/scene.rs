//! Small scenes to test in: a lender with a borrower and a pledged patent, an insurer with a policyholder.

use api::pledge::v1::{Loan, LoanEvent, Pledge, ReportLoanRequest, ReportLoanResponse};
use api::registry::v1::{
    Enterprise, Institution, Patent, RegisterEnterpriseRequest, RegisterInstitutionRequest,
    RegisterPatentRequest,
};
use client::Client;

use crate::ids;
use crate::process::Served;
use crate::records::{self, BANK, INSURER};
use crate::sandbox::Sandbox;

/// Something that hands out clients by the name of their certificate.
pub trait Clients {
    /// A client known by that certificate.
    fn client(&self, name: &str) -> Client;
}

impl Clients for Sandbox {
    fn client(&self, name: &str) -> Client {
        Self::client(self, name)
    }
}

impl Clients for Served {
    fn client(&self, name: &str) -> Client {
        Self::client(self, name)
    }
}

/// Registers an institution.
pub async fn register_institution(sandbox: &impl Clients, institution: Institution) {
    let request = RegisterInstitutionRequest {
        request_id: ids::request_id(),
        institution: Some(institution),
        revision: None,
    };
    sandbox
        .client("bureau")
        .registry()
        .register_institution(request)
        .await
        .unwrap();
}

/// Registers an enterprise.
pub async fn register_enterprise(sandbox: &impl Clients, enterprise: Enterprise) {
    let request = RegisterEnterpriseRequest {
        request_id: ids::request_id(),
        enterprise: Some(enterprise),
        revision: None,
    };
    sandbox
        .client("bureau")
        .registry()
        .register_enterprise(request)
        .await
        .unwrap();
}

/// Registers a patent.
pub async fn register_patent(sandbox: &impl Clients, patent: Patent) {
    let request = RegisterPatentRequest {
        request_id: ids::request_id(),
        patent: Some(patent),
        revision: None,
    };
    sandbox
        .client("bureau")
        .registry()
        .register_patent(request)
        .await
        .unwrap();
}

/// A bank, an enterprise that borrows from it, and the enterprise's invention.
pub struct Lending {
    /// Code of the bank's branch.
    pub code: String,
    /// Credit code of the bank's legal person.
    pub legal_person: String,
    /// Credit code of the borrower.
    pub borrower: String,
    /// The borrower's invention.
    pub patent: String,
    /// Number for its pledge.
    pub pledge_no: String,
    /// Number for the contract.
    pub contract_no: String,
    /// The bank's client.
    pub bank: Client,
}

impl Lending {
    /// Registers all three.
    pub async fn new(sandbox: &impl Clients) -> Self {
        let number = ids::fresh();
        let (code, legal_person) = (ids::bank(number), ids::legal_person(number));
        let (borrower, patent) = (ids::enterprise(number), ids::invention(number));
        register_institution(sandbox, records::institution(&code, BANK, &legal_person)).await;
        register_enterprise(sandbox, records::enterprise(&borrower)).await;
        register_patent(sandbox, records::patent(&patent, &borrower)).await;
        let bank = sandbox.client(&code);
        let contract_no = format!("HT-{number}");
        Self {
            code,
            legal_person,
            borrower,
            patent,
            pledge_no: ids::pledge(number),
            contract_no,
            bank,
        }
    }

    /// The pledge of the patent for the bank, registered on a day.
    pub fn pledge(&self, registered_on: &str) -> Pledge {
        records::pledge(
            &self.pledge_no,
            &self.borrower,
            &self.legal_person,
            registered_on,
            &[&self.patent],
        )
    }

    /// The contract over an amount.
    pub fn loan(&self, amount: &str) -> Loan {
        records::loan(&self.contract_no, &self.borrower, amount, &self.pledge_no)
    }

    /// A draw.
    pub fn draw(&self, event_no: &str, on: &str, amount: &str) -> LoanEvent {
        records::draw(&self.contract_no, event_no, on, amount)
    }

    /// Everything in one request: the loan, its pledge of 1 January and one draw of the whole on 1 March.
    pub fn report(&self, year: i32, amount: &str) -> ReportLoanRequest {
        ReportLoanRequest {
            request_id: ids::request_id(),
            loan: Some(self.loan(amount)),
            revision: None,
            pledge: Some(self.pledge(&format!("{year}-01-01"))),
            pledge_revision: None,
            events: vec![self.draw("1", &format!("{year}-03-01"), amount)],
        }
    }

    /// Sends it.
    pub async fn lend(&self, year: i32, amount: &str) -> ReportLoanResponse {
        self.bank
            .pledge()
            .report_loan(self.report(year, amount))
            .await
            .unwrap()
            .into_inner()
    }
}

/// An insurer, an enterprise that insures with it, and the enterprise's patent.
pub struct Insuring {
    /// Code of the insurer's branch.
    pub code: String,
    /// Credit code of the policyholder.
    pub holder: String,
    /// The policyholder's utility model.
    pub patent: String,
    /// Number for the policy.
    pub policy_no: String,
    /// The insurer's client.
    pub insurer: Client,
}

impl Insuring {
    /// Registers all three.
    pub async fn new(sandbox: &impl Clients) -> Self {
        let number = ids::fresh();
        let (code, holder, patent) = (
            ids::insurer(number),
            ids::enterprise(number),
            ids::utility_model(number),
        );
        register_institution(
            sandbox,
            records::institution(&code, INSURER, &ids::legal_person(number)),
        )
        .await;
        register_enterprise(sandbox, records::enterprise(&holder)).await;
        register_patent(sandbox, records::patent(&patent, &holder)).await;
        let insurer = sandbox.client(&code);
        Self {
            code,
            holder,
            patent,
            policy_no: format!("BD-{number}"),
            insurer,
        }
    }
}
