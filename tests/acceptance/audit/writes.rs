//! Every write leaves a row in its own transaction, and its answer names the row.

use api::common::v1::AuditHead;
use api::ledger::v1::{ListAuditHeadsRequest, ListAuditRowsRequest};
use prost::Message;
use prost_types::FileDescriptorSet;
use sqlx::PgConnection;
use tonic::Code;
use zhirong_tests::answer::assert_refused;
use zhirong_tests::import::{Line, pledge};
use zhirong_tests::sandbox::{Sandbox, close, shared};
use zhirong_tests::scene::Lending;
use zhirong_tests::{batch, ids, run};

use super::rows;

/// Rows whose transaction wrote no audit row, by table. A row's `xmin` is the transaction that wrote it last, frozen or not.
async fn unrecorded(database: &mut PgConnection) -> Vec<(String, i64)> {
    let tables: Vec<(String,)> = sqlx::query_as(
        "select format('%I.%I', schemaname, tablename) from pg_tables
         where schemaname in ('registry', 'pledge', 'insurance', 'settlement', 'files') or (schemaname, tablename) in (('ledger', 'request'))
         order by 1",
    )
    .fetch_all(&mut *database)
    .await
    .unwrap();
    let mut found = Vec::new();
    for (table,) in tables {
        // The calendar of holidays and the like come with the migrations, not with a call.
        let sql = format!(
            "select count(*) from {table} t
             where t.xmin not in (select a.xmin from ledger.audit a)
               and t.xmin::text::bigint > (select max(h.xmin::text::bigint) from _sqlx_migrations h)"
        );
        let (count,): (i64,) = sqlx::query_as(sqlx::AssertSqlSafe(sql))
            .fetch_one(&mut *database)
            .await
            .unwrap();
        if count > 0 {
            found.push((table, count));
        }
    }
    found
}

/// One write of each kind: registry, credentials, reports, on behalf, import, every verb of a batch.
async fn write_of_each_kind(sandbox: &Sandbox) {
    let (scene, year) = (Lending::new(sandbox).await, ids::year());
    scene.lend(year, "8000000.00").await;
    let inner = scene.report(year, "8000000.00");
    let on_behalf = api::pledge::v1::ReportOnBehalfRequest {
        request_id: inner.request_id.clone(),
        institution_code: scene.code.clone(),
        report: Some(api::pledge::v1::report_on_behalf_request::Report::ReportLoan(
            inner,
        )),
    };
    let mut bureau = sandbox.client("bureau").pledge_on_behalf();
    let answer = bureau.report_on_behalf(on_behalf).await.unwrap().into_inner();
    assert_eq!(answer.receipt.unwrap().audit_head.unwrap().stream, "bureau");
    let line = Line::new(
        exchange::File::LoanEvents,
        &[
            ("institution_code", &scene.code),
            ("contract_no", &scene.contract_no),
            ("event_no", "2"),
            ("kind", "repayment"),
            ("occurred_at", "2025-03-01T09:30:00+08:00"),
            ("amount", "1000.00"),
        ],
    );
    let imported = pledge(&scene.bank, &[line]).await;
    assert_eq!(imported.summary.stored, 1, "{imported:?}");
    let create = api::registry::v1::CreateCredentialRequest {
        request_id: ids::request_id(),
        holder: scene.code.clone(),
        role: api::registry::v1::CredentialRole::Institution.into(),
        not_after: Some(prost_types::Timestamp {
            seconds: 4_000_000_000,
            nanos: 0,
        }),
        key: Some(api::registry::v1::create_credential_request::Key::SpkiDigest(
            format!("{:064x}", ids::fresh()),
        )),
        ..Default::default()
    };
    let mut bureau = sandbox.client("bureau").registry();
    let made = bureau.create_credential(create).await.unwrap().into_inner();
    let revoke = api::registry::v1::RevokeCredentialRequest {
        request_id: ids::request_id(),
        name: made.credential.unwrap().name,
        reason: "轮换".to_owned(),
    };
    bureau.revoke_credential(revoke).await.unwrap();
    let settled = batch::settle(sandbox, year, "2026-03-31").await;
    assert!(!settled.audit_heads.is_empty());
    let draft = batch::open(sandbox, batch::opening(year, "2026-03-31")).await;
    let cancel = api::settlement::v1::CancelBatchRequest {
        request_id: ids::request_id(),
        name: draft.name,
        reason: "重开".to_owned(),
    };
    let mut maker = sandbox.client("finance-maker").settlement();
    let cancelled = maker.cancel_batch(cancel).await.unwrap().into_inner();
    assert_eq!(cancelled.audit_head.unwrap().stream, "finance");
}

#[test]
fn every_transaction_that_writes_leaves_an_audit_row() {
    run(async {
        let sandbox = Sandbox::start().await;
        write_of_each_kind(&sandbox).await;
        let mut database = sandbox.database().await;
        assert_eq!(unrecorded(&mut database).await, []);
        // The red twin: a write that comes with no audit row is found.
        sqlx::query("update registry.credential set not_after = not_after")
            .execute(&mut database)
            .await
            .unwrap();
        let found = unrecorded(&mut database).await;
        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!(found[0].0, "registry.credential");
        close(database).await;
        sandbox.stop().await;
    });
}

#[test]
fn a_receipt_names_its_row_and_a_repeat_names_the_same() {
    run(async {
        let sandbox = shared().await;
        let scene = Lending::new(sandbox).await;
        let request = scene.report(2025, "8000000.00");
        let mut bank = scene.bank.pledge();
        let first = bank.report_loan(request.clone()).await.unwrap().into_inner();
        let head = first.receipt.clone().unwrap().audit_head.unwrap();
        scene.lend(2025, "8000000.00").await;
        let again = bank.report_loan(request).await.unwrap().into_inner();
        assert_eq!(again, first, "the first answer, with the first row");
        let own = rows(sandbox, &scene.code, "").await;
        let row = own.iter().find(|row| row.chain_no == head.chain_no).unwrap();
        assert_eq!(
            (&row.row_hash, &row.stream, row.action.as_str()),
            (&head.hash, &scene.code, "ReportLoan")
        );
        assert_eq!(row.body_digest, first.receipt.unwrap().body_digest);
        // The registration of the bank stands in the bureau's chain, not in the bank's.
        assert!(own.iter().all(|row| row.actor == scene.code));
    });
}

#[test]
fn an_institution_sees_its_own_chain_and_no_other() {
    run(async {
        let sandbox = shared().await;
        let (one, other) = (Lending::new(sandbox).await, Lending::new(sandbox).await);
        one.lend(2025, "8000000.00").await;
        other.lend(2025, "8000000.00").await;
        let heads = sandbox
            .client(&one.code)
            .audit()
            .list_audit_heads(ListAuditHeadsRequest {})
            .await;
        let heads = heads.unwrap().into_inner();
        let streams =
            |heads: &[AuditHead]| -> Vec<String> { heads.iter().map(|head| head.stream.clone()).collect() };
        assert_eq!(streams(&heads.heads), std::slice::from_ref(&one.code));
        assert_eq!(heads.heads, heads.answered_heads);
        for stream in [other.code.as_str(), "bureau", "finance", "nobody"] {
            let request = ListAuditRowsRequest {
                stream: stream.to_owned(),
                ..Default::default()
            };
            let answer = sandbox.client(&one.code).audit().list_audit_rows(request).await;
            assert_refused(answer, Code::NotFound, "NOT_FOUND");
        }
        let found = zhirong::audit::check(
            &sandbox.client(&one.code),
            &zhirong::audit::AuditVerifyArgs::default(),
        )
        .await
        .unwrap();
        assert!(found.is_whole() && found.chains.len() == 1, "{found:?}");
    });
}

/// Writes whose answer has no place for the audit row. A write has a request key; an import stream has it in its first message.
fn unnamed(set: &FileDescriptorSet) -> Vec<String> {
    let mut wrong = Vec::new();
    let message = |name: &str| {
        let files = set.file.iter();
        let mut messages = files.flat_map(|file| {
            let path = |it: &prost_types::DescriptorProto| format!(".{}.{}", file.package(), it.name());
            file.message_type.iter().map(move |it| (path(it), it))
        });
        messages.find(|(path, _)| path == name).unwrap().1
    };
    for method in set
        .file
        .iter()
        .flat_map(|file| &file.service)
        .flat_map(|service| &service.method)
    {
        let has = |name: &str, fields: &[&str]| {
            let mut found = message(name).field.iter();
            found.any(|field| fields.contains(&field.name()))
        };
        let names_it = if method.name() == "UploadFile" {
            // An upload names the row of each of its transactions and of itself in its summary.
            has(".zhirong.files.v1.UploadSummary", &["audit_head"]) && has(method.output_type(), &["summary"])
        } else if method.client_streaming() {
            // The verdicts on every message of an import name the row of its transaction.
            has(".zhirong.common.v1.RowVerdicts", &["audit_head"]) && has(method.output_type(), &["verdicts"])
        } else {
            !has(method.input_type(), &["request_id"])
                || has(method.output_type(), &["receipt", "audit_head"])
        };
        if !names_it {
            wrong.push(method.name().to_owned());
        }
    }
    wrong
}

#[test]
fn the_answer_of_every_write_has_a_place_for_its_audit_row() {
    let mut set = FileDescriptorSet::decode(api::FILE_DESCRIPTOR_SET).unwrap();
    assert_eq!(unnamed(&set), [""; 0]);
    for message in set.file.iter_mut().flat_map(|file| &mut file.message_type) {
        if message.name() == "OpenBatchResponse" {
            message.field.retain(|field| field.name() != "audit_head");
        }
    }
    assert_eq!(unnamed(&set), ["OpenBatch"]);
}
