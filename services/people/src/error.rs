//! What signing in, and a call with a session, can be answered but success.

use platform::error::{Fault, FieldViolation, Kind};

/// Errors of people's sessions.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The ledger, the database or the plumbing failed.
    #[error(transparent)]
    Ledger(#[from] ledger::Error),
    /// The session belongs to another certificate, or to a key that did not prove this call.
    #[error("the session belongs to another certificate or key")]
    BoundElsewhere,
    /// The proof of the session's key is none, or not one of this call.
    #[error("the DPoP proof cannot be accepted: {what}")]
    ProofInvalid {
        /// What is wrong with it.
        what: &'static str,
    },
    /// A call that may change something came without the header that a page of another origin cannot send.
    #[error("a call with a session must carry the header x-zhirong-csrf")]
    CsrfHeaderMissing,
    /// Neither a client certificate nor a key that the session could be bound to.
    #[error(
        "sign in over a connection with a client certificate, or state the key of the session by dpop_jkt"
    )]
    SignInUnbound,
    /// A parameter that cannot be used.
    #[error("parameter {name} cannot be used")]
    ParameterInvalid {
        /// Its name.
        name: &'static str,
    },
    /// Too many sign-ins are under way.
    #[error("too many people are signing in, try again in a few minutes")]
    SignInBusy,
    /// No sign-in of this browser is under way under this state: it was used, is too old, or began elsewhere.
    #[error(
        "this sign-in was not begun in this browser, was used, or took more than ten minutes; begin again"
    )]
    SignInUnknown,
    /// The provider did not sign the person in.
    #[error("the identity provider refused: {what}")]
    SignInRefused {
        /// Its error code.
        what: String,
    },
    /// The ID token cannot be trusted.
    #[error("the ID token cannot be accepted: {what}")]
    TokenInvalid {
        /// What is wrong with it.
        what: &'static str,
    },
    /// The provider does not say that the person used two factors.
    #[error("signing in needs two factors, and the identity provider does not say that two were used")]
    FactorsMissing,
    /// The ID token names no role that a person may have.
    #[error("the identity provider names no role for this person here")]
    RoleMissing,
    /// The person has several roles and asked for none of them.
    #[error("this person has several roles ({roles}); sign in with /auth/login?role=, one at a time")]
    RoleAmbiguous {
        /// The roles.
        roles: String,
    },
    /// The provider could not be asked.
    #[error("the identity provider cannot be reached or does not answer as it should: {what}")]
    ProviderUnavailable {
        /// What failed.
        what: String,
    },
}

ledger::carries_ledger_error!(Error);

impl Fault for Error {
    fn kind(&self) -> Kind {
        match self {
            Self::Ledger(error) => error.kind(),
            Self::BoundElsewhere
            | Self::ProofInvalid { .. }
            | Self::SignInUnknown
            | Self::TokenInvalid { .. } => Kind::Unauthenticated,
            Self::CsrfHeaderMissing
            | Self::SignInRefused { .. }
            | Self::FactorsMissing
            | Self::RoleMissing => Kind::PermissionDenied,
            Self::SignInUnbound | Self::RoleAmbiguous { .. } => Kind::FailedPrecondition,
            Self::ParameterInvalid { .. } => Kind::InvalidArgument,
            Self::SignInBusy => Kind::ResourceExhausted,
            Self::ProviderUnavailable { .. } => Kind::Unavailable,
        }
    }

    fn reason(&self) -> &'static str {
        match self {
            Self::Ledger(error) => error.reason(),
            Self::BoundElsewhere => "SESSION_BOUND_ELSEWHERE",
            Self::ProofInvalid { .. } => "DPOP_PROOF_INVALID",
            Self::CsrfHeaderMissing => "CSRF_HEADER_MISSING",
            Self::SignInUnbound => "SIGN_IN_UNBOUND",
            Self::ParameterInvalid { .. } => "SIGN_IN_PARAMETER_INVALID",
            Self::SignInBusy => "SIGN_IN_BUSY",
            Self::SignInUnknown => "SIGN_IN_UNKNOWN",
            Self::SignInRefused { .. } => "SIGN_IN_REFUSED",
            Self::TokenInvalid { .. } => "ID_TOKEN_INVALID",
            Self::FactorsMissing => "SIGN_IN_FACTORS_MISSING",
            Self::RoleMissing => "SIGN_IN_ROLE_MISSING",
            Self::RoleAmbiguous { .. } => "SIGN_IN_ROLE_AMBIGUOUS",
            Self::ProviderUnavailable { .. } => "IDENTITY_PROVIDER_UNAVAILABLE",
        }
    }

    fn message_zh(&self) -> String {
        match self {
            Self::Ledger(error) => error.message_zh(),
            Self::BoundElsewhere => "会话绑定在另一证书或密钥上".to_owned(),
            Self::ProofInvalid { what } => format!("DPoP 证明不能接受：{what}"),
            Self::CsrfHeaderMissing => "带会话的调用必须有请求头 x-zhirong-csrf".to_owned(),
            Self::SignInUnbound => "请使用客户端证书登录，或以 dpop_jkt 给出会话的密钥".to_owned(),
            Self::ParameterInvalid { name } => format!("参数 {name} 不可用"),
            Self::SignInBusy => "正在登录的人过多，请几分钟后再试".to_owned(),
            Self::SignInUnknown => {
                "本次登录不是在此浏览器中开始的、已经用过或超过十分钟，请重新登录".to_owned()
            }
            Self::SignInRefused { what } => format!("身份提供方拒绝登录：{what}"),
            Self::TokenInvalid { what } => format!("身份令牌不能接受：{what}"),
            Self::FactorsMissing => "登录须使用双因素，身份提供方未表明使用了双因素".to_owned(),
            Self::RoleMissing => "身份提供方未给出此人在本系统的角色".to_owned(),
            Self::RoleAmbiguous { roles } => {
                format!("此人有多个角色（{roles}），请以 /auth/login?role= 选其一登录")
            }
            Self::ProviderUnavailable { what } => format!("身份提供方不可达或回答不正确：{what}"),
        }
    }

    fn message_en(&self) -> String {
        match self {
            Self::Ledger(error) => error.message_en(),
            _ => self.to_string(),
        }
    }

    fn violations(&self) -> Vec<FieldViolation> {
        match self {
            Self::Ledger(error) => error.violations(),
            _ => Vec::new(),
        }
    }
}
