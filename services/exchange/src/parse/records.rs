//! One function a file: its cells in order, then the rules that need two of them.

use chrono::Datelike;
use policy::codes::FindingCode;
use policy::facts::{
    Award, AwardLevel, Collateral, Decision, EndReason, Enterprise, Exclusion, ExclusionGrade, HolderRole,
    Institution, InstitutionKind, Loan, LoanEvent, LoanEventKind, OtherAward, OtherLevel, OtherMeasure,
    Patent, PatentOwner, Pledge, Policy, PolicyPatent, PremiumEvent, PremiumEventKind, Product, Verdict,
};
use policy::money::Money;

use super::Reading;
use crate::codes::{RefusalCode, WarningCode};
use crate::file::File;
use crate::identifiers::check_bank_code;
use crate::row::Fact;

/// Loan amounts outside these, in yuan, are probably in another unit (domain study 3.7).
const USUAL_LOAN_FEN: std::ops::RangeInclusive<i64> = 1_000_000..=100_000_000_000;

/// Reads the record of the reading's file; none where a cell was refused.
pub(super) fn read(reading: &mut Reading<'_>) -> Option<Fact> {
    match reading.file {
        File::Institutions => institution(reading).map(Fact::Institution),
        File::Enterprises => enterprise(reading).map(Fact::Enterprise),
        File::Patents => patent(reading).map(Fact::Patent),
        File::PatentOwners => patent_owner(reading).map(Fact::PatentOwner),
        File::Awards => award(reading).map(Fact::Award),
        File::Exclusions => exclusion(reading).map(Fact::Exclusion),
        File::Pledges => pledge(reading).map(Fact::Pledge),
        File::Loans => loan(reading).map(Fact::Loan),
        File::LoanEvents => loan_event(reading).map(Fact::LoanEvent),
        File::Policies => policy(reading).map(Fact::Policy),
        File::PolicyPatents => policy_patent(reading).map(Fact::PolicyPatent),
        File::PremiumEvents => premium_event(reading).map(Fact::PremiumEvent),
        File::OtherAwards => other_award(reading).map(Fact::OtherAward),
        File::Decisions => decision(reading).map(Fact::Decision),
    }
}

fn institution(reading: &mut Reading<'_>) -> Option<Institution> {
    let institution_code = reading.institution_code();
    let name = reading.text("name");
    let kind = reading.word("kind", InstitutionKind::parse);
    let legal_person_uscc = reading.uscc("legal_person_uscc");
    let legal_person_name = reading.text("legal_person_name");
    let division_code = reading.division("division_code");
    let uscc = reading.optional_uscc("uscc");
    if let (Some(InstitutionKind::Bank), Some(code)) = (kind, &institution_code)
        && let Err(wrong) = check_bank_code(code)
    {
        reading.refuse("institution_code", wrong);
    }
    Some(Institution {
        institution_code: institution_code?,
        name: name?,
        kind: kind?,
        legal_person_uscc: legal_person_uscc?,
        legal_person_name: legal_person_name?,
        division_code: division_code?,
        uscc: uscc?,
    })
}

fn enterprise(reading: &mut Reading<'_>) -> Option<Enterprise> {
    let uscc = reading.uscc("uscc");
    let name = reading.text("name");
    let division_code = reading.division("division_code");
    let registered_from = reading.date("registered_from");
    let registered_to = reading.optional_date("registered_to");
    reading.period("registered_to", registered_from, registered_to.flatten());
    Some(Enterprise {
        uscc: uscc?,
        name: name?,
        division_code: division_code?,
        registered_from: registered_from?,
        registered_to: registered_to?,
    })
}

fn patent(reading: &mut Reading<'_>) -> Option<Patent> {
    let patent_no = reading.patent_no();
    let title = reading.text("title");
    let patentee_uscc = reading.optional_uscc("patentee_uscc");
    let granted_on = reading.optional_date("granted_on");
    let ended_on = reading.optional_date("ended_on");
    let end_reason = reading.optional_word("end_reason", EndReason::parse);
    reading.period("ended_on", granted_on.flatten(), ended_on.flatten());
    Some(Patent {
        patent_no: patent_no?,
        title: title?,
        patentee_uscc: patentee_uscc?,
        granted_on: granted_on?,
        ended_on: ended_on?,
        end_reason: end_reason?,
    })
}

fn patent_owner(reading: &mut Reading<'_>) -> Option<PatentOwner> {
    let patent_no = reading.patent_no();
    let holder = reading.holder();
    let role = reading.word("role", HolderRole::parse);
    let valid_from = reading.date("valid_from");
    let valid_to = reading.optional_date("valid_to");
    reading.period("valid_to", valid_from, valid_to.flatten());
    Some(PatentOwner {
        patent_no: patent_no?,
        holder: holder?,
        role: role?,
        valid_from: valid_from?,
        valid_to: valid_to?,
    })
}

fn award(reading: &mut Reading<'_>) -> Option<Award> {
    let patent_no = reading.patent_no();
    let level = reading.word("level", AwardLevel::parse);
    let award_name = reading.text("award_name");
    let awarded_on = reading.date("awarded_on");
    Some(Award {
        patent_no: patent_no?,
        level: level?,
        award_name: award_name?,
        awarded_on: awarded_on?,
    })
}

fn exclusion(reading: &mut Reading<'_>) -> Option<Exclusion> {
    let subject = reading.subject();
    let grade = reading.word("grade", ExclusionGrade::parse);
    let valid_from = reading.date("valid_from");
    let valid_to = reading.optional_date("valid_to");
    let reason = reading.text("reason");
    reading.period("valid_to", valid_from, valid_to.flatten());
    Some(Exclusion {
        subject: subject?,
        grade: grade?,
        valid_from: valid_from?,
        valid_to: valid_to?,
        reason: reason?,
    })
}

fn pledge(reading: &mut Reading<'_>) -> Option<Pledge> {
    let institution_code = reading.institution_code();
    let pledge_no = reading.pledge_no().flatten();
    let pledgor_uscc = reading.uscc("pledgor_uscc");
    let pledgee_uscc = reading.uscc("pledgee_uscc");
    let registered_on = reading.date("registered_on");
    let cancelled_on = reading.optional_date("cancelled_on");
    let patents = reading.patents();
    reading.period("cancelled_on", registered_on, cancelled_on.flatten());
    if let (Some(number), Some(day)) = (&pledge_no, registered_on)
        && !number
            .as_str()
            .trim_start_matches('Y')
            .starts_with(&day.year().to_string())
    {
        reading.warn("pledge_no", WarningCode::PledgeYearDiffers);
    }
    Some(Pledge {
        institution_code: institution_code?,
        pledge_no: pledge_no?,
        pledgor_uscc: pledgor_uscc?,
        pledgee_uscc: pledgee_uscc?,
        registered_on: registered_on?,
        cancelled_on: cancelled_on?,
        patents: patents?,
    })
}

/// Warns of a loan amount that suggests ten thousands of yuan.
fn warn_of_unit(reading: &mut Reading<'_>, column: &'static str, amount: Option<Money>) {
    if amount.is_some_and(|amount| !USUAL_LOAN_FEN.contains(&amount.fen())) {
        reading.warn(column, WarningCode::AmountUnitSuspect);
    }
}

fn loan(reading: &mut Reading<'_>) -> Option<Loan> {
    let institution_code = reading.institution_code();
    let contract_no = reading.parent("contract_no");
    let borrower_uscc = reading.uscc("borrower_uscc");
    let contract_amount = reading.money("contract_amount");
    let signed_on = reading.date("signed_on");
    let revolving = reading.bool("revolving");
    let collateral = reading.word("collateral", Collateral::parse);
    let patent_share = reading.rate("patent_share");
    let pledge_no = reading.pledge_no();
    let renewal_of = reading.optional_reference("renewal_of");
    let syndicate_no = reading.optional_reference("syndicate_no");
    if collateral.is_some_and(|collateral| collateral != Collateral::Mixed)
        && patent_share.flatten().is_some()
    {
        reading.refuse("patent_share", RefusalCode::ShareNotAllowed);
    }
    warn_of_unit(reading, "contract_amount", contract_amount);
    Some(Loan {
        institution_code: institution_code?,
        contract_no: contract_no?,
        borrower_uscc: borrower_uscc?,
        contract_amount: contract_amount?,
        signed_on: signed_on?,
        revolving: revolving?,
        collateral: collateral?,
        patent_share: patent_share?,
        pledge_no: pledge_no?,
        renewal_of: renewal_of?,
        syndicate_no: syndicate_no?,
    })
}

fn loan_event(reading: &mut Reading<'_>) -> Option<LoanEvent> {
    let institution_code = reading.institution_code();
    let contract_no = reading.parent("contract_no");
    let event_no = reading.reference("event_no");
    let kind = reading.word("kind", LoanEventKind::parse);
    let occurred_at = reading.instant("occurred_at");
    let amount = reading.money("amount");
    let reverses = reading.reverses(
        kind.map(|kind| kind == LoanEventKind::Reversal),
        event_no.as_ref(),
    );
    warn_of_unit(reading, "amount", amount);
    Some(LoanEvent {
        institution_code: institution_code?,
        contract_no: contract_no?,
        event_no: event_no?,
        kind: kind?,
        occurred_at: occurred_at?,
        amount: amount?,
        reverses: reverses?,
    })
}

fn policy(reading: &mut Reading<'_>) -> Option<Policy> {
    let institution_code = reading.institution_code();
    let policy_no = reading.parent("policy_no");
    let product = reading.word("product", Product::parse);
    let policyholder_uscc = reading.uscc("policyholder_uscc");
    let cover_from = reading.date("cover_from");
    let cover_to = reading.date("cover_to");
    let sum_insured = reading.optional_money("sum_insured");
    reading.period("cover_to", cover_from, cover_to);
    Some(Policy {
        institution_code: institution_code?,
        policy_no: policy_no?,
        product: product?,
        policyholder_uscc: policyholder_uscc?,
        cover_from: cover_from?,
        cover_to: cover_to?,
        sum_insured: sum_insured?,
    })
}

fn policy_patent(reading: &mut Reading<'_>) -> Option<PolicyPatent> {
    let institution_code = reading.institution_code();
    let policy_no = reading.parent("policy_no");
    let patent_no = reading.patent_no();
    let premium = reading.optional_money("premium");
    Some(PolicyPatent {
        institution_code: institution_code?,
        policy_no: policy_no?,
        patent_no: patent_no?,
        premium: premium?,
    })
}

fn premium_event(reading: &mut Reading<'_>) -> Option<PremiumEvent> {
    let institution_code = reading.institution_code();
    let policy_no = reading.parent("policy_no");
    let event_no = reading.reference("event_no");
    let kind = reading.word("kind", PremiumEventKind::parse);
    let occurred_on = reading.date("occurred_on");
    let amount = reading.money("amount");
    let reverses = reading.reverses(
        kind.map(|kind| kind == PremiumEventKind::Refund),
        event_no.as_ref(),
    );
    Some(PremiumEvent {
        institution_code: institution_code?,
        policy_no: policy_no?,
        event_no: event_no?,
        kind: kind?,
        occurred_on: occurred_on?,
        amount: amount?,
        reverses: reverses?,
    })
}

fn other_award(reading: &mut Reading<'_>) -> Option<OtherAward> {
    let beneficiary_uscc = reading.uscc("beneficiary_uscc");
    let measure = reading.word("measure", OtherMeasure::parse);
    let reference = reading.reference("reference");
    let level = reading.word("level", OtherLevel::parse);
    let amount = reading.money("amount");
    let awarded_on = reading.date("awarded_on");
    Some(OtherAward {
        beneficiary_uscc: beneficiary_uscc?,
        measure: measure?,
        reference: reference?,
        level: level?,
        amount: amount?,
        awarded_on: awarded_on?,
    })
}

fn decision(reading: &mut Reading<'_>) -> Option<Decision> {
    let institution_code = reading.institution_code();
    let reference = reading.parent("reference");
    let code = reading.finding();
    let decision = reading.word("decision", Verdict::parse);
    let value = reading.rate("value");
    let decided_on = reading.date("decided_on");
    let reason = reading.text("reason");
    if let (Some(code), Some(verdict), Some(value)) = (code, decision, value) {
        let states_share = code == FindingCode::ShareUnstated && verdict == Verdict::Accept;
        match (states_share, value) {
            (true, None) => reading.refuse("value", RefusalCode::DecisionValueRequired),
            (false, Some(_)) => reading.refuse("value", RefusalCode::DecisionValueNotAllowed),
            (true, Some(_)) | (false, None) => {}
        }
    }
    Some(Decision {
        institution_code: institution_code?,
        reference: reference?,
        code: code?,
        decision: decision?,
        value: value?,
        decided_on: decided_on?,
        reason: reason?,
    })
}
