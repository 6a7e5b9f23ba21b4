//! The cache's file: one record a digest, sorted by path, read without taking the digests apart.
//!
//! ```text
//! the build and the project's folder · record · record · …
//! ```
//!
//! A record holds its digest as bytes, so that what did not change is copied to the next file as
//! it is.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::io;

use camino::{Utf8Path, Utf8PathBuf};
use serde::{Deserialize, Serialize};
use whimbrel_history::{Digest, File};

use crate::kept;

/// The build that wrote a file: another may digest otherwise, or write otherwise.
const BUILD: &str = concat!(env!("CARGO_PKG_VERSION"), " 3");

/// The digests that earlier commands stored.
#[derive(Default)]
pub(super) struct Stored {
    bytes: Vec<u8>,
    /// Where each record begins, sorted by their paths.
    records: Vec<usize>,
    /// The record that is probably asked for next: files are listed in the same order.
    next: usize,
}

/// A digest made by this command.
pub(super) struct Fresh {
    pub(super) size: u64,
    pub(super) modified: i128,
    pub(super) format: &'static str,
    pub(super) digest: Digest,
}

/// What a record says of a file.
#[derive(Serialize, Deserialize)]
pub(super) struct Record<'a> {
    path: &'a str,
    size: u64,
    modified: i128,
    /// A folder may have changed hands between formats.
    format: &'a str,
    #[serde(with = "bytes")]
    digest: &'a [u8],
}

/// Whose file it is; its name is only a hash of the folder.
#[derive(PartialEq, Eq, Serialize, Deserialize)]
struct Head<'a> {
    build: &'a str,
    root: &'a str,
}

/// Where the digests of a project are.
pub(super) fn place(cache: &Utf8Path, root: &Utf8Path) -> Utf8PathBuf {
    let mut hasher = DefaultHasher::new();
    root.hash(&mut hasher);
    cache.join("digests").join(format!("{:016x}.bin", hasher.finish()))
}

impl Stored {
    /// Reads a file; `None` where there is none that can be trusted.
    pub(super) fn read(place: &Utf8Path, root: &Utf8Path) -> Option<Self> {
        let bytes = kept::read(place)?;
        let (head, mut rest) = postcard::take_from_bytes::<Head<'_>>(&bytes).ok()?;
        if head != (Head { build: BUILD, root: root.as_str() }) {
            return None;
        }
        let mut records = Vec::new();
        while !rest.is_empty() {
            records.push(bytes.len() - rest.len());
            (_, rest) = postcard::take_from_bytes::<Record<'_>>(rest).ok()?;
        }
        Some(Self { bytes, records, next: 0 })
    }

    /// What is known of a file, if it is as it was.
    pub(super) fn find(&mut self, file: &File, format: &str) -> Option<Record<'_>> {
        let path = file.path.as_str();
        let expected = self.record(self.next).filter(|record| record.path == path);
        let at = match expected {
            Some(_) => self.next,
            None => self.place_of(path)?,
        };
        self.next = at + 1;
        let same = |record: &Record<'_>| {
            (record.size, record.modified, record.format) == (file.size, file.modified, format)
        };
        self.record(at).filter(same)
    }

    fn place_of(&self, path: &str) -> Option<usize> {
        let by_path =
            |start: &usize| self.at(*start).map(|(record, _)| record.path).cmp(&Some(path));
        self.records.binary_search_by(by_path).ok()
    }

    fn record(&self, index: usize) -> Option<Record<'_>> {
        self.at(*self.records.get(index)?).map(|(record, _)| record)
    }

    /// The record at a place, and what follows it.
    fn at(&self, start: usize) -> Option<(Record<'_>, &[u8])> {
        postcard::take_from_bytes(self.bytes.get(start..)?).ok()
    }

    /// Writes a file with what was stored and what is fresh.
    pub(super) fn write_with(
        &self,
        fresh: &BTreeMap<String, Fresh>,
        place: &Utf8Path,
        root: &Utf8Path,
    ) -> io::Result<()> {
        kept::write(place, self.file_with(fresh, root).map_err(io::Error::other)?)
    }

    fn file_with(
        &self,
        fresh: &BTreeMap<String, Fresh>,
        root: &Utf8Path,
    ) -> postcard::Result<Vec<u8>> {
        let head = Head { build: BUILD, root: root.as_str() };
        let mut file = postcard::to_stdvec(&head)?;
        let mut fresh = fresh.iter().peekable();
        for start in &self.records {
            let Some((record, rest)) = self.at(*start) else { continue };
            while let Some((path, digest)) = fresh.next_if(|(path, _)| path.as_str() < record.path)
            {
                file = digest.write(path, file)?;
            }
            match fresh.next_if(|(path, _)| *path == record.path) {
                Some((path, digest)) => file = digest.write(path, file)?,
                None => file.extend_from_slice(&self.bytes[*start..self.bytes.len() - rest.len()]),
            }
        }
        for (path, digest) in fresh {
            file = digest.write(path, file)?;
        }
        Ok(file)
    }
}

impl Record<'_> {
    /// The digest; whatever cannot be read as one is none.
    pub(super) fn digest(&self) -> Option<Digest> {
        postcard::from_bytes(self.digest).ok()
    }
}

impl Fresh {
    /// Whether it was made of a file as it is now.
    pub(super) fn is_of(&self, file: &File, format: &str) -> bool {
        (self.size, self.modified, self.format) == (file.size, file.modified, format)
    }

    fn write(&self, path: &str, file: Vec<u8>) -> postcard::Result<Vec<u8>> {
        let Self { size, modified, format, ref digest } = *self;
        let digest = &postcard::to_stdvec(digest)?;
        postcard::to_extend(&Record { path, size, modified, format, digest }, file)
    }
}

/// Bytes as bytes; serde would take a slice apart, number by number.
mod bytes {
    use serde::{Deserialize as _, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(bytes: &[u8], to: S) -> Result<S::Ok, S::Error> {
        to.serialize_bytes(bytes)
    }

    pub(super) fn deserialize<'a, D: Deserializer<'a>>(from: D) -> Result<&'a [u8], D::Error> {
        <&[u8]>::deserialize(from)
    }
}

/// Makes a file's body one that another build wrote.
#[cfg(test)]
pub(super) fn of_another_build(body: &mut [u8]) {
    body[BUILD.len()] += 1;
}
