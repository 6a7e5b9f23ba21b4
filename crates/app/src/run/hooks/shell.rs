//! A hook that is a line for the shell: a process group of its own, which ends when somebody stops
//! the run.

use std::future::pending;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt as _};
use tokio::process::{Child, Command};
use tokio::time::{Instant, sleep_until, timeout_at};

use super::{Plan, Trouble, When, variables};
use crate::error::HookCause;
use crate::events::Events;
use crate::mask;

/// How long a hook that was asked to stop may take until it is killed.
const GRACE: Duration = Duration::from_secs(5);

/// How long something that a hook left behind is listened to.
const LINGER: Duration = Duration::from_millis(200);

/// Runs it; what it says on either stream is passed on, the database's password covered.
pub(super) async fn run(
    plan: &Plan<'_>,
    when: &When<'_>,
    line: &str,
    events: &mut dyn Events,
) -> Result<(), Trouble> {
    let mut command = Command::new("sh");
    command.args(["-c", line]).current_dir(plan.project.workspace.folder().root());
    for (name, value) in variables::variables(plan, when) {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    // Ctrl-C is for us, who pass it on.
    #[cfg(unix)]
    command.process_group(0);
    let child = command.spawn().map_err(|error| Trouble::of(HookCause::Start(error)))?;
    let passwords = variables::passwords(&plan.project.database.target);
    let mut last = String::new();
    let mut say = |line: &str| {
        let covered = passwords.iter().fold(line.to_owned(), |line, it| line.replace(it, "•••"));
        if !covered.trim().is_empty() {
            last = mask(covered.trim());
        }
        events.hook_says(&covered);
    };
    let (status, asked) = attend(plan, child, &mut say).await;
    if asked {
        return Err(Trouble::of(HookCause::Interrupted));
    }
    let status = status.map_err(|error| Trouble::of(HookCause::Start(error)))?;
    if status.success() {
        return Ok(());
    }
    let hints = (!last.is_empty()).then(|| format!("it said last: {last}"));
    let cause = HookCause::Ended { how: how(status) };
    Err(Trouble { cause, place: None, hints: hints.into_iter().collect() })
}

/// Listens to a process until it ends, and ends it when somebody asks; answers whether they did.
async fn attend(
    plan: &Plan<'_>,
    mut child: Child,
    say: &mut dyn FnMut(&str),
) -> (std::io::Result<ExitStatus>, bool) {
    let interrupt = &plan.options.interrupt;
    let is_asked = interrupt.is_asked();
    // What runs after a run that somebody stopped is stopped only by asking once more.
    let asked =
        async { if is_asked { interrupt.insisted().await } else { interrupt.asked().await } };
    let mut asked = std::pin::pin!(asked);
    let mut out = Pipe::of(child.stdout.take());
    let mut err = Pipe::of(child.stderr.take());
    let mut group = Group::of(child);
    let mut patience = None;
    let status = loop {
        tokio::select! {
            status = group.child.wait() => break status,
            lines = out.more() => lines.iter().for_each(|line| say(line)),
            lines = err.more() => lines.iter().for_each(|line| say(line)),
            () = &mut asked, if patience.is_none() => {
                group.end();
                patience = Some(Instant::now() + GRACE);
            }
            () = until(patience), if !group.is_killed => group.kill(),
            () = interrupt.insisted(), if patience.is_some() && !group.is_killed => group.kill(),
        }
    };
    if patience.is_some() {
        group.kill();
    }
    group.is_over();
    let end = Instant::now() + LINGER;
    while out.is_open() || err.is_open() {
        let more = async {
            tokio::select! { lines = out.more() => lines, lines = err.more() => lines }
        };
        let Ok(lines) = timeout_at(end, more).await else { break };
        for line in &lines {
            say(line);
        }
    }
    out.rest().into_iter().chain(err.rest()).for_each(|line| say(&line));
    (status, patience.is_some())
}

async fn until(end: Option<Instant>) {
    match end {
        Some(end) => sleep_until(end).await,
        None => pending().await,
    }
}

/// How a process ended, in words.
fn how(status: ExitStatus) -> String {
    #[cfg(unix)]
    if let Some(signal) = std::os::unix::process::ExitStatusExt::signal(&status) {
        return format!("signal {signal} ended it");
    }
    match status.code() {
        Some(code) => format!("it ended with exit code {code}"),
        None => "it did not end well".to_owned(),
    }
}

/// One of a process' streams, line by line.
struct Pipe<R> {
    stream: Option<R>,
    piece: Vec<u8>,
    pending: Vec<u8>,
}

/// How much of a line is waited for.
const LONGEST: usize = 16 * 1024;

impl<R: AsyncRead + Unpin> Pipe<R> {
    fn of(stream: Option<R>) -> Self {
        Self { stream, piece: vec![0; 4096], pending: Vec::new() }
    }

    fn is_open(&self) -> bool {
        self.stream.is_some()
    }

    /// The next lines; waits for ever once it is closed.
    async fn more(&mut self) -> Vec<String> {
        let Some(stream) = &mut self.stream else { return pending().await };
        match stream.read(&mut self.piece).await {
            Ok(0) | Err(_) => self.stream = None,
            Ok(count) => self.pending.extend_from_slice(&self.piece[..count]),
        }
        let mut lines = Vec::new();
        while let Some(end) = self.pending.iter().position(|byte| *byte == b'\n') {
            let line: Vec<u8> = self.pending.drain(..=end).collect();
            lines.push(text(&line[..end]));
        }
        if self.pending.len() > LONGEST {
            lines.extend(self.rest());
        }
        lines
    }

    /// What no line end came behind.
    fn rest(&mut self) -> Option<String> {
        let rest = std::mem::take(&mut self.pending);
        (!rest.is_empty()).then(|| text(&rest))
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).trim_end_matches('\r').to_owned()
}

/// The process and all that it started. Killed when it is dropped before it is over, as after a
/// second Ctrl-C.
struct Group {
    child: Child,
    #[cfg(unix)]
    id: Option<rustix::process::Pid>,
    is_killed: bool,
}

impl Group {
    fn of(child: Child) -> Self {
        #[cfg(unix)]
        let id = child.id().and_then(|id| rustix::process::Pid::from_raw(id.try_into().ok()?));
        Self {
            child,
            #[cfg(unix)]
            id,
            is_killed: false,
        }
    }

    /// Asks it to end.
    #[cfg(unix)]
    fn end(&mut self) {
        self.send(rustix::process::Signal::TERM);
    }

    /// Ends it.
    #[cfg(unix)]
    fn kill(&mut self) {
        self.is_killed = true;
        self.send(rustix::process::Signal::KILL);
    }

    #[cfg(unix)]
    fn send(&self, signal: rustix::process::Signal) {
        if let Some(id) = self.id {
            // Nobody may be left in it.
            rustix::process::kill_process_group(id, signal).ok();
        }
    }

    /// Leaves alone what is left of it.
    #[cfg(unix)]
    fn is_over(&mut self) {
        self.id = None;
    }
}

#[cfg(unix)]
impl Drop for Group {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Where there are no process groups, the process alone.
#[cfg(not(unix))]
impl Group {
    fn end(&mut self) {
        self.kill();
    }

    fn kill(&mut self) {
        self.is_killed = true;
        self.child.start_kill().ok();
    }

    #[expect(clippy::unused_self, reason = "the same shape as on unix")]
    fn is_over(&mut self) {}
}
