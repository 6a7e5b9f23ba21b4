//! One row of a ledger, in the terms that all ledgers share.

/// One row of a ledger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// What the ledger calls the migration: a [`crate::Migration::key`].
    pub key: String,
    /// The id within its history: the key without the history's prefix.
    pub id: String,
    /// The history that the ledger names; `None` where it names none.
    pub history: Option<String>,
    /// What a person calls it.
    pub name: Option<String>,
    /// What the ledger says of it.
    pub status: Status,
    /// When it was applied: `2026-01-31T12:00:00.000000Z`.
    pub applied_at: Option<String>,
    /// What wrote the row, where `applied_at` does not tell one writing from the next: the
    /// transaction's number.
    pub written: Option<String>,
    /// How long it took.
    pub execution_time_ms: Option<i64>,
    /// Whether it was recorded as applied without having run.
    pub marked: bool,
    /// The checksum recorded, in the ledger's own algorithm.
    pub checksum: Option<String>,
    /// The fingerprints recorded.
    pub fingerprints: Option<Fingerprints>,
    /// Whether the ledger holds a down script.
    pub down: Down,
    /// The error of its last failure.
    pub error: Option<String>,
    /// The script of it that was begun step by step and is not finished, where the ledger says so.
    pub unfinished: Option<Direction>,
}

/// Which way a migration goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Direction {
    /// It is applied.
    Up,
    /// It is undone.
    Down,
}

impl Direction {
    /// `up` or `down`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Up => "up",
            Self::Down => "down",
        }
    }

    /// Reads what [`Direction::name`] writes.
    pub fn read(name: &str) -> Option<Self> {
        [Self::Up, Self::Down].into_iter().find(|direction| direction.name() == name)
    }
}

/// The fingerprints of a migration's parts as they were when it was applied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fingerprints {
    /// Of header and directives; `None` where only the scripts are known.
    pub header: Option<String>,
    /// Of the up script.
    pub up: String,
    /// Of the down script, if it had one.
    pub down: Option<String>,
}

/// Whether a ledger holds the script that undoes a migration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Down {
    /// It does.
    Recorded,
    /// It has a place for it, which is empty.
    None,
    /// It has no place for it.
    Unknown,
}

/// What a ledger says of a migration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// Registered, or set back by a person.
    Pending,
    /// Begun step by step and not finished.
    Running,
    /// Applied.
    Completed,
    /// Tried without success.
    Failed,
    /// Applied and undone.
    RolledBack,
}

/// The scripts that a ledger keeps of one migration.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Recorded {
    /// The up script, or its statements.
    pub up: Vec<String>,
    /// The down script, or its statements.
    pub down: Option<Vec<String>>,
}

impl Recorded {
    /// The up script as one text.
    pub fn up_text(&self) -> String {
        join(&self.up)
    }

    /// The down script as one text.
    pub fn down_text(&self) -> Option<String> {
        self.down.as_deref().map(join)
    }

    /// The fingerprints of both.
    pub fn fingerprints(&self) -> Fingerprints {
        Fingerprints {
            header: None,
            up: crate::hash::fingerprint(&self.up_text()),
            down: self.down_text().as_deref().map(crate::hash::fingerprint),
        }
    }
}

/// Statements as a script that reads back as the same statements.
fn join(statements: &[String]) -> String {
    let mut text = String::new();
    for statement in statements {
        text.push_str(statement);
        let last_line = statement.rsplit('\n').next().unwrap_or_default();
        text.push_str(if last_line == "\\." {
            "\n"
        } else if last_line.contains("--") {
            "\n;\n"
        } else if last_line.ends_with(';') {
            "\n"
        } else {
            ";\n"
        });
    }
    text
}
