//! Hooks: what runs before migrations and after them.

use std::fs;
use std::process::{Child, Command};
use std::time::Duration;

use serde_json::Value;
use whimbrel_app::environment::FOR_HOOKS;
use whimbrel_testkit::Psql;

use crate::kit::{Project, Said, root, texts};

const UP: &str = "up --yes --no-rehearsal";

/// A project of one migration, with this whimbrel.toml.
async fn project(config: &str) -> Project {
    let users = "create table users (id int primary key);\n";
    let project = Project::new(&[("migrations/001_users.sql", users), ("whimbrel.toml", config)]);
    project.with_database().await
}

/// The same, whose migration fails.
async fn broken(config: &str) -> Project {
    let project = project(config).await;
    project.write("migrations/001_users.sql", "select 1 / 0;\n");
    project
}

/// `hook what outcome` of each in a report.
fn hooks(report: &Value) -> Vec<String> {
    let hooks = report["hooks"].as_array().unwrap_or_else(|| panic!("no hooks in {report}"));
    let text = |one: &Value, name: &str| one[name].as_str().unwrap().to_owned();
    let line = |one| ["hook", "what", "outcome"].map(|name| text(one, name)).join(" ");
    hooks.iter().map(line).collect()
}

async fn is_applied(project: &Project) -> bool {
    project.sql("select to_regclass('users')::text").await.is_some()
}

fn signal(child: &Child, name: &str) {
    // The shell's own: a minimal system has no such program.
    let kill = format!("kill -s {name} {}", child.id());
    assert!(Command::new("sh").args(["-c", &kill]).status().unwrap().success());
}

/// Waits until a hook has written a file.
fn until_there(project: &Project, path: &str) -> String {
    loop {
        if let Ok(text) = fs::read_to_string(project.path().join(path))
            && text.ends_with('\n')
        {
            return text.trim().to_owned();
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Whether a process has ended, waiting a moment for it.
fn is_gone(process: &str) -> bool {
    let is_there = || {
        let state = fs::read_to_string(format!("/proc/{process}/stat"));
        // One that ended and that nobody has waited for is no process any more.
        state.is_ok_and(|state| !state.contains(") Z "))
    };
    (0..100).any(|_| {
        std::thread::sleep(Duration::from_millis(20));
        !is_there()
    })
}

#[tokio::test]
async fn a_shell_line_runs_on_each_side_and_is_told_what_happens() {
    let say = "echo $WHIMBREL_HOOK $WHIMBREL_COMMAND env=$WHIMBREL_ENVIRONMENT \
        db=$WHIMBREL_DATABASE [$WHIMBREL_MIGRATIONS] outcome=$WHIMBREL_OUTCOME $DATABASE_URL";
    let config = format!("[hooks]\nbefore = '{say} > before.txt'\nafter = '{say} > after.txt'\n");
    let project = project(&config).await;
    let report = project.done(&format!("{UP} --json")).json();
    let database = project.sql("select current_database()").await.unwrap();
    let heard = format!("db={database} [001_users] outcome=");
    for (file, begins) in [
        ("before.txt", format!("before up env= {heard} postgresql://postgres@/{database}?host=")),
        ("after.txt", format!("after up env= {heard}done postgresql://postgres@/{database}?host=")),
    ] {
        let text = project.read(file);
        assert!(text.starts_with(&begins), "{text}");
    }
    assert_eq!(report["hooks"].as_array().unwrap().len(), 2, "{report}");
    assert_eq!(report["hooks"][0]["hook"], "before");
    assert_eq!(report["hooks"][1]["outcome"], "done");
    assert!(report["hooks"][1]["execution_time_ms"].is_u64(), "{report}");
}

#[tokio::test]
async fn its_url_leads_to_the_database() {
    let psql = Psql::get().path().display().to_string();
    let line = format!("{psql} -X \\\"$DATABASE_URL\\\" -c 'insert into users values (7)'");
    let project = project(&format!("[hooks]\nafter = \"{line}\"\n")).await;
    let said = project.done(UP);
    assert!(said.err.contains("INSERT 0 1\n"), "{}", said.whole());
    assert_eq!(project.sql("select id from users").await.as_deref(), Some("7"));
}

#[test]
fn the_page_names_every_variable_that_a_hook_finds() {
    let page = fs::read_to_string(root().join("docs/hooks.md")).unwrap();
    for (name, _) in FOR_HOOKS {
        assert!(page.contains(&format!("| `{name}` |")), "docs/hooks.md does not name {name}");
    }
}

#[tokio::test]
async fn its_output_goes_to_stderr_and_its_input_is_closed() {
    let project =
        project("[hooks]\nbefore = 'echo out; echo err >&2; cat; printf unended'\n").await;
    let said = project.done(UP);
    for line in ["out\n", "err\n", "unended\n"] {
        assert!(said.err.contains(line) && !said.out.contains(line), "{}", said.whole());
    }
    assert!(said.out.contains("before  echo out"), "{}", said.whole());
}

#[tokio::test]
async fn what_a_hook_leaves_behind_does_not_hold_the_run_up() {
    let project = project("[hooks]\nafter = 'sleep 30 & echo $! > left; echo said'\n").await;
    let begun = std::time::Instant::now();
    let said = project.done(UP);
    assert!(begun.elapsed() < Duration::from_secs(20), "{}", said.whole());
    assert!(said.err.contains("said\n"), "{}", said.whole());
    let left = project.read("left");
    Command::new("sh").args(["-c", &format!("kill {left}")]).status().unwrap();
}

#[tokio::test]
async fn a_failing_line_before_runs_nothing() {
    let config = "[hooks]\nbefore = ['echo the disk is full >&2; exit 3', 'touch second']\n\
        after = 'touch after'\nafter_failure = 'echo $WHIMBREL_OUTCOME [$WHIMBREL_MIGRATIONS] > failed'\n";
    let project = project(config).await;
    let said = project.run(&format!("{UP} --json"));
    assert_eq!(said.code, 1, "{}", said.whole());
    let report = said.json();
    assert_eq!(report["outcome"], "failed");
    assert_eq!(report["migrations"][0]["result"], "not-run", "{report}");
    assert_eq!(report["errors"][0]["code"], "W4303", "{report}");
    let hints = report["errors"][0]["hints"].to_string();
    assert!(hints.contains("the disk is full") && hints.contains("nothing was run"), "{hints}");
    let ran = hooks(&report);
    assert!(ran[0].ends_with("exit 3 failed"), "{ran:?}");
    assert_eq!(ran[1], "before touch second not-run");
    assert_eq!(project.read("failed"), "failed []\n");
    assert!(!project.path().join("second").exists() && !project.path().join("after").exists());
    assert!(!is_applied(&project).await);
    let made = "select count(*) from pg_namespace where nspname like 'whimbrel%'";
    assert_eq!(project.sql(made).await.as_deref(), Some("0"), "nothing was written");
    project.write("whimbrel.toml", "");
    project.done(UP);
}

#[tokio::test]
async fn a_failing_line_after_is_said_loudly_and_takes_nothing_back() {
    let project = project("[hooks]\nafter = ['exit 2', 'touch second']\n").await;
    let said = project.run(&format!("{UP} --then touch then"));
    assert_eq!(said.code, 7, "{}", said.whole());
    assert!(said.err.contains("error[W4304]: hook `after` failed: `exit 2`"), "{}", said.whole());
    assert!(said.out.contains("1 migration applied, but a hook failed"), "{}", said.whole());
    assert!(!project.path().join("second").exists() && !project.path().join("then").exists());
    assert!(is_applied(&project).await);
    project.done("status --check");
    // Nothing is left to run, and so is no hook.
    project.done(UP);
}

#[tokio::test]
async fn after_a_failure_the_other_hook_runs_and_the_failure_decides() {
    let config = "[hooks]\nafter = 'touch after'\n\
        after_failure = 'echo $WHIMBREL_OUTCOME \"[$WHIMBREL_MIGRATIONS]\" > failed; exit 9'\n";
    let project = broken(config).await;
    project.write("migrations/000_first.sql", "create table first ();\n");
    let said = project.run(&format!("{UP} --json"));
    assert_eq!(said.code, 1, "{}", said.whole());
    let report = said.json();
    let codes = texts(&report["errors"], "code");
    assert_eq!(codes[0], "W4304", "{report}");
    assert_eq!(codes.len(), 2, "{report}");
    assert_eq!(project.read("failed"), "failed [000_first]\n");
    assert!(!project.path().join("after").exists());
}

#[tokio::test]
async fn a_file_is_one_transaction_of_its_own() {
    let config = "[hooks]\nbefore = 'db/before.sql'\nafter = ['db/after.sql']\n";
    let project = project(config).await;
    project
        .write("db/before.sql", "create table paused (n int);\ncopy paused from stdin;\n1\n\\.\n");
    project.write("db/after.sql", "insert into paused select count(*) from users;\n");
    let said = project.done(UP);
    assert!(said.out.contains("db/before.sql"), "{}", said.whole());
    assert_eq!(project.sql("select sum(n) from paused").await.as_deref(), Some("1"));
    // No ledger has it.
    let applied = project.done("status --json").json();
    assert_eq!(applied["migrations"].as_array().unwrap().len(), 1, "{applied}");
}

#[tokio::test]
async fn a_file_that_fails_leaves_nothing_and_is_shown_with_its_line() {
    let project = project("[hooks]\nbefore = 'db/before.sql'\n").await;
    project.write("db/before.sql", "create table paused ();\nselect 1 / 0;\n");
    let said = project.run(UP);
    assert_eq!(said.code, 1, "{}", said.whole());
    assert!(
        said.err.contains("error[W4303]: hook `before` failed: `db/before.sql`"),
        "{}",
        said.whole()
    );
    assert!(said.err.contains("db/before.sql:2"), "{}", said.whole());
    assert!(
        said.err.contains("everything that `db/before.sql` did was rolled back"),
        "{}",
        said.whole()
    );
    assert_eq!(project.sql("select to_regclass('paused')::text").await, None);
    assert!(!is_applied(&project).await);
}

#[tokio::test]
async fn a_file_that_waits_for_a_table_gives_up() {
    let config = "[hooks]\nbefore = 'db/before.sql'\n[timeouts]\nlock = '200ms'\n";
    let project = project(config).await;
    project.sql("create table busy ()").await;
    project.write("db/before.sql", "alter table busy add column n int;\n");
    let mut holder = project.session().await;
    holder.simple("begin; lock table busy").await.unwrap();
    let said = project.run(&format!("{UP} --retry-for 0s"));
    assert_eq!(said.code, 1, "{}", said.whole());
    assert!(said.err.contains("lock timeout"), "{}", said.whole());
    // It is tried again as a migration is, until the other one lets go.
    let words: Vec<&str> = UP.split(' ').collect();
    let child = project.command(&words).spawn().unwrap();
    tokio::time::sleep(std::time::Duration::from_millis(900)).await;
    holder.simple("commit").await.unwrap();
    let said = Said::new(child.wait_with_output().unwrap());
    assert_eq!(said.code, 0, "{}", said.whole());
    assert!(said.err.contains("db/before.sql was rolled back and is tried again"), "{}", said.err);
}

#[tokio::test]
async fn what_the_server_says_is_told_with_whom_it_said_it_to() {
    let says = |what: &str| format!("do $$ begin raise notice '{what}'; end $$;\n");
    let project = project("[hooks]\nbefore = 'db/before.sql'\n").await;
    project.write("db/before.sql", &says("paused"));
    project.write("migrations/002_says.sql", &says("first line\npassword=hunter2secret"));
    let many = "do $$ begin raise warning 'old'; \
        for i in 1..300 loop raise notice 'row %', i; end loop; end $$;\n";
    project.write("migrations/003_many.sql", many);
    let said = project.run(&format!("{UP} --json"));
    assert_eq!(said.code, 0, "{}", said.whole());
    for line in ["notice: paused\n", "notice: first line …\n", "warning: old\n", "notice: row 19\n"]
    {
        assert!(said.err.contains(line), "no {line}: {}", said.err);
    }
    assert!(!said.err.contains("row 20"), "{}", said.err);
    assert!(said.err.contains("notice: and 281 more"), "{}", said.err);
    let report = said.json();
    let notices = report["notices"].as_array().unwrap();
    assert_eq!((notices.len(), &report["more_notices"]), (200, &103.into()));
    let during: Vec<&str> = texts(&report["notices"], "during")[..3].to_vec();
    assert_eq!(during, ["db/before.sql", "002_says", "003_many"]);
    assert_eq!(notices[2]["severity"], "warning");
    assert_eq!(notices[1]["message"], "first line\npassword=*************");
}

#[tokio::test]
async fn what_cannot_be_run_is_found_before_anything_is() {
    let project = project("[hooks]\nbefore = 'touch before'\nafter = 'db/gone.sql'\n").await;
    for line in [UP, "preview --no-rehearsal"] {
        let said = project.run(line);
        assert_eq!(said.code, 2, "{}", said.whole());
        assert!(
            said.err.contains("`db/gone.sql` of hook `after` is not there"),
            "{}",
            said.whole()
        );
    }
    project.write("db/gone.sql", "select 1;\nvacuum;\n");
    let said = project.run(UP);
    assert_eq!(said.code, 2, "{}", said.whole());
    assert!(said.err.contains("not one transaction: `vacuum` (line 2)"), "{}", said.whole());
    assert!(!project.path().join("before").exists());
}

#[tokio::test]
async fn an_environment_has_hooks_of_its_own() {
    let config = "[hooks]\nbefore = 'touch all'\nafter = 'touch after'\n\
        [env.live]\nurl_env = 'DATABASE_URL'\n\
        [env.live.hooks]\nbefore = 'echo $WHIMBREL_ENVIRONMENT > live'\n\
        [env.bare]\nurl_env = 'DATABASE_URL'\n[env.bare.hooks]\nbefore = []\nafter = []\n";
    let project = project(config).await;
    let there = |path: &str| project.path().join(path).exists();
    project.done(&format!("{UP} --env live"));
    assert_eq!(project.read("live"), "live\n");
    assert!(!there("all") && there("after"));
    project.remove("after");
    project.write("migrations/002_b.sql", "create table b ();\n");
    let report = project.done(&format!("{UP} --env bare --json"));
    assert!(hooks(&report.json()).is_empty(), "{}", report.whole());
    assert!(!there("all") && !there("after"));
}

#[tokio::test]
async fn down_and_redo_have_hooks_too() {
    let config = "[hooks]\nafter = 'echo $WHIMBREL_COMMAND $WHIMBREL_MIGRATIONS >> after'\n";
    let project = project(config).await;
    project.write("migrations/002_b.up.sql", "create table b ();\n");
    project.write("migrations/002_b.down.sql", "drop table b;\n");
    for line in [UP, "redo --yes --no-rehearsal", "down --yes --no-rehearsal"] {
        project.done(line);
    }
    assert_eq!(project.read("after"), "up 001_users 002_b\nredo 002_b\ndown 002_b\n");
}

#[tokio::test]
async fn where_nothing_is_to_run_no_hook_does() {
    let all = "[hooks]\nbefore = 'touch b'\nafter = 'touch a'\nafter_failure = 'touch f'\n";
    let project = project("").await;
    project.done(UP);
    project.write("whimbrel.toml", all);
    project.done(UP);
    project.write("seeds/one.sql", "insert into users values (1);\n");
    project.write("whimbrel.toml", &format!("{all}[seeds]\nfiles = ['seeds/*.sql']\n"));
    project.done(&format!("{UP} --seed"));
    let none = ["a", "b", "f"].iter().all(|path| !project.path().join(path).exists());
    assert!(none, "hooks ran");
}

#[tokio::test]
async fn a_run_that_is_refused_comes_to_no_hook() {
    let project = project("[hooks]\nbefore = 'touch b'\nafter_failure = 'touch f'\n").await;
    assert_eq!(project.run("up --no-rehearsal").code, 4);
    project.write("migrations/001_users.sql", "select 1 / 0;\n");
    assert_eq!(project.run("up --yes --rehearse").code, 1);
    assert!(!project.path().join("b").exists() && !project.path().join("f").exists());
}

#[tokio::test]
async fn preview_says_which_would_run_and_runs_none() {
    let config = "[hooks]\nbefore = 'touch b'\nafter = 'touch a'\nafter_failure = 'touch f'\n";
    let project = project(config).await;
    for line in ["preview --no-rehearsal --json", "up --dry-run --no-rehearsal --json"] {
        let report = project.done(line).json();
        let expected =
            ["before touch b planned", "after touch a planned", "after_failure touch f planned"];
        assert_eq!(hooks(&report), expected);
    }
    let said = project.done("preview --no-rehearsal");
    assert!(said.out.contains("would run after a failure"), "{}", said.whole());
    let none = ["a", "b", "f"].iter().all(|path| !project.path().join(path).exists());
    assert!(none, "hooks ran");
}

#[tokio::test]
async fn ctrl_c_ends_the_whole_group_and_nothing_is_run() {
    let config = "[hooks]\nbefore = \"\"\"sh -c 'echo $$ > inner; exec sleep 60' & \n\
        echo $$ > outer; wait\"\"\"\nafter_failure = 'echo $WHIMBREL_OUTCOME > failed'\n";
    let project = project(config).await;
    let words: Vec<&str> = UP.split(' ').chain(["--json"]).collect();
    let child = project.command(&words).spawn().unwrap();
    let (inner, outer) = (until_there(&project, "inner"), until_there(&project, "outer"));
    signal(&child, "INT");
    let said = Said::new(child.wait_with_output().unwrap());
    assert_eq!(said.code, 130, "{}", said.whole());
    let report = said.json();
    assert_eq!(report["outcome"], "stopped", "{report}");
    assert_eq!(report["hooks"][0]["outcome"], "interrupted", "{report}");
    assert_eq!(report["migrations"][0]["result"], "not-run", "{report}");
    assert!(is_gone(&inner) && is_gone(&outer), "the hook went on");
    assert_eq!(project.read("failed"), "stopped\n");
    assert!(!is_applied(&project).await);
    // The lock is free.
    project.write("whimbrel.toml", "");
    project.done(&format!("{UP} --no-wait"));
}

#[tokio::test]
async fn a_hook_that_does_not_listen_is_killed_at_the_second_ctrl_c() {
    let config =
        "[hooks]\nafter = \"trap '' TERM INT; echo $$ > outer; while :; do sleep 0.1; done\"\n";
    let project = project(config).await;
    let words: Vec<&str> = UP.split(' ').collect();
    let child = project.command(&words).spawn().unwrap();
    let outer = until_there(&project, "outer");
    signal(&child, "INT");
    std::thread::sleep(Duration::from_millis(300));
    signal(&child, "INT");
    let said = Said::new(child.wait_with_output().unwrap());
    assert_eq!(said.code, 130, "{}", said.whole());
    assert!(is_gone(&outer), "the hook went on");
    // What was applied before the hook is there.
    assert!(is_applied(&project).await);
    project.done("status --check");
}

#[tokio::test]
async fn ctrl_c_cancels_a_file_and_nothing_of_it_stays() {
    let project = project("[hooks]\nbefore = 'db/before.sql'\n").await;
    project.write("db/before.sql", "create table paused ();\nselect pg_sleep(60);\n");
    let words: Vec<&str> = UP.split(' ').collect();
    let child = project.command(&words).spawn().unwrap();
    let sleeping = "select count(*) from pg_stat_activity \
        where wait_event = 'PgSleep' and datname = current_database()";
    while project.sql(sleeping).await.as_deref() != Some("1") {
        std::thread::sleep(Duration::from_millis(20));
    }
    signal(&child, "INT");
    let said = Said::new(child.wait_with_output().unwrap());
    assert_eq!(said.code, 130, "{}", said.whole());
    assert_eq!(project.sql(sleeping).await.as_deref(), Some("0"));
    assert_eq!(project.sql("select to_regclass('paused')::text").await, None);
    assert!(!is_applied(&project).await);
}

#[tokio::test]
async fn a_lost_connection_does_not_run_before_twice() {
    let script = "create table users ();\n\
        select pg_terminate_backend(pg_backend_pid()) where not exists (select from once);\n";
    let project = project("[hooks]\nbefore = 'echo x >> before'\nafter = 'db/after.sql'\n").await;
    project.write("db/after.sql", "create table after ();\n");
    project.sql("create table once ()").await;
    project.write("migrations/001_users.sql", script);
    // Whoever looks on lets it pass the second time.
    let words: Vec<&str> = UP.split(' ').collect();
    let child = project.command(&words).spawn().unwrap();
    until_there(&project, "before");
    std::thread::sleep(Duration::from_millis(300));
    project.sql("insert into once default values").await;
    let said = Said::new(child.wait_with_output().unwrap());
    assert_eq!(said.code, 0, "{}", said.whole());
    assert_eq!(project.read("before"), "x\n");
    assert!(said.err.contains("connecting again"), "{}", said.whole());
}

#[tokio::test]
async fn a_server_that_ends_idle_sessions_does_not_mind_a_long_hook() {
    let project = project("[hooks]\nbefore = 'echo x >> before; sleep 1'\n").await;
    let database = project.sql("select current_database()").await.unwrap();
    let set = format!("alter database {database} set idle_session_timeout = '300ms'");
    project.sql(&set).await;
    project.done(UP);
    assert_eq!(project.read("before"), "x\n");
    assert!(is_applied(&project).await);
}

#[tokio::test]
async fn a_password_that_a_hook_says_is_covered() {
    let project = project(
        "[hooks]\nbefore = 'echo $DATABASE_URL; echo ${DATABASE_URL#*postgres:}; exit 1'\n",
    )
    .await;
    let url = project.url().replacen("postgres@", "postgres:hunter2secret@", 1);
    for more in ["", " --json --verbose"] {
        let said = project.run(&format!("{UP}{more} --database-url {url}"));
        assert_eq!(said.code, 1, "{}", said.whole());
        assert!(!said.whole().contains("hunter2secret"), "{}", said.whole());
        assert!(said.err.contains("•••"), "{}", said.whole());
    }
}

#[tokio::test]
async fn hooks_go_other_ways_too_but_not_as_files() {
    let config = "[hooks]\nbefore = 'echo $DATABASE_URL > url'\nafter = 'touch after'\n";
    let project = project(config).await;
    let project = project.with("WHIMBREL_PSQL", Psql::get().path().to_str().unwrap());
    project.write("db/a.sql", "select 1;\n");
    project.done(&format!("{UP} --via psql"));
    assert!(project.path().join("after").exists());
    assert!(project.read("url").starts_with("postgresql://"), "{}", project.read("url"));
    project.write("whimbrel.toml", "[hooks]\nbefore = 'db/a.sql'\n");
    project.write("migrations/002_b.sql", "create table b ();\n");
    let said = project.run(&format!("{UP} --via psql"));
    assert_eq!(said.code, 4, "{}", said.whole());
}
