//! Ctrl-C and cancelled tasks: the run ends cleanly.

use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::kit::Project;

const SLOW: &[(&str, &str)] =
    &[("001_items.sql", "create table items (id int);"), ("002_slow.sql", "select pg_sleep(120);")];

/// How much sooner than the migration would end a stopped run has to.
const SOON: Duration = Duration::from_mins(1);

const LEFT: &str = "select count(*) from pg_stat_activity where datname = current_database() \
    and query like '%pg_sleep(120)%' and pid <> pg_backend_pid()";

#[tokio::test]
async fn a_cancelled_task_ends_when_its_run_has_and_the_loop_goes_on_meanwhile() {
    let project = Project::new(SLOW).await;
    let begun = Instant::now();
    project.run(
        "
import asyncio
from whimbrel import MigrationRunner

async def main():
    applied = asyncio.Event()
    loop = asyncio.get_running_loop()
    def hear(event):
        if event.kind in ('done', 'running'):
            loop.call_soon_threadsafe(applied.set)
    task = asyncio.create_task(MigrationRunner(on_event=hear).run_migrations())
    await asyncio.wait_for(applied.wait(), 30)
    task.cancel()
    try:
        await task
        raise SystemExit('it was not cancelled')
    except asyncio.CancelledError:
        pass
    assert (await MigrationRunner().readiness()).ids == ('002_slow',)

asyncio.run(main())
",
    );
    assert!(begun.elapsed() < SOON);
    assert_eq!(project.sql(LEFT).await.as_deref(), Some("0"));
}

#[tokio::test]
async fn ctrl_c_stops_a_plain_call_and_raises_keyboard_interrupt() {
    let project = Project::new(SLOW).await;
    let begun = Instant::now();
    // Whoever started the tests in the background may have had SIGINT ignored.
    let script = "
import signal
from whimbrel import MigrationRunner
signal.signal(signal.SIGINT, signal.default_int_handler)
def hear(event):
    if event.kind in ('done', 'running'):
        print('under way', flush=True)
try:
    MigrationRunner(on_event=hear).run_migrations_blocking()
except KeyboardInterrupt:
    assert MigrationRunner().readiness_blocking().ids == ('002_slow',)
    print('stopped', flush=True)
";
    let mut child = project.python().args(["-c", script]).stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    assert_eq!(lines.next().unwrap().unwrap(), "under way");
    let id = child.id().to_string();
    assert!(Command::new("kill").args(["-INT", &id]).status().unwrap().success());
    assert_eq!(lines.last().unwrap().unwrap(), "stopped");
    assert!(child.wait().unwrap().success());
    assert!(begun.elapsed() < SOON);
    assert_eq!(project.sql(LEFT).await.as_deref(), Some("0"));
}
