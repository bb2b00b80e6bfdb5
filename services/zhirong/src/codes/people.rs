//! Reasons of signing in and of sessions.

/// Reason, Chinese, English.
pub(super) const REASONS: &[(&str, &str, &str)] = &[
    (
        "SESSION_ENDED",
        "会话已结束，请重新登录",
        "the session has ended: unused for fifteen minutes, eight hours old, revoked, or none at all",
    ),
    (
        "SESSION_BOUND_ELSEWHERE",
        "会话绑定在另一证书或密钥上",
        "the session belongs to another certificate or key",
    ),
    (
        "DPOP_PROOF_INVALID",
        "DPoP 证明不能接受",
        "the proof of the session's key is not one of this call",
    ),
    (
        "CSRF_HEADER_MISSING",
        "带会话的调用缺少请求头 x-zhirong-csrf",
        "a call with a session lacks the header x-zhirong-csrf",
    ),
    (
        "SIGN_IN_UNBOUND",
        "登录时既无客户端证书也未给出密钥",
        "neither a client certificate nor a key to bind the session to",
    ),
    (
        "SIGN_IN_PARAMETER_INVALID",
        "登录参数不可用",
        "a parameter of the sign-in cannot be used",
    ),
    (
        "SIGN_IN_BUSY",
        "正在登录的人过多",
        "too many sign-ins are under way",
    ),
    (
        "SIGN_IN_UNKNOWN",
        "没有此浏览器正在进行的这次登录",
        "no such sign-in of this browser is under way",
    ),
    (
        "SIGN_IN_REFUSED",
        "身份提供方拒绝登录",
        "the identity provider did not sign the person in",
    ),
    (
        "ID_TOKEN_INVALID",
        "身份令牌不能接受",
        "the ID token cannot be trusted",
    ),
    (
        "SIGN_IN_FACTORS_MISSING",
        "身份提供方未表明使用了双因素",
        "the identity provider does not say that two factors were used",
    ),
    (
        "SIGN_IN_ROLE_MISSING",
        "身份提供方未给出此人的角色",
        "the identity provider names no role for the person",
    ),
    (
        "SIGN_IN_ROLE_AMBIGUOUS",
        "此人有多个角色，须选其一登录",
        "the person has several roles and asked for none of them",
    ),
    (
        "IDENTITY_PROVIDER_UNAVAILABLE",
        "身份提供方不可达或回答不正确",
        "the identity provider cannot be reached or does not answer as it should",
    ),
    (
        "SESSION_SUBJECT_INVALID",
        "主体格式不正确",
        "the subject is not person: and the provider's id",
    ),
];
