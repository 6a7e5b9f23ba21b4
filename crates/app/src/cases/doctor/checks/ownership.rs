//! Whose the tables are.

use std::time::Duration;

use whimbrel_engine::wire::Answer;
use whimbrel_history::platform::is_users_own;
use whimbrel_sql::Ident;

use super::{Check, Seen, number, text};
use crate::cases::doctor::finding::{About, Finding, Group};

/// Whose the tables are.
pub(super) struct Ownership;

const ABOUT: About = About {
    id: "ownership",
    group: Group::Role,
    looks_at: "tables, views and sequences that belong to a role that ours is no member of \
               (Supabase's own schemas left out)",
    why: "only the owner, or a member of it, may alter or drop them: `must be owner of table`",
    cure: "grant the owner to the role that migrates, or give the objects to it",
};

impl Check for Ownership {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn question(&self, _longer_than: Duration) -> Option<String> {
        let own = is_users_own();
        Some(format!(
            "select pg_catalog.pg_get_userbyid(o.relowner) as owner, o.count, o.example from (\
             select c.relowner, count(*) as count, \
             min(n.nspname || '.' || c.relname) as example \
             from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace \
             where c.relkind in ('r', 'p', 'v', 'm', 'S', 'f') and {own} \
             group by c.relowner) o \
             where not pg_catalog.pg_has_role(o.relowner, 'usage') order by o.count desc, 1"
        ))
    }

    fn judge(&self, answer: &Answer, seen: &Seen) -> Vec<Finding> {
        let findings: Vec<Finding> = answer
            .rows()
            .map(|row| {
                let (owner, count) = (text(&row, "owner"), number(&row, "count"));
                let objects = if count == 1 { "object belongs" } else { "objects belong" };
                ABOUT
                    .warning(format!(
                        "{count} {objects} to `{owner}`: `{}` may not alter them",
                        seen.role
                    ))
                    .shown_by(format!("`{}` is one", text(&row, "example")))
                    .cured_by("as that role, or a superuser:")
                    .with_sql(format!("grant {} to {};", Ident(owner), Ident(&seen.role)))
            })
            .collect();
        if findings.is_empty() { vec![ABOUT.ok("owns all there is")] } else { findings }
    }
}
