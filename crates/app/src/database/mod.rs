//! Finds the database that a command is about.

mod alembic;
pub(crate) mod auto;
pub(crate) mod dotenv;
mod environment;
mod libpq;
mod protection;
mod supabase;
mod way;

use std::fmt;

use camino::Utf8PathBuf;
use whimbrel_engine::state::Facts;
use whimbrel_engine::ways::By;
use whimbrel_engine::{Host, HostKind, Origins, Secret, Target, TargetError};
use whimbrel_history::FilesError;

use crate::catalogue::Code;
use crate::config::EnvironmentUrl;
use crate::error::Error;
use crate::wire::DatabaseShown;
use crate::workspace::Workspace;
use whimbrel_history::nearest;

pub(crate) use way::others as other_ways;
pub use way::{WayName, WayOptions};

/// The names under which people keep a connection URL, in the order in which they are tried.
pub const VARIABLES: &[&str] = &["DATABASE_URL", "SUPABASE_DB_URL", "DIRECT_URL"];

/// The variable that goes before one whose URL leads to a transaction pooler.
const DIRECT: &str = "DIRECT_URL";

/// Where a URL is looked for when none is given, in this order.
const PLACES: &[&dyn Place] = &[
    &environment::Environment,
    &dotenv::File(".env.secrets"),
    &dotenv::File(".env.local"),
    &dotenv::File(".env"),
    &libpq::Libpq,
    &supabase::Supabase,
    &alembic::Alembic,
];

/// A place where projects keep their connection URL.
trait Place: Sync {
    /// Says what is looked at, for the reference page.
    fn about(&self) -> String;

    /// Looks, in order; nothing found is a look too.
    fn look(&self, workspace: &Workspace) -> Result<Vec<Look>, FilesError>;

    /// A variable of this place.
    fn variable(&self, _workspace: &Workspace, _name: &str) -> Result<Option<Look>, FilesError> {
        Ok(None)
    }
}

/// One place looked at, and what was there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Look {
    /// The place, as a person would name it: `DATABASE_URL in .env.local`.
    pub place: String,
    /// What was there.
    pub found: Found,
}

/// What was found at a place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// Nothing, and why if that is not obvious.
    Nothing(Option<String>),
    /// A connection URL.
    Url(Secret),
}

/// The database that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Database {
    /// How to get there.
    pub target: Target,
    /// Where its URL stood.
    pub place: String,
    /// The environment that it was named by.
    pub environment: Option<String>,
    /// Whether that environment asks before data is lost.
    pub protected: bool,
    /// A way round a transaction pooler, for what it cannot do.
    pub direct: Option<Target>,
    /// What a person should know of the choice.
    pub remark: Option<String>,
    /// Where each setting of the target came from.
    pub origins: Origins,
}

impl Database {
    /// The embedded database of a project.
    pub(crate) fn embedded(target: Target) -> Self {
        Self {
            target,
            place: "the embedded Postgres of this project".to_owned(),
            environment: None,
            protected: false,
            direct: None,
            remark: None,
            origins: Origins::new(),
        }
    }
}

impl Database {
    /// None: nothing is asked of one.
    pub(crate) fn none() -> Self {
        let place = "nowhere".to_owned();
        Self { place, ..Self::embedded(Target::socket("", 0, "", "")) }
    }

    /// Refuses what only a connection of our own can do; `instead` is what to do about it.
    pub(crate) fn check_connection(&self, what: &str, instead: &str) -> Result<(), Error> {
        if self.target.by == By::Connection {
            return Ok(());
        }
        let way = self.target.by.name();
        Err(Error::Refused {
            code: Code::NEEDS_CONNECTION,
            message: format!("{what} needs a connection of its own, and `--via {way}` is none"),
            hints: vec![instead.to_owned()],
        })
    }

    /// The database as a person recognises it.
    pub(crate) fn shown(&self, facts: &Facts) -> DatabaseShown {
        DatabaseShown {
            host: hosts(&self.target),
            database: facts.database.clone(),
            role: facts.role.clone(),
            server_version: facts.version.clone(),
            environment: self.environment.clone(),
            found_in: self.place.clone(),
            // Whether a pooler stands behind another way is nobody's business here.
            pooled: facts.pooled && self.target.by == By::Connection,
        }
    }
}

/// The hosts of a target, as they are tried, and the way there if it is no connection.
pub(crate) fn hosts(target: &Target) -> String {
    let hosts: Vec<String> = target.hosts.iter().map(ToString::to_string).collect();
    let hosts = hosts.join(", ");
    match &target.by {
        By::Connection => hosts,
        By::Psql(_) => format!("{hosts} by psql"),
        By::Api(api) => format!("project {} by api ({hosts})", api.project()),
    }
}

/// What a person said about the database.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DatabaseOptions {
    /// A connection URL, or `@NAME` for an environment.
    pub database_url: Option<Secret>,
    /// The name of an environment.
    pub environment: Option<String>,
    /// The embedded database of this project.
    pub dev: bool,
    /// Which of its databases; `None` is as whimbrel.toml says.
    pub dev_database: Option<String>,
    /// Whether nothing is made for it: a branch's database that is not there stays so.
    pub only_read: bool,
    /// By which way.
    pub way: WayOptions,
}

/// Why there is no database.
#[derive(Debug, thiserror::Error)]
pub enum DatabaseError {
    /// Nobody said where it is.
    #[error("no database is given")]
    Nowhere {
        /// Every place that was looked at.
        looked: Vec<Look>,
    },
    /// whimbrel.toml has no such environment.
    #[error("unknown environment `{name}`")]
    UnknownEnvironment {
        /// As it was written.
        name: String,
        /// Those that there are.
        known: Vec<String>,
    },
    /// An environment without a URL.
    #[error("environment `{name}` has no URL")]
    EnvironmentWithoutUrl {
        /// The environment.
        name: String,
    },
    /// The variable that an environment names is not set.
    #[error("environment `{name}` takes its URL from `{variable}`, which is not set")]
    VariableNotSet {
        /// The environment.
        name: String,
        /// The variable.
        variable: String,
        /// Every place that was looked at.
        looked: Vec<Look>,
    },
    /// A URL that cannot be read.
    #[error("read the connection URL from {place}")]
    Url {
        /// Where it stands.
        place: String,
        /// Why.
        #[source]
        source: TargetError,
    },
    /// A way that cannot be taken.
    #[error("{message}")]
    Way {
        /// Which error it is.
        code: &'static Code,
        /// Why.
        message: String,
        /// What to do.
        hints: Vec<String>,
    },
    /// A file that cannot be read.
    #[error(transparent)]
    Files(#[from] FilesError),
}

impl DatabaseError {
    /// What to do about it.
    pub fn hints(&self) -> Vec<String> {
        match self {
            Self::Nowhere { looked } => {
                let mut hints = vec![
                    "give it: `--database-url postgresql://user@host/database`, or set DATABASE_URL".to_owned(),
                    "to try something out without a database, use `--dev`: an embedded Postgres, kept for this project".to_owned(),
                ];
                hints.push(format!("looked at {}", list(looked)));
                hints
            }
            Self::UnknownEnvironment { name, known } => {
                let meant = nearest(name, known.iter().map(String::as_str));
                vec![match (meant, known.as_slice()) {
                    (Some(meant), _) => format!("did you mean `{meant}`?"),
                    (None, []) => format!("add [env.{name}] with `url_env` to whimbrel.toml"),
                    (None, known) => format!("whimbrel.toml has {}", known.join(", ")),
                }]
            }
            Self::EnvironmentWithoutUrl { name } => {
                vec![format!("add `url_env` to [env.{name}] in whimbrel.toml")]
            }
            Self::VariableNotSet { looked, .. } => vec![format!("looked at {}", list(looked))],
            Self::Url { source, .. } => source.hint().into_iter().collect(),
            Self::Way { hints, .. } => hints.clone(),
            Self::Files(_) => Vec::new(),
        }
    }
}

/// The places in one sentence: `A (empty), B, C`.
fn list(looked: &[Look]) -> String {
    let shown: Vec<String> = looked.iter().map(ToString::to_string).collect();
    shown.join(", ")
}

impl fmt::Display for Look {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.place)?;
        match &self.found {
            Found::Nothing(Some(why)) => write!(f, " ({why})"),
            Found::Nothing(None) | Found::Url(_) => Ok(()),
        }
    }
}

impl Look {
    /// A variable's value as a look: what is set to nothing is nothing.
    fn variable(place: String, value: Option<&str>) -> Self {
        let found = match value.map(str::trim) {
            None => Found::Nothing(None),
            Some("") => Found::Nothing(Some("empty".to_owned())),
            Some(url) => Found::Url(Secret::new(url)),
        };
        Self { place, found }
    }
}

/// Finds the database: what was said, else the first place that has one.
pub fn find(workspace: &Workspace, options: &DatabaseOptions) -> Result<Database, DatabaseError> {
    match way::wanted(workspace, options)? {
        WayName::Auto => auto::find(workspace, options),
        way @ (WayName::Native | WayName::Psql | WayName::Api) => by_way(workspace, options, way),
    }
}

/// Finds the database for a way.
fn by_way(
    workspace: &Workspace,
    options: &DatabaseOptions,
    way: WayName,
) -> Result<Database, DatabaseError> {
    let found = if way == WayName::Api {
        way::api(workspace, options)?
    } else if let Some(name) = &options.environment {
        named(workspace, name, way)?
    } else if let Some(given) = &options.database_url {
        match given.reveal().strip_prefix('@') {
            Some(name) => named(workspace, name, way)?,
            None => database(workspace, given, "--database-url".to_owned(), way)?,
        }
    } else {
        discover(workspace, way)?
    };
    Ok(protection::recognise(workspace, way, found))
}

/// Every place, in order, with what is there.
pub fn look(workspace: &Workspace) -> Result<Vec<Look>, FilesError> {
    let mut looks = Vec::new();
    for place in PLACES {
        looks.extend(place.look(workspace)?);
    }
    Ok(looks)
}

/// What is looked at when nothing is given, in order, for the reference page.
pub fn places() -> Vec<String> {
    PLACES.iter().map(|place| place.about()).collect()
}

fn discover(workspace: &Workspace, way: WayName) -> Result<Database, DatabaseError> {
    let mut looked = Vec::new();
    for place in PLACES {
        let looks = place.look(workspace)?;
        let urls: Vec<(&Look, &Secret)> = looks
            .iter()
            .filter_map(|look| match &look.found {
                Found::Url(url) => Some((look, url)),
                Found::Nothing(_) => None,
            })
            .collect();
        let Some((first, url)) = urls.first() else {
            looked.extend(looks);
            continue;
        };
        let mut database = database(workspace, url, first.place.clone(), way)?;
        // Only within one place: the DIRECT_URL of another file may be another database.
        let direct = urls.iter().find(|(look, _)| look.place.starts_with(DIRECT));
        if let Some((look, url)) = direct
            && look != first
            && database.target.is_transaction_pooler_guess()
        {
            let instead = self::database(workspace, url, look.place.clone(), way)?;
            let remark = format!(
                "{} leads to a transaction pooler, so {} is used",
                database.place, look.place
            );
            database = Database { remark: Some(remark), ..instead };
        }
        return Ok(database);
    }
    Err(DatabaseError::Nowhere { looked })
}

/// The database of an environment.
fn named(workspace: &Workspace, name: &str, way: WayName) -> Result<Database, DatabaseError> {
    let environments = &workspace.config().environments;
    let Some(environment) = environments.get(name) else {
        let known = environments.keys().cloned().collect();
        return Err(DatabaseError::UnknownEnvironment { name: name.to_owned(), known });
    };
    let (url, place) = match &environment.url {
        None => return Err(DatabaseError::EnvironmentWithoutUrl { name: name.to_owned() }),
        Some(EnvironmentUrl::Here(url)) => {
            (Secret::new(url.as_str()), format!("[env.{name}] in {}", crate::config::FILE))
        }
        Some(EnvironmentUrl::Variable(variable)) => search(workspace, name, variable)?,
    };
    let found = database(workspace, &url, place, way)?;
    let protected = environment.protected;
    Ok(Database { environment: Some(name.to_owned()), protected, ..found })
}

/// Finds a variable in the process environment or a file.
fn search(
    workspace: &Workspace,
    environment: &str,
    variable: &str,
) -> Result<(Secret, String), DatabaseError> {
    let mut looked = Vec::new();
    for place in PLACES {
        let Some(look) = place.variable(workspace, variable)? else { continue };
        match look.found {
            Found::Url(url) => return Ok((url, look.place)),
            Found::Nothing(_) => looked.push(look),
        }
    }
    Err(DatabaseError::VariableNotSet {
        name: environment.to_owned(),
        variable: variable.to_owned(),
        looked,
    })
}

fn database(
    workspace: &Workspace,
    url: &Secret,
    place: String,
    way: WayName,
) -> Result<Database, DatabaseError> {
    let (target, origins) = match way {
        WayName::Psql => workspace.explain_for_psql(url, &place)?,
        WayName::Native | WayName::Api | WayName::Auto => workspace.explain(url, &place)?,
    };
    let direct = session_mode(&target);
    let (environment, remark) = (None, None);
    Ok(Database { target, place, environment, protected: false, direct, remark, origins })
}

/// Supabase's pooler serves sessions at another port of the same host.
pub(crate) fn session_mode(target: &Target) -> Option<Target> {
    let mut direct = target.clone();
    for host in &mut direct.hosts {
        let transaction = host.kind() == HostKind::SupabaseTransaction;
        match host {
            Host::Tcp { port, .. } if transaction => *port = Target::PORT,
            Host::Tcp { .. } | Host::Socket { .. } => return None,
        }
    }
    Some(direct)
}

/// A relative path, for places that are files of the project.
fn path(name: &str) -> Utf8PathBuf {
    Utf8PathBuf::from(name)
}

#[cfg(test)]
mod tests;
