//! Ways to the database that are no connection of our own: psql, and the Management API.

use std::time::Duration;

use whimbrel_testkit::{ManagementApi, Manner, Psql};

use crate::kit::{Project, Said};

const FILES: &[(&str, &str)] = &[
    (
        "supabase/migrations/20240101000000_a.sql",
        "create table a (id int);\ninsert into a values (1);\n",
    ),
    (
        "supabase/migrations/20240102000000_b.sql",
        "set search_path = '';\ninsert into public.a values (2);\n",
    ),
    ("supabase/migrations/20240103000000_c.sql", "insert into a values (3);\n"),
];

/// One that is not one transaction.
const STEPS: &[(&str, &str)] = &[
    ("migrations/001_a.sql", "create table a (id int);\ninsert into a values (1);\n"),
    (
        "migrations/002_b.sql",
        "insert into a values (2);\ncreate index concurrently a_id on a (id);\ninsert into a values (3);\n",
    ),
];

/// A project with a database, and `psql` where it looks for it.
async fn psql(files: &[(&str, &str)]) -> Project {
    let project = Project::new(files).with_database().await;
    project.with("WHIMBREL_PSQL", Psql::get().path().to_str().unwrap())
}

/// A project whose database an API stands in front of, and no other way leads there.
async fn api(
    files: &[(&str, &str)],
    start: impl Fn(&whimbrel_engine::Target) -> ManagementApi,
) -> (Project, ManagementApi) {
    let project = Project::new(files).with_database().await;
    let api = start(project.target());
    let project = project
        .with("DATABASE_URL", "postgresql://postgres:hunter2secret@127.0.0.1:1/postgres")
        .with("WHIMBREL_SUPABASE_API", api.url())
        .with("SUPABASE_ACCESS_TOKEN", ManagementApi::TOKEN)
        .with("SUPABASE_PROJECT_REF", ManagementApi::PROJECT);
    (project, api)
}

async fn rows(project: &Project) -> String {
    let sql = "select coalesce(string_agg(id::text, ' ' order by id), '') from a";
    match project.session().await.simple(sql).await {
        Ok(answers) => answers[0].value().unwrap().to_owned(),
        Err(failure) => failure.code().unwrap().to_owned(),
    }
}

fn up(project: &Project, way: &str) -> Said {
    project.run(&format!("up --yes --no-rehearsal --via {way}"))
}

async fn everything_goes_by(project: &Project, way: &str) {
    assert_eq!(project.run(&format!("status --check --via {way}")).code, 3);
    let said = up(project, way);
    assert_eq!(said.code, 0, "{}", said.whole());
    assert_eq!(rows(project).await, "1 2 3", "{}", said.whole());
    let status = project.done(&format!("status --check --via {way}"));
    assert!(status.out.contains("applied"), "{}", status.out);
    let again = up(project, way);
    assert!(again.out.contains("everything is applied"), "{}", again.whole());
    let said = project.done(&format!("script --via {way}"));
    assert_eq!(said.out, "-- Nothing is pending.\n");
}

#[tokio::test]
async fn psql_reads_and_writes() {
    for files in [FILES, STEPS] {
        let project = psql(files).await;
        everything_goes_by(&project, "psql").await;
        // What it wrote is what a connection of our own reads.
        project.done("status --check");
    }
}

#[tokio::test]
async fn the_api_reads_and_writes() {
    for files in [FILES, STEPS] {
        for start in [ManagementApi::new, ManagementApi::of_one_statement] {
            let (project, _api) = api(files, start).await;
            everything_goes_by(&project, "api").await;
            let url = project.url();
            project.done(&format!("status --check --database-url {url}"));
        }
    }
}

#[tokio::test]
async fn a_migration_that_fails_leaves_nothing_by_any_way() {
    let mut files = FILES.to_vec();
    files[1].1 = "insert into a values (2);\nselect nonsense;\n";
    for way in ["psql", "api"] {
        let (project, _api) = api(&files, ManagementApi::new).await;
        let url = project.url();
        let project = project.with("WHIMBREL_PSQL", Psql::get().path().to_str().unwrap());
        let project = if way == "psql" { project.with("DATABASE_URL", &url) } else { project };
        let said = up(&project, way);
        assert_eq!(said.code, 1, "{}", said.whole());
        assert!(said.err.contains("column \"nonsense\" does not exist"), "{}", said.whole());
        assert!(said.err.contains("20240102000000"), "{}", said.whole());
        assert_eq!(rows(&project).await, "1", "{way}");
        project.write("supabase/migrations/20240102000000_b.sql", "insert into a values (2);\n");
        let said = up(&project, way);
        assert_eq!(said.code, 0, "{}", said.whole());
        assert_eq!(rows(&project).await, "1 2 3", "{way}");
    }
}

/// However the API answers, every migration is there once in the end, and said to be.
#[tokio::test]
async fn the_api_in_its_nasty_ways_applies_nothing_twice() {
    for manners in [
        &[Manner::TooMany(Some(1))][..],
        &[Manner::TooMany(None), Manner::TooMany(None)],
        &[Manner::CutAfter],
        &[Manner::CutBefore],
        &[Manner::Page(502)],
        &[Manner::Page(200)],
        &[Manner::Empty],
        &[Manner::Documented, Manner::CutAfter, Manner::CutBefore, Manner::CutAfter],
        &[Manner::CutBefore, Manner::Empty, Manner::Documented, Manner::Page(201)],
    ] {
        for files in [FILES, STEPS] {
            let (project, api) = api(files, ManagementApi::new).await;
            api.answer(manners);
            let said = up(&project, "api");
            assert_eq!(said.code, 0, "{manners:?}: {}", said.whole());
            assert_eq!(rows(&project).await, "1 2 3", "{manners:?}: {}", said.whole());
            assert_eq!(project.run("status --check --via api").code, 0);
        }
    }
}

#[tokio::test]
async fn an_error_in_a_success_and_a_success_without_an_effect_are_errors() {
    for manner in [Manner::ErrorInSuccess, Manner::Lie] {
        let (project, api) = api(FILES, ManagementApi::new).await;
        api.answer(&[Manner::Documented, Manner::Documented, manner]);
        let said = up(&project, "api");
        assert_ne!(said.code, 0, "{manner:?}: {}", said.whole());
        assert_eq!(rows(&project).await, "1 2", "{manner:?}");
        let said = up(&project, "api");
        assert_eq!(said.code, 0, "{}", said.whole());
        assert_eq!(rows(&project).await, "1 2 3", "{manner:?}");
    }
}

#[tokio::test]
async fn what_takes_longer_than_the_api_waits_is_waited_for() {
    let mut files = FILES.to_vec();
    files[1].1 = "insert into a values (2);\nselect pg_sleep(3);\n";
    let limited = |target: &_| ManagementApi::limited(target, Duration::from_secs(1));
    let (project, _api) = api(&files, limited).await;
    let said = up(&project, "api");
    assert_eq!(said.code, 0, "{}", said.whole());
    assert_eq!(rows(&project).await, "1 2 3");
    // The client, too, may give up first.
    let (project, _api) = api(&files, ManagementApi::new).await;
    let project = project.with("WHIMBREL_SUPABASE_API_TIMEOUT", "1");
    let said = up(&project, "api");
    assert_eq!(said.code, 0, "{}", said.whole());
    assert_eq!(rows(&project).await, "1 2 3");
}

#[tokio::test]
async fn two_at_once_by_different_ways_apply_everything_once() {
    let mut files = FILES.to_vec();
    files[0].1 = "create table a (id int);\ninsert into a values (1);\nselect pg_sleep(1);\n";
    let (project, _api) = api(&files, ManagementApi::new).await;
    let url = project.url();
    let project = project.with("WHIMBREL_PSQL", Psql::get().path().to_str().unwrap());
    let start = |more: &[&str]| {
        let words = [&["up", "--yes", "--no-rehearsal"], more].concat();
        project.command(&words).spawn().unwrap()
    };
    let running = [
        start(&["--via", "api"]),
        start(&["--via", "psql", "--database-url", &url]),
        start(&["--database-url", &url]),
    ];
    for child in running {
        let said = Said::new(child.wait_with_output().unwrap());
        assert_eq!(said.code, 0, "{}", said.whole());
    }
    assert_eq!(rows(&project).await, "1 2 3");
}

#[tokio::test]
async fn the_token_and_the_project_are_found_where_the_supabase_cli_leaves_them() {
    let (project, api) = api(FILES, ManagementApi::new).await;
    let home = project.path().to_str().unwrap().to_owned();
    let project = project.with("SUPABASE_ACCESS_TOKEN", "").with("SUPABASE_PROJECT_REF", "");
    let project = project.with("HOME", &home);
    let said = project.run("status --via api");
    assert_eq!(said.code, 2, "{}", said.whole());
    project.write("supabase/.temp/project-ref", ManagementApi::PROJECT);
    let said = project.run("status --via api");
    assert!(said.err.contains("no access token"), "{}", said.whole());
    project.write(".supabase/access-token", ManagementApi::TOKEN);
    project.done("status --via api");
    project.remove("supabase/.temp/project-ref");
    let url =
        format!("postgresql://postgres:x@db.{}.supabase.co:5432/postgres", ManagementApi::PROJECT);
    project.done(&format!("status --via api --database-url {url}"));
    let flags =
        format!("--project-ref {} --access-token {}", ManagementApi::PROJECT, ManagementApi::TOKEN);
    project.remove(".supabase/access-token");
    project.done(&format!("status --via api {flags}"));
    assert!(!api.texts().is_empty());
}

#[tokio::test]
async fn no_secret_of_a_way_is_printed() {
    let (project, api) = api(FILES, ManagementApi::new).await;
    let other = "sbp_ffffffffffffffffffffffffffffffffffffffff";
    api.answer(&[Manner::Page(500)]);
    let mut whole = String::new();
    for line in [
        "status --via api --verbose".to_owned(),
        format!("status --via api --access-token {other}"),
        format!("status --via api --access-token {other} --project-ref wrong --json"),
        "up --yes --no-rehearsal --via api --verbose".to_owned(),
        "doctor --via api".to_owned(),
        "down --yes --via api".to_owned(),
        "adopt --yes --via api".to_owned(),
        "status --via psql --verbose".to_owned(),
        "up --yes --via psql --json".to_owned(),
    ] {
        whole.push_str(&project.run(&line).whole());
    }
    for secret in [ManagementApi::TOKEN, other, "hunter2secret"] {
        assert!(!whole.contains(secret), "{whole}");
    }
}

#[tokio::test]
async fn what_needs_a_connection_of_its_own_says_so() {
    let (project, _api) = api(FILES, ManagementApi::new).await;
    let said = up(&project, "api");
    assert_eq!(said.code, 0, "{}", said.whole());
    let said = project.run("down --yes --via api");
    assert_eq!(said.code, 4, "{}", said.whole());
    assert!(said.err.contains("needs a connection of its own"), "{}", said.err);
    assert_eq!(rows(&project).await, "1 2 3");
}

#[tokio::test]
async fn psql_honours_what_a_connection_of_our_own_cannot() {
    let project = psql(FILES).await;
    let url = project.url();
    let joined = if url.contains('?') { "&" } else { "?" };
    let strange = format!("{url}{joined}sslcrl=/nowhere/crl.pem");
    let said = project.run(&format!("status --database-url {strange}"));
    assert_eq!(said.code, 2, "{}", said.whole());
    assert!(said.err.contains("--via psql"), "{}", said.whole());
    project.done(&format!("status --via psql --database-url {strange}"));
}

#[tokio::test]
async fn where_no_connection_is_possible_the_next_way_is_named() {
    let (project, _api) = api(FILES, ManagementApi::new).await;
    let host = format!("db.{}.supabase.co", ManagementApi::PROJECT);
    let url = format!(
        "postgresql://postgres:hunter2secret@{host}:5432/postgres?hostaddr=127.0.0.1&port=1"
    );
    let said = project.run(&format!("up --yes --database-url {url}"));
    assert_eq!(said.code, 5, "{}", said.whole());
    assert!(said.err.contains("whimbrel up --via api"), "{}", said.whole());
    assert!(said.err.contains("whimbrel script"), "{}", said.whole());
    assert!(!said.whole().contains("hunter2secret"));
}
