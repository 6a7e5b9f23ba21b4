//! What a runner is told of a statement.

use whimbrel_sql::{Alone, Backslash, Kind, Publications, ReindexTarget, Scope};

use crate::script;

fn kind(statement: &str) -> Kind {
    let script = script(statement);
    assert_eq!(script.statements.len(), 1, "in {statement:?}");
    script.statements.at(0).kind.clone()
}

#[track_caller]
fn alone(statement: &str, expected: Alone) {
    assert_eq!(kind(statement), Kind::Alone(expected), "in {statement:?}");
}

fn name(parts: &[&str]) -> Vec<String> {
    parts.iter().map(|part| (*part).to_owned()).collect()
}

#[test]
fn an_index_built_concurrently_is_told_with_its_names() {
    for (text, index, table, if_not_exists) in [
        ("create index concurrently i on t (a)", Some("i"), &["t"][..], false),
        (
            "CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS I ON App.T (a)",
            Some("i"),
            &["app", "t"],
            true,
        ),
        (
            r#"create index concurrently "I""x" on only "App"."T" using gin (a)"#,
            Some("I\"x"),
            &["App", "T"],
            false,
        ),
        ("create /* ; */ index concurrently on t (lower(a))", None, &["t"], false),
        ("create index concurrently if on t (a)", Some("if"), &["t"], false),
        (r#"create index concurrently u&"\0061b" on t (a)"#, Some("ab"), &["t"], false),
    ] {
        let (index, table) = (index.map(str::to_owned), name(table));
        alone(text, Alone::CreateIndexConcurrently { index, table, if_not_exists });
    }
}

#[test]
fn an_index_dropped_concurrently_is_told_with_its_name() {
    let index = name(&["app", "i"]);
    alone(
        "drop index concurrently app.i",
        Alone::DropIndexConcurrently { index: index.clone(), if_exists: false },
    );
    alone(
        "drop index concurrently if exists app.i cascade",
        Alone::DropIndexConcurrently { index, if_exists: true },
    );
}

#[test]
fn reindex_is_told_by_its_target_and_options() {
    use ReindexTarget::{Database, Index, Schema, System, Table};
    for (text, target, parts, concurrently) in [
        ("reindex table concurrently app.t", Table, &["app", "t"][..], true),
        ("reindex (concurrently) index i", Index, &["i"], true),
        ("reindex (verbose, concurrently true) table t", Table, &["t"], true),
        ("reindex schema app", Schema, &["app"], false),
        ("reindex (tablespace fast) schema concurrently app", Schema, &["app"], true),
        ("reindex database app", Database, &["app"], false),
        ("reindex database", Database, &[], false),
        ("reindex system app", System, &["app"], false),
    ] {
        alone(text, Alone::Reindex { target, name: name(parts), concurrently });
    }
}

#[test]
fn databases_and_tablespaces_are_made_and_dropped_alone() {
    let app = || "app".to_owned();
    alone("create database app", Alone::CreateDatabase { name: app() });
    alone("drop database app", Alone::DropDatabase { name: app(), if_exists: false });
    alone(
        "drop database if exists app with (force)",
        Alone::DropDatabase { name: app(), if_exists: true },
    );
    alone(
        "alter database app set tablespace fast",
        Alone::MoveDatabase { name: app(), tablespace: "fast".to_owned() },
    );
    alone("create tablespace app location '/x'", Alone::CreateTablespace { name: app() });
    alone("drop tablespace if exists app", Alone::DropTablespace { name: app(), if_exists: true });
}

#[test]
fn maintenance_runs_alone() {
    for text in ["vacuum", "vacuum full t", "vacuum (analyze, verbose) t", "VACUUM ANALYZE"] {
        alone(text, Alone::Vacuum);
    }
    for text in ["cluster", "cluster verbose", "cluster (verbose)"] {
        alone(text, Alone::Cluster);
    }
    alone("alter system set work_mem = '1GB'", Alone::AlterSystem);
    alone("alter system reset all", Alone::AlterSystem);
    alone("discard all", Alone::DiscardAll);
}

#[test]
fn a_partition_detached_concurrently_is_told_with_both_names() {
    let (table, partition) = (name(&["app", "t"]), name(&["app", "t_1"]));
    alone(
        "alter table app.t detach partition app.t_1 concurrently",
        Alone::DetachConcurrently { table: table.clone(), partition: partition.clone() },
    );
    alone(
        "alter table if exists only app.t * detach partition app.t_1 concurrently",
        Alone::DetachConcurrently { table, partition },
    );
}

#[test]
fn subscriptions_that_reach_the_publisher_are_changed_alone() {
    let s = || "s".to_owned();
    for text in [
        "create subscription s connection 'x' publication p",
        "create subscription s connection 'x' publication p with (slot_name = none)",
        "create subscription s connection 'x' publication p with (connect = true)",
    ] {
        alone(text, Alone::CreateSubscription { name: s() });
    }
    for text in [
        "alter subscription s refresh publication",
        "alter subscription s set publication p, q",
        "alter subscription s set (failover = true)",
        "alter subscription s set (two_phase = false)",
    ] {
        alone(text, Alone::AlterSubscription { name: s(), publications: None });
    }
    for (text, added, names) in [
        ("alter subscription s add publication p with (copy_data = false)", true, &["p"][..]),
        ("alter subscription s drop publication p, \"Q\"", false, &["p", "Q"]),
    ] {
        let publications = Some(Publications { added, names: name(names) });
        alone(text, Alone::AlterSubscription { name: s(), publications });
    }
    alone("drop subscription s", Alone::DropSubscription { name: s(), if_exists: false });
    alone("drop subscription if exists s", Alone::DropSubscription { name: s(), if_exists: true });
}

#[test]
fn a_prepared_transaction_is_finished_alone() {
    let gid = || "x'y".to_owned();
    alone("commit prepared 'x''y'", Alone::FinishPrepared { gid: gid(), commits: true });
    alone("rollback prepared 'x''y'", Alone::FinishPrepared { gid: gid(), commits: false });
}

#[test]
fn a_continuous_aggregate_fills_itself_alone() {
    let text = "create materialized view v with (timescaledb.continuous) as select 1";
    assert!(matches!(kind(text), Kind::Alone(Alone::Other(_))));
    assert_eq!(kind(&format!("{text} with no data")), Kind::Plain);
}

#[test]
fn statements_that_only_look_alike_run_anywhere() {
    for text in [
        "create index i on t (concurrently)",
        r#"create index "concurrently" on t (a)"#,
        "drop index i",
        r#"drop index "concurrently""#,
        "reindex table t",
        "reindex index i",
        "reindex (concurrently false) table t",
        "reindex (concurrently 0) index i",
        "cluster t",
        "cluster t using i",
        "cluster verbose t",
        "cluster (verbose) t",
        "analyze",
        "alter database app set work_mem = '1GB'",
        "alter database app refresh collation version",
        "alter table t detach partition p",
        "alter table t detach partition p finalize",
        "alter table t add column concurrently int",
        "alter tablespace fast set (seq_page_cost = 2)",
        "create subscription s connection 'x' publication p with (connect = false)",
        "create subscription s connection 'x' publication p with (create_slot = off)",
        "alter subscription s disable",
        "alter subscription s set publication p with (refresh = false)",
        "alter subscription s set (slot_name = none)",
        "alter subscription s set (two_phase = true)",
        "alter subscription s connection 'refresh'",
        "refresh materialized view concurrently v",
        "create materialized view v as select 1",
        "discard temp",
        "prepare transaction as select 1",
        "prepare p as select 1",
        "alter type t rename value 'a' to 'b'",
        "alter type t add attribute value int",
        "do $$ begin perform 1; end $$",
        "do $$ begin create temp table x () on commit drop; end $$",
        "do $$ declare commit int; begin commit := 1; end $$",
        "do $$ begin raise notice 'commit;'; -- commit;\n end $$",
        "rollback to savepoint s",
        "rollback work to s",
        "savepoint s",
        "release s",
        "set local search_path = app",
        "set transaction isolation level serializable",
        "set constraints all immediate",
        "select set_config('search_path', '', true)",
        "select set_config('search_path', '', false), 1",
        "select set_config('search_path', a, false) from t",
        "update t set a = 1",
        r#""vacuum""#,
    ] {
        assert_eq!(kind(text), Kind::Plain, "in {text:?}");
    }
}

#[test]
fn transactions_are_begun_and_ended_in_many_words() {
    for (text, modes) in [
        ("begin", None),
        ("BEGIN WORK", None),
        ("begin transaction", None),
        ("start transaction", None),
        (
            "begin isolation level serializable, read only",
            Some("isolation level serializable, read only"),
        ),
        ("start transaction read write", Some("read write")),
    ] {
        assert_eq!(kind(text), Kind::Begin { modes: modes.map(str::to_owned) }, "in {text:?}");
    }
    for text in ["commit", "COMMIT WORK", "commit transaction", "end", "end and no chain"] {
        assert_eq!(kind(text), Kind::Commit { chain: false }, "in {text:?}");
    }
    assert_eq!(kind("commit and chain"), Kind::Commit { chain: true });
    for text in ["rollback", "abort", "rollback work", "abort transaction", "rollback and chain"] {
        assert_eq!(kind(text), Kind::Rollback, "in {text:?}");
    }
    assert_eq!(kind("prepare transaction 'x'"), Kind::PrepareTransaction);
}

#[test]
fn an_enum_value_is_told_with_its_type() {
    for (text, enum_type, value, if_not_exists) in [
        ("alter type mood add value 'it''s' before 'ok'", &["mood"][..], "it's", false),
        ("alter type app.mood add value if not exists $$x$$", &["app", "mood"], "x", true),
        (r#"alter type "Mood" add value e'a\'b'"#, &["Mood"], "a'b", false),
        (r"alter type mood add value u&'\0061\+000062\d83d\de00'", &["mood"], "ab😀", false),
        ("alter type mood add value 'a'\n'b'", &["mood"], "ab", false),
        (r"alter type mood add value e'\x41\102\u0043\n'", &["mood"], "ABC\n", false),
    ] {
        let (enum_type, value) = (name(enum_type), value.to_owned());
        assert_eq!(
            kind(text),
            Kind::AddEnumValue { enum_type, value, if_not_exists },
            "in {text:?}"
        );
    }
}

#[test]
fn a_block_of_code_that_ends_transactions_is_seen() {
    for text in [
        "do $$ begin perform 1; commit; end $$",
        "do language plpgsql $$ begin for i in 1..3 loop commit and chain; end loop; end $$",
        "do $$ begin if true then rollback; end if; end $$",
        "do 'begin <<a>> commit; end'",
        "do $$ begin call refresh_continuous_aggregate('v', null, null); end $$",
        "do language plpython3u $$ plpy.commit() $$",
        "do $$ spi_commit(); $$ language plperl",
    ] {
        assert_eq!(kind(text), Kind::MayCommit { seen: true }, "in {text:?}");
    }
}

#[test]
fn a_call_is_told_by_what_the_script_shows_of_its_procedure() {
    assert_eq!(kind("call p()"), Kind::MayCommit { seen: false });
    assert_eq!(
        kind("call refresh_continuous_aggregate('v', null, null)"),
        Kind::MayCommit { seen: true }
    );
    let last = |text: &str| script(text).statements.last().expect("there is one").kind.clone();
    let commits = "create procedure app.p() language plpgsql as $$ begin commit; end $$";
    let plain = "create or replace procedure p() language plpgsql as $$ begin null; end $$";
    let calls = "create procedure q() language plpgsql as $$ begin call p(); end $$";
    assert_eq!(last(&format!("{commits}; call p()")), Kind::MayCommit { seen: true });
    assert_eq!(last(&format!("{commits}; {calls}; call app.q()")), Kind::MayCommit { seen: true });
    assert_eq!(last(&format!("{plain}; call p()")), Kind::MayCommit { seen: false });
    assert_eq!(last(&format!("{commits}; {plain}; call p()")), Kind::MayCommit { seen: false });
}

#[test]
fn a_change_of_string_rules_is_told() {
    assert_eq!(
        kind("set local standard_conforming_strings = off"),
        Kind::Strings { backslash: Backslash::Escapes, scope: Scope::Transaction }
    );
    assert_eq!(
        kind("SET standard_conforming_strings = on"),
        Kind::Strings { backslash: Backslash::Plain, scope: Scope::Session }
    );
    assert_eq!(
        kind("select 1, set_config('standard_conforming_strings', 'no', 't')"),
        Kind::Strings { backslash: Backslash::Escapes, scope: Scope::Transaction }
    );
}

#[test]
fn what_is_set_for_the_session_is_told() {
    for text in [
        "set search_path = app, public",
        "SET SESSION search_path TO app",
        "set role app_owner",
        "set session authorization joe",
        "set session characteristics as transaction read only",
        "set time zone 'UTC'",
        "reset role",
        "reset search_path",
        "select set_config('search_path', '', false)",
        "SELECT pg_catalog.set_config('search_path', '', false)",
    ] {
        assert_eq!(kind(text), Kind::Setting, "in {text:?}");
    }
}

#[test]
fn a_later_step_learns_what_was_set_before_it() {
    let script = script(
        "set role a; set local x.y = 1; vacuum; begin; set search_path = b; commit; reset all; \
         create index concurrently on t (a); discard all; set role c; vacuum",
    );
    assert_eq!(script.settings_before(0), Vec::<usize>::new());
    assert_eq!(script.settings_before(2), [0]);
    assert_eq!(script.settings_before(7), [0, 4, 6]);
    assert_eq!(script.settings_before(10), [9]);
}

#[test]
fn copies_from_the_client_are_told() {
    assert_eq!(kind("copy t from stdin;\n1\n\\.\n"), Kind::CopyIn);
    assert_eq!(kind("copy t to stdout"), Kind::Plain);
}
