//! Sequelize (umzug): a row a file, its name and nothing else.

use super::{Kind, Reading, Shape, Table, Tool};

/// Sequelize (umzug).
pub(super) struct Sequelize;

impl Tool for Sequelize {
    fn name(&self) -> &'static str {
        "sequelize"
    }

    fn shapes(&self) -> &'static [Shape] {
        const SHAPES: &[Shape] = &[Shape {
            more: &["createdAt", "updatedAt"],
            ..Shape::common("SequelizeMeta", &[("name", Kind::Text)])
        }];
        SHAPES
    }

    fn reading(&self, _: &Table) -> Reading {
        Reading { version: "name", order: "name", ..Reading::default() }
    }
}
