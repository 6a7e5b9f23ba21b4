//! What a run writes before its first migration and after its last.

use std::collections::BTreeMap;

use whimbrel_history::ledgers::SeedLedger;
use whimbrel_history::{Definition, Text};

use crate::run::compose::{self, Message, Role};
use crate::run::{Direction, Failed, Report, Run, Stop, Work};
use crate::wire::Answer;
use crate::{Event, Events, journal};

impl Run<'_> {
    /// Makes the ledgers and the journal where they are missing, registers what is about to run
    /// and writes the run's own row, all in one transaction. It reaches the disk with the first
    /// migration; were it lost, nothing would be lost.
    ///
    /// There is no row yet that a fence could share, so this transaction shares the key of writers
    /// instead: a run that comes while it is still under way, its runner long dead, waits for it,
    /// and one that comes first stops it.
    pub(crate) async fn prepare(
        &mut self,
        works: &[Work],
        events: &mut (dyn Events + Send),
    ) -> Result<(), Stop> {
        let mut message = self.own_transaction("5s");
        message.ours(Role::Open, compose::LATER);
        self.begin(message, self.missing_tables(works), works, events).await?;
        self.employ_scribe(works).await
    }

    /// Makes tables, and the journal where it is missing, writes down the works that are about to
    /// run, and writes the run's own row.
    pub(crate) async fn begin(
        &mut self,
        mut message: Message,
        tables: Vec<String>,
        works: &[Work],
        events: &mut (dyn Events + Send),
    ) -> Result<(), Stop> {
        let keeps_journal = self.may_keep_journal(events);
        for statement in tables {
            message.ours(Role::Record, &statement);
        }
        if keeps_journal && !self.facts.journal {
            for statement in journal::MAKE {
                message.ours(Role::Record, statement);
            }
        }
        let mut message = self.register(works, message).await?;
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

    /// What makes the missing tables of the ledgers that the works use.
    fn missing_tables(&self, works: &[Work]) -> Vec<String> {
        let mut statements = Vec::new();
        for (number, state) in self.ledgers.iter().enumerate() {
            let uses = || works.iter().filter(|work| work.ledger == number);
            let alone = state.ledger.seeds().is_some_and(SeedLedger::stands_alone);
            if uses().any(|work| work.seed.is_none() || !alone) {
                statements.extend(state.ledger.prepare(&state.place));
            }
            if let Some(seeds) = state.ledger.seeds()
                && uses().any(|work| work.seed.is_some())
            {
                statements.extend(seeds.prepare(&state.place));
            }
        }
        statements
    }

    /// Writes down the migrations that are about to run; answers with what of it is still to be
    /// sent. Where their scripts are much together, most goes ahead in the same transaction.
    async fn register(&mut self, works: &[Work], mut message: Message) -> Result<Message, Stop> {
        for ledger in 0..self.ledgers.len() {
            let pending: Vec<&Work> = works
                .iter()
                .filter(|work| work.ledger == ledger && work.direction == Direction::Up)
                .filter(|work| work.seed.is_none())
                .collect();
            for batch in batches(&pending) {
                if message.size() > BATCH {
                    self.go_ahead(&message).await?;
                    message = Message::default();
                }
                let definitions: Vec<&Definition> =
                    batch.iter().map(|work| &work.definition).collect();
                let state = &self.ledgers[ledger];
                let statements = state.ledger.register(&state.place, &definitions);
                for statement in statements.map_err(Stop::Text)? {
                    message.ours(Role::Record, &statement);
                }
            }
        }
        Ok(message)
    }

    /// Whether the run keeps a journal. A role that may not make schemas goes without, and is
    /// told.
    pub(crate) fn may_keep_journal(&self, events: &mut (dyn Events + Send)) -> bool {
        if !self.options.journal || self.facts.journal {
            return self.options.journal;
        }
        if !self.facts.may_create {
            events.on(Event::NoJournal { role: self.facts.role.clone() });
        }
        self.facts.may_create
    }

    /// Writes a failure down, so that `status` and the next run know of it. What was rolled back
    /// needs no note to be right, so a note that cannot be written is only said.
    pub(crate) async fn note_failure(
        &mut self,
        work: &Work,
        failed: &Failed,
        events: &mut (dyn Events + Send),
    ) {
        let state = &self.ledgers[work.ledger];
        let statements = match work.direction {
            Direction::Up if work.seed.is_some() => Vec::new(),
            Direction::Up => state.ledger.fail(&state.place, &work.definition, &failed.to_string()),
            Direction::Down => Vec::new(),
        };
        if statements.is_empty() {
            return;
        }
        let mut message = self.own_transaction("2s");
        for statement in statements {
            message.ours(Role::Record, &statement);
        }
        self.lane.commit(&mut message);
        if let Err(failure) = self.own(&message).await {
            events.on(Event::Notice {
                severity: "WARNING".to_owned(),
                message: format!("the failure was not written to the ledger: {failure}"),
            });
            if !failure.is_lost() {
                let _ = self.roll_back().await;
            }
        }
    }

    /// Ends the run: the ledgers' last word, the run's row, the lock.
    ///
    /// Everything that matters is committed by now. A run whose end could not be written is found
    /// by the next one, which marks it as lost.
    pub(crate) async fn finish(mut self, works: &[Work], report: &mut Report) {
        let lost = matches!(report.stopped, Some(Stop::Lost(_) | Stop::Connect(_)));
        if !lost {
            self.keep_output().await;
        }
        let state = match &report.stopped {
            None if report.failed.is_empty() => "done",
            Some(Stop::Interrupted) => "interrupted",
            None | Some(_) => "failed",
        };
        // What is written here tells again what is on the disk already: nothing waits for it.
        let mut message = self.own_transaction("2s");
        message.ours(Role::Open, compose::LATER);
        for (number, state) in self.ledgers.iter().enumerate() {
            let is_of = |work: &Work| work.ledger == number && work.seed.is_none();
            if !report.done.iter().any(|(done, _)| is_of(&works[*done])) {
                continue;
            }
            for statement in state.ledger.finish(&state.place) {
                message.ours(Role::Record, &statement);
            }
        }
        let mut times = None;
        if let Some(run) = self.run {
            message.ours(Role::Record, &journal::end_run(run, state));
            times = Some(message.len());
            message.ours(Role::Record, &journal::times(run));
        }
        if let Some(scribe) = &self.scribe {
            message.ours(Role::Record, &scribe.drop());
        }
        message.ours(Role::Commit, "commit");
        if !lost
            && let Ok(answers) = self.own(&message).await
            && let Some(answer) = times.and_then(|number| answers.get(number))
        {
            correct_times(works, answer, report);
        }
        self.lane.close().await;
    }
}

/// Bytes of scripts that are registered in one statement, and nearly all that is in memory of it.
const BATCH: usize = 128 << 10;

/// Parts works so that the scripts of each part are not too much together.
fn batches<'a, 'w>(works: &'a [&'w Work]) -> Vec<&'a [&'w Work]> {
    let size = |work: &Work| {
        let Definition { up, down, .. } = &work.definition;
        up.len() + down.as_ref().map_or(0, Text::len)
    };
    let mut batches = Vec::new();
    let (mut start, mut bytes) = (0, 0);
    for (number, work) in works.iter().enumerate() {
        bytes += size(work);
        if bytes > BATCH && number > start {
            batches.push(&works[start..number]);
            (start, bytes) = (number, size(work));
        }
    }
    if start < works.len() {
        batches.push(&works[start..]);
    }
    batches
}

/// Replaces the times seen from here by the server's own: it sends what it has to say of several
/// migrations at once, when its buffer is full.
fn correct_times(works: &[Work], answer: &Answer, report: &mut Report) {
    let mut times: BTreeMap<(&str, &str, &str), u64> = BTreeMap::new();
    for row in answer.rows() {
        let text = |column| row.get(column).unwrap_or_default();
        if let Ok(took) = text("execution_time_ms").parse() {
            times.insert((text("history"), text("migration"), text("direction")), took);
        }
    }
    for (number, took) in &mut report.done {
        let id = works[*number].journal_id();
        if let Some(server) = times.get(&(id.history, id.migration, id.direction.name())) {
            *took = *server;
        }
    }
}
