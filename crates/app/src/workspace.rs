//! The project a command is about, with all that it may know of the world.

use std::sync::Arc;

use camino::{Utf8Path, Utf8PathBuf};
use whimbrel_engine::shadow::ShadowOptions;
use whimbrel_engine::{Origins, Secret, Target};
use whimbrel_history::{FilesError, formats};

use crate::config::{self, Config, ConfigError};
use crate::database::DatabaseError;
use crate::folder::{Embedded, Folder};
use crate::surroundings::Surroundings;

/// A project: its folder, its configuration, and what surrounds it. A clone is the same project.
#[derive(Clone, Debug)]
pub struct Workspace(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    folder: Folder,
    config: Config,
    has_config: bool,
    surroundings: Surroundings,
}

/// Why there is no project to work on.
#[derive(Debug, thiserror::Error)]
pub enum WorkspaceError {
    /// The folder that was given is none.
    #[error("`{path}` is not a folder")]
    NoFolder {
        /// As it was given.
        path: Utf8PathBuf,
    },
    /// whimbrel.toml has mistakes.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// whimbrel.toml cannot be read.
    #[error(transparent)]
    Files(#[from] FilesError),
}

impl Workspace {
    /// Opens the project in a folder, or the one that the current folder belongs to.
    pub fn open(
        surroundings: Surroundings,
        project: Option<&Utf8Path>,
    ) -> Result<Self, WorkspaceError> {
        let folder = match project {
            Some(path) => {
                let root = surroundings.folder.join(path);
                if !root.is_dir() {
                    return Err(WorkspaceError::NoFolder { path: path.to_owned() });
                }
                Folder::new(root)
            }
            None => find_root(&surroundings.upwards()),
        };
        Self::of(surroundings, folder)
    }

    /// The project that a program has in itself.
    pub fn embedded(
        surroundings: Surroundings,
        files: &'static Embedded,
    ) -> Result<Self, WorkspaceError> {
        let folder = Folder::embedded(surroundings.folder.clone(), files);
        Self::of(surroundings, folder)
    }

    fn of(surroundings: Surroundings, folder: Folder) -> Result<Self, WorkspaceError> {
        let text = folder.text(Utf8Path::new(config::FILE))?;
        let config = match &text {
            Some(text) => Config::parse(Utf8Path::new(config::FILE), text, &format_names())?,
            None => Config::default(),
        };
        let has_config = text.is_some();
        Ok(Self(Arc::new(Inner { folder, config, has_config, surroundings })))
    }

    /// Its files.
    pub fn folder(&self) -> &Folder {
        &self.0.folder
    }

    /// What its whimbrel.toml says.
    pub fn config(&self) -> &Config {
        &self.0.config
    }

    /// Whether it has a whimbrel.toml.
    pub fn has_config(&self) -> bool {
        self.0.has_config
    }

    /// What is outside of it.
    pub fn surroundings(&self) -> &Surroundings {
        &self.0.surroundings
    }

    /// How a throw-away or development server is had for this project.
    pub(crate) fn shadow_options(&self) -> ShadowOptions {
        let surroundings = self.surroundings();
        let mut options = ShadowOptions::from_environment(surroundings.shadow_environment());
        options.project = Some(self.folder().root().to_owned());
        options.helper.clone_from(&surroundings.helper);
        options
    }

    /// Reads a connection URL that a person gave.
    pub(crate) fn target(&self, url: &Secret, place: &str) -> Result<Target, DatabaseError> {
        self.explain(url, place).map(|(target, _)| target)
    }

    /// The same, with where each setting came from.
    pub(crate) fn explain(
        &self,
        url: &Secret,
        place: &str,
    ) -> Result<(Target, Origins), DatabaseError> {
        Target::explain(url.reveal(), &|name| self.libpq_variable(name))
            .map_err(|source| DatabaseError::Url { place: place.to_owned(), source })
    }

    /// The same for `psql`, which honours what no connection of our own could.
    pub(crate) fn explain_for_psql(
        &self,
        url: &Secret,
        place: &str,
    ) -> Result<(Target, Origins), DatabaseError> {
        let program = self.surroundings().variable("WHIMBREL_PSQL").map(Utf8PathBuf::from);
        let variable = |name: &str| self.libpq_variable(name);
        Target::explain_for_psql(url.reveal(), &variable, program)
            .map_err(|source| DatabaseError::Url { place: place.to_owned(), source })
    }

    /// A variable of libpq's, which fills what a connection URL leaves out.
    fn libpq_variable(&self, name: &str) -> Option<String> {
        let surroundings = &self.0.surroundings;
        let user = || (name == "USER").then(|| surroundings.user.clone());
        surroundings.variable(name).map(str::to_owned).or_else(user)
    }
}

/// The names of all formats.
fn format_names() -> Vec<&'static str> {
    formats::ALL.iter().map(|format| format.name()).collect()
}

/// The folder of the project that a folder belongs to, which comes first of itself and those above.
///
/// The nearest one upwards that has a whimbrel.toml; else the nearest one with migrations where a
/// format usually has them; else the folder itself. The search ends at the root of a repository: a
/// project does not reach beyond it.
fn find_root(upwards: &[Utf8PathBuf]) -> Folder {
    let end = upwards.iter().position(|folder| folder.join(".git").exists());
    let within = end.map_or(usize::MAX, |end| end + 1);
    let candidates = || upwards.iter().take(within);
    let has_config = |folder: &&Utf8PathBuf| folder.join(config::FILE).is_file();
    let has_history = |files: &Folder| {
        let usual = formats::ALL.iter().flat_map(|format| {
            format
                .folders()
                .iter()
                .filter(|usual| !usual.is_empty())
                .map(move |usual| (format, usual))
        });
        usual.into_iter().any(|(format, usual)| {
            matches!(format.recognise(files, Utf8Path::new(usual)), Ok(Some(_)))
        })
    };
    let found = candidates().find(has_config).cloned().map(Folder::new);
    let found = found.or_else(|| candidates().cloned().map(Folder::new).find(has_history));
    found.unwrap_or_else(|| Folder::new(upwards[0].clone()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn root(files: &[&str], from: &str) -> String {
        let temporary = tempfile::tempdir().unwrap();
        let folder = Utf8Path::from_path(temporary.path()).unwrap();
        for file in files {
            let path = folder.join(file);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, "select 1;").unwrap();
        }
        let from = folder.join(from);
        std::fs::create_dir_all(&from).unwrap();
        let upwards: Vec<_> = from.ancestors().map(Utf8Path::to_owned).collect();
        find_root(&upwards).root().strip_prefix(folder).unwrap().to_string()
    }

    #[test]
    fn the_nearest_configuration_upwards_wins() {
        let files = ["whimbrel.toml", "apps/web/whimbrel.toml", "apps/web/db/x", ".git/HEAD"];
        assert_eq!(root(&files, "apps/web/db"), "apps/web");
        assert_eq!(root(&files, "apps"), "");
    }

    #[test]
    fn migrations_where_they_usually_are_make_a_project() {
        let files = ["apps/web/migrations/001_a.sql", "apps/web/src/x", ".git/HEAD"];
        assert_eq!(root(&files, "apps/web/src"), "apps/web");
        assert_eq!(root(&files, "apps/web/migrations"), "apps/web");
    }

    #[test]
    fn a_repository_is_not_left() {
        let files = ["whimbrel.toml", "inner/.git/HEAD", "inner/src/x"];
        assert_eq!(root(&files, "inner/src"), "inner/src");
    }
}
