//! Brings a portable server into the cache, whole or not at all.

use std::fs;
use std::io;
use std::thread;
use std::time::Duration;

use camino::Utf8Path;

use super::table::Package;
use super::{links, unpack};
use crate::shadow::cache::{Cache, Draft, EntryLock, Hold};
use crate::shadow::distribution::{self, Distribution};
use crate::shadow::error::{Cause, ShadowError};
use crate::{Event, Events};

/// The server of a package, if the cache has it.
pub(crate) fn in_cache(package: &Package, cache: &Cache) -> Option<Distribution> {
    let folder = cache.dist().join(package.folder_name());
    let bin = folder.join("native/bin");
    if !distribution::program_in(&bin, "postgres").is_file() {
        return None;
    }
    let version = package.server();
    Some(Distribution {
        described: format!("portable server {version}"),
        bin,
        major: package.major,
        build: package.sha512.to_owned(),
        entry: Some(folder),
        version,
    })
}

/// Takes an archive into the cache. `bring` gives its path; it is called only if nobody else has
/// brought the package meanwhile, and may use the folder that it is given.
pub(crate) fn from_archive<A: AsRef<Utf8Path>>(
    package: &Package,
    cache: &Cache,
    events: &mut dyn Events,
    bring: impl FnOnce(&Utf8Path, &mut dyn Events) -> Result<A, ShadowError>,
) -> Result<Distribution, ShadowError> {
    install(package, cache, events, |draft, events| {
        let archive = bring(draft, events)?;
        let archive = archive.as_ref();
        unpack::verify(archive, package.sha512)?;
        let what = format!("unpacking Postgres {}", package.server());
        unpack::unpack(archive, draft, &what, events)?;
        if archive.starts_with(draft) {
            fs::remove_file(archive).map_err(|error| ShadowError::io("remove", archive, &error))?;
        }
        Ok(())
    })
}

/// Makes a package's folder of the cache, if nobody else does so meanwhile: `fill` puts `native/` into
/// the draft that it is given. Links are made anew from the package's list.
pub(crate) fn install(
    package: &Package,
    cache: &Cache,
    events: &mut dyn Events,
    fill: impl FnOnce(&Utf8Path, &mut dyn Events) -> Result<(), ShadowError>,
) -> Result<Distribution, ShadowError> {
    let entry = cache.dist().join(package.folder_name());
    let Some(lock) = lock(package, &entry, cache, events)? else {
        return in_cache(package, cache).ok_or_else(|| vanished(&entry));
    };
    let writing = |error: io::Error| cache.write_error("write", &entry, &error);
    if entry.exists() {
        // It lacks its programs: somebody took them out.
        fs::remove_dir_all(&entry).map_err(writing)?;
    }
    let draft = Draft::of(&entry, &lock).map_err(writing)?;
    fill(draft.path(), events)?;
    links::make(draft.path()).map_err(writing)?;
    unpack::open_folders(draft.path()).map_err(writing)?;
    check(package, draft.path())?;
    draft.publish().map_err(writing)?;
    drop(lock);
    in_cache(package, cache).ok_or_else(|| vanished(&entry))
}

fn vanished(entry: &Utf8Path) -> ShadowError {
    ShadowError::CannotRun { program: entry.to_owned(), cause: Cause::new("it is gone again") }
}

/// The right to bring the package; nothing if another process has brought it meanwhile. Once it
/// is there, those who run it hold its lock, so there is no waiting for that.
fn lock(
    package: &Package,
    entry: &Utf8Path,
    cache: &Cache,
    events: &mut dyn Events,
) -> Result<Option<EntryLock>, ShadowError> {
    let mut polls = 0_u32;
    loop {
        let lock = EntryLock::try_take(entry, Hold::Exclusive)
            .map_err(|error| cache.write_error("lock", entry, &error))?;
        if in_cache(package, cache).is_some() {
            return Ok(None);
        }
        if lock.is_some() {
            return Ok(lock);
        }
        if polls == 0 {
            let what = "another Whimbrel that brings the same server".to_owned();
            events.on(Event::Waiting { what });
        }
        polls += 1;
        thread::sleep(Duration::from_millis(20));
    }
}

/// The server must run here, and be what it is taken for.
fn check(package: &Package, folder: &Utf8Path) -> Result<(), ShadowError> {
    let bin = folder.join("native/bin");
    let said = distribution::version_of(&bin)?;
    if distribution::major_of(&said) == Some(package.major) {
        return Ok(());
    }
    Err(ShadowError::CannotRun {
        program: distribution::program_in(&bin, "postgres"),
        cause: Cause::new(format!("it is Postgres {said}, not {}", package.major)),
    })
}
