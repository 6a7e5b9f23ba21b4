//! The Supabase CLI: a row says that a version is applied, and nothing else.

use super::{Kind, Reading, Shape, Table, Tool};

/// The Supabase CLI.
pub(super) struct Supabase;

impl Tool for Supabase {
    fn name(&self) -> &'static str {
        "supabase"
    }

    fn shapes(&self) -> &'static [Shape] {
        const SHAPES: &[Shape] = &[
            Shape::telling(
                "schema_migrations",
                "statements",
                &[("version", Kind::Text), ("statements", Kind::Texts)],
            ),
            Shape {
                schema: Some("supabase_migrations"),
                ..Shape::common("schema_migrations", &[("version", Kind::Text)])
            },
        ];
        SHAPES
    }

    fn reading(&self, table: &Table) -> Reading {
        Reading {
            version: "version",
            name: if table.has("name") { "name" } else { "null" },
            order: "version",
            ..Reading::default()
        }
    }

    fn beside(&self) -> &'static [&'static str] {
        &["seed_files"]
    }
}
