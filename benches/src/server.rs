//! The servers that are migrated.

use std::net::TcpListener;
use std::process::Command;
use std::time::Duration;

use tokio::runtime::Runtime;
use whimbrel_engine::shadow::{Server, Shadow, ShadowOptions, Template};
use whimbrel_engine::{Event, Events, Host, Target};
use whimbrel_testkit::{DelayProxy, Listen};

use crate::tools::Tools;
use crate::{Outcome, race};

/// The major version that everything is measured on.
pub(crate) const MAJOR: u16 = 17;

/// The way to the server and back, through the delay proxy.
pub(crate) const ROUND_TRIP: Duration = Duration::from_millis(30);

/// Where a server's data is, and how it treats it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Storage {
    /// In memory, fsync off.
    Memory,
    /// On a disk, with the durability that Postgres has by default.
    Disk,
}

/// A server that listens on a port of this machine.
pub(crate) struct Bench<'a> {
    runtime: &'a Runtime,
    server: Server,
    port: u16,
    next: std::cell::Cell<u32>,
}

impl<'a> Bench<'a> {
    /// Starts one.
    pub(crate) fn start(runtime: &'a Runtime, storage: Storage) -> Outcome<Self> {
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let mut options = options();
        let mut set = |name: &str, value: &str| {
            options.settings.push((name.to_owned(), value.to_owned()));
        };
        set("listen_addresses", "127.0.0.1");
        set("port", &port.to_string());
        set("max_connections", "50");
        set("shared_buffers", "128MB");
        set("max_wal_size", "1GB");
        if storage == Storage::Disk {
            for name in ["fsync", "full_page_writes", "synchronous_commit"] {
                set(name, "on");
            }
            options.environment = options.environment.with("WHIMBREL_SHADOW_DIR", "/var/tmp");
        }
        let server = runtime.block_on(Shadow::start(&options, MAJOR, &mut Nobody))?;
        Ok(Self { runtime, server, port, next: std::cell::Cell::new(1) })
    }

    /// Makes an empty database and answers its name.
    pub(crate) fn database(&self) -> Outcome<String> {
        let name = format!("bench_{}", self.next.get());
        self.next.set(self.next.get() + 1);
        self.runtime.block_on(self.server.create_database(&name, Template::Empty))?;
        Ok(name)
    }

    /// Drops one.
    pub(crate) fn drop_database(&self, name: &str) -> Outcome<()> {
        self.runtime.block_on(self.server.drop_database(name))?;
        Ok(())
    }

    /// The URL of a database.
    pub(crate) fn url(&self, database: &str) -> String {
        url(self.port, database)
    }

    /// The same server behind a long link.
    pub(crate) fn far(&self) -> Far {
        let near = Host::tcp("127.0.0.1", self.port);
        let target = Target { hosts: vec![near], ..self.server.target("postgres") };
        Far { proxy: DelayProxy::start(&target, ROUND_TRIP / 2, Listen::Tcp) }
    }

    /// Asks for one value.
    pub(crate) fn value(&self, tools: &Tools, database: &str, sql: &str) -> Outcome<String> {
        let mut psql = Command::new(&tools.psql);
        race::text(psql.args(["-X", "-A", "-t", "-c", sql]).arg(self.url(database)))
    }

    /// Postgres' version.
    pub(crate) fn version(&self) -> &str {
        self.server.version()
    }
}

/// The other end of a long link.
pub(crate) struct Far {
    proxy: DelayProxy,
}

impl Far {
    /// The URL of a database.
    pub(crate) fn url(&self, database: &str) -> String {
        let host = self.proxy.target().hosts.first().expect("a proxy listens somewhere");
        url(host.port(), database)
    }
}

fn url(port: u16, database: &str) -> String {
    format!("postgres://postgres@127.0.0.1:{port}/{database}?sslmode=disable")
}

/// How servers are had: as the tests have them.
pub(crate) fn options() -> ShadowOptions {
    whimbrel_testkit::options()
}

/// Hears nothing.
pub(crate) struct Nobody;

impl Events for Nobody {
    fn on(&mut self, _event: Event) {}
}
