//! Sends one message and watches it: what completes, what it waits for, whether to stop.

use std::sync::Mutex;
use std::time::Duration;

use tokio::time::Instant;
use whimbrel_sql::Literal;

use crate::run::compose::{self, Origin, Role};
use crate::run::data::Data;
use crate::run::failure::{Blocker, Stop};
use crate::run::{Lane, Run, Work, evidence, watch};
use crate::wire::{Answer, Canceller, Failure, Message, Observe, ServerError, Session};
use crate::{Event, Events, Interrupt, cancel, journal};

/// A wait longer than this is worth a look at who causes it.
const FIRST_LOOK: Duration = Duration::from_millis(400);
const NEXT_LOOK: Duration = Duration::from_millis(900);

/// What came of a message.
pub(crate) struct Sent {
    pub(crate) result: Result<Vec<Answer>, Failure>,
    /// Whoever was seen to stand in the way at the last look.
    pub(crate) blockers: Vec<Blocker>,
}

/// Statements of this message that are done, and where they came from.
type Completed<'a> = &'a mut (dyn FnMut(usize, &mut dyn Events) + Send);

impl Run<'_> {
    /// Sends a composed message; `completed` hears of each statement that is done.
    pub(crate) async fn send(
        &mut self,
        message: &compose::Message,
        works: &[Work],
        completed: Completed<'_>,
        events: &mut (dyn Events + Send),
    ) -> Sent {
        let mut wire = Message::new(message.text());
        // Within the lock's transaction the last row says whether the lock is held again. Else
        // nobody reads rows here, and a script may select a whole table.
        if !self.lane.is_within() {
            wire = wire.discard_rows();
        }
        for copy in message.copies() {
            wire = wire.copy_from(Data::of(works[copy.unit].text().slice(copy.data.clone())));
        }
        self.send_wire(wire, completed, events).await
    }

    /// Sends a message of the wire.
    pub(crate) async fn send_wire(
        &mut self,
        message: Message<'_>,
        completed: Completed<'_>,
        events: &mut (dyn Events + Send),
    ) -> Sent {
        let (interrupt, wish) = (self.interrupt, self.wish_key());
        match &mut self.lane {
            Lane::Within { lock } => {
                let canceller = lock.session.canceller();
                let shared =
                    Shared { events: Mutex::new(events), completed: Mutex::new(completed) };
                let mut observer = &shared;
                let sending = lock.session.message(message, &mut observer);
                let look = Instant::now() + FIRST_LOOK;
                watched(sending, None, look, &canceller, interrupt, &shared).await
            }
            Lane::Beside { session, lock } => {
                let canceller = session.canceller();
                let backend = if self.facts.pooled {
                    writer(self.run)
                } else {
                    session.process_id().to_string()
                };
                let shared =
                    Shared { events: Mutex::new(events), completed: Mutex::new(completed) };
                let mut observer = &shared;
                let sending = session.message(message, &mut observer);
                let look = first_look(&mut self.heeded);
                let watcher = Some(Watcher { session: &mut lock.session, backend: &backend, wish });
                watched(sending, watcher, look, &canceller, interrupt, &shared).await
            }
        }
    }
}

impl Run<'_> {
    /// Sends a message on a connection that goes round the pooler.
    pub(crate) async fn send_direct(
        &mut self,
        session: &mut Session,
        message: Message<'_>,
        events: &mut (dyn Events + Send),
    ) -> Sent {
        let (interrupt, wish) = (self.interrupt, self.wish_key());
        let canceller = session.canceller();
        let backend = session.process_id().to_string();
        let mut ignore = |_: usize, _: &mut dyn Events| {};
        let shared = Shared { events: Mutex::new(events), completed: Mutex::new(&mut ignore) };
        let mut observer = &shared;
        let sending = session.message(message, &mut observer);
        let look = first_look(&mut self.heeded);
        let watcher = match &mut self.lane {
            Lane::Beside { lock, .. } => {
                Some(Watcher { session: &mut lock.session, backend: &backend, wish })
            }
            Lane::Within { .. } => None,
        };
        watched(sending, watcher, look, &canceller, interrupt, &shared).await
    }
}

/// When a message is first looked at: where it takes long, or, in a run of many short ones, as
/// soon as it is time to see whether somebody wishes that the run stop. The server works meanwhile.
fn first_look(heeded: &mut Instant) -> Instant {
    let now = Instant::now();
    let look = (*heeded + NEXT_LOOK).clamp(now, now + FIRST_LOOK);
    if look == now {
        *heeded = now;
    }
    look
}

/// The server process that works in the run's name, where a pooler hides which it is: the one that
/// shares the run's row, or runs a step alone, which says whose it is.
fn writer(run: Option<i64>) -> String {
    const SHARES: &str = "select l.pid from pg_catalog.pg_locks l \
        where l.relation = pg_catalog.to_regclass('whimbrel_journal.runs') \
        and l.mode = 'RowShareLock' and l.granted limit 1";
    let Some(run) = run else { return format!("({SHARES})") };
    let steps = evidence::markers(run);
    let steps = Literal(&steps);
    format!(
        "coalesce(({SHARES}), (select a.pid from pg_catalog.pg_stat_activity a \
         where a.datname = pg_catalog.current_database() and a.state = 'active' \
         and pg_catalog.starts_with(a.query, {steps}) limit 1))"
    )
}

/// The lock's connection, over which a server process is watched.
struct Watcher<'a> {
    session: &'a mut Session,
    /// An expression for its number.
    backend: &'a str,
    /// What somebody holds who wants the run to stop.
    wish: Option<i64>,
}

/// The watcher of a message and the one who sends it speak to the same listener.
struct Shared<'a> {
    events: Mutex<&'a mut (dyn Events + Send)>,
    completed: Mutex<Completed<'a>>,
}

impl Shared<'_> {
    fn tell(&self, event: Event) {
        self.events.lock().expect("no listener panics while it listens").on(event);
    }
}

impl Observe for &Shared<'_> {
    fn completed(&mut self, index: usize, _tag: &str) {
        let mut events = self.events.lock().expect("no listener panics while it listens");
        let mut completed = self.completed.lock().expect("no listener panics while it listens");
        (completed)(index, &mut **events);
    }

    fn notice(&mut self, notice: &ServerError) {
        self.tell(Event::Notice {
            severity: notice.severity.clone(),
            message: notice.message.clone(),
        });
    }
}

/// Drives the sending, looking now and then at what it waits for.
async fn watched(
    sending: impl Future<Output = Result<Vec<Answer>, Failure>>,
    mut watcher: Option<Watcher<'_>>,
    mut next_look: Instant,
    canceller: &Canceller,
    interrupt: &Interrupt,
    shared: &Shared<'_>,
) -> Sent {
    tokio::pin!(sending);
    let mut blockers = Vec::new();
    let mut was_asked = false;
    loop {
        tokio::select! {
            biased;
            result = &mut sending => return Sent { result, blockers },
            () = interrupt.asked(), if !was_asked => {
                was_asked = true;
                shared.tell(Event::Cancelling);
                // Where the request does not get through, the answer itself ends the wait, or a
                // second interrupt does.
                let _ = canceller.cancel().await;
            }
            () = interrupt.insisted() => {
                return Sent { result: Err(Failure::GivenUp), blockers };
            }
            () = tokio::time::sleep_until(next_look) => {
                next_look = Instant::now() + NEXT_LOOK;
                let Some(Watcher { session, backend, wish }) = &mut watcher else { continue };
                // A failed look says that the lock's connection is gone, which is noticed before
                // the next statement is sent.
                let Ok(look) = watch::look(session, backend, *wish).await else {
                    watcher = None;
                    continue;
                };
                if let Some(by) = look.wish.filter(|_| !interrupt.is_asked()) {
                    shared.tell(Event::AskedToStop { by });
                    interrupt.ask();
                }
                if let Some(migration) = look.migration {
                    shared.tell(Event::Running { migration: migration.clone() });
                    if let Some((number, of)) = look.statement {
                        shared.tell(Event::UnderWay { migration, number, of });
                    }
                }
                if !look.blockers.is_empty() {
                    shared.tell(Event::Blocked { by: look.blockers.clone() });
                }
                if let Some(progress) = look.progress {
                    shared.tell(Event::Progress { progress });
                }
                blockers = look.blockers;
            }
        }
    }
}

impl Run<'_> {
    /// What somebody holds who wants this run to stop; without a journal nobody can name it.
    fn wish_key(&mut self) -> Option<i64> {
        let run = self.run?;
        Some(cancel::key(self.lane.lock().key().own(), run))
    }

    /// Stops where somebody wishes it before a message: what is wished in another terminal is seen
    /// while the server works on that, unless there is no second connection to see it on.
    pub(crate) async fn heed(&mut self, events: &mut (dyn Events + Send)) -> Result<(), Stop> {
        if self.lane.is_within() || self.interrupt.is_asked() {
            return self.heed_all(events).await;
        }
        Ok(())
    }

    /// Stops where somebody wishes it: a person here, at once; one in another terminal, as soon as
    /// it is worth a question to the server.
    pub(crate) async fn heed_all(&mut self, events: &mut (dyn Events + Send)) -> Result<(), Stop> {
        if self.interrupt.is_asked() {
            return Err(Stop::Interrupted);
        }
        if self.heeded.elapsed() < NEXT_LOOK {
            return Ok(());
        }
        if self.is_asked_to_stop(events).await { Err(Stop::Interrupted) } else { Ok(()) }
    }

    /// Whether somebody wishes that the run stop, in this terminal or another.
    pub(crate) async fn is_asked_to_stop(&mut self, events: &mut (dyn Events + Send)) -> bool {
        self.heeded = Instant::now();
        if self.interrupt.is_asked() {
            return true;
        }
        let Some(key) = self.wish_key() else { return false };
        let asked = format!("{}; {}", watch::ANEW, cancel::wish(key));
        let by = match self.lane.lock().session.simple(&asked).await {
            Ok(answers) => answers.last().and_then(Answer::value).map(str::to_owned),
            Err(_) => self.was_ended().await,
        };
        let Some(by) = by else { return false };
        events.on(Event::AskedToStop { by });
        self.interrupt.ask();
        true
    }

    /// Whether the lock's connection was ended by somebody who stops the run; asked on the other
    /// one, if that is there still.
    async fn was_ended(&mut self) -> Option<String> {
        let run = self.run?;
        let Lane::Beside { session, lock } = &mut self.lane else { return None };
        let cancelled = cancel::was_cancelled(session, lock.key(), run).await;
        cancelled.is_ok_and(|cancelled| cancelled).then(|| "whimbrel runs cancel --now".to_owned())
    }

    /// Sends the runner's own statements in one message.
    pub(crate) async fn own(&mut self, message: &compose::Message) -> Result<Vec<Answer>, Failure> {
        self.lane.session().simple(message.text()).await
    }

    /// Opens a transaction of the runner's own: a short wait for locks, and the fence.
    pub(crate) fn own_transaction(&mut self, lock_timeout: &str) -> compose::Message {
        let mut message = compose::Message::default();
        self.lane.open("begin", &mut message);
        message.ours(Role::Open, &format!("set local lock_timeout = '{lock_timeout}'"));
        if let Some(fence) = self.fence() {
            message.ours(Role::Fence, &fence);
        }
        message
    }

    /// Sends statements of the runner's own that must succeed.
    pub(crate) async fn own_or_stop(
        &mut self,
        message: &compose::Message,
        what: &'static str,
    ) -> Result<Vec<Answer>, Stop> {
        match self.own(message).await {
            Ok(answers) => {
                self.still_locked(&answers)?;
                Ok(answers)
            }
            Err(failure) => Err(self.not_written(message, what, failure).await?),
        }
    }

    /// Sends the first statements of a transaction of the runner's own, of which more follow.
    pub(crate) async fn go_ahead(&mut self, message: &compose::Message) -> Result<(), Stop> {
        match self.own(message).await {
            Ok(_) => Ok(()),
            Err(failure) => {
                Err(self.not_written(message, "make the ledger and begin the run", failure).await?)
            }
        }
    }

    /// Why statements of the runner's own failed, their transaction being rolled back.
    async fn not_written(
        &mut self,
        message: &compose::Message,
        what: &'static str,
        failure: Failure,
    ) -> Result<Stop, Stop> {
        let completed = match &failure {
            Failure::Server { completed, lost: false, .. } => *completed,
            Failure::Unsendable { .. } => usize::MAX,
            _ => return Ok(Stop::Lost(failure)),
        };
        let is_fence = message.statement(completed) == Some(Origin::Ours(Role::Fence));
        self.roll_back().await?;
        Ok(if is_fence { self.fenced_off() } else { Stop::Ledger { what, source: failure } })
    }

    /// Why the fence does not let this runner through: somebody else has taken over, or may.
    pub(crate) fn fenced_off(&mut self) -> Stop {
        if self.lane.lock().stands() { Stop::TakenOver } else { Stop::LockLost }
    }

    /// The statement that fails unless this runner is still the one.
    pub(crate) fn fence(&mut self) -> Option<String> {
        match (&mut self.lane, self.run) {
            // The lock is in the same transaction: nothing is surer.
            (Lane::Within { .. }, _) => None,
            (Lane::Beside { .. }, Some(run)) => Some(journal::fence(run)),
            (Lane::Beside { lock, .. }, None) => {
                let writers = lock.key().writers();
                let held = lock.key().held_by(lock.backend);
                Some(format!(
                    "select 1 / (pg_catalog.pg_try_advisory_xact_lock_shared({writers}) \
                     and {held})::int as still_running"
                ))
            }
        }
    }
}
