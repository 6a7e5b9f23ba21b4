//! The fault walk: does harm at every message of a run of Whimbrel, and asks the database.
//!
//! A run of each [`Script`] is recorded, message by message, in both directions and on all of its
//! connections. Then the run is made again for every message and every [`Harm`], on a fresh copy of
//! the database, with the harm done there: before the message arrives, and, where it is Whimbrel's,
//! also right after it was passed on, when the server has begun to work on it. The database is
//! judged as it was left, `whimbrel up` runs again, and the database is judged once more.

mod court;
mod judge;
mod results;
mod scene;
mod script;
mod scripts;
mod stage;
mod table;
mod trial;
mod walk;

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{Point, When};

pub use court::Court;
pub use results::Keep;
pub use script::{Course, Effect, Script, Scripted, Step};
pub use scripts::scripts;
pub use walk::{Part, Progress, Report, Walk};

/// What is done to a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Harm {
    /// The connection of the message is cut.
    Cut,
    /// Whimbrel is killed (SIGKILL).
    Kill,
    /// The server process of the connection is terminated.
    Terminate,
    /// The server is stopped at once, without a checkpoint, and started again.
    Restart,
}

/// How Whimbrel reaches the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Way {
    /// Without anything in between.
    Direct,
    /// Through PgBouncer in transaction mode.
    Pooled,
}

/// Where in a run harm is done.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Spot {
    /// At which message.
    pub point: Point,
    /// Whether the message still arrives.
    pub when: When,
    /// The message's name.
    pub name: String,
}

impl Harm {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Cut, Self::Kill, Self::Terminate, Self::Restart];
}

impl Way {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Direct, Self::Pooled];
}

impl fmt::Display for Harm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Cut => "cut",
            Self::Kill => "kill",
            Self::Terminate => "terminate",
            Self::Restart => "restart",
        })
    }
}

impl fmt::Display for Way {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Direct => "direct",
            Self::Pooled => "PgBouncer",
        })
    }
}

impl fmt::Display for Spot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let when = match self.when {
            When::Before => "before",
            When::After => "after",
        };
        write!(f, "{when} {} {}", self.point, self.name)
    }
}
