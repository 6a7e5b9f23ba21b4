//! Rehearsals in the shadow.

use whimbrel_catalog::Named;
use whimbrel_engine::rehearse::{
    Rehearsal, Rehearse, Rehearsed, Rows, Surroundings, objects, rehearse, rows,
};
use whimbrel_engine::run::{Direction, Work};
use whimbrel_engine::wire::Session;

use crate::run::kit::{database, definition, work};

fn up(id: &str, text: &str) -> Work {
    work(&definition(id, text, None), Direction::Up)
}

fn surroundings(roles: &[&str]) -> Surroundings {
    Surroundings {
        database: "app".to_owned(),
        roles: roles.iter().map(|role| (*role).to_owned()).collect(),
        search_path: "\"$user\", public".to_owned(),
    }
}

async fn held(surroundings: &Surroundings, applied: &[Work], pending: &[Work]) -> Rehearsed {
    let options = whimbrel_testkit::options();
    let what = Rehearse { major: 17, surroundings, applied, pending };
    rehearse(&what, &options, &mut ()).await.unwrap()
}

#[tokio::test]
async fn pending_migrations_run_on_top_of_what_is_applied() {
    let applied = [up("001_a", "create table a (id int primary key);")];
    let good = up("002_b", "create table b (a int references a);");
    let bad = up("003_c", "create table c (b int references b);");
    let held = held(&surroundings(&["postgres"]), &applied, &[good, bad]).await;
    let Rehearsal::Failed { number: 1, failed } = held.rehearsal else { panic!("{held:?}") };
    assert!(failed.to_string().contains("there is no primary key"), "{failed}");
}

#[tokio::test]
async fn what_was_rebuilt_once_is_not_rebuilt_again() {
    let token = format!("-- {}\n", std::process::id());
    let applied = [
        up("001_a", &format!("{token}create table a (id int);")),
        up("002_b", &format!("{token}create table b (id int);")),
    ];
    let around = surroundings(&["postgres"]);
    let first = held(&around, &applied, &[]).await;
    assert_eq!(first.inherited, 0);
    let second = held(&around, &applied, &[up("003_c", "select * from a, b;")]).await;
    assert!(matches!(second.rehearsal, Rehearsal::Passed), "{second:?}");
    assert_eq!(second.inherited, 2);
}

#[tokio::test]
async fn a_state_that_cannot_be_rebuilt_proves_nothing() {
    let applied = [up("001_a", "select * from made_by_hand;")];
    let held = held(&surroundings(&["postgres"]), &applied, &[]).await;
    assert!(matches!(held.rehearsal, Rehearsal::NotRebuilt { number: 0, .. }), "{held:?}");
}

#[tokio::test]
async fn roles_of_the_target_are_there_when_a_script_names_them() {
    let applied = [
        up("001_role", "create role made_here;"),
        up("002_grant", "create table a (); grant select on a to made_here, made_by_hand;"),
    ];
    let pending = [up("003_again", "grant insert on a to made_by_hand, only_pending;")];
    let around = surroundings(&["made_by_hand", "made_here", "only_pending", "postgres"]);
    let held = held(&around, &applied, &pending).await;
    assert!(matches!(held.rehearsal, Rehearsal::Passed), "{held:?}");
}

#[tokio::test]
async fn an_extension_that_the_shadow_lacks_stops_nobody() {
    let pending = [up("001_vector", "create extension no_such_extension;")];
    let held = held(&surroundings(&["postgres"]), &[], &pending).await;
    let Rehearsal::Inconclusive { number: 0, lacks } = held.rehearsal else { panic!("{held:?}") };
    assert!(lacks.contains("no_such_extension"), "{lacks}");
}

#[tokio::test]
async fn a_repeatable_migration_must_be_able_to_run_twice_and_change_nothing() {
    let mut same = up("r_same", "create or replace view v as select 1 as one;");
    same.definition.migration.repeatable = true;
    let passed = held(&surroundings(&["postgres"]), &[], &[same]).await;
    assert!(matches!(passed.rehearsal, Rehearsal::Passed), "{passed:?}");
    let mut fails = up("r_fails", "create view v as select 1 as one;");
    fails.definition.migration.repeatable = true;
    let refused = held(&surroundings(&["postgres"]), &[], &[fails]).await;
    let Rehearsal::NotRepeatable { failed: Some(_), .. } = refused.rehearsal else {
        panic!("{refused:?}")
    };
    let mut grows = up(
        "r_grows",
        "do $$ begin execute format('create table grown_%s ()', \
         (select count(*) from pg_class where relname like 'grown%')); end $$;",
    );
    grows.definition.migration.repeatable = true;
    let refused = held(&surroundings(&["postgres"]), &[], &[grows]).await;
    let Rehearsal::NotRepeatable { differences, .. } = refused.rehearsal else {
        panic!("{refused:?}")
    };
    let named: Vec<String> = differences.iter().map(ToString::to_string).collect();
    assert!(named.contains(&"table public.grown_1".to_owned()), "{named:?}");
}

#[tokio::test]
async fn states_are_compared_object_by_object() {
    let database = database().await;
    let mut session = Session::connect(database.target(), "test").await.unwrap();
    session
        .simple(
            "create table a (id int primary key, name text default 'x' check (name <> '')); \
             create index on a (name); create type mood as enum ('sad'); \
             create function f() returns int language sql as 'select 1'; \
             create policy p on a using (true); comment on table a is 'hm'; \
             create aggregate total (int) (sfunc = int4pl, stype = int); \
             create domain d as int check (value > 0); create extension pg_trgm; \
             create sequence s; create view v as select * from a; \
             create publication pub for table a; create statistics st on id, name from a; \
             create text search configuration ts (copy = simple); \
             create operator === (leftarg = int, rightarg = int, function = int4eq); \
             create foreign data wrapper w; create server sv foreign data wrapper w; \
             alter default privileges in schema public grant select on tables to public;",
        )
        .await
        .unwrap();
    let before = objects(&mut session).await.unwrap();
    let again = objects(&mut session).await.unwrap();
    assert_eq!(before.differences(&again), []);
    session
        .simple(
            "alter table a alter name drop default; alter type mood add value 'happy'; \
             comment on table a is 'well'; create or replace function f() returns int \
             language sql as 'select 2'; alter policy p on a using (false); drop index a_name_idx",
        )
        .await
        .unwrap();
    let after = objects(&mut session).await.unwrap();
    let named: Vec<String> = before.differences(&after).iter().map(ToString::to_string).collect();
    let expected = [
        "column public.a.name",
        "comment table public.a",
        "function public.f()",
        "index public.a_name_idx",
        "policy public.a.p",
        "type public.mood",
    ];
    assert_eq!(named, expected);
}

/// What pending scripts lose of what an applied one made: script, how, kind, name, table at first.
async fn lost(applied: &str, pending: &[&str]) -> Vec<String> {
    let applied = [up("000_before", applied)];
    let pending: Vec<Work> = pending
        .iter()
        .enumerate()
        .map(|(number, text)| up(&format!("{:03}_pending", number + 1), text))
        .collect();
    let held = held(&surroundings(&["postgres"]), &applied, &pending).await;
    assert!(matches!(held.rehearsal, Rehearsal::Passed), "{held:?}");
    let mut shown = Vec::new();
    for (number, losses) in held.losses.iter().enumerate() {
        for lost in losses {
            let (loss, holding) = (&lost.loss, &lost.loss.holding);
            let (how, kind) = (loss.kind, holding.kind.name());
            shown.push(format!("{} {how:?} {kind} {holding} of {}", number + 1, lost.table));
        }
    }
    shown
}

#[tokio::test]
async fn what_a_script_drops_is_named_whoever_drops_it() {
    let applied = "create table a (id int, name text, \"Odd\" int); create table b (id int); \
        create schema s; create table s.c (id int); create materialized view m as select 1 as one; \
        create type mood as enum ('sad', 'glad'); \
        create function away() returns void language sql as 'drop table b';";
    let pending = [
        "alter table a drop column name, drop column \"Odd\"; drop materialized view m",
        "select away()",
        "do $$ begin execute 'drop schema s cascade'; end $$",
        "alter type mood rename to old_mood; create type mood as enum ('sad'); drop type old_mood",
    ];
    let expected = [
        "1 Dropped materialized view public.m of public.m",
        "1 Dropped column public.a.\"Odd\" of public.a",
        "1 Dropped column public.a.name of public.a",
        "2 Dropped table public.b of public.b",
        "3 Dropped table s.c of s.c",
        "4 Dropped enum label public.mood 'glad' of public.mood",
    ];
    assert_eq!(lost(applied, &pending).await, expected);
}

#[tokio::test]
async fn what_only_changes_its_name_is_not_lost_and_what_is_made_anew_is() {
    let applied = "create table a (id int, name text); create table b (id int); \
        create type mood as enum ('sad', 'glad'); create materialized view m as select 1 as one; \
        create table c (id int, note text);";
    let pending = [
        "alter table a rename to aa; alter table aa rename name to title; \
         alter type mood rename value 'glad' to 'happy'; create schema t; \
         alter table aa set schema t; drop materialized view m; \
         create materialized view m as select 2 as one",
        "alter table t.aa drop title",
        "drop table b; create table b (id int)",
        "alter table c drop note, add note text",
        "create table d (id int); drop table d; drop type mood",
    ];
    let expected = [
        "2 Dropped column t.aa.title of public.a",
        "3 Replaced table public.b of public.b",
        "4 Replaced column public.c.note of public.c",
    ];
    assert_eq!(lost(applied, &pending).await, expected);
}

#[tokio::test]
async fn a_table_that_gets_a_new_file_was_emptied_or_rewritten() {
    let applied = "create table a (id int); create table b (id int); create table c (id int);";
    let pending =
        ["truncate a", "alter table b alter id type bigint", "alter table c add name text"];
    let expected = ["1 NewFile table public.a of public.a", "2 NewFile table public.b of public.b"];
    assert_eq!(lost(applied, &pending).await, expected);
}

#[tokio::test]
async fn partitions_and_inherited_columns_go_with_what_they_are_of() {
    let applied = "create table p (id int, name text) partition by range (id); \
        create table p1 partition of p for values from (0) to (10); \
        create table p2 partition of p for values from (10) to (20); \
        create table q (id int) partition by list (id); create table q1 partition of q default;";
    let pending = ["alter table p drop name", "drop table p1", "drop table q"];
    let expected = [
        "1 Dropped column public.p.name of public.p",
        "2 Dropped table public.p1 of public.p1",
        "3 Dropped table public.q of public.q",
    ];
    assert_eq!(lost(applied, &pending).await, expected);
}

#[tokio::test]
async fn rows_are_counted_or_estimated_or_unknown() {
    let database = database().await;
    let mut session = Session::connect(database.target(), "test").await.unwrap();
    let setup = "create table \"Small\" as select 1 as id from generate_series(1, 42); \
        create table parted (id int) partition by range (id); \
        create table parted_1 partition of parted for values from (0) to (10); \
        create table parted_2 partition of parted for values from (10) to (20); \
        insert into parted select generate_series(5, 14); \
        create table large as select i as id, repeat('x', 900) as text \
            from generate_series(1, 20000) i; \
        create table strange (id int) with (autovacuum_enabled = off); \
        alter table large set (autovacuum_enabled = off);";
    session.simple(setup).await.unwrap();
    let named = |name: &str| Named { schema: "public".to_owned(), name: name.to_owned() };
    let small = rows(&mut session, &named("Small")).await.unwrap();
    assert_eq!(small, Some(Rows::Counted(42)));
    assert_eq!(rows(&mut session, &named("parted")).await.unwrap(), Some(Rows::Counted(10)));
    assert_eq!(rows(&mut session, &named("large")).await.unwrap(), Some(Rows::Counted(20_000)));
    session.simple("analyze large").await.unwrap();
    assert_eq!(rows(&mut session, &named("large")).await.unwrap(), Some(Rows::Estimated(20_000)));
    assert_eq!(rows(&mut session, &named("nowhere")).await.unwrap(), None);
    let mut other = Session::connect(database.target(), "test").await.unwrap();
    other.simple("begin; lock table strange").await.unwrap();
    assert_eq!(rows(&mut session, &named("strange")).await.unwrap(), None);
}
