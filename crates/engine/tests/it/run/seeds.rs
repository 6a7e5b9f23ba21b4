//! Seed files.

use std::collections::BTreeMap;

use whimbrel_engine::run::{Direction, Enter, Seed, enter, run};
use whimbrel_engine::state::{SeedEntry, Wanted};
use whimbrel_engine::wire::Session;
use whimbrel_history::ledgers;

use super::kit::{Heard, Project, ask, database, definition, work};

#[tokio::test]
async fn a_seed_commits_with_its_entry() {
    let database = database().await;
    let mut project = Project::new(database.target());
    project.ledger = ledgers::by_name("supabase").unwrap();
    let ledgers = [(project.ledger, None)];
    let wanted = Wanted { ledgers: &ledgers, last_applied: false, tools: None, sealed: false };
    let enter_with = Enter {
        target: &project.target,
        application: "whimbrel test",
        key: project.key(),
        wait: project.wait,
        wanted,
        interrupt: &project.interrupt,
    };
    let seeds = [
        ("supabase/seed.sql", "create table a (id int); insert into a values (1);"),
        ("supabase/bad.sql", "insert into a values (2); select 1 / 0;"),
    ];
    let works: Vec<_> = seeds
        .iter()
        .map(|(path, text)| {
            let mut work = work(&definition(path, text, None), Direction::Up);
            work.seed = Some(Seed { path: (*path).to_owned(), hash: "f00".to_owned() });
            work
        })
        .collect();
    let events = &mut Heard::default();
    let session = Session::connect(&project.target, "test").await.unwrap();
    let entered = enter(&enter_with, session, &mut |_| false, events).await.unwrap().unwrap();
    let (target, options) = (&project.target, &project.options);
    let report = run(entered, target, &works, options, &project.interrupt, events).await;
    assert_eq!((report.done.len(), report.failed.len()), (1, 1), "{report:?}");
    let session = Session::connect(&project.target, "test").await.unwrap();
    let entered = enter(&enter_with, session, &mut |_| false, events).await.unwrap();
    let recorded = entered.unwrap().seeds(0).await.unwrap();
    let entry = SeedEntry { hash: "f00".to_owned(), ran_at: None };
    let expected = BTreeMap::from([("supabase/seed.sql".to_owned(), entry)]);
    assert_eq!(recorded, expected);
    assert_eq!(ask(database.target(), "select count(*) from a").await, "1");
    let migrations = "select count(*) from supabase_migrations.schema_migrations";
    assert_eq!(ask(database.target(), migrations).await, "0");
}
