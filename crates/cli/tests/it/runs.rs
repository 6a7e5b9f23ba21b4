//! Runs are seen, and stopped from a second terminal.

use std::process::{Child, Command};
use std::time::Duration;

use serde_json::Value;
use whimbrel_engine::Target;
use whimbrel_engine::wire::Session;
use whimbrel_testkit::{PgBouncer, Pool, PoolMode};

use crate::kit::{Project, Said, check};

const UP: &[&str] = &["up", "--yes", "--no-rehearsal"];

/// A project whose second migration wants a table.
fn wanting(lock: &str) -> Project {
    Project::new(&[
        ("migrations/001_users.sql", "create table users (id int primary key);\n"),
        ("migrations/002_age.sql", "alter table users add age int;\n"),
        ("migrations/003_last.sql", "create table last ();\n"),
        ("whimbrel.toml", &format!("[timeouts]\nlock = \"{lock}\"\n")),
    ])
}

/// Another session that holds the table of the second migration, once the first is applied.
async fn holder(project: &Project) -> Session {
    project.done("up --yes --no-rehearsal --to 1");
    let mut holder = project.session().await;
    holder.simple("begin; lock table users; select 'holds it'").await.unwrap();
    holder
}

/// Looks until the newest run waits for a lock; answers with it.
fn hanging(project: &Project) -> Value {
    loop {
        let run = newest(project);
        if run["now"]["blocked_by"].as_array().is_some_and(|by| !by.is_empty()) {
            return run;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// The newest run.
fn newest(project: &Project) -> Value {
    project.done("runs --json").json()["runs"][0].clone()
}

fn signal(child: &Child, name: &str) {
    let kill = format!("kill -s {name} {}", child.id());
    assert!(Command::new("sh").args(["-c", &kill]).status().unwrap().success());
}

/// What became of the migrations, by their states.
fn states(project: &Project) -> Vec<String> {
    let report = project.done("status --json").json();
    let migrations = report["migrations"].as_array().unwrap();
    migrations.iter().map(|one| one["state"].as_str().unwrap().to_owned()).collect()
}

/// Waits for a run that was stopped; then nothing is half done, and the next one completes.
async fn check_stopped(project: &Project, child: Child, holder: Session) {
    let said = Said::new(child.wait_with_output().unwrap());
    assert_eq!(said.code, 130, "{}", said.whole());
    assert_eq!(states(project), ["applied", "pending", "pending"], "{}", said.whole());
    let run = newest(project);
    assert_eq!((&run["state"], &run["now"]), (&"interrupted".into(), &Value::Null), "{run}");
    holder.close().await;
    project.done("up --yes --no-rehearsal");
    assert_eq!(states(project), ["applied", "applied", "applied"]);
    assert_eq!(newest(project)["state"], "done");
}

#[tokio::test]
async fn a_hanging_run_is_seen_with_what_it_waits_for_and_stopped() {
    let project = wanting("10min").with_database().await;
    let holder = holder(&project).await;
    let child = project.command(UP).spawn().unwrap();
    let run = hanging(&project);
    let id = run["id"].as_i64().unwrap();
    assert_eq!(run["state"], "running", "{run}");
    assert_eq!(run["command"], "up --yes --no-rehearsal", "{run}");
    assert_eq!(run["user"], "tester", "{run}");
    assert_eq!(run["now"]["migration"], "002_age", "{run}");
    assert!(run["now"]["statement"].as_str().unwrap().starts_with("alter table users add age int"));
    assert_eq!(run["now"]["lock"], "AccessExclusiveLock on users", "{run}");
    let blocker = &run["now"]["blocked_by"][0];
    assert_eq!(blocker["application"], "test", "{run}");
    assert_eq!(blocker["query"], "begin; lock table users; select 'holds it'", "{run}");
    check("runs_hanging", &project.show("runs"));
    // Time for the run to notice by itself what it waits for.
    std::thread::sleep(Duration::from_secs(1));
    let stopped = project.done(&format!("runs cancel {id} --yes"));
    assert!(stopped.out.contains("is stopped"), "{}", stopped.whole());
    check_stopped(&project, child, holder).await;
    let show = project.done(&format!("runs show {id} --json")).json();
    let output = show["output"].to_string();
    assert!(output.contains("asked to stop by whimbrel runs cancel by tester@"), "{output}");
    assert!(output.contains("lock table users"), "{output}");
    check("runs_show", &project.show(&format!("runs show {id}")));
    check("runs", &project.show("runs"));
}

#[tokio::test]
async fn a_run_that_tries_again_and_again_is_stopped_and_tries_no_more() {
    let project = wanting("200ms").with_database().await;
    let holder = holder(&project).await;
    let child = project.command(UP).spawn().unwrap();
    let id = hanging(&project)["id"].as_i64().unwrap();
    std::thread::sleep(Duration::from_secs(1));
    project.done(&format!("runs cancel {id} --yes"));
    check_stopped(&project, child, holder).await;
}

#[tokio::test]
async fn a_run_whose_machine_does_not_answer_is_ended_by_force() {
    let project = wanting("10min").with_database().await;
    let holder = holder(&project).await;
    let child = project.command(UP).spawn().unwrap();
    let id = hanging(&project)["id"].as_i64().unwrap();
    signal(&child, "STOP");
    let asked = project.run(&format!("runs cancel {id} --yes"));
    assert_eq!(asked.code, 1, "{}", asked.whole());
    assert!(asked.out.contains(&format!("`whimbrel runs cancel {id} --now`")), "{}", asked.whole());
    let forced = project.done(&format!("runs cancel {id} --now --yes"));
    assert!(forced.out.contains("is stopped"), "{}", forced.whole());
    let lock = "select count(*) from pg_locks where locktype = 'advisory' \
        and database = (select oid from pg_database where datname = current_database())";
    assert_eq!(project.sql(lock).await.as_deref(), Some("0"));
    // The process comes back, and learns that it was stopped.
    signal(&child, "CONT");
    check_stopped(&project, child, holder).await;
}

#[tokio::test]
async fn a_run_that_lives_and_is_ended_by_force_does_not_begin_again() {
    let project = wanting("10min").with_database().await;
    let holder = holder(&project).await;
    let child = project.command(UP).spawn().unwrap();
    let id = hanging(&project)["id"].as_i64().unwrap();
    project.done(&format!("runs cancel {id} --now --yes"));
    check_stopped(&project, child, holder).await;
    let runs = project.done("runs --json").json();
    assert_eq!(runs["runs"].as_array().unwrap().len(), 3, "{runs}");
}

#[tokio::test]
async fn what_a_killed_run_left_in_the_server_is_seen_and_stopped() {
    let project = Project::new(&[("migrations/001_wait.sql", "select pg_sleep(600);\n")]);
    let project = project.with_database().await;
    let mut child = project.command(UP).spawn().unwrap();
    while newest_or_null(&project)["now"]["wait"] != "Timeout: PgSleep" {
        std::thread::sleep(Duration::from_millis(20));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    while newest(&project)["now"]["lock_pid"] != Value::Null {
        std::thread::sleep(Duration::from_millis(20));
    }
    let run = newest(&project);
    assert_eq!(run["state"], "running", "{run}");
    assert!(run["now"]["pid"].is_number(), "{run}");
    let stopped = project.done("runs cancel 1 --yes --json").json();
    assert_eq!(stopped["outcome"], "lost", "{stopped}");
    assert_eq!(newest(&project)["state"], "lost");
    let again = project.done("runs cancel 1 --yes --json").json();
    assert_eq!(again["outcome"], "had-ended", "{again}");
    project.write("migrations/001_wait.sql", "select 1;\n");
    project.done("up --yes --no-rehearsal");
}

/// The newest run, where there is one.
fn newest_or_null(project: &Project) -> Value {
    project.done("runs --json").json()["runs"].get(0).cloned().unwrap_or_default()
}

#[tokio::test]
async fn a_concurrent_index_build_that_waits_is_stopped_and_built_later() {
    let project = Project::new(&[
        ("migrations/001_users.sql", "create table users (id int);\n"),
        ("migrations/002_index.sql", "create index concurrently users_id on users (id);\n"),
    ]);
    let project = project.with_database().await;
    project.done("up --yes --no-rehearsal --to 1");
    let mut holder = project.session().await;
    holder.simple("begin; insert into users values (1)").await.unwrap();
    let child = project.command(UP).spawn().unwrap();
    let run = hanging(&project);
    let statement = run["now"]["statement"].as_str().unwrap();
    assert_eq!(statement, "create index concurrently users_id on users (id)", "{run}");
    project.done(&format!("runs cancel {} --yes", run["id"]));
    let said = Said::new(child.wait_with_output().unwrap());
    assert_eq!(said.code, 130, "{}", said.whole());
    holder.close().await;
    project.done("up --yes --no-rehearsal");
    let valid = "select indisvalid from pg_index where indexrelid = 'users_id'::regclass";
    assert_eq!(project.sql(valid).await.as_deref(), Some("t"));
}

#[tokio::test]
async fn behind_a_transaction_pooler_a_run_is_seen_and_stopped_too() {
    let project = wanting("10min").with_database().await;
    let holder = holder(&project).await;
    let pool = Pool::new(PoolMode::Transaction, 4);
    let pooler = PgBouncer::start(project.target(), &pool).await;
    let through = format!("--database-url {}", pooler.target());
    let up = format!("up --yes --no-rehearsal {through}");
    for how in ["", "--now"] {
        let child = project.command(&up.split(' ').collect::<Vec<_>>()).spawn().unwrap();
        let run = hanging(&project);
        assert_eq!(run["now"]["lock"], "AccessExclusiveLock on users", "{run}");
        let seen = project.done(&format!("runs --json {through}")).json();
        assert_eq!(seen["runs"][0]["now"]["migration"], "002_age", "{seen}");
        assert_eq!(seen["database"]["pooled"], true, "{seen}");
        project.done(&format!("runs cancel {} --yes {how} {through}", run["id"]));
        let said = Said::new(child.wait_with_output().unwrap());
        assert_eq!(said.code, 130, "{how} {}", said.whole());
        assert_eq!(newest(&project)["state"], "interrupted", "{how}");
    }
    holder.close().await;
    project.done("up --yes --no-rehearsal");
    assert_eq!(states(&project), ["applied", "applied", "applied"]);
}

/// What is held to ask a run to stop, as somebody may find out who reads the journal.
const WISH: &str = "select pg_advisory_lock_shared(('x' || encode(substr(sha256(convert_to( \
    'whimbrel:cancel:' || lock_key || ':' || id, 'UTF8')), 1, 8), 'hex'))::bit(64)::bigint) \
    from whimbrel_journal.runs where state = 'running'";

#[tokio::test]
async fn a_role_that_may_not_stop_a_run_is_told_what_helps_and_not_heard() {
    let project = wanting("10min").with_database().await;
    let name = project.sql("select current_database()").await.unwrap();
    let (owner, other) = (format!("{name}_owner"), format!("{name}_other"));
    let roles = format!(
        "create role {owner} login; grant create on database {name} to {owner}; \
         grant create on schema public to {owner}; create role {other} login"
    );
    project.sql(&roles).await;
    let as_role = |role: &str| project.url().replacen("postgres@", &format!("{role}@"), 1);
    let up = format!("up --yes --no-rehearsal --database-url {}", as_role(&owner));
    project.done(&format!("{up} --to 1"));
    let may = format!(
        "grant usage on schema whimbrel_journal to {other}; \
         grant select on all tables in schema whimbrel_journal to {other}"
    );
    project.sql(&may).await;
    let mut holder = project.session().await;
    holder.simple("begin; lock table users").await.unwrap();
    let child = project.command(&up.split(' ').collect::<Vec<_>>()).spawn().unwrap();
    let id = hanging(&project)["id"].as_i64().unwrap();
    let cancel = format!("runs cancel {id} --yes --database-url {}", as_role(&other));
    let refused = project.run(&cancel);
    assert_eq!(refused.code, 4, "{}", refused.whole());
    assert!(refused.err.contains(&format!("belongs to role `{owner}`")), "{}", refused.whole());
    assert!(refused.err.contains("grant pg_signal_backend to"), "{}", refused.whole());
    assert!(refused.err.contains("error[W6202]"), "{}", refused.whole());
    let target = Target { user: other.clone(), ..project.target().clone() };
    let mut logged_in = Session::connect(&target, "test").await.unwrap();
    logged_in.simple(WISH).await.unwrap();
    std::thread::sleep(Duration::from_secs(2));
    assert_eq!(newest(&project)["state"], "running");
    project.sql(&format!("grant pg_signal_backend to {other}")).await;
    project.done(&cancel);
    check_stopped(&project, child, holder).await;
    logged_in.close().await;
    project.sql(&format!("drop owned by {owner}, {other}; drop role {owner}, {other}")).await;
}

#[tokio::test]
async fn what_a_run_said_is_kept_with_places_and_without_secrets() {
    let project = Project::new(&[(
        "migrations/001_says.sql",
        "-- first line\ndo $$ begin raise notice 'here we are';\n\
         raise warning 'password=hunter2secret is weak'; end $$;\n\
         select 'not a number'::int;\n",
    )]);
    let project = project.with_database().await;
    assert_eq!(project.run("up --yes --no-rehearsal").code, 1);
    let show = project.done("runs show 1 --json").json();
    assert_eq!(show["run"]["state"], "failed", "{show}");
    let lines: Vec<(&str, &str)> = show["output"]
        .as_array()
        .unwrap()
        .iter()
        .map(|line| (line["kind"].as_str().unwrap(), line["text"].as_str().unwrap()))
        .collect();
    assert_eq!(lines[0], ("notice", "here we are"), "{lines:?}");
    assert_eq!(lines[1].0, "warning", "{lines:?}");
    assert!(lines[1].1.starts_with("password=****"), "{lines:?}");
    let (kind, error) = lines[2];
    assert_eq!(kind, "error");
    assert!(error.contains("(22P02) at migrations/001_says.sql:4:8"), "{error}");
    assert_eq!(show["output"][2]["migration"], "001_says");
    let kept = "select string_agg(text, ' ') from whimbrel_journal.output";
    let kept = project.sql(kept).await.unwrap();
    assert!(!kept.contains("password=hunter2secret"), "{kept}");
}

#[tokio::test]
async fn what_is_said_a_thousand_times_is_not_kept_a_thousand_times() {
    let says = "do $$ begin for i in 1..5000 loop raise notice 'line %', i; end loop; end $$;\n";
    let project = Project::new(&[("migrations/001_says.sql", says)]).with_database().await;
    project.done("up --yes --no-rehearsal");
    let kept = "select count(*) || ' ' || max(text) filter (where line = 401) \
        from whimbrel_journal.output";
    let kept = project.sql(kept).await.unwrap();
    assert_eq!(kept, "401 and 4600 lines more, which are not kept");
}

#[tokio::test]
async fn a_journal_of_an_older_shape_works_and_gets_what_it_lacks() {
    let project = Project::new(&[("migrations/001_a.sql", "create table a ();\n")]);
    let project = project.with_database().await;
    project.done("up --yes --no-rehearsal");
    project.sql("drop table whimbrel_journal.output").await;
    assert_eq!(project.done("runs show 1 --json").json()["output"], serde_json::json!([]));
    project.write("migrations/002_b.sql", "create tabel b ();\n");
    assert_eq!(project.run("up --yes --no-rehearsal").code, 1);
    let show = project.done("runs show 2 --json").json();
    assert_eq!(show["output"][0]["kind"], "error", "{show}");
    let granted = "select count(*) from pg_class where relnamespace = \
        'whimbrel_journal'::regnamespace and relacl is not null";
    assert_eq!(project.sql(granted).await.as_deref(), Some("0"));
}

#[tokio::test]
async fn without_a_journal_there_is_nothing_to_show_and_it_is_said() {
    let project = Project::new(&[("migrations/001_a.sql", "select 1;")]).with_database().await;
    let said = project.done("runs");
    assert!(said.out.contains("there is no journal in this database"), "{}", said.whole());
    let said = project.run("runs show 1");
    assert_eq!(said.code, 2, "{}", said.whole());
    project.done("up --yes --no-rehearsal");
    assert_eq!(project.run("runs show 99").code, 2);
    let nobody = project.run("runs cancel 99");
    assert_eq!(nobody.code, 2, "{}", nobody.whole());
}

#[tokio::test]
async fn a_command_is_shown_as_a_shell_takes_it() {
    let project = wanting("1s").with_database().await;
    project.sql("create table users (id int primary key)").await;
    let words = ["repair", "applied", "1", "--yes", "--reason", "it's done: \"by hand\" * $HOME"];
    assert!(project.command(&words).status().unwrap().success());
    let command = newest(&project)["command"].as_str().unwrap().to_owned();
    let shell = format!("printf '%s\\n' {command}");
    let output = Command::new("sh").args(["-c", &shell]).output().unwrap();
    let given = String::from_utf8(output.stdout).unwrap();
    assert_eq!(given.lines().collect::<Vec<_>>(), words);
    assert!(project.done("runs show 1").out.contains(&format!("Run 1: `{command}` by")));
}
