//! Reasons of calls that no handler answered: refused by the router, the codec, the limits of time or the bounds on calls.

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
    (
        "CALLS_TOO_MANY",
        "同时进行的调用过多，请稍后重试",
        "too many calls are under way: try again after the pause that the refusal states",
    ),
    (
        "READER_STALLED",
        "接收方长时间未读取数据",
        "the reader of an answer took nothing for too long",
    ),
];
