//! The program that watches over the tests' servers, built where it is missing.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::time::{SystemTime, UNIX_EPOCH};

const NAME: &str = "whimbrel-testkit-guard";

/// The path of the program, as new as its sources.
///
/// `cargo test --workspace` builds it; `cargo test -p …` of another crate does not, so it is built
/// here, once, by whichever test comes first.
///
/// # Panics
///
/// When it cannot be built.
pub(crate) fn guard() -> PathBuf {
    static FOUND: OnceLock<PathBuf> = OnceLock::new();
    FOUND.get_or_init(find).clone()
}

/// The crates that the program is made of.
const SOURCES: [&str; 5] = ["engine", "history", "catalog", "sql", "testkit"];

fn find() -> PathBuf {
    let test = std::env::current_exe().expect("a test knows its own path");
    let folder = profile_folder(&test);
    let program = folder.join(format!("{NAME}{}", std::env::consts::EXE_SUFFIX));
    let checked = folder.join(format!("{NAME}.checked"));
    if is_new(&program, &checked) {
        return program;
    }
    let lock = File::create(folder.join(format!("{NAME}.lock"))).expect("create the build's lock");
    lock.lock().expect("take the build's lock");
    if !is_new(&program, &checked) {
        build(folder);
        fs::write(&checked, "").expect("note that the guard is as new as its sources");
    }
    program
}

/// `target/debug` of `target/debug/deps/it-0123`.
fn profile_folder(test: &Path) -> &Path {
    test.ancestors()
        .find(|folder| folder.file_name().is_some_and(|name| name == "deps"))
        .and_then(Path::parent)
        .or(test.parent())
        .expect("a test lies in a folder")
}

/// Whether the program was built, or cargo found that it need not be, after the last change.
fn is_new(program: &Path, checked: &Path) -> bool {
    let crates = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."));
    let changed = SOURCES.iter().map(|name| last_change(&crates.join(name).join("src"))).max();
    let looked_at = [program, checked].into_iter().filter_map(modified).max();
    program.is_file() && looked_at >= changed
}

fn modified(path: &Path) -> Option<SystemTime> {
    path.metadata().ok()?.modified().ok()
}

fn last_change(folder: &Path) -> SystemTime {
    let entries = fs::read_dir(folder).expect("the crates' sources can be read").flatten();
    entries
        .map(|entry| {
            let path = entry.path();
            if path.is_dir() { last_change(&path) } else { modified(&path).unwrap_or(UNIX_EPOCH) }
        })
        .max()
        .unwrap_or(UNIX_EPOCH)
}

fn build(folder: &Path) {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command
        .args(["build", "--quiet", "-p", "whimbrel-testkit", "--bin", NAME])
        .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
        .stdin(Stdio::null());
    if let Some(target) = folder.parent() {
        command.arg("--target-dir").arg(target);
    }
    if folder.file_name().is_some_and(|name| name == "release") {
        command.arg("--release");
    }
    let status = command.status().expect("run cargo");
    assert!(status.success(), "cargo could not build {NAME}");
}
