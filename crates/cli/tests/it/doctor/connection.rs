//! The way to the database.

use std::os::unix::fs::PermissionsExt;

use whimbrel_engine::{Host, SslMode, Target};
use whimbrel_testkit::{Authority, PgBouncer, Pool, PoolMode, Server, Settings};

use super::{Report, private, run};
use crate::kit::{MAJOR, Project, check};

const PROJECT: &str = "abcdefghijklmnopqrst";

/// Who may come in by TCP, and how.
const WITH_PASSWORD: &str = "local all all trust\nhost all all 127.0.0.0/8 scram-sha-256\n";

fn at(target: &Target) -> Project {
    Project::example("plain").with("DATABASE_URL", target.url().reveal())
}

#[tokio::test]
async fn a_wrong_password_is_explained() {
    let settings = Settings::new().on_loopback().with_file("pg_hba.conf", WITH_PASSWORD);
    let server = Server::private(MAJOR, &settings).await;
    run(&server.master(), &["create role app superuser login password 'right'"]).await;
    let Host::Tcp { host, port, .. } = &server.over_tcp("x").hosts[0] else { unreachable!() };
    let database = server.master().database;
    let project = Project::example("plain");
    let url = format!("postgres://app:hunter2secret@{host}:{port}/{database}");
    let project = project.with("DATABASE_URL", &url);
    let report = Report::of(&project, "");
    let words = ["password authentication failed", "28P01", "characters in the URL are escaped"];
    report.one("connection", "trouble", &words[..1]);
    report.one("connection", "trouble", &words[2..]);
    report.one("connection", "trouble", &["W2041"]);
    assert!(!report.0.to_string().contains("hunter2secret"), "{:#}", report.0);

    // The same without any password, which the file has that others may read.
    let url = format!("postgres://app@{host}:{port}/{database}");
    let project = project.with("DATABASE_URL", &url).with("HOME", ".");
    project.write(".pgpass", "*:*:*:*:right\n");
    let open = std::fs::Permissions::from_mode(0o644);
    std::fs::set_permissions(project.path().join(".pgpass"), open).unwrap();
    let report = Report::of(&project, "");
    report.one("passfile", "warning", &["left alone", "0644", "chmod 0600"]);
    report.one("connection", "trouble", &["asks for a password", "chmod 0600"]);

    let closed = std::fs::Permissions::from_mode(0o600);
    std::fs::set_permissions(project.path().join(".pgpass"), closed).unwrap();
    let report = Report::of(&project, "");
    assert_eq!(report.warnings_and_troubles(), (0, 0), "{:#}", report.0);
    assert!(report.0.to_string().contains("password from `./.pgpass`"), "{:#}", report.0);
}

#[tokio::test]
async fn refusals_are_explained_by_what_they_mean() {
    let (project, server) = private(Settings::new().with("max_connections", "5")).await;
    let target = server.master();
    let missing = at(&target.with_database("no_such_database"));
    Report::of(&missing, "").one("connection", "trouble", &["the database is not", "createdb"]);

    run(&target, &["create role app login"]).await;
    let user = "app".to_owned();
    let plain = Target { user, ..target.clone() };
    // A session that ended may still have its place for a moment.
    let (mut sessions, mut refusals) = (Vec::new(), 0);
    while refusals < 10 {
        if let Ok(session) = whimbrel_engine::wire::Session::connect(&plain, "test").await {
            sessions.push(session);
        } else {
            refusals += 1;
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
    }
    let full = project.with("DATABASE_URL", plain.url().reveal());
    Report::of(&full, "").one("connection", "trouble", &["all connections are taken"]);

    let pooler = PgBouncer::start(&target, &Pool::new(PoolMode::Session, 1)).await;
    let options = Some("-c work_mem=1234".to_owned());
    let refused = at(&Target { options, ..pooler.target().clone() });
    Report::of(&refused, "").one(
        "connection",
        "trouble",
        &["unsupported startup parameter", "leave it out"],
    );
}

#[tokio::test]
async fn a_transaction_pooler_is_found_out_and_a_session_pooler_too() {
    let server = Server::shared(MAJOR).await;
    let database = server.database().await;
    for (mode, is_bad) in [(PoolMode::Transaction, true), (PoolMode::Session, false)] {
        let pooler = PgBouncer::start(database.target(), &Pool::new(mode, 2)).await;
        let report = Report::of(&at(pooler.target()), "");
        if is_bad {
            report.one(
                "pooler",
                "warning",
                &["transaction pooler", "first one's process", "DIRECT_URL"],
            );
        } else {
            assert!(report.bad("pooler").is_empty(), "{:#}", report.0);
            assert!(report.0.to_string().contains("a session for each client"), "{:#}", report.0);
        }
        assert_eq!(report.0["database"]["pooled"], is_bad);
    }
}

#[tokio::test]
async fn a_certificate_is_told_as_far_as_it_was_verified() {
    let authority = Authority::new();
    let file = Project::example("plain");
    file.write("root.crt", authority.root());
    let root = file.path().join("root.crt");
    for (host, ends, more, severity, words) in [
        ("127.0.0.1", 2060, "verify-full", "ok", "verified by"),
        ("127.0.0.1", 2060, "verify-ca", "note", "for any host of theirs"),
        ("127.0.0.1", 2020, "verify-full", "trouble", "out of date"),
        ("127.0.0.1", 2020, "verify-ca", "trouble", "new certificate"),
        ("127.0.0.2", 2060, "verify-full", "trouble", "made out to another name"),
    ] {
        let settings = Settings::new().on_loopback().with_tls(&authority.sign(host, ends));
        let server = Server::private(MAJOR, &settings).await;
        let roots = whimbrel_engine::SslRoots::File(root.clone().try_into().unwrap());
        let ssl_mode = if more == "verify-ca" { SslMode::VerifyCa } else { SslMode::VerifyFull };
        let target = server.over_tcp(&server.master().database);
        let target = Target { ssl_mode, ssl_roots: roots, ..target };
        let report = Report::of(&at(&target), "");
        match severity {
            "ok" => assert!(report.0.to_string().contains(words), "{:#}", report.0),
            "note" => drop(report.one("tls", severity, &[words])),
            _ => drop(report.one("connection", severity, &[words])),
        }
        if ends == 2020 && more == "verify-ca" {
            // Nobody is verified, and yet somebody should know.
            let target = Target { ssl_mode: SslMode::Require, ..server.over_tcp(&target.database) };
            let report = Report::of(&at(&target), "");
            report.one("tls", "warning", &["certificate ended on 2020-01-01"]);
        }
    }
}

#[tokio::test]
async fn supabases_direct_host_without_ipv6_leads_to_the_session_pooler() {
    // The addresses are given, in place of a resolver that only gives such: a direct host has an
    // IPv6 address that leads nowhere, and the pooler is a server of this machine at port 5432.
    let pid = std::process::id();
    let address = format!("127.77.{}.{}", pid / 250 % 250, pid % 250 + 1);
    let settings = Settings::new().with("listen_addresses", &*address).with("port", "5432");
    let server = Server::private(MAJOR, &settings).await;
    run(&server.master(), &[format!("create role \"postgres.{PROJECT}\" superuser login")]).await;
    let database = server.master().database;
    let direct = format!(
        "postgres://postgres:hunter2secret@db.{PROJECT}.supabase.co/{database}?hostaddr=100::1&connect_timeout=2"
    );
    let project = Project::example("supabase").with("DATABASE_URL", &direct);
    let report = Report::of(&project, "");
    let words = ["IPv6 only", "the database itself", "session pooler's URL (port 5432)"];
    report_trouble(&report, &words);

    let pooler = |tenant: &str| {
        format!(
            "postgres://postgres.{tenant}:[YOUR-PASSWORD]@aws-0-eu-central-1.pooler.supabase.com:6543/\
             {database}?sslmode=disable&hostaddr={address}"
        )
    };
    // Another project's pooler is not this one's.
    project.write("supabase/.temp/pooler-url", &pooler("zzzzzzzzzzzzzzzzzzzz"));
    assert_eq!(Report::of(&project, "").0["database"], serde_json::Value::Null);

    project.write("supabase/.temp/pooler-url", &pooler(PROJECT));
    let report = Report::of(&project, "");
    report_trouble(&report, &words[..2]);
    let notes: Vec<String> = report.bad("connection").iter().map(ToString::to_string).collect();
    assert!(notes.iter().any(|note| note.contains("the session pooler lets us in")), "{notes:#?}");
    let url = format!(
        "set DATABASE_URL to postgresql://postgres.{PROJECT}:•••@aws-0-eu-central-1.pooler.supabase.com:5432"
    );
    assert!(notes.iter().any(|note| note.contains(&url)), "{notes:#?}");
    assert_eq!(report.0["database"]["role"], format!("postgres.{PROJECT}"));
    assert!(!report.0.to_string().contains("hunter2secret"), "{:#}", report.0);
}

fn report_trouble(report: &Report, words: &[&str]) {
    let trouble = report.bad("connection").into_iter().find(|one| one["severity"] == "trouble");
    let said = trouble.unwrap().to_string();
    for word in words {
        assert!(said.contains(word), "{word} in {said}");
    }
}

#[tokio::test]
async fn the_url_that_won_is_told_and_those_that_did_not() {
    let project = Project::example("plain").with_database().await;
    let other = "postgresql://app:hunter2secret@db.example:6543/shop";
    project.write(".env", &format!("DATABASE_URL={other}\nDIRECT_URL={}\n", project.url()));
    project.write(".env.local", "DATABASE_URL=postgres://app:hunter2secret@x@db/shop\n");
    let project = project.with("PGSSLMODE", "disable").with("PGHOST", "elsewhere.example");
    let said = project.show("doctor");
    assert!(!said.contains("hunter2secret"), "{said}");
    check("doctor_sources", &said);
}
