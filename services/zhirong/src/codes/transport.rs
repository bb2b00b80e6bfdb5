//! Reasons of calls that no handler answered: refused by the router, the codec or the limit of time.

/// Reason, Chinese, English.
pub(super) const REASONS: &[(&str, &str, &str)] = &[
    (
        "METHOD_UNKNOWN",
        "本服务没有此方法",
        "the service has no such method",
    ),
    (
        "MESSAGE_TOO_LARGE",
        "消息超过大小上限",
        "the message is larger than a message may be",
    ),
    (
        "MESSAGE_MALFORMED",
        "消息无法按接口定义解析",
        "the bytes are no message of the method",
    ),
    ("CALL_TIMED_OUT", "处理超时", "the call took too long"),
];
