//! The program that watches over the tests' servers, built where it is missing.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::time::SystemTime;

const NAME: &str = "whimbrel-testkit-guard";

/// The path of the program, as new as this test.
///
/// `cargo test --workspace` builds it; `cargo nextest run -p …` does not, so it is built here,
/// once, by whichever test comes first.
///
/// # Panics
///
/// When it cannot be built.
pub(crate) fn guard() -> PathBuf {
    static FOUND: OnceLock<PathBuf> = OnceLock::new();
    FOUND.get_or_init(find).clone()
}

fn find() -> PathBuf {
    let test = std::env::current_exe().expect("a test knows its own path");
    let folder = profile_folder(&test);
    let program = folder.join(format!("{NAME}{}", std::env::consts::EXE_SUFFIX));
    let checked = folder.join(format!("{NAME}.checked"));
    if is_new(&program, &checked, &test) {
        return program;
    }
    let lock = File::create(folder.join(format!("{NAME}.lock"))).expect("create the build's lock");
    lock.lock().expect("take the build's lock");
    if !is_new(&program, &checked, &test) {
        build(folder);
        fs::write(&checked, "").expect("note that the guard is as new as the tests");
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

/// Whether cargo has looked at the program since it built this test.
fn is_new(program: &Path, checked: &Path, test: &Path) -> bool {
    let time = |path: &Path| -> Option<SystemTime> { path.metadata().ok()?.modified().ok() };
    let Some(test) = time(test) else { return false };
    [program, checked].into_iter().filter_map(time).any(|time| time >= test) && program.is_file()
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
