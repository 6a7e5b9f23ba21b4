//! What forbids to begin a work at all, told before anything runs.

use std::collections::BTreeSet;

use whimbrel_history::state::unfinished;
use whimbrel_sql::Mode;

use crate::journal::{Intent, Intents, StepState};
use crate::run::failure::{Cause, Failed};
use crate::run::steps::fingerprint;
use crate::run::{Direction, Options, Run, Work};
use crate::state::{LedgerState, State};

/// What entries call unfinished, by ledger and key.
#[derive(Debug, Default)]
pub(super) struct Unfinished(BTreeSet<(usize, String, Direction)>);

impl Unfinished {
    pub(super) fn of(ledgers: &[LedgerState]) -> Self {
        let mut all = BTreeSet::new();
        for (number, state) in ledgers.iter().enumerate() {
            for entry in &state.entries {
                all.extend(unfinished(entry).map(|way| (number, entry.key.clone(), way)));
            }
        }
        Self(all)
    }

    fn has(&self, work: &Work) -> bool {
        !self.0.is_empty()
            && self.0.contains(&(
                work.ledger,
                work.definition.migration.key.clone(),
                work.direction,
            ))
    }
}

/// What earlier runs left, as far as it may forbid to begin.
struct Left<'a> {
    unfinished: &'a Unfinished,
    intents: &'a Intents,
    /// Whether there is a journal, or will be.
    journal: bool,
    options: &'a Options,
}

/// What forbids to run works in a database that is in this state, by their numbers.
pub fn obstacles(works: &[Work], state: &State, options: &Options) -> Vec<(usize, Failed)> {
    let facts = &state.facts;
    let left = Left {
        unfinished: &Unfinished::of(&state.ledgers),
        intents: &state.intents,
        journal: options.journal && (facts.journal || facts.may_create),
        options,
    };
    let numbered = works.iter().enumerate();
    numbered.filter_map(|(number, work)| Some((number, left.obstacle(work)?))).collect()
}

impl Run<'_> {
    /// What forbids to begin a work.
    pub(super) fn obstacle(&self, work: &Work) -> Option<Failed> {
        let left = Left {
            unfinished: &self.unfinished,
            intents: &self.intents,
            journal: self.run.is_some(),
            options: self.options,
        };
        left.obstacle(work)
    }
}

impl Left<'_> {
    fn obstacle(&self, work: &Work) -> Option<Failed> {
        let plain = |cause| Failed { rolled_back: false, ..Failed::of(cause) };
        let earlier = if self.intents.is_empty() { None } else { self.intents.get(&work.key()) };
        let may_rerun = work.definition.migration.directives.rerunnable || self.options.allow_rerun;
        if earlier.is_none() && !may_rerun && self.unfinished.has(work) {
            return Some(plain(Cause::StepsLost));
        }
        let (steps, because) = match &work.script.mode {
            Mode::One { .. } => return None,
            Mode::Refused { .. } => return Some(Failed::refused(work)),
            Mode::Steps { steps, because } => (steps, because),
        };
        if !self.journal && steps.len() > 1 {
            return Some(plain(Cause::NeedsJournal { because: because.clone() }));
        }
        // A step that is done must still be the one that the file has in its place.
        let is_begun =
            |intent: &&Intent| matches!(intent.state, StepState::Done | StepState::Begun);
        let mut begun: Vec<&Intent> = earlier.into_iter().flatten().filter(is_begun).collect();
        begun.sort_by_key(|intent| intent.step);
        for intent in begun {
            let is = steps.get(intent.step).map(|step| fingerprint(work, step)).transpose();
            match is {
                Ok(is) if is.as_ref() == Some(&intent.fingerprint) => {}
                Ok(_) => {
                    let was = intent.statement.clone();
                    return Some(plain(Cause::StepChanged { step: intent.step + 1, was }));
                }
                Err(error) => return Some(plain(error.into())),
            }
        }
        None
    }
}
