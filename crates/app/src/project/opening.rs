//! Finds project and database, and reads both sides at once.

use std::collections::BTreeMap;

use serde::de::DeserializeOwned;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use whimbrel_engine::Event;
use whimbrel_engine::state::{self, Facts, State, Wanted};
use whimbrel_engine::ways::By;
use whimbrel_engine::wire::{ConnectError, Session};
use whimbrel_history::History;
use whimbrel_history::ledgers::{Ledger, for_other_seeds};
use whimbrel_history::tools::Search;

use super::{APPLICATION, LastApplied, Project, Where, wanted};
use crate::answers::{Asked, Keeping, Known};
use crate::database::{self, Database, DatabaseOptions, auto};
use crate::development::{Using, develop};
use crate::error::Error;
use crate::events::Events;
use crate::histories::{self, Outline};
use crate::presumed::Presumed;
use crate::seeds;
use crate::wire::chain;
use crate::workspace::Workspace;

/// A project that is being opened: its histories are found, its database is connected to, and its
/// files are being read, unless it is known what they lead to.
pub(super) struct Opening {
    workspace: Workspace,
    outlines: Vec<Outline>,
    pub(super) database: Database,
    /// What is wrong with the connection is told only after what is wrong with the files.
    pub(super) session: Option<Result<Session, ConnectError>>,
    last_applied: LastApplied,
    is_partial: bool,
    development: Option<Using>,
    reading: JoinHandle<Result<Vec<History>, Error>>,
    /// Reading waits for this where the answer is known so far.
    go_on: oneshot::Sender<()>,
    known: Option<Known>,
    /// Where the answer can be kept.
    pub(super) keeping: Option<Keeping>,
}

/// What the thread that reads files tells before it does.
struct Found {
    outlines: Vec<Outline>,
    known: Option<Known>,
    keeping: Option<Keeping>,
}

const NO_PANIC: &str = "reading files does not panic";

/// What to do where a connection of our own is needed, and another way was asked for.
const OTHERWISE: &str = "leave `--via` out, from a machine that can connect";

impl Opening {
    /// Lists the files and connects.
    pub(super) async fn begin(
        workspace: &Workspace,
        place: &Where,
        last_applied: LastApplied,
        question: Option<&'static str>,
        events: &mut dyn Events,
    ) -> Result<Self, Error> {
        let dev = place.database.dev;
        let database = (!dev).then(|| {
            let found = database::find(workspace, &place.database);
            found.map(|database| within(workspace, database))
        });
        let asked = match (&database, question) {
            // A seal is asked for in ways that only a connection of our own has.
            (Some(Ok(database)), Some(question)) if database.target.by == By::Connection => {
                Asked::new(workspace, database, question)
            }
            _ => None,
        };
        let (tell, told) = oneshot::channel();
        let (go_on, may_go_on) = oneshot::channel();
        let reading = {
            let (workspace, history) = (workspace.clone(), place.history.clone());
            let read = move || read(&workspace, history.as_deref(), asked, tell, may_go_on);
            tokio::task::spawn_blocking(read)
        };
        let mut development = None;
        let (found, database, session) = match database {
            None => {
                let found = told.await.expect(NO_PANIC)?;
                let (outlines, options) = (&found.outlines, &place.database);
                let (server, target) = develop(workspace, outlines, options, events).await?;
                development = Some(server);
                (found, within(workspace, Database::embedded(target)), None)
            }
            Some(database) => {
                let (mut found, session) = meanwhile(told, database.as_ref().ok()).await?;
                let (database, session) =
                    Box::pin(reached(workspace, &place.database, database?, session, events)).await;
                if database.target.by != By::Connection {
                    (found.known, found.keeping) = (None, None);
                }
                (found, database, session)
            }
        };
        let Found { outlines, known, keeping } = found;
        let workspace = workspace.clone();
        Ok(Self {
            workspace,
            outlines,
            database,
            session,
            last_applied,
            is_partial: place.history.is_some(),
            development,
            reading,
            go_on,
            known,
            keeping,
        })
    }

    /// What is known to be still so. The answer is taken apart while the server says whether it is.
    pub(super) async fn known<A: DeserializeOwned + Send + 'static>(
        &mut self,
    ) -> Result<Option<(A, Facts)>, Error> {
        let Some((known, Ok(session))) = self.known.take().zip(self.session.as_mut()) else {
            return Ok(None);
        };
        let seal = known.seal.clone();
        let answer = tokio::task::spawn_blocking(move || known.answer());
        let facts = state::is_still(session, &seal).await?;
        let answer = answer.await.expect("taking bytes apart does not panic");
        Ok(answer.zip(facts))
    }

    /// Reads what is not known; `sealed` says whether to ask for a seal of the ledgers.
    pub(super) async fn finish(self, sealed: bool) -> Result<(Project, Session, State), Error> {
        let Self {
            workspace,
            outlines,
            database,
            session,
            is_partial,
            development,
            reading,
            go_on,
            ..
        } = self;
        // Without an answer to wait for, nobody listens.
        let _ = go_on.send(());
        let (ledgers, of_histories) = ledgers_of(&workspace, &outlines);
        let is_report = self.last_applied == LastApplied::Wanted;
        let both = async {
            let mut session = match session {
                Some(session) => session?,
                None => Session::connect(&database.target, APPLICATION).await?,
            };
            let wanted = Wanted {
                ledgers: &wanted(&workspace, &ledgers),
                last_applied: is_report,
                tools: is_report.then_some(Search::Quick),
                sealed,
            };
            let state = state::read(&mut session, wanted).await?;
            Ok::<_, Error>((session, state))
        };
        let both = both.await;
        let histories = reading.await.expect(NO_PANIC)?;
        let (mut session, state) = both?;
        let presumed = Presumed::of(&workspace, &outlines)?;
        let recorded = Vec::new();
        let mut project = Project {
            workspace,
            outlines,
            histories,
            database,
            is_partial,
            ledgers,
            of_histories,
            recorded,
            presumed,
            development,
        };
        project.recorded = project.read_recorded(&state, &mut session).await?;
        if !is_report {
            project.read_downs(&state, &mut session).await?;
        }
        Ok((project, session, state))
    }
}

impl Project {
    /// A project with one history, which may have no files and no folder yet.
    pub(crate) async fn begun(
        workspace: &Workspace,
        outline: Outline,
        place: &Where,
        what: &str,
        events: &mut dyn Events,
    ) -> Result<(Self, Session, State), Error> {
        let outlines = vec![outline];
        let histories = histories::read(workspace, &outlines)?;
        let (database, development) = if place.database.dev {
            let wanted = &place.database;
            let (server, target) = develop(workspace, &outlines, wanted, events).await?;
            (Database::embedded(target), Some(server))
        } else {
            (database::find(workspace, &place.database)?, None)
        };
        let database = within(workspace, database);
        database.check_connection(&format!("`{what}`"), OTHERWISE)?;
        let (ledgers, of_histories) = ledgers_of(workspace, &outlines);
        let mut session = Session::connect(&database.target, APPLICATION).await?;
        let wanted = Wanted {
            ledgers: &wanted(workspace, &ledgers),
            last_applied: false,
            tools: None,
            sealed: false,
        };
        let state = state::read(&mut session, wanted).await?;
        let presumed = Presumed::of(workspace, &outlines)?;
        let recorded = vec![BTreeMap::new(); histories.len()];
        let project = Self {
            workspace: workspace.clone(),
            outlines,
            histories,
            database,
            is_partial: place.history.is_some(),
            ledgers,
            of_histories,
            recorded,
            presumed,
            development,
        };
        Ok((project, session, state))
    }

    /// A project whose database nobody asks.
    pub(crate) fn of_files(workspace: &Workspace, history: Option<&str>) -> Result<Self, Error> {
        let workspace = workspace.clone();
        let outlines = chosen(&workspace, history)?;
        let histories = histories::read(&workspace, &outlines)?;
        let (ledgers, of_histories) = ledgers_of(&workspace, &outlines);
        let presumed = Presumed::of(&workspace, &outlines)?;
        let recorded = vec![BTreeMap::new(); histories.len()];
        Ok(Self {
            workspace,
            outlines,
            histories,
            database: Database::none(),
            is_partial: history.is_some(),
            ledgers,
            of_histories,
            recorded,
            presumed,
            development: None,
        })
    }
}

/// Each ledger of a project once: those of its histories, and how many they are, then perhaps one
/// that only records seed files.
fn ledgers_of(workspace: &Workspace, outlines: &[Outline]) -> (Vec<&'static dyn Ledger>, usize) {
    let mut ledgers: Vec<&'static dyn Ledger> = Vec::new();
    for outline in outlines {
        let ledger = outline.format.ledger();
        if !ledgers.iter().any(|known| known.name() == ledger.name()) {
            ledgers.push(ledger);
        }
    }
    let of_histories = ledgers.len();
    let other = for_other_seeds();
    if seeds::has_own(workspace.config()) && ledgers.iter().all(|one| one.name() != other.name()) {
        ledgers.push(other);
    }
    (ledgers, of_histories)
}

/// Finds the histories, tells of them, and reads them while the server lets us in and reads its
/// own. Where it is known what they lead to, that comes first.
fn read(
    workspace: &Workspace,
    history: Option<&str>,
    asked: Option<Asked>,
    tell: oneshot::Sender<Result<Found, Error>>,
    may_go_on: oneshot::Receiver<()>,
) -> Result<Vec<History>, Error> {
    let (outlines, known, keeping) = match chosen(workspace, history) {
        Ok(outlines) => {
            let keeping = asked.and_then(|asked| asked.look(workspace, &outlines));
            let known = keeping.as_ref().and_then(Keeping::known);
            (outlines, known, keeping)
        }
        // Whoever does not listen any more has failed, and wants no histories.
        Err(error) => {
            let _ = tell.send(Err(error));
            return Ok(Vec::new());
        }
    };
    let is_known = known.is_some();
    let _ = tell.send(Ok(Found { outlines: outlines.clone(), known, keeping }));
    if is_known && may_go_on.blocking_recv().is_err() {
        return Ok(Vec::new());
    }
    histories::read(workspace, &outlines)
}

/// The database and a session on it, by another way where that is wanted and may do better.
async fn reached(
    workspace: &Workspace,
    options: &DatabaseOptions,
    database: Database,
    session: Option<Result<Session, ConnectError>>,
    events: &mut dyn Events,
) -> (Database, Option<Result<Session, ConnectError>>) {
    if let Some(because) = auto::taken(workspace, options, &database) {
        let (way, because) = (database.target.by.name(), because.to_owned());
        events.on(Event::OtherWay { way, because });
    }
    let Some(Err(error)) = &session else { return (database, session) };
    let Some(instead) = auto::instead(workspace, options, &database, error) else {
        return (database, session);
    };
    let because = chain(error).join(": ");
    events.on(Event::OtherWay { way: instead.target.by.name(), because });
    let instead = within(workspace, instead);
    let session = Session::connect(&instead.target, APPLICATION).await;
    (instead, Some(session))
}

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
    mut told: oneshot::Receiver<Result<Found, Error>>,
    database: Option<&Database>,
) -> Result<(Found, Option<Result<Session, ConnectError>>), Error> {
    let Some(database) = database else { return Ok((told.await.expect(NO_PANIC)?, None)) };
    let mut connecting = std::pin::pin!(Session::connect(&database.target, APPLICATION));
    tokio::select! {
        biased;
        found = &mut told => {
            let found = found.expect(NO_PANIC)?;
            Ok((found, Some(connecting.await)))
        }
        session = &mut connecting => {
            let found = told.await.expect(NO_PANIC)?;
            Ok((found, Some(session)))
        }
    }
}
