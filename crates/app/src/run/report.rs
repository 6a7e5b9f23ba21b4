//! What a run did, or would do.

use camino::Utf8PathBuf;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use whimbrel_engine::run::Work;
use whimbrel_engine::state::State;
use whimbrel_history::TextError;
use whimbrel_history::select::Concern;
use whimbrel_history::state::Steps;
use whimbrel_sql::Mode;

use super::choose::{Choice, they_are};
use super::hear::NoticeShown;
use super::hooks::HookShown;
use super::{Aim, Depth, Options};
use crate::error::Error;
use crate::exit::Exit;
use crate::project::Project;
use crate::wire::{self, DatabaseShown, ErrorShown, LossShown, PlaceShown};

/// What a run did, or would do.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Report {
    /// Of this shape.
    pub version: u32,
    /// `up`, `down`, `redo`.
    pub command: &'static str,
    /// The database.
    pub database: DatabaseShown,
    /// How it ended.
    pub outcome: Outcome,
    /// Everything that was chosen, in its order.
    pub migrations: Vec<PlannedShown>,
    /// The project's seed files, where they were asked for.
    pub seeds: Vec<SeedShown>,
    /// The hooks that ran, or would run.
    pub hooks: Vec<HookShown>,
    /// What came of the rehearsal.
    pub rehearsal: RehearsalShown,
    /// Whether a run would be refused as it is.
    pub is_refused: bool,
    /// Why there is nothing to do, where there is nothing.
    #[serde(skip)]
    pub nothing: String,
    /// What a person should know.
    pub remarks: Vec<String>,
    /// What the server said while migrations and hooks ran: the first two hundred.
    pub notices: Vec<NoticeShown>,
    /// How many more there were.
    pub more_notices: usize,
    /// What a person should know of the files; of `up` and `preview` only.
    pub warnings: Vec<PlaceShown>,
    /// What went wrong.
    pub errors: Vec<ErrorShown>,
    /// The same, with the texts that they point into.
    #[serde(skip)]
    pub failures: Vec<Error>,
}

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// Everything that was chosen ran.
    Done,
    /// There was nothing to do.
    Nothing,
    /// Another run did it meanwhile.
    DoneByAnother,
    /// It was only shown.
    Shown,
    /// A migration failed, in earnest or in the rehearsal, or the hook before it.
    Failed,
    /// It ended before everything had run.
    Stopped,
}

/// A migration of a run.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct PlannedShown {
    /// Its history.
    pub history: String,
    /// Its id.
    pub id: String,
    /// What a person calls it.
    pub name: String,
    /// What it does, where its file says so.
    pub description: Option<String>,
    /// Its file; `None` where only the ledger has its script.
    #[schemars(with = "Option<String>")]
    pub file: Option<Utf8PathBuf>,
    /// `up` or `down`.
    pub direction: &'static str,
    /// Why it was chosen.
    pub why: String,
    /// How many statements its script has.
    pub statements: usize,
    /// `one` or `steps`.
    pub transaction: &'static str,
    /// Why it is not one transaction.
    pub because: Option<String>,
    /// Its script, where it was asked for.
    pub sql: Option<String>,
    /// What it loses of what was there before, as the rehearsal saw it; `None` where that is not
    /// known.
    pub losses: Option<Vec<LossShown>>,
    /// What became of it.
    pub result: ResultShown,
    /// How long it took.
    pub execution_time_ms: Option<u64>,
    /// How far it came, where the run was stopped between its steps.
    pub half: Option<HalfShown>,
}

/// How far a migration came that is run step by step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct HalfShown {
    /// How many steps are done.
    pub done: usize,
    /// How many there are.
    pub of: usize,
    /// How the next one begins.
    pub next: String,
}

impl From<Steps> for HalfShown {
    fn from(Steps { done, of, next }: Steps) -> Self {
        Self { done, of, next }
    }
}

/// What became of a migration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ResultShown {
    /// It is done and recorded.
    Done,
    /// Another run did it while this one waited.
    DoneByAnother,
    /// It failed.
    Failed,
    /// It was left out, because one that it needs failed.
    Skipped,
    /// Some of its steps are done.
    Half,
    /// Its turn did not come.
    NotRun,
    /// The connection was lost, and nobody could be asked what became of it.
    Unknown,
}

/// A seed file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct SeedShown {
    /// The file.
    pub path: String,
    /// What became of it; `None` for one that was recorded before.
    pub result: Option<ResultShown>,
    /// Whether it changed since it ran.
    pub changed: bool,
    /// How long it took.
    pub execution_time_ms: Option<u64>,
}

/// What came of a rehearsal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case", tag = "result")]
pub enum RehearsalShown {
    /// Everything ran in a throw-away database.
    Passed {
        /// The server it ran on.
        server: String,
        /// How long it took.
        milliseconds: u64,
        /// Extensions that were not the real ones.
        stand_ins: Vec<String>,
    },
    /// A migration failed there.
    Failed {
        /// The server it ran on.
        server: String,
        /// Extensions that were not the real ones.
        stand_ins: Vec<String>,
    },
    /// There was none.
    None {
        /// Why.
        because: String,
    },
}

/// What is said of a run that has nothing to do, while neither files nor ledgers change.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub(super) struct Known {
    /// What a person should know.
    pub(super) remarks: Vec<String>,
    /// And of the files.
    pub(super) warnings: Vec<PlaceShown>,
}

impl Report {
    pub(super) fn new(
        project: &Project,
        state: &State,
        aim: &Aim,
        options: &Options,
        choice: &Choice,
    ) -> Self {
        let migrations = choice.planned.iter().map(|planned| PlannedShown {
            history: project.histories[planned.history].name.clone(),
            id: planned.migration.id.clone(),
            name: planned.migration.name.clone(),
            description: planned.migration.description.clone(),
            file: planned.file(),
            direction: planned.direction.name(),
            why: planned.why.clone(),
            statements: 0,
            transaction: "one",
            because: None,
            sql: None,
            losses: None,
            result: ResultShown::NotRun,
            execution_time_ms: None,
            half: None,
        });
        let (refusing, remarks): (Vec<_>, Vec<_>) =
            choice.concerns.iter().partition(|concern| concern.refuses());
        let allowed = match options.depth {
            Depth::Run => refusing,
            Depth::Show { .. } => Vec::new(),
        };
        let remarks = remarks.into_iter().chain(allowed).map(remark);
        let refused = match options.depth {
            Depth::Run => Vec::new(),
            Depth::Show { .. } => choice.refused(options.allowed),
        };
        let is_refused = !refused.is_empty();
        let refused = refused
            .into_iter()
            .map(|refusal| format!("would be refused: {} ({})", refusal.message, refusal.way));
        let pooler = project.database.remark.clone();
        let known = Known {
            remarks: pooler.into_iter().chain(remarks).chain(refused).collect(),
            warnings: match aim {
                Aim::Up(_) => project.warnings(),
                Aim::Down { .. } | Aim::Redo { .. } => Vec::new(),
            },
        };
        Self {
            outcome: match options.depth {
                Depth::Run => Outcome::Stopped,
                Depth::Show { .. } => Outcome::Shown,
            },
            migrations: migrations.collect(),
            is_refused,
            ..Self::nothing(aim, project.database.shown(&state.facts), known)
        }
    }

    /// Of a run that has nothing to do.
    pub(super) fn nothing(aim: &Aim, database: DatabaseShown, known: Known) -> Self {
        let Known { remarks, warnings } = known;
        Self {
            version: wire::VERSION,
            command: aim.name(),
            nothing: aim.nothing(),
            database,
            outcome: Outcome::Nothing,
            migrations: Vec::new(),
            seeds: Vec::new(),
            hooks: Vec::new(),
            rehearsal: RehearsalShown::None { because: "there was nothing to rehearse".to_owned() },
            is_refused: false,
            remarks,
            notices: Vec::new(),
            more_notices: 0,
            warnings,
            errors: Vec::new(),
            failures: Vec::new(),
        }
    }

    /// What stays said while there is nothing to do.
    pub(super) fn known(&self) -> Known {
        Known { remarks: self.remarks.clone(), warnings: self.warnings.clone() }
    }

    /// Adds what the scripts say.
    pub(super) fn describe(&mut self, works: &[Work], depth: Depth) -> Result<(), TextError> {
        for (shown, work) in self.migrations.iter_mut().zip(works) {
            shown.statements = work.script.statements.len();
            (shown.transaction, shown.because) = match &work.script.mode {
                Mode::One { .. } => ("one", None),
                Mode::Steps { because, .. } => ("steps", Some(because.clone())),
                Mode::Refused { because, .. } => ("refused", Some(because.clone())),
            };
            if depth == (Depth::Show { sql: true }) {
                shown.sql = Some(work.text().all()?.trim().to_owned());
            }
        }
        Ok(())
    }

    /// Adds an error.
    pub(super) fn fail(&mut self, error: Error) {
        self.errors.push(ErrorShown::of(&error));
        self.failures.push(error);
    }

    /// Adds an error that does not decide how the command ends, unless it is the only one.
    pub(super) fn fail_beside(&mut self, error: Error) {
        self.fail(error);
        self.errors.rotate_right(1);
        self.failures.rotate_right(1);
    }

    /// Where things stand, in one sentence.
    pub(super) fn standing(&self) -> String {
        let count = |wanted| self.migrations.iter().filter(|one| one.result == wanted).count();
        let (all, done) = (self.migrations.len(), count(ResultShown::Done));
        let half = self.migrations.iter().find_map(|one| Some((&one.id, one.half.as_ref()?)));
        match (count(ResultShown::Unknown), half) {
            (0, None) => format!("{done} of {all} are done and recorded; run it again to go on"),
            (0, Some((id, HalfShown { done: steps, of, next }))) => {
                let left = if next.to_lowercase().contains("concurrently") {
                    "; what that statement left, such as an invalid index, is put away then"
                } else {
                    ""
                };
                format!(
                    "{done} of {all} are done and recorded, and of `{id}` {steps} of {of} steps: run it again to go on with `{next}`{left}"
                )
            }
            _ => "`whimbrel status` shows what is done and recorded; run it again to go on"
                .to_owned(),
        }
    }

    /// How the command ends.
    pub fn exit(&self) -> Exit {
        match self.outcome {
            // Only a hook can fail behind what is done.
            Outcome::Done | Outcome::Nothing | Outcome::DoneByAnother => {
                self.failures.last().map_or(Exit::Done, Error::exit)
            }
            Outcome::Shown | Outcome::Failed | Outcome::Stopped => {
                let code = self.failures.last().map(Error::exit);
                code.unwrap_or(match self.outcome {
                    Outcome::Failed | Outcome::Stopped => Exit::Failed,
                    Outcome::Done | Outcome::Nothing | Outcome::DoneByAnother | Outcome::Shown => {
                        Exit::Done
                    }
                })
            }
        }
    }
}

/// What is worth saying though it stops nothing.
fn remark(concern: &Concern) -> String {
    match concern {
        Concern::HalfUndone { id } => format!("`{id}` is half undone"),
        Concern::HalfApplied { id } => format!("`{id}` is half applied, and its file is gone"),
        Concern::MissingFile { id } => format!("`{id}` is applied, and its file is gone"),
        Concern::OutOfOrder { id, before } => {
            format!("`{id}` runs out of order: `{before}` is applied")
        }
        Concern::Passes { id, over } => {
            format!("`{id}` runs out of order: `{over}` is not applied")
        }
        Concern::Modified { id, .. } => format!("`{id}` was changed after it was applied"),
        Concern::SameContent { id, key } => {
            format!("the script of `{id}` is applied already, as `{key}`")
        }
        Concern::Elsewhere { ids, tool } => {
            format!("{} applied already, by the ledger of {tool}", they_are(ids))
        }
    }
}
