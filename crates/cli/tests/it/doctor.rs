//! Doctor, with each trouble put there for real.

mod connection;
mod database;
mod ledgers;

use serde_json::Value;
use whimbrel_engine::Target;
use whimbrel_engine::wire::Session;
use whimbrel_testkit::{Server, Settings};

use crate::dev::Dev;
use crate::kit::{MAJOR, Project, check};

/// A report as JSON.
struct Report(Value);

impl Report {
    /// Runs it with more arguments; whatever it finds, it ends with 0 unless it is asked to check.
    fn of(project: &Project, more: &str) -> Self {
        Self(project.done(&format!("doctor --json {more}")).json())
    }

    /// The findings of a check that are not ok.
    fn bad(&self, check: &str) -> Vec<&Value> {
        let all = self.0["findings"].as_array().unwrap().iter();
        all.filter(|finding| finding["check"] == check && finding["severity"] != "ok").collect()
    }

    /// The one finding of a check that is not ok, which has this severity and says these words.
    fn one(&self, check: &str, severity: &str, words: &[&str]) -> &Value {
        let [one] = self.bad(check)[..] else { panic!("{check} in {:#}", self.0) };
        let said = one.to_string();
        assert_eq!(one["severity"], severity, "{one:#}");
        for word in words {
            assert!(said.contains(word), "{word} in {one:#}");
        }
        one
    }

    fn warnings_and_troubles(&self) -> (u64, u64) {
        let count = |name: &str| self.0["summary"][name].as_u64().unwrap();
        (count("warnings"), count("troubles"))
    }
}

/// The statements of a finding's cure.
fn cure(finding: &Value) -> Vec<String> {
    let sql = finding["sql"].as_array().unwrap().iter();
    sql.map(|statement| statement.as_str().unwrap().to_owned()).collect()
}

/// Runs each statement by itself.
async fn run(target: &Target, statements: &[impl AsRef<str>]) {
    let mut session = Session::connect(target, "test").await.unwrap();
    for statement in statements {
        let statement = statement.as_ref();
        session.simple(statement).await.unwrap_or_else(|error| panic!("{statement}: {error}"));
    }
    session.close().await;
}

/// A project whose database is on a server of its own.
async fn private(settings: Settings) -> (Project, Server) {
    let server = Server::private(MAJOR, &settings).await;
    let url = server.target(&server.master().database).url();
    (Project::example("plain").with("DATABASE_URL", url.reveal()), server)
}

/// What the platform keeps in its own schemas is nobody's trouble.
#[test]
fn a_fresh_development_database_of_supabases_is_healthy() {
    for major in [15, 17] {
        let config = format!("project_id = 'shop'\n[db]\nmajor_version = {major}\n");
        let dev = Dev::new(&[
            ("supabase/config.toml", &config),
            (
                "supabase/migrations/20240101000000_create_shops.sql",
                "create table public.shops (id bigint primary key);\n",
            ),
        ]);
        dev.done("start");
        let said = dev.0.run("doctor --dev --check");
        assert_eq!(said.code, 0, "{major}: {}", said.whole());
        assert!(said.out.contains("one system records migrations: supabase"), "{}", said.out);
        assert!(!dev.0.done("status --dev").out.contains("dbmate"));
        let report = Report(dev.0.done("doctor --dev --json").json());
        assert_eq!(report.warnings_and_troubles(), (0, 0), "{:#}", report.0);
    }
}

#[tokio::test]
async fn a_healthy_setup_has_neither_warning_nor_trouble() {
    let project = Project::example("plain").with_database().await;
    for _ in 0..2 {
        let said = project.run("doctor --check");
        assert_eq!(said.code, 0, "{}", said.whole());
        assert_eq!(Report::of(&project, "").warnings_and_troubles(), (0, 0));
        project.done("up --yes --no-rehearsal");
    }
    check("doctor_healthy", &project.show("doctor"));
}

#[tokio::test]
async fn everything_wrong_is_shown_with_its_cure() {
    let project = Project::example("plain").with_database().await;
    let mut session = project.session().await;
    for statement in [
        "create table orders (id int, total int)",
        "insert into orders values (1, -1), (1, 2)",
        "alter table orders add constraint paid check (total > 0) not valid",
    ] {
        session.simple(statement).await.unwrap();
    }
    session.simple("create unique index concurrently orders_id on orders (id)").await.unwrap_err();
    check("doctor_sick", &project.show("doctor"));
    assert_eq!(project.run("doctor --check").code, 3);
}

#[tokio::test]
async fn nothing_is_written() {
    let (project, server) = private(Settings::new()).await;
    project.done("up --yes --no-rehearsal");
    let target = server.master();
    let database = &target.database;
    run(&target, &[format!("alter database {database} set default_transaction_read_only = on")])
        .await;
    // The next transaction id, how much log there is, and every object with its checksum.
    let state = format!(
        "select pg_snapshot_xmax(pg_current_snapshot())::text || ' ' || pg_current_wal_insert_lsn(); \
         set search_path = ''; {}",
        objects()
    );
    let mut session = Session::connect(&target, "test").await.unwrap();
    session.simple("set default_transaction_read_only = off; checkpoint").await.unwrap();
    let before = session.simple(&state).await.unwrap();
    let report = Report::of(&project, "");
    let after = session.simple(&state).await.unwrap();
    assert_eq!(before, after);
    report.one("read-only", "trouble", &["begins read-only", "the database"]);
}

/// The query for every object's checksum.
fn objects() -> &'static str {
    include_str!("../../../catalog/src/objects.sql")
}

#[test]
fn every_check_has_its_file_and_its_line() {
    let folder = crate::kit::root().join("crates/app/src/cases/doctor/checks");
    let files = std::fs::read_dir(folder).unwrap();
    let mut files: Vec<String> = files
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name != "mod.rs")
        .collect();
    files.sort();
    assert_eq!(files.len(), whimbrel_app::cases::doctor::checks::ALL.len(), "{files:?}");
    let ids: Vec<&str> =
        whimbrel_app::cases::doctor::abouts().iter().map(|about| about.id).collect();
    let unique: std::collections::BTreeSet<&str> = ids.iter().copied().collect();
    assert_eq!(unique.len(), ids.len(), "{ids:?}");
}

#[test]
fn it_goes_as_far_as_it_can_without_project_and_database() {
    let project = Project::new(&[]);
    let report = Report::of(&project, "");
    report.one("project", "note", &["no migrations", "whimbrel init"]);
    report.one("source", "trouble", &["no database is given", "DATABASE_URL"]);
    assert_eq!(report.0["database"], Value::Null);
    assert_eq!(project.run("doctor --check").code, 3);
    check("doctor_nothing", &project.show("doctor"));
}
