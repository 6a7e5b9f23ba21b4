//! A project beside its database: what its files say and what its ledgers say.

mod opening;

use std::collections::BTreeMap;

use camino::Utf8Path;
use serde::de::DeserializeOwned;
use whimbrel_engine::Secret;
use whimbrel_engine::state::{self, Facts, State};
use whimbrel_engine::wire::Session;
use whimbrel_history::ledgers::{self, Ledger};
use whimbrel_history::select::uncompared;
use whimbrel_history::state::{Row, belonging, halves, matrix, renamed, undecided};
use whimbrel_history::{Files as _, Fingerprints, History, Recorded, Text};
use whimbrel_sql::Diagnostic;

use crate::answers::Keeping;
use crate::catalogue::Code;
use crate::database::{Database, DatabaseOptions};
use crate::development::Using;
use crate::error::Error;
use crate::events::Events;
use crate::histories::Outline;
use crate::presumed::Presumed;
use crate::wire::{DatabaseShown, PlaceShown};
use crate::workspace::Workspace;
use opening::Opening;

/// `application_name` of our connections.
pub(crate) const APPLICATION: &str = "whimbrel";

/// A project's histories, the ledgers that record them, and the database they are about.
#[derive(Debug)]
pub(crate) struct Project {
    pub(crate) workspace: Workspace,
    pub(crate) outlines: Vec<Outline>,
    pub(crate) histories: Vec<History>,
    pub(crate) database: Database,
    /// Whether a person named one history, and others may be left out.
    pub(crate) is_partial: bool,
    /// Each ledger once: those of histories, then perhaps one that only records seed files.
    ledgers: Vec<&'static dyn Ledger>,
    /// How many are those of histories.
    of_histories: usize,
    /// For each history, the fingerprints of what its ledger holds where entries have none.
    pub(crate) recorded: Vec<BTreeMap<String, Fingerprints>>,
    /// What the migrations presume in a database.
    pub(crate) presumed: Option<Presumed>,
    /// The server of the development database, which runs as long as somebody holds it.
    development: Option<Using>,
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

impl Where {
    /// The same for a command that makes nothing.
    pub(crate) fn only_read(&self) -> Self {
        let database = DatabaseOptions { only_read: true, ..self.database.clone() };
        Self { database, ..self.clone() }
    }
}

impl Project {
    /// Finds everything and reads both sides at once.
    pub(crate) async fn open(
        workspace: &Workspace,
        place: &Where,
        last_applied: LastApplied,
        events: &mut dyn Events,
    ) -> Result<(Self, Session, State), Error> {
        let opening = Opening::begin(workspace, place, last_applied, None, events).await?;
        opening.finish(false).await
    }

    /// The same, unless what the question was answered with last time is known and still so.
    pub(crate) async fn glance<A: DeserializeOwned + Send + 'static>(
        workspace: &Workspace,
        place: &Where,
        last_applied: LastApplied,
        question: &'static str,
        events: &mut dyn Events,
    ) -> Result<Glance<A>, Error> {
        let asked = Some(question);
        let mut opening = Opening::begin(workspace, place, last_applied, asked, events).await?;
        if let Some((answer, facts)) = opening.known().await? {
            let database = opening.database.shown(&facts);
            if let Some(Ok(session)) = opening.session {
                session.close().await;
            }
            return Ok(Glance::Known { answer, database });
        }
        let keeping = opening.keeping.take();
        let (project, session, state) = opening.finish(keeping.is_some()).await?;
        Ok(Glance::Fresh(Box::new((project, session, state, keeping))))
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
                    code: Code::HISTORY_RENAMED,
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

    /// The ledgers of the histories, by which the lock is known.
    pub(crate) fn lock_ledgers(&self) -> &[&'static dyn Ledger] {
        &self.ledgers[..self.of_histories]
    }

    /// The place of a ledger among the project's.
    pub(crate) fn place_of(&self, ledger: &dyn Ledger) -> usize {
        let place = self.ledgers.iter().position(|one| one.name() == ledger.name());
        place.expect("every ledger that records something is among them")
    }

    /// The place of a history's ledger among the project's.
    pub(crate) fn ledger_of(&self, history: &History) -> usize {
        self.place_of(history.format.ledger())
    }

    /// Files and entries side by side, for each history.
    pub(crate) fn rows<'a>(&'a self, state: &'a State) -> Vec<Vec<Row<'a>>> {
        let histories = self.histories.iter().zip(&self.recorded);
        let rows = histories.map(|(history, recorded)| {
            let entries = &state.ledgers[self.ledger_of(history)].entries;
            let mut rows = matrix(history, &belonging(history, entries), recorded);
            halves(history, &mut rows, state.halves_of(&history.name));
            rows
        });
        rows.collect()
    }

    /// Whether extensions of the database may be stand-ins: it is our own.
    pub(crate) fn has_stand_ins(&self) -> bool {
        self.development.is_some() && self.presumed.is_some()
    }

    /// What a person should know of the files.
    pub(crate) fn warnings(&self) -> Vec<PlaceShown> {
        let warnings = self.histories.iter().flat_map(|history| &history.warnings);
        warnings.map(|diagnostic| self.located(diagnostic)).collect()
    }

    /// A remark with its line and column.
    pub(crate) fn located(&self, diagnostic: &Diagnostic) -> PlaceShown {
        let path = diagnostic.file.as_deref().map(Utf8Path::new);
        let contents = path.zip(path.and_then(|path| self.workspace.folder().open(path).ok()));
        let text = contents.and_then(|(path, contents)| Text::read(path, contents).ok());
        let place = text.zip(diagnostic.span.as_ref());
        let place = place.and_then(|(text, span)| text.position(span.start).ok());
        PlaceShown::at(diagnostic, place)
    }

    /// The database as a person recognises it.
    pub(crate) fn shown(&self, facts: &Facts) -> DatabaseShown {
        self.database.shown(facts)
    }
}

/// What came of a glance at files and ledgers.
pub(crate) enum Glance<A> {
    /// Nothing changed since the question was answered.
    Known {
        /// What it was answered with.
        answer: A,
        /// The database as a person recognises it.
        database: DatabaseShown,
    },
    /// The question is to be answered; its answer may be kept.
    Fresh(Box<(Project, Session, State, Option<Keeping>)>),
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
