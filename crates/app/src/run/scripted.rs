//! What is chosen, as the parts of a script.

use whimbrel_engine::paste::{self, Before, Knowledge, Page, Paste, PasteError};
use whimbrel_engine::run::{Direction, Work};
use whimbrel_engine::state::State;
use whimbrel_history::Order;

use super::choose::Planned;
use super::{Options, execute};
use crate::catalogue::Code;
use crate::error::Error;
use crate::project::Project;

/// Writes works down as the parts of a script.
pub(crate) fn paste(
    project: &Project,
    state: &State,
    knowledge: Knowledge,
    options: &Options,
    (planned, works): (&[Planned], &[Work]),
) -> Result<Paste, Error> {
    let page = Page {
        state,
        knowledge,
        lock: &execute::lock_key(project),
        options: &execute::engine_options(project, options),
        before: planned.first().and_then(|first| before(project, state, first)),
    };
    paste::paste(works, &page).map_err(unfit)
}

/// A migration that no script can run.
fn unfit(error: PasteError) -> Error {
    match error {
        PasteError::Text(error) => error.into(),
        PasteError::Unfit { ref hint, .. } => {
            let hints = vec![hint.clone()];
            Error::Refused { code: Code::NOT_PASTEABLE, message: error.to_string(), hints }
        }
    }
}

/// What must be applied before the first, where that is pending: in a history that is numbered, the newest
/// of those before it.
fn before(project: &Project, state: &State, first: &Planned) -> Option<Before> {
    if first.direction == Direction::Down {
        return None;
    }
    let history = &project.histories[first.history];
    let rows = &project.rows(state)[first.history];
    let place = rows.iter().position(|row| row.key() == first.migration.key)?;
    let mut applied = rows[..place].iter().rev().filter(|row| row.state.is_applied());
    let before =
        applied.find(|row| !row.is_repeatable()).filter(|_| history.order == Order::Versions)?;
    Some(Before {
        ledger: project.ledger_of(history),
        key: before.key().to_owned(),
        id: before.id().to_owned(),
    })
}
