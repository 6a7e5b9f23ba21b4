//! What a project meets in the world: read once by the front end, handed in as values.

mod link;

use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;

use camino::{Utf8Path, Utf8PathBuf};
use whimbrel_engine::shadow::Environment;

/// What is outside the project and yet decides what a command does.
///
/// Nothing in this crate reads the clock, the environment or the current folder by itself: a front
/// end does, once, and a test hands in what it wants.
pub struct Surroundings {
    /// The folder in which the command was given, absolute.
    pub folder: Utf8PathBuf,
    /// The link in its path that stands for a folder whose own path is not UTF-8.
    pub link: Option<Utf8PathBuf>,
    /// The environment variables, those that are not UTF-8 left out.
    pub variables: BTreeMap<String, String>,
    /// The operating system's user.
    pub user: String,
    /// The machine's name.
    pub machine: String,
    /// What tells this program from another build of it: what one kept, the other does not trust.
    pub program: String,
    /// The program that watches over a shadow, where this one cannot.
    pub helper: Option<PathBuf>,
    /// The time.
    pub clock: Box<dyn Clock>,
}

/// Says what time it is.
pub trait Clock: Send + Sync {
    /// The present.
    fn now(&self) -> jiff::Timestamp;
}

/// The machine's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> jiff::Timestamp {
        jiff::Timestamp::now()
    }
}

/// The file of this process's program, as far as it tells one build from another.
fn program() -> String {
    let look = |path: PathBuf| Some((std::fs::metadata(&path).ok()?, path));
    match std::env::current_exe().ok().and_then(look) {
        Some((metadata, path)) => {
            format!("{} {:?} {}", metadata.len(), metadata.modified().ok(), path.display())
        }
        None => env!("CARGO_PKG_VERSION").to_owned(),
    }
}

impl Surroundings {
    /// Reads the world around this process; for front ends, once.
    pub fn of_process() -> io::Result<Self> {
        let variables: BTreeMap<String, String> = std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .collect();
        let set = |name: &str| variables.get(name).filter(|value| !value.is_empty());
        // A home whose name is not UTF-8 is no place for links either.
        let ours =
            cache(set).or_else(|| Some(Utf8Path::new(set("XDG_RUNTIME_DIR")?).join("whimbrel")));
        let link::Way { folder, link } = link::way(std::env::current_dir()?, ours.as_deref())?;
        let user = whimbrel_engine::process_variable("USER").unwrap_or_default();
        let machine = whimbrel_engine::machine_name();
        let (program, clock) = (program(), Box::new(SystemClock));
        Ok(Self { folder, link, variables, user, machine, program, helper: None, clock })
    }

    /// The variables, as the shadow takes them.
    pub(crate) fn shadow_environment(&self) -> Environment {
        let empty = Environment::default();
        self.variables.iter().fold(empty, |all, (name, value)| all.with(name, value.as_str()))
    }

    /// A variable's value, if it is set to anything.
    pub fn variable(&self, name: &str) -> Option<&str> {
        self.variables.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// The user's folder for what can be made again, `whimbrel` in it.
    ///
    /// `WHIMBREL_CACHE_DIR` overrides it; without any home there is none, and nothing is kept.
    pub fn cache(&self) -> Option<Utf8PathBuf> {
        cache(|name| self.variables.get(name).filter(|value| !value.is_empty()))
    }

    /// The folder of the command and those above it, as far up as their paths are UTF-8.
    pub(crate) fn upwards(&self) -> Vec<Utf8PathBuf> {
        link::upwards(&self.folder, self.link.as_deref())
    }
}

/// The user's folder for what can be made again, by variables that are set to anything.
fn cache<'v>(variable: impl Fn(&str) -> Option<&'v String>) -> Option<Utf8PathBuf> {
    if let Some(folder) = variable("WHIMBREL_CACHE_DIR") {
        return Some(Utf8PathBuf::from(folder));
    }
    let base = if cfg!(windows) {
        variable("LOCALAPPDATA").map(Utf8PathBuf::from)
    } else {
        let home = variable("HOME").map(Utf8PathBuf::from);
        let in_home = if cfg!(target_os = "macos") { "Library/Caches" } else { ".cache" };
        let given = variable("XDG_CACHE_HOME").map(Utf8PathBuf::from);
        // The XDG specification: a relative path is invalid and to be ignored.
        given.filter(|folder| folder.is_absolute()).or(home.map(|home| home.join(in_home)))
    };
    base.map(|base| base.join("whimbrel"))
}

impl std::fmt::Debug for Surroundings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Surroundings").field("folder", &self.folder).finish_non_exhaustive()
    }
}
