//! What a guard has to react to, in one queue.

use std::collections::VecDeque;
use std::io::{self, BufRead as _};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, WaitId, WaitIdOptions, waitid};

/// Something that happened to the guard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Happening {
    /// A line from the client.
    Line(String),
    /// The client closed its pipe, or is dead.
    ClientGone,
    /// A child ended; it is still to be reaped.
    Ended(u32),
}

/// The queue. One thread reads standard input, one more waits for each child.
#[derive(Debug)]
pub(crate) struct Inbox {
    sender: Sender<Happening>,
    receiver: Receiver<Happening>,
    later: VecDeque<Happening>,
    gone: Arc<AtomicBool>,
}

impl Inbox {
    /// Begins to read standard input.
    pub(crate) fn open() -> Self {
        let (sender, receiver) = mpsc::channel();
        let gone = Arc::new(AtomicBool::new(false));
        let (lines, flag) = (sender.clone(), Arc::clone(&gone));
        thread::spawn(move || {
            for line in io::stdin().lock().lines().map_while(Result::ok) {
                if lines.send(Happening::Line(line)).is_err() {
                    return;
                }
            }
            flag.store(true, Ordering::Relaxed);
            lines.send(Happening::ClientGone).ok();
        });
        Self { sender, receiver, later: VecDeque::new(), gone }
    }

    /// Puts [`Happening::Ended`] into the queue when this child ends.
    ///
    /// It waits without reaping, so the pid stays the child's until its owner reaps it and a
    /// signal never reaches a stranger.
    pub(crate) fn watch(&self, child: u32) {
        let sender = self.sender.clone();
        thread::spawn(move || {
            let pid = i32::try_from(child).ok().and_then(Pid::from_raw);
            let Some(pid) = pid else { return };
            let options = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
            while matches!(waitid(WaitId::Pid(pid), options), Err(rustix::io::Errno::INTR)) {}
            sender.send(Happening::Ended(child)).ok();
        });
    }

    /// The next thing that happens.
    pub(crate) fn next(&mut self) -> Happening {
        if let Some(first) = self.later.pop_front() {
            return first;
        }
        self.receiver.recv().expect("this inbox holds a sender itself")
    }

    /// The next thing that happens within a time.
    pub(crate) fn next_within(&mut self, patience: Duration) -> Option<Happening> {
        self.later.pop_front().or_else(|| self.receiver.recv_timeout(patience).ok())
    }

    /// Waits for the end of a child; everything else stays in the queue. False: it still runs.
    pub(crate) fn ended_within(&mut self, child: u32, patience: Duration) -> bool {
        if let Some(at) = self.later.iter().position(|it| *it == Happening::Ended(child)) {
            self.later.remove(at);
            return true;
        }
        let deadline = Instant::now() + patience;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            match self.receiver.recv_timeout(left) {
                Ok(Happening::Ended(pid)) if pid == child => return true,
                Ok(other) => self.later.push_back(other),
                Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => return false,
            }
        }
    }

    /// Waits for the end of a child unless the client goes first. False: the client is gone.
    pub(crate) fn ended_or_gone(&mut self, child: u32) -> bool {
        loop {
            if self.is_abandoned() {
                return false;
            }
            if self.ended_within(child, Duration::from_millis(20)) {
                return true;
            }
        }
    }

    /// Whether the client is gone, whatever else is queued.
    pub(crate) fn is_abandoned(&self) -> bool {
        self.gone.load(Ordering::Relaxed)
    }

    /// The same as a flag for other threads.
    pub(crate) fn abandoned(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.gone)
    }
}
