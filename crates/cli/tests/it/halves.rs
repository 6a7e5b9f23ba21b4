//! Migrations that are half applied or half undone: nobody takes them for whole, and there is a way
//! on and a way back.

use crate::kit::{Project, Said};

const TABLE: (&str, &str) = (
    "migrations/001_numbers.sql",
    "create table numbers (n int);\ninsert into numbers values (1), (1);\n",
);

/// Its second step fails: two rows are equal.
const HALF: (&str, &str) = (
    "migrations/002_more.sql",
    "insert into numbers values (2);\ncreate unique index concurrently numbers_n on numbers (n);\n",
);

const UP: &str = "up --yes --no-rehearsal";

async fn half_applied(files: &[(&str, &str)]) -> Project {
    let project = Project::new(files).with_database().await;
    let said = project.run(UP);
    assert_eq!(said.code, 1, "{}", said.whole());
    assert!(said.err.contains("the first step of `002_more` stays"), "{}", said.whole());
    project
}

async fn rows(project: &Project) -> String {
    project.sql("select count(*)::text from numbers").await.unwrap()
}

/// What `status` says of a migration, and how its check ends.
fn standing(project: &Project, id: &str) -> (String, String) {
    let said = project.run("status --check --json");
    assert_eq!(said.code, 3, "{}", said.whole());
    let report = said.json();
    let lines = report["migrations"].as_array().unwrap();
    let line = lines.iter().find(|line| line["id"].as_str().unwrap().starts_with(id)).unwrap();
    let text = |key: &str| line[key].as_str().unwrap_or_default().to_owned();
    (text("state"), text("note"))
}

fn refused(said: &Said, code: &str, message: &str) {
    assert_eq!(said.code, 4, "{}", said.whole());
    assert!(said.err.contains(&format!("error[{code}]")), "{}", said.whole());
    assert!(said.err.contains(message), "{}", said.whole());
}

#[tokio::test]
async fn a_journal_that_is_gone_is_missed_and_nothing_runs_twice() {
    for status in ["failed", "running"] {
        let project = half_applied(&[TABLE, HALF]).await;
        let forget = "drop schema whimbrel_journal cascade; \
                      update whimbrel.schema_migrations set status = '{}' where id like '%002_more'";
        project.sql(&forget.replace("{}", status)).await;
        for _ in 0..2 {
            refused(&project.run(UP), "W4209", "the journal that says which are done is gone");
        }
        assert_eq!(rows(&project).await, "3");
        assert!(standing(&project, "002_more").1.contains("nobody knows"));
        project.sql("delete from numbers where n in (1, 2); drop index numbers_n").await;
        project.done("up --yes --no-rehearsal --allow rerun");
        assert_eq!(rows(&project).await, "1");
        project.done("status --check");
    }
}

#[tokio::test]
async fn what_a_person_sets_back_runs_from_its_first_step() {
    let project = half_applied(&[TABLE, HALF]).await;
    let set_back = "drop schema whimbrel_journal cascade; delete from numbers where n in (1, 2); drop index numbers_n; \
                    update whimbrel.schema_migrations set status = 'pending' where id like '%002_more'";
    project.sql(set_back).await;
    project.done(UP);
    assert_eq!(rows(&project).await, "1");
}

#[tokio::test]
async fn down_undoes_what_is_half_applied_first() {
    let down = ("migrations/002_more.down.sql", "delete from numbers where n = 2;\n");
    for is_there in [true, false] {
        let project = half_applied(&[TABLE, HALF, down]).await;
        if !is_there {
            project.remove(HALF.0);
            project.remove(down.0);
            assert_eq!(standing(&project, "002_more").0, "half applied");
            refused(&project.run(UP), "W4210", "`002_more` is half applied, and its file is gone");
        }
        let (_, note) = standing(&project, "002_more");
        assert!(note.contains("1 of 2 steps are done; next: `create unique index"), "{note}");
        let said = project.done("down --yes");
        assert!(said.whole().contains("002_more"), "{}", said.whole());
        assert_eq!(rows(&project).await, "2");
        let left = "select count(*)::text from whimbrel_journal.intents";
        assert_eq!(project.sql(left).await.as_deref(), Some("0"));
        if is_there {
            assert_eq!(standing(&project, "002_more").0, "rolled back");
        }
    }
}

#[tokio::test]
async fn the_rehearsal_of_the_way_back_has_what_is_half_applied() {
    let half = (
        "migrations/002_more.sql",
        "create table more ();\nvacuum;\nselect 1 / (select count(*) from numbers where n = 7);\n",
    );
    let down = ("migrations/002_more.down.sql", "drop table more;\n");
    let project = Project::new(&[TABLE, half, down]).with_database().await;
    assert_eq!(project.run(UP).code, 1);
    let said = project.done("down --yes");
    assert!(said.out.contains("1 migration undone"), "{}", said.whole());
    assert_eq!(project.sql("select to_regclass('more')::text").await, None);
}

#[tokio::test]
async fn what_is_half_undone_is_seen_and_undone_before_anything_else() {
    let whole = ("migrations/002_more.sql", "create index numbers_n on numbers (n);\n");
    let down = "insert into numbers values (9);\n\
                drop index concurrently numbers_n;\n\
                select 1 / 0;\n";
    let project = Project::new(&[TABLE, whole, ("migrations/002_more.down.sql", down)]);
    let project = project.with_database().await;
    project.done(UP);
    assert_eq!(project.run("down --yes --no-rehearsal").code, 1);
    let (state, note) = standing(&project, "002_more");
    assert_eq!(state, "half undone");
    assert!(note.contains("2 of 3 steps are done; next: `select 1 / 0`"), "{note}");

    project.write("migrations/003_next.sql", "create table next ();\n");
    refused(&project.run(UP), "W4210", "`002_more` is half undone");
    assert_eq!(project.sql("select to_regclass('next')::text").await, None);

    project.write("migrations/002_more.down.sql", &down.replace("1 / 0", "1"));
    project.done("down --yes --no-rehearsal --down-from file");
    assert_eq!(rows(&project).await, "3");
    assert_eq!(standing(&project, "002_more").0, "rolled back");
}

#[tokio::test]
async fn what_was_finished_by_hand_can_be_said() {
    let project = half_applied(&[TABLE, HALF]).await;
    project.sql("delete from numbers where n = 1").await;
    project.sql("drop index numbers_n; create unique index numbers_n on numbers (n)").await;
    project.done("repair applied 002_more --yes --no-proof");
    project.done("status --check");

    let project = half_applied(&[TABLE, HALF]).await;
    project.sql("delete from numbers; drop index numbers_n").await;
    project.done("repair pending 002_more --yes --no-proof");
    assert_eq!(standing(&project, "002_more").0, "pending");
    project.done(UP);
    assert_eq!(rows(&project).await, "1");
}

#[tokio::test]
async fn a_ledger_without_a_status_is_no_worse() {
    let [table, half] = [
        "supabase/migrations/20240101000000_numbers.sql",
        "supabase/migrations/20240102000000_more.sql",
    ];
    let project = Project::new(&[
        ("supabase/config.toml", "project_id = \"halves\"\n"),
        (table, TABLE.1),
        (half, HALF.1),
    ]);
    let project = project.with_database().await;
    assert_eq!(project.run(UP).code, 1);
    let (state, note) = standing(&project, "20240102000000");
    assert_eq!(state, "running");
    assert!(note.contains("1 of 2 steps are done"), "{note}");
    project.remove(half);
    assert_eq!(standing(&project, "20240102000000").0, "half applied");
    refused(&project.run(UP), "W4210", "is half applied, and its file is gone");
    project.done("repair forget 20240102000000 --yes --no-proof");
    project.done("status --check");
}
