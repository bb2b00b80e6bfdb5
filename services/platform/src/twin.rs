//! Red twins: faults of our own, compiled in by the feature `twins` alone and chosen by name at run time, so that a test of a guard
//! can be seen to fail without it. A build without the feature has none of them: [`is_on`] is `false` there and nothing else.

/// Names the twin in the environment of a process; it begins with no `ZHIRONG_`, since it is no setting.
pub const VARIABLE: &str = "RED_TWIN";

/// A guard that is left out, or a crash that is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Twin {
    /// The process aborts after a command has committed and before it is answered.
    CrashAfterCommit,
    /// A node in earnest starts without looking at what it starts on.
    NoStartChecks,
    /// A call panics with what its caller sent in the message.
    PanicInCall,
    /// A call logs what its caller sent.
    LogHeaders,
}

impl Twin {
    /// Every twin.
    pub const ALL: [Self; 4] = [
        Self::CrashAfterCommit,
        Self::NoStartChecks,
        Self::PanicInCall,
        Self::LogHeaders,
    ];

    /// Its name in the environment.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::CrashAfterCommit => "crash-after-commit",
            Self::NoStartChecks => "no-start-checks",
            Self::PanicInCall => "panic-in-call",
            Self::LogHeaders => "log-headers",
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
    CHOSEN.as_deref() == Some(twin.as_str())
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

/// The name in the environment that is no twin's, so that a misspelt one does not pass for a guard that held.
#[must_use]
pub fn unknown(name: Option<&str>) -> Option<&str> {
    name.filter(|name| Twin::ALL.iter().all(|twin| twin.as_str() != *name))
}
