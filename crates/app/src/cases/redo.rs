//! Undoes the newest and applies it again.

use super::{Case, Database};
use crate::error::Error;
use crate::events::Events;
use crate::run::{self, Aim, DownSide, Report};
use crate::workspace::Workspace;

/// What is known of this use case.
pub const CASE: Case = Case { name: "redo", database: Database::Written };

/// What a person said.
#[derive(Clone, Debug)]
pub struct Options {
    /// Which down script, where the file's and the ledger's differ.
    pub from: Option<DownSide>,
    /// How to go about it.
    pub run: run::Options,
}

/// Runs the newest migration's down script, and then its up script as it is now.
pub async fn redo(
    workspace: &Workspace,
    options: &Options,
    events: &mut dyn Events,
) -> Result<Report, Error> {
    run::run(workspace, &Aim::Redo { from: options.from }, &options.run, events).await
}
