//! Ways to the database that are no connection of our own: psql, and the Management API.

use std::time::Duration;

use whimbrel_testkit::{ManagementApi, Manner, Psql};

use crate::kit::{Project, Said};

pub(crate) const FILES: &[(&str, &str)] = &[
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
pub(crate) async fn psql(files: &[(&str, &str)]) -> Project {
    let project = Project::new(files).with_database().await;
    project.with("WHIMBREL_PSQL", Psql::get().path().to_str().unwrap())
}

/// A project whose database an API stands in front of, and no other way leads there.
pub(crate) async fn api(
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

pub(crate) async fn rows(project: &Project) -> String {
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

/// What is to be known for a rehearsal is only read, so it is held as ever.
#[tokio::test]
async fn what_is_pending_is_rehearsed_by_any_way() {
    for way in ["psql", "api"] {
        let (project, _api) = api(FILES, ManagementApi::new).await;
        let url = project.url();
        let project = project.with("WHIMBREL_PSQL", Psql::get().path().to_str().unwrap());
        let project = if way == "psql" { project.with("DATABASE_URL", &url) } else { project };
        let said =
            project.done(&format!("up --yes --rehearse --via {way} --to 20240102000000 --json"));
        assert_eq!(said.json()["rehearsal"]["result"], "passed", "{}", said.whole());
        project.write("supabase/migrations/20240103000000_c.sql", "insert into a values (3, 4);\n");
        let said = project.run(&format!("up --yes --rehearse --via {way}"));
        assert_eq!(said.code, 1, "{}", said.whole());
        assert!(said.err.contains("the rehearsal failed to apply"), "{}", said.whole());
        assert_eq!(rows(&project).await, "1 2");
    }
}

#[tokio::test]
async fn the_database_is_named_with_its_way() {
    let (project, _api) = api(FILES, ManagementApi::new).await;
    let said = project.done("status --via api");
    assert!(
        said.out.contains(&format!("project {} by api", ManagementApi::PROJECT)),
        "{}",
        said.out
    );
    assert!(!said.out.contains("pooler"), "{}", said.out);
    let url = project.url();
    let project = project.with("WHIMBREL_PSQL", Psql::get().path().to_str().unwrap());
    let said = project.done(&format!("status --via psql --database-url {url}"));
    assert!(said.out.contains("by psql"), "{}", said.out);
    assert!(!said.out.contains("pooler"), "{}", said.out);
}

#[tokio::test]
async fn the_way_is_said_in_the_configuration_or_the_environment() {
    let (project, api) = api(FILES, ManagementApi::new).await;
    let project = project.with("SUPABASE_PROJECT_REF", "").with("WHIMBREL_VIA", "");
    let config = format!(
        "[env.far]\nvia = \"api\"\nproject_ref = \"{}\"\nprotected = true\n",
        ManagementApi::PROJECT
    );
    project.write("whimbrel.toml", &config);
    project.done("status --env far");
    assert!(!api.texts().is_empty());
    assert_eq!(project.run("up --yes --no-rehearsal --env far").code, 4);
    let said = project.run("up --yes --no-rehearsal --env far --allow protected");
    assert_eq!(said.code, 0, "{}", said.whole());
    project.write("whimbrel.toml", "[connection]\nvia = \"apy\"\n");
    let said = project.run("status");
    assert_eq!(said.code, 2, "{}", said.whole());
    assert!(said.err.contains("W1102") && said.err.contains("did you mean `api`?"), "{}", said.err);
    assert!(said.err.contains("whimbrel.toml:2:7"), "{}", said.err);
    project.write("whimbrel.toml", "");
    let project = project.with("WHIMBREL_VIA", "api");
    let said = project.run("status");
    assert!(said.err.contains("W2062"), "{}", said.whole());
    project.write("supabase/.temp/project-ref", ManagementApi::PROJECT);
    project.done("status");
}

/// A link that leads elsewhere than the connection URL is named.
#[tokio::test]
async fn two_projects_are_told_apart() {
    let (project, _api) = api(FILES, ManagementApi::new).await;
    let project = project.with(
        "DATABASE_URL",
        "postgresql://postgres:x@db.zzzzzzzzzzzzzzzzzzzz.supabase.co/postgres",
    );
    let said = project.run("up --yes --no-rehearsal --via api");
    let remark = "leads to zzzzzzzzzzzzzzzzzzzz";
    assert!(said.whole().contains(remark), "{}", said.whole());
}

#[tokio::test]
async fn doctor_looks_through_any_way() {
    let (project, _api) = api(FILES, ManagementApi::new).await;
    let url = project.url();
    let project = project.with("WHIMBREL_PSQL", Psql::get().path().to_str().unwrap());
    for line in [
        "doctor --json --via api".to_owned(),
        format!("doctor --json --via psql --database-url {url}"),
    ] {
        let report = project.done(&line).json();
        let findings = report["findings"].as_array().unwrap().clone();
        let about = |check: &str| {
            let found = findings.iter().find(|finding| finding["check"] == check);
            found.unwrap_or_else(|| panic!("{check} in {report:#}"))["severity"].clone()
        };
        assert_eq!(about("connection"), "ok", "{report:#}");
        assert_eq!(about("version"), "ok", "{report:#}");
        assert!(!findings.iter().any(|finding| finding["check"] == "pooler"), "{report:#}");
        assert!(report["database"]["server_version"].is_string(), "{report:#}");
    }
    let by_psql = project.done(&format!("doctor --via psql --database-url {url}")).out;
    for said in ["it leads to postgresql://", ", by psql", "up to psql, with sslmode="] {
        assert!(by_psql.contains(said), "{said}: {by_psql}");
    }
    let by_api = project.done("doctor --via api").out;
    let leads = format!("it leads to project {}, by the Management API", ManagementApi::PROJECT);
    for said in [leads.as_str(), "Supabase's Management API answers", "HTTP to an API"] {
        assert!(by_api.contains(said), "{said}: {by_api}");
    }
    for untrue in ["it leads to postgresql://", "this machine; no TLS"] {
        assert!(!by_api.contains(untrue), "{untrue}: {by_api}");
    }
}

/// Without a connection, `doctor` says which other ways are open, and takes none.
#[tokio::test]
async fn doctor_says_which_ways_are_open() {
    let (project, api) = api(FILES, ManagementApi::new).await;
    let project = project.with("WHIMBREL_PSQL", Psql::get().path().to_str().unwrap());
    let said = project.run("doctor");
    let psql = format!("`--via psql` would use {}", Psql::get().path().display());
    assert!(said.out.contains(&psql), "{}", said.whole());
    let taken = format!("`--via api` would take project {}", ManagementApi::PROJECT);
    assert!(said.out.contains(&taken), "{}", said.whole());
    assert!(api.texts().is_empty());
    let said = project.with("SUPABASE_ACCESS_TOKEN", "").with("HOME", "/nowhere").run("doctor");
    assert!(said.out.contains("`--via api` is not open: no access token"), "{}", said.whole());
}

#[tokio::test]
async fn a_migration_that_fails_leaves_nothing_by_any_way() {
    let mut files = FILES.to_vec();
    files[1].1 =
        "insert into a values (2);\ncreate table if not exists a (id int);\nselect nonsense;\n";
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

/// A read changes nothing, so it is made again until an answer tells something.
#[tokio::test]
async fn a_read_that_the_api_loses_is_made_again() {
    for manners in [
        &[Manner::CutAfter][..],
        &[Manner::Page(500), Manner::Page(502)],
        &[Manner::Documented, Manner::CutBefore, Manner::Documented, Manner::Empty],
        &[Manner::Lie, Manner::Documented, Manner::Page(200)],
    ] {
        let (project, api) = api(FILES, ManagementApi::new).await;
        api.answer_reads(manners);
        let said = project.run("status --check --via api");
        assert_eq!(said.code, 3, "{manners:?}: {}", said.whole());
        api.answer_reads(manners);
        let said = up(&project, "api");
        assert_eq!(said.code, 0, "{manners:?}: {}", said.whole());
        assert_eq!(rows(&project).await, "1 2 3", "{manners:?}: {}", said.whole());
    }
}

/// An API that stays so is given up after some seconds, at the first read as at a later one.
#[tokio::test]
async fn an_api_that_loses_every_read_is_given_up_with_a_hint() {
    for before in 0..2 {
        let (project, api) = api(FILES, ManagementApi::new).await;
        api.answer_reads(&vec![Manner::Documented; before]);
        api.answer_reads(&[Manner::Page(502); 100]);
        let said = project.run("status --via api");
        assert_eq!(said.code, 5, "{before}: {}", said.whole());
        assert!(said.err.contains("HTTP 502"), "{before}: {}", said.whole());
        assert!(said.err.contains("run it again in a while"), "{before}: {}", said.whole());
        let tries = api.texts().len();
        assert!((3 + before..50).contains(&tries), "{before}: {tries}: {}", said.whole());
    }
}

#[tokio::test]
async fn a_step_that_fails_leaves_those_before_it_and_says_so() {
    let mut files = STEPS.to_vec();
    files[1].1 =
        "insert into a values (2);\ncreate index concurrently a_id on a (id);\nselect nonsense;\n";
    for way in ["psql", "api"] {
        let (project, _api) = api(&files, ManagementApi::new).await;
        let url = project.url();
        let project = project.with("WHIMBREL_PSQL", Psql::get().path().to_str().unwrap());
        let project = if way == "psql" { project.with("DATABASE_URL", &url) } else { project };
        let said = up(&project, way);
        assert_eq!(said.code, 1, "{}", said.whole());
        let stays = "the first 2 steps of `002_b` stay done";
        assert!(said.err.contains(stays), "{}", said.whole());
        assert!(!said.err.contains("was rolled back"), "{}", said.whole());
        project.write("migrations/002_b.sql", STEPS[1].1);
        let said = up(&project, way);
        assert_eq!(said.code, 0, "{}", said.whole());
        assert_eq!(rows(&project).await, "1 2 3", "{way}");
    }
}

/// One request after the other is answered by what tells nothing.
#[tokio::test]
async fn whichever_answer_is_lost_nothing_is_applied_twice() {
    for manner in [Manner::CutAfter, Manner::CutBefore, Manner::Page(504), Manner::Empty] {
        for before in 0..5 {
            let (project, api) = api(STEPS, ManagementApi::new).await;
            let mut manners = vec![Manner::Documented; before];
            manners.push(manner);
            api.answer(&manners);
            let said = up(&project, "api");
            let index = "select string_agg(c.relname || i.indisvalid, ' ') from pg_index i \
                join pg_class c on c.oid = i.indexrelid where i.indrelid = 'a'::regclass";
            let what = format!("{manner:?} after {before}: {}", said.whole());
            // A statement that never came to the database is for a person to send again.
            let is_open = manner == Manner::CutBefore && before == 3;
            if is_open {
                assert_eq!(said.code, 1, "{what}");
                assert!(said.err.contains("did not take"), "{what}");
                assert_eq!(rows(&project).await, "1 2", "{what}");
                let said = up(&project, "api");
                assert_eq!(said.code, 0, "{what}: {}", said.whole());
            } else {
                assert_eq!(said.code, 0, "{what}");
            }
            assert_eq!(rows(&project).await, "1 2 3", "{what}");
            assert_eq!(project.sql(index).await.as_deref(), Some("a_idtrue"), "{what}");
        }
    }
}

/// What cannot stand within another statement goes as it is written.
#[tokio::test]
async fn the_api_takes_what_no_block_can_hold() {
    let mut files = FILES.to_vec();
    files[1].1 = "select 2 as id into temp two;\ninsert into a select id from two;\n";
    files[2].1 = "begin isolation level serializable;\nsavepoint s;\ninsert into a values (9);\nrollback to s;\ninsert into a values (3);\ncommit;\n";
    let (project, _api) = api(&files, ManagementApi::new).await;
    let said = up(&project, "api");
    assert_eq!(said.code, 0, "{}", said.whole());
    assert_eq!(rows(&project).await, "1 2 3");
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
    project.write("supabase/seed.sql", "insert into a values (9, 9);\n");
    let said = project.run("up --seed --yes --no-rehearsal --via api");
    assert_eq!(said.code, 4, "{}", said.whole());
    assert!(said.err.contains("`--seed` needs a connection of its own"), "{}", said.err);
    assert_eq!(rows(&project).await, "42P01");
    assert_eq!(up(&project, "api").code, 0);
    for command in ["repair pending 20240101000000 --yes", "adopt --yes", "runs cancel 1 --yes"] {
        let said = project.run(&format!("{command} --via api"));
        assert_eq!(said.code, 4, "{command}: {}", said.whole());
        let what = "needs a connection of its own, and `--via api` is none";
        assert!(said.err.contains(what), "{command}: {}", said.err);
    }
}

/// Two that are undone one after the other.
const DOWNS: &[(&str, &str)] = &[
    ("migrations/001_a.up.sql", "create table a (id int);\n"),
    ("migrations/001_a.down.sql", "drop table a;\n"),
    ("migrations/002_b.up.sql", "insert into a values (1), (2);\n"),
    ("migrations/002_b.down.sql", "delete from a where id = 2;\n"),
];

#[tokio::test]
async fn what_is_done_is_undone_by_either_way() {
    for way in ["psql", "api"] {
        let (project, _api) = api(DOWNS, ManagementApi::new).await;
        let url = project.url();
        let project = project.with("WHIMBREL_PSQL", Psql::get().path().to_str().unwrap());
        let project = if way == "psql" { project.with("DATABASE_URL", &url) } else { project };
        assert_eq!(up(&project, way).code, 0);
        let redone = project.done(&format!("redo --yes --no-rehearsal --via {way}"));
        assert_eq!(rows(&project).await, "1 1 2", "{}", redone.whole());
        project.session().await.simple("delete from a").await.unwrap();
        let undone = project.run(&format!("down --all --yes --no-rehearsal --via {way} --json"));
        assert_eq!(undone.code, 0, "{}", undone.whole());
        assert_eq!(undone.json()["migrations"][0]["id"], "002_b");
        assert_eq!(rows(&project).await, "42P01");
        let status = project.run(&format!("status --check --json --via {way}"));
        assert_eq!(status.code, 3, "{}", status.whole());
    }
}

#[tokio::test]
async fn whichever_answer_is_lost_nothing_is_undone_twice() {
    for manner in [Manner::CutAfter, Manner::CutBefore, Manner::Page(504), Manner::Empty] {
        for before in 0..3 {
            let (project, api) = api(DOWNS, ManagementApi::new).await;
            assert_eq!(up(&project, "api").code, 0);
            let mut manners = vec![Manner::Documented; before];
            manners.push(manner);
            api.answer(&manners);
            let said = project.run("down --yes --no-rehearsal --via api");
            assert_eq!(said.code, 0, "{manner:?} after {before}: {}", said.whole());
            assert_eq!(rows(&project).await, "1", "{manner:?} after {before}: {}", said.whole());
        }
    }
}

#[tokio::test]
async fn an_undoing_in_steps_is_refused_by_a_way() {
    let files = [
        ("migrations/001_a.up.sql", "create table a (id int);\ncreate index a_id on a (id);\n"),
        ("migrations/001_a.down.sql", "drop index concurrently a_id;\ndrop table a;\n"),
    ];
    let project = psql(&files).await;
    assert_eq!(up(&project, "psql").code, 0);
    let said = project.run("down --yes --no-rehearsal --via psql");
    assert_eq!(said.code, 4, "{}", said.whole());
    assert!(
        said.err.contains("`whimbrel down --via native` undoes it over a connection"),
        "{}",
        said.err
    );
    assert_eq!(rows(&project).await, "");
    project.done("down --yes --no-rehearsal");
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

/// Whoever may look at a process sees its environment.
#[tokio::test]
async fn psql_is_told_no_url_and_its_variable_is_named_where_it_is_none() {
    let project = Project::new(FILES).with_database().await;
    let spy = project.path().join("spy");
    let real = Psql::get();
    let real = real.path();
    std::fs::write(
        &spy,
        format!("#!/bin/sh\nenv >> environment\nexec '{}' \"$@\"\n", real.display()),
    )
    .unwrap();
    std::fs::set_permissions(&spy, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let project = project
        .with("WHIMBREL_PSQL", spy.to_str().unwrap())
        .with("PGPASSWORD", "hunter2secret")
        .with("SUPABASE_DB_PASSWORD", "hunter2secret")
        .with("APP_DSN", "host=127.0.0.1 password=hunter3secret")
        .with("APP_URL", "jdbc:postgresql://127.0.0.1/app?user=me&password=hunter4secret");
    project.done("status --via psql");
    let seen = std::fs::read_to_string(project.path().join("environment")).unwrap();
    assert!(seen.contains("PGSERVICE=") && seen.contains("PATH="), "{seen}");
    for told in ["postgres://", "hunter2secret", "hunter3secret", "hunter4secret"] {
        assert!(!seen.contains(told), "{told}: {seen}");
    }
    let project = project.with("WHIMBREL_PSQL", "/nope/psql");
    let said = project.run("status --via psql");
    assert_eq!(said.code, 5, "{}", said.whole());
    assert!(
        said.err.contains("start /nope/psql") && said.err.contains("WHIMBREL_PSQL"),
        "{}",
        said.err
    );
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
