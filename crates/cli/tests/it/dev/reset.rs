//! Making a database anew.

use super::{Dev, POSTS, USERS, connect, eventually, value};

#[tokio::test]
async fn a_reset_brings_the_migrations_back_by_a_template() {
    let dev = Dev::new(&[USERS, POSTS]);
    dev.done("start");
    dev.value("drop table posts; insert into users values (7)").await;
    let report = dev.json("reset");
    assert_eq!(report["made"]["from_template"], 2, "{report}");
    assert_eq!(report["made"]["replayed"], 0, "{report}");
    assert_eq!(report["migrations"]["applied"], 2, "{report}");
    let count = "select (select count(*) from users) + (select count(*) from posts)";
    assert_eq!(dev.value(count).await.as_deref(), Some("0"));
}

#[tokio::test]
async fn whoever_is_connected_is_sent_away_and_named() {
    let dev = Dev::new(&[USERS]);
    dev.done("start");
    let mut client = dev.session("").await;
    let said = dev.done("reset");
    assert!(said.out.contains("sent away: a client, postgres from 127.0.0.1"), "{}", said.whole());
    assert!(client.simple("select 1").await.is_err());
    assert_eq!(dev.value("select count(*) from users").await.as_deref(), Some("0"));
}

#[tokio::test]
async fn an_edited_migration_is_all_that_runs_again() {
    let dev = Dev::new(&[USERS, POSTS, ("migrations/003_tags.sql", "create table tags ();")]);
    dev.done("start");
    dev.0.write("migrations/003_tags.sql", "create table labels ();");
    let report = dev.json("reset");
    assert_eq!(report["made"]["from_template"], 2, "{report}");
    assert_eq!(report["made"]["replayed"], 1, "{report}");
    let there = "select to_regclass('labels') is not null and to_regclass('tags') is null";
    assert_eq!(dev.value(there).await.as_deref(), Some("t"));
    // What the first one changes, everything after it was made with.
    dev.0.write(USERS.0, "create table users (id int, name text not null);");
    let report = dev.json("reset");
    assert_eq!(report["made"]["from_template"], 0, "{report}");
    assert_eq!(report["made"]["replayed"], 3, "{report}");
}

#[tokio::test]
async fn a_role_of_an_earlier_run_is_in_nobodys_way() {
    let role = ("migrations/001_role.sql", "create role reader; create table t ();");
    let dev = Dev::new(&[role]);
    dev.done("start");
    dev.0.write(role.0, &format!("{} create table u ();", role.1));
    let report = dev.json("reset");
    assert_eq!(report["errors"].to_string(), "[]", "{report}");
    assert!(report["remarks"].to_string().contains("was dropped"), "{report}");
    assert_eq!(dev.value("select to_regclass('u') is not null").await.as_deref(), Some("t"));
}

#[test]
fn a_migration_that_fails_is_shown_and_the_rest_stays() {
    let broken = ("migrations/002_broken.sql", "create table t ();\nselect nonsense;\n");
    let dev = Dev::new(&[USERS, broken]);
    let said = dev.run("start");
    assert_eq!(said.code, 1, "{}", said.whole());
    assert!(said.err.contains("migrations/002_broken.sql:2"), "{}", said.whole());
    let report = dev.json("status");
    assert_eq!(report["server"]["state"], "started", "{report}");
    assert_eq!(report["migrations"]["applied"], 1, "{report}");
    let said = dev.run("reset --json");
    assert_eq!(said.code, 1, "{}", said.whole());
    assert_eq!(said.json()["errors"][0]["exit"], "failed");
    // Whoever has the password gets in again.
    dev.url("");
    dev.0.write(broken.0, "create table t ();");
    dev.done("reset");
}

#[tokio::test]
async fn seeds_run_where_they_are_asked_for() {
    let files = [
        ("supabase/config.toml", "[db.seed]\nsql_paths = [\"./seed.sql\"]\n"),
        ("supabase/seed.sql", "insert into notes values (1), (2);"),
        ("supabase/migrations/20260101000000_notes.sql", "create table notes (id int);"),
    ];
    let dev = Dev::new(&files);
    dev.done("start");
    assert!(dev.url("").ends_with("/postgres"));
    assert_eq!(dev.value("select count(*) from notes").await.as_deref(), Some("0"));
    let report = dev.json("reset --seed");
    assert_eq!(report["made"]["seeds"][0]["result"], "done", "{report}");
    assert_eq!(report["made"]["from_template"], 1, "{report}");
    assert_eq!(dev.value("select count(*) from notes").await.as_deref(), Some("2"));
    // A template has no seeds in it.
    dev.done("reset");
    assert_eq!(dev.value("select count(*) from notes").await.as_deref(), Some("0"));
    dev.0.write("whimbrel.toml", "[dev]\nseed = true\n");
    dev.done("reset");
    assert_eq!(dev.value("select count(*) from notes").await.as_deref(), Some("2"));
}

#[tokio::test]
async fn what_a_migration_sets_for_the_database_is_there_after_a_reset() {
    let sql = "create role reader;
        alter database app set search_path = '', \"$user\", 'odd, name', public;
        alter database app set app.greeting = 'it''s me';
        revoke connect on database app from public;
        grant connect, temporary on database app to reader with grant option;
        comment on database app is 'mine';
        alter role reader in database app set work_mem = '8MB';";
    let dev = Dev::new(&[("migrations/001_settings.sql", sql)]);
    dev.done("start");
    let all = "select concat_ws(' | ', array(select setconfig::text from pg_db_role_setting s
            where setdatabase = d.oid order by setrole),
            array(select x::text from unnest(datacl) as x order by 1),
            shobj_description(oid, 'pg_database'), current_setting('app.greeting'))
        from pg_database d where datname = 'app'";
    let before = dev.value(all).await.unwrap();
    assert!(before.contains("it's me") && before.contains("mine"), "{before}");
    let report = dev.json("reset");
    assert_eq!(report["made"]["from_template"], 1, "{report}");
    assert_eq!(dev.value(all).await.unwrap(), before);
}

#[tokio::test]
async fn slots_and_prepared_transactions_keep_no_database() {
    let dev = Dev::new(&[USERS]);
    dev.done("start");
    let mut client = dev.session("").await;
    value(&mut client, "select pg_create_logical_replication_slot('s', 'pgoutput')").await;
    client.close().await;
    dev.done("reset");
    assert_eq!(dev.value("select count(*) from pg_replication_slots").await.as_deref(), Some("0"));
}

#[test]
fn a_server_that_is_not_started_is_so_after_a_reset() {
    let dev = Dev::new(&[USERS]);
    let report = dev.json("reset");
    assert_eq!(report["server"]["state"], "stopped", "{report}");
    assert_eq!(report["migrations"]["applied"], 1, "{report}");
    // It goes on for a moment.
    assert!(eventually(|| dev.json("status")["server"]["state"] == "stopped"));
}

#[test]
fn few_templates_are_kept() {
    let dev = Dev::new(&[USERS, POSTS]);
    dev.done("start");
    for round in 0..4 {
        dev.0.write(POSTS.0, &format!("create table posts_{round} ();"));
        dev.done("reset");
    }
    let report = dev.json("status");
    assert_eq!(report["templates"]["count"], 4, "{report}");
}

#[tokio::test]
async fn repeatable_migrations_are_in_the_template() {
    let view =
        ("migrations/R__names.sql", "create or replace view names as select name from users;");
    let dev = Dev::new(&[USERS, POSTS, view]);
    dev.done("start");
    let report = dev.json("reset");
    assert_eq!(report["made"]["from_template"], 3, "{report}");
    assert_eq!(dev.value("select count(*) from names").await.as_deref(), Some("0"));
    dev.0.write(view.0, "create or replace view names as select upper(name) as name from users;");
    let report = dev.json("reset");
    assert_eq!(report["made"]["from_template"], 2, "{report}");
    assert_eq!(report["made"]["replayed"], 1, "{report}");
}

#[tokio::test]
async fn a_reset_that_was_killed_is_put_right_by_the_next_start() {
    let dev = Dev::new(&[USERS]);
    dev.done("start");
    let url = dev.url("");
    dev.0.write(POSTS.0, "select pg_sleep(10);");
    let mut reset = dev.0.command(&["dev", "reset"]).spawn().unwrap();
    let mut is_out = false;
    for _ in 0..400 {
        is_out = connect(&url)
            .await
            .is_err_and(|error| error.server().is_some_and(|error| error.code == "28P01"));
        if is_out {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    assert!(is_out, "others get in while it is made");
    reset.kill().unwrap();
    reset.wait().unwrap();
    dev.0.write(POSTS.0, POSTS.1);
    dev.done("start");
    assert_eq!(dev.value("show fsync").await.as_deref(), Some("on"));
    dev.done("reset");
    assert_eq!(dev.value("select count(*) from posts").await.as_deref(), Some("0"));
}
