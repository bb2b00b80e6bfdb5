//! The facts of a city: the records of the exchange contract, parsed and valid in themselves.
//!
//! One struct a file of section 2; the field names are the column names. What is wrong only together with other
//! records is not an error here: it becomes a finding of the engine.

mod insuring;
mod lending;
mod registry;
mod reviewing;
mod words;

pub use insuring::{Policy, PolicyPatent, PremiumEvent};
pub use lending::{Loan, LoanEvent, Pledge};
pub use registry::{Award, Enterprise, Exclusion, Institution, OtherAward, Patent, PatentOwner};
pub use reviewing::{Decision, Verdict};
pub(crate) use words::closed_list;
pub use words::{
    AwardLevel, Collateral, EndReason, ExclusionGrade, HolderRole, InstitutionKind, LoanEventKind,
    OtherLevel, OtherMeasure, PremiumEventKind, Product,
};

/// All facts known of one city: of each record its highest revision, withdrawn records left out.
///
/// A withdrawn institution stays, with the content of its last revision that was not withdrawn: its stored facts count.
#[derive(Debug, Clone, Default)]
pub struct Facts {
    /// File `institutions`.
    pub institutions: Vec<Institution>,
    /// File `enterprises`.
    pub enterprises: Vec<Enterprise>,
    /// File `patents`.
    pub patents: Vec<Patent>,
    /// File `patent_owners`.
    pub patent_owners: Vec<PatentOwner>,
    /// File `awards`.
    pub awards: Vec<Award>,
    /// File `exclusions`.
    pub exclusions: Vec<Exclusion>,
    /// File `pledges`.
    pub pledges: Vec<Pledge>,
    /// File `loans`.
    pub loans: Vec<Loan>,
    /// File `loan_events`.
    pub loan_events: Vec<LoanEvent>,
    /// File `policies`.
    pub policies: Vec<Policy>,
    /// File `policy_patents`.
    pub policy_patents: Vec<PolicyPatent>,
    /// File `premium_events`.
    pub premium_events: Vec<PremiumEvent>,
    /// File `other_awards`.
    pub other_awards: Vec<OtherAward>,
    /// File `decisions`.
    pub decisions: Vec<Decision>,
}
