//! What a project of Supabase's platform has from the start.
//!
//! Structure and signatures are the platform's; the SQL is our own. Where it differs on purpose,
//! `differences.tsv` of the tests says why. On the platform `postgres` is no superuser, but an
//! extension (supautils) lets it do most of what one can; here it is one, so that old migrations
//! replay, and what the platform would refuse it may pass: docs/supabase.md.

mod stand_ins;

use whimbrel_history::platform::SCHEMAS;

use super::{Kind, StandIn};

/// What a project of Supabase's platform has from the start.
pub(super) struct Supabase;

/// New objects of `public` are open to the API's roles only where a script grants it.
const EXPLICIT: &str = "explicit-grants";

/// New objects of `public` are open to the API's roles by default privileges.
const EXPOSED: &str = "auto-expose";

fn lies_in_its_schema(name: &str) -> bool {
    SCHEMAS.contains(&name.split('.').next().unwrap_or(name))
}

impl Kind for Supabase {
    fn name(&self) -> &'static str {
        "supabase-platform"
    }

    fn variants(&self) -> &'static [&'static str] {
        &[EXPLICIT, EXPOSED]
    }

    fn database(&self) -> &'static str {
        "postgres"
    }

    fn probe(&self) -> &'static str {
        include_str!("probe.sql")
    }

    fn scripts(&self, major: u16, variant: &str) -> Vec<&'static str> {
        let mut scripts = vec![
            include_str!("roles.sql"),
            include_str!("schemas.sql"),
            include_str!("default_privileges.sql"),
        ];
        if variant == EXPLICIT {
            scripts.push(include_str!("explicit_grants.sql"));
        }
        scripts.extend([
            include_str!("auth_functions.sql"),
            include_str!("auth_tables.sql"),
            include_str!("storage_tables.sql"),
            include_str!("storage_functions.sql"),
            include_str!("realtime.sql"),
            include_str!("supabase_functions.sql"),
            include_str!("publications.sql"),
            include_str!("event_triggers.sql"),
            include_str!("extensions.sql"),
        ]);
        if major <= 15 {
            scripts.push(include_str!("extensions_15.sql"));
        }
        scripts
    }

    fn keeps(&self, kind: &str, name: &str) -> bool {
        match kind {
            "extension" | "event trigger" => true,
            "publication" => name.starts_with("supabase_"),
            // A comment's name begins with the kind of what it is about.
            "comment" => match ["extension", "event trigger", "publication"]
                .iter()
                .find_map(|kind| Some((*kind, name.strip_prefix(kind)?.strip_prefix(' ')?)))
            {
                Some((kind, name)) => self.keeps(kind, name),
                None => lies_in_its_schema(name.rsplit(' ').next().unwrap_or(name)),
            },
            _ => lies_in_its_schema(name),
        }
    }

    fn stand_ins(&self) -> &'static [StandIn] {
        stand_ins::ALL
    }
}
