//! goose's files: up and down in one, parted by `-- +goose Up` and `-- +goose Down`.
//!
//! `-- +goose StatementBegin` and `StatementEnd` tell goose where a statement ends, which we see for
//! ourselves; `-- +goose NO TRANSACTION` runs the migration step by step. Migrations in Go are
//! named and left out.

use camino::Utf8Path;
use whimbrel_sql::Diagnostic;

use super::compose::{NewFile, NewMigration};
use super::header::file_warning;
use super::marked::{self, Dialect};
use super::plain::{assemble, is_numbered, numbered_files};
use super::sections::{Marks, Side, line_in};
use super::{Format, Listing, Settings};
use crate::ledgers::Ledger;
use crate::ledgers::own::Own;
use crate::{Digest, Entry, Files, FilesError, History, Migration, Recorded};

/// goose's files.
pub(super) struct Goose;

const DIALECT: Dialect = Dialect {
    name: "goose",
    marks: Marks {
        side: |text| match command(text)?.as_str() {
            "up" => Some(Side::Up),
            "down" => Some(Side::Down),
            _ => None,
        },
        up: "-- +goose Up",
    },
    down: "-- +goose Down",
    alone: |text| command(text).is_some_and(|command| command == "no transaction"),
    refused: |text| {
        let asks = command(text).is_some_and(|command| command.starts_with("envsub on"));
        asks.then_some((
            "the file wants variables of the environment put in",
            "write their values down: what a migration does must not depend on where it runs",
        ))
    },
};

/// What a comment asks of goose: `up`, `no transaction`.
fn command(text: &str) -> Option<String> {
    let rest = text.strip_prefix("+goose")?;
    let words: Vec<&str> = rest.split_whitespace().collect();
    Some(words.join(" ").to_lowercase())
}

impl Format for Goose {
    fn name(&self) -> &'static str {
        DIALECT.name
    }

    fn summary(&self) -> &'static str {
        "goose's SQL files: one with -- +goose Up and -- +goose Down"
    }

    fn ledger(&self) -> &'static dyn Ledger {
        &Own
    }

    fn folders(&self) -> &'static [&'static str] {
        &["migrations", "db/migrations", "sql/migrations", "sql/schema"]
    }

    fn recognise(
        &self,
        files: &dyn Files,
        folder: &Utf8Path,
    ) -> Result<Option<String>, FilesError> {
        marked::recognise(files, folder, &DIALECT)
    }

    fn list(&self, files: &dyn Files, settings: &Settings) -> Result<Listing, FilesError> {
        let mut listing = numbered_files(files, settings)?;
        for path in files.names(&settings.folder)?.iter() {
            if path.extension() == Some("go") && is_numbered(path) {
                listing.skipped.push(file_warning(
                    path,
                    "the migration is Go code, which only goose can run",
                    vec!["write it in SQL, or go on running it with goose".into()],
                ));
            }
        }
        Ok(listing)
    }

    fn digest(&self, path: &Utf8Path, bytes: &[u8]) -> Result<Digest, Vec<Diagnostic>> {
        marked::digest(path, bytes, &DIALECT)
    }

    fn assemble(
        &self,
        settings: &Settings,
        digests: Vec<Digest>,
    ) -> Result<History, Vec<Diagnostic>> {
        assemble(&Goose, settings, digests)
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
