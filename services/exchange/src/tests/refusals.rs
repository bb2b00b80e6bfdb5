use super::cells;
use crate::codes::{RefusalCode as Code, WarningCode};
use crate::{Allow, File, parse_row};

/// Every refusal of a single record: the file, the changed cells, the column to blame and the code.
type Case = (File, &'static [(&'static str, &'static str)], &'static str, Code);

const CASES: &[Case] = &[
    (
        File::Loans,
        &[("contract_no", "⚠ 314000000000000")],
        "contract_no",
        Code::CellNotCorrected,
    ),
    (
        File::Enterprises,
        &[("name", " \u{3000}")],
        "name",
        Code::CellRequired,
    ),
    (
        File::Loans,
        &[("contract_amount", "1e6")],
        "contract_amount",
        Code::AmountMalformed,
    ),
    (
        File::Loans,
        &[("contract_amount", "9.14105E+17")],
        "contract_amount",
        Code::AmountMalformed,
    ),
    (
        File::Loans,
        &[("contract_amount", "3,000,000")],
        "contract_amount",
        Code::AmountMalformed,
    ),
    (
        File::Loans,
        &[("contract_amount", "+1")],
        "contract_amount",
        Code::AmountMalformed,
    ),
    (
        File::LoanEvents,
        &[("amount", "-1")],
        "amount",
        Code::AmountMalformed,
    ),
    (
        File::LoanEvents,
        &[("amount", "NaN")],
        "amount",
        Code::AmountMalformed,
    ),
    (
        File::LoanEvents,
        &[("amount", "1.234")],
        "amount",
        Code::AmountPlaces,
    ),
    (
        File::LoanEvents,
        &[("amount", "0.00")],
        "amount",
        Code::AmountZero,
    ),
    (
        File::PolicyPatents,
        &[("premium", "0")],
        "premium",
        Code::AmountZero,
    ),
    (
        File::LoanEvents,
        &[("amount", "100000000000")],
        "amount",
        Code::AmountOutOfRange,
    ),
    (
        File::Loans,
        &[("signed_on", "20250201")],
        "signed_on",
        Code::DateMalformed,
    ),
    (
        File::Loans,
        &[("signed_on", "45678")],
        "signed_on",
        Code::DateMalformed,
    ),
    (
        File::Loans,
        &[("signed_on", "2025-2-1")],
        "signed_on",
        Code::DateMalformed,
    ),
    (
        File::Loans,
        &[("signed_on", "2025-02-30")],
        "signed_on",
        Code::DateInvalid,
    ),
    (
        File::Loans,
        &[("signed_on", "2025/2/29")],
        "signed_on",
        Code::DateInvalid,
    ),
    (
        File::Loans,
        &[("signed_on", "1899-12-31")],
        "signed_on",
        Code::DateOutOfRange,
    ),
    (
        File::Enterprises,
        &[("registered_to", "0001-01-01")],
        "registered_to",
        Code::DateOutOfRange,
    ),
    (
        File::LoanEvents,
        &[("occurred_at", "soon")],
        "occurred_at",
        Code::InstantMalformed,
    ),
    (
        File::LoanEvents,
        &[("occurred_at", "2025-02-03T10:00:00+0800")],
        "occurred_at",
        Code::InstantMalformed,
    ),
    (
        File::LoanEvents,
        &[("occurred_at", "2025-12-31T23:59:60+08:00")],
        "occurred_at",
        Code::InstantInvalid,
    ),
    (
        File::LoanEvents,
        &[("occurred_at", "2025-12-31T24:00:00+08:00")],
        "occurred_at",
        Code::InstantInvalid,
    ),
    (
        File::LoanEvents,
        &[("occurred_at", "2025-02-30T10:00:00Z")],
        "occurred_at",
        Code::DateInvalid,
    ),
    (
        File::LoanEvents,
        &[("occurred_at", "9999-12-31T20:00:00Z")],
        "occurred_at",
        Code::DateOutOfRange,
    ),
    (
        File::LoanEvents,
        &[("occurred_at", "2025-02-03T10:00:00")],
        "occurred_at",
        Code::InstantWithoutOffset,
    ),
    (
        File::LoanEvents,
        &[("occurred_at", "2025-02-03 10:00:00")],
        "occurred_at",
        Code::InstantWithoutOffset,
    ),
    (
        File::LoanEvents,
        &[("occurred_at", "2025-02-03T10:00:00.0000001Z")],
        "occurred_at",
        Code::InstantTooPrecise,
    ),
    (
        File::Enterprises,
        &[("uscc", "91410502MA3X0002")],
        "uscc",
        Code::UsccMalformed,
    ),
    (
        File::Pledges,
        &[("pledgor_uscc", "91410502MA3X00029Q")],
        "pledgor_uscc",
        Code::UsccCheckDigit,
    ),
    (
        File::PatentOwners,
        &[("holder", "410502199001011234")],
        "holder",
        Code::UsccCheckDigit,
    ),
    (
        File::Patents,
        &[("patent_no", "2016")],
        "patent_no",
        Code::PatentMalformed,
    ),
    (
        File::Patents,
        &[("patent_no", "201610123456.5")],
        "patent_no",
        Code::PatentCheckDigit,
    ),
    (
        File::Pledges,
        &[("patents", "201610123456.6;201610123456.5")],
        "patents",
        Code::PatentCheckDigit,
    ),
    (
        File::Patents,
        &[("patent_no", "CN112272063B")],
        "patent_no",
        Code::PatentIsPublicationNumber,
    ),
    (
        File::Loans,
        &[("pledge_no", "Y2021")],
        "pledge_no",
        Code::PledgeMalformed,
    ),
    (
        File::Pledges,
        &[("patents", "")],
        "patents",
        Code::PledgePatentsEmpty,
    ),
    (
        File::Pledges,
        &[("patents", " ; ")],
        "patents",
        Code::PledgePatentsEmpty,
    ),
    (
        File::Loans,
        &[("institution_code", "a/b")],
        "institution_code",
        Code::InstitutionCodeMalformed,
    ),
    (
        File::Institutions,
        &[("institution_code", "C1010211000012")],
        "institution_code",
        Code::InstitutionCodeMalformed,
    ),
    (
        File::Institutions,
        &[("institution_code", "104000000000")],
        "institution_code",
        Code::CnapsCheckDigit,
    ),
    (
        File::Enterprises,
        &[("division_code", "41050")],
        "division_code",
        Code::DivisionMalformed,
    ),
    (
        File::Loans,
        &[("contract_no", "a;b")],
        "contract_no",
        Code::ReferenceMalformed,
    ),
    (
        File::Loans,
        &[("contract_no", "a／b")],
        "contract_no",
        Code::ReferenceMalformed,
    ),
    (
        File::Loans,
        &[("contract_no", "a\u{200b}b")],
        "contract_no",
        Code::ReferenceMalformed,
    ),
    (
        File::Exclusions,
        &[("subject", "安阳")],
        "subject",
        Code::SubjectMalformed,
    ),
    (
        File::Exclusions,
        &[("subject", "201610123456.5")],
        "subject",
        Code::PatentCheckDigit,
    ),
    (
        File::Loans,
        &[("collateral", "专利")],
        "collateral",
        Code::WordUnknown,
    ),
    (
        File::Loans,
        &[("collateral", "mixed"), ("patent_share", "60%")],
        "patent_share",
        Code::ShareMalformed,
    ),
    (
        File::Loans,
        &[("collateral", "mixed"), ("patent_share", "1.5")],
        "patent_share",
        Code::ShareOutOfRange,
    ),
    (
        File::Loans,
        &[("patent_share", "0.5")],
        "patent_share",
        Code::ShareNotAllowed,
    ),
    (
        File::Loans,
        &[("revolving", "maybe")],
        "revolving",
        Code::BoolMalformed,
    ),
    (
        File::Loans,
        &[("withdrawn", "maybe")],
        "withdrawn",
        Code::BoolMalformed,
    ),
    (
        File::Loans,
        &[("revision", "0")],
        "revision",
        Code::RevisionMalformed,
    ),
    (
        File::Loans,
        &[("revision", "1.0")],
        "revision",
        Code::RevisionMalformed,
    ),
    (
        File::Loans,
        &[("revision", "2147483648")],
        "revision",
        Code::RevisionMalformed,
    ),
    (
        File::Patents,
        &[("title", "a\u{202e}b")],
        "title",
        Code::TextControlCharacter,
    ),
    (
        File::Patents,
        &[("title", "a\nb")],
        "title",
        Code::TextControlCharacter,
    ),
    (
        File::Enterprises,
        &[("registered_to", "2014-12-31")],
        "registered_to",
        Code::PeriodReversed,
    ),
    (
        File::Patents,
        &[("ended_on", "2018-04-02")],
        "ended_on",
        Code::PeriodReversed,
    ),
    (
        File::PatentOwners,
        &[("valid_to", "2018-04-02")],
        "valid_to",
        Code::PeriodReversed,
    ),
    (
        File::Exclusions,
        &[("valid_to", "2023-12-31")],
        "valid_to",
        Code::PeriodReversed,
    ),
    (
        File::Pledges,
        &[("cancelled_on", "2025-01-31")],
        "cancelled_on",
        Code::PeriodReversed,
    ),
    (
        File::Policies,
        &[("cover_to", "2024-12-31")],
        "cover_to",
        Code::PeriodReversed,
    ),
    (
        File::LoanEvents,
        &[("kind", "reversal")],
        "reverses",
        Code::ReversesRequired,
    ),
    (
        File::PremiumEvents,
        &[("kind", "refund")],
        "reverses",
        Code::ReversesRequired,
    ),
    (
        File::LoanEvents,
        &[("reverses", "2")],
        "reverses",
        Code::ReversesNotAllowed,
    ),
    (
        File::PremiumEvents,
        &[("kind", "refund"), ("reverses", "1")],
        "reverses",
        Code::ReversesItself,
    ),
    (
        File::Decisions,
        &[("code", "PLEDGE_TRIPLE")],
        "code",
        Code::FindingUnknown,
    ),
    (
        File::Decisions,
        &[("code", "SHARE_UNSTATED")],
        "value",
        Code::DecisionValueRequired,
    ),
    (
        File::Decisions,
        &[("value", "0.5")],
        "value",
        Code::DecisionValueNotAllowed,
    ),
    (
        File::Decisions,
        &[
            ("code", "SHARE_UNSTATED"),
            ("decision", "reject"),
            ("value", "0.5"),
        ],
        "value",
        Code::DecisionValueNotAllowed,
    ),
    (
        File::Decisions,
        &[("code", "SHARE_UNSTATED"), ("value", "1.01")],
        "value",
        Code::ShareOutOfRange,
    ),
    (
        File::Decisions,
        &[("decision", "maybe")],
        "decision",
        Code::WordUnknown,
    ),
    (File::Decisions, &[("reason", " ")], "reason", Code::CellRequired),
];

#[test]
fn each_fault_of_a_record_has_its_code_and_column() {
    for (file, changes, column, code) in CASES {
        let refusals = parse_row(*file, &cells(*file, changes), &Allow::default()).unwrap_err();
        let found: Vec<_> = refusals
            .iter()
            .map(|refusal| (refusal.column, refusal.code))
            .collect();
        assert_eq!(found, [(Some(*column), *code)], "{file:?} {changes:?}");
    }
    let long = "长".repeat(201);
    let refusals = parse_row(
        File::Patents,
        &cells(File::Patents, &[("title", &long)]),
        &Allow::default(),
    )
    .unwrap_err();
    assert_eq!(refusals[0].code, Code::TextTooLong);
    assert!(
        parse_row(
            File::Patents,
            &cells(File::Patents, &[("title", &long[3..])]),
            &Allow::default()
        )
        .is_ok()
    );
}

#[test]
fn every_refusal_is_either_tested_here_or_raised_by_files_and_services() {
    let elsewhere = [
        Code::TextTooLong,
        Code::RevisionConflict,
        Code::InstitutionNotRegistered,
        Code::InstitutionWithdrawn,
        Code::OtherInstitution,
        Code::NotTheBureau,
        Code::ColumnUnknown,
        Code::ColumnMissing,
        Code::ColumnDuplicate,
        Code::RowCellCount,
        Code::FileUnknown,
        Code::FileEmpty,
        Code::FileTooLarge,
        Code::FileEncoding,
        Code::FileTruncated,
        // What a cell of a workbook or a column mapping has lost; raised and tested there.
        Code::NumberInCodeCell,
        Code::ScientificNotation,
        Code::AmountNotExact,
        Code::FormulaInCell,
        Code::CellIsError,
        Code::CellTypeWrong,
        Code::DateWithTime,
        Code::ValueNotMapped,
        Code::AmountPlacesWan,
    ];
    for code in Code::ALL {
        assert!(
            CASES.iter().any(|case| case.3 == *code) != elsewhere.contains(code),
            "{}",
            code.as_str()
        );
        assert_eq!(Code::parse(code.as_str()), Some(*code));
    }
}

#[test]
fn every_bad_cell_of_a_row_is_reported() {
    let bad = [
        ("contract_amount", "1e6"),
        ("signed_on", "x"),
        ("collateral", "gold"),
        ("revision", "-1"),
        ("contract_no", ""),
    ];
    let refusals = parse_row(File::Loans, &cells(File::Loans, &bad), &Allow::default()).unwrap_err();
    let mut columns: Vec<_> = refusals.iter().filter_map(|refusal| refusal.column).collect();
    columns.sort_unstable();
    assert_eq!(
        columns,
        [
            "collateral",
            "contract_amount",
            "contract_no",
            "revision",
            "signed_on"
        ]
    );
    let words = refusals
        .iter()
        .find(|refusal| refusal.code == Code::WordUnknown)
        .unwrap();
    assert!(words.zh.contains("layout_design") && words.en.contains("layout_design"));
}

#[test]
fn a_required_cell_may_not_be_empty_and_an_optional_one_may() {
    for file in File::ALL {
        for column in file.columns() {
            let answer = parse_row(*file, &cells(*file, &[(column.name, "")]), &Allow::default());
            assert_eq!(answer.is_err(), column.required_cell, "{file:?} {}", column.name);
        }
    }
}

#[test]
fn unlikely_amounts_and_years_are_warned_of() {
    let warned = |file, changes: &[(&'static str, &str)]| {
        let (_, warnings) = parse_row(file, &cells(file, changes), &Allow::default()).unwrap();
        warnings
            .into_iter()
            .map(|warning| (warning.column.unwrap(), warning.code))
            .collect::<Vec<_>>()
    };
    assert_eq!(
        warned(File::Loans, &[("contract_amount", "300")]),
        [("contract_amount", WarningCode::AmountUnitSuspect)]
    );
    assert_eq!(
        warned(File::LoanEvents, &[("amount", "1000000000.01")]),
        [("amount", WarningCode::AmountUnitSuspect)]
    );
    assert_eq!(warned(File::LoanEvents, &[("amount", "10000")]), []);
    assert_eq!(
        warned(File::Pledges, &[("pledge_no", "2024980000001")]),
        [("pledge_no", WarningCode::PledgeYearDiffers)]
    );
    assert_eq!(warned(File::Pledges, &[]), []);
}
