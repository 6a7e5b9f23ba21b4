//! Where the runs of one worker take place: a server of its own, since restarts disturb whoever
//! else is there, PgBouncer in front of it, and a proxy in front of each.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::sync::Arc;
use std::time::Duration;

use tempfile::TempDir;
use tokio::process::{Child, Command};
use tokio::time::{Instant, sleep, timeout};
use whimbrel_engine::Target;
use whimbrel_engine::shadow::{StopMode, Template};
use whimbrel_engine::wire::{Answer, Session};

use super::judge::{APPLICATION, PREPARE};
use super::script::Script;
use super::{Harm, Way};
use crate::{FaultProxy, Listen, PgBouncer, Pool, PoolMode, Record, Server, Settings};

/// How long a run of Whimbrel may take before it counts as hanging.
const PATIENCE: Duration = Duration::from_mins(2);

/// How long whatever a run leaves behind may take to end.
const GRACE: Duration = Duration::from_secs(20);

/// A worker's server, pooler, proxies and projects.
pub(super) struct Scene {
    server: Server,
    bouncer: PgBouncer,
    direct: FaultProxy,
    pooled: FaultProxy,
    /// For the walk's own statements; a restart ends it.
    own: Option<Session>,
    whimbrel: PathBuf,
    folder: TempDir,
    databases: u32,
}

/// A process of Whimbrel.
pub(super) struct Process {
    pub(super) child: Child,
    said: PathBuf,
}

/// How a process of Whimbrel ended, and what it said.
#[derive(Clone, Debug)]
pub(super) struct Ended {
    /// Its exit code; `None` where it was killed.
    pub(super) code: Option<i32>,
    pub(super) said: String,
}

impl Scene {
    /// Sets everything up for some scripts.
    pub(super) async fn set(whimbrel: &Path, scripts: &Arc<[Script]>, major: u16) -> Self {
        // What was reported as committed must survive an immediate stop; a shadow does not care.
        let settings = Settings::new().with("synchronous_commit", "on");
        let server = Server::private(major, &settings).await;
        let walk = server.create_database(APPLICATION, Template::Empty).await;
        let walk = walk.unwrap_or_else(|error| panic!("make a database: {error:?}"));
        // After a restart the pooler must not remember for seconds that nobody was there.
        let pool = Pool::new(PoolMode::Transaction, 5).with("server_login_retry", "0.05");
        let bouncer = PgBouncer::start(&walk, &pool).await;
        let direct = FaultProxy::start(&walk, Listen::Tcp);
        let pooled = FaultProxy::start(bouncer.target(), Listen::Tcp);
        let folder = tempfile::tempdir().expect("make a folder for projects");
        for (number, script) in scripts.iter().enumerate() {
            write_project(&folder.path().join(number.to_string()), script);
            let name = template(number);
            let target = server
                .create_database(&name, Template::Empty)
                .await
                .unwrap_or_else(|error| panic!("make database {name}: {error:?}"));
            let sql = format!("{PREPARE}; {}", script.before);
            ask(&target, &sql).await.unwrap_or_else(|error| panic!("{}: {error}", script.name));
        }
        let whimbrel = whimbrel.to_owned();
        Self { server, bouncer, direct, pooled, own: None, whimbrel, folder, databases: 0 }
    }

    /// A new database in the state before a script's first run.
    pub(super) async fn database(&mut self, script: usize) -> Result<String, String> {
        self.databases += 1;
        let name = format!("run_{}", self.databases);
        // Before 15 there is only one strategy, and it has no name.
        let strategy = if self.server.major() >= 15 { "strategy file_copy" } else { "" };
        let template = template(script);
        self.own(&format!("create database {name} template {template} {strategy}")).await?;
        Ok(name)
    }

    pub(super) async fn drop_database(&mut self, name: &str) -> Result<(), String> {
        self.own(&format!("drop database {name} with (force)")).await.map(drop)
    }

    /// Runs a statement of the walk's own; answers with its value.
    async fn own(&mut self, sql: &str) -> Result<String, String> {
        let mut session = match self.own.take() {
            Some(session) => session,
            None => connect(&self.server.target(APPLICATION)).await?,
        };
        let value = value(&mut session, sql).await?;
        self.own = Some(session);
        Ok(value)
    }

    /// How the judge sees a database.
    pub(super) fn target(&self, database: &str) -> Target {
        self.server.target(database)
    }

    pub(super) fn proxy(&self, way: Way) -> &FaultProxy {
        match way {
            Way::Direct => &self.direct,
            Way::Pooled => &self.pooled,
        }
    }

    /// Starts `whimbrel up` on a script's project, through the proxy.
    pub(super) fn struck_up(&self, script: usize, way: Way, database: &str) -> Process {
        self.start(script, &self.proxy(way).target().with_database(database), &[])
    }

    /// Runs `whimbrel up` on a script's project, undisturbed.
    pub(super) async fn up(
        &self,
        script: usize,
        way: Way,
        database: &str,
    ) -> Result<Ended, String> {
        let target = match way {
            Way::Direct => self.server.target(database),
            Way::Pooled => self.bouncer.target().with_database(database),
        };
        // After a restart the pooler may not have noticed yet, which is no business of Whimbrel's.
        until("the database answers", async || ask(&target, "select 1").await.is_ok()).await?;
        let mut process = self.start(script, &target, &[]);
        let status = timeout(PATIENCE, process.child.wait()).await;
        let status = status.map_err(|_| format!("the next run hangs: {}", process.said()))?;
        Ok(process.ended(status.map_err(|error| error.to_string())?))
    }

    fn start(&self, script: usize, target: &Target, more: &[&str]) -> Process {
        let project = self.folder.path().join(script.to_string());
        let said = project.join("said");
        let file = File::create(&said).expect("create a file in our own folder");
        let same = file.try_clone().expect("open a file twice");
        let child = Command::new(&self.whimbrel)
            .args(["up", "--yes", "--no-rehearsal", "--project"])
            .arg(&project)
            .args(["--database-url", &target.to_string()])
            .args(more)
            .env_clear()
            .env("HOME", &project)
            .stdin(Stdio::null())
            .stdout(file)
            .stderr(same)
            .kill_on_drop(true)
            .spawn()
            .unwrap_or_else(|error| panic!("start {}: {error}", self.whimbrel.display()));
        Process { child, said }
    }

    /// Does harm; answers how many it met: of backends there may be none.
    pub(super) async fn harm(
        &mut self,
        harm: Harm,
        way: Way,
        database: &str,
        struck: &Struck<'_>,
        process: &mut Process,
    ) -> Result<u32, String> {
        match harm {
            Harm::Cut => Ok(1),
            Harm::Kill => {
                process.child.start_kill().ok();
                process.child.wait().await.map_err(|error| error.to_string())?;
                Ok(1)
            }
            Harm::Terminate => {
                let sql = match way {
                    Way::Direct => terminate_direct(database, struck.record.process_id),
                    Way::Pooled => terminate_pooled(database, struck.on_lock_connection),
                };
                let killed = self.own(&sql).await?;
                Ok(killed.parse().unwrap_or(0))
            }
            Harm::Restart => {
                self.own = None;
                self.server.restart(StopMode::Immediate).await;
                Ok(1)
            }
        }
    }

    /// Waits until nothing of any run is left in a database: no session but a pooler's idle ones,
    /// and no lock.
    pub(super) async fn quiet(&mut self, way: Way, database: &str) -> Result<(), String> {
        let idle = match way {
            Way::Direct => "",
            Way::Pooled => " and a.state <> 'idle'",
        };
        let sql = format!(
            "select coalesce(string_agg(what, '; '), '') from ( \
             select a.state || ': ' || left(a.query, 80) from pg_stat_activity a \
             where a.datname = '{database}' and a.backend_type = 'client backend'{idle} \
             union all select 'the lock of pid ' || l.pid from pg_locks l \
             join pg_database d on d.oid = l.database \
             where l.locktype = 'advisory' and d.datname = '{database}') left_over (what)"
        );
        let start = Instant::now();
        loop {
            let left = self.own(&sql).await?;
            if left.is_empty() {
                return Ok(());
            }
            if start.elapsed() > GRACE {
                return Err(format!("still there: {left}"));
            }
            sleep(Duration::from_millis(10)).await;
        }
    }
}

/// A message at which a fault struck.
pub(super) struct Struck<'a> {
    pub(super) record: &'a Record,
    /// Whether its connection is the one that takes the lock.
    pub(super) on_lock_connection: bool,
}

impl Process {
    /// Waits for its end, for a time.
    pub(super) async fn wait(&mut self, deadline: Instant) -> Result<ExitStatus, String> {
        match tokio::time::timeout_at(deadline, self.child.wait()).await {
            Ok(status) => status.map_err(|error| error.to_string()),
            Err(_) => Err(format!("the struck run hangs: {}", self.said())),
        }
    }

    pub(super) fn deadline() -> Instant {
        Instant::now() + PATIENCE
    }

    pub(super) fn ended(&self, status: ExitStatus) -> Ended {
        Ended { code: status.code(), said: self.said() }
    }

    fn said(&self) -> String {
        fs::read_to_string(&self.said).unwrap_or_default()
    }
}

fn template(script: usize) -> String {
    format!("script_{script}")
}

fn write_project(folder: &Path, script: &Script) {
    let migrations = folder.join("migrations");
    fs::create_dir_all(&migrations).expect("make a folder in our own");
    for migration in &script.migrations {
        let path = migrations.join(format!("{}.sql", migration.id));
        fs::write(path, &migration.sql).expect("write into our own folder");
    }
}

/// Ends the backend of a connection; before it has said which it is, the newest one.
fn terminate_direct(database: &str, pid: Option<u32>) -> String {
    let which = pid.map_or_else(
        || "order by backend_start desc limit 1".to_owned(),
        |pid| format!("and pid = {pid}"),
    );
    format!(
        "select count(*) filter (where pg_terminate_backend(pid, 10000)) from (select pid \
         from pg_stat_activity where datname = '{database}' and backend_type = 'client backend' \
         {which}) backend"
    )
}

/// Behind a pooler: on the connection that has the lock, the backend that holds it; else all
/// others of the database, the one that works for the connection or would be given to it among
/// them.
fn terminate_pooled(database: &str, on_lock_connection: bool) -> String {
    let which = if on_lock_connection {
        "holds or not exists (select from backend where holds)"
    } else {
        "not holds"
    };
    format!(
        "with backend as materialized (select a.pid, exists (select from pg_locks l \
         where l.pid = a.pid and l.locktype = 'advisory' and l.mode = 'ExclusiveLock' \
         and l.granted) as holds from pg_stat_activity a \
         where a.datname = '{database}' and a.backend_type = 'client backend') \
         select count(*) filter (where pg_terminate_backend(pid, 10000)) from backend \
         where {which}"
    )
}

/// Asks for one value, on a connection of its own.
async fn ask(target: &Target, sql: &str) -> Result<String, String> {
    let mut session = connect(target).await?;
    let value = value(&mut session, sql).await?;
    session.close().await;
    Ok(value)
}

async fn connect(target: &Target) -> Result<Session, String> {
    Session::connect(target, APPLICATION).await.map_err(|error| format!("connect: {error:?}"))
}

async fn value(session: &mut Session, sql: &str) -> Result<String, String> {
    let answers = session.simple(sql).await.map_err(|error| format!("{sql}: {error:?}"))?;
    Ok(answers.last().and_then(Answer::value).unwrap_or_default().to_owned())
}

async fn until(what: &str, mut there: impl AsyncFnMut() -> bool) -> Result<(), String> {
    let start = Instant::now();
    while !there().await {
        if start.elapsed() > GRACE {
            return Err(format!("waited in vain until {what}"));
        }
        sleep(Duration::from_millis(10)).await;
    }
    Ok(())
}
