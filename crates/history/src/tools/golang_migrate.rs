//! golang-migrate: one row, the newest version; `dirty` says that it was begun and not finished.
//! From its documentation.

use super::{Kind, Reading, Records, Shape, Table, Tool};

/// golang-migrate.
pub(super) struct GolangMigrate;

impl Tool for GolangMigrate {
    fn name(&self) -> &'static str {
        "golang-migrate"
    }

    fn shapes(&self) -> &'static [Shape] {
        const SHAPES: &[Shape] = &[Shape::telling(
            "schema_migrations",
            "dirty",
            &[("version", Kind::Integer), ("dirty", Kind::Boolean)],
        )];
        SHAPES
    }

    fn reading(&self, _: &Table) -> Reading {
        Reading {
            version: "version",
            status: "case when dirty then 'failed' else 'completed' end",
            order: "version",
            ..Reading::default()
        }
    }

    fn records(&self) -> Records {
        Records::Newest
    }
}
