//! What the journal holds of one run beside its row.

use super::{OUTPUT, SCHEMA, number, text};
use crate::journal::JournalError;
use crate::state::{Facts, StateError};
use crate::wire::{Answer, Row, Session};

/// A migration that a run applied or undid.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Migrated {
    /// Its history.
    pub history: String,
    /// Its id.
    pub migration: String,
    /// `up` or `down`.
    pub direction: String,
    /// When it was done, in UTC.
    pub at: String,
    /// How long it took.
    pub execution_time_ms: i64,
}

/// A step of a migration that is not finished.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// Its migration.
    pub migration: String,
    /// Its number, from 1.
    pub number: i64,
    /// `planned`, `begun`, `done`, `failed`.
    pub state: String,
    /// How its statement begins.
    pub statement: String,
}

/// A line of the output that was kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// When it was said, in UTC.
    pub at: String,
    /// `error`, `warning`, `notice`, `wait`, `retry`, `step`, `stop`.
    pub kind: String,
    /// The migration under way.
    pub migration: Option<String>,
    /// What was said, secrets covered.
    pub text: String,
}

/// The migrations that a run applied or undid, in their order.
pub async fn migrated(session: &mut Session, run: i64) -> Result<Vec<Migrated>, StateError> {
    let sql = format!(
        "select history, migration, direction, {}, execution_time_ms \
         from {SCHEMA}.applied where run = {run} order by applied.at",
        utc()
    );
    read(session, &sql, |row| {
        Ok(Migrated {
            history: text(row, "history")?.to_owned(),
            migration: text(row, "migration")?.to_owned(),
            direction: text(row, "direction")?.to_owned(),
            at: text(row, "at")?.to_owned(),
            execution_time_ms: number(row, "execution_time_ms")?,
        })
    })
    .await
}

/// The steps that a run wrote down and that are not finished.
pub async fn steps(session: &mut Session, run: i64) -> Result<Vec<Step>, StateError> {
    let sql = format!(
        "select migration, step + 1 as number, state, statement from {SCHEMA}.intents \
         where run = {run} order by history, migration, direction, step"
    );
    read(session, &sql, |row| {
        Ok(Step {
            migration: text(row, "migration")?.to_owned(),
            number: number(row, "number")?,
            state: text(row, "state")?.to_owned(),
            statement: text(row, "statement")?.to_owned(),
        })
    })
    .await
}

/// What a run said; nothing where the journal is of an older shape.
pub async fn kept(session: &mut Session, facts: &Facts, run: i64) -> Result<Vec<Kept>, StateError> {
    if !facts.output {
        return Ok(Vec::new());
    }
    let sql = format!(
        "select {}, kind, migration, text from {SCHEMA}.{OUTPUT} where run = {run} order by line",
        utc()
    );
    read(session, &sql, |row| {
        Ok(Kept {
            at: text(row, "at")?.to_owned(),
            kind: text(row, "kind")?.to_owned(),
            migration: row.get("migration").map(str::to_owned),
            text: text(row, "text")?.to_owned(),
        })
    })
    .await
}

fn utc() -> &'static str {
    "pg_catalog.to_char(at at time zone 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"') as at"
}

async fn read<T>(
    session: &mut Session,
    sql: &str,
    one: impl Fn(Row<'_>) -> Result<T, JournalError>,
) -> Result<Vec<T>, StateError> {
    let answers = session.simple(sql).await?;
    let rows = answers.iter().flat_map(Answer::rows).map(one);
    rows.collect::<Result<_, _>>().map_err(StateError::from)
}
