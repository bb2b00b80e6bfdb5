//! Reviewers' decisions: dated facts of the bureau, kept, exported and replayed like any other.

use std::process::Command;

use api::registry::v1 as pb;
use exchange::File;
use platform::identity::{Authority, Purpose};
use sqlx::Executor;
use tonic::Code;
use zhirong_tests::answer::{assert_refused, only_fact};
use zhirong_tests::import::{Line, registry};
use zhirong_tests::process::program;
use zhirong_tests::records::{self, decision};
use zhirong_tests::sandbox::{Sandbox, client, close, shared};
use zhirong_tests::scene::Lending;
use zhirong_tests::{batch, ids, run};

fn stating(decision: pb::Decision) -> pb::RegisterDecisionRequest {
    pb::RegisterDecisionRequest {
        request_id: ids::request_id(),
        decision: Some(decision),
        revision: None,
    }
}

fn share(scene: &Lending, value: Option<&str>) -> pb::Decision {
    pb::Decision {
        value: value.map(str::to_owned),
        ..decision(&scene.code, &scene.contract_no, "SHARE_UNSTATED")
    }
}

#[test]
fn a_decision_from_its_statement_to_its_withdrawal() {
    run(async {
        let sandbox = shared().await;
        // Nobody has reported the contract yet: what is unknown is kept.
        let first = share(&Lending::new(sandbox).await, Some("0.6"));
        let changed = pb::Decision {
            value: None,
            decision: pb::DecisionVerdict::Reject.into(),
            reason: "合同未约定占比".to_owned(),
            ..first.clone()
        };
        lifecycle!(
            sandbox.client("bureau"), registry, decision: first => changed,
            register_decision(RegisterDecisionRequest), amend_decision(AmendDecisionRequest),
            withdraw_decision(WithdrawDecisionRequest), get_decision(GetDecisionRequest),
            list_decisions(ListDecisionsRequest).decisions
        );
    });
}

#[test]
fn a_repeated_request_is_answered_as_before_and_other_content_under_it_is_not() {
    run(async {
        let sandbox = shared().await;
        let scene = Lending::new(sandbox).await;
        let mut bureau = sandbox.client("bureau").registry();
        let request = stating(decision(&scene.code, &scene.contract_no, "PLEDGE_DOUBLE"));
        let first = bureau
            .register_decision(request.clone())
            .await
            .unwrap()
            .into_inner();
        let again = bureau
            .register_decision(request.clone())
            .await
            .unwrap()
            .into_inner();
        assert_eq!(first, again);
        let fact = only_fact(&first.receipt);
        let name = format!("decisions/{}/{}/PLEDGE_DOUBLE", scene.code, scene.contract_no);
        assert_eq!((fact.file.as_str(), &fact.name), ("decisions", &name));
        let other = pb::RegisterDecisionRequest {
            decision: Some(decision(&scene.code, &scene.contract_no, "BORROWER_CLASS")),
            ..request
        };
        assert_refused(
            bureau.register_decision(other).await,
            Code::AlreadyExists,
            "REQUEST_ID_REUSED",
        );
    });
}

#[test]
fn the_answer_says_who_decided() {
    run(async {
        let sandbox = shared().await;
        let scene = Lending::new(sandbox).await;
        let reviewer = format!("reviewer-{}", ids::fresh());
        let identity = Authority::open(sandbox.identity_dir())
            .unwrap()
            .issue(&reviewer, Purpose::Client)
            .unwrap();
        let mut bureau = sandbox.client("bureau").registry();
        let credential = pb::CreateCredentialRequest {
            request_id: ids::request_id(),
            holder: reviewer.clone(),
            role: pb::CredentialRole::Bureau.into(),
            key: Some(pb::create_credential_request::Key::CertificatePem(
                identity.certificate_pem.clone(),
            )),
            not_before: None,
            not_after: Some(prost_types::Timestamp {
                seconds: 4_000_000_000,
                nanos: 0,
            }),
        };
        bureau.create_credential(credential).await.unwrap();
        let stated = decision(&scene.code, &scene.contract_no, "LOAN_UPPER_MONEY");
        bureau.register_decision(stating(stated.clone())).await.unwrap();
        let get = pb::GetDecisionRequest {
            name: format!("decisions/{}/{}/LOAN_UPPER_MONEY", scene.code, scene.contract_no),
        };
        let mut auditor = sandbox.client("auditor").registry();
        let read = auditor.get_decision(get.clone()).await.unwrap().into_inner();
        assert_eq!(read.decision.unwrap().decided_by, "bureau");

        // A higher revision by another person: the answer names the one whose decision stands.
        let changed = pb::AmendDecisionRequest {
            request_id: ids::request_id(),
            decision: Some(pb::Decision {
                decision: pb::DecisionVerdict::Reject.into(),
                ..stated
            }),
            revision: Some(2),
            etag: None,
        };
        let mut service = client(sandbox.url(), &identity).registry();
        service.amend_decision(changed).await.unwrap();
        let read = auditor.get_decision(get.clone()).await.unwrap().into_inner();
        let read = read.decision.unwrap();
        assert_eq!(
            (&read.decided_by, read.state.as_ref().unwrap().revision),
            (&reviewer, 2)
        );
        let list = pb::ListDecisionsRequest {
            page_size: 100,
            ..Default::default()
        };
        let listed = list_all!(auditor, list_decisions, list, decisions);
        assert!(listed.contains(&read));
    });
}

#[test]
fn what_is_wrong_with_a_decision_is_named_by_field_in_both_languages() {
    run(async {
        let sandbox = shared().await;
        let scene = Lending::new(sandbox).await;
        let mut bureau = sandbox.client("bureau").registry();
        let good = decision(&scene.code, &scene.contract_no, "PLEDGE_DOUBLE");
        let with = |change: fn(&mut pb::Decision)| {
            let mut changed = good.clone();
            change(&mut changed);
            changed
        };
        let cases = [
            (
                with(|it| it.code = "PLEDGE_TRIPLE".to_owned()),
                "code",
                "FINDING_UNKNOWN",
            ),
            (with(|it| it.code = String::new()), "code", "CELL_REQUIRED"),
            (with(|it| it.decision = 0), "decision", "CELL_REQUIRED"),
            (with(|it| it.decision = 9), "decision", "WORD_UNKNOWN"),
            (with(|it| it.decided_on = None), "decided_on", "CELL_REQUIRED"),
            (with(|it| it.reason = " ".to_owned()), "reason", "CELL_REQUIRED"),
            (
                with(|it| it.reference = "a;b".to_owned()),
                "reference",
                "REFERENCE_MALFORMED",
            ),
            (
                with(|it| it.value = Some("0.5".to_owned())),
                "value",
                "DECISION_VALUE_NOT_ALLOWED",
            ),
            (share(&scene, None), "value", "DECISION_VALUE_REQUIRED"),
            (share(&scene, Some("60%")), "value", "SHARE_MALFORMED"),
            (share(&scene, Some("1.5")), "value", "SHARE_OUT_OF_RANGE"),
        ];
        for (wrong, column, code) in cases {
            let refused = bureau.register_decision(stating(wrong)).await;
            let refused = assert_refused(refused, Code::InvalidArgument, code);
            let field = format!("decision.{column}");
            assert_eq!(refused.code_of(&field), Some(code), "{refused:?}");
            assert!(!refused.fields[&field].is_ascii(), "{refused:?}");
        }
        // The same record without a fault is taken, so each case was refused for its own.
        bureau.register_decision(stating(good)).await.unwrap();

        let stranger = decision(&ids::bank(99_999_999), "HT-1", "PLEDGE_DOUBLE");
        let refused = bureau.register_decision(stating(stranger)).await;
        let refused = assert_refused(refused, Code::FailedPrecondition, "INSTITUTION_NOT_REGISTERED");
        assert_eq!(
            refused.code_of("institution_code"),
            Some("INSTITUTION_NOT_REGISTERED")
        );
    });
}

#[test]
fn the_facts_of_a_withdrawn_institution_are_decided_on_like_any_other() {
    run(async {
        let sandbox = shared().await;
        let scene = Lending::new(sandbox).await;
        let mut bureau = sandbox.client("bureau").registry();
        let withdraw = pb::WithdrawInstitutionRequest {
            request_id: ids::request_id(),
            name: format!("institutions/{}", scene.code),
            revision: None,
            etag: None,
        };
        bureau.withdraw_institution(withdraw).await.unwrap();
        let stated = decision(&scene.code, &scene.contract_no, "PLEDGE_DOUBLE");
        bureau.register_decision(stating(stated)).await.unwrap();
        let late = scene
            .bank
            .pledge()
            .report_loan(scene.report(2025, "100000.00"))
            .await;
        assert_refused(late, Code::FailedPrecondition, "INSTITUTION_WITHDRAWN");
    });
}

#[test]
fn only_the_bureau_decides_and_no_institution_reads() {
    run(async {
        let sandbox = shared().await;
        let scene = Lending::new(sandbox).await;
        let stated = decision(&scene.code, &scene.contract_no, "PLEDGE_DOUBLE");
        let roles = [
            scene.code.as_str(),
            "finance-maker",
            "finance-checker",
            "finance-releaser",
            "auditor",
        ];
        for role in roles {
            let mut service = sandbox.client(role).registry();
            let refused = service.register_decision(stating(stated.clone())).await;
            assert_refused(refused, Code::PermissionDenied, "ROLE_NOT_ALLOWED");
        }
        let mut bank = scene.bank.registry();
        let get = pb::GetDecisionRequest {
            name: format!("decisions/{}/{}/PLEDGE_DOUBLE", scene.code, scene.contract_no),
        };
        assert_refused(
            bank.get_decision(get).await,
            Code::PermissionDenied,
            "ROLE_NOT_ALLOWED",
        );
        let list = pb::ListDecisionsRequest::default();
        assert_refused(
            bank.list_decisions(list).await,
            Code::PermissionDenied,
            "ROLE_NOT_ALLOWED",
        );
    });
}

/// Runs statements as a service would for a caller, and answers the constraint or the text of the error that ended it.
async fn as_service(sandbox: &Sandbox, role: &str, institution: &str, sql: &str) -> Result<i64, String> {
    let mut connection = sandbox.database().await;
    let scope = format!(
        "begin; set local role {role}; set local \"zhirong.city\" = '4105'; set local \"zhirong.institution\" = '{institution}'"
    );
    connection.execute(sqlx::AssertSqlSafe(scope)).await.unwrap();
    let answer: Result<i64, sqlx::Error> = sqlx::query_scalar(sqlx::AssertSqlSafe(sql.to_owned()))
        .fetch_one(&mut connection)
        .await;
    close(connection).await;
    answer.map_err(|error| {
        let stored = error.as_database_error().unwrap();
        stored
            .constraint()
            .map_or_else(|| stored.message().to_owned(), str::to_owned)
    })
}

#[test]
fn the_database_itself_holds_the_form_of_a_decision_and_who_sees_it() {
    run(async {
        let sandbox = shared().await;
        let scene = Lending::new(sandbox).await;
        let stated = share(&scene, Some("0.6"));
        let mut bureau = sandbox.client("bureau").registry();
        bureau.register_decision(stating(stated)).await.unwrap();
        let count = format!(
            "select count(*) from published.decisions where institution_code = '{}'",
            scene.code
        );
        for (role, institution, seen) in [
            ("zhirong_settlement", "*", 1),
            ("zhirong_pledge", scene.code.as_str(), 1),
            ("zhirong_pledge", "102496000991", 0),
            ("zhirong_insurance", "PICC-1", 0),
        ] {
            assert_eq!(
                as_service(sandbox, role, institution, &count).await,
                Ok(seen),
                "{role}"
            );
        }
        let insert = |code: &str, decision: &str, value: &str, reason: &str| {
            format!(
                "insert into registry.decision (city, institution_code, reference, code, revision, withdrawn, decision, value,
                    decided_on, reason, content_digest, cut_off, reported_by, on_behalf, request_id)
                 values ('4105', '{}', 'X', '{code}', 1, false, {decision}, {value}, '2026-01-15', {reason},
                    sha256('x'), 1, 'bureau', false, gen_random_uuid())
                 returning cut_off",
                scene.code
            )
        };
        for (sql, constraint) in [
            (insert("pledge", "'accept'", "null", "'x'"), "decision_code_form"),
            (
                insert("PLEDGE_DOUBLE", "'maybe'", "null", "'x'"),
                "decision_decision_known",
            ),
            (
                insert("PLEDGE_DOUBLE", "null", "null", "'x'"),
                "decision_complete",
            ),
            (
                insert("PLEDGE_DOUBLE", "'accept'", "null", "''"),
                "decision_reason_stated",
            ),
            (
                insert("PLEDGE_DOUBLE", "'accept'", "0.5", "'x'"),
                "decision_value_stated",
            ),
            (
                insert("SHARE_UNSTATED", "'accept'", "null", "'x'"),
                "decision_value_stated",
            ),
            (
                insert("SHARE_UNSTATED", "'accept'", "1.5", "'x'"),
                "decision_value_range",
            ),
        ] {
            let refused = as_service(sandbox, "zhirong_registry", "*", &sql).await;
            assert_eq!(refused, Err(constraint.to_owned()), "{sql}");
        }
        // The same statement without a fault is taken (and rolled back), and only from the bureau's service.
        let good = insert("SHARE_UNSTATED", "'accept'", "0.5", "'x'");
        assert_eq!(as_service(sandbox, "zhirong_registry", "*", &good).await, Ok(1));
        assert!(
            as_service(sandbox, "zhirong_registry", &scene.code, &good)
                .await
                .is_err()
        );
        assert!(
            as_service(sandbox, "zhirong_settlement", "*", &good)
                .await
                .is_err()
        );
        let change = "with changed as (update registry.decision set reason = 'y' returning 1) select count(*) from changed";
        assert!(
            as_service(sandbox, "zhirong_registry", "*", change)
                .await
                .is_err()
        );
    });
}

#[test]
fn import_registry_takes_decisions_typed_and_as_they_stand_in_their_file() {
    run(async {
        let sandbox = shared().await;
        let scene = Lending::new(sandbox).await;
        let row = |code: &str, institution: &str| {
            let cells = [
                ("institution_code", institution),
                ("reference", "HT-1"),
                ("code", code),
                ("decision", "accept"),
                ("decided_on", "2026/1/15"),
                ("reason", "已核对"),
            ];
            Line::new(File::Decisions, &cells)
        };
        let lines = [
            row("PLEDGE_DOUBLE", &scene.code),
            row("pledge_double", &scene.code),
            row("PLEDGE_TRIPLE", &scene.code),
            row("PLEDGE_DOUBLE", "NOBODY-1"),
        ];
        let imported = registry(&sandbox.client("bureau"), &lines).await;
        let summary = &imported.summary;
        assert_eq!(
            (summary.stored, summary.unchanged, summary.refused),
            (1, 1, 2),
            "{imported:?}"
        );
        let refusals: Vec<(&str, &str)> = imported
            .verdicts
            .iter()
            .flat_map(|verdict| &verdict.refusals)
            .map(|refusal| (refusal.column.as_str(), refusal.code.as_str()))
            .collect();
        let expected = [
            ("code", "FINDING_UNKNOWN"),
            ("institution_code", "INSTITUTION_NOT_REGISTERED"),
        ];
        assert_eq!(refusals, expected);
    });
}

#[test]
fn the_import_command_takes_decisions_and_gives_refused_ones_back() {
    run(async {
        let sandbox = shared().await;
        let scene = Lending::new(sandbox).await;
        let dir = platform::database::embedded::temporary_dir("zhirong-decisions").unwrap();
        let text = format!(
            "机构代码,对应编号,提示代码,决定,数值,决定日,理由\r\n\
             {code},HT-1,SHARE_UNSTATED,accept,0.60,2026年1月15日,银行补充说明\r\n\
             {code},HT-2,SHARE_UNSTATED,accept,,2026-01-15,银行补充说明\r\n\
             {code},HT-3,NO_SUCH_FINDING,reject,,2026-01-15,=不计\r\n",
            code = scene.code
        );
        std::fs::write(dir.join("decisions.csv"), text).unwrap();
        let import = || {
            Command::new(program())
                .arg("import")
                .arg(&dir)
                .args(["--server", sandbox.url(), "--identity"])
                .arg(sandbox.identity_dir())
                .output()
                .unwrap()
        };
        let output = import();
        assert_eq!(output.status.code(), Some(3), "{output:?}");
        assert_eq!(
            String::from_utf8_lossy(&output.stdout).trim(),
            "decisions 1 0 0 2"
        );
        let rejected = std::fs::read_to_string(dir.join("rejected/decisions.csv")).unwrap();
        let lines: Vec<&str> = rejected.trim_start_matches('\u{feff}').lines().collect();
        assert_eq!(
            lines[0],
            "机构代码,对应编号,提示代码,决定,数值,决定日,理由,row,column,code,message"
        );
        assert_eq!(lines.len(), 3, "{lines:?}");
        assert!(
            lines[1].contains(",3,value,DECISION_VALUE_REQUIRED,"),
            "{lines:?}"
        );
        assert!(
            lines[2].contains(",'=不计,4,code,FINDING_UNKNOWN,")
                && lines[2].contains("not the code of a finding"),
            "{lines:?}"
        );

        // Mended, the rest goes in; what is there already is unchanged.
        let text = format!(
            "institution_code,reference,code,decision,value,decided_on,reason\r\n\
             {code},HT-1,SHARE_UNSTATED,accept,0.6,2026-01-15,银行补充说明\r\n\
             {code},HT-2,SHARE_UNSTATED,accept,0.5,2026-01-15,银行补充说明\r\n",
            code = scene.code
        );
        std::fs::write(dir.join("decisions.csv"), text).unwrap();
        let output = import();
        assert_eq!(output.status.code(), Some(0), "{output:?}");
        assert_eq!(
            String::from_utf8_lossy(&output.stdout).trim(),
            "decisions 1 1 0 0"
        );
        assert!(!dir.join("rejected/decisions.csv").exists());
        std::fs::remove_dir_all(&dir).unwrap();
    });
}

#[test]
fn a_batch_carries_the_decisions_of_its_time_and_an_earlier_one_stays_as_it_was() {
    run(async {
        let sandbox = shared().await;
        let (scene, year) = (Lending::new(sandbox).await, ids::year());
        scene.lend(year, "8000000.00").await;
        let before = batch::settle(sandbox, year, "2026-03-31").await;
        let pulled = batch::files(&batch::pull(sandbox, &before.name, 0).await);
        let key = format!("{},{},", scene.code, scene.contract_no);
        let decided = |files: &zhirong::verify::Files| {
            let bytes = files.get("facts/decisions.csv").cloned().unwrap_or_default();
            String::from_utf8(bytes).unwrap().matches(&key).count()
        };
        assert_eq!(decided(&pulled), 0);

        let mut bureau = sandbox.client("bureau").registry();
        let stated = decision(&scene.code, &scene.contract_no, "PLEDGE_DOUBLE");
        bureau.register_decision(stating(stated.clone())).await.unwrap();
        // The service computes the batch again before it sends: the decision is no part of it.
        assert_eq!(batch::files(&batch::pull(sandbox, &before.name, 0).await), pulled);
        assert!(zhirong::verify::verify(&pulled).1.is_empty());

        // A draw of its own gives the next batch something to pay.
        let draw = records::draw(&scene.contract_no, "2", &format!("{year}-04-01"), "1.00");
        let report = api::pledge::v1::ReportLoanEventRequest {
            request_id: ids::request_id(),
            loan_event: Some(draw),
            revision: None,
        };
        scene.bank.pledge().report_loan_event(report).await.unwrap();
        let after = batch::settle(sandbox, year, "2026-03-31").await;
        let files = batch::files(&batch::pull(sandbox, &after.name, 0).await);
        assert_eq!(decided(&files), 1);
        let (receipt, differences) = zhirong::verify::verify(&files);
        assert!(receipt.is_some() && differences.is_empty(), "{differences:?}");
        // A decision is covered by the digests: another word of it, or none at all, is found out.
        let mut forged = files.clone();
        let text = String::from_utf8(files["facts/decisions.csv"].clone()).unwrap();
        let other = text.replace("已核对原件", "已核对复印件");
        assert_ne!(other, text);
        forged.insert("facts/decisions.csv".to_owned(), other.into_bytes());
        assert!(!zhirong::verify::verify(&forged).1.is_empty());
        forged.remove("facts/decisions.csv");
        assert!(!zhirong::verify::verify(&forged).1.is_empty());

        // A later revision changes neither batch.
        let amend = pb::AmendDecisionRequest {
            request_id: ids::request_id(),
            decision: Some(pb::Decision {
                decision: pb::DecisionVerdict::Reject.into(),
                ..stated
            }),
            revision: None,
            etag: None,
        };
        bureau.amend_decision(amend).await.unwrap();
        for (name, files) in [(&before.name, &pulled), (&after.name, &files)] {
            assert_eq!(&batch::files(&batch::pull(sandbox, name, 0).await), files);
        }
    });
}
