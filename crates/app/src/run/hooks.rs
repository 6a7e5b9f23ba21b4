//! Hooks: what a project runs before its migrations and after them.
//!
//! Once a run has come to `before`, exactly one of `after` and `after_failure` follows, however it
//! ends. What cannot be run at all is found before anything is.

mod shell;
mod sql;
mod variables;

use std::time::Instant;

use schemars::JsonSchema;
use serde::Serialize;
use whimbrel_engine::run::Work;

use super::report::{Outcome, Report, ResultShown};
use super::{Depth, Options, Plan};
use crate::catalogue::Code;
use crate::error::{Error, Excerpt, HookCause, HookError};
use crate::events::Events;
use crate::mask;
use crate::project::Project;

/// Whether hooks run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hooks {
    /// As whimbrel.toml says.
    Wanted,
    /// Not at all.
    Unwanted,
}

/// A hook of a run.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct HookShown {
    /// `before`, `after`, `after_failure`.
    pub hook: &'static str,
    /// The file or line.
    pub what: String,
    /// What became of it.
    pub outcome: HookOutcome,
    /// How long it took.
    pub execution_time_ms: Option<u64>,
}

/// What became of a hook.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum HookOutcome {
    /// A run would come to it.
    Planned,
    /// It ended well.
    Done,
    /// It did not.
    Failed,
    /// Somebody stopped it.
    Interrupted,
    /// Its turn did not come.
    NotRun,
}

/// When a hook runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Moment {
    Before,
    After,
    AfterFailure,
}

impl Moment {
    /// As whimbrel.toml has it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Before => "before",
            Self::After => "after",
            Self::AfterFailure => "after_failure",
        }
    }
}

/// The hooks of a run.
#[derive(Debug, Default)]
pub(super) struct Prepared {
    all: Vec<Hook>,
    /// Whether the run has come to `before`.
    is_begun: bool,
}

#[derive(Debug)]
struct Hook {
    moment: Moment,
    what: What,
}

#[derive(Debug)]
enum What {
    /// A line for the shell.
    Line(String),
    /// A file of SQL that is one transaction.
    File(Box<Work>),
}

impl Hook {
    /// The file or line as it may be shown, in one line.
    fn shown(&self) -> String {
        match &self.what {
            What::File(work) => work.id().to_owned(),
            What::Line(line) => {
                let line = line.trim();
                let first = line.lines().next().unwrap_or_default().trim_end();
                mask(&if first == line { line.to_owned() } else { format!("{first} …") })
            }
        }
    }

    fn as_shown(&self, outcome: HookOutcome, took: Option<u64>) -> HookShown {
        HookShown { hook: self.moment.name(), what: self.shown(), outcome, execution_time_ms: took }
    }
}

impl Prepared {
    /// Reads what is going to run.
    pub(super) fn read(project: &Project, options: &Options) -> Result<Self, Error> {
        if options.hooks == Hooks::Unwanted {
            return Ok(Self::default());
        }
        let config = project.workspace.config();
        let hooks = config.hooks_in(project.database.environment.as_deref());
        let mut all = Vec::new();
        for (moment, lines) in [
            (Moment::Before, hooks.before),
            (Moment::After, hooks.after),
            (Moment::AfterFailure, hooks.after_failure),
        ] {
            for line in lines.unwrap_or_default() {
                let what = match line.trim() {
                    "" => continue,
                    path if sql::is_file(path) => {
                        What::File(Box::new(sql::read(project, moment, path)?))
                    }
                    _ => What::Line(line),
                };
                all.push(Hook { moment, what });
            }
        }
        let is_file = |hook: &Hook| matches!(hook.what, What::File(_));
        if options.depth == Depth::Run && all.iter().any(is_file) {
            let instead = "write it as a line for the shell";
            project.database.check_connection("a hook that is a file of SQL", instead)?;
        }
        Ok(Self { all, is_begun: false })
    }

    /// What a run would come to.
    pub(super) fn planned(&self) -> Vec<HookShown> {
        self.all.iter().map(|hook| hook.as_shown(HookOutcome::Planned, None)).collect()
    }

    /// The same for whoever is asked about it.
    pub(super) fn remarks(&self) -> Vec<String> {
        let remark = |hook: &Hook| format!("hook {}: {}", hook.moment.name(), hook.shown());
        self.all.iter().map(remark).collect()
    }
}

/// Runs `before` when the first migration is about to run; answers whether to go on.
pub(super) async fn before(
    plan: &mut Plan<'_>,
    report: &mut Report,
    events: &mut dyn Events,
) -> bool {
    if plan.hooks.is_begun || plan.works.is_empty() || plan.options.interrupt.is_asked() {
        return true;
    }
    plan.hooks.is_begun = true;
    let ids: Vec<&str> = plan.works.iter().map(Work::id).collect();
    let when = When { moment: Moment::Before, ids, outcome: None };
    let Some(error) = run(plan, &when, &mut report.hooks, events).await else { return true };
    report.outcome = match error.source {
        HookCause::Interrupted => Outcome::Stopped,
        _ => Outcome::Failed,
    };
    report.fail(Error::from(Box::new(error)));
    false
}

/// Runs what is to run after a run that came to `before`.
pub(super) async fn after(
    plan: &Plan<'_>,
    ended: Result<Report, Error>,
    events: &mut dyn Events,
) -> Result<Report, Error> {
    if !plan.hooks.is_begun {
        return ended;
    }
    let (outcome, ids) = match &ended {
        Ok(report) => (outcome(report), done(report)),
        Err(_) => ("stopped", Vec::new()),
    };
    let moment = if outcome == "done" { Moment::After } else { Moment::AfterFailure };
    let when = When { moment, ids, outcome: Some(outcome) };
    let mut shown = Vec::new();
    let failed = run(plan, &when, &mut shown, events).await;
    let mut report = match (ended, &failed) {
        (Ok(report), _) => report,
        (Err(error), failed) => {
            if let Some(failed) = failed {
                events.hook_says(&failed.to_string());
            }
            return Err(error);
        }
    };
    report.hooks.extend(shown);
    if let Some(error) = failed {
        report.fail_beside(Error::from(Box::new(error)));
    }
    Ok(report)
}

/// How a run ended, as its hooks hear it.
fn outcome(report: &Report) -> &'static str {
    match report.outcome {
        Outcome::Done | Outcome::Nothing | Outcome::DoneByAnother if report.failures.is_empty() => {
            "done"
        }
        Outcome::Done | Outcome::Nothing | Outcome::DoneByAnother | Outcome::Failed => "failed",
        Outcome::Stopped | Outcome::Shown => "stopped",
    }
}

/// What this run did and recorded; of a redo, once.
fn done(report: &Report) -> Vec<&str> {
    let mut ids = Vec::new();
    for one in report.migrations.iter().filter(|one| one.result == ResultShown::Done) {
        if !ids.contains(&one.id.as_str()) {
            ids.push(&one.id);
        }
    }
    ids
}

/// What hooks are told of the moment.
struct When<'a> {
    moment: Moment,
    ids: Vec<&'a str>,
    /// How the run ended, of those that run after it.
    outcome: Option<&'static str>,
}

/// Runs the hooks of a moment, in their order, up to the first that does not end well.
async fn run(
    plan: &Plan<'_>,
    when: &When<'_>,
    shown: &mut Vec<HookShown>,
    events: &mut dyn Events,
) -> Option<HookError> {
    let mut failed = None;
    for hook in plan.hooks.all.iter().filter(|hook| hook.moment == when.moment) {
        if failed.is_some() {
            shown.push(hook.as_shown(HookOutcome::NotRun, None));
            continue;
        }
        events.hook_begins(hook.moment.name(), &hook.shown());
        let begun = Instant::now();
        let ran = match &hook.what {
            What::Line(line) => Box::pin(shell::run(plan, when, line, events)).await,
            What::File(work) => Box::pin(sql::run(plan, work, events)).await,
        };
        let took = u64::try_from(begun.elapsed().as_millis()).ok();
        let outcome = match &ran {
            Ok(()) => HookOutcome::Done,
            Err(Trouble { cause: HookCause::Interrupted, .. }) => HookOutcome::Interrupted,
            Err(_) => HookOutcome::Failed,
        };
        shown.push(hook.as_shown(outcome, took));
        failed = ran.err().map(|trouble| explain(plan, hook, trouble));
    }
    failed
}

/// Why a hook did not end well.
struct Trouble {
    cause: HookCause,
    place: Option<(whimbrel_sql::Diagnostic, Excerpt)>,
    hints: Vec<String>,
}

impl Trouble {
    fn of(cause: HookCause) -> Self {
        Self { cause, place: None, hints: Vec::new() }
    }
}

/// Adds what state things are in, and what to do.
fn explain(plan: &Plan<'_>, hook: &Hook, trouble: Trouble) -> HookError {
    let Trouble { cause, place, mut hints } = trouble;
    let command = plan.aim.name();
    hints.push(match (hook.moment, &cause) {
        (Moment::Before, HookCause::Interrupted) => {
            format!("nothing was run; `whimbrel {command}` begins with it again")
        }
        (Moment::Before, _) => {
            format!("nothing was run; mend it and run `whimbrel {command}` again")
        }
        (Moment::After, _) => {
            "what was applied or undone is recorded and stays; no other run repeats this hook, so do by hand what it was to do".to_owned()
        }
        (Moment::AfterFailure, _) => {
            "what it was to do after the failure is left to do by hand".to_owned()
        }
    });
    let (diagnostic, excerpt) = place.unzip();
    HookError {
        hook: hook.moment.name(),
        what: hook.shown(),
        code: match (&cause, hook.moment) {
            (HookCause::Interrupted, _) => Code::INTERRUPTED,
            (_, Moment::Before) => Code::HOOK_BEFORE,
            (_, Moment::After | Moment::AfterFailure) => Code::HOOK_AFTER,
        },
        source: cause,
        diagnostic,
        excerpt: excerpt.unwrap_or_else(|| Excerpt::whole(String::new())),
        hints,
    }
}
