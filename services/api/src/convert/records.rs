//! The 14 records, field for column.

use exchange::{Cells, File};

use super::cell::{Amount, Day, Flag, Kind, Maybe, Set, Text, Word, Words};
use super::{Violation, WireRecord, put};
use crate::insurance::v1::{Policy, PolicyPatent, PremiumEvent, PremiumEventKind, Product};
use crate::pledge::v1::{Collateral, Loan, LoanEvent, LoanEventKind, Pledge};
use crate::registry::v1::{
    Award, AwardLevel, Decision, DecisionVerdict, EndReason, Enterprise, Exclusion, ExclusionGrade,
    HolderRole, Institution, InstitutionKind, OtherAward, OtherLevel, OtherMeasure, Patent, PatentOwner,
};

macro_rules! words {
    ($($name:ident = $prefix:literal),+ $(,)?) => { $(
        impl Words for $name {
            const PREFIX: &'static str = $prefix;

            fn name(self) -> &'static str {
                self.as_str_name()
            }

            fn named(name: &str) -> Option<Self> {
                Self::from_str_name(name)
            }
        }
    )+ };
}

words!(
    InstitutionKind = "INSTITUTION_KIND_",
    EndReason = "END_REASON_",
    HolderRole = "HOLDER_ROLE_",
    AwardLevel = "AWARD_LEVEL_",
    ExclusionGrade = "EXCLUSION_GRADE_",
    OtherMeasure = "OTHER_MEASURE_",
    OtherLevel = "OTHER_LEVEL_",
    DecisionVerdict = "DECISION_VERDICT_",
    Collateral = "COLLATERAL_",
    LoanEventKind = "LOAN_EVENT_KIND_",
    Product = "PRODUCT_",
    PremiumEventKind = "PREMIUM_EVENT_KIND_",
);

macro_rules! wire_record {
    ($message:ident of $file:ident { $($field:ident: $kind:ty),+ $(,)? }) => {
        impl WireRecord for $message {
            const FILE: File = File::$file;

            fn to_cells(&self) -> Cells {
                let mut cells = Cells::new(Self::FILE);
                $( put(&mut cells, stringify!($field), <$kind as Kind>::print(&self.$field)); )+
                cells
            }

            fn from_cells(cells: &Cells) -> Self {
                Self { $( $field: <$kind as Kind>::read(cells.get(stringify!($field))) ),+ }
            }

            fn violations(&self) -> Vec<Violation> {
                let mut found = Vec::new();
                $(
                    if <$kind as Kind>::is_foreign(&self.$field) {
                        found.push(Violation::currency(stringify!($field)));
                    }
                )+
                found
            }
        }
    };
}

wire_record!(Institution of Institutions {
    institution_code: Text,
    name: Text,
    kind: Word<InstitutionKind>,
    legal_person_uscc: Text,
    legal_person_name: Text,
    division_code: Text,
    uscc: Maybe,
});
wire_record!(Enterprise of Enterprises {
    uscc: Text,
    name: Text,
    division_code: Text,
    registered_from: Day,
    registered_to: Day,
});
wire_record!(Patent of Patents {
    patent_no: Text,
    title: Text,
    patentee_uscc: Maybe,
    granted_on: Day,
    ended_on: Day,
    end_reason: Word<EndReason>,
});
wire_record!(PatentOwner of PatentOwners {
    patent_no: Text,
    holder: Text,
    role: Word<HolderRole>,
    valid_from: Day,
    valid_to: Day,
});
wire_record!(Award of Awards {
    patent_no: Text,
    level: Word<AwardLevel>,
    award_name: Text,
    awarded_on: Day,
});
wire_record!(Exclusion of Exclusions {
    subject: Text,
    grade: Word<ExclusionGrade>,
    valid_from: Day,
    valid_to: Day,
    reason: Text,
});
wire_record!(OtherAward of OtherAwards {
    beneficiary_uscc: Text,
    measure: Word<OtherMeasure>,
    reference: Text,
    level: Word<OtherLevel>,
    amount: Amount,
    awarded_on: Day,
});
wire_record!(Decision of Decisions {
    institution_code: Text,
    reference: Text,
    code: Text,
    decision: Word<DecisionVerdict>,
    value: Maybe,
    decided_on: Day,
    reason: Text,
});
wire_record!(Pledge of Pledges {
    pledge_no: Text,
    pledgor_uscc: Text,
    pledgee_uscc: Text,
    registered_on: Day,
    cancelled_on: Day,
    patents: Set,
});
wire_record!(Loan of Loans {
    contract_no: Text,
    borrower_uscc: Text,
    contract_amount: Amount,
    signed_on: Day,
    revolving: Flag,
    collateral: Word<Collateral>,
    patent_share: Maybe,
    pledge_no: Maybe,
    renewal_of: Maybe,
    syndicate_no: Maybe,
});
wire_record!(LoanEvent of LoanEvents {
    contract_no: Text,
    event_no: Text,
    kind: Word<LoanEventKind>,
    occurred_at: Text,
    amount: Amount,
    reverses: Maybe,
});
wire_record!(Policy of Policies {
    policy_no: Text,
    product: Word<Product>,
    policyholder_uscc: Text,
    cover_from: Day,
    cover_to: Day,
    sum_insured: Amount,
});
wire_record!(PolicyPatent of PolicyPatents {
    policy_no: Text,
    patent_no: Text,
    premium: Amount,
});
wire_record!(PremiumEvent of PremiumEvents {
    policy_no: Text,
    event_no: Text,
    kind: Word<PremiumEventKind>,
    occurred_on: Day,
    amount: Amount,
    reverses: Maybe,
});
