//! The person's wish to stop.

use std::sync::Arc;

use tokio::sync::watch;

/// Tells a run that it should stop: once to stop cleanly, twice to stop at once.
///
/// Cloned freely; all clones see the same wish.
#[derive(Clone, Debug)]
pub struct Interrupt {
    sender: Arc<watch::Sender<u8>>,
}

impl Default for Interrupt {
    fn default() -> Self {
        Self { sender: Arc::new(watch::Sender::new(0)) }
    }
}

impl Interrupt {
    /// Asks to stop; the second time, at once.
    pub fn ask(&self) {
        self.sender.send_modify(|times| *times = times.saturating_add(1));
    }

    /// Whether somebody asked.
    pub fn is_asked(&self) -> bool {
        *self.sender.borrow() > 0
    }

    /// Ends when somebody has asked.
    pub async fn asked(&self) {
        self.times(1).await;
    }

    /// Ends when somebody has asked twice.
    pub async fn insisted(&self) {
        self.times(2).await;
    }

    async fn times(&self, wanted: u8) {
        let mut receiver = self.sender.subscribe();
        // The sender lives as long as `self`, so waiting cannot fail.
        let _ = receiver.wait_for(|times| *times >= wanted).await;
    }
}
