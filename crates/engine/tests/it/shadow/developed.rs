//! A project's development database stays.

use std::fs;
use std::os::unix::process::CommandExt as _;
use std::process::{Command, Stdio};

use camino::Utf8PathBuf;
use rustix::process::Signal;
use whimbrel_engine::shadow::{
    Clean, KeepKind, Server, Shadow, ShadowError, Template, clean, list,
};

use super::sandbox::{Client, Sandbox, Silence, eventually, is_root, kill, processes_of, value};

fn project(sandbox: &Sandbox) -> Utf8PathBuf {
    sandbox.folder().join("my project")
}

async fn develop(sandbox: &Sandbox) -> Result<Server, ShadowError> {
    Shadow::develop(&sandbox.options(), 17, &project(sandbox), &mut Silence).await
}

/// A database with a table in it, whose server has stopped.
async fn stopped(sandbox: &Sandbox) -> Utf8PathBuf {
    let server = develop(sandbox).await.unwrap();
    let target = server.create_database("app", Template::Empty).await.unwrap();
    value(&target, "create table kept (id int); insert into kept values (7); select ''").await;
    let folder = server.folder().unwrap().to_owned();
    server.stop().await;
    assert!(eventually(|| processes_of(&sandbox.cache()).is_empty()), "the server goes on");
    folder
}

async fn assert_kept(sandbox: &Sandbox) {
    let server = develop(sandbox).await.unwrap();
    assert_eq!(value(&server.target("app"), "select id from kept").await, "7");
    server.stop().await;
    assert!(eventually(|| processes_of(&sandbox.cache()).is_empty()), "the server goes on");
}

#[tokio::test]
async fn rows_are_there_again_after_a_stop() {
    let sandbox = Sandbox::in_memory();
    stopped(&sandbox).await;
    assert_kept(&sandbox).await;
}

#[tokio::test]
async fn rows_survive_the_death_of_everybody() {
    let sandbox = Sandbox::in_memory();
    let project = project(&sandbox);
    let mut client =
        Client::start(sandbox.command(&[], &["shadow", "17", "develop", project.as_str()]));
    let ready = client.ready();
    let server = develop(&sandbox).await.unwrap();
    assert_eq!(u64::from(server.pid().unwrap()), ready["pid"].as_u64().unwrap());
    let target = server.create_database("app", Template::Empty).await.unwrap();
    value(&target, "create table kept (id int); insert into kept values (7); select ''").await;
    let postmaster = ready["pid"].as_i64().unwrap();
    let guard = client.guard();
    kill(guard, Signal::STOP);
    kill(i32::try_from(postmaster).unwrap(), Signal::KILL);
    kill(guard, Signal::KILL);
    client.kill();
    drop(server);
    assert_kept(&sandbox).await;
}

#[tokio::test]
async fn users_share_a_server_until_the_last_leaves() {
    let sandbox = Sandbox::in_memory();
    let first = develop(&sandbox).await.unwrap();
    let second = develop(&sandbox).await.unwrap();
    assert_eq!(first.pid(), second.pid());
    first.stop().await;
    std::thread::sleep(std::time::Duration::from_millis(400));
    assert_eq!(value(&second.master(), "select 1").await, "1");
    second.stop().await;
    assert!(eventually(|| processes_of(&sandbox.cache()).is_empty()), "the server goes on");
}

#[tokio::test]
async fn several_that_come_at_once_get_one_server() {
    let sandbox = Sandbox::in_memory();
    let (one, two, three) = tokio::join!(develop(&sandbox), develop(&sandbox), develop(&sandbox));
    let servers = [one.unwrap(), two.unwrap(), three.unwrap()];
    let pids: Vec<Option<u32>> = servers.iter().map(Server::pid).collect();
    assert!(pids[0].is_some() && pids.iter().all(|pid| *pid == pids[0]), "{pids:?}");
    drop(servers);
    assert!(eventually(|| processes_of(&sandbox.cache()).is_empty()), "the server goes on");
}

#[tokio::test]
async fn a_server_whose_folder_was_removed_ends() {
    let sandbox = Sandbox::in_memory();
    let server = develop(&sandbox).await.unwrap();
    // Its server may be writing there, hence more than one try.
    let folder = server.folder().unwrap();
    assert!(eventually(|| fs::remove_dir_all(folder).is_ok() || !folder.exists()));
    assert!(eventually(|| processes_of(&sandbox.cache()).is_empty()), "the server goes on");
}

#[tokio::test]
async fn a_stale_socket_is_in_nobodys_way() {
    let sandbox = Sandbox::in_memory();
    let folder = stopped(&sandbox).await;
    fs::create_dir_all(folder.join("s")).unwrap();
    fs::write(folder.join("s/.s.PGSQL.5432"), "").unwrap();
    let ourselves = std::process::id();
    fs::write(folder.join("s/.s.PGSQL.5432.lock"), format!("{ourselves}\n")).unwrap();
    assert_kept(&sandbox).await;
}

#[tokio::test]
async fn a_postmaster_pid_of_another_process_is_in_nobodys_way() {
    if !is_root("running a process as the server's user") {
        return;
    }
    let sandbox = Sandbox::in_memory();
    let folder = stopped(&sandbox).await;
    // Postgres itself would refuse to start beside a living process of its own user.
    let mut other = Command::new("sleep").arg("600").uid(65534).spawn().unwrap();
    let text = format!("{}\n{folder}/d\n0\n5432\n\n\n", other.id());
    fs::write(folder.join("d/postmaster.pid"), text).unwrap();
    assert_kept(&sandbox).await;
    other.kill().unwrap();
    other.wait().unwrap();
}

#[tokio::test]
async fn a_server_that_somebody_else_runs_on_the_data_is_left_alone() {
    if !is_root("running a server as the data's owner") {
        return;
    }
    let sandbox = Sandbox::in_memory();
    let folder = stopped(&sandbox).await;
    let data = folder.join("d");
    let programs = list(&sandbox.options().environment)
        .into_iter()
        .find(|keep| {
            let name = keep.path.file_name().unwrap_or_default();
            keep.kind == KeepKind::Programs && name.starts_with("17.")
        })
        .unwrap();
    let owner = std::os::unix::fs::MetadataExt::uid(&fs::metadata(&data).unwrap());
    let mut foreign = Command::new(programs.path.join("native/bin/postgres"))
        .args(["-D", data.as_str(), "-k", data.as_str(), "-c", "listen_addresses="])
        .uid(owner)
        .current_dir("/")
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    assert!(eventually(|| data.join(".s.PGSQL.5432").exists()));
    let refused = develop(&sandbox).await.unwrap_err();
    assert_eq!(
        refused,
        ShadowError::InUse { folder: data, pid: foreign.id() },
        "hints: {:?}",
        refused.hints()
    );
    assert!(foreign.try_wait().unwrap().is_none(), "it was ended");
    kill(i32::try_from(foreign.id()).unwrap(), Signal::INT);
    foreign.wait().unwrap();
    assert_kept(&sandbox).await;
}

#[tokio::test]
async fn cleaning_leaves_development_databases_and_what_is_in_use() {
    let sandbox = Sandbox::in_memory_without_servers();
    // Its own programs, so that they can be removed.
    let script = format!(
        "mkdir {cache}/dist && cp -a {dist}/17.*[^k] {cache}/dist",
        dist = whimbrel_testkit::bring(17).join("dist"),
        cache = sandbox.cache(),
    );
    assert!(Command::new("sh").args(["-c", &script]).status().unwrap().success());
    stopped(&sandbox).await;
    let environment = sandbox.options().environment;
    let kinds = || {
        let ours = list(&environment).into_iter().filter(|keep| {
            // Servers of other tests run elsewhere.
            keep.kind != KeepKind::Run || keep.path.starts_with(sandbox.base())
        });
        let mut kinds: Vec<KeepKind> = ours.map(|keep| keep.kind).collect();
        kinds.dedup();
        kinds
    };

    let server = Shadow::start(&sandbox.options(), 17, &mut Silence).await.unwrap();
    clean(&environment, &Clean::Cache).unwrap();
    let left: Vec<KeepKind> = kinds();
    assert_eq!(left, [KeepKind::Programs, KeepKind::Development, KeepKind::Run]);
    assert_eq!(value(&server.master(), "select 1").await, "1");
    server.stop().await;

    clean(&environment, &Clean::Cache).unwrap();
    assert_eq!(kinds(), [KeepKind::Development]);
    clean(&environment, &Clean::Development(project(&sandbox))).unwrap();
    assert_eq!(kinds(), []);
}
