//! The role that watches over one server.
//!
//! The guard is a process of its own because its client can be killed at any instant: the kernel
//! then closes the pipe at the guard's standard input, and the guard ends the server and removes
//! its folder. If the guard itself is killed, the kernel ends the server (see `starter`), and the
//! next start of any shadow removes the folder.
//!
//! The guard of a kept server looks at the `clients` lock of its folder instead: it has many
//! clients, and leaves when the last has gone, unless somebody asked it to stay.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::process::ExitCode;
use std::thread::JoinHandle;
use std::time::Duration;

use camino::{Utf8Path, Utf8PathBuf};

use super::cache::{EntryLock, Hold};
use super::copy::{copy_cluster, write_file};
use super::error::{Cause, ShadowError};
use super::identity::Identity;
use super::inbox::{Happening, Inbox};
use super::kept::KeptFolder;
use super::order::{Command, Home, Order, Report, Started, StopMode};
use super::place::{self, RunFolder};
use super::postmaster::Postmaster;
use super::prepare::{Site, prepare, publish_state};
use super::socket;

/// How often the guard of a kept server looks whether somebody is still there.
const GLANCE: Duration = Duration::from_millis(100);

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
    /// Those who write saved states into the cache, or a kept server's data to the disk.
    savers: Vec<JoinHandle<()>>,
    /// Declared after the server: the folders go after everything that is in them.
    folder: Folder,
    _socket: Option<RunFolder>,
    /// Keeps the server's programs where they are.
    _programs: Option<EntryLock>,
}

/// The folder of a server.
enum Folder {
    /// Goes with the guard.
    Run(RunFolder),
    /// Stays.
    Kept { folder: KeptFolder, _lease: File },
}

impl Folder {
    fn open(home: &Home) -> Result<Self, ShadowError> {
        match home {
            Home::Fresh(bases) => RunFolder::create(bases).map(Self::Run),
            Home::Kept(path) | Home::Staying(path) => {
                // Nothing of where it was called from is kept busy.
                std::env::set_current_dir("/").ok();
                let folder = KeptFolder::at(path.clone());
                let lease =
                    folder.try_lease().map_err(|error| ShadowError::io("lock", path, &error))?;
                // Another guard was quicker; its client will tell ours.
                let lease = lease.ok_or(ShadowError::Abandoned)?;
                folder.tidy()?;
                Ok(Self::Kept { folder, _lease: lease })
            }
        }
    }

    fn path(&self) -> &Utf8Path {
        match self {
            Self::Run(run) => run.path(),
            Self::Kept { folder, .. } => folder.path(),
        }
    }
}

impl Guard {
    /// Prepares the cluster and starts the server.
    fn begin(order: Order, mut inbox: Inbox) -> Result<Self, ShadowError> {
        place::sweep(&order.swept);
        let identity =
            Identity::choose().map_err(|reason| ShadowError::NoUnprivilegedUser { reason })?;
        identity.check_access(&order.distribution.bin)?;
        let programs = order.distribution.entry.as_ref();
        let programs =
            programs.and_then(|entry| EntryLock::try_take(entry, Hold::Shared).ok().flatten());
        let folder = Folder::open(&order.home)?;
        let (second, socket) = socket::folder(folder.path(), order.port, identity)?;
        let state = fill(&order, identity, &folder, &mut inbox)?;
        let data = folder.path().join("d");
        for (name, content) in &order.files {
            let path = data.join(name);
            write_file(&path, content.as_bytes(), identity.owner())
                .map_err(|error| ShadowError::io("write", path, &error))?;
        }
        let postmaster = Postmaster::new(&order, identity, folder.path(), data, socket);
        let mut guard = Self {
            order,
            inbox,
            postmaster,
            state,
            savers: Vec::new(),
            folder,
            _socket: second,
            _programs: programs,
        };
        guard.start()?;
        Ok(guard)
    }

    fn start(&mut self) -> Result<(), ShadowError> {
        self.postmaster.start(&self.inbox)?;
        let started = Started {
            folder: self.folder.path().to_owned(),
            data: self.postmaster.data().to_owned(),
            socket: self.postmaster.socket().to_owned(),
            port: self.order.port,
            state: self.state.clone(),
            open: matches!(self.order.home, Home::Staying(_)),
        };
        if let Folder::Kept { folder, .. } = &self.folder {
            let noted = folder.announce(&started);
            let noted = if started.open { noted.and_then(|()| folder.stay()) } else { noted };
            noted.map_err(|error| ShadowError::io("write", folder.path(), &error))?;
        }
        say(&Report::Started(started));
        Ok(())
    }

    /// Does what the client says until it goes, or until the last of them has gone.
    fn watch(mut self) -> Result<(), ShadowError> {
        loop {
            if let Folder::Kept { folder, .. } = &self.folder
                && folder.take_flush()
            {
                // Nobody waits for it; those who come to the end wait in `drop`.
                let data = folder.data();
                self.savers.push(std::thread::spawn(move || _ = flush(&data)));
            }
            let happening = match &self.folder {
                Folder::Run(_) => self.inbox.next(),
                Folder::Kept { folder, .. } => match self.inbox.next_within(GLANCE) {
                    Some(Happening::ClientGone) => continue,
                    Some(happening) => happening,
                    None if folder.stays().is_some() => continue,
                    None => match folder.try_close() {
                        // Somebody came and asked for the opposite.
                        Ok(Some(_)) if folder.stays().is_some() => continue,
                        Ok(Some(closed)) => {
                            // Nobody can join while the server goes down; then a new guard rises.
                            drop(self);
                            drop(closed);
                            return Ok(());
                        }
                        Ok(None) => continue,
                        // Somebody has removed the folder: nobody can join any more.
                        Err(_) => return Ok(()),
                    },
                },
            };
            match happening {
                Happening::ClientGone => return Ok(()),
                Happening::Ended(pid) => {
                    if self.postmaster.reap(pid) {
                        say(&Report::Ended { log: self.postmaster.log_tail() });
                        if matches!(self.folder, Folder::Kept { .. }) {
                            return Ok(());
                        }
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
        let aside = self.folder.path().join(format!("saved-{}", self.savers.len()));
        let abandoned = self.inbox.abandoned();
        copy_cluster(self.postmaster.data(), &aside, None, &abandoned)
            .map_err(|error| ShadowError::io("copy to", &aside, &error))?;
        if self.inbox.is_abandoned() {
            return Err(ShadowError::Abandoned);
        }
        let (entry, major) = (entry.to_owned(), self.order.distribution.major);
        self.savers.push(std::thread::spawn(move || {
            // Keeping is a convenience: where it fails, the next call replays.
            publish_state(&aside, &entry, major).ok();
            fs::remove_dir_all(aside).ok();
        }));
        Ok(())
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        match &self.folder {
            Folder::Run(_) => self.postmaster.stop(StopMode::Immediate, &mut self.inbox),
            // With a checkpoint, so that the next start is quick.
            Folder::Kept { folder, .. } => {
                self.postmaster.stop(StopMode::Fast, &mut self.inbox);
                if folder.take_flush() {
                    flush(&folder.data()).ok();
                }
            }
        }
        for saver in self.savers.drain(..) {
            saver.join().ok();
        }
    }
}

/// Sees to a cluster in `d` of the folder. A kept one that is there already stays as it is; a new
/// one appears there whole.
fn fill(
    order: &Order,
    identity: Identity,
    folder: &Folder,
    inbox: &mut Inbox,
) -> Result<Option<Utf8PathBuf>, ShadowError> {
    let data = folder.path().join("d");
    let log = folder.path().join("log");
    let Folder::Kept { .. } = folder else {
        return prepare(order, &Site { data, log, identity }, inbox);
    };
    if data.exists() {
        return Ok(None);
    }
    let site = Site { data: folder.path().join("d.new"), log, identity };
    let state = prepare(order, &site, inbox)?;
    fs::rename(&site.data, &data).map_err(|error| ShadowError::io("write", &data, &error))?;
    // Postgres syncs what it changes, and most of these files it never will. That may take
    // seconds where the disk has other work, so nobody waits for it.
    std::thread::spawn(move || flush(&data).ok());
    Ok(state)
}

/// Brings a folder's file system to its disk, as `initdb` does for one file after the other.
#[cfg(target_os = "linux")]
fn flush(folder: &Utf8Path) -> io::Result<()> {
    Ok(rustix::fs::syncfs(File::open(folder)?)?)
}

#[cfg(not(target_os = "linux"))]
fn flush(_folder: &Utf8Path) -> io::Result<()> {
    rustix::fs::sync();
    Ok(())
}
