//! Applies what is due.

use whimbrel_history::select::Wish;

use super::{Case, Database};
use crate::error::Error;
use crate::events::Events;
use crate::run::{self, Aim, Report};
use crate::workspace::Workspace;

/// What is known of this use case.
pub const CASE: Case = Case { name: "up", database: Database::Written };

/// What a person said.
#[derive(Clone, Debug)]
pub struct Options {
    /// Which of what is due.
    pub wish: Wish,
    /// How to go about it.
    pub run: run::Options,
}

/// Applies what a person wishes of what is due.
pub async fn up(
    workspace: &Workspace,
    options: &Options,
    events: &mut dyn Events,
) -> Result<Report, Error> {
    run::run(workspace, &Aim::Up(options.wish.clone()), &options.run, events).await
}
