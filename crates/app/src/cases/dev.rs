//! The embedded development database: started, stopped, made anew, shown.

mod client;
mod env_file;
mod ignored;
mod prune;
mod report;
mod reset;
mod start;
mod status;

use whimbrel_engine::Interrupt;
use whimbrel_engine::shadow::{Address, Others, Running, Server, Stopped};

use super::{Case, Database};
use crate::catalogue::Code;
use crate::development::{Dev, Which};
use crate::error::Error;
use crate::events::Events;
use crate::run::Seeds;
use crate::workspace::Workspace;

pub use client::{Client, UrlReport, client, url};
pub use env_file::{EnvFile, EnvFileShown};
pub use prune::prune;
pub use report::{ConnectedShown, DatabaseOfDev, Made, Migrations, Report, ServerShown, Templates};
pub use reset::{Reset, Scope, reset};
pub use start::{Start, start};
pub use status::status;

/// What is known of this use case.
pub const CASE: Case = Case { name: "dev", database: Database::Untouched };

/// What a person said.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Which of the server's databases.
    pub which: Which,
    /// The person's wish to stop.
    pub interrupt: Interrupt,
}

/// Ends the server in order; what is in it stays.
pub async fn stop(
    workspace: &Workspace,
    options: &Options,
    events: &mut dyn Events,
) -> Result<Report, Error> {
    let dev = Dev::of(workspace)?;
    let development = dev.development();
    let mut report = Report::of(&dev, "stop");
    let stopped = tokio::select! {
        biased;
        () = options.interrupt.asked() => return Err(Error::Interrupted),
        stopped = development.stop(events) => stopped?,
    };
    report.outcome = match stopped {
        Stopped::WasNot => "was-not-running",
        Stopped::Ended => "stopped",
        Stopped::StartedAgain => "started-again",
    };
    report.server = ServerShown::of(&development.standing());
    Ok(report)
}

/// Whether seed files run, by what was said and by whimbrel.toml.
fn seeds(workspace: &Workspace, said: bool) -> Seeds {
    if said || workspace.config().dev.seed { Seeds::Wanted } else { Seeds::Unwanted }
}

/// Does what makes or removes databases: in a hurry, and nobody else gets in meanwhile.
async fn undisturbed<T>(
    server: &Server,
    address: Option<&Address>,
    work: impl Future<Output = Result<T, Error>>,
) -> Result<T, Error> {
    let others = if address.is_some() { Others::Out } else { Others::In };
    server.hurry(others).await?;
    let done = work.await;
    server.settle(address).await?;
    done
}

/// Refuses what only a started server can do.
fn started(dev: &Dev<'_>) -> Result<Address, Error> {
    let standing = dev.development().standing();
    let not_there = |message: &str| Error::NotThere {
        code: Code::NOT_STARTED,
        message: message.to_owned(),
        hints: vec!["`whimbrel dev start` starts it, with all that is in it".to_owned()],
    };
    match (standing.running, standing.address) {
        (Running::Staying, Some(address)) => Ok(address),
        (Running::Killed, _) => {
            Err(not_there("the development server is not running: it was killed"))
        }
        (Running::Passing, _) => {
            Err(not_there("the development server runs for another command only"))
        }
        (Running::Staying | Running::No, _) => {
            Err(not_there("the development server is not running"))
        }
    }
}
