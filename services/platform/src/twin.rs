//! Red twins: faults of our own, compiled in by the feature `twins` alone and chosen by name at run time, so that a test of a guard
//! can be seen to fail without it. A build without the feature has none of them: [`is_on`] is `false` there and nothing else.

use uuid::Uuid;

use crate::error::Error;

/// Names the twin in the environment of a process; it begins with no `ZHIRONG_`, since it is no setting.
pub const VARIABLE: &str = "RED_TWIN";

/// A guard that is left out, or a crash that is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Twin {
    /// The process aborts after a command has committed and before it is answered.
    CrashAfterCommit,
    /// A look-up of a credential is remembered for ever, and no write asks for it again.
    StaleCredential,
    /// The bounds on calls, streams, headers and connections are so wide that they hold nobody back.
    NoLimits,
    /// A node in earnest starts without looking at what it starts on.
    NoStartChecks,
    /// A call panics with what its caller sent in the message.
    PanicInCall,
    /// A call logs what its caller sent.
    LogHeaders,
    /// The first answer to a key is kept empty.
    AnswerNotStored,
    /// A key that was answered before counts as new.
    NoRequestKeys,
    /// A key that was answered before is answered again whatever the body.
    BodyUnread,
    /// A transaction runs in the caller's own future, and a connection is not reset before it is used again.
    BeginOnTheHandler,
    /// A transaction is tried once.
    NoRetries,
    /// A session is taken from any certificate and with any key.
    UnboundSession,
}

impl Twin {
    /// Every twin.
    pub const ALL: [Self; 12] = [
        Self::CrashAfterCommit,
        Self::StaleCredential,
        Self::NoLimits,
        Self::NoStartChecks,
        Self::PanicInCall,
        Self::LogHeaders,
        Self::AnswerNotStored,
        Self::NoRequestKeys,
        Self::BodyUnread,
        Self::BeginOnTheHandler,
        Self::NoRetries,
        Self::UnboundSession,
    ];

    /// Its name in the environment.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::CrashAfterCommit => "crash-after-commit",
            Self::StaleCredential => "stale-credential",
            Self::NoLimits => "no-limits",
            Self::NoStartChecks => "no-start-checks",
            Self::PanicInCall => "panic-in-call",
            Self::LogHeaders => "log-headers",
            Self::AnswerNotStored => "answer-not-stored",
            Self::NoRequestKeys => "no-request-keys",
            Self::BodyUnread => "body-unread",
            Self::BeginOnTheHandler => "begin-on-the-handler",
            Self::NoRetries => "no-retries",
            Self::UnboundSession => "unbound-session",
        }
    }
}

/// Whether this build has twins at all.
#[must_use]
pub const fn are_built_in() -> bool {
    cfg!(feature = "twins")
}

/// Whether this process is this twin.
#[cfg(feature = "twins")]
#[must_use]
pub fn is_on(twin: Twin) -> bool {
    static CHOSEN: std::sync::LazyLock<Option<String>> = std::sync::LazyLock::new(asked);
    let chosen = CHOSEN.as_deref().unwrap_or_default();
    chosen.split(',').any(|name| name == twin.as_str())
}

/// Whether this process is this twin: never, in a build without them.
#[cfg(not(feature = "twins"))]
#[must_use]
pub const fn is_on(_: Twin) -> bool {
    false
}

/// What a twin does with a call: nothing, in a process that is none of these.
#[expect(clippy::panic, reason = "the panic is the fault that this twin makes")]
pub(crate) fn meet(headers: &http::HeaderMap) {
    if is_on(Twin::LogHeaders) {
        tracing::info!(?headers, "a call");
    }
    // A node calls itself at its start, and must get that far.
    if is_on(Twin::PanicInCall) && headers.contains_key("x-api-key") {
        panic!("a call with {headers:?}");
    }
}

/// The twin that this process was asked to be, in whatever build: a node in earnest refuses to be one.
#[must_use]
#[expect(
    clippy::disallowed_methods,
    reason = "a twin is chosen from outside and is no setting of the product"
)]
pub fn asked() -> Option<String> {
    std::env::var(VARIABLE).ok()
}

/// The first name in the environment that is no twin's, so that a misspelt one does not pass for a guard that held.
#[must_use]
pub fn unknown(names: Option<&str>) -> Option<&str> {
    let is_unknown = |name: &&str| Twin::ALL.iter().all(|twin| twin.as_str() != *name);
    names.and_then(|names| names.split(',').find(is_unknown))
}

/// Refuses a start under a name that is no twin's.
///
/// # Errors
/// [`Error::Config`] with that name, in a build with twins.
#[cfg(feature = "twins")]
pub fn check() -> Result<(), Error> {
    unknown(asked().as_deref()).map_or(Ok(()), |name| {
        Err(Error::config(
            VARIABLE,
            format!("没有名为 {name} 的故障"),
            format!("no twin is named {name}"),
        ))
    })
}

/// Refuses nothing: a build without twins does not look at the environment.
///
/// # Errors
/// None.
#[cfg(not(feature = "twins"))]
pub const fn check() -> Result<(), Error> {
    Ok(())
}

/// How a key begins whose command [`Twin::CrashAfterCommit`] never answers.
pub const MARK: [u8; 2] = [0xde, 0xad];

/// So many marked commands have committed when the process ends.
pub const CRASHES_AFTER: u32 = 10;

/// Between the commit of a command and its answer: here [`Twin::CrashAfterCommit`] crashes.
#[cfg(feature = "twins")]
pub async fn crash_after_commit(key: Uuid) {
    use std::sync::atomic::{AtomicU32, Ordering};
    static COMMITTED: AtomicU32 = AtomicU32::new(1);
    if !is_on(Twin::CrashAfterCommit) || !key.as_bytes().starts_with(&MARK) {
        return;
    }
    if COMMITTED.fetch_add(1, Ordering::SeqCst) >= CRASHES_AFTER {
        std::process::abort();
    }
    std::future::pending().await
}

/// Between the commit of a command and its answer: nothing, in a build without twins.
#[cfg(not(feature = "twins"))]
pub async fn crash_after_commit(_: Uuid) {}
