//! The tables in which systems record what they have applied.
//!
//! A ledger is data: it names its tables, and says the SQL that reads, makes and writes them. The
//! engine runs it. All texts go out by the simple protocol, so that an entry can ride in the same
//! message as its migration; values in them are [`whimbrel_sql::Literal`]s, names are
//! [`whimbrel_sql::Ident`]s. Every text names its tables with their schema and presumes nothing of
//! `search_path`, so that what a script has set changes nothing.
//!
//! To add a ledger, write its file, and add its `mod` line and its line in [`ALL`].

pub(crate) mod own;
mod place;
pub(crate) mod supabase;
mod text;

use std::collections::BTreeMap;
use std::fmt;

use crate::{Definition, Direction, Entry, Recorded, TextError};

pub use place::{Found, Place, Table};
pub use text::milliseconds;

/// Every ledger there is.
#[rustfmt::skip] // one line each, so that one can be added or taken out
pub const ALL: &[&dyn Ledger] = &[
    &own::Own,
    &supabase::Supabase,
];

/// Where one system records what it has applied.
///
/// Statements that write presume that those of [`Ledger::prepare`] ran, and need no second probe:
/// a table that `place` misses is where `prepare` makes it.
pub trait Ledger: Sync {
    /// The name that whimbrel.toml and messages use.
    fn name(&self) -> &'static str;

    /// The tables it may consist of; the first is the one whose absence means that nothing is
    /// applied. A table in one of the schemas given comes before one elsewhere.
    fn tables(&self) -> &'static [Table];

    /// Whether a table of one of those names is this ledger's, by its columns: other tools call
    /// theirs `schema_migrations`, too.
    fn owns(&self, table: &str, columns: &BTreeMap<String, String>) -> bool {
        self.marks(table).iter().all(|column| columns.contains_key(*column))
    }

    /// The columns by which one of its tables is told from another tool's of the same name.
    fn marks(&self, table: &str) -> &'static [&'static str];

    /// Decides which of the tables that a database has are this ledger's.
    ///
    /// `found` holds every table or view, in any schema, whose name [`Ledger::tables`] gives;
    /// `schema` is where the project says that it keeps them.
    fn place(&self, found: &[(String, Found)], schema: Option<&str>) -> Place {
        place::choose(self.tables(), |name, found| self.owns(name, &found.columns), found, schema)
    }

    /// Whether a project may say in which schema it lies; other systems know theirs by its name.
    fn is_movable(&self) -> bool {
        false
    }

    /// Advisory lock keys that this system's own tools take while they write this ledger.
    fn lock_keys(&self) -> &'static [i64] {
        &[]
    }

    /// A query for all its entries, without scripts, that reads its first table alone; `None` where
    /// that is missing.
    fn read(&self, place: &Place) -> Option<String>;

    /// Turns one row of [`Ledger::read`] into an entry.
    fn entry(&self, row: &[Option<&str>]) -> Result<Entry, LedgerError>;

    /// A query for the scripts of some entries, by key: one row a statement, which are for
    /// [`recorded`]. `None` where the ledger keeps none.
    fn details(&self, place: &Place, keys: &[&str]) -> Option<String>;

    /// A condition that holds where a migration is recorded as applied, for statements that a server
    /// runs without us. It presumes that the first table is there.
    fn is_applied(&self, place: &Place, key: &str) -> String;

    /// The same, where what was applied is this very script; `None` where the ledger cannot tell.
    fn is_applied_as(
        &self,
        place: &Place,
        definition: &Definition,
    ) -> Result<Option<String>, TextError>;

    /// Statements that make or complete its tables; empty when nothing is missing.
    fn prepare(&self, place: &Place) -> Vec<String>;

    /// Writes down migrations that are about to run, in ledgers that know pending ones; what is
    /// recorded as applied is left as it is.
    ///
    /// Like all that write scripts down, it fails where one cannot be read.
    fn register(&self, place: &Place, pending: &[&Definition]) -> Result<Vec<String>, TextError>;

    /// Says that a script which is not one transaction has begun; committed before its first step.
    fn start(&self, place: &Place, definition: &Definition, direction: Direction) -> Vec<String>;

    /// Records a registered migration as applied; runs in the migration's own transaction, after
    /// its script, and fails where the entry cannot be written.
    fn record(
        &self,
        place: &Place,
        definition: &Definition,
        took: Took,
    ) -> Result<Vec<String>, TextError>;

    /// The same in `PL/pgSQL`, by expressions that give the key and the milliseconds, for a function
    /// whose plans the server keeps; `None` in ledgers that record more of a migration than its key.
    fn record_by(&self, place: &Place, key: &str, took: &str) -> Option<Vec<String>> {
        let _ = (place, key, took);
        None
    }

    /// The same for a migration that is recorded as applied already: a repeatable one, or one that
    /// the person runs again. What it is now replaces what it was.
    fn record_again(
        &self,
        place: &Place,
        definition: &Definition,
        took: Took,
    ) -> Result<Vec<String>, TextError>;

    /// Records a failure, after everything was rolled back. What was applied before stays so.
    fn fail(&self, place: &Place, definition: &Definition, error: &str) -> Vec<String>;

    /// Records that a migration was undone; runs in the down script's own transaction.
    fn forget(&self, place: &Place, definition: &Definition) -> Vec<String>;

    /// Records as applied what was applied without us: its script does not run. It may be there
    /// already, as registered or failed.
    fn import(
        &self,
        place: &Place,
        definition: &Definition,
        applied: &Elsewhere,
    ) -> Result<Vec<String>, TextError> {
        let took = Took::Milliseconds(applied.execution_time_ms.unwrap_or(0));
        let mut statements = self.register(place, &[definition])?;
        statements.extend(self.record_again(place, definition, took)?);
        Ok(statements)
    }

    /// Takes what a file is now for what was applied; when it was applied stays.
    fn accept(&self, place: &Place, definition: &Definition) -> Result<Vec<String>, TextError>;

    /// Says that a migration is not applied, without undoing it.
    fn withdraw(&self, place: &Place, key: &str) -> Vec<String>;

    /// Takes an entry out, with all that is known of it.
    fn remove(&self, place: &Place, key: &str) -> Vec<String>;

    /// Once a run, after its last migration.
    fn finish(&self, place: &Place) -> Vec<String>;

    /// Whether it records the seeds of projects whose own system has no place for them.
    fn takes_other_seeds(&self) -> bool {
        false
    }

    /// Where seed files are recorded, in systems that have them.
    fn seeds(&self) -> Option<&dyn SeedLedger> {
        None
    }
}

impl fmt::Debug for dyn Ledger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Where a system records which seed files ran.
pub trait SeedLedger: Sync {
    /// A query for path and hash of each and, where the system records it, when it ran, in UTC;
    /// `None` where there is no table.
    fn read(&self, place: &Place) -> Option<String>;

    /// Statements that make its table; empty when it is there.
    fn prepare(&self, place: &Place) -> Vec<String>;

    /// Whether its table may be there without those of migrations: for projects whose migrations
    /// are recorded elsewhere.
    fn stands_alone(&self) -> bool {
        false
    }

    /// Records that a seed file ran, for the first time or again; in the seed's own transaction.
    fn record(&self, place: &Place, path: &str, hash: &str, took: Took) -> Vec<String>;
}

/// The setting in which a runner notes when a transaction began, in milliseconds since 1970: the
/// statements of one message share one `transaction_timestamp()`, even where they are several
/// transactions.
pub const STARTED: &str = "whimbrel.started";

/// The setting in which a runner notes how long a migration took, in milliseconds, so that the
/// ledger and the journal write the same, and the server works it out once.
pub const TOOK: &str = "whimbrel.took";

/// How long a migration took.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Took {
    /// From the moment that [`STARTED`] says to now, by the server's clock; without it, from the
    /// transaction's start.
    ThisTransaction,
    /// What [`TOOK`] says; noted in the same transaction, after the script.
    Noted,
    /// As measured by the runner, where a migration is more than one transaction.
    Milliseconds(i64),
}

/// When and how long something was applied without us.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Elsewhere {
    /// `2026-01-31T12:00:00.000000Z`; `None` where nobody knows.
    pub applied_at: Option<String>,
    /// How long it took, likewise.
    pub execution_time_ms: Option<i64>,
}

/// A row that is not what the ledger's own query promises.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("ledger `{ledger}` holds {what} `{text}` that is not known")]
pub struct LedgerError {
    /// The ledger.
    pub ledger: &'static str,
    /// The column.
    pub what: &'static str,
    /// What stands there.
    pub text: String,
}

/// The ledger where seeds are recorded that no other system records.
pub fn for_other_seeds() -> &'static dyn Ledger {
    let takes = ALL.iter().find(|ledger| ledger.takes_other_seeds());
    *takes.or(ALL.first()).expect("there is a ledger")
}

/// The ledger of a name.
pub fn by_name(name: &str) -> Option<&'static dyn Ledger> {
    ALL.iter().copied().find(|ledger| ledger.name() == name)
}

/// Gathers the rows of [`Ledger::details`] by key.
///
/// A row is key, `up` or `down`, and a statement, in their order. Entries without scripts have no
/// row, and are missing here as well.
pub fn recorded<'a, R>(
    ledger: &dyn Ledger,
    rows: impl IntoIterator<Item = R>,
) -> Result<BTreeMap<String, Recorded>, LedgerError>
where
    R: AsRef<[Option<&'a str>]>,
{
    let mut all: BTreeMap<String, Recorded> = BTreeMap::new();
    for row in rows {
        let [Some(key), Some(side), text] = *row.as_ref() else {
            return Err(text::unknown(ledger, "a row", format!("{:?}", row.as_ref())));
        };
        let recorded = all.entry(key.to_owned()).or_default();
        let text = text.unwrap_or_default().to_owned();
        match side {
            "up" => recorded.up.push(text),
            "down" => recorded.down.get_or_insert_default().push(text),
            other => return Err(text::unknown(ledger, "a script", other)),
        }
    }
    Ok(all)
}
