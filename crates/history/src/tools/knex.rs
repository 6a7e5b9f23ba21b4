//! knex: a row a file, with the batch that it ran in.

use super::{Kind, Reading, Shape, Table, Time, Tool};

/// knex.
pub(super) struct Knex;

impl Tool for Knex {
    fn name(&self) -> &'static str {
        "knex"
    }

    fn shapes(&self) -> &'static [Shape] {
        const SHAPES: &[Shape] = &[Shape::telling(
            "knex_migrations",
            "migration_time",
            &[
                ("id", Kind::Integer),
                ("name", Kind::Text),
                ("batch", Kind::Integer),
                ("migration_time", Kind::Time),
            ],
        )];
        SHAPES
    }

    fn reading(&self, _: &Table) -> Reading {
        Reading {
            version: "name",
            applied_at: Time::Column("migration_time"),
            order: "id",
            ..Reading::default()
        }
    }

    fn beside(&self) -> &'static [&'static str] {
        &["knex_migrations_lock"]
    }
}
