//! Puts a cluster into a folder: a copy of what the cache has, or a new one.

use std::fs;
use std::io;
use std::sync::atomic::AtomicBool;
use std::thread;
use std::time::Duration;

use camino::{Utf8Path, Utf8PathBuf};

use super::cache::{self, Cache, Draft, EntryLock, Hold};
use super::copy::{Amount, copy_cluster};
use super::error::ShadowError;
use super::guard::say;
use super::identity::Identity;
use super::inbox::Inbox;
use super::initdb;
use super::order::{Order, Report};

/// Templates kept for each major.
const TEMPLATES: usize = 3;

/// States of histories kept for each major. A state is some tens of megabytes.
const STATES: usize = 8;

/// How often a cluster that was just made is tried to be copied, while others hold its lock.
const COPY_TRIES: usize = 200;

/// The file beside a cached cluster that says how much it holds.
const AMOUNT: &str = "amount.json";

/// Where a cluster is wanted.
#[derive(Clone, Debug)]
pub(crate) struct Site {
    /// The data folder, which is not there yet.
    pub(crate) data: Utf8PathBuf,
    /// Where programs say what they do.
    pub(crate) log: Utf8PathBuf,
    /// Who it is for.
    pub(crate) identity: Identity,
}

/// Puts a cluster into the site: a state of the order, the cached template, or a new one.
/// Returns the state that was taken.
pub(crate) fn prepare(
    order: &Order,
    site: &Site,
    inbox: &mut Inbox,
) -> Result<Option<Utf8PathBuf>, ShadowError> {
    for state in &order.states {
        if copy_entry(state, site, inbox)? {
            return Ok(Some(state.clone()));
        }
    }
    let cache = Cache::at(order.cache.clone());
    let template = cache.templates().join(&order.recipe.key);
    if copy_entry(&template, site, inbox)? {
        return Ok(None);
    }
    // Nobody has made it yet, or somebody is making it now.
    let lock = lock_to_make(&template, inbox)?;
    if template.is_dir() {
        // The lock goes before the copy, which wants the shared one.
        drop(lock);
        if copy_made(&template, site, inbox)? {
            return Ok(None);
        }
        return initdb::make(order, site, inbox).map(|()| None);
    }
    initdb::make(order, site, inbox)?;
    if let Some(lock) = lock {
        // Keeping is a convenience: where it fails, the next call makes its own.
        publish_locked(&site.data, &template, &lock).ok();
        drop(lock);
        let prefix = format!("{}-", order.distribution.major);
        cache::prune(&cache.templates(), &prefix, TEMPLATES).ok();
    }
    Ok(None)
}

/// Copies an entry that was just made. Whoever waited for it holds its lock for an instant, one
/// after the other, which is no reason to make another.
fn copy_made(entry: &Utf8Path, site: &Site, inbox: &Inbox) -> Result<bool, ShadowError> {
    for _ in 0..COPY_TRIES {
        if copy_entry(entry, site, inbox)? {
            return Ok(true);
        }
        if !entry.is_dir() {
            return Ok(false);
        }
        thread::sleep(Duration::from_millis(5));
    }
    Ok(false)
}

/// Copies an entry of the cache into the site if it is there.
fn copy_entry(entry: &Utf8Path, site: &Site, inbox: &Inbox) -> Result<bool, ShadowError> {
    if !entry.is_dir() {
        return Ok(false);
    }
    let lock = match EntryLock::try_take(entry, Hold::Shared) {
        Ok(Some(lock)) => Some(lock),
        // It is just being removed or replaced.
        Ok(None) => return Ok(false),
        // On a read-only cache there is no lock to take, and nobody who would remove the entry.
        Err(_) => None,
    };
    let abandoned = inbox.abandoned();
    let copied = copy_cluster(&entry.join("d"), &site.data, site.identity.owner(), &abandoned);
    if inbox.is_abandoned() {
        return Err(ShadowError::Abandoned);
    }
    let is_whole = match copied {
        Ok(amount) => written_amount(entry) == Some(amount),
        // It was removed meanwhile.
        Err(error) if error.kind() == io::ErrorKind::NotFound => false,
        Err(error) => return Err(ShadowError::io("copy to", &site.data, &error)),
    };
    if is_whole {
        cache::touch(entry);
        return Ok(true);
    }
    fs::remove_dir_all(&site.data).ok();
    drop(lock);
    // Where it is there and not whole, another takes its place.
    cache::remove(entry).ok();
    Ok(false)
}

/// What an entry was when it was made.
fn written_amount(entry: &Utf8Path) -> Option<Amount> {
    serde_json::from_slice(&fs::read(entry.join(AMOUNT)).ok()?).ok()
}

/// The right to make a template; nothing where somebody else has made it meanwhile, or where the
/// cache cannot be written and so keeps nothing.
fn lock_to_make(template: &Utf8Path, inbox: &Inbox) -> Result<Option<EntryLock>, ShadowError> {
    let mut polls = 0_u32;
    loop {
        match EntryLock::try_take(template, Hold::Exclusive) {
            Ok(Some(lock)) => return Ok(Some(lock)),
            Ok(None) if template.is_dir() => return Ok(None),
            Ok(None) => {}
            Err(_) => return Ok(None),
        }
        if inbox.is_abandoned() {
            return Err(ShadowError::Abandoned);
        }
        polls += 1;
        if polls == 200 {
            say(&Report::Waiting { what: "another Whimbrel that makes the same cluster".into() });
        }
        thread::sleep(Duration::from_millis(5));
    }
}

/// Takes a closed cluster into the cache as a state and lets the oldest others go.
pub(crate) fn publish_state(from: &Utf8Path, entry: &Utf8Path, major: u16) -> io::Result<()> {
    // Whoever holds the lock already is saving the same.
    let Some(lock) = EntryLock::try_take(entry, Hold::Exclusive)? else { return Ok(()) };
    if entry.exists() {
        return Ok(());
    }
    publish_locked(from, entry, &lock)?;
    drop(lock);
    if let Some(folder) = entry.parent() {
        cache::prune(folder, &format!("{major}-"), STATES)?;
    }
    Ok(())
}

fn publish_locked(from: &Utf8Path, entry: &Utf8Path, lock: &EntryLock) -> io::Result<()> {
    let draft = Draft::of(entry, lock)?;
    let owner = rustix::process::geteuid().is_root().then_some((0, 0));
    let never = AtomicBool::new(false);
    let amount = copy_cluster(from, &draft.path().join("d"), owner, &never)?;
    fs::write(draft.path().join(AMOUNT), serde_json::to_vec(&amount)?)?;
    draft.publish()
}
