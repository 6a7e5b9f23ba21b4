//! `whimbrel dev`: the development server and its databases, as processes on real servers.

mod branch;
mod env_file;
mod reset;
mod server;

use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use whimbrel_engine::Target;
use whimbrel_engine::wire::{ConnectError, Session};

use crate::kit::{Project, Said};

/// A project whose development server goes with it.
pub(crate) struct Dev(pub(crate) Project);

impl Dev {
    pub(crate) fn new(files: &[(&str, &str)]) -> Self {
        Self(Project::new(files))
    }

    pub(crate) fn done(&self, line: &str) -> Said {
        self.0.done(&format!("dev {line}"))
    }

    fn run(&self, line: &str) -> Said {
        self.0.run(&format!("dev {line}"))
    }

    /// The report of a command that ends well.
    pub(crate) fn json(&self, line: &str) -> serde_json::Value {
        self.done(&format!("{line} --json")).json()
    }

    /// What `dev url` prints, and nothing else.
    pub(crate) fn url(&self, line: &str) -> String {
        let said = self.done(&format!("url {line}"));
        assert_eq!(said.out.lines().count(), 1, "{}", said.whole());
        said.out.trim_end().to_owned()
    }

    /// A client that comes with the URL.
    pub(crate) async fn session(&self, line: &str) -> Session {
        connect(&self.url(line)).await.unwrap()
    }

    /// The first value of a query, by the URL.
    pub(crate) async fn value(&self, sql: &str) -> Option<String> {
        let mut session = self.session("").await;
        let value = value(&mut session, sql).await;
        session.close().await;
        value
    }

    /// The server's process.
    fn pid(&self) -> u64 {
        self.json("status")["server"]["pid"].as_u64().unwrap()
    }
}

impl Drop for Dev {
    fn drop(&mut self) {
        if !self.0.path().exists() {
            return;
        }
        self.0.run("dev stop");
        let said = self.0.run("shadow clean --dev");
        if !thread::panicking() {
            assert_eq!(said.code, 0, "{}", said.whole());
        }
    }
}

async fn connect(url: &str) -> Result<Session, ConnectError> {
    Session::connect(&Target::parse(url, &|_| None).unwrap(), "a client").await
}

async fn value(session: &mut Session, sql: &str) -> Option<String> {
    let answers = session.simple(sql).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
    answers.iter().find_map(|answer| answer.value().map(str::to_owned))
}

/// Whether something comes true before long.
fn eventually(mut is_true: impl FnMut() -> bool) -> bool {
    let since = Instant::now();
    while since.elapsed() < Duration::from_secs(20) {
        if is_true() {
            return true;
        }
        thread::sleep(Duration::from_millis(20));
    }
    false
}

fn is_alive(pid: u64) -> bool {
    // One that is dead and not reaped yet is not.
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit_once(')').is_some_and(|(_, rest)| !rest.trim_start().starts_with('Z'))
}

fn parent(pid: u64) -> u64 {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    let (_, rest) = stat.rsplit_once(')').unwrap();
    rest.split_whitespace().nth(1).unwrap().parse().unwrap()
}

fn kill(signal: &str, pid: u64) {
    let line = ["-s", signal, &pid.to_string()].map(str::to_owned);
    assert!(Command::new("kill").args(line).status().unwrap().success());
}

const USERS: (&str, &str) =
    ("migrations/001_users.sql", "create table users (id int primary key, name text);\n");
const POSTS: (&str, &str) = ("migrations/002_posts.sql", "create table posts (id int);\n");
