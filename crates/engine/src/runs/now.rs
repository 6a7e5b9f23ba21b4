//! What a run that has not ended does at the moment, as the server shows it.

use super::Run;
use crate::journal::SCHEMA;
use crate::lock::halves;
use crate::run::compose::{ANNOUNCED, UnderWay};
use crate::run::watch::{self, ANEW};
use crate::run::{Blocker, Progress};
use crate::wire::{Answer, Failure, Row, Session};

/// What a run does at the moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Now {
    /// The connection that holds its lock; `None` where nothing of it lives but perhaps a statement.
    pub lock: Option<Connection>,
    /// The connection on which a statement of it is under way; between statements there is none.
    pub writer: Option<Connection>,
    /// What it is at.
    pub statement: Option<Statement>,
    /// Who holds what it waits for.
    pub waits_for: Vec<Blocker>,
    /// How far a long command is.
    pub progress: Option<Progress>,
}

/// A connection of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Connection {
    /// Its server process.
    pub pid: i32,
    /// The role it is logged in as.
    pub role: String,
    /// Where it comes from; `None` on a unix socket, or where this role may not see it.
    pub address: Option<String>,
    /// Whether this role may end it.
    pub may_signal: bool,
}

/// A statement under way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    /// The migration that it belongs to.
    pub migration: Option<String>,
    /// The message that was sent last, without what the runner itself puts in front; the server
    /// shows a kilobyte of it. `None` where that holds nothing of a script, or may not be seen.
    pub text: Option<String>,
    /// `active`, `idle in transaction` …
    pub state: String,
    /// What the server says it waits for: `Lock: relation`.
    pub wait: Option<String>,
    /// The lock that it does not get: `AccessExclusiveLock on public.users`.
    pub lock: Option<String>,
    /// Seconds since the message was sent.
    pub seconds: i64,
}

impl Now {
    /// Whether anything of the run is there.
    pub fn lives(&self) -> bool {
        self.lock.is_some() || self.writer.is_some()
    }
}

/// Looks at a run that has not ended.
pub async fn now(session: &mut Session, run: &Run) -> Result<Now, Failure> {
    let answers = session.simple(&format!("{ANEW}; {}", connections(run))).await?;
    let mut now = Now::default();
    let Some(row) = answers.last().and_then(Answer::first) else { return Ok(now) };
    let pid = |what| row.get(what).and_then(|pid| pid.parse::<i32>().ok());
    let (lock, writer) = (pid("holder"), pid("writer"));
    now.lock = connection(session, lock).await?;
    now.writer = connection(session, writer).await?;
    let Some(writer) = now.writer.as_ref().map(|writer| writer.pid) else { return Ok(now) };
    let answers = session.simple(&format!("{ANEW}; {}", statement(writer))).await?;
    now.statement = answers.last().and_then(Answer::first).map(read);
    let seen = watch::look(session, &writer.to_string(), None).await?;
    now.waits_for = seen.blockers;
    now.progress = seen.progress;
    Ok(now)
}

/// A query for the server processes of a run: the one that holds its lock, and the one that shares
/// its row or runs a marked step.
///
/// A row's `xmax` is the transaction that shares it, and each transaction holds a lock on its own
/// number.
fn connections(run: &Run) -> String {
    let (high, low) = halves(run.lock_key);
    let Run { id, lock_backend, .. } = run;
    format!(
        "select (select l.pid from pg_catalog.pg_locks l where l.locktype = 'advisory' \
         and l.granted and l.objsubid = 1 and l.classid = {high} and l.objid = {low} \
         and l.pid = {lock_backend} and l.mode = 'ExclusiveLock' and l.database = (select oid \
         from pg_catalog.pg_database where datname = pg_catalog.current_database())) as holder, \
         coalesce((select l.pid from pg_catalog.pg_locks l join {SCHEMA}.runs r \
         on l.transactionid = r.xmax where r.id = {id} and l.locktype = 'transactionid' \
         and l.granted limit 1), (select a.pid from pg_catalog.pg_stat_activity a \
         where a.state = 'active' and a.pid <> pg_catalog.pg_backend_pid() \
         and a.datname = pg_catalog.current_database() \
         and a.query like '/* whimbrel run {id} step %' limit 1), \
         (select a.pid from pg_catalog.pg_stat_activity a where a.pid = {lock_backend} \
         and a.state = 'active' and a.application_name like '{ANNOUNCED}%')) as writer"
    )
}

async fn connection(
    session: &mut Session,
    pid: Option<i32>,
) -> Result<Option<Connection>, Failure> {
    let Some(pid) = pid else { return Ok(None) };
    let may = crate::cancel::may_signal(
        "(select oid from pg_catalog.pg_roles where rolname = current_user)",
        "me.oid",
        "(select oid, rolsuper from pg_catalog.pg_roles where oid = a.usesysid)",
    );
    let asked = format!(
        "{ANEW}; select a.pid, coalesce(a.usename, '?') as role, a.client_addr::text as address, \
         {may} as may_signal from pg_catalog.pg_stat_activity a where a.pid = {pid}"
    );
    let answers = session.simple(&asked).await?;
    Ok(answers.last().and_then(Answer::first).map(|row| Connection {
        pid,
        role: row.get("role").unwrap_or("?").to_owned(),
        address: row.get("address").map(str::to_owned),
        may_signal: row.get("may_signal") == Some("t"),
    }))
}

/// A query for what a server process does.
fn statement(pid: i32) -> String {
    format!(
        "select a.application_name, a.state, a.query, \
         a.wait_event_type || ': ' || a.wait_event as wait, coalesce(extract(epoch from \
         pg_catalog.clock_timestamp() - a.query_start), 0)::bigint as seconds, \
         (select l.mode || case when l.relation is null then ' on ' || l.locktype \
         else ' on ' || l.relation::regclass::text end from pg_catalog.pg_locks l \
         where l.pid = a.pid and not l.granted limit 1) as lock \
         from pg_catalog.pg_stat_activity a where a.pid = {pid}"
    )
}

fn read(row: Row<'_>) -> Statement {
    let under_way = row.get("application_name").and_then(UnderWay::read);
    let migration = under_way.map(|told| told.migration);
    Statement {
        migration: migration.map(str::to_owned),
        text: row.get("query").and_then(|query| script(query, migration)),
        state: row.get("state").unwrap_or("?").to_owned(),
        wait: row.get("wait").map(str::to_owned),
        lock: row.get("lock").map(str::to_owned),
        seconds: watch::number(row.get("seconds")),
    }
}

/// How the fence ends, and a call of the function that stands for it: what follows is the script.
const FENCES: &[&str] = &["for share) run;\n", "as still_running;\n"];

/// The part of a message that a migration's file has.
fn script(query: &str, migration: Option<&str>) -> Option<String> {
    if query == "<insufficient privilege>" {
        return None;
    }
    let mut rest = query;
    if let Some(migration) = migration
        && let Some((_, from)) = query.split_once(&format!("{ANNOUNCED}{migration}"))
    {
        rest = from;
    }
    for fence in FENCES {
        if let Some((_, script)) = rest.split_once(fence) {
            rest = script;
            break;
        }
    }
    if rest.len() == query.len() {
        // A message without a fence of ours: one step, marked.
        let is_ours = query.starts_with("begin") || query.starts_with("select ");
        rest = if is_ours { "" } else { query };
    }
    if let Some(marked) = rest.strip_prefix("/* whimbrel run ") {
        rest = marked.split_once("*/").map_or(rest, |(_, statement)| statement);
    }
    // What the runner itself sends after a script.
    let end = rest.find("\n;\nreset session authorization").unwrap_or(rest.len());
    let words = rest[..end].split_whitespace().collect::<Vec<_>>().join(" ");
    let words = words.trim_end_matches([' ', ';']).to_owned();
    (!words.is_empty()).then_some(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_runner_puts_around_a_script_is_left_out() {
        let query = "begin;\nselect set_config('application_name', 'whimbrel: 002_b', true);\n\
            select 1 / count(*) as still_running from (select from whimbrel_journal.runs \
            where id = 3 and state = 'running' for share) run;\nalter table a\n  add b int\n;\n\
            select 2\n;\nreset session authorization;\nreset role;\n";
        let expected = Some("alter table a add b int ; select 2".to_owned());
        assert_eq!(script(query, Some("002_b")), expected);
    }

    #[test]
    fn a_marked_step_is_shown_without_its_mark() {
        let query = "/* whimbrel run 3 step 2 */ create index concurrently on a (b)";
        assert_eq!(script(query, None).as_deref(), Some("create index concurrently on a (b)"));
    }

    #[test]
    fn a_message_that_is_cut_before_its_script_shows_none() {
        assert_eq!(script("begin;\nselect set_config('lock_timeout',", Some("002_b")), None);
        assert_eq!(script("<insufficient privilege>", None), None);
    }
}
