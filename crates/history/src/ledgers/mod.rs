//! The tables in which systems record what they have applied.
//!
//! A ledger is data: it names its tables, and says the SQL that reads, makes and writes them. The
//! engine runs it. All texts go out by the simple protocol, so that an entry can ride in the same
//! message as its migration; values in them are [`whimbrel_sql::Literal`]s, names are
//! [`whimbrel_sql::Ident`]s.

use std::collections::BTreeMap;

use crate::{Definition, Entry};

/// Every ledger there is.
pub const ALL: &[&dyn Ledger] = &[];

/// Where one system records what it has applied.
pub trait Ledger: Sync {
    /// The name that whimbrel.toml and messages use.
    fn name(&self) -> &'static str;

    /// The tables it may consist of; the first is the one whose absence means that nothing is
    /// applied. Each may lie in any of the schemas given, the first found wins.
    fn tables(&self) -> &'static [Table];

    /// Decides which of the tables that a database has are this ledger's.
    ///
    /// `found` holds every table or view, in any schema, whose name [`Ledger::tables`] gives: the
    /// name alone proves nothing (Rails and dbmate have a `schema_migrations` too), so a ledger
    /// looks at the columns. `schema` is where the project says that it keeps them.
    fn place(&self, found: &[(String, Found)], schema: Option<&str>) -> Place;

    /// Advisory lock keys that this system's own tools take while they write this ledger.
    fn lock_keys(&self) -> &'static [i64] {
        &[]
    }

    /// A query for all its entries, without scripts; `None` where its first table is missing.
    fn read(&self, place: &Place) -> Option<String>;

    /// Turns one row of [`Ledger::read`] into an entry.
    fn entry(&self, row: &[Option<&str>]) -> Result<Entry, LedgerError>;

    /// Statements that make or complete its tables; empty when nothing is missing.
    fn prepare(&self, place: &Place) -> Vec<String>;

    /// Writes down migrations that are about to run, in ledgers that know pending ones.
    fn register(&self, place: &Place, pending: &[&Definition]) -> Vec<String>;

    /// Says that a migration which is not one transaction has begun; committed before its first
    /// step.
    fn start(&self, place: &Place, definition: &Definition) -> Vec<String>;

    /// Records a migration as applied; runs in the migration's own transaction, after its script.
    /// The time it took is for the server to say (`clock_timestamp() - transaction_timestamp()`)
    /// unless the outcome states it.
    fn record(&self, place: &Place, definition: &Definition, took: Took) -> Vec<String>;

    /// Records a failure, after everything was rolled back.
    fn fail(&self, place: &Place, definition: &Definition, error: &str) -> Vec<String>;

    /// Records that a migration was undone; runs in the down script's own transaction.
    fn forget(&self, place: &Place, definition: &Definition) -> Vec<String>;

    /// Once a run, after its last migration.
    fn finish(&self, place: &Place) -> Vec<String>;
}

/// How long a migration took.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Took {
    /// From the transaction's start to now, by the server's clock.
    ThisTransaction,
    /// As measured by the runner, where a migration is more than one transaction.
    Milliseconds(i64),
}

/// A table that a ledger uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Table {
    /// The schemas it may lie in, the preferred one first.
    pub schemas: &'static [&'static str],
    /// Its name.
    pub name: &'static str,
}

/// Where a ledger's tables are, as the probe of a database found them.
///
/// ```text
/// tables["schema_migrations"] = Found { schema: "whimbrel", columns: { "id": "character varying(255)", … } }
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// The schema to make missing tables in; `None` leaves it to the ledger.
    pub schema: Option<String>,
    /// The tables found, by name.
    pub tables: BTreeMap<String, Found>,
}

/// One table as it was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// Its schema.
    pub schema: String,
    /// `true` for a view.
    pub view: bool,
    /// Its columns: name to type, as `format_type` writes it.
    pub columns: BTreeMap<String, String>,
}

/// A row that is not what the ledger's own query promises.
#[derive(Debug, thiserror::Error)]
#[error("ledger `{ledger}` holds {what} `{text}` that is not known")]
pub struct LedgerError {
    /// The ledger.
    pub ledger: &'static str,
    /// The column.
    pub what: &'static str,
    /// What stands there.
    pub text: String,
}
