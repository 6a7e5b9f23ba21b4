//! Kysely: a row a migration, the time as text.

use super::{Kind, Reading, Shape, Table, Time, Tool};

/// Kysely.
pub(super) struct Kysely;

impl Tool for Kysely {
    fn name(&self) -> &'static str {
        "kysely"
    }

    fn shapes(&self) -> &'static [Shape] {
        const SHAPES: &[Shape] = &[Shape::common(
            "kysely_migration",
            &[("name", Kind::Text), ("timestamp", Kind::Text)],
        )];
        SHAPES
    }

    fn reading(&self, _: &Table) -> Reading {
        Reading {
            version: "name",
            applied_at: Time::Zoned("timestamp::timestamptz"),
            order: "timestamp, name",
            ..Reading::default()
        }
    }

    fn beside(&self) -> &'static [&'static str] {
        &["kysely_migration_lock"]
    }
}
