//! The exit codes, in one list.

/// How a command ended, as the shell that called it sees it.
///
/// ```
/// # use whimbrel_app::Exit;
/// assert_eq!(Exit::Locked.code(), 6);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Exit {
    /// What was asked for is done, or there was nothing to do.
    Done = 0,
    /// A migration or a rehearsal failed.
    Failed = 1,
    /// The command line, the configuration or a migration file is wrong.
    Usage = 2,
    /// `--check` found something pending or different.
    Pending = 3,
    /// Refused for safety.
    Refused = 4,
    /// The database could not be reached.
    Unreachable = 5,
    /// Another run holds the lock.
    Locked = 6,
    /// Everything is done and recorded, and a hook after it failed.
    Attention = 7,
    /// Stopped because its terminal went away.
    HungUp = 129,
    /// Stopped by Ctrl-C.
    Interrupted = 130,
    /// Stopped by a termination signal.
    Terminated = 143,
}

impl Exit {
    /// Every exit code, ascending.
    pub const ALL: &'static [Self] = &[
        Self::Done,
        Self::Failed,
        Self::Usage,
        Self::Pending,
        Self::Refused,
        Self::Unreachable,
        Self::Locked,
        Self::Attention,
        Self::HungUp,
        Self::Interrupted,
        Self::Terminated,
    ];

    /// The number itself.
    pub fn code(self) -> u8 {
        self as u8
    }

    /// The word for it in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Usage => "usage",
            Self::Pending => "pending",
            Self::Refused => "refused",
            Self::Unreachable => "unreachable",
            Self::Locked => "locked",
            Self::Attention => "attention",
            Self::HungUp => "hung-up",
            Self::Interrupted => "interrupted",
            Self::Terminated => "terminated",
        }
    }

    /// What happened.
    pub fn meaning(self) -> &'static str {
        match self {
            Self::Done => "What was asked for is done, or there was nothing to do.",
            Self::Failed => {
                "A migration failed, in the database or already in the rehearsal, or the hook before it."
            }
            Self::Usage => {
                "The command line, whimbrel.toml or a migration file cannot be understood."
            }
            Self::Pending => {
                "`--check` found migrations pending, or something that ought to be equal and is not."
            }
            Self::Refused => {
                "Refused for safety: nobody consented, a migration is applied already, was modified, is out of order, needs others first or has no way back, a proof failed, a rehearsal that was asked for cannot be held."
            }
            Self::Unreachable => "The database could not be reached, or did not let us in.",
            Self::Locked => "Another run holds the lock of this database.",
            Self::Attention => "Everything is done and recorded, but a hook after it failed.",
            Self::HungUp => "Stopped because its terminal went away (SIGHUP).",
            Self::Interrupted => "Stopped by Ctrl-C.",
            Self::Terminated => "Stopped by a termination signal (SIGTERM).",
        }
    }

    /// What a script that sees it should do.
    pub fn advice(self) -> &'static str {
        match self {
            Self::Done => "Go on.",
            Self::Failed => {
                "Read the error: it says what was rolled back and what to do. Running again before that fails again."
            }
            Self::Usage => "Fix what the message names. The database was not changed.",
            Self::Pending => "Run `whimbrel up`, or look at `whimbrel status`.",
            Self::Refused => {
                "Decide, and say so with the flag that the message names. The database was not changed."
            }
            Self::Unreachable => "Try again later. Nothing is known to have been changed.",
            Self::Locked => "Try again later, or wait for it (`--wait`).",
            Self::Attention => {
                "Do by hand what the hook was to do. Running again has nothing to do, and runs no hook."
            }
            Self::HungUp | Self::Interrupted | Self::Terminated => {
                "What had been applied stays applied and is recorded; the next run goes on from there."
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_and_names_are_unique_and_ascend() {
        let codes: Vec<u8> = Exit::ALL.iter().map(|exit| exit.code()).collect();
        let mut sorted = codes.clone();
        sorted.sort_unstable();
        sorted.dedup();
        assert_eq!(codes, sorted);
        let names: std::collections::BTreeSet<_> =
            Exit::ALL.iter().map(|exit| exit.name()).collect();
        assert_eq!(names.len(), Exit::ALL.len());
    }
}
