//! Names, messages and errors as JSON.

use serde_json::json;
use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt};
use zhirong_gateway::{Error, Method, Methods, error_json, http_status};

use crate::service::methods;

/// Bytes that are no JSON, and the line and column they are told by.
type Case<'a> = (&'a [u8], Option<(usize, usize)>);

fn place(methods: &Methods) -> &Method {
    methods.find("OrderService/PlaceOrder").unwrap()
}

#[test]
fn a_method_is_found_by_its_path_and_by_its_short_name() {
    let methods = methods();
    for name in [
        "OrderService/PlaceOrder",
        "shop.v1.OrderService/PlaceOrder",
        "/shop.v1.OrderService/PlaceOrder",
    ] {
        assert_eq!(
            methods.find(name).unwrap().path,
            "/shop.v1.OrderService/PlaceOrder",
            "{name}"
        );
    }
    let shapes: Vec<_> = methods
        .all()
        .iter()
        .map(|method| (method.is_read(), method.client_streaming, method.server_streaming))
        .collect();
    assert_eq!(
        shapes,
        [
            (false, false, false),
            (true, false, false),
            (true, false, true),
            (false, true, true),
            (false, true, false)
        ]
    );
    let Error::UnknownMethod { near, .. } = methods.find("OrderService/PlaceOrdre").unwrap_err() else {
        panic!("another error");
    };
    assert_eq!(near[0], "shop.v1.OrderService/PlaceOrder");
    assert!(
        methods.find("PlaceOrder").is_err(),
        "a method without its service may be two"
    );
    assert!(Methods::new(b"\xff\xff").is_err());
}

#[test]
fn a_message_is_read_by_both_names_and_written_by_those_of_the_proto_file() {
    let methods = methods();
    let method = place(&methods);
    let proto = method.parse(
        r#"{"order_no":"甲","grand_total":"9007199254740993","parts":[{"is_paid":true}],
            "state":"STATE_OPEN","seal":"AQI="}"#,
    );
    let camel = method.parse(
        r#"{"orderNo":"甲","grandTotal":9007199254740993,"parts":[{"isPaid":true}],"state":1,"seal":"AQI"}"#,
    );
    let bytes = proto.unwrap();
    assert_eq!(bytes, camel.unwrap());
    assert_eq!(
        method.print(&bytes).unwrap(),
        json!({"order_no":"甲","grand_total":"9007199254740993","seal":"AQI=","state":"STATE_OPEN","parts":[{"is_paid":true}]})
    );
    let text = String::from_utf8(method.write(&bytes).unwrap()).unwrap();
    assert!(text.starts_with(r#"{"order_no":"甲","grand_total":"#), "{text}");
    assert_eq!(method.parse("{}").unwrap(), "");
    assert!(matches!(method.print(b"\xff"), Err(Error::Answer(_))));
}

#[test]
fn what_is_wrong_is_named_with_its_path() {
    let methods = methods();
    let method = place(&methods);
    let cases = [
        (r#"{"order_nr":"1"}"#, "JSON_FIELD_UNKNOWN", "order_nr"),
        (
            r#"{"parts":[{},{"innerOrder":{"nr":1}}]}"#,
            "JSON_FIELD_UNKNOWN",
            "parts[1].inner_order.nr",
        ),
        (r#"{"orderNo":5}"#, "JSON_VALUE_INVALID", "order_no"),
        (
            r#"{"parts":[{"page_size":"x"}]}"#,
            "JSON_VALUE_INVALID",
            "parts[0].page_size",
        ),
        (r#"{"page_size":2147483648}"#, "JSON_VALUE_INVALID", "page_size"),
        (r#"{"page_size":1.5}"#, "JSON_VALUE_INVALID", "page_size"),
        (r#"{"state":"STATE_SHUT"}"#, "JSON_VALUE_INVALID", "state"),
        (r#"{"seal":"*"}"#, "JSON_VALUE_INVALID", "seal"),
        (r#"{"tags":["a",7]}"#, "JSON_VALUE_INVALID", "tags[1]"),
        (r#"{"parts":{}}"#, "JSON_VALUE_INVALID", "parts"),
        (r"[]", "JSON_VALUE_INVALID", ""),
    ];
    for (json, reason, field) in cases {
        let error = method.parse(json).unwrap_err();
        assert_eq!(
            (error.reason(), error.field()),
            (reason, Some(field)),
            "{json}: {error}"
        );
        assert_eq!(error.code(), Code::InvalidArgument);
    }
    let error = method.parse(r#"{"parts":[{"is_paid":"yes"}]}"#).unwrap_err();
    assert_eq!(error.message_zh(), "字段 parts[0].is_paid 应为true 或 false");
    assert!(
        error
            .message_en()
            .starts_with("parts[0].is_paid must be true or false: "),
        "{}",
        error.message_en()
    );
    let error = method.parse(r#"{"state":"STATE_SHUT"}"#).unwrap_err();
    assert!(
        error
            .message_en()
            .contains("one of STATE_UNSPECIFIED, STATE_OPEN"),
        "{}",
        error.message_en()
    );
}

#[test]
fn text_that_is_no_json_is_refused_with_line_and_column() {
    let methods = methods();
    let method = place(&methods);
    let deep = "{\"inner_order\":".repeat(500);
    let cases: [Case<'_>; 6] = [
        (b"{\n  \"order_no\": ,\n}", Some((2, 15))),
        (b"", Some((1, 0))),
        (b"{}{}", Some((1, 3))),
        (b"{\"order_no\":\"\xff\"}", None),
        (b"{\"order_no\":\"\\ud800\"}", None),
        (deep.as_bytes(), None),
    ];
    for (json, place) in cases {
        let shown = String::from_utf8_lossy(json);
        let Error::Syntax { line, column, .. } = method.parse(json).unwrap_err() else {
            panic!("another error for {shown}");
        };
        if let Some(place) = place {
            assert_eq!((line, column), place, "{shown}");
        }
    }
}

#[test]
fn a_status_is_printed_with_every_detail() {
    let mut details = ErrorDetails::new();
    details.set_error_info("STOCK_EMPTY", "shop", [("a".to_owned(), "b".to_owned())]);
    details.add_bad_request_violation("order_no", "空");
    details.set_localized_message("zh-CN", "没有");
    details.set_retry_info(Some(std::time::Duration::from_millis(1_500)));
    let status = Status::with_error_details(Code::Aborted, "none left", details);
    assert_eq!(
        error_json(&status),
        json!({"error": {"code": 409, "status": "ABORTED", "message": "none left", "details": [
            {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retry_delay": "1.500s"},
            {"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "STOCK_EMPTY", "domain": "shop", "metadata": {"a": "b"}},
            {"@type": "type.googleapis.com/google.rpc.BadRequest", "field_violations": [{"field": "order_no", "description": "空"}]},
            {"@type": "type.googleapis.com/google.rpc.LocalizedMessage", "locale": "zh-CN", "message": "没有"},
        ]}})
    );
    assert_eq!(
        error_json(&Status::not_found("x")),
        json!({"error": {"code": 404, "status": "NOT_FOUND", "message": "x", "details": []}})
    );
    assert_eq!(http_status(Code::Cancelled).as_u16(), 499);
    let error = place(&methods()).parse(r#"{"x":1}"#).unwrap_err();
    let printed = error_json(&error.status());
    assert_eq!(printed["error"]["details"][0]["reason"], "JSON_FIELD_UNKNOWN");
    assert_eq!(
        printed["error"]["details"][1]["field_violations"][0]["field"],
        "x"
    );
}
