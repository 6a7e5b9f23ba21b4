//! What a server that was killed leaves behind: perhaps itself, and a segment of shared memory.

use std::fs;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use camino::Utf8Path;
use rustix::process::{Pid, Signal, kill_process};

/// What `postmaster.pid` says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PostmasterPid {
    /// The first line.
    pub(crate) pid: i32,
    /// The seventh line: key and id of a System V segment.
    pub(crate) segment: Option<(i64, i64)>,
}

/// Reads `postmaster.pid` of a data folder, if there is one that can be read.
pub(crate) fn postmaster_pid(data: &Utf8Path) -> Option<PostmasterPid> {
    let text = fs::read_to_string(data.join("postmaster.pid")).ok()?;
    // A server without a postmaster, as `initdb` runs it, writes its number with a minus.
    let pid = text.lines().next()?.trim().trim_start_matches('-').parse().ok()?;
    let segment = text.lines().nth(6).and_then(|line| {
        let mut words = line.split_whitespace();
        Some((words.next()?.parse().ok()?, words.next()?.parse().ok()?))
    });
    Some(PostmasterPid { pid, segment })
}

/// Ends the server that still runs on a data folder, if any, and frees its shared memory.
pub(crate) fn end_server(data: &Utf8Path) {
    let Some(file) = postmaster_pid(data) else { return };
    if let Some(pid) = server_on(data, file.pid) {
        for (signal, patience) in [(Signal::QUIT, 2000), (Signal::KILL, 2000)] {
            kill_process(pid, signal).ok();
            if is_gone_within(pid, Duration::from_millis(patience)) {
                break;
            }
        }
    }
    free_segment(&file);
}

/// The process, if it lives and is a server on this very folder: a pid alone may be anybody's by now.
pub(crate) fn server_on(data: &Utf8Path, pid: i32) -> Option<Pid> {
    let pid = Pid::from_raw(pid)?;
    let process = format!("/proc/{}", pid.as_raw_nonzero());
    let command = fs::read(format!("{process}/cmdline")).ok()?;
    let mut arguments = command.split(|byte| *byte == 0);
    let program = arguments.next()?;
    if !program.ends_with(b"postgres") && !program.ends_with(b"postmaster") {
        return None;
    }
    // A postmaster works in its data folder. Where that may not be read, its arguments tell.
    let works_there = match (fs::read_link(format!("{process}/cwd")), data.canonicalize()) {
        (Ok(folder), Ok(data)) => folder == data,
        _ => arguments.any(|argument| argument == data.as_str().as_bytes()),
    };
    works_there.then_some(pid)
}

fn is_gone_within(pid: Pid, patience: Duration) -> bool {
    let deadline = Instant::now() + patience;
    while Instant::now() < deadline {
        if !is_running(pid) {
            return true;
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    false
}

/// Whether a process runs. One that is dead and not yet reaped does not.
fn is_running(pid: Pid) -> bool {
    let stat = fs::read_to_string(format!("/proc/{}/stat", pid.as_raw_nonzero()));
    stat.is_ok_and(|stat| {
        // `4711 (postgres) S …`: the name may hold anything, so the state stands after the last `)`.
        stat.rsplit_once(')').is_some_and(|(_, rest)| !rest.trim_start().starts_with(['Z', 'X']))
    })
}

/// Frees the System V segment that a killed postmaster leaves for ever once its folder is gone.
///
/// Only if it is still the one of the file (key and id), and not before the last of the server's
/// other processes, which end by themselves, has let go of it.
pub(crate) fn free_segment(file: &PostmasterPid) {
    let Some(segment) = file.segment else { return };
    let deadline = Instant::now() + Duration::from_secs(10);
    while let Some(attached) = attached_to(segment) {
        if attached == 0 {
            remove_segment(segment.1);
            return;
        }
        if Instant::now() > deadline {
            return;
        }
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// How many processes use a segment; nothing if there is none of that key and id.
fn attached_to((key, id): (i64, i64)) -> Option<i64> {
    let table = fs::read_to_string("/proc/sysvipc/shm").ok()?;
    table.lines().skip(1).find_map(|row| {
        let columns: Vec<i64> =
            row.split_whitespace().map_while(|text| text.parse().ok()).collect();
        let same = as_key(*columns.first()?) == as_key(key) && *columns.get(1)? == id;
        same.then(|| columns.get(6).copied()).flatten()
    })
}

fn remove_segment(id: i64) {
    Command::new("ipcrm")
        .args(["-m", &id.to_string()])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .ok();
}

/// Keys are written signed in one place and unsigned in the other.
fn as_key(number: i64) -> i64 {
    number & 0xffff_ffff
}
