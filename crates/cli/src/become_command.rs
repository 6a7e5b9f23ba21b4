//! `--then COMMAND`: one process for migrations and server, as a container wants it.

use std::ffi::OsString;
use std::process::Command;

use whimbrel_app::Exit;

use crate::failure::Failure;

/// Becomes a command, so that signals and the exit code are its own.
#[cfg(unix)]
pub(crate) fn become_command(words: &[OsString]) -> Result<Exit, Failure> {
    use std::os::unix::process::CommandExt as _;
    let Some((program, arguments)) = words.split_first() else { return Ok(Exit::Done) };
    let source = Command::new(program).args(arguments).exec();
    Err(Failure::Input { what: format!("run `{}`", program.to_string_lossy()), source })
}

/// Runs a command and ends as it does.
#[cfg(not(unix))]
pub(crate) fn become_command(words: &[OsString]) -> Result<Exit, Failure> {
    let Some((program, arguments)) = words.split_first() else { return Ok(Exit::Done) };
    let failed =
        |source| Failure::Input { what: format!("run `{}`", program.to_string_lossy()), source };
    let status = Command::new(program).args(arguments).status().map_err(failed)?;
    Ok(if status.success() { Exit::Done } else { Exit::Failed })
}
