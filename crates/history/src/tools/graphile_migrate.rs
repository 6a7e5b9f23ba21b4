//! graphile-migrate: a chain of hashes, each of a committed file.

use super::{Kind, Reading, Shape, Table, Time, Tool};

/// graphile-migrate.
pub(super) struct GraphileMigrate;

impl Tool for GraphileMigrate {
    fn name(&self) -> &'static str {
        "graphile-migrate"
    }

    fn shapes(&self) -> &'static [Shape] {
        const SHAPES: &[Shape] = &[Shape::telling(
            "migrations",
            "previous_hash",
            &[
                ("hash", Kind::Text),
                ("previous_hash", Kind::Text),
                ("filename", Kind::Text),
                ("date", Kind::Time),
            ],
        )];
        SHAPES
    }

    fn reading(&self, _: &Table) -> Reading {
        Reading {
            version: "filename",
            applied_at: Time::Column("date"),
            checksum: "hash",
            order: "filename",
            ..Reading::default()
        }
    }

    fn beside(&self) -> &'static [&'static str] {
        &["current"]
    }
}
