//! What a command has at hand: the world and the terminal.

use std::collections::BTreeMap;

use camino::{Utf8Path, Utf8PathBuf};
use whimbrel_app::{Surroundings, SystemClock, Workspace};

use crate::arguments::Globals;
use crate::failure::Failure;
use crate::terminal::Terminal;

/// What a command has at hand.
pub(crate) struct House {
    /// The options of every command.
    pub(crate) globals: Globals,
    /// Where output goes.
    pub(crate) terminal: Terminal,
}

impl House {
    /// A house for one command.
    pub(crate) fn new(globals: Globals) -> Self {
        let terminal = Terminal::new(globals.manner());
        Self { globals, terminal }
    }

    /// Opens the project that the command is about.
    pub(crate) fn workspace(&self) -> Result<Workspace, Failure> {
        let project = self.globals.project.as_deref();
        Ok(Workspace::open(surroundings()?, project).map_err(whimbrel_app::Error::from)?)
    }

    /// Opens the folder that is to become a project, whatever lies above it.
    pub(crate) fn new_workspace(&self) -> Result<Workspace, Failure> {
        let project = self.globals.project.as_deref().unwrap_or(Utf8Path::new("."));
        Ok(Workspace::open(surroundings()?, Some(project)).map_err(whimbrel_app::Error::from)?)
    }
}

/// Reads the world around this process, once.
fn surroundings() -> Result<Surroundings, Failure> {
    let failed = |source| Failure::Input { what: "find the current folder".to_owned(), source };
    let folder = std::env::current_dir().map_err(failed)?;
    let folder = Utf8PathBuf::try_from(folder).map_err(|error| failed(error.into_io_error()))?;
    let variables: BTreeMap<String, String> = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .collect();
    Ok(Surroundings { folder, variables, clock: Box::new(SystemClock) })
}
