//! Postgres servers for tests: always the portable ones, the same bytes on every machine.

use std::io::{self, Write as _};
use std::net::TcpListener;
use std::ops::Deref;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::{self, Sender};
use std::sync::{Arc, OnceLock};
use std::thread;

use camino::Utf8PathBuf;
use tokio::sync::OnceCell;
use whimbrel_engine::shadow::{
    self, Environment, Installed, Shadow, ShadowError, ShadowOptions, StopMode, Template,
};
use whimbrel_engine::{Event, Events, Host, Target};

use crate::helper;

/// The majors that a test may ask for.
pub const MAJORS: [u16; 5] = [14, 15, 16, 17, 18];

/// Where servers listen that are asked to.
const LOOPBACK: &str = "127.0.0.1";

/// A running server, ended with the test process at the latest.
#[derive(Clone, Debug)]
pub struct Server {
    inner: Arc<shadow::Server>,
}

impl Server {
    /// The server of this major that all tests of this process share, started when first asked for.
    ///
    /// # Panics
    ///
    /// When it cannot be had; the message says what to do.
    pub async fn shared(major: u16) -> &'static Server {
        static SERVERS: [OnceCell<Server>; MAJORS.len()] =
            [const { OnceCell::const_new() }; MAJORS.len()];
        let at = MAJORS.iter().position(|known| *known == major).expect("a major of MAJORS");
        SERVERS[at].get_or_init(async || Server::private(major, &Settings::new()).await).await
    }

    /// A server of its own, for tests that restart it, kill it or set it up in another way.
    ///
    /// # Panics
    ///
    /// When it cannot be had; the message says what to do.
    pub async fn private(major: u16, settings: &Settings) -> Server {
        let mut options = options();
        options.settings = settings.all();
        options.files = settings.files.clone();
        match Shadow::start(&options, major, &mut Talk).await {
            Ok(server) => Server { inner: Arc::new(server) },
            Err(error) => panic!("{}", explained(&error)),
        }
    }

    /// A fresh, empty database, dropped when its value is.
    pub async fn database(&self) -> Database {
        self.database_from(Template::Empty).await
    }

    /// A copy of a database that nobody is connected to, dropped when its value is.
    pub async fn database_from(&self, template: Template<'_>) -> Database {
        static NEXT: AtomicU32 = AtomicU32::new(1);
        let name = format!("test_{}", NEXT.fetch_add(1, Ordering::Relaxed));
        let target = self.inner.create_database(&name, template).await.unwrap_or_else(|error| {
            panic!("create database {name}: {}", explained(&error));
        });
        Database { target, name, server: self.clone() }
    }

    /// How to log in as the server's master, to a database that all tests share: for roles and
    /// other things that belong to no database.
    pub fn master(&self) -> Target {
        self.inner.master()
    }

    /// How to log in to a database as the server's master.
    pub fn target(&self, database: &str) -> Target {
        self.inner.target(database)
    }

    /// The same database by TCP, where the server is [on loopback](Settings::on_loopback).
    pub fn over_tcp(&self, database: &str) -> Target {
        let mut target = self.inner.target(database);
        for host in &mut target.hosts {
            *host = Host::tcp(LOOPBACK, host.port());
        }
        target
    }

    /// The first number of the version.
    pub fn major(&self) -> u16 {
        self.inner.major()
    }

    /// Stops the server in some way and starts it again with its data.
    pub async fn restart(&self, mode: StopMode) {
        self.inner.restart(mode).await.unwrap_or_else(|error| panic!("{}", explained(&error)));
    }

    /// Stops the server and leaves it down until [`Server::resume`].
    pub async fn halt(&self, mode: StopMode) {
        self.inner.halt(mode).await.unwrap_or_else(|error| panic!("{}", explained(&error)));
    }

    /// Starts a halted server again.
    pub async fn resume(&self) {
        self.inner.resume().await.unwrap_or_else(|error| panic!("{}", explained(&error)));
    }
}

/// Whatever the shadow's own server can do.
impl Deref for Server {
    type Target = shadow::Server;

    fn deref(&self) -> &shadow::Server {
        &self.inner
    }
}

/// What a private server has beside the shadow's settings.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settings {
    pairs: Vec<(String, String)>,
    files: Vec<(String, String)>,
}

impl Settings {
    /// None.
    pub fn new() -> Self {
        Self::default()
    }

    /// With a setting of `postgresql.conf`.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.pairs.push((name.to_owned(), value.into()));
        self
    }

    /// With a port on the loopback address that was free a moment ago; [`Server::over_tcp`] leads
    /// there.
    ///
    /// # Panics
    ///
    /// When there is no loopback address.
    #[must_use]
    pub fn on_loopback(self) -> Self {
        let free = TcpListener::bind((LOOPBACK, 0)).and_then(|listener| listener.local_addr());
        let port = free.expect("the loopback address has a free port").port();
        self.with("listen_addresses", LOOPBACK).with("port", port.to_string())
    }

    /// With a file in the data folder, where `pg_hba.conf` replaces the one that trusts everybody.
    #[must_use]
    pub fn with_file(mut self, name: &str, content: impl Into<String>) -> Self {
        self.files.push((name.to_owned(), content.into()));
        self
    }

    /// As a standby, of nobody: it can only be read.
    #[must_use]
    pub fn as_standby(self) -> Self {
        // No fewer than the server had that made the cluster.
        let as_before = [("max_worker_processes", "8"), ("max_wal_senders", "10")];
        let signal = self.with_file("standby.signal", "");
        as_before.into_iter().fold(signal, |settings, (name, value)| settings.with(name, value))
    }

    /// Tests run side by side, so there are more connections than in a shadow.
    fn all(&self) -> Vec<(String, String)> {
        let mut all = vec![("max_connections".to_owned(), "100".to_owned())];
        all.extend(self.pairs.iter().cloned());
        all
    }
}

/// A database of one test. Drops the database when it is dropped.
#[derive(Debug)]
pub struct Database {
    target: Target,
    name: String,
    server: Server,
}

impl Database {
    /// How to log in as the server's master.
    pub fn target(&self) -> &Target {
        &self.target
    }

    /// How to log in as another role.
    pub fn target_as(&self, role: &str) -> Target {
        Target { user: role.to_owned(), ..self.target.clone() }
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The server that it is on.
    pub fn server(&self) -> &Server {
        &self.server
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        reaper().send((self.server.clone(), self.name.clone())).ok();
    }
}

/// A thread that drops databases, so that no test waits for it.
fn reaper() -> &'static Sender<(Server, String)> {
    static REAPER: OnceLock<Sender<(Server, String)>> = OnceLock::new();
    REAPER.get_or_init(|| {
        let (sender, receiver) = mpsc::channel::<(Server, String)>();
        thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .expect("a runtime needs nothing that a test process lacks");
            for (server, name) in receiver {
                // A halted server has no database to drop.
                runtime.block_on(server.inner.drop_database(&name)).ok();
            }
        });
        sender
    })
}

/// Brings the portable server of a major into the cache, for tests that look at its files.
/// Returns the cache's folder.
///
/// # Panics
///
/// When it cannot be had; the message says what to do.
pub fn bring(major: u16) -> Utf8PathBuf {
    let run = move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .expect("a runtime needs nothing that a test process lacks");
        drop(runtime.block_on(Server::private(major, &Settings::new())));
    };
    thread::spawn(run).join().expect("the portable server can be had");
    shadow::cache_folder(&Environment::of_process())
}

/// The program that plays the guard, and a client of the shadow: see its own text.
pub fn guard() -> PathBuf {
    helper::guard()
}

/// How tests have their shadow: portable servers only, guarded by the testkit's own program.
pub fn options() -> ShadowOptions {
    let mut options = ShadowOptions::from_environment(Environment::of_process());
    options.installed = Installed::Forbidden;
    options.helper = Some(helper::guard());
    options
}

/// An error with all that a person needs.
fn explained(error: &ShadowError) -> String {
    let mut text = error.to_string();
    let mut next = std::error::Error::source(error);
    while let Some(cause) = next {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        next = cause.source();
    }
    for hint in error.hints() {
        text.push_str("\nhint: ");
        text.push_str(&hint);
    }
    text
}

/// Says on standard error what takes long.
struct Talk;

impl Events for Talk {
    fn on(&mut self, event: Event) {
        if let Event::Working { what, percent: None } | Event::Waiting { what } = event {
            writeln!(io::stderr(), "testkit: {what}").ok();
        }
    }
}
