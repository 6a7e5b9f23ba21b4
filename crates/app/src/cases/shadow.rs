//! Shows and clears away what throw-away and development servers keep.

use std::time::{Duration, Instant, SystemTime};

use camino::{Utf8Path, Utf8PathBuf};
use schemars::JsonSchema;
use serde::Serialize;
use whimbrel_engine::shadow::{self, Clean, Development, Keep, KeepKind, Running};

use super::{Case, Database};
use crate::catalogue::Code;
use crate::error::Error;
use crate::events::Events;
use crate::surroundings::Surroundings;
use crate::wire;

/// What is known of this use case.
pub const CASE: Case = Case { name: "shadow", database: Database::Untouched };

/// What there is, or what was removed.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Report {
    /// Of this shape.
    pub version: u32,
    /// Whether these are gone now.
    pub removed: bool,
    /// By kind and path.
    pub kept: Vec<Kept>,
    /// All of them together.
    pub bytes: u64,
}

/// One thing that is kept.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Kept {
    /// `programs`, `template`, `state`, `development` or `run`.
    pub kind: &'static str,
    /// What that is.
    pub about: &'static str,
    /// Where.
    #[schemars(with = "String")]
    pub path: Utf8PathBuf,
    /// Its size.
    pub bytes: u64,
    /// When it was last used, in UTC.
    pub used_at: Option<String>,
    /// Whether somebody uses it right now.
    pub in_use: bool,
    /// The project of a development database.
    #[schemars(with = "Option<String>")]
    pub project: Option<Utf8PathBuf>,
    /// Whether that project's folder is not there any more.
    pub is_gone: bool,
}

/// What to clear away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// All that can be had again.
    Cache,
    /// The development database of the project.
    Development,
}

/// Lists everything.
pub fn list(surroundings: &Surroundings) -> Report {
    report(shadow::list(&surroundings.shadow_environment()), Removed::No)
}

/// Clears away what nobody uses.
pub fn clean(surroundings: &Surroundings, project: &Utf8Path, what: What) -> Result<Report, Error> {
    let what = match what {
        What::Cache => Clean::Cache,
        What::Development => Clean::Development(project.to_owned()),
    };
    let environment = surroundings.shadow_environment();
    if let Clean::Development(project) = &what
        && Development::of(&environment, project).standing().running == Running::Staying
    {
        return Err(Error::Refused {
            code: Code::DEVELOPMENT_STARTED,
            message: "the development server of this project is started".to_owned(),
            hints: vec![
                "`whimbrel dev stop` first; or `whimbrel dev reset --hard` for a new one"
                    .to_owned(),
            ],
        });
    }
    let started = Instant::now();
    loop {
        let removed = shadow::clean(&environment, &what)?;
        let Clean::Development(project) = &what else {
            return Ok(report(removed, Removed::Yes));
        };
        // A server goes on for a moment after its last user left.
        let is_left = |keep: &Keep| {
            let path = project.canonicalize_utf8().unwrap_or_else(|_| project.clone());
            keep.project == Some(path)
        };
        if !shadow::list(&environment).iter().any(is_left) {
            return Ok(report(removed, Removed::Yes));
        }
        if started.elapsed() > PATIENCE {
            return Err(Error::Refused {
                code: Code::DEVELOPMENT_IN_USE,
                message: "the development database of this project is in use".to_owned(),
                hints: vec!["end what is connected to it, and try again".to_owned()],
            });
        }
        std::thread::sleep(PAUSE);
    }
}

/// Stops and removes the development servers of projects whose folders were removed or moved away:
/// no project is left from which that could be said.
pub async fn clean_gone(
    surroundings: &Surroundings,
    events: &mut dyn Events,
) -> Result<Report, Error> {
    let environment = surroundings.shadow_environment();
    let mut removed = Vec::new();
    for keep in shadow::list(&environment) {
        let Some(project) = keep.project.filter(|project| is_gone(project)) else { continue };
        Development::of(&environment, &project).stop(events).await?;
        let what = Clean::Development(project);
        let started = Instant::now();
        loop {
            let done = shadow::clean(&environment, &what)?;
            let is_done = !done.is_empty();
            removed.extend(done);
            if is_done || started.elapsed() > PATIENCE {
                break;
            }
            tokio::time::sleep(PAUSE).await;
        }
    }
    Ok(report(removed, Removed::Yes))
}

/// Whether a folder is surely not there: one that cannot be looked at may be.
fn is_gone(project: &Utf8Path) -> bool {
    matches!(project.try_exists(), Ok(false))
}

/// How long a development server may take to end.
const PATIENCE: Duration = Duration::from_secs(10);

/// Between two looks at it.
const PAUSE: Duration = Duration::from_millis(50);

#[derive(Clone, Copy, PartialEq, Eq)]
enum Removed {
    Yes,
    No,
}

fn report(all: Vec<Keep>, removed: Removed) -> Report {
    let bytes = all.iter().map(|keep| keep.bytes).sum();
    let kept = all.into_iter().map(|keep| {
        let (kind, about) = describe(keep.kind);
        Kept {
            kind,
            about,
            path: keep.path,
            bytes: keep.bytes,
            used_at: keep.used.and_then(time),
            in_use: keep.in_use,
            is_gone: keep.project.as_deref().is_some_and(is_gone),
            project: keep.project,
        }
    });
    Report { version: wire::VERSION, removed: removed == Removed::Yes, kept: kept.collect(), bytes }
}

fn describe(kind: KeepKind) -> (&'static str, &'static str) {
    match kind {
        KeepKind::Programs => ("programs", "a Postgres that was fetched"),
        KeepKind::Template => ("template", "a fresh cluster to copy"),
        KeepKind::State => ("state", "a cluster with a part of a history in it"),
        KeepKind::Development => ("development", "the databases of `dev` and `--dev`"),
        KeepKind::Run => ("run", "a server, or what one left behind"),
    }
}

fn time(time: SystemTime) -> Option<String> {
    jiff::Timestamp::try_from(time).ok().map(|time| time.to_string())
}
