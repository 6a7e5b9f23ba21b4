//! What the caller decides about the shadow.

use std::collections::BTreeMap;
use std::path::PathBuf;

use camino::Utf8PathBuf;

use super::baselines::Baseline;
use super::cache::Cache;
use crate::Target;

/// How the shadow is had. [`ShadowOptions::from_environment`] is what the program starts from.
#[derive(Clone, Debug)]
pub struct ShadowOptions {
    /// A server the person gives for trying things out.
    pub url: Option<Target>,
    /// Whether a server installed on this machine may be used.
    pub installed: Installed,
    /// Whether npm may be asked for a server.
    pub fetch: Fetch,
    /// The folder whose `node_modules` and `.npmrc` count: the project's.
    pub project: Option<Utf8PathBuf>,
    /// The program that plays the guard; see [`enter_if_asked`](super::enter_if_asked).
    pub helper: Option<PathBuf>,
    /// What migrations presume: the server has stand-ins for the extensions that it lacks.
    pub baseline: Option<Baseline>,
    /// Server settings beside the shadow's own, which they override.
    pub settings: Vec<(String, String)>,
    /// Files put into the data folder before the server starts: `pg_hba.conf`, a certificate.
    pub files: Vec<(String, String)>,
    /// Where folders and programs are.
    pub environment: Environment,
}

/// Whether a server installed on this machine may be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Installed {
    /// Yes.
    Allowed,
    /// No: the same bytes everywhere matter more (tests, reproducible proofs).
    Forbidden,
}

/// Whether npm may be asked for a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fetch {
    /// Yes.
    Allowed,
    /// No: there is no network, or nobody to see what is going on.
    Forbidden,
}

impl ShadowOptions {
    /// What the environment says: `WHIMBREL_SHADOW_INSTALLED=0` forbids installed servers,
    /// `WHIMBREL_OFFLINE=1` forbids npm, `WHIMBREL_CACHE_DIR` moves the cache,
    /// `WHIMBREL_SHADOW_DIR` moves the running servers' data.
    pub fn from_environment(environment: Environment) -> Self {
        let installed = match environment.get("WHIMBREL_SHADOW_INSTALLED") {
            Some("0" | "false" | "no" | "never") => Installed::Forbidden,
            _ => Installed::Allowed,
        };
        let fetch = match environment.get("WHIMBREL_OFFLINE") {
            Some("1" | "true" | "yes") => Fetch::Forbidden,
            _ => Fetch::Allowed,
        };
        Self {
            url: None,
            installed,
            fetch,
            project: None,
            helper: None,
            baseline: None,
            settings: Vec::new(),
            files: Vec::new(),
            environment,
        }
    }
}

/// The environment variables that the shadow looks at, taken once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Environment(BTreeMap<String, String>);

impl Environment {
    /// Takes this process's. Values that are not Unicode are left out.
    pub fn of_process() -> Self {
        Self(
            std::env::vars_os()
                .filter_map(|(name, value)| {
                    Some((name.into_string().ok()?, value.into_string().ok()?))
                })
                .collect(),
        )
    }

    /// The same with one variable set.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.0.insert(name.to_owned(), value.into());
        self
    }

    /// The same without a variable.
    #[must_use]
    pub fn without(mut self, name: &str) -> Self {
        self.0.remove(name);
        self
    }

    /// A variable, where it is set and not empty.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// The folder of everything that Whimbrel keeps between calls.
    pub fn cache(&self) -> Utf8PathBuf {
        Cache::of(self).folder().to_owned()
    }

    /// An absolute folder that a variable names.
    pub(crate) fn folder(&self, name: &str) -> Option<Utf8PathBuf> {
        self.get(name).map(Utf8PathBuf::from).filter(|path| path.is_absolute())
    }

    /// The folders of `PATH`.
    pub(crate) fn path(&self) -> Vec<Utf8PathBuf> {
        let Some(path) = self.get("PATH") else { return Vec::new() };
        std::env::split_paths(path)
            .filter_map(|folder| Utf8PathBuf::try_from(folder).ok())
            .collect()
    }

    /// All of them, for a child that is to see the same.
    pub(crate) fn variables(&self) -> &BTreeMap<String, String> {
        &self.0
    }
}
