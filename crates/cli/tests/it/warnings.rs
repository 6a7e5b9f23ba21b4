//! What a person should know of the files, wherever it matters.

use serde_json::Value;

use crate::kit::Project;

/// A project about which there is much to say.
fn odd() -> Project {
    Project::new(&[
        ("migrations/001_a.sql", "create table a ();\n"),
        ("migrations/002_b.sql", "create table b ();\n"),
        ("migrations/002_c.sql", "create table c ();\n"),
        ("migrations/005_d.sql", "create table d ();\n-- @down\ndrop table d;\n"),
        ("migrations/new/006_e.sql", "create table e ();\n"),
        (
            "whimbrel.toml",
            "[history.main]\nformat = 'plain'\nfolder = 'migrations'\nrepeatable = ['views/*.sql']\n",
        ),
    ])
}

#[tokio::test]
async fn preview_and_up_say_what_status_says_of_the_files() {
    let project = odd().with_database().await;
    let warnings = |line: &str| project.done(line).json()["warnings"].clone();
    let said = warnings("status --json");
    let messages: Vec<&str> =
        said.as_array().unwrap().iter().map(|one| one["message"].as_str().unwrap()).collect();
    assert_eq!(messages.len(), 4, "{messages:?}");
    assert_eq!(warnings("preview --json --no-rehearsal"), said);
    let shown = project.done("preview --no-rehearsal").out;
    for message in &messages {
        assert_eq!(shown.matches(message).count(), 1, "{message} in {shown}");
    }
    assert_eq!(warnings("up --yes --json --no-rehearsal"), said);
    // With nothing to do, and once more when that is known by heart.
    for _ in 0..2 {
        assert_eq!(warnings("up --yes --json"), said);
        let shown = project.done("up --yes").out;
        assert!(messages.iter().all(|message| shown.contains(message)), "{shown}");
    }
    assert_eq!(warnings("down --yes --json --no-rehearsal"), Value::Array(Vec::new()));
}

#[tokio::test]
async fn a_run_says_a_few_warnings_and_how_many_more_there_are() {
    let project = Project::new(&[]).with_database().await;
    for number in 1..=9 {
        project.write(&format!("migrations/{:03}_a.sql", number * 10), "select 1;\n");
    }
    let shown = project.done("preview --no-rehearsal").out;
    assert_eq!(shown.matches("are missing between").count(), 5, "{shown}");
    assert!(shown.contains("3 more warnings: `whimbrel status` shows them"), "{shown}");
}
