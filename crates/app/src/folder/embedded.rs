//! A project's files, in the program itself.

use std::collections::BTreeSet;
use std::io;

use camino::{Utf8Path, Utf8PathBuf};
use whimbrel_history::{File, FilesError};

/// Files that a build script put into a program, by their paths in the project, sorted.
pub type Embedded = [(&'static str, &'static [u8])];

/// Takes in what the build script of this crate embedded with `whimbrel_embed::embed`.
///
/// ```text
/// // build.rs: whimbrel_embed::embed(&["migrations"])
/// let migrator = whimbrel_app::Migrator::embedded(whimbrel_app::embedded!());
/// ```
#[macro_export]
macro_rules! embedded {
    () => {
        include!(concat!(env!("OUT_DIR"), "/whimbrel_embedded.rs"))
    };
}

/// The files directly in a folder.
pub(super) fn list(files: &Embedded, folder: &Utf8Path) -> Vec<File> {
    let below = below(files, folder).filter(|(rest, _)| !rest.contains('/'));
    below
        .map(|(rest, content)| File {
            path: join(folder, rest),
            size: content.len() as u64,
            modified: 0,
        })
        .collect()
}

/// The folders directly in a folder.
pub(super) fn folders(files: &Embedded, folder: &Utf8Path) -> Vec<Utf8PathBuf> {
    let names: BTreeSet<&str> =
        below(files, folder).filter_map(|(rest, _)| Some(rest.split_once('/')?.0)).collect();
    names.into_iter().map(|name| join(folder, name)).collect()
}

/// A file's content.
pub(super) fn read(files: &Embedded, path: &Utf8Path) -> Result<&'static [u8], FilesError> {
    let wanted = path.as_str().trim_start_matches("./");
    let found = files.iter().find(|(name, _)| *name == wanted);
    found
        .map(|(_, content)| *content)
        .ok_or_else(|| FilesError { path: path.to_owned(), source: io::ErrorKind::NotFound.into() })
}

/// Whether a file or folder is there.
pub(super) fn holds(files: &Embedded, path: &Utf8Path) -> bool {
    read(files, path).is_ok() || has_folder(files, path)
}

/// Whether it is a folder: one in which nothing lies is not embedded.
pub(super) fn has_folder(files: &Embedded, path: &Utf8Path) -> bool {
    below(files, path).next().is_some()
}

/// What lies below a folder, by its path from there.
fn below<'a>(
    files: &'a Embedded,
    folder: &'a Utf8Path,
) -> impl Iterator<Item = (&'static str, &'static [u8])> + 'a {
    let folder = folder.as_str().trim_start_matches("./").trim_matches('/');
    let folder = if folder == "." { "" } else { folder };
    files.iter().filter_map(move |(name, content)| {
        let rest = name.strip_prefix(folder)?;
        let rest = if folder.is_empty() { rest } else { rest.strip_prefix('/')? };
        Some((rest, *content))
    })
}

fn join(folder: &Utf8Path, name: &str) -> Utf8PathBuf {
    super::join(folder, name)
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILES: &Embedded =
        &[("m/a.sql", b"a"), ("m/b.sql", b"bb"), ("m/down/a.sql", b""), ("whimbrel.toml", b"")];

    #[test]
    fn files_and_folders_are_listed_apart() {
        let names = |folder: &str| -> Vec<String> {
            list(FILES, Utf8Path::new(folder)).iter().map(|file| file.path.to_string()).collect()
        };
        assert_eq!(names("m"), ["m/a.sql", "m/b.sql"]);
        assert_eq!(names(""), ["whimbrel.toml"]);
        assert!(names("none").is_empty());
        assert_eq!(folders(FILES, Utf8Path::new("")), ["m"]);
        assert_eq!(folders(FILES, Utf8Path::new("m")), ["m/down"]);
    }

    #[test]
    fn a_file_that_is_not_there_is_an_error() {
        assert_eq!(read(FILES, Utf8Path::new("m/b.sql")).unwrap(), b"bb");
        assert!(read(FILES, Utf8Path::new("m/c.sql")).is_err());
        assert!(holds(FILES, Utf8Path::new("m/down")) && !holds(FILES, Utf8Path::new("mm")));
    }
}
