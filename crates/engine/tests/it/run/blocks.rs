//! Migrations that are one transaction each.

use whimbrel_engine::Event;
use whimbrel_engine::rehearse::objects;
use whimbrel_engine::run::{Cause, Stop};
use whimbrel_engine::shadow::StopMode;
use whimbrel_engine::wire::Session;
use whimbrel_testkit::{PgBouncer, Pool, PoolMode, Server, Settings};

use super::kit::{Heard, Project, ask, database};

#[tokio::test]
async fn migrations_run_in_order_and_are_recorded() {
    let database = database().await;
    let project = Project::new(database.target())
        .with("001_a", "create table a (id int primary key);")
        .with("002_b", "create table b (a int references a);\ninsert into a values (1);");
    let report = project.up().await;
    assert!(report.stopped.is_none(), "{report:?}");
    assert_eq!(report.done.len(), 2);
    assert_eq!(project.applied().await, ["001_a", "002_b"]);
    assert_eq!(ask(database.target(), "select count(*) from a").await, "1");
}

#[tokio::test]
async fn a_failed_migration_leaves_nothing_and_what_came_before_stays() {
    let database = database().await;
    let project = Project::new(database.target())
        .with("001_a", "create table a (id int);")
        .with("002_b", "create table b (id int);\ninsert into a values ('x');")
        .with("003_c", "create table c (id int);");
    let report = project.up().await;
    let (number, failed) = &report.failed[0];
    assert_eq!(*number, 1);
    assert_eq!(failed.statement, Some(1));
    let Cause::Server(error) = &failed.cause else { panic!("{failed:?}") };
    assert_eq!(error.code, "22P02");
    let text = "create table b (id int);\ninsert into a values ('x');";
    assert_eq!(failed.span.clone().map(|span| &text[span]), Some("'x'"));
    assert_eq!(project.applied().await, ["001_a"]);
    assert_eq!(ask(database.target(), "select to_regclass('b') is null").await, "t");
    assert_eq!(ask(database.target(), "select to_regclass('c') is null").await, "t");
}

#[tokio::test]
async fn a_syntax_error_stops_only_its_own_migration() {
    let database = database().await;
    let project = Project::new(database.target())
        .with("001_a", "create table a (id int);")
        .with("002_b", "create tabel b (id int);");
    let report = project.up().await;
    assert_eq!(report.done.len(), 1);
    assert_eq!(report.failed[0].0, 1);
    assert_eq!(project.applied().await, ["001_a"]);
}

#[tokio::test]
async fn what_a_script_sets_ends_with_it() {
    let database = database().await;
    let project = Project::new(database.target())
        .with(
            "001_dump",
            "select pg_catalog.set_config('search_path', '', false);\n\
             set statement_timeout = '1ms'; reset statement_timeout;\n\
             set timezone = 'Asia/Tokyo';\n\
             create role whimbrel_settings_test; set role whimbrel_settings_test;\n\
             create temporary table temporary_of_one (id int);\n\
             prepare prepared_by_one as select 1; listen something;",
        )
        .with(
            "002_next",
            "create table next as select current_user as who, \
             current_setting('search_path') as path, current_setting('timezone') as zone, \
             to_regclass('pg_temp.temporary_of_one') is null as no_temporary, \
             (select count(*) from pg_prepared_statements) as prepared, \
             (select count(*) from pg_listening_channels()) as channels;",
        )
        .with("003_end", "drop role whimbrel_settings_test;");
    let report = project.up().await;
    assert!(report.failed.is_empty(), "{report:?}");
    let row = ask(
        database.target(),
        "select concat_ws(' ', who, path, zone, no_temporary, prepared, channels) from next",
    )
    .await;
    assert_eq!(row, r#"postgres "$user", public UTC t 0 0"#);
}

#[tokio::test]
async fn a_file_that_is_one_block_is_one_transaction_with_its_entry() {
    let database = database().await;
    let project = Project::new(database.target()).with(
        "001_block",
        "begin isolation level serializable;\ncreate table a as select \
         current_setting('transaction_isolation') as level;\ninsert into a values (1/0);\ncommit;",
    );
    let report = project.up().await;
    assert_eq!(report.failed.len(), 1);
    assert_eq!(ask(database.target(), "select to_regclass('a') is null").await, "t");
    let project = Project::new(database.target()).with(
        "001_block",
        "begin isolation level serializable;\ncreate table a as select \
         current_setting('transaction_isolation') as level;\ncommit;",
    );
    project.up().await;
    assert_eq!(ask(database.target(), "select level from a").await, "serializable");
    assert_eq!(project.applied().await, ["001_block"]);
}

#[tokio::test]
async fn data_of_copy_goes_in_the_middle_of_a_script() {
    let database = database().await;
    let project = Project::new(database.target()).with(
        "001_data",
        "create table a (id int, name text);\ncopy a (id, name) from stdin;\n1\tone\n2\ttwo\n\\.\n\
         update a set name = upper(name);\ncopy a from stdin with (format csv);\n3,\"a;b\"\n\\.\n",
    );
    let report = project.up().await;
    assert!(report.failed.is_empty(), "{report:?}");
    let names = ask(database.target(), "select string_agg(name, ',' order by id) from a").await;
    assert_eq!(names, "ONE,TWO,a;b");
}

#[tokio::test]
async fn strings_read_as_the_file_says() {
    let database = database().await;
    let project = Project::new(database.target())
        .with(
            "001_old_strings",
            "create table a (t text);\nset standard_conforming_strings = off;\n\
             insert into a values ('it\\'s; one');\nset standard_conforming_strings = on;\n\
             insert into a values ('back\\slash');",
        )
        .with("002_next", "insert into a values ('c\\d');");
    let report = project.up().await;
    assert!(report.failed.is_empty(), "{report:?}");
    let all = ask(database.target(), "select string_agg(t, '|' order by ctid) from a").await;
    assert_eq!(all, "it's; one|back\\slash|c\\d");
}

#[tokio::test]
async fn a_deferred_constraint_fails_at_commit_and_nothing_is_recorded() {
    let database = database().await;
    let project = Project::new(database.target()).with(
        "001_deferred",
        "create table a (id int primary key);\n\
         create table b (a int references a deferrable initially deferred);\n\
         insert into b values (7);",
    );
    let report = project.up().await;
    let Cause::Server(error) = &report.failed[0].1.cause else { panic!("{report:?}") };
    assert_eq!(error.code, "23503");
    assert!(project.applied().await.is_empty());
    assert_eq!(ask(database.target(), "select to_regclass('a') is null").await, "t");
}

#[tokio::test]
async fn a_runner_that_was_taken_for_dead_commits_nothing() {
    let database = database().await;
    let project = Project::new(database.target())
        .with("001_first", "create table a (id int);")
        .with(
            "002_taken_over",
            "copy a from stdin;\n1\n\\.\nupdate whimbrel_journal.runs set state = 'lost';",
        )
        .with("003_zombie", "create table zombie (id int);");
    let report = project.up().await;
    assert!(matches!(report.stopped, Some(Stop::TakenOver)), "{report:?}");
    assert_eq!(ask(database.target(), "select to_regclass('zombie') is null").await, "t");
    assert!(!project.applied().await.contains(&"003_zombie".to_owned()));
}

#[tokio::test]
async fn a_thousand_migrations_go_in_few_messages_and_each_has_its_entry() {
    let database = database().await;
    let mut project = Project::new(database.target());
    for number in 0..1_000 {
        project = project.with(&format!("{number:04}"), &format!("create table t{number} ();"));
    }
    let mut heard = Heard::default();
    let report = project.try_up(&mut heard).await.unwrap().unwrap();
    assert_eq!(report.done.len(), 1_000);
    assert_eq!(project.applied().await.len(), 1_000);
}

/// Scripts that are too much together to be registered in one message.
fn many_large(project: Project) -> Project {
    (1..=9).fold(project, |project, number| {
        let text = format!("select {number};\n-- {}", "é".repeat(150_000));
        project.with(&format!("{number:03}"), &text)
    })
}

#[tokio::test]
async fn many_large_scripts_are_registered_whole_and_all_at_once() {
    const KEPT: &str = "select string_agg(concat(length(up_sql), status), ' ' order by id) \
        from whimbrel.schema_migrations";
    let database = database().await;
    let project = many_large(Project::new(database.target()));
    assert_eq!(project.up().await.done.len(), 9);
    let all = ["150013completed"; 9].join(" ");
    assert_eq!(ask(database.target(), KEPT).await, all);

    // Within the lock's own transaction they are one transaction, too.
    let database = self::database().await;
    let bouncer = PgBouncer::start(database.target(), &Pool::new(PoolMode::Transaction, 1)).await;
    let project = many_large(Project::new(bouncer.target()));
    assert_eq!(project.up().await.done.len(), 9);
    assert_eq!(ask(database.target(), KEPT).await, all);
}

#[tokio::test]
async fn what_is_undone_is_no_longer_applied_and_can_be_applied_again() {
    let database = database().await;
    let project = Project::new(database.target())
        .with_down("001_a", "create table a ();", "drop table a;")
        .with_down("002_b", "create table b ();", "vacuum; drop table b;");
    project.up().await;
    let report = project.down(&["002_b", "001_a"]).await;
    assert_eq!(report.done.len(), 2, "{report:?}");
    assert!(project.applied().await.is_empty());
    assert_eq!(ask(database.target(), "select to_regclass('a') is null").await, "t");
    let report = project.up().await;
    assert_eq!(report.done.len(), 2, "{report:?}");
    assert_eq!(project.applied().await, ["001_a", "002_b"]);
}

#[tokio::test]
async fn every_major_is_read_run_and_compared() {
    for major in whimbrel_testkit::MAJORS {
        let database = whimbrel_testkit::Server::shared(major).await.database().await;
        let project = Project::new(database.target())
            .with("001_a", "create table a (id int primary key); comment on table a is 'a';")
            .with("002_b", "create index concurrently b on a (id);\ninsert into a values (1);");
        let report = project.up().await;
        assert!(report.failed.is_empty() && report.stopped.is_none(), "{major}: {report:?}");
        assert_eq!(project.applied().await, ["001_a", "002_b"]);
        let mut session = Session::connect(database.target(), "test").await.unwrap();
        let before = objects(&mut session).await.unwrap();
        session.simple("drop index b").await.unwrap();
        let after = objects(&mut session).await.unwrap();
        let named: Vec<String> =
            before.differences(&after).iter().map(ToString::to_string).collect();
        assert_eq!(named, ["index public.b"], "{major}");
    }
}

#[tokio::test]
async fn what_is_under_way_and_how_long_it_took_is_the_servers_word() {
    let database = database().await;
    let project = Project::new(database.target())
        .with("001_fast", "create table a (id int);")
        .with("002_slow", "select pg_sleep(0.8);")
        .with("003_fast", "create table b (id int);");
    let mut heard = Heard::default();
    let report = project.try_up(&mut heard).await.unwrap().unwrap();
    let running = Event::Running { migration: "002_slow".to_owned() };
    assert!(heard.0.contains(&running), "{:?}", heard.0);
    let times: Vec<u64> = report.done.iter().map(|(_, took)| *took).collect();
    assert!(times[1] >= 800 && times[0] < 800 && times[2] < 800, "{times:?}");
}

#[tokio::test]
async fn how_long_a_script_took_is_noted_once_whatever_it_set() {
    let database = database().await;
    let project = Project::new(database.target()).with(
        "001_hostile",
        "create schema hostile;\n\
         create function hostile.clock_timestamp() returns timestamptz language sql as \
         'select null::timestamptz';\n\
         create function hostile.current_setting(text) returns text language sql as \
         'select null::text';\n\
         create function hostile.set_config(text, text, boolean) returns text language sql as \
         'select null::text';\n\
         select pg_catalog.set_config('whimbrel.took', 'soon', false);\n\
         select pg_catalog.pg_sleep(0.1);\n\
         reset all;\n\
         set search_path = hostile, pg_catalog;\n\
         set statement_timeout = '20s';",
    );
    let report = project.up().await;
    assert!(report.failed.is_empty() && report.stopped.is_none(), "{report:?}");
    let times = ask(
        database.target(),
        "select m.execution_time_ms >= 100 and m.execution_time_ms = h.execution_time_ms \
         and m.execution_time_ms = a.execution_time_ms \
         from whimbrel.schema_migrations m join whimbrel.migration_history h on h.migration_id = m.id \
         cross join whimbrel_journal.applied a",
    )
    .await;
    assert_eq!(times, "t");
}

/// A server of the test's own, whose crash loses what had not reached its log.
async fn crashing() -> Server {
    Server::private(17, &Settings::new()).await
}

#[tokio::test]
async fn what_a_run_reports_as_done_survives_a_crash_of_the_server() {
    let server = crashing().await;
    let database = server.database().await;
    let project = (0..30).fold(Project::new(database.target()), |project, number| {
        project.with(&format!("{number:03}"), &format!("create table t{number} (id int);"))
    });
    let report = project.up().await;
    server.restart(StopMode::Immediate).await;
    assert_eq!(report.done.len(), 30);
    assert_eq!(project.applied().await.len(), 30);
    let tables = "select count(*) from pg_tables where tablename ~ '^t[0-9]+$'";
    assert_eq!(ask(database.target(), tables).await, "30");
}

#[tokio::test]
async fn what_came_before_a_failure_survives_a_crash_of_the_server() {
    let server = crashing().await;
    let database = server.database().await;
    let project = (0..8).fold(Project::new(database.target()), |project, number| {
        let up = if number == 5 {
            "select 1 / 0;".to_owned()
        } else {
            format!("create table t{number} (id int);")
        };
        project.with_down(&format!("{number:03}"), &up, "select 1;")
    });
    let report = project.up().await;
    server.restart(StopMode::Immediate).await;
    assert_eq!((report.done.len(), report.failed[0].0), (5, 5));
    assert_eq!(project.applied().await.len(), 5);
    assert_eq!(ask(database.target(), "select to_regclass('t4') is not null").await, "t");
}
