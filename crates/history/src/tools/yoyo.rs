//! yoyo: a row a migration, its id and its hash.

use super::{Kind, Reading, Shape, Table, Time, Tool};

/// yoyo.
pub(super) struct Yoyo;

impl Tool for Yoyo {
    fn name(&self) -> &'static str {
        "yoyo"
    }

    fn shapes(&self) -> &'static [Shape] {
        const SHAPES: &[Shape] = &[Shape::telling(
            "_yoyo_migration",
            "migration_hash",
            &[
                ("migration_hash", Kind::Text),
                ("migration_id", Kind::Text),
                ("applied_at_utc", Kind::Time),
            ],
        )];
        SHAPES
    }

    fn reading(&self, _: &Table) -> Reading {
        Reading {
            version: "migration_id",
            applied_at: Time::Column("applied_at_utc"),
            checksum: "migration_hash",
            order: "applied_at_utc, migration_id",
            ..Reading::default()
        }
    }

    fn beside(&self) -> &'static [&'static str] {
        &["_yoyo_log", "_yoyo_version", "yoyo_lock"]
    }
}
