//! All migrations of one format in one folder.

use camino::Utf8PathBuf;
use whimbrel_sql::Diagnostic;

use crate::Migration;
use crate::formats::Format;

/// All migrations of one format in one folder, in the order in which they run.
#[derive(Clone, Debug)]
pub struct History {
    /// Its name in whimbrel.toml and in ledgers that hold several histories.
    pub name: String,
    /// How its files are written.
    pub format: &'static dyn Format,
    /// Where they are.
    pub folder: Utf8PathBuf,
    /// In the order in which they run; repeatable ones last.
    pub migrations: Vec<Migration>,
    /// What decides that order.
    pub order: Order,
    /// Whether its keys carry its name, since its ledger may hold other histories, too.
    pub named: bool,
    /// What a person should know of its files.
    pub warnings: Vec<Diagnostic>,
}

/// What decides the order of a history.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// The versions: each migration presumes all before it, so one that turns up before an applied
    /// one is out of order.
    Versions,
    /// The dependencies that the files state: a migration is out of order only if one that is
    /// applied depends on it.
    Dependencies,
}

impl History {
    /// The migration of an id, which must be whole.
    pub fn get(&self, id: &str) -> Option<&Migration> {
        self.migrations.iter().find(|migration| migration.id == id)
    }
}
