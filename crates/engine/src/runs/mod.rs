//! The runs that the journal knows, and what those that are under way do right now.
//!
//! Reads only, but for [`cancel`].

mod cancel;
mod now;
mod shown;

use crate::journal::{JournalError, OUTPUT, SCHEMA};
use crate::state::{self, Facts, StateError, Wanted};
use crate::wire::{Answer, Failure, Row, Session};

pub use cancel::{Cancel, CancelError, Cancelled, How, cancel};
pub use now::{Connection, Now, Statement, now};
pub use shown::{Kept, Migrated, Step, kept, migrated, steps};

/// How a run stands, by its row in the journal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RunState {
    /// It has not ended, as far as the journal knows.
    Running,
    /// It did all it was to do.
    Done,
    /// Something failed.
    Failed,
    /// A person stopped it.
    Interrupted,
    /// It never ended; a later run found it so.
    Lost,
}

impl RunState {
    /// As the journal has it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Interrupted => "interrupted",
            Self::Lost => "lost",
        }
    }

    fn read(name: &str) -> Option<Self> {
        [Self::Running, Self::Done, Self::Failed, Self::Interrupted, Self::Lost]
            .into_iter()
            .find(|state| state.name() == name)
    }
}

/// A run, as the journal has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    /// Its number.
    pub id: i64,
    /// How it stands.
    pub state: RunState,
    /// In UTC, ISO 8601.
    pub started_at: String,
    /// Likewise.
    pub ended_at: Option<String>,
    /// From its start to its end, or until now.
    pub milliseconds: i64,
    /// The command, without secrets.
    pub command: String,
    /// The operating system's user.
    pub os_user: String,
    /// The machine.
    pub host: String,
    /// Whimbrel's version.
    pub version: String,
    /// How many migrations it applied.
    pub applied: i64,
    /// How many it undid.
    pub undone: i64,
    /// What its lock is for.
    pub(crate) lock_key: i64,
    /// The server process that took it.
    pub(crate) lock_backend: i32,
}

/// Which runs are wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Which {
    /// The newest so many; those under way in any case.
    Newest(u32),
    /// Every one.
    All,
    /// One, by its number.
    One(i64),
}

/// What the server is, and whether it has a journal.
pub async fn look(session: &mut Session) -> Result<Facts, StateError> {
    let wanted = Wanted { ledgers: &[], last_applied: false, tools: None, sealed: false };
    Ok(state::read(session, wanted).await?.facts)
}

/// Reads runs, the newest first. There must be a journal.
pub async fn list(session: &mut Session, which: Which) -> Result<Vec<Run>, StateError> {
    let (condition, limit) = match which {
        Which::Newest(count) => (
            format!(
                "where r.state = 'running' or r.id in (select id from {SCHEMA}.runs \
                 order by id desc limit {count})"
            ),
            String::new(),
        ),
        Which::All => (String::new(), String::new()),
        Which::One(id) => (format!("where r.id = {id}"), " limit 1".to_owned()),
    };
    let utc = |column: &str| {
        format!(
            "pg_catalog.to_char(r.{column} at time zone 'UTC', \
             'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"') as {column}"
        )
    };
    let sql = format!(
        "with r as (select * from {SCHEMA}.runs r {condition}) \
         select r.id, r.state, {}, {}, (extract(epoch from \
         coalesce(r.ended_at, pg_catalog.clock_timestamp()) - r.started_at) * 1000)::bigint \
         as milliseconds, r.command, r.os_user, r.host, r.version, r.lock_key, r.lock_backend, \
         coalesce(a.applied, 0) as applied, coalesce(a.undone, 0) as undone \
         from r left join (select run, count(*) filter (where direction = 'up') as applied, \
         count(*) filter (where direction = 'down') as undone from {SCHEMA}.applied \
         where run in (select id from r) group by run) a on a.run = r.id \
         order by r.id desc{limit}",
        utc("started_at"),
        utc("ended_at"),
    );
    let answers = session.simple(&sql).await?;
    let rows = answers.iter().flat_map(Answer::rows);
    rows.map(run).collect::<Result<_, _>>().map_err(StateError::from)
}

fn run(row: Row<'_>) -> Result<Run, JournalError> {
    let state = text(row, "state")?;
    Ok(Run {
        id: number(row, "id")?,
        state: RunState::read(state)
            .ok_or_else(|| JournalError { what: "state", text: state.to_owned() })?,
        started_at: text(row, "started_at")?.to_owned(),
        ended_at: row.get("ended_at").map(str::to_owned),
        milliseconds: number(row, "milliseconds")?,
        command: text(row, "command")?.to_owned(),
        os_user: text(row, "os_user")?.to_owned(),
        host: text(row, "host")?.to_owned(),
        version: text(row, "version")?.to_owned(),
        applied: number(row, "applied")?,
        undone: number(row, "undone")?,
        lock_key: number(row, "lock_key")?,
        lock_backend: number(row, "lock_backend")?,
    })
}

/// A column that is never null.
fn text<'a>(row: Row<'a>, what: &'static str) -> Result<&'a str, JournalError> {
    row.get(what).ok_or_else(|| JournalError { what, text: "null".to_owned() })
}

/// A number that is never null.
fn number<T: std::str::FromStr>(row: Row<'_>, what: &'static str) -> Result<T, JournalError> {
    let text = text(row, what)?;
    text.parse().map_err(|_| JournalError { what, text: text.to_owned() })
}

/// Where a run stands now, by its row; `None` where there is none any more.
async fn state_of(session: &mut Session, run: i64) -> Result<Option<RunState>, Failure> {
    let asked = format!("select state from {SCHEMA}.runs where id = {run}");
    let answers = session.simple(&asked).await?;
    Ok(answers.first().and_then(Answer::value).and_then(RunState::read))
}
