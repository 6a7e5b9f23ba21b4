//! The folder of the server's unix socket, whose path has a limit.

use std::fs::DirBuilder;
use std::io;
use std::os::unix::fs::{DirBuilderExt, chown};

use camino::{Utf8Path, Utf8PathBuf};

use super::error::ShadowError;
use super::identity::Identity;
use super::place::RunFolder;

/// The longest path of a socket that every system takes (Linux: 107, macOS: 103).
const LONGEST: usize = 103;

/// Makes the folder: `s` of the server's folder, or of a second run folder under `/tmp` where that is too long.
pub(crate) fn folder(
    folder: &Utf8Path,
    port: u16,
    identity: Identity,
) -> Result<(Option<RunFolder>, Utf8PathBuf), ShadowError> {
    let near = folder.join("s");
    if fits(&near, port) {
        make(&near, identity)?;
        return Ok((None, near));
    }
    let elsewhere = RunFolder::create(&["/tmp".into()])?;
    let far = elsewhere.path().join("s");
    if !fits(&far, port) {
        return Err(ShadowError::SocketPath { path: far });
    }
    make(&far, identity)?;
    Ok((Some(elsewhere), far))
}

fn fits(folder: &Utf8Path, port: u16) -> bool {
    folder.join(format!(".s.PGSQL.{port}")).as_str().len() <= LONGEST
}

fn make(folder: &Utf8Path, identity: Identity) -> Result<(), ShadowError> {
    let made = || -> io::Result<()> {
        DirBuilder::new().mode(0o700).create(folder)?;
        if let Some((uid, gid)) = identity.owner() {
            chown(folder, Some(uid), Some(gid))?;
        }
        Ok(())
    };
    made().map_err(|error| ShadowError::io("create", folder, &error))
}
