//! Says what is waited for, once it lasts.

use std::time::{Duration, Instant};

use crate::{Event, Events};

/// Nobody is told of a shorter wait.
const PATIENCE: Duration = Duration::from_secs(1);

/// A wait that may last.
#[derive(Debug)]
pub(crate) struct Waiting {
    since: Instant,
    what: Option<&'static str>,
}

impl Waiting {
    pub(crate) fn for_what(what: &'static str) -> Self {
        Self { since: Instant::now(), what: Some(what) }
    }

    /// Says it when its time has come, once.
    pub(crate) fn look(&mut self, events: &mut dyn Events) {
        if self.since.elapsed() > PATIENCE
            && let Some(what) = self.what.take()
        {
            events.on(Event::Waiting { what: what.to_owned() });
        }
    }
}
