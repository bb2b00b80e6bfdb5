//! The life of a record over the wire, the same for every kind: reported, read, amended, withdrawn, listed.

/// Walks every page of a list.
macro_rules! list_all {
    ($service:expr, $list:ident, $request:expr, $many:ident) => {{
        let mut request = $request;
        let mut all = Vec::new();
        loop {
            let page = $service.$list(request.clone()).await.unwrap().into_inner();
            let size = usize::try_from(request.page_size).unwrap();
            assert!(page.$many.len() <= size, "a page holds at most {size} records");
            assert!(page.next_page_token.is_empty() || page.$many.len() == size);
            all.extend(page.$many);
            if page.next_page_token.is_empty() {
                break all;
            }
            request.page_token = page.next_page_token;
        }
    }};
}

/// Reports a record, reads it, amends it under the right and a wrong etag, withdraws it, and finds it in its list.
macro_rules! lifecycle {
    ($client:expr, $package:ident, $field:ident: $first:expr => $changed:expr,
     $report:ident($report_request:ident), $amend:ident($amend_request:ident), $withdraw:ident($withdraw_request:ident),
     $get:ident($get_request:ident), $list:ident($list_request:ident).$many:ident) => {{
        use api::common::v1::Verdict;
        use api::$package::v1 as pb;
        use zhirong_tests::answer::{assert_refused, only_fact};
        use zhirong_tests::ids::request_id;
        let mut service = $client.$package();
        let (first, changed) = ($first, $changed);

        let report = pb::$report_request {
            request_id: request_id(),
            $field: Some(first.clone()),
            ..Default::default()
        };
        let answer = service.$report(report.clone()).await.unwrap().into_inner();
        let fact = only_fact(&answer.receipt).clone();
        assert_eq!((fact.verdict(), fact.revision), (Verdict::Stored, 1));
        // The same content under another key of the request changes nothing.
        let again = pb::$report_request {
            request_id: request_id(),
            ..report.clone()
        };
        let again = service.$report(again).await.unwrap().into_inner();
        assert_eq!(only_fact(&again.receipt).verdict(), Verdict::Unchanged);
        // Other content of the same revision is refused, and the first stands.
        let conflict = pb::$report_request {
            request_id: request_id(),
            $field: Some(changed.clone()),
            ..report.clone()
        };
        let refused = service.$report(conflict).await;
        assert_refused(refused, tonic::Code::AlreadyExists, "REVISION_CONFLICT");

        let get = pb::$get_request {
            name: fact.name.clone(),
        };
        let read = service
            .$get(get.clone())
            .await
            .unwrap()
            .into_inner()
            .$field
            .unwrap();
        let state = read.state.unwrap();
        assert_eq!(read.$field.as_ref(), Some(&first));
        assert_eq!(
            (&state.name, state.revision, state.withdrawn, state.on_behalf),
            (&fact.name, 1, false, false)
        );
        assert_eq!(
            (&state.etag, state.cut_off),
            (&fact.etag, answer.receipt.unwrap().cut_off)
        );

        let amend = pb::$amend_request {
            request_id: request_id(),
            $field: Some(changed.clone()),
            revision: None,
            etag: Some("1-0000000000000000".to_owned()),
        };
        assert_refused(
            service.$amend(amend.clone()).await,
            tonic::Code::Aborted,
            "ETAG_MISMATCH",
        );
        let amend = pb::$amend_request {
            request_id: request_id(),
            etag: Some(fact.etag.clone()),
            ..amend
        };
        let amended = only_fact(&service.$amend(amend).await.unwrap().into_inner().receipt).clone();
        assert_eq!(
            (amended.verdict(), amended.revision, &amended.name),
            (Verdict::Stored, 2, &fact.name)
        );
        let read = service
            .$get(get.clone())
            .await
            .unwrap()
            .into_inner()
            .$field
            .unwrap();
        assert_eq!(read.$field.as_ref(), Some(&changed));

        let list = pb::$list_request {
            page_size: 50,
            show_withdrawn: false,
            ..Default::default()
        };
        let named = |listed: &[String]| listed.iter().any(|name| name == &fact.name);
        let names: Vec<String> = list_all!(service, $list, list.clone(), $many)
            .into_iter()
            .map(|stored| stored.state.unwrap().name)
            .collect();
        assert!(named(&names), "{names:?}");

        let withdraw = pb::$withdraw_request {
            request_id: request_id(),
            name: fact.name.clone(),
            revision: None,
            etag: Some(fact.etag.clone()),
        };
        // The etag of the first revision is not the one that stands.
        assert_refused(
            service.$withdraw(withdraw.clone()).await,
            tonic::Code::Aborted,
            "ETAG_MISMATCH",
        );
        let withdraw = pb::$withdraw_request {
            request_id: request_id(),
            etag: Some(amended.etag),
            ..withdraw
        };
        let withdrawn = only_fact(&service.$withdraw(withdraw).await.unwrap().into_inner().receipt).clone();
        assert_eq!((withdrawn.verdict(), withdrawn.revision), (Verdict::Stored, 3));
        let state = service
            .$get(get)
            .await
            .unwrap()
            .into_inner()
            .$field
            .unwrap()
            .state
            .unwrap();
        assert_eq!((state.revision, state.withdrawn), (3, true));

        for show_withdrawn in [false, true] {
            let list = pb::$list_request {
                show_withdrawn,
                ..list.clone()
            };
            let names: Vec<String> = list_all!(service, $list, list, $many)
                .into_iter()
                .map(|stored| stored.state.unwrap().name)
                .collect();
            assert_eq!(named(&names), show_withdrawn, "{names:?}");
        }
    }};
}
