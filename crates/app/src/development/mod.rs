//! A project's development server: which of its databases is meant, and how that comes to be.

mod fill;
mod names;

use whimbrel_engine::shadow::{
    Connected, DatabaseFacts, Development, Note, Server, Shadow, ShadowOptions, Template, Turn,
};
use whimbrel_engine::wire::Session;
use whimbrel_engine::{Event, Target};

use crate::catalogue::Code;
use crate::database::DatabaseOptions;
use crate::error::Error;
use crate::events::Events;
use crate::git::{Git, Head};
use crate::histories::{self, Outline};
use crate::presumed::Presumed;
use crate::project::APPLICATION;
use crate::workspace::Workspace;

pub(crate) use fill::{Fill, Filled, alone, fill};
pub(crate) use names::database_of;

/// The database of a project whose format names none.
const DATABASE: &str = "app";

/// The major version of a new server.
const MAJOR: u16 = 17;

/// SQLSTATE `invalid_catalog_name`: there is no such database.
const NO_DATABASE: &str = "3D000";

/// Which of a development server's databases is meant.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Which {
    /// As whimbrel.toml says: the branch's where `per_branch` is set, else the project's.
    #[default]
    Configured,
    /// The project's.
    Project,
    /// That of a branch; without a name, of the one that is checked out.
    Branch(Option<String>),
    /// The one of this name.
    Named(String),
}

/// A database that is meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Meant {
    /// Its name.
    pub(crate) database: String,
    /// The branch that it belongs to; `None` is the project's own, which the main branch uses.
    pub(crate) branch: Option<String>,
    /// Why it is not that of a branch, where somebody may have expected so.
    pub(crate) remark: Option<String>,
    /// Where a branch came from, the nearest first.
    origins: Vec<String>,
}

impl Meant {
    /// What the comment of the database says, if it is a branch's.
    pub(crate) fn note(&self, base: &str) -> Option<Note> {
        let branch = self.branch.clone()?;
        Some(Note::Branch { branch, from: base.to_owned() })
    }
}

/// A project's development server, whether it runs or not.
#[derive(Clone, Debug)]
pub(crate) struct Dev<'a> {
    pub(crate) workspace: &'a Workspace,
    /// The project's histories; there may be none.
    pub(crate) outlines: Vec<Outline>,
    pub(crate) presumed: Option<Presumed>,
    /// The major version that a person asks for.
    pub(crate) asked: Option<u16>,
}

impl<'a> Dev<'a> {
    /// What the project's files say.
    pub(crate) fn of(workspace: &'a Workspace) -> Result<Self, Error> {
        let outlines = histories::outlines(workspace)?;
        histories::check_folders(workspace, &outlines)?;
        let presumed = Presumed::of(workspace, &outlines)?;
        Ok(Self { workspace, outlines, presumed, asked: None })
    }

    /// The name of the project's own database.
    pub(crate) fn base(&self) -> &'static str {
        self.presumed.map_or(DATABASE, |presumed| presumed.baseline.database())
    }

    /// The major version that the project wants.
    pub(crate) fn major(&self) -> u16 {
        let said = self.asked.or(self.workspace.config().dev.major);
        said.or(self.presumed.and_then(|presumed| presumed.major)).unwrap_or(MAJOR)
    }

    /// The port at which the project's programs look for it.
    pub(crate) fn port(&self) -> Option<u16> {
        let configured = self.workspace.config().dev.port;
        configured.or(self.presumed.and_then(|presumed| presumed.port))
    }

    /// How its server is had.
    pub(crate) fn options(&self) -> ShadowOptions {
        let mut options = self.workspace.shadow_options();
        options.baseline = self.presumed.map(|presumed| presumed.baseline);
        options
    }

    /// The server from outside.
    pub(crate) fn development(&self) -> Development {
        let environment = self.workspace.surroundings().shadow_environment();
        Development::of(&environment, self.workspace.folder().root())
    }

    /// Starts the server for as long as it is held, or joins it.
    pub(crate) async fn join(&self, events: &mut dyn Events) -> Result<Server, Error> {
        let what = "start this project's embedded Postgres".to_owned();
        for message in self.follow(events).await? {
            events.on(Event::Notice { severity: "NOTICE".to_owned(), message });
        }
        events.on(Event::Working { what, percent: None });
        let root = self.workspace.folder().root();
        Ok(Shadow::develop(&self.options(), self.major(), root, events).await?)
    }

    /// Takes over the server that the project's folder had before it was moved, where there is no
    /// doubt about that. Answers what a person should know of it, and of servers of other folders
    /// that are gone.
    pub(crate) async fn follow(&self, events: &mut dyn Events) -> Result<Vec<String>, Error> {
        if self.development().standing().has_data {
            return Ok(Vec::new());
        }
        let environment = self.workspace.surroundings().shadow_environment();
        let root = self.workspace.folder().root();
        let gone = Development::gone(&environment, root);
        if let Some(one) = gone.iter().find(|one| one.is_it)
            && Development::take_over(&environment, &one.project, root, events).await?
        {
            let old = &one.project;
            return Ok(vec![format!(
                "this folder was `{old}`: its development server, with data and port, comes along"
            )]);
        }
        let said = gone.iter().map(|one| {
            let old = &one.project;
            format!(
                "the development server of `{old}`, a folder that is gone, may be this project's: \
                 `whimbrel dev stop`, `whimbrel shadow clean --dev` and `whimbrel dev start --from \
                 {old}` take it over"
            )
        });
        Ok(said.collect())
    }

    /// The repository of the project.
    pub(crate) fn git(&self) -> Option<Git> {
        Git::of(self.workspace.folder().root())
    }

    /// The database that is meant.
    pub(crate) fn meant(&self, which: &Which) -> Result<Meant, Error> {
        let base = self.base();
        let own = |remark: Option<&str>| Meant {
            database: base.to_owned(),
            branch: None,
            remark: remark.map(str::to_owned),
            origins: Vec::new(),
        };
        let (name, is_asked) = match which {
            Which::Project => return Ok(own(None)),
            Which::Named(name) => return Ok(Meant { database: name.clone(), ..own(None) }),
            Which::Configured if !self.workspace.config().dev.per_branch => return Ok(own(None)),
            Which::Configured => (None, false),
            Which::Branch(name) => (name.clone(), true),
        };
        let Some(git) = self.git() else {
            if is_asked {
                return Err(Error::Usage {
                    code: Code::NO_BRANCHES,
                    message: "this project is in no git repository, so it has no branches"
                        .to_owned(),
                    hints: vec!["leave `--branch` out: the project has one database".to_owned()],
                });
            }
            return Ok(own(Some("the project is in no git repository: its own database")));
        };
        let name = match (name, git.head()) {
            (Some(name), _) | (None, Head::Branch(name)) => name,
            (None, Head::Detached) if is_asked => {
                return Err(Error::Usage {
                    code: Code::NO_BRANCHES,
                    message: "no branch is checked out".to_owned(),
                    hints: vec!["name one: `--branch NAME`".to_owned()],
                });
            }
            (None, Head::Detached) => {
                return Ok(own(Some("no branch is checked out: the project's own database")));
            }
        };
        if git.main_branch().as_ref() == Some(&name) {
            return Ok(own(None));
        }
        let origins = git.origins(&name);
        let database = database_of(base, &name);
        Ok(Meant { database, branch: Some(name), remark: None, origins })
    }

    /// Makes a database that is meant and not there: a branch's as a copy of the nearest one that
    /// it came from, which is answered with those that were sent away for it; the project's own is
    /// empty.
    pub(crate) async fn make(
        &self,
        server: &Server,
        meant: &Meant,
        all: &[DatabaseFacts],
        events: &mut dyn Events,
    ) -> Result<Option<(String, Vec<Connected>)>, Error> {
        let Some(branch) = &meant.branch else {
            server.create_database(&meant.database, Template::Empty).await?;
            return Ok(None);
        };
        let is_there = |name: &String| all.iter().any(|facts| facts.name == *name);
        let origins = meant.origins.iter().map(|origin| database_of(self.base(), origin));
        let from = origins.filter(|name| *name != meant.database).find(is_there);
        let from = from.unwrap_or_else(|| self.base().to_owned());
        if !is_there(&from) {
            server.create_database(&from, Template::Empty).await?;
        }
        let what = format!("copy `{from}` for branch `{branch}`");
        events.on(Event::Working { what, percent: None });
        let patience = self.workspace.config().timeouts.wait.0;
        alone(server, &from, patience, events).await?;
        let ended = server.copy_database(&from, &meant.database).await?;
        let note = Note::Branch { branch: branch.clone(), from: from.clone() };
        server.annotate(&meant.database, &note).await?;
        Ok(Some((from, ended)))
    }
}

/// A development server in use: it runs, and its databases stay, for as long as this is held.
#[derive(Debug)]
pub(crate) struct Using {
    _server: Server,
    _turn: Option<Turn>,
}

/// Starts or joins the project's development server, for other commands' `--dev`.
///
/// Where a database is named, whoever named it sees to it that the database stays.
pub(crate) async fn develop(
    workspace: &Workspace,
    outlines: &[Outline],
    options: &DatabaseOptions,
    events: &mut dyn Events,
) -> Result<(Using, Target), Error> {
    let database = options.dev_database.as_deref();
    let presumed = Presumed::of(workspace, outlines)?;
    let dev = Dev { workspace, outlines: outlines.to_vec(), presumed, asked: None };
    let which = database.map_or(Which::Configured, |name| Which::Named(name.to_owned()));
    let meant = dev.meant(&which)?;
    let server = dev.join(events).await?;
    let development = dev.development();
    let target = server.target(&meant.database);
    let (mut session, turn) = loop {
        let turn = match database {
            None => Some(development.share(events).await?),
            Some(_) => None,
        };
        match Session::connect(&target, APPLICATION).await {
            Err(error)
                if database.is_none()
                    && error.server().is_some_and(|error| error.code == NO_DATABASE) =>
            {
                if let (Some(branch), true) = (&meant.branch, options.only_read) {
                    return Err(not_made(branch));
                }
                drop(turn);
                let turn = development.turn(events).await?;
                let all = server.databases().await?;
                if !all.iter().any(|facts| facts.name == meant.database) {
                    let made = dev.make(&server, &meant, &all, events).await?;
                    if let Some((from, ended)) = made.filter(|(_, ended)| !ended.is_empty()) {
                        events.on(sent_away(&from, &ended));
                    }
                }
                drop(turn);
            }
            connected => break (connected?, turn),
        }
    };
    if let Some(presumed) = presumed {
        presumed.ensure(&mut session, server.major()).await?;
    }
    session.close().await;
    Ok((Using { _server: server, _turn: turn }, target))
}

/// A branch's database that is not there yet, where nothing is to be made.
pub(crate) fn not_made(branch: &str) -> Error {
    Error::NotThere {
        code: Code::NO_DEV_DATABASE,
        message: format!("branch `{branch}` has no database yet"),
        hints: vec!["`whimbrel dev start --branch` makes it".to_owned()],
    }
}

/// Says whose connections ended for a copy.
fn sent_away(from: &str, ended: &[Connected]) -> Event {
    let clients: Vec<String> = ended
        .iter()
        .map(|one| match one.application.as_str() {
            "" => format!("process {}", one.pid),
            name => format!("{name} (process {})", one.pid),
        })
        .collect();
    Event::Notice {
        severity: "WARNING".to_owned(),
        message: format!("clients of `{from}` were sent away for the copy: {}", clients.join(", ")),
    }
}
