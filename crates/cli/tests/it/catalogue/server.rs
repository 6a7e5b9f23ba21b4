//! Migrations that the server refuses.

use whimbrel_app::catalogue::Code;
use whimbrel_testkit::{Server, Settings};

use super::Seen;
use crate::kit::{MAJOR, Project};

const UP: &str = "up --yes --no-rehearsal";

#[tokio::test]
async fn every_error_comes() {
    let mut seen = Seen::of("W41");
    statements(&mut seen).await;
    rights(&mut seen).await;
    locks(&mut seen).await;
    full(&mut seen).await;
    seen.whole();
}

/// Scripts that fail by themselves, on a database with a table of a few rows.
async fn statements(seen: &mut Seen) {
    let project = Project::new(&[]).with_database().await;
    project
        .sql(
            "create table users (id int, email text); insert into users values (1, 'nine'), (1, null); \
             create view everybody as select * from users",
        )
        .await;
    for (code, script) in [
        (Code::MIGRATION_FAILED, "do $$ begin raise 'not on a Friday'; end $$;\n"),
        (Code::SYNTAX, "create tabel orders ();\n"),
        (Code::EXISTS_ALREADY, "create table users ();\n"),
        (Code::NOT_THERE, "alter table usres add name text;\n"),
        (Code::CANCELLED, "set local statement_timeout = '50ms';\nselect pg_sleep(60);\n"),
        (Code::ROWS_CONTRADICT, "alter table users alter email set not null;\n"),
        (Code::VALUE, "select email::int from users;\n"),
        (Code::DEPENDENTS, "drop table users;\n"),
        (Code::READ_ONLY, "set transaction read only;\ncreate table orders ();\n"),
    ] {
        project.write("migrations/001_a.sql", script);
        seen.run(code, &project, UP);
    }
}

/// A table of somebody else's.
async fn rights(seen: &mut Seen) {
    let database = Server::shared(MAJOR).await.database().await;
    let name = format!("builder_{}", std::process::id());
    let mut session =
        whimbrel_engine::wire::Session::connect(database.target(), "test").await.unwrap();
    let statements = format!(
        "create role {name} login; grant create on database \"{}\" to {name}; \
         create table users ()",
        database.name()
    );
    session.simple(&statements).await.unwrap();
    let project = Project::new(&[("migrations/001_a.sql", "alter table users add name text;\n")])
        .with("DATABASE_URL", database.target_as(&name).url().reveal());
    seen.run(Code::STATEMENT_RIGHTS, &project, UP);
    session.simple(&format!("drop owned by {name}; drop role {name}")).await.unwrap();
    session.close().await;
}

/// Others who use the same tables.
async fn locks(seen: &mut Seen) {
    let project = Project::new(&[
        ("migrations/001_a.sql", "alter table a add name text;\n"),
        ("whimbrel.toml", "[timeouts]\nlock = '100ms'\n"),
    ]);
    let project = project.with_database().await;
    project.sql("create table a (); create table b ()").await;
    let mut other = project.session().await;
    other.simple("begin; lock a").await.unwrap();
    seen.run(Code::LOCKED_OUT, &project, &format!("{UP} --retry-for 0"));
    other.simple("commit; begin; lock b").await.unwrap();
    let script = "set local lock_timeout = 0;\nset local deadlock_timeout = '50ms';\n\
                  lock a;\nselect pg_sleep(1);\nlock b;\n";
    project.write("migrations/001_a.sql", script);
    let running = project.command(&["up", "--yes", "--no-rehearsal", "--json", "--retry-for", "0"]);
    let running = { running }.spawn().unwrap();
    let has_a = "select count(*) from pg_locks where relation = 'a'::regclass and granted";
    while project.sql(has_a).await.as_deref() != Some("1") {
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    other.simple("set deadlock_timeout = '1min'; lock a").await.unwrap();
    let said = crate::kit::Said::new(running.wait_with_output().unwrap());
    seen.json(Code::DEADLOCK, &said);
    other.close().await;
}

/// A disk with no room left: a table's file is the device that is always full.
async fn full(seen: &mut Seen) {
    let server = Server::private(MAJOR, &Settings::new()).await;
    let project = Project::new(&[("migrations/001_a.sql", "insert into a values (1);\n")])
        .with("DATABASE_URL", server.master().url().reveal());
    let mut session =
        whimbrel_engine::wire::Session::connect(&server.master(), "test").await.unwrap();
    session
        .simple(
            "create table a (id int); \
             do $$ begin execute format('copy (select 1) to program %L', \
             'cat > /dev/null; ln -sf /dev/full ' || pg_relation_filepath('a')); end $$",
        )
        .await
        .unwrap();
    session.close().await;
    seen.run(Code::DISK_FULL, &project, UP);
}
