//! Migrations that are not one transaction.

use whimbrel_engine::Event;
use whimbrel_engine::run::Cause;
use whimbrel_engine::wire::Session;

use super::kit::{Heard, Project, ask, database};

const INDEX: &str = "create table if not exists a (id int, name text);\n\
    create index concurrently a_name on a (name);\ninsert into a values (1, 'after');";

#[tokio::test]
async fn a_concurrent_index_build_runs_beside_the_lock() {
    let database = database().await;
    let project = Project::new(database.target()).with("001_index", INDEX);
    let report = project.up().await;
    assert!(report.failed.is_empty() && report.stopped.is_none(), "{report:?}");
    assert_eq!(project.applied().await, ["001_index"]);
    let valid = "select indisvalid from pg_index where indexrelid = 'a_name'::regclass";
    assert_eq!(ask(database.target(), valid).await, "t");
    let intents = "select count(*) from whimbrel_journal.intents";
    assert_eq!(ask(database.target(), intents).await, "0");
}

#[tokio::test]
async fn a_value_added_to_an_enum_can_be_used_by_the_same_script() {
    let database = database().await;
    let project = Project::new(database.target()).with(
        "001_enum",
        "create type mood as enum ('sad');\ncreate table a (m mood);\n\
         alter type mood add value 'happy';\ninsert into a values ('happy');",
    );
    let report = project.up().await;
    assert!(report.failed.is_empty(), "{report:?}");
    assert_eq!(ask(database.target(), "select m from a").await, "happy");
}

#[tokio::test]
async fn vacuum_and_blocks_of_their_own_run_step_by_step() {
    let database = database().await;
    let project = Project::new(database.target()).with(
        "001_mixed",
        "begin;\ncreate table a (id int);\ninsert into a values (1);\ncommit;\nvacuum a;\n\
         begin;\ninsert into a values (2);\ninsert into a values (3);\ncommit;",
    );
    let report = project.up().await;
    assert!(report.failed.is_empty(), "{report:?}");
    assert_eq!(ask(database.target(), "select count(*) from a").await, "3");
}

#[tokio::test]
async fn a_procedure_may_commit() {
    let database = database().await;
    let project = Project::new(database.target())
        .with(
            "001_procedure",
            "create table a (id int);\ncreate procedure fill() language plpgsql as $$\nbegin\n\
             for i in 1..3 loop insert into a values (i); commit; end loop;\nend $$;",
        )
        .with("002_call", "insert into a values (0);\ncall fill();");
    let report = project.up().await;
    assert!(report.failed.is_empty(), "{report:?}");
    assert_eq!(ask(database.target(), "select count(*) from a").await, "4");
    assert_eq!(project.applied().await, ["001_procedure", "002_call"]);
}

#[tokio::test]
async fn a_step_that_turns_out_to_commit_is_run_alone() {
    let database = database().await;
    let project = Project::new(database.target())
        .with(
            "001_procedure",
            "create table a (id int);\ncreate procedure fill() language plpgsql as $$\nbegin\n\
             for i in 1..3 loop insert into a values (i); commit; end loop;\nend $$;",
        )
        .with("002_call", "vacuum a;\ncall fill();\ninsert into a values (0);");
    let report = project.up().await;
    assert!(report.failed.is_empty(), "{report:?}");
    assert_eq!(ask(database.target(), "select count(*) from a").await, "4");
    assert_eq!(project.applied().await, ["001_procedure", "002_call"]);
}

#[tokio::test]
async fn a_step_that_is_done_is_not_done_again_where_one_transaction_would_do_now() {
    let database = database().await;
    let target = database.target();
    let procedure = |body: &str| {
        format!("create or replace procedure fill() language plpgsql as $$ begin {body} end $$;")
    };
    let fails = procedure("commit; raise exception 'no';");
    let works = procedure("insert into a values (1);");
    let mut project = Project::new(target)
        .with("001_procedure", &format!("create table a (id int);\n{fails}"))
        .with("002_call", "insert into a values (0);\ncall fill();");
    let report = project.up().await;
    assert_eq!(report.failed[0].1.steps_done, 1, "{report:?}");
    Session::connect(target, "test").await.unwrap().simple(&works).await.unwrap();
    // Nothing tells what the procedure did; a person looked and says that it may run again.
    project.options.allow_rerun = true;
    let report = project.up().await;
    assert!(report.failed.is_empty(), "{report:?}");
    assert_eq!(ask(target, "select string_agg(id::text, ',' order by id) from a").await, "0,1");
}

/// Fails the second step, so that the first stays done.
async fn half_done(project: &Project) {
    let blocked = "create index a_name on a (id)";
    let mut session = Session::connect(&project.target, "test").await.unwrap();
    session.simple(&format!("create table a (id int, name text); {blocked}")).await.unwrap();
    let report = project.up().await;
    assert_eq!(report.failed[0].1.steps_done, 1, "{report:?}");
    session.simple("drop index a_name").await.unwrap();
}

#[tokio::test]
async fn a_script_goes_on_where_it_failed() {
    let database = database().await;
    let project = Project::new(database.target()).with("001_index", INDEX);
    half_done(&project).await;
    let before = ask(database.target(), "select count(*) from a").await;
    assert_eq!(before, "0");
    let report = project.up().await;
    assert!(report.failed.is_empty(), "{report:?}");
    assert_eq!(ask(database.target(), "select count(*) from a").await, "1");
}

#[tokio::test]
async fn a_step_that_is_done_must_still_be_in_its_place() {
    let database = database().await;
    let project = Project::new(database.target()).with("001_index", INDEX);
    half_done(&project).await;
    let changed = INDEX.replace("create table if not exists a", "create table if not exists b");
    let report = Project::new(database.target()).with("001_index", &changed).up().await;
    let cause = &report.failed[0].1.cause;
    assert!(matches!(cause, Cause::StepChanged { step: 1, .. }), "{cause:?}");
}

/// What a crash leaves between a step's intent and its outcome.
async fn crashed_at(target: &whimbrel_engine::Target, sql: &str) {
    let project = Project::new(target).with("001_index", INDEX);
    half_done(&project).await;
    let mut session = Session::connect(target, "test").await.unwrap();
    session
        .simple(
            "update whimbrel_journal.intents set state = 'begun', indexes_before = '{}' \
             where step = 1",
        )
        .await
        .unwrap();
    session.simple(sql).await.unwrap();
}

#[tokio::test]
async fn an_index_that_was_built_before_a_crash_is_taken_as_it_is() {
    let database = database().await;
    crashed_at(database.target(), "create index a_name on a (name)").await;
    let oid = ask(database.target(), "select 'a_name'::regclass::oid").await;
    let report = Project::new(database.target()).with("001_index", INDEX).up().await;
    assert!(report.failed.is_empty(), "{report:?}");
    assert_eq!(ask(database.target(), "select 'a_name'::regclass::oid").await, oid);
}

#[tokio::test]
async fn an_invalid_index_that_a_crash_left_is_built_again() {
    let database = database().await;
    crashed_at(
        database.target(),
        "create index a_name on a (name); \
         update pg_index set indisvalid = false where indexrelid = 'a_name'::regclass",
    )
    .await;
    let mut heard = Heard::default();
    let project = Project::new(database.target()).with("001_index", INDEX);
    let report = project.try_up(&mut heard).await.unwrap().unwrap();
    assert!(report.failed.is_empty(), "{report:?}");
    let valid = "select indisvalid from pg_index where indexrelid = 'a_name'::regclass";
    assert_eq!(ask(database.target(), valid).await, "t");
    assert!(heard.0.iter().any(|event| matches!(event, Event::CleaningUp { .. })));
}

#[tokio::test]
async fn if_not_exists_does_not_content_itself_with_an_invalid_index() {
    let database = database().await;
    let mut session = Session::connect(database.target(), "test").await.unwrap();
    session
        .simple(
            "create table a (id int); create index a_id on a (id); \
             update pg_index set indisvalid = false where indexrelid = 'a_id'::regclass",
        )
        .await
        .unwrap();
    let project = Project::new(database.target())
        .with("001_index", "create index concurrently if not exists a_id on a (id);");
    project.up().await;
    let valid = "select indisvalid from pg_index where indexrelid = 'a_id'::regclass";
    assert_eq!(ask(database.target(), valid).await, "t");
}

/// A disabled subscription refuses the statement, so that only one that took before can be done.
#[tokio::test]
async fn publications_that_a_subscription_has_by_now_are_not_added_or_dropped_again() {
    for (statement, took) in [
        ("alter subscription s add publication q", "add publication q"),
        ("alter subscription s drop publication p", "drop publication p"),
    ] {
        let database = database().await;
        let target = database.target();
        let mut session = Session::connect(target, "test").await.unwrap();
        session
            .simple(
                "create subscription s connection 'host=nowhere' publication p, r \
                 with (connect = false, slot_name = none, enabled = false)",
            )
            .await
            .unwrap();
        let script = format!("create table a (id int);\n{statement};");
        let report = Project::new(target).with("001_add", &script).up().await;
        assert_eq!(report.failed[0].1.steps_done, 1, "{report:?}");
        session
            .simple("update whimbrel_journal.intents set state = 'begun' where step = 1")
            .await
            .unwrap();
        // Nothing took yet: it runs again, and is refused again.
        let report = Project::new(target).with("001_add", &script).up().await;
        assert!(matches!(report.failed[0].1.cause, Cause::Server(_)), "{report:?}");
        session
            .simple(&format!(
                "alter subscription s {took} with (refresh = false); \
                 update whimbrel_journal.intents set state = 'begun' where step = 1"
            ))
            .await
            .unwrap();
        let report = Project::new(target).with("001_add", &script).up().await;
        session.simple("drop subscription s").await.unwrap();
        assert!(report.failed.is_empty(), "{statement}: {report:?}");
    }
}

/// The copies of a table's indexes are half built, and that of its values stored out of line.
#[tokio::test]
async fn what_a_reindex_that_was_cut_off_left_is_put_away() {
    let database = database().await;
    let target = database.target();
    let mut reader = Session::connect(target, "reader").await.unwrap();
    let table = "create table a (id int primary key, name text); create table b (id int)";
    reader.simple(table).await.unwrap();
    // Concurrent builds wait for old snapshots.
    reader.simple("begin isolation level repeatable read; select from a").await.unwrap();
    let project = Project::new(target)
        .with("001_reindex", "insert into b values (1);\nreindex table concurrently a;");
    let waits = "select count(*) from pg_stat_activity where datname = current_database() \
                 and query like '%reindex table concurrently%' and wait_event = 'virtualxid'";
    let end = async {
        while ask(target, waits).await != "1" {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
        ask(target, &waits.replace("count(*)", "count(pg_terminate_backend(pid))")).await
    };
    let (report, _) = tokio::join!(project.up(), end);
    assert!(report.stopped.is_some(), "{report:?}");
    reader.simple("commit").await.unwrap();
    let left = "select string_agg(distinct c.relnamespace::regnamespace::text, ', ') \
                from pg_index i join pg_class c on c.oid = i.indexrelid where not i.indisvalid";
    assert_eq!(ask(target, left).await, "pg_toast, public");
    let report = project.up().await;
    assert!(report.failed.is_empty() && report.stopped.is_none(), "{report:?}");
    let left = "select count(*) from pg_index where not indisvalid";
    assert_eq!(ask(target, left).await, "0");
    assert_eq!(ask(target, "select count(*) from b").await, "1");
}

/// Only the catalog tells that the table is partitioned, so that it cannot be in a transaction.
#[tokio::test]
async fn a_reindex_of_a_partitioned_table_is_simply_made_again() {
    let database = database().await;
    let target = database.target();
    let project = Project::new(target).with(
        "001_reindex",
        "create table a (id int) partition by range (id);\nreindex table a;\n\
         insert into nowhere values (1);",
    );
    let report = project.up().await;
    assert_eq!(report.failed[0].1.steps_done, 2, "{report:?}");
    let mut session = Session::connect(target, "test").await.unwrap();
    session
        .simple(
            "create table nowhere (id int); \
             update whimbrel_journal.intents set state = 'begun' where step = 1",
        )
        .await
        .unwrap();
    let report = project.up().await;
    assert!(report.failed.is_empty(), "{report:?}");
}

const CALL: &str = "create table if not exists a (id int);\ndo $$\nbegin\n\
    insert into a values (1); commit; insert into a values (1 / (select count(*) from ready));\n\
    end $$;";

#[tokio::test]
async fn what_nothing_tells_is_not_assumed() {
    let database = database().await;
    let ready = "create table ready (id int)";
    let mut session = Session::connect(database.target(), "test").await.unwrap();
    session.simple(ready).await.unwrap();
    let project = Project::new(database.target()).with("001_call", CALL);
    let report = project.up().await;
    assert!(matches!(report.failed[0].1.cause, Cause::Server(_)), "{report:?}");
    session.simple("insert into ready values (1)").await.unwrap();
    let report = project.up().await;
    let cause = &report.failed[0].1.cause;
    assert!(matches!(cause, Cause::UnknownOutcome { step: 2, .. }), "{cause:?}");
    assert_eq!(ask(database.target(), "select count(*) from a").await, "1");
    let mut project = Project::new(database.target()).with("001_call", CALL);
    project.options.allow_rerun = true;
    let report = project.up().await;
    assert!(report.failed.is_empty(), "{report:?}");
    assert_eq!(project.applied().await, ["001_call"]);
}

#[tokio::test]
async fn without_a_journal_only_what_cannot_be_half_done_runs_outside_a_transaction() {
    let database = database().await;
    let mut project = Project::new(database.target()).with("001_index", INDEX);
    project.options.journal = false;
    let report = project.up().await;
    let cause = &report.failed[0].1.cause;
    assert!(matches!(cause, Cause::NeedsJournal { .. }), "{cause:?}");
    assert_eq!(ask(database.target(), "select to_regclass('a') is null").await, "t");
    let mut project = Project::new(database.target()).with("001_vacuum", "vacuum;");
    project.options.journal = false;
    let report = project.up().await;
    assert!(report.failed.is_empty(), "{report:?}");
    let schema = "select to_regnamespace('whimbrel_journal') is null";
    assert_eq!(ask(database.target(), schema).await, "t");
}

#[tokio::test]
async fn what_a_script_sets_holds_in_its_later_steps() {
    let database = database().await;
    let target = database.target();
    let project = Project::new(target).with(
        "001_index",
        "create schema app;\ncreate table app.a (id int);\nset search_path = app;\n\
         create index concurrently a_id on a (id);\ninsert into a values (1);",
    );
    let report = project.up().await;
    assert!(report.failed.is_empty(), "{report:?}");
    assert_eq!(ask(target, "select count(*) from app.a").await, "1");
}

#[tokio::test]
async fn what_a_script_sets_holds_when_it_goes_on_in_another_run() {
    let database = database().await;
    let target = database.target();
    let script = "create schema app;\nset search_path = app;\ncreate table a (id int);\n\
         create index concurrently a_id on a (id);\ninsert into a values (1);";
    let project = Project::new(target).with("001_index", script);
    let blocks = script.replace("concurrently a_id on a (id)", "concurrently a_id on a (nothing)");
    let report = Project::new(target).with("001_index", &blocks).up().await;
    assert_eq!(report.failed[0].1.steps_done, 3, "{report:?}");
    let report = project.up().await;
    assert!(report.failed.is_empty(), "{report:?}");
    assert_eq!(ask(target, "select count(*) from app.a").await, "1");
}

#[tokio::test]
async fn a_role_that_a_script_takes_runs_its_later_steps_and_not_our_own() {
    let database = database().await;
    let target = database.target();
    let role = format!("owner_of_{}", database.name());
    let project = Project::new(target).with(
        "001_role",
        &format!(
            "create role {role};\ngrant create on schema public to {role};\nset role {role};\n\
             create table a (id int);\ncreate index concurrently a_id on a (id);\n\
             create table b ();"
        ),
    );
    let report = project.up().await;
    assert!(report.failed.is_empty(), "{report:?}");
    let owners = "select string_agg(distinct pg_get_userbyid(relowner)::text, ',') \
        from pg_class where relname in ('a', 'a_id', 'b')";
    assert_eq!(ask(target, owners).await, role);
    let mut session = Session::connect(target, "test").await.unwrap();
    session.simple(&format!("drop owned by {role}; drop role {role}")).await.unwrap();
}

#[tokio::test]
async fn a_temporary_table_lasts_as_long_as_its_script() {
    let database = database().await;
    let target = database.target();
    let project = Project::new(target)
        .with(
            "001_batches",
            "create table a (id int);\ncreate temporary table todo as select 7 as id;\nvacuum a;\n\
             do $$ begin insert into a select id from todo; commit; end $$;",
        )
        .with("002_next", "create table b as select to_regclass('pg_temp.todo') is null as gone;");
    let report = project.up().await;
    assert!(report.failed.is_empty(), "{report:?}");
    assert_eq!(ask(target, "select id from a").await, "7");
    assert_eq!(ask(target, "select gone from b").await, "t");
}

#[tokio::test]
async fn strings_are_read_in_a_later_step_as_the_script_set_them() {
    let database = database().await;
    let target = database.target();
    let project = Project::new(target).with(
        "001_strings",
        "set standard_conforming_strings = off;\ncreate table a (b text);\nvacuum a;\n\
         insert into a values ('it\\'s; one');",
    );
    let report = project.up().await;
    assert!(report.failed.is_empty(), "{report:?}");
    assert_eq!(ask(target, "select b from a").await, "it's; one");
}

#[tokio::test]
async fn a_block_of_its_own_is_not_taken_apart() {
    let database = database().await;
    let project = Project::new(database.target())
        .with("001_procedure", "create procedure p() language plpgsql as $$ begin commit; end $$;")
        .with("002_block", "begin;\ncreate table a (id int);\ncall p();\ncommit;");
    let report = project.up().await;
    let cause = &report.failed[0].1.cause;
    assert!(matches!(cause, Cause::Server(error) if error.code == "2D000"), "{cause:?}");
    assert_eq!(ask(database.target(), "select to_regclass('a') is null").await, "t");
}
