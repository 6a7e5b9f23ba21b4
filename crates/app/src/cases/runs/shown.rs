//! Runs as they are shown.

use schemars::JsonSchema;
use serde::Serialize;
use whimbrel_engine::run::Blocker;
use whimbrel_engine::runs::{Kept, Migrated, Now, Run, RunState, Step};

use crate::mask;

/// A run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct RunShown {
    /// Its number.
    pub id: i64,
    /// `running`, `done`, `failed`, `interrupted` or `lost`: what the journal says, but that a run
    /// of which nothing lives is lost.
    pub state: &'static str,
    /// In UTC.
    pub started_at: String,
    /// In UTC.
    pub ended_at: Option<String>,
    /// From its start to its end, or until now; `None` for one that was lost.
    pub milliseconds: Option<i64>,
    /// The command.
    pub command: String,
    /// Who gave it.
    pub user: String,
    /// On which machine.
    pub host: String,
    /// Whimbrel's version there.
    pub whimbrel: String,
    /// How many migrations it applied.
    pub applied: i64,
    /// How many it undid.
    pub undone: i64,
    /// What it does right now, where it has not ended.
    pub now: Option<NowShown>,
}

/// What a run does right now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct NowShown {
    /// The server process that holds its lock; `None` where that is gone.
    pub lock_pid: Option<i32>,
    /// The server process that runs its statement; `None` between statements.
    pub pid: Option<i32>,
    /// The role that it is logged in as.
    pub role: Option<String>,
    /// Where it is connected from; `None` on a unix socket.
    pub address: Option<String>,
    /// The migration under way.
    pub migration: Option<String>,
    /// What was sent last, as far as the server shows it.
    pub statement: Option<String>,
    /// Seconds since then.
    pub seconds: Option<i64>,
    /// What it waits for, in the server's words.
    pub wait: Option<String>,
    /// The lock that it does not get.
    pub lock: Option<String>,
    /// Who holds it.
    pub blocked_by: Vec<BlockerShown>,
    /// How far a long command is.
    pub progress: Option<String>,
}

/// Somebody who holds what a run waits for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct BlockerShown {
    /// The server process.
    pub pid: i32,
    /// The role.
    pub role: String,
    /// Its `application_name`.
    pub application: String,
    /// `active`, `idle in transaction` …
    pub state: String,
    /// Seconds since its transaction began.
    pub seconds: i64,
    /// How its query begins.
    pub query: String,
}

/// A migration that a run applied or undid.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct MigratedShown {
    /// Its history.
    pub history: String,
    /// Its id.
    pub id: String,
    /// `up` or `down`.
    pub direction: String,
    /// When it was done, in UTC.
    pub at: String,
    /// How long it took.
    pub execution_time_ms: i64,
}

/// A step of a migration that is not finished.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct StepShown {
    /// Its migration.
    pub id: String,
    /// Its number, from 1.
    pub step: i64,
    /// `planned`, `begun`, `done` or `failed`.
    pub state: String,
    /// How its statement begins.
    pub statement: String,
}

/// A line of output that was kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct LineShown {
    /// When it was said, in UTC.
    pub at: String,
    /// `error`, `warning`, `notice`, `wait`, `retry`, `step` or `stop`.
    pub kind: String,
    /// The migration under way.
    pub migration: Option<String>,
    /// What was said.
    pub text: String,
}

impl RunShown {
    pub(super) fn new(run: &Run, now: Option<&Now>) -> Self {
        let lives = now.is_none_or(Now::lives);
        let state = if lives { run.state } else { RunState::Lost };
        let is_known = run.ended_at.is_some() || lives;
        Self {
            id: run.id,
            state: state.name(),
            started_at: run.started_at.clone(),
            ended_at: run.ended_at.clone(),
            milliseconds: is_known.then_some(run.milliseconds),
            command: mask(&run.command),
            user: run.os_user.clone(),
            host: run.host.clone(),
            whimbrel: run.version.clone(),
            applied: run.applied,
            undone: run.undone,
            now: now.filter(|now| now.lives()).map(NowShown::new),
        }
    }

    /// What it is and does, a line each.
    pub fn lines(&self) -> Vec<String> {
        let mut lines = vec![format!(
            "Run {}: `{}` by {}@{}, Whimbrel {}",
            self.id, self.command, self.user, self.host, self.whimbrel
        )];
        match &self.now {
            Some(now) => lines.extend(now.lines()),
            None if self.state == RunState::Lost.name() => {
                lines.push("Nothing of it lives: its process ended without a word.".to_owned());
            }
            None => {}
        }
        lines
    }
}

impl NowShown {
    fn new(now: &Now) -> Self {
        let connection = now.writer.as_ref().or(now.lock.as_ref());
        let statement = now.statement.as_ref();
        Self {
            lock_pid: now.lock.as_ref().map(|lock| lock.pid),
            pid: now.writer.as_ref().map(|writer| writer.pid),
            role: connection.map(|one| one.role.clone()),
            address: connection.and_then(|one| one.address.clone()),
            migration: statement.and_then(|one| one.migration.clone()),
            statement: statement.and_then(|one| one.text.as_deref()).map(mask),
            seconds: statement.map(|one| one.seconds),
            wait: statement.and_then(|one| one.wait.clone()),
            lock: statement.and_then(|one| one.lock.clone()),
            blocked_by: now.waits_for.iter().map(BlockerShown::new).collect(),
            progress: now.progress.as_ref().map(ToString::to_string),
        }
    }

    /// What it does, a line each.
    pub fn lines(&self) -> Vec<String> {
        let mut lines = Vec::new();
        match self.pid {
            Some(pid) => {
                let migration = self.migration.as_deref();
                let at = migration.map(|id| format!(" at `{id}`")).unwrap_or_default();
                let since = self.seconds.unwrap_or(0);
                lines.push(format!("It is{at}, since {since} s, on pid {pid}."));
            }
            None => lines.push("It is between two statements.".to_owned()),
        }
        if let Some(statement) = &self.statement {
            lines.push(format!("It sent: {statement}"));
        }
        if let Some(progress) = &self.progress {
            lines.push(format!("It is so far: {progress}"));
        }
        match (&self.lock, &self.wait) {
            (Some(lock), _) => lines.push(format!("It waits for {lock}.")),
            (None, Some(wait)) => lines.push(format!("It waits: {wait}.")),
            (None, None) => {}
        }
        for blocker in &self.blocked_by {
            lines.push(format!("In the way: {}", blocker.line()));
        }
        if self.lock_pid.is_none() {
            lines.push(
                "Its lock is gone: its process died, and this is what the server still does."
                    .to_owned(),
            );
        }
        lines
    }
}

impl BlockerShown {
    fn new(blocker: &Blocker) -> Self {
        Self {
            pid: blocker.pid,
            role: blocker.user.clone(),
            application: mask(&blocker.application),
            state: blocker.state.clone(),
            seconds: blocker.seconds,
            query: mask(&blocker.query),
        }
    }

    /// In one line.
    pub fn line(&self) -> String {
        let Self { pid, role, application, state, seconds, query } = self;
        format!("pid {pid} ({application} as {role}, {state}, {seconds} s): {query}")
    }
}

impl From<Migrated> for MigratedShown {
    fn from(one: Migrated) -> Self {
        let Migrated { history, migration, direction, at, execution_time_ms } = one;
        Self { history, id: migration, direction, at, execution_time_ms }
    }
}

impl From<Step> for StepShown {
    fn from(one: Step) -> Self {
        let Step { migration, number, state, statement } = one;
        Self { id: migration, step: number, state, statement: mask(&statement) }
    }
}

impl From<Kept> for LineShown {
    fn from(one: Kept) -> Self {
        let Kept { at, kind, migration, text } = one;
        Self { at, kind, migration, text: mask(&text) }
    }
}
