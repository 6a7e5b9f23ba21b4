//! A project's files, on disk or in the program.

mod embedded;
mod large;
mod look;

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs::DirEntry;
use std::io::{self, ErrorKind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use camino::{Utf8Path, Utf8PathBuf};
use jiff::Timestamp;
use whimbrel_history::{Contents, File, Files, FilesError};

pub use embedded::Embedded;

/// How old a change must be to be trusted, in nanoseconds: FAT keeps times in steps of two seconds.
const GRAIN: i128 = 3_000_000_000;

/// Whether a file that changed at a time, in nanoseconds since 1970, can be known again by that:
/// another change within the clock's grain would leave the time as it is.
pub(crate) fn is_settled(modified: i128, now: Timestamp) -> bool {
    now.as_nanosecond().saturating_sub(modified) > GRAIN
}

/// A folder; paths given to it are relative to it.
///
/// What it lists is listed once: a command asks for the same thousands of files when it looks for
/// the project, for its histories, for what changed in them, and each of these is to see the same.
#[derive(Clone, Debug)]
pub struct Folder {
    root: Utf8PathBuf,
    /// What it holds, where it is not on disk.
    embedded: Option<&'static Embedded>,
    seen: Arc<Mutex<BTreeMap<Utf8PathBuf, Seen>>>,
}

/// What was seen in a folder, sorted by name.
#[derive(Debug)]
struct Seen {
    names: Arc<[Utf8PathBuf]>,
    folders: Vec<Utf8PathBuf>,
    /// The files with their sizes and times, once somebody asked for them.
    files: Option<Arc<[File]>>,
}

impl Folder {
    /// The folder at an absolute path.
    pub fn new(root: impl Into<Utf8PathBuf>) -> Self {
        Self { root: root.into(), embedded: None, seen: Arc::default() }
    }

    /// The files of a program, as if they were in the folder.
    pub fn embedded(root: impl Into<Utf8PathBuf>, files: &'static Embedded) -> Self {
        Self { embedded: Some(files), ..Self::new(root) }
    }

    /// Whether its files are on disk, where they may change.
    pub(crate) fn is_on_disk(&self) -> bool {
        self.embedded.is_none()
    }

    /// Where it is.
    pub fn root(&self) -> &Utf8Path {
        &self.root
    }

    /// Reads a file as text; `None` where there is none.
    ///
    /// A byte order mark stays, and what is not UTF-8 is an error, as it is for Postgres.
    pub fn text(&self, path: &Utf8Path) -> Result<Option<String>, FilesError> {
        let failed = |source| FilesError { path: path.to_owned(), source };
        match self.read(path) {
            Ok(bytes) => String::from_utf8(bytes)
                .map(Some)
                .map_err(|error| failed(io::Error::new(ErrorKind::InvalidData, error))),
            Err(error) if error.source.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Whether a file or folder is there.
    pub fn holds(&self, path: &Utf8Path) -> bool {
        match self.embedded {
            Some(files) => embedded::holds(files, path),
            None => self.root.join(path).exists(),
        }
    }

    /// Whether a folder is there.
    pub(crate) fn has_folder(&self, path: &Utf8Path) -> bool {
        match self.embedded {
            Some(files) => embedded::has_folder(files, path),
            None => self.root.join(path).is_dir(),
        }
    }

    /// Writes a file that must not exist yet, with the folders that lead to it.
    pub fn create(&self, path: &Utf8Path, text: &str) -> Result<(), FilesError> {
        let at = self.root.join(path);
        let write = || {
            if let Some(parent) = at.parent() {
                std::fs::create_dir_all(parent)?;
            }
            let mut file = std::fs::File::create_new(&at)?;
            io::Write::write_all(&mut file, text.as_bytes())
        };
        self.seen().clear();
        write().map_err(|source| FilesError { path: path.to_owned(), source })
    }

    /// Removes a file that was written a moment ago, and the folders that were made for it.
    pub(crate) fn take_back(&self, path: &Utf8Path, made: &[Utf8PathBuf]) {
        self.seen().clear();
        // What is not there any more need not be taken back, and what others put there stays.
        let _ = std::fs::remove_file(self.root.join(path));
        for folder in made {
            let _ = std::fs::remove_dir(self.root.join(folder));
        }
    }

    /// Makes a folder, with those that lead to it.
    pub fn make(&self, path: &Utf8Path) -> Result<(), FilesError> {
        self.seen().clear();
        std::fs::create_dir_all(self.root.join(path))
            .map_err(|source| FilesError { path: path.to_owned(), source })
    }

    fn seen(&self) -> MutexGuard<'_, BTreeMap<Utf8PathBuf, Seen>> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Looks into a folder, unless that was done before, and takes something of what was seen.
    fn see<T>(
        &self,
        folder: &Utf8Path,
        take: impl FnOnce(&mut Seen) -> Result<T, FilesError>,
    ) -> Result<T, FilesError> {
        let mut all = self.seen();
        if !all.contains_key(folder) {
            all.insert(folder.to_owned(), Seen::read(&self.root, folder)?);
        }
        take(all.get_mut(folder).expect("it was put there if it was missing"))
    }
}

impl Seen {
    /// Reads the names in a folder; a missing one has none.
    fn read(root: &Utf8Path, folder: &Utf8Path) -> Result<Self, FilesError> {
        let failed = |source| FilesError { path: folder.to_owned(), source };
        let (mut names, mut folders) = (Vec::new(), Vec::new());
        match std::fs::read_dir(root.join(folder)) {
            Ok(entries) => {
                for entry in entries {
                    let entry = entry.map_err(failed)?;
                    let name = entry.file_name();
                    let Some(name) = name.to_str() else {
                        check_strange(folder, &name)?;
                        continue;
                    };
                    match Kind::of(&entry) {
                        Ok(Kind::File) => names.push(join(folder, name)),
                        Ok(Kind::Folder) => folders.push(join(folder, name)),
                        Ok(Kind::Neither) => {}
                        Err(source) => {
                            return Err(FilesError { path: join(folder, name), source });
                        }
                    }
                }
            }
            Err(error)
                if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {}
            Err(source) => return Err(failed(source)),
        }
        names.sort_unstable_by(|left, right| left.as_str().cmp(right.as_str()));
        folders.sort_unstable_by(|left, right| left.as_str().cmp(right.as_str()));
        Ok(Self { names: names.into(), folders, files: None })
    }
}

/// A name that is not UTF-8 is no name of a migration in any format, and a script of such a name
/// is not passed over in silence.
fn check_strange(folder: &Utf8Path, name: &OsStr) -> Result<(), FilesError> {
    let shown = name.to_string_lossy();
    if !shown.to_ascii_lowercase().ends_with(".sql") {
        return Ok(());
    }
    let here = in_shell(OsStr::new(join(folder, "").as_str()));
    let (old, new) = (in_shell(name), in_shell(OsStr::new(&shown.replace('\u{fffd}', "_"))));
    let text = format!(
        "its name is not UTF-8; give it another, with bash: mv $'{here}{old}' $'{here}{new}'"
    );
    let source = io::Error::new(ErrorKind::InvalidData, text);
    Err(FilesError { path: join(folder, &shown), source })
}

/// A name between `$'` and `'` of a shell, its bytes beyond ASCII as `\xe9`.
fn in_shell(name: &OsStr) -> String {
    let byte = |byte: &u8| match byte {
        b'\'' | b'\\' => format!("\\{}", char::from(*byte)),
        b' '..=b'~' => char::from(*byte).to_string(),
        _ => format!("\\x{byte:02x}"),
    };
    name.as_encoded_bytes().iter().map(byte).collect()
}

/// What an entry of a folder is, or leads to: a migration may be a link.
enum Kind {
    File,
    Folder,
    Neither,
}

impl Kind {
    fn of(entry: &DirEntry) -> io::Result<Self> {
        let mut kind = entry.file_type()?;
        if kind.is_symlink() {
            match std::fs::metadata(entry.path()) {
                Ok(metadata) => kind = metadata.file_type(),
                Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Self::Neither),
                Err(error) => return Err(error),
            }
        }
        Ok(match (kind.is_file(), kind.is_dir()) {
            (true, _) => Self::File,
            (_, true) => Self::Folder,
            (false, false) => Self::Neither,
        })
    }
}

impl Files for Folder {
    fn list(&self, folder: &Utf8Path) -> Result<Arc<[File]>, FilesError> {
        if let Some(files) = self.embedded {
            return Ok(embedded::list(files, folder).into());
        }
        self.see(folder, |seen| {
            if let Some(files) = &seen.files {
                return Ok(files.clone());
            }
            let files: Arc<[File]> = look::look(&self.root, folder, &seen.names)?.into();
            seen.files = Some(files.clone());
            Ok(files)
        })
    }

    fn names(&self, folder: &Utf8Path) -> Result<Arc<[Utf8PathBuf]>, FilesError> {
        if let Some(files) = self.embedded {
            return Ok(embedded::list(files, folder).into_iter().map(|file| file.path).collect());
        }
        self.see(folder, |seen| Ok(seen.names.clone()))
    }

    fn folders(&self, folder: &Utf8Path) -> Result<Vec<Utf8PathBuf>, FilesError> {
        if let Some(files) = self.embedded {
            return Ok(embedded::folders(files, folder));
        }
        self.see(folder, |seen| Ok(seen.folders.clone()))
    }

    fn read(&self, path: &Utf8Path) -> Result<Vec<u8>, FilesError> {
        if let Some(files) = self.embedded {
            return embedded::read(files, path).map(<[u8]>::to_vec);
        }
        std::fs::read(self.root.join(path))
            .map_err(|source| FilesError { path: path.to_owned(), source })
    }

    fn open(&self, path: &Utf8Path) -> Result<Contents, FilesError> {
        if self.embedded.is_some() {
            return self.read(path).map(Contents::Held);
        }
        large::open(self.root.join(path))
            .map_err(|source| FilesError { path: path.to_owned(), source })
    }
}

/// A path in the project, with `/` between its parts on every system.
fn join(folder: &Utf8Path, name: &str) -> Utf8PathBuf {
    match folder.as_str() {
        "" | "." => Utf8PathBuf::from(name),
        folder => Utf8PathBuf::from(format!("{folder}/{name}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(unix)]
    #[test]
    fn a_script_whose_name_is_not_utf_8_is_not_passed_over() {
        use std::os::unix::ffi::OsStrExt as _;
        let temporary = tempfile::tempdir().unwrap();
        let name = |bytes| temporary.path().join(std::ffi::OsStr::from_bytes(bytes));
        std::fs::write(name(b"notes_\xff.txt"), "").unwrap();
        let root = Utf8PathBuf::try_from(temporary.path().to_owned()).unwrap();
        assert!(Folder::new(root.clone()).list(Utf8Path::new("")).unwrap().is_empty());
        std::fs::write(name(b"001_\xff.sql"), "").unwrap();
        let error = Folder::new(root).list(Utf8Path::new("")).unwrap_err();
        assert_eq!(error.path, "001_\u{fffd}.sql");
        let said = error.source.to_string();
        assert!(
            said.contains("not UTF-8") && said.ends_with("mv $'001_\\xff.sql' $'001__.sql'"),
            "{said}"
        );
    }

    #[test]
    fn files_and_folders_are_listed_apart_and_sorted_by_name() {
        let temporary = tempfile::tempdir().unwrap();
        let folder = Folder::new(Utf8PathBuf::try_from(temporary.path().to_owned()).unwrap());
        for path in ["m/b.sql", "m/a.sql", "m/B.sql", "m/below/c.sql"] {
            folder.create(Utf8Path::new(path), path).unwrap();
        }
        let names =
            |files: Arc<[File]>| files.iter().map(|file| file.path.to_string()).collect::<Vec<_>>();
        assert_eq!(
            names(folder.list(Utf8Path::new("m")).unwrap()),
            ["m/B.sql", "m/a.sql", "m/b.sql"]
        );
        assert_eq!(folder.folders(Utf8Path::new("")).unwrap(), ["m"]);
        assert_eq!(folder.folders(Utf8Path::new("m")).unwrap(), ["m/below"]);
        assert_eq!(folder.read(Utf8Path::new("m/a.sql")).unwrap(), b"m/a.sql");
        assert!(folder.list(Utf8Path::new("none")).unwrap().is_empty());
        folder.create(Utf8Path::new("m/c.sql"), "").unwrap();
        assert_eq!(folder.list(Utf8Path::new("m")).unwrap().len(), 4);
        let file = &folder.list(Utf8Path::new("m")).unwrap()[1];
        assert_eq!(file.size, 7);
        assert!(file.modified > 0);
    }

    #[test]
    fn a_file_is_created_once() {
        let temporary = tempfile::tempdir().unwrap();
        let folder = Folder::new(Utf8PathBuf::try_from(temporary.path().to_owned()).unwrap());
        folder.create(Utf8Path::new("a/b"), "1").unwrap();
        let error = folder.create(Utf8Path::new("a/b"), "2").unwrap_err();
        assert_eq!(error.source.kind(), ErrorKind::AlreadyExists);
        assert_eq!(folder.text(Utf8Path::new("a/b")).unwrap().as_deref(), Some("1"));
        assert_eq!(folder.text(Utf8Path::new("a/c")).unwrap(), None);
    }
}
