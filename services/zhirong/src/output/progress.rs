//! How far a long command is, on standard error and on a terminal only: a log file gets no bar.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// The bar on the terminal, so that notes are written above it and not through it.
static CURRENT: Mutex<Option<ProgressBar>> = Mutex::new(None);

const TICK: Duration = Duration::from_millis(120);

/// A bar or a spinner; gone from the terminal when this is dropped.
#[derive(Debug)]
pub struct Progress {
    bar: ProgressBar,
}

impl Progress {
    /// Begins to show what is done, out of `total` steps, or without an end in sight.
    #[must_use]
    pub fn start(what: &str, total: Option<u64>) -> Self {
        let template = match total {
            Some(_) => "{spinner} {msg} [{bar:30}] {pos}/{len} {elapsed}",
            None => "{spinner} {msg} {pos} {elapsed}",
        };
        // Drawn on a terminal only: the library asks the stream.
        let bar = ProgressBar::with_draw_target(total, ProgressDrawTarget::stderr());
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style.progress_chars("=> ").tick_chars("|/-\\ "));
        }
        bar.set_message(what.to_owned());
        if !bar.is_hidden() {
            bar.enable_steady_tick(TICK);
        }
        *CURRENT.lock().unwrap_or_else(PoisonError::into_inner) = Some(bar.clone());
        Self { bar }
    }

    /// So many steps more are done.
    pub fn advance(&self, steps: u64) {
        self.bar.inc(steps);
    }

    /// What is done now.
    pub fn tell(&self, what: &str) {
        self.bar.set_message(what.to_owned());
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
        *CURRENT.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

/// Writes something while the bar, if there is one, is off the terminal.
pub(super) fn aside(write: impl FnOnce()) {
    let bar = CURRENT.lock().unwrap_or_else(PoisonError::into_inner).clone();
    match bar {
        Some(bar) => bar.suspend(write),
        None => write(),
    }
}
