//! Reasons of webhooks.

/// Reason, Chinese, English.
pub(super) const REASONS: &[(&str, &str, &str)] = &[
    (
        "WEBHOOK_KEY_MISSING",
        "未配置通知密钥，不能建立通知端点",
        "the keys for webhook secrets are not set",
    ),
    (
        "WEBHOOK_ENDPOINTS_TOO_MANY",
        "通知端点过多",
        "the owner has too many webhook endpoints",
    ),
    (
        "WEBHOOK_ENDPOINT_DISABLED",
        "通知端点已停用",
        "the webhook endpoint is disabled",
    ),
    (
        "WEBHOOK_URL_MALFORMED",
        "通知地址不正确",
        "the address of the endpoint is not a whole URL",
    ),
    (
        "WEBHOOK_URL_NOT_HTTPS",
        "通知地址必须是 https",
        "the address of the endpoint must be https",
    ),
    (
        "WEBHOOK_URL_WITH_USER",
        "通知地址中不能有用户名或密码",
        "the address of the endpoint must not hold a user",
    ),
    (
        "WEBHOOK_PORT_REFUSED",
        "通知地址的端口不允许",
        "the port of the endpoint is not allowed",
    ),
    (
        "WEBHOOK_HOST_UNKNOWN",
        "通知地址的域名无法解析",
        "the host of the endpoint has no address",
    ),
    (
        "WEBHOOK_ADDRESS_REFUSED",
        "通知地址不是允许访问的公网地址",
        "the host of the endpoint is not at a public address",
    ),
    (
        "WEBHOOK_EVENT_TYPE_UNKNOWN",
        "没有此事件类型",
        "there is no such event type",
    ),
    (
        "WEBHOOK_DESCRIPTION_TOO_LONG",
        "通知端点的说明过长",
        "the description of the endpoint is too long",
    ),
    (
        "WEBHOOK_OVERLAP_INVALID",
        "新旧密钥的重叠时间不正确",
        "the overlap of the two secrets is not valid",
    ),
    (
        "WEBHOOK_NETWORK_MALFORMED",
        "webhook_allow 的网段不正确",
        "a network of webhook_allow is not valid",
    ),
    (
        "WEBHOOK_CA_MALFORMED",
        "webhook_ca 不是 PEM 证书文件",
        "webhook_ca is no file of PEM certificates",
    ),
];
