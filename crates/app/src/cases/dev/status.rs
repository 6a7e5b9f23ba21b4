//! Shows the server and its databases.

use whimbrel_engine::shadow::Running;

use super::{Options, Report};
use crate::development::Dev;
use crate::error::Error;
use crate::events::Events;
use crate::workspace::Workspace;

/// Looks, and starts nothing.
pub async fn status(
    workspace: &Workspace,
    options: &Options,
    events: &mut dyn Events,
) -> Result<Report, Error> {
    let dev = Dev::of(workspace)?;
    let mut report = Report::of(&dev, "status");
    report.meant(&dev.meant(&options.which)?);
    match dev.development().standing().running {
        Running::Staying => {
            let server = dev.join(events).await?;
            let turn = dev.development().share(events).await?;
            report.look(&dev, &server, events).await?;
            drop(turn);
        }
        // Whoever looks into a server keeps it from ending.
        Running::No | Running::Killed | Running::Passing => report.wanted_major(&dev),
    }
    Ok(report)
}
