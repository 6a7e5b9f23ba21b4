//! What the role may make.

use std::time::Duration;

use whimbrel_engine::wire::Answer;
use whimbrel_sql::Ident;

use super::{Check, Seen, text};
use crate::cases::doctor::finding::{About, Finding, Group, Severity};

/// What the role may make.
pub(super) struct Rights;

const ABOUT: About = About {
    id: "rights",
    group: Group::Role,
    looks_at: "whether the role may make schemas in the database, and objects in the schema that \
               `search_path` leads to",
    why: "the first run makes a schema for the ledger and one for the journal; migrations make tables",
    cure: "the database's owner grants it: `grant create on database … to …`",
};

impl Check for Rights {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn question(&self, _longer_than: Duration) -> Option<String> {
        Some(
            "select pg_catalog.has_database_privilege(d.oid, 'create') as may_make_schemas, \
             pg_catalog.current_schema() is null or pg_catalog.has_schema_privilege(\
             pg_catalog.current_schema(), 'create') as may_make_objects, \
             (select pg_catalog.string_agg(nspname, ', ' order by nspname) \
             from pg_catalog.pg_namespace where nspname in ('whimbrel', 'whimbrel_journal', \
             'supabase_migrations')) as ledgers \
             from pg_catalog.pg_database d where d.datname = pg_catalog.current_database()"
                .to_owned(),
        )
    }

    fn judge(&self, answer: &Answer, seen: &Seen) -> Vec<Finding> {
        let Some(row) = answer.first() else { return Vec::new() };
        let (role, owner) = (Ident(&seen.role), &seen.owner);
        let mut findings = Vec::new();
        if text(&row, "may_make_schemas") != "t" {
            let ledgers = text(&row, "ledgers");
            // What is there already need not be made.
            let has_both = ledgers.contains("whimbrel_journal") && ledgers.contains(',');
            let severity = if has_both { Severity::Note } else { Severity::Trouble };
            let what = format!("role `{}` may not make schemas here", seen.role);
            let finding = ABOUT
                .finding(severity, what)
                .shown_by(format!("database `{}` belongs to `{owner}`", seen.database))
                .cured_by(format!("as `{owner}` or a superuser (at Supabase in the SQL editor):"))
                .with_sql(format!("grant create on database {} to {role};", Ident(&seen.database)));
            findings.push(finding);
        }
        if text(&row, "may_make_objects") != "t" {
            let schema = seen.schema.as_deref().unwrap_or_default();
            findings.push(
                ABOUT
                    .warning(format!("role `{}` may not make objects in `{schema}`", seen.role))
                    .cured_by("as the owner of the schema or a superuser:")
                    .with_sql(format!("grant create on schema {} to {role};", Ident(schema))),
            );
        }
        if findings.is_empty() {
            findings.push(ABOUT.ok(format!("`{}` may make what it needs", seen.role)));
        }
        findings
    }
}
