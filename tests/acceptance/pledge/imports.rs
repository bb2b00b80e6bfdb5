//! The import stream of a lender's own files.

use api::common::v1::{ImportHeader, Verdict};
use api::pledge::v1 as pb;
use api::pledge::v1::import_pledge_facts_request::Message;
use exchange::File;
use zhirong_tests::answer::assert_refused;
use zhirong_tests::import::{Line, pledge};
use zhirong_tests::sandbox::shared;
use zhirong_tests::scene::Lending;
use zhirong_tests::{ids, run};

fn draw(scene: &Lending, code: &str, event_no: &str, occurred_at: &str, amount: &str) -> Line {
    let cells = [
        ("institution_code", code),
        ("contract_no", &scene.contract_no),
        ("event_no", event_no),
        ("kind", "draw"),
        ("occurred_at", occurred_at),
        ("amount", amount),
    ];
    Line::new(File::LoanEvents, &cells)
}

#[test]
fn import_pledge_facts_goes_row_by_row() {
    run(async {
        let scene = Lending::new(shared().await).await;
        let other = Lending::new(shared().await).await;
        let own = &scene.code;
        let mut unit = draw(&scene, own, "5", "2025-03-05", "800");
        unit.row = 6;
        let mut lines = vec![
            draw(&scene, own, "1", "2025-03-01T09:30:00+08:00", "1000000.00"),
            draw(&scene, own, "2", "2025-02-30", "1000000.00"),
            draw(&scene, &other.code, "3", "2025-03-01", "1000000.00"),
            draw(&scene, own, "4", "2025-03-01T09:30:00", "1e6"),
            unit,
        ];
        for (line, row) in lines.iter_mut().zip(2..) {
            line.row = row;
        }
        let imported = pledge(&scene.bank, &lines).await;
        let refusals: Vec<(i32, &str, &str)> = imported
            .verdicts
            .iter()
            .flat_map(|verdict| &verdict.refusals)
            .map(|refusal| (refusal.row, refusal.column.as_str(), refusal.code.as_str()))
            .collect();
        let expected = [
            (3, "occurred_at", "DATE_INVALID"),
            (4, "institution_code", "OTHER_INSTITUTION"),
            (5, "occurred_at", "INSTANT_WITHOUT_OFFSET"),
            (5, "amount", "AMOUNT_MALFORMED"),
        ];
        assert_eq!(refusals, expected);
        // 800 yuan is stored and warned of: it may be meant in 万元.
        assert_eq!(imported.verdicts[4].verdict(), Verdict::Stored);
        assert_eq!(imported.verdicts[4].warnings[0].code, "AMOUNT_UNIT_SUSPECT");
        let summary = &imported.summary;
        assert_eq!(
            (summary.rows, summary.stored, summary.refused, summary.warned),
            (5, 2, 3, 1)
        );
        assert!(
            other
                .bank
                .pledge()
                .list_loan_events(pb::ListLoanEventsRequest::default())
                .await
                .unwrap()
                .into_inner()
                .loan_events
                .is_empty()
        );
    });
}

#[test]
fn typed_rows_are_as_good_as_raw_ones() {
    run(async {
        use pb::import_row::Record;
        let scene = Lending::new(shared().await).await;
        let row = |row, record| pb::ImportRow {
            row,
            record: Some(record),
            revision: None,
            withdrawn: false,
        };
        let rows = vec![
            row(1, Record::Pledge(scene.pledge("2025-01-01"))),
            row(2, Record::Loan(scene.loan("6000000.00"))),
            row(3, Record::LoanEvent(scene.draw("1", "2025-03-01", "6000000.00"))),
        ];
        let messages = [
            Message::Header(ImportHeader {
                request_id: ids::request_id(),
            }),
            Message::Rows(pb::ImportRows { rows }),
        ];
        let messages = messages.map(|message| pb::ImportPledgeFactsRequest {
            message: Some(message),
        });
        let mut answers = scene
            .bank
            .pledge()
            .import_pledge_facts(tokio_stream::iter(messages))
            .await
            .unwrap()
            .into_inner();
        while let Some(answer) = answers.message().await.unwrap() {
            if let Some(pb::import_pledge_facts_response::Message::Summary(summary)) = answer.message {
                assert_eq!((summary.rows, summary.stored), (3, 3));
            }
        }
        // They are the same facts as the raw rows of a file.
        let raw = draw(
            &scene,
            &scene.code,
            "1",
            "2025-03-01T10:00:00+08:00",
            "6000000.00",
        );
        assert_eq!(pledge(&scene.bank, &[raw]).await.summary.unchanged, 1);
    });
}

#[test]
fn an_import_begins_with_its_header() {
    run(async {
        let scene = Lending::new(shared().await).await;
        let rows = Message::Rows(pb::ImportRows::default());
        let messages = [pb::ImportPledgeFactsRequest { message: Some(rows) }];
        let mut answers = scene
            .bank
            .pledge()
            .import_pledge_facts(tokio_stream::iter(messages))
            .await
            .unwrap()
            .into_inner();
        let status = answers.message().await.map(tonic::Response::new);
        assert_refused(status, tonic::Code::InvalidArgument, "IMPORT_ORDER");
    });
}
