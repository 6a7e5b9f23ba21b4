//! libpq's own variables.

use whimbrel_engine::Secret;
use whimbrel_history::FilesError;

use super::{Found, Look, Place};
use crate::workspace::Workspace;

/// The variables that psql connects by, where they say at least which server or database.
pub(super) struct Libpq;

/// Those that lead somewhere; the others only say how.
const LEADING: &[&str] = &["PGSERVICE", "PGHOST", "PGHOSTADDR", "PGDATABASE"];

impl Place for Libpq {
    fn about(&self) -> String {
        format!("{} in the environment, as psql takes them", LEADING.join(", "))
    }

    fn look(&self, workspace: &Workspace) -> Result<Vec<Look>, FilesError> {
        let is_set = |name: &&&str| workspace.surroundings().variable(name).is_some();
        let set: Vec<&str> = LEADING.iter().filter(is_set).copied().collect();
        let (place, found) = if set.is_empty() {
            (LEADING.join(", "), Found::Nothing(None))
        } else {
            // All of it is filled from variables.
            (set.join(", "), Found::Url(Secret::new("postgresql://")))
        };
        Ok(vec![Look { place: format!("{place} in the environment"), found }])
    }
}
