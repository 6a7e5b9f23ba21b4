//! Ctrl-C, a terminal that goes away, and the signal that ends a process politely.

use std::io;

/// A signal that asks this process to stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Signal {
    /// Ctrl-C.
    Interrupt,
    /// SIGTERM.
    Terminate,
    /// SIGHUP: the terminal went away, or the connection to it.
    HangUp,
}

/// Hears signals instead of dying of them.
pub(crate) struct Signals {
    #[cfg(unix)]
    interrupt: tokio::signal::unix::Signal,
    #[cfg(unix)]
    terminate: tokio::signal::unix::Signal,
    /// `None` where whoever started us has us ignore it.
    #[cfg(unix)]
    hang_up: Option<tokio::signal::unix::Signal>,
}

#[cfg(unix)]
impl Signals {
    /// Begins to listen.
    pub(crate) fn listen() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            hang_up: match hang_ups() {
                HangUps::Count => Some(signal(SignalKind::hangup())?),
                HangUps::AreIgnored => None,
            },
        })
    }

    /// The next signal.
    pub(crate) async fn next(&mut self) -> Signal {
        tokio::select! {
            _ = self.interrupt.recv() => Signal::Interrupt,
            _ = self.terminate.recv() => Signal::Terminate,
            () = hung_up(self.hang_up.as_mut()) => Signal::HangUp,
        }
    }
}

/// Whether a terminal that goes away is to end us.
#[cfg(unix)]
enum HangUps {
    Count,
    /// `nohup whimbrel up` is to go on, and listening would end that.
    AreIgnored,
}

/// How SIGHUP was set when this process was started.
///
/// Only the kernel's own page tells without unsafe code. Where there is none, the signal keeps the
/// effect that it was started with.
#[cfg(unix)]
fn hang_ups() -> HangUps {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    match ignored.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()) {
        Some(mask) if mask & 1 == 0 => HangUps::Count,
        Some(_) | None => HangUps::AreIgnored,
    }
}

#[cfg(unix)]
async fn hung_up(signal: Option<&mut tokio::signal::unix::Signal>) {
    match signal {
        Some(signal) => drop(signal.recv().await),
        None => std::future::pending().await,
    }
}

#[cfg(not(unix))]
impl Signals {
    /// Begins to listen.
    #[expect(clippy::unnecessary_wraps, reason = "the same shape as on unix")]
    pub(crate) fn listen() -> io::Result<Self> {
        Ok(Self {})
    }

    /// The next signal.
    pub(crate) async fn next(&mut self) -> Signal {
        match tokio::signal::ctrl_c().await {
            Ok(()) => Signal::Interrupt,
            Err(_) => std::future::pending().await,
        }
    }
}
