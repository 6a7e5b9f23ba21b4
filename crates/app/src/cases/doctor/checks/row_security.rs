//! Row security that holds for us too.

use std::time::Duration;

use whimbrel_engine::wire::Answer;
use whimbrel_history::platform::is_users_own;

use super::{Check, Seen, number, text};
use crate::cases::doctor::finding::{About, Finding, Group};

/// Row security that holds for us too.
pub(super) struct RowSecurity;

const ABOUT: About = About {
    id: "row-security",
    group: Group::Role,
    looks_at: "tables whose row security holds for the role that migrates: forced, or of another owner",
    why: "a migration that changes data sees only the rows that policies let through, and says \
          nothing of the others",
    cure: "migrate as a role with `bypassrls`, or as the owner where it is not forced",
};

impl Check for RowSecurity {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn question(&self, _longer_than: Duration) -> Option<String> {
        let own = is_users_own();
        Some(format!(
            "select count(*) as count, min(n.nspname || '.' || c.relname) as example \
             from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace \
             where c.relrowsecurity and c.relkind in ('r', 'p') and {own} \
             and (c.relforcerowsecurity or not pg_catalog.pg_has_role(c.relowner, 'usage')) \
             and not exists (select from pg_catalog.pg_roles where rolname = current_user \
             and (rolsuper or rolbypassrls))"
        ))
    }

    fn judge(&self, answer: &Answer, _seen: &Seen) -> Vec<Finding> {
        let Some(row) = answer.first().filter(|row| number(row, "count") > 0) else {
            return Vec::new();
        };
        let count = number(&row, "count");
        let tables =
            if count == 1 { "1 table hides".to_owned() } else { format!("{count} tables hide") };
        vec![
            ABOUT
                .note(format!("{tables} rows from migrations that change data"))
                .shown_by(format!("`{}` is one", text(&row, "example")))
                .cured_by("migrate as a role with `bypassrls` where migrations change data"),
        ]
    }
}
