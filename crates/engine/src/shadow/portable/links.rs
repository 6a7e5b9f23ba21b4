//! npm drops symbolic links; the package lists them in `pg-symlinks.json` and makes them by a
//! script that many set-ups do not run. So they are always made here.

use std::fs;
use std::io;
use std::os::unix::fs::symlink;

use camino::{Utf8Component, Utf8Path};
use serde::Deserialize;

#[derive(Deserialize)]
struct Link {
    /// The file that is there, from the package's folder.
    source: String,
    /// The link to make.
    target: String,
}

/// Makes the links that `native/pg-symlinks.json` of a package lists.
pub(super) fn make(package: &Utf8Path) -> io::Result<()> {
    let list = package.join("native/pg-symlinks.json");
    let text = match fs::read_to_string(&list) {
        Ok(text) => text,
        // The package for Windows has no links.
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    };
    let links: Vec<Link> = serde_json::from_str(&text)?;
    for link in links {
        let (Some(name), true) = (Utf8Path::new(&link.source).file_name(), is_inside(&link.target))
        else {
            return Err(io::Error::new(
                io::ErrorKind::InvalidData,
                format!("`{list}` lists `{}`", link.target),
            ));
        };
        let target = package.join(&link.target);
        match symlink(name, &target) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            made => made?,
        }
    }
    Ok(())
}

/// Whether a path stays inside `native`.
pub(super) fn is_inside(path: &str) -> bool {
    let mut parts = Utf8Path::new(path).components();
    parts.next() == Some(Utf8Component::Normal("native"))
        && parts.all(|part| matches!(part, Utf8Component::Normal(_)))
}

#[cfg(test)]
mod tests {
    use super::is_inside;

    #[test]
    fn only_paths_below_native_are_inside() {
        assert!(is_inside("native/lib/libpq.so"));
        assert!(!is_inside("native/../../etc/passwd"));
        assert!(!is_inside("/native/lib/libpq.so"));
        assert!(!is_inside("lib/libpq.so"));
    }
}
