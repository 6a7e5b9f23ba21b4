//! The ledgers that other tools have in a database.

use whimbrel_history::tools::{self, Applied, Ledger, ReadingError, Search, Summary};

use crate::state::{LedgerState, StateError};
use crate::wire::{Answer, Session};

/// The ledger of another tool, in short.
#[derive(Clone, Debug)]
pub struct ToolState {
    /// The ledger.
    pub ledger: Ledger,
    /// What it says; `None` where we may not read it.
    pub summary: Option<Summary>,
}

/// Looks for the ledgers of other tools.
pub async fn find(session: &mut Session, search: Search) -> Result<Vec<Ledger>, StateError> {
    let answers = session.simple(&tools::probe(search)).await?;
    let answer = answers.first().ok_or(StateError::Missing { what: "tables" })?;
    Ok(recognise(answer))
}

/// The same, but for those that are the project's own.
pub async fn find_others(
    session: &mut Session,
    own: &[LedgerState],
) -> Result<Vec<ToolState>, StateError> {
    let answers = session.simple(&tools::probe(Search::Quick)).await?;
    let answer = answers.first().ok_or(StateError::Missing { what: "tables" })?;
    Ok(others(answer, own))
}

/// Reads every entry of one, in the order in which they were applied.
pub async fn entries(session: &mut Session, ledger: &Ledger) -> Result<Vec<Applied>, StateError> {
    let answers = session.simple(&ledger.entries()).await?;
    let rows = answers.iter().flat_map(Answer::rows).map(|row| {
        let columns: Vec<Option<&str>> = (0..7).map(|column| row.at(column)).collect();
        ledger.applied(&columns)
    });
    Ok(rows.collect::<Result<_, ReadingError>>()?)
}

/// The ledgers that the probe found, but for those that are the project's own.
pub(crate) fn others(answer: &Answer, own: &[LedgerState]) -> Vec<ToolState> {
    let is_own = |ledger: &Ledger| {
        own.iter().any(|state| {
            let found = state.place.tables.get(&ledger.table.name);
            found.is_some_and(|found| found.schema == ledger.table.schema)
        })
    };
    let found = recognise(answer).into_iter().filter(|ledger| !is_own(ledger));
    found.map(|ledger| ToolState { ledger, summary: None }).collect()
}

impl ToolState {
    /// The query that sums it up, if we may read it.
    pub(crate) fn question(&self) -> Option<String> {
        self.ledger.table.readable.then(|| self.ledger.summarise())
    }

    /// Takes the answer to its question from those to all.
    pub(crate) fn answer(
        &mut self,
        answers: &mut impl Iterator<Item = Answer>,
    ) -> Result<(), StateError> {
        if !self.ledger.table.readable {
            return Ok(());
        }
        let answer = answers.next().ok_or(StateError::Missing { what: "a summary" })?;
        let row = answer.first().ok_or(StateError::Missing { what: "a summary" })?;
        let columns: Vec<Option<&str>> = (0..5).map(|column| row.at(column)).collect();
        self.summary = Some(self.ledger.summary(&columns)?);
        Ok(())
    }
}

/// The ledgers among the tables that the probe found.
pub fn recognise(answer: &Answer) -> Vec<Ledger> {
    let rows = answer.rows().map(|row| {
        ["schema", "relation", "readable", "attribute", "type"]
            .map(|column| row.get(column).unwrap_or_default())
    });
    tools::recognise(&tools::tables(rows))
}
