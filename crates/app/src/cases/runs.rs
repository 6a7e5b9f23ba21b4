//! Shows the runs of a database, what those under way do right now, and stops one.
//!
//! Reads no file of the project but its configuration, so that a run can be seen and stopped
//! whatever state the files are in.

mod shown;

use std::time::Duration;

use schemars::JsonSchema;
use serde::Serialize;
use whimbrel_engine::Interrupt;
use whimbrel_engine::runs::{self, CancelError, Cancelled, Now, Run, RunState};
use whimbrel_engine::state::{Facts, StateError};
use whimbrel_engine::wire::{Failure, Session};

use super::Case;
use crate::catalogue::Code;
use crate::database::{self, Database, DatabaseOptions};
use crate::development::{Using, develop};
use crate::error::Error;
use crate::events::{Answer, Events, Question};
use crate::exit::Exit;
use crate::histories;
use crate::project::APPLICATION;
use crate::wire::{self, Confirmation, DatabaseShown};
use crate::workspace::Workspace;

pub use shown::{BlockerShown, LineShown, MigratedShown, NowShown, RunShown, StepShown};
pub use whimbrel_engine::runs::{How, Which};

/// What is known of this use case.
pub const CASE: Case = Case { name: "runs", database: super::Database::Written };

/// How many runs are listed where nobody says how many.
pub const USUAL: u32 = 20;

/// How long a run has to answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// Runs of a database.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Report {
    /// Of this shape.
    pub version: u32,
    /// The database.
    pub database: DatabaseShown,
    /// Whether a journal is there, without which nothing is known of runs.
    pub journal: bool,
    /// The newest first.
    pub runs: Vec<RunShown>,
}

/// One run, with all that is known of it.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct RunReport {
    /// Of this shape.
    pub version: u32,
    /// The database.
    pub database: DatabaseShown,
    /// The run.
    pub run: RunShown,
    /// What it applied or undid, in its order.
    pub migrations: Vec<MigratedShown>,
    /// Steps that it wrote down and that are not finished.
    pub steps: Vec<StepShown>,
    /// What it said, as far as that was kept.
    pub output: Vec<LineShown>,
}

/// What came of the wish to stop a run.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct CancelReport {
    /// Of this shape.
    pub version: u32,
    /// The database.
    pub database: DatabaseShown,
    /// The run, as it was before.
    pub run: RunShown,
    /// `interrupted`, `done`, `failed`, `lost`, `no-answer`, or `had-ended` where there was nothing
    /// to stop.
    pub outcome: &'static str,
}

impl CancelReport {
    /// How the command ends.
    pub fn exit(&self) -> Exit {
        if self.outcome == "no-answer" { Exit::Failed } else { Exit::Done }
    }
}

/// What a person said about stopping a run.
#[derive(Clone, Debug)]
pub struct CancelOptions {
    /// Which database.
    pub database: DatabaseOptions,
    /// The run.
    pub id: i64,
    /// How.
    pub how: How,
    /// Whether it was said already that it is meant.
    pub consent: crate::run::Consent,
    /// The person's wish to stop waiting.
    pub interrupt: Interrupt,
}

/// Lists the newest runs, or all.
pub async fn list(
    workspace: &Workspace,
    options: &DatabaseOptions,
    which: Which,
    events: &mut dyn Events,
) -> Result<Report, Error> {
    let mut place = Place::find(workspace, options, events).await?;
    let mut shown = Vec::new();
    if place.facts.journal {
        for run in runs::list(&mut place.session, which).await? {
            let now = place.now(&run).await?;
            shown.push(RunShown::new(&run, now.as_ref()));
        }
    }
    let (database, journal) = (place.shown(), place.facts.journal);
    place.session.close().await;
    Ok(Report { version: wire::VERSION, database, journal, runs: shown })
}

/// Shows one run.
pub async fn show(
    workspace: &Workspace,
    options: &DatabaseOptions,
    id: i64,
    events: &mut dyn Events,
) -> Result<RunReport, Error> {
    let mut place = Place::find(workspace, options, events).await?;
    let run = place.run(id).await?;
    let now = place.now(&run).await?;
    let migrated = runs::migrated(&mut place.session, id).await?;
    let steps = runs::steps(&mut place.session, id).await?;
    let kept = runs::kept(&mut place.session, &place.facts, id).await?;
    let database = place.shown();
    place.session.close().await;
    Ok(RunReport {
        version: wire::VERSION,
        database,
        run: RunShown::new(&run, now.as_ref()),
        migrations: migrated.into_iter().map(MigratedShown::from).collect(),
        steps: steps.into_iter().map(StepShown::from).collect(),
        output: kept.into_iter().map(LineShown::from).collect(),
    })
}

/// Stops a run, after it was shown what it does and somebody said yes.
pub async fn cancel(
    workspace: &Workspace,
    options: &CancelOptions,
    events: &mut dyn Events,
) -> Result<CancelReport, Error> {
    let mut place = Place::find(workspace, &options.database, events).await?;
    let instead = "`whimbrel runs show` says which server processes to end";
    place.database.check_connection("`runs cancel`", instead)?;
    let run = place.run(options.id).await?;
    let now = place.now(&run).await?;
    let database = place.shown();
    place.session.close().await;
    let shown = RunShown::new(&run, now.as_ref());
    let report = |outcome| CancelReport {
        version: wire::VERSION,
        database: database.clone(),
        run: shown.clone(),
        outcome,
    };
    let Some(now) = now else { return Ok(report("had-ended")) };
    check_rights(&run, &now, &place.facts)?;
    ask(options, &run, &shown, &place.facts, &database, events)?;
    let surroundings = workspace.surroundings();
    let by = format!("whimbrel runs cancel by {}@{}", surroundings.user, surroundings.machine);
    let cancel = runs::Cancel {
        target: &place.database.target,
        application: &by,
        run: &run,
        how: options.how,
        patience: PATIENCE,
        interrupt: &options.interrupt,
    };
    let cancelled = runs::cancel(&cancel, events).await.map_err(cancel_error)?;
    Ok(report(match cancelled {
        Cancelled::Ended(state) => state.name(),
        Cancelled::WasLost => RunState::Lost.name(),
        Cancelled::NoAnswer => "no-answer",
    }))
}

fn cancel_error(error: CancelError) -> Error {
    match error {
        CancelError::Connect(error) => error.into(),
        CancelError::Failed(failure) => StateError::from(failure).into(),
        CancelError::Interrupted => Error::Interrupted,
    }
}

/// Refuses what the server would refuse, and says what helps.
fn check_rights(run: &Run, now: &Now, facts: &Facts) -> Result<(), Error> {
    let Some(other) = now.writer.iter().chain(&now.lock).find(|one| !one.may_signal) else {
        return Ok(());
    };
    let (owner, role) = (&other.role, &facts.role);
    Err(Error::Refused {
        code: Code::OTHERS_RUN,
        message: format!(
            "run {} belongs to role `{owner}`, and `{role}` may not stop what that runs",
            run.id
        ),
        hints: vec![format!(
            "connect as `{owner}` or as a member of it; or let an administrator `grant \
             pg_signal_backend to {}`, which reaches every role but superusers",
            whimbrel_sql::Ident(role)
        )],
    })
}

/// Asks whether the run is to be stopped, telling what it does and what will be done.
fn ask(
    options: &CancelOptions,
    run: &Run,
    shown: &RunShown,
    facts: &Facts,
    database: &DatabaseShown,
    events: &mut dyn Events,
) -> Result<(), Error> {
    if options.consent == crate::run::Consent::Given {
        return Ok(());
    }
    let mut remarks = shown.lines();
    remarks.push(match options.how {
        How::Ask => format!(
            "Run {} will be asked to stop, as Ctrl-C once would: its statement is cancelled and \
             rolled back; what it applied stays.",
            run.id
        ),
        How::Now => format!(
            "The connections of run {} will be ended, and its lock with them; what is under way \
             is rolled back, what it applied stays.",
            run.id
        ),
    });
    if facts.pooled && options.how == How::Now {
        remarks.push(
            "Behind a pooler these are connections of the pool; it makes new ones.".to_owned(),
        );
    }
    let confirmation = Confirmation {
        database: database.clone(),
        command: CASE.name,
        allows: "stop",
        becomes: "is stopped",
        what: "run",
        migrations: Vec::new(),
        remarks,
        word: None,
    };
    match events.ask(&Question::Proceed(&confirmation)) {
        Answer::Yes => Ok(()),
        Answer::Interrupted => Err(Error::Interrupted),
        Answer::No => Err(Error::Refused {
            code: Code::DECLINED,
            message: "nothing was done".to_owned(),
            hints: Vec::new(),
        }),
        Answer::Nobody => Err(Error::Refused {
            code: Code::NO_CONSENT,
            message: format!(
                "nobody consented to stop run {} on `{}` at {}",
                run.id, database.database, database.host
            ),
            hints: vec!["without a terminal, `--yes` says so".to_owned()],
        }),
    }
}

/// A database and a session on it.
struct Place {
    database: Database,
    session: Session,
    facts: Facts,
    /// The development database runs as long as its server is held.
    _development: Option<Using>,
}

impl Place {
    async fn find(
        workspace: &Workspace,
        options: &DatabaseOptions,
        events: &mut dyn Events,
    ) -> Result<Self, Error> {
        let (mut database, development) = if options.dev {
            let outlines = histories::outlines(workspace)?;
            let options = DatabaseOptions { only_read: true, ..options.clone() };
            let (server, target) = develop(workspace, &outlines, &options, events).await?;
            (Database::embedded(target), Some(server))
        } else {
            (database::find(workspace, options)?, None)
        };
        let timeout = workspace.config().timeouts.connect.0.as_secs().max(1);
        database.target.connect_timeout.get_or_insert(timeout);
        let mut session = Session::connect(&database.target, APPLICATION).await?;
        let facts = runs::look(&mut session).await?;
        Ok(Self { database, session, facts, _development: development })
    }

    fn shown(&self) -> DatabaseShown {
        self.database.shown(&self.facts)
    }

    /// What a run does, where it has not ended.
    async fn now(&mut self, run: &Run) -> Result<Option<Now>, Error> {
        if run.state != RunState::Running {
            return Ok(None);
        }
        let now = runs::now(&mut self.session, run).await;
        Ok(Some(now.map_err(|failure: Failure| StateError::from(failure))?))
    }

    /// One run, by its number.
    async fn run(&mut self, id: i64) -> Result<Run, Error> {
        let found = if self.facts.journal {
            runs::list(&mut self.session, Which::One(id)).await?.pop()
        } else {
            None
        };
        found.ok_or_else(|| Error::Usage {
            code: Code::NO_SUCH_RUN,
            message: format!("there is no run {id} in the journal of `{}`", self.facts.database),
            hints: vec!["`whimbrel runs --all` lists them".to_owned()],
        })
    }
}
