//! Finding the database and getting in.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;

use whimbrel_app::catalogue::Code;
use whimbrel_engine::wire::Session;
use whimbrel_engine::{Host, Target};
use whimbrel_testkit::{Authority, ManagementApi, Manner, Server, Settings};

use super::Seen;
use crate::kit::{MAJOR, Project};
use crate::ways::{FILES, api};

#[tokio::test]
async fn every_error_comes() {
    let mut seen = Seen::of("W20");
    nowhere(&mut seen);
    urls(&mut seen);
    addresses(&mut seen);
    login(&mut seen).await;
    refusals(&mut seen).await;
    tls(&mut seen).await;
    later(&mut seen).await;
    ways(&mut seen).await;
    seen.whole();
}

/// A command with a connection URL.
fn at(seen: &mut Seen, code: &Code, url: &str) {
    let project = Project::example("plain").with("DATABASE_URL", url).with("HOME", ".");
    seen.run(code, &project, "status");
}

/// No URL to be found.
fn nowhere(seen: &mut Seen) {
    let project = Project::example("plain");
    seen.run(Code::NO_DATABASE, &project, "status");
    project.write(
        "whimbrel.toml",
        "[env.production]\nurl_env = 'PROD_URL'\n[env.bare]\nprotected = true\n",
    );
    seen.run(Code::UNKNOWN_ENVIRONMENT, &project, "status --env prodution");
    seen.run(Code::ENVIRONMENT_WITHOUT_URL, &project, "status --env bare");
    seen.run(Code::VARIABLE_NOT_SET, &project, "status --env production");
}

/// URLs that cannot be read.
fn urls(seen: &mut Seen) {
    at(seen, Code::NOT_A_URL, "mysql://root@localhost/app");
    at(seen, Code::URL_CHARACTERS, "postgres://app:p@ss/word@localhost/app");
    at(seen, Code::PLACEHOLDER, "postgres://postgres:[YOUR-PASSWORD]@db.example.com/postgres");
    at(seen, Code::URL_SETTING, "postgres://app@localhost/app?sslmode=perhaps");
    at(seen, Code::SERVICE, "postgres:///?service=shop");
    seen.elsewhere(Code::NO_USER, "engine::target::parse::tests::what_is_left_out_is_as_in_libpq");
}

/// Addresses where no server is.
fn addresses(seen: &mut Seen) {
    at(seen, Code::NO_ADDRESS, "postgres://app@no-such-host.invalid/app");
    at(seen, Code::UNREACHABLE, "postgres://app@127.0.0.1:1/app");
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = silent.local_addr().unwrap().port();
    let url = |port: u16| format!("postgres://app@127.0.0.1:{port}/app?sslmode=disable");
    at(seen, Code::CONNECT_TIMEOUT, &format!("{}&connect_timeout=1", url(port)));
    at(seen, Code::LOST_IN_LOGIN, &url(answering(b"")));
    at(seen, Code::NOT_POSTGRES, &url(answering(b"HTTP/1.1 400 Bad Request\r\n\r\n")));
}

/// A port where whoever comes is answered with some bytes, and then nobody is there any more.
pub(super) fn answering(bytes: &'static [u8]) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut heard = [0; 1024];
        let _ = stream.read(&mut heard);
        stream.write_all(bytes).unwrap();
    });
    port
}

/// Ways to prove who one is.
async fn login(seen: &mut Seen) {
    const RULES: &str =
        "local all all trust\nhost all app,postgres,closed 127.0.0.0/8 scram-sha-256\n";
    let settings = Settings::new().on_loopback().with_file("pg_hba.conf", RULES);
    let server = Server::private(MAJOR, &settings).await;
    let mut session = Session::connect(&server.master(), "test").await.unwrap();
    session.simple("create role app login password 'right'").await.unwrap();
    let Target { hosts, database, .. } = server.over_tcp(&server.master().database);
    let Host::Tcp { host, port, .. } = &hosts[0] else { unreachable!() };
    let url = |who: &str, more: &str| format!("postgres://{who}@{host}:{port}/{database}{more}");
    at(seen, Code::NO_PASSWORD, &url("app", ""));
    at(seen, Code::WRONG_PASSWORD, &url("app:wrong", ""));
    at(seen, Code::AUTHENTICATION, &url("app:right", "?require_auth=md5"));
    at(seen, Code::NO_RULE, &url("stranger:x", ""));
    at(seen, Code::TLS_NOT_OFFERED, &url("app:right", "?sslmode=require"));
    // A server that was asked to stop waits for whoever is connected, and lets nobody in.
    session
        .simple(
            "copy (select 1) to program 'cat > /dev/null; kill -TERM $(head -1 postmaster.pid)'",
        )
        .await
        .unwrap();
    at(seen, Code::STARTING, &url("app:right", ""));
    session.close().await;
}

/// What a server refuses to those whom it knows.
async fn refusals(seen: &mut Seen) {
    let server = Server::shared(MAJOR).await;
    let database = server.database().await;
    let name = format!("limited_{}", std::process::id());
    let url = |role: &str| database.target_as(role).url().reveal().to_owned();
    at(seen, Code::UNKNOWN_ROLE, &url("no_such_role"));
    let missing = server.target("no_such_database").url().reveal().to_owned();
    at(seen, Code::NO_SUCH_DATABASE, &missing);
    let template = server.target("template0").url().reveal().to_owned();
    at(seen, Code::LOGIN_REFUSED, &template);
    let own = database.target().url().reveal().to_owned();
    at(seen, Code::IMPOSTER, &format!("{own}&requirepeer=mallory"));
    at(seen, Code::UNFIT, &format!("{own}&target_session_attrs=standby"));

    let mut session = Session::connect(database.target(), "test").await.unwrap();
    session.simple(&format!("create role {name} login connection limit 0")).await.unwrap();
    at(seen, Code::CONNECTIONS_TAKEN, &url(&name));
    session.simple(&format!("alter role {name} nologin")).await.unwrap();
    at(seen, Code::NO_LOGIN, &url(&name));
    session.simple(&format!("drop role {name}")).await.unwrap();
    session.close().await;
}

/// A certificate that nobody vouches for.
async fn tls(seen: &mut Seen) {
    let settings =
        Settings::new().on_loopback().with_tls(&Authority::new().sign("127.0.0.1", 2060));
    let server = Server::private(MAJOR, &settings).await;
    let Target { hosts, database, user, .. } = server.over_tcp(&server.master().database);
    let Host::Tcp { host, port, .. } = &hosts[0] else { unreachable!() };
    let strange = Project::example("plain");
    strange.write("root.crt", Authority::new().root());
    let root = strange.path().join("root.crt");
    let url = |root: &str| {
        format!("postgres://{user}@{host}:{port}/{database}?sslmode=verify-full&sslrootcert={root}")
    };
    at(seen, Code::TLS_FILES, &url("no-such-file.crt"));
    at(seen, Code::CERTIFICATE, &url(root.to_str().unwrap()));
}

/// What comes once one is in.
async fn later(seen: &mut Seen) {
    let standby = Server::private(MAJOR, &Settings::new().as_standby()).await;
    let url = standby.master().url();
    let project = Project::example("plain").with("DATABASE_URL", url.reveal());
    seen.run(Code::STANDBY, &project, "up --yes --no-rehearsal");

    let ends_itself = "select pg_terminate_backend(pg_backend_pid());\n";
    let project = Project::new(&[("migrations/001_a.sql", ends_itself)]).with_database().await;
    seen.run(Code::CONNECTION_LOST, &project, "up --yes --no-rehearsal --retry-for 0");
}

/// Ways that are no connection of our own.
async fn ways(seen: &mut Seen) {
    let project = Project::example("plain").with("HOME", ".");
    let elsewhere = Project::example("plain").with("WHIMBREL_VIA", "sql");
    seen.run(Code::UNKNOWN_WAY, &elsewhere, "status");
    seen.run(Code::NO_SUPABASE_PROJECT, &project, "status --via api");
    let of = format!("--via api --project-ref {}", ManagementApi::PROJECT);
    seen.run(Code::NO_ACCESS_TOKEN, &project, &format!("status {of}"));
    let project = project.with("SUPABASE_ACCESS_TOKEN", ManagementApi::TOKEN);
    seen.run(Code::API_ADDRESS, &project, "status --via api --project-ref no.such");

    let (project, api) = api(FILES, ManagementApi::new).await;
    api.answer_reads(&[Manner::Page(200)]);
    api.answer_reads(&vec![Manner::Empty; 50]);
    seen.run(Code::WAY_UNKNOWN, &project, "status --via api");
    api.answer_reads_as_documented();
    api.answer(&[Manner::Documented, Manner::Documented, Manner::Lie]);
    seen.run(Code::NOT_RECORDED, &project, "up --yes --no-rehearsal --via api");
    seen.run(Code::NEEDS_CONNECTION, &project, "up --seed --yes --no-rehearsal --via api");
    let wrong = ManagementApi::TOKEN.replace('0', "f");
    let project = project.with("SUPABASE_ACCESS_TOKEN", &wrong);
    seen.run(Code::WAY_UNREACHED, &project, "status --via api");
}
