//! The ledgers of other tools, recognised by the shape of their tables.
//!
//! A tool is data: which columns its table has, and which of them say what was applied, when and
//! how it went. It says SQL and reads rows; the engine runs it. To add a tool, write its file, and
//! add its `mod` line and its line in [`ALL`]; nothing else names one.

mod alembic;
mod checksum;
mod dbmate;
mod django;
mod drizzle;
mod flyway;
mod golang_migrate;
mod goose;
mod graphile_migrate;
mod knex;
mod kysely;
mod liquibase;
mod matching;
mod node_pg_migrate;
mod prisma;
mod probe;
mod rails;
mod reading;
mod refinery;
mod sequelize;
mod shape;
mod sqitch;
mod sqlx;
mod supabase;
mod typeorm;
mod yoyo;

use std::fmt;

use camino::{Utf8Path, Utf8PathBuf};

use crate::formats::{self, own_folders};
use crate::{Files, FilesError};

pub use checksum::ToolFile;
pub use matching::{Matched, matched};
pub use probe::{Search, names, probe, tables};
pub use reading::{Applied, Reading, ReadingError, Summary, Time};
pub use shape::{Kind, Shape, Table};

/// Every tool whose ledger is recognised; of two that fit one table the first has it.
#[rustfmt::skip] // one line each, so that one can be added or taken out
pub const ALL: &[&dyn Tool] = &[
    &alembic::Alembic,
    &prisma::Prisma,
    &supabase::Supabase,
    &drizzle::Drizzle,
    &flyway::Flyway,
    &liquibase::Liquibase,
    &golang_migrate::GolangMigrate,
    &goose::Goose,
    &sqlx::Sqlx,
    &refinery::Refinery,
    &node_pg_migrate::NodePgMigrate,
    &knex::Knex,
    &typeorm::TypeOrm,
    &kysely::Kysely,
    &sequelize::Sequelize,
    &graphile_migrate::GraphileMigrate,
    &django::Django,
    &yoyo::Yoyo,
    &sqitch::Sqitch,
    &rails::Rails,
    &dbmate::Dbmate,
];

/// A tool that keeps a ledger of its own.
pub trait Tool: Sync {
    /// As its users write it, in lower case.
    fn name(&self) -> &'static str;

    /// What its table looks like, in each way that there is.
    fn shapes(&self) -> &'static [Shape];

    /// What its columns say.
    fn reading(&self, table: &Table) -> Reading;

    /// Which of a folder's files tells that this tool has migrations there; asked only while no
    /// format has the tool's name, and so reads them.
    fn seen(
        &self,
        files: &dyn Files,
        folder: &Utf8Path,
    ) -> Result<Option<Utf8PathBuf>, FilesError> {
        let _ = (files, folder);
        Ok(None)
    }

    /// What an entry stands for.
    fn records(&self) -> Records {
        Records::Each
    }

    /// Its checksum of a file; `None` where nobody knows how it is made.
    fn checksum(&self, file: ToolFile<'_>) -> Option<String> {
        let _ = file;
        None
    }

    /// Tables that it keeps beside its ledger.
    fn beside(&self) -> &'static [&'static str] {
        &[]
    }
}

impl fmt::Debug for dyn Tool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What an entry stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Records {
    /// One migration.
    Each,
    /// The newest migration, and all before it.
    Newest,
    /// The end of a branch, and all that leads to it.
    Heads,
}

/// A table of a database that is a tool's ledger.
#[derive(Clone, Debug)]
pub struct Ledger {
    /// The tool.
    pub tool: &'static dyn Tool,
    /// The table.
    pub table: Table,
}

/// Migrations of a tool whose files no format reads yet.
#[derive(Clone, Debug)]
pub struct Seen {
    /// The tool.
    pub tool: &'static dyn Tool,
    /// The file that tells so.
    pub file: Utf8PathBuf,
}

/// Finds the tools that have migrations in a project whose files no format reads yet, each once.
pub fn seen(files: &dyn Files) -> Result<Vec<Seen>, FilesError> {
    let folders = own_folders(files)?;
    let mut found = Vec::new();
    for tool in unread(ALL) {
        for folder in &folders {
            if let Some(file) = tool.seen(files, folder)? {
                found.push(Seen { tool, file });
                break;
            }
        }
    }
    Ok(found)
}

/// The tools whose files no format reads.
fn unread(tools: &[&'static dyn Tool]) -> impl Iterator<Item = &'static dyn Tool> {
    tools.iter().copied().filter(|tool| formats::by_name(tool.name()).is_none())
}

/// Finds the ledgers among a database's tables.
pub fn recognise(tables: &[Table]) -> Vec<Ledger> {
    let mut found = Vec::new();
    for table in tables {
        let mut fitting =
            ALL.iter().filter(|tool| tool.shapes().iter().any(|shape| shape.fits(table, tables)));
        if let Some(tool) = fitting.next() {
            found.push(Ledger { tool: *tool, table: table.clone() });
        }
    }
    found
}

/// The tool of a name.
pub fn by_name(name: &str) -> Option<&'static dyn Tool> {
    ALL.iter().copied().find(|tool| tool.name() == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tool_is_not_looked_for_once_a_format_has_its_name() {
        let looked_for = unread(&[&goose::Goose, &django::Django]);
        let names: Vec<&str> = looked_for.map(Tool::name).collect();
        assert_eq!(names, ["django"]);
    }
}
