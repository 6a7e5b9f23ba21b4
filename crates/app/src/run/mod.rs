//! One run, whatever it is to do: choose, rehearse, ask, take the lock, choose again, run, report.

mod after;
mod again;
pub(crate) mod amend;
mod by_way;
pub(crate) mod changed;
pub(crate) mod choose;
mod consent;
mod elsewhere;
pub(crate) mod execute;
mod exists;
mod explain;
mod file;
mod hear;
mod hooks;
mod losses;
mod named;
pub(crate) mod prove;
mod rehearse;
mod report;
pub(crate) mod scripted;
mod seeds;
mod trace;
mod verdict;
pub(crate) mod works;

use std::time::Duration;

use whimbrel_engine::Interrupt;
use whimbrel_engine::journal::SCHEMA;
use whimbrel_engine::run::{Work, obstacles};
use whimbrel_engine::shadow::stand_ins;
use whimbrel_engine::state::{Facts, State};
use whimbrel_engine::ways::By;
use whimbrel_engine::wire::Session;
use whimbrel_history::select::{Back, Wish};
use whimbrel_sql::Ident;

use self::hear::Hearing;
use crate::catalogue::Code;
use crate::error::Error;
use crate::events::Events;
use crate::project::{APPLICATION, Glance, LastApplied, Project, Where};
use crate::workspace::Workspace;
use choose::{Choice, Planned};

pub use amend::{ChangeShown, Proof};
pub use hear::NoticeShown;
pub use hooks::{HookOutcome, HookShown, Hooks};
pub use prove::{DifferenceShown, ProofShown};
pub use report::{
    HalfShown, Outcome, PlannedShown, RehearsalShown, Report, ResultShown, SeedShown,
};
pub use whimbrel_engine::run::OnError;
pub use whimbrel_history::select;

/// What a run is to do.
#[derive(Clone, Debug)]
pub enum Aim {
    /// Apply what is due.
    Up(Wish),
    /// Undo what is applied.
    Down {
        /// How far back.
        back: Back,
        /// Which down script, where the file's and the ledger's differ.
        from: Option<DownSide>,
    },
    /// Undo the newest and apply it again.
    Redo {
        /// Which down script, where the file's and the ledger's differ.
        from: Option<DownSide>,
    },
}

impl Aim {
    /// The command's name.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Up(_) => "up",
            Self::Down { .. } => "down",
            Self::Redo { .. } => "redo",
        }
    }

    /// What becomes of the migrations that it chooses.
    fn becomes(&self) -> &'static str {
        match self {
            Self::Up(_) => "will be applied",
            Self::Down { .. } => "will be undone",
            Self::Redo { .. } => "will run",
        }
    }

    /// What is true where it leads to nothing.
    fn nothing(&self) -> String {
        match self {
            Self::Up(Wish { to: Some(to), .. }) => format!("everything up to `{to}` is applied"),
            Self::Up(_) => "everything is applied".to_owned(),
            Self::Down { back: Back::To(to), .. } => format!("nothing after `{to}` is applied"),
            Self::Down { .. } | Self::Redo { .. } => "nothing is applied".to_owned(),
        }
    }
}

/// Which down script is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DownSide {
    /// The file's.
    File,
    /// The one that was recorded when the migration was applied.
    Ledger,
}

/// How a run goes about it.
#[derive(Clone, Debug)]
pub struct Options {
    /// Which project and database.
    pub place: Where,
    /// Whether to stop once it is known what would run.
    pub depth: Depth,
    /// Whether somebody said yes already.
    pub consent: Consent,
    /// What to do when a migration fails.
    pub on_error: OnError,
    /// What is not refused.
    pub allowed: Allowed,
    /// Whether seed files run after the migrations.
    pub seeds: Seeds,
    /// Whether the project's hooks run.
    pub hooks: Hooks,
    /// Whether to rehearse.
    pub rehearse: Rehearse,
    /// Whether a server for the rehearsal may be fetched.
    pub fetch: Fetch,
    /// How long to wait for another run; `None` is as configured.
    pub waiting: Option<Waiting>,
    /// How long to try again what locks or deadlocks stop; `None` is as configured.
    pub retry_for: Option<Duration>,
    /// The command as it was given, without secrets, for the journal.
    pub command: String,
    /// The person's wish to stop.
    pub interrupt: Interrupt,
    /// Whether somebody sees which statement is under way.
    pub watched: bool,
}

/// How far a run goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Depth {
    /// To the end.
    Run,
    /// Until it is known what would run; with or without the SQL.
    Show {
        /// Whether the report has the SQL.
        sql: bool,
    },
}

/// Whether somebody said yes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Consent {
    /// It was said on the command line.
    Given,
    /// It is to be asked for.
    Wanted,
}

/// What is not refused.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a refusal that a person lifted")]
pub struct Allowed {
    /// Migrations that come before an applied one.
    pub out_of_order: bool,
    /// Applied migrations whose script changed.
    pub modified: bool,
    /// Migrations whose script is applied under another version.
    pub same_content: bool,
    /// Migrations that another tool's ledger has as applied.
    pub elsewhere: bool,
    /// Steps whose outcome nobody knows, again.
    pub rerun: bool,
    /// Protected environments, without a prompt.
    pub protected: bool,
}

/// Whether seed files run after the migrations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seeds {
    /// Those that never ran.
    Wanted,
    /// Those, and those that changed since they ran.
    Changed,
    /// None.
    Unwanted,
}

/// Whether to rehearse.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rehearse {
    /// If there is a server to rehearse on.
    IfPossible,
    /// In any case.
    Always,
    /// Not at all.
    Never,
}

/// Whether a server for the rehearsal may be fetched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fetch {
    /// A person watches it load.
    Allowed,
    /// Nobody asked for it.
    Forbidden,
}

/// How long to wait for another run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Waiting {
    /// Not at all.
    No,
    /// This long.
    For(Duration),
    /// As long as it takes.
    Forever,
}

/// Does it.
pub(crate) async fn run(
    workspace: &Workspace,
    aim: &Aim,
    options: &Options,
    events: &mut dyn Events,
) -> Result<Report, Error> {
    let unwanted = LastApplied::Unwanted;
    let place = Box::new(match options.depth {
        Depth::Run => options.place.clone(),
        Depth::Show { .. } => options.place.only_read(),
    });
    let (project, mut session, state, keeping) = if is_plain(aim, options) {
        match Box::pin(Project::glance(workspace, &place, unwanted, aim.name(), events)).await? {
            Glance::Known { answer, database } => {
                return Ok(Report::nothing(aim, database, answer));
            }
            Glance::Fresh(fresh) => *fresh,
        }
    } else {
        let opened = Box::pin(Project::open(workspace, &place, unwanted, events)).await?;
        let (project, session, state) = opened;
        (project, session, state, None)
    };
    by_way::check(&project, options)?;
    if options.depth == Depth::Run {
        check_server(&state.facts)?;
    }
    project.check_names(&state)?;
    let mut choice = choose::choose(&project, &state, aim)?;
    Box::pin(elsewhere::look(&project, &state, &mut choice, &mut session)).await?;
    if options.depth == Depth::Run {
        let changes = changed::changes(&project, &state, &choice, &mut session).await?;
        choice.check(options.allowed, changes)?;
    }
    let mut report = Report::new(&project, &state, aim, options, &choice);
    if choice.planned.is_empty() {
        session.close().await;
        report.outcome = Outcome::Nothing;
        if let Some(keeping) = keeping {
            keeping.keep(state.seal, &report.known());
        }
        let mut report = Box::pin(seeds::sow(&project, aim, options, report, events)).await?;
        if report.seeds.iter().any(|seed| seed.result.is_some()) {
            note_stand_ins(&project, &mut report).await;
        }
        return Ok(report);
    }
    let works = works::works(&project, &state, &choice, &mut session).await?;
    report.describe(&works, options.depth)?;
    for (number, failed) in obstacles(&works, &state, &execute::engine_options(&project, options)) {
        let error = explain::failed(&project, &works[number], failed, explain::Stage::Plan);
        report.fail(Error::from(Box::new(error)));
    }
    if !report.failures.is_empty() {
        session.close().await;
        report.is_refused = true;
        if options.depth == Depth::Run {
            report.outcome = Outcome::Failed;
        }
        return Ok(report);
    }
    let hooks = hooks::Prepared::read(&project, options)?;
    if options.depth != Depth::Run {
        report.hooks = hooks.planned();
    }
    let approved = choice.planned.clone();
    let mut run = Plan { project, state, aim, options, choice, works, approved, hooks };
    Box::pin(rehearse::rehearse(&run, &mut session, &mut report, events)).await?;
    let has_failed = !report.failures.is_empty();
    if has_failed && options.depth == Depth::Run {
        report.outcome = Outcome::Failed;
    }
    if has_failed {
        session.close().await;
        return Ok(report);
    }
    if options.depth == Depth::Run {
        consent::ask(&run, &report, events)?;
        report = Box::pin(carry_out(&mut run, session, report, events)).await?;
    } else {
        session.close().await;
        report = Box::pin(seeds::sow(&run.project, aim, options, report, events)).await?;
    }
    note_stand_ins(&run.project, &mut report).await;
    Ok(report)
}

/// Runs what was approved, with the hooks around it.
async fn carry_out(
    run: &mut Plan<'_>,
    session: Session,
    report: Report,
    events: &mut dyn Events,
) -> Result<Report, Error> {
    let mut hearing = Hearing::new(events);
    let ended = Box::pin(between_hooks(run, session, report, &mut hearing)).await;
    let mut report = Box::pin(hooks::after(run, ended, &mut hearing)).await?;
    let Hearing { notices, more, .. } = hearing;
    (report.notices, report.more_notices) = (notices, more);
    Ok(report)
}

/// Runs what was approved, then the seed files.
async fn between_hooks(
    run: &mut Plan<'_>,
    session: Session,
    mut report: Report,
    events: &mut dyn Events,
) -> Result<Report, Error> {
    let report = match run.project.database.target.by {
        By::Connection => Box::pin(execute::execute(run, session, report, events)).await?,
        By::Psql(_) | By::Api(_) => {
            session.close().await;
            if !Box::pin(hooks::before(run, &mut report, events)).await {
                return Ok(report);
            }
            Box::pin(by_way::execute(run, report, events)).await?
        }
    };
    Box::pin(seeds::sow(&run.project, run.aim, run.options, report, events)).await
}

/// Whether a run is to apply what is due and nothing else, so that where nothing is, its answer is
/// a matter of files and ledgers alone.
fn is_plain(aim: &Aim, options: &Options) -> bool {
    matches!(aim, Aim::Up(wish) if *wish == Wish::default())
        && options.depth == Depth::Run
        && options.allowed == Allowed { protected: options.allowed.protected, ..Allowed::default() }
        && options.seeds == Seeds::Unwanted
}

/// Says which extensions of the embedded database are not the real ones.
async fn note_stand_ins(project: &Project, report: &mut Report) {
    if !project.has_stand_ins() {
        return;
    }
    let Ok(mut session) = Session::connect(&project.database.target, APPLICATION).await else {
        return;
    };
    if let Ok(standing) = stand_ins(&mut session).await
        && !standing.is_empty()
    {
        report
            .remarks
            .push(format!("stand-ins take the place of these extensions: {}", standing.join(", ")));
    }
    session.close().await;
}

/// Refuses to run where that cannot be written down.
fn check_server(facts: &Facts) -> Result<(), Error> {
    if facts.standby {
        return Err(Error::Refused {
            code: Code::STANDBY,
            message: "the server is a standby and cannot be written to".to_owned(),
            hints: vec!["give the URL of its primary".to_owned()],
        });
    }
    if facts.closed {
        let (schema, role) = (SCHEMA, Ident(&facts.role));
        return Err(Error::Refused {
            code: Code::JOURNAL_RIGHTS,
            message: format!("the role `{}` may not read `{schema}`, which runs need", facts.role),
            hints: vec![
                "connect as the role that ran migrations before".to_owned(),
                format!(
                    "or have it granted: grant usage on schema {schema} to {role}; grant select, insert, update, delete on all tables in schema {schema} to {role}; grant usage on all sequences in schema {schema} to {role}"
                ),
            ],
        });
    }
    Ok(())
}

/// What is going to run, as it was shown.
struct Plan<'a> {
    project: Project,
    state: State,
    aim: &'a Aim,
    options: &'a Options,
    choice: Choice,
    /// One for each that is chosen.
    works: Vec<Work>,
    /// What was chosen first, and shown: the report has these.
    approved: Vec<Planned>,
    hooks: hooks::Prepared,
}
