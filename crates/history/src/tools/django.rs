//! Django: a row a migration of an app.

use super::{Kind, Reading, Shape, Table, Time, Tool};

/// Django.
pub(super) struct Django;

impl Tool for Django {
    fn name(&self) -> &'static str {
        "django"
    }

    fn shapes(&self) -> &'static [Shape] {
        const SHAPES: &[Shape] = &[Shape::common(
            "django_migrations",
            &[
                ("id", Kind::Integer),
                ("app", Kind::Text),
                ("name", Kind::Text),
                ("applied", Kind::Time),
            ],
        )];
        SHAPES
    }

    fn reading(&self, _: &Table) -> Reading {
        Reading {
            version: "app || '.' || name",
            applied_at: Time::Column("applied"),
            order: "id",
            ..Reading::default()
        }
    }
}
