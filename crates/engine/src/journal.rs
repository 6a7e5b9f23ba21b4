//! Schema `whimbrel_journal`: runs, times and the intents of steps outside a transaction.
//!
//! The ledgers decide what is applied; the journal only adds to them and may be lost at any time.
//! What it holds that a ledger does not: who ran what from where, and, for a migration that is not
//! one transaction, how far it came.

pub(crate) mod output;

use std::collections::BTreeMap;
use std::fmt::Display;

use whimbrel_sql::Literal;

use crate::run::Direction;
use crate::wire::Answer;

/// The journal's schema.
pub const SCHEMA: &str = "whimbrel_journal";

/// Makes the journal. Nobody but its owner is granted anything, whatever the default privileges
/// of the database say.
pub(crate) const MAKE: &[&str] = &[
    "create schema if not exists whimbrel_journal",
    "create table if not exists whimbrel_journal.runs (
    id bigint generated always as identity primary key,
    started_at timestamptz not null default clock_timestamp(),
    ended_at timestamptz,
    state text not null default 'running'
        check (state in ('running', 'done', 'failed', 'interrupted', 'lost')),
    command text not null,
    os_user text not null,
    host text not null,
    version text not null,
    lock_key bigint not null,
    lock_backend integer not null
)",
    "create table if not exists whimbrel_journal.applied (
    history text not null,
    migration text not null,
    direction text not null,
    run bigint not null,
    at timestamptz not null default clock_timestamp(),
    execution_time_ms bigint not null,
    fingerprint text not null
)",
    "create table if not exists whimbrel_journal.intents (
    history text not null,
    migration text not null,
    direction text not null check (direction in ('up', 'down')),
    step integer not null,
    run bigint not null,
    fingerprint text not null,
    statement text not null,
    state text not null default 'planned' check (state in ('planned', 'begun', 'done', 'failed')),
    indexes_before text[],
    backend integer,
    backend_start timestamptz,
    begun_at timestamptz,
    ended_at timestamptz,
    primary key (history, migration, direction, step)
)",
    output::TABLE,
    REVOKE,
];

/// Takes away what default privileges granted to others than the owner.
pub(crate) const REVOKE: &str = "do $$
declare
    grantee record;
begin
    for grantee in
        select distinct c.oid::regclass as relation, a.grantee
        from pg_catalog.pg_class c
        cross join lateral pg_catalog.aclexplode(c.relacl) a
        where c.relnamespace = 'whimbrel_journal'::regnamespace
            and c.relkind in ('r', 'S')
            and a.grantee <> c.relowner
    loop
        execute pg_catalog.format('revoke all on %s from %s', grantee.relation,
            case grantee.grantee when 0 then 'public'
                else pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(grantee.grantee)) end);
    end loop;
end
$$";

/// Its tables, for the probe.
const TABLES: &[&str] =
    &["whimbrel_journal.runs", "whimbrel_journal.applied", "whimbrel_journal.intents"];

/// The names of its tables.
pub(crate) fn tables() -> impl Iterator<Item = &'static str> {
    TABLES.iter().filter_map(|table| Some(table.split_once('.')?.1))
}

/// The name of a table that journals of an older shape lack, and that nothing depends on.
pub(crate) const OUTPUT: &str = "output";

/// Who runs what, for the row of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Runner {
    /// The command, without secrets: `up --to 7`.
    pub command: String,
    /// The operating system's user.
    pub os_user: String,
    /// The machine.
    pub host: String,
    /// Whimbrel's version.
    pub version: String,
}

/// Begins a run; answers its id.
pub(crate) fn begin_run(runner: &Runner, lock_key: i64, lock_backend: i32) -> String {
    let Runner { command, os_user, host, version } = runner;
    format!(
        "insert into whimbrel_journal.runs \
         (command, os_user, host, version, lock_key, lock_backend) \
         values ({}, {}, {}, {}, {lock_key}, {lock_backend}) returning id",
        Literal(command),
        Literal(os_user),
        Literal(host),
        Literal(version)
    )
}

/// Notes a run that is a script which somebody else runs: it holds nothing that could be lost.
pub(crate) fn note_script(runner: &Runner, lock_key: i64) -> String {
    let Runner { command, os_user, host, version } = runner;
    format!(
        "insert into whimbrel_journal.runs \
         (command, os_user, host, version, lock_key, lock_backend, state, ended_at) \
         values ({}, {}, {}, {}, {lock_key}, pg_catalog.pg_backend_pid(), 'done', \
         pg_catalog.clock_timestamp())",
        Literal(command),
        Literal(os_user),
        Literal(host),
        Literal(version)
    )
}

/// Ends a run.
pub(crate) fn end_run(run: i64, state: &str) -> String {
    format!(
        "update whimbrel_journal.runs set state = {}, ended_at = pg_catalog.clock_timestamp() \
         where id = {run} and state = 'running'",
        Literal(state)
    )
}

/// Marks runs under this lock that never ended as lost, so that they can commit nothing more;
/// those with a transaction still under way hold their row for share and are passed over.
pub(crate) fn take_over(lock_key: i64) -> String {
    format!(
        "update whimbrel_journal.runs set state = 'lost', \
         ended_at = pg_catalog.clock_timestamp() where id in (select id \
         from whimbrel_journal.runs where state = 'running' and lock_key = {lock_key} \
         for update skip locked)"
    )
}

/// Whether none was passed over.
pub(crate) fn is_quiet(lock_key: i64) -> String {
    format!(
        "select count(*) = 0 as quiet from whimbrel_journal.runs \
         where state = 'running' and lock_key = {lock_key}"
    )
}

/// Fails, by a division by zero, unless the run is still the one that may write; its row stays
/// locked until the transaction ends.
pub(crate) fn fence(run: i64) -> String {
    format!(
        "select 1 / count(*) as still_running from (select from whimbrel_journal.runs \
         where id = {run} and state = 'running' for share) run"
    )
}

/// Writes the run's row as it is: whatever was committed before reaches the disk with it. Answers
/// the id while the run is still the one that may write.
pub(crate) fn flush(run: i64) -> String {
    format!(
        "update whimbrel_journal.runs set state = 'running' \
         where id = {run} and state = 'running' returning id"
    )
}

/// Notes that a migration ran.
pub(crate) fn applied(run: i64, id: &Id<'_>, fingerprint: &str, took: &str) -> String {
    let [history, migration, direction, fingerprint] =
        [id.history, id.migration, id.direction.name(), fingerprint]
            .map(|text| Literal(text).to_string());
    noted(run, [&history, &migration, &direction], took, &fingerprint)
}

/// The same for a migration that was applied, by expressions.
pub(crate) fn applied_by(
    run: i64,
    history: &str,
    migration: &str,
    fingerprint: &str,
    took: &str,
) -> String {
    noted(run, [history, migration, "'up'"], took, fingerprint)
}

fn noted(run: i64, [history, migration, direction]: [&str; 3], took: &str, print: &str) -> String {
    format!(
        "insert into whimbrel_journal.applied (history, migration, direction, run, \
         execution_time_ms, fingerprint) \
         values ({history}, {migration}, {direction}, {run}, {took}, {print})"
    )
}

/// How long each migration of a run took.
pub(crate) fn times(run: i64) -> String {
    format!(
        "select history, migration, direction, execution_time_ms \
         from whimbrel_journal.applied where run = {run}"
    )
}

/// A migration and which way it goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Id<'a> {
    pub(crate) history: &'a str,
    pub(crate) migration: &'a str,
    pub(crate) direction: Direction,
}

impl Id<'_> {
    pub(crate) fn condition(&self) -> String {
        format!(
            "history = {} and migration = {} and direction = {}",
            Literal(self.history),
            Literal(self.migration),
            Literal(self.direction.name())
        )
    }
}

/// A step that is written down before anything of its migration runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Planned {
    pub(crate) step: usize,
    pub(crate) fingerprint: String,
    pub(crate) statement: String,
}

/// Writes down every step of a migration; steps that an earlier run wrote down stay as they are.
pub(crate) fn plan_steps(run: impl Display, id: &Id<'_>, steps: &[Planned]) -> String {
    let rows: Vec<String> = steps
        .iter()
        .map(|planned| {
            format!(
                "({}, {}, {}, {}, {run}, {}, {})",
                Literal(id.history),
                Literal(id.migration),
                Literal(id.direction.name()),
                planned.step,
                Literal(&planned.fingerprint),
                Literal(&planned.statement)
            )
        })
        .collect();
    format!(
        "insert into whimbrel_journal.intents \
         (history, migration, direction, step, run, fingerprint, statement) values {} \
         on conflict do nothing",
        rows.join(", ")
    )
}

/// Says that a step is about to run, what indexes its table has by then, and which server process
/// will run it, as far as that is known; committed before it does.
pub(crate) fn begin_step(
    run: i64,
    id: &Id<'_>,
    step: usize,
    indexes: Option<&[String]>,
    backend: Option<i32>,
) -> String {
    let null = || "null".to_owned();
    let indexes = indexes.map_or_else(null, |names| {
        let names: Vec<String> = names.iter().map(|name| Literal(name).to_string()).collect();
        format!("array[{}]::text[]", names.join(", "))
    });
    let backend = backend.map_or_else(null, |backend| backend.to_string());
    format!(
        "update whimbrel_journal.intents set state = 'begun', run = {run}, \
         begun_at = pg_catalog.clock_timestamp(), indexes_before = {indexes}, \
         backend = {backend}, backend_start = (select a.backend_start \
         from pg_catalog.pg_stat_activity a where a.pid = {backend}) \
         where {} and step = {step}",
        id.condition()
    )
}

/// Finds the server process that a step was begun on, where it is still there and is not this one.
pub(crate) fn backend_of_step(id: &Id<'_>, step: usize) -> String {
    format!(
        "select a.pid, a.state = 'active' as active from whimbrel_journal.intents i \
         join pg_catalog.pg_stat_activity a on a.pid = i.backend \
         and a.backend_start = i.backend_start \
         where {} and step = {step} and a.pid <> pg_catalog.pg_backend_pid()",
        id.condition()
    )
}

/// Says how a step ended.
pub(crate) fn end_step(id: &Id<'_>, step: usize, state: &str) -> String {
    format!(
        "update whimbrel_journal.intents set state = {}, \
         ended_at = pg_catalog.clock_timestamp() where {} and step = {step}",
        Literal(state),
        id.condition()
    )
}

/// Forgets the steps of a migration that is recorded, or that a person starts over.
pub(crate) fn forget_steps(id: &Id<'_>) -> String {
    format!("delete from whimbrel_journal.intents where {}", id.condition())
}

/// The table that the answer to [`INTENTS`] is made of, with the column of its times.
pub(crate) const INTENTS_TABLE: (&str, &str) = ("whimbrel_journal.intents", "begun_at");

/// Reads every intent.
pub(crate) const INTENTS: &str = "select history, migration, direction, step, run, fingerprint, \
    statement, state, pg_catalog.array_to_json(indexes_before)::text as indexes_before \
    from whimbrel_journal.intents order by history, migration, direction, step";

/// Reads when, for how long and by whom each migration last ran.
pub(crate) const LAST_APPLIED: &str = "select distinct on (a.history, a.migration) a.history, \
    a.migration, a.direction, a.execution_time_ms, a.fingerprint, r.os_user, r.host, r.version, \
    pg_catalog.to_char(a.at at time zone 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"') as at \
    from whimbrel_journal.applied a left join whimbrel_journal.runs r on r.id = a.run \
    order by a.history, a.migration, a.at desc";

/// The tables that the answer to [`LAST_APPLIED`] is made of, each with the column of its times.
pub(crate) const LAST_APPLIED_TABLES: [(&str, &str); 2] =
    [("whimbrel_journal.applied", "at"), ("whimbrel_journal.runs", "started_at")];

/// How far a step came, by its intent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StepState {
    /// Not begun.
    Planned,
    /// Begun; its outcome was never written.
    Begun,
    /// Done.
    Done,
    /// Failed.
    Failed,
}

/// A step that an earlier run left.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Intent {
    /// Its number in the script.
    pub step: usize,
    /// The run that wrote it.
    pub run: i64,
    /// The fingerprint of its statements then.
    pub fingerprint: String,
    /// How its text begins.
    pub statement: String,
    /// How far it came.
    pub state: StepState,
    /// The indexes that its table had before it began.
    pub indexes_before: Option<Vec<String>>,
}

/// The intents of unfinished migrations, by history, migration and direction.
pub type Intents = BTreeMap<(String, String, Direction), Vec<Intent>>;

/// A row that is not what the journal's own statements wrote.
#[derive(Debug, thiserror::Error)]
#[error("the journal holds {what} `{text}` that is not known")]
pub struct JournalError {
    /// The column.
    pub what: &'static str,
    /// What stands there.
    pub text: String,
}

/// Reads the answer to [`INTENTS`].
pub(crate) fn intents(answer: &Answer) -> Result<Intents, JournalError> {
    let mut intents = Intents::new();
    for row in answer.rows() {
        let column = |what: &'static str| {
            row.get(what).ok_or_else(|| JournalError { what, text: "null".to_owned() })
        };
        let unknown = |what: &'static str, text: &str| JournalError { what, text: text.to_owned() };
        let direction = column("direction")?;
        let direction =
            Direction::read(direction).ok_or_else(|| unknown("direction", direction))?;
        let state = match column("state")? {
            "planned" => StepState::Planned,
            "begun" => StepState::Begun,
            "done" => StepState::Done,
            "failed" => StepState::Failed,
            other => return Err(unknown("state", other)),
        };
        let step = column("step")?;
        let run = column("run")?;
        let before = row.get("indexes_before").map(serde_json::from_str).transpose();
        let intent = Intent {
            step: step.parse().map_err(|_| unknown("step", step))?,
            run: run.parse().map_err(|_| unknown("run", run))?,
            fingerprint: column("fingerprint")?.to_owned(),
            statement: column("statement")?.to_owned(),
            state,
            indexes_before: before.map_err(|error| JournalError {
                what: "indexes_before",
                text: error.to_string(),
            })?,
        };
        let key = (column("history")?.to_owned(), column("migration")?.to_owned(), direction);
        intents.entry(key).or_default().push(intent);
    }
    Ok(intents)
}

/// When, for how long and by whom a migration last ran.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LastApplied {
    /// Which way.
    pub direction: Direction,
    /// In UTC, ISO 8601.
    pub at: String,
    /// Milliseconds.
    pub execution_time_ms: i64,
    /// The fingerprint of the script that ran.
    pub fingerprint: String,
    /// The operating system's user, if the run is still known.
    pub os_user: Option<String>,
    /// The machine.
    pub host: Option<String>,
    /// Whimbrel's version.
    pub version: Option<String>,
}

/// Reads the answer to [`LAST_APPLIED`].
pub(crate) fn last_applied(
    answer: &Answer,
) -> Result<BTreeMap<(String, String), LastApplied>, JournalError> {
    let mut all = BTreeMap::new();
    for row in answer.rows() {
        let column = |what: &'static str| {
            row.get(what).ok_or_else(|| JournalError { what, text: "null".to_owned() })
        };
        let direction = column("direction")?;
        let took = column("execution_time_ms")?;
        let last = LastApplied {
            direction: Direction::read(direction)
                .ok_or_else(|| JournalError { what: "direction", text: direction.to_owned() })?,
            at: column("at")?.to_owned(),
            execution_time_ms: took
                .parse()
                .map_err(|_| JournalError { what: "execution_time_ms", text: took.to_owned() })?,
            fingerprint: column("fingerprint")?.to_owned(),
            os_user: row.get("os_user").map(str::to_owned),
            host: row.get("host").map(str::to_owned),
            version: row.get("version").map(str::to_owned),
        };
        all.insert((column("history")?.to_owned(), column("migration")?.to_owned()), last);
    }
    Ok(all)
}
