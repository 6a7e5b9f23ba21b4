//! However it ends, nothing is left.

use std::time::Duration;

use rustix::process::Signal;

use super::sandbox::{Client, Sandbox, children, eventually, kill, processes_of};

#[test]
fn a_stopped_client_leaves_nothing() {
    let sandbox = Sandbox::new();
    let mut client = sandbox.server();
    client.stop();
    assert_eq!(sandbox.remains(), Vec::<String>::new());
}

#[test]
fn a_killed_client_leaves_nothing() {
    let sandbox = Sandbox::new();
    let mut client = Client::start(sandbox.command(&[], &["shadow", "17"]));
    client.ready();
    assert_eq!(sandbox.shared_memory().len(), 1);
    client.kill();
    sandbox.assert_clean();
}

#[test]
fn a_killed_guard_takes_the_server_along_and_the_next_start_removes_the_folder() {
    let sandbox = Sandbox::new();
    let mut client = Client::start(sandbox.command(&[], &["shadow", "17"]));
    client.ready();
    kill(client.guard(), Signal::KILL);
    let is_gone = || processes_of(&sandbox.base()).is_empty();
    assert!(eventually(is_gone), "the server outlived its guard");
    client.stop();
    assert_ne!(sandbox.remains(), Vec::<String>::new(), "nobody was left to remove the folder");
    sandbox.run(&["shadow", "17"]);
    sandbox.assert_clean();
}

#[test]
fn a_killed_guard_and_a_killed_server_leave_no_segment_after_the_next_start() {
    let sandbox = Sandbox::new();
    let mut client = Client::start(sandbox.command(&[], &["shadow", "17"]));
    let server = client.ready()["pid"].as_i64().unwrap();
    // In one breath, so that the server cannot clear up after itself.
    kill(client.guard(), Signal::STOP);
    kill(i32::try_from(server).unwrap(), Signal::KILL);
    kill(client.guard(), Signal::KILL);
    client.kill();
    assert!(eventually(|| processes_of(&sandbox.base()).is_empty()));
    assert_eq!(sandbox.shared_memory().len(), 1, "a killed postmaster leaves its segment");
    sandbox.run(&["shadow", "17"]);
    sandbox.assert_clean();
}

#[test]
fn a_killed_server_is_cleared_away_when_its_client_ends() {
    let sandbox = Sandbox::new();
    let mut client = Client::start(sandbox.command(&[], &["shadow", "17"]));
    let server = client.ready()["pid"].as_i64().unwrap();
    kill(i32::try_from(server).unwrap(), Signal::KILL);
    client.stop();
    sandbox.assert_clean();
}

#[test]
fn an_interrupt_from_the_terminal_reaches_the_client_and_not_the_guard() {
    let sandbox = Sandbox::new();
    let mut client = sandbox.server();
    let guard = client.guard();
    let group = rustix::process::Pid::from_raw(client.pid()).unwrap();
    rustix::process::kill_process_group(group, Signal::INT).unwrap();
    client.stop();
    sandbox.assert_clean();
    assert!(eventually(|| !std::path::Path::new(&format!("/proc/{guard}")).exists()));
}

#[test]
fn a_client_killed_while_the_cluster_is_made_leaves_nothing_but_what_the_next_one_removes() {
    let sandbox = Sandbox::without_clusters();
    for delay in [0, 60, 150, 250, 350] {
        let mut client = Client::start(sandbox.command(&[], &["shadow", "17"]));
        client.until(|line| line["working"] == "making a fresh cluster");
        std::thread::sleep(Duration::from_millis(delay));
        client.kill();
        sandbox.assert_clean();
        std::fs::remove_dir_all(sandbox.cache().join("template")).ok();
    }
}

#[test]
fn a_guard_killed_while_the_cluster_is_made_leaves_what_the_next_start_removes() {
    let sandbox = Sandbox::without_clusters();
    for delay in [0, 100, 300] {
        let mut client = Client::start(sandbox.command(&[], &["shadow", "17"]));
        client.until(|line| line["working"] == "making a fresh cluster");
        std::thread::sleep(Duration::from_millis(delay));
        kill(client.guard(), Signal::KILL);
        client.until(|line| line.get("failed").is_some());
        assert!(eventually(|| processes_of(&sandbox.base()).is_empty()), "initdb goes on");
    }
    sandbox.run(&["shadow", "17"]);
    sandbox.assert_clean();
    let drafts = sandbox.cache().join("template").read_dir_utf8().unwrap();
    let drafts: Vec<String> = drafts
        .map(|entry| entry.unwrap().file_name().to_owned())
        .filter(|name| name.starts_with('.'))
        .collect();
    assert_eq!(drafts, Vec::<String>::new());
}

#[test]
fn a_client_killed_at_any_moment_of_a_warm_start_leaves_nothing() {
    let sandbox = Sandbox::new();
    sandbox.run(&["shadow", "17"]);
    for delay in [0, 2, 4, 6, 8, 12, 16, 20, 24, 30, 40] {
        let mut client = Client::start(sandbox.command(&[], &["shadow", "17"]));
        std::thread::sleep(Duration::from_millis(delay));
        client.kill();
    }
    sandbox.assert_clean();
}

#[test]
fn a_guard_killed_at_any_moment_of_a_warm_start_leaves_what_the_next_start_removes() {
    let sandbox = Sandbox::new();
    for delay in [0, 2, 4, 6, 10, 15, 25] {
        let mut client = Client::start(sandbox.command(&[], &["shadow", "17"]));
        let guard = || children(client.pid()).first().copied();
        assert!(eventually(|| guard().is_some()), "a client starts a guard");
        let guard = guard().unwrap();
        std::thread::sleep(Duration::from_millis(delay));
        kill(guard, Signal::KILL);
        client.stop();
    }
    assert!(eventually(|| processes_of(&sandbox.base()).is_empty()), "a server goes on");
    // Half-made folders are left alone for a minute: their maker might be at it.
    let age = std::time::SystemTime::now() - Duration::from_mins(2);
    for parent in sandbox.base().read_dir_utf8().unwrap().flatten() {
        for run in parent.path().read_dir_utf8().unwrap().flatten() {
            std::fs::File::open(run.path()).unwrap().set_modified(age).unwrap();
        }
    }
    sandbox.run(&["shadow", "17"]);
    sandbox.assert_clean();
}
