//! What a panic prints: where it was, and its message where the program's text holds it as it stands. A message that was put together may
//! hold what a caller sent, and is withheld.

use std::panic::{PanicHookInfo, set_hook};

use crate::output;

/// From now on panics print no value.
pub(crate) fn withhold() {
    set_hook(Box::new(|info| {
        let (place, message) = (place(info), message(info));
        tracing::error!(place, message, "a panic");
        if !tracing::dispatcher::has_been_set() {
            output::note(&format!("panic: {place}: {message}"));
        }
    }));
}

fn place(info: &PanicHookInfo<'_>) -> String {
    info.location().map(ToString::to_string).unwrap_or_default()
}

/// A literal is a `&str`; what was formatted is a `String`.
fn message<'a>(info: &'a PanicHookInfo<'_>) -> &'a str {
    info.payload()
        .downcast_ref::<&'static str>()
        .copied()
        .unwrap_or("withheld")
}
