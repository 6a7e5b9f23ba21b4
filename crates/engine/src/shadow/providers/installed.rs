//! A server that is installed on this machine.

use std::fs;
use std::time::UNIX_EPOCH;

use camino::{Utf8Path, Utf8PathBuf};
use sha2::{Digest as _, Sha256};

use super::{Provider, Search, Wanted};
use crate::Events;
use crate::shadow::cluster::short_hex;
use crate::shadow::distribution::{self, Distribution};
use crate::shadow::error::ShadowError;
use crate::shadow::options::Installed as Allowance;

/// `postgres` and `initdb` on the PATH or in the usual folders of Debian, Red Hat, Homebrew,
/// Postgres.app and Windows.
pub(super) struct Installed;

/// Folders whose subfolders (`17`, `postgresql@17`, `pgsql-17`) hold a `bin` each.
const PARENTS: &[&str] = &[
    "/usr/lib/postgresql",
    "/usr",
    "/opt/homebrew/opt",
    "/usr/local/opt",
    "/home/linuxbrew/.linuxbrew/opt",
    "/Applications/Postgres.app/Contents/Versions",
    "C:\\Program Files\\PostgreSQL",
];

impl Provider for Installed {
    fn name(&self) -> &'static str {
        "installed server"
    }

    fn find(&self, wanted: &Wanted<'_>, _events: &mut dyn Events) -> Result<Search, ShadowError> {
        if wanted.options.installed == Allowance::Forbidden {
            return Ok(Search::Nothing("forbidden".into()));
        }
        let parents = PARENTS.iter().map(|folder| Utf8PathBuf::from(*folder));
        let path = wanted.options.environment.path();
        for bin in candidates(&path, parents, wanted.major) {
            if let Some(found) = server_in(&bin, wanted.major) {
                return Ok(Search::Programs(found));
            }
        }
        let folders = PARENTS[..PARENTS.len() - 1].join("`, `");
        Ok(Search::Nothing(format!(
            "`postgres` {} on the PATH and below `{folders}`",
            wanted.major
        )))
    }
}

/// Folders that may hold the server: those of the PATH, then those whose names say the major.
fn candidates(
    path: &[Utf8PathBuf],
    parents: impl Iterator<Item = Utf8PathBuf>,
    major: u16,
) -> Vec<Utf8PathBuf> {
    let mut bins: Vec<Utf8PathBuf> = path.to_vec();
    let names = [format!("{major}"), format!("postgresql@{major}"), format!("pgsql-{major}")];
    for parent in parents {
        bins.extend(names.iter().map(|name| parent.join(name).join("bin")));
    }
    bins.into_iter()
        // A link on the PATH (Debian has none, Homebrew has) leads to the folder with the rest.
        .filter_map(|bin| {
            let program = distribution::program_in(&bin, "postgres").canonicalize_utf8().ok()?;
            let bin = program.parent()?.to_owned();
            distribution::program_in(&bin, "initdb").is_file().then_some(bin)
        })
        .collect()
}

/// The server in a folder, if it runs and is of the major. One that does not run is not there.
fn server_in(bin: &Utf8Path, major: u16) -> Option<Distribution> {
    let version = distribution::version_of(bin).ok()?;
    (distribution::major_of(&version) == Some(major)).then(|| Distribution {
        described: format!("installed server {version} (`{bin}`)"),
        build: build_of(bin),
        entry: None,
        bin: bin.to_owned(),
        major,
        version,
    })
}

/// What tells this build from others: its program, its extensions and the ICU that it may use.
/// A package upgrade changes one of them.
fn build_of(bin: &Utf8Path) -> String {
    let mut hash = Sha256::new();
    note(&mut hash, &distribution::program_in(bin, "postgres"));
    let mut folders =
        vec![bin.join("../share/extension"), bin.join("../share/postgresql/extension")];
    // Debian: /usr/lib/postgresql/17/bin and /usr/share/postgresql/17/extension.
    if let Some(version) = bin.parent().and_then(Utf8Path::file_name) {
        folders.push(format!("/usr/share/postgresql/{version}/extension").into());
    }
    for folder in folders {
        note_all(&mut hash, &folder, |_| true);
    }
    for folder in
        ["/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu", "/usr/lib64", "/usr/lib"]
    {
        note_all(&mut hash, folder.into(), |name| name.starts_with("libicui18n.so"));
    }
    short_hex(&hash.finalize())
}

fn note_all(hash: &mut Sha256, folder: &Utf8Path, wanted: impl Fn(&str) -> bool) {
    let Ok(entries) = folder.read_dir_utf8() else { return };
    let mut paths: Vec<Utf8PathBuf> = entries
        .flatten()
        .filter(|entry| wanted(entry.file_name()))
        .map(camino::Utf8DirEntry::into_path)
        .collect();
    paths.sort();
    for path in paths {
        note(hash, &path);
    }
}

fn note(hash: &mut Sha256, path: &Utf8Path) {
    let Ok(meta) = fs::metadata(path) else { return };
    let changed = meta.modified().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok());
    hash.update(path.as_str());
    hash.update(meta.len().to_be_bytes());
    hash.update(changed.unwrap_or_default().as_nanos().to_be_bytes());
}

#[cfg(test)]
mod tests {
    use std::fs;

    use camino::Utf8PathBuf;

    use super::candidates;

    /// A folder with a `bin` that holds a server's two programs.
    fn server_in(root: &Utf8PathBuf, folder: &str) -> Utf8PathBuf {
        let bin = root.join(folder);
        fs::create_dir_all(&bin).unwrap();
        for program in ["postgres", "initdb"] {
            fs::write(bin.join(program), "").unwrap();
        }
        bin
    }

    fn root() -> (tempfile::TempDir, Utf8PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = Utf8PathBuf::try_from(folder.path().canonicalize().unwrap()).unwrap();
        (folder, path)
    }

    #[test]
    fn the_path_comes_before_the_usual_folders() {
        let (_folder, root) = root();
        let usual = server_in(&root, "usr/lib/postgresql/17/bin");
        let on_path = server_in(&root, "mine");
        let parents = [root.join("usr/lib/postgresql")].into_iter();
        assert_eq!(candidates(std::slice::from_ref(&on_path), parents, 17), [on_path, usual]);
    }

    #[test]
    fn only_folders_of_the_major_are_looked_at() {
        let (_folder, root) = root();
        server_in(&root, "16/bin");
        let brew = server_in(&root, "postgresql@17/bin");
        server_in(&root, "postgresql@18/bin");
        assert_eq!(candidates(&[], [root].into_iter(), 17), [brew]);
    }

    #[test]
    fn a_link_on_the_path_leads_to_the_real_folder() {
        let (_folder, root) = root();
        let real = server_in(&root, "cellar/17/bin");
        fs::create_dir(root.join("bin")).unwrap();
        std::os::unix::fs::symlink(real.join("postgres"), root.join("bin/postgres")).unwrap();
        assert_eq!(candidates(&[root.join("bin")], [].into_iter(), 17), [real]);
    }

    #[test]
    fn a_folder_without_initdb_is_not_a_server() {
        let (_folder, root) = root();
        let bin = server_in(&root, "17/bin");
        fs::remove_file(bin.join("initdb")).unwrap();
        assert!(candidates(&[], [root].into_iter(), 17).is_empty());
    }
}
