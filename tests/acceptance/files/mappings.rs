//! Saved column mappings: revisions of each caller's own, every bad field named at once.

use api::files::v1 as pb;
use client::Client;
use tonic::Code;
use zhirong_tests::answer::assert_refused;
use zhirong_tests::ids::request_id;
use zhirong_tests::run;
use zhirong_tests::sandbox::shared;
use zhirong_tests::scene::Lending;

fn column(header: &str, column: &str) -> pb::MappedColumn {
    pb::MappedColumn {
        header: header.to_owned(),
        column: column.to_owned(),
        ..pb::MappedColumn::default()
    }
}

/// How a core system's list of draws is read.
pub(super) fn core_system(name: &str) -> pb::ColumnMapping {
    let amount = pb::MappedColumn {
        unit: pb::AmountUnit::WanYuan.into(),
        ..column("发生额(万元)", "amount")
    };
    let on = pb::MappedColumn {
        date_form: pb::DateForm::DayFirst.into(),
        ..column("交易日期", "occurred_at")
    };
    let word = |from: &str, to: &str| pb::Translation {
        from: from.to_owned(),
        to: to.to_owned(),
    };
    let kind = pb::MappedColumn {
        translations: vec![word("放款", "draw"), word("收回", "repayment")],
        ..column("交易类型", "kind")
    };
    pb::ColumnMapping {
        name: name.to_owned(),
        file: "loan_events".to_owned(),
        encoding: pb::TextEncoding::Gb18030.into(),
        header_row: 2,
        columns: vec![
            column("借据号", "contract_no"),
            column("流水", "event_no"),
            kind,
            on,
            amount,
        ],
        ..pb::ColumnMapping::default()
    }
}

pub(super) async fn set(client: &Client, mapping: pb::ColumnMapping) -> pb::StoredColumnMapping {
    let request = pb::SetColumnMappingRequest {
        request_id: request_id(),
        mapping: Some(mapping),
        etag: None,
    };
    let answer = client
        .files()
        .set_column_mapping(request)
        .await
        .unwrap()
        .into_inner();
    assert!(answer.audit_head.is_some());
    answer.mapping.unwrap()
}

async fn get(
    client: &Client,
    name: &str,
) -> Result<tonic::Response<pb::GetColumnMappingResponse>, tonic::Status> {
    let request = pb::GetColumnMappingRequest {
        name: name.to_owned(),
    };
    client.files().get_column_mapping(request).await
}

async fn list(client: &Client, show_withdrawn: bool) -> Vec<String> {
    let mut service = client.files();
    let mut request = pb::ListColumnMappingsRequest {
        page_size: 2,
        page_token: String::new(),
        show_withdrawn,
    };
    let mut names = Vec::new();
    loop {
        let page = service
            .list_column_mappings(request.clone())
            .await
            .unwrap()
            .into_inner();
        assert!(page.mappings.len() <= 2);
        names.extend(page.mappings.into_iter().map(|mapping| mapping.name));
        if page.next_page_token.is_empty() {
            return names;
        }
        request.page_token = page.next_page_token;
    }
}

#[test]
fn a_mapping_is_set_read_changed_and_withdrawn() {
    run(async {
        let scene = Lending::new(shared().await).await;
        let first = set(&scene.bank, core_system("核心/系统")).await;
        assert_eq!(first.name, "columnMappings/核心%2F系统");
        assert_eq!((first.revision, first.withdrawn), (1, false));
        // The same content is no new revision.
        assert_eq!(set(&scene.bank, core_system("核心/系统")).await, first);
        let read = get(&scene.bank, &first.name)
            .await
            .unwrap()
            .into_inner()
            .mapping
            .unwrap();
        assert_eq!(read, first);
        let mut changed = core_system("核心/系统");
        changed.header_row = 3;
        let request = pb::SetColumnMappingRequest {
            request_id: request_id(),
            mapping: Some(changed),
            etag: Some("1-0000000000000000".to_owned()),
        };
        let mut service = scene.bank.files();
        let refused = service.set_column_mapping(request.clone()).await;
        assert_refused(refused, Code::Aborted, "ETAG_MISMATCH");
        let request = pb::SetColumnMappingRequest {
            request_id: request_id(),
            etag: Some(first.etag.clone()),
            ..request
        };
        let second = service
            .set_column_mapping(request.clone())
            .await
            .unwrap()
            .into_inner();
        assert_eq!(second.mapping.as_ref().unwrap().revision, 2);
        // A repeat of the request gets the first answer, though its etag is old by now.
        let again = service
            .set_column_mapping(request.clone())
            .await
            .unwrap()
            .into_inner();
        assert_eq!(again, second);
        let reused = pb::SetColumnMappingRequest {
            mapping: Some(core_system("other")),
            ..request
        };
        let refused = service.set_column_mapping(reused).await;
        assert_refused(refused, Code::AlreadyExists, "REQUEST_ID_REUSED");
        for name in ["a", "b", "c"] {
            set(&scene.bank, core_system(name)).await;
        }
        let withdraw = pb::WithdrawColumnMappingRequest {
            request_id: request_id(),
            name: "columnMappings/b".to_owned(),
            etag: None,
        };
        let answer = service
            .withdraw_column_mapping(withdraw)
            .await
            .unwrap()
            .into_inner()
            .mapping
            .unwrap();
        assert_eq!((answer.revision, answer.withdrawn), (2, true));
        let own = |names: &[&str]| {
            names
                .iter()
                .map(|name| format!("columnMappings/{name}"))
                .collect::<Vec<_>>()
        };
        assert_eq!(list(&scene.bank, false).await, own(&["a", "c", "核心%2F系统"]));
        assert_eq!(
            list(&scene.bank, true).await,
            own(&["a", "b", "c", "核心%2F系统"])
        );
    });
}

#[test]
fn every_bad_field_is_named_at_once() {
    run(async {
        let scene = Lending::new(shared().await).await;
        let mut mapping = core_system("wrong");
        mapping.header_row = 101;
        mapping.columns[0].header = "流水".to_owned();
        mapping.columns[1].unit = pb::AmountUnit::WanYuan.into();
        mapping.columns[2].date_form = pb::DateForm::DayFirst.into();
        mapping.columns[3].column = "occured_at".to_owned();
        mapping.columns.push(column("金额", "amount"));
        mapping.constants.push(pb::ConstantCell {
            column: "kind".to_owned(),
            value: String::new(),
        });
        let request = pb::SetColumnMappingRequest {
            request_id: request_id(),
            mapping: Some(mapping),
            etag: None,
        };
        let refused = scene.bank.files().set_column_mapping(request).await;
        let refused = assert_refused(refused, Code::InvalidArgument, "FIELDS_INVALID");
        let expected = [
            ("mapping.header_row", "MAPPING_HEADER_ROW"),
            ("mapping.columns[1].header", "MAPPING_HEADER_TWICE"),
            ("mapping.columns[1].unit", "MAPPING_UNIT_OF_NO_AMOUNT"),
            ("mapping.columns[2].date_form", "MAPPING_DATE_FORM_OF_NO_DATE"),
            ("mapping.columns[3].column", "MAPPING_COLUMN_UNKNOWN"),
            ("mapping.columns[5].column", "MAPPING_COLUMN_TWICE"),
            ("mapping.constants[0].value", "CELL_REQUIRED"),
            ("mapping.constants[0].column", "MAPPING_COLUMN_TWICE"),
            // occurred_at, which the misspelt column left out.
            ("mapping.columns", "MAPPING_COLUMN_MISSING"),
        ];
        for (field, code) in expected {
            assert_eq!(refused.code_of(field), Some(code), "{field} {refused:?}");
        }
        assert_eq!(refused.fields.len(), expected.len(), "{refused:?}");
    });
}

#[test]
fn a_mapping_is_its_holders_alone() {
    run(async {
        let sandbox = shared().await;
        let (scene, other) = (Lending::new(sandbox).await, Lending::new(sandbox).await);
        let stored = set(&scene.bank, core_system("mine")).await;
        for client in [&other.bank, &sandbox.client("bureau")] {
            assert_refused(get(client, &stored.name).await, Code::NotFound, "NOT_FOUND");
            assert!(!list(client, true).await.contains(&stored.name));
            let withdraw = pb::WithdrawColumnMappingRequest {
                request_id: request_id(),
                name: stored.name.clone(),
                etag: None,
            };
            let refused = client.files().withdraw_column_mapping(withdraw).await;
            assert_refused(refused, Code::NotFound, "NOT_FOUND");
        }
        // The same name is free for another institution.
        assert_eq!(set(&other.bank, core_system("mine")).await.revision, 1);
    });
}
