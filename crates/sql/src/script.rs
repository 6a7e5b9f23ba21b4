//! A script: its statements, and how it can be run.

use crate::{Backslash, Statements};

/// A text cut into statements.
///
/// The cut assumes that the session reads the script's start with `standard_conforming_strings`
/// on; whoever runs it sees to that.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Script {
    /// The statements in their order.
    pub statements: Statements,
    /// How the whole can be run.
    pub mode: Mode,
    /// Whether statements may share a message.
    pub sending: Sending,
}

/// Whether statements of a script may share a message.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Sending {
    /// Any number of statements may go in one simple message.
    #[default]
    Together,
    /// Each statement needs a message of its own, though they may share a transaction.
    ///
    /// The server cuts a whole message before it runs any of it, so a change of
    /// `standard_conforming_strings` reaches only the next message.
    OneByOne,
}

/// What a runner must know of a statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Runs anywhere.
    Plain,
    /// `begin`, `start transaction`.
    Begin {
        /// The transaction modes as written: `isolation level serializable, read only`.
        modes: Option<String>,
    },
    /// `commit`, `end`.
    Commit {
        /// `and chain`: another transaction with the same modes begins at once.
        chain: bool,
    },
    /// `rollback`, `abort` (not `rollback to`).
    Rollback,
    /// `prepare transaction`.
    PrepareTransaction,
    /// Refused by the server inside a transaction block.
    Alone(Alone),
    /// `call`, or `do` whose body holds a `commit` or `rollback` of its own.
    MayCommit {
        /// Whether the script itself shows that it ends transactions (else only the server knows,
        /// and says 2D000 where it was called inside a transaction block).
        seen: bool,
    },
    /// `alter type … add value`: the new value may be used only after a commit.
    AddEnumValue {
        /// The type as written, its parts unquoted.
        enum_type: Vec<String>,
        /// The value added, unquoted.
        value: String,
        /// `if not exists` was given.
        if_not_exists: bool,
    },
    /// `copy … from stdin` with its data in the script.
    CopyIn,
    /// `set`, `reset` or `select set_config(…)`: what it sets holds for the session's rest, so that
    /// later steps need it [again](Script::settings_before).
    Setting,
    /// A change of `standard_conforming_strings`: the text after it reads differently.
    Strings {
        /// How `'…'` is read from here on.
        backslash: Backslash,
        /// How long.
        scope: Scope,
    },
}

/// How long a setting holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Till the session ends.
    Session,
    /// Till the transaction ends.
    Transaction,
}

/// A statement that runs only outside a transaction block.
///
/// Names are as written, unquoted, one element a part: what the server makes of them depends on
/// its `search_path`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Alone {
    /// `create [unique] index concurrently`.
    CreateIndexConcurrently {
        /// The index; `None` where the server chooses the name. It lies in the table's schema.
        index: Option<String>,
        /// The table.
        table: Vec<String>,
        /// `if not exists` was given.
        if_not_exists: bool,
    },
    /// `drop index concurrently`.
    DropIndexConcurrently {
        /// The index.
        index: Vec<String>,
        /// `if exists` was given.
        if_exists: bool,
    },
    /// `reindex … concurrently`, `reindex schema|database|system`.
    Reindex {
        /// What is rebuilt.
        target: ReindexTarget,
        /// Its name; empty for the current database.
        name: Vec<String>,
        /// `concurrently` was given: a failure leaves invalid `…_ccnew` indexes behind.
        concurrently: bool,
    },
    /// `vacuum` in any form.
    Vacuum,
    /// `cluster` without a table.
    Cluster,
    /// `alter table … detach partition … concurrently`.
    DetachConcurrently {
        /// The partitioned table.
        table: Vec<String>,
        /// The partition.
        partition: Vec<String>,
    },
    /// `create database`.
    CreateDatabase {
        /// The database.
        name: String,
    },
    /// `drop database`.
    DropDatabase {
        /// The database.
        name: String,
        /// `if exists` was given.
        if_exists: bool,
    },
    /// `alter database … set tablespace`.
    MoveDatabase {
        /// The database.
        name: String,
        /// Where it goes.
        tablespace: String,
    },
    /// `create tablespace`.
    CreateTablespace {
        /// The tablespace.
        name: String,
    },
    /// `drop tablespace`.
    DropTablespace {
        /// The tablespace.
        name: String,
        /// `if exists` was given.
        if_exists: bool,
    },
    /// `alter system`.
    AlterSystem,
    /// `create subscription`, unless `connect` or `create_slot` is off.
    CreateSubscription {
        /// The subscription.
        name: String,
    },
    /// `alter subscription` that refreshes it or changes its slot on the publisher.
    AlterSubscription {
        /// The subscription.
        name: String,
        /// The publications that it adds to its own or drops from them.
        publications: Option<Publications>,
    },
    /// `drop subscription`. The server allows it in a transaction block where the subscription has
    /// no slot, which only its catalog can tell.
    DropSubscription {
        /// The subscription.
        name: String,
        /// `if exists` was given.
        if_exists: bool,
    },
    /// `commit prepared`, `rollback prepared`.
    FinishPrepared {
        /// The transaction's identifier.
        gid: String,
        /// Whether it is committed, or rolled back.
        commits: bool,
    },
    /// `discard all`.
    DiscardAll,
    /// Any other, told by its leading words.
    Other(String),
}

/// What an `alter subscription` adds or drops.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Publications {
    /// Whether the subscription is to have them.
    pub added: bool,
    /// Their names.
    pub names: Vec<String>,
}

/// What a `reindex` names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReindexTarget {
    /// One index.
    Index,
    /// A table's indexes.
    Table,
    /// Those of a schema.
    Schema,
    /// Those of the current database but for the system catalogs'.
    Database,
    /// Those of the system catalogs.
    System,
}

impl Alone {
    /// Names the statement by its leading words.
    pub fn what(&self) -> &str {
        match self {
            Self::CreateIndexConcurrently { .. } => "create index concurrently",
            Self::DropIndexConcurrently { .. } => "drop index concurrently",
            Self::Reindex { target, concurrently, .. } => match (target, concurrently) {
                (ReindexTarget::Index, _) => "reindex index concurrently",
                (ReindexTarget::Table, _) => "reindex table concurrently",
                (ReindexTarget::Schema, true) => "reindex schema concurrently",
                (ReindexTarget::Schema, false) => "reindex schema",
                (ReindexTarget::Database, true) => "reindex database concurrently",
                (ReindexTarget::Database, false) => "reindex database",
                (ReindexTarget::System, _) => "reindex system",
            },
            Self::Vacuum => "vacuum",
            Self::Cluster => "cluster",
            Self::DetachConcurrently { .. } => "alter table … detach partition … concurrently",
            Self::CreateDatabase { .. } => "create database",
            Self::DropDatabase { .. } => "drop database",
            Self::MoveDatabase { .. } => "alter database … set tablespace",
            Self::CreateTablespace { .. } => "create tablespace",
            Self::DropTablespace { .. } => "drop tablespace",
            Self::AlterSystem => "alter system",
            Self::CreateSubscription { .. } => "create subscription",
            Self::AlterSubscription { .. } => "alter subscription",
            Self::DropSubscription { .. } => "drop subscription",
            Self::FinishPrepared { commits: true, .. } => "commit prepared",
            Self::FinishPrepared { commits: false, .. } => "rollback prepared",
            Self::DiscardAll => "discard all",
            Self::Other(words) => words,
        }
    }

    /// Tells whether the server refuses it inside a transaction block in every case.
    pub(crate) fn is_always_refused(&self) -> bool {
        !matches!(self, Self::DropSubscription { .. } | Self::Other(_))
    }
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
        /// Why: lowercase, no full stop (`` `create index concurrently` (line 3) cannot run inside
        /// a transaction ``).
        because: String,
    },
    /// Not at all: what it says about transactions contradicts itself, or would leave nothing.
    Refused {
        /// The statement at fault, by index.
        statement: usize,
        /// Why: lowercase, no full stop.
        because: String,
        /// What to do about it, one sentence.
        hint: String,
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

impl Script {
    /// The modes of the transaction that runs these statements, where their block states some:
    /// what follows `begin`, to be put after the runner's own.
    pub fn transaction_modes(&self, statements: &std::ops::Range<usize>) -> Option<&str> {
        for (_, kind) in self.statements.notable(0..statements.start).rev() {
            match kind {
                Kind::Begin { modes } => return modes.as_deref(),
                Kind::Commit { chain: false } | Kind::Rollback => return None,
                // A chained transaction has the modes of the one before.
                Kind::Commit { chain: true }
                | Kind::Plain
                | Kind::Setting
                | Kind::PrepareTransaction
                | Kind::Alone(_)
                | Kind::MayCommit { .. }
                | Kind::AddEnumValue { .. }
                | Kind::CopyIn
                | Kind::Strings { .. } => {}
            }
        }
        None
    }

    /// The statements before one whose settings hold when it runs, by index and in their order.
    ///
    /// A step that is run on another session than those before it, or after its session's settings
    /// were undone, has them run again. They do nothing else, so that once more does no harm.
    pub fn settings_before(&self, statement: usize) -> Vec<usize> {
        let mut settings = Vec::new();
        for (index, kind) in self.statements.notable(0..statement) {
            match kind {
                Kind::Setting | Kind::Strings { scope: Scope::Session, .. } => settings.push(index),
                Kind::Alone(Alone::DiscardAll) => settings.clear(),
                Kind::Plain
                | Kind::Begin { .. }
                | Kind::Commit { .. }
                | Kind::Rollback
                | Kind::PrepareTransaction
                | Kind::Alone(_)
                | Kind::MayCommit { .. }
                | Kind::AddEnumValue { .. }
                | Kind::CopyIn
                | Kind::Strings { scope: Scope::Transaction, .. } => {}
            }
        }
        settings
    }
}
