//! One row of a ledger, in the terms that all ledgers share.

/// One row of a ledger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The id as the ledger has it, without the history's prefix.
    pub id: String,
    /// The history that the ledger names; `None` in ledgers that hold only one.
    pub history: Option<String>,
    /// What a person calls it.
    pub name: Option<String>,
    /// What the ledger says of it.
    pub status: Status,
    /// When it was applied, as Postgres writes a `timestamptz` in UTC.
    pub applied_at: Option<String>,
    /// How long it took.
    pub execution_time_ms: Option<i64>,
    /// The checksum recorded, in the ledger's own algorithm.
    pub checksum: Option<String>,
    /// The fingerprints recorded: header, up, down.
    pub fingerprints: Option<[String; 3]>,
    /// The error of its last failure.
    pub error: Option<String>,
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
