//! A server that the person lends with `--shadow-url`.

use whimbrel_engine::shadow::{Lineage, Shadow, ShadowError, ShadowOptions, Template};
use whimbrel_testkit::{Server, Settings};

use super::sandbox::{Sandbox, Silence, value};

const OURS: &str = "select count(*) from pg_database where datname ~ '^whimbrel_shadow_'";

fn options(sandbox: &Sandbox, lent: &Server) -> ShadowOptions {
    ShadowOptions { url: Some(lent.master()), ..sandbox.options() }
}

#[tokio::test]
async fn its_databases_are_made_under_names_of_ours_and_dropped() {
    let sandbox = Sandbox::in_memory();
    let lent = Server::private(17, &Settings::new()).await;
    let shadow = Shadow::start(&options(&sandbox, &lent), 17, &mut Silence).await.unwrap();
    let first = shadow.create_database("app", Template::Empty).await.unwrap();
    value(&first, "create table a (); select ''").await;
    let copy = shadow.create_database("copy", Template::Copy("app")).await.unwrap();
    assert_eq!(value(&copy, "select to_regclass('a') is not null").await, "t");
    assert_eq!(value(&lent.master(), OURS).await, "2");
    shadow.stop().await;
    assert_eq!(value(&lent.master(), OURS).await, "0");
}

#[tokio::test]
async fn what_a_killed_process_left_on_it_goes_with_the_next_start() {
    let sandbox = Sandbox::in_memory();
    let lent = Server::private(17, &Settings::new()).await;
    let orphan = "create database whimbrel_shadow_4711_1700000000000_1";
    value(&lent.master(), orphan).await;
    let other = Shadow::start(&options(&sandbox, &lent), 17, &mut Silence).await.unwrap();
    other.create_database("app", Template::Empty).await.unwrap();
    let shadow = Shadow::start(&options(&sandbox, &lent), 17, &mut Silence).await.unwrap();
    assert_eq!(value(&lent.master(), OURS).await, "1", "the database of the living stays");
    shadow.stop().await;
    other.stop().await;
    assert_eq!(value(&lent.master(), OURS).await, "0");
}

#[tokio::test]
async fn a_lineage_is_replayed_on_it_each_time() {
    let sandbox = Sandbox::in_memory();
    let lent = Server::private(17, &Settings::new()).await;
    let mut lineage = Lineage::of("app");
    lineage.add(b"one step");
    for _ in 0..2 {
        let options = options(&sandbox, &lent);
        let shadow = Shadow::start_from(&options, 17, &lineage, &mut Silence).await.unwrap();
        assert_eq!(shadow.inherited(), 0);
        assert_eq!(value(&shadow.target("app"), "select 1").await, "1");
        shadow.keep(&lineage).await.unwrap();
        shadow.stop().await;
    }
}

#[tokio::test]
async fn one_of_another_major_is_refused() {
    let sandbox = Sandbox::in_memory();
    let lent = Server::private(17, &Settings::new()).await;
    let refused = Shadow::start(&options(&sandbox, &lent), 16, &mut Silence).await.unwrap_err();
    assert_eq!(refused, ShadowError::WrongMajor { wanted: 16, found: 17 });
}
