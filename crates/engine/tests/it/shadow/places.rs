//! Where data goes, and what is said where it cannot go.

use std::fs;

use super::sandbox::{Client, Sandbox, is_root, outcome};

/// Runs the rest of the words in a mount namespace of its own, after some mounts.
fn mounted(mounts: &str) -> Vec<String> {
    ["unshare", "--mount", "sh", "-e", "-c"]
        .into_iter()
        .map(str::to_owned)
        .chain([format!("{mounts}\nexec \"$@\""), "sh".into()])
        .collect()
}

fn words(words: &[String]) -> Vec<&str> {
    words.iter().map(String::as_str).collect()
}

#[test]
fn two_at_once_on_an_empty_cache_make_one_cluster_and_both_run() {
    let sandbox = Sandbox::without_clusters();
    let start = || Client::start(sandbox.command(&[], &["shadow", "17"]));
    let mut clients = [start(), start(), start()];
    for client in &mut clients {
        client.ready();
    }
    let made = |client: &&Client| {
        client.seen().iter().any(|line| line["working"] == "making a fresh cluster")
    };
    assert_eq!(clients.iter().filter(made).count(), 1);
    for client in &mut clients {
        client.stop();
    }
    sandbox.assert_clean();
}

#[test]
fn a_path_with_blanks_and_letters_of_all_kinds_serves() {
    let sandbox = Sandbox::new();
    let base = sandbox.base().join("mit Leerzeichen, ä und 日本");
    fs::create_dir(&base).unwrap();
    let mut command = sandbox.command(&[], &["shadow", "17"]);
    command.env_remove("WHIMBREL_SHADOW_DIR").env("WHIMBREL_SHADOW_DIR", base.as_str());
    let mut client = Client::start(command);
    let ready = client.ready();
    assert!(ready["folder"].as_str().unwrap().starts_with(base.as_str()));
    client.stop();
    assert_eq!(fs::read_dir(&base).unwrap().count(), 0);
}

#[test]
fn a_path_too_long_for_a_socket_puts_only_the_socket_elsewhere() {
    let sandbox = Sandbox::new();
    let base = sandbox.base().join("x".repeat(120));
    fs::create_dir(&base).unwrap();
    let mut command = sandbox.command(&[], &["shadow", "17"]);
    command.env("WHIMBREL_SHADOW_DIR", base.as_str());
    let mut client = Client::start(command);
    let ready = client.ready();
    assert!(ready["folder"].as_str().unwrap().starts_with(base.as_str()));
    let socket = ready["socket"].as_str().unwrap();
    assert!(socket.contains("\"/tmp/whimbrel-"), "{socket}");
    let folder = socket.split('"').nth(1).unwrap().to_owned();
    client.stop();
    assert_eq!(fs::read_dir(&base).unwrap().count(), 0);
    assert!(!fs::exists(folder).unwrap());
}

#[test]
fn a_small_dev_shm_is_passed_over() {
    if !is_root("mounting a small /dev/shm") {
        return;
    }
    let sandbox = Sandbox::new();
    let mounted = mounted("mount -t tmpfs -o size=64m none /dev/shm");
    let mut command = sandbox.command(&words(&mounted), &["shadow", "17"]);
    let tmp = sandbox.folder().join("tmp");
    fs::create_dir(&tmp).unwrap();
    command.env_remove("WHIMBREL_SHADOW_DIR").env("TMPDIR", tmp.as_str());
    let mut client = Client::start(command);
    let ready = client.ready();
    assert!(ready["folder"].as_str().unwrap().starts_with(tmp.as_str()), "{ready}");
    client.stop();
    assert_eq!(fs::read_dir(&tmp).unwrap().count(), 0);
}

#[test]
fn a_full_disk_is_named() {
    if !is_root("mounting a small file system") {
        return;
    }
    let sandbox = Sandbox::new();
    sandbox.run(&["shadow", "17"]);
    let mounted = mounted(&format!("mount -t tmpfs -o size=10m none {}", sandbox.base()));
    let failed = outcome(sandbox.command(&words(&mounted), &["shadow", "17"]));
    let folder = failed["failed"]["disk_full"]["folder"].as_str().unwrap_or_default();
    assert!(folder.starts_with(sandbox.base().as_str()), "{failed:#}");
    assert!(failed["hints"][1].as_str().unwrap().contains("TMPDIR"));
}

#[test]
fn a_disk_that_fills_while_the_cluster_is_made_is_named() {
    if !is_root("mounting a small file system") {
        return;
    }
    let sandbox = Sandbox::without_clusters();
    let mounted = mounted(&format!("mount -t tmpfs -o size=10m none {}", sandbox.base()));
    let failed = outcome(sandbox.command(&words(&mounted), &["shadow", "17"]));
    assert!(failed["failed"].get("disk_full").is_some(), "{failed:#}");
}

#[test]
fn a_read_only_cache_with_a_server_serves_without_keeping_anything() {
    if !is_root("mounting read-only") {
        return;
    }
    let sandbox = Sandbox::without_clusters();
    let cache = sandbox.cache();
    let mounted =
        mounted(&format!("mount --bind {cache} {cache}\nmount -o remount,bind,ro {cache}"));
    let mut client = Client::start(sandbox.command(&words(&mounted), &["shadow", "17"]));
    client.ready();
    client.stop();
    sandbox.assert_clean();
    assert!(!cache.join("template").exists());
}

#[test]
fn a_read_only_cache_without_a_server_is_named() {
    if !is_root("mounting read-only") {
        return;
    }
    let sandbox = Sandbox::without_servers();
    let cache = sandbox.cache();
    let mounted =
        mounted(&format!("mount --bind {cache} {cache}\nmount -o remount,bind,ro {cache}"));
    let failed = outcome(sandbox.command(&words(&mounted), &["shadow", "17"]));
    assert_eq!(failed["failed"]["cache_not_writable"]["cache"], cache.as_str(), "{failed:#}");
    assert!(failed["hints"][0].as_str().unwrap().contains("WHIMBREL_CACHE_DIR"));
}

#[test]
fn a_server_that_dies_at_its_start_shows_its_log() {
    let sandbox = Sandbox::new();
    sandbox.run(&["shadow", "17"]);
    let mut command = sandbox.command(&[], &["shadow", "17"]);
    command.env("TEST_SETTINGS", "shared_buffers=plenty");
    let failed = outcome(command);
    let log = failed["failed"]["died"]["log"].as_str().unwrap_or_default();
    assert!(log.contains("shared_buffers") && log.contains("plenty"), "{failed:#}");
    sandbox.assert_clean();
}

#[test]
fn a_cached_cluster_that_a_power_failure_cut_short_is_made_anew() {
    let sandbox = Sandbox::without_clusters();
    sandbox.run(&["shadow", "17"]);
    let templates = sandbox.cache().join("template").read_dir_utf8().unwrap();
    let template = templates.map(|entry| entry.unwrap().into_path()).find(|path| path.is_dir());
    fs::write(template.unwrap().join("d/global/pg_control"), "").unwrap();
    let mut client = Client::start(sandbox.command(&[], &["shadow", "17"]));
    client.ready();
    assert!(client.seen().iter().any(|line| line["working"] == "making a fresh cluster"));
    client.stop();
    let mut client = Client::start(sandbox.command(&[], &["shadow", "17"]));
    client.ready();
    assert_eq!(client.seen().len(), 1, "the second copy is of a whole one");
    client.stop();
    sandbox.assert_clean();
}

#[test]
fn a_postmaster_pid_in_a_cached_cluster_is_not_copied() {
    let sandbox = Sandbox::without_clusters();
    sandbox.run(&["shadow", "17"]);
    let templates = sandbox.cache().join("template").read_dir_utf8().unwrap();
    let template = templates.map(|entry| entry.unwrap().into_path()).find(|path| path.is_dir());
    let data = template.unwrap().join("d");
    fs::write(data.join("postmaster.pid"), format!("1\n{data}\n0\n5432\n\n\n")).unwrap();
    let ready = sandbox.run(&["shadow", "17"]);
    assert!(ready.get("ready").is_some(), "{ready:#}");
    sandbox.assert_clean();
}

#[test]
fn no_place_at_all_names_each_that_was_tried() {
    let sandbox = Sandbox::new();
    let mut command = sandbox.command(&[], &["shadow", "17"]);
    command.env("WHIMBREL_SHADOW_DIR", "/nowhere/at/all");
    let failed = outcome(command);
    let tried = failed["failed"]["no_place"]["tried"][0].as_str().unwrap_or_default();
    assert!(tried.contains("/nowhere/at/all"), "{failed:#}");
}
