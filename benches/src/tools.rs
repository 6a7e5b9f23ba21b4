//! The programs that race, and which versions of them.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::{Outcome, race};

/// The programs.
#[derive(Debug)]
pub(crate) struct Tools {
    pub(crate) whimbrel: PathBuf,
    pub(crate) psql: PathBuf,
    pub(crate) sqlx: PathBuf,
    pub(crate) dbmate: PathBuf,
}

impl Tools {
    /// Builds Whimbrel and finds the others.
    pub(crate) fn find() -> Outcome<Self> {
        let psql = unwrapped(find("psql", "PSQL", "apt-get install postgresql-client")?);
        let sqlx = find(
            "sqlx",
            "SQLX",
            "cargo install sqlx-cli --version 0.9.0 --no-default-features --features postgres,rustls",
        )?;
        let dbmate = find(
            "dbmate",
            "DBMATE",
            "npm install dbmate@2.36.0; the program is in node_modules/@dbmate/linux-x64/bin, and \
             what npm puts on the PATH is a node script around it",
        )?;
        Ok(Self { whimbrel: whimbrel()?, psql, sqlx, dbmate })
    }

    /// Each program's name and version.
    pub(crate) fn versions(&self) -> Outcome<Vec<String>> {
        let mut versions = Vec::new();
        for program in [&self.whimbrel, &self.psql, &self.sqlx, &self.dbmate] {
            let said = race::text(Command::new(program).arg("--version"))?;
            versions.push(said.lines().next().unwrap_or_default().to_owned());
        }
        Ok(versions)
    }
}

/// The release binary, built if it is not as new as its sources.
fn whimbrel() -> Outcome<PathBuf> {
    if let Some(given) = env::var_os("WHIMBREL_BENCH_WHIMBREL") {
        return Ok(given.into());
    }
    built("whimbrel")
}

/// A program of the workspace, in release.
pub(crate) fn built(package: &str) -> Outcome<PathBuf> {
    let root = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."));
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut build = Command::new(cargo);
    build.args(["build", "--release", "--quiet", "-p", package]).current_dir(root);
    race::text(&mut build)?;
    let ours = env::current_exe()?;
    let folder = ours.parent().ok_or("a program lies in a folder")?;
    let program = folder.join(package);
    if program.is_file() { Ok(program) } else { Err(format!("no {}", program.display()).into()) }
}

/// Debian's `psql` is a Perl script that looks for the newest one, which takes longer than psql.
fn unwrapped(psql: PathBuf) -> PathBuf {
    let is_wrapped = psql.canonicalize().is_ok_and(|real| real.ends_with("pg_wrapper"));
    let versions = fs::read_dir("/usr/lib/postgresql").ok().filter(|_| is_wrapped);
    let real = versions.into_iter().flatten().flatten().map(|entry| entry.path().join("bin/psql"));
    real.filter(|path| path.is_file()).max().unwrap_or(psql)
}

fn find(name: &str, variable: &str, install: &str) -> Outcome<PathBuf> {
    let variable = format!("WHIMBREL_BENCH_{variable}");
    if let Some(given) = env::var_os(&variable) {
        return Ok(given.into());
    }
    let path = env::var_os("PATH").unwrap_or_default();
    let found = env::split_paths(&path).map(|folder| folder.join(name)).find(|at| at.is_file());
    found.ok_or_else(|| {
        format!("there is no `{name}` on the PATH\nhint: {install}\nhint: or set {variable}").into()
    })
}
