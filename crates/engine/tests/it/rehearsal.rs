//! Rehearsals in the shadow.

use whimbrel_engine::rehearse::{Rehearsal, Rehearse, Rehearsed, Surroundings, objects, rehearse};
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
