//! Lists and reads the files of a history.

use camino::Utf8Path;
use whimbrel_sql::{Diagnostic, Severity};

use super::header::{file_warning, readable};
use super::numbered::is_numbered;
use super::{Format, Settings};
use crate::migration::{file_name, part_at_last};
use crate::{Contents, Digest, File, Files, FilesError, History, Text};

/// Digests kept from an earlier reading.
pub trait Digests {
    /// Says which files will be asked for, for whoever wants to have them all at once.
    fn expect(&mut self, files: &[File]) {
        let _ = files;
    }
    /// The digest of a file, if it was read with this size and modification time.
    fn get(&mut self, file: &File) -> Option<Digest>;
    /// Keeps one.
    fn keep(&mut self, file: &File, digest: &Digest);
}

/// Keeps nothing.
pub struct NoDigests;

impl Digests for NoDigests {
    fn get(&mut self, _: &File) -> Option<Digest> {
        None
    }

    fn keep(&mut self, _: &File, _: &Digest) {}
}

/// Why a history cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// A file or folder could not be read.
    #[error("read history `{history}`")]
    Files {
        /// The history.
        history: String,
        /// The file.
        #[source]
        source: FilesError,
    },
    /// Its files contradict their format, or each other.
    #[error("history `{history}` has {} {}", diagnostics.len(), if diagnostics.len() == 1 { "error" } else { "errors" })]
    Invalid {
        /// The history.
        history: String,
        /// What is wrong, each with its place.
        diagnostics: Vec<Diagnostic>,
    },
}

/// Reads a history; files whose digest is kept are not read again.
pub fn read(
    format: &'static dyn Format,
    files: &dyn Files,
    settings: &Settings,
    digests: &mut dyn Digests,
) -> Result<History, ReadError> {
    let failed = |source| ReadError::Files { history: settings.name.clone(), source };
    let invalid = |diagnostics| ReadError::Invalid { history: settings.name.clone(), diagnostics };
    let listing = format.list(files, settings).map_err(failed)?;
    digests.expect(&listing.files);
    let mut read = Vec::with_capacity(listing.files.len());
    let mut wrong = Vec::new();
    for file in &listing.files {
        if let Some(digest) = digests.get(file) {
            read.push(digest);
            continue;
        }
        let contents = files.open(&file.path).map_err(failed)?;
        match digest(format, &file.path, contents) {
            Ok(digest) => {
                digests.keep(file, &digest);
                read.push(digest);
            }
            Err(diagnostics) => wrong.extend(diagnostics),
        }
    }
    if !wrong.is_empty() {
        return Err(invalid(wrong));
    }
    let mut history = format.assemble(settings, read).map_err(invalid)?;
    let unfit = unfit(settings, &listing.files);
    history.warnings.splice(0..0, listing.skipped.into_iter().chain(unfit));
    Ok(history)
}

/// Patterns of repeatable files that no file fits.
fn unfit(settings: &Settings, files: &[File]) -> Vec<Diagnostic> {
    let fits = |pattern: &String| {
        let one = Settings { repeatable: vec![pattern.clone()], ..settings.clone() };
        files.iter().any(|file| one.is_repeatable(&file.path))
    };
    let unfit = settings.repeatable.iter().filter(|pattern| !fits(pattern));
    let say = |pattern: &String| Diagnostic {
        severity: Severity::Warning,
        file: None,
        span: None,
        message: format!("no file of history `{}` fits `repeatable` `{pattern}`", settings.name),
        hints: vec!["a pattern is relative to the history's folder".into()],
    };
    unfit.map(say).collect()
}

/// Reads one file.
pub fn digest(
    format: &dyn Format,
    path: &Utf8Path,
    contents: Contents,
) -> Result<Digest, Vec<Diagnostic>> {
    format.digest(path, &readable(path, Text::read(path, contents))?)
}

/// Lists the `.sql` files of a folder, and of those in it if `nested`; hidden folders are left out.
pub(super) fn sql_files(
    files: &dyn Files,
    folder: &Utf8Path,
    nested: bool,
) -> Result<Vec<File>, FilesError> {
    let listed = files.list(folder)?;
    let mut found: Vec<File> = listed.iter().filter(|file| is_sql(&file.path)).cloned().collect();
    if nested {
        for inner in files.folders(folder)? {
            if !inner.file_name().is_some_and(|name| name.starts_with('.')) {
                found.extend(sql_files(files, &inner, nested)?);
            }
        }
    }
    Ok(found)
}

/// Says that numbered files lie in folders below, where nobody said that they belong to the history.
pub(super) fn below(
    files: &dyn Files,
    settings: &Settings,
) -> Result<Option<Diagnostic>, FilesError> {
    if settings.nested {
        return Ok(None);
    }
    let mut found = Vec::new();
    for inner in files.folders(&settings.folder)? {
        if !file_name(&inner).starts_with('.') {
            let names = files.names(&inner)?;
            found.extend(names.iter().filter(|path| is_sql(path) && is_numbered(path)).cloned());
        }
    }
    let Some(first) = found.first() else { return Ok(None) };
    let name = &settings.name;
    let what = match found.len() {
        1 => format!("the file in a folder below is not part of history `{name}`"),
        count => format!("{count} files in folders below are not part of history `{name}`"),
    };
    let hint = format!("`nested = true` in [history.{name}] of whimbrel.toml takes them in");
    Ok(Some(Diagnostic { severity: Severity::Note, ..file_warning(first, what, vec![hint]) }))
}

/// Whether a path ends in `.sql`, in any case.
pub(super) fn is_sql(path: &Utf8Path) -> bool {
    part_at_last(file_name(path), b'.')
        .is_some_and(|(stem, ending)| !stem.is_empty() && ending.eq_ignore_ascii_case("sql"))
}
