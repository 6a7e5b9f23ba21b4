//! A hook that is a file of SQL: one transaction, on a connection of its own.

use std::time::Duration;

use camino::Utf8Path;
use whimbrel_engine::run::{Alone, Failed, Stop, Work, run_alone};
use whimbrel_sql::Mode;

use super::{Moment, Plan, Trouble};
use crate::catalogue::Code;
use crate::error::{Error, HookCause, MigrationError};
use crate::events::Events;
use crate::project::{APPLICATION, Project};
use crate::run::explain::{self, Stage};
use crate::run::file;

/// Whether a hook is a file of SQL, and not a line for the shell.
pub(super) fn is_file(line: &str) -> bool {
    Utf8Path::new(line).extension() == Some("sql") && !line.contains(char::is_whitespace)
}

/// Reads the file, which must be one transaction.
pub(super) fn read(project: &Project, moment: Moment, path: &str) -> Result<Work, Error> {
    let hook = moment.name();
    if !project.workspace.folder().holds(Utf8Path::new(path)) {
        return Err(Error::Usage {
            code: Code::HOOK_FILE,
            message: format!("the file `{path}` of hook `{hook}` is not there"),
            hints: vec![
                "correct its path in whimbrel.toml; it is relative to the project's folder"
                    .to_owned(),
            ],
        });
    }
    let work = file::work(project, Utf8Path::new(path), "hooks", "")?;
    match &work.script.mode {
        Mode::One { .. } => Ok(work),
        Mode::Steps { because, .. } | Mode::Refused { because, .. } => Err(Error::Usage {
            code: Code::HOOK_NOT_ONE,
            message: format!("`{path}` of hook `{hook}` is not one transaction: {because}"),
            hints: vec![format!(
                "take that out of it, or write a line for the shell: `psql \"$DATABASE_URL\" -v ON_ERROR_STOP=1 -f {path}`"
            )],
        }),
    }
}

/// Runs it.
pub(super) async fn run(
    plan: &Plan<'_>,
    work: &Work,
    events: &mut dyn Events,
) -> Result<(), Trouble> {
    let timeouts = plan.project.workspace.config().timeouts;
    let local = |name: &str, limit: Duration| format!("set local {name} = {}", limit.as_millis());
    let mut settings = vec![local("lock_timeout", timeouts.lock.0)];
    if !timeouts.statement.0.is_zero() {
        settings.push(local("statement_timeout", timeouts.statement.0));
    }
    let interrupt = &plan.options.interrupt;
    let is_asked = interrupt.is_asked();
    // What runs after a run that somebody stopped is stopped only by asking once more.
    let asked =
        async { if is_asked { interrupt.insisted().await } else { interrupt.asked().await } };
    let target = &plan.project.database.target;
    let alone = Alone {
        target,
        application: APPLICATION,
        work,
        settings: &settings,
        retry_for: plan.options.retry_for.unwrap_or(timeouts.retry_for.0),
    };
    match Box::pin(run_alone(&alone, asked, events)).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(failed)) => Err(place(plan, work, failed)),
        Err(Stop::Interrupted) => Err(Trouble::of(HookCause::Interrupted)),
        Err(stop) => Err(Trouble::of(HookCause::Stopped(stop))),
    }
}

/// Finds the place in the file.
fn place(plan: &Plan<'_>, work: &Work, failed: Failed) -> Trouble {
    let error = explain::failed(&plan.project, work, failed, Stage::Hook);
    let MigrationError { source, diagnostic, excerpt, hints, .. } = error;
    let place = diagnostic.map(|diagnostic| (diagnostic, excerpt));
    Trouble { cause: HookCause::Sql(Box::new(source)), place, hints }
}

#[cfg(test)]
mod tests {
    use super::is_file;

    #[test]
    fn a_line_that_ends_in_a_file_is_a_line() {
        assert!(is_file("db/hooks/pause.sql"));
        assert!(!is_file("psql -f db/hooks/pause.sql"));
        assert!(!is_file("./notify.sh"));
    }
}
