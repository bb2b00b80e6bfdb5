//! Monthly statements: to the fen, by the month in which something was known, and never changed once the month is over.

use std::collections::BTreeMap;

use api::files::v1 as pb;
use api::pledge::v1::{AmendLoanEventRequest, ReportLoanEventRequest, WithdrawLoanEventRequest};
use client::Client;
use tonic::Code;
use zhirong_tests::answer::{assert_refused, yuan};
use zhirong_tests::sandbox::{Sandbox, close, shared};
use zhirong_tests::scene::Lending;
use zhirong_tests::{batch, ids, run};

async fn report(scene: &Lending, event_no: &str, on: &str, amount: &str) {
    let request = ReportLoanEventRequest {
        request_id: ids::request_id(),
        loan_event: Some(scene.draw(event_no, on, amount)),
        ..ReportLoanEventRequest::default()
    };
    scene.bank.pledge().report_loan_event(request).await.unwrap();
}

async fn amend(scene: &Lending, event_no: &str, on: &str, amount: &str) {
    let request = AmendLoanEventRequest {
        request_id: ids::request_id(),
        loan_event: Some(scene.draw(event_no, on, amount)),
        ..AmendLoanEventRequest::default()
    };
    scene.bank.pledge().amend_loan_event(request).await.unwrap();
}

async fn withdraw(scene: &Lending, event_no: &str) {
    let request = WithdrawLoanEventRequest {
        request_id: ids::request_id(),
        name: format!("loans/{}/events/{event_no}", scene.contract_no),
        ..WithdrawLoanEventRequest::default()
    };
    scene.bank.pledge().withdraw_loan_event(request).await.unwrap();
}

/// Puts a revision into the past, as if it had been recorded then: before any month was closed.
async fn recorded(sandbox: &Sandbox, scene: &Lending, (event_no, revision): (&str, i32), at: &str) {
    let mut database = sandbox.database().await;
    let moved = sqlx::query(
        "update pledge.loan_event set recorded_at = $1::text::timestamptz, cut_off = 1
         where institution_code = $2 and event_no = $3 and revision = $4",
    )
    .bind(at)
    .bind(&scene.code)
    .bind(event_no)
    .bind(revision)
    .execute(&mut database)
    .await
    .unwrap();
    assert_eq!(moved.rows_affected(), 1);
    close(database).await;
}

async fn registered(sandbox: &Sandbox, scene: &Lending, at: &str) {
    let mut database = sandbox.database().await;
    sqlx::query("update registry.institution set recorded_at = $1::text::timestamptz, cut_off = 1 where institution_code = $2")
        .bind(at)
        .bind(&scene.code)
        .execute(&mut database)
        .await
        .unwrap();
    close(database).await;
}

fn asking(month: &str, page_size: i32) -> pb::GetStatementRequest {
    pb::GetStatementRequest {
        month: month.to_owned(),
        page_size,
        page_token: String::new(),
    }
}

/// A statement with all its entries, page by page.
async fn statement(client: &Client, month: &str) -> (pb::Statement, Vec<pb::StatementEntry>) {
    let (mut request, mut entries) = (asking(month, 2), Vec::new());
    loop {
        let page = client
            .files()
            .get_statement(request.clone())
            .await
            .unwrap()
            .into_inner();
        assert!(page.entries.len() <= 2);
        entries.extend(page.entries);
        if page.next_page_token.is_empty() {
            return (page.statement.unwrap(), entries);
        }
        request.page_token = page.next_page_token;
    }
}

fn account<'a>(statement: &'a pb::Statement, kind: &str) -> &'a pb::StatementAccount {
    statement
        .accounts
        .iter()
        .find(|account| account.kind == kind)
        .unwrap()
}

/// Records and yuan at the beginning and at the end.
fn balances<'a>(statement: &'a pb::Statement, kind: &str) -> [(i64, &'a str); 2] {
    let account = account(statement, kind);
    let of = |balance: &'a Option<pb::StatementBalance>| {
        let balance = balance.as_ref().unwrap();
        (balance.records, yuan(&balance.amount))
    };
    [of(&account.opening), of(&account.closing)]
}

async fn download(client: &Client, month: &str, format: pb::FileFormat) -> (String, Vec<u8>) {
    let request = pb::DownloadStatementRequest {
        month: month.to_owned(),
        format: format.into(),
    };
    let mut answers = client
        .files()
        .download_statement(request)
        .await
        .unwrap()
        .into_inner();
    let (mut name, mut bytes) = (String::new(), Vec::new());
    while let Some(answer) = answers.message().await.unwrap() {
        name.push_str(&answer.file_name);
        bytes.extend(answer.chunk);
    }
    (name, bytes)
}

/// A lender that drew three times in August, corrected one and withdrew another in September.
async fn two_months(sandbox: &Sandbox) -> Lending {
    let scene = Lending::new(sandbox).await;
    registered(sandbox, &scene, "2026-07-01T00:00:00+08:00").await;
    for (event_no, on, amount) in [
        ("1", "2026-08-01", "1000000.00"),
        ("2", "2026-08-02", "0.01"),
        ("3", "2026-07-31", "2500000.10"),
    ] {
        report(&scene, event_no, on, amount).await;
        recorded(sandbox, &scene, (event_no, 1), "2026-08-31T23:59:59.999999+08:00").await;
    }
    amend(&scene, "1", "2026-08-01", "900000.99").await;
    recorded(sandbox, &scene, ("1", 2), "2026-09-01T00:00:00+08:00").await;
    withdraw(&scene, "3").await;
    recorded(sandbox, &scene, ("3", 2), "2026-09-15T12:00:00+08:00").await;
    scene
}

#[test]
fn a_month_closes_with_what_was_known_and_the_next_one_opens_with_it() {
    run(async {
        let sandbox = shared().await;
        let scene = two_months(sandbox).await;
        let (july, none) = statement(&scene.bank, "2026-07").await;
        assert!(july.accounts.is_empty() && none.is_empty() && july.r#final);
        let (august, entries) = statement(&scene.bank, "2026-08").await;
        assert_eq!(balances(&august, "draw"), [(0, "0.00"), (3, "3500000.11")]);
        assert_eq!((august.entries, august.late_entries, entries.len()), (3, 1, 3));
        assert_eq!(august.legal_person_uscc, scene.legal_person);
        let (september, entries) = statement(&scene.bank, "2026-09").await;
        assert_eq!(
            balances(&september, "draw"),
            [(3, "3500000.11"), (2, "900001.00")]
        );
        let said: Vec<(i64, pb::StatementChange, &str, &str)> = entries
            .iter()
            .map(|entry| {
                (
                    entry.number,
                    entry.change(),
                    entry.name.as_str(),
                    yuan(&entry.effect),
                )
            })
            .collect();
        let name = |event_no: &str| format!("loans/{}/events/{event_no}", scene.contract_no);
        let expected = [
            (1, pb::StatementChange::Corrected, &name("1")[..], "-99999.01"),
            (2, pb::StatementChange::Withdrawn, &name("3")[..], "-2500000.10"),
        ];
        assert_eq!(said, expected);
        assert!(entries.iter().all(|entry| entry.late));
        let net = september.net.as_ref().unwrap();
        assert_eq!(
            [yuan(&net.opening), yuan(&net.change), yuan(&net.closing)],
            ["3500000.11", "-2599999.11", "900001.00"]
        );
        let movement = |change: pb::StatementChange| {
            let of = account(&september, "draw")
                .movements
                .iter()
                .find(|it| it.change() == change)
                .unwrap();
            (of.entries, of.records, yuan(&of.amount))
        };
        assert_eq!(movement(pb::StatementChange::Corrected), (1, 0, "-99999.01"));
        assert_eq!(movement(pb::StatementChange::Withdrawn), (1, -1, "-2500000.10"));
    });
}

#[test]
fn a_month_that_is_over_never_changes() {
    run(async {
        let sandbox = shared().await;
        let scene = two_months(sandbox).await;
        let before = statement(&scene.bank, "2026-09").await;
        assert!(before.0.r#final && before.0.cut_off >= 1);
        // A revision whose clock says September, but which came after the month was closed, stands in a later month.
        report(&scene, "4", "2026-09-20", "777.77").await;
        let mut database = sandbox.database().await;
        sqlx::query("update pledge.loan_event set recorded_at = '2026-09-30T23:59:59+08:00' where institution_code = $1 and event_no = '4'")
            .bind(&scene.code)
            .execute(&mut database)
            .await
            .unwrap();
        close(database).await;
        amend(&scene, "2", "2026-08-02", "5.00").await;
        assert_eq!(statement(&scene.bank, "2026-09").await, before);
        let (now, _) = statement(&scene.bank, &this_month(sandbox).await).await;
        assert!(!now.r#final);
        assert_eq!(balances(&now, "draw")[1], (3, "900783.76"));
    });
}

/// The month in Beijing by the database's clock.
async fn this_month(sandbox: &Sandbox) -> String {
    let mut database = sandbox.database().await;
    let (month,): (String,) =
        sqlx::query_as("select to_char(clock_timestamp() at time zone 'Asia/Shanghai', 'YYYY-MM')")
            .fetch_one(&mut database)
            .await
            .unwrap();
    close(database).await;
    month
}

#[test]
fn the_files_of_a_statement_add_up_to_the_fen() {
    run(async {
        let sandbox = shared().await;
        let scene = two_months(sandbox).await;
        let (name, bytes) = download(&scene.bank, "2026-09", pb::FileFormat::Csv).await;
        assert_eq!(name, format!("statement-{}-2026-09.csv", scene.code));
        let text = String::from_utf8(bytes).unwrap();
        assert!(text.starts_with('\u{feff}'));
        let mut sums: BTreeMap<&str, i128> = BTreeMap::new();
        for line in text.trim_start_matches('\u{feff}').lines().skip(1) {
            let cells: Vec<&str> = line.split(',').collect();
            let fen: i128 = cells[14].replace('.', "").parse().unwrap();
            *sums.entry(cells[0]).or_default() += fen;
        }
        assert_eq!(sums["期初 opening"] + sums["明细 entry"], sums["期末 closing"]);
        assert_eq!(sums["期末 closing"], 90_000_100);
        let (_, gb18030) = download(&scene.bank, "2026-09", pb::FileFormat::CsvGb18030).await;
        let (decoded, ..) = encoding_rs::GB18030.decode(&gb18030);
        assert_eq!(decoded, text.trim_start_matches('\u{feff}'));
        let (name, book) = download(&scene.bank, "2026-09", pb::FileFormat::Unspecified).await;
        assert!(name.ends_with(".xlsx") && book.starts_with(b"PK"));
    });
}

#[test]
fn the_offices_read_any_statement_and_an_institution_its_own() {
    run(async {
        let sandbox = shared().await;
        let scene = two_months(sandbox).await;
        let other = Lending::new(sandbox).await;
        let own = scene
            .bank
            .files()
            .get_statement(asking("2026-09", 0))
            .await
            .unwrap()
            .into_inner();
        for office in [
            "bureau",
            "finance-maker",
            "finance-checker",
            "finance-releaser",
            "auditor",
        ] {
            let mut service = sandbox.client(office).statements();
            let request = pb::GetInstitutionStatementRequest {
                institution_code: scene.code.clone(),
                month: "2026-09".to_owned(),
                page_size: 0,
                page_token: String::new(),
            };
            let answer = service
                .get_institution_statement(request.clone())
                .await
                .unwrap()
                .into_inner();
            assert_eq!(
                (answer.statement, answer.entries),
                (own.statement.clone(), own.entries.clone())
            );
            let download = pb::DownloadInstitutionStatementRequest {
                institution_code: scene.code.clone(),
                month: "2026-09".to_owned(),
                format: pb::FileFormat::Csv.into(),
            };
            let mut file = service
                .download_institution_statement(download)
                .await
                .unwrap()
                .into_inner();
            assert!(file.message().await.unwrap().unwrap().file_name.ends_with(".csv"));
            let unknown = pb::GetInstitutionStatementRequest {
                institution_code: "NOBODY".to_owned(),
                ..request
            };
            let refused = service.get_institution_statement(unknown).await;
            assert_refused(refused, Code::NotFound, "NOT_FOUND");
        }
        let (theirs, entries) = statement(&other.bank, "2026-09").await;
        assert!(theirs.accounts.is_empty() && entries.is_empty());
        for (month, code, reason) in [
            ("2999-01", Code::FailedPrecondition, "STATEMENT_MONTH_AHEAD"),
            ("2026-9", Code::InvalidArgument, "MONTH_MALFORMED"),
        ] {
            let refused = scene.bank.files().get_statement(asking(month, 0)).await;
            assert_refused(refused, code, reason);
        }
        let token = pb::GetStatementRequest {
            page_token: exchange::digest::hex(b"2026-08/1"),
            ..asking("2026-09", 0)
        };
        let refused = scene.bank.files().get_statement(token).await;
        assert_refused(refused, Code::InvalidArgument, "PAGE_TOKEN_INVALID");
    });
}

#[test]
fn what_was_released_stands_in_the_statement_of_its_month() {
    run(async {
        let sandbox = Sandbox::start().await;
        let year = ids::year();
        let (scene, other) = (Lending::new(&sandbox).await, Lending::new(&sandbox).await);
        scene.lend(year, "8000000.00").await;
        other.lend(year, "3000000.00").await;
        let month = this_month(&sandbox).await;
        let (before, _) = statement(&scene.bank, &month).await;
        assert!(before.settled.is_empty());
        let released = batch::settle(&sandbox, year, "2026-03-31").await;
        for (scene, amount) in [(&scene, "80000.00"), (&other, "30000.00")] {
            let (now, _) = statement(&scene.bank, &month).await;
            let [line] = &now.settled[..] else {
                panic!("{:?}", now.settled)
            };
            assert_eq!(format!("batches/{}", line.batch_no), released.name);
            assert_eq!(
                (line.measure.as_str(), line.policy_year),
                ("bank_incentive", year)
            );
            assert_eq!((yuan(&line.amount), yuan(&now.settled_total)), (amount, amount));
        }
        sandbox.stop().await;
    });
}
