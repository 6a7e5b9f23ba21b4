//! A running shadow, as its users see it.

use std::fs::File;
use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use camino::Utf8Path;
use tokio::sync::{Mutex, MutexGuard, mpsc};
use whimbrel_sql::Ident;

use super::cache::Cache;
use super::cluster::{self, Recipe};
use super::distribution::Distribution;
use super::error::{Cause, ShadowError};
use super::kept::KeptFolder;
use super::lineage::Lineage;
use super::link::GuardLink;
use super::options::ShadowOptions;
use super::order::{Command, Home, Order, Report, Started, StopMode};
use super::{admin, leftover, place, postmaster, providers};
use crate::{Event, Events, Target};

/// How long a server may take to answer. Recovery on a slow disk is the worst case.
const PATIENCE: Duration = Duration::from_mins(1);

/// The port of a shadow, which is only a part of its socket's name.
const PORT: u16 = 5432;

/// The way to a [`Server`].
#[derive(Debug)]
pub struct Shadow;

impl Shadow {
    /// Starts a throw-away server of a major version.
    pub async fn start(
        options: &ShadowOptions,
        major: u16,
        events: &mut dyn Events,
    ) -> Result<Server, ShadowError> {
        let start = Starting::find(options, major, events).await?;
        start.throw_away(None, events).await
    }

    /// Starts a throw-away server that has a database made by the longest prefix of a lineage that
    /// is cached: [`Server::inherited`] says how many steps that are, and the rest is the caller's
    /// to do. [`Server::keep`] then caches the whole.
    pub async fn start_from(
        options: &ShadowOptions,
        major: u16,
        lineage: &Lineage,
        events: &mut dyn Events,
    ) -> Result<Server, ShadowError> {
        let start = Starting::find(options, major, events).await?;
        let server = start.throw_away(Some(lineage), events).await?;
        if server.inherited == 0 {
            server.create_database(lineage.database(), Template::Empty).await?;
        }
        Ok(server)
    }

    /// Starts or joins the server of a project's development database, which is kept between
    /// calls and stops when its last user leaves.
    ///
    /// `major` counts for a new one only: data that is there says its own.
    pub async fn develop(
        options: &ShadowOptions,
        major: u16,
        project: &Utf8Path,
        events: &mut dyn Events,
    ) -> Result<Server, ShadowError> {
        let cache = Cache::of(&options.environment);
        let folder = KeptFolder::of(&cache, project);
        let major = folder.major().unwrap_or(major);
        let start = Starting::find(options, major, events).await?;
        start.kept(folder, project, events).await
    }
}

/// What every way to start a server begins with.
struct Starting<'a> {
    options: &'a ShadowOptions,
    cache: Cache,
    distribution: Distribution,
    recipe: Recipe,
}

impl<'a> Starting<'a> {
    async fn find(
        options: &'a ShadowOptions,
        major: u16,
        events: &mut dyn Events,
    ) -> Result<Self, ShadowError> {
        let cache = Cache::of(&options.environment);
        let distribution = provide(major, options, &cache, events).await?;
        let recipe = Recipe::plain(&distribution);
        Ok(Self { options, cache, distribution, recipe })
    }

    async fn throw_away(
        self,
        lineage: Option<&Lineage>,
        events: &mut dyn Events,
    ) -> Result<Server, ShadowError> {
        let cached = lineage
            .map(|lineage| lineage.cached(&self.cache.states(), &self.recipe.key))
            .unwrap_or_default();
        let home = Home::Fresh(place::bases(&self.options.environment));
        let settings = cluster::throw_away_settings(self.distribution.major);
        let mut order = self.order(home, settings);
        order.states = cached.iter().map(|(_, entry)| entry.clone()).collect();
        let mut guard = GuardLink::open(self.options, &order)?;
        let started = started(&mut guard, events).await?;
        let taken = cached.iter().find(|(_, entry)| started.state.as_ref() == Some(entry));
        let inherited = taken.map_or(0, |(length, _)| *length);
        let life = Life::ThrowAway(Arc::new(Mutex::new(guard)));
        self.server(life, started, inherited).await
    }

    async fn kept(
        self,
        folder: KeptFolder,
        project: &Utf8Path,
        events: &mut dyn Events,
    ) -> Result<Server, ShadowError> {
        folder.make(&self.cache, project)?;
        let settings = cluster::kept_settings(self.distribution.major);
        let order = self.order(Home::Kept(folder.path().to_owned()), settings);
        let locking = |error: io::Error| ShadowError::io("lock", folder.path(), &error);
        // Held for as long as the server is used; waits for a guard that is just leaving.
        let client = poll(|| folder.join_clients()).await.map_err(locking)?;
        let start = poll(|| folder.try_start()).await.map_err(locking)?;
        let started = if let Some(started) = folder.running().map_err(locking)? {
            started
        } else {
            let mut guard = GuardLink::open(self.options, &order)?;
            started(&mut guard, events).await?
        };
        drop(start);
        self.server(Life::Kept(client), started, 0).await
    }

    fn order(&self, home: Home, settings: Vec<(String, String)>) -> Order {
        let mut settings = settings;
        settings.extend(self.options.settings.iter().cloned());
        let port = settings.iter().rfind(|(name, _)| name == "port");
        let port = port.and_then(|(_, port)| port.parse().ok()).unwrap_or(PORT);
        settings.retain(|(name, _)| name != "port");
        Order {
            distribution: self.distribution.clone(),
            recipe: self.recipe.clone(),
            cache: self.cache.folder().to_owned(),
            states: Vec::new(),
            home,
            swept: place::all_bases(&self.options.environment),
            settings,
            files: self.options.files.clone(),
            port,
        }
    }

    async fn server(
        self,
        life: Life,
        started: Started,
        inherited: usize,
    ) -> Result<Server, ShadowError> {
        let Self { cache, distribution, recipe, .. } = self;
        let server = Server { distribution, recipe, cache, life, started, inherited };
        server.wait_until_ready().await?;
        Ok(server)
    }
}

/// Tries until something is there.
async fn poll<T>(mut attempt: impl FnMut() -> io::Result<Option<T>>) -> io::Result<T> {
    loop {
        if let Some(there) = attempt()? {
            return Ok(there);
        }
        tokio::time::sleep(admin::POLL).await;
    }
}

/// Looks for a server on a thread of its own: npm takes seconds.
async fn provide(
    major: u16,
    options: &ShadowOptions,
    cache: &Cache,
    events: &mut dyn Events,
) -> Result<Distribution, ShadowError> {
    struct Relay(mpsc::UnboundedSender<Event>);
    impl Events for Relay {
        fn on(&mut self, event: Event) {
            self.0.send(event).ok();
        }
    }
    let (sender, mut relayed) = mpsc::unbounded_channel();
    let (options, cache) = (options.clone(), cache.clone());
    // A plain thread, so that a caller that gives up does not wait for it.
    let found =
        std::thread::spawn(move || providers::find(major, &options, &cache, &mut Relay(sender)));
    while let Some(event) = relayed.recv().await {
        events.on(event);
    }
    // The channel is closed, so the thread is at its end.
    found.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}

/// A running shadow. Ends with this value, or with this process.
#[derive(Debug)]
pub struct Server {
    distribution: Distribution,
    recipe: Recipe,
    cache: Cache,
    life: Life,
    started: Started,
    inherited: usize,
}

/// What a server's life hangs on.
#[derive(Debug)]
enum Life {
    /// On the pipe to its guard.
    ThrowAway(Arc<Mutex<GuardLink>>),
    /// On the lock that each of its clients holds.
    Kept(File),
}

impl Server {
    /// The first number of the version.
    pub fn major(&self) -> u16 {
        self.distribution.major
    }

    /// The version: `17.10`.
    pub fn version(&self) -> &str {
        &self.distribution.version
    }

    /// Where it came from, for people: `portable server 17.10`.
    pub fn described(&self) -> &str {
        &self.distribution.described
    }

    /// How to log in to one of its databases as its master, `postgres`.
    pub fn target(&self, database: &str) -> Target {
        let Started { socket, port, .. } = &self.started;
        Target::socket(socket.clone(), *port, "postgres", database)
    }

    /// Makes a database: an empty one, or a copy of another that nobody is connected to.
    pub async fn create_database(
        &self,
        name: &str,
        template: Template<'_>,
    ) -> Result<Target, ShadowError> {
        let source = match template {
            Template::Empty => "template0",
            Template::Copy(database) => database,
        };
        // Before 15 there is only one strategy, and it has no name.
        let strategy = if self.major() >= 15 { " strategy file_copy" } else { "" };
        let sql = format!("create database {} template {}{strategy}", Ident(name), Ident(source));
        self.admin(&[&sql]).await?;
        Ok(self.target(name))
    }

    /// Drops a database, whoever is connected to it.
    pub async fn drop_database(&self, name: &str) -> Result<(), ShadowError> {
        self.admin(&[&format!("drop database if exists {} with (force)", Ident(name))]).await?;
        Ok(())
    }

    /// How many steps of its lineage the server began with.
    pub fn inherited(&self) -> usize {
        self.inherited
    }

    /// Keeps the server's cluster as the state after all steps of a lineage, for later processes.
    ///
    /// The server is restarted, so nobody may be connected. What else is in the cluster by now
    /// (databases, roles) is kept as well: call it right after the last step.
    pub async fn keep(&self, lineage: &Lineage) -> Result<(), ShadowError> {
        let Life::ThrowAway(guard) = &self.life else { return Ok(()) };
        let Some(entry) = lineage.entry(&self.cache.states(), &self.recipe.key) else {
            return Ok(());
        };
        if entry.exists() {
            return Ok(());
        }
        let mut guard = guard.lock().await;
        guard.command(&Command::Save(entry))?;
        wait_for_start(&mut guard).await?;
        drop(guard);
        self.wait_until_ready().await
    }

    /// Stops the server in some way and starts it again.
    pub async fn restart(&self, mode: StopMode) -> Result<(), ShadowError> {
        let mut guard = self.guard().await?;
        guard.command(&Command::Restart(mode))?;
        wait_for_start(&mut guard).await?;
        drop(guard);
        self.wait_until_ready().await
    }

    /// Stops the server and leaves it down.
    pub async fn halt(&self, mode: StopMode) -> Result<(), ShadowError> {
        let mut guard = self.guard().await?;
        guard.command(&Command::Halt(mode))?;
        while !matches!(guard.report().await?, Report::Halted) {}
        Ok(())
    }

    /// Starts a halted server again.
    pub async fn resume(&self) -> Result<(), ShadowError> {
        let mut guard = self.guard().await?;
        guard.command(&Command::Start)?;
        wait_for_start(&mut guard).await?;
        drop(guard);
        self.wait_until_ready().await
    }

    /// Ends the server and waits until its folder is gone. Dropping does the same without waiting.
    /// A kept server goes on for its other users.
    pub async fn stop(self) {
        match self.life {
            Life::ThrowAway(guard) => guard.lock().await.close().await,
            Life::Kept(client) => drop(client),
        }
    }

    /// The postmaster's process id, while it runs.
    pub fn pid(&self) -> Option<u32> {
        let file = leftover::postmaster_pid(&self.started.data)?;
        u32::try_from(file.pid).ok()
    }

    /// The folder with the server's data, log and socket.
    pub fn folder(&self) -> &Utf8Path {
        &self.started.folder
    }

    async fn guard(&self) -> Result<MutexGuard<'_, GuardLink>, ShadowError> {
        match &self.life {
            Life::ThrowAway(guard) => Ok(guard.lock().await),
            Life::Kept(_) => Err(ShadowError::Shared),
        }
    }

    async fn admin(&self, statements: &[&str]) -> Result<Vec<String>, ShadowError> {
        admin::run(&self.target(MASTER), statements).await
    }

    async fn wait_until_ready(&self) -> Result<(), ShadowError> {
        let deadline = Instant::now() + PATIENCE;
        let target = self.target(MASTER);
        loop {
            if admin::answers(&target).await {
                return Ok(());
            }
            if let Some(log) = self.has_ended().await? {
                return Err(ShadowError::Died { log: Cause::new(log) });
            }
            if Instant::now() > deadline {
                let log = Cause::new(postmaster::tail(&self.started.folder.join("log")));
                return Err(ShadowError::Silent { seconds: PATIENCE.as_secs(), log });
            }
            tokio::time::sleep(admin::POLL).await;
        }
    }
}

impl Server {
    /// The end of the log of a server that has ended.
    async fn has_ended(&self) -> Result<Option<String>, ShadowError> {
        match &self.life {
            Life::ThrowAway(guard) => match guard.lock().await.report_now() {
                Some(Report::Ended { log }) => Ok(Some(log)),
                Some(Report::Failed(failure)) => Err(failure),
                _ => Ok(None),
            },
            Life::Kept(_) => {
                let folder = &self.started.folder;
                let running = KeptFolder::at(folder.clone())
                    .running()
                    .map_err(|error| ShadowError::io("read", folder, &error))?;
                Ok(running.is_none().then(|| postmaster::tail(&folder.join("log"))))
            }
        }
    }
}

/// The database in which the shadow's own statements run. Nothing is copied from it, so that they
/// need not be alone in it.
const MASTER: &str = "template1";

/// What a new database begins with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Template<'a> {
    /// Nothing.
    Empty,
    /// All that another database of the server has.
    Copy(&'a str),
}

async fn started(guard: &mut GuardLink, events: &mut dyn Events) -> Result<Started, ShadowError> {
    loop {
        match guard.report().await? {
            Report::Started(started) => return Ok(started),
            Report::Working { what, percent } => events.on(Event::Working { what, percent }),
            Report::Waiting { what } => events.on(Event::Waiting { what }),
            Report::Ended { log } => return Err(ShadowError::Died { log: Cause::new(log) }),
            Report::Halted | Report::Failed(_) => {}
        }
    }
}

async fn wait_for_start(guard: &mut GuardLink) -> Result<Started, ShadowError> {
    struct Nobody;
    impl Events for Nobody {
        fn on(&mut self, _event: Event) {}
    }
    started(guard, &mut Nobody).await
}
