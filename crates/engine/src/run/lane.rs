//! The connections of a run, and how a transaction is opened and closed on them.

use crate::lock::Lock;
use crate::run::compose::{Message, Role};
use crate::wire::Session;

/// Where a run's statements go.
#[derive(Debug)]
pub(crate) enum Lane {
    /// Beside the lock, on a connection of their own: the usual way.
    Beside {
        /// For statements.
        session: Session,
        /// Holds the lock.
        lock: Lock,
    },
    /// Within the lock's own transaction, behind a pooler with a single server connection: each
    /// transaction ends by opening the next one with the lock in it.
    Within {
        /// Holds the lock and runs the statements.
        lock: Lock,
    },
}

impl Lane {
    /// The connection for statements.
    pub(crate) fn session(&mut self) -> &mut Session {
        match self {
            Self::Beside { session, .. } => session,
            Self::Within { lock } => &mut lock.session,
        }
    }

    /// The lock.
    pub(crate) fn lock(&mut self) -> &mut Lock {
        match self {
            Self::Beside { lock, .. } | Self::Within { lock } => lock,
        }
    }

    /// Whether statements run within the lock's own transaction.
    pub(crate) fn is_within(&self) -> bool {
        matches!(self, Self::Within { .. })
    }

    /// Adds what opens a transaction.
    pub(crate) fn open(&self, begin: &str, message: &mut Message) {
        match self {
            Self::Beside { .. } => message.ours(Role::Open, begin),
            // The lock's transaction is open already.
            Self::Within { .. } => {}
        }
    }

    /// Ends all connections, and with them the lock.
    pub(crate) async fn close(self) {
        match self {
            Self::Beside { session, lock } => {
                session.close().await;
                lock.release().await;
            }
            Self::Within { lock } => lock.release().await,
        }
    }

    /// Adds what commits it, and within the lock's transaction opens the next one.
    pub(crate) fn commit(&self, message: &mut Message) {
        message.ours(Role::Commit, "commit");
        if let Self::Within { lock } = self {
            for statement in lock.key().attempt() {
                message.ours(Role::Open, &statement);
            }
        }
    }
}
