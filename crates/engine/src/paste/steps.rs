//! A migration that is not one transaction: its steps, and what stands between them.
//!
//! The journal's intents do here what they do in a run: a step that is a transaction commits with
//! its outcome; one that is not is begun in one piece, runs alone in a second, and a third has the
//! catalog say whether it took before it is called done. So a script that was left in the middle is
//! gone on with by `whimbrel up`, and a run that was left in the middle by the script.

use whimbrel_history::TextError;
use whimbrel_history::ledgers::Took;
use whimbrel_sql::Step;

use super::evidence::{again, proof};
use super::guard::{Body, OUT_OF_TURN, Refusal, STEP_DONE, UNPROVED, done_already, started_at};
use super::{Alone, PasteError, Piece, Place, RESETS, Sql};
use crate::journal::{self, StepState};
use crate::run::compose::{begin, settings};
use crate::run::steps::{Planned, planned};

/// The run that the script's own row stands for.
const RUN: &str = "(select max(id) from whimbrel_journal.runs)";

impl Place<'_> {
    /// The pieces of a migration that is not one transaction, but for steps that are done.
    pub(super) fn steps(&self, steps: &[Step]) -> Result<Vec<Piece>, PasteError> {
        if !self.page.options.journal {
            return Err(self.unfit(
                "it is not one transaction, and there is no journal to remember its steps",
                "`journal = true` in [ledger] of whimbrel.toml keeps one",
            ));
        }
        let planned = planned(self.work(), steps)?;
        let mut pieces = Vec::new();
        for (index, step) in steps.iter().enumerate() {
            if self.is_done(&planned[index])? && index + 1 < steps.len() {
                continue;
            }
            let opens = if pieces.is_empty() { Opens::Migration(&planned) } else { Opens::Step };
            let at = At { place: *self, index, of: steps.len(), opens };
            match step {
                Step::Together(range) => pieces.push(at.together(range.clone())?),
                Step::Alone(statement) => pieces.extend(at.alone(*statement)?),
            }
        }
        Ok(pieces)
    }

    /// Whether an earlier run did a step; what it began must still be what the file has there.
    fn is_done(&self, planned: &Planned) -> Result<bool, PasteError> {
        let id = self.work().journal_id();
        let key = (id.history.to_owned(), id.migration.to_owned(), id.direction);
        let intents = self.page.state.intents.get(&key).into_iter().flatten();
        let mut begun = intents.filter(|intent| {
            intent.step == planned.step
                && matches!(intent.state, StepState::Done | StepState::Begun)
        });
        let Some(intent) = begun.next() else { return Ok(false) };
        if intent.fingerprint != planned.fingerprint {
            return Err(self.unfit(
                format!("step {} of it was changed after it was begun", planned.step + 1),
                "put the file back; `whimbrel up` says what was begun",
            ));
        }
        Ok(intent.state == StepState::Done)
    }
}

/// What the first piece of a step opens.
#[derive(Clone, Copy)]
enum Opens<'a> {
    /// The migration: all its steps are written down.
    Migration(&'a [Planned]),
    /// The step alone.
    Step,
}

/// One step of a migration.
#[derive(Clone, Copy)]
struct At<'a> {
    place: Place<'a>,
    index: usize,
    of: usize,
    opens: Opens<'a>,
}

impl At<'_> {
    fn is_last(&self) -> bool {
        self.index + 1 == self.of
    }

    fn name(&self) -> String {
        format!("step {} of {}", self.index + 1, self.of)
    }

    /// Statements that commit together with their outcome.
    fn together(&self, range: std::ops::Range<usize>) -> Result<Piece, PasteError> {
        let work = self.place.work();
        let mut sql = Sql::default();
        sql.line(&begin(&work.script, &range));
        self.open(&mut sql, Opening::Step)?;
        for setting in settings(work, range.start)? {
            sql.line(&setting);
        }
        sql.script(work, range)?;
        sql.line(&self.place.guard().closing());
        self.close(&mut sql)?;
        Ok(Piece {
            what: self.what("one transaction"),
            step: self.index,
            run: Alone::No,
            sql: sql.0,
        })
    }

    /// A statement outside of any transaction, between what says that it begins and what looks
    /// whether it took.
    fn alone(&self, statement: usize) -> Result<Vec<Piece>, PasteError> {
        let work = self.place.work();
        let kind = work.script.statements.at(statement).kind.clone();
        let text = work.statement(statement)?;
        if !settings(work, statement)?.is_empty() {
            return Err(self.place.unfit(
                "a setting that it makes is to hold for a statement that stands alone",
                "name objects with their schema instead; `whimbrel up --via native` runs it over a connection",
            ));
        }
        let Some(proof) = proof(&kind, &self.is_step("i")) else {
            return Err(self.place.unfit(
                "it has a statement outside of any transaction that leaves no trace by which its success could be told",
                "`whimbrel up --via native` runs it over a connection",
            ));
        };
        let mut before = Sql::default();
        before.line("begin");
        self.open(&mut before, Opening::Step)?;
        before.line(&self.begun(proof.indexes_before.as_deref()));
        before.line("commit");
        let mut after = Sql::default();
        after.line("begin");
        self.open(&mut after, Opening::Proof { took: &proof.took, hint: &proof.hint })?;
        self.close(&mut after)?;
        let piece =
            |what: &str, run, sql| Piece { what: self.what(what), step: self.index, run, sql };
        Ok(vec![
            piece("write down that it begins", Alone::No, before.0),
            piece("the statement", Alone::Yes, format!("{};\n", again(&kind, &text))),
            piece("look whether it took", Alone::No, after.0),
        ])
    }

    fn what(&self, what: &str) -> String {
        if self.of == 1 { what.to_owned() } else { format!("{}, {what}", self.name()) }
    }

    /// Adds what stands at the beginning of a piece: its guard, and, in the first piece, what
    /// writes all steps down.
    fn open(&self, sql: &mut Sql, opening: Opening<'_>) -> Result<(), PasteError> {
        let guard = self.place.guard();
        let mut body = guard.entrance();
        guard.ledger(&mut body);
        match (self.opens, opening) {
            (Opens::Migration(planned), Opening::Step) => {
                guard.turn(&mut body)?;
                self.journal(&mut body);
                guard.note(&mut body);
                sql.line(&body.block());
                self.plan(sql, planned)?;
                let mut body = Body::default();
                self.turn(&mut body, opening);
                sql.line(&body.block());
            }
            (Opens::Migration(_) | Opens::Step, _) => {
                let is_there = "pg_catalog.to_regclass('whimbrel_journal.intents') is null";
                body.refuse_if(is_there, &not_begun());
                self.turn(&mut body, opening);
                guard.note(&mut body);
                if self.is_last() {
                    let begun = format!(
                        "select min(r.started_at) from whimbrel_journal.runs r \
                         join whimbrel_journal.intents i on i.run = r.id where {}",
                        self.place.work().journal_id().condition()
                    );
                    body.run(&started_at(&begun));
                }
                sql.line(&body.block());
            }
        }
        Ok(())
    }

    /// Makes the journal where it is missing.
    fn journal(&self, body: &mut Body) {
        if self.place.page.state.facts.journal {
            return;
        }
        let missing = "pg_catalog.to_regclass('whimbrel_journal.intents') is null";
        body.execute_if(missing, journal::MAKE);
    }

    /// Registers the migration and writes all of its steps down; a second time that changes
    /// nothing.
    fn plan(&self, sql: &mut Sql, planned: &[Planned]) -> Result<(), TextError> {
        let (work, state) = (self.place.work(), self.place.ledger());
        let id = work.journal_id();
        for statement in state.ledger.register(&state.place, &[&work.definition])? {
            sql.line(&statement);
        }
        for statement in state.ledger.start(&state.place, &work.definition, work.direction) {
            sql.line(&statement);
        }
        let key = self.place.page.lock.own();
        sql.line(&journal::note_script(&self.place.page.options.runner, key));
        sql.line(&journal::plan_steps(RUN, &id, planned));
        Ok(())
    }

    /// It is this step's turn, for the first time.
    fn turn(&self, body: &mut Body, opening: Opening<'_>) {
        let state = self.place.ledger();
        let work = self.place.work();
        let id = work.id();
        if !work.again {
            let is_applied = state.ledger.is_applied(&state.place, &work.definition.migration.key);
            body.refuse_if(&is_applied, &done_already(&format!("`{id}` is applied already")));
        }
        let steps = |condition: &str| {
            format!(
                "exists (select from whimbrel_journal.intents i where {} and {condition})",
                work.journal_id().condition()
            )
        };
        body.refuse_if(&format!("not {}", steps("true")), &not_begun());
        let index = self.index;
        let message = format!("a step of `{id}` before {} is not done", self.name());
        body.refuse_if(
            &steps(&format!("i.step < {index} and i.state <> 'done'")),
            &Refusal {
                code: OUT_OF_TURN,
                message: &message,
                hint: "run the piece before this one first",
            },
        );
        let message = format!("{} of `{id}` is done already", self.name());
        let is_done = steps(&format!("i.step = {index} and i.state = 'done'"));
        if !(self.is_last() && matches!(opening, Opening::Proof { .. })) {
            body.refuse_if(
                &is_done,
                &Refusal { code: STEP_DONE, message: &message, hint: "go on with the next piece" },
            );
        }
        if let Opening::Proof { took, hint } = opening {
            let message = format!("{} of `{id}` was not begun", self.name());
            body.refuse_if(
                &steps(&format!("i.step = {index} and i.state = 'planned'")),
                &Refusal {
                    code: OUT_OF_TURN,
                    message: &message,
                    hint: "run the two pieces before this one first",
                },
            );
            let message = format!("{} of `{id}` did not take, or not yet", self.name());
            body.refuse_if(
                &format!("not ({took})"),
                &Refusal { code: UNPROVED, message: &message, hint },
            );
        }
    }

    /// Says that the step is about to run. The indexes that its table has are noted once: later one
    /// of them may be the step's own.
    fn begun(&self, indexes: Option<&str>) -> String {
        let indexes = indexes.unwrap_or("null");
        format!(
            "update whimbrel_journal.intents i set state = 'begun', run = {RUN}, \
             begun_at = pg_catalog.clock_timestamp(), indexes_before = {indexes} \
             where {} and i.state in ('planned', 'failed')",
            self.is_step("i")
        )
    }

    /// The condition that finds the step's intent.
    fn is_step(&self, alias: &str) -> String {
        let id = self.place.work().journal_id();
        format!("{} and {alias}.step = {}", id.condition(), self.index)
    }

    /// Adds the step's outcome, and behind the last step the migration's entry.
    fn close(&self, sql: &mut Sql) -> Result<(), TextError> {
        let id = self.place.work().journal_id();
        if !self.is_last() {
            sql.line(&journal::end_step(&id, self.index, "done"));
            sql.line(RESETS[0]);
            sql.line("commit");
            return Ok(());
        }
        self.place.record(sql, Took::ThisTransaction)?;
        sql.line(&journal::forget_steps(&id));
        sql.end();
        Ok(())
    }
}

/// What a piece of a step is for.
#[derive(Clone, Copy)]
enum Opening<'a> {
    /// The step itself, or what says that it begins.
    Step,
    /// What looks whether it took.
    Proof {
        /// The condition that it did.
        took: &'a str,
        /// What to do where it did not.
        hint: &'a str,
    },
}

/// Nothing of the migration was run.
fn not_begun() -> Refusal<'static> {
    Refusal {
        code: OUT_OF_TURN,
        message: "the steps of this migration are not written down yet",
        hint: "run the first piece of this part first",
    }
}
