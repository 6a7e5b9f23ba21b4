//! The machine's Python in an environment of its own, with the package laid into a folder.

use std::env;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use tempfile::TempDir;
use whimbrel_engine::wire::Session;
use whimbrel_testkit::{Database, Server};

/// The crate's folder.
pub(crate) fn here() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// A project with a database, and Python scripts that work on it.
pub(crate) struct Project {
    pub(crate) folder: TempDir,
    database: Database,
}

impl Project {
    /// Migrations by their names.
    pub(crate) async fn new(migrations: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("migrations")).unwrap();
        for (name, text) in migrations {
            fs::write(folder.path().join("migrations").join(name), text).unwrap();
        }
        Self { folder, database: Server::shared(17).await.database().await }
    }

    /// An interpreter that knows the package, in the project's folder.
    pub(crate) fn python(&self) -> Command {
        let mut command = Command::new(interpreter());
        command.env("PYTHONPATH", package()).env("DATABASE_URL", self.url());
        command.env("PYTHONDONTWRITEBYTECODE", "1").current_dir(self.folder.path());
        command.stdin(Stdio::null());
        command
    }

    /// Runs a script that must end well; what it printed.
    pub(crate) fn run(&self, script: &str) -> String {
        let output = self.python().args(["-c", script]).output().unwrap();
        done(&output)
    }

    pub(crate) fn url(&self) -> String {
        self.database.target().to_string()
    }

    /// The first value that SQL gives.
    pub(crate) async fn sql(&self, sql: &str) -> Option<String> {
        let mut session = Session::connect(self.database.target(), "test").await.unwrap();
        let answers = session.simple(sql).await.unwrap();
        answers.iter().find_map(|answer| answer.value().map(str::to_owned))
    }
}

/// What a process that ended well printed.
pub(crate) fn done(output: &Output) -> String {
    let (out, err) =
        (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{}\n{out}\n{err}", output.status);
    out.into_owned()
}

/// A new environment of the machine's Python.
pub(crate) fn environment(folder: &Path) -> PathBuf {
    done(&Command::new("python3").args(["-m", "venv"]).arg(folder).output().unwrap());
    folder.join("bin/python")
}

/// The environment that tests share, with what the examples need.
fn interpreter() -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("python");
    let lock = File::create(folder.with_extension("lock")).unwrap();
    lock.lock().unwrap();
    let (python, finished) = (folder.join("bin/python"), folder.join("finished"));
    if !finished.exists() {
        fs::remove_dir_all(&folder).ok();
        environment(&folder);
        let install = ["-m", "pip", "install", "-q", "fastapi", "uvicorn"];
        done(&Command::new(&python).args(install).output().unwrap());
        File::create(finished).unwrap();
    }
    python
}

/// A folder with the package in it: its Python half, and the compiled one that cargo made.
fn package() -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("python-package");
    let lock = File::create(folder.with_extension("lock")).unwrap();
    lock.lock().unwrap();
    let package = folder.join("whimbrel");
    fs::create_dir_all(&package).unwrap();
    for entry in fs::read_dir(here().join("whimbrel")).unwrap() {
        let path = entry.unwrap().path();
        if path.is_file() {
            put(&path, &package.join(path.file_name().unwrap()));
        }
    }
    let made = env::current_exe().unwrap().with_file_name("libwhimbrel_native.so");
    put(&made, &package.join("_native.abi3.so"));
    folder
}

/// Replaces a file whole: a process may have the old one open.
fn put(from: &Path, to: &Path) {
    let new = to.with_extension("new");
    fs::copy(from, &new).unwrap();
    fs::rename(new, to).unwrap();
}
