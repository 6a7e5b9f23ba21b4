//! What tells that a state is still what it was.

use std::time::Duration;

use whimbrel_engine::Target;
use whimbrel_engine::state::{self, Facts, Wanted};
use whimbrel_engine::wire::Session;
use whimbrel_history::ledgers::{self, Ledger};
use whimbrel_history::tools::Search;
use whimbrel_testkit::{DelayProxy, Listen, MAJORS, Server};

use super::kit::Project;

/// Changes rows of all that is read, and some of what is not: the seal breaks then and only then.
async fn check(target: &Target, ledger: &'static dyn Ledger) {
    let mut project = Project::new(target).with("1", "create table a ();");
    project.ledger = ledger;
    project.up().await;
    let wanted = Wanted {
        ledgers: &[(ledger, None)],
        last_applied: true,
        tools: Some(Search::Quick),
        sealed: true,
    };
    let mut session = Session::connect(target, "test").await.unwrap();
    let (table, others) = match ledger.name() {
        "supabase" => ("supabase_migrations.schema_migrations", ""),
        _ => ("whimbrel.schema_migrations", "delete from whimbrel.migration_history;"),
    };
    for (change, breaks) in [
        ("insert into a default values", false),
        (&*format!("update {table} set name = name"), true),
        ("update whimbrel_journal.applied set run = run", true),
        ("update whimbrel_journal.runs set host = host", true),
        (
            "insert into whimbrel_journal.intents (history, migration, direction, step, run, \
             fingerprint, statement) values ('', '', 'up', 1, 1, '', '')",
            true,
        ),
        (&*format!("{others} delete from {table}"), true),
    ] {
        let state = state::read(&mut session, wanted).await.unwrap();
        let seal = state.seal.expect("a seal was asked for");
        let facts = Some(Facts { journal: false, output: false, ..state.facts });
        let still = state::is_still(&mut session, &seal).await.unwrap();
        assert_eq!(still, facts, "before {change}");
        session.simple(change).await.unwrap();
        let still = state::is_still(&mut session, &seal).await.unwrap();
        assert_eq!(still, facts.filter(|_| !breaks), "after {change}");
    }
}

#[tokio::test]
async fn every_row_that_is_written_anew_breaks_the_seal_on_every_major() {
    for major in MAJORS {
        for ledger in ledgers::ALL {
            let database = Server::shared(major).await.database().await;
            check(database.target(), *ledger).await;
        }
    }
}

#[tokio::test]
async fn so_it_does_from_far_away_where_all_is_asked_at_once() {
    let database = super::kit::database().await;
    let proxy = DelayProxy::start(database.target(), Duration::from_millis(10), Listen::Tcp);
    check(proxy.target(), ledgers::ALL[0]).await;
}

#[tokio::test]
async fn timeouts_are_read_whatever_their_unit() {
    let database = super::kit::database().await;
    let mut session = Session::connect(database.target(), "test").await.unwrap();
    let wanted = Wanted { ledgers: &[], last_applied: false, tools: None, sealed: false };
    for (lock, statement, expected) in [
        ("0", "0", vec![]),
        ("1500ms", "0", vec![("lock_timeout", 1_500)]),
        ("4s", "90min", vec![("lock_timeout", 4_000), ("statement_timeout", 5_400_000)]),
        ("1d", "36h", vec![("lock_timeout", 86_400_000), ("statement_timeout", 129_600_000)]),
    ] {
        let set = format!("set lock_timeout = '{lock}'; set statement_timeout = '{statement}'");
        session.simple(&set).await.unwrap();
        let facts = state::read(&mut session, wanted).await.unwrap().facts;
        let timeouts: Vec<(&str, i64)> =
            facts.timeouts.iter().map(|(name, length)| (name.as_str(), *length)).collect();
        assert_eq!(timeouts, expected, "{set}");
    }
}
