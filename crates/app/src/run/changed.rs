//! Shows, statement by statement, how a file differs from what was applied.

use whimbrel_engine::state::State;
use whimbrel_engine::wire::Session;
use whimbrel_history::select::Concern;
use whimbrel_history::{Difference, Files, History, Migration, differences};

use super::choose::Choice;
use crate::error::Error;
use crate::project::{self, Project};

/// How many differences of one file are shown.
const SHOWN: usize = 6;

/// How much of a statement is shown, in characters.
const LONGEST: usize = 100;

/// A line for each difference of each applied migration that was changed since.
pub(super) async fn changes(
    project: &Project,
    state: &State,
    choice: &Choice,
    session: &mut Session,
) -> Result<Vec<String>, Error> {
    let mut lines = Vec::new();
    for concern in &choice.concerns {
        let Concern::Modified { id, .. } = concern else { continue };
        for history in &project.histories {
            if let Some(migration) = history.get(id) {
                lines.extend(one(project, state, history, migration, session).await?);
            }
        }
    }
    Ok(lines)
}

pub(crate) async fn one(
    project: &Project,
    state: &State,
    history: &History,
    migration: &Migration,
    session: &mut Session,
) -> Result<Vec<String>, Error> {
    let ledger = &state.ledgers[project.ledger_of(history)];
    let Some(query) = ledger.ledger.details(&ledger.place, &[&migration.key]) else {
        return Ok(Vec::new());
    };
    let scripts = project::read_scripts(session, ledger.ledger, &query).await?;
    let Some(recorded) = scripts.get(&migration.key) else { return Ok(Vec::new()) };
    let was = recorded.up_text();
    let bytes = project.workspace.folder().read(&migration.up.path)?;
    let is = migration.up.text(&bytes)?;
    let differences = differences(&was, is);
    let mut lines: Vec<String> = differences.iter().take(SHOWN).map(line).collect();
    if differences.len() > SHOWN {
        lines.push(format!("and {} more differences", differences.len() - SHOWN));
    }
    Ok(lines)
}

fn line(difference: &Difference<'_>) -> String {
    match difference {
        Difference::Gone(was) => format!("applied, and no longer in the file: `{}`", short(was)),
        Difference::New(is) => format!("in the file, and never applied: `{}`", short(is)),
        Difference::Changed { was, is } => {
            format!("applied as `{}`, in the file as `{}`", short(was), short(is))
        }
    }
}

/// A statement in one line, cut where it is long.
fn short(statement: &str) -> String {
    let words: Vec<&str> = statement.split_whitespace().collect();
    let line = words.join(" ");
    match line.char_indices().nth(LONGEST) {
        None => line,
        Some((end, _)) => format!("{}…", &line[..end]),
    }
}
