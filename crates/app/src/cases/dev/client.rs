//! How other programs get to the database that is meant.

use camino::Utf8PathBuf;
use schemars::JsonSchema;
use serde::Serialize;
use whimbrel_engine::Secret;
use whimbrel_engine::shadow::Address;

use super::{Options, started};
use crate::catalogue::Code;
use crate::development::{Dev, Meant, not_made};
use crate::error::Error;
use crate::events::Events;
use crate::wire;
use crate::workspace::Workspace;

/// What psql is called.
const PSQL: &str = "psql";

/// Variables that would lead psql elsewhere, or keep it from a server on this machine.
const ASTRAY: &[&str] = &[
    "PGHOSTADDR",
    "PGSERVICE",
    "PGSERVICEFILE",
    "PGPASSFILE",
    "PGOPTIONS",
    "PGREQUIREAUTH",
    "PGCHANNELBINDING",
    "PGTARGETSESSIONATTRS",
    "PGLOADBALANCEHOSTS",
    "PGSSLNEGOTIATION",
];

/// The connection URL. It has the password of a throw-away database on this machine: to show it is
/// what it is for.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct UrlReport {
    /// Of this shape.
    pub version: u32,
    /// The database.
    pub database: String,
    /// The branch that it belongs to.
    pub branch: Option<String>,
    /// Its URL, password and all.
    #[serde(serialize_with = "revealed")]
    #[schemars(with = "String")]
    pub url: Secret,
}

/// A program to become, and its environment.
#[derive(Clone, Debug)]
pub struct Client {
    /// The program.
    pub program: Utf8PathBuf,
    /// Variables to set. They hold the password, which would show in arguments.
    pub variables: Vec<(&'static str, Secret)>,
    /// Variables to remove.
    pub removed: &'static [&'static str],
}

/// The connection URL of the database that is meant.
pub async fn url(
    workspace: &Workspace,
    options: &Options,
    events: &mut dyn Events,
) -> Result<UrlReport, Error> {
    let (address, Meant { database, branch, .. }) = reach(workspace, options, events).await?;
    let url = address.url(&database);
    Ok(UrlReport { version: wire::VERSION, database, branch, url })
}

/// psql, and what leads it to the database that is meant.
pub async fn client(
    workspace: &Workspace,
    options: &Options,
    events: &mut dyn Events,
) -> Result<Client, Error> {
    let path = workspace.surroundings().variable("PATH").unwrap_or_default();
    let folders = std::env::split_paths(path).filter_map(|path| Utf8PathBuf::try_from(path).ok());
    let program = folders.map(|folder| folder.join(PSQL)).find(|program| program.is_file());
    let (address, Meant { database, .. }) = reach(workspace, options, events).await?;
    let Some(program) = program else {
        return Err(Error::Usage {
            code: Code::NO_CLIENT,
            message: "`psql` is not on the PATH, and the servers that Whimbrel fetches have none"
                .to_owned(),
            hints: vec![
                "install it: `apt install postgresql-client`, `dnf install postgresql`, `brew install libpq`".to_owned(),
                "or give the URL to any other client: `whimbrel dev url`".to_owned(),
            ],
        });
    };
    let variables = vec![
        ("PGHOST", Secret::new(address.host())),
        ("PGPORT", Secret::new(address.port().to_string())),
        ("PGUSER", Secret::new(address.role())),
        ("PGPASSWORD", address.password()),
        ("PGDATABASE", Secret::new(database)),
        ("PGSSLMODE", Secret::new("disable")),
        ("PGGSSENCMODE", Secret::new("disable")),
    ];
    Ok(Client { program, variables, removed: ASTRAY })
}

/// The address of the started server, and the database that is meant, which must be there.
async fn reach(
    workspace: &Workspace,
    options: &Options,
    events: &mut dyn Events,
) -> Result<(Address, Meant), Error> {
    let dev = Dev::of(workspace)?;
    let meant = dev.meant(&options.which)?;
    let address = started(&dev)?;
    let server = dev.join(events).await?;
    let all = server.databases().await?;
    if all.iter().any(|facts| facts.name == meant.database) {
        return Ok((address, meant));
    }
    Err(match &meant.branch {
        Some(branch) => not_made(branch),
        None => Error::NotThere {
            code: Code::NO_DEV_DATABASE,
            message: format!("there is no database `{}`", meant.database),
            hints: vec!["`whimbrel dev start` makes it".to_owned()],
        },
    })
}

fn revealed<S: serde::Serializer>(url: &Secret, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(url.reveal())
}
