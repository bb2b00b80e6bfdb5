//! Uploads: declared and proven, stored row by row as by the import streams, answered with a copy to correct and send again.

use std::time::Duration;

use api::common::v1::Verdict;
use api::files::v1 as pb;
use api::files::v1::upload_file_request::Message as Sent;
use api::pledge::v1::{GetLoanEventRequest, ListLoanEventsRequest};
use client::within;
use exchange::{File, RefusalCode};
use tokio_stream::wrappers::ReceiverStream;
use tonic::Code;
use zhirong_tests::answer::{assert_refused, yuan};
use zhirong_tests::import::{Line, pledge};
use zhirong_tests::sandbox::shared;
use zhirong_tests::scene::{Insuring, Lending};
use zhirong_tests::upload::{
    Uploaded, declaration, grid, messages, read, send, send_declared, send_messages, workbook,
};
use zhirong_tests::{ids, run};

use super::mappings::{core_system, set};

const EVENTS: [&str; 6] = ["机构代码", "合同号", "流水号", "类型", "发生时间", "金额"];
const EVENTS_WITHOUT_CODE: &str = "contract_no,event_no,kind,occurred_at,amount,reverses\n";

/// A result that a refusal may be read from.
fn refusal(result: Result<Uploaded, tonic::Status>) -> Result<tonic::Response<()>, tonic::Status> {
    result.map(|_| tonic::Response::new(()))
}

async fn events(scene: &Lending) -> usize {
    let request = ListLoanEventsRequest::default();
    let answer = scene.bank.pledge().list_loan_events(request).await.unwrap();
    answer.into_inner().loan_events.len()
}

/// A table of draws: number, day, amount.
fn draws(scene: &Lending, rows: &[(&str, &str, &str)]) -> Vec<u8> {
    let mut text = EVENTS_WITHOUT_CODE.to_owned();
    for (event_no, on, amount) in rows {
        text.push_str(&format!("{},{event_no},draw,{on},{amount},\n", scene.contract_no));
    }
    text.into_bytes()
}

#[test]
fn a_core_systems_export_is_read_by_its_mapping() {
    run(async {
        let scene = Lending::new(shared().await).await;
        let mapping = set(&scene.bank, core_system("core")).await;
        let contract = &scene.contract_no;
        let text = format!(
            "安阳测试银行放款流水,,,,,\n借据号,流水,经办,交易类型,交易日期,发生额(万元)\n\
             {contract},1,张三,放款,3/4/2025,150.123456\n{contract},2,李四,收回,28.02.2025,0.000001\n\
             {contract},3,王五,核销,1-3-2025,1\n{contract},4,赵六,放款,1/3/2025,1.2345678\n"
        );
        let (bytes, ..) = encoding_rs::GB18030.encode(&text);
        let declared = pb::UploadDeclaration {
            mapping: mapping.name,
            ..declaration("放款流水.csv", &bytes)
        };
        let uploaded = send_declared(&scene.bank, declared, &bytes).await.unwrap();
        assert_eq!(uploaded.counts(), (2, 0, 2));
        // Rows and headers are the partner's own.
        let expected = [
            (5, "kind", "交易类型", "VALUE_NOT_MAPPED"),
            (6, "amount", "发生额(万元)", "AMOUNT_PLACES_WAN"),
        ];
        assert_eq!(uploaded.refusals(), expected);
        let read_event = async |event_no: &str| {
            let name = format!("loans/{contract}/events/{event_no}");
            let answer = scene
                .bank
                .pledge()
                .get_loan_event(GetLoanEventRequest { name })
                .await;
            answer
                .unwrap()
                .into_inner()
                .loan_event
                .unwrap()
                .loan_event
                .unwrap()
        };
        let (first, second) = (read_event("1").await, read_event("2").await);
        assert_eq!(
            (yuan(&first.amount), yuan(&second.amount)),
            ("1501234.56", "0.01")
        );
        assert_eq!(first.occurred_at, "2025-04-03T00:00:00+08:00");
        // The copy is corrected in the contract's columns and sent again without the mapping.
        let mut copy = read(&uploaded.marked_copy);
        let sheet = &mut copy[0];
        for row in &mut sheet.rows {
            for (header, cell) in sheet.header.iter().zip(&mut row.cells) {
                match (header.as_str(), row.number) {
                    ("kind", 5) => "repayment".clone_into(cell),
                    ("amount", 5) => "10000.00".clone_into(cell),
                    ("amount", 6) => "12345.67".clone_into(cell),
                    _ => {}
                }
            }
        }
        let fixed = send(&scene.bank, "copy.xlsx", &workbook(&copy)).await;
        assert_eq!(fixed.counts(), (2, 2, 0), "{:?}", fixed.refusals());
    });
}

#[test]
fn the_marked_copy_is_corrected_until_nothing_is_refused() {
    run(async {
        let scene = Lending::new(shared().await).await;
        let (code, contract) = (scene.code.as_str(), scene.contract_no.as_str());
        let rows: [&[&str]; 4] = [
            &[code, contract, "1", "放款", "2025-03-01", "1000000.00"],
            &["", contract, "2", "放款", "2025-02-30", "1e6"],
            &[code, contract, "3", "放貸", "2025-03-02", "2000000.00"],
            &["313000000001", contract, "4", "放款", "2025-03-02", "2000000.00"],
        ];
        let header = [EVENTS.as_slice(), &["冲正流水号"]].concat();
        let first = send(
            &scene.bank,
            "放款还款.xlsx",
            &workbook(&[grid(File::LoanEvents, &header, &rows)]),
        )
        .await;
        assert_eq!(first.counts(), (1, 0, 3));
        let refusals = first.refusals();
        let codes: Vec<(i32, &str, &str)> = refusals
            .iter()
            .map(|(row, _, header, code)| (*row, *header, *code))
            .collect();
        let expected = [
            (3, "发生时间", "DATE_INVALID"),
            (3, "金额", "AMOUNT_MALFORMED"),
            (4, "类型", "WORD_UNKNOWN"),
        ];
        assert_eq!(codes[..3], expected);
        assert_eq!((codes[3].0, codes[3].1), (5, "机构代码"));
        assert_eq!(first.summary.marked_copy_name, "放款还款-marked.xlsx");
        let mut copy = read(&first.marked_copy);
        let sheet = &mut copy[0];
        let place = |name: &str| sheet.header.iter().position(|header| header == name).unwrap();
        let (at, amount, kind, owner) = (place("发生时间"), place("金额"), place("类型"), place("机构代码"));
        sheet.rows[1].cells[at] = "2025-02-28".to_owned();
        sheet.rows[1].cells[amount] = "1000000.00".to_owned();
        sheet.rows[2].cells[kind] = "放款".to_owned();
        let second = send(&scene.bank, "放款还款.xlsx", &workbook(&copy)).await;
        assert_eq!(second.counts(), (2, 1, 1));
        let mut copy = read(&second.marked_copy);
        copy[0].rows[3].cells[owner] = code.to_owned();
        let third = send(&scene.bank, "放款还款.xlsx", &workbook(&copy)).await;
        assert_eq!((third.counts(), third.marked_copy.len()), ((1, 3, 0), 0));
        assert_eq!(events(&scene).await, 4);
    });
}

#[test]
fn an_uploaded_row_is_the_row_of_an_import() {
    run(async {
        let scene = Lending::new(shared().await).await;
        let bytes = draws(&scene, &[("1", "2025-03-01", "1000000.00")]);
        let uploaded = send(&scene.bank, "loan_events.csv", &bytes).await;
        assert_eq!(
            (uploaded.counts(), uploaded.summary.row_audit_heads.len()),
            ((1, 0, 0), 1)
        );
        let cells = [
            ("institution_code", scene.code.as_str()),
            ("contract_no", &scene.contract_no),
            ("event_no", "1"),
            ("kind", "draw"),
            ("occurred_at", "2025-03-01"),
            ("amount", "1000000.00"),
        ];
        let imported = pledge(&scene.bank, &[Line::new(File::LoanEvents, &cells)]).await;
        assert_eq!(imported.verdicts[0].verdict(), Verdict::Unchanged);
    });
}

#[test]
fn a_repeat_gets_the_same_answer_and_another_file_is_refused() {
    run(async {
        let scene = Lending::new(shared().await).await;
        let bytes = draws(
            &scene,
            &[("1", "2025-03-01", "1000000.00"), ("2", "2025-02-30", "1.00")],
        );
        let declared = declaration("loan_events.csv", &bytes);
        let first = send_declared(&scene.bank, declared.clone(), &bytes)
            .await
            .unwrap();
        assert_eq!(first.counts(), (1, 0, 1));
        let again = send_declared(&scene.bank, declared.clone(), &bytes)
            .await
            .unwrap();
        assert_eq!(again.summary.audit_head, first.summary.audit_head);
        // The copy is made anew from the same file; everything else is kept.
        assert_eq!((again.counts(), &again.refused), ((1, 0, 1), &first.refused));
        let other = draws(&scene, &[("3", "2025-03-01", "1000000.00")]);
        let reused = pb::UploadDeclaration {
            request_id: declared.request_id.clone(),
            ..declaration("loan_events.csv", &other)
        };
        let refused = send_declared(&scene.bank, reused, &other).await;
        assert_refused(refusal(refused), Code::AlreadyExists, "REQUEST_ID_REUSED");
        let renamed = pb::UploadDeclaration {
            file_name: "放款还款.csv".to_owned(),
            ..declared
        };
        let refused = send_declared(&scene.bank, renamed, &bytes).await;
        assert_refused(refusal(refused), Code::AlreadyExists, "REQUEST_ID_REUSED");
        assert_eq!(events(&scene).await, 1);
    });
}

#[test]
fn bytes_that_are_not_the_declared_ones_store_nothing() {
    run(async {
        let scene = Lending::new(shared().await).await;
        let bytes = draws(&scene, &[("1", "2025-03-01", "1000000.00")]);
        let true_one = declaration("loan_events.csv", &bytes);
        let other_digest = pb::UploadDeclaration {
            sha256: "0".repeat(64),
            ..true_one.clone()
        };
        let refused = send_declared(&scene.bank, other_digest, &bytes).await;
        assert_refused(refusal(refused), Code::InvalidArgument, "UPLOAD_DIGEST_DIFFERS");
        for sent in [&bytes[..bytes.len() - 1], &[&bytes[..], b"x"].concat()[..]] {
            let refused = send_declared(&scene.bank, true_one.clone(), sent).await;
            assert_refused(refusal(refused), Code::InvalidArgument, "UPLOAD_SIZE_DIFFERS");
        }
        let large = vec![b'x'; 70_000];
        let refused = send_messages(
            &scene.bank,
            messages(declaration("loans.csv", &large), &large, 70_000),
        )
        .await;
        assert_refused(refusal(refused), Code::InvalidArgument, "CHUNK_TOO_LARGE");
        let only_bytes = vec![pb::UploadFileRequest {
            message: Some(Sent::Chunk(bytes.clone())),
        }];
        let twice = [
            Sent::Declaration(true_one.clone()),
            Sent::Declaration(true_one.clone()),
        ];
        let twice = twice.map(|message| pb::UploadFileRequest {
            message: Some(message),
        });
        for wrong in [Vec::new(), only_bytes, twice.to_vec()] {
            let refused = send_messages(&scene.bank, wrong).await;
            assert_refused(refusal(refused), Code::InvalidArgument, "UPLOAD_ORDER");
        }
        assert_eq!(events(&scene).await, 0);
        // The key was not spent by what failed.
        assert_eq!(
            send_declared(&scene.bank, true_one, &bytes)
                .await
                .unwrap()
                .counts(),
            (1, 0, 0)
        );
    });
}

#[test]
fn every_bad_field_of_a_declaration_is_named_at_once() {
    run(async {
        let scene = Lending::new(shared().await).await;
        let wrong = pb::UploadDeclaration {
            file_name: "../流水.txt".to_owned(),
            size_bytes: 21 << 20,
            sha256: "xyz".to_owned(),
            ..declaration("", b"")
        };
        let refused = send_declared(&scene.bank, wrong, b"").await;
        let refused = assert_refused(refusal(refused), Code::InvalidArgument, "FIELDS_INVALID");
        let expected = [
            ("declaration.file", "FILE_UNKNOWN"),
            ("declaration.file_name", "FILE_NAME_UNKNOWN"),
            ("declaration.sha256", "UPLOAD_DIGEST_MALFORMED"),
            ("declaration.size_bytes", RefusalCode::FileTooLarge.as_str()),
        ];
        for (field, code) in expected {
            assert_eq!(refused.code_of(field), Some(code), "{refused:?}");
        }
    });
}

#[test]
fn a_check_stores_nothing_and_says_the_same() {
    run(async {
        let scene = Lending::new(shared().await).await;
        let bytes = draws(
            &scene,
            &[("1", "2025-03-01", "1000000.00"), ("2", "2025-02-30", "1.00")],
        );
        let check = pb::UploadDeclaration {
            check_only: true,
            ..declaration("loan_events.csv", &bytes)
        };
        let checked = send_declared(&scene.bank, check.clone(), &bytes).await.unwrap();
        assert!(checked.summary.check_only && checked.summary.audit_head.is_none());
        assert_eq!((checked.counts(), events(&scene).await), ((1, 0, 1), 0));
        let real = pb::UploadDeclaration {
            check_only: false,
            ..check.clone()
        };
        let stored = send_declared(&scene.bank, real, &bytes).await.unwrap();
        assert_eq!(
            (stored.counts(), &stored.refused),
            (checked.counts(), &checked.refused)
        );
        let checked = send_declared(&scene.bank, check, &bytes).await.unwrap();
        assert_eq!((checked.counts(), events(&scene).await), ((0, 1, 1), 1));
    });
}

#[test]
fn a_whole_file_is_refused_with_everything_that_is_wrong() {
    run(async {
        let sandbox = shared().await;
        let (scene, other) = (Lending::new(sandbox).await, Lending::new(sandbox).await);
        let bytes = b"contract_no,contract_no,betrag\n";
        let refused = send_declared(&scene.bank, declaration("loans.csv", bytes), bytes).await;
        let refused = assert_refused(refusal(refused), Code::InvalidArgument, "FIELDS_INVALID");
        assert_eq!(
            refused.code_of("loans.borrower_uscc"),
            Some("COLUMN_MISSING"),
            "{refused:?}"
        );
        let bytes = b"patent_no,title\n";
        let refused = send_declared(&scene.bank, declaration("patents.csv", bytes), bytes).await;
        assert_refused(refusal(refused), Code::InvalidArgument, "NOT_THE_BUREAU");
        let bytes = b"PK\x03\x04 nothing";
        let refused = send_declared(&scene.bank, declaration("loans.xlsx", bytes), bytes).await;
        assert_eq!(refused.unwrap_err().code(), Code::InvalidArgument);
        // Another institution's mapping does not exist for this one.
        let mapping = set(&other.bank, core_system("theirs")).await;
        let bytes = draws(&scene, &[("1", "2025-03-01", "1.00")]);
        let declared = pb::UploadDeclaration {
            mapping: mapping.name.clone(),
            ..declaration("x.csv", &bytes)
        };
        let refused = send_declared(&scene.bank, declared.clone(), &bytes).await;
        assert_refused(refusal(refused), Code::NotFound, "NOT_FOUND");
        let refused = send_declared(&other.bank, declared, &bytes).await;
        assert_refused(refusal(refused), Code::InvalidArgument, "MAPPING_HEADER_MISSING");
        assert_eq!(events(&scene).await, 0);
    });
}

#[test]
fn the_bureau_sends_its_registry_and_on_behalf() {
    run(async {
        let sandbox = shared().await;
        let (bureau, scene) = (sandbox.client("bureau"), Lending::new(sandbox).await);
        let (code, contract) = (scene.code.as_str(), scene.contract_no.as_str());
        let uscc = ids::enterprise(ids::fresh());
        let enterprises = grid(
            File::Enterprises,
            &[
                "统一社会信用代码",
                "名称",
                "行政区划代码",
                "登记起始日",
                "登记终止日",
            ],
            &[&[&uscc, "安阳上传企业", "410502", "2010-01-01", ""]],
        );
        let header = [EVENTS.as_slice(), &["冲正流水号"]].concat();
        let rows: [&[&str]; 2] = [
            &[code, contract, "1", "放款", "2025-03-01", "1000000.00"],
            &["", contract, "2", "放款", "2025-03-01", "1000000.00"],
        ];
        let both = workbook(&[grid(File::LoanEvents, &header, &rows), enterprises]);
        let uploaded = send(&bureau, "导入.xlsx", &both).await;
        assert_eq!(uploaded.counts(), (2, 0, 1));
        assert_eq!(
            uploaded.refusals(),
            [(3, "institution_code", "机构代码", "CELL_REQUIRED")]
        );
        let files: Vec<&str> = uploaded
            .summary
            .files
            .iter()
            .map(|file| file.file.as_str())
            .collect();
        assert_eq!(files, ["enterprises", "loan_events"]);
        assert_eq!(uploaded.summary.audit_head.unwrap().stream, "bureau");
        let name = format!("loans/{contract}/events/1");
        let event = scene
            .bank
            .pledge()
            .get_loan_event(GetLoanEventRequest { name })
            .await
            .unwrap();
        assert!(event.into_inner().loan_event.unwrap().state.unwrap().on_behalf);
    });
}

#[test]
fn an_insurer_sends_its_files_in_one_workbook() {
    run(async {
        let scene = Insuring::new(shared().await).await;
        let policy_no = scene.policy_no.as_str();
        let policies = grid(
            File::Policies,
            &[
                "policy_no",
                "product",
                "policyholder_uscc",
                "cover_from",
                "cover_to",
                "sum_insured",
            ],
            &[&[
                policy_no,
                "enforcement",
                &scene.holder,
                "2025-01-01",
                "2025-12-31",
                "",
            ]],
        );
        let patents = grid(
            File::PolicyPatents,
            &["policy_no", "patent_no", "premium"],
            &[&[policy_no, &scene.patent, ""]],
        );
        let premiums = grid(
            File::PremiumEvents,
            &[
                "policy_no",
                "event_no",
                "kind",
                "occurred_on",
                "amount",
                "reverses",
            ],
            &[&[policy_no, "1", "payment", "2025-02-01", "10000.00", ""]],
        );
        let book = workbook(&[policies, patents, premiums]);
        let uploaded = send(&scene.insurer, "保单.xlsx", &book).await;
        assert_eq!(uploaded.counts(), (3, 0, 0), "{:?}", uploaded.refusals());
    });
}

/// Whether an upload was refused since another one of the same caller was under way.
fn is_busy(result: &Result<Uploaded, tonic::Status>) -> bool {
    let status = result.as_ref().err();
    status.is_some_and(|status| zhirong_tests::answer::refused(status).reason == "UPLOAD_BUSY")
}

#[test]
fn one_upload_a_caller_at_a_time() {
    run(async {
        let scene = Lending::new(shared().await).await;
        let bytes = draws(&scene, &[("1", "2025-03-01", "1000000.00")]);
        for _ in 0..20 {
            let (sending, requests) = tokio::sync::mpsc::channel(4);
            let mut first = messages(declaration("loan_events.csv", &bytes), &bytes, 65_536).into_iter();
            sending.send(first.next().unwrap()).await.unwrap();
            let answers = scene
                .bank
                .files()
                .upload_file(ReceiverStream::new(requests))
                .await;
            let mut answers = answers.unwrap().into_inner();
            // The second is refused while the first one's bytes are still to come, as soon as the first has entered.
            let mut refused = false;
            for _ in 0..50 {
                let other = send_declared(&scene.bank, declaration("loan_events.csv", &bytes), &bytes).await;
                refused = refused || is_busy(&other);
                assert!(other.is_ok() || refused, "{other:?}");
                if refused {
                    break;
                }
            }
            for message in first {
                // A first one that was refused itself listens no more.
                let _gone = sending.send(message).await;
            }
            drop(sending);
            // It was the first one that came too late: the whole again.
            let Ok(Some(_)) = answers.message().await else {
                continue;
            };
            while answers.message().await.unwrap().is_some() {}
            assert!(refused);
            assert_eq!(events(&scene).await, 1);
            return;
        }
        panic!("the first upload never entered first");
    });
}

#[test]
fn an_upload_that_stops_coming_is_given_up_and_stores_nothing() {
    run(async {
        let scene = Lending::new(shared().await).await;
        let bytes = draws(&scene, &[("1", "2025-03-01", "1000000.00")]);
        let (sending, requests) = tokio::sync::mpsc::channel(4);
        let mut all = messages(declaration("loan_events.csv", &bytes), &bytes, 16).into_iter();
        for message in all.by_ref().take(2) {
            sending.send(message).await.unwrap();
        }
        let request = within(ReceiverStream::new(requests), Duration::from_secs(90));
        let mut answers = scene
            .bank
            .files()
            .upload_file(request)
            .await
            .unwrap()
            .into_inner();
        let status = answers.message().await.map(tonic::Response::new);
        assert_refused(status, Code::DeadlineExceeded, "UPLOAD_STALLED");
        // Its place is free again, and its key was not spent.
        assert_eq!(
            send(&scene.bank, "loan_events.csv", &bytes).await.counts(),
            (1, 0, 0)
        );
        drop(sending);
    });
}
