//! Files that are too large to hold.

use std::fmt::Write as _;
use std::fs;
use std::process::Command;
use std::time::Duration;

use crate::kit::{Project, Said};

const MB: usize = 1 << 20;

/// A table and so many bytes of data for it.
fn data(bytes: usize) -> String {
    let mut script = "create table big (a int, b text);\ncopy big (a, b) from stdin;\n".to_owned();
    for row in 0.. {
        if script.len() >= bytes {
            break;
        }
        writeln!(script, "{row}\t{:x<200}", "é").unwrap();
    }
    script + "\\.\n\ncreate index on big (a);\n"
}

/// A table and so many inserts into it.
fn inserts(count: usize) -> String {
    let mut script = "create table small (a int primary key, b text);\n".to_owned();
    for row in 1..=count {
        writeln!(script, "insert into small (a, b) values ({row}, 'é; {row}');").unwrap();
    }
    script
}

/// Runs a command that must end well; answers the most memory that it ever had, in bytes.
fn peak(mut command: Command) -> usize {
    let mut child = command.spawn().unwrap();
    let path = format!("/proc/{}/status", child.id());
    let mut most = 0;
    while child.try_wait().unwrap().is_none() {
        let status = fs::read_to_string(&path).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let seen = line.and_then(|line| line.split_whitespace().next()?.parse().ok());
        most = most.max(seen.unwrap_or(0));
        std::thread::sleep(Duration::from_millis(2));
    }
    let said = Said::new(child.wait_with_output().unwrap());
    assert_eq!(said.code, 0, "{}", said.whole());
    most * 1024
}

#[tokio::test]
async fn data_are_rehearsed_and_applied_without_being_held() {
    let script = data(40 * MB);
    let project = Project::new(&[("migrations/001_big.sql", &script)]).with_database().await;
    let peak = peak(project.command(&["up", "--yes", "--rehearse"]));
    assert!(peak < 40 * MB, "it held {} MB", peak / MB);
    let rows = script.lines().filter(|line| line.contains('\t')).count();
    let judge = "select count(*) || ' ' || count(distinct b) || ' ' || max(length(b)) from big";
    assert_eq!(project.sql(judge).await, Some(format!("{rows} 1 200")));
    let note = project.sql("select up_sql from whimbrel.schema_migrations").await.unwrap();
    assert!(note.starts_with("-- too large to be kept here: 41"), "{note}");
}

#[tokio::test]
async fn of_many_statements_little_is_held_at_a_time() {
    let script = inserts(120_000);
    let project = Project::new(&[("migrations/001_small.sql", &script)]).with_database().await;
    let peak = peak(project.command(&["up", "--yes", "--no-rehearsal"]));
    assert!(peak < 40 * MB, "it held {} MB of {}", peak / MB, script.len() / MB);
    let judge = "select count(*) || ' ' || max(a) || ' ' || max(b) from small";
    assert_eq!(project.sql(judge).await.as_deref(), Some("120000 120000 é; 99999"));
}

#[tokio::test]
async fn errors_in_a_large_file_have_their_places() {
    let mut script = inserts(40_000);
    let line = script.lines().count() + 2;
    script.push_str("select 'é';\n  insert into smal values (1);\n");
    let project = Project::new(&[("migrations/001_small.sql", &script)]).with_database().await;
    let said = project.run("up --yes --no-rehearsal --json");
    assert_eq!(said.code, 1, "{}", said.whole());
    let place = &said.json()["errors"][0]["places"][0];
    assert_eq!((&place["line"], &place["column"]), (&line.into(), &15.into()));
    assert!(said.err.contains("  insert into smal values (1);"), "{}", said.whole());
    assert!(said.err.contains(&format!("001_small.sql:{line}:")), "{}", said.whole());

    let mut script = data(3 * MB);
    let at = script.rfind("\\.").unwrap();
    script.insert_str(at, "many\trows\n");
    let line = script[..at].lines().count() + 1;
    project.write("migrations/001_small.sql", &script);
    let said = project.run("up --yes --no-rehearsal --json");
    assert_eq!(said.code, 1, "{}", said.whole());
    let place = &said.json()["errors"][0]["places"][0];
    assert_eq!((&place["line"], &place["column"]), (&line.into(), &1.into()));
    assert!(said.err.contains("many\trows") || said.err.contains("many"), "{}", said.whole());

    project.write("migrations/001_small.sql", &format!("{}select 'x", inserts(9_000)));
    let said = project.run("up --yes --no-rehearsal");
    assert!(said.err.contains("unterminated quoted string"), "{}", said.whole());
    assert!(said.err.contains("001_small.sql:9002:8"), "{}", said.whole());
    assert_eq!(project.sql("select to_regclass('small')").await, None);
}

#[tokio::test]
async fn a_file_that_changes_while_it_is_sent_is_not_applied() {
    for (rest, says) in [
        (inserts(60_000), "`migrations/001_a.sql` changed while it was being read"),
        (data(3 * MB), "the data cannot be read: `migrations/001_a.sql` changed"),
    ] {
        let script = format!("select pg_sleep(2);\n{rest}");
        let project = Project::new(&[("migrations/001_a.sql", &script)]).with_database().await;
        let running = project.command(&["up", "--yes", "--no-rehearsal"]).spawn().unwrap();
        let sleeps = "select count(*) from pg_stat_activity where wait_event = 'PgSleep' \
                      and datname = current_database()";
        while project.sql(sleeps).await.as_deref() != Some("1") {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        let end = script.len() - 5_000;
        let changed = format!("{}{}", &script[..end], script[end..].replace(['1', '2'], "3"));
        project.write("migrations/001_a.sql", &changed);
        let said = Said::new(running.wait_with_output().unwrap());
        assert_eq!(said.code, 1, "{}", said.whole());
        assert!(said.err.contains(says), "{}", said.whole());
        assert!(said.err.contains("error[W4208]"), "{}", said.whole());
        let judge = "select status from whimbrel.schema_migrations \
                     where to_regclass('big') is null and to_regclass('small') is null";
        assert_eq!(project.sql(judge).await.as_deref(), Some("failed"));
        // What it is now is what runs next.
        project.write("migrations/001_a.sql", "create table big ();");
        project.done("up --yes --no-rehearsal");
    }
}

#[tokio::test]
async fn a_large_script_is_tried_again_as_a_whole() {
    let project = Project::new(&[
        ("whimbrel.toml", "[timeouts]\nlock = \"300ms\"\n"),
        ("migrations/001_a.sql", "create table held (a int);"),
        ("migrations/002_b.sql", &format!("{}alter table held add b int;\n", inserts(40_000))),
    ])
    .with_database()
    .await;
    project.done("up --to 001 --yes --no-rehearsal");
    let mut other = project.session().await;
    other.simple("begin; lock table held").await.unwrap();
    let running = project.command(&["up", "--yes", "--no-rehearsal"]).spawn().unwrap();
    let waits = "select count(*) from pg_stat_activity where wait_event_type = 'Lock' \
                 and datname = current_database()";
    let mut before = false;
    let mut tries = 0;
    while tries < 2 {
        let is_waiting = project.sql(waits).await.as_deref() == Some("1");
        tries += usize::from(is_waiting && !before);
        before = is_waiting;
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    other.simple("rollback").await.unwrap();
    let said = Said::new(running.wait_with_output().unwrap());
    assert_eq!(said.code, 0, "{}", said.whole());
    assert_eq!(project.sql("select count(b) from small").await.as_deref(), Some("40000"));
}

#[tokio::test]
async fn a_large_script_is_undone_by_its_own_down_script() {
    let script = format!("-- @up\n{}-- @down\ndrop table big;\n", data(5 * MB));
    let other = "-- @up\ncreate table other ();\n-- @down\ndrop table other;\n";
    let files = [("migrations/001_big.sql", script.as_str()), ("migrations/002_other.sql", other)];
    let project = Project::new(&files).with_database().await;
    project.done("up --yes --no-rehearsal");
    // What the ledger keeps of it is a note, and no script to compare with or to write back.
    project.write("migrations/001_big.sql", &script.replacen("copy big (a, b)", "copy big", 1));
    let said = project.run("status --check");
    assert!(said.out.contains("modified"), "{}", said.whole());
    project.remove("migrations/001_big.sql");
    let said = project.run("repair orphan 001_big --yes");
    assert!(said.err.contains("the ledger keeps no script"), "{}", said.whole());
    project.write("migrations/001_big.sql", &script);
    project.done("down --all --yes");
    assert_eq!(project.sql("select to_regclass('big')").await, None);
}
