//! PgBouncer in front of a server.

use std::fmt::Write as _;
use std::fs;
use std::os::unix::fs::{MetadataExt as _, chown};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use tempfile::TempDir;
use whimbrel_engine::wire::{Answer, Session};
use whimbrel_engine::{Host, Secret, SslMode, Target};

use crate::program::{Packaged, Program};

const PGBOUNCER: Packaged = Packaged {
    name: "pgbouncer",
    package: "pgbouncer",
    within: None,
    how: "install the package `pgbouncer` (`apt-get install pgbouncer`, `dnf install pgbouncer`, \
          `brew install pgbouncer`), so that it is on the PATH",
};

/// The port in the socket's name.
const PORT: u16 = 6432;
/// How long it may take to answer.
const PATIENCE: Duration = Duration::from_secs(30);

/// A running PgBouncer with a unix socket. Ends with this value, or with this process.
#[derive(Debug)]
pub struct PgBouncer {
    target: Target,
    folder: TempDir,
    watch: Option<ChildStdin>,
    watcher: Child,
}

/// When a server connection goes to another client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PoolMode {
    /// When its client leaves.
    Session,
    /// After each transaction.
    Transaction,
    /// After each statement.
    Statement,
}

/// How a PgBouncer pools.
#[derive(Clone, Debug)]
pub struct Pool {
    mode: PoolMode,
    size: usize,
    roles: Vec<String>,
    settings: Vec<(String, String)>,
}

impl Pool {
    /// So many server connections for each database and role, shared in this mode.
    pub fn new(mode: PoolMode, size: usize) -> Self {
        Self { mode, size, roles: vec!["postgres".to_owned()], settings: Vec::new() }
    }

    /// With another role that may log in.
    #[must_use]
    pub fn with_role(mut self, role: &str) -> Self {
        self.roles.push(role.to_owned());
        self
    }

    /// With a setting of `pgbouncer.ini`.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.settings.push((name.to_owned(), value.into()));
        self
    }

    fn mode(&self) -> &'static str {
        match self.mode {
            PoolMode::Session => "session",
            PoolMode::Transaction => "transaction",
            PoolMode::Statement => "statement",
        }
    }
}

impl PgBouncer {
    /// Starts one in front of the server that the target leads to: a real one or a proxy.
    ///
    /// # Panics
    /// When it cannot be had or does not start; the message says why.
    pub async fn start(server: &Target, pool: &Pool) -> Self {
        // The first time it is fetched, which takes seconds.
        let program = tokio::task::spawn_blocking(program).await.expect("have PgBouncer");
        let folder = tempfile::tempdir().expect("make a folder for PgBouncer");
        let host = server.hosts.first().expect("a target has at least one host");
        let user = Unprivileged::for_server(host, folder.path());
        write_configuration(folder.path(), host, server.password.as_ref(), pool);
        if let Some(user) = &user {
            user.own(folder.path());
        }
        let mut watcher = spawn(program, folder.path(), user.as_ref());
        let watch = watcher.stdin.take();
        let socket = folder.path().to_owned().try_into().expect("a temporary path is text");
        let hosts = vec![Host::Socket { folder: socket, port: PORT }];
        let target = Target { hosts, ssl_mode: SslMode::Disable, ..server.clone() };
        let pgbouncer = Self { target, folder, watch, watcher };
        pgbouncer.wait_until_ready().await;
        pgbouncer
    }

    /// The same database, seen through the pool.
    pub fn target(&self) -> &Target {
        &self.target
    }

    /// Runs a command of its console: `show servers`, `reconnect` …
    ///
    /// # Panics
    /// When it refuses.
    pub async fn console(&self, command: &str) -> Answer {
        let mut session = self.console_session().await.expect("connect to PgBouncer's console");
        let mut answers = session.simple(command).await.expect("the console takes the command");
        answers.pop().expect("a command has an answer")
    }

    async fn console_session(&self) -> Option<Session> {
        let user = "postgres".to_owned();
        let target = Target { user, ..self.target.with_database("pgbouncer") };
        Session::connect(&target, "testkit").await.ok()
    }

    async fn wait_until_ready(&self) {
        let start = Instant::now();
        while self.console_session().await.is_none() {
            let log = fs::read_to_string(self.folder.path().join("log")).unwrap_or_default();
            let said = fs::read_to_string(self.folder.path().join("said")).unwrap_or_default();
            let failed = log.contains(" FATAL ") || said.contains("FATAL");
            assert!(!failed && start.elapsed() < PATIENCE, "PgBouncer does not start: {log}{said}");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}

impl Drop for PgBouncer {
    fn drop(&mut self) {
        drop(self.watch.take());
        self.watcher.wait().ok();
    }
}

/// Waits for the end of its standard input, which comes with the end of this process at the
/// latest, however that ends; then kills PgBouncer.
const WATCHER: &str = r#""$@" & child=$!; read -r _; kill -KILL "$child"; wait "$child""#;

/// The program, found or fetched.
fn program() -> &'static Program {
    static FOUND: OnceLock<Program> = OnceLock::new();
    FOUND.get_or_init(|| Program::get(&PGBOUNCER))
}

fn spawn(program: &Program, folder: &Path, user: Option<&Unprivileged>) -> Child {
    let said = fs::File::create(folder.join("said")).expect("create a file in our own folder");
    let mut command = Command::new("sh");
    command.args(["-c", WATCHER, "sh"]).arg(program.path()).arg("--quiet");
    if let Some(user) = user {
        command.args(["--user", &user.name]);
    }
    program.equip(&mut command);
    command
        .arg(folder.join("pgbouncer.ini"))
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(said)
        // Ctrl-C is for the test, whose end ends it in order.
        .process_group(0)
        .spawn()
        .expect("start a shell")
}

fn write_configuration(folder: &Path, host: &Host, password: Option<&Secret>, pool: &Pool) {
    let path = folder.display();
    let (host, port) = match host {
        Host::Tcp { host, port, .. } => (host.as_str(), *port),
        Host::Socket { folder, port } => (folder.as_str(), *port),
    };
    let password = password.map(|password| format!(" password='{}'", password.reveal()));
    let mut text = format!(
        "[databases]
* = host='{host}' port={port}{password}
[pgbouncer]
unix_socket_dir = {path}
listen_port = {PORT}
logfile = {path}/log
auth_type = trust
auth_file = {path}/roles
admin_users = postgres
pool_mode = {mode}
default_pool_size = {size}
max_client_conn = 200
",
        password = password.unwrap_or_default(),
        mode = pool.mode(),
        size = pool.size,
    );
    for (name, value) in &pool.settings {
        writeln!(text, "{name} = {value}").expect("a text takes any text");
    }
    let mut roles = String::new();
    for role in &pool.roles {
        writeln!(roles, "\"{role}\" \"\"").expect("a text takes any text");
    }
    for (name, text) in [("pgbouncer.ini", text), ("roles", roles)] {
        fs::write(folder.join(name), text).expect("write into our own folder");
    }
}

/// The user that PgBouncer becomes: like Postgres, it refuses to be root.
struct Unprivileged {
    name: String,
    uid: u32,
    gid: u32,
}

impl Unprivileged {
    /// Whoever the server runs as, so that its socket can be reached; `None` stands for
    /// ourselves, if we are not root.
    fn for_server(host: &Host, our_folder: &Path) -> Option<Self> {
        if fs::metadata(our_folder).expect("look at our own folder").uid() != 0 {
            return None;
        }
        let owner = match host {
            Host::Socket { folder, .. } => fs::metadata(folder).map_or(0, |folder| folder.uid()),
            Host::Tcp { .. } => 0,
        };
        let users = fs::read_to_string("/etc/passwd").unwrap_or_default();
        let mut users = users.lines().filter_map(Self::read);
        let wanted = |user: &Self| match owner {
            0 => user.name == "nobody",
            owner => user.uid == owner,
        };
        Some(users.find(wanted).expect("/etc/passwd has the user that PgBouncer is to become"))
    }

    fn read(line: &str) -> Option<Self> {
        let mut fields = line.split(':');
        let name = fields.next()?.to_owned();
        let uid = fields.nth(1)?.parse().ok()?;
        let gid = fields.next()?.parse().ok()?;
        Some(Self { name, uid, gid })
    }

    fn own(&self, folder: &Path) {
        let entries = fs::read_dir(folder).expect("read our own folder").flatten();
        for path in entries.map(|entry| entry.path()).chain([folder.to_owned()]) {
            chown(&path, Some(self.uid), Some(self.gid)).expect("root may give files away");
        }
    }
}
