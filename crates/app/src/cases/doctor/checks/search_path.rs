//! Where names without a schema lead.

use whimbrel_engine::wire::Answer;

use super::{Check, Seen};
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

    fn judge(&self, _answer: &Answer, seen: &Seen) -> Vec<Finding> {
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
            None => ABOUT
                .trouble("names without a schema lead nowhere: nothing of search_path exists")
                .shown_by(shown)
                .cured_by("make the schema, or set search_path to one that exists"),
        }]
    }
}
