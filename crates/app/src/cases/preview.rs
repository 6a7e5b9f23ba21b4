//! Shows what [`up`](super::up) would run.

use whimbrel_history::select::Wish;

use super::{Case, Database};
use crate::error::Error;
use crate::events::Events;
use crate::run::{self, Aim, Depth, Report};
use crate::workspace::Workspace;

/// What is known of this use case.
pub const CASE: Case = Case { name: "preview", database: Database::Read };

/// What a person said.
#[derive(Clone, Debug)]
pub struct Options {
    /// Which of what is due.
    pub wish: Wish,
    /// Whether the report has the scripts.
    pub sql: Sql,
    /// Where to look and how to rehearse.
    pub run: run::Options,
}

/// Whether the report has the scripts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sql {
    /// It has.
    Shown,
    /// It has not.
    Hidden,
}

/// Chooses and rehearses, and writes nothing.
pub async fn preview(
    workspace: &Workspace,
    options: &Options,
    events: &mut dyn Events,
) -> Result<Report, Error> {
    let depth = Depth::Show { sql: options.sql == Sql::Shown };
    let shown = run::Options { depth, ..options.run.clone() };
    Box::pin(run::run(workspace, &Aim::Up(options.wish.clone()), &shown, events)).await
}
