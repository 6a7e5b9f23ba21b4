//! What a hand-written migration loses is named before it runs, and never asked about twice.

use serde_json::{Value, json};

use crate::kit::{Project, check};

/// Customers with three rows, and a second migration that is about to hurt them.
async fn customers(second: &str) -> Project {
    let project = Project::new(&[(
        "migrations/001_customers.up.sql",
        "create schema app;\ncreate table app.customers (id int, email text);\n",
    )]);
    project.write("migrations/001_customers.down.sql", "drop schema app cascade;\n");
    let project = project.with_database().await;
    project.done("up --yes --no-rehearsal");
    project.sql("insert into app.customers select 1, 'a' from generate_series(1, 3)").await;
    project.write("migrations/002_tidy_up.up.sql", second);
    project.write("migrations/002_tidy_up.down.sql", "select 1;\n");
    project
}

fn loss(how: &str, kind: &str, name: &str) -> Value {
    json!([{ "how": how, "kind": kind, "name": name, "rows": 3, "counted": true }])
}

#[tokio::test]
async fn a_dropped_column_is_named_by_preview_and_by_up() {
    let project = customers("alter table app.customers drop column email;\n").await;
    check("losses_preview", &project.show("preview"));
    let expected = loss("dropped", "column", "app.customers.email");
    let preview = project.done("preview --json").json();
    assert_eq!(preview["migrations"][0]["losses"], expected, "{preview}");
    check("losses_up", &project.show("up --yes"));
}

#[tokio::test]
async fn a_down_script_names_the_rows_that_it_drops() {
    let project = customers("select 1;\n").await;
    let report = project.done("down --all --yes --json").json();
    assert_eq!(report["migrations"].as_array().unwrap().len(), 1, "{report}");
    assert_eq!(report["migrations"][0]["losses"], loss("dropped", "table", "app.customers"));
}

#[tokio::test]
async fn an_emptied_table_is_named_and_the_json_says_what_is_not_known() {
    let project = customers("truncate app.customers;\n").await;
    let unknown = project.done("preview --no-rehearsal --json").json();
    assert_eq!(unknown["migrations"][0]["losses"], Value::Null);
    let said = project.done("preview --no-rehearsal");
    assert!(said.out.contains("it is not known whether anything is lost"), "{}", said.whole());
    let report = project.done("up --yes --json").json();
    let expected = loss("emptied-or-rewritten", "table", "app.customers");
    assert_eq!(report["migrations"][0]["losses"], expected);
    project.done("down --yes");
}

#[tokio::test]
async fn what_loses_nothing_says_so() {
    let project = customers("alter table app.customers rename email to address;\n").await;
    let report = project.done("up --yes --json").json();
    assert_eq!(report["migrations"][0]["losses"], json!([]), "{report}");
}
