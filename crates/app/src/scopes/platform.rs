//! What Supabase keeps in schemas of its own, minus what its users put there: triggers and
//! policies.

use whimbrel_catalog::{Catalog, Id};
use whimbrel_history::platform;

use super::{Scope, schema};

pub(super) struct Platform;

impl Scope for Platform {
    fn name(&self) -> &'static str {
        "platform"
    }

    fn has(&self, id: &Id, catalog: &Catalog) -> bool {
        let is_there = catalog.has(&Id::new("table", &["auth", "users"]));
        let is_users = matches!(id.kind(), "trigger" | "policy");
        is_there && !is_users && platform::SCHEMAS.contains(&schema(id))
    }
}
