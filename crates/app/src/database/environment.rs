//! The process environment.

use whimbrel_history::FilesError;

use super::{Look, Place, VARIABLES};
use crate::workspace::Workspace;

/// The process environment.
pub(super) struct Environment;

impl Place for Environment {
    fn about(&self) -> String {
        format!("{} in the environment", VARIABLES.join(", "))
    }

    fn look(&self, workspace: &Workspace) -> Result<Vec<Look>, FilesError> {
        Ok(VARIABLES.iter().map(|name| variable(workspace, name)).collect())
    }

    fn variable(&self, workspace: &Workspace, name: &str) -> Result<Option<Look>, FilesError> {
        Ok(Some(variable(workspace, name)))
    }
}

fn variable(workspace: &Workspace, name: &str) -> Look {
    let value = workspace.surroundings().variables.get(name).map(String::as_str);
    Look::variable(format!("{name} in the environment"), value)
}
