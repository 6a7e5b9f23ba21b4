//! What can be turned into a catalog: one file each, and two lines here.

mod database;
mod empty;
mod sql;

use std::future::Future;
use std::pin::Pin;

use whimbrel_catalog::Catalog;
use whimbrel_engine::shadow::Baseline;

use crate::catalogue::Code;
use crate::database::DatabaseOptions;
use crate::error::Error;
use crate::workspace::Workspace;

/// Every source, in the order in which they are asked whether a text means them.
#[rustfmt::skip] // one line each, so that one can be added or taken out
pub const ALL: &[&dyn Source] = &[
    &empty::Empty,
    &database::Database,
    &sql::Sql,
];

/// A kind of source.
pub trait Source: Sync {
    /// How it is written, for help and hints.
    fn form(&self) -> &'static str;

    /// What it is, in a few words.
    fn about(&self) -> &'static str;

    /// Whether a text means it.
    fn is_meant(&self, text: &str, workspace: &Workspace) -> bool;

    /// Reads as much of it as can be read without a shadow.
    fn open<'a>(&'a self, text: &'a str, place: &'a Place<'a>) -> Opening<'a>;
}

/// A source being opened.
pub type Opening<'a> = Pin<Box<dyn Future<Output = Result<Opened, Error>> + 'a>>;

/// Where sources are looked for.
pub struct Place<'a> {
    /// The project.
    pub workspace: &'a Workspace,
    /// How a database is reached.
    pub database: &'a DatabaseOptions,
}

/// A source that was opened.
#[derive(Debug)]
pub enum Opened {
    /// A state that was read.
    Read {
        /// What it holds.
        catalog: Box<Catalog>,
        /// Where, for people.
        shown: String,
        /// What the database had before its first migration.
        baseline: Option<Baseline>,
    },
    /// Nothing.
    Empty,
    /// SQL that makes the state.
    Sql(Vec<Piece>),
}

/// A file of SQL.
#[derive(Clone, Debug)]
pub struct Piece {
    /// Its path, for people.
    pub path: String,
    /// What stands in it.
    pub text: String,
}

/// Finds out what a text means, and opens it.
pub async fn open(text: &str, place: &Place<'_>) -> Result<Opened, Error> {
    match ALL.iter().find(|source| source.is_meant(text, place.workspace)) {
        Some(source) => source.open(text, place).await,
        None => Err(Error::Usage {
            code: Code::NO_SOURCE,
            message: format!("`{}` is no source", crate::mask(text)),
            hints: vec![format!("a source is {}", forms().join(", "))],
        }),
    }
}

/// How sources are written, each with what it is.
pub fn forms() -> Vec<String> {
    ALL.iter().map(|source| format!("`{}` ({})", source.form(), source.about())).collect()
}
