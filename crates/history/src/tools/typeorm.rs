//! TypeORM: a row a class; its `timestamp` is when the class was written, not when it ran.

use super::{Kind, Reading, Shape, Table, Tool};

/// TypeORM.
pub(super) struct TypeOrm;

impl Tool for TypeOrm {
    fn name(&self) -> &'static str {
        "typeorm"
    }

    fn shapes(&self) -> &'static [Shape] {
        const SHAPES: &[Shape] = &[Shape::common(
            "migrations",
            &[("id", Kind::Integer), ("timestamp", Kind::Integer), ("name", Kind::Text)],
        )];
        SHAPES
    }

    fn reading(&self, _: &Table) -> Reading {
        Reading { version: "name", order: "id", ..Reading::default() }
    }
}
