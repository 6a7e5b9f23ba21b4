//! Prisma Migrate up to 7: a row an attempt. One that is neither finished nor rolled back failed, and
//! a migration that was tried again has a row for each try.

use camino::{Utf8Path, Utf8PathBuf};

use super::{Kind, Reading, Shape, Table, Time, Tool, ToolFile, checksum};
use crate::{Files, FilesError};

/// Prisma Migrate up to 7.
pub(super) struct Prisma;

impl Tool for Prisma {
    fn name(&self) -> &'static str {
        "prisma"
    }

    fn shapes(&self) -> &'static [Shape] {
        const SHAPES: &[Shape] = &[Shape::telling(
            "_prisma_migrations",
            "applied_steps_count",
            &[
                ("id", Kind::Text),
                ("checksum", Kind::Text),
                ("finished_at", Kind::Time),
                ("migration_name", Kind::Text),
                ("rolled_back_at", Kind::Time),
                ("started_at", Kind::Time),
                ("applied_steps_count", Kind::Integer),
            ],
        )];
        SHAPES
    }

    fn seen(
        &self,
        files: &dyn Files,
        folder: &Utf8Path,
    ) -> Result<Option<Utf8PathBuf>, FilesError> {
        let is_its = |path: &&Utf8PathBuf| {
            path.extension() == Some("prisma") || path.file_name() == Some("migration_lock.toml")
        };
        Ok(files.names(folder)?.iter().find(is_its).cloned())
    }

    fn reading(&self, _: &Table) -> Reading {
        Reading {
            version: "migration_name",
            status: "case when rolled_back_at is not null then 'rolled_back' \
                     when finished_at is null then 'failed' else 'completed' end",
            applied_at: Time::Column("finished_at"),
            milliseconds: "extract(epoch from finished_at - started_at) * 1000",
            checksum: "checksum",
            error: "case when finished_at is null then logs end",
            only: "rolled_back_at is null",
            order: "started_at, migration_name",
            ..Reading::default()
        }
    }

    fn checksum(&self, file: ToolFile<'_>) -> Option<String> {
        Some(checksum::sha256(file.bytes))
    }
}
