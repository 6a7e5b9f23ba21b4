//! The server: it stays, comes back, and says what is wrong.

use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use super::{Dev, POSTS, USERS, connect, eventually, is_alive, kill, parent};
use crate::kit::Said;

#[tokio::test]
async fn a_started_server_stays_with_its_rows_its_port_and_its_password() {
    let dev = Dev::new(&[USERS]);
    let started = dev.done("start");
    assert!(started.out.contains("development server started, Postgres 17"), "{}", started.whole());
    assert!(started.out.contains("1 migration applied"), "{}", started.whole());
    let url = dev.url("");
    assert!(!started.whole().contains(&password(&url)), "{}", started.whole());
    dev.value("insert into users values (7)").await;
    let again = dev.done("start");
    assert!(again.out.contains("is started already"), "{}", again.whole());

    let pid = dev.pid();
    let stopped = dev.done("stop");
    assert!(stopped.out.contains("stopped"), "{}", stopped.whole());
    assert!(!is_alive(pid));
    assert!(connect(&url).await.is_err());
    assert!(dev.done("stop").out.contains("was not running"));

    dev.done("start");
    assert_eq!(dev.url(""), url);
    assert_eq!(dev.value("select id from users").await.as_deref(), Some("7"));
}

#[tokio::test]
async fn only_the_password_lets_in_by_tcp() {
    let dev = Dev::new(&[USERS]);
    dev.done("start");
    let url = dev.url("");
    let wrong = url.replacen(&password(&url), "guessed", 1);
    let refused = connect(&wrong).await.unwrap_err();
    assert_eq!(refused.server().unwrap().code, "28P01", "{refused}");
    let folder = dev.json("status")["server"]["folder"].as_str().unwrap().to_owned();
    let mode = std::fs::metadata(Path::new(&folder).join("address")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[test]
fn what_is_not_started_has_no_url_and_starts_nothing() {
    let dev = Dev::new(&[USERS]);
    let bare = dev.run("");
    assert_eq!(bare.code, 0, "{}", bare.whole());
    assert!(bare.out.contains("is not started"), "{}", bare.whole());
    for line in ["url", "psql"] {
        let said = dev.run(line);
        assert_eq!((said.code, said.out.as_str()), (5, ""), "{}", said.whole());
        assert!(said.err.contains("whimbrel dev start"), "{}", said.whole());
    }
    assert_eq!(dev.json("status")["server"]["state"], "stopped");
}

#[test]
fn what_was_written_since_is_pending_and_up_applies_it_beside_the_started_server() {
    let dev = Dev::new(&[USERS]);
    dev.done("start");
    dev.0.write(POSTS.0, POSTS.1);
    let said = dev.done("start");
    assert!(said.out.contains("1 pending"), "{}", said.whole());
    dev.0.done("up --dev");
    let report = dev.json("status");
    assert_eq!(report["migrations"]["applied"], 2, "{report}");
    assert_eq!(report["server"]["state"], "started", "{report}");
}

#[tokio::test]
async fn a_killed_server_is_told_of_and_comes_back_with_its_rows() {
    let dev = Dev::new(&[USERS]);
    dev.done("start");
    let url = dev.url("");
    dev.value("insert into users values (7)").await;
    let pid = dev.pid();
    let guard = parent(pid);
    kill("STOP", guard);
    kill("KILL", pid);
    kill("KILL", guard);
    assert!(eventually(|| !is_alive(pid) && !is_alive(guard)));
    let status = dev.done("status");
    assert!(status.out.contains("was killed"), "{}", status.whole());
    assert_eq!(dev.run("url").code, 5);
    dev.done("start");
    assert_eq!(dev.url(""), url);
    assert_eq!(dev.value("select id from users").await.as_deref(), Some("7"));
}

#[tokio::test]
async fn a_crash_of_one_of_its_processes_does_not_end_it() {
    let dev = Dev::new(&[USERS]);
    dev.done("start");
    let mut client = dev.session("").await;
    let backend = super::value(&mut client, "select pg_backend_pid()").await.unwrap();
    let pid = dev.pid();
    kill("KILL", backend.parse().unwrap());
    drop(client);
    let url = dev.url("");
    let mut back = false;
    for _ in 0..100 {
        back = connect(&url).await.is_ok();
        if back {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    assert!(back, "nobody gets in any more");
    assert_eq!(dev.pid(), pid);
}

#[test]
fn a_port_that_is_taken_is_said_with_who_has_it_and_can_be_moved() {
    let dev = Dev::new(&[USERS]);
    dev.done("start");
    let port = dev.json("status")["server"]["port"].as_u64().unwrap();
    dev.done("stop");
    let holder = TcpListener::bind(("127.0.0.1", u16::try_from(port).unwrap())).unwrap();
    let said = dev.run("start");
    assert_eq!(said.code, 1, "{}", said.whole());
    let who = format!("port {port} of this machine is taken by ");
    assert!(said.err.contains(&who), "{}", said.whole());
    assert!(said.err.contains(&format!("(pid {})", std::process::id())), "{}", said.whole());
    assert!(said.err.contains("whimbrel dev start --port N"), "{}", said.whole());
    // Nothing of the try is left in the way of other commands.
    dev.0.done("status --dev");

    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    dev.done(&format!("start --port {free}"));
    assert!(dev.url("").contains(&format!("@127.0.0.1:{free}/app")));
    let other = dev.run("start --port 1");
    assert_eq!(other.code, 1, "{}", other.whole());
    assert!(other.err.contains(&format!("runs at port {free} already")), "{}", other.whole());
    dev.done("stop");
    drop(holder);
    dev.done("start");
    assert!(dev.url("").contains(&format!("@127.0.0.1:{free}/app")), "it moved back");
}

#[test]
fn two_projects_that_want_one_port_get_two() {
    let config = ("whimbrel.toml", "[dev]\nport = 26543\n");
    let (one, two) = (Dev::new(&[USERS, config]), Dev::new(&[USERS, config]));
    let first = one.json("start");
    assert_eq!(first["server"]["port"], 26543, "{first}");
    // It sleeps, and is to find its port free when it comes back.
    one.done("stop");
    let second = two.json("start");
    assert_ne!(second["server"]["port"], 26543, "{second}");
    let remarks = second["remarks"].to_string();
    assert!(remarks.contains("port 26543 is taken"), "{second}");
    assert_eq!(one.json("start")["server"]["port"], 26543);
}

#[test]
fn broken_data_is_told_of_and_a_hard_reset_begins_anew() {
    let dev = Dev::new(&[USERS]);
    dev.done("start");
    let url = dev.url("");
    let folder = dev.json("status")["server"]["folder"].as_str().unwrap().to_owned();
    dev.done("stop");
    std::fs::write(Path::new(&folder).join("d/global/pg_control"), "no control").unwrap();
    let said = dev.run("start");
    assert_eq!(said.code, 1, "{}", said.whole());
    assert!(said.err.contains("does not start on the data in"), "{}", said.whole());
    assert!(said.err.contains("whimbrel dev reset --hard"), "{}", said.whole());
    assert!(
        said.err.contains("pg_control") || said.err.contains("control file"),
        "{}",
        said.whole()
    );
    let status = dev.json("status");
    assert_eq!(status["server"]["state"], "stopped", "{status}");

    let reset = dev.json("reset --hard");
    assert_eq!(reset["migrations"]["applied"], 1, "{reset}");
    dev.done("start");
    assert_eq!(dev.url(""), url);
}

#[test]
fn a_folder_without_a_cluster_in_it_is_broken_too() {
    let dev = Dev::new(&[USERS]);
    dev.done("start");
    let folder = dev.json("status")["server"]["folder"].as_str().unwrap().to_owned();
    dev.done("stop");
    std::fs::remove_file(Path::new(&folder).join("d/PG_VERSION")).unwrap();
    let said = dev.run("start");
    assert_eq!(said.code, 1, "{}", said.whole());
    assert!(said.err.contains("whimbrel dev reset --hard"), "{}", said.whole());
    dev.done("reset --hard");
    dev.done("start");
}

#[test]
fn data_keeps_its_major_version_until_a_hard_reset() {
    let dev = Dev::new(&[USERS]);
    dev.done("start");
    let said = dev.run("start --major 16");
    assert_eq!(said.code, 4, "{}", said.whole());
    assert!(said.err.contains("is of Postgres 17, not 16"), "{}", said.whole());
    dev.0.write("whimbrel.toml", "[dev]\nmajor = 16\n");
    let said = dev.done("start");
    assert!(said.out.contains("the project wants 16"), "{}", said.whole());
    let reset = dev.json("reset --hard");
    assert_eq!(reset["server"]["major"], 16, "{reset}");
    assert_eq!(reset["server"]["state"], "started", "{reset}");
    assert_eq!(reset["remarks"].to_string(), "[]", "{reset}");
}

#[test]
fn several_terminals_at_once_get_one_server_and_a_whole_database() {
    let dev = Dev::new(&[USERS, POSTS]);
    let start = |line: &str| {
        let words: Vec<&str> = line.split(' ').collect();
        dev.0.command(&words).spawn().unwrap()
    };
    let lines = ["dev start", "dev start", "up --dev", "dev start", "status --dev"];
    let all: Vec<_> = lines.iter().map(|line| (line, start(line))).collect();
    for (line, child) in all {
        let said = Said::new(child.wait_with_output().unwrap());
        assert_eq!(said.code, 0, "{line}: {}", said.whole());
    }
    let lines = ["dev reset", "dev start", "dev reset", "up --dev", "dev status", "dev reset"];
    let all: Vec<_> = lines.iter().map(|line| (line, start(line))).collect();
    for (line, child) in all {
        let said = Said::new(child.wait_with_output().unwrap());
        assert_eq!(said.code, 0, "{line}: {}", said.whole());
    }
    let report = dev.json("status");
    assert_eq!(report["migrations"]["applied"], 2, "{report}");
    assert_eq!(report["migrations"]["pending"], 0, "{report}");
    let lines = ["dev stop", "dev start", "dev stop", "dev start", "dev stop"];
    let all: Vec<_> = lines.iter().map(|line| (line, start(line))).collect();
    for (line, child) in all {
        let said = Said::new(child.wait_with_output().unwrap());
        assert_eq!(said.code, 0, "{line}: {}", said.whole());
    }
    dev.done("stop");
    dev.done("start");
    assert_eq!(dev.json("status")["migrations"]["applied"], 2);
}

#[test]
fn a_start_waits_for_a_command_that_uses_the_server_for_itself() {
    let dev = Dev::new(&[USERS, ("migrations/002_slow.sql", "select pg_sleep(3);\n")]);
    let mut up = dev.0.command(&["up", "--dev"]).spawn().unwrap();
    assert!(eventually(|| dev.json("status")["server"]["state"] == "passing"));
    let said = dev.done("start --verbose");
    assert!(said.out.contains("2 migrations applied"), "{}", said.whole());
    assert!(up.wait().unwrap().success());
    assert_eq!(dev.json("status")["server"]["state"], "started");
}

#[test]
fn a_stop_waits_for_a_command_that_uses_the_server() {
    let dev = Dev::new(&[USERS]);
    dev.done("start");
    dev.0.write("migrations/002_slow.sql", "select pg_sleep(3); create table done ();\n");
    let mut up = dev.0.command(&["up", "--dev"]).spawn().unwrap();
    assert!(eventually(|| dev.json("status")["databases"][0]["connections"].as_u64() > Some(1)));
    dev.done("stop");
    assert!(up.wait().unwrap().success());
    dev.done("start");
    assert_eq!(dev.json("status")["migrations"]["applied"], 2);
}

#[test]
fn cleaning_up_leaves_a_started_server_alone_and_says_so() {
    let dev = Dev::new(&[USERS]);
    dev.done("start");
    let pid = dev.pid();
    let list = dev.0.done("shadow list --json").json();
    let folder = dev.json("status")["server"]["folder"].clone();
    let kept = list["kept"].as_array().unwrap();
    let ours = kept.iter().find(|kept| kept["path"] == folder).unwrap();
    assert_eq!(ours["in_use"], true, "{ours}");
    let said = dev.0.run("shadow clean --dev");
    assert_eq!(said.code, 4, "{}", said.whole());
    assert!(said.err.contains("whimbrel dev stop"), "{}", said.whole());
    assert!(is_alive(pid));
}

#[test]
fn a_project_without_migrations_has_a_database_too() {
    let dev = Dev::new(&[]);
    let said = dev.done("start");
    assert!(said.out.contains("database app: no migrations"), "{}", said.whole());
    dev.done("reset");
}

#[test]
fn another_database_is_none_of_its_business() {
    let dev = Dev::new(&[USERS]);
    for line in ["reset --env production", "reset --database-url postgres://a@db.example/b"] {
        let said = dev.run(line);
        assert_eq!(said.code, 2, "{}", said.whole());
    }
}

#[test]
fn psql_gets_there_with_the_password_in_its_environment() {
    let dev = Dev::new(&[USERS]);
    let script = "#!/bin/sh\necho \"$0 $* $PGHOST $PGPORT $PGUSER $PGDATABASE $PGSERVICE\"\n\
                  test -n \"$PGPASSWORD\" || exit 9\nexit 7\n";
    dev.0.write("bin/psql", script);
    let bin = dev.0.path().join("bin");
    let mode = std::fs::Permissions::from_mode(0o755);
    std::fs::set_permissions(bin.join("psql"), mode).unwrap();
    dev.done("start");
    let port = dev.json("status")["server"]["port"].as_u64().unwrap();
    let mut command = dev.0.command(&["dev", "psql", "--", "-c", "select 1"]);
    command.env("PATH", &bin).env("PGSERVICE", "elsewhere");
    let said = Said::new(command.output().unwrap());
    assert_eq!(said.code, 7, "{}", said.whole());
    let wanted = format!("psql -c select 1 127.0.0.1 {port} postgres app \n");
    assert!(said.out.ends_with(&wanted), "{}", said.whole());
    let mut command = dev.0.command(&["dev", "psql"]);
    command.env("PATH", "/nowhere");
    let said = Said::new(command.output().unwrap());
    assert_eq!(said.code, 2, "{}", said.whole());
    assert!(said.err.contains("apt install postgresql-client"), "{}", said.whole());
}

#[test]
fn the_real_psql_gets_in() {
    if !has_psql() {
        eprintln!("skipped: no psql on the PATH");
        return;
    }
    let dev = Dev::new(&[USERS]);
    dev.done("start");
    let mut command = dev.0.command(&["dev", "psql", "--", "-Atc", "select count(*) from users"]);
    command.env("PGSSLMODE", "require").env("PGHOSTADDR", "192.0.2.1");
    let said = Said::new(command.output().unwrap());
    assert_eq!((said.code, said.out.as_str()), (0, "0\n"), "{}", said.whole());
}

fn has_psql() -> bool {
    std::process::Command::new("psql").arg("--version").output().is_ok()
}

fn password(url: &str) -> String {
    url.split_once("postgres:").unwrap().1.split_once('@').unwrap().0.to_owned()
}

/// From a folder that is gone nobody can say that its server is to stop.
#[test]
fn the_server_of_a_project_that_was_moved_is_ended_from_elsewhere() {
    let dev = Dev::new(&[USERS]);
    dev.done("start");
    let pid = dev.pid();
    let elsewhere = tempfile::tempdir().unwrap();
    let path = dev.0.path().to_owned();
    std::fs::rename(&path, elsewhere.path().join("moved")).unwrap();
    // A folder of another name, made anew, has nothing to do with it.
    let other = Dev::new(&[USERS]);
    let list = other.0.done("shadow list --json").json();
    let gone = |one: &&serde_json::Value| one["is_gone"] == true;
    let kept = list["kept"].as_array().unwrap().iter().find(gone);
    assert!(kept.is_some(), "{list}");
    let removed = other.0.done("shadow clean --gone --json").json();
    let paths = removed["kept"].as_array().unwrap().iter().map(|one| one["project"].as_str());
    let real = |one: Option<&str>| {
        one.is_some_and(|one| one.ends_with(path.file_name().unwrap().to_str().unwrap()))
    };
    assert!(paths.into_iter().any(real), "{removed}");
    assert!(!is_alive(pid));
    let again = other.0.done("shadow clean --gone");
    assert!(again.out.contains("there was nothing to remove"), "{}", again.whole());
}

#[tokio::test]
async fn a_folder_that_was_moved_takes_its_server_along() {
    let dev = Dev::new(&[("shop/whimbrel.toml", ""), ("shop/migrations/001_users.sql", USERS.1)]);
    let (old, new) = (dev.0.path().join("shop"), dev.0.path().join("store"));
    let at = |folder: &Path, line: &str| {
        let words: Vec<&str> = line.split(' ').collect();
        Said::new(dev.0.command(&words).current_dir(folder).output().unwrap())
    };
    assert_eq!(at(&old, "dev start").code, 0);
    let url = at(&old, "dev url").out;
    connect(url.trim()).await.unwrap().simple("insert into users values (7)").await.unwrap();
    std::fs::rename(&old, &new).unwrap();
    let moved = at(&new, "dev start");
    assert_eq!(moved.code, 0, "{}", moved.whole());
    let real = old.to_str().unwrap();
    assert!(moved.out.contains(&format!("this folder was `{real}`")), "{}", moved.whole());
    assert_eq!(at(&new, "dev url").out, url, "port and password come along");
    let mut session = connect(url.trim()).await.unwrap();
    let answers = session.simple("select id from users").await.unwrap();
    assert_eq!(answers[0].value(), Some("7"));
    session.close().await;

    // A copy is another folder: what has its name is told, and taken over when that is said.
    let copies = dev.0.path().join("copies");
    std::fs::create_dir(&copies).unwrap();
    let copy = copies.join("store");
    let status = std::process::Command::new("cp").arg("-r").args([&new, &copy]).status().unwrap();
    assert!(status.success());
    std::fs::remove_dir_all(&new).unwrap();
    let fresh = at(&copy, "dev start");
    assert_eq!(fresh.code, 0, "{}", fresh.whole());
    let say = format!("`whimbrel dev start --from {}`", new.to_str().unwrap());
    assert!(fresh.out.contains(&say), "{}", fresh.whole());
    let own = at(&copy, &format!("dev start --from {}", new.to_str().unwrap()));
    assert_eq!(own.code, 4, "{}", own.whole());
    assert_eq!(at(&copy, "dev stop").code, 0);
    assert_eq!(at(&copy, "shadow clean --dev").code, 0);
    let there = at(&copy, &format!("dev start --from {}", copies.to_str().unwrap()));
    assert_eq!(there.code, 4, "{}", there.whole());
    let taken = at(&copy, &format!("dev start --from {}", new.to_str().unwrap()));
    assert_eq!(taken.code, 0, "{}", taken.whole());
    assert_eq!(at(&copy, "dev url").out, url);
    assert_eq!(at(&copy, "dev stop").code, 0);
    assert_eq!(at(&copy, "shadow clean --dev").code, 0);
}
