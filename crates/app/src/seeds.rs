//! Which seed files a project has in an environment, and which ledger records each.
//!
//! A file that a format's own configuration names is recorded where that system's tools look for it;
//! one that only whimbrel.toml names, in Whimbrel's own ledger, whatever the format.

use std::collections::BTreeMap;
use std::hash::{Hash as _, Hasher};

use camino::{Utf8Path, Utf8PathBuf};
use whimbrel_history::formats::seeds::{Patterns, find, hash_of};
use whimbrel_history::ledgers::{self, Ledger};
use whimbrel_history::{File, Files as _, FilesError};
use whimbrel_sql::Diagnostic;

use crate::catalogue::Code;
use crate::config::{self, Config};
use crate::error::Error;
use crate::histories::Outline;
use crate::workspace::Workspace;

/// What the journal has in place of a history's name for a seed file that belongs to none.
const NO_HISTORY: &str = "seeds";

/// The seed files of a project.
#[derive(Debug, Default)]
pub(crate) struct SeedFiles {
    /// In the order in which they run.
    pub(crate) files: Vec<SeedFile>,
    /// Patterns that name no file.
    pub(crate) warnings: Vec<Diagnostic>,
}

/// One of them.
#[derive(Clone, Debug)]
pub(crate) struct SeedFile {
    /// Relative to the project's folder; ledgers know it by this.
    pub(crate) path: Utf8PathBuf,
    /// What records it.
    pub(crate) ledger: &'static dyn Ledger,
    /// The history whose format names it.
    pub(crate) history: String,
}

impl SeedFile {
    /// What ledgers record of what it holds.
    pub(crate) fn hash(&self, workspace: &Workspace) -> Result<String, FilesError> {
        hash_of(workspace.folder(), &self.path)
    }
}

/// Whether whimbrel.toml names seed files, for any environment.
pub(crate) fn has_own(config: &Config) -> bool {
    let named = |seeds: &Option<Vec<String>>| seeds.as_ref().is_some_and(|all| !all.is_empty());
    !config.seeds.files.is_empty() || config.environments.values().any(|one| named(&one.seeds))
}

/// Lists the seed files of an environment, without reading them.
pub(crate) fn list(
    workspace: &Workspace,
    environment: Option<&str>,
    outlines: &[Outline],
) -> Result<SeedFiles, Error> {
    let mut seeds = SeedFiles::default();
    let mut warnings = Vec::new();
    for Outline { format, settings, .. } in outlines {
        let found = format.seeds(workspace.folder(), settings).map_err(|error| Error::Usage {
            code: Code::TOOL_SETTINGS,
            message: error.to_string(),
            hints: Vec::new(),
        })?;
        let Some(found) = found else { continue };
        warnings.extend(found.warnings);
        let history = settings.name.clone();
        let ledger = format.ledger();
        for path in found.files {
            if seeds.files.iter().all(|seed| seed.path != path) {
                seeds.files.push(SeedFile { path, ledger, history: history.clone() });
            }
        }
    }
    let config = workspace.config();
    let of_environment = environment.and_then(|name| config.environments.get(name)?.seeds.as_ref());
    let (patterns, see) = match of_environment {
        Some(patterns) => (patterns, "see `seeds` of its environment"),
        None => (&config.seeds.files, "see `files` of `[seeds]`"),
    };
    let found = find(
        workspace.folder(),
        &Patterns {
            home: Utf8Path::new(""),
            patterns,
            may_be_missing: &[],
            said_in: Utf8Path::new(config::FILE),
            see,
        },
    )?;
    let named: Vec<SeedFile> = found
        .files
        .into_iter()
        .map(|path| {
            let known = seeds.files.iter().find(|seed| seed.path == path).cloned();
            let history = NO_HISTORY.to_owned();
            known.unwrap_or(SeedFile { path, ledger: ledgers::for_other_seeds(), history })
        })
        .collect();
    if of_environment.is_some() {
        seeds.files = named;
    } else {
        seeds.warnings = warnings;
        let is_new = |seed: &SeedFile| seeds.files.iter().all(|known| known.path != seed.path);
        let new: Vec<SeedFile> = named.into_iter().filter(is_new).collect();
        seeds.files.extend(new);
    }
    seeds.warnings.extend(found.warnings);
    Ok(seeds)
}

/// Adds to a hash what tells whether the seed files are what they were; answers the newest time.
pub(crate) fn look(
    workspace: &Workspace,
    seeds: &SeedFiles,
    hasher: &mut impl Hasher,
) -> Result<i128, FilesError> {
    let mut folders: BTreeMap<Utf8PathBuf, std::sync::Arc<[File]>> = BTreeMap::new();
    let mut newest = i128::MIN;
    format!("{:?}", seeds.warnings).hash(hasher);
    for SeedFile { path, ledger, .. } in &seeds.files {
        (path.as_str(), ledger.name()).hash(hasher);
        let folder = path.parent().unwrap_or(Utf8Path::new("")).to_owned();
        if !folders.contains_key(&folder) {
            let files = workspace.folder().list(&folder)?;
            folders.insert(folder.clone(), files);
        }
        if let Some(file) = folders[&folder].iter().find(|file| file.path == *path) {
            (file.size, file.modified).hash(hasher);
            newest = newest.max(file.modified);
        }
    }
    Ok(newest)
}
