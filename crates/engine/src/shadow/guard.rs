//! The role that watches over one server.
//!
//! The guard is a process of its own because its client can be killed at any instant: the kernel
//! then closes the pipe at the guard's standard input, and the guard ends the server and removes
//! its folder. If the guard itself is killed, the kernel ends the server (see `starter`), and the
//! next start of any shadow removes the folder.

use std::fs;
use std::io::{self, Write as _};
use std::process::ExitCode;
use std::thread::JoinHandle;

use camino::{Utf8Path, Utf8PathBuf};

use super::cache::{Cache, Draft, EntryLock, Hold, touch};
use super::copy::{copy_cluster, write_file};
use super::error::{Cause, ShadowError};
use super::identity::Identity;
use super::inbox::{Happening, Inbox};
use super::order::{Command, Home, Order, Report, Started, StopMode};
use super::place::{self, RunFolder};
use super::postmaster::Postmaster;
use super::{initdb, leftover, socket};

/// Templates kept for each major.
const TEMPLATES: usize = 3;

/// States of histories kept for each major. A state is some tens of megabytes.
const STATES: usize = 8;

/// Plays the role: one order, then commands, until the client goes.
pub(crate) fn play() -> ExitCode {
    let mut inbox = Inbox::open();
    let Happening::Line(line) = inbox.next() else { return ExitCode::SUCCESS };
    let order: Order = match serde_json::from_str(&line) {
        Ok(order) => order,
        Err(error) => {
            let failure = ShadowError::Guard {
                program: std::env::args().next().unwrap_or_default().into(),
                cause: Cause::new(format!("read the order: {error}")),
            };
            say(&Report::Failed(failure));
            return ExitCode::FAILURE;
        }
    };
    match Guard::begin(order, inbox).and_then(Guard::watch) {
        Ok(()) | Err(ShadowError::Abandoned) => ExitCode::SUCCESS,
        Err(failure) => {
            say(&Report::Failed(failure));
            ExitCode::FAILURE
        }
    }
}

/// Sends a line to the client. A client that is gone shows in the inbox.
pub(crate) fn say(report: &Report) {
    let mut line = serde_json::to_string(report).expect("reports hold nothing that JSON refuses");
    line.push('\n');
    let mut out = io::stdout().lock();
    out.write_all(line.as_bytes()).and_then(|()| out.flush()).ok();
}

struct Guard {
    order: Order,
    inbox: Inbox,
    postmaster: Postmaster,
    /// Which of the order's states the cluster came from.
    state: Option<Utf8PathBuf>,
    /// Those who write saved states into the cache.
    savers: Vec<JoinHandle<()>>,
    /// Declared last: the folders go after everything that is in them.
    run: RunFolder,
    _socket: Option<RunFolder>,
}

impl Guard {
    /// Prepares the cluster and starts the server.
    fn begin(order: Order, mut inbox: Inbox) -> Result<Self, ShadowError> {
        place::sweep(&order.swept);
        let identity =
            Identity::choose().map_err(|reason| ShadowError::NoUnprivilegedUser { reason })?;
        let Home::Fresh(bases) = &order.home else { return Err(ShadowError::Abandoned) };
        let run = RunFolder::create(bases)?;
        let (socket_run, socket) = socket::folder(run.path(), order.port, identity)?;
        let data = run.path().join("d");
        let mut postmaster = Postmaster::new(&order, identity, run.path(), data, socket);
        let state = prepare(&order, identity, &mut postmaster, &mut inbox)?;
        for (name, content) in &order.files {
            let path = postmaster.data().join(name);
            write_file(&path, content.as_bytes(), identity.owner())
                .map_err(|error| ShadowError::io("write", path, &error))?;
        }
        let mut guard =
            Self { order, inbox, postmaster, state, savers: Vec::new(), run, _socket: socket_run };
        guard.start()?;
        Ok(guard)
    }

    fn start(&mut self) -> Result<(), ShadowError> {
        let pid = self.postmaster.start(&self.inbox)?;
        say(&Report::Started(Started {
            folder: self.run.path().to_owned(),
            data: self.postmaster.data().to_owned(),
            socket: self.postmaster.socket().to_owned(),
            pid,
            state: self.state.clone(),
        }));
        Ok(())
    }

    /// Does what the client says until it goes.
    fn watch(mut self) -> Result<(), ShadowError> {
        loop {
            match self.inbox.next() {
                Happening::ClientGone => return Ok(()),
                Happening::Ended(pid) => {
                    if self.postmaster.reap(pid) {
                        say(&Report::Ended { log: self.postmaster.log_tail() });
                    }
                }
                Happening::Line(line) => match serde_json::from_str(&line) {
                    Ok(command) => self.obey(command)?,
                    Err(_) => return Ok(()),
                },
            }
        }
    }

    fn obey(&mut self, command: Command) -> Result<(), ShadowError> {
        match command {
            Command::Restart(mode) => {
                self.postmaster.stop(mode, &mut self.inbox);
                self.start()
            }
            Command::Halt(mode) => {
                self.postmaster.stop(mode, &mut self.inbox);
                say(&Report::Halted);
                Ok(())
            }
            Command::Start => self.start(),
            Command::Save(entry) => {
                self.postmaster.stop(StopMode::Fast, &mut self.inbox);
                self.save(&entry)?;
                self.start()
            }
        }
    }

    /// Copies the closed cluster aside, quickly; a thread brings the copy to the cache's disk.
    fn save(&mut self, entry: &Utf8Path) -> Result<(), ShadowError> {
        let aside = self.run.path().join(format!("saved-{}", self.savers.len()));
        let flag = self.inbox.abandoned();
        copy_cluster(self.postmaster.data(), &aside, None, &flag)
            .map_err(|error| ShadowError::io("copy to", &aside, &error))?;
        let (entry, major) = (entry.to_owned(), self.order.distribution.major);
        self.savers.push(std::thread::spawn(move || {
            // Keeping is a convenience: where it fails, the next call replays.
            publish_cluster(&aside, &entry, &format!("{major}-"), STATES).ok();
            fs::remove_dir_all(aside).ok();
        }));
        Ok(())
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        self.postmaster.stop(StopMode::Immediate, &mut self.inbox);
        leftover::end_server(self.postmaster.data());
        for saver in self.savers.drain(..) {
            saver.join().ok();
        }
    }
}

/// Puts a cluster into the data folder: a state of the order, the cached template, or a new one.
fn prepare(
    order: &Order,
    identity: Identity,
    postmaster: &mut Postmaster,
    inbox: &mut Inbox,
) -> Result<Option<Utf8PathBuf>, ShadowError> {
    for state in &order.states {
        if copy_entry(state, identity, postmaster, inbox)? {
            return Ok(Some(state.clone()));
        }
    }
    let cache = Cache::at(order.cache.clone());
    let template = cache.templates().join(&order.recipe.key);
    if copy_entry(&template, identity, postmaster, inbox)? {
        return Ok(None);
    }
    // Nobody has made it yet, or somebody is making it now.
    let lock = match exclusive_lock(&template, inbox) {
        Ok(lock) => Some(lock),
        Err(ShadowError::Abandoned) => return Err(ShadowError::Abandoned),
        // A cache that cannot be written keeps nothing; the cluster is made all the same.
        Err(_) => None,
    };
    if lock.is_some() && template.is_dir() {
        // The lock goes before the copy, which wants the shared one.
        drop(lock);
        if copy_entry(&template, identity, postmaster, inbox)? {
            return Ok(None);
        }
        return initdb::make(order, identity, postmaster, inbox).map(|()| None);
    }
    initdb::make(order, identity, postmaster, inbox)?;
    if let Some(lock) = lock {
        let prefix = format!("{}-", order.distribution.major);
        publish_locked(postmaster.data(), &template, &lock).ok();
        drop(lock);
        super::cache::prune(&cache.templates(), &prefix, TEMPLATES).ok();
    }
    Ok(None)
}

/// Copies an entry of the cache into the data folder if it is there.
fn copy_entry(
    entry: &Utf8Path,
    identity: Identity,
    postmaster: &Postmaster,
    inbox: &Inbox,
) -> Result<bool, ShadowError> {
    if !entry.is_dir() {
        return Ok(false);
    }
    // On a read-only cache there is no lock to take, and nobody who would remove the entry.
    let _lock = EntryLock::try_take(entry, Hold::Shared);
    let flag = inbox.abandoned();
    match copy_cluster(&entry.join("d"), postmaster.data(), identity.owner(), &flag) {
        Ok(()) if inbox.is_abandoned() => Err(ShadowError::Abandoned),
        Ok(()) => {
            touch(entry);
            Ok(true)
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            fs::remove_dir_all(postmaster.data()).ok();
            Ok(false)
        }
        Err(error) => Err(ShadowError::io("copy to", postmaster.data(), &error)),
    }
}

fn exclusive_lock(entry: &Utf8Path, inbox: &Inbox) -> Result<EntryLock, ShadowError> {
    let mut polls = 0_u32;
    loop {
        match EntryLock::try_take(entry, Hold::Exclusive) {
            Ok(Some(lock)) => return Ok(lock),
            Ok(None) => {}
            Err(error) => return Err(ShadowError::io("lock", entry, &error)),
        }
        if inbox.is_abandoned() {
            return Err(ShadowError::Abandoned);
        }
        polls += 1;
        if polls == 200 {
            say(&Report::Waiting { what: "another Whimbrel that makes the same cluster".into() });
        }
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
}

/// Takes a closed cluster into the cache and lets the oldest others go.
fn publish_cluster(from: &Utf8Path, entry: &Utf8Path, prefix: &str, keep: usize) -> io::Result<()> {
    // Whoever holds the lock already is saving the same.
    let Some(lock) = EntryLock::try_take(entry, Hold::Exclusive)? else { return Ok(()) };
    publish_locked(from, entry, &lock)?;
    drop(lock);
    if let Some(folder) = entry.parent() {
        super::cache::prune(folder, prefix, keep)?;
    }
    Ok(())
}

fn publish_locked(from: &Utf8Path, entry: &Utf8Path, lock: &EntryLock) -> io::Result<()> {
    let draft = Draft::of(entry, lock)?;
    let owner = rustix::process::geteuid().is_root().then_some((0, 0));
    let never = std::sync::atomic::AtomicBool::new(false);
    copy_cluster(from, &draft.path().join("d"), owner, &never)?;
    draft.publish()
}
