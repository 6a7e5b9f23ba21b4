//! What can go wrong with a migration, and why a run ends early.

use whimbrel_history::TextError;
use whimbrel_sql::{Mode, Span};

use crate::lock::Holder;
use crate::run::Work;
use crate::wire::{ConnectError, Failure, ServerError};

/// A migration that failed.
#[derive(Debug, thiserror::Error)]
#[error("{}", cause_text(.cause, *.statement))]
pub struct Failed {
    /// What happened.
    #[source]
    pub cause: Cause,
    /// Which of the script's statements, if one can be named.
    pub statement: Option<usize>,
    /// The bytes of the script that the error is about.
    pub span: Option<Span>,
    /// Whether everything that the migration did was rolled back.
    pub rolled_back: bool,
    /// How many steps of it are done and stay, where it is not one transaction.
    pub steps_done: usize,
    /// Who stood in the way, seen while it waited.
    pub blockers: Vec<Blocker>,
    /// How often it was tried.
    pub tries: u32,
}

fn cause_text(cause: &Cause, statement: Option<usize>) -> String {
    match statement {
        Some(number) if matches!(cause, Cause::Refused { .. }) => {
            format!("statement {}: {cause}", number + 1)
        }
        Some(number) => format!("statement {} failed: {cause}", number + 1),
        None => cause.to_string(),
    }
}

/// Why a migration failed.
#[derive(Debug, thiserror::Error)]
pub enum Cause {
    /// The server refused a statement.
    #[error("{}", .0.message)]
    Server(Box<ServerError>),
    /// A step began in an earlier run and nothing tells whether it ran.
    #[error("step {step} was begun by run {run}, and nothing tells whether it ran: {why}")]
    UnknownOutcome {
        /// The step, from 1.
        step: usize,
        /// The run.
        run: i64,
        /// Why the catalog cannot tell.
        why: String,
    },
    /// A step that is done reads differently now.
    #[error("step {step} is done, but the file has another statement in its place now")]
    StepChanged {
        /// The step, from 1.
        step: usize,
        /// How the statement that is done begins.
        was: String,
    },
    /// It was begun step by step, and the intents of its steps are gone.
    #[error("its steps were begun, and the journal that says which are done is gone")]
    StepsLost,
    /// It needs the journal, and there is none.
    #[error("{because}, and without the journal an interrupted run could not be resumed")]
    NeedsJournal {
        /// Why it is not one transaction.
        because: String,
    },
    /// A timeout would cancel a statement that must not be cancelled, behind a pooler.
    #[error(
        "{name} is {milliseconds} ms, which would cancel `{statement}`, and behind a \
         transaction pooler it cannot be set for this connection alone"
    )]
    PooledTimeout {
        /// The setting.
        name: String,
        /// Its value.
        milliseconds: i64,
        /// How the statement begins.
        statement: String,
    },
    /// What the script set before holds for the session, which a pooler shares.
    #[error(
        "`{statement}` runs outside a transaction and needs `{setting}`, which behind a \
         transaction pooler cannot be set for this connection alone"
    )]
    PooledSetting {
        /// How the statement that sets it begins.
        setting: String,
        /// How the statement begins.
        statement: String,
    },
    /// The pooler has one server connection, and the lock holds it.
    #[error("`{statement}` cannot run: the pooler has one server connection and the lock holds it")]
    PoolOfOne {
        /// How the statement begins.
        statement: String,
    },
    /// Its text cannot be had any more.
    #[error(transparent)]
    Text(#[from] TextError),
    /// A statement is nothing that the protocol can carry; nothing of it was sent.
    #[error("{source}")]
    Unsendable {
        /// Why.
        source: std::io::Error,
    },
    /// What it says about transactions contradicts itself.
    #[error("{because}")]
    Refused {
        /// Why.
        because: String,
        /// What to do about it.
        hint: String,
    },
}

impl Failed {
    /// A work whose script cannot be run at all.
    pub(crate) fn refused(work: &Work) -> Self {
        let (statement, because, hint) = match &work.script.mode {
            Mode::Refused { statement, because, hint } => (*statement, because, hint.clone()),
            Mode::Steps { because, .. } => (0, because, String::new()),
            Mode::One { .. } => (0, &work.definition.migration.id, String::new()),
        };
        Self {
            statement: Some(statement),
            span: work.script.statements.get(statement).map(|statement| statement.span),
            ..Self::of(Cause::Refused { because: because.clone(), hint })
        }
    }

    /// A work that failed before the server had a say in it; what it did, if anything, was rolled
    /// back.
    pub(crate) fn of(cause: Cause) -> Self {
        Self {
            cause,
            statement: None,
            span: None,
            rolled_back: true,
            steps_done: 0,
            blockers: Vec::new(),
            tries: 0,
        }
    }
}

/// Somebody who holds what a statement waits for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Blocker {
    /// Its server process.
    pub pid: i32,
    /// The role.
    pub user: String,
    /// Its `application_name`.
    pub application: String,
    /// `active`, `idle in transaction` …
    pub state: String,
    /// Seconds since its transaction began.
    pub seconds: i64,
    /// How its query begins.
    pub query: String,
}

impl std::fmt::Display for Blocker {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { pid, user, application, state, seconds, query } = self;
        write!(f, "pid {pid} ({application} as {user}, {state}, {seconds} s): {query}")
    }
}

/// Why a run ended before its works did.
#[derive(Debug, thiserror::Error)]
pub enum Stop {
    /// The person interrupted it.
    #[error("interrupted")]
    Interrupted,
    /// The connection was lost; what it did until then is recorded or undone.
    #[error("lost the connection to the database")]
    Lost(#[source] Failure),
    /// It could not be made again.
    #[error("connect again")]
    Connect(#[source] ConnectError),
    /// The lock's connection was lost.
    #[error("lost the lock's connection")]
    LockLost,
    /// Another run holds the lock again.
    #[error("another run took the lock{}", .0.as_ref().map(|holder| format!(": {holder}")).unwrap_or_default())]
    LockTaken(Option<Holder>),
    /// Another run took this one for dead, and took over.
    #[error("another run took over, because this one seemed dead")]
    TakenOver,
    /// A script cannot be read any more, so that it cannot be written down.
    #[error(transparent)]
    Text(TextError),
    /// The ledger or the journal could not be made or written.
    #[error("{what}")]
    Ledger {
        /// What was to be done.
        what: &'static str,
        /// Why it failed.
        #[source]
        source: Failure,
    },
}

impl Stop {
    /// What became of a question to the server.
    pub(crate) fn asking(what: &'static str) -> impl Fn(Failure) -> Self + Copy {
        move |failure| {
            if failure.is_lost() {
                Self::Lost(failure)
            } else {
                Self::Ledger { what, source: failure }
            }
        }
    }

    /// Whether a new attempt from the start (lock, ledger, choice) may well succeed.
    pub fn may_go_on(&self) -> bool {
        match self {
            Self::Lost(_) | Self::LockLost | Self::LockTaken(_) | Self::TakenOver => true,
            Self::Interrupted | Self::Connect(_) | Self::Text(_) | Self::Ledger { .. } => false,
        }
    }
}
