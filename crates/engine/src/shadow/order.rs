//! What client and guard say to each other: one JSON value a line, over the guard's standard input
//! and output.

use camino::Utf8PathBuf;
use serde::{Deserialize, Serialize};

use super::cluster::Recipe;
use super::distribution::Distribution;
use super::error::ShadowError;

/// The first line to a guard: what to run.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Order {
    /// The server's programs.
    pub(crate) distribution: Distribution,
    /// How a fresh cluster is made.
    pub(crate) recipe: Recipe,
    /// The cache's folder.
    pub(crate) cache: Utf8PathBuf,
    /// Clusters in the cache that would serve better than a fresh one, the best first.
    pub(crate) states: Vec<Utf8PathBuf>,
    /// Where the data goes.
    pub(crate) home: Home,
    /// Places that are searched for what dead guards left.
    pub(crate) swept: Vec<Utf8PathBuf>,
    /// Settings of the server.
    pub(crate) settings: Vec<(String, String)>,
    /// Files put into the data folder before the server starts: `pg_hba.conf`, a certificate.
    pub(crate) files: Vec<(String, String)>,
    /// The port, which is a part of the socket's name.
    pub(crate) port: u16,
}

/// Where a server's data lives.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Home {
    /// In the first of these folders that takes it, until the client goes.
    Fresh(Vec<Utf8PathBuf>),
    /// In this folder, for ever; the server runs until the last client goes.
    Kept(Utf8PathBuf),
    /// The same; the server runs until somebody lets it go.
    Staying(Utf8PathBuf),
}

/// A later line to a guard.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Command {
    /// Stop the server in some way and start it again.
    Restart(StopMode),
    /// Stop the server and leave it down.
    Halt(StopMode),
    /// Start it again.
    Start,
    /// Stop the server, note its cluster for this entry of the cache, start it again.
    Save(Utf8PathBuf),
}

/// How a server is stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StopMode {
    /// Sessions are cut, a checkpoint is written (SIGINT).
    Fast,
    /// Nothing is written: the next start recovers (SIGQUIT).
    Immediate,
    /// The postmaster is killed (SIGKILL); its children follow.
    Kill,
}

/// A line from a guard.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Report {
    /// Something takes a while.
    Working {
        what: String,
        percent: Option<u8>,
    },
    /// Something is waited for.
    Waiting {
        what: String,
    },
    /// The server was started; it may not answer yet.
    Started(Started),
    /// The server was stopped as asked.
    Halted,
    /// The server ended by itself.
    Ended {
        log: String,
    },
    Failed(ShadowError),
}

/// A started server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Started {
    /// The folder with the run's files.
    pub(crate) folder: Utf8PathBuf,
    /// The data folder.
    pub(crate) data: Utf8PathBuf,
    /// The folder with the socket.
    pub(crate) socket: Utf8PathBuf,
    /// The port, which is a part of the socket's name.
    pub(crate) port: u16,
    /// Which of the order's `states` the cluster came from.
    pub(crate) state: Option<Utf8PathBuf>,
    /// Whether other programs reach it at that port, too.
    #[serde(default)]
    pub(crate) open: bool,
}
