//! Databases that another tool has filled: seen, and taken over.

use crate::kit::{Project, check, root};

/// What a tool left in a database, as it was recorded.
fn recorded(tool: &str) -> String {
    let path = format!("crates/history/tests/fixtures/ledgers/{tool}.sql");
    std::fs::read_to_string(root().join(path)).unwrap()
}

#[tokio::test]
async fn status_shows_the_ledgers_of_other_tools() {
    let project = Project::example("plain").with_database().await;
    for tool in ["prisma", "alembic", "knex"] {
        project.sql(&recorded(tool)).await;
    }
    let role = format!("reader_{}", std::process::id());
    check("status_others", &project.show("status"));
    project.sql(&format!("create role {role} login")).await;
    let url = project.url();
    let said = project.done(&format!("status --json --database-url {}", as_role(&url, &role)));
    project.sql(&format!("drop role {role}")).await;
    let others = &said.json()["others"];
    assert_eq!(others[1]["tool"], "alembic");
    assert_eq!(others[1]["entries"], serde_json::Value::Null, "{others}");
}

/// The same database as another role.
fn as_role(url: &str, role: &str) -> String {
    let (_, after) = url.split_once("://").unwrap();
    let (_, place) = after.split_once('@').unwrap_or(("", after));
    format!("postgres://{role}@{place}")
}
