//! A script: its statements, and how it can be run.

use crate::Span;

/// A text cut into statements.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Script {
    /// The statements in their order; empty ones are left out.
    pub statements: Vec<Statement>,
    /// How the whole can be run.
    pub mode: Mode,
}

/// One statement of a script.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    /// From its first token to its last, the semicolon and comments around it left out.
    pub span: Span,
    /// The lines of `copy … from stdin`, without the closing `\.` line.
    pub data: Option<Span>,
    /// What kind of statement it is, as far as running it is concerned.
    pub kind: Kind,
}

/// What a runner must know of a statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Runs anywhere.
    Plain,
    /// `begin`, `start transaction`.
    Begin,
    /// `commit`, `end`.
    Commit,
    /// `rollback`, `abort` (not `rollback to`).
    Rollback,
    /// `prepare transaction`, `commit prepared`, `rollback prepared`.
    TwoPhase,
    /// Refused by the server inside a transaction block.
    Alone(Alone),
    /// `call`, or `do` whose body holds a `commit` or `rollback` of its own.
    MayCommit {
        /// Whether the script itself shows that it ends transactions (else only the server knows).
        seen: bool,
    },
    /// `alter type … add value`: the new value may be used only after a commit.
    AddEnumValue {
        /// The value added, unquoted.
        value: String,
    },
    /// `copy … from stdin` with its data in the script.
    CopyIn,
    /// `set standard_conforming_strings`: the text after it reads differently.
    Strings {
        /// The setting from here on.
        standard_conforming: bool,
    },
}

/// A statement that runs only outside a transaction block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Alone {
    /// `create [unique] index concurrently`.
    CreateIndexConcurrently {
        /// The index as written, unquoted; `None` where the server chooses the name.
        index: Option<String>,
        /// The table as written, its parts unquoted.
        table: Vec<String>,
        /// `if not exists` was given.
        if_not_exists: bool,
    },
    /// `drop index concurrently`.
    DropIndexConcurrently {
        /// The index as written, its parts unquoted.
        index: Vec<String>,
    },
    /// `reindex … concurrently`, `reindex schema|database|system`.
    Reindex,
    /// `vacuum` in any form.
    Vacuum,
    /// `cluster` without a table.
    Cluster,
    /// `alter table … detach partition … concurrently`.
    DetachConcurrently,
    /// Any other, told by its leading words: `create database`, `drop tablespace`, `alter system` …
    Other(String),
}

/// How a script is run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mode {
    /// In one transaction with its ledger entry.
    ///
    /// `statements` leaves out the `begin` and `commit` of a file that is one such block.
    One {
        /// The statements to send, by index.
        statements: std::ops::Range<usize>,
    },
    /// Step by step, each with its intent before and its outcome after.
    Steps {
        /// The steps in their order.
        steps: Vec<Step>,
        /// Why: lowercase, no full stop (`create index concurrently cannot run inside a
        /// transaction`).
        because: String,
    },
}

/// One step of a script that is not one transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Statements that commit together, with the step's outcome.
    Together(std::ops::Range<usize>),
    /// One statement in a message of its own, outside any transaction block.
    Alone(usize),
}
