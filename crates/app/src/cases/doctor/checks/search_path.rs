//! Where names without a schema lead.

use std::time::Duration;

use whimbrel_engine::wire::Answer;
use whimbrel_sql::Ident;

use super::{Check, Seen, Setting, reset};
use crate::cases::doctor::finding::{About, Finding, Group};

/// Where names without a schema lead.
pub(super) struct SearchPath;

const ABOUT: About = About {
    id: "search-path",
    group: Group::Role,
    looks_at: "`search_path` in effect, who set it, and the schema that it leads to",
    why: "what a migration makes without naming a schema goes there; where nothing of it exists, \
          nothing can be made",
    cure: "name schemas in migrations, or set `search_path` for the role",
};

impl Check for SearchPath {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn question(&self, _longer_than: Duration) -> Option<String> {
        Some("select 1 from pg_catalog.pg_namespace where nspname = 'public'".to_owned())
    }

    fn judge(&self, answer: &Answer, seen: &Seen) -> Vec<Finding> {
        let path = seen.settings.get("search_path");
        let (value, source) =
            path.map_or(("", ""), |setting| (setting.value.as_str(), setting.source.as_str()));
        let shown = match source {
            "" | "default" => format!("search_path = {value}"),
            source => format!("search_path = {value} (set by: {source})"),
        };
        vec![match seen.schema.as_deref() {
            Some("public") => ABOUT.ok("names lead to `public`"),
            Some(schema) => {
                ABOUT.note(format!("names without a schema lead to `{schema}`")).shown_by(shown)
            }
            None => nowhere(ABOUT.trouble(NOWHERE).shown_by(shown), path, answer, seen),
        }]
    }
}

const NOWHERE: &str = "names without a schema lead nowhere: search_path has no schema that exists \
    and that the role may use";

/// Adds how names lead somewhere again: by taking back who led them astray, and where nobody did,
/// by the schema that everybody's path has.
fn nowhere(finding: Finding, path: Option<&Setting>, public: &Answer, seen: &Seen) -> Finding {
    match path {
        Some(path) if path.source != "default" => reset(finding, "search_path", path, seen, USUAL)
            .cured_by("or make the schema that it names, or let the role use it"),
        Some(_) | None if public.first().is_none() => {
            finding.cured_by("make the schema:").with_sql("create schema public;")
        }
        Some(_) | None => finding
            .cured_by("as the owner of the schema or a superuser:")
            .with_sql(format!("grant usage on schema public to {};", Ident(&seen.role))),
    }
}

/// As it is where nobody sets it.
const USUAL: &str = "\"$user\", public";
