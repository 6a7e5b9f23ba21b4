//! What tells that a state is still what it was.

use whimbrel_engine::state::{self, Facts, Wanted};
use whimbrel_engine::wire::Session;
use whimbrel_history::ledgers;
use whimbrel_history::tools::Search;
use whimbrel_testkit::{MAJORS, Server};

use super::kit::Project;

#[tokio::test]
async fn every_row_that_is_written_anew_breaks_the_seal_on_every_major() {
    for major in MAJORS {
        for ledger in ledgers::ALL {
            let database = Server::shared(major).await.database().await;
            let mut project = Project::new(database.target()).with("1", "create table a ();");
            project.ledger = *ledger;
            project.up().await;
            let wanted = Wanted {
                ledgers: &[(*ledger, None)],
                last_applied: true,
                tools: Some(Search::Quick),
                sealed: true,
            };
            let mut session = Session::connect(database.target(), "test").await.unwrap();
            let table = match ledger.name() {
                "supabase" => "supabase_migrations.schema_migrations",
                _ => "whimbrel.schema_migrations",
            };
            for change in [
                format!("update {table} set name = name"),
                "update whimbrel_journal.applied set run = run".to_owned(),
                "update whimbrel_journal.runs set host = host".to_owned(),
                "insert into whimbrel_journal.intents (history, migration, direction, step, run, \
                 fingerprint, statement) values ('', '', 'up', 1, 1, '', '')"
                    .to_owned(),
                format!("delete from {table}"),
            ] {
                let state = state::read(&mut session, wanted).await.unwrap();
                let seal = state.seal.expect("a seal was asked for");
                let still = state::is_still(&mut session, &seal).await.unwrap();
                let facts = Some(Facts { journal: false, output: false, ..state.facts });
                assert_eq!(still, facts, "{major} before {change}");
                if ledger.name() != "supabase" && change.starts_with("delete") {
                    session.simple("delete from whimbrel.migration_history").await.unwrap();
                }
                session.simple(&change).await.unwrap();
                let still = state::is_still(&mut session, &seal).await.unwrap();
                assert_eq!(still, None, "{major} after {change}");
            }
        }
    }
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
