//! Files that are too large to hold.

use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom};

use camino::Utf8PathBuf;
use whimbrel_history::{Contents, HELD, Source};

/// A file that is opened for each reading, so that a project may have any number of them.
struct Large(Utf8PathBuf);

/// Reads a file, or leaves it where it is.
pub(super) fn open(path: Utf8PathBuf) -> io::Result<Contents> {
    let mut file = File::open(&path)?;
    let size = file.metadata()?.len();
    if size > HELD {
        return Ok(Contents::Large(Box::new(Large(path))));
    }
    let mut bytes = Vec::with_capacity(usize::try_from(size).unwrap_or_default() + 1);
    file.read_to_end(&mut bytes)?;
    Ok(Contents::Held(bytes))
}

impl Source for Large {
    fn read_at(&self, at: u64, into: &mut [u8]) -> io::Result<usize> {
        let mut file = File::open(&self.0)?;
        file.seek(SeekFrom::Start(at))?;
        file.read(into)
    }
}
