//! Looks, over the lock's connection, at what a running statement waits for and how far it is.
//!
//! The lock's transaction is otherwise idle, and a simple query in it leaves no snapshot behind,
//! so watching costs no connection and delays nobody.

use crate::cancel;
use crate::run::compose::UnderWay;
use crate::run::failure::Blocker;
use crate::wire::{Answer, Failure, Session};

/// What a look at a running statement showed.
#[derive(Debug, Default)]
pub(crate) struct Look {
    /// Who holds the locks it waits for.
    pub(crate) blockers: Vec<Blocker>,
    /// How far it is: `create index 30%: building index: scanning table`.
    pub(crate) progress: Option<Progress>,
    /// The migration under way, which the server's own answers would show too late: it keeps them
    /// until its buffer is full.
    pub(crate) migration: Option<String>,
    /// Which of its statements, and how many there are.
    pub(crate) statement: Option<(usize, usize)>,
    /// Who asks the run to stop, if somebody does.
    pub(crate) wish: Option<String>,
}

/// How far a long command is, as Postgres itself reports it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Progress {
    /// `create index`, `vacuum`, `cluster`, `vacuum full`, `copy from`.
    pub command: String,
    /// The phase, in the server's words.
    pub phase: String,
    /// Units done.
    pub done: i64,
    /// Units in all; zero where the server does not know.
    pub total: i64,
}

impl std::fmt::Display for Progress {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // What changes comes first: a narrow terminal cuts off the end.
        let Self { command, phase, done, total } = self;
        match (total, done) {
            (0, 0) => write!(f, "{command}: {phase}"),
            (0, done) if phase == ROWS => write!(f, "{command}: {done} {ROWS}"),
            (0, done) => write!(f, "{command}: {done} {ROWS}, {phase}"),
            (total, done) => write!(f, "{command} {}%: {phase}", done.saturating_mul(100) / total),
        }
    }
}

/// What is counted where the server does not know how many there are, and the phase of a command
/// that has none.
const ROWS: &str = "rows";

/// Looks at a server process, and whether somebody holds the key of a wish.
pub(crate) async fn look(
    session: &mut Session,
    backend: &str,
    wish: Option<i64>,
) -> Result<Look, Failure> {
    let mut asked =
        vec![ANEW.to_owned(), blockers_of(backend), progress_of(backend), announced_by(backend)];
    asked.extend(wish.map(cancel::wish));
    let answers = session.simple(&asked.join(";\n")).await?;
    let mut look = Look::default();
    let [_, blockers, progress, announced, wish @ ..] = answers.as_slice() else {
        return Ok(look);
    };
    look.wish = wish.first().and_then(Answer::value).map(str::to_owned);
    let under_way = announced.value().and_then(UnderWay::read);
    look.migration = under_way.map(|told| told.migration.to_owned());
    look.statement = under_way.and_then(|told| told.statement);
    for row in blockers.rows() {
        let text = |what| row.get(what).unwrap_or("?").to_owned();
        look.blockers.push(Blocker {
            pid: number(row.get("pid")),
            user: text("usename"),
            application: text("application"),
            state: text("state"),
            seconds: number(row.get("seconds")),
            query: text("query"),
        });
    }
    look.progress = progress.first().map(|row| Progress {
        command: row.get("command").unwrap_or("?").to_owned(),
        phase: row.get("phase").unwrap_or("?").to_owned(),
        done: number(row.get("done")),
        total: number(row.get("total")),
    });
    Ok(look)
}

/// Looks whether blockers seen earlier are still in the same transactions.
pub(crate) async fn still_there(
    session: &mut Session,
    blockers: &[Blocker],
) -> Result<bool, Failure> {
    let pids: Vec<String> = blockers.iter().map(|blocker| blocker.pid.to_string()).collect();
    if pids.is_empty() {
        return Ok(false);
    }
    let answers = session
        .simple(&format!(
            "{ANEW}; select pid from pg_catalog.pg_stat_activity \
             where pid in ({}) and xact_start is not null",
            pids.join(", ")
        ))
        .await?;
    Ok(answers.last().is_some_and(|answer| !answer.is_empty()))
}

/// What a transaction has seen of `pg_stat_activity` stays as it was until it ends, unless this is
/// asked first; the lock's lasts as long as the run.
pub(crate) const ANEW: &str = "select pg_catalog.pg_stat_clear_snapshot()";

pub(crate) fn number<T: std::str::FromStr + Default>(text: Option<&str>) -> T {
    text.and_then(|text| text.parse().ok()).unwrap_or_default()
}

fn blockers_of(backend: &str) -> String {
    format!(
        "select a.pid, coalesce(a.usename, '?') as usename, \
         coalesce(nullif(a.application_name, ''), '?') as application, \
         coalesce(a.state, a.backend_type) as state, \
         coalesce(extract(epoch from pg_catalog.clock_timestamp() - a.xact_start), 0)::bigint \
         as seconds, pg_catalog.left(pg_catalog.regexp_replace(a.query, '\\s+', ' ', 'g'), 120) \
         as query from pg_catalog.unnest(pg_catalog.pg_blocking_pids({backend})) blocking (pid) \
         join pg_catalog.pg_stat_activity a using (pid) order by a.xact_start, a.pid"
    )
}

fn announced_by(backend: &str) -> String {
    format!("select application_name from pg_catalog.pg_stat_activity where pid = {backend}")
}

/// What Postgres itself reports of the four commands that take long. Each phase has units of its
/// own: a count that stands still in it would read as a percentage of something else.
fn progress_of(backend: &str) -> String {
    format!(
        "select 'create index' as command, phase, \
         case when phase like 'waiting%' then lockers_done \
         when phase like '%loading tuples%' then tuples_done \
         when phase like '%scanning%' then blocks_done else 0 end as done, \
         case when phase like 'waiting%' then lockers_total \
         when phase like '%loading tuples%' then tuples_total \
         when phase like '%scanning%' then blocks_total else 0 end as total \
         from pg_catalog.pg_stat_progress_create_index where pid = {backend} \
         union all select 'vacuum', phase, case phase when 'scanning heap' then heap_blks_scanned \
         when 'vacuuming heap' then heap_blks_vacuumed else 0 end, \
         case when phase in ('scanning heap', 'vacuuming heap') then heap_blks_total else 0 end \
         from pg_catalog.pg_stat_progress_vacuum where pid = {backend} \
         union all select pg_catalog.lower(command), phase, case phase \
         when 'seq scanning heap' then heap_blks_scanned \
         when 'index scanning heap' then heap_tuples_scanned \
         when 'writing new heap' then heap_tuples_written else 0 end, case phase \
         when 'seq scanning heap' then heap_blks_total \
         when 'writing new heap' then heap_tuples_scanned else 0 end \
         from pg_catalog.pg_stat_progress_cluster where pid = {backend} \
         union all select pg_catalog.lower(command), \
         case when bytes_total > 0 then 'reading' else '{ROWS}' end, \
         case when bytes_total > 0 then bytes_processed else tuples_processed end, bytes_total \
         from pg_catalog.pg_stat_progress_copy where pid = {backend}"
    )
}
