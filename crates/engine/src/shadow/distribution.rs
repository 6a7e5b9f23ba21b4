//! The programs of one Postgres server.

use std::process::{Command, Stdio};

use camino::{Utf8Path, Utf8PathBuf};
use serde::{Deserialize, Serialize};

use super::error::{Cause, ShadowError};

/// A server's programs on this machine.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Distribution {
    /// The folder of `postgres` and `initdb`.
    pub(crate) bin: Utf8PathBuf,
    /// As the server says it: `17.10`.
    pub(crate) version: String,
    /// Its first number.
    pub(crate) major: u16,
    /// What tells it from every other build, for the keys of the cache.
    pub(crate) build: String,
    /// Its folder in the cache, if it is from there: not to be removed while the server runs.
    pub(crate) entry: Option<Utf8PathBuf>,
    /// For people: `portable server 17.10`.
    pub(crate) described: String,
}

impl Distribution {
    pub(crate) fn program(&self, name: &str) -> Utf8PathBuf {
        program_in(&self.bin, name)
    }
}

/// The path of a program of the server.
pub(crate) fn program_in(bin: &Utf8Path, name: &str) -> Utf8PathBuf {
    bin.join(format!("{name}{}", std::env::consts::EXE_SUFFIX))
}

/// Asks the server's program for its version: `17.10`, `18beta1`.
pub(crate) fn version_of(bin: &Utf8Path) -> Result<String, ShadowError> {
    let program = program_in(bin, "postgres");
    let cannot = |cause| ShadowError::CannotRun { program: program.clone(), cause };
    let output = Command::new(&program)
        .arg("--version")
        .env("LC_ALL", "C")
        .stdin(Stdio::null())
        .output()
        .map_err(|error| cannot(Cause::of(&error)))?;
    let said = String::from_utf8_lossy(&output.stdout);
    // `postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)`
    match said.split_whitespace().nth(2) {
        Some(version) if output.status.success() => Ok(version.to_owned()),
        _ => Err(cannot(Cause::new(String::from_utf8_lossy(&output.stderr).trim()))),
    }
}

/// The first number of a version.
pub(crate) fn major_of(version: &str) -> Option<u16> {
    let digits = version.find(|c: char| !c.is_ascii_digit()).unwrap_or(version.len());
    version[..digits].parse().ok()
}

#[cfg(test)]
mod tests {
    use super::major_of;

    #[test]
    fn the_major_is_the_first_number() {
        assert_eq!(major_of("17.10"), Some(17));
        assert_eq!(major_of("18beta1"), Some(18));
        assert_eq!(major_of("devel"), None);
    }
}
