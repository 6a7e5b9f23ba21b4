//! What is told of projects and databases that are not quite as they should be.

use crate::kit::Project;

const A: (&str, &str) = ("migrations/001_create_a.sql", "create table a ();\n");

#[tokio::test]
async fn what_new_wrote_and_nobody_filled_in_is_not_run() {
    for format in ["plain", "annotated", "supabase", "goose", "flyway"] {
        let project = Project::new(&[]).with_database().await;
        project.done(&format!("init --format {format}"));
        let files = project.done("new create_orders --json").json()["files"].clone();
        project.done("status");
        for line in ["up --yes --no-rehearsal", "preview --no-rehearsal"] {
            let said = project.run(line);
            assert_eq!(said.code, 4, "{format}: {}", said.whole());
            assert!(said.err.contains("is still as `whimbrel new` wrote it"), "{}", said.whole());
        }
        // Whoever wants nothing done says so in words of their own.
        let file = files[0].as_str().unwrap();
        let text = project.read(file).replace("-- Write the statements here.", "-- Nothing.");
        project.write(file, &text);
        project.done("up --yes --no-rehearsal");
    }
}

#[test]
fn new_says_that_another_migration_has_the_name() {
    let project = Project::new(&[("migrations/001_create_orders.sql", "create table a ();\n")]);
    let said = project.done("new create_orders");
    assert!(said.out.contains("note: `001_create_orders` has the same name"), "{}", said.whole());
    let said = project.done("new create_users --json");
    assert_eq!(said.json()["remarks"].as_array().unwrap().len(), 0);
}

#[tokio::test]
async fn a_comment_that_changed_is_no_change_of_a_header() {
    let project = Project::new(&[A]).with_database().await;
    project.done("up --yes --no-rehearsal");
    project.write(A.0, "-- all of it\ncreate table a ();\n");
    let line = project.done("status --json").json()["migrations"][0].clone();
    assert_eq!(line["state"], "reformatted");
    assert_eq!(line["note"], "only comments or layout changed");
    let project = Project::example("annotated").with_database().await;
    project.done("up --yes --no-rehearsal");
    let file = project.done("status --json").json()["migrations"][0]["file"].clone();
    let file = file.as_str().unwrap();
    let text = project.read(file);
    let described = text.lines().find(|line| line.starts_with("-- Description:")).unwrap();
    project.write(file, &text.replace(described, "-- Description: something else"));
    let line = project.done("status --json").json()["migrations"][0].clone();
    assert_eq!(line["note"], "changed: header");
}

#[test]
fn two_histories_of_one_folder_are_refused() {
    let project = Project::new(&[
        A,
        ("migrations/more/001_b.sql", "create table b ();\n"),
        (
            "whimbrel.toml",
            "[history.one]\nfolder = 'migrations'\n[history.two]\nfolder = './migrations/'\n",
        ),
    ]);
    let refused = |message: &str| {
        let said = project.run("new create_b --history one");
        assert_eq!(said.code, 2, "{}", said.whole());
        assert!(said.err.contains(message), "{}", said.whole());
    };
    refused("histories `one` and `two` have the same files: those in `migrations`");
    let nested = "[history.one]\nfolder = 'migrations'\nnested = true\n[history.two]\nfolder = 'migrations/more'\n";
    project.write("whimbrel.toml", nested);
    refused("histories `one` and `two` have the same files: those in `migrations/more`");
    project.write("whimbrel.toml", &nested.replace("true", "false"));
    project.done("new create_c --history one");
}

#[tokio::test]
async fn what_a_ledger_has_of_a_history_that_is_gone_is_told() {
    let both = "[history.one]\nfolder = 'migrations'\n[history.two]\nfolder = 'other/migrations'\n";
    let project = Project::new(&[
        A,
        ("other/migrations/001_b.sql", "create table b ();\n"),
        ("whimbrel.toml", both),
    ]);
    let project = project.with_database().await;
    project.done("up --yes --no-rehearsal");
    let warnings = |line: &str| project.done(line).json()["warnings"].as_array().unwrap().len();
    assert_eq!(warnings("status --json"), 0);
    assert_eq!(warnings("status --json --history one"), 0);
    project.write("whimbrel.toml", both.split_once("[history.two]").unwrap().0);
    let said = project.done("status");
    let message = "the ledger has 1 entry of history `two`, which is none of this project's";
    assert!(said.out.contains(message), "{}", said.whole());
    project.done("status --check");
}

#[tokio::test]
async fn a_database_that_only_reads_is_called_that() {
    let project = Project::new(&[A]).with_database().await;
    let name = project.target().database.clone();
    project.sql(&format!("alter database {name} set default_transaction_read_only = on")).await;
    for _ in 0..2 {
        let said = project.run("up --yes --no-rehearsal");
        assert_eq!(said.code, 1, "{}", said.whole());
        assert!(said.err.contains("error[W4022]"), "{}", said.whole());
        assert!(said.err.contains("`default_transaction_read_only` is on"), "{}", said.whole());
        // And once more, with a ledger that is there.
        project.done(&format!(
            "up --yes --no-rehearsal --database-url {}&options=-cdefault_transaction_read_only%3Doff",
            project.url()
        ));
        project.write("migrations/002_create_b.sql", "create table b ();\n");
    }
}

#[tokio::test]
async fn the_way_back_by_hand_leaves_out_what_leaves_no_trace() {
    let project = Project::new(&[(
        "migrations/001_a.sql",
        "create table a (b int);\nvacuum a;\ncreate index concurrently i on a (b);\nselect nonsense;\n",
    )]);
    let project = project.with_database().await;
    let said = project.run("up --yes --no-rehearsal");
    assert_eq!(said.code, 1, "{}", said.whole());
    let (_, by_hand) = said.err.split_once("the way back is by hand").unwrap();
    assert!(by_hand.contains("create table a"), "{}", said.whole());
    assert!(by_hand.contains("create index concurrently"), "{}", said.whole());
    assert!(!by_hand.contains("vacuum"), "{}", said.whole());
    let shown = project.done("preview --no-rehearsal --json").json();
    assert_eq!(shown["migrations"][0]["why"], "failed in step 4 of 4");
}

#[tokio::test]
async fn a_whole_id_is_meant_before_the_beginning_of_another() {
    let project = Project::new(&[
        ("a/1_x.sql", "create table a ();\n"),
        ("b/1_x_and_more.sql", "create table b ();\n"),
        ("b/1_x_or_less.sql", "create table c ();\n"),
        (
            "whimbrel.toml",
            "[history.one]\nformat = 'plain'\nfolder = 'a'\n[history.two]\nformat = 'plain'\nfolder = 'b'\n",
        ),
    ]);
    let project = project.with_database().await;
    let said = project.done("up --yes --no-rehearsal --only 1_x --json").json();
    assert_eq!(said["migrations"][0]["history"], "one");
    assert_eq!(project.run("up --yes --no-rehearsal --only 1").code, 2);
}

/// What a hint proposes is about the database that the command was about.
#[tokio::test]
async fn what_is_proposed_goes_to_the_same_database() {
    let files = [
        ("migrations/001_a.sql", "create table a (id int);\n"),
        ("whimbrel.toml", "[env.production]\nurl_env = \"PRODUCTION_URL\"\n"),
    ];
    let project = Project::new(&files).with_database().await;
    let url = project.url();
    let project =
        project.with("PRODUCTION_URL", &url).with("DATABASE_URL", "postgres://127.0.0.1:1/x");
    project.sql("create table a (id int)").await;
    let said = project.run("up --yes --no-rehearsal --env production");
    assert_eq!(said.code, 1, "{}", said.whole());
    assert!(said.err.contains("`whimbrel repair applied 001_a --env production`"), "{}", said.err);
    let said = project.run("status --database-url @production --json --check");
    assert_eq!(said.code, 3, "{}", said.whole());
    let said = project.run("status --env production");
    assert!(said.out.contains("`whimbrel up --env production`"), "{}", said.out);
    let said = project.run("runs show 4711 --env production --json");
    assert!(
        said.json()["error"]["hints"].to_string().contains("--env production"),
        "{}",
        said.whole()
    );
}
