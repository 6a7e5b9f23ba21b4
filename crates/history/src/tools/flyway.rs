//! Flyway: a row a run of a file, in the order of `installed_rank`; undone versions and repeatable
//! files have rows of their own. From its documentation.

use super::{Kind, Reading, Shape, Table, Time, Tool, ToolFile, checksum};

/// Flyway.
pub(super) struct Flyway;

impl Tool for Flyway {
    fn name(&self) -> &'static str {
        "flyway"
    }

    fn shapes(&self) -> &'static [Shape] {
        const SHAPES: &[Shape] = &[Shape::telling(
            "flyway_schema_history",
            "installed_rank",
            &[
                ("installed_rank", Kind::Integer),
                ("version", Kind::Text),
                ("description", Kind::Text),
                ("type", Kind::Text),
                ("script", Kind::Text),
                ("checksum", Kind::Integer),
                ("installed_on", Kind::Time),
                ("execution_time", Kind::Integer),
                ("success", Kind::Boolean),
            ],
        )];
        SHAPES
    }

    fn reading(&self, _: &Table) -> Reading {
        Reading {
            version: "coalesce(version, script)",
            name: "description",
            status: "case when not success then 'failed' \
                     when type like 'UNDO%' or type = 'DELETE' then 'rolled_back' else 'completed' end",
            applied_at: Time::Column("installed_on"),
            milliseconds: "execution_time",
            checksum: "checksum",
            // The newest row of a version counts; the schema's own row is no migration.
            only: "type <> 'SCHEMA' and installed_rank = (select max(l.installed_rank) from {table} l \
                   where coalesce(l.version, l.script) = coalesce(t.version, t.script))",
            order: "installed_rank",
            ..Reading::default()
        }
    }

    fn checksum(&self, file: ToolFile<'_>) -> Option<String> {
        Some(checksum::crc32_of_lines(file.bytes))
    }
}
