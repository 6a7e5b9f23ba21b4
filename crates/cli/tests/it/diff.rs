//! Comparing states at the command line.

use whimbrel_engine::shadow::Baseline;

use crate::kit::{Project, check};

const OLD: &str = "create table users (id bigint primary key, email text not null, note text);\n\
    create view emails as select email from users;\n";
const NEW: &str = "create view emails as select email from users;\n\
    create table orders (id bigint primary key, buyer bigint references users);\n\
    create table users (id bigint primary key, email varchar(200) not null);\n";

fn project() -> Project {
    Project::new(&[("old.sql", OLD), ("new.sql", NEW)])
}

#[test]
fn the_plan_is_tried_and_printed_alone_on_stdout() {
    check("diff", &project().show("diff old.sql new.sql"));
    check("diff_summary", &project().show("diff old.sql new.sql --summary"));
}

#[test]
fn json_has_what_differs_each_step_and_the_proof() {
    let report = project().done("diff old.sql new.sql --json").json();
    assert_eq!(report["proof"]["outcome"], "proved");
    let deltas = report["deltas"].as_array().unwrap();
    let note = deltas.iter().find(|delta| delta["name"] == "public.users.note").unwrap();
    assert_eq!([&note["kind"], &note["change"]], ["column", "removed"]);
    let steps = report["steps"].as_array().unwrap();
    let last = steps.last().unwrap();
    assert_eq!(last["sql"], "alter table public.users drop column note");
    assert_eq!(last["hazards"][0]["kind"], "data_loss");
}

#[tokio::test]
async fn a_database_is_compared_without_what_whimbrel_keeps_in_it() {
    let project = project().with_database().await;
    project.write("migrations/001_users.sql", OLD);
    project.done("up --yes --no-rehearsal");
    let url = project.url();
    assert_eq!(project.run(&format!("diff {url} old.sql --check")).code, 0);
    let said = project.run(&format!("diff {url} new.sql --check"));
    assert_eq!(said.code, 3, "{}", said.whole());
    let session = &mut project.session().await;
    session.simple(&said.out).await.unwrap();
    let said = project.done(&format!("diff {url} new.sql"));
    assert_eq!(said.out, "", "{}", said.whole());
    assert!(said.err.contains("nothing differs"), "{}", said.err);
}

#[test]
fn a_folder_of_sql_is_read_in_any_order() {
    let project = project();
    project.write("schema/a_view.sql", "create view v as select id from t;\n");
    project.write("schema/tables/t.sql", "create table t (id e);\n");
    project.write("schema/tables/types.sql", "create type e as enum ('a');\n");
    let said = project.done("diff empty schema");
    assert!(said.out.contains("create type public.e as enum ('a');"), "{}", said.out);
    assert!(said.err.contains("proved on"), "{}", said.err);
    let said = project.done("diff schema schema --check");
    assert_eq!(said.out, "");
}

#[test]
fn what_nobody_models_is_named() {
    let project = project();
    project.write("new.sql", "select lo_create(0);\ncreate table t (a int);\n");
    let said = project.done("diff empty new.sql");
    assert!(said.err.contains("not compared: large object "), "{}", said.err);
}

/// The throw-away server begins as the platform does, for `empty` and for the proof.
#[tokio::test]
async fn what_a_platform_keeps_is_no_part_of_a_plan() {
    let project = Project::new(&[]).with_database().await;
    let mut session = project.session().await;
    Baseline::named("supabase-platform").unwrap().set_up(&mut session, 17).await.unwrap();
    session
        .simple(
            "create table profiles (id uuid primary key references auth.users on delete cascade); \
             create policy own on storage.objects for select using (owner = auth.uid())",
        )
        .await
        .unwrap();
    let url = project.url();
    let there = project.done(&format!("diff empty {url}"));
    assert!(there.err.contains("proved on"), "{}", there.whole());
    assert!(there.out.contains("REFERENCES auth.users(id) ON DELETE CASCADE"), "{}", there.out);
    let back = project.done(&format!("diff {url} empty"));
    assert!(back.out.contains("drop policy own on storage.objects"), "{}", back.whole());
    assert!(!back.out.contains("auth."), "{}", back.out);
}
