//! The client's end of a guard.

use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::{ChildStdin, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;

use camino::Utf8PathBuf;
use tokio::sync::mpsc::{self, UnboundedReceiver};

use super::error::{Cause, ShadowError};
use super::options::ShadowOptions;
use super::order::{self, Order, Report, Started};
use super::role;
use crate::{Event, Events};

/// How much of a guard's panic is shown.
const LAST_WORDS: u64 = 4 << 10;

/// A running guard. Dropping it closes the pipe, upon which the guard ends everything.
///
/// Nothing here belongs to a runtime: a server may outlive the one that started it.
#[derive(Debug)]
pub(crate) struct GuardLink {
    stdin: Option<ChildStdin>,
    reports: UnboundedReceiver<Report>,
    program: Utf8PathBuf,
    /// What it said on standard error, which it does only when it panics.
    last_words: Arc<Mutex<String>>,
}

impl GuardLink {
    /// Starts a guard and gives it its order.
    pub(crate) fn open(options: &ShadowOptions, order: &Order) -> Result<Self, ShadowError> {
        let path = helper(options)?;
        let program = Utf8PathBuf::from(path.to_string_lossy().into_owned());
        let failed = |error: &io::Error| ShadowError::Guard {
            program: program.clone(),
            cause: Cause::of(error),
        };
        // A process group of its own: Ctrl-C is for us, who then end it in order.
        let mut child = Command::new(&path)
            .arg(role::GUARD)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .spawn()
            .map_err(|error| failed(&error))?;
        let stdin = child.stdin.take();
        let stdout = child.stdout.take().expect("standard output was asked to be a pipe");
        let stderr = child.stderr.take().expect("standard error was asked to be a pipe");
        let last_words = Arc::new(Mutex::new(String::new()));
        let heard = Arc::clone(&last_words);
        let (sender, reports) = mpsc::unbounded_channel();
        thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                let Ok(report) = serde_json::from_str(&line) else { break };
                if sender.send(report).is_err() {
                    break;
                }
            }
            let mut words = String::new();
            stderr.take(LAST_WORDS).read_to_string(&mut words).ok();
            *heard.lock().expect("no thread panics while it holds this") = words;
            child.wait().ok();
            // The channel closes here: the guard is gone.
        });
        let mut link = Self { stdin, reports, program: program.clone(), last_words };
        link.send(order).map_err(|error| failed(&error))?;
        Ok(link)
    }

    fn send(&mut self, value: &impl serde::Serialize) -> io::Result<()> {
        let Some(stdin) = &mut self.stdin else { return Err(io::ErrorKind::BrokenPipe.into()) };
        let mut line = serde_json::to_vec(value)?;
        line.push(b'\n');
        stdin.write_all(&line)
    }

    /// Tells the guard to do something.
    pub(crate) fn command(&mut self, command: &order::Command) -> Result<(), ShadowError> {
        self.send(command).map_err(|error| self.lost(Cause::of(&error)))
    }

    /// The next thing the guard says.
    pub(crate) async fn report(&mut self) -> Result<Report, ShadowError> {
        match self.reports.recv().await {
            Some(Report::Failed(failure)) => Err(failure),
            Some(report) => Ok(report),
            None => Err(self.lost(Cause::new(self.words()))),
        }
    }

    /// Passes on what the guard says until it has started the server.
    pub(crate) async fn started(
        &mut self,
        events: &mut dyn Events,
    ) -> Result<Started, ShadowError> {
        loop {
            match self.report().await? {
                Report::Started(started) => return Ok(started),
                Report::Working { what, percent } => events.on(Event::Working { what, percent }),
                Report::Waiting { what } => events.on(Event::Waiting { what }),
                Report::Ended { log } => return Err(ShadowError::Died { log: Cause::new(log) }),
                Report::Halted | Report::Failed(_) => {}
            }
        }
    }

    /// What the guard has said already.
    pub(crate) fn report_now(&mut self) -> Option<Report> {
        self.reports.try_recv().ok()
    }

    /// Closes the pipe and waits until the guard has ended.
    pub(crate) async fn close(mut self) {
        self.stdin = None;
        while self.reports.recv().await.is_some() {}
    }

    fn words(&self) -> String {
        let words = self.last_words.lock().expect("no thread panics while it holds this");
        let words = words.trim();
        if words.is_empty() { "it is gone".to_owned() } else { words.to_owned() }
    }

    fn lost(&self, cause: Cause) -> ShadowError {
        ShadowError::Guard { program: self.program.clone(), cause }
    }
}

fn helper(options: &ShadowOptions) -> Result<PathBuf, ShadowError> {
    if let Some(helper) = &options.helper {
        return Ok(helper.clone());
    }
    if !role::can_play() {
        return Err(ShadowError::NoHelper);
    }
    // Works where the file was replaced or removed while this process runs.
    if cfg!(target_os = "linux") {
        return Ok("/proc/self/exe".into());
    }
    std::env::current_exe().map_err(|_| ShadowError::NoHelper)
}
