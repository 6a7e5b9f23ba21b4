//! A cache and a place for servers that only one test uses, and clients of the shadow in it.

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::{Duration, Instant};

use camino::{Utf8Path, Utf8PathBuf};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tempfile::TempDir;
use whimbrel_engine::shadow::{Environment, ShadowOptions};
use whimbrel_engine::wire::Session;
use whimbrel_engine::{Event, Events, Target};

/// Long enough for the slowest machine; nobody waits for it unless something is wrong.
const PATIENCE: Duration = Duration::from_secs(30);

/// Folders of one test.
pub(crate) struct Sandbox {
    folder: TempDir,
    runs: TempDir,
    /// Holds namespaces for System V segments and for `/dev/shm`, where that is allowed: nobody
    /// else's shared memory is seen there.
    namespace: Option<Child>,
}

impl Sandbox {
    /// With the portable servers and the fresh clusters that this machine has.
    pub(crate) fn new() -> Self {
        let sandbox = Self::without_clusters();
        sandbox.share("template");
        sandbox
    }

    /// With the portable servers that this machine has, and nothing else in the cache.
    pub(crate) fn without_clusters() -> Self {
        let sandbox = Self::without_servers();
        sandbox.share("dist");
        sandbox
    }

    fn share(&self, part: &str) {
        let part_of_all = whimbrel_testkit::bring(17).join(part);
        std::os::unix::fs::symlink(part_of_all, self.cache().join(part)).unwrap();
    }

    /// The same in memory, and without namespaces: for what is not about shared memory.
    pub(crate) fn in_memory() -> Self {
        let sandbox = Self::in_memory_without_servers();
        sandbox.share("dist");
        sandbox.share("template");
        sandbox
    }

    /// In memory, with an empty cache.
    pub(crate) fn in_memory_without_servers() -> Self {
        let memory = if Utf8Path::new("/dev/shm").is_dir() { "/dev/shm" } else { "/tmp" };
        Self::at(memory, None)
    }

    /// With an empty cache.
    pub(crate) fn without_servers() -> Self {
        Self::at("/tmp", namespace())
    }

    fn at(base: &str, namespace: Option<Child>) -> Self {
        let open = |folder: TempDir| {
            fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
            folder
        };
        let folder = open(tempfile::tempdir_in(base).unwrap());
        let runs = open(tempfile::tempdir_in(base).unwrap());
        let sandbox = Self { folder, runs, namespace };
        fs::create_dir(sandbox.cache()).unwrap();
        sandbox
    }

    pub(crate) fn folder(&self) -> Utf8PathBuf {
        Utf8PathBuf::try_from(self.folder.path().to_owned()).unwrap()
    }

    pub(crate) fn cache(&self) -> Utf8PathBuf {
        self.folder().join("cache")
    }

    /// Where servers run.
    pub(crate) fn base(&self) -> Utf8PathBuf {
        Utf8PathBuf::try_from(self.runs.path().to_owned()).unwrap()
    }

    /// The same for this process.
    pub(crate) fn options(&self) -> ShadowOptions {
        let environment = Environment::of_process()
            .with("WHIMBREL_CACHE_DIR", self.cache())
            .with("WHIMBREL_SHADOW_DIR", self.base());
        ShadowOptions { environment, ..whimbrel_testkit::options() }
    }

    /// The environment of a client, after the words of `before`: `unshare -m …`.
    pub(crate) fn command(&self, before: &[&str], arguments: &[&str]) -> Command {
        let program = whimbrel_testkit::guard();
        let enter = self.enter();
        let mut words: Vec<&str> = enter.iter().map(String::as_str).collect();
        words.extend(before);
        let program = program.to_str().unwrap();
        words.push(program);
        words.extend(arguments);
        let mut command = Command::new(words[0]);
        command
            .args(&words[1..])
            .current_dir(self.folder.path())
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", self.folder.path())
            .env("WHIMBREL_CACHE_DIR", self.cache().as_str())
            .env("WHIMBREL_SHADOW_DIR", self.base().as_str())
            .env("WHIMBREL_SHADOW_INSTALLED", "0");
        command
    }

    /// A client that has its server.
    pub(crate) fn server(&self) -> Client {
        let mut client = Client::start(self.command(&[], &["shadow", "17"]));
        client.ready();
        client
    }

    /// Starts a server and stops it in order; returns the client's last line.
    pub(crate) fn run(&self, arguments: &[&str]) -> Value {
        outcome(self.command(&[], arguments))
    }

    /// The words that run a program in the sandbox's namespace.
    fn enter(&self) -> Vec<String> {
        let Some(namespace) = &self.namespace else { return vec!["/usr/bin/env".into()] };
        let namespaces = format!("/proc/{}/ns", namespace.id());
        vec![
            "/usr/bin/nsenter".into(),
            format!("--ipc={namespaces}/ipc"),
            format!("--mount={namespaces}/mnt"),
            "--wd=.".into(),
            "--".into(),
        ]
    }

    /// The shared memory that is in the sandbox, of both kinds.
    pub(crate) fn shared_memory(&self) -> Vec<String> {
        if self.namespace.is_none() {
            return Vec::new();
        }
        let words = self.enter();
        let mut list = Command::new(&words[0]);
        list.args(&words[1..]).args(["sh", "-c", "tail -n +2 /proc/sysvipc/shm; ls -A /dev/shm"]);
        let output = String::from_utf8(list.output().unwrap().stdout).unwrap();
        output.lines().map(ToOwned::to_owned).collect()
    }

    /// Everything that a server leaves somewhere: folders, processes.
    pub(crate) fn remains(&self) -> Vec<String> {
        let base = self.base();
        let mut remains: Vec<String> =
            base.read_dir_utf8().unwrap().map(|entry| entry.unwrap().into_path().into()).collect();
        remains.extend(processes_of(&base).into_iter().map(|pid| format!("process {pid}")));
        remains
    }

    /// Waits until nothing remains.
    pub(crate) fn assert_clean(&self) {
        let mut remains = Vec::new();
        let clean = eventually(|| {
            remains = self.remains();
            remains.is_empty()
        });
        assert!(clean, "left behind: {remains:?}");
        let clean = eventually(|| self.shared_memory().is_empty());
        assert!(clean, "left behind: {:?}", self.shared_memory());
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        if let Some(namespace) = &mut self.namespace {
            namespace.kill().ok();
            namespace.wait().ok();
        }
    }
}

fn namespace() -> Option<Child> {
    if !rustix::process::geteuid().is_root() {
        return None;
    }
    let mut holder = Command::new("unshare");
    let script = "mount -t tmpfs none /dev/shm && echo ready && exec sleep 3600";
    holder.args(["--ipc", "--mount", "sh", "-c", script]);
    let mut holder = holder.stdout(Stdio::piped()).spawn().ok()?;
    let mut line = String::new();
    BufReader::new(holder.stdout.take()?).read_line(&mut line).ok()?;
    (line == "ready\n").then_some(holder)
}

/// The last line of a client whose standard input is closed at once.
pub(crate) fn outcome(command: Command) -> Value {
    let mut client = Client::start(command);
    let last = client.until(|line| line.get("ready").is_some() || line.get("failed").is_some());
    client.stop();
    last
}

/// A process that uses the shadow.
pub(crate) struct Client {
    child: Child,
    stdin: Option<ChildStdin>,
    lines: Receiver<Value>,
    seen: Vec<Value>,
}

impl Client {
    /// Starts it in a process group of its own.
    pub(crate) fn start(mut command: Command) -> Self {
        let mut child =
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).process_group(0).spawn().unwrap();
        let stdin = child.stdin.take();
        let stdout = child.stdout.take().unwrap();
        let (sender, lines) = mpsc::channel();
        thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                if let Ok(value) = serde_json::from_str(&line) {
                    sender.send(value).ok();
                }
            }
        });
        Self { child, stdin, lines, seen: Vec::new() }
    }

    /// Waits for a line.
    pub(crate) fn until(&mut self, wanted: impl Fn(&Value) -> bool) -> Value {
        loop {
            match self.lines.recv_timeout(PATIENCE) {
                Ok(line) => {
                    self.seen.push(line.clone());
                    if wanted(&line) {
                        return line;
                    }
                }
                Err(error) => panic!("no such line ({error}) after {:?}", self.seen),
            }
        }
    }

    /// Waits until the server is there, and says what is known of it.
    pub(crate) fn ready(&mut self) -> Value {
        let line = self.until(|line| line.get("ready").is_some() || line.get("failed").is_some());
        assert!(line.get("failed").is_none(), "{line:#}");
        line["ready"].clone()
    }

    /// What it said until now.
    pub(crate) fn seen(&self) -> &[Value] {
        &self.seen
    }

    pub(crate) fn pid(&self) -> i32 {
        i32::try_from(self.child.id()).unwrap()
    }

    /// Closes its standard input and waits for its end.
    pub(crate) fn stop(&mut self) {
        self.stdin = None;
        self.child.wait().unwrap();
    }

    /// Kills it and reaps it.
    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Its guard, which is its only child.
    pub(crate) fn guard(&self) -> i32 {
        children(self.pid()).first().copied().expect("a client has a guard")
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// The children of a process.
pub(crate) fn children(parent: i32) -> Vec<i32> {
    processes()
        .into_iter()
        .filter(|pid| {
            let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
            let rest = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
            rest.split_whitespace().nth(1) == Some(&parent.to_string())
        })
        .collect()
}

/// Processes that work in a folder or name it in their arguments.
pub(crate) fn processes_of(folder: &Utf8Path) -> Vec<i32> {
    processes()
        .into_iter()
        .filter(|pid| {
            let arguments = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
            let works_in = fs::read_link(format!("/proc/{pid}/cwd")).unwrap_or_default();
            String::from_utf8_lossy(&arguments).contains(folder.as_str())
                || works_in.to_string_lossy().contains(folder.as_str())
        })
        .collect()
}

fn processes() -> Vec<i32> {
    let entries = fs::read_dir("/proc").unwrap().flatten();
    entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok()).collect()
}

/// Sends a signal.
pub(crate) fn kill(pid: i32, signal: Signal) {
    kill_process(Pid::from_raw(pid).unwrap(), signal).unwrap();
}

/// Tries until it is so, or much too long.
pub(crate) fn eventually(mut attempt: impl FnMut() -> bool) -> bool {
    let deadline = Instant::now() + PATIENCE;
    while Instant::now() < deadline {
        if attempt() {
            return true;
        }
        thread::sleep(Duration::from_millis(5));
    }
    false
}

/// Whether this test may do what only root may; says so where it may not.
pub(crate) fn is_root(what: &str) -> bool {
    let root = rustix::process::geteuid().is_root();
    if !root {
        writeln!(std::io::stderr(), "skipped: {what} needs root").ok();
    }
    root
}

/// Nobody watches.
pub(crate) struct Silence;

impl Events for Silence {
    fn on(&mut self, _event: Event) {}
}

/// The first value of a query.
pub(crate) async fn value(target: &Target, sql: &str) -> String {
    let mut session = Session::connect(target, "test").await.unwrap();
    let answers = session.simple(sql).await.unwrap();
    let value = answers.last().unwrap().value().unwrap_or_default().to_owned();
    session.close().await;
    value
}
