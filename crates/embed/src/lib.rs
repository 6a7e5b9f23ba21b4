//! Puts a project's migrations into a binary, from its build script.
//!
//! ```no_run
//! // build.rs
//! fn main() -> Result<(), whimbrel_embed::EmbedError> {
//!     whimbrel_embed::embed(&["whimbrel.toml", "migrations"])
//! }
//! ```
//!
//! The program then has them as `whimbrel_app::embedded!()`.
//!
//! A build script and not a macro alone, because only a build script can tell cargo to look at a
//! folder: with it, a *new* file makes the binary again as well as a changed one.

use std::fmt::Write as _;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// The file that [`embed`] leaves for the program, in `OUT_DIR`.
const GENERATED: &str = "whimbrel_embedded.rs";

/// Why files could not be embedded.
#[derive(Debug)]
pub enum EmbedError {
    /// Not called by a build script.
    NotBuilding {
        /// The variable that cargo sets for one.
        variable: &'static str,
    },
    /// A file or folder could not be read, or what is generated could not be written.
    Files {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A path that is not Unicode, so that no migration can be called by it.
    NotUnicode {
        /// As far as it can be shown.
        path: PathBuf,
    },
}

impl std::fmt::Display for EmbedError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::NotBuilding { variable } => {
                write!(f, "`{variable}` is not set: migrations are embedded by a build script")
            }
            Self::Files { path, .. } => write!(f, "embed `{}`", path.display()),
            Self::NotUnicode { path } => write!(f, "`{}` is not Unicode", path.display()),
        }
    }
}

impl std::error::Error for EmbedError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Files { source, .. } => Some(source),
            Self::NotBuilding { .. } | Self::NotUnicode { .. } => None,
        }
    }
}

/// Embeds files and folders, with all that is below them, of the crate that is being built.
///
/// Paths are relative to the crate's `Cargo.toml`, and the project's folder is that one.
pub fn embed(paths: &[&str]) -> Result<(), EmbedError> {
    let crate_folder = PathBuf::from(variable("CARGO_MANIFEST_DIR")?);
    let out = PathBuf::from(variable("OUT_DIR")?);
    let Embedding { source, watched } = generate(&crate_folder, paths)?;
    let generated = out.join(GENERATED);
    fs::write(&generated, source)
        .map_err(|source| EmbedError::Files { path: generated, source })?;
    let told: String = watched.iter().fold(String::new(), |mut told, path| {
        writeln!(told, "cargo:rerun-if-changed={}", path.display()).expect("a string takes all");
        told
    });
    let failed = |source| EmbedError::Files { path: PathBuf::from("stdout"), source };
    io::Write::write_all(&mut io::stdout(), told.as_bytes()).map_err(failed)
}

fn variable(name: &'static str) -> Result<std::ffi::OsString, EmbedError> {
    std::env::var_os(name).ok_or(EmbedError::NotBuilding { variable: name })
}

/// What the program includes, and what cargo is to look at.
struct Embedding {
    source: String,
    watched: Vec<PathBuf>,
}

fn generate(root: &Path, paths: &[&str]) -> Result<Embedding, EmbedError> {
    let mut files = Vec::new();
    let mut watched = Vec::new();
    for path in paths {
        collect(root, &root.join(path), &mut files, &mut watched)?;
    }
    files.sort();
    files.dedup();
    let mut source = String::from("&[\n");
    for (name, path) in files {
        writeln!(source, "    ({name:?}, include_bytes!({path:?}) as &[u8]),")
            .expect("a string takes all");
    }
    source.push_str("]\n");
    Ok(Embedding { source, watched })
}

/// Adds a file, or the files of a folder, by their names below the root.
fn collect(
    root: &Path,
    path: &Path,
    files: &mut Vec<(String, String)>,
    watched: &mut Vec<PathBuf>,
) -> Result<(), EmbedError> {
    let failed = |source| EmbedError::Files { path: path.to_owned(), source };
    watched.push(path.to_owned());
    if path.is_dir() {
        for entry in fs::read_dir(path).map_err(failed)? {
            collect(root, &entry.map_err(failed)?.path(), files, watched)?;
        }
        return Ok(());
    }
    fs::metadata(path).map_err(failed)?;
    let unicode = |path: &Path| {
        path.to_str().map(str::to_owned).ok_or(EmbedError::NotUnicode { path: path.to_owned() })
    };
    let name = unicode(path.strip_prefix(root).unwrap_or(path))?;
    files.push((name.replace('\\', "/").trim_start_matches("./").to_owned(), unicode(path)?));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(files: &[&str]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for file in files {
            let path = folder.path().join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, file).unwrap();
        }
        folder
    }

    #[test]
    fn files_are_named_by_their_place_in_the_project_and_sorted() {
        let folder = folder(&["m/b.sql", "m/a.sql", "m/down/a.sql", "whimbrel.toml", "other"]);
        let embedding = generate(folder.path(), &["whimbrel.toml", "m"]).unwrap();
        let names: Vec<&str> =
            embedding.source.lines().filter_map(|line| line.split('"').nth(1)).collect();
        assert_eq!(names, ["m/a.sql", "m/b.sql", "m/down/a.sql", "whimbrel.toml"]);
    }

    #[test]
    fn folders_are_watched_so_that_new_files_are_seen() {
        let folder = folder(&["m/down/a.sql"]);
        let watched = generate(folder.path(), &["m"]).unwrap().watched;
        for path in ["m", "m/down", "m/down/a.sql"] {
            assert!(watched.contains(&folder.path().join(path)), "{path}");
        }
    }

    #[test]
    fn what_is_not_there_is_an_error_with_its_path() {
        let folder = folder(&[]);
        let Err(error) = generate(folder.path(), &["migrations"]) else { panic!("embedded") };
        assert!(error.to_string().contains("migrations"), "{error}");
    }

    #[test]
    fn outside_of_a_build_script_it_says_so() {
        let error = EmbedError::NotBuilding { variable: "OUT_DIR" };
        assert!(error.to_string().contains("build script"));
    }
}
