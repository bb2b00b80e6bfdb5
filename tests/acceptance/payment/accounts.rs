//! Payee accounts: sealed, masked, bound to their row.

use api::common::v1::{ImportHeader, Verdict};
use api::settlement::v1 as pb;
use platform::sealing::Keyring;
use tonic::Code;
use zhirong_tests::answer::assert_refused;
use zhirong_tests::ids::request_id;
use zhirong_tests::run;
use zhirong_tests::sandbox::{close, shared};
use zhirong_tests::scene::Lending;

use zhirong_tests::desk::{bank_account, enterprise_account, report};

const NUMBER: &str = "6217009988776655443";

#[test]
fn an_account_is_shown_in_full_to_finance_only_and_its_revisions_conflict_by_name() {
    run(async {
        let sandbox = shared().await;
        let scene = Lending::new(sandbox).await;
        let account = enterprise_account(&scene.borrower, NUMBER);
        let stored = report(sandbox, account.clone()).await;
        assert_eq!(
            (stored.verdict(), stored.account.unwrap().account_no.as_str()),
            (Verdict::Stored, "****5443")
        );
        assert_eq!(
            report(sandbox, account.clone()).await.verdict(),
            Verdict::Unchanged
        );
        let other = pb::PayeeAccount {
            account_no: "6217009988776655444".to_owned(),
            ..account.clone()
        };
        let request = pb::ReportPayeeAccountRequest {
            request_id: request_id(),
            account: Some(other),
        };
        let refused = sandbox
            .client("bureau")
            .payment()
            .report_payee_account(request)
            .await;
        let refused = assert_refused(refused, Code::AlreadyExists, "PAYEE_ACCOUNT_CONFLICT");
        assert_eq!(refused.zh, "该账户的修订 1 已有不同内容");
        for (who, shown) in [
            ("finance-maker", NUMBER),
            ("finance-releaser", NUMBER),
            ("bureau", "****5443"),
            ("auditor", "****5443"),
        ] {
            let request = pb::ListPayeeAccountsRequest {
                holder: scene.borrower.clone(),
                page_size: 10,
                page_token: String::new(),
            };
            let listed = sandbox
                .client(who)
                .payment()
                .list_payee_accounts(request)
                .await
                .unwrap()
                .into_inner()
                .accounts;
            assert_eq!((listed.len(), listed[0].account_no.as_str()), (1, shown), "{who}");
        }
    });
}

#[test]
fn an_institution_reports_its_own_account_and_sees_no_other() {
    run(async {
        let sandbox = shared().await;
        let (scene, other) = (Lending::new(sandbox).await, Lending::new(sandbox).await);
        report(sandbox, bank_account(&other, "1706020109200011111")).await;
        let request = |account| pb::ReportPayeeAccountRequest {
            request_id: request_id(),
            account: Some(account),
        };
        let mut own = scene.bank.payment();
        own.report_payee_account(request(bank_account(&scene, NUMBER)))
            .await
            .unwrap();
        for foreign in [
            bank_account(&other, NUMBER),
            enterprise_account(&scene.borrower, NUMBER),
        ] {
            let refused = own.report_payee_account(request(foreign)).await;
            let refused = assert_refused(refused, Code::InvalidArgument, "OTHER_INSTITUTION");
            assert_eq!(refused.code_of("holder"), Some("OTHER_INSTITUTION"));
        }
        let list = pb::ListPayeeAccountsRequest {
            holder: String::new(),
            page_size: 100,
            page_token: String::new(),
        };
        let listed = own.list_payee_accounts(list).await.unwrap().into_inner().accounts;
        assert_eq!(listed.len(), 1);
        assert_eq!(
            (listed[0].holder.as_str(), listed[0].account_no.as_str()),
            (scene.code.as_str(), "****5443")
        );
    });
}

#[test]
fn wrong_accounts_are_refused_by_field_and_by_row() {
    run(async {
        let sandbox = shared().await;
        let scene = Lending::new(sandbox).await;
        let wrong = pb::PayeeAccount {
            account_no: "9.14105E+17".to_owned(),
            cnaps: "103581000123".to_owned(),
            account_name: String::new(),
            ..enterprise_account(&scene.borrower, "")
        };
        let request = pb::ReportPayeeAccountRequest {
            request_id: request_id(),
            account: Some(wrong),
        };
        let refused = sandbox
            .client("finance-maker")
            .payment()
            .report_payee_account(request)
            .await;
        let refused = assert_refused(refused, Code::InvalidArgument, "FIELDS_INVALID");
        for (field, code) in [
            ("account_no", "ACCOUNT_NO_MALFORMED"),
            ("cnaps", "CNAPS_CHECK_DIGIT"),
            ("account_name", "CELL_REQUIRED"),
        ] {
            assert_eq!(refused.code_of(field), Some(code), "{refused:?}");
        }
        let csv = format!(
            "类型,持有人,户名,开户行,账号,行号,起用日\r\n企业,{0},甲公司,中国银行安阳分行,{NUMBER},104100000004,2021/4/3\r\n企业,{0},甲公司,某行,12,104100000004,2022-01-01\r\n",
            scene.borrower
        );
        let import = |csv: &str| pb::ImportPayeeAccountsRequest {
            header: Some(ImportHeader {
                request_id: request_id(),
            }),
            csv: csv.as_bytes().to_vec(),
        };
        let mut maker = sandbox.client("finance-maker").payment();
        let answer = maker
            .import_payee_accounts(import(&csv))
            .await
            .unwrap()
            .into_inner();
        let counts = answer.counts.unwrap();
        assert_eq!((counts.stored, counts.unchanged, counts.refused), (1, 0, 1));
        assert_eq!(
            (answer.refusals[0].row, answer.refusals[0].column.as_str()),
            (3, "account_no")
        );
        let rejected = String::from_utf8(answer.rejected_csv).unwrap();
        assert!(
            rejected.contains("2022-01-01,3,account_no,ACCOUNT_NO_MALFORMED,"),
            "{rejected}"
        );
        let again = maker
            .import_payee_accounts(import(&csv))
            .await
            .unwrap()
            .into_inner()
            .counts
            .unwrap();
        assert_eq!((again.stored, again.unchanged), (0, 1));
        let refused = maker.import_payee_accounts(import("x,y\n")).await;
        assert_refused(refused, Code::InvalidArgument, "COLUMN_UNKNOWN");
    });
}

#[test]
fn the_database_holds_no_account_number_and_a_swapped_row_does_not_open() {
    run(async {
        let sandbox = shared().await;
        let (scene, other) = (Lending::new(sandbox).await, Lending::new(sandbox).await);
        let secret = "6230580000998877661";
        report(sandbox, enterprise_account(&scene.borrower, secret)).await;
        report(
            sandbox,
            enterprise_account(&other.borrower, "6230580000998877662"),
        )
        .await;
        let mut database = sandbox.database().await;
        // Every table that may hold a trace of the request: the accounts, the kept answers, the audit trail.
        for table in ["settlement.payee_account", "ledger.request", "ledger.audit"] {
            let sql = format!("select count(*) from {table} t where to_jsonb(t)::text like '%' || $1 || '%'");
            let hex: String = secret.bytes().map(|byte| format!("{byte:02x}")).collect();
            for text in [secret, hex.as_str()] {
                let found: i64 = sqlx::query_scalar(sqlx::AssertSqlSafe(sql.clone()))
                    .bind(text)
                    .fetch_one(&mut database)
                    .await
                    .unwrap();
                assert_eq!(found, 0, "{table}");
            }
        }
        // Its red twin: the search does find what is not sealed.
        let found: i64 = sqlx::query_scalar(
            "select count(*) from settlement.payee_account t where to_jsonb(t)::text like '%' || $1 || '%'",
        )
        .bind(&scene.borrower)
        .fetch_one(&mut database)
        .await
        .unwrap();
        assert_eq!(found, 1);
        // The owner moves one holder's sealed account to the other: it does not open.
        sqlx::query(
            "update settlement.payee_account a set sealed = b.sealed from settlement.payee_account b
             where a.holder = $1 and b.holder = $2",
        )
        .bind(&scene.borrower)
        .bind(&other.borrower)
        .execute(&mut database)
        .await
        .unwrap();
        let request = |holder: &str| pb::ListPayeeAccountsRequest {
            holder: holder.to_owned(),
            page_size: 10,
            page_token: String::new(),
        };
        let mut maker = sandbox.client("finance-maker").payment();
        let refused = maker
            .list_payee_accounts(request(&scene.borrower))
            .await
            .unwrap_err();
        assert_eq!(refused.code(), Code::Internal);
        // The other one, left in its place, opens.
        assert_eq!(
            maker
                .list_payee_accounts(request(&other.borrower))
                .await
                .unwrap()
                .into_inner()
                .accounts
                .len(),
            1
        );
        sqlx::query("delete from settlement.payee_account where holder = $1")
            .bind(&scene.borrower)
            .execute(&mut database)
            .await
            .unwrap();
        close(database).await;
        // The sandbox's key file is its owner's alone.
        Keyring::load(&sandbox.identity_dir().join(zhirong::node::PAYEE_KEY)).unwrap();
    });
}
