//! What another tool's ledger says of what is about to run.
//!
//! Whoever changes tools and forgets to adopt what the old one applied would run all of it again. So
//! a history that has no entry of its own is looked for in the ledgers of others, once.

use whimbrel_engine::run::Direction;
use whimbrel_engine::state::State;
use whimbrel_engine::tools::{self, ToolState};
use whimbrel_engine::wire::Session;
use whimbrel_history::select::Concern;
use whimbrel_history::state::belonging;
use whimbrel_history::tools::matched;

use super::choose::Choice;
use crate::error::Error;
use crate::project::Project;

/// Adds what others have applied to what speaks against a run.
pub(super) async fn look(
    project: &Project,
    state: &State,
    choice: &mut Choice,
    session: &mut Session,
) -> Result<(), Error> {
    let is_new = |history: &usize| {
        let history = &project.histories[*history];
        let entries = &state.ledgers[project.ledger_of(history)].entries;
        belonging(history, entries).is_empty()
    };
    let ups = choice.planned.iter().filter(|planned| planned.direction == Direction::Up);
    let mut new: Vec<usize> = ups.map(|planned| planned.history).filter(is_new).collect();
    new.dedup();
    if new.is_empty() {
        return Ok(());
    }
    for ToolState { ledger, .. } in tools::find_others(session, &state.ledgers).await? {
        if !ledger.table.readable {
            continue;
        }
        let entries = tools::entries(session, &ledger).await?;
        for history in &new {
            let history = &project.histories[*history];
            let applied = matched(history, ledger.tool.records(), entries.clone()).applied;
            let planned = |key: &str| choice.planned.iter().any(|one| one.migration.key == key);
            let applied = applied.iter().filter(|(migration, _)| planned(&migration.key));
            let ids: Vec<String> = applied.map(|(migration, _)| migration.id.clone()).collect();
            if !ids.is_empty() {
                choice.concerns.push(Concern::Elsewhere { ids, tool: ledger.tool.name().into() });
            }
        }
    }
    Ok(())
}
