//! A ledger that says what is not so, set right.

use crate::kit::{Project, check, root};

/// Three migrations, the first two applied.
async fn project() -> Project {
    let project = Project::new(&[
        ("migrations/001_create_users.sql", "create table users (id integer primary key);\n"),
        (
            "migrations/002_create_orders.sql",
            "create table orders (id integer primary key, total numeric);\n",
        ),
    ])
    .with_database()
    .await;
    project.done("up --yes --no-rehearsal");
    project.write(
        "migrations/003_add_notes.sql",
        "create table notes (id integer primary key);\ncreate table tags (id integer primary key);\n",
    );
    project
}

const STATUS: &str = "select status from whimbrel.schema_migrations where id = 'main:";

async fn status_of(project: &Project, id: &str) -> Option<String> {
    project.sql(&format!("{STATUS}{id}'")).await
}

#[tokio::test]
async fn a_migration_that_ran_by_hand_is_marked_as_applied() {
    let project = project().await;
    project.sql("create table notes (id integer primary key); create table tags (id integer primary key)").await;
    check("repair_applied_nobody", &project.show("repair applied 3"));
    check("repair_applied", &project.show("repair applied 3 --yes --reason by-hand"));
    assert_eq!(project.run("status --check").code, 0);
    let command = "select command || ' ' || os_user from whimbrel_journal.runs where state = 'done' order by id desc limit 1";
    assert_eq!(
        project.sql(command).await.as_deref(),
        Some("repair applied 3 --yes --reason by-hand tester")
    );
    check("repair_applied_again", &project.show("repair applied 3 --yes"));
}

#[tokio::test]
async fn a_half_applied_migration_is_not_marked_as_applied() {
    let project = project().await;
    project.sql("create table notes (id integer primary key)").await;
    check("repair_half", &project.show("repair applied 3 --yes"));
    check("repair_half_dry", &project.show("repair applied 3 --dry-run --prove"));
    let shown = project.run("repair applied 3 --dry-run --json");
    assert_eq!(shown.code, 4, "{}", shown.whole());
    let report = shown.json();
    assert_eq!(report["changes"][0]["id"], "003_add_notes");
    assert_eq!(report["errors"][0]["code"], "W6105");
    assert_eq!(status_of(&project, "003_add_notes").await, None);
    project.done("repair applied 3 --yes --no-proof");
    assert_eq!(status_of(&project, "003_add_notes").await.as_deref(), Some("completed"));
}

#[tokio::test]
async fn what_was_marked_is_not_shown_as_if_it_had_run() {
    let project = project().await;
    // Its run is in the journal, and is not what the ledger speaks of afterwards.
    project.done("up --yes --no-rehearsal");
    project.done("repair pending 3 --yes --no-proof");
    project.done("repair applied 3 --yes");
    let report = project.done("status --json").json();
    let line = |number: usize| report["migrations"][number].clone();
    assert_eq!((&line(1)["marked"], &line(2)["marked"]), (&false.into(), &true.into()));
    assert_eq!(line(2)["execution_time_ms"], serde_json::Value::Null);
    assert_eq!(line(2)["applied_by"], serde_json::Value::Null);
    check("repair_marked", &project.show("status"));
    let executions = "select count(*) from whimbrel.migration_history where migration_id like '%003_add_notes' and status = 'completed'";
    assert_eq!(project.sql(executions).await.as_deref(), Some("1"), "only the run was one");
}

#[tokio::test]
async fn a_migration_that_was_undone_by_hand_is_marked_as_pending() {
    let project = project().await;
    check("repair_pending_wrong", &project.show("repair pending 2 --yes"));
    project.sql("drop table orders").await;
    project.done("repair pending 2 --yes");
    assert_eq!(status_of(&project, "002_create_orders").await.as_deref(), Some("pending"));
    project.done("up --yes");
}

#[tokio::test]
async fn a_changed_file_is_shown_and_accepted() {
    let project = project().await;
    let path = "migrations/002_create_orders.sql";
    project.write(path, "create table orders (id integer primary key, total numeric(10, 2));\n");
    check("repair_checksum_wrong", &project.show("repair checksum 2 --yes"));
    project.sql("alter table orders alter column total type numeric(10, 2)").await;
    check("repair_checksum", &project.show("repair checksum 2 --yes"));
    let report = project.done("status --json").json();
    assert_eq!(report["summary"]["attention"], 0, "{report}");
    let said = project.run("repair checksum 2 --yes");
    assert_eq!(said.code, 2, "{}", said.whole());
}

#[tokio::test]
async fn an_entry_without_a_file_is_forgotten_or_taken_in() {
    let project = project().await;
    let path = "migrations/002_create_orders.sql";
    let text = project.read(path);
    project.remove(path);
    check("repair_orphan", &project.show("repair orphan 002 --yes"));
    assert_eq!(project.read(path), text);
    assert_eq!(project.run("status --json").json()["summary"]["applied"], 2);
    project.remove(path);
    project.sql("drop table orders").await;
    check("repair_forget", &project.show("repair forget 002 --yes"));
    assert_eq!(status_of(&project, "002_create_orders").await, None);
}

/// Another tool must be able to run it: it knows the names of its pairs, and none of our marks.
#[tokio::test]
async fn an_entry_of_pairs_is_taken_in_as_a_pair() {
    for [up, down, other_up, other_down] in [
        ["2_b.up.sql", "2_b.down.sql", "1_a.up.sql", "1_a.down.sql"],
        ["2_b.sql", "2_b_down.sql", "1_a.sql", "1_a_down.sql"],
        ["V2__b.sql", "U2__b.sql", "V1__a.sql", "U1__a.sql"],
    ] {
        let [up, down, other_up, other_down] =
            [up, down, other_up, other_down].map(|name| format!("migrations/{name}"));
        let files = [
            (other_up.as_str(), "create table a (id int);\n"),
            (other_down.as_str(), "drop table a;\n"),
            (up.as_str(), "create table b (id int);\n"),
            (down.as_str(), "drop table b;\n"),
        ];
        let config =
            ("whimbrel.toml", "[history.main]\nformat = \"plain\"\nfolder = \"migrations\"\n");
        let project = Project::new(&[&files[..], &[config]].concat()).with_database().await;
        project.done("up --yes --no-rehearsal");
        let texts = [project.read(&up), project.read(&down)];
        project.remove(&up);
        project.remove(&down);
        let id = if up.contains('V') { "V2__b" } else { "2_b" };
        let said = project.done(&format!("repair orphan {id} --yes"));
        assert!(project.path().join(&down).exists(), "{down}: {}", said.whole());
        assert_eq!([project.read(&up), project.read(&down)], texts, "{up}");
        project.done("status --check");
    }
}

/// What tells another tool to leave its transaction out stood in a mark, which no ledger keeps.
#[tokio::test]
async fn a_script_that_no_transaction_takes_is_taken_in_with_its_word() {
    let (up, down) =
        ("create index concurrently a_id on a (id);\n", "drop index concurrently a_id;\n");
    for (format, text) in [
        (
            "dbmate",
            format!(
                "-- migrate:up transaction:false\n{up}\n-- migrate:down transaction:false\n{down}"
            ),
        ),
        ("goose", format!("-- +goose NO TRANSACTION\n-- +goose Up\n{up}\n-- +goose Down\n{down}")),
    ] {
        let first = match format {
            "dbmate" => {
                "-- migrate:up\ncreate table a (id int);\n\n-- migrate:down\ndrop table a;\n"
            }
            _ => "-- +goose Up\ncreate table a (id int);\n\n-- +goose Down\ndrop table a;\n",
        };
        let config = format!("[history.main]\nformat = \"{format}\"\nfolder = \"migrations\"\n");
        let project = Project::new(&[
            ("migrations/1_a.sql", first),
            ("migrations/2_b.sql", &text),
            ("whimbrel.toml", &config),
        ]);
        let project = project.with_database().await;
        project.done("up --yes --no-rehearsal");
        for (name, text) in [("2_b", text.as_str()), ("1_a", first)] {
            let path = format!("migrations/{name}.sql");
            project.remove(&path);
            project.done(&format!("repair orphan {name} --yes"));
            assert_eq!(project.read(&path), text, "{format}");
        }
        project.done("status --check");
    }
}

#[tokio::test]
async fn a_supabase_ledger_is_repaired_as_its_own_tool_does_it() {
    let project = Project::example("supabase").with_database().await;
    project.done("up --yes --to 20250301090000");
    let said = project.run("repair applied 20250315101500 --yes");
    assert_eq!(said.code, 4, "{}", said.whole());
    let folder = root().join("examples/supabase/supabase/migrations");
    let file = std::fs::read_to_string(folder.join("20250315101500_add_tags.sql")).unwrap();
    project.sql(&file).await;
    let said = project.done("repair applied 20250315101500 --yes");
    assert!(said.out.contains("proved on"), "{}", said.whole());
    let count = "select count(*) from supabase_migrations.schema_migrations where cardinality(statements) > 0";
    assert_eq!(project.sql(count).await.as_deref(), Some("2"));
    project.remove("supabase/migrations/20250301090000_create_notes.sql");
    project.done("repair orphan 20250301090000 --yes");
    assert_eq!(project.run("status --check").code, 0);
    project.sql("drop table tags; drop function tag_is_lowercase()").await;
    project.done("repair pending 20250315101500 --yes");
    assert_eq!(project.sql(count).await.as_deref(), Some("1"));
}

/// What the replay disproves is not written, whether the objects show it or the replay itself.
#[tokio::test]
async fn what_the_replay_disproves_is_not_written() {
    let project = project().await;
    project.write(
        "migrations/002_create_orders.sql",
        "create table orders (id integer primary key, total numeric);\n",
    );
    project.write("migrations/003_add_notes.sql", "alter table orders add note text;\n");
    project.done("up --yes --no-rehearsal");
    // What comes after it needs it.
    let said = project.run("repair pending 2 --yes");
    assert_eq!(said.code, 4, "{}", said.whole());
    assert!(said.err.contains("`003_add_notes` cannot be replayed"), "{}", said.err);
    assert_eq!(status_of(&project, "002_create_orders").await.as_deref(), Some("completed"));
    // It was half done by hand, and cannot be done whole.
    let half = "create table h1 ();\ndo $$ begin perform 1 / (select count(*) from orders); end $$;\ncreate table h2 ();\n";
    project.write("migrations/004_half.sql", half);
    project.sql("create table h1 ()").await;
    let said = project.run("repair applied 4 --yes");
    assert_eq!(said.code, 4, "{}", said.whole());
    assert!(said.err.contains("`004_half` cannot be replayed"), "{}", said.err);
    assert_eq!(status_of(&project, "004_half").await, None);
    project.done("repair applied 4 --yes --no-proof");
}

/// An equal catalog says nothing of what leaves nothing in it.
#[tokio::test]
async fn what_leaves_no_trace_is_not_said_to_be_proved() {
    let project = project().await;
    project.write("migrations/003_add_notes.sql", "insert into orders values (1, 2);\n");
    let said = project.run("repair applied 3 --yes --prove");
    assert_eq!(said.code, 4, "{}", said.whole());
    assert!(said.err.contains("nothing that is compared shows whether `003_add_notes` ran"));
    let said = project.done("repair applied 3 --yes");
    assert!(said.out.contains("nothing there shows whether `003_add_notes` ran"), "{}", said.out);
}

/// What differs whatever the ledger says of this migration is told, and keeps nobody from saying it.
#[tokio::test]
async fn what_differed_before_is_no_obstacle() {
    let project = project().await;
    project.sql("create table by_hand (); create table notes (id integer primary key)").await;
    let said = project.run("repair applied 3 --yes");
    assert_eq!(said.code, 4, "{}", said.whole());
    assert!(
        said.err
            .contains("table `public.tags`: the migrations make it, and the database lacks it\n")
    );
    assert!(
        said.err.contains(
            "table `public.by_hand`: the database has it, and no migration makes it, as before"
        ),
        "{}",
        said.err
    );
    project.sql("create table tags (id integer primary key)").await;
    let said = project.run("repair applied 3 --yes --prove");
    assert_eq!(said.code, 4, "{}", said.whole());
    let said = project.done("repair applied 3 --yes");
    assert!(said.out.contains("differs as before: table `public.by_hand`"), "{}", said.out);
    assert_eq!(status_of(&project, "003_add_notes").await.as_deref(), Some("completed"));
}
