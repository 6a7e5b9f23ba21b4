//! Migrations that are one transaction each, many in one message.
//!
//! ```sql
//! begin; set local lock_timeout = '2s'; select 1 / count(*) from … for share;   -- the fence
//! create table …;                                                               -- the script
//! reset all; …; update whimbrel.schema_migrations …; commit;                    -- the entry
//! begin; …                                                                      -- the next one
//! ```
//!
//! The server abandons a message at its first error, so nothing after a failed migration runs; and
//! each `commit` that it reports is a migration applied and recorded, whatever happens next to us.
//! Only the last commit of a message waits for the disk, and takes those before it along, since a
//! log is written in order: none of them counts as done before that.

use std::io;
use std::ops::Range;
use std::time::Duration;

use tokio::time::Instant;
use whimbrel_history::ledgers::{self, Took};
use whimbrel_history::{Definition, Text, TextError};
use whimbrel_sql::{Kind, Mode, Step};

use crate::pause::Pause;
use crate::run::compose::{self, Message, Origin, Role};
use crate::run::failure::{Blocker, Cause, Failed, Stop};
use crate::run::send::Sent;
use crate::run::{Direction, End, Report, Run, Work, begun, missing, one_transaction, watch};
use crate::wire::{Answer, Failure, ServerError};
use crate::{Event, Events, journal};

/// Bytes and migrations in one message at the most: enough to hide a slow network, few enough
/// that progress shows and memory stays small.
const BLOCK_BYTES: usize = 256 << 10;
const BLOCK_WORKS: usize = 200;

/// SQLSTATEs after which the same transaction may well succeed: deadlock, lock timeout,
/// serialization failure.
pub(crate) const TRY_AGAIN: &[&str] = &["40P01", "55P03", "40001"];

/// SQLSTATEs that say that the script cannot run in one transaction after all: a statement that
/// refuses one, a procedure that ends it, an enum value used before its commit.
const NOT_ONE: &[&str] = &["25001", "2D000", "55P04"];

impl Run<'_> {
    /// Runs as many works from `first` on as are one transaction each, in as few messages as they
    /// fit in.
    pub(crate) async fn block(
        &mut self,
        works: &[Work],
        first: usize,
        report: &mut Report,
        events: &mut (dyn Events + Send),
    ) -> Result<End, Stop> {
        if let Some(failure) = self.obstacle(&works[first]) {
            return Ok(failed(first, failure));
        }
        let mut tries = Tries::new(self.options.retry_for);
        let mut next = first;
        let mut limit = BLOCK_WORKS;
        // One that needs what failed or was left out is not taken along, nor one that may not begin.
        let goes_along = |work: &&Work| {
            groups(work) && missing(work, works, report).is_none() && self.obstacle(work).is_none()
        };
        let end = first + works[first..].iter().take_while(goes_along).count().max(1);
        while next < end {
            self.check_lock()?;
            self.heed(events).await?;
            let pieces = pieces_of(&works[next]);
            let mut unflushed = Vec::new();
            let (sent, message, last) = if groups(&works[next]) && pieces.len() == 1 {
                let message = match self.compose_block(works, next..end, limit) {
                    Ok(message) => message,
                    // Of those after the first nothing has to be read.
                    Err(error) => return Ok(failed(next, Failed::of(error.into()))),
                };
                let last = next + message.units();
                let sent;
                (sent, unflushed) = self.send_block(&message, works, next, report, events).await;
                (sent, message, last)
            } else {
                let (sent, message) = self.send_pieces(works, next, &pieces, report, events).await;
                (sent, message, next + 1)
            };
            limit = BLOCK_WORKS;
            let blockers = sent.blockers;
            let failure = match sent.result {
                Ok(answers) => {
                    self.still_locked(&answers)?;
                    next = last;
                    tries = Tries::new(self.options.retry_for);
                    continue;
                }
                Err(failure) => failure,
            };
            if !failure.is_lost() {
                self.roll_back().await?;
                self.flush(unflushed, report).await?;
            }
            let before = next;
            next = report.done.last().map_or(next, |(number, _)| (number + 1).max(next));
            if next > before {
                tries = Tries::new(self.options.retry_for);
            }
            if failure.is_lost() {
                return Err(Stop::Lost(failure));
            }
            let (error, completed) = match failure {
                Failure::Server { error, completed, .. } => (error, completed),
                Failure::Unsendable { source } => return Ok(failed(next, unsent(source))),
                failure => return Err(Stop::Lost(failure)),
            };
            if message.statement(completed) == Some(Origin::Ours(Role::Fence)) {
                return Err(self.fenced_off());
            }
            let place = error.position.and_then(|position| message.place(position));
            // The server reads a message whole before it runs any of it: an error in the text of
            // a later migration stopped the earlier ones too, and they go first now.
            if completed == 0
                && let Some(place) = &place
                && place.unit > next
            {
                limit = place.unit - next;
                continue;
            }
            let statement = match message.statement(completed) {
                Some(Origin::Script { unit, statement }) if unit == next => Some(statement),
                _ => None,
            };
            if error.code == "57014" && self.is_asked_to_stop(events).await {
                return Err(Stop::Interrupted);
            }
            if TRY_AGAIN.contains(&error.code.as_str())
                && let Some(pause) = tries.again()
            {
                events.on(Event::Retry {
                    migration: works[next].id().to_owned(),
                    because: error.message.clone(),
                    blockers: blockers.clone(),
                });
                self.wait_outside(pause, &blockers, events).await?;
                limit = 1;
                continue;
            }
            let failed =
                failure_of(&works[next], error, statement, place.map(|p| p.offset), tries.count);
            let failed = Box::new(Failed { blockers, ..failed });
            if let Some(mode) = other_mode(&works[next], &failed) {
                return self.stepwise(works, next, mode, report, events).await;
            }
            return Ok(End::Failed { number: next, failed });
        }
        Ok(End::Done { next: end })
    }

    /// Runs a work that turned out to be more than one transaction; nothing of it is done yet.
    async fn stepwise(
        &mut self,
        works: &[Work],
        number: usize,
        mode: Mode,
        report: &mut Report,
        events: &mut (dyn Events + Send),
    ) -> Result<End, Stop> {
        let mut works = works.to_vec();
        works[number].script.mode = mode;
        self.steps(&works, number, report, events).await
    }

    /// Brings to the disk what a message committed before it failed, which is done then.
    async fn flush(
        &mut self,
        unflushed: Vec<(usize, u64)>,
        report: &mut Report,
    ) -> Result<(), Stop> {
        let (Some(run), false) = (self.run, unflushed.is_empty()) else { return Ok(()) };
        let session = self.lane.session();
        let answers = session.simple(&journal::flush(run)).await.map_err(Stop::Lost)?;
        if answers.first().and_then(Answer::value).is_none() {
            return Err(self.fenced_off());
        }
        report.done.extend(unflushed);
        Ok(())
    }

    /// Composes one message of several units.
    fn compose_block(
        &mut self,
        works: &[Work],
        range: Range<usize>,
        limit: usize,
    ) -> Result<Message, TextError> {
        let mut message = Message::default();
        let mut numbers = range.take(if self.lane.is_within() { 1 } else { limit }).peekable();
        while let Some(number) = numbers.next() {
            let Some(statements) = one_transaction(&works[number]) else { break };
            self.open_unit(&works[number], &mut message);
            message.script(number, &works[number], statements, self.options.announce)?;
            let next = numbers.peek().filter(|next| fits(&works[**next], &message));
            let another = next.map_or(Another::None, |_| Another::Follows);
            self.close_unit(&works[number], &mut message, another)?;
            if another == Another::None {
                break;
            }
        }
        Ok(message)
    }

    fn open_unit(&mut self, work: &Work, message: &mut Message) {
        let range = one_transaction(work).unwrap_or_default();
        self.lane.open(&compose::begin(&work.script, &range), message);
        self.open_work(work, message);
    }

    /// Ends a unit; where another follows it in the message, that one takes it to the disk.
    fn close_unit(
        &mut self,
        work: &Work,
        message: &mut Message,
        another: Another,
    ) -> Result<(), TextError> {
        self.end_work(work, message)?;
        match (another, self.run) {
            // Without a journal there is nothing by which to bring it there after a failure.
            (Another::Follows, Some(_)) => {
                message.ours(Role::Reset, compose::LATER);
                message.ours(Role::CommitLater, "commit");
            }
            (Another::Follows | Another::None, _) => self.lane.commit(message),
        }
        Ok(())
    }

    /// Adds the statements that record a work, in the ledger and in the journal.
    pub(crate) fn record(
        &self,
        work: &Work,
        took: Took,
        message: &mut Message,
    ) -> Result<(), TextError> {
        let state = &self.ledgers[work.ledger];
        let statements = match (work.direction, &work.seed, state.ledger.seeds()) {
            (_, Some(seed), Some(seeds)) => {
                seeds.record(&state.place, &seed.path, &seed.hash, took)
            }
            (Direction::Up, _, _) if work.again => {
                state.ledger.record_again(&state.place, &work.definition, took)?
            }
            (Direction::Up, _, _) => state.ledger.record(&state.place, &work.definition, took)?,
            (Direction::Down, _, _) => state.ledger.forget(&state.place, &work.definition),
        };
        for statement in statements {
            message.ours(Role::Record, &statement);
        }
        if let Some(run) = self.run {
            let took = ledgers::milliseconds(took);
            let applied = journal::applied(run, &work.journal_id(), work.fingerprint(), &took);
            message.ours(Role::Record, &applied);
            self.forget_halves(work, message);
        }
        Ok(())
    }

    /// Forgets the steps of scripts that were begun before and are beside the point now: what was
    /// half applied is undone.
    fn forget_halves(&self, work: &Work, message: &mut Message) {
        if self.intents.is_empty() {
            return;
        }
        for direction in [Direction::Up, Direction::Down] {
            let (history, id, _) = work.key();
            if self.intents.contains_key(&(history, id, direction)) {
                let id = journal::Id { direction, ..work.journal_id() };
                message.ours(Role::Record, &journal::forget_steps(&id));
            }
        }
    }

    async fn send_block(
        &mut self,
        message: &Message,
        works: &[Work],
        first: usize,
        report: &mut Report,
        events: &mut (dyn Events + Send),
    ) -> (Sent, Vec<(usize, u64)>) {
        begun(&works[first], events);
        let mut tracker = Tracker::new(message, works, first, &mut report.done);
        let mut note = |index, events: &mut dyn Events| tracker.completed(index, events);
        let sent = self.send(message, works, &mut note, events).await;
        (sent, tracker.unflushed)
    }

    /// Sends a work whose text cannot go in one message: the same transaction, piece by piece.
    async fn send_pieces(
        &mut self,
        works: &[Work],
        number: usize,
        pieces: &[Range<usize>],
        report: &mut Report,
        events: &mut (dyn Events + Send),
    ) -> (Sent, Message) {
        let work = &works[number];
        begun(work, events);
        let mut index = 0;
        loop {
            let is_last = index + 1 >= pieces.len();
            let mut message = Message::default();
            if index == 0 {
                self.open_unit(work, &mut message);
            }
            let mut composed =
                message.script(number, work, pieces[index].clone(), self.options.announce);
            if is_last && composed.is_ok() {
                composed = self.close_unit(work, &mut message, Another::None);
            }
            if let Err(error) = composed {
                let source = io::Error::other(error);
                let result = Err(Failure::Unsendable { source });
                return (Sent { result, blockers: Vec::new() }, message);
            }
            let mut tracker = Tracker::new(&message, works, number, &mut report.done);
            let sent = self
                .send(
                    &message,
                    works,
                    &mut |index, events| tracker.completed(index, events),
                    events,
                )
                .await;
            if sent.result.is_err() || is_last {
                return (sent, message);
            }
            index += 1;
        }
    }

    /// Ends a failed transaction. Within the lock's own transaction that lets the lock go.
    pub(crate) async fn roll_back(&mut self) -> Result<(), Stop> {
        if self.lane.is_within() {
            return self.retake().await;
        }
        self.lane.session().simple("rollback").await.map(drop).map_err(Stop::Lost)
    }

    /// Takes the lock again in the lock's own connection, after a transaction of it ended.
    async fn retake(&mut self) -> Result<(), Stop> {
        let lock = self.lane.lock();
        let key = lock.key().clone();
        lock.session.simple("rollback").await.map_err(Stop::Lost)?;
        match crate::lock::Lock::attempt_on(&mut lock.session, &key).await {
            Ok(_) => Ok(()),
            Err(crate::lock::LockError::Held { holder }) => Err(Stop::LockTaken(holder)),
            Err(crate::lock::LockError::Connect(error)) => Err(Stop::Connect(error)),
            Err(crate::lock::LockError::Failed(failure)) => Err(Stop::Lost(failure)),
        }
    }

    /// Within the lock's own transaction: whether the next one has the lock again.
    pub(crate) fn still_locked(&self, answers: &[Answer]) -> Result<(), Stop> {
        if !self.lane.is_within() {
            return Ok(());
        }
        let last = answers.last().and_then(Answer::first);
        match last.and_then(|row| row.get("locked")) {
            Some("t") => Ok(()),
            _ => Err(Stop::LockTaken(None)),
        }
    }

    /// The lock's death stops the run before the next statement.
    pub(crate) fn check_lock(&mut self) -> Result<(), Stop> {
        if self.lane.lock().stands() { Ok(()) } else { Err(Stop::LockLost) }
    }

    /// Pauses before another try, outside the queue for the lock; goes on early once those who
    /// stood in the way are gone.
    pub(crate) async fn wait_outside(
        &mut self,
        pause: Duration,
        blockers: &[Blocker],
        events: &mut (dyn Events + Send),
    ) -> Result<(), Stop> {
        let end = Instant::now() + pause;
        while Instant::now() < end {
            let slice = Duration::from_millis(200).min(end - Instant::now());
            tokio::select! {
                () = tokio::time::sleep(slice) => {}
                () = self.interrupt.asked() => return Err(Stop::Interrupted),
            }
            self.heed_all(events).await?;
            if !blockers.is_empty() && !self.lane.is_within() {
                let session = &mut self.lane.lock().session;
                if !watch::still_there(session, blockers).await.map_err(|_| Stop::LockLost)? {
                    return Ok(());
                }
            }
        }
        Ok(())
    }
}

/// Whether another unit follows in the same message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Another {
    Follows,
    None,
}

/// A work that failed.
fn failed(number: usize, failed: Failed) -> End {
    End::Failed { number, failed: Box::new(failed) }
}

/// A work of which something could not be sent: it may be that its text is gone.
pub(crate) fn unsent(source: io::Error) -> Failed {
    Failed::of(match source.downcast::<TextError>() {
        Ok(error) => Cause::Text(error),
        Err(source) => Cause::Unsendable { source },
    })
}

/// Whether a work goes into a message that has others already.
fn fits(work: &Work, message: &Message) -> bool {
    let Definition { up, down, .. } = &work.definition;
    let is_held = |text: &Text| text.held().is_some();
    message.size() + work.text().len() <= BLOCK_BYTES
        && is_held(up)
        && down.as_ref().is_none_or(is_held)
        && one_transaction(work).is_some()
        && pieces_of(work).len() == 1
}

/// Whether a work can share a message with others: no data to send in its middle.
fn groups(work: &Work) -> bool {
    one_transaction(work).is_some_and(|statements| {
        work.script.statements.notable(statements).all(|(_, kind)| *kind != Kind::CopyIn)
    })
}

fn pieces_of(work: &Work) -> Vec<Range<usize>> {
    one_transaction(work).map_or_else(Vec::new, |range| compose::pieces(&work.script, range))
}

/// How to run a work that a failure showed to be more than one transaction: every statement for
/// itself. `None` where the failure says nothing of the kind.
pub(crate) fn other_mode(work: &Work, failed: &Failed) -> Option<Mode> {
    let Cause::Server(error) = &failed.cause else { return None };
    if !NOT_ONE.contains(&error.code.as_str()) {
        return None;
    }
    // A file that is one `begin … commit` asks for one transaction, and would fail anywhere.
    if one_transaction(work)?.start > 0 {
        return None;
    }
    let refused = failed.statement.filter(|_| error.code != "55P04");
    failed.statement?;
    let steps = one_by_one(work, refused)?;
    Some(Mode::Steps { steps, because: error.message.clone() })
}

/// The statement of a step that the server showed to be no part of a transaction: a `call` whose
/// procedure commits, a `cluster` of a partitioned table. Nothing of the step is left.
pub(crate) fn needs_to_be_alone(range: &Range<usize>, failed: &Failed) -> Option<usize> {
    let Cause::Server(error) = &failed.cause else { return None };
    let refused = matches!(error.code.as_str(), "25001" | "2D000");
    (refused && range.len() == 1).then_some(range.start)
}

/// A work that is one transaction, with every statement for itself; `refused` is one that the
/// server refused in a transaction.
pub(crate) fn one_by_one(work: &Work, refused: Option<usize>) -> Option<Vec<Step>> {
    let steps = one_transaction(work)?.map(|number| {
        let may_commit = matches!(work.script.statements.at(number).kind, Kind::MayCommit { .. });
        if may_commit || Some(number) == refused {
            Step::Alone(number)
        } else {
            Step::Together(number..number + 1)
        }
    });
    Some(steps.collect())
}

/// What a server's error says of a work.
pub(crate) fn failure_of(
    work: &Work,
    error: Box<ServerError>,
    statement: Option<usize>,
    offset: Option<usize>,
    tries: u32,
) -> Failed {
    let span = match (offset, statement) {
        (Some(offset), _) => Some(offset..offset + word_at(work, offset)),
        (None, Some(statement)) => {
            work.script.statements.get(statement).map(|statement| statement.span)
        }
        (None, None) => None,
    };
    Failed { statement, span, tries, ..Failed::of(Cause::Server(error)) }
}

/// The length of the word at a place, as far as one looks.
fn word_at(work: &Work, offset: usize) -> usize {
    /// The longest name has 63.
    const LONGEST: usize = 256;
    let text = work.text().part(offset..offset + LONGEST).unwrap_or_default();
    let end = text.find(|c: char| c.is_whitespace() || ";,()".contains(c)).unwrap_or(text.len());
    end.max(1).min(work.text().len().saturating_sub(offset))
}

/// Follows a message and notes each work whose `commit` the server reports.
///
/// What waits for a later commit to reach the disk is not done before that: a server that crashes
/// in between takes effect and entry back, together.
struct Tracker<'a> {
    message: &'a Message,
    works: &'a [Work],
    first: usize,
    next: usize,
    since: Instant,
    unflushed: Vec<(usize, u64)>,
    done: &'a mut Vec<(usize, u64)>,
}

impl<'a> Tracker<'a> {
    fn new(
        message: &'a Message,
        works: &'a [Work],
        first: usize,
        done: &'a mut Vec<(usize, u64)>,
    ) -> Self {
        let unflushed = Vec::new();
        Self { message, works, first, next: first, since: Instant::now(), unflushed, done }
    }

    fn completed(&mut self, index: usize, events: &mut dyn Events) {
        match self.message.statement(index) {
            Some(Origin::Ours(role @ (Role::Commit | Role::CommitLater))) => {
                let took = u64::try_from(self.since.elapsed().as_millis()).unwrap_or(u64::MAX);
                self.unflushed.push((self.next, took));
                if role == Role::Commit {
                    self.done.append(&mut self.unflushed);
                }
                let work = &self.works[self.next];
                events.on(Event::Done {
                    migration: work.id().to_owned(),
                    direction: work.direction,
                    milliseconds: took,
                });
                self.next += 1;
                self.since = Instant::now();
                if self.message.units() + self.first > self.next {
                    begun(&self.works[self.next], events);
                }
            }
            Some(Origin::Script { unit, statement }) => {
                let of = self.works[unit].script.statements.len();
                events.on(Event::Statement {
                    migration: self.works[unit].id().to_owned(),
                    number: statement + 1,
                    of,
                });
            }
            Some(Origin::Ours(_)) | None => {}
        }
    }
}

/// Tries of one transaction, within a limit of time.
pub(crate) struct Tries {
    limit: Duration,
    start: Instant,
    pause: Pause,
    pub(crate) count: u32,
}

impl Tries {
    pub(crate) fn new(limit: Duration) -> Self {
        Self {
            limit,
            start: Instant::now(),
            pause: Pause::new(Duration::from_millis(200), Duration::from_secs(10)),
            count: 1,
        }
    }

    /// The pause before the next try; `None` once the time is up.
    pub(crate) fn again(&mut self) -> Option<Duration> {
        if self.start.elapsed() >= self.limit {
            return None;
        }
        self.count += 1;
        Some(self.pause.next())
    }
}
