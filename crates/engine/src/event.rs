//! What happens during a run, as it happens.

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
}

/// Somebody who watches.
pub trait Events: Send {
    /// Takes note of an event.
    fn on(&mut self, event: Event);
}
