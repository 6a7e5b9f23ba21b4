//! Runs migrations in a throw-away database before they run in earnest, and compares states.

use whimbrel_catalog::{OBJECTS, Objects};

use crate::run::{Failed, Stop, Work, bare};
use crate::wire::{Answer, Failure, Session};

/// How a rehearsal went.
#[derive(Debug)]
pub enum Rehearsed {
    /// Everything ran.
    Passed,
    /// A work failed.
    Failed {
        /// Which, by its number.
        number: usize,
        /// How.
        failed: Box<Failed>,
    },
}

/// Runs works in a database that nobody else uses and nobody will miss: no ledger, no lock.
pub async fn rehearse(session: &mut Session, works: &[Work]) -> Result<Rehearsed, Stop> {
    for (number, work) in works.iter().enumerate() {
        if let Err(failed) = bare::run(session, work).await? {
            return Ok(Rehearsed::Failed { number, failed: Box::new(failed) });
        }
    }
    Ok(Rehearsed::Passed)
}

/// Reads a checksum of every object of a database.
///
/// In a transaction of its own with an empty `search_path`, so that every name in a definition is
/// qualified, and with everything pinned that the server's rendering of values depends on.
pub async fn objects(session: &mut Session) -> Result<Objects, Failure> {
    let message = format!("{PINNED}; {OBJECTS}; commit");
    let answers = match session.simple(&message).await {
        Ok(answers) => answers,
        Err(failure) => {
            if !failure.is_lost() {
                session.simple("rollback").await?;
            }
            return Err(failure);
        }
    };
    let mut objects = Objects::default();
    let rows = answers.iter().filter(|answer| answer.columns().len() == 3);
    for row in rows.flat_map(Answer::rows) {
        let text = |column| row.get(column).unwrap_or_default();
        objects.insert(text("kind"), text("name"), text("checksum"));
    }
    Ok(objects)
}

const PINNED: &str = "begin isolation level repeatable read read only; \
    set local search_path = ''; set local timezone = 'UTC'; set local datestyle = 'ISO, YMD'; \
    set local intervalstyle = 'postgres'; set local extra_float_digits = 1; \
    set local bytea_output = 'hex'; set local quote_all_identifiers = off; \
    set local standard_conforming_strings = on";
