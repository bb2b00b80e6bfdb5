//! Reasons of the JSON interface.

/// Reason, Chinese, English.
pub(super) const REASONS: &[(&str, &str, &str)] = &[
    (
        "JSON_MALFORMED",
        "不是正确的 JSON",
        "the request is no JSON; line and column are told",
    ),
    (
        "JSON_FIELD_UNKNOWN",
        "没有该字段",
        "the message has no such field",
    ),
    (
        "JSON_VALUE_INVALID",
        "字段的值类型不符",
        "the field does not take this value",
    ),
    ("QUERY_INVALID", "查询参数不正确", "the query cannot be read"),
    (
        "VERB_NOT_ALLOWED",
        "不接受该 HTTP 方法",
        "the path does not take this HTTP verb",
    ),
    (
        "CONTENT_TYPE_UNSUPPORTED",
        "不接受该内容类型",
        "the method does not take this content type",
    ),
    ("HEADER_INVALID", "请求头不正确", "a header is wrong"),
    ("HEADERS_TOO_LONG", "请求头过长", "the headers are too long"),
    (
        "HTTP_VERSION_UNSUPPORTED",
        "该 HTTP 版本不能承载 gRPC",
        "this version of HTTP cannot carry gRPC",
    ),
    (
        "REQUEST_TOO_LARGE",
        "单条消息过大",
        "a message is above the limit",
    ),
    (
        "REQUEST_CUT",
        "请求未发送完整",
        "the request ended before it was whole",
    ),
    (
        "DEADLINE_EXCEEDED",
        "未在时限内应答",
        "no answer within the time that the caller waits",
    ),
    ("ANSWER_UNREADABLE", "无法读取应答", "the answer cannot be read"),
];
