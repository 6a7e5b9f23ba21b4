//! Runs of many migrations, for which the runner makes functions.

use whimbrel_engine::Target;
use whimbrel_engine::run::Stop;
use whimbrel_testkit::{PgBouncer, Pool, PoolMode};

use super::kit::{Heard, Project, ask, database};

/// A project of so many small migrations, and `script` in their middle.
fn many(target: &Target, script: &str) -> Project {
    (0..30).fold(Project::new(target), |project, number| {
        let up = match number {
            15 => script.to_owned(),
            number => format!("create table t{number} (id int);"),
        };
        project.with(&format!("{number:03}"), &up)
    })
}

/// What the runner's functions are called.
const FUNCTIONS: &str = "select count(*) from pg_proc where proname ~ '^(open|record)_[0-9]+$'";

/// Rows of the ledger, of its history and of the journal.
const ROWS: &str = "select concat_ws(' ', \
    (select count(*) from whimbrel.schema_migrations \
        where status = 'completed' and applied_at is not null and execution_time_ms >= 0), \
    (select count(distinct migration_id) from whimbrel.migration_history \
        where status = 'completed' and execution_time_ms >= 0), \
    (select count(distinct migration) from whimbrel_journal.applied \
        where direction = 'up' and fingerprint <> '' and execution_time_ms >= 0))";

#[tokio::test]
async fn a_long_run_has_functions_and_takes_them_away() {
    let database = database().await;
    let seen = "create table seen as select count(*) as functions from pg_proc \
        where pronamespace = 'whimbrel_journal'::regnamespace;";
    let project = many(database.target(), seen);
    let report = project.up().await;
    assert_eq!((report.done.len(), report.failed.len()), (30, 0), "{report:?}");
    assert_eq!(ask(database.target(), "select functions from seen").await, "2");
    assert_eq!(ask(database.target(), FUNCTIONS).await, "0");
    assert_eq!(ask(database.target(), ROWS).await, "30 30 30");
}

#[tokio::test]
async fn what_a_script_sets_does_not_reach_the_functions() {
    let database = database().await;
    let hostile = "create schema hostile;
create function hostile.concat(variadic text[]) returns text language sql as $$ select 'x' $$;
create function hostile.clock_timestamp() returns timestamptz language sql as $$ select null::timestamptz $$;
create function hostile.minus(float8, float8) returns float8 language sql as $$ select -1e9::float8 $$;
create operator hostile.- (leftarg = float8, rightarg = float8, function = hostile.minus);
create function hostile.same(text, text) returns boolean language sql as $$ select true $$;
create operator hostile.= (leftarg = text, rightarg = text, function = hostile.same);
set search_path = hostile, pg_catalog;
set statement_timeout = '1ms';
set role pg_monitor;";
    let report = many(database.target(), hostile).up().await;
    assert_eq!(report.done.len(), 30, "{report:?}");
    assert_eq!(ask(database.target(), ROWS).await, "30 30 30");
    let role =
        "select count(*) from pg_tables where tableowner = current_user and tablename ~ '^t'";
    assert_eq!(ask(database.target(), role).await, "29");
}

#[tokio::test]
async fn a_failure_in_the_middle_leaves_what_came_before() {
    let database = database().await;
    let project = many(database.target(), "create table broken (id int);\nselect 1 / 0;");
    let report = project.up().await;
    assert_eq!((report.done.len(), report.failed[0].0), (15, 15), "{report:?}");
    assert_eq!(report.failed[0].1.statement, Some(1));
    assert_eq!(project.applied().await.len(), 15);
    assert_eq!(ask(database.target(), "select to_regclass('broken') is null").await, "t");
    assert_eq!(ask(database.target(), FUNCTIONS).await, "0");
}

#[tokio::test]
async fn who_was_taken_for_dead_commits_nothing_more() {
    let database = database().await;
    let lost = "update whimbrel_journal.runs set state = 'lost';";
    let project = many(database.target(), lost);
    let report = project.up().await;
    assert!(matches!(report.stopped, Some(Stop::TakenOver)), "{report:?}");
    assert_eq!(project.applied().await.len(), 16);
    assert_eq!(ask(database.target(), "select to_regclass('t16') is null").await, "t");
}

#[tokio::test]
async fn functions_of_a_killed_run_go_with_the_next_long_one() {
    let database = database().await;
    Project::new(database.target()).with("a", "select 1;").up().await;
    let left = "create function whimbrel_journal.open_999(text) returns void language sql as ''; \
        create function whimbrel_journal.record_999(text) returns void language sql as ''";
    ask(database.target(), left).await;
    assert_eq!(ask(database.target(), FUNCTIONS).await, "2");
    many(database.target(), "select 1;").up().await;
    assert_eq!(ask(database.target(), FUNCTIONS).await, "0");
}

#[tokio::test]
async fn a_role_that_may_not_make_functions_goes_without() {
    let database = database().await;
    Project::new(database.target()).with("a", "select 1;").up().await;
    let role = format!("{}_plain", database.name());
    let grants = format!(
        "create role {role} login; \
         grant create, usage on schema public to {role}; \
         grant usage on schema whimbrel, whimbrel_journal to {role}; \
         grant all on all tables in schema whimbrel, whimbrel_journal to {role}; \
         grant all on all sequences in schema whimbrel, whimbrel_journal to {role}"
    );
    ask(database.target(), &grants).await;
    let seen = "create table seen as select count(*) as functions from pg_proc \
        where pronamespace = 'whimbrel_journal'::regnamespace;";
    let report = many(&database.target_as(&role), seen).up().await;
    assert_eq!((report.done.len(), report.failed.len()), (30, 0), "{report:?}");
    assert_eq!(ask(database.target(), "select functions from seen").await, "0");
    assert_eq!(ask(database.target(), ROWS).await, "31 31 31");
    ask(database.target(), &format!("drop owned by {role} cascade; drop role {role}")).await;
}

#[tokio::test]
async fn without_a_journal_there_are_no_functions() {
    let database = database().await;
    let mut project = many(database.target(), "select 1;");
    project.options.journal = false;
    let report = project.up().await;
    assert_eq!((report.done.len(), report.failed.len()), (30, 0), "{report:?}");
    assert_eq!(project.applied().await.len(), 30);
}

#[tokio::test]
async fn through_a_transaction_pooler_a_long_run_is_the_same() {
    for size in [5, 1] {
        let database = database().await;
        let pool = Pool::new(PoolMode::Transaction, size);
        let bouncer = PgBouncer::start(database.target(), &pool).await;
        let project = many(bouncer.target(), "set search_path = '';\nselect 1;");
        let report = project.try_up(&mut Heard::default()).await.unwrap().unwrap();
        assert_eq!((report.done.len(), report.failed.len()), (30, 0), "{size}: {report:?}");
        assert_eq!(ask(database.target(), ROWS).await, "30 30 30", "{size}");
        assert_eq!(ask(database.target(), FUNCTIONS).await, "0", "{size}");
    }
}
