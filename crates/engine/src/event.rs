//! What happens during a run, as it happens.

use crate::run::{Blocker, Direction, Progress};

/// Something that happened, for whoever watches.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// A wait that lasts, and for what: `the lock held by pid 4711 (app, since 12 s)`.
    Waiting {
        /// What is waited for.
        what: String,
    },
    /// Work that takes a while: a download, an unpacking.
    Working {
        /// What is done.
        what: String,
        /// Share done, of 100, where it is known.
        percent: Option<u8>,
    },
    /// A migration has begun.
    Started {
        /// Its id.
        migration: String,
        /// Which way.
        direction: Direction,
    },
    /// A migration is under way, as a look at the server showed: its answers to several migrations
    /// come at once.
    Running {
        /// Its id, cut to what `application_name` holds.
        migration: String,
    },
    /// A migration is done and recorded.
    Done {
        /// Its id.
        migration: String,
        /// Which way.
        direction: Direction,
        /// How long it took, as seen from here.
        milliseconds: u64,
    },
    /// A statement of a migration is under way, as a look at the server showed.
    UnderWay {
        /// The migration's id, cut to what `application_name` holds.
        migration: String,
        /// The statement, from 1.
        number: usize,
        /// How many there are.
        of: usize,
    },
    /// A statement of a migration is done; its transaction may still fail.
    Statement {
        /// The migration's id.
        migration: String,
        /// The statement, from 1.
        number: usize,
        /// How many there are.
        of: usize,
    },
    /// A step of a migration that is not one transaction has begun.
    Step {
        /// The migration's id.
        migration: String,
        /// The step, from 1.
        number: usize,
        /// How many there are.
        of: usize,
    },
    /// A statement waits for others.
    Blocked {
        /// Who they are.
        by: Vec<Blocker>,
    },
    /// How far a long command is.
    Progress {
        /// As the server says.
        progress: Progress,
    },
    /// A transaction was rolled back and will be tried again.
    Retry {
        /// The migration's id.
        migration: String,
        /// What the server said.
        because: String,
        /// Who stood in the way.
        blockers: Vec<Blocker>,
    },
    /// Something that an earlier try left is put away.
    CleaningUp {
        /// The statement that does it.
        statement: String,
    },
    /// The server has something to say.
    Notice {
        /// `NOTICE`, `WARNING` …
        severity: String,
        /// What.
        message: String,
    },
    /// There will be no journal: the role may not make its schema.
    NoJournal {
        /// The role.
        role: String,
    },
    /// Somebody in another terminal asks the run to stop.
    AskedToStop {
        /// Who: `whimbrel runs cancel by ada@laptop`.
        by: String,
    },
    /// The statement under way is being cancelled.
    Cancelling,
    /// No connection of our own could be made, and another way is taken.
    OtherWay {
        /// Its name on the command line.
        way: &'static str,
        /// Why.
        because: String,
    },
    /// The connection was lost; the run begins again from what the ledgers say.
    Reconnecting {
        /// Why.
        because: String,
    },
}

/// Somebody who watches.
pub trait Events: Send {
    /// Takes note of an event.
    fn on(&mut self, event: Event);

    /// Says, after a failure, whether to go on with what does not depend on it.
    fn go_on(&mut self, migration: &str, error: &str) -> bool {
        let _ = (migration, error);
        false
    }
}

/// Nobody watches.
impl Events for () {
    fn on(&mut self, _event: Event) {}
}
