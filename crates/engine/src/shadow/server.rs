//! A running shadow, as its users see it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::{Mutex, mpsc};
use whimbrel_sql::Ident;

use super::admin;
use super::cache::Cache;
use super::cluster::{self, Recipe};
use super::distribution::Distribution;
use super::error::{Cause, ShadowError};
use super::link::GuardLink;
use super::options::ShadowOptions;
use super::order::{Command, Home, Order, Report, Started, StopMode};
use super::place;
use super::providers;
use crate::{Event, Events, Host, SslMode, Target};

/// How long a server may take to answer. Recovery on a slow disk is the worst case.
const PATIENCE: Duration = Duration::from_mins(1);

/// The port of a shadow, which is only a part of its socket's name.
const PORT: u16 = 5432;

/// The way to a [`Server`].
#[derive(Debug)]
pub struct Shadow;

impl Shadow {
    /// Starts a server of a major version.
    pub async fn start(
        options: &ShadowOptions,
        major: u16,
        events: &mut dyn Events,
    ) -> Result<Server, ShadowError> {
        let cache = Cache::of(&options.environment);
        let distribution = provide(major, options, &cache, events).await?;
        Server::start(options, distribution, &cache, events).await
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
    started: Started,
    port: u16,
    guard: Arc<Mutex<GuardLink>>,
}

impl Server {
    async fn start(
        options: &ShadowOptions,
        distribution: Distribution,
        cache: &Cache,
        events: &mut dyn Events,
    ) -> Result<Self, ShadowError> {
        let mut settings = cluster::throw_away_settings(distribution.major);
        settings.extend(options.settings.iter().cloned());
        let port = settings
            .iter()
            .rfind(|(name, _)| name == "port")
            .and_then(|(_, port)| port.parse().ok())
            .unwrap_or(PORT);
        settings.retain(|(name, _)| name != "port");
        let order = Order {
            recipe: Recipe::plain(&distribution),
            distribution: distribution.clone(),
            cache: cache.folder().to_owned(),
            states: Vec::new(),
            home: Home::Fresh(place::bases(&options.environment)),
            swept: place::all_bases(&options.environment),
            settings,
            files: options.files.clone(),
            port,
        };
        let mut guard = GuardLink::open(options, &order)?;
        let started = started(&mut guard, events).await?;
        let server = Self { distribution, started, port, guard: Arc::new(Mutex::new(guard)) };
        server.wait_until_ready().await?;
        Ok(server)
    }

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
        Target {
            hosts: vec![Host::Socket { folder: self.started.socket.clone(), port: self.port }],
            user: "postgres".into(),
            password: None,
            database: database.to_owned(),
            ssl_mode: SslMode::Disable,
            ssl_root_certificate: None,
            options: None,
            connect_timeout: None,
            hints: Vec::new(),
        }
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

    /// Stops the server in some way and starts it again.
    pub async fn restart(&self, mode: StopMode) -> Result<(), ShadowError> {
        let mut guard = self.guard.lock().await;
        guard.command(&Command::Restart(mode))?;
        wait_for_start(&mut guard).await?;
        drop(guard);
        self.wait_until_ready().await
    }

    /// Stops the server and leaves it down.
    pub async fn halt(&self, mode: StopMode) -> Result<(), ShadowError> {
        let mut guard = self.guard.lock().await;
        guard.command(&Command::Halt(mode))?;
        while !matches!(guard.report().await?, Report::Halted) {}
        Ok(())
    }

    /// Starts a halted server again.
    pub async fn resume(&self) -> Result<(), ShadowError> {
        let mut guard = self.guard.lock().await;
        guard.command(&Command::Start)?;
        wait_for_start(&mut guard).await?;
        drop(guard);
        self.wait_until_ready().await
    }

    /// Ends the server and waits until its folder is gone. Dropping does the same without waiting.
    pub async fn stop(self) {
        self.guard.lock().await.close().await;
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
            match self.guard.lock().await.report_now() {
                Some(Report::Ended { log }) => {
                    return Err(ShadowError::Died { log: Cause::new(log) });
                }
                Some(Report::Failed(failure)) => return Err(failure),
                _ => {}
            }
            if Instant::now() > deadline {
                let log = Cause::new(super::postmaster::tail(&self.started.folder.join("log")));
                return Err(ShadowError::Silent { seconds: PATIENCE.as_secs(), log });
            }
            tokio::time::sleep(admin::POLL).await;
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
