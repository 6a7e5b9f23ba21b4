//! Seed files.

use crate::kit::Project;

#[tokio::test]
async fn a_seed_runs_once_after_the_migrations_and_a_change_is_said() {
    let project = Project::new(&[
        ("supabase/config.toml", ""),
        ("supabase/migrations/20250101000000_notes.sql", "create table notes (body text);"),
        ("supabase/seed.sql", "insert into notes values ('first');"),
    ])
    .with_database()
    .await;
    let report = project.done("up --yes --json").json();
    assert_eq!(report["seeds"], serde_json::json!([]));
    assert_eq!(project.sql("select count(*) from notes").await.as_deref(), Some("0"));
    let report = project.done("up --yes --seed --dry-run --json").json();
    assert_eq!(report["seeds"][0]["result"], "not-run");
    let report = project.done("up --yes --seed --json").json();
    assert_eq!(report["seeds"][0]["result"], "done");
    let report = project.done("up --yes --seed --json").json();
    assert_eq!(report["seeds"][0]["result"], serde_json::Value::Null);
    project.write("supabase/seed.sql", "insert into notes values ('second');");
    let said = project.done("up --yes --seed");
    assert!(said.out.contains("changed since it ran, not run again"), "{}", said.whole());
    assert_eq!(project.sql("select count(*) from notes").await.as_deref(), Some("1"));
}

#[tokio::test]
async fn a_seed_that_fails_leaves_nothing_and_runs_again() {
    let project = Project::new(&[
        ("supabase/migrations/20250101000000_notes.sql", "create table notes (body text);"),
        ("supabase/seed.sql", "insert into notes values ('one');\nselect 1 / 0;"),
    ])
    .with_database()
    .await;
    let said = project.run("up --yes --seed");
    assert_eq!(said.code, 1, "{}", said.whole());
    assert!(said.err.contains("supabase/seed.sql:2"), "{}", said.whole());
    assert_eq!(project.sql("select count(*) from notes").await.as_deref(), Some("0"));
    project.write("supabase/seed.sql", "insert into notes values ('one');");
    project.done("up --yes --seed");
    assert_eq!(project.sql("select count(*) from notes").await.as_deref(), Some("1"));
}
