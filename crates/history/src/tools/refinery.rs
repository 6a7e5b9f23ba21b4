//! refinery: a row a version, the time as text.

use super::{Kind, Reading, Shape, Table, Time, Tool, ToolFile, checksum};

/// refinery.
pub(super) struct Refinery;

impl Tool for Refinery {
    fn name(&self) -> &'static str {
        "refinery"
    }

    fn shapes(&self) -> &'static [Shape] {
        const SHAPES: &[Shape] = &[Shape::telling(
            "refinery_schema_history",
            "applied_on",
            &[
                ("version", Kind::Integer),
                ("name", Kind::Text),
                ("applied_on", Kind::Text),
                ("checksum", Kind::Text),
            ],
        )];
        SHAPES
    }

    fn reading(&self, _: &Table) -> Reading {
        Reading {
            version: "version",
            name: "name",
            applied_at: Time::Zoned("applied_on::timestamptz"),
            checksum: "checksum",
            order: "version",
            ..Reading::default()
        }
    }

    fn checksum(&self, file: ToolFile<'_>) -> Option<String> {
        checksum::refinery(file)
    }
}
