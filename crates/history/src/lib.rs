//! Migrations, their graph, the formats they are written in and the ledgers that record them.
//!
//! Does no I/O: files come in through [`Files`], and a ledger says its SQL but never runs it.

mod entry;
mod files;
pub mod formats;
pub mod ledgers;
mod migration;

pub use entry::{Entry, Status};
pub use files::{File, Files, FilesError};
pub use migration::{Checksum, Definition, Directives, Migration, Section, Transaction};
