//! dbmate: a row a version, and nothing else.

use super::{Kind, Reading, Shape, Table, Tool};

/// dbmate.
pub(super) struct Dbmate;

impl Tool for Dbmate {
    fn name(&self) -> &'static str {
        "dbmate"
    }

    fn shapes(&self) -> &'static [Shape] {
        const SHAPES: &[Shape] = &[Shape::common("schema_migrations", &[("version", Kind::Text)])];
        SHAPES
    }

    fn reading(&self, _: &Table) -> Reading {
        Reading { version: "version", order: "version", ..Reading::default() }
    }
}
