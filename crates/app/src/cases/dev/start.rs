//! Starts the server, for as long as nobody stops it.

use std::time::Instant;

use camino::{Utf8Path, Utf8PathBuf};
use whimbrel_engine::Event;
use whimbrel_engine::shadow::{DatabaseFacts, Development, Ports, Served, Shadow};

use super::env_file::{self, EnvFile};
use super::{Options, Report, seeds, undisturbed};
use crate::catalogue::Code;
use crate::development::{self, Dev, Fill, Meant};
use crate::error::Error;
use crate::events::Events;
use crate::workspace::Workspace;

/// What a person said.
#[derive(Clone, Debug, Default)]
pub struct Start {
    /// Which of the server's databases.
    pub options: Options,
    /// The port, from now on.
    pub port: Option<u16>,
    /// The major version of a new server.
    pub major: Option<u16>,
    /// Whether seed files run in a new database.
    pub seed: bool,
    /// A file to note the connection URL in.
    pub env_file: Option<EnvFile>,
    /// A folder that is gone, whose server becomes this project's.
    pub from: Option<Utf8PathBuf>,
}

/// Starts the server, makes the database that is meant, and says how to get there.
pub async fn start(
    workspace: &Workspace,
    wish: &Start,
    events: &mut dyn Events,
) -> Result<Report, Error> {
    let dev = Dev { asked: wish.major, ..Dev::of(workspace)? };
    let meant = dev.meant(&wish.options.which)?;
    let mut report = Report::of(&dev, "start");
    report.meant(&meant);
    other_major(&dev)?;
    // What will be refused is refused before anything is started.
    if let Some(file) = &wish.env_file {
        env_file::check(workspace, file)?;
    }
    match &wish.from {
        Some(from) => {
            take_over(&dev, from, events).await?;
            report
                .remarks
                .push(format!("the development server of `{from}` is this project's now"));
        }
        None => report.remarks.extend(dev.follow(events).await?),
    }
    let ports = Ports { asked: wish.port, preferred: dev.port() };
    let served = serve(&dev, ports, events).await?;
    report.outcome = if served.was_running { "running" } else { "started" };
    if let Some(port) = served.passed_over {
        report.remarks.push(format!(
            "port {port} is taken; port {} is this project's from now on",
            served.address.port()
        ));
    }
    complete(&dev, &served, &meant, wish, &mut report, events).await?;
    let turn = dev.development().share(events).await?;
    report.look(&dev, &served.server, events).await?;
    drop(turn);
    if let Some(file) = &wish.env_file {
        let url = served.address.url(&meant.database);
        report.env_file = Some(env_file::write(workspace, file, &url)?);
    }
    Ok(report)
}

/// Makes the server of a folder that is gone this project's.
async fn take_over(dev: &Dev<'_>, from: &Utf8Path, events: &mut dyn Events) -> Result<(), Error> {
    let surroundings = dev.workspace.surroundings();
    let environment = surroundings.shadow_environment();
    let from = surroundings.folder.join(from);
    let refused = |message: String, hint: &str| {
        let hints = vec![hint.to_owned()];
        Err(Error::Refused { code: Code::NOT_TAKEN_OVER, message, hints })
    };
    if !matches!(from.try_exists(), Ok(false)) {
        let hint = "`--from` is for a folder that was moved or removed";
        return refused(format!("`{from}` is there, and its development server is its own"), hint);
    }
    if dev.development().standing().has_data {
        return refused(
            "this project has a development server of its own".to_owned(),
            "`whimbrel dev stop` and `whimbrel shadow clean --dev` remove it with all its data",
        );
    }
    let root = dev.workspace.folder().root();
    if !Development::take_over(&environment, &from, root, events).await? {
        return refused(
            format!("`{from}` has no development server that could be taken over"),
            "`whimbrel shadow list` shows which folders have one, and whether it is in use",
        );
    }
    Ok(())
}

/// Starts the server, or joins the one that is started.
pub(super) async fn serve(
    dev: &Dev<'_>,
    ports: Ports,
    events: &mut dyn Events,
) -> Result<Served, Error> {
    let what = "start this project's development server".to_owned();
    events.on(Event::Working { what, percent: None });
    let root = dev.workspace.folder().root();
    Ok(Shadow::serve(&dev.options(), dev.major(), root, ports, events).await?)
}

/// Makes the database that is meant, if it is not there.
async fn complete(
    dev: &Dev<'_>,
    served: &Served,
    meant: &Meant,
    wish: &Start,
    report: &mut Report,
    events: &mut dyn Events,
) -> Result<(), Error> {
    let Served { server, address, .. } = served;
    let is_there = |name: &str, all: &[DatabaseFacts]| all.iter().any(|facts| facts.name == name);
    if is_there(&meant.database, &server.databases().await?) {
        return Ok(());
    }
    let turn = dev.development().turn(events).await?;
    let since = Instant::now();
    let mut all = server.databases().await?;
    // Another may have made it meanwhile.
    if is_there(&meant.database, &all) {
        return Ok(());
    }
    // A branch's is a copy of one in which migrations ran.
    if !is_there(dev.base(), &all) {
        let fill = Fill {
            database: dev.base().to_owned(),
            seeds: seeds(dev.workspace, wish.seed),
            command: "dev start",
            interrupt: wish.options.interrupt.clone(),
        };
        let filling = development::fill(dev, server, &fill, events);
        report.filled(undisturbed(server, Some(address), filling).await?);
        all = server.databases().await?;
    }
    if meant.branch.is_some() && !is_there(&meant.database, &all) {
        let making = dev.make(server, meant, &all, events);
        let made = undisturbed(server, Some(address), making).await?;
        if let Some((from, ended)) = made {
            report.made.get_or_insert_default().copy_of = Some(from);
            report.ended(ended);
        }
    }
    drop(turn);
    if let Some(made) = &mut report.made {
        made.milliseconds = u64::try_from(since.elapsed().as_millis()).unwrap_or(u64::MAX);
    }
    Ok(())
}

/// Refuses a major version that was asked for where there is data of another.
fn other_major(dev: &Dev<'_>) -> Result<(), Error> {
    match (dev.asked, dev.development().standing().major) {
        (Some(asked), Some(major)) if asked != major => Err(Error::Refused {
            code: Code::OTHER_MAJOR,
            message: format!("the development database is of Postgres {major}, not {asked}"),
            hints: vec![format!(
                "`whimbrel dev reset --hard --major {asked}` begins anew; what is in its databases is lost"
            )],
        }),
        _ => Ok(()),
    }
}
