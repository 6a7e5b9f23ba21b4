//! The role that becomes a program of the server.
//!
//! Between the guard and the server stands a process of our own for some microseconds, because
//! only a process itself can ask for its parent's death signal, and only after it has changed its
//! user: the kernel forgets the request at a change of credentials (`prctl(2)`).

use std::io::{self, Write as _};
use std::os::unix::process::CommandExt as _;
use std::process::{Command, ExitCode, Stdio};

use camino::Utf8Path;
use rustix::fs::Mode;
use rustix::process::{Gid, Signal, Uid};

use super::identity::Identity;
use super::role;

/// What kills a program whose guard has died.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DeathSignal {
    /// Immediate shutdown of a server.
    Quit,
    /// The end of `initdb`, which then removes what it made.
    Term,
}

/// A command that starts `program` as `identity`, tied to the life of this process.
///
/// It must be spawned by a thread that outlives the program: the signal follows the thread.
pub(crate) fn command(
    program: &Utf8Path,
    arguments: &[String],
    identity: Identity,
    death: DeathSignal,
) -> io::Result<Command> {
    let ours = std::env::current_exe()?;
    let mut command = match identity {
        // Works where the path is closed to others or was replaced meanwhile.
        Identity::Ourselves | Identity::User { .. } if cfg!(target_os = "linux") => {
            Command::new("/proc/self/exe")
        }
        Identity::Ourselves | Identity::User { .. } => Command::new(ours),
        Identity::Namespace { uid, gid } => {
            let mut command = Command::new("unshare");
            command.arg("--user");
            command.arg(format!("--map-user={uid}")).arg(format!("--map-group={gid}"));
            command.arg("--").arg(ours);
            command
        }
    };
    command.arg(role::STARTER);
    command.arg(std::process::id().to_string());
    command.arg(match death {
        DeathSignal::Quit => "quit",
        DeathSignal::Term => "term",
    });
    match identity {
        Identity::User { uid, gid } => command.arg(uid.to_string()).arg(gid.to_string()),
        Identity::Ourselves | Identity::Namespace { .. } => command.args(["-", "-"]),
    };
    command.arg(program).args(arguments);
    command.stdin(Stdio::null()).current_dir("/").env_clear().process_group(0);
    // Never the user's locale or time zone: the same cluster everywhere. A given TZ also spares
    // `initdb` its search through all of them.
    command.env("LC_ALL", "C").env("TZ", "UTC");
    command.env("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
    Ok(command)
}

/// Plays the role; returns only if it fails.
pub(crate) fn play(arguments: &[String]) -> ExitCode {
    let failure = become_program(arguments);
    writeln!(io::stderr(), "whimbrel: {failure}").ok();
    ExitCode::from(71)
}

fn become_program(arguments: &[String]) -> String {
    let [guard, death, uid, gid, program, rest @ ..] = arguments else {
        return "the starter lacks arguments".into();
    };
    if let (Ok(uid), Ok(gid)) = (uid.parse(), gid.parse())
        && let Err(error) = change_user(Uid::from_raw(uid), Gid::from_raw(gid))
    {
        return format!("become user {uid}: {error}");
    }
    rustix::process::umask(Mode::RWXG | Mode::RWXO);
    let signal = if death == "term" { Signal::TERM } else { Signal::QUIT };
    if let Err(error) = die_with_parent(signal) {
        return format!("ask for the guard's death signal: {error}");
    }
    // The guard may have died before the request was made.
    let parent = rustix::process::getppid().map(|pid| pid.as_raw_nonzero().to_string());
    if parent.as_ref() != Some(guard) {
        return "the guard is gone".into();
    }
    let error = Command::new(program).args(rest).exec();
    format!("start `{program}`: {error}")
}

/// Changes the user of this thread, which is the one that becomes the program.
#[cfg(target_os = "linux")]
fn change_user(uid: Uid, gid: Gid) -> rustix::io::Result<()> {
    rustix::thread::set_thread_groups(&[])?;
    rustix::thread::set_thread_res_gid(gid, gid, gid)?;
    rustix::thread::set_thread_res_uid(uid, uid, uid)
}

#[cfg(not(target_os = "linux"))]
fn change_user(_uid: Uid, _gid: Gid) -> rustix::io::Result<()> {
    Err(rustix::io::Errno::NOSYS)
}

#[cfg(target_os = "linux")]
fn die_with_parent(signal: Signal) -> rustix::io::Result<()> {
    rustix::process::set_parent_process_death_signal(Some(signal))
}

/// Elsewhere the guard's pipe alone has to do.
#[cfg(not(target_os = "linux"))]
fn die_with_parent(_signal: Signal) -> rustix::io::Result<()> {
    Ok(())
}
