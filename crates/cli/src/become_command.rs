//! Becomes another program: `--then COMMAND`, one process for migrations and server as a container
//! wants it, and psql.

use std::ffi::OsString;
use std::process::Command;

use whimbrel_app::Exit;
use whimbrel_app::cases::dev::Client;
use whimbrel_app::catalogue::Code;

use crate::failure::Failure;

/// Becomes a command, so that signals and the exit code are its own.
#[cfg(unix)]
pub(crate) fn become_command(words: &[OsString]) -> Result<Exit, Failure> {
    use std::os::unix::process::CommandExt as _;
    let Some((program, arguments)) = words.split_first() else { return Ok(Exit::Done) };
    let source = Command::new(program).args(arguments).exec();
    Err(Failure::Input {
        code: Code::PROGRAM,
        what: format!("run `{}`", program.to_string_lossy()),
        source,
    })
}

/// Runs a command and ends as it does.
#[cfg(not(unix))]
pub(crate) fn become_command(words: &[OsString]) -> Result<Exit, Failure> {
    let Some((program, arguments)) = words.split_first() else { return Ok(Exit::Done) };
    let failed = |source| Failure::Input {
        code: Code::PROGRAM,
        what: format!("run `{}`", program.to_string_lossy()),
        source,
    };
    let status = Command::new(program).args(arguments).status().map_err(failed)?;
    Ok(if status.success() { Exit::Done } else { Exit::Failed })
}

/// Becomes a client of a database. What leads it there is in its environment, where nobody else
/// sees the password.
pub(crate) fn become_client(client: &Client, arguments: &[OsString]) -> Result<Exit, Failure> {
    let mut command = Command::new(&client.program);
    command.args(arguments);
    for name in client.removed {
        command.env_remove(name);
    }
    for (name, value) in &client.variables {
        command.env(name, value.reveal());
    }
    let failed = |source| Failure::Input {
        code: Code::PROGRAM,
        what: format!("run `{}`", client.program),
        source,
    };
    run(&mut command).map_err(failed)
}

#[cfg(unix)]
fn run(command: &mut Command) -> std::io::Result<Exit> {
    use std::os::unix::process::CommandExt as _;
    Err(command.exec())
}

#[cfg(not(unix))]
fn run(command: &mut Command) -> std::io::Result<Exit> {
    Ok(if command.status()?.success() { Exit::Done } else { Exit::Failed })
}
