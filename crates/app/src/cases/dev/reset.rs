//! Makes a database anew.

use std::time::Instant;

use whimbrel_engine::shadow::{Address, Ports, Running, Server};

use super::start::serve;
use super::{Options, Report, seeds, undisturbed};
use crate::development::{self, Dev, Fill, alone};
use crate::error::Error;
use crate::events::Events;
use crate::workspace::Workspace;

/// What a person said.
#[derive(Clone, Debug)]
pub struct Reset {
    /// Which of the server's databases.
    pub options: Options,
    /// How much goes.
    pub scope: Scope,
    /// Whether seed files run.
    pub seed: bool,
}

/// How much of a server goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// The database that is meant.
    Database,
    /// Everything: all databases, roles and templates, for a new server of this major version.
    Server {
        /// The major version; `None` is the project's.
        major: Option<u16>,
    },
}

/// Drops the database that is meant, and makes it anew with all migrations.
pub async fn reset(
    workspace: &Workspace,
    wish: &Reset,
    events: &mut dyn Events,
) -> Result<Report, Error> {
    let mut dev = Dev::of(workspace)?;
    if let Scope::Server { major } = wish.scope {
        dev.asked = major;
    }
    let meant = dev.meant(&wish.options.which)?;
    let mut report = Report::of(&dev, "reset");
    report.meant(&meant);
    let was = dev.development().standing().running;
    if let Scope::Server { .. } = wish.scope {
        dev.development().discard(events).await?;
    }
    let (server, address) = have(&dev, was, events).await?;
    let turn = dev.development().turn(events).await?;
    let patience = workspace.config().timeouts.wait.0;
    alone(&server, &meant.database, patience, events).await?;
    let since = Instant::now();
    let all = server.databases().await?;
    let before = all.into_iter().find(|facts| facts.name == meant.database);
    let note = before.as_ref().and_then(|facts| facts.note.clone());
    let fill = Fill {
        database: meant.database.clone(),
        seeds: seeds(workspace, wish.seed),
        command: "dev reset",
        interrupt: wish.options.interrupt.clone(),
    };
    let anew = async {
        let mut ended = Vec::new();
        if before.is_some() {
            ended = server.remove_database(&meant.database).await?;
        }
        let filled = development::fill(&dev, &server, &fill, events).await?;
        if let Some(note) = note.or_else(|| meant.note(dev.base())) {
            server.annotate(&meant.database, &note).await?;
        }
        Ok((ended, filled))
    };
    let (ended, filled) = undisturbed(&server, address.as_ref(), anew).await?;
    report.ended(ended);
    report.filled(filled);
    if let Some(made) = &mut report.made {
        made.milliseconds = u64::try_from(since.elapsed().as_millis()).unwrap_or(u64::MAX);
    }
    report.outcome = "reset";
    report.look(&dev, &server, events).await?;
    drop(turn);
    Ok(report)
}

/// The server: as it was, for good or for now. One that was killed comes back for good.
async fn have(
    dev: &Dev<'_>,
    was: Running,
    events: &mut dyn Events,
) -> Result<(Server, Option<Address>), Error> {
    match was {
        Running::Staying | Running::Killed => {
            let ports = Ports { asked: None, preferred: dev.port() };
            let served = serve(dev, ports, events).await?;
            Ok((served.server, Some(served.address)))
        }
        Running::Passing | Running::No => Ok((dev.join(events).await?, None)),
    }
}
