//! A server's programs with more extensions than it came with.
//!
//! ```text
//! <prefix>/<tail of bin>/{postgres,initdb}   copies: a link would lead the server back
//! <prefix>/<tail of lib>                     a link to the real folder
//! <prefix>/<tail of share>/*                 links to what is there
//! <prefix>/<tail of share>/extension/*       links, and the files that are added
//! ```
//! Postgres finds `lib` and `share` from where its program lies, if they lie to it as they did where
//! it was built; hence the same tails.

use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _, symlink};

use camino::{Utf8Path, Utf8PathBuf};
use sha2::{Digest as _, Sha256};

use super::baselines::StandIn;
use super::cache::{Cache, EntryLock, Hold};
use super::cluster::short_hex;
use super::distribution::{Distribution, program_in};
use super::error::ShadowError;

/// The programs that a shadow runs.
const PROGRAMS: [&str; 2] = ["postgres", "initdb"];

/// The same server with the stand-ins that it needs; as it was, where its folders lie in a way
/// that we do not know or the cache cannot be written.
pub(crate) fn with_stand_ins(
    programs: Distribution,
    stand_ins: &[StandIn],
    cache: &Cache,
) -> Result<Distribution, ShadowError> {
    let Some(layout) = Layout::of(&programs) else { return Ok(programs) };
    let extension = layout.from.join(&layout.share).join("extension");
    let is_missing =
        |one: &&StandIn| one.preloads || !extension.join(format!("{}.control", one.name)).exists();
    let files: Vec<(String, String)> =
        stand_ins.iter().filter(is_missing).flat_map(StandIn::files).collect();
    let mut hash = Sha256::new();
    for text in [programs.build.as_str(), programs.bin.as_str()] {
        hash.update(text);
    }
    for (name, content) in &files {
        hash.update(name);
        hash.update(content);
    }
    let name = format!("stand-ins-{}", short_hex(&hash.finalize()));
    // Within the entry of a portable server, whose lock then covers both.
    let prefix = match &programs.entry {
        Some(entry) => entry.join(name),
        None => cache.dist().join(name),
    };
    let entry = programs.entry.clone().unwrap_or_else(|| prefix.clone());
    let made = make_once(&prefix, &entry, &layout, &files);
    match made {
        Ok(()) => {
            Ok(Distribution { bin: prefix.join(&layout.bin), entry: Some(entry), ..programs })
        }
        Err(error) if is_read_only(&error) => Ok(programs),
        Err(error) => Err(cache.write_error("write", &prefix, &error)),
    }
}

fn is_read_only(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem)
}

/// Where a server's folders lie, relative to what they have in common.
#[derive(Debug)]
struct Layout {
    from: Utf8PathBuf,
    bin: Utf8PathBuf,
    lib: Utf8PathBuf,
    share: Utf8PathBuf,
}

impl Layout {
    fn of(programs: &Distribution) -> Option<Self> {
        let bin = programs.bin.canonicalize_utf8().ok()?;
        let home = bin.parent()?.to_owned();
        let version = home.file_name()?.to_owned();
        let known = [
            // Our portable servers, and most others.
            (home.clone(), "bin".into(), "lib".into(), "share/postgresql".into()),
            (home.clone(), "bin".into(), "lib".into(), "share".into()),
            // Debian's: /usr/lib/postgresql/17/bin and /usr/share/postgresql/17.
            (
                home.parent()?.parent()?.parent()?.to_owned(),
                format!("lib/postgresql/{version}/bin"),
                format!("lib/postgresql/{version}/lib"),
                format!("share/postgresql/{version}"),
            ),
        ];
        known
            .into_iter()
            .map(|(from, bin, lib, share): (Utf8PathBuf, String, String, String)| Self {
                from,
                bin: bin.into(),
                lib: lib.into(),
                share: share.into(),
            })
            .find(|layout| {
                let at = |folder: &Utf8Path| layout.from.join(folder);
                at(&layout.bin) == bin
                    && at(&layout.lib).is_dir()
                    && at(&layout.share).join("extension/plpgsql.control").is_file()
            })
    }
}

/// Makes the folder unless it is there, under another name first.
fn make_once(
    prefix: &Utf8Path,
    entry: &Utf8Path,
    layout: &Layout,
    files: &[(String, String)],
) -> io::Result<()> {
    if prefix.is_dir() {
        return Ok(());
    }
    // Nobody removes the server's folder meanwhile.
    let _lock = EntryLock::try_take(entry, Hold::Shared)?;
    let draft = Utf8PathBuf::from(format!("{prefix}.tmp-{}", std::process::id()));
    if draft.exists() {
        fs::remove_dir_all(&draft)?;
    }
    let made = make(&draft, layout, files);
    let placed = made.and_then(|()| fs::rename(&draft, prefix));
    if placed.is_err() {
        fs::remove_dir_all(&draft).ok();
    }
    // Another process was quicker.
    if prefix.is_dir() { Ok(()) } else { placed }
}

fn make(draft: &Utf8Path, layout: &Layout, files: &[(String, String)]) -> io::Result<()> {
    let bin = draft.join(&layout.bin);
    folder(&bin)?;
    for program in PROGRAMS {
        let (from, to) = (layout.from.join(&layout.bin), &bin);
        let (from, to) = (program_in(&from, program), program_in(to, program));
        if fs::hard_link(&from, &to).is_err() {
            fs::copy(&from, &to)?;
        }
    }
    let lib = draft.join(&layout.lib);
    folder(lib.parent().unwrap_or(draft))?;
    symlink(layout.from.join(&layout.lib), &lib)?;
    let (from, to) = (layout.from.join(&layout.share), draft.join(&layout.share));
    let extension = to.join("extension");
    folder(&extension)?;
    link_all(&from, &to, |name| name != "extension")?;
    let added = |name: &str| files.iter().any(|(added, _)| added == name);
    link_all(&from.join("extension"), &extension, |name| !added(name))?;
    for (name, content) in files {
        let path = extension.join(name);
        fs::write(&path, content)?;
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644))?;
    }
    Ok(())
}

fn link_all(from: &Utf8Path, to: &Utf8Path, wanted: impl Fn(&str) -> bool) -> io::Result<()> {
    for entry in from.read_dir_utf8()? {
        let entry = entry?;
        if wanted(entry.file_name()) {
            symlink(entry.path(), to.join(entry.file_name()))?;
        }
    }
    Ok(())
}

/// A folder that the server's user can enter, whatever our umask is, with those above it.
fn folder(path: &Utf8Path) -> io::Result<()> {
    if path.is_dir() {
        return Ok(());
    }
    if let Some(parent) = path.parent() {
        folder(parent)?;
    }
    DirBuilder::new().mode(0o755).create(path)?;
    fs::set_permissions(path, fs::Permissions::from_mode(0o755))
}
