//! Adopting, repairing, watching runs, the development database, and the library.

use std::process::Command;
use std::time::Duration;

use whimbrel_app::catalogue::Code;
use whimbrel_app::{Ahead, Migrator};
use whimbrel_testkit::{PgDump, Server};

use super::Seen;
use crate::adopt::{dbmate, recorded, sqlx};
use crate::dev::Dev;
use crate::kit::{MAJOR, Project, Said};

const A: (&str, &str) = ("migrations/001_a.sql", "create table a (id int);\n");
const B: (&str, &str) = ("migrations/002_b.sql", "create table b (id int);\n");
const UP: &str = "up --yes --no-rehearsal";

#[tokio::test]
async fn every_error_comes() {
    let mut seen = Seen::of("W6");
    adopting(&mut seen).await;
    repairing(&mut seen).await;
    meanwhile(&mut seen).await;
    runs(&mut seen).await;
    development(&mut seen);
    branches(&mut seen);
    at_work(&mut seen).await;
    ahead(&mut seen).await;
    seen.whole();
}

/// What another tool applied.
async fn adopting(seen: &mut Seen) {
    let empty = Project::new(&[]).with_database().await;
    seen.run(Code::NOTHING_TO_ADOPT, &empty, "adopt --yes");
    writing_the_first(seen).await;
    let project = sqlx().await;
    let path = "migrations/20240102000000_add_name.up.sql";
    project.write(path, &project.read(path).replace("text", "text "));
    seen.run(Code::ADOPTED_CHANGED, &project, "adopt --yes");

    let project = dbmate().await;
    project.sql(&recorded("knex")).await;
    seen.run(Code::SEVERAL_LEDGERS, &project, "adopt --yes");
    seen.run(Code::UNKNOWN_TOOL, &project, "adopt --from dbmat --yes");
    seen.run(Code::NO_ENTRY_FITS, &project, "adopt --from knex --yes");
    seen.run(Code::NO_LEDGER_OF_TOOL, &project, "adopt --from goose --yes");

    let own = Project::example("supabase").with_database().await;
    own.done(UP);
    seen.run(Code::OWN_LEDGER, &own, "adopt --from supabase --yes");

    let database = Server::shared(MAJOR).await.database().await;
    let name = format!("adopter_{}", std::process::id());
    let mut session =
        whimbrel_engine::wire::Session::connect(database.target(), "test").await.unwrap();
    session.simple(&recorded("dbmate")).await.unwrap();
    session.simple(&format!("create role {name} login")).await.unwrap();
    let url = database.target_as(&name).url();
    let project = Project::new(&[A]).with("DATABASE_URL", url.reveal());
    seen.run(Code::FOREIGN_LEDGER_RIGHTS, &project, "adopt --yes");
    session.simple(&format!("drop role {name}")).await.unwrap();
    session.close().await;
}

/// A database without migrations, and what stands in the way of its first.
async fn writing_the_first(seen: &mut Seen) {
    let line = "adopt --from-database --yes";
    let project = Project::new(&[]).with_database_of(PgDump::MAJOR).await;
    let missing = project.with("WHIMBREL_PG_DUMP", "/nowhere/pg_dump");
    seen.run(Code::NO_PG_DUMP, &missing, line);
    let project = missing.with("WHIMBREL_PG_DUMP", PgDump::get().path().to_str().unwrap());
    seen.run(Code::NOTHING_IN_DATABASE, &project, line);
    project.sql("create table a (id int)").await;
    let role = format!("dumper_{}", std::process::id());
    project.sql(&format!("create role {role} login")).await;
    let url = project.url().replacen("postgres@", &format!("{role}@"), 1);
    seen.run(Code::PG_DUMP_FAILED, &project, &format!("{line} --database-url {url}"));
    project.sql(&format!("drop role {role}")).await;
    project.write(A.0, A.1);
    seen.run(Code::HISTORY_BEGUN, &project, line);
}

/// A ledger that says what is not so, or says too little.
async fn repairing(seen: &mut Seen) {
    let project = Project::new(&[A]).with_database().await;
    project.done(UP);
    project.write(B.0, B.1);
    seen.run(Code::NOT_REPAIRABLE, &project, "repair applied 1 --yes");
    seen.run(Code::DIFFERS, &project, "repair applied 2 --yes");
    project.write("migrations/003_rows.sql", "insert into a values (1);\n");
    seen.run(Code::UNPROVED, &project, "repair applied 3 --yes --prove");
    project.remove("migrations/003_rows.sql");
    project.remove(A.0);
    project.sql("update whimbrel.schema_migrations set up_sql = 'select ''open'").await;
    seen.run(Code::NOT_RESTORABLE, &project, "repair orphan 1 --yes");
    project.sql("update whimbrel.schema_migrations set up_sql = ''").await;
    seen.run(Code::NO_SCRIPT_KEPT, &project, "repair orphan 1 --yes");
}

/// A repair that waits for a run, which does it meanwhile.
async fn meanwhile(seen: &mut Seen) {
    let slow = ("migrations/001_a.sql", "create table a ();\nselect pg_sleep(3);\n");
    let project = Project::new(&[slow]).with_database().await;
    let running = project.command(&["up", "--yes", "--no-rehearsal"]).spawn().unwrap();
    let sleeps = "select count(*) from pg_stat_activity \
                  where wait_event = 'PgSleep' and datname = current_database()";
    while project.sql(sleeps).await.as_deref() != Some("1") {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    seen.run(Code::LEDGER_MOVED_ON, &project, "repair applied 1 --yes --no-proof");
    assert_eq!(Said::new(running.wait_with_output().unwrap()).code, 0);
}

/// Runs of the journal.
async fn runs(seen: &mut Seen) {
    let project = Project::new(&[A]).with_database().await;
    project.done(UP);
    seen.run(Code::NO_SUCH_RUN, &project, "runs show 4711");
    seen.elsewhere(
        Code::OTHERS_RUN,
        "cli::runs::a_role_that_may_not_stop_a_run_is_told_what_helps_and_not_heard",
    );
}

/// The development database of a project without branches.
fn development(seen: &mut Seen) {
    let dev = Dev::new(&[A]);
    seen.run(Code::DEV_ELSEWHERE, &dev.0, "dev reset --env production");
    seen.run(Code::NOT_STARTED, &dev.0, "dev url");
    let wrong = "dev start --env-file .env --env-var my-url";
    seen.run(Code::VARIABLE_NAME, &dev.0, wrong);
    dev.0.write(".env", "DATABASE_URL=postgres://app@db.example/app\n");
    seen.run(Code::ENV_FILE_ELSEWHERE, &dev.0, "dev start --env-file .env");
    seen.run(Code::NO_BRANCHES, &dev.0, "dev start --branch");
    dev.done("start");
    seen.run(Code::OTHER_MAJOR, &dev.0, "dev start --major 16");
    seen.run(Code::NOT_TAKEN_OVER, &dev.0, "dev start --from /nowhere/shop");
    let mut psql = dev.0.command(&["dev", "psql", "--json"]);
    psql.env("PATH", "/nowhere");
    seen.json(Code::NO_CLIENT, &Said::new(psql.output().unwrap()));
}

/// A branch without its database.
fn branches(seen: &mut Seen) {
    let dev = Dev::new(&[A]);
    let mut git = Command::new("git");
    git.args(["init", "-q", "-b", "topic"]).current_dir(dev.0.path());
    assert!(git.env("GIT_CONFIG_GLOBAL", "/dev/null").status().unwrap().success());
    dev.done("start");
    seen.run(Code::NO_DEV_DATABASE, &dev.0, "dev url --branch");
}

/// A reset while somebody migrates the database by its URL.
async fn at_work(seen: &mut Seen) {
    let dev = Dev::new(&[A, ("whimbrel.toml", "[timeouts]\nwait = '1s'\n")]);
    dev.done("start");
    dev.0.write(B.0, "select pg_sleep(20);\n");
    let mut session = dev.session("").await;
    let url = dev.url("");
    let up = ["up", "--yes", "--no-rehearsal", "--database-url", &url];
    let mut running = dev.0.command(&up).spawn().unwrap();
    let sleeps = "select count(*) from pg_stat_activity where wait_event = 'PgSleep'";
    while session.simple(sleeps).await.unwrap()[0].value() != Some("1") {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    session.close().await;
    seen.run(Code::ANOTHER_AT_WORK, &dev.0, "dev reset");
    running.kill().unwrap();
    running.wait().unwrap();
}

/// A program that is older than the database.
async fn ahead(seen: &mut Seen) {
    let project = Project::new(&[A, B]).with_database().await;
    project.done(UP);
    project.remove(B.0);
    let migrator = Migrator::folder(project.path()).unwrap().database_url(project.url());
    let error = migrator.when_ahead(Ahead::Refuse).up().await.unwrap_err();
    assert_eq!(error.code(), Code::AHEAD, "{error}");
    assert_eq!(error.exit(), Code::AHEAD.exit);
    seen.insert(error.code());
}
