//! Red twins: faults of our own, compiled in by the feature `twins` alone and chosen by name at run time, so that a test of a guard
//! can be seen to fail without it. A build without the feature has none of them: [`is_on`] is `false` there and nothing else.

use uuid::Uuid;

use crate::error::Error;

/// Names the twin in the environment of a process, or several with commas; it begins with no `ZHIRONG_`, since it is no setting.
pub const VARIABLE: &str = "RED_TWIN";

/// A guard that is left out, or a crash that is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Twin {
    /// Commands under a marked key commit and are never answered, and the tenth ends the process ([`crash_after_commit`]).
    CrashAfterCommit,
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
}

impl Twin {
    /// Every twin.
    pub const ALL: [Self; 6] = [
        Self::CrashAfterCommit,
        Self::AnswerNotStored,
        Self::NoRequestKeys,
        Self::BodyUnread,
        Self::BeginOnTheHandler,
        Self::NoRetries,
    ];

    /// Its name in the environment.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::CrashAfterCommit => "crash-after-commit",
            Self::AnswerNotStored => "answer-not-stored",
            Self::NoRequestKeys => "no-request-keys",
            Self::BodyUnread => "body-unread",
            Self::BeginOnTheHandler => "begin-on-the-handler",
            Self::NoRetries => "no-retries",
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
    static CHOSEN: std::sync::LazyLock<Option<String>> = std::sync::LazyLock::new(chosen);
    let chosen = CHOSEN.as_deref().unwrap_or_default();
    chosen.split(',').any(|name| name == twin.as_str())
}

/// Whether this process is this twin: never, in a build without them.
#[cfg(not(feature = "twins"))]
#[must_use]
pub const fn is_on(_: Twin) -> bool {
    false
}

#[cfg(feature = "twins")]
#[expect(
    clippy::disallowed_methods,
    reason = "a twin is chosen from outside and is no setting of the product"
)]
fn chosen() -> Option<String> {
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
    unknown(chosen().as_deref()).map_or(Ok(()), |name| {
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
