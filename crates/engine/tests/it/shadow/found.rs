//! Servers that are installed come before those that are brought.

use std::fs;
use std::os::unix::fs::symlink;

use camino::{Utf8Path, Utf8PathBuf};
use serde_json::Value;

use super::sandbox::{Sandbox, outcome};

/// The programs of a portable server, which serve as well as any that somebody installed.
fn programs(major: u16) -> Utf8PathBuf {
    let dist = whimbrel_testkit::bring(major).join("dist");
    let prefix = format!("{major}.");
    dist.read_dir_utf8()
        .unwrap()
        .map(|entry| entry.unwrap().into_path())
        .find(|path| path.is_dir() && path.file_name().unwrap().starts_with(&prefix))
        .unwrap()
        .join("native/bin")
}

/// Starts a shadow of 17 where servers on the PATH may be used.
fn started(sandbox: &Sandbox, path: &Utf8Path) -> Value {
    let mut command = sandbox.command(&[], &["shadow", "17"]);
    command.env("WHIMBREL_SHADOW_INSTALLED", "1").env("PATH", path);
    outcome(command)
}

#[test]
fn an_installed_server_serves_with_an_empty_cache_and_no_npm() {
    let sandbox = Sandbox::without_servers();
    let bin = programs(17);
    let ready = started(&sandbox, &bin);
    let described = ready["ready"]["described"].as_str().unwrap_or_default();
    assert_eq!(described, format!("installed server 17.10 (`{bin}`)"), "{ready:#}");
    sandbox.assert_clean();
}

#[test]
fn a_link_on_the_path_is_followed_to_the_server() {
    let sandbox = Sandbox::without_servers();
    let links = sandbox.folder().join("links");
    fs::create_dir(&links).unwrap();
    symlink(programs(17).join("postgres"), links.join("postgres")).unwrap();
    let ready = started(&sandbox, &links);
    assert!(ready["ready"]["described"].as_str().unwrap().starts_with("installed"), "{ready:#}");
}

#[test]
fn an_installed_server_of_another_major_is_passed_over() {
    let sandbox = Sandbox::new();
    let ready = started(&sandbox, &programs(16));
    assert_eq!(ready["ready"]["described"], "portable server 17.10", "{ready:#}");
}

#[test]
fn an_installed_server_that_does_not_run_is_passed_over() {
    let sandbox = Sandbox::new();
    let broken = sandbox.folder().join("broken");
    fs::create_dir(&broken).unwrap();
    for program in ["postgres", "initdb"] {
        fs::write(broken.join(program), "no program").unwrap();
    }
    let ready = started(&sandbox, &broken);
    assert_eq!(ready["ready"]["described"], "portable server 17.10", "{ready:#}");
}

#[test]
fn a_major_that_nobody_knows_is_named() {
    let sandbox = Sandbox::new();
    let failed = sandbox.run(&["shadow", "9"]);
    assert_eq!(failed["message"], "the shadow knows Postgres 14 to 18, not 9");
}
