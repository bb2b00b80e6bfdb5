//! Refusals made before or beside our handlers: by the router, the codec, the limit of time. They leave with a reason, both
//! languages and a trace id like all others.

use http::HeaderMap;
use tonic::{Code, Status};

use crate::error::{Fault, Kind, to_status};

/// A call that no handler answered.
#[derive(Debug, thiserror::Error)]
pub(super) enum Refusal {
    /// No service here has the method.
    #[error("no such method here")]
    MethodUnknown,
    /// The message is larger than a message may be.
    #[error("message too large: {0}")]
    MessageTooLarge(String),
    /// The bytes are no message of the method.
    #[error("message malformed: {0}")]
    MessageMalformed(String),
    /// The head of the response took too long.
    #[error("the call took too long")]
    TimedOut,
    /// Nothing of the request came for too long.
    #[error("nothing came for {seconds} s")]
    UploadStalled {
        /// How long nothing came, in seconds.
        seconds: u64,
    },
}

impl Refusal {
    /// The refusal that a bare status stands for; none where its code says all that is known.
    fn of(status: &Status) -> Option<Self> {
        let said = status.message().to_owned();
        match status.code() {
            Code::Unimplemented if said.is_empty() => Some(Self::MethodUnknown),
            Code::OutOfRange => Some(Self::MessageTooLarge(said)),
            Code::Internal if said.contains("decod") || said.contains("protocol error") => {
                Some(Self::MessageMalformed(said))
            }
            _ => None,
        }
    }
}

impl Fault for Refusal {
    fn kind(&self) -> Kind {
        match self {
            Self::MethodUnknown => Kind::Unimplemented,
            Self::MessageTooLarge(_) => Kind::OutOfRange,
            Self::MessageMalformed(_) => Kind::InvalidArgument,
            Self::TimedOut | Self::UploadStalled { .. } => Kind::DeadlineExceeded,
        }
    }

    fn reason(&self) -> &'static str {
        match self {
            Self::MethodUnknown => "METHOD_UNKNOWN",
            Self::MessageTooLarge(_) => "MESSAGE_TOO_LARGE",
            Self::MessageMalformed(_) => "MESSAGE_MALFORMED",
            Self::TimedOut => "CALL_TIMED_OUT",
            Self::UploadStalled { .. } => "UPLOAD_STALLED",
        }
    }

    fn message_zh(&self) -> String {
        match self {
            Self::MethodUnknown => "本服务没有此方法,请核对方法名和服务地址".to_owned(),
            Self::MessageTooLarge(said) => format!("消息过大:{said}"),
            Self::MessageMalformed(said) => format!("消息无法解析,请核对接口定义:{said}"),
            Self::TimedOut => "处理超时,请用同一请求号重试".to_owned(),
            Self::UploadStalled { seconds } => format!("{seconds} 秒内未收到请求数据,调用已终止"),
        }
    }

    fn message_en(&self) -> String {
        match self {
            Self::MethodUnknown => "no such method here: check its name and the address".to_owned(),
            Self::MessageTooLarge(said) => format!("the message is too large: {said}"),
            Self::MessageMalformed(said) => {
                format!("the message cannot be read, check it against the proto: {said}")
            }
            Self::TimedOut => "the call took too long, repeat it with the same request id".to_owned(),
            Self::UploadStalled { seconds } => {
                format!("nothing of the request came for {seconds} s, so the call was ended")
            }
        }
    }
}

/// Reads the status out of headers or trailers, and gives a bare refusal its details. None where there is no status yet.
pub(super) fn complete(headers: &mut HeaderMap) -> Option<Code> {
    let status = Status::from_header_map(headers)?;
    if status.code() == Code::Ok || headers.contains_key(Status::GRPC_STATUS_DETAILS) {
        return Some(status.code());
    }
    let Some(refusal) = Refusal::of(&status) else {
        return Some(status.code());
    };
    let full = to_status(&refusal);
    // What cannot be written as a header stays as it was.
    match full.add_header(headers) {
        Ok(()) => Some(full.code()),
        Err(_) => Some(status.code()),
    }
}

#[cfg(test)]
mod tests {
    use tonic_types::StatusExt;

    use super::*;

    fn completed(status: &Status) -> Status {
        let mut headers = HeaderMap::new();
        status.add_header(&mut headers).unwrap();
        let code = complete(&mut headers).unwrap();
        let status = Status::from_header_map(&headers).unwrap();
        assert_eq!(status.code(), code);
        status
    }

    #[test]
    fn a_bare_refusal_leaves_with_its_reason_and_others_as_they_came() {
        for (bare, reason) in [
            (Status::unimplemented(""), "METHOD_UNKNOWN"),
            (Status::out_of_range("found 5 bytes"), "MESSAGE_TOO_LARGE"),
            (
                Status::internal("failed to decode Protobuf message"),
                "MESSAGE_MALFORMED",
            ),
        ] {
            let info = completed(&bare).get_details_error_info().unwrap();
            assert_eq!(info.reason, reason);
        }
        let own = to_status(&Refusal::TimedOut);
        let again = completed(&own);
        assert_eq!((again.code(), again.details()), (own.code(), own.details()));
        assert_eq!(completed(&Status::cancelled("gone")).message(), "gone");
        assert_eq!(complete(&mut HeaderMap::new()), None);
    }
}
