//! Migrations of which a script was begun step by step and is not finished.

use super::{Row, State, insert_orphans};
use crate::{Direction, Entry, History, Status};

/// How far a script came that was begun step by step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Half {
    /// The migration's id.
    pub id: String,
    /// Which of its scripts.
    pub direction: Direction,
    /// How far; `None` where what was written down of its steps is gone.
    pub steps: Option<Steps>,
}

/// What is written down of a script's steps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Steps {
    /// How many are done.
    pub done: usize,
    /// How many there are.
    pub of: usize,
    /// How the first that is not done begins.
    pub next: String,
}

/// Notes in the rows of a history what is half done.
///
/// `written` is what the journal has of it, and of nothing else; what only the ledger knows is told
/// by its entry.
pub fn halves(history: &History, rows: &mut Vec<Row<'_>>, written: Vec<Half>) {
    for row in rows.iter_mut() {
        row.half = row.entry.and_then(unfinished).map(|direction| Half {
            id: row.id().to_owned(),
            direction,
            steps: None,
        });
    }
    let mut strays = Vec::new();
    for half in written {
        let Some(row) = rows.iter_mut().find(|row| row.id() == half.id) else {
            let state = State::HalfApplied;
            strays.push(Row { migration: None, entry: None, state, half: Some(half) });
            continue;
        };
        // Whoever undoes what is half applied, and is cut off, goes on undoing it.
        let is_known = row.half.as_ref().is_some_and(|known| known.steps.is_some());
        if !is_known || half.direction == Direction::Down {
            row.half = Some(half);
        }
    }
    for row in rows.iter_mut() {
        if let Some(half) = &row.half {
            row.state = state(row, half.direction);
        }
    }
    insert_orphans(history.order, rows, strays);
}

/// The script that an entry says was begun step by step and is not finished.
pub fn unfinished(entry: &Entry) -> Option<Direction> {
    match (entry.status, entry.unfinished) {
        (Status::Running, None) => Some(Direction::Up),
        (Status::Running | Status::Failed | Status::Completed, unfinished) => unfinished,
        // A person set it back, or it was undone.
        (Status::Pending | Status::RolledBack, _) => None,
    }
}

fn state(row: &Row<'_>, direction: Direction) -> State {
    match (direction, row.migration) {
        (Direction::Down, _) => State::HalfUndone,
        (Direction::Up, None) => State::HalfApplied,
        (Direction::Up, Some(_)) if row.state == State::Failed => State::Failed,
        (Direction::Up, Some(_)) => State::Running,
    }
}
