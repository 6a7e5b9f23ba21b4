//! How far a long command is, as Postgres itself reports it.

use std::time::{Duration, Instant};

use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};
use whimbrel_engine::run::{Announce, Progress};
use whimbrel_engine::wire::Session;
use whimbrel_engine::{Event, Events};
use whimbrel_testkit::{PgBouncer, Pool, PoolMode};

use super::kit::{Heard, Project, ask, database};

/// Rows enough for many blocks, and a function that makes an index or a row take its time.
const TABLE: &str = "create table a (id int, filler text);\n\
    insert into a select n, repeat('x', 800) from generate_series(1, 2000) n;\n\
    create function slow(id int) returns int language plpgsql immutable as \
    $$ begin perform pg_sleep(0.0004); return id; end $$;";

/// What was told of one command's progress while a script ran.
async fn told(project: &Project, command: &str) -> Vec<Progress> {
    let mut heard = Heard::default();
    let report = project.try_up(&mut heard).await.unwrap().unwrap();
    assert!(report.failed.is_empty() && report.stopped.is_none(), "{report:?}");
    let told: Vec<Progress> = heard
        .0
        .iter()
        .filter_map(|event| match event {
            Event::Progress { progress } if progress.command == command => Some(progress.clone()),
            _ => None,
        })
        .collect();
    assert!(!told.is_empty(), "{:?}", heard.0);
    told
}

/// That a phase was seen half way, more than nothing and not more than all, and going on.
fn half_way(told: &[Progress], phase: &str) {
    let of_it: Vec<&Progress> = told.iter().filter(|one| one.phase == phase).collect();
    assert!(of_it.iter().any(|one| one.done > 0 && one.done < one.total), "{told:?}");
    assert!(of_it.iter().all(|one| one.done <= one.total), "{told:?}");
    let done: Vec<i64> = of_it.iter().map(|one| one.done).collect();
    assert!(done.is_sorted() && done.first() < done.last(), "{told:?}");
}

#[tokio::test]
async fn an_index_build_tells_how_much_of_the_table_it_has_read() {
    let database = database().await;
    let project = Project::new(database.target())
        .with("001_a", &format!("{TABLE}\ncreate index a_slow on a (slow(id));"));
    half_way(&told(&project, "create index").await, "building index: scanning table");
}

/// A concurrent build that waits for somebody who writes.
async fn waits_for_a_writer(target: &whimbrel_engine::Target, through: &whimbrel_engine::Target) {
    let mut writer = Session::connect(target, "writer").await.unwrap();
    writer.simple("create table a (id int)").await.unwrap();
    writer.simple("begin; insert into a values (1)").await.unwrap();
    let project =
        Project::new(through).with("001_index", "create index concurrently a_id on a (id);");
    let (told, ()) = tokio::join!(told(&project, "create index"), async {
        tokio::time::sleep(Duration::from_millis(2500)).await;
        writer.simple("commit").await.unwrap();
    });
    let waiting = told.iter().find(|one| one.phase == "waiting for writers before build");
    let waiting = waiting.unwrap_or_else(|| panic!("{told:?}"));
    assert_eq!((waiting.done, waiting.total), (0, 1));
    assert_eq!(waiting.to_string(), "create index 0%: waiting for writers before build");
}

#[tokio::test]
async fn a_concurrent_build_tells_what_it_waits_for() {
    let database = database().await;
    waits_for_a_writer(database.target(), database.target()).await;
}

#[tokio::test]
async fn a_concurrent_build_behind_a_pooler_tells_it_too() {
    let database = database().await;
    let pool = Pool::new(PoolMode::Transaction, 4);
    let bouncer = PgBouncer::start(database.target(), &pool).await;
    waits_for_a_writer(database.target(), bouncer.target()).await;
}

#[tokio::test]
async fn a_vacuum_tells_how_much_of_the_table_it_has_read() {
    let database = database().await;
    ask(database.target(), &format!("{TABLE} select 1")).await;
    let project = Project::new(database.target()).with(
        "001_vacuum",
        "set vacuum_cost_delay = '20ms';\nset vacuum_cost_limit = 3;\nvacuum a;",
    );
    half_way(&told(&project, "vacuum").await, "scanning heap");
}

#[tokio::test]
async fn a_cluster_tells_in_which_phase_it_is() {
    let database = database().await;
    let script =
        format!("{TABLE}\nalter table a add primary key (id);\ncreate index on a (slow(id));");
    ask(database.target(), &format!("{script} select 1")).await;
    let project = Project::new(database.target()).with("001_cluster", "cluster a using a_pkey;");
    let told = told(&project, "cluster").await;
    let rebuilding = told.iter().find(|one| one.phase == "rebuilding index");
    let rebuilding = rebuilding.unwrap_or_else(|| panic!("{told:?}"));
    // No percentage of the table, which is read and written by then.
    assert_eq!(rebuilding.to_string(), "cluster: rebuilding index");
}

#[tokio::test]
async fn a_copy_tells_how_many_rows_it_has_taken() {
    let database = database().await;
    let table = "create table a (id int); \
        create function slow() returns trigger language plpgsql as \
        $$ begin perform pg_sleep(0.001); return new; end $$; \
        create trigger slow before insert on a for each row execute function slow(); select 1";
    ask(database.target(), table).await;
    let rows = "1\n".repeat(1500);
    let project = Project::new(database.target())
        .with("001_copy", &format!("copy a from stdin;\n{rows}\\.\n"));
    let told = told(&project, "copy from").await;
    let rows: Vec<i64> = told.iter().map(|one| one.done).collect();
    assert!(rows.iter().all(|rows| (1..=1500).contains(rows)), "{told:?}");
    assert!(rows.is_sorted() && rows.first() < rows.last(), "{told:?}");
    let shown = told.last().unwrap().to_string();
    assert_eq!(shown, format!("copy from: {} rows", rows.last().unwrap()));
}

#[tokio::test]
async fn each_migration_is_looked_at_afresh() {
    let database = database().await;
    let project = Project::new(database.target())
        .with("001_a", &format!("{TABLE}\ncreate index a_slow on a (slow(id));"))
        .with("002_sleep", "select pg_sleep(1.2);");
    let mut heard = Heard::default();
    project.try_up(&mut heard).await.unwrap().unwrap();
    let under_way = |id: &str| {
        heard.0.iter().any(|event| matches!(event, Event::Running { migration } if migration == id))
    };
    assert!(under_way("001_a") && under_way("002_sleep"), "{:?}", heard.0);
    let is_progress = |event: &&Event| matches!(event, Event::Progress { .. });
    let last = heard.0.iter().rposition(|event| is_progress(&event)).unwrap();
    let second = heard.0.iter().position(
        |event| matches!(event, Event::Running { migration } if migration == "002_sleep"),
    );
    assert!(last < second.unwrap(), "an index is built no longer: {:?}", heard.0);
}

#[tokio::test]
async fn the_statement_under_way_is_told_to_whoever_watches() {
    let script = "create table a (name text);\nselect pg_sleep(1.2);\n\
                  insert into a select current_setting('application_name');\n\
                  set application_name = 'mine';\n\
                  insert into a select current_setting('application_name');";
    for announce in [Announce::Migrations, Announce::Statements] {
        let database = database().await;
        let mut project = Project::new(database.target()).with("001_a", script);
        project.options.announce = announce;
        let mut heard = Heard::default();
        project.try_up(&mut heard).await.unwrap().unwrap();
        let told = Event::UnderWay { migration: "001_a".to_owned(), number: 2, of: 5 };
        assert_eq!(heard.0.contains(&told), announce == Announce::Statements, "{:?}", heard.0);
        let names = "select string_agg(name, ', ' order by name desc) from a";
        let seen = ask(database.target(), names).await;
        assert!(seen.starts_with("whimbrel: ") && seen.ends_with("001_a, mine"), "{seen}");
    }
}

/// Tells of each retry as it begins to pause.
struct Retries(UnboundedSender<()>);

impl Events for Retries {
    fn on(&mut self, event: Event) {
        if let Event::Retry { .. } = event {
            self.0.send(()).unwrap();
        }
    }
}

#[tokio::test]
async fn a_blocker_that_is_gone_is_waited_for_no_longer() {
    let database = database().await;
    let mut blocker = Session::connect(database.target(), "the blocker").await.unwrap();
    blocker.simple("create table a (id int)").await.unwrap();
    blocker.simple("begin; lock a").await.unwrap();
    let mut project = Project::new(database.target()).with("001_a", "alter table a add b int;");
    project.options.lock_timeout = "600ms".to_owned();
    let (told, mut hears) = unbounded_channel();
    let mut retries = Retries(told);
    let (report, gone) = tokio::join!(project.try_up(&mut retries), async {
        // The fifth pause is one of 1.6 seconds at least, in which there are several looks.
        for _ in 0..5 {
            hears.recv().await.unwrap();
        }
        tokio::time::sleep(Duration::from_millis(300)).await;
        blocker.simple("commit").await.unwrap();
        Instant::now()
    });
    assert_eq!(report.unwrap().unwrap().done.len(), 1);
    assert!(gone.elapsed() < Duration::from_secs(1), "{:?}", gone.elapsed());
}
