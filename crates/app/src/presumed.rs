//! What a project's migrations presume in a database beside Postgres itself.

use whimbrel_engine::shadow::Baseline;
use whimbrel_engine::state::StateError;
use whimbrel_engine::wire::Session;

use crate::catalogue::Code;
use crate::error::Error;
use crate::histories::Outline;
use crate::workspace::Workspace;

/// What a project's migrations presume.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Presumed {
    /// The format that presumes it.
    pub(crate) format: &'static str,
    /// What there is before the first migration.
    pub(crate) baseline: Baseline,
    /// The major version of the server that the project is made for.
    pub(crate) major: Option<u16>,
    /// The port at which the project's programs look for a development database.
    pub(crate) port: Option<u16>,
}

impl Presumed {
    /// Reads it from the project's own files; the first history that presumes something decides.
    pub(crate) fn of(workspace: &Workspace, outlines: &[Outline]) -> Result<Option<Self>, Error> {
        for Outline { format, settings, .. } in outlines {
            let said =
                format.baseline(workspace.folder(), settings).map_err(|error| Error::Usage {
                    code: Code::TOOL_SETTINGS,
                    message: error.to_string(),
                    hints: Vec::new(),
                })?;
            let Some(said) = said else { continue };
            let Some(baseline) = Baseline::named(said.name) else { continue };
            let baseline = said.variant.map_or(baseline, |variant| baseline.variant(variant));
            let format = format.name();
            return Ok(Some(Self { format, baseline, major: said.major, port: said.port }));
        }
        Ok(None)
    }

    /// Makes it in a database of ours that lacks it.
    pub(crate) async fn ensure(&self, session: &mut Session, major: u16) -> Result<(), Error> {
        let there = self.baseline.as_in(session).await.map_err(StateError::from)?;
        if there.is_none() {
            self.baseline.set_up(session, major).await?;
        }
        Ok(())
    }
}
