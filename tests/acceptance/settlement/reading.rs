//! Reading batches, lines and findings, and the explanation of a line.

use api::common::v1::Severity;
use api::settlement::v1 as pb;
use tonic::Code;
use zhirong_tests::answer::{assert_refused, yuan};
use zhirong_tests::sandbox::shared;
use zhirong_tests::scene::Lending;
use zhirong_tests::{batch, ids, run};

#[test]
fn get_batch_and_list_batches_in_the_order_of_their_numbers() {
    run(async {
        let sandbox = shared().await;
        let year = ids::year();
        let mut released = Vec::new();
        for _ in 0..3 {
            released.push(batch::settle(sandbox, year, "2026-03-31").await);
        }
        for reader in [
            "auditor",
            "bureau",
            "finance-maker",
            "finance-checker",
            "finance-releaser",
        ] {
            let mut service = sandbox.client(reader).settlement();
            let get = pb::GetBatchRequest {
                name: released[1].name.clone(),
            };
            assert_eq!(
                service.get_batch(get).await.unwrap().into_inner().batch.as_ref(),
                Some(&released[1])
            );
        }
        let mut service = sandbox.client("auditor").settlement();
        let list = pb::ListBatchesRequest {
            year,
            page_size: 2,
            page_token: String::new(),
        };
        assert_eq!(list_all!(service, list_batches, list, batches), released);
        let every = pb::ListBatchesRequest {
            year: 0,
            page_size: 2,
            page_token: String::new(),
        };
        let all = list_all!(service, list_batches, every, batches);
        assert!(all.windows(2).all(|pair| pair[0].batch_no < pair[1].batch_no));
        let token = pb::ListBatchesRequest {
            page_token: "7".to_owned(),
            ..Default::default()
        };
        assert_refused(
            service.list_batches(token).await,
            Code::InvalidArgument,
            "PAGE_TOKEN_INVALID",
        );
        let absent = pb::GetBatchRequest {
            name: format!("batches/410500-{year}-777"),
        };
        assert_refused(service.get_batch(absent).await, Code::NotFound, "NOT_FOUND");
    });
}

#[test]
fn list_lines_and_list_findings_page_by_page() {
    run(async {
        let sandbox = shared().await;
        let (before, year) = (ids::year(), ids::year());
        for _ in 0..3 {
            let scene = Lending::new(sandbox).await;
            let mut request = scene.report(year, "8000000.00");
            // Drawn before the registration: held.
            let early = scene.draw("0", &format!("{before}-12-31"), "10000.00");
            request.events.push(early);
            scene.bank.pledge().report_loan(request).await.unwrap();
        }
        let draft = batch::open(sandbox, batch::opening(before, "2026-03-31")).await;
        let draft = batch::compute(sandbox, &draft.name).await;
        let findings = batch::findings(sandbox, &draft.name).await;
        assert_eq!(findings.len(), usize::try_from(draft.findings_count).unwrap());
        let held: Vec<_> = findings
            .iter()
            .filter(|finding| finding.code == "DRAW_BEFORE_REGISTRATION")
            .collect();
        assert!(held.len() >= 3 && held.iter().all(|finding| finding.severity() == Severity::Hold));
        // A reviewer's reason stands in the reviewer's own words in both texts.
        let mut ours = findings
            .iter()
            .filter(|finding| !finding.code.starts_with("DECISION_"));
        assert!(ours.all(|finding| {
            let text = finding.message.as_ref().unwrap();
            assert!(text.en.is_ascii(), "{finding:?}");
            !text.zh.is_ascii()
        }));
        let mut service = sandbox.client("auditor").settlement();
        let list = pb::ListFindingsRequest {
            parent: draft.name.clone(),
            page_size: 1,
            page_token: String::new(),
        };
        assert_eq!(
            list_all!(service, list_findings, list.clone(), findings),
            findings
        );

        let draft = batch::open(sandbox, batch::opening(year, "2026-03-31")).await;
        batch::compute(sandbox, &draft.name).await;
        let lines = batch::lines(sandbox, &draft.name).await;
        assert_eq!(lines.len(), 6);
        let list = pb::ListLinesRequest {
            parent: draft.name.clone(),
            page_size: 4,
            page_token: String::new(),
        };
        assert_eq!(list_all!(service, list_lines, list.clone(), lines), lines);
        let key = |line: &pb::Line| {
            (
                batch::measure_of(line),
                line.beneficiary.clone(),
                line.item.clone(),
            )
        };
        assert!(lines.windows(2).all(|pair| key(&pair[0]) < key(&pair[1])));
        assert!(
            lines
                .iter()
                .zip(1_i64..)
                .all(|(line, number)| line.line_no == number)
        );
        let wrong = pb::ListLinesRequest {
            page_token: "x".to_owned(),
            ..list.clone()
        };
        assert_refused(
            service.list_lines(wrong).await,
            Code::InvalidArgument,
            "PAGE_TOKEN_INVALID",
        );
        let wrong = pb::ListLinesRequest {
            parent: format!("batches/410500-{year}-050"),
            ..list
        };
        assert_refused(service.list_lines(wrong).await, Code::NotFound, "NOT_FOUND");
    });
}

#[test]
fn explain_line_goes_from_the_clause_to_the_reported_records() {
    run(async {
        let sandbox = shared().await;
        let (scene, year) = (Lending::new(sandbox).await, ids::year());
        scene.lend(year, "3000000.00").await;
        let draft = batch::open(sandbox, batch::opening(year, "2026-03-31")).await;
        batch::compute(sandbox, &draft.name).await;
        let lines = batch::lines(sandbox, &draft.name).await;
        let line = lines
            .iter()
            .find(|line| line.beneficiary == scene.borrower)
            .unwrap();
        let mut service = sandbox.client("bureau").settlement();
        let request = pb::ExplainLineRequest {
            name: line.name.clone(),
        };
        let answer = service.explain_line(request).await.unwrap().into_inner();
        assert_eq!(answer.line.as_ref(), Some(line));
        let sentence = answer.sentence.unwrap();
        for text in [&sentence.zh, &sentence.en] {
            assert!(text.contains("50000.00") && text.contains("3000000.00"), "{text}");
        }
        assert!(sentence.zh.contains("应得") && sentence.en.contains("entitled"));
        let root = answer.explanation.unwrap();
        let codes: Vec<&str> = root.children.iter().map(|step| step.code.as_str()).collect();
        assert!(!codes.is_empty());
        let record = format!("{}/{}", scene.code, scene.contract_no);
        let references: Vec<&String> = root.children.iter().flat_map(|step| &step.references).collect();
        assert!(
            references.iter().any(|reference| reference.starts_with(&record)),
            "{references:?}"
        );
        assert!(root.children.iter().all(|step| {
            let text = step.text.as_ref().unwrap();
            !text.zh.is_empty() && text.en.is_ascii()
        }));
        assert_eq!(
            answer
                .clauses
                .iter()
                .map(|clause| clause.id.as_str())
                .collect::<Vec<_>>(),
            ["A8.1.1"]
        );
        // Exactly 3,000,000.00: the line says what the other readings would have paid.
        let high = line
            .alternatives
            .iter()
            .find(|other| other.reading == "R1" && other.value == "HIGH")
            .unwrap();
        assert_eq!(yuan(&high.amount), "100000.00");
        assert!(line.readings.iter().any(|reading| reading.id == "R1"));
        let absent = pb::ExplainLineRequest {
            name: format!("{}/lines/99", draft.name),
        };
        assert_refused(service.explain_line(absent).await, Code::NotFound, "NOT_FOUND");
        let malformed = pb::ExplainLineRequest { name: draft.name };
        assert_refused(
            service.explain_line(malformed).await,
            Code::InvalidArgument,
            "NAME_MALFORMED",
        );
    });
}
