//! A migration that is not one transaction, step by step.
//!
//! Every step is written down before the first one runs. A step that can be a transaction commits
//! together with its outcome. One that cannot (`create index concurrently`, `vacuum` …) is begun in
//! one transaction, runs in a message of its own, and its outcome is written in a third: where that
//! never came, the next run asks the catalog what took ([`evidence`]).

use tokio::time::Instant;
use whimbrel_history::TextError;
use whimbrel_history::ledgers::Took;
use whimbrel_history::state::Steps;
use whimbrel_sql::{Kind, Mode, Statement, Step};

use crate::journal::{self, Intent, StepState};
use crate::run::block::{TRY_AGAIN, Tries, failure_of, needs_to_be_alone, unsent};
use crate::run::compose::{self, Cleaning, Message, Origin, Role};
use crate::run::evidence::{self, Evidence};
use crate::run::failure::{Cause, Failed, Stop};
use crate::run::resume::look_back;
use crate::run::send::Sent;
use crate::run::{End, Report, Run, Work, begun};
use crate::wire::{self, Failure, Session};
use crate::{Event, Events};

pub(crate) use crate::journal::Planned;

/// Where a statement outside a transaction can run.
enum Where {
    /// On the run's own connection.
    Here,
    /// On one that goes round the pooler.
    Direct(Box<Session>),
    /// Nowhere.
    Nowhere(Cause),
}

/// One step of one work.
#[derive(Clone, Copy)]
pub(super) struct At<'a> {
    works: &'a [Work],
    number: usize,
    pub(super) index: usize,
    /// When the work began, in its last step: the one that records it.
    last: Option<Instant>,
}

impl<'a> At<'a> {
    pub(super) fn work(&self) -> &'a Work {
        &self.works[self.number]
    }
}

/// How one step ended.
pub(super) enum Ended {
    Done,
    Failed(Box<Failed>),
}

/// A failure of a work whose text cannot be had any more.
fn unread(error: TextError) -> Box<Failed> {
    Box::new(Failed::of(error.into()))
}

impl Ended {
    /// A step whose text cannot be had any more.
    fn unread(error: TextError) -> Self {
        Self::Failed(unread(error))
    }
}

impl Run<'_> {
    /// Runs one work step by step, from where an earlier run left it.
    pub(crate) async fn steps(
        &mut self,
        works: &[Work],
        number: usize,
        report: &mut Report,
        events: &mut (dyn Events + Send),
    ) -> Result<End, Stop> {
        let work = &works[number];
        let steps = match &work.script.mode {
            Mode::Steps { steps, .. } => steps,
            Mode::Refused { .. } => {
                let failed = Box::new(Failed::refused(work));
                return Ok(End::Failed { number, failed });
            }
            Mode::One { .. } => return Ok(End::Done { next: number }),
        };
        begun(work, events);
        let start = Instant::now();
        if let Some(failed) = self.obstacle(work) {
            return Ok(End::Failed { number, failed: Box::new(failed) });
        }
        let planned = match planned(work, steps) {
            Ok(planned) => planned,
            Err(error) => return Ok(End::Failed { number, failed: unread(error) }),
        };
        self.write_steps_down(work, &planned).await?;
        let earlier = self.intents.remove(&work.key()).unwrap_or_default();
        for (index, step) in steps.iter().enumerate() {
            let intent = earlier.iter().find(|intent| intent.step == index);
            let is_last = index + 1 == steps.len();
            let is_done = intent.is_some_and(|intent| intent.state == StepState::Done);
            if is_done && !is_last {
                continue;
            }
            let next = planned[index].statement.clone();
            report.half = Some((number, Steps { done: index, of: steps.len(), next }));
            self.check_lock()?;
            self.heed(events).await?;
            events.on(Event::Step {
                migration: work.id().to_owned(),
                number: index + 1,
                of: steps.len(),
            });
            let at = At { works, number, index, last: is_last.then_some(start) };
            let ended = match step {
                // It was done before its migration's entry could be written.
                _ if is_done => self.write_end(at).await?,
                // It turned out to need it in an earlier run, which may have done it.
                Step::Together(range)
                    if range.len() == 1
                        && intent.is_some_and(|intent| intent.state == StepState::Begun) =>
                {
                    self.alone(at, range.start, intent, events).await?
                }
                Step::Together(range) => {
                    let ended = self.together(at, range.clone(), events).await?;
                    let statement = match &ended {
                        Ended::Failed(failed) => needs_to_be_alone(range, failed),
                        Ended::Done => None,
                    };
                    match statement {
                        Some(statement) => self.alone(at, statement, intent, events).await?,
                        None => ended,
                    }
                }
                Step::Alone(statement) => self.alone(at, *statement, intent, events).await?,
            };
            if let Ended::Failed(mut failed) = ended {
                failed.steps_done = index;
                report.half = None;
                self.reset_alone(Cleaning::All).await?;
                return Ok(End::Failed { number, failed });
            }
        }
        report.half = None;
        let took = u64::try_from(start.elapsed().as_millis()).unwrap_or(u64::MAX);
        report.done.push((number, took));
        events.on(Event::Done {
            migration: work.id().to_owned(),
            direction: work.direction,
            milliseconds: took,
        });
        Ok(End::Done { next: number + 1 })
    }

    /// Says in the ledger that the work has begun, and writes down all of its steps.
    async fn write_steps_down(&mut self, work: &Work, planned: &[Planned]) -> Result<(), Stop> {
        let mut message = self.own_transaction("5s");
        let state = &self.ledgers[work.ledger];
        if work.seed.is_none() {
            for statement in state.ledger.start(&state.place, &work.definition, work.direction) {
                message.ours(Role::Record, &statement);
            }
        }
        if let Some(run) = self.run {
            message.ours(Role::Record, &journal::plan_steps(run, &work.journal_id(), planned));
        }
        self.lane.commit(&mut message);
        self.own_or_stop(&message, "write the steps down").await.map(drop)
    }

    /// Runs statements that commit together with their step's outcome, and, in the last step, with
    /// the work's entry.
    async fn together(
        &mut self,
        at: At<'_>,
        range: std::ops::Range<usize>,
        events: &mut (dyn Events + Send),
    ) -> Result<Ended, Stop> {
        let work = at.work();
        let begin = compose::begin(&work.script, &range);
        let settings = match compose::settings(work, range.start) {
            Ok(settings) => settings,
            Err(error) => return Ok(Ended::unread(error)),
        };
        let mut tries = Tries::new(self.options.retry_for);
        loop {
            let mut failed = None;
            let pieces = compose::step_pieces(&work.script, range.clone());
            for (piece, statements) in pieces.iter().enumerate() {
                let mut message = Message::default();
                if piece == 0 {
                    self.open_step(work, &begin, &mut message);
                    for setting in &settings {
                        message.ours(Role::Open, setting);
                    }
                }
                let mut composed =
                    message.script(at.number, work, statements.clone(), self.options.announce);
                if piece + 1 == pieces.len() && composed.is_ok() {
                    let cleaning = self.cleaning(at);
                    composed = message.clean_up(cleaning, |message| self.end_step(at, message));
                    self.lane.commit(&mut message);
                }
                if let Err(error) = composed {
                    self.roll_back().await?;
                    return Ok(Ended::unread(error));
                }
                let sent = self.send(&message, at.works, &mut |_, _| {}, events).await;
                let Err(failure) = sent.result else { continue };
                if failure.is_lost() {
                    return Err(Stop::Lost(failure));
                }
                self.roll_back().await?;
                let (error, completed) = match failure {
                    Failure::Server { error, completed, .. } => (error, completed),
                    Failure::Unsendable { source } => {
                        return Ok(Ended::Failed(Box::new(unsent(source))));
                    }
                    failure => return Err(Stop::Lost(failure)),
                };
                let origin = message.statement(completed);
                if origin == Some(Origin::Ours(Role::Fence)) {
                    return Err(self.fenced_off());
                }
                let statement = match origin {
                    Some(Origin::Script { statement, .. }) => Some(statement),
                    Some(Origin::Ours(_)) | None => None,
                };
                let offset = error.position.and_then(|position| message.place(position));
                failed = Some((error, statement, offset.map(|place| place.offset), sent.blockers));
                break;
            }
            let Some((error, statement, offset, blockers)) = failed else { return Ok(Ended::Done) };
            if error.code == "57014" && self.is_asked_to_stop(events).await {
                return Err(Stop::Interrupted);
            }
            if TRY_AGAIN.contains(&error.code.as_str())
                && let Some(pause) = tries.again()
            {
                self.wait_outside(pause, &blockers, events).await?;
                continue;
            }
            let failed = failure_of(work, error, statement, offset, tries.count);
            return Ok(Ended::Failed(Box::new(Failed { blockers, ..failed })));
        }
    }

    /// What is put away behind a step: a pool's session may be another client's next.
    pub(super) fn cleaning(&self, at: At<'_>) -> Cleaning {
        if at.last.is_some() || self.facts.pooled || self.lane.is_within() {
            Cleaning::All
        } else {
            Cleaning::Settings
        }
    }

    pub(super) fn open_step(&mut self, work: &Work, begin: &str, message: &mut Message) {
        self.lane.open(begin, message);
        message.set_up(&work.settings(self.options), work.id());
        if let Some(fence) = self.fence() {
            message.ours(Role::Fence, &fence);
        }
    }

    /// Adds a step's outcome; for the last step, the work's entry.
    fn end_step(&self, at: At<'_>, message: &mut Message) -> Result<(), TextError> {
        let work = at.work();
        let Some(start) = at.last else {
            if self.run.is_some() {
                let end = journal::end_step(&work.journal_id(), at.index, "done");
                message.ours(Role::Record, &end);
            }
            return Ok(());
        };
        let took = i64::try_from(start.elapsed().as_millis()).unwrap_or(i64::MAX);
        self.record(work, Took::Milliseconds(took), message)?;
        if self.run.is_some() {
            message.ours(Role::Record, &journal::forget_steps(&work.journal_id()));
        }
        Ok(())
    }

    async fn write_end(&mut self, at: At<'_>) -> Result<Ended, Stop> {
        let mut message = Message::default();
        self.open_step(at.work(), "begin", &mut message);
        if let Err(error) = self.end_step(at, &mut message) {
            return Ok(Ended::unread(error));
        }
        self.lane.commit(&mut message);
        self.own_or_stop(&message, "write down what a step did").await?;
        Ok(Ended::Done)
    }

    /// Runs one statement outside any transaction, between its intent and its outcome.
    async fn alone(
        &mut self,
        at: At<'_>,
        statement: usize,
        intent: Option<&Intent>,
        events: &mut (dyn Events + Send),
    ) -> Result<Ended, Stop> {
        let (work, index) = (at.work(), at.index);
        let read = compose::settings(work, statement)
            .and_then(|settings| Ok((settings, work.statement(statement)?)));
        let (mut settings, text) = match read {
            Ok(read) => read,
            Err(error) => return Ok(Ended::unread(error)),
        };
        let text: &str = &text;
        let Statement { kind, span, .. } = work.script.statements.at(statement);
        if evidence::is_concurrent(kind) && !settings.is_empty() {
            // They may hold timeouts of their own.
            let lifted = ["set lock_timeout = 0", "set statement_timeout = 0"];
            settings.extend(lifted.map(str::to_owned));
        }
        let mut direct = match self.where_alone(kind, text, &settings).await? {
            Where::Here => None,
            Where::Direct(session) => Some(session),
            Where::Nowhere(cause) => {
                return Ok(Ended::Failed(Box::new(refused(work, statement, cause))));
            }
        };
        let mut tries = Tries::new(self.options.retry_for);
        let mut earlier = intent.filter(|intent| intent.state != StepState::Planned).cloned();
        loop {
            let marker = self.marker(index);
            if let Some(intent) = &earlier {
                self.wait_for_orphan(at, intent, events).await?;
            }
            let session = direct.as_deref_mut().unwrap_or(self.lane.session());
            match look_back(session, (kind, text), earlier.as_ref(), &settings).await? {
                Evidence::Fresh => {}
                Evidence::Done => {
                    return self.write_end(at).await;
                }
                Evidence::Redo { cleanup } => {
                    for sql in cleanup {
                        let cleaned =
                            self.clean_up(at, statement, &sql, &settings, &mut direct, events);
                        if let Ended::Failed(failed) = cleaned.await? {
                            return Ok(Ended::Failed(failed));
                        }
                    }
                }
                Evidence::Finish { statement: sql } => {
                    let ended =
                        self.clean_up(at, statement, &sql, &settings, &mut direct, events).await?;
                    return match ended {
                        Ended::Done => self.write_end(at).await,
                        Ended::Failed(failed) => Ok(Ended::Failed(failed)),
                    };
                }
                Evidence::Unknown { why } => {
                    let run = earlier.as_ref().map_or(0, |intent| intent.run);
                    let rerunnable = work.definition.migration.directives.rerunnable;
                    if !rerunnable && !self.options.allow_rerun {
                        let cause = Cause::UnknownOutcome { step: index + 1, run, why };
                        return Ok(Ended::Failed(Box::new(refused(work, statement, cause))));
                    }
                }
            }
            let before = self.begin_alone(at, kind, &settings, direct.as_deref_mut()).await?;
            let sql = format!("{marker}{text}");
            let sent = self.send_alone(&sql, &settings, direct.as_deref_mut(), events).await;
            let Err(failure) = sent.result else {
                self.reset_alone(self.cleaning(at)).await?;
                return self.write_end(at).await;
            };
            let error = self.error_of(failure).await?;
            self.note_failed_step(work, index).await?;
            if error.code == "57014" && self.is_asked_to_stop(events).await {
                return Err(Stop::Interrupted);
            }
            earlier = Some(Intent {
                step: index,
                run: self.run.unwrap_or(0),
                fingerprint: String::new(),
                statement: String::new(),
                state: StepState::Failed,
                indexes_before: before,
            });
            if TRY_AGAIN.contains(&error.code.as_str())
                && !matches!(kind, Kind::MayCommit { .. })
                && let Some(pause) = tries.again()
            {
                self.wait_outside(pause, &sent.blockers, events).await?;
                continue;
            }
            let offset = error.position.and_then(|position| {
                let position = position.checked_sub(1 + marker.chars().count())?;
                let (byte, _) = text.char_indices().nth(position)?;
                Some(span.start + byte)
            });
            let failed = failure_of(work, error, Some(statement), offset, tries.count);
            let failed = Failed { rolled_back: false, blockers: sent.blockers, ..failed };
            return Ok(Ended::Failed(Box::new(failed)));
        }
    }

    /// A comment by which a statement is known in `pg_stat_activity`, whatever connection of a
    /// pooler it runs on.
    fn marker(&self, step: usize) -> String {
        match self.run {
            Some(run) => format!("{} ", evidence::marker(run, step)),
            None => String::new(),
        }
    }

    /// Finds a connection on which a statement outside a transaction can run: timeouts that would
    /// cancel it half way are lifted, and what the script set before is set again; neither must
    /// reach other clients of a pool.
    async fn where_alone(
        &mut self,
        kind: &Kind,
        text: &str,
        settings: &[String],
    ) -> Result<Where, Stop> {
        let statement = first_words(text);
        if !evidence::is_concurrent(kind) && settings.is_empty() {
            return Ok(Where::Here);
        }
        if !self.lane.is_within() {
            if !self.facts.pooled || (self.facts.timeouts.is_empty() && settings.is_empty()) {
                return Ok(Where::Here);
            }
            if self.keeps_settings().await? {
                return Ok(Where::Here);
            }
        }
        if let Some(target) = &self.options.direct {
            let session = Session::connect(target, &self.options.application).await;
            return Ok(Where::Direct(Box::new(session.map_err(Stop::Connect)?)));
        }
        if let Some(setting) = settings.first() {
            let setting = first_words(setting);
            return Ok(Where::Nowhere(Cause::PooledSetting { setting, statement }));
        }
        if self.lane.is_within() {
            return Ok(Where::Nowhere(Cause::PoolOfOne { statement }));
        }
        let timeout = self.facts.timeouts.iter().next();
        let (name, milliseconds) = timeout.map_or((String::new(), 0), |(n, m)| (n.clone(), *m));
        Ok(Where::Nowhere(Cause::PooledTimeout { name, milliseconds, statement }))
    }

    /// Whether the pooler gives each client a server connection of its own: a setting made here
    /// must not be seen by another client.
    async fn keeps_settings(&mut self) -> Result<bool, Stop> {
        const NAME: &str = "whimbrel.session";
        let token = format!("{}", self.run.unwrap_or(0));
        let token = whimbrel_sql::Literal(&token).to_string();
        let set = format!("select pg_catalog.set_config('{NAME}', {token}, false)");
        self.lane.session().simple(&set).await.map_err(Stop::Lost)?;
        let other = Session::connect(self.target, &self.options.application).await;
        let mut other = other.map_err(Stop::Connect)?;
        let ask = format!("select pg_catalog.current_setting('{NAME}', true)");
        let seen = other.simple(&ask).await.map_err(Stop::Lost)?;
        let leaked = seen.first().and_then(|answer| answer.value()).is_some_and(|v| !v.is_empty());
        if leaked {
            other.simple(&format!("reset {NAME}")).await.map_err(Stop::Lost)?;
        }
        other.close().await;
        self.lane.session().simple(&format!("reset {NAME}")).await.map_err(Stop::Lost)?;
        self.session_is_ours = !leaked;
        Ok(!leaked)
    }

    async fn note_failed_step(&mut self, work: &Work, index: usize) -> Result<(), Stop> {
        if self.run.is_none() {
            return Ok(());
        }
        let mut message = Message::default();
        self.open_step(work, "begin", &mut message);
        message.ours(Role::Record, &journal::end_step(&work.journal_id(), index, "failed"));
        self.lane.commit(&mut message);
        self.own_or_stop(&message, "write down that a step failed").await.map(drop)
    }

    /// Sends one statement in a message of its own, with no timeout that could cancel it half way.
    pub(super) async fn send_alone(
        &mut self,
        sql: &str,
        settings: &[String],
        mut direct: Option<&mut Session>,
        events: &mut (dyn Events + Send),
    ) -> Sent {
        let mut before = Vec::new();
        if self.lane.is_within() && direct.is_none() {
            // The lock's transaction ends here; the intent keeps others from this step.
            before.push("commit".to_owned());
        }
        if direct.is_some() || !self.facts.pooled || self.session_is_ours {
            before.extend(self.facts.timeouts.keys().map(|name| format!("set {name} = 0")));
        }
        before.extend(settings.iter().cloned());
        for statement in before {
            let session = match &mut direct {
                Some(session) => session,
                None => self.lane.session(),
            };
            if let Err(failure) = session.simple(&statement).await {
                return Sent { result: Err(failure), blockers: Vec::new() };
            }
        }
        let message = wire::Message::new(sql);
        match direct {
            Some(session) => self.send_direct(session, message, events).await,
            None => self.send_wire(message, &mut |_, _| {}, events).await,
        }
    }

    /// What the server said of a statement that ran alone; the connection is ready again.
    pub(super) async fn error_of(
        &mut self,
        failure: Failure,
    ) -> Result<Box<wire::ServerError>, Stop> {
        match failure {
            Failure::Server { error, lost: false, .. } => {
                self.reset_alone(Cleaning::All).await?;
                Ok(error)
            }
            failure => Err(Stop::Lost(failure)),
        }
    }

    /// Undoes what the statement, or we for it, set for the session.
    pub(super) async fn reset_alone(&mut self, cleaning: Cleaning) -> Result<(), Stop> {
        let resets = cleaning.statements().join("; ");
        self.lane.session().simple(&resets).await.map_err(Stop::Lost)?;
        if self.lane.is_within() { self.roll_back().await } else { Ok(()) }
    }
}

fn refused(work: &Work, statement: usize, cause: Cause) -> Failed {
    Failed {
        statement: Some(statement),
        span: work.script.statements.get(statement).map(|statement| statement.span),
        rolled_back: false,
        ..Failed::of(cause)
    }
}

fn range_of(step: &Step) -> std::ops::Range<usize> {
    match step {
        Step::Together(range) => range.clone(),
        Step::Alone(statement) => *statement..statement + 1,
    }
}

/// All steps, as they are written down.
pub(crate) fn planned(work: &Work, steps: &[Step]) -> Result<Vec<Planned>, TextError> {
    let planned = steps.iter().enumerate().map(|(step, body)| {
        let first = range_of(body).start;
        let statement = match work.script.statements.get(first) {
            Some(_) => first_words(&work.statement(first)?),
            None => String::new(),
        };
        Ok(Planned { step, fingerprint: fingerprint(work, body)?, statement })
    });
    planned.collect()
}

pub(super) fn fingerprint(work: &Work, step: &Step) -> Result<String, TextError> {
    let mut texts = String::new();
    for number in range_of(step) {
        if !texts.is_empty() {
            texts.push_str(";\n");
        }
        work.append(number, &mut texts)?;
    }
    Ok(whimbrel_sql::fingerprint(&texts))
}

/// How a statement begins, on one line.
pub(crate) fn first_words(text: &str) -> String {
    let mut words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if let Some((end, _)) = words.char_indices().nth(80) {
        words.truncate(end);
        words.push('…');
    }
    words
}
