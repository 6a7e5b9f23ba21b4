//! Plans, runs, results, errors and events.

use crate::kit::Project;

const SHOP: &[(&str, &str)] = &[
    ("001_items.sql", "create table items (id int);"),
    ("002_row.sql", "insert into items values (1);"),
];

#[tokio::test]
async fn a_plan_has_the_sql_and_writes_nothing() {
    let project = Project::new(SHOP).await;
    project.run(
        "
from whimbrel import MigrationRunner
runner = MigrationRunner()
plan = runner.create_migration_plan_blocking()
assert [one.id for one in plan.migrations] == ['001_items', '002_row'], plan
assert plan.migrations[0].sql == 'create table items (id int);', plan
assert not plan.is_empty and plan.database.role
assert runner.run_migrations_blocking(dry_run=True).outcome == 'shown'
assert runner.readiness_blocking().ids == ('001_items', '002_row')
",
    );
    let tables = "select count(*) from pg_tables where schemaname !~ '^(pg_|information_schema)'";
    assert_eq!(project.sql(tables).await.as_deref(), Some("0"));
}

#[tokio::test]
async fn the_lines_of_the_old_runner_work_in_asyncio() {
    let project = Project::new(SHOP).await;
    project.run(
        "
import asyncio
from whimbrel import MigrationRunner

async def main():
    events = []
    runner = MigrationRunner(on_event=events.append)
    plan = await runner.create_migration_plan()
    result = await runner.run_migrations(dry_run=False)
    assert [one.id for one in result.applied] == [one.id for one in plan.migrations]
    assert result.outcome == 'done' and result.execution_time_ms >= 0
    done = [event.migration for event in events if event.kind == 'done']
    assert done == ['001_items', '002_row'], events
    assert (await runner.run_migrations()).outcome == 'nothing'
    assert (await runner.readiness()).is_ready

asyncio.run(main())
",
    );
    assert_eq!(project.sql("select id from items").await.as_deref(), Some("1"));
}

#[tokio::test]
async fn a_target_ends_the_run_there() {
    let project = Project::new(SHOP).await;
    project.run(
        "
from whimbrel import MigrationRunner
result = MigrationRunner().run_migrations_blocking(target='001_items')
assert [one.id for one in result.applied] == ['001_items'], result
",
    );
    assert_eq!(project.sql("select count(*) from items").await.as_deref(), Some("0"));
}

#[tokio::test]
async fn a_failure_has_a_class_a_code_and_what_was_done_before() {
    let project = Project::new(&[SHOP[0], ("002_wrong.sql", "select wrong from items;")]).await;
    project.run(
        "
import pickle
from whimbrel import MigrationFailed, MigrationRunner
try:
    MigrationRunner().run_migrations_blocking()
    raise SystemExit('nothing was raised')
except MigrationFailed as error:
    assert error.exit_code == 1 and error.code.startswith('W4'), error.code
    assert error.hints and '002_wrong' in str(error), str(error)
    assert [one.id for one in error.result.applied] == ['001_items']
    assert pickle.loads(pickle.dumps(error)).code == error.code
",
    );
}

#[tokio::test]
async fn a_database_that_is_not_there_is_unreachable_and_no_password_is_said() {
    let project = Project::new(SHOP).await;
    project.run(
        "
from whimbrel import MigrationRunner, Unreachable
url = 'postgres://u:hunter2@127.0.0.1:1/d'
try:
    MigrationRunner(database_url=url).run_migrations_blocking()
    raise SystemExit('nothing was raised')
except Unreachable as error:
    assert error.exit_code == 5
    assert 'hunter2' not in repr((error, error.chain, error.hints)), error
",
    );
}

#[tokio::test]
async fn what_a_callback_raises_is_reported_and_stops_nothing() {
    let project = Project::new(SHOP).await;
    project.run(
        "
import sys
from whimbrel import MigrationRunner
heard = []
sys.unraisablehook = lambda raised: heard.append(raised.exc_type)
def hear(event):
    raise KeyError(event.kind)
assert MigrationRunner(on_event=hear).run_migrations_blocking().outcome == 'done'
assert KeyError in heard
",
    );
}

#[tokio::test]
async fn a_rehearsal_needs_the_binary_and_says_so() {
    let project = Project::new(SHOP).await;
    let rehearse = "
import sys
from whimbrel import MigrationRunner, WhimbrelError
binary = sys.argv[1] if len(sys.argv) > 1 else None
try:
    result = MigrationRunner(rehearse=True, binary=binary).run_migrations_blocking()
    print(result.rehearsal['result'])
except WhimbrelError as error:
    print(error.code, *error.hints)
";
    // An empty PATH: somebody may have installed it on this machine.
    let output = project.python().env("PATH", "").args(["-c", rehearse]).output().unwrap();
    let said = crate::kit::done(&output);
    assert!(said.starts_with("W5101") && said.contains("`whimbrel` binary"), "{said}");
    let guard = whimbrel_testkit::guard();
    let output = project.python().args(["-c", rehearse]).arg(guard).output().unwrap();
    assert_eq!(crate::kit::done(&output).trim(), "passed");
}
