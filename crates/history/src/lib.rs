//! Migrations, their graph, the formats they are written in and the ledgers that record them.
//!
//! Does no I/O: files come in through [`Files`], and a ledger says its SQL but never runs it.

mod changes;
mod digest;
mod entry;
mod files;
pub mod formats;
mod glob;
pub mod graph;
mod hash;
mod history;
pub mod ledgers;
mod migration;
mod nearest;
pub mod platform;
pub mod select;
pub mod state;
mod statements;
mod text;
pub mod tools;

pub use changes::{Difference, differences};
pub use digest::{Digest, Header, Named, Part, Remark};
pub use entry::{Direction, Down, Entry, Fingerprints, Recorded, Status};
pub use files::{Contents, File, Files, FilesError, HELD, Source};
pub use history::{History, Order};
pub use migration::{Checksum, Definition, Directives, Migration, Section, Transaction};
pub use nearest::{misspelt, nearest};
pub use statements::statements;
pub use text::{Bytes, Cut, Text, TextError};
