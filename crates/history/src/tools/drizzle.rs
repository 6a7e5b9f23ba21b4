//! Drizzle: up to 0.45 a row with hash and time of a file, since 1.0 also with its name and with when
//! it ran.

use super::{Kind, Reading, Shape, Table, Time, Tool};

/// Drizzle, both forms.
pub(super) struct Drizzle;

impl Tool for Drizzle {
    fn name(&self) -> &'static str {
        "drizzle"
    }

    fn shapes(&self) -> &'static [Shape] {
        const SHAPES: &[Shape] = &[Shape {
            more: &["name", "applied_at"],
            ..Shape::common(
                "__drizzle_migrations",
                &[("id", Kind::Integer), ("hash", Kind::Text), ("created_at", Kind::Integer)],
            )
        }];
        SHAPES
    }

    fn reading(&self, table: &Table) -> Reading {
        let is_named = table.has("name");
        Reading {
            // The time stands in the journal of the files, which is how a person finds one.
            version: if is_named { "coalesce(name, created_at::text)" } else { "created_at" },
            applied_at: if table.has("applied_at") {
                Time::Column("applied_at")
            } else {
                Time::Unknown
            },
            checksum: "hash",
            order: "created_at, id",
            ..Reading::default()
        }
    }
}
