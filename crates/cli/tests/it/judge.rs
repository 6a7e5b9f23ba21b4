//! The fault walk's judge can condemn: each kind of wrong is put before it.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;

use tempfile::TempDir;
use whimbrel_engine::wire::Session;
use whimbrel_testkit::Server;
use whimbrel_testkit::faults::{
    Course, Court, Effect, Harm, Part, Report, Script, Scripted, Step, Walk, Way, scripts,
};

use crate::kit::{MAJOR, Project};

fn script(name: &str) -> Script {
    scripts().into_iter().find(|script| script.name == name).unwrap()
}

/// Lets Whimbrel run a script, then does something wrong to the database.
async fn wronged(name: &str, wrong: &str) -> Court {
    let script = script(name);
    let project = Project::new(&[]);
    for migration in &script.migrations {
        project.write(&format!("migrations/{}.sql", migration.id), &migration.sql);
    }
    let court = Court::open(Server::shared(MAJOR).await, script).await;
    let project = project.with("DATABASE_URL", &court.target().to_string());
    project.done("up --yes --no-rehearsal");
    assert_eq!(court.unfinished().await, Vec::<String>::new());
    let mut session = Session::connect(court.target(), "wrong").await.unwrap();
    session.simple(wrong).await.unwrap();
    session.close().await;
    court
}

#[tokio::test]
async fn a_lost_entry_is_condemned() {
    let lost = "delete from whimbrel.migration_history; delete from whimbrel.schema_migrations";
    let court = wronged("an insert", lost).await;
    assert_eq!(court.broken().await, ["001_insert: applied (2), but not recorded"]);
}

#[tokio::test]
async fn a_migration_that_was_recorded_and_lost_is_condemned() {
    let court = wronged("an insert", "delete from book where id > 500").await;
    assert_eq!(court.broken().await, ["001_insert: recorded, but step 1 counts 0 of 2"]);
}

#[tokio::test]
async fn an_effect_that_is_there_twice_is_condemned() {
    let twice = "insert into book select * from book where id > 500";
    let court = wronged("an insert", twice).await;
    assert_eq!(
        court.broken().await,
        [
            "001_insert: step 1 counts 4, and once is 2",
            "001_insert: recorded, but step 1 counts 4 of 2"
        ]
    );
}

#[tokio::test]
async fn a_second_execution_is_condemned() {
    let twice = "insert into whimbrel.migration_history (migration_id, executed_at, status)
                 select migration_id, executed_at, status from whimbrel.migration_history";
    let court = wronged("an insert", twice).await;
    assert_eq!(court.broken().await, ["001_insert: 1 entries and 2 executions"]);
}

#[tokio::test]
async fn a_half_built_index_is_condemned() {
    let half = "update pg_index set indisvalid = false \
                where indexrelid = (select indexrelid from pg_index \
                where indrelid = 'book'::regclass limit 1)";
    let court = wronged("concurrent indexes", half).await;
    let broken = court.broken().await;
    assert!(broken.contains(&"1 invalid indexes that no intent explains".to_owned()), "{broken:?}");
}

#[tokio::test]
async fn an_intent_that_is_still_there_is_condemned() {
    let intent = "insert into whimbrel_journal.intents \
                  (history, migration, direction, step, run, fingerprint, statement) \
                  values ('plain', '001_vacuum', 'up', 0, 1, '', '')";
    let court = wronged("vacuum", intent).await;
    assert_eq!(court.broken().await, ["001_vacuum: recorded, but its intents are still there"]);
}

#[tokio::test]
async fn an_outcome_without_its_effect_is_condemned() {
    let outcome = "delete from whimbrel.migration_history; delete from whimbrel.schema_migrations; \
                   delete from mark; insert into whimbrel_journal.intents \
                   (history, migration, direction, step, run, fingerprint, statement, state) \
                   values ('plain', '001_vacuum', 'up', 0, 1, '', '', 'done')";
    let court = wronged("vacuum", outcome).await;
    assert_eq!(
        court.broken().await,
        ["001_vacuum: step 1 counts 0 of 1, and its intent is `done`"]
    );
}

/// A runner that is made of the real one and does something wrong.
struct Runner {
    path: PathBuf,
    _folder: TempDir,
}

impl Runner {
    fn new(shell: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("runner");
        let whimbrel = env!("CARGO_BIN_EXE_whimbrel");
        let here = folder.path().display();
        let text = format!("#!/bin/sh\nwhimbrel='{whimbrel}'\nhere='{here}'\n{shell}\n");
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        Self { path, _folder: folder }
    }

    fn right() -> Self {
        Self::new("exec \"$whimbrel\" \"$@\"")
    }

    fn walk(&self, script: Script, harm: Harm, places: usize) -> Report {
        let walk = Walk {
            whimbrel: self.path.clone(),
            program: "a wrong one".to_owned(),
            scripts: vec![script],
            harms: vec![harm],
            ways: vec![Way::Direct],
            major: MAJOR,
            part: Part::Sample(places),
            workers: 2,
            keep: None,
        };
        walk.run(&mut |_| {})
    }
}

fn says(report: &Report, what: &str) {
    let failures = report.failures();
    assert!(failures.iter().any(|failure| failure.contains(what)), "{failures:#?}");
}

#[test]
fn a_point_that_is_not_reached_fails_the_walk() {
    // Twice it is recorded, then it does nothing any more.
    let runner = Runner::new(
        "echo >> \"$here/runs\"
         [ $(wc -l < \"$here/runs\") -gt 2 ] && exit 0
         exec \"$whimbrel\" \"$@\"",
    );
    let report = runner.walk(script("an insert"), Harm::Cut, 1);
    says(&report, "not reached in 8 runs");
    assert_eq!(report.points(), 0);
}

#[test]
fn a_next_run_that_does_nothing_fails_the_walk() {
    // The struck run comes by the proxy's port, the next one by the server's socket.
    let runner =
        Runner::new("case \"$*\" in *127.0.0.1*) exec \"$whimbrel\" \"$@\";; *) exit 0;; esac");
    says(&runner.walk(script("an insert"), Harm::Kill, 4), "001_insert: not applied");
}

/// It is gone with the commit that it was a part of.
#[test]
fn a_runner_whose_entry_gets_lost_fails_the_walk() {
    let mut script = script("an insert");
    script.before = "
        create table book (id int, title text);
        create function lose_entry() returns trigger language plpgsql as $$
        begin
            delete from whimbrel.migration_history where migration_id = new.id;
            delete from whimbrel.schema_migrations where id = new.id;
            return null;
        end
        $$;
        create function make_loser() returns event_trigger language plpgsql as $$
        begin
            if to_regclass('whimbrel.schema_migrations') is not null
                and not exists (select from pg_trigger where tgname = 'loser') then
                create constraint trigger loser after insert or update
                    on whimbrel.schema_migrations deferrable initially deferred
                    for each row when (new.status = 'completed') execute function lose_entry();
            end if;
        end
        $$;
        create event trigger loses on ddl_command_end when tag in ('CREATE TABLE')
            execute function make_loser();
    ";
    let report = Runner::right().walk(script, Harm::Cut, 1);
    says(&report, "001_insert: applied (2), but not recorded");
}

/// What is really run block by block passes for one transaction.
#[test]
fn a_migration_that_is_applied_in_parts_fails_the_walk() {
    let mut script = script("several blocks in a file");
    let count = "select count(*) from mark";
    script.migrations[0].course = Course::Whole(Effect { count, once: 3 });
    let report = Runner::right().walk(script, Harm::Kill, 40);
    says(&report, "but not recorded");
}

/// Its header says that it may run twice, and it may not: the next run does it again.
#[test]
fn a_step_that_runs_twice_fails_the_walk() {
    let sql = "-- whimbrel: rerunnable
insert into mark values ('before');
do $$
begin
    for n in 1..30 loop
        insert into mark values ('number ' || n);
        commit;
        raise notice 'number %', n;
    end loop;
end
$$;
insert into mark values ('after');";
    let effect = |count, once| Effect { count, once };
    let steps = vec![
        Step::Together(effect("select count(*) from mark where what = 'before'", 1)),
        Step::Repeatable(effect("select count(*) from mark where what like 'number %'", 30)),
        Step::Together(effect("select count(*) from mark where what = 'after'", 1)),
    ];
    let migration = Scripted { id: "001_twice", sql: sql.to_owned(), course: Course::Steps(steps) };
    let script = Script {
        name: "a step that runs twice",
        before: "create table mark (what text);",
        migrations: vec![migration],
    };
    says(&Runner::right().walk(script, Harm::Kill, 30), "and once is 30");
}
