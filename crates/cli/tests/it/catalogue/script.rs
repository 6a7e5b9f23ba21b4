//! Migrations, their scripts, and the choice between them.

use whimbrel_app::catalogue::Code;

use super::Seen;
use crate::kit::Project;

const A: (&str, &str) = ("migrations/001_create_a.sql", "create table a ();\n");
const B: (&str, &str) = ("migrations/002_create_b.sql", "create table b ();\n");

#[tokio::test]
async fn every_error_comes() {
    let mut seen = Seen::of("W3");
    files(&mut seen).await;
    choices(&mut seen).await;
    dependencies(&mut seen).await;
    ways_back(&mut seen).await;
    orders(&mut seen).await;
    names(&mut seen);
    seen.whole();
}

/// Files that cannot be read as what they are.
async fn files(seen: &mut Seen) {
    let header =
        "-- Migration: 001_a\n-- Description: d\n-- Type: creat_table\n-- Depends on: []\n-- @up\n";
    let wrong = Project::new(&[("sql/migrations/001_a.sql", header)]);
    seen.run(Code::HISTORY, &wrong, "new add_notes");
    let open = Project::new(&[("migrations/001_a.sql", "select 'open;\n")]);
    seen.run(Code::SCRIPT, &open.with_database().await, "up --yes --no-rehearsal");
    let latin1 = Project::new(&[A, ("whimbrel.toml", "[seeds]\nfiles = ['seed.sql']\n")]);
    std::fs::write(latin1.path().join("seed.sql"), b"select 'caf\xe9';\n").unwrap();
    seen.run(Code::NOT_TEXT, &latin1.with_database().await, "up --yes --no-rehearsal --seed");
    seen.elsewhere(
        Code::SCRIPT_CHANGED,
        "history::large::a_change_of_a_large_file_is_noticed_where_it_is_read",
    );
    let vacuum = ("migrations/001_a.sql", "create table a ();\nvacuum;\n");
    let config = ("whimbrel.toml", "[ledger]\njournal = false\n");
    let vacuum = Project::new(&[vacuum, config]);
    seen.run(Code::NOT_PASTEABLE, &vacuum.with_database().await, "script");
}

/// Ids on the command line.
async fn choices(seen: &mut Seen) {
    let project = Project::new(&[A, B]).with_database().await;
    project.done("up --yes --no-rehearsal --to 1");
    seen.run(Code::UNKNOWN_MIGRATION, &project, "up --yes --only 019_users");
    seen.run(Code::AMBIGUOUS, &project, "up --yes --only 00");
    seen.run(Code::ALREADY_APPLIED, &project, "up --yes --only 001");
    seen.run(Code::NOT_APPLIED, &project, "down --to 002 --yes --no-rehearsal");
    seen.run(Code::NO_DOWN, &project, "down --yes --no-rehearsal");
    project.remove(A.0);
    seen.run(Code::NO_FILE, &project, "up --yes --no-rehearsal --only 001 --again");
}

/// A migration before the one that it depends on.
async fn dependencies(seen: &mut Seen) {
    let file = |id: &str, needs: &str| {
        format!(
            "-- Migration: {id}\n-- Description: d\n-- Type: custom_sql\n-- Depends on: [{needs}]\n-- @up\nselect 1;\n"
        )
    };
    let (a, b) = (file("001_a", ""), file("002_b", "001_a"));
    let project =
        Project::new(&[("sql/migrations/001_a.sql", &a), ("sql/migrations/002_b.sql", &b)]);
    let project = project.with_database().await;
    seen.run(Code::NEEDS_FIRST, &project, "up --yes --no-rehearsal --only 002_b");
}

/// A down script that is another one now.
async fn ways_back(seen: &mut Seen) {
    let project = Project::new(&[
        ("migrations/001_a.up.sql", A.1),
        ("migrations/001_a.down.sql", "drop table a;\n"),
    ]);
    let project = project.with_database().await;
    project.done("up --yes --no-rehearsal");
    project.write("migrations/001_a.down.sql", "drop table a cascade;\n");
    seen.run(Code::DOWN_DIFFERS, &project, "down --yes --no-rehearsal");
}

/// What is not as it was when it was applied.
async fn orders(seen: &mut Seen) {
    let project = Project::new(&[B]).with_database().await;
    project.done("up --yes --no-rehearsal");
    project.write(A.0, A.1);
    seen.run(Code::OUT_OF_ORDER, &project, "up --yes --no-rehearsal");
    project.remove(A.0);
    project.write(B.0, "create table b (id int);\n");
    project.write("migrations/003_c.sql", "select 3;\n");
    seen.run(Code::MODIFIED, &project, "up --yes --no-rehearsal");
    project.remove(B.0);
    project.write("migrations/004_create_b.sql", B.1);
    seen.run(Code::SAME_CONTENT, &project, "up --yes --no-rehearsal");
    let taken = crate::adopt::dbmate().await;
    seen.run(Code::APPLIED_ELSEWHERE, &taken, "up --yes --no-rehearsal");
    let fresh = Project::new(&[A]).with_database().await;
    fresh.done("new create_orders");
    seen.run(Code::TO_BE_WRITTEN, &fresh, "up --yes --no-rehearsal");
}

/// Names for a new migration.
fn names(seen: &mut Seen) {
    let project = Project::example("annotated");
    seen.run(Code::NAME, &project, "new misc");
    seen.run(Code::SECRET_NAME, &project, "new postgres://app:hunter2@db.example.com/app");
}
