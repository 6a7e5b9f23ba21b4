//! dbmate's files: up and down in one, parted by `-- migrate:up` and `-- migrate:down`.
//!
//! `transaction:false` behind a mark runs the migration step by step.

use camino::Utf8Path;
use whimbrel_sql::Diagnostic;

use super::compose::{NewFile, NewMigration};
use super::marked::{self, Dialect};
use super::plain::{assemble, numbered_files};
use super::sections::{Marks, Side, line_in};
use super::{Format, Listing, Settings};
use crate::ledgers::Ledger;
use crate::ledgers::own::Own;
use crate::{Digest, Entry, Files, FilesError, History, Migration, Recorded};

/// dbmate's files.
pub(super) struct Dbmate;

const DIALECT: Dialect = Dialect {
    name: "dbmate",
    marks: Marks {
        side: |text| match text.split_whitespace().next() {
            Some("migrate:up") => Some(Side::Up),
            Some("migrate:down") => Some(Side::Down),
            _ => None,
        },
        up: "-- migrate:up",
    },
    down: "-- migrate:down",
    alone: |text| {
        let mut words = text.split_whitespace();
        words.next() == Some("migrate:up") && words.any(|word| word == "transaction:false")
    },
    refused: |_| None,
};

impl Format for Dbmate {
    fn name(&self) -> &'static str {
        DIALECT.name
    }

    fn summary(&self) -> &'static str {
        "dbmate's SQL files: one with -- migrate:up and -- migrate:down"
    }

    fn ledger(&self) -> &'static dyn Ledger {
        &Own
    }

    fn folders(&self) -> &'static [&'static str] {
        &["db/migrations"]
    }

    fn recognise(
        &self,
        files: &dyn Files,
        folder: &Utf8Path,
    ) -> Result<Option<String>, FilesError> {
        marked::recognise(files, folder, &DIALECT)
    }

    fn list(&self, files: &dyn Files, settings: &Settings) -> Result<Listing, FilesError> {
        numbered_files(files, settings)
    }

    fn digest(&self, path: &Utf8Path, bytes: &[u8]) -> Result<Digest, Vec<Diagnostic>> {
        marked::digest(path, bytes, &DIALECT)
    }

    fn assemble(
        &self,
        settings: &Settings,
        digests: Vec<Digest>,
    ) -> Result<History, Vec<Diagnostic>> {
        assemble(&Dbmate, settings, digests)
    }

    fn restore(
        &self,
        entry: &Entry,
        recorded: &Recorded,
        history: &History,
    ) -> Result<Vec<NewFile>, Diagnostic> {
        Ok(marked::restore(entry, recorded, history, &DIALECT))
    }

    fn compose(&self, new: &NewMigration, history: &History) -> Result<Vec<NewFile>, Diagnostic> {
        marked::compose(new, history, &DIALECT)
    }

    fn down_place(&self, migration: &Migration) -> String {
        line_in(DIALECT.down, migration)
    }
}
