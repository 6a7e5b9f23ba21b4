//! Many processes that start at once, as the pods of a deployment do.

use crate::kit::{Project, Said};

/// How many.
const PODS: usize = 20;

#[tokio::test]
async fn twenty_processes_apply_each_migration_once_and_all_end_well() {
    let project = Project::new(&[("migrations/001_marks.sql", "create table marks (id int);\n")]);
    for number in 2..=10 {
        let path = format!("migrations/{number:03}_mark.sql");
        project.write(&path, &format!("insert into marks values ({number});\n"));
    }
    project.write("migrations/011_index.sql", "create index concurrently on marks (id);\n");
    let project = project.with_database().await;
    let line = ["up", "--yes", "--no-rehearsal", "--json"];
    let pods: Vec<_> = (0..PODS).map(|_| project.command(&line).spawn().unwrap()).collect();
    let said: Vec<Said> =
        pods.into_iter().map(|pod| Said::new(pod.wait_with_output().unwrap())).collect();
    let mut outcomes: Vec<String> = Vec::new();
    let mut applied = 0;
    for said in &said {
        assert_eq!(said.code, 0, "{}", said.whole());
        let report = said.json();
        outcomes.push(report["outcome"].as_str().unwrap().to_owned());
        let migrations = report["migrations"].as_array().unwrap();
        applied += migrations.iter().filter(|one| one["result"] == "done").count();
    }
    assert_eq!(applied, 11, "{outcomes:?}");
    assert_eq!(outcomes.iter().filter(|outcome| *outcome == "done").count(), 1, "{outcomes:?}");
    let others = ["nothing", "done-by-another"];
    let idle = outcomes.iter().filter(|outcome| others.contains(&outcome.as_str()));
    assert_eq!(idle.count(), PODS - 1, "{outcomes:?}");
    let marks = "select string_agg(id::text, ' ' order by id) from marks";
    assert_eq!(project.sql(marks).await.as_deref(), Some("2 3 4 5 6 7 8 9 10"));
    let executions = "select count(*) from whimbrel.migration_history";
    assert_eq!(project.sql(executions).await.as_deref(), Some("11"));
}

/// The server goes on with what a killed run sent last, and whoever does not want to wait for that
/// does not.
#[tokio::test]
async fn nobody_waits_for_what_a_killed_run_left_who_does_not_want_to() {
    let files = [("migrations/001_long.sql", "select pg_sleep(60);\n")];
    let project = Project::new(&files).with_database().await;
    let mut killed = project.command(&["up", "--yes", "--no-rehearsal"]).spawn().unwrap();
    let sleeps = "select count(*) from pg_stat_activity where wait_event = 'PgSleep' \
        and datname = current_database()";
    while project.sql(sleeps).await.as_deref() != Some("1") {
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    killed.kill().unwrap();
    killed.wait().unwrap();
    let said = project.run("up --yes --no-rehearsal --no-wait");
    assert_eq!(said.code, 6, "{}", said.whole());
    assert!(said.err.contains("a transaction of an earlier run"), "{}", said.err);
    assert_eq!(project.sql(sleeps).await.as_deref(), Some("1"));
}
