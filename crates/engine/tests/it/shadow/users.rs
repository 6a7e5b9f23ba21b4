//! Who the server runs as.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, chown};
use std::process::Command;

use camino::Utf8PathBuf;

use super::sandbox::{Client, Sandbox, is_root, outcome};

/// A copy of the program that every user may run, wherever the sources lie.
fn program_for_all(sandbox: &Sandbox) -> Utf8PathBuf {
    let path = sandbox.folder().join("client");
    // By another process: a file that this one has open for writing, and so has each child that
    // another test is just starting, cannot be run.
    let copied = Command::new("cp").arg(whimbrel_testkit::guard()).arg(&path).status();
    assert!(copied.unwrap().success());
    path
}

/// A client that runs as another user, with everything his, after the words of `before`.
fn as_user(sandbox: &Sandbox, uid: u32, before: &[&str]) -> Command {
    for folder in [sandbox.folder(), sandbox.cache(), sandbox.base()] {
        chown(folder, Some(uid), Some(uid)).unwrap();
    }
    let program = program_for_all(sandbox);
    let id = uid.to_string();
    let setpriv = ["setpriv", "--reuid", &id, "--regid", &id, "--clear-groups", "--"];
    let before = [before, &setpriv].concat();
    // The same words with the copy for the program.
    let shown = sandbox.command(&before, &["shadow", "17"]);
    let own = whimbrel_testkit::guard();
    let mut command = Command::new(shown.get_program());
    command.args(shown.get_args().map(|word| if word == own { program.as_os_str() } else { word }));
    command.current_dir(sandbox.folder()).env_clear();
    command.envs(shown.get_envs().filter_map(|(name, value)| Some((name, value?))));
    command
}

fn owner(pid: i64) -> u32 {
    fs::metadata(format!("/proc/{pid}")).unwrap().uid()
}

#[test]
fn root_runs_its_server_as_somebody_else() {
    if !is_root("being root") {
        return;
    }
    let sandbox = Sandbox::new();
    let mut client = Client::start(sandbox.command(&[], &["shadow", "17"]));
    let ready = client.ready();
    assert_ne!(owner(ready["pid"].as_i64().unwrap()), 0);
    client.stop();
    sandbox.assert_clean();
}

#[test]
fn a_normal_user_runs_it_himself() {
    if !is_root("becoming another user") {
        return;
    }
    let sandbox = Sandbox::without_clusters();
    let mut client = Client::start(as_user(&sandbox, 1, &[]));
    let ready = client.ready();
    assert_eq!(owner(ready["pid"].as_i64().unwrap()), 1);
    client.stop();
    sandbox.assert_clean();
}

#[test]
fn a_user_without_a_name_borrows_one_to_make_the_cluster() {
    if !is_root("becoming a user that has no name") {
        return;
    }
    let sandbox = Sandbox::without_clusters();
    let mut client = Client::start(as_user(&sandbox, 54321, &[]));
    let ready = client.ready();
    assert_eq!(owner(ready["pid"].as_i64().unwrap()), 54321);
    client.stop();
    sandbox.assert_clean();
}

#[test]
fn a_user_without_a_name_who_cannot_borrow_one_is_told_so() {
    if !is_root("becoming a user that has no name") {
        return;
    }
    let sandbox = Sandbox::without_clusters();
    // No program that makes namespaces: the kernels of some systems refuse them.
    let script = "mount --bind /bin/false /usr/bin/unshare\nexec \"$@\"";
    let hidden = ["unshare", "--mount", "sh", "-e", "-c", script, "sh"];
    let command = as_user(&sandbox, 54321, &hidden);
    let failed = outcome(command);
    assert_eq!(failed["failed"]["nameless_user"]["uid"], 54321, "{failed:#}");
    assert!(failed["hints"][0].as_str().unwrap().contains("/etc/passwd"));
}

#[test]
fn root_of_a_container_without_other_ids_uses_a_namespace() {
    if !is_root("making a user namespace that maps root alone") {
        return;
    }
    let sandbox = Sandbox::without_clusters();
    let alone = ["unshare", "--user", "--map-root-user"];
    let mut client = Client::start(sandbox.command(&alone, &["shadow", "17"]));
    client.ready();
    client.stop();
    sandbox.assert_clean();
}

#[test]
fn root_without_any_other_user_is_told_so() {
    if !is_root("hiding /etc/passwd") {
        return;
    }
    let sandbox = Sandbox::new();
    let passwd = sandbox.folder().join("passwd");
    fs::write(&passwd, "root:x:0:0:root:/root:/bin/sh\n").unwrap();
    let script = format!("mount --bind {passwd} /etc/passwd\nexec \"$@\"");
    let hidden = ["unshare", "--mount", "sh", "-e", "-c", &script, "sh"];
    let failed = outcome(sandbox.command(&hidden, &["shadow", "17"]));
    assert!(failed["failed"].get("no_unprivileged_user").is_some(), "{failed:#}");
    assert!(failed["hints"][1].as_str().unwrap().contains("--shadow-url"));
}

#[test]
fn a_cache_that_the_servers_user_cannot_enter_is_named() {
    if !is_root("running as somebody else than the cache's owner") {
        return;
    }
    let sandbox = Sandbox::without_servers();
    let closed = sandbox.folder().join("closed");
    fs::create_dir(&closed).unwrap();
    let dist = whimbrel_testkit::bring(17).join("dist");
    let package = fs::read_dir(dist)
        .unwrap()
        .map(|entry| entry.unwrap())
        .find(|entry| {
            entry.file_name().to_str().unwrap().starts_with("17.") && entry.path().is_dir()
        })
        .unwrap();
    let copied = closed.join("dist").join(package.file_name().to_str().unwrap());
    fs::create_dir_all(copied.parent().unwrap()).unwrap();
    assert!(
        Command::new("cp").arg("-a").arg(package.path()).arg(&copied).status().unwrap().success()
    );
    fs::set_permissions(&closed, std::os::unix::fs::PermissionsExt::from_mode(0o700)).unwrap();
    let mut command = sandbox.command(&[], &["shadow", "17"]);
    command.env("WHIMBREL_CACHE_DIR", closed.as_str());
    let failed = outcome(command);
    assert_eq!(failed["failed"]["not_readable"]["folder"], closed.as_str(), "{failed:#}");
}
