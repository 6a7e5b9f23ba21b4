//! node-pg-migrate: a row a file.

use super::{Kind, Reading, Shape, Table, Time, Tool};

/// node-pg-migrate.
pub(super) struct NodePgMigrate;

impl Tool for NodePgMigrate {
    fn name(&self) -> &'static str {
        "node-pg-migrate"
    }

    fn shapes(&self) -> &'static [Shape] {
        const SHAPES: &[Shape] = &[Shape::telling(
            "pgmigrations",
            "run_on",
            &[("id", Kind::Integer), ("name", Kind::Text), ("run_on", Kind::Time)],
        )];
        SHAPES
    }

    fn reading(&self, _: &Table) -> Reading {
        Reading {
            version: "name",
            applied_at: Time::Column("run_on"),
            order: "id",
            ..Reading::default()
        }
    }
}
