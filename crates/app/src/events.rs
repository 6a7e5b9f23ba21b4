//! What a use case tells and asks while it works.

use whimbrel_engine::Events as Watch;

use crate::wire::{Confirmation, MigrationShown};

/// Somebody who watches and can be asked.
pub trait Events: Watch {
    /// Hears how many migrations are going to run.
    fn planned(&mut self, count: usize) {
        let _ = count;
    }

    /// Hears what is going to run, and what it loses, where nobody is asked about it.
    fn loses(&mut self, migrations: &[MigrationShown]) {
        let _ = migrations;
    }

    /// Hears that a hook begins.
    fn hook_begins(&mut self, hook: &str, what: &str) {
        let _ = (hook, what);
    }

    /// Hears a line that a hook says.
    fn hook_says(&mut self, line: &str) {
        let _ = line;
    }

    /// Asks a person; [`Answer::Nobody`] where there is none.
    fn ask(&mut self, question: &Question<'_>) -> Answer;
}

/// A question to a person.
#[derive(Clone, Debug)]
pub enum Question<'a> {
    /// Whether to run this.
    Proceed(&'a Confirmation),
}

/// A person's answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Go on.
    Yes,
    /// Do not.
    No,
    /// Nobody is there to ask.
    Nobody,
    /// The person interrupted.
    Interrupted,
}
