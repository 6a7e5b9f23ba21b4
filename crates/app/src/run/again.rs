//! What of a plan is still to be done, as the ledgers say once the lock is held.

use std::collections::BTreeMap;

use whimbrel_engine::run::{Direction, Work};
use whimbrel_engine::state::State;
use whimbrel_history::state::Row;

use super::Plan;
use super::choose::{self, Choice, Planned};
use super::report::{Report, ResultShown};
use crate::catalogue::Code;
use crate::error::Error;
use crate::project::Project;

/// How often this run has entered before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Entry {
    /// Never: others may have done anything since the plan was made.
    First,
    /// It has, and lost its connection: what it did must be told from what is left.
    Again,
}

/// What is left to do.
pub(super) fn left(plan: &Plan<'_>, state: &State, entry: Entry) -> Result<Choice, Error> {
    match entry {
        Entry::First => choose::choose(&plan.project, state, plan.aim),
        Entry::Again => {
            let [up, down] = [Direction::Up, Direction::Down].map(|direction| {
                [&plan.state, state].map(|state| there(&plan.project, state, direction))
            });
            let planned = plan.approved.iter().filter(|planned| {
                let [before, now] = match planned.direction {
                    Direction::Up => &up,
                    Direction::Down => &down,
                };
                is_left(planned, before, now)
            });
            Ok(Choice { planned: planned.cloned().collect(), concerns: Vec::new() })
        }
    }
}

/// Leaves of the plan what is left to do, and notes in the report what is not.
pub(super) fn narrow(
    plan: &mut Plan<'_>,
    state: &State,
    entry: Entry,
    report: &mut Report,
) -> Result<(), Error> {
    let choice = left(plan, state, entry)?;
    let approved = plan.choice.planned.iter().map(Planned::identity);
    if choice.planned.iter().map(Planned::identity).eq(approved) {
        plan.choice = choice;
        return Ok(());
    }
    let mut works: BTreeMap<_, Work> = BTreeMap::new();
    for (planned, work) in plan.choice.planned.iter().zip(plan.works.drain(..)) {
        works.insert(planned.identity(), work);
    }
    let mut left = Vec::new();
    for planned in &choice.planned {
        let Some(work) = works.remove(&planned.identity()) else {
            return Err(Error::Refused {
                code: Code::BECAME_DUE,
                message: format!("`{}` became due while this run waited", planned.migration.id),
                hints: vec!["run it again to see what there is to do now".to_owned()],
            });
        };
        left.push(work);
    }
    let result = match entry {
        Entry::First => ResultShown::DoneByAnother,
        Entry::Again => ResultShown::Done,
    };
    for (shown, planned) in report.migrations.iter_mut().zip(&plan.approved) {
        if shown.result == ResultShown::NotRun && works.contains_key(&planned.identity()) {
            shown.result = result;
        }
    }
    drop(works);
    plan.works = left;
    plan.choice = choice;
    Ok(())
}

/// When each migration was applied and what wrote that, where its ledger says so.
type There = BTreeMap<(usize, String), [Option<String>; 2]>;

/// What is there: applied already, or still to be undone.
fn there(project: &Project, state: &State, direction: Direction) -> There {
    let is_there = |row: &&Row<'_>| match direction {
        Direction::Up => row.state.is_applied(),
        Direction::Down => row.is_undoable(),
    };
    let mut there = There::new();
    for (history, rows) in project.rows(state).iter().enumerate() {
        for row in rows.iter().filter(is_there) {
            there.insert((history, row.key().to_owned()), writing(row));
        }
    }
    there
}

/// What tells one writing of an entry from the next.
fn writing(row: &Row<'_>) -> [Option<String>; 2] {
    let entry = row.entry.map(|entry| [entry.applied_at.clone(), entry.written.clone()]);
    entry.unwrap_or_default()
}

/// Whether a planned migration has not taken place since the plan was made.
fn is_left(planned: &Planned, before: &There, now: &There) -> bool {
    let key = (planned.history, planned.migration.key.clone());
    let (was, is) = (before.get(&key), now.get(&key));
    match planned.direction {
        // One that was applied before is left for as long as its entry is the old one; of a redo,
        // whose down script has run, nothing is applied now.
        Direction::Up => is.is_none() || was == is,
        Direction::Down => is.is_some() && was == is,
    }
}

#[cfg(test)]
mod tests {
    use whimbrel_history::{Checksum, Directives, Migration, Section};

    use super::*;

    fn planned(direction: Direction) -> Planned {
        let section = || Section { path: "a.sql".into(), span: 0..0, fingerprint: String::new() };
        let migration = Migration {
            history: "main".to_owned(),
            id: "a".to_owned(),
            key: "a".to_owned(),
            version: None,
            name: "a".to_owned(),
            description: None,
            kind: None,
            path: "a.sql".into(),
            depends_on: Vec::new(),
            repeatable: false,
            up: section(),
            down: Some(section()),
            checksum: Checksum {
                text: String::new(),
                bytes: String::new(),
                header: String::new(),
                statements: None,
            },
            directives: Directives::default(),
        };
        let why = String::new();
        Planned { history: 0, migration, direction, why, again: false, from_ledger: false }
    }

    /// Whether up and down are left, by when it was applied before and when it is applied now.
    fn check(before: Option<&str>, now: Option<&str>, up: bool, down: bool) {
        let applied = |at: Option<&str>| {
            at.map(|at| ((0, "a".to_owned()), [Some(at.to_owned()), None])).into_iter().collect()
        };
        let (before, now) = (applied(before), applied(now));
        assert_eq!(is_left(&planned(Direction::Up), &before, &now), up);
        assert_eq!(is_left(&planned(Direction::Down), &before, &now), down);
    }

    #[test]
    fn a_pending_one_is_left_until_it_is_applied() {
        check(None, None, true, false);
        check(None, Some("noon"), false, false);
    }

    #[test]
    fn an_applied_one_is_left_until_its_time_changes_or_it_is_gone() {
        check(Some("noon"), Some("noon"), true, true);
        check(Some("noon"), None, true, false);
        check(Some("noon"), Some("one"), false, false);
    }
}
