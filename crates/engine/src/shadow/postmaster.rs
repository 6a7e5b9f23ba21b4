//! One server process: started, stopped, reaped.

use std::fs::{self, File};
use std::io::{Read as _, Seek as _, SeekFrom};
use std::os::unix::fs::OpenOptionsExt as _;
use std::process::Child;
use std::time::Duration;

use camino::{Utf8Path, Utf8PathBuf};
use rustix::process::{Pid, Signal, kill_process};

use super::error::{Cause, ShadowError};
use super::identity::Identity;
use super::inbox::Inbox;
use super::leftover;
use super::order::{Order, StopMode};
use super::starter::{self, DeathSignal};

/// How much of the log is shown.
const TAIL: u64 = 4 << 10;

/// The server of a run.
#[derive(Debug)]
pub(crate) struct Postmaster {
    program: Utf8PathBuf,
    arguments: Vec<String>,
    identity: Identity,
    data: Utf8PathBuf,
    socket: Utf8PathBuf,
    log: Utf8PathBuf,
    child: Option<Child>,
}

impl Postmaster {
    pub(crate) fn new(
        order: &Order,
        identity: Identity,
        run: &Utf8Path,
        data: Utf8PathBuf,
        socket: Utf8PathBuf,
    ) -> Self {
        let mut arguments = vec![
            "-D".to_owned(),
            data.to_string(),
            "-k".to_owned(),
            // A list, in which a comma or a blank would part a bare name.
            format!("\"{}\"", socket.as_str().replace('"', "\"\"")),
            "-p".to_owned(),
            order.port.to_string(),
        ];
        for (name, value) in &order.settings {
            arguments.push("-c".to_owned());
            arguments.push(format!("{name}={value}"));
        }
        Self {
            program: order.distribution.program("postgres"),
            arguments,
            identity,
            data,
            socket,
            log: run.join("log"),
            child: None,
        }
    }

    pub(crate) fn data(&self) -> &Utf8Path {
        &self.data
    }

    pub(crate) fn socket(&self) -> &Utf8Path {
        &self.socket
    }

    /// Starts the server. Called by the guard's main thread only, whose end would end the server.
    pub(crate) fn start(&mut self, inbox: &Inbox) -> Result<(), ShadowError> {
        let failed = |error: &std::io::Error| ShadowError::CannotRun {
            program: self.program.clone(),
            cause: Cause::of(error),
        };
        self.wait_for_children();
        let log = open_log(&self.log)?;
        let twin = log.try_clone().map_err(|error| failed(&error))?;
        let child =
            starter::command(&self.program, &self.arguments, self.identity, DeathSignal::Quit)
                .and_then(|mut command| command.stdout(twin).stderr(log).spawn())
                .map_err(|error| failed(&error))?;
        inbox.watch(child.id());
        self.child = Some(child);
        Ok(())
    }

    /// Stops the server and waits for its end; what does not obey is killed.
    pub(crate) fn stop(&mut self, mode: StopMode, inbox: &mut Inbox) {
        let Some(child) = &self.child else { return };
        let number = child.id();
        let Some(pid) = i32::try_from(number).ok().and_then(Pid::from_raw) else { return };
        let fast = [(Signal::INT, 60_000), (Signal::QUIT, 2_000), (Signal::KILL, 5_000)];
        let steps = match mode {
            StopMode::Fast => &fast[..],
            StopMode::Immediate => &fast[1..],
            StopMode::Kill => &fast[2..],
        };
        for (signal, patience) in steps {
            kill_process(pid, *signal).ok();
            if inbox.ended_within(number, Duration::from_millis(*patience)) {
                break;
            }
        }
        self.reap(number);
        self.wait_for_children();
    }

    /// A killed postmaster's other processes end a little later, and until then no server can start
    /// on the folder.
    fn wait_for_children(&self) {
        if let Some(file) = leftover::postmaster_pid(&self.data) {
            leftover::free_segment(&file);
        }
    }

    /// Takes note that a process has ended. False: it was not this server.
    pub(crate) fn reap(&mut self, pid: u32) -> bool {
        if self.child.as_ref().is_none_or(|child| child.id() != pid) {
            return false;
        }
        if let Some(mut child) = self.child.take() {
            child.wait().ok();
        }
        true
    }

    /// The end of what the server said.
    pub(crate) fn log_tail(&self) -> String {
        tail(&self.log)
    }
}

/// Opens the log of a run for its server to write to.
pub(crate) fn open_log(path: &Utf8Path) -> Result<File, ShadowError> {
    File::options()
        .create(true)
        .append(true)
        // It may show parts of statements.
        .mode(0o600)
        .open(path)
        .map_err(|error| ShadowError::io("write", path, &error))
}

/// The end of a log.
pub(crate) fn tail(path: &Utf8Path) -> String {
    let read = || -> std::io::Result<String> {
        let mut file = File::open(path)?;
        let length = fs::metadata(path)?.len();
        file.seek(SeekFrom::Start(length.saturating_sub(TAIL)))?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        Ok(String::from_utf8_lossy(&bytes).trim().to_owned())
    };
    read().unwrap_or_default()
}
