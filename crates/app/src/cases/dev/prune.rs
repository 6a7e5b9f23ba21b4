//! Drops the databases of branches that are gone.

use whimbrel_engine::shadow::Note;

use super::{Options, Report};
use crate::catalogue::Code;
use crate::development::{Dev, alone};
use crate::error::Error;
use crate::events::Events;
use crate::run::Depth;
use crate::workspace::Workspace;

/// Drops the databases of branches that are gone, or says which those are.
pub async fn prune(
    workspace: &Workspace,
    options: &Options,
    depth: Depth,
    events: &mut dyn Events,
) -> Result<Report, Error> {
    let dev = Dev::of(workspace)?;
    let Some(git) = dev.git() else {
        return Err(Error::Usage {
            code: Code::NO_BRANCHES,
            message: "this project is in no git repository, so it has no branches".to_owned(),
            hints: Vec::new(),
        });
    };
    let mut report = Report::of(&dev, "prune");
    report.meant(&dev.meant(&options.which)?);
    let branches = git.branches();
    if !dev.development().standing().has_data {
        return Ok(report);
    }
    let server = dev.join(events).await?;
    let turn = dev.development().turn(events).await?;
    for facts in server.databases().await? {
        let Some(Note::Branch { branch, .. }) = &facts.note else { continue };
        if branches.contains(branch) {
            continue;
        }
        if depth == Depth::Run {
            alone(&server, &facts.name, workspace.config().timeouts.wait.0, events).await?;
            report.ended(server.remove_database(&facts.name).await?);
            report.outcome = "pruned";
        }
        report.dropped.push(facts.name);
    }
    report.look(&dev, &server, events).await?;
    drop(turn);
    Ok(report)
}
