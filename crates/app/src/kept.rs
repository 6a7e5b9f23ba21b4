//! Files of the user's cache: whole, or not there.
//!
//! A hash of all that comes before stands at a file's end. It tells a file that is whole from one
//! that was cut off, written by two at once, or damaged: anything may stand in a cache, and what
//! stands here decides what is read.

use std::hash::{DefaultHasher, Hasher as _};
use std::io;

use camino::Utf8Path;

/// The length of the hash.
const HASH: usize = 8;

/// Reads a file; `None` where there is none that is whole.
pub(crate) fn read(place: &Utf8Path) -> Option<Vec<u8>> {
    let mut bytes = std::fs::read(place).ok()?;
    let (body, hash) = bytes.split_last_chunk::<HASH>()?;
    if u64::from_le_bytes(*hash) != hash_of(body) {
        return None;
    }
    bytes.truncate(bytes.len() - HASH);
    Some(bytes)
}

/// Writes a file: beside and renamed, so that no other command sees half of it.
pub(crate) fn write(place: &Utf8Path, mut body: Vec<u8>) -> io::Result<()> {
    body.extend(hash_of(&body).to_le_bytes());
    let folder = place.parent().unwrap_or(place);
    std::fs::create_dir_all(folder)?;
    if !place.exists() {
        make_room(folder);
    }
    let beside = place.with_extension(format!("{}.tmp", std::process::id()));
    std::fs::write(&beside, body)?;
    std::fs::rename(&beside, place).inspect_err(|_| {
        let _ = std::fs::remove_file(&beside);
    })
}

/// How many files a folder of the cache holds; beyond, the older half goes.
const ROOM: usize = 256;

/// Removes the files of projects that were not seen for the longest time.
fn make_room(folder: &Utf8Path) {
    let files = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let aged = files.filter_map(|file| Some((file.metadata().ok()?.modified().ok()?, file.path())));
    let mut aged: Vec<_> = aged.collect();
    if aged.len() >= ROOM {
        aged.sort();
        for (_, path) in &aged[..ROOM / 2] {
            // Another command may have done so already.
            let _ = std::fs::remove_file(path);
        }
    }
}

fn hash_of(bytes: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    hasher.write(bytes);
    hasher.finish()
}
