//! Changes what ledgers say of migrations, without running any.
//!
//! Under the lock and behind the fence, as a run is, with a row of its own in the journal: who did
//! it, from where, and with which command.

use crate::journal;
use crate::run::compose::Role;
use crate::run::enter::Entered;
use crate::run::{Direction, Options, Run, Stop};
use crate::{Events, Interrupt, Target};

/// What is to be said of one migration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Amendment {
    /// Which of the state's ledgers.
    pub ledger: usize,
    /// The ledger's own statements.
    pub statements: Vec<String>,
    /// The migration's history.
    pub history: String,
    /// Its id.
    pub migration: String,
}

/// Writes amendments, all or none.
pub async fn amend(
    entered: Entered,
    target: &Target,
    amendments: &[Amendment],
    options: &Options,
    interrupt: &Interrupt,
    events: &mut (dyn Events + Send),
) -> Result<(), Stop> {
    let mut run = Run::of(entered, target, options, interrupt);
    let written = run.write(amendments, events).await;
    run.lane.close().await;
    written
}

impl Run<'_> {
    async fn write(
        &mut self,
        amendments: &[Amendment],
        events: &mut (dyn Events + Send),
    ) -> Result<(), Stop> {
        let is_used = |ledger: usize| amendments.iter().any(|one| one.ledger == ledger);
        let mut made = Vec::new();
        for (number, state) in self.ledgers.iter().enumerate() {
            if is_used(number) {
                made.extend(state.ledger.prepare(&state.place));
            }
        }
        let opening = self.own_transaction("5s");
        self.begin(opening, made, &[], events).await?;
        let mut message = self.own_transaction("5s");
        for amendment in amendments {
            for statement in &amendment.statements {
                message.ours(Role::Record, statement);
            }
            for direction in [Direction::Up, Direction::Down] {
                if self.facts.journal {
                    let id = journal::Id {
                        history: &amendment.history,
                        migration: &amendment.migration,
                        direction,
                    };
                    message.ours(Role::Record, &journal::forget_steps(&id));
                }
            }
        }
        for (number, state) in self.ledgers.iter().enumerate() {
            if is_used(number) {
                for statement in state.ledger.finish(&state.place) {
                    message.ours(Role::Record, &statement);
                }
            }
        }
        if let Some(run) = self.run {
            message.ours(Role::Record, &journal::end_run(run, "done"));
        }
        self.lane.commit(&mut message);
        self.own_or_stop(&message, "write the ledger").await.map(drop)
    }
}
