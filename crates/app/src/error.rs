//! What can go wrong in a use case, what to do about it, and how the command ends then.

use camino::Utf8PathBuf;
use whimbrel_engine::lock::LockError;
use whimbrel_engine::prove::LaboratoryError;
use whimbrel_engine::read::CatalogError;
use whimbrel_engine::rehearse::RehearseError;
use whimbrel_engine::run::{EnterError, Stop};
use whimbrel_engine::shadow::ShadowError;
use whimbrel_engine::state::StateError;
use whimbrel_engine::wire::{ConnectError, Failure};
use whimbrel_history::formats::ReadError;
use whimbrel_history::select::SelectError;
use whimbrel_history::{FilesError, TextError};
use whimbrel_sql::{Diagnostic, Position};

use crate::catalogue::Code;
use crate::config::ConfigError;
use crate::database::DatabaseError;
use crate::exit::Exit;
use crate::workspace::WorkspaceError;

/// Why a use case did not end well.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no project to work on.
    #[error(transparent)]
    Workspace(#[from] WorkspaceError),
    /// There is no database to work on.
    #[error(transparent)]
    Database(#[from] DatabaseError),
    /// A file could not be read or written.
    #[error(transparent)]
    Files(#[from] FilesError),
    /// A history cannot be understood.
    #[error(transparent)]
    History(#[from] HistoryError),
    /// A script could not be had from its file.
    #[error(transparent)]
    Text(#[from] TextError),
    /// A script that cannot be cut into statements, or contradicts itself.
    #[error(transparent)]
    Script(#[from] Box<ScriptError>),
    /// What was asked for makes no sense in this project.
    #[error("{message}")]
    Usage {
        /// Its place in the catalogue.
        code: &'static Code,
        /// What.
        message: String,
        /// What to do instead.
        hints: Vec<String>,
    },
    /// A choice of migrations that is none.
    #[error(transparent)]
    Select(#[from] SelectError),
    /// Something that a person must decide, and nobody has.
    #[error("{message}")]
    Refused {
        /// Its place in the catalogue.
        code: &'static Code,
        /// What.
        message: String,
        /// How to decide it.
        hints: Vec<String>,
    },
    /// A database that is not there at the moment.
    #[error("{message}")]
    NotThere {
        /// Its place in the catalogue.
        code: &'static Code,
        /// Which.
        message: String,
        /// How to have it.
        hints: Vec<String>,
    },
    /// The database could not be reached, or did not let us in.
    #[error(transparent)]
    Connect(#[from] ConnectError),
    /// The database did not say what it was asked.
    #[error(transparent)]
    State(#[from] StateError),
    /// The run could not begin.
    #[error(transparent)]
    Enter(#[from] EnterError),
    /// There is no shadow.
    #[error(transparent)]
    Shadow(#[from] ShadowError),
    /// The rehearsal could not be held.
    #[error(transparent)]
    Rehearse(#[from] RehearseError),
    /// A migration failed.
    #[error(transparent)]
    Migration(#[from] Box<MigrationError>),
    /// A hook did not end well.
    #[error(transparent)]
    Hook(#[from] Box<HookError>),
    /// A run ended before its migrations did.
    #[error("the run ended early")]
    Stopped {
        /// Why.
        #[source]
        source: whimbrel_engine::run::Stop,
        /// What to do.
        hints: Vec<String>,
    },
    /// A person stopped it.
    #[error("interrupted")]
    Interrupted,
}

/// A history that cannot be understood.
#[derive(Debug, thiserror::Error)]
#[error("{source}")]
pub struct HistoryError {
    /// Why.
    pub source: ReadError,
    /// The texts that its diagnostics point into, by path.
    pub texts: Vec<(Utf8PathBuf, String)>,
}

/// A script that cannot be cut into statements, or contradicts itself.
#[derive(Debug, thiserror::Error)]
#[error("`{id}` cannot be run")]
pub struct ScriptError {
    /// The migration.
    pub id: String,
    /// What is wrong and where.
    pub diagnostic: Diagnostic,
    /// What of the text it points into.
    pub excerpt: Excerpt,
}

/// A migration that failed, in the database or in its rehearsal.
#[derive(Debug, thiserror::Error)]
#[error("{what} `{id}`")]
pub struct MigrationError {
    /// `failed to apply`, `the rehearsal failed to apply` …
    pub what: &'static str,
    /// The migration.
    pub id: String,
    /// What happened.
    #[source]
    pub source: whimbrel_engine::run::Failed,
    /// Where in its file.
    pub diagnostic: Option<Diagnostic>,
    /// What of that file it points into.
    pub excerpt: Excerpt,
    /// What state the database is in and what to do.
    pub hints: Vec<String>,
}

/// A hook that did not end well.
#[derive(Debug, thiserror::Error)]
#[error("hook `{hook}` failed: `{what}`")]
pub struct HookError {
    /// `before`, `after`, `after_failure`.
    pub hook: &'static str,
    /// The file or line, its secrets covered.
    pub what: String,
    /// Its place in the catalogue.
    pub code: &'static Code,
    /// What happened.
    #[source]
    pub source: HookCause,
    /// Where in its file.
    pub diagnostic: Option<Diagnostic>,
    /// What of that file it points into.
    pub excerpt: Excerpt,
    /// What state things are in and what to do.
    pub hints: Vec<String>,
}

/// Why a hook did not end well.
#[derive(Debug, thiserror::Error)]
pub enum HookCause {
    /// There is no shell.
    #[error("run `sh`")]
    Start(#[source] std::io::Error),
    /// The shell ended with an error.
    #[error("{how}")]
    Ended {
        /// How.
        how: String,
    },
    /// The server refused it.
    #[error(transparent)]
    Sql(Box<whimbrel_engine::run::Failed>),
    /// Its connection was not to be had, or lost.
    #[error(transparent)]
    Stopped(Stop),
    /// Somebody stopped it.
    #[error("interrupted")]
    Interrupted,
}

/// The text that a remark points into, or as much of it as shows the place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Excerpt {
    /// The text; spans count from its start.
    pub text: String,
    /// Where in its file it starts.
    pub start: Position,
}

impl Excerpt {
    /// A whole text.
    pub fn whole(text: String) -> Self {
        Self { text, start: Position::START }
    }
}

/// A remark with the text that it points into.
#[derive(Clone, Copy, Debug)]
pub struct Located<'a> {
    /// The remark.
    pub diagnostic: &'a Diagnostic,
    /// The text of its file, if it names one.
    pub text: Option<&'a str>,
    /// Where in its file that text starts.
    pub start: Position,
}

impl<'a> Located<'a> {
    fn whole(diagnostic: &'a Diagnostic, text: Option<&'a str>) -> Self {
        Self { diagnostic, text, start: Position::START }
    }

    fn within(diagnostic: &'a Diagnostic, excerpt: &'a Excerpt) -> Self {
        Self { diagnostic, text: Some(&excerpt.text), start: excerpt.start }
    }

    /// The place of a byte of its text.
    pub fn position(&self, at: usize) -> Option<Position> {
        let text = self.text?;
        let at = text.floor_char_boundary(at.min(text.len()));
        Some(self.start.behind(&text.as_bytes()[..at]))
    }
}

impl From<LaboratoryError> for Error {
    fn from(error: LaboratoryError) -> Self {
        match error {
            LaboratoryError::Shadow(error) => error.into(),
            LaboratoryError::Connect(error) => error.into(),
            LaboratoryError::Lost(failure) => StateError::from(failure).into(),
            LaboratoryError::Catalog(error) => error.into(),
            LaboratoryError::Plan(error) => no_plan(&error),
        }
    }
}

impl From<CatalogError> for Error {
    fn from(error: CatalogError) -> Self {
        Self::NotThere {
            code: Code::CATALOG,
            message: crate::wire::chain(&error).join(": "),
            hints: Vec::new(),
        }
    }
}

fn no_plan(error: &dyn std::error::Error) -> Error {
    Error::Usage {
        code: Code::NO_PLAN,
        message: crate::wire::chain(error).join(": "),
        hints: Vec::new(),
    }
}

impl Error {
    /// How the command ends.
    pub fn exit(&self) -> Exit {
        self.code().exit
    }

    /// What to do about it, a sentence each.
    pub fn hints(&self) -> Vec<String> {
        match self {
            Self::Database(error) => error.hints(),
            Self::Stopped { source: Stop::Ledger { source, .. }, hints } => {
                right_hint(source, MAKE).into_iter().chain(hints.iter().cloned()).collect()
            }
            Self::Usage { hints, .. }
            | Self::Refused { hints, .. }
            | Self::NotThere { hints, .. }
            | Self::Stopped { hints, .. } => hints.clone(),
            Self::State(StateError::Failed(failure))
            | Self::Enter(EnterError::State(StateError::Failed(failure))) => {
                right_hint(failure, READ).into_iter().collect()
            }
            Self::Enter(
                EnterError::WaitOut(failure) | EnterError::Lock(LockError::Failed(failure)),
            ) => right_hint(failure, MAKE).into_iter().collect(),
            Self::Select(error) => error.hint().into_iter().collect(),
            Self::Connect(error)
            | Self::Enter(
                EnterError::Connect(error) | EnterError::Lock(LockError::Connect(error)),
            ) => connect_hints(error),
            Self::Enter(EnterError::Lock(LockError::Held { .. })) => {
                vec!["it goes on when that run ends; `--wait` waits as long as it takes".to_owned()]
            }
            Self::Shadow(error) | Self::Rehearse(RehearseError::Shadow(error)) => error.hints(),
            Self::Migration(error) => error.hints.clone(),
            Self::Hook(error) => error.hints.clone(),
            Self::Text(TextError::Changed { .. }) => vec!["run it again".to_owned()],
            Self::Workspace(_)
            | Self::Files(_)
            | Self::History(_)
            | Self::Text(TextError::NotText { .. } | TextError::Read(_))
            | Self::Script(_)
            | Self::State(_)
            | Self::Enter(_)
            | Self::Rehearse(_)
            | Self::Interrupted => Vec::new(),
        }
    }

    /// The places it is about.
    pub fn places(&self) -> Vec<Located<'_>> {
        match self {
            Self::Workspace(WorkspaceError::Config(ConfigError { problems, text, .. })) => {
                problems.iter().map(|diagnostic| Located::whole(diagnostic, Some(text))).collect()
            }
            Self::History(HistoryError {
                source: ReadError::Invalid { diagnostics, .. },
                texts,
            }) => {
                let text = |diagnostic: &Diagnostic| {
                    let file = diagnostic.file.as_deref()?;
                    texts.iter().find(|(path, _)| path == file).map(|(_, text)| text.as_str())
                };
                diagnostics
                    .iter()
                    .map(|diagnostic| Located::whole(diagnostic, text(diagnostic)))
                    .collect()
            }
            Self::Script(error) => {
                vec![Located::within(&error.diagnostic, &error.excerpt)]
            }
            Self::Migration(error) => {
                let place = error.diagnostic.iter();
                place.map(|diagnostic| Located::within(diagnostic, &error.excerpt)).collect()
            }
            Self::Hook(error) => {
                let place = error.diagnostic.iter();
                place.map(|diagnostic| Located::within(diagnostic, &error.excerpt)).collect()
            }
            Self::Workspace(_)
            | Self::Database(_)
            | Self::Files(_)
            | Self::History(_)
            | Self::Text(_)
            | Self::Usage { .. }
            | Self::Select(_)
            | Self::Refused { .. }
            | Self::NotThere { .. }
            | Self::Connect(_)
            | Self::State(_)
            | Self::Enter(_)
            | Self::Shadow(_)
            | Self::Rehearse(_)
            | Self::Stopped { .. }
            | Self::Interrupted => Vec::new(),
        }
    }
}

const MAKE: &str = "the ledger has a schema of its own: let the database's owner `grant create on database` \
     to this role, or connect as the role that owns the ledger";

const READ: &str = "connect as the role that owns the ledger, or let that role grant this one `usage` on its \
     schema and `select` on its tables";

const READ_ONLY: &str = "`default_transaction_read_only` is on for the server, the database or the role: whoever \
     set it knows why; Supabase does when the disk is nearly full";

/// What to do where the role may not, or nobody, or nothing came back.
fn right_hint(failure: &Failure, how: &str) -> Option<String> {
    let Failure::Server { error, .. } = failure else { return None };
    match error.code.as_str() {
        "42501" => Some(how.to_owned()),
        "25006" => Some(READ_ONLY.to_owned()),
        // A way that is no connection was lost, and says itself what to do.
        "08006" => error.hint.clone(),
        _ => None,
    }
}

/// What to do about a connection that failed.
fn connect_hints(error: &ConnectError) -> Vec<String> {
    let mut hints: Vec<String> = error.hint().into_iter().collect();
    if error.is_for_psql() {
        hints.push("`whimbrel up --via psql` has psql do the talking".to_owned());
    }
    if error.is_of_supabase() && error.wants_another_way() {
        hints.push(
            "where no connection is possible, `whimbrel up --via api` goes over HTTPS with an access \
             token, and `whimbrel script` writes what is pending for the SQL editor"
                .to_owned(),
        );
    }
    hints
}
