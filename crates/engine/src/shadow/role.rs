//! The parts that our own program plays beside its main one.

use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};

use super::{guard, starter};

/// First argument of the process that watches over a server.
pub(crate) const GUARD: &str = "__whimbrel_shadow_guard";

/// First argument of the process that becomes a server.
pub(crate) const STARTER: &str = "__whimbrel_shadow_starter";

static ENTERED: AtomicBool = AtomicBool::new(false);

/// Plays the guard or the starter if this process was started for that.
///
/// A program that uses the shadow calls it first thing in `main`, before threads and arguments:
///
/// ```no_run
/// use std::process::ExitCode;
///
/// fn main() -> ExitCode {
///     if let Some(code) = whimbrel_engine::shadow::enter_if_asked() {
///         return code;
///     }
///     ExitCode::SUCCESS
/// }
/// ```
pub fn enter_if_asked() -> Option<ExitCode> {
    ENTERED.store(true, Ordering::Relaxed);
    let mut arguments = std::env::args_os().skip(1);
    let part = arguments.next()?;
    if part == GUARD {
        return Some(guard::play());
    }
    if part == STARTER {
        let arguments: Option<Vec<String>> =
            arguments.map(|argument| argument.into_string().ok()).collect();
        return Some(starter::play(&arguments.unwrap_or_default()));
    }
    None
}

/// Whether this program can play the parts.
pub(crate) fn can_play() -> bool {
    ENTERED.load(Ordering::Relaxed)
}
