//! Programs of other people: the one on the PATH, or else Debian's, fetched and unpacked.
//!
//! `apt-get download` needs no root and installs nothing. Where the machine has no package lists,
//! as in containers, they are fetched into the cache as well, for this alone.

use std::collections::BTreeSet;
use std::env;
use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use whimbrel_engine::shadow::Environment;

/// A program that a package has.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Packaged {
    /// What it is called.
    pub(crate) name: &'static str,
    /// The package.
    pub(crate) package: &'static str,
    /// How its packages' names begin, where it is in one that the package needs.
    pub(crate) within: Option<&'static str>,
    /// What a person does where it cannot be fetched.
    pub(crate) how: &'static str,
}

/// A program that can be started.
#[derive(Clone, Debug)]
pub(crate) struct Program {
    path: PathBuf,
    /// Where its libraries are, as far as the system does not have them.
    libraries: Option<OsString>,
}

impl Program {
    /// Finds or fetches it.
    ///
    /// # Panics
    /// Where it cannot be had; the message says how it can.
    pub(crate) fn get(wanted: &Packaged) -> Self {
        let found = on_path(wanted).map_or_else(|| fetched(wanted), Ok);
        let Packaged { name, how, .. } = wanted;
        found.unwrap_or_else(|why| panic!("{name} cannot be had: {why}\nhint: {how}"))
    }

    /// What starts it.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Has a command that starts it find its libraries.
    pub(crate) fn equip(&self, command: &mut Command) {
        if let Some(libraries) = &self.libraries {
            command.env("LD_LIBRARY_PATH", libraries);
        }
    }

    /// An unpacked program, if it is there as a whole.
    fn unpacked(name: &str, root: &Path) -> Option<Self> {
        let versions =
            fs::read_dir(root.join("usr/lib/postgresql")).into_iter().flatten().flatten();
        let folders = versions.map(|version| version.path().join("bin"));
        let mut folders = folders.chain(["usr/sbin", "usr/bin"].map(|folder| root.join(folder)));
        let path = folders.find_map(|folder| Some(folder.join(name)).filter(|path| path.is_file()));
        let folders = ["usr/lib", "lib"].into_iter().flat_map(|folder| {
            let entries = fs::read_dir(root.join(folder)).into_iter().flatten().flatten();
            entries.map(|entry| entry.path()).filter(|path| path.is_dir())
        });
        let libraries = env::join_paths(folders).ok()?;
        Some(Self { path: path?, libraries: Some(libraries) })
    }

    /// Whether it starts at all: a library may still be missing.
    fn checked(self) -> Result<Self, String> {
        let mut command = Command::new(&self.path);
        self.equip(&mut command);
        run(command.arg("--version"))?;
        Ok(self)
    }
}

/// Debian puts some where only root's PATH leads.
fn on_path(wanted: &Packaged) -> Option<Program> {
    let path = env::var_os("PATH").unwrap_or_default();
    let folders = env::split_paths(&path).chain(["/usr/sbin".into(), "/usr/local/sbin".into()]);
    let path = folders.map(|folder| folder.join(wanted.name)).find(|path| may_start(path))?;
    Some(Program { path, libraries: None })
}

fn may_start(path: &Path) -> bool {
    let metadata = fs::metadata(path);
    metadata.is_ok_and(|metadata| metadata.is_file() && metadata.permissions().mode() & 0o111 != 0)
}

/// The one in the cache, put there if it is not.
fn fetched(wanted: &Packaged) -> Result<Program, String> {
    let Packaged { name, package, .. } = wanted;
    let folder = Environment::of_process().cache().join("testkit").join(package);
    let (folder, root) = (folder.as_std_path(), folder.join("root"));
    if let Some(program) = Program::unpacked(name, root.as_std_path()) {
        return program.checked();
    }
    let failed = |doing: &str, error: &io::Error| format!("{doing} {}: {error}", folder.display());
    fs::create_dir_all(folder).map_err(|error| failed("create", &error))?;
    let lock = File::create(folder.join("lock")).map_err(|error| failed("lock", &error))?;
    lock.lock().map_err(|error| failed("lock", &error))?;
    if Program::unpacked(name, root.as_std_path()).is_none() {
        writeln!(io::stderr(), "testkit: fetching {package} with apt-get").ok();
        let new = folder.join("new");
        fs::remove_dir_all(&new).ok();
        fs::create_dir_all(&new).map_err(|error| failed("create", &error))?;
        fetch(wanted, folder, &new)?;
        fs::rename(new.join("root"), &root).map_err(|error| failed("rename", &error))?;
        fs::remove_dir_all(&new).ok();
    }
    let program = Program::unpacked(name, root.as_std_path());
    program.ok_or_else(|| format!("{root} has no program in it"))?.checked()
}

/// Downloads the package and what it needs and the machine lacks, and unpacks all of it.
fn fetch(program: &Packaged, folder: &Path, new: &Path) -> Result<(), String> {
    let apt = Apt::prepare(program.package, folder)?;
    let mut wanted = vec![program.package.to_owned()];
    let mut seen = BTreeSet::new();
    while let Some(package) = wanted.pop() {
        if seen.insert(package.clone()) {
            run(apt.command("apt-get").args(["download", &package]).current_dir(new))?;
            wanted.extend(apt.missing(&package, program.within)?);
        }
    }
    let entries = fs::read_dir(new).map_err(|error| format!("read {}: {error}", new.display()))?;
    for path in entries.flatten().map(|entry| entry.path()) {
        if path.extension().is_some_and(|extension| extension == "deb") {
            run(Command::new("dpkg-deb").arg("-x").arg(&path).arg(new.join("root")))?;
        }
    }
    Ok(())
}

/// apt with the machine's package lists, or with lists of its own.
struct Apt {
    options: Vec<String>,
}

impl Apt {
    fn prepare(package: &str, folder: &Path) -> Result<Self, String> {
        // The cache may be closed to apt's own user.
        let mut apt = Self { options: vec!["APT::Sandbox::User=root".to_owned()] };
        let known = |apt: &Self| run(apt.command("apt-cache").args(["show", package]));
        if known(&apt).is_ok() {
            return Ok(apt);
        }
        for (option, name) in
            [("Dir::State::lists", "lists/partial"), ("Dir::Cache", "cache/archives/partial")]
        {
            let path = folder.join(name);
            fs::create_dir_all(&path).map_err(|error| format!("{}: {error}", path.display()))?;
            let top = folder.join(name.split('/').next().unwrap_or_default());
            apt.options.push(format!("{option}={}", top.display()));
        }
        run(apt.command("apt-get").arg("update"))?;
        known(&apt)?;
        Ok(apt)
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.args(self.options.iter().flat_map(|option| ["-o", option]));
        command
    }

    /// What a package depends on and is not installed: libraries, and where the program itself is.
    fn missing(&self, package: &str, within: Option<&str>) -> Result<Vec<String>, String> {
        let said = run(self.command("apt-cache").args(["depends", "--important", package]))?;
        let needed = said.lines().filter_map(|line| {
            let (kind, package) = line.trim().split_once(": ")?;
            let needed = matches!(kind, "Depends" | "|Depends" | "PreDepends");
            let has_it = within.is_some_and(|within| package.starts_with(within));
            let wanted = has_it || package.starts_with("lib") && !is_installed(package);
            (needed && wanted).then(|| package.to_owned())
        });
        Ok(needed.collect())
    }
}

fn is_installed(package: &str) -> bool {
    let status = ["-W", "-f", "${db:Status-Abbrev}", package];
    run(Command::new("dpkg-query").args(status)).is_ok_and(|status| status.starts_with("ii"))
}

/// Runs a program to its end; answers with what it wrote, or why it failed.
fn run(command: &mut Command) -> Result<String, String> {
    let name = command.get_program().display().to_string();
    let output = command
        .env("LC_ALL", "C")
        .stdin(Stdio::null())
        .output()
        .map_err(|error| format!("run {name}: {error}"))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let said = String::from_utf8_lossy(&output.stderr).trim().replace('\n', "; ");
    Err(format!("{name} ended with {}: {said}", output.status))
}
