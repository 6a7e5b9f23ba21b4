//! Where the runs of one worker take place: a stage, a proxy in front of its server and one in front
//! of its pooler, and a project for each script.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use tempfile::TempDir;
use tokio::process::{Child, Command};
use tokio::time::{Instant, sleep, timeout};
use whimbrel_engine::Target;
use whimbrel_engine::shadow::StopMode;
use whimbrel_engine::wire::Session;

use super::judge::APPLICATION;
use super::script::Script;
use super::stage::{Stage, ask, connect, value};
use super::{Harm, Way};
use crate::{FaultProxy, Listen, Record};

/// How long a run of Whimbrel may take before it counts as hanging.
const PATIENCE: Duration = Duration::from_mins(2);

/// How long whatever a run leaves behind may take to end.
const GRACE: Duration = Duration::from_secs(20);

/// How many names a worker's databases have, in turn: PgBouncer remembers each for an hour.
const NAMES: usize = 64;

/// A worker's stage, proxies and projects.
pub(super) struct Scene {
    stage: Rc<Stage>,
    /// Which of the workers it is.
    number: usize,
    /// Whether nobody else is on the stage, so that its server may be restarted.
    pub(super) is_alone: bool,
    direct: FaultProxy,
    pooled: FaultProxy,
    /// For the walk's own statements; a restart ends it.
    own: Option<Session>,
    whimbrel: PathBuf,
    folder: TempDir,
    databases: usize,
    /// When it began with what it does now, and how long it took for what it did.
    lap: Instant,
    spent: BTreeMap<&'static str, Duration>,
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
    /// Has a worker enter a stage.
    pub(super) fn enter(
        stage: &Rc<Stage>,
        number: usize,
        is_alone: bool,
        whimbrel: &Path,
        scripts: &Arc<[Script]>,
    ) -> Self {
        let direct = FaultProxy::start(&stage.server.target(APPLICATION), Listen::Tcp);
        let pooled = FaultProxy::start(stage.bouncer.target(), Listen::Tcp);
        let folder = tempfile::tempdir().expect("make a folder for projects");
        for (number, script) in scripts.iter().enumerate() {
            write_project(&folder.path().join(number.to_string()), script);
        }
        Self {
            stage: Rc::clone(stage),
            number,
            is_alone,
            direct,
            pooled,
            own: None,
            whimbrel: whimbrel.to_owned(),
            folder,
            databases: 0,
            lap: Instant::now(),
            spent: BTreeMap::new(),
        }
    }

    /// Takes note how long something took, since the last time.
    pub(super) fn lap(&mut self, what: &'static str) {
        *self.spent.entry(what).or_default() += self.lap.elapsed();
        self.lap = Instant::now();
    }

    pub(super) fn spent(&self) -> &BTreeMap<&'static str, Duration> {
        &self.spent
    }

    /// A new database in the state before a script's first run.
    pub(super) async fn database(&mut self, script: usize) -> Result<String, String> {
        self.databases += 1;
        let name = format!("run_{}_{}", self.number, self.databases % NAMES);
        // What a trial that failed itself has left.
        self.drop_database(&name).await?;
        self.own(&self.stage.making(&name, script)).await?;
        Ok(name)
    }

    pub(super) async fn drop_database(&mut self, name: &str) -> Result<(), String> {
        self.own(&format!("drop database if exists {name} with (force)")).await.map(drop)
    }

    /// Runs a statement of the walk's own; answers with its value.
    async fn own(&mut self, sql: &str) -> Result<String, String> {
        let mut session = match self.own.take() {
            Some(session) => session,
            None => connect(&self.stage.server.target(APPLICATION)).await?,
        };
        let value = value(&mut session, sql).await?;
        self.own = Some(session);
        Ok(value)
    }

    /// How the judge sees a database.
    pub(super) fn target(&self, database: &str) -> Target {
        self.stage.server.target(database)
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

    /// Waits until the pooler has noticed what the harm did to its connections: that it has not is
    /// no business of Whimbrel's.
    pub(super) async fn recovered(
        &self,
        harm: Harm,
        way: Way,
        database: &str,
    ) -> Result<(), String> {
        if way == Way::Direct || matches!(harm, Harm::Cut | Harm::Kill) {
            return Ok(());
        }
        let target = self.stage.bouncer.target().with_database(database);
        until("the pooler answers", async || ask(&target, "select 1").await.is_ok()).await
    }

    /// Runs `whimbrel up` on a script's project, undisturbed.
    pub(super) async fn up(
        &self,
        script: usize,
        way: Way,
        database: &str,
    ) -> Result<Ended, String> {
        let target = match way {
            Way::Direct => self.stage.server.target(database),
            Way::Pooled => self.stage.bouncer.target().with_database(database),
        };
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
                self.stage.server.restart(StopMode::Immediate).await;
                Ok(1)
            }
        }
    }
}

/// Waits until nothing of any run is left in the judge's database: no session but a pooler's idle
/// ones, and no lock.
pub(super) async fn quiet(judge: &mut Session, way: Way) -> Result<(), String> {
    let idle = match way {
        Way::Direct => "",
        Way::Pooled => " and a.state <> 'idle'",
    };
    let sql = format!(
        "select coalesce(string_agg(what, '; '), '') from ( \
         select a.state || ': ' || left(a.query, 80) from pg_stat_activity a \
         where a.datname = current_database() and a.backend_type = 'client backend' \
         and a.pid <> pg_backend_pid(){idle} \
         union all select 'the lock of pid ' || l.pid from pg_locks l \
         join pg_database d on d.oid = l.database \
         where l.locktype = 'advisory' and d.datname = current_database()) left_over (what)"
    );
    let start = Instant::now();
    loop {
        let left = value(judge, &sql).await?;
        if left.is_empty() {
            return Ok(());
        }
        if start.elapsed() > GRACE {
            return Err(format!("still there: {left}"));
        }
        sleep(Duration::from_millis(10)).await;
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
