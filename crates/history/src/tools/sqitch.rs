//! Sqitch: a row a deployed change; what failed or was reverted is in its events.

use super::{Kind, Reading, Shape, Table, Time, Tool};

/// Sqitch.
pub(super) struct Sqitch;

impl Tool for Sqitch {
    fn name(&self) -> &'static str {
        "sqitch"
    }

    fn shapes(&self) -> &'static [Shape] {
        const SHAPES: &[Shape] = &[Shape::telling(
            "changes",
            "script_hash",
            &[
                ("change_id", Kind::Text),
                ("change", Kind::Text),
                ("project", Kind::Text),
                ("note", Kind::Text),
                ("committed_at", Kind::Time),
                ("planned_at", Kind::Time),
                ("script_hash", Kind::Text),
            ],
        )];
        SHAPES
    }

    fn reading(&self, _: &Table) -> Reading {
        Reading {
            version: "project || ':' || change",
            name: "note",
            applied_at: Time::Column("committed_at"),
            checksum: "change_id",
            order: "committed_at",
            ..Reading::default()
        }
    }

    fn beside(&self) -> &'static [&'static str] {
        &["dependencies", "events", "projects", "releases", "tags"]
    }
}
