//! Liquibase: a row a changeset, which its file, id and author name together.

use super::{Kind, Reading, Shape, Table, Time, Tool};

/// Liquibase.
pub(super) struct Liquibase;

impl Tool for Liquibase {
    fn name(&self) -> &'static str {
        "liquibase"
    }

    fn shapes(&self) -> &'static [Shape] {
        const SHAPES: &[Shape] = &[Shape::telling(
            "databasechangelog",
            "orderexecuted",
            &[
                ("id", Kind::Text),
                ("author", Kind::Text),
                ("filename", Kind::Text),
                ("dateexecuted", Kind::Time),
                ("orderexecuted", Kind::Integer),
                ("exectype", Kind::Text),
                ("md5sum", Kind::Text),
            ],
        )];
        SHAPES
    }

    fn reading(&self, _: &Table) -> Reading {
        Reading {
            version: "filename || '::' || id || '::' || author",
            name: "comments",
            status: "case when exectype in ('FAILED', 'SKIPPED') then 'failed' else 'completed' end",
            applied_at: Time::Column("dateexecuted"),
            checksum: "md5sum",
            order: "orderexecuted",
            ..Reading::default()
        }
    }

    fn beside(&self) -> &'static [&'static str] {
        &["databasechangeloglock"]
    }
}
