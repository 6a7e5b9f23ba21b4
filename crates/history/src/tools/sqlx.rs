//! sqlx: a row a version, which is there as failed while a file without a transaction runs.

use super::{Kind, Reading, Shape, Table, Time, Tool, ToolFile, checksum};

/// sqlx.
pub(super) struct Sqlx;

impl Tool for Sqlx {
    fn name(&self) -> &'static str {
        "sqlx"
    }

    fn shapes(&self) -> &'static [Shape] {
        const SHAPES: &[Shape] = &[Shape::telling(
            "_sqlx_migrations",
            "installed_on",
            &[
                ("version", Kind::Integer),
                ("description", Kind::Text),
                ("installed_on", Kind::Time),
                ("success", Kind::Boolean),
                ("checksum", Kind::Bytes),
                ("execution_time", Kind::Integer),
            ],
        )];
        SHAPES
    }

    fn reading(&self, _: &Table) -> Reading {
        Reading {
            version: "version",
            name: "description",
            status: "case when success then 'completed' else 'failed' end",
            applied_at: Time::Column("installed_on"),
            // Nanoseconds; -1 until it is finished.
            milliseconds: "nullif(execution_time, -1) / 1000000.0",
            checksum: "encode(checksum, 'hex')",
            order: "version",
            ..Reading::default()
        }
    }

    fn checksum(&self, file: ToolFile<'_>) -> Option<String> {
        Some(checksum::sha384(file.bytes))
    }
}
