//! Tables that record migrations.

use whimbrel_engine::Target;
use whimbrel_engine::wire::Session;
use whimbrel_testkit::Settings;

use super::{Report, cure, private, run};
use crate::kit::Project;

const ALEMBIC: &str = "create table alembic_version (version_num varchar(32) primary key)";
const API_ROLES: &[&str] = &["create role anon", "create role authenticated"];

#[tokio::test]
async fn a_ledger_that_the_api_reaches_is_taken_from_it() {
    let (project, server) = private(Settings::new()).await;
    let target = server.master();
    run(&target, API_ROLES).await;
    run(&target, &[ALEMBIC, "grant usage on schema public to anon"]).await;
    project.done("up --yes --no-rehearsal");
    assert!(Report::of(&project, "").bad("exposed-ledgers").is_empty());

    run(&target, &["grant select on alembic_version to anon"]).await;
    let report = Report::of(&project, "");
    report.one("exposed-ledgers", "warning", &["may read `public.alembic_version`", "`anon`"]);

    run(&target, &["grant all on alembic_version to anon, authenticated"]).await;
    let report = Report::of(&project, "");
    let finding = report.one("exposed-ledgers", "trouble", &["may change", "`authenticated`"]);
    let anon = "set role anon; delete from alembic_version";
    run(&target, &[anon]).await;
    run(&target, &cure(finding)).await;
    assert!(Report::of(&project, "").bad("exposed-ledgers").is_empty());
    let mut session = Session::connect(&target, "test").await.unwrap();
    assert_eq!(session.simple(anon).await.unwrap_err().code(), Some("42501"));
}

#[tokio::test]
async fn whimbrels_own_tables_are_looked_at_as_well() {
    let (project, server) = private(Settings::new()).await;
    let target = server.master();
    run(&target, API_ROLES).await;
    project.done("up --yes --no-rehearsal");
    let grants = [
        "grant usage on schema whimbrel to anon",
        "grant update on whimbrel.schema_migrations to anon",
    ];
    run(&target, &grants).await;
    let report = Report::of(&project, "");
    report.one("exposed-ledgers", "trouble", &["whimbrel.schema_migrations", "change it"]);
}

#[tokio::test]
async fn row_security_without_a_policy_for_the_role_lets_nobody_in() {
    let (project, server) = private(Settings::new()).await;
    let target = server.master();
    run(&target, API_ROLES).await;
    let open = [
        ALEMBIC,
        "grant usage on schema public to public",
        "grant all on alembic_version to anon",
        "alter table alembic_version enable row level security",
    ];
    run(&target, &open).await;
    assert!(Report::of(&project, "").bad("exposed-ledgers").is_empty());
    run(&target, &["create policy p on alembic_version using (true)"]).await;
    assert_eq!(Report::of(&project, "").bad("exposed-ledgers").len(), 1);
}

#[tokio::test]
async fn the_systems_that_record_migrations_are_told_and_failed_entries_too() {
    let project = Project::example("plain").with_database().await;
    project.sql(ALEMBIC).await;
    project.sql("insert into alembic_version values ('abc')").await;
    let prisma = "create table _prisma_migrations (id varchar(36) primary key, checksum varchar(64) \
        not null, finished_at timestamptz, migration_name varchar(255) not null, logs text, \
        rolled_back_at timestamptz, started_at timestamptz not null default now(), \
        applied_steps_count integer not null default 0)";
    project.sql(prisma).await;
    let failed =
        "insert into _prisma_migrations (id, checksum, migration_name) values ('1', 'x', 'add_b')";
    project.sql(failed).await;
    let report = Report::of(&project, "");
    let findings = report.bad("ledgers");
    assert_eq!(findings.len(), 2, "{:#}", report.0);
    assert_eq!(findings[0]["severity"], "note");
    let shown = findings[0].to_string();
    assert!(shown.contains("alembic: public.alembic_version, 1 applied"), "{shown}");
    assert_eq!(findings[1]["severity"], "warning");
    assert!(findings[1].to_string().contains("add_b"), "{:#}", findings[1]);
}

#[tokio::test]
async fn a_locked_ledger_keeps_nobody_waiting() {
    let project = Project::example("plain").with_database().await;
    project.sql(ALEMBIC).await;
    let mut other = project.session().await;
    other.simple("begin; lock table alembic_version").await.unwrap();
    let report = Report::of(&project, "");
    report.one("answers", "note", &["alembic_version", "55P03"]);
    report.one("locks", "warning", &["public.alembic_version"]);
}

#[tokio::test]
async fn the_dashboards_page_of_migrations_is_made_to_work() {
    let (project, server) = private(Settings::new()).await;
    let target = server.master();
    // What tells Supabase from other servers, and the role that its Dashboard is.
    let supabase =
        ["create role supabase_admin", "create schema auth", "create table auth.users ()"];
    run(&target, &supabase).await;
    let report = Report::of(&project, "");
    report.one("dashboard", "note", &["does not exist"]);
    run(&target, &[ALEMBIC]).await;
    let report = Report::of(&project, "");
    let finding =
        report.one("dashboard", "warning", &["page of migrations fails", "does not exist"]);
    run(&target, &cure(finding)).await;
    assert!(Report::of(&project, "").bad("dashboard").is_empty());
    // What the Dashboard runs.
    let page = "select version, name, statements from supabase_migrations.schema_migrations sm \
        order by sm.version desc";
    run(&target, &[page]).await;
    run(&target, &["alter table supabase_migrations.schema_migrations drop column statements"])
        .await;
    let report = Report::of(&project, "");
    let finding = report.one("dashboard", "warning", &["no column `statements`"]);
    run(&target, &cure(finding)).await;
    run(&target, &[page]).await;
    assert!(Report::of(&project, "").bad("dashboard").is_empty());
}

#[tokio::test]
async fn a_ledger_that_may_not_be_read_is_opened_by_what_is_missing_and_no_more() {
    let (project, server) = private(Settings::new()).await;
    let master = server.master();
    let role = ["create role app login", "create schema shut", ALEMBIC];
    run(&master, &role).await;
    let target = Target { user: "app".to_owned(), ..server.master() };
    let project = project.with("DATABASE_URL", target.url().reveal());
    let report = Report::of(&project, "");
    let finding = report.one("ledgers", "warning", &["may not read the ledger of alembic"]);
    assert_eq!(cure(finding), ["grant select on public.alembic_version to app;"]);
    run(&master, &cure(finding)).await;
    assert!(Report::of(&project, "").bad("ledgers").is_empty());

    run(&master, &["alter table alembic_version set schema shut"]).await;
    let report = Report::of(&project, "");
    let finding = report.one("ledgers", "warning", &["may not read the ledger of alembic"]);
    assert_eq!(cure(finding), ["grant usage on schema shut to app;"]);
    run(&master, &cure(finding)).await;
    assert!(Report::of(&project, "").bad("ledgers").is_empty());
}

/// GoTrue's own, and one of dbmate's on a server that has Supabase's roles.
#[tokio::test]
async fn a_schema_called_auth_is_the_platforms_only_where_the_platform_is() {
    let (project, server) = private(Settings::new()).await;
    let target = server.master();
    let dbmate = [
        "create role supabase_admin",
        "create schema auth",
        "create table auth.schema_migrations (version varchar(128) primary key)",
    ];
    run(&target, &dbmate).await;
    let said = project.done("doctor").out;
    assert!(said.contains("one system records migrations: dbmate"), "{said}");
    let status = project.done("status").out;
    assert!(status.contains("dbmate"), "{status}");
    run(&target, &["create table auth.users ()"]).await;
    let said = project.done("doctor").out;
    assert!(said.contains("no ledger of another tool"), "{said}");
    let status = project.done("status").out;
    assert!(!status.contains("dbmate"), "{status}");
}
