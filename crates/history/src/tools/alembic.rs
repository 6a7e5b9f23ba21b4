//! Alembic: one row a head, nothing of what lies before it.

use super::{Kind, Reading, Records, Shape, Table, Tool};

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

    fn reading(&self, _: &Table) -> Reading {
        Reading { version: "version_num", order: "version_num", ..Reading::default() }
    }

    fn records(&self) -> Records {
        Records::Heads
    }
}
