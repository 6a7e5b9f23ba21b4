//! Ctrl-C, once and twice, and the other signals that end a run.

use std::process::{Child, Command, Stdio};
use std::time::Duration;

use crate::kit::{Project, Said, texts};

/// A project whose second migration takes a minute.
async fn slow() -> Project {
    let project = Project::new(&[
        ("migrations/001_create_users.sql", "create table users (id int primary key);\n"),
        ("migrations/002_wait.sql", "insert into users values (1);\nselect pg_sleep(60);\n"),
    ]);
    project.with_database().await
}

/// Starts `up` and waits until the slow statement runs.
async fn start(project: &Project) -> Child {
    running(project, project.command(&["up", "--yes", "--no-rehearsal"])).await
}

/// Starts a command and waits until the slow statement runs.
async fn running(project: &Project, mut command: Command) -> Child {
    let child = command.spawn().unwrap();
    until_somebody_waits_for(project, "PgSleep").await;
    child
}

/// Looks until a statement in the project's database waits for this.
async fn until_somebody_waits_for(project: &Project, what: &str) {
    let waiting = format!(
        "select count(*) from pg_stat_activity \
         where wait_event = '{what}' and datname = current_database()"
    );
    while project.sql(&waiting).await.as_deref() != Some("1") {
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn signal(child: &Child, name: &str) {
    // The shell's own: a minimal system has no such program.
    let kill = format!("kill -s {name} {}", child.id());
    let status = Command::new("sh").args(["-c", &kill]).status().unwrap();
    assert!(status.success());
}

async fn check(project: &Project, child: Child, code: i32) {
    let said = Said::new(child.wait_with_output().unwrap());
    assert_eq!(said.code, code, "{}", said.whole());
    assert_eq!(project.sql("select count(*) from users").await.as_deref(), Some("0"));
    let report = project.done("status --json").json();
    let states = texts(&report["migrations"], "state");
    assert_eq!(states[0], "applied", "{report}");
    assert_ne!(states[1], "applied", "{report}");
    project.write("migrations/002_wait.sql", "insert into users values (1);\n");
    project.done("up --yes --no-rehearsal");
    assert_eq!(project.sql("select count(*) from users").await.as_deref(), Some("1"));
}

#[tokio::test]
async fn once_ends_cleanly_and_says_where_things_stand() {
    let project = slow().await;
    let child = start(&project).await;
    signal(&child, "INT");
    check(&project, child, 130).await;
}

#[tokio::test]
async fn a_migration_in_steps_is_said_to_be_half_applied() {
    let project = Project::new(&[(
        "migrations/001_steps.sql",
        "create table users (n int);\nvacuum users;\ninsert into users select 1 from pg_sleep(60);\n",
    )]);
    let project = project.with_database().await;
    let child = start(&project).await;
    signal(&child, "INT");
    let said = Said::new(child.wait_with_output().unwrap());
    assert_eq!(said.code, 130, "{}", said.whole());
    assert!(said.out.contains("001_steps  half applied"), "{}", said.whole());
    let next = "of `001_steps` 2 of 3 steps: run it again to go on with `insert into users";
    assert!(said.err.contains(next), "{}", said.whole());
    let report = project.done("status --json").json();
    let note = report["migrations"][0]["note"].as_str().unwrap_or_default();
    assert!(note.starts_with("2 of 3 steps are done; next: `insert"), "{report}");
}

#[tokio::test]
async fn twice_ends_at_once() {
    let project = slow().await;
    let child = start(&project).await;
    signal(&child, "INT");
    signal(&child, "INT");
    check(&project, child, 130).await;
}

#[tokio::test]
async fn a_termination_signal_is_told_apart() {
    let project = slow().await;
    let child = start(&project).await;
    signal(&child, "TERM");
    check(&project, child, 143).await;
}

#[tokio::test]
async fn what_may_still_go_on_in_the_server_is_not_called_not_run() {
    let project = Project::new(&[(
        "migrations/001_wait.sql",
        "set lock_timeout = 0;\ncreate table waited ();\ndo $$ begin perform pg_sleep(600);\n\
         exception when query_canceled then loop begin perform pg_advisory_lock(7); exit;\n\
         exception when query_canceled then null; end; end loop; end $$;\n",
    )]);
    let project = project.with_database().await;
    let mut holder = project.session().await;
    holder.simple("select pg_advisory_lock(7)").await.unwrap();
    let child = project.command(&["up", "--yes", "--no-rehearsal", "--json"]).spawn().unwrap();
    until_somebody_waits_for(&project, "PgSleep").await;
    signal(&child, "INT");
    until_somebody_waits_for(&project, "advisory").await;
    signal(&child, "INT");
    let said = Said::new(child.wait_with_output().unwrap());
    assert_eq!(said.code, 130, "{}", said.whole());
    assert_eq!(said.json()["migrations"][0]["result"], "unknown", "{}", said.whole());
    holder.close().await;
    let next = project.done("up --yes --no-rehearsal").whole();
    assert!(project.sql("select from waited").await.is_none(), "{next}");
    project.done("status --check");
}

#[tokio::test]
async fn a_rehearsal_is_interrupted_too() {
    let project = Project::new(&[]).with_database().await;
    // Its own database's name tells its statement from those of other tests on this server.
    let name = project.sql("select current_database()").await.unwrap();
    project.write("migrations/001_wait.sql", &format!("select pg_sleep(600) as \"{name}\";\n"));
    let url = project.url();
    let child = project.command(&["up", "--yes", "--shadow-url", &url]).spawn().unwrap();
    let sleeping = "select count(*) from pg_stat_activity where wait_event = 'PgSleep' \
        and datname <> current_database() and query like '%' || current_database() || '%'";
    while project.sql(sleeping).await.as_deref() != Some("1") {
        std::thread::sleep(Duration::from_millis(20));
    }
    signal(&child, "INT");
    let said = Said::new(child.wait_with_output().unwrap());
    assert_eq!(said.code, 130, "{}", said.whole());
    assert_eq!(project.sql(sleeping).await.as_deref(), Some("0"));
}

#[tokio::test]
async fn the_command_that_follows_hears_signals_itself() {
    let project = Project::new(&[("migrations/001_a.sql", "select 1;")]).with_database().await;
    let server = "trap 'exit 9' TERM; touch ready; while :; do sleep 0.05; done";
    let up = ["up", "--yes", "--no-rehearsal", "--then", "sh", "-c", server];
    let mut child = project.command(&up).spawn().unwrap();
    while !project.path().join("ready").exists() {
        assert!(child.try_wait().unwrap().is_none(), "it ended before its command began");
        std::thread::sleep(Duration::from_millis(20));
    }
    signal(&child, "TERM");
    assert_eq!(child.wait().unwrap().code(), Some(9));
}

#[tokio::test]
async fn a_terminal_that_goes_away_ends_a_run_cleanly() {
    let project = slow().await;
    let child = start(&project).await;
    signal(&child, "HUP");
    check(&project, child, 129).await;
}

#[tokio::test]
async fn what_nohup_started_goes_on_without_its_terminal() {
    let project = slow().await;
    let whimbrel = env!("CARGO_BIN_EXE_whimbrel");
    let started = format!("trap '' HUP; exec {whimbrel} up --yes --no-rehearsal");
    let given = project.command(&[]);
    let mut nohup = Command::new("sh");
    nohup.args(["-c", &started]).current_dir(project.path()).env_clear();
    nohup.envs(given.get_envs().filter_map(|(name, value)| Some((name, value?))));
    nohup.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let child = running(&project, nohup).await;
    signal(&child, "HUP");
    signal(&child, "INT");
    check(&project, child, 130).await;
}
