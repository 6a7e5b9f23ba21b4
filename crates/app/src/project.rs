//! A project beside its database: what its files say and what its ledgers say.

use std::collections::BTreeMap;

use camino::Utf8Path;
use tokio::sync::oneshot;
use whimbrel_engine::shadow::{Server, Shadow, Template};
use whimbrel_engine::state::{self, Facts, State, Wanted};
use whimbrel_engine::wire::{ConnectError, Session};
use whimbrel_engine::{Event, Secret, Target};
use whimbrel_history::ledgers::{self, Ledger};
use whimbrel_history::select::uncompared;
use whimbrel_history::state::{Row, belonging, matrix, renamed, undecided};
use whimbrel_history::tools::Search;
use whimbrel_history::{Fingerprints, History, Recorded};
use whimbrel_sql::Diagnostic;

use crate::database::{self, Database, DatabaseOptions};
use crate::error::{Error, Located};
use crate::events::Events;
use crate::histories::{self, Outline};
use crate::presumed::Presumed;
use crate::wire::{DatabaseShown, PlaceShown};
use crate::workspace::Workspace;

/// `application_name` of our connections.
pub(crate) const APPLICATION: &str = "whimbrel";

/// A project's histories, the ledgers that record them, and the database they are about.
#[derive(Debug)]
pub(crate) struct Project {
    pub(crate) workspace: Workspace,
    pub(crate) outlines: Vec<Outline>,
    pub(crate) histories: Vec<History>,
    pub(crate) database: Database,
    /// Each ledger once.
    ledgers: Vec<&'static dyn Ledger>,
    /// For each history, the fingerprints of what its ledger holds where entries have none.
    pub(crate) recorded: Vec<BTreeMap<String, Fingerprints>>,
    /// What the migrations presume in a database.
    pub(crate) presumed: Option<Presumed>,
    /// The server of the development database, which runs as long as somebody holds it.
    development: Option<Server>,
}

/// What a person said about project and database.
#[derive(Clone, Debug, Default)]
pub struct Where {
    /// The database.
    pub database: DatabaseOptions,
    /// Only this history.
    pub history: Option<String>,
    /// A server to try things out on, in place of the shadow that is brought along.
    pub shadow_url: Option<Secret>,
}

impl Project {
    /// Finds everything and reads both sides at once.
    pub(crate) async fn open(
        workspace: &Workspace,
        place: &Where,
        last_applied: LastApplied,
        events: &mut dyn Events,
    ) -> Result<(Self, Session, State), Error> {
        // Files are listed and read while the server lets us in and reads its own.
        let (tell, told) = oneshot::channel();
        let reading = {
            let (workspace, history) = (workspace.clone(), place.history.clone());
            tokio::task::spawn_blocking(move || {
                let outlines = chosen(&workspace, history.as_deref());
                let histories = match &outlines {
                    Ok(outlines) => outlines.clone(),
                    Err(_) => Vec::new(),
                };
                // Whoever does not listen any more has failed, and wants no histories.
                let _ = tell.send(outlines);
                histories::read(&workspace, &histories)
            })
        };
        let mut development = None;
        let (outlines, database, session) = if place.database.dev {
            let outlines = told.await.expect(NO_PANIC)?;
            let presumed = Presumed::of(workspace, &outlines)?;
            let (server, target) = develop(workspace, presumed.as_ref(), events).await?;
            development = Some(server);
            let database = within(workspace, Database::embedded(target));
            (outlines, database, None)
        } else {
            let database = database::find(workspace, &place.database);
            let database = database.map(|database| within(workspace, database));
            let (outlines, session) = meanwhile(told, database.as_ref().ok()).await?;
            (outlines, database?, session)
        };
        let mut ledgers: Vec<&'static dyn Ledger> = Vec::new();
        for outline in &outlines {
            let ledger = outline.format.ledger();
            if !ledgers.iter().any(|known| known.name() == ledger.name()) {
                ledgers.push(ledger);
            }
        }
        let both = async {
            let mut session = match session {
                Some(session) => session?,
                None => Session::connect(&database.target, APPLICATION).await?,
            };
            let state = read_ledgers(workspace, &mut session, &ledgers, last_applied).await?;
            Ok::<_, Error>((session, state))
        };
        let both = both.await;
        let histories = reading.await.expect(NO_PANIC)?;
        let (mut session, state) = both?;
        let presumed = Presumed::of(workspace, &outlines)?;
        let workspace = workspace.clone();
        let recorded = Vec::new();
        let mut project = Self {
            workspace,
            outlines,
            histories,
            database,
            ledgers,
            recorded,
            presumed,
            development,
        };
        project.recorded = project.read_recorded(&state, &mut session).await?;
        if last_applied == LastApplied::Unwanted {
            project.read_downs(&state, &mut session).await?;
        }
        Ok((project, session, state))
    }

    /// Reads the scripts that are needed to compare files with entries.
    async fn read_recorded(
        &self,
        state: &State,
        session: &mut Session,
    ) -> Result<Vec<BTreeMap<String, Fingerprints>>, Error> {
        let mut recorded = Vec::new();
        for history in &self.histories {
            let ledger = &state.ledgers[self.ledger_of(history)];
            let keys = undecided(history, &belonging(history, &ledger.entries));
            let mut fingerprints = BTreeMap::new();
            if !keys.is_empty()
                && let Some(query) = ledger.ledger.details(&ledger.place, &keys)
            {
                let scripts = read_scripts(session, ledger.ledger, &query).await?;
                let print = |(key, one): (String, Recorded)| (key, one.fingerprints());
                fingerprints = scripts.into_iter().map(print).collect();
            }
            recorded.push(fingerprints);
        }
        Ok(recorded)
    }

    /// Reads the down scripts that are needed to compare files with entries.
    async fn read_downs(&mut self, state: &State, session: &mut Session) -> Result<(), Error> {
        let rows = self.rows(state);
        let mut all = Vec::new();
        for (place, history) in self.histories.iter().enumerate() {
            let ledger = &state.ledgers[self.ledger_of(history)];
            let keys = uncompared(&rows[place], &self.recorded[place]);
            if !keys.is_empty()
                && let Some(query) = ledger.ledger.details(&ledger.place, &keys)
            {
                all.push((place, read_scripts(session, ledger.ledger, &query).await?));
            }
        }
        drop(rows);
        for (place, scripts) in all {
            let print = |(key, one): (String, Recorded)| (key, one.fingerprints());
            self.recorded[place].extend(scripts.into_iter().map(print));
        }
        Ok(())
    }

    /// Refuses a history that its ledger knows by another name: nothing of it would seem applied.
    pub(crate) fn check_names(&self, state: &State) -> Result<(), Error> {
        for history in &self.histories {
            let place = self.ledger_of(history);
            let sharing = self
                .outlines
                .iter()
                .filter(|outline| outline.format.ledger().name() == self.ledgers[place].name());
            let names: Vec<&str> = sharing.map(|outline| outline.settings.name.as_str()).collect();
            if let Some(was) = renamed(history, &names, &state.ledgers[place].entries) {
                return Err(Error::Refused {
                    message: format!(
                        "the ledger knows the migrations of history `{}` as `{was}`",
                        history.name
                    ),
                    hints: vec![format!(
                        "call it [history.{was}] in {}, or rename its entries in the ledger",
                        crate::config::FILE
                    )],
                });
            }
        }
        Ok(())
    }

    /// The ledgers, with the schema that the project keeps its own in.
    pub(crate) fn wanted_ledgers(&self) -> Vec<(&'static dyn Ledger, Option<&str>)> {
        wanted(&self.workspace, &self.ledgers)
    }

    /// The place of a history's ledger among the project's.
    pub(crate) fn ledger_of(&self, history: &History) -> usize {
        let name = history.format.ledger().name();
        let place = self.ledgers.iter().position(|ledger| ledger.name() == name);
        place.expect("the ledgers are those of the histories")
    }

    /// Files and entries side by side, for each history.
    pub(crate) fn rows<'a>(&'a self, state: &'a State) -> Vec<Vec<Row<'a>>> {
        let histories = self.histories.iter().zip(&self.recorded);
        let rows = histories.map(|(history, recorded)| {
            let entries = &state.ledgers[self.ledger_of(history)].entries;
            matrix(history, &belonging(history, entries), recorded)
        });
        rows.collect()
    }

    /// Whether extensions of the database may be stand-ins: it is our own.
    pub(crate) fn has_stand_ins(&self) -> bool {
        self.development.is_some() && self.presumed.is_some()
    }

    /// A remark with its line and column.
    pub(crate) fn located(&self, diagnostic: &Diagnostic) -> PlaceShown {
        let path = diagnostic.file.as_deref().map(Utf8Path::new);
        let text = path.and_then(|path| self.workspace.folder().text(path).ok().flatten());
        let text = text.as_deref().map(|text| text.strip_prefix('\u{feff}').unwrap_or(text));
        PlaceShown::new(&Located { diagnostic, text })
    }

    /// The database as a person recognises it.
    pub(crate) fn shown(&self, facts: &Facts) -> DatabaseShown {
        let Database { target, place, environment, .. } = &self.database;
        DatabaseShown {
            host: hosts(target),
            database: facts.database.clone(),
            role: facts.role.clone(),
            server_version: facts.version.clone(),
            environment: environment.clone(),
            found_in: place.clone(),
            pooled: facts.pooled,
        }
    }
}

/// The ledgers, with the schema that the project keeps its own in.
fn wanted<'a>(
    workspace: &'a Workspace,
    ledgers: &[&'static dyn Ledger],
) -> Vec<(&'static dyn Ledger, Option<&'a str>)> {
    let schema = workspace.config().ledger.schema.as_deref();
    let own = |ledger: &dyn Ledger| schema.filter(|_| ledger.is_movable());
    ledgers.iter().map(|ledger| (*ledger, own(*ledger))).collect()
}

const NO_PANIC: &str = "reading files does not panic";

/// Gives connecting the time that the project has for it.
fn within(workspace: &Workspace, mut database: Database) -> Database {
    let timeout = workspace.config().timeouts.connect;
    database.target.connect_timeout.get_or_insert(timeout.0.as_secs().max(1));
    database
}

/// The histories that a command is about.
fn chosen(workspace: &Workspace, history: Option<&str>) -> Result<Vec<Outline>, Error> {
    let outlines = histories::only(histories::outlines(workspace)?, history)?;
    if outlines.is_empty() {
        return Err(histories::none());
    }
    histories::check_folders(workspace, &outlines)?;
    Ok(outlines)
}

/// Connects while the histories are found. What is wrong with those is told first, and at once;
/// what is wrong with the connection can wait until the files are read, too.
async fn meanwhile(
    mut told: oneshot::Receiver<Result<Vec<Outline>, Error>>,
    database: Option<&Database>,
) -> Result<(Vec<Outline>, Option<Result<Session, ConnectError>>), Error> {
    let Some(database) = database else { return Ok((told.await.expect(NO_PANIC)?, None)) };
    let mut connecting = std::pin::pin!(Session::connect(&database.target, APPLICATION));
    tokio::select! {
        biased;
        outlines = &mut told => {
            let outlines = outlines.expect(NO_PANIC)?;
            Ok((outlines, Some(connecting.await)))
        }
        session = &mut connecting => {
            let outlines = told.await.expect(NO_PANIC)?;
            Ok((outlines, Some(session)))
        }
    }
}

/// Reads what the ledgers say.
async fn read_ledgers(
    workspace: &Workspace,
    session: &mut Session,
    ledgers: &[&'static dyn Ledger],
    last_applied: LastApplied,
) -> Result<State, Error> {
    let wanted = wanted(workspace, ledgers);
    let is_report = last_applied == LastApplied::Wanted;
    let wanted = Wanted {
        ledgers: &wanted,
        last_applied: is_report,
        tools: is_report.then_some(Search::Quick),
    };
    Ok(state::read(session, wanted).await?)
}

/// The database of a project's development server.
const DEVELOPMENT: &str = "app";

/// The major version of a new development server.
const MAJOR: u16 = 17;

/// Starts or joins the project's development server.
pub(crate) async fn develop(
    workspace: &Workspace,
    presumed: Option<&Presumed>,
    events: &mut dyn Events,
) -> Result<(Server, Target), Error> {
    let what = "start this project's embedded Postgres".to_owned();
    events.on(Event::Working { what, percent: None });
    let root = workspace.folder().root();
    let mut options = workspace.shadow_options();
    options.baseline = presumed.map(|presumed| presumed.baseline);
    let major = presumed.and_then(|presumed| presumed.major).unwrap_or(MAJOR);
    let server = Shadow::develop(&options, major, root, events).await?;
    let name = presumed.map_or(DEVELOPMENT, |presumed| presumed.baseline.database());
    let target = server.target(name);
    let mut session = match Session::connect(&target, APPLICATION).await {
        Err(error) if error.server().is_some_and(|error| error.code == "3D000") => {
            server.create_database(name, Template::Empty).await?;
            Session::connect(&target, APPLICATION).await?
        }
        connected => connected?,
    };
    if let Some(presumed) = presumed {
        presumed.ensure(&mut session, server.major()).await?;
    }
    session.close().await;
    Ok((server, target))
}

/// Whether to read when and by whom each migration was last applied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LastApplied {
    /// For reports.
    Wanted,
    /// A run does without.
    Unwanted,
}

/// Reads the scripts that a ledger keeps.
pub(crate) async fn read_scripts(
    session: &mut Session,
    ledger: &dyn Ledger,
    query: &str,
) -> Result<BTreeMap<String, Recorded>, Error> {
    let answers = session.simple(query).await.map_err(state::StateError::from)?;
    let rows: Vec<Vec<Option<&str>>> = answers
        .iter()
        .flat_map(|answer| answer.rows().map(|row| (0..3).map(|column| row.at(column)).collect()))
        .collect();
    ledgers::recorded(ledger, rows)
        .map_err(|source| state::StateError::Ledger { ledger: ledger.name(), source }.into())
}

/// The hosts of a target, as they are tried.
pub(crate) fn hosts(target: &Target) -> String {
    let hosts: Vec<String> = target.hosts.iter().map(ToString::to_string).collect();
    hosts.join(", ")
}
