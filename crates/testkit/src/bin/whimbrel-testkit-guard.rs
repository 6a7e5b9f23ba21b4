//! Plays the shadow's guard for test binaries, which have a `main` of their own.

use std::process::ExitCode;

fn main() -> ExitCode {
    whimbrel_engine::shadow::enter_if_asked().unwrap_or(ExitCode::FAILURE)
}
