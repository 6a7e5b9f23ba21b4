//! What there is in a database, on a server and of a role that will hurt; and that each cure cures.

use whimbrel_engine::Target;
use whimbrel_engine::wire::Session;
use whimbrel_testkit::{Server, Settings};

use super::{Report, cure, private, run};
use crate::kit::{MAJOR, Project};

/// A role of the project's database, and the same project as that role.
async fn as_role(server: &Server, statements: &[&str]) -> (Project, Target) {
    let master = server.master();
    run(&master, &["create role app login"]).await;
    run(&master, statements).await;
    let target = Target { user: "app".to_owned(), ..master };
    (Project::example("plain").with("DATABASE_URL", target.url().reveal()), target)
}

#[tokio::test]
async fn an_invalid_index_is_dropped_and_built_again() {
    let project = Project::new(&[]).with_database().await;
    let mut session = project.session().await;
    session.simple("create schema \"My Shop\"; create table \"My Shop\".t as select 1 as a from generate_series(1, 2)").await.unwrap();
    session
        .simple("create unique index concurrently \"T a\" on \"My Shop\".t (a)")
        .await
        .unwrap_err();
    let report = Report::of(&project, "");
    let finding = report.one("invalid-indexes", "warning", &["My Shop.T a", "is invalid"]);
    session.simple("truncate \"My Shop\".t").await.unwrap();
    for statement in cure(finding) {
        session.simple(&statement).await.unwrap();
    }
    let valid =
        "select indisvalid from pg_index where indexrelid = '\"My Shop\".\"T a\"'::regclass";
    assert_eq!(project.sql(valid).await.as_deref(), Some("t"));
    assert!(Report::of(&project, "").bad("invalid-indexes").is_empty());
}

#[tokio::test]
async fn a_constraint_that_was_never_validated_is_validated() {
    let project = Project::new(&[]).with_database().await;
    project
        .sql("create table t (a int); alter table t add constraint \"A b\" check (a > 0) not valid")
        .await;
    let report = Report::of(&project, "");
    let finding = report.one("unvalidated-constraints", "warning", &["A b", "public.t", "CHECK"]);
    let mut session = project.session().await;
    for statement in cure(finding) {
        session.simple(&statement).await.unwrap();
    }
    assert!(Report::of(&project, "").bad("unvalidated-constraints").is_empty());
}

#[tokio::test]
async fn a_long_transaction_and_its_lock_are_named_and_can_be_ended() {
    let project = Project::new(&[]).with_database().await;
    project.sql("create table t (a int)").await;
    let mut other = project.session().await;
    other.simple("begin; set local application_name = 'nightly'; lock table t").await.unwrap();
    let report = Report::of(&project, "");
    assert!(report.bad("long-transactions").is_empty(), "{:#}", report.0);
    let report = Report::of(&project, "--longer-than 0");
    let pid = other.process_id().to_string();
    let idle = "idle in transaction";
    report.one("long-transactions", "warning", &["is open for", "nightly", &pid, idle]);
    let lock =
        report.one("locks", "warning", &["AccessExclusiveLock", "public.t", "nightly", &pid]);
    let mut session = project.session().await;
    for statement in cure(lock) {
        session.simple(&statement).await.unwrap();
    }
    assert!(Report::of(&project, "").bad("locks").is_empty());
}

#[tokio::test]
async fn whoever_waits_for_a_lock_is_named_with_whoever_holds_it() {
    let project = Project::new(&[]).with_database().await;
    project.sql("create table t (a int)").await;
    let mut holder = project.session().await;
    holder.simple("begin; select from t").await.unwrap();
    let mut waiter = project.session().await;
    let (waiting, holding) = (waiter.process_id(), holder.process_id());
    let waits = tokio::spawn(async move { waiter.simple("alter table t add b int").await });
    let asked = format!(
        "select count(*) from pg_stat_activity where pid = {waiting} and wait_event_type = 'Lock'"
    );
    while project.sql(&asked).await.as_deref() != Some("1") {
        tokio::task::yield_now().await;
    }
    let report = Report::of(&project, "");
    let finding = report.one("locks", "warning", &["waits for", "public.t", &waiting.to_string()]);
    assert_eq!(cure(finding), [format!("select pg_terminate_backend({holding});")]);
    holder.simple("rollback").await.unwrap();
    waits.await.unwrap().unwrap();
}

#[tokio::test]
async fn a_prepared_transaction_is_rolled_back() {
    let (project, server) = private(Settings::new().with("max_prepared_transactions", "2")).await;
    let target = server.master();
    let prepare = "begin; create table t (a int); prepare transaction 'it''s mine'";
    run(&target, &[prepare]).await;
    let report = Report::of(&project, "");
    let finding = report.one("prepared-transactions", "warning", &["it's mine", "keeps its locks"]);
    run(&target, &cure(finding)).await;
    assert!(Report::of(&project, "").bad("prepared-transactions").is_empty());
}

#[tokio::test]
async fn a_replication_slot_that_nobody_reads_is_dropped() {
    let (project, server) = private(Settings::new()).await;
    let target = server.master();
    run(&target, &["select pg_create_physical_replication_slot('gone', true)"]).await;
    let report = Report::of(&project, "");
    let finding = report.one("replication-slots", "warning", &["nobody reads", "gone", "physical"]);
    run(&target, &cure(finding)).await;
    assert!(Report::of(&project, "").bad("replication-slots").is_empty());
}

#[tokio::test]
async fn a_standby_can_only_be_read() {
    let (project, _server) = private(Settings::new().as_standby()).await;
    let report = Report::of(&project, "");
    report.one("read-only", "trouble", &["standby", "target_session_attrs=primary"]);
}

#[tokio::test]
async fn a_role_that_may_make_nothing_is_granted_it() {
    let server = Server::private(MAJOR, &Settings::new()).await;
    let (project, _) = as_role(&server, &[]).await;
    let report = Report::of(&project, "");
    let rights = report.bad("rights");
    assert_eq!(rights.len(), 2, "{:#}", report.0);
    assert_eq!(
        (&rights[0]["severity"], &rights[1]["severity"]),
        (&"trouble".into(), &"warning".into())
    );
    let database = server.master().database;
    assert_eq!(cure(rights[0]), [format!("grant create on database {database} to app;")]);
    for finding in rights {
        run(&server.master(), &cure(finding)).await;
    }
    assert!(Report::of(&project, "").bad("rights").is_empty());
    project.done("up --yes --no-rehearsal");
}

#[tokio::test]
async fn tables_of_another_owner_are_counted_and_can_be_had() {
    let server = Server::private(MAJOR, &Settings::new()).await;
    let statements =
        ["create role owner", "create table a (id int)", "alter table a owner to owner"];
    let (project, _) = as_role(&server, &statements).await;
    let report = Report::of(&project, "");
    let finding = report.one("ownership", "warning", &["1 object belongs to `owner`", "public.a"]);
    run(&server.master(), &cure(finding)).await;
    assert!(Report::of(&project, "").bad("ownership").is_empty());
}

#[tokio::test]
async fn rows_that_are_hidden_from_migrations_are_told() {
    let server = Server::private(MAJOR, &Settings::new()).await;
    let (project, _) = as_role(
        &server,
        &[
            "create table a (id int)",
            "alter table a owner to app",
            "alter table a enable row level security",
        ],
    )
    .await;
    assert!(Report::of(&project, "").bad("row-security").is_empty());
    run(&server.master(), &["alter table a force row level security"]).await;
    Report::of(&project, "").one("row-security", "note", &["1 table hides", "public.a"]);
}

#[tokio::test]
async fn timeouts_are_told_with_who_set_them_and_reset() {
    let server = Server::private(MAJOR, &Settings::new()).await;
    let database = server.master().database;
    for (set, by) in [
        ("alter role app set statement_timeout = '8s'".to_owned(), "set by the role"),
        (format!("alter database {database} set statement_timeout = '8s'"), "set by the database"),
        (
            format!("alter role app in database {database} set statement_timeout = '8s'"),
            "set by the role in this database",
        ),
    ] {
        let server = Server::private(MAJOR, &Settings::new()).await;
        let (project, _) = as_role(&server, &[&set]).await;
        let report = Report::of(&project, "");
        let finding = report.one("timeouts", "warning", &["a statement is cancelled after 8s", by]);
        run(&server.master(), &cure(finding)).await;
        assert!(Report::of(&project, "").bad("timeouts").is_empty(), "{by}");
    }
    let (project, target) =
        as_role(&server, &["alter role app set statement_timeout = '10min'"]).await;
    Report::of(&project, "").one("timeouts", "note", &["after 10min"]);
    let options = Some("-c lock_timeout=3s -c statement_timeout=0".to_owned());
    let project = project.with("DATABASE_URL", Target { options, ..target }.url().reveal());
    let report = Report::of(&project, "");
    report.one("timeouts", "note", &["waiting for a lock", "set by the connection itself"]);
}

#[tokio::test]
async fn a_search_path_that_leads_nowhere_is_trouble() {
    let server = Server::private(MAJOR, &Settings::new()).await;
    let (project, _) = as_role(&server, &["alter role app set search_path = nowhere"]).await;
    Report::of(&project, "").one("search-path", "trouble", &["lead nowhere", "nowhere"]);
    run(&server.master(), &["create schema nowhere", "grant usage on schema nowhere to app"]).await;
    Report::of(&project, "").one("search-path", "note", &["lead to `nowhere`"]);
}

#[tokio::test]
async fn whoever_led_names_astray_is_told_and_taken_back() {
    for (set, sql) in [
        ("alter role app set search_path = nowhere", "alter role app reset search_path;"),
        (
            "alter role app in database DATABASE set search_path = nowhere",
            "alter role app in database DATABASE reset search_path;",
        ),
        (
            "alter database DATABASE set search_path = nowhere",
            "alter role app set search_path = \"$user\", public;",
        ),
        ("revoke usage on schema public from public", "grant usage on schema public to app;"),
        ("drop schema public", "create schema public;"),
    ] {
        let server = Server::private(MAJOR, &Settings::new()).await;
        let master = server.master();
        let named = |text: &str| text.replace("DATABASE", &master.database);
        let (project, _) = as_role(&server, &[&named(set)]).await;
        let report = Report::of(&project, "");
        let finding = report.one("search-path", "trouble", &["lead nowhere"]);
        assert_eq!(cure(finding), [named(sql)]);
        run(&master, &cure(finding)).await;
        if !set.starts_with("drop") {
            assert!(Report::of(&project, "").bad("search-path").is_empty(), "{set}");
        }
    }
}

#[tokio::test]
async fn connections_that_are_almost_all_taken_are_told() {
    let (project, server) = private(Settings::new().with("max_connections", "13")).await;
    let mut sessions = Vec::new();
    for _ in 0..9 {
        sessions.push(Session::connect(&server.master(), "test").await.unwrap());
    }
    Report::of(&project, "").one("connections", "warning", &["10 of 10 connections taken"]);
}

#[tokio::test]
async fn what_may_not_be_asked_is_said_and_the_rest_is_asked() {
    let server = Server::private(MAJOR, &Settings::new()).await;
    let (project, _) = as_role(
        &server,
        &[
            "revoke select on pg_catalog.pg_replication_slots from public",
            "revoke select on pg_catalog.pg_prepared_xacts from public",
            "create table t (a int)",
            "alter table t add constraint c check (a > 0) not valid",
        ],
    )
    .await;
    let report = Report::of(&project, "");
    let unanswered = report.bad("answers");
    assert_eq!(unanswered.len(), 2, "{:#}", report.0);
    assert!(unanswered[0].to_string().contains("permission denied for view"), "{:#}", report.0);
    report.one("unvalidated-constraints", "warning", &["public.t"]);
}
