//! Indexes that a build left invalid.

use std::time::Duration;

use whimbrel_engine::wire::Answer;
use whimbrel_history::platform::is_users_own;
use whimbrel_sql::Qualified;

use super::{Check, Seen, text};
use crate::cases::doctor::finding::{About, Finding, Group};

/// Indexes that a build left invalid.
pub(super) struct Indexes;

const ABOUT: About = About {
    id: "invalid-indexes",
    group: Group::Database,
    looks_at: "indexes that are not valid and that nobody is building",
    why: "a concurrent build failed: every write still maintains the index, no query uses it, a \
          unique one may refuse rows, and building it again under its name fails",
    cure: "drop it concurrently and build it again",
};

impl Check for Indexes {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn question(&self, _longer_than: Duration) -> Option<String> {
        let own = is_users_own();
        Some(format!(
            "select n.nspname as schema, c.relname as name, t.relname as table, \
             pg_catalog.pg_get_indexdef(c.oid) as definition, exists (\
             select from pg_catalog.pg_stat_progress_create_index p \
             where p.index_relid = c.oid) as building \
             from pg_catalog.pg_index i join pg_catalog.pg_class c on c.oid = i.indexrelid \
             join pg_catalog.pg_class t on t.oid = i.indrelid \
             join pg_catalog.pg_namespace n on n.oid = c.relnamespace \
             where {own} and not i.indisvalid and c.relkind = 'i' order by 1, 2 limit 20"
        ))
    }

    fn judge(&self, answer: &Answer, _seen: &Seen) -> Vec<Finding> {
        let findings: Vec<Finding> = answer
            .rows()
            .map(|row| {
                let (schema, name) = (text(&row, "schema"), text(&row, "name"));
                if text(&row, "building") == "t" {
                    return ABOUT.note(format!("index `{schema}.{name}` is being built"));
                }
                let index = Qualified { schema, name };
                let finding = ABOUT
                    .warning(format!("index `{schema}.{name}` is invalid"))
                    .shown_by(format!("on `{}`; written to and never read", text(&row, "table")))
                    .with_sql(format!("drop index concurrently {index};"));
                // `reindex concurrently` leaves these, beside the index that they were to replace.
                let is_leftover = name.contains("_ccnew") || name.contains("_ccold");
                if is_leftover {
                    return finding;
                }
                let build = text(&row, "definition").replacen("INDEX ", "INDEX CONCURRENTLY ", 1);
                finding.with_sql(format!("{build};"))
            })
            .collect();
        if findings.is_empty() { vec![ABOUT.ok("all indexes valid")] } else { findings }
    }
}
