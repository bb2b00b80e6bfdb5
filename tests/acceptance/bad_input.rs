//! What is wrong in itself is refused with its code and field, in both languages; everywhere the same code.

use api::common::v1::Money;
use api::pledge::v1 as pb;
use exchange::csv_in::read_file;
use exchange::{Allow, File, RefusalCode};
use tonic::Code;
use zhirong_tests::answer::assert_refused;
use zhirong_tests::records::{day, money};
use zhirong_tests::sandbox::shared;
use zhirong_tests::scene::{Insuring, Lending};
use zhirong_tests::{ids, records, run};

type Change = fn(&mut pb::ReportLoanRequest);

fn loan(request: &mut pb::ReportLoanRequest) -> &mut pb::Loan {
    request.loan.as_mut().unwrap()
}

fn pledge(request: &mut pb::ReportLoanRequest) -> &mut pb::Pledge {
    request.pledge.as_mut().unwrap()
}

/// What to do to a good request, the code it is refused with, and the field that is named.
const LOANS: [(Change, &str, &str); 34] = [
    (
        |to| loan(to).contract_amount = money("1.005"),
        "AMOUNT_PLACES",
        "loan.contract_amount",
    ),
    (
        |to| loan(to).contract_amount = money("1e6"),
        "AMOUNT_MALFORMED",
        "loan.contract_amount",
    ),
    (
        |to| loan(to).contract_amount = money("9.14105E+17"),
        "AMOUNT_MALFORMED",
        "loan.contract_amount",
    ),
    (
        |to| loan(to).contract_amount = money("-5.00"),
        "AMOUNT_MALFORMED",
        "loan.contract_amount",
    ),
    (
        |to| loan(to).contract_amount = money("+5.00"),
        "AMOUNT_MALFORMED",
        "loan.contract_amount",
    ),
    (
        |to| loan(to).contract_amount = money("1,000.00"),
        "AMOUNT_MALFORMED",
        "loan.contract_amount",
    ),
    (
        |to| loan(to).contract_amount = money("0.00"),
        "AMOUNT_ZERO",
        "loan.contract_amount",
    ),
    (
        |to| loan(to).contract_amount = money("100000000000.00"),
        "AMOUNT_OUT_OF_RANGE",
        "loan.contract_amount",
    ),
    (
        |to| loan(to).contract_amount = money(""),
        "CELL_REQUIRED",
        "loan.contract_amount",
    ),
    (
        |to| loan(to).contract_amount = None,
        "CELL_REQUIRED",
        "loan.contract_amount",
    ),
    (
        |to| {
            loan(to).contract_amount = Some(Money {
                currency_code: "USD".to_owned(),
                amount: "1.00".to_owned(),
            })
        },
        "CURRENCY_NOT_SUPPORTED",
        "loan.contract_amount",
    ),
    (
        |to| loan(to).contract_no = "A/B".to_owned(),
        "REFERENCE_MALFORMED",
        "loan.contract_no",
    ),
    (
        |to| loan(to).contract_no = "甲".repeat(65),
        "REFERENCE_MALFORMED",
        "loan.contract_no",
    ),
    (
        |to| loan(to).borrower_uscc = "91410502MC000001".to_owned(),
        "USCC_MALFORMED",
        "loan.borrower_uscc",
    ),
    (
        |to| loan(to).borrower_uscc = "91410502MA0000000A".to_owned(),
        "USCC_CHECK_DIGIT",
        "loan.borrower_uscc",
    ),
    (
        |to| loan(to).signed_on = day("2025-02-30"),
        "DATE_INVALID",
        "loan.signed_on",
    ),
    (
        |to| loan(to).signed_on = day("1899-02-03"),
        "DATE_OUT_OF_RANGE",
        "loan.signed_on",
    ),
    (|to| loan(to).signed_on = None, "CELL_REQUIRED", "loan.signed_on"),
    (|to| loan(to).revolving = None, "CELL_REQUIRED", "loan.revolving"),
    (|to| loan(to).collateral = 0, "CELL_REQUIRED", "loan.collateral"),
    (
        |to| loan(to).patent_share = Some("0.5".to_owned()),
        "SHARE_NOT_ALLOWED",
        "loan.patent_share",
    ),
    (
        |to| {
            (loan(to).collateral, loan(to).patent_share) =
                (pb::Collateral::Mixed.into(), Some("1.2".to_owned()))
        },
        "SHARE_OUT_OF_RANGE",
        "loan.patent_share",
    ),
    (
        |to| loan(to).pledge_no = Some("X1".to_owned()),
        "PLEDGE_MALFORMED",
        "loan.pledge_no",
    ),
    (|to| to.revision = Some(0), "REVISION_MALFORMED", "loan.revision"),
    (|to| to.revision = Some(-1), "REVISION_MALFORMED", "loan.revision"),
    (
        |to| pledge(to).patents[0] = "201610123456.5".to_owned(),
        "PATENT_CHECK_DIGIT",
        "pledge.patents",
    ),
    (
        |to| pledge(to).patents[0] = "CN107000000A".to_owned(),
        "PATENT_IS_PUBLICATION_NUMBER",
        "pledge.patents",
    ),
    (
        |to| pledge(to).patents.clear(),
        "PLEDGE_PATENTS_EMPTY",
        "pledge.patents",
    ),
    (
        |to| pledge(to).cancelled_on = day("2020-01-01"),
        "PERIOD_REVERSED",
        "pledge.cancelled_on",
    ),
    (
        |to| to.events[0].occurred_at = "2025-03-01T10:00:00".to_owned(),
        "INSTANT_WITHOUT_OFFSET",
        "events[0].occurred_at",
    ),
    (
        |to| to.events[0].occurred_at = "2025-03-01T10:00:00.1234567+08:00".to_owned(),
        "INSTANT_TOO_PRECISE",
        "events[0].occurred_at",
    ),
    (
        |to| to.events[0].occurred_at = "2025-02-30T10:00:00+08:00".to_owned(),
        "DATE_INVALID",
        "events[0].occurred_at",
    ),
    (
        |to| to.events[0].kind = pb::LoanEventKind::Reversal.into(),
        "REVERSES_REQUIRED",
        "events[0].reverses",
    ),
    (
        |to| to.events[0].reverses = Some("9".to_owned()),
        "REVERSES_NOT_ALLOWED",
        "events[0].reverses",
    ),
];

#[test]
fn a_bad_field_of_a_loan_its_pledge_or_its_draw_is_named_with_its_code() {
    run(async {
        let scene = Lending::new(shared().await).await;
        let mut wrong = Vec::new();
        for (change, code, field) in LOANS {
            let mut request = scene.report(2025, "1000000.00");
            change(&mut request);
            let refused = assert_refused(
                scene.bank.pledge().report_loan(request).await,
                Code::InvalidArgument,
                code,
            );
            let text = refused.fields.get(field).cloned().unwrap_or_default();
            // `CODE: 中文 / English`
            let is_right = refused.code_of(field) == Some(code) && !text.is_ascii() && text.contains(" / ");
            if !is_right {
                wrong.push(format!("{code} {field}: {refused:?}"));
            }
        }
        assert!(wrong.is_empty(), "{wrong:#?}");
        let listed = scene
            .bank
            .pledge()
            .list_loans(pb::ListLoansRequest::default())
            .await
            .unwrap()
            .into_inner();
        assert!(listed.loans.is_empty(), "nothing of a refused request is stored");
        // What the amounts and dates above lack is taken.
        let mut edge = scene.report(2025, "99999999999.99");
        edge.events[0].occurred_at = "2025-02-28T23:59:59.123456Z".to_owned();
        scene.bank.pledge().report_loan(edge).await.unwrap();
    });
}

#[test]
fn every_bad_field_is_named_at_once() {
    run(async {
        let scene = Lending::new(shared().await).await;
        let mut request = scene.report(2025, "1000000.00");
        loan(&mut request).contract_amount = money("1e6");
        loan(&mut request).signed_on = day("2025-02-30");
        pledge(&mut request).patents.clear();
        let refused = scene.bank.pledge().report_loan(request).await;
        let refused = assert_refused(refused, Code::InvalidArgument, "FIELDS_INVALID");
        let fields: Vec<&str> = refused.fields.keys().map(String::as_str).collect();
        assert_eq!(
            fields,
            ["loan.contract_amount", "loan.signed_on", "pledge.patents"]
        );
        let absent = pb::ReportLoanRequest {
            request_id: ids::request_id(),
            ..Default::default()
        };
        let refused = scene.bank.pledge().report_loan(absent).await;
        let refused = assert_refused(refused, Code::InvalidArgument, "CELL_REQUIRED");
        assert_eq!(
            refused.code_of("loan.contract_no"),
            Some("CELL_REQUIRED"),
            "{refused:?}"
        );
    });
}

#[test]
fn a_bad_field_of_a_policy_is_named_with_its_code() {
    use api::insurance::v1 as insurance;
    type Change = fn(&mut insurance::ReportPolicyRequest);
    let changes: [(Change, &str, &str); 6] = [
        (
            |to| to.policy.as_mut().unwrap().product = 0,
            "CELL_REQUIRED",
            "policy.product",
        ),
        (
            |to| to.policy.as_mut().unwrap().cover_to = day("2020-01-01"),
            "PERIOD_REVERSED",
            "policy.cover_to",
        ),
        (
            |to| to.policy.as_mut().unwrap().sum_insured = money("0"),
            "AMOUNT_ZERO",
            "policy.sum_insured",
        ),
        (
            |to| to.patents[0].patent_no = "20161".to_owned(),
            "PATENT_MALFORMED",
            "patents[0].patent_no",
        ),
        (
            |to| to.patents[0].premium = money("1.001"),
            "AMOUNT_PLACES",
            "patents[0].premium",
        ),
        (
            |to| to.premium_events[0].kind = insurance::PremiumEventKind::Refund.into(),
            "REVERSES_REQUIRED",
            "premium_events[0].reverses",
        ),
    ];
    run(async {
        let scene = Insuring::new(shared().await).await;
        for (change, code, field) in changes {
            let mut request = insurance::ReportPolicyRequest {
                request_id: ids::request_id(),
                policy: Some(records::policy(&scene.policy_no, &scene.holder, 2025)),
                revision: None,
                patents: vec![records::policy_patent("", &scene.patent, "1000.00")],
                premium_events: vec![records::payment("", "1", "2025-02-01", "1000.00")],
            };
            change(&mut request);
            let refused = scene.insurer.insurance().report_policy(request).await;
            let refused = assert_refused(refused, Code::InvalidArgument, code);
            assert_eq!(refused.code_of(field), Some(code), "{refused:?}");
        }
    });
}

#[test]
fn a_bad_field_of_the_registry_is_named_with_its_code() {
    use api::registry::v1 as registry;
    run(async {
        let mut bureau = shared().await.client("bureau").registry();
        let number = ids::fresh();
        let (code, legal_person) = (ids::bank(number), ids::legal_person(number));
        let good = records::institution(&code, records::BANK, &legal_person);
        let wrong_digit = if code.ends_with('0') { "1" } else { "0" };
        let changes = [
            (
                registry::Institution {
                    institution_code: format!("{}{wrong_digit}", &code[..11]),
                    ..good.clone()
                },
                "CNAPS_CHECK_DIGIT",
                "institution.institution_code",
            ),
            (
                registry::Institution {
                    division_code: "4105".to_owned(),
                    ..good.clone()
                },
                "DIVISION_MALFORMED",
                "institution.division_code",
            ),
            (
                registry::Institution {
                    kind: 0,
                    ..good.clone()
                },
                "CELL_REQUIRED",
                "institution.kind",
            ),
            (
                registry::Institution {
                    name: "长".repeat(201),
                    ..good.clone()
                },
                "TEXT_TOO_LONG",
                "institution.name",
            ),
            (
                registry::Institution {
                    name: "a\u{7}b".to_owned(),
                    ..good.clone()
                },
                "TEXT_CONTROL_CHARACTER",
                "institution.name",
            ),
        ];
        for (institution, code, field) in changes {
            let request = registry::RegisterInstitutionRequest {
                request_id: ids::request_id(),
                institution: Some(institution),
                revision: None,
            };
            let refused = bureau.register_institution(request).await;
            let refused = assert_refused(refused, Code::InvalidArgument, code);
            assert_eq!(refused.code_of(field), Some(code), "{refused:?}");
        }
        let exclusion = registry::RegisterExclusionRequest {
            request_id: ids::request_id(),
            exclusion: Some(records::exclusion("nobody")),
            revision: None,
        };
        let refused = bureau.register_exclusion(exclusion).await;
        let refused = assert_refused(refused, Code::InvalidArgument, "SUBJECT_MALFORMED");
        assert_eq!(refused.code_of("exclusion.subject"), Some("SUBJECT_MALFORMED"));
    });
}

#[test]
fn a_name_that_is_none_is_refused_for_every_kind_of_record() {
    run(async {
        let scene = Lending::new(shared().await).await;
        for name in ["", "loans", "loans/", "pledges/A", "loans/A/events/1", "loans/A/"] {
            let refused = scene
                .bank
                .pledge()
                .get_loan(pb::GetLoanRequest {
                    name: name.to_owned(),
                })
                .await;
            assert_refused(refused, Code::InvalidArgument, "NAME_MALFORMED");
        }
        let refused = scene
            .bank
            .pledge()
            .get_pledge(pb::GetPledgeRequest {
                name: "pledges/X".to_owned(),
            })
            .await;
        assert_refused(refused, Code::InvalidArgument, "NAME_MALFORMED");
    });
}

/// What is wrong with a file as a whole refuses the file.
#[test]
fn a_file_that_cannot_be_read_is_refused_whole() {
    let header = "patent_no,title,patentee_uscc,granted_on,ended_on,end_reason,revision,withdrawn\n";
    let row = "201610123456.6,样例,,2018-06-01,,,1,false\n";
    let good = [header, row].concat();
    assert_eq!(
        read_file(File::Patents, good.as_bytes(), &Allow::default())
            .unwrap()
            .rows
            .len(),
        1
    );
    let half = [header.as_bytes(), b"201610123456.6,", &"样例".as_bytes()[..5]].concat();
    let cases: [(Vec<u8>, RefusalCode, Option<&str>); 7] = [
        (
            good.replace("title", "titel").into_bytes(),
            RefusalCode::ColumnUnknown,
            None,
        ),
        (
            good.replace("title,", "").into_bytes(),
            RefusalCode::ColumnMissing,
            Some("title"),
        ),
        (
            good.replace("title", "patent_no").into_bytes(),
            RefusalCode::ColumnDuplicate,
            Some("patent_no"),
        ),
        (
            good.replace("样例", "\"样例").into_bytes(),
            RefusalCode::FileTruncated,
            None,
        ),
        (half, RefusalCode::FileTruncated, None),
        (
            [good.as_bytes(), &[0xff, 0xff, b'\n']].concat(),
            RefusalCode::FileEncoding,
            None,
        ),
        (Vec::new(), RefusalCode::FileEmpty, None),
    ];
    for (bytes, code, column) in cases {
        let refused = read_file(File::Patents, &bytes, &Allow::default()).unwrap_err();
        let found = refused.refusals.iter().find(|refusal| refusal.code == code);
        let found = found.unwrap_or_else(|| panic!("{code:?}: {refused:?}"));
        assert!(!found.zh.is_ascii() && !found.en.is_empty());
        if column.is_some() {
            assert_eq!(found.column, column, "{found:?}");
        }
    }
}
