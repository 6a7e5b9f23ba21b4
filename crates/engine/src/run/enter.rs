//! The way into a run: the lock, whatever an earlier run left behind, and a fresh look.

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::time::Instant;

use crate::journal;
use crate::lock::{Lock, LockError, LockKey, Wait};
use crate::pause::Pause;
use crate::run::Lane;
use crate::state::{self, SeedEntry, State, StateError, Wanted};
use crate::wire::{ConnectError, Failure, Session};
use crate::{Event, Events, Interrupt, Target};

/// What is needed to enter a run.
#[derive(Debug)]
pub struct Enter<'a> {
    /// The database.
    pub target: &'a Target,
    /// `application_name`.
    pub application: &'a str,
    /// The lock.
    pub key: LockKey,
    /// How long to wait for another run.
    pub wait: Wait,
    /// What to read once the lock is held.
    pub wanted: Wanted<'a>,
    /// The person's wish to stop.
    pub interrupt: &'a Interrupt,
}

/// The lock is held, no transaction of an earlier run is under way, and the state was read after
/// that: whatever is chosen from it stays true until the run ends.
#[derive(Debug)]
#[must_use = "the lock ends when this is dropped"]
pub struct Entered {
    pub(crate) lane: Lane,
    /// What the ledgers say now.
    pub state: State,
}

impl Entered {
    /// The seed files that one of the state's ledgers has.
    pub async fn seeds(&mut self, ledger: usize) -> Result<BTreeMap<String, SeedEntry>, Failure> {
        state::seeds(self.lane.session(), &self.state.ledgers[ledger]).await
    }
}

/// Why a run could not be entered.
#[derive(Debug, thiserror::Error)]
pub enum EnterError {
    /// The lock was not taken.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// No connection.
    #[error("connect")]
    Connect(#[from] ConnectError),
    /// The state could not be read.
    #[error(transparent)]
    State(#[from] StateError),
    /// What an earlier run left could not be waited out.
    #[error("wait for the transactions of an earlier run")]
    WaitOut(#[source] Failure),
    /// The person interrupted the wait.
    #[error("interrupted while waiting for {what}")]
    Interrupted {
        /// What was waited for.
        what: String,
    },
    /// The limit passed.
    #[error("gave up waiting for {what}")]
    Patience {
        /// What was waited for.
        what: String,
    },
}

/// What a server may need to roll back what a run left that ended just now: that is no waiting.
const MOMENT: Duration = Duration::from_millis(500);

/// How long a pooler may take to find a server connection beside the lock's before we take it
/// that there is none.
const POOL_PATIENCE: Duration = Duration::from_secs(3);

/// Takes the lock and looks again; `None` where, while waiting, the other run did everything.
///
/// `session` is the connection that the state was read on; `is_done` judges a newer state.
pub async fn enter(
    enter: &Enter<'_>,
    session: Session,
    is_done: &mut (dyn FnMut(&State) -> bool + Send),
    events: &mut (dyn Events + Send),
) -> Result<Option<Entered>, EnterError> {
    let start = Instant::now();
    let mut pause = Pause::new(Duration::from_millis(50), Duration::from_secs(2));
    let mut session = Some(session);
    let lock = loop {
        let holder = match Lock::attempt(enter.target, enter.application, &enter.key).await {
            Ok(lock) => break lock,
            Err(LockError::Held { holder }) => holder,
            Err(error) => return Err(error.into()),
        };
        let is_patient = match enter.wait {
            Wait::No => false,
            Wait::For(limit) => start.elapsed() < limit,
            Wait::Forever => true,
        };
        if !is_patient {
            return Err(LockError::Held { holder }.into());
        }
        let who = holder.map_or_else(|| "another run".to_owned(), |holder| holder.to_string());
        let what = format!("the lock held by {who}");
        // A waiting runner holds no connection: twenty of them would fill a small pool.
        if let Some(session) = session.take() {
            session.close().await;
        }
        sleep(pause.next(), what, enter.interrupt, events).await?;
        let mut look = Session::connect(enter.target, enter.application).await?;
        let state = state::read(&mut look, enter.wanted).await?;
        let done = is_done(&state);
        look.close().await;
        if done {
            return Ok(None);
        }
    };
    let session = match session {
        Some(session) => session,
        None => Session::connect(enter.target, enter.application).await?,
    };
    let mut lane = beside_or_within(session, lock).await?;
    wait_out(enter, &mut lane, start, events).await?;
    let state = state::read(lane.session(), enter.wanted).await?;
    Ok(Some(Entered { lane, state }))
}

/// Finds out whether there is a server connection beside the lock's.
async fn beside_or_within(mut session: Session, lock: Lock) -> Result<Lane, EnterError> {
    let is_pooled = lock.backend != lock.session.process_id();
    if !is_pooled {
        return Ok(Lane::Beside { session, lock });
    }
    match tokio::time::timeout(POOL_PATIENCE, session.simple("select 1")).await {
        Ok(Ok(_)) => Ok(Lane::Beside { session, lock }),
        Ok(Err(failure)) => Err(EnterError::State(StateError::Failed(failure))),
        Err(_) => Ok(Lane::Within { lock }),
    }
}

/// Waits until no transaction in the name of an earlier run is left, and marks such runs as lost,
/// so that they can commit nothing more.
///
/// Nobody waits inside the server: rows that a transaction still shares are skipped and asked for
/// again.
async fn wait_out(
    enter: &Enter<'_>,
    lane: &mut Lane,
    start: Instant,
    events: &mut (dyn Events + Send),
) -> Result<(), EnterError> {
    let mut pause = Pause::new(Duration::from_millis(20), Duration::from_secs(1));
    let mut has_journal = false;
    loop {
        let message = quieten(&enter.key, has_journal);
        let answers = lane.session().simple(&message).await.map_err(EnterError::WaitOut)?;
        let answers: Vec<bool> =
            answers.iter().filter_map(|answer| answer.value()).map(|value| value == "t").collect();
        let (is_there, is_quiet) = answers.split_last().expect("it asks for the journal");
        // The transaction that was waited out may be the one that made the journal.
        if has_journal != *is_there {
            has_journal = *is_there;
            continue;
        }
        if is_quiet.iter().all(|quiet| *quiet) {
            return Ok(());
        }
        let what = "a transaction of an earlier run to end".to_owned();
        let limit = match enter.wait {
            Wait::No => Some(MOMENT),
            Wait::For(limit) => Some(limit),
            Wait::Forever => None,
        };
        if limit.is_some_and(|limit| start.elapsed() >= limit) {
            return Err(EnterError::Patience { what });
        }
        sleep(pause.next(), what, enter.interrupt, events).await?;
    }
}

/// Statements that answer whether nothing is under way in the name of an earlier run, having marked
/// such runs as lost, and last whether there is a journal.
///
/// The writers' key comes first: a run's row whose transaction held it is there once it is had.
fn quieten(key: &LockKey, has_journal: bool) -> String {
    let mut statements =
        vec![format!("select pg_catalog.pg_try_advisory_xact_lock({}) as quiet", key.writers())];
    if has_journal {
        statements.extend([journal::take_over(key.own()), journal::is_quiet(key.own())]);
    }
    statements.push(format!(
        "select pg_catalog.to_regclass('{}.runs') is not null as has_journal",
        journal::SCHEMA
    ));
    statements.join("; ")
}

async fn sleep(
    length: Duration,
    what: String,
    interrupt: &Interrupt,
    events: &mut (dyn Events + Send),
) -> Result<(), EnterError> {
    events.on(Event::Waiting { what: what.clone() });
    tokio::select! {
        () = tokio::time::sleep(length) => Ok(()),
        () = interrupt.asked() => Err(EnterError::Interrupted { what }),
    }
}
