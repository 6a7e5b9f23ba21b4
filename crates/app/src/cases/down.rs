//! Undoes what is applied.

use whimbrel_history::select::Back;

use super::{Case, Database};
use crate::error::Error;
use crate::events::Events;
use crate::run::{self, Aim, DownSide, Report};
use crate::workspace::Workspace;

/// What is known of this use case.
pub const CASE: Case = Case { name: "down", database: Database::Written };

/// What a person said.
#[derive(Clone, Debug)]
pub struct Options {
    /// How far back.
    pub back: Back,
    /// Which down script, where the file's and the ledger's differ.
    pub from: Option<DownSide>,
    /// How to go about it.
    pub run: run::Options,
}

/// Undoes the newest first, as far back as a person wishes.
pub async fn down(
    workspace: &Workspace,
    options: &Options,
    events: &mut dyn Events,
) -> Result<Report, Error> {
    let aim = Aim::Down { back: options.back.clone(), from: options.from };
    run::run(workspace, &aim, &options.run, events).await
}
