//! goose: a row a run; the newest row of a version says whether it is applied, and version 0 is the
//! table's own. From its documentation.

use super::{Kind, Reading, Shape, Table, Time, Tool};

/// goose.
pub(super) struct Goose;

impl Tool for Goose {
    fn name(&self) -> &'static str {
        "goose"
    }

    fn shapes(&self) -> &'static [Shape] {
        const SHAPES: &[Shape] = &[Shape::telling(
            "goose_db_version",
            "version_id",
            &[
                ("id", Kind::Integer),
                ("version_id", Kind::Integer),
                ("is_applied", Kind::Boolean),
                ("tstamp", Kind::Time),
            ],
        )];
        SHAPES
    }

    fn reading(&self, _: &Table) -> Reading {
        Reading {
            version: "version_id",
            status: "case when is_applied then 'completed' else 'rolled_back' end",
            applied_at: Time::Column("tstamp"),
            only: "version_id > 0 and id = (select max(l.id) from {table} l \
                   where l.version_id = t.version_id)",
            order: "id",
            ..Reading::default()
        }
    }
}
