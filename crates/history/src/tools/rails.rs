//! Rails (Active Record): a row a version; the table beside it tells it from others of the name.

use super::{Kind, Reading, Shape, Table, Tool};

/// Rails.
pub(super) struct Rails;

impl Tool for Rails {
    fn name(&self) -> &'static str {
        "rails"
    }

    fn shapes(&self) -> &'static [Shape] {
        const SHAPES: &[Shape] = &[Shape {
            beside: Some("ar_internal_metadata"),
            ..Shape::common("schema_migrations", &[("version", Kind::Text)])
        }];
        SHAPES
    }

    fn reading(&self, _: &Table) -> Reading {
        Reading { version: "version", order: "version", ..Reading::default() }
    }

    fn beside(&self) -> &'static [&'static str] {
        &["ar_internal_metadata"]
    }
}
