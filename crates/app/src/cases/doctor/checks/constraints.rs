//! Constraints that were never validated.

use std::time::Duration;

use whimbrel_engine::wire::Answer;
use whimbrel_history::platform::is_users_own;
use whimbrel_sql::{Ident, Qualified};

use super::{Check, Seen, text};
use crate::cases::doctor::finding::{About, Finding, Group};

/// Constraints that were never validated.
pub(super) struct Constraints;

const ABOUT: About = About {
    id: "unvalidated-constraints",
    group: Group::Database,
    looks_at: "constraints added with `not valid` that nobody validated",
    why: "they hold for new rows only: old rows may break them, the planner does not trust them, and \
          a dump may not restore",
    cure: "`alter table … validate constraint …`, which lets readers and writers go on",
};

impl Check for Constraints {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn question(&self, _longer_than: Duration) -> Option<String> {
        // From 18 on a constraint may be meant not to be enforced, and is not validated then.
        let own = is_users_own();
        Some(format!(
            "select n.nspname as schema, t.relname as table, c.conname as name, \
             pg_catalog.pg_get_constraintdef(c.oid) as definition \
             from pg_catalog.pg_constraint c join pg_catalog.pg_class t on t.oid = c.conrelid \
             join pg_catalog.pg_namespace n on n.oid = t.relnamespace \
             where {own} and not c.convalidated and c.conparentid = 0 \
             and coalesce(pg_catalog.to_jsonb(c) ->> 'conenforced', 'true') = 'true' \
             order by 1, 2, 3 limit 20"
        ))
    }

    fn judge(&self, answer: &Answer, _seen: &Seen) -> Vec<Finding> {
        let findings: Vec<Finding> = answer
            .rows()
            .map(|row| {
                let (schema, name, table) =
                    (text(&row, "schema"), text(&row, "name"), text(&row, "table"));
                let qualified = Qualified { schema, name: table };
                ABOUT
                    .warning(format!(
                        "constraint `{name}` of `{schema}.{table}` was never validated"
                    ))
                    .shown_by(text(&row, "definition"))
                    .with_sql(format!(
                        "alter table {qualified} validate constraint {};",
                        Ident(name)
                    ))
            })
            .collect();
        if findings.is_empty() { vec![ABOUT.ok("all constraints validated")] } else { findings }
    }
}
