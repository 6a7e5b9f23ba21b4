//! One snapshot a command, of what it says in its common cases.

use crate::kit::{Project, Said, check};

#[test]
fn init_writes_down_what_is_there() {
    let project = Project::example("plain");
    check("init_found", &project.show("init"));
    check("init_found_file", &project.read("whimbrel.toml"));
    check("init_twice", &project.show("init"));
}

#[test]
fn init_begins_anew_where_nothing_is() {
    let project = Project::new(&[]);
    check("init_new", &project.show("init --format plain --folder db/migrations"));
    assert!(project.path().join("db/migrations").is_dir());
    check("init_new_next", &project.show("new create_users --json"));
    check("init_new_file", &project.read("db/migrations/001_create_users.sql"));
}

#[tokio::test]
async fn init_writes_a_file_that_is_understood_whatever_the_folder_is_called() {
    let elsewhere = Project::new(&[]);
    let absolute = elsewhere.path().join("sql files").to_str().unwrap().to_owned();
    for (folder, name) in [
        ("mit blank/ü", "mit-blank-ü"),
        ("db/../db/./x", "x"),
        ("it's \"quoted\"", "it-s--quoted-"),
        ("back\\slash", "back-slash"),
        ("#", "main"),
        (absolute.as_str(), "sql-files"),
    ] {
        let project = Project::new(&[]).with_database().await;
        let init = project.command(&["init", "--json", "--format", "plain", "--folder", folder]);
        let said = Said::new({ init }.output().unwrap());
        assert_eq!(said.code, 0, "{folder}: {}", said.whole());
        assert_eq!(said.json()["histories"][0]["name"], name, "{folder}");
        project.done("new create_users");
        let file = said.json()["histories"][0]["folder"].as_str().unwrap().to_owned()
            + "/001_create_users.sql";
        project.write(&file, "create table users ();\n");
        let shown = project.done("status --json").json();
        assert_eq!(shown["histories"][0]["name"], name, "{folder}: {shown}");
        project.done("up --yes --no-rehearsal");
        assert!(project.sql("select to_regclass('users')").await.is_some(), "{folder}");
    }
    let project = Project::new(&[("inner/.keep", "")]);
    let mut command = project.command(&["init", "--format", "plain", "--folder", "../sql"]);
    let said = Said::new(command.current_dir(project.path().join("inner")).output().unwrap());
    assert_eq!(said.code, 0, "{}", said.whole());
    let text = project.read("inner/whimbrel.toml");
    assert!(text.contains("[history.main]") && text.contains("folder = \"../sql\""), "{text}");
    assert!(project.path().join("sql").is_dir());
}

#[tokio::test]
async fn a_preview_ends_as_the_page_of_exit_codes_says() {
    let project = Project::new(&[("migrations/001_a.sql", "create table a ();\n")]);
    let project = project.with_database().await;
    project.done("up --yes --no-rehearsal");
    project.write("migrations/001_a.sql", "create table b ();\n");
    for line in ["preview --json", "up --dry-run --json"] {
        assert_eq!(project.done(line).json()["is_refused"], true);
    }
    project.write("migrations/001_a.sql", "create table a ();\n");
    project.write("migrations/002_b.sql", "create table a ();\n");
    for line in ["preview", "up --dry-run"] {
        assert_eq!(project.run(line).code, 1, "{line}");
    }
}

#[tokio::test]
async fn without_a_journal_only_what_is_one_step_runs_outside_a_transaction() {
    let project = Project::new(&[
        ("migrations/001_a.sql", "create table a (b int);\n"),
        ("migrations/002_b.sql", "create index concurrently i on a (b);\n"),
        ("whimbrel.toml", "[ledger]\njournal = false\n"),
    ]);
    let project = project.with_database().await;
    project.done("up --yes --no-rehearsal");
    project.write("migrations/003_c.sql", "create table c ();\nvacuum a;\n");
    let said = project.run("up --yes --no-rehearsal");
    assert_eq!(said.code, 4, "{}", said.whole());
    assert_eq!(project.sql("select to_regclass('c')").await, None);
}

#[test]
fn init_begins_no_second_history_unasked() {
    for (file, tool) in [
        ("alembic.ini", "alembic"),
        ("backend/alembic.ini", "alembic"),
        ("prisma/schema.prisma", "prisma"),
        ("prisma/migrations/migration_lock.toml", "prisma"),
    ] {
        let project = Project::new(&[(file, "")]);
        let said = project.run("init");
        assert_eq!(said.code, 2, "{}", said.whole());
        let message = format!("migrations are those of {tool}, as `{file}` tells");
        assert!(said.err.contains(&message), "{}", said.whole());
        assert!(!project.path().join("whimbrel.toml").exists());
        project.done("init --format plain");
    }
    let flask = [("migrations/env.py", ""), ("migrations/versions/1f2a_users.py", "")];
    let project = Project::new(&flask);
    check("init_beside", &project.show("init"));
    project.write("sql/001_a.sql", "select 1;");
    check("init_beside_sql", &project.show("init"));
}

#[test]
fn the_file_that_init_writes_can_be_uncommented() {
    let project = Project::example("annotated");
    project.remove("whimbrel.toml");
    project.done("init");
    let text = project.read("whimbrel.toml");
    let uncommented: Vec<&str> = text
        .lines()
        .map(|line| line.strip_prefix('#').filter(|rest| !rest.starts_with(' ')).unwrap_or(line))
        .filter(|line| !line.starts_with("after"))
        .collect();
    project.write("whimbrel.toml", &uncommented.join("\n"));
    let said = project.run("new add_notes");
    assert_eq!(said.code, 0, "{}", said.whole());
}

#[test]
fn new_writes_files_in_the_way_of_those_before() {
    check(
        "new_annotated",
        &Project::example("annotated").show("new add_user_phone --type alter_table"),
    );
    check("new_plain", &Project::example("plain").show("new add_user_phone"));
    check("new_supabase", &Project::example("supabase").show("new add_user_phone"));
}

#[test]
fn new_takes_its_statements_from_stdin() {
    let project = Project::example("annotated");
    let mut command = project.command(&["new", "add_wishes", "--description", "What people want"]);
    command.stdin(std::process::Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    std::io::Write::write_all(&mut stdin, b"create table wishes (id int);\n").unwrap();
    drop(stdin);
    let said = Said::new(child.wait_with_output().unwrap());
    assert_eq!(said.code, 0, "{}", said.whole());
    check("new_stdin_file", &project.read("sql/migrations/007_add_wishes.sql"));
}

#[test]
fn new_opens_the_editor_of_the_person() {
    let project = Project::example("plain").with("VISUAL", "rm -f");
    project.done("new add_wishes --edit");
    assert!(!project.path().join("migrations/0004_add_wishes.up.sql").exists());
}

#[tokio::test]
async fn the_two_scripts_of_a_redo_are_told_apart() {
    let up = ("migrations/001_a.up.sql", "create table a ();\n");
    let down = ("migrations/001_a.down.sql", "drop table a;\n");
    let project = Project::new(&[up, down]).with_database().await;
    project.done("up --yes --no-rehearsal");
    let said = project.done("redo --dry-run --full --no-rehearsal");
    let titled = "-- 001_a down\ndrop table a;\n\n-- 001_a up\ncreate table a ();\n";
    assert!(said.out.contains(titled), "{}", said.whole());
}

#[tokio::test]
async fn up_applies_and_status_shows_it() {
    let project = Project::example("annotated").with_database().await;
    check("status_pending", &project.show("status"));
    check("preview", &project.show("preview"));
    check("up_dry_run_full", &project.show("up --only 6 --with-dependencies --dry-run --full"));
    check("up", &project.show("up --yes"));
    check("status_applied", &project.show("status"));
    check("status_json", &project.show("status --json"));
    check("up_nothing", &project.show("up --yes"));
    check("status_check", &project.show("status --check"));
}

#[tokio::test]
async fn down_undoes_and_redo_does_both() {
    let project = Project::example("plain").with_database().await;
    check("down_nothing", &project.show("down --yes"));
    project.done("up --yes --no-rehearsal");
    check("redo", &project.show("redo --yes"));
    check("down_to", &project.show("down --to 1 --yes --json"));
    check("down_all", &project.show("down --all --yes"));
    let left =
        project.sql("select count(*) from pg_class where relname in ('orders', 'customers')").await;
    assert_eq!(left.as_deref(), Some("0"));
}

#[tokio::test]
async fn supabase_histories_are_applied_with_their_own_ledger() {
    let project = Project::example("supabase").with_database().await;
    check("supabase_up", &project.show("up --yes"));
    check("supabase_status", &project.show("status"));
    let count = project.sql("select count(*) from supabase_migrations.schema_migrations").await;
    assert_eq!(count.as_deref(), Some("2"));
}

#[tokio::test]
async fn status_and_preview_write_nothing() {
    let project = Project::example("annotated").with_database().await;
    let everything = "select string_agg(nspname, ',' order by nspname) from pg_namespace \
        where nspname !~ '^pg_' and nspname <> 'information_schema'";
    for line in ["status", "preview --no-rehearsal", "up --dry-run --no-rehearsal"] {
        project.done(line);
        assert_eq!(project.sql(everything).await.as_deref(), Some("public"), "{line}");
    }
}

#[tokio::test]
async fn check_ends_with_3_while_something_is_pending() {
    let project = Project::example("plain").with_database().await;
    assert_eq!(project.run("status --check").code, 3);
    assert_eq!(project.run("status").code, 0);
    project.done("up --yes --no-rehearsal");
    assert_eq!(project.run("status --check").code, 0);
}

#[tokio::test]
async fn then_becomes_the_command_only_when_all_went_well() {
    let project = Project::example("plain").with_database().await;
    let said = project.done("up --yes --no-rehearsal --then sh -c pwd");
    assert!(said.out.trim_end().ends_with(project.path().file_name().unwrap().to_str().unwrap()));
    project.write("migrations/0004_broken.sql", "select nonsense;");
    let said = project.run("up --yes --no-rehearsal --then echo never");
    assert_eq!(said.code, 1);
    assert!(!said.out.contains("never"), "{}", said.whole());
}

#[tokio::test]
async fn quiet_says_nothing_and_json_says_everything() {
    let project = Project::example("plain").with_database().await;
    let said = project.done("up --yes --no-rehearsal --quiet");
    assert_eq!((said.out.as_str(), said.err.as_str()), ("", ""));
    let report = project.done("status --json --quiet").json();
    assert_eq!(report["version"], 1);
    assert_eq!(report["summary"]["applied"], 4);
}

#[tokio::test]
async fn a_reader_that_leaves_early_breaks_nothing() {
    let project = Project::example("plain").with_database().await;
    let mut child = project.command(&["up", "--yes", "--no-rehearsal"]).spawn().unwrap();
    drop(child.stdout.take());
    assert!(child.wait().unwrap().success());
    assert_eq!(project.run("status --check").code, 0);
}

#[tokio::test]
async fn what_a_person_set_back_to_pending_has_no_time() {
    let project = Project::new(&[("migrations/001_a.sql", "select 1;")]).with_database().await;
    project.done("up --yes --no-rehearsal");
    project.sql("update whimbrel.schema_migrations set status = 'pending'").await;
    let said = project.done("status");
    let row = said.out.lines().find(|line| line.starts_with("001_a")).unwrap();
    let cells: Vec<&str> = row.split_whitespace().collect();
    assert_eq!(cells, ["001_a", "yes", "pending", "pending"]);
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_project_below_a_folder_that_is_not_utf_8_is_a_project() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt as _;
    let project = Project::new(&[("cache/.keep", "")]).with_database().await;
    let below = project.path().join(OsStr::from_bytes(b"caf\xe9"));
    let inner = below.join("shop/sql/migrations");
    std::fs::create_dir_all(&inner).unwrap();
    std::fs::write(inner.join("001_users.sql"), "create table users ();\n").unwrap();
    std::fs::write(below.join("shop/whimbrel.toml"), "[hooks]\nafter = 'echo ran >> said'\n")
        .unwrap();
    let said = |line: &str| {
        let words: Vec<&str> = line.split(' ').collect();
        Said::new(project.command(&words).current_dir(&inner).output().unwrap())
    };
    let up = said("up --yes --no-rehearsal");
    assert_eq!(up.code, 0, "{}", up.whole());
    assert!(below.join("shop/said").exists(), "the hook ran elsewhere: {}", up.whole());
    let status = said("status --json");
    assert_eq!(status.json()["summary"]["applied"], 1);
    // A migration whose own name is another matter: it is named, and how to rename it.
    std::fs::write(inner.join(OsStr::from_bytes(b"002_\xff.sql")), "select 1;\n").unwrap();
    let strange = said("status");
    assert_eq!(strange.code, 2, "{}", strange.whole());
    let rename = strange.err.split("with bash: ").nth(1).unwrap().lines().next().unwrap();
    let mut bash = std::process::Command::new("bash");
    let moved = bash.args(["-c", rename]).current_dir(below.join("shop")).status().unwrap();
    assert!(moved.success(), "{rename}");
    assert_eq!(said("status --json").json()["summary"]["pending"], 1);
}
