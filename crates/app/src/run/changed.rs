//! Shows, statement by statement, how a file differs from what was applied.

use whimbrel_engine::state::State;
use whimbrel_engine::wire::Session;
use whimbrel_history::select::Concern;
use whimbrel_history::{Difference, Files, History, Migration, Text, differences};

use super::choose::Choice;
use crate::error::Error;
use crate::project::{self, Project};

/// How many differences of one file are shown.
const SHOWN: usize = 6;

/// How much of a statement is shown, in characters.
const LONGEST: usize = 100;

/// How much of it is shown before the first difference.
const BEFORE: usize = 40;

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
    // Of a large up script only a note is kept.
    let recorded = scripts.get(&migration.key).filter(|scripts| !scripts.up.is_empty());
    let Some(recorded) = recorded else { return Ok(Vec::new()) };
    let was = recorded.up_text();
    let path = &migration.up.path;
    let file = Text::read(path, project.workspace.folder().open(path)?)?;
    let text = migration.up.text(&file)?;
    let is = text.all()?;
    let differences = differences(&was, &is);
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
            let (was, is) = (one_line(was), one_line(is));
            let from = where_they_part(&was, &is).saturating_sub(BEFORE);
            format!("applied as `{}`, in the file as `{}`", part(&was, from), part(&is, from))
        }
    }
}

/// A statement in one line, cut where it is long.
fn short(statement: &str) -> String {
    part(&one_line(statement), 0)
}

fn one_line(statement: &str) -> String {
    let words: Vec<&str> = statement.split_whitespace().collect();
    words.join(" ")
}

/// How many characters two lines have in common.
fn where_they_part(one: &str, other: &str) -> usize {
    one.chars().zip(other.chars()).take_while(|(left, right)| left == right).count()
}

/// The part of a line that is shown: from the start where it is short, else from a character on.
fn part(line: &str, from: usize) -> String {
    let length = line.chars().count();
    let from = if length <= LONGEST { 0 } else { from.min(length - LONGEST) };
    let shown: String = line.chars().skip(from).take(LONGEST).collect();
    let before = if from > 0 { "…" } else { "" };
    let after = if from + LONGEST < length { "…" } else { "" };
    format!("{before}{shown}{after}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_long_statements_the_place_where_they_part_is_shown() {
        let columns = "a_column_of_some_length text not null, ".repeat(20);
        let was = format!("create table t ({columns} total numeric(10, 2), {columns})");
        let is = was.replace("(10, 2)", "(12, 2)");
        let line = line(&Difference::Changed { was: &was, is: &is });
        assert!(line.contains("total numeric(10, 2)"), "{line}");
        assert!(line.contains("total numeric(12, 2)"), "{line}");
        assert!(line.len() < 3 * LONGEST, "{line}");
    }

    #[test]
    fn a_short_statement_is_shown_whole() {
        let line = line(&Difference::Changed { was: "select  1", is: "select\n2" });
        assert_eq!(line, "applied as `select 1`, in the file as `select 2`");
    }

    #[test]
    fn a_line_is_cut_between_characters() {
        let long = "ä".repeat(300);
        assert_eq!(part(&long, 0).chars().count(), LONGEST + 1);
        assert_eq!(part(&long, 50).chars().count(), LONGEST + 2);
        assert_eq!(part(&long, 290).chars().count(), LONGEST + 1);
    }
}
