//! What a run says, kept in the journal for whoever asks later.
//!
//! Bounded in lines and in size: what a server says a million times is not kept a million times.
//! The run is never slower for it, but for one message where there is something to keep, and never
//! fails for it.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::sync::{Arc, Mutex, MutexGuard};

use tokio::time::Instant;

use crate::journal::output::{self, Line};
use crate::run::compose::Role;
use crate::run::{Cause, Direction, Failed, Run, Work};
use crate::{Event, Events, journal};

/// Lines of a run that are kept; failures are kept beyond it.
const LINES: usize = 400;

/// Failures of a run that are kept.
const FAILURES: usize = 50;

/// Characters of a line.
const LENGTH: usize = 2_000;

/// What a run said so far.
#[derive(Clone, Debug, Default)]
pub(crate) struct Shared(Arc<Mutex<Kept>>);

#[derive(Debug, Default)]
struct Kept {
    /// What is not written yet.
    lines: Vec<(Instant, Line)>,
    count: usize,
    failures: usize,
    dropped: usize,
    current: Option<String>,
    /// Waits that were noted already: each is told again and again while it lasts.
    waits: BTreeSet<String>,
}

impl Kept {
    fn push(&mut self, kind: &'static str, text: &str) {
        if self.count >= LINES {
            self.dropped += 1;
            return;
        }
        self.add(kind, self.current.clone(), text);
    }

    fn add(&mut self, kind: &'static str, migration: Option<String>, text: &str) {
        self.count += 1;
        let mut text = text.to_owned();
        if let Some((end, _)) = text.char_indices().nth(LENGTH) {
            text.truncate(end);
            text.push('…');
        }
        let line = Line { number: self.count, milliseconds_ago: 0, kind, migration, text };
        self.lines.push((Instant::now(), line));
    }

    /// Notes a wait, once.
    fn wait(&mut self, whom: String, text: &str) {
        if self.waits.insert(whom) {
            self.push("wait", text);
        }
    }

    fn hear(&mut self, event: &Event) {
        match event {
            Event::Started { migration, .. } | Event::Running { migration } => {
                self.current = Some(migration.clone());
            }
            Event::Step { migration, number, of } => {
                self.current = Some(migration.clone());
                self.push("step", &format!("step {number} of {of}"));
            }
            Event::Waiting { what } => self.wait(what.clone(), &format!("waits for {what}")),
            Event::Blocked { by } => {
                for blocker in by {
                    let whom = format!("{} {:?}", blocker.pid, self.current);
                    self.wait(whom, &format!("waits for {blocker}"));
                }
            }
            Event::Retry { migration, because, blockers } => {
                self.current = Some(migration.clone());
                let by: Vec<String> = blockers.iter().map(ToString::to_string).collect();
                let by =
                    if by.is_empty() { String::new() } else { format!(" ({})", by.join("; ")) };
                self.push("retry", &format!("rolled back, to be tried again: {because}{by}"));
            }
            Event::CleaningUp { statement } => {
                self.push("step", &format!("puts away what an earlier try left: {statement}"));
            }
            Event::Notice { severity, message } => {
                let kind = if severity == "WARNING" { "warning" } else { "notice" };
                self.push(kind, message);
            }
            Event::AskedToStop { by } => self.push("stop", &format!("asked to stop by {by}")),
            Event::Cancelling => self.push("stop", "cancels the statement under way"),
            Event::Working { .. }
            | Event::Done { .. }
            | Event::UnderWay { .. }
            | Event::Statement { .. }
            | Event::Progress { .. }
            | Event::NoJournal { .. }
            | Event::OtherWay { .. }
            | Event::Reconnecting { .. } => {}
        }
    }
}

impl Shared {
    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().expect("nobody panics while it notes something")
    }

    /// Notes a failure, with the place in its file.
    pub(crate) fn failed(&self, work: &Work, failed: &Failed) {
        let mut kept = self.kept();
        kept.failures += 1;
        if kept.failures > FAILURES {
            kept.dropped += 1;
            return;
        }
        kept.add("error", Some(work.id().to_owned()), &failure(work, failed));
    }

    /// Takes what is not written yet.
    fn take(&self) -> Vec<Line> {
        let mut kept = self.kept();
        let dropped = std::mem::take(&mut kept.dropped);
        if dropped > 0 {
            kept.add("notice", None, &format!("and {dropped} lines more, which are not kept"));
        }
        let age = |at: Instant| u64::try_from(at.elapsed().as_millis()).unwrap_or(u64::MAX);
        let lines = std::mem::take(&mut kept.lines).into_iter();
        lines.map(|(at, line)| Line { milliseconds_ago: age(at), ..line }).collect()
    }
}

/// A failure in one line: what, where in its file, and what the server added.
fn failure(work: &Work, failed: &Failed) -> String {
    let migration = &work.definition.migration;
    let section = match (work.direction, &migration.down) {
        (Direction::Down, Some(down)) => down,
        (Direction::Down | Direction::Up, _) => &migration.up,
    };
    let mut text = failed.to_string();
    if let Cause::Server(error) = &failed.cause {
        let _ = write!(text, " ({})", error.code);
    }
    let statement = || Some(work.script.statements.get(failed.statement?)?.span);
    // Of a file that changed meanwhile nothing can be said.
    if let Some(span) = failed.span.clone().or_else(statement)
        && let Ok(place) = work.text().position(span.start)
    {
        let line = work.lines_above + place.line;
        let _ = write!(text, " at {}:{line}:{}", section.path, place.column);
    }
    if let Cause::Server(error) = &failed.cause {
        for (word, more) in [("detail", &error.detail), ("hint", &error.hint)] {
            if let Some(more) = more {
                let _ = write!(text, "; {word}: {more}");
            }
        }
    }
    for blocker in &failed.blockers {
        let _ = write!(text, "; in the way: {blocker}");
    }
    text
}

/// Passes everything on, and notes what is to be kept.
pub(crate) struct Keeper<'a> {
    inner: &'a mut (dyn Events + Send),
    kept: Shared,
}

impl<'a> Keeper<'a> {
    pub(crate) fn new(inner: &'a mut (dyn Events + Send), kept: &Shared) -> Self {
        Self { inner, kept: kept.clone() }
    }
}

impl Events for Keeper<'_> {
    fn on(&mut self, event: Event) {
        self.kept.kept().hear(&event);
        self.inner.on(event);
    }

    fn go_on(&mut self, migration: &str, error: &str) -> bool {
        self.inner.go_on(migration, error)
    }
}

impl Run<'_> {
    /// Writes what is to be kept, in a transaction of its own. Where that fails, it is lost.
    pub(crate) async fn keep_output(&mut self) {
        let Some(run) = self.run else { return };
        let mut lines = self.kept.take();
        if lines.is_empty() {
            return;
        }
        for line in &mut lines {
            line.text = (self.options.mask)(&line.text);
        }
        let mut message = self.own_transaction("1s");
        if !self.facts.output {
            message.ours(Role::Record, output::TABLE);
            message.ours(Role::Record, journal::REVOKE);
        }
        for statement in output::write(run, &lines) {
            message.ours(Role::Record, &statement);
        }
        self.lane.commit(&mut message);
        match self.own(&message).await {
            Ok(_) => self.facts.output = true,
            Err(failure) if !failure.is_lost() => {
                // Within the lock's own transaction this may lose the lock, which the next
                // statement notices.
                let _ = self.roll_back().await;
            }
            Err(_) => {}
        }
    }
}
