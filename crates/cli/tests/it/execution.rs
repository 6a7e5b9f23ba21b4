//! What docs/execution.md promises of every command, and of how a script is run.

use std::time::Duration;

use crate::help::commands;
use crate::kit::{Project, Said};

#[tokio::test]
async fn a_header_that_wants_no_transaction_has_its_statements_run_apart() {
    let xids = "create table %s as select pg_current_xact_id()::text as xid;\n";
    let script = format!("{}{}", xids.replace("%s", "a"), xids.replace("%s", "b"));
    let apart = xids.replace("%s", "c") + &xids.replace("%s", "d");
    let project = Project::new(&[
        ("migrations/001_together.sql", &script),
        ("migrations/002_apart.sql", &format!("-- whimbrel: transaction=none\n{apart}")),
    ]);
    let project = project.with_database().await;
    project.done("up --yes --no-rehearsal");
    let same = |tables: &str| format!("select bool_and(l.xid = r.xid)::text from {tables}");
    assert_eq!(project.sql(&same("a l, b r")).await.as_deref(), Some("true"));
    assert_eq!(project.sql(&same("c l, d r")).await.as_deref(), Some("false"));
}

#[tokio::test]
async fn preview_says_how_each_file_runs_and_why() {
    let project = Project::new(&[
        ("migrations/001_block.sql", "begin;\ncreate table a (id int);\ncommit;\n"),
        ("migrations/002_beside.sql", "begin;\nselect 1;\ncommit;\nselect 2;\n"),
        ("migrations/003_two.sql", "begin;\nselect 1;\ncommit;\nbegin;\nselect 2;\ncommit;\n"),
    ]);
    let project = project.with_database().await;
    let report = project.done("preview --no-rehearsal --json").json();
    let runs: Vec<&str> = (0..3)
        .map(|number| report["migrations"][number]["transaction"].as_str().unwrap())
        .collect();
    assert_eq!(runs, ["one", "steps", "steps"], "{report}");
    let said = project.done("preview --no-rehearsal");
    for line in ["001_block  pending  one transaction", "step by step"] {
        let squeezed = said.out.split_whitespace().collect::<Vec<_>>().join(" ");
        let line = line.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(squeezed.contains(&line), "{}", said.whole());
    }
    for (id, because) in [("002_beside", "outside"), ("003_two", "block")] {
        let named = said.out.lines().find(|line| line.starts_with(&format!("{id}: ")));
        assert!(named.is_some_and(|line| line.contains(because)), "{id}: {}", said.whole());
    }
}

#[tokio::test]
async fn every_command_has_json_and_behaves_without_a_terminal() {
    for command in commands() {
        let project = Project::example("plain").with_database().await;
        let help = project.done(&format!("{command} --help")).out;
        for option in ["--json", "--quiet", "--no-color"] {
            assert!(help.contains(option), "{command} {option}");
        }
        for options in ["--json", "--json --quiet --no-color", "--quiet", "--no-color", ""] {
            // Nobody sits there, and stdin is at its end: it must neither ask nor hang.
            let said = project.run(&format!("{command} {options}"));
            assert!(!said.whole().contains('\u{1b}'), "{command} {options}: {}", said.whole());
            if options.contains("--json") && !said.out.is_empty() {
                assert!(said.json().is_object(), "{command} {options}: {}", said.whole());
            }
            // What was asked for as data is no talk.
            if options == "--quiet" && !["script", "schema"].contains(&command.as_str()) {
                assert_eq!(said.out, "", "{command}");
            }
            // These want a word more, which the line that tells so names.
            let wants_a_word =
                ["completions", "diff", "new", "repair", "shadow"].contains(&command.as_str());
            if !wants_a_word && said.code != 0 {
                assert!(
                    said.err.contains("hint: ") || options.contains("--json"),
                    "{}",
                    said.whole()
                );
            }
        }
    }
}

#[tokio::test]
async fn a_wait_longer_than_a_second_says_what_it_waits_for() {
    let project = Project::new(&[
        ("migrations/001_create_users.sql", "create table users (id int);\n"),
        (
            "migrations/002_name.sql",
            "-- whimbrel: lock_timeout=10s\nalter table users add name text;\n",
        ),
    ]);
    let project = project.with_database().await;
    project.done("up --yes --no-rehearsal --to 1");
    let mut holder = project.session().await;
    holder.simple("set application_name = 'the holder'; begin; lock users").await.unwrap();
    let waits = project.command(&["up", "--yes", "--no-rehearsal"]).spawn().unwrap();
    tokio::time::sleep(Duration::from_millis(2500)).await;
    // Its own wait, and that of a run that waits for it.
    let next = project.command(&["up", "--yes", "--no-rehearsal"]).spawn().unwrap();
    tokio::time::sleep(Duration::from_secs(2)).await;
    holder.simple("commit").await.unwrap();
    let waited = Said::new(waits.wait_with_output().unwrap());
    assert_eq!(waited.code, 0, "{}", waited.whole());
    assert!(waited.err.contains("waits for pid "), "{}", waited.whole());
    assert!(waited.err.contains("the holder"), "{}", waited.whole());
    let next = Said::new(next.wait_with_output().unwrap());
    assert_eq!(next.code, 0, "{}", next.whole());
    assert!(next.err.contains("waiting for the lock held by pid "), "{}", next.whole());
}
