//! Alembic: one row a head, nothing of what lies before it.

use camino::{Utf8Path, Utf8PathBuf};

use super::{Kind, Reading, Records, Shape, Table, Tool};
use crate::{Files, FilesError};

/// Alembic, Flask-Migrate.
pub(super) struct Alembic;

impl Tool for Alembic {
    fn name(&self) -> &'static str {
        "alembic"
    }

    fn shapes(&self) -> &'static [Shape] {
        const SHAPES: &[Shape] =
            &[Shape::telling("alembic_version", "version_num", &[("version_num", Kind::Text)])];
        SHAPES
    }

    fn seen(
        &self,
        files: &dyn Files,
        folder: &Utf8Path,
    ) -> Result<Option<Utf8PathBuf>, FilesError> {
        let names = files.names(folder)?;
        let file = |name: &str| names.iter().find(|path| path.file_name() == Some(name)).cloned();
        if let Some(configuration) = file("alembic.ini") {
            return Ok(Some(configuration));
        }
        // Flask-Migrate keeps all of it in one folder.
        let Some(environment) = file("env.py") else { return Ok(None) };
        let has_versions = files.folders(folder)?.contains(&folder.join("versions"));
        Ok(has_versions.then_some(environment))
    }

    fn reading(&self, _: &Table) -> Reading {
        Reading { version: "version_num", order: "version_num", ..Reading::default() }
    }

    fn records(&self) -> Records {
        Records::Heads
    }
}
