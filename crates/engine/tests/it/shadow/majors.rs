//! What every major must be able to do as a shadow.

use whimbrel_engine::wire::Session;
use whimbrel_testkit::{MAJORS, Server};

use super::sandbox::value;

/// Runs a query on a fresh database of every major.
async fn everywhere(sql: &str, expected: &str) {
    for major in MAJORS {
        let database = Server::shared(major).await.database().await;
        assert_eq!(value(database.target(), sql).await, expected, "on {major}");
    }
}

#[tokio::test]
async fn letters_beyond_ascii_have_their_case() {
    everywhere("select lower('ÉÀ') || upper('éà')", "éàÉÀ").await;
}

#[tokio::test]
async fn the_servers_own_time_zone_is_utc() {
    everywhere("show timezone", "UTC").await;
}

#[tokio::test]
async fn logical_replication_can_be_set_up() {
    for major in MAJORS {
        let database = Server::shared(major).await.database().await;
        let mut session = Session::connect(database.target(), "test").await.unwrap();
        session.simple("create table t (id int primary key)").await.unwrap();
        session.simple("create publication p for table t").await.unwrap();
        let slot = "select count(*) from pg_create_logical_replication_slot('s', 'pgoutput')";
        session.simple(slot).await.unwrap();
        // A database with a slot cannot be dropped.
        session.simple("select pg_drop_replication_slot('s')").await.unwrap();
    }
}

#[tokio::test]
async fn an_index_is_built_concurrently() {
    for major in MAJORS {
        let database = Server::shared(major).await.database().await;
        let mut session = Session::connect(database.target(), "test").await.unwrap();
        session.simple("create table t (id int)").await.unwrap();
        session.simple("create index concurrently i on t (id)").await.unwrap();
        let valid = "select indisvalid from pg_index where indexrelid = 'i'::regclass";
        assert_eq!(session.query(valid, &[]).await.unwrap().value(), Some("t"), "on {major}");
    }
}

#[tokio::test]
async fn the_extensions_that_most_projects_use_are_there() {
    let sql = "create extension pgcrypto; create extension \"uuid-ossp\"; create extension citext; \
               create extension pg_trgm; create extension hstore; create extension ltree; \
               create extension btree_gist; create extension moddatetime; \
               create extension pg_stat_statements; create extension postgres_fdw; \
               select count(*) from pg_extension where extname <> 'plpgsql'";
    everywhere(sql, "10").await;
}

#[tokio::test]
async fn a_cluster_is_small() {
    everywhere("select pg_size_bytes(current_setting('wal_segment_size')) / 1048576", "1").await;
    everywhere("select count(*) from pg_database where datname = 'postgres'", "0").await;
}
