//! Changes what ledgers say of migrations, without running any.
//!
//! Under the lock and behind the fence, as a run is, with a row of its own in the journal: who did
//! it, from where, and with which command.

use tokio::time::Instant;

use crate::journal;
use crate::run::compose::Role;
use crate::run::enter::Entered;
use crate::run::{Direction, Options, Run, Stop, keep};
use crate::state::State;
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
    let Entered { lane, state } = entered;
    let State { facts, ledgers, intents, last_applied: _, tools: _, seal: _ } = state;
    let mut run = Run {
        target,
        options,
        interrupt,
        facts,
        ledgers,
        intents,
        lane,
        run: None,
        session_is_ours: false,
        scribe: None,
        heeded: Instant::now(),
        kept: keep::Shared::default(),
    };
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
        self.begin(&is_used, events).await?;
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

    /// Makes what is missing of the ledgers and the journal, and writes the run's own row.
    async fn begin(
        &mut self,
        is_used: &(dyn Fn(usize) -> bool + Sync),
        events: &mut (dyn Events + Send),
    ) -> Result<(), Stop> {
        let keeps_journal = self.may_keep_journal(events);
        let mut message = self.own_transaction("5s");
        for (number, state) in self.ledgers.iter().enumerate() {
            if is_used(number) {
                for statement in state.ledger.prepare(&state.place) {
                    message.ours(Role::Record, &statement);
                }
            }
        }
        if keeps_journal && !self.facts.journal {
            for statement in journal::MAKE {
                message.ours(Role::Record, statement);
            }
        }
        let row = message.len();
        if keeps_journal {
            let lock = self.lane.lock();
            let (key, backend) = (lock.key().own(), lock.backend);
            message.ours(Role::Record, &journal::begin_run(&self.options.runner, key, backend));
        }
        self.lane.commit(&mut message);
        let answers = self.own_or_stop(&message, "make the ledger and begin the run").await?;
        if keeps_journal {
            self.facts.output |= !self.facts.journal;
            self.facts.journal = true;
            self.run = answers.get(row).and_then(|answer| answer.value()?.parse().ok());
        }
        Ok(())
    }
}
