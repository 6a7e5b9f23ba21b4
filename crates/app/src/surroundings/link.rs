//! A way of UTF-8 names to a folder whose own path has others.
//!
//! Paths are text everywhere: in reports, in JSON, in what is kept between calls. A folder below
//! one whose name is in another encoding (`caf\xe9`) is reached by a symbolic link, so that all of
//! that holds for it as well. The link's name is a hash of the path, so it is the same each time.

use std::io;
use std::path::{Path, PathBuf};

use camino::{Utf8Path, Utf8PathBuf};
use sha2::{Digest as _, Sha256};

/// A folder by a path of UTF-8 names, and the link in it, where it needs one.
pub(super) struct Way {
    pub(super) folder: Utf8PathBuf,
    pub(super) link: Option<Utf8PathBuf>,
}

/// The way to a folder; links are kept below a folder of ours.
pub(super) fn way(folder: PathBuf, ours: Option<&Utf8Path>) -> io::Result<Way> {
    let folder = match Utf8PathBuf::try_from(folder) {
        Ok(folder) => return Ok(Way { folder, link: None }),
        Err(error) => error.into_path_buf(),
    };
    let (strange, rest) = parts(&folder);
    let refused = |source: &dyn std::fmt::Display| {
        let text = format!(
            "`{}` is not UTF-8, and no link can be made to it: {source}; give that folder another \
             name, or name a folder for links in WHIMBREL_CACHE_DIR",
            folder.display()
        );
        io::Error::new(io::ErrorKind::InvalidData, text)
    };
    let ours = ours.ok_or_else(|| refused(&"there is no folder to keep it in"))?;
    let link = ours.join("folders").join(name(strange));
    make(&link, strange).map_err(|error| refused(&error))?;
    let folder = if rest.as_str().is_empty() { link.clone() } else { link.join(rest) };
    Ok(Way { folder, link: Some(link) })
}

/// A folder and those above it, as far up as their paths are UTF-8; above a link is what lies above
/// the folder that it leads to.
pub(crate) fn upwards(folder: &Utf8Path, link: Option<&Utf8Path>) -> Vec<Utf8PathBuf> {
    let Some(link) = link.filter(|link| folder.starts_with(link)) else {
        return folder.ancestors().map(Utf8Path::to_owned).collect();
    };
    let within = folder.ancestors().take_while(|folder| folder.starts_with(link));
    let real = std::fs::read_link(link).unwrap_or_default();
    let above = real.parent().and_then(Utf8Path::from_path);
    let above = above.into_iter().flat_map(Utf8Path::ancestors);
    within.chain(above).map(Utf8Path::to_owned).collect()
}

/// The shortest beginning of a path behind which everything is UTF-8, and what is behind it.
fn parts(folder: &Path) -> (&Path, &Utf8Path) {
    let rest = |above: &Path| folder.strip_prefix(above).ok().and_then(Utf8Path::from_path);
    let found = folder.ancestors().filter_map(|above| Some((above, rest(above)?))).last();
    found.unwrap_or((folder, Utf8Path::new("")))
}

/// What a link to a folder is called: readable as far as that goes, and different for each.
fn name(folder: &Path) -> String {
    let hash = Sha256::digest(folder.as_os_str().as_encoded_bytes());
    let hash = hash.iter().take(8).fold(0_u64, |all, byte| all << 8 | u64::from(*byte));
    let last = folder.file_name().unwrap_or_default().to_string_lossy();
    let plain = |letter: char| if letter.is_ascii_alphanumeric() { letter } else { '_' };
    format!("{}-{hash:016x}", last.chars().map(plain).collect::<String>())
}

/// Makes a link, unless it is there.
#[cfg(unix)]
fn make(link: &Utf8Path, to: &Path) -> io::Result<()> {
    if let Some(above) = link.parent() {
        std::fs::create_dir_all(above)?;
    }
    match std::os::unix::fs::symlink(to, link) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
        made => return made,
    }
    // Its name is that of one path alone, so another end means that somebody else put it there.
    if std::fs::read_link(link)? == to {
        return Ok(());
    }
    Err(io::Error::other(format!("`{link}` leads elsewhere")))
}

/// Makes a link, unless it is there.
#[cfg(not(unix))]
fn make(_: &Utf8Path, _: &Path) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

#[cfg(all(test, unix))]
mod tests {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt as _;

    use super::*;

    #[test]
    fn a_folder_is_reached_by_a_link_and_what_lies_above_it_is_found() {
        let temporary = tempfile::tempdir().unwrap();
        let root = Utf8Path::from_path(temporary.path()).unwrap();
        let strange = temporary.path().join(OsStr::from_bytes(b"caf\xe9"));
        let inner = strange.join("shop/sql");
        std::fs::create_dir_all(&inner).unwrap();
        std::fs::write(strange.join("shop/here"), "").unwrap();
        let ours = root.join("ours");
        let first = way(inner.clone(), Some(&ours)).unwrap();
        let again = way(inner.clone(), Some(&ours)).unwrap();
        assert_eq!(first.folder, again.folder);
        assert!(first.folder.ends_with("shop/sql"), "{}", first.folder);
        assert!(first.folder.with_file_name("here").is_file());
        let above = upwards(&first.folder, first.link.as_deref());
        let link = first.link.unwrap();
        assert_eq!(above[..4], [link.join("shop/sql"), link.join("shop"), link, root.to_owned()]);
        assert!(way(inner, None).is_err_and(|error| error.to_string().contains("not UTF-8")));
    }

    #[test]
    fn what_is_utf_8_needs_no_link() {
        let way = way(PathBuf::from("/srv/größe"), None).unwrap();
        assert_eq!((way.folder.as_str(), way.link), ("/srv/größe", None));
    }
}
