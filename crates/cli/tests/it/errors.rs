//! One snapshot an error, as a person reads it.

use crate::kit::{Project, Said, check};

const USERS: &str = "create table users (id int primary key);\n";

#[test]
fn mistakes_in_the_configuration_are_shown_where_they_stand() {
    let config = "\
[history.app]
fromat = \"plain\"
folder = 7

[env.production]
database_url = \"postgres://app:hunter2@db.example.com/app\" nonsense
";
    let project = Project::new(&[("whimbrel.toml", config)]);
    check("error_config_syntax", &project.show("status"));
    project.write("whimbrel.toml", &config.replace(" nonsense", ""));
    check("error_config_keys", &project.show("status"));
    check("error_config_json", &project.show("status --json"));
}

#[test]
fn no_database_names_every_place_that_was_looked_at() {
    let project = Project::example("plain");
    check("error_no_database", &project.show("up --yes"));
    check("error_unknown_environment", &Project::example("annotated").show("up --env prodution"));
}

#[test]
fn a_url_that_is_none_is_explained() {
    let project = Project::example("plain");
    check("error_url_scheme", &project.show("status --database-url mysql://root@localhost/app"));
    let url = "postgres://app:p@ss/word@localhost/app";
    check("error_url_unescaped", &project.show(&format!("status --database-url {url}")));
}

#[test]
fn a_database_that_is_not_there_ends_with_5() {
    let project = Project::example("plain");
    check(
        "error_unreachable",
        &project.show("status --database-url postgres://app@127.0.0.1:1/app"),
    );
    let url = "postgres://app@no-such-host.invalid/app";
    let said = project.run(&format!("status --database-url {url}"));
    assert_eq!(said.code, 5, "{}", said.whole());
    assert!(said.err.contains("hint: check the host's name"), "{}", said.whole());
}

#[test]
fn no_migrations_say_how_to_begin() {
    check("error_no_migrations", &Project::new(&[]).show("status"));
}

#[test]
fn names_that_say_nothing_and_unknown_types_are_refused() {
    let project = Project::example("annotated");
    check("error_nondescript_name", &project.show("new misc"));
    check("error_unknown_type", &project.show("new add_notes --type creat_table"));
    check(
        "error_unknown_dependency",
        &project.show("new add_notes --depends-on 002_create_website"),
    );
}

#[test]
fn what_the_command_line_cannot_mean_ends_with_2() {
    let project = Project::example("plain");
    check("error_unknown_flag", &project.show("up --yess"));
    check("error_bad_duration", &project.show("up --wait soon"));
    check("error_unknown_history", &project.show("new add_notes --history mian"));
}

#[test]
fn a_broken_header_is_shown_where_it_stands() {
    let file = "-- Migration: 001_a\n-- Description: A\n-- Type: creat_table\n-- Depends on: [000_x]\n-- @up\nselect 1;\n";
    let project = Project::new(&[("sql/migrations/001_a.sql", file)]);
    check("error_header", &project.show("new add_notes"));
}

#[tokio::test]
async fn nobody_to_ask_is_refused() {
    let project = Project::example("plain").with_database().await;
    check("error_no_consent", &project.show("up --no-rehearsal"));
    assert_eq!(project.sql("select to_regclass('customers')").await, None);
}

#[tokio::test]
async fn a_protected_environment_wants_its_own_word() {
    let project = Project::example("plain").with_database().await;
    project
        .write("whimbrel.toml", "[env.production]\nurl_env = 'DATABASE_URL'\nprotected = true\n");
    check("error_protected", &project.show("up --yes --no-rehearsal --env production"));
    // It is the database that is protected, whatever it is called by.
    let url = project.url();
    for called in [String::new(), format!("--database-url {url}")] {
        let said = project.run(&format!("up --yes --no-rehearsal {called}"));
        assert_eq!(said.code, 4, "{}", said.whole());
        assert!(said.err.contains("production"), "{}", said.err);
    }
    project.done("up --yes --no-rehearsal --env production --allow protected");
}

#[tokio::test]
async fn an_error_shows_in_the_rehearsal_first() {
    let project = Project::new(&[
        ("migrations/001_create_users.sql", USERS),
        (
            "migrations/002_add_email.sql",
            "alter table users add column email text;\n\nalter table user add column x int;\n",
        ),
    ]);
    let project = project.with_database().await;
    check("error_rehearsal", &project.show("up --yes"));
    assert_eq!(project.sql("select to_regclass('users')").await, None);
}

#[tokio::test]
async fn a_failed_migration_says_where_it_is_and_what_is_left() {
    let project = Project::new(&[
        ("migrations/001_create_users.sql", USERS),
        (
            "migrations/002_fill.sql",
            "insert into users values (1);\ninsert into users values (1);\n",
        ),
        ("migrations/003_more.sql", "select 1;\n"),
    ]);
    let project = project.with_database().await;
    check("error_failed", &project.show("up --yes --no-rehearsal"));
    check("error_failed_status", &project.show("status"));
    let said = project.run("up --yes --no-rehearsal --json");
    assert_eq!(said.code, 1);
    let report = said.json();
    assert_eq!(report["outcome"], "failed");
    assert_eq!(report["migrations"][0]["result"], "failed");
    assert_eq!(report["errors"][0]["places"][0]["line"], 2);
}

#[tokio::test]
async fn a_failed_step_says_what_stays_done() {
    let project = Project::new(&[
        ("migrations/001_create_users.sql", USERS),
        (
            "migrations/002_index.sql",
            "create index concurrently users_id on users (id);\nvacuum users;\nvacuum nothing;\n",
        ),
    ]);
    let project = project.with_database().await;
    check("error_failed_step", &project.show("up --yes --no-rehearsal"));
    project.write(
        "migrations/002_index.sql",
        "create index concurrently users_id on users (id);\nvacuum users;\nvacuum (analyze) users;\n",
    );
    check("error_failed_step_resumed", &project.show("up --yes --no-rehearsal"));
}

#[tokio::test]
async fn a_step_that_was_rolled_back_takes_no_earlier_one_with_it() {
    let script = "create table a (id int);\ncreate index concurrently i on a (id);\nselect 1/0;\n";
    let project = Project::new(&[("migrations/001_a.sql", script)]);
    let project = project.with_database().await;
    check("error_failed_last_step", &project.show("up --yes --no-rehearsal"));
    let edited = script.replace("a (id int)", "a (id int, name text)");
    project.write("migrations/001_a.sql", &edited);
    check("error_step_changed", &project.show("up --yes --no-rehearsal"));
}

#[tokio::test]
async fn continue_goes_on_with_what_does_not_depend_on_it() {
    let annotated = |id: &str, needs: &str, sql: &str| {
        format!(
            "-- Migration: {id}\n-- Description: d\n-- Type: custom_sql\n-- Depends on: [{needs}]\n-- @up\n{sql}\n"
        )
    };
    let project = Project::new(&[
        ("sql/migrations/001_a.sql", &annotated("001_a", "", "select nonsense;")),
        ("sql/migrations/002_b.sql", &annotated("002_b", "001_a", "select 1;")),
        ("sql/migrations/003_c.sql", &annotated("003_c", "", "select 1;")),
    ]);
    let project = project.with_database().await;
    check("error_continue", &project.show("up --yes --no-rehearsal --on-error continue"));
}

#[tokio::test]
async fn continue_leaves_out_what_depends_on_it_further_on_too() {
    let annotated = |id: &str, needs: &str, up: &str, down: &str| {
        format!(
            "-- Migration: {id}\n-- Description: d\n-- Type: custom_sql\n-- Depends on: [{needs}]\n-- @up\n{up}\n-- @down\n{down}\n"
        )
    };
    let write = |project: &Project, up: &str, down: &str| {
        for (id, needs, up, down) in [
            ("001_a", "", up, "select 1;"),
            ("002_free", "", "select 2;", "select 2;"),
            ("003_needs", "001_a", "select 3;", down),
            ("004_free", "", "select 4;", "select 4;"),
        ] {
            let path = format!("sql/migrations/{id}.sql");
            project.write(&path, &annotated(id, needs, up, down));
        }
    };
    let results = |report: serde_json::Value| -> Vec<String> {
        let migrations = report["migrations"].as_array().unwrap().iter();
        migrations.map(|one| format!("{} {}", one["id"], one["result"]).replace('"', "")).collect()
    };
    let project = Project::new(&[]).with_database().await;
    write(&project, "select nonsense;", "select 3;");
    let up = project.run("up --yes --no-rehearsal --on-error continue --json").json();
    let expected = ["001_a failed", "002_free done", "003_needs skipped", "004_free done"];
    assert_eq!(results(up), expected);
    write(&project, "select 1;", "select nonsense;");
    project.done("up --yes --no-rehearsal");
    let down = project.run("down --all --yes --no-rehearsal --on-error continue --json").json();
    let expected = ["003_needs failed", "004_free done", "002_free done", "001_a skipped"];
    let mut results = results(down);
    results.sort();
    let mut expected = expected.map(str::to_owned);
    expected.sort();
    assert_eq!(results, expected);
}

#[tokio::test]
async fn continue_leaves_out_the_histories_that_come_after_one_that_failed() {
    let histories = "[history.one]\nformat = \"plain\"\nfolder = \"one\"\n\
        [history.two]\nformat = \"plain\"\nfolder = \"two\"\nafter = [\"one\"]\n\
        [history.three]\nformat = \"plain\"\nfolder = \"three\"\nafter = [\"two\"]\n\
        [history.free]\nformat = \"plain\"\nfolder = \"free\"\n";
    let project = Project::new(&[
        ("whimbrel.toml", histories),
        ("one/001_z.sql", "select 1 / 0;\n"),
        ("two/README.md", "Nothing yet.\n"),
        ("three/001_a.sql", "create table a (id int);\n"),
        ("free/001_b.sql", "create table b (id int);\n"),
    ]);
    let project = project.with_database().await;
    let report = project.run("up --yes --no-rehearsal --on-error continue --json").json();
    let migrations = report["migrations"].as_array().unwrap().iter();
    let mut results: Vec<String> =
        migrations.map(|one| format!("{} {}", one["id"], one["result"]).replace('"', "")).collect();
    results.sort();
    assert_eq!(results, ["001_a skipped", "001_b done", "001_z failed"]);
}

/// The newest of all is undone, whichever history it is of and whatever the others could not undo.
#[tokio::test]
async fn a_history_without_down_scripts_is_in_nobodys_way() {
    let histories = "[history.one]\nformat = \"plain\"\nfolder = \"one\"\n\
        [history.two]\nformat = \"plain\"\nfolder = \"two\"\nafter = [\"one\"]\n";
    let project = Project::new(&[
        ("whimbrel.toml", histories),
        ("one/001_a.up.sql", "create table a (id int);\n"),
        ("two/001_b.up.sql", "create table b (id int);\n"),
        ("two/001_b.down.sql", "drop table b;\n"),
    ]);
    let project = project.with_database().await;
    project.done("up --yes --no-rehearsal");
    project.done("redo --yes --no-rehearsal");
    project.done("down --yes --no-rehearsal");
    let said = project.run("down --yes --no-rehearsal");
    assert_eq!(said.code, 4, "{}", said.whole());
    assert!(said.err.contains("no down script: 001_a"), "{}", said.err);
}

/// A table that equals what the file would make says nothing of the rows that it puts in.
#[tokio::test]
async fn rows_that_nobody_compared_are_said_to_be_so() {
    let text = "create table b (id int);\ninsert into b values (1), (2);\n";
    let project = Project::new(&[("migrations/001_b.sql", text)]).with_database().await;
    project.sql("create table b (id int)").await;
    let said = project.run("up --yes --no-rehearsal");
    assert!(said.err.contains("nobody compared the rows"), "{}", said.whole());
    let said = project.done("repair applied 001_b --yes");
    assert!(said.whole().contains("nobody compared the rows that `001_b`"), "{}", said.whole());
}

#[tokio::test]
async fn a_server_named_for_the_rehearsal_that_cannot_be_had_is_no_leave_to_run() {
    let project = Project::new(&[("migrations/001_a.sql", "create table a ();")]);
    let project = project.with_database().await;
    for (url, code) in [("nonsense", 2), ("postgres://nobody@127.0.0.1:1/none", 4)] {
        let said = project.run(&format!("up --yes --shadow-url {url}"));
        assert_eq!(said.code, code, "{}", said.whole());
        assert_eq!(project.sql("select to_regclass('a')").await, None, "{}", said.whole());
    }
    project.done("up --yes --no-rehearsal --shadow-url nonsense");
}

#[tokio::test]
async fn an_empty_history_is_no_error() {
    let project = Project::new(&[]).with_database().await;
    project.done("init --format plain");
    for command in ["status", "up --yes", "status"] {
        let said = project.run(command);
        assert!(said.code == 0 || said.code == 2, "{}", said.whole());
        assert!(!said.whole().contains("panicked"), "{}", said.whole());
    }
}

#[tokio::test]
async fn what_was_changed_after_it_was_applied_is_refused() {
    let project = Project::example("plain").with_database().await;
    project.done("up --yes --no-rehearsal");
    project.write("migrations/0002_import_customers.up.sql", "select 1;\n");
    project.write("migrations/0004_more.sql", "select 1;\n");
    check("error_modified_status", &project.show("status"));
    check("error_modified", &project.show("up --yes --no-rehearsal"));
    project.done("up --yes --no-rehearsal --allow modified");
}

#[tokio::test]
async fn what_comes_before_something_applied_is_refused() {
    let project = Project::new(&[
        ("migrations/001_a.sql", "select 1;"),
        ("migrations/003_c.sql", "select 3;"),
    ]);
    let project = project.with_database().await;
    project.done("up --yes --no-rehearsal");
    project.write("migrations/002_b.sql", "select 2;");
    check("error_out_of_order_status", &project.show("status"));
    check("error_out_of_order", &project.show("up --yes --no-rehearsal"));
    check("error_out_of_order_preview", &project.show("preview --no-rehearsal"));
    project.done("up --yes --no-rehearsal --allow out-of-order");
}

#[tokio::test]
async fn a_migration_without_its_down_script_is_named_and_nothing_runs() {
    let project = Project::new(&[("migrations/001_a.sql", USERS)]).with_database().await;
    project.done("up --yes --no-rehearsal");
    check("error_no_down", &project.show("down --yes"));
    assert!(project.sql("select to_regclass('users')").await.is_some());
}

#[tokio::test]
async fn a_down_script_that_changed_wants_a_word() {
    let files =
        [("migrations/001_a.up.sql", USERS), ("migrations/001_a.down.sql", "drop table users;\n")];
    let project = Project::new(&files).with_database().await;
    project.done("up --yes --no-rehearsal");
    project.write("migrations/001_a.down.sql", "drop table users cascade;\n");
    check("error_down_differs", &project.show("down --yes --no-rehearsal"));
    check(
        "down_from_ledger",
        &project.show("down --dry-run --full --no-rehearsal --down-from ledger"),
    );
    project.done("down --yes --no-rehearsal --down-from file");
}

#[tokio::test]
async fn the_lock_of_another_run_is_waited_for_or_not() {
    let project = Project::example("plain").with_database().await;
    project.write("migrations/0000_slow.sql", "select pg_sleep(3);\n");
    let mut slow =
        project.command(&["up", "--yes", "--no-rehearsal", "--to", "0000"]).spawn().unwrap();
    let running = "select count(*) from pg_stat_activity where query like '%pg_sleep(3)%' and pid <> pg_backend_pid()";
    while project.sql(running).await.as_deref() == Some("0") {
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    let said = project.run("up --yes --no-rehearsal --no-wait");
    assert_eq!(said.code, 6, "{}", said.whole());
    assert!(said.err.contains("another run holds the lock: pid"), "{}", said.whole());
    let said = project.run("up --yes --no-rehearsal");
    assert_eq!(said.code, 0, "{}", said.whole());
    assert!(slow.wait().unwrap().success());
    assert_eq!(project.run("status --check").code, 0);
}

#[tokio::test]
async fn a_script_that_cannot_be_split_is_shown_where_it_opens() {
    let project = Project::new(&[("migrations/001_a.sql", "select 1;\nselect 'open;\n")]);
    check("error_unterminated", &project.with_database().await.show("up --yes --no-rehearsal"));
}

#[tokio::test]
async fn a_history_that_was_renamed_is_not_applied_twice() {
    let project = Project::new(&[("migrations/001_a.sql", USERS)]).with_database().await;
    project.done("up --yes --no-rehearsal");
    project.write("whimbrel.toml", "[history.shop]\nformat = 'plain'\nfolder = 'migrations'\n");
    check("error_renamed", &project.show("up --yes --no-rehearsal"));
}

#[tokio::test]
async fn a_run_whose_connection_is_cut_goes_on_and_applies_nothing_twice() {
    let project = Project::new(&[
        ("migrations/001_create.sql", "create table marks (at int);\n"),
        ("migrations/002_mark.sql", "insert into marks values (1);\nselect pg_sleep(1);\n"),
        ("migrations/003_mark.sql", "insert into marks values (2);\n"),
    ]);
    let project = project.with_database().await;
    let child = project.command(&["up", "--yes", "--no-rehearsal"]).spawn().unwrap();
    let cut = "select pg_terminate_backend(pid) from pg_stat_activity where wait_event = 'PgSleep'";
    while project.sql(cut).await.is_none() {
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    let said = Said::new(child.wait_with_output().unwrap());
    assert_eq!(said.code, 0, "{}", said.whole());
    assert!(said.err.contains("connecting again"), "{}", said.whole());
    assert!(said.out.contains("3 migrations applied"), "{}", said.whole());
    let marks = project.sql("select string_agg(at::text, ',' order by at) from marks").await;
    assert_eq!(marks.as_deref(), Some("1,2"));
}

#[tokio::test]
async fn what_is_there_already_is_compared_with_what_the_file_would_make() {
    let project = Project::new(&[
        ("migrations/001_create_users.sql", USERS),
        (
            "migrations/002_create_orders.sql",
            "create table orders (id int primary key, total int);\n",
        ),
    ]);
    let project = project.with_database().await;
    project.sql("create table users (id int primary key)").await;
    check("error_exists_equal", &project.show("up --yes --no-rehearsal"));
    project.sql("drop table users; create table orders (id int primary key, total bigint)").await;
    check("error_exists_different", &project.show("up --yes --no-rehearsal"));
}

/// What `up` says of a migration that makes what is there.
fn hint(project: &Project, line: &str) -> String {
    let said = project.run(line);
    assert_eq!(said.code, 1, "{}", said.whole());
    let hints = said.err.lines().filter(|line| line.contains("this file would make"));
    hints.collect::<Vec<_>>().join("\n")
}

#[tokio::test]
async fn of_what_is_there_already_only_what_this_file_makes_counts() {
    const UP: &str = "up --yes --no-rehearsal";
    let first = "create schema other;\ncreate table other.items (id int);\n";
    let second = "create table items (id bigint);\ncreate table tags (id int);\n";
    let project =
        Project::new(&[("migrations/001_other.sql", first), ("migrations/002_items.sql", second)]);
    let project = project.with_database().await;
    // The other `items` is equal, and made by a migration that is applied.
    project.sql("create table items (id int)").await;
    let differs = hint(&project, UP);
    assert!(differs.contains("`public.items` that is there is not what"), "{differs}");
    assert!(differs.contains("it differs in `public.items.id`"), "{differs}");
    project.sql("drop table items; create table items (id bigint)").await;
    let partly = hint(&project, UP);
    assert!(partly.contains("not all there as it would be: `public.tags`"), "{partly}");
    assert!(!partly.contains("repair applied"), "{partly}");
    project.sql("create table tags (id int)").await;
    let equal = hint(&project, UP);
    assert!(equal.contains("`whimbrel repair applied 002_items` records it"), "{equal}");

    let names = "create table \"a.b\" (id int);\n\
                 create function f(int) returns int language sql as 'select $1';\n";
    for (there, kind) in [
        ("create table \"a.b\" (id int)", "the table `public.\"a.b\"`"),
        ("create function f(int) returns int language sql as 'select $1'", "`public.f(integer)`"),
    ] {
        let project = Project::new(&[("migrations/001_names.sql", names)]).with_database().await;
        project.sql(there).await;
        let said = hint(&project, UP);
        assert!(said.contains(kind), "{said}");
    }
}

#[tokio::test]
async fn what_an_applied_migration_made_is_told_from_what_somebody_else_did() {
    let twice = "create table users (id int);\n";
    let project = Project::new(&[("migrations/001_users.sql", twice)]).with_database().await;
    project.done("up --yes --no-rehearsal");
    project.write("migrations/002_users_again.sql", twice);
    for line in ["up --yes", "up --yes --no-rehearsal"] {
        let said = hint(&project, line);
        assert!(said.contains("`public.users` is made by what comes before"), "{said}");
    }
}

#[tokio::test]
async fn what_is_there_already_is_recorded_as_applied_as_the_hint_says() {
    for path in ["migrations/001_users.sql", "supabase/migrations/20250101000000_users.sql"] {
        let project = Project::new(&[(path, USERS)]).with_database().await;
        project.sql(USERS).await;
        let said = project.run("up --yes --no-rehearsal");
        assert_eq!(said.code, 1, "{}", said.whole());
        let hint = said.err.split('`').find_map(|text| text.strip_prefix("whimbrel repair "));
        let way = hint.unwrap_or_else(|| panic!("{}", said.whole()));
        project.done(&format!("repair {way} --yes"));
        project.done("status --check");
    }
}

/// Leaves of the ledger's scripts what is kept of large ones.
const FORGET_SCRIPTS: &str = "update whimbrel.schema_migrations set up_sql = ''";

#[tokio::test]
async fn what_is_applied_is_rebuilt_from_the_ledger_where_its_file_is_not_it_any_more() {
    let users = "create table users (id int, name text);\n";
    let project = Project::new(&[
        ("migrations/001_users.sql", users),
        ("migrations/002_tags.sql", "create table tags (id int);\n"),
    ]);
    let project = project.with_database().await;
    project.done("up --yes --no-rehearsal");
    project.write("migrations/001_users.sql", &users.replace("name", "title"));
    project.remove("migrations/002_tags.sql");
    let third = "create index users_name on users (name);\nalter table tags add name text;\n";
    project.write("migrations/003_more.sql", third);
    let said = project.done("up --dry-run --allow modified");
    assert!(said.out.contains("rehearsed on"), "{}", said.whole());
    project.write("migrations/003_more.sql", "create index users_title on users (title);\n");
    let said = project.run("up --yes --allow modified");
    assert_eq!(said.code, 1, "{}", said.whole());
    assert!(said.err.contains("the rehearsal failed to apply `003_more`"), "{}", said.whole());
}

#[tokio::test]
async fn again_is_refused_where_nothing_proves_that_it_may() {
    let project = Project::new(&[
        ("migrations/000_gone.sql", "select 1;\n"),
        ("migrations/001_a.sql", "create table if not exists a ();\n"),
    ]);
    let project = project.with_database().await;
    project.done("up --yes --no-rehearsal");
    // What is applied cannot be rebuilt without it.
    project.remove("migrations/000_gone.sql");
    project.sql(FORGET_SCRIPTS).await;
    let again = "up --yes --only 001 --again";
    check("error_again_unproved", &project.show(again));
    project.done(&format!("{again} --no-rehearsal"));
}

#[tokio::test]
async fn again_is_proved_in_the_embedded_database_too() {
    let project = Project::new(&[
        ("migrations/001_a.sql", "create table if not exists a ();\n"),
        ("migrations/002_b.sql", "create table b ();\n"),
    ]);
    project.done("up --dev");
    let said = project.done("up --dev --only 001 --again");
    assert!(said.out.contains("rehearsed on"), "{}", said.whole());
    let said = project.run("up --dev --only 002 --again");
    assert_eq!(said.code, 1, "{}", said.whole());
    assert!(said.err.contains("the rehearsal failed to apply `002_b`"), "{}", said.whole());
    project.done("shadow clean --dev");
}

#[tokio::test]
async fn a_rehearsal_that_was_asked_for_is_held_or_the_run_is_refused() {
    let project = Project::new(&[("migrations/001_a.sql", "select 1;\n")]).with_database().await;
    let said = project.run("up --yes --rehearse --shadow-url postgres://nobody@127.0.0.1:1/none");
    assert_eq!(said.code, 4, "{}", said.whole());
    assert!(said.err.contains("error[W5101]: cannot rehearse: "), "{}", said.whole());
    assert!(said.err.contains("hint: `--no-rehearsal` goes on without"), "{}", said.whole());
    project.done("up --yes");
    // What is applied and cannot be rebuilt is said, and stops nobody.
    project.remove("migrations/001_a.sql");
    project.sql(FORGET_SCRIPTS).await;
    project.write("migrations/002_b.sql", "select 2;\n");
    let said = project.done("up --yes --rehearse");
    assert!(
        said.out.contains("not rehearsed: `001_a` is applied, its file is gone, and the ledger"),
        "{}",
        said.whole()
    );
}

#[tokio::test]
async fn what_others_lock_is_nothing_to_fix() {
    let project = Project::new(&[
        ("migrations/001_create_users.sql", USERS),
        ("migrations/002_name.sql", "alter table users add name text;\n"),
    ]);
    let project = project.with_database().await;
    project.done("up --yes --no-rehearsal --to 1");
    let mut holder = project.session().await;
    holder.simple("begin; lock users").await.unwrap();
    let said = project.run("up --yes --no-rehearsal --retry-for 0");
    assert_eq!(said.code, 1, "{}", said.whole());
    assert!(said.err.contains("when nothing is in the way"), "{}", said.whole());
    assert!(!said.err.contains("fix it"), "{}", said.whole());
    holder.close().await;
    project.done("up --yes --no-rehearsal");
}

#[tokio::test]
async fn nothing_to_do_is_said_of_what_was_asked_for() {
    let project = Project::new(&[
        ("migrations/001_a.sql", "select 1;"),
        ("migrations/002_b.sql", "select 2;"),
    ]);
    let project = project.with_database().await;
    project.done("up --yes --no-rehearsal --to 1");
    let nothing = |line: &str, why: &str| {
        let said = project.done(line);
        assert!(said.out.contains(&format!("nothing to do: {why}")), "{}", said.whole());
    };
    nothing("up --yes --to 1", "everything up to `1` is applied");
    nothing("down --yes --to 1", "nothing after `1` is applied");
    project.done("up --yes --no-rehearsal");
    nothing("up --yes", "everything is applied");
    for line in ["up --yes --count 0", "down 0 --yes"] {
        assert_eq!(project.run(line).code, 2, "{line}");
    }
}

#[tokio::test]
async fn data_that_a_table_does_not_take_is_shown_where_it_is() {
    let project = Project::new(&[(
        "migrations/001_ages.sql",
        "create table ages (age int);\ncopy ages from stdin;\n7\n8\nnine\n\\.\nselect 1;\n",
    )]);
    let project = project.with_database().await;
    check("error_copy_data", &project.show("up --yes --no-rehearsal"));
}

#[tokio::test]
async fn a_history_whose_folder_is_not_there_is_not_taken_for_an_empty_one() {
    let project = Project::new(&[(
        "whimbrel.toml",
        "[history.shop]\nformat = 'plain'\nfolder = 'migratoins'\n",
    )]);
    let project = project.with_database().await;
    check("error_no_folder", &project.show("up --yes"));
    assert_eq!(project.run("status --check").code, 2);
    project.done("new create_users");
    project.done("status");
}

#[tokio::test]
async fn a_redo_that_fails_is_to_be_run_again_as_a_redo() {
    let project = Project::new(&[("migrations/001_a.up.sql", "create table a ();\n")]);
    project.write("migrations/001_a.down.sql", "drop table b;\n");
    let project = project.with_database().await;
    project.done("up --yes --no-rehearsal");
    let said = project.run("redo --yes --no-rehearsal");
    assert_eq!(said.code, 1, "{}", said.whole());
    assert!(said.err.contains("run `whimbrel redo` again"), "{}", said.whole());
}

#[tokio::test]
async fn a_role_that_lacks_a_right_is_told_which() {
    let project = Project::new(&[("migrations/001_a.sql", "select 1;")]).with_database().await;
    let role = project.sql("select current_database() || '_guest'").await.unwrap();
    project.sql(&format!("create role {role} login")).await;
    let url = project.url();
    let sign = if url.contains('?') { '&' } else { '?' };
    let up = format!("up --yes --no-rehearsal --database-url {url}{sign}user={role}");
    let said = project.run(&up);
    assert_eq!(said.code, 1, "{}", said.whole());
    assert!(said.err.contains("`grant create on database`"), "{}", said.whole());
    project.done("up --yes --no-rehearsal");
    let said = project.run(&up);
    assert_eq!(said.code, 1, "{}", said.whole());
    assert!(said.err.contains("role that owns the ledger"), "{}", said.whole());
    project.sql(&format!("drop role {role}")).await;
}
