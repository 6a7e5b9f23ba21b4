//! What is shown on a narrow terminal: no line is longer, and nothing that matters is cut.

use std::process::{Command, Stdio};

use regex::Regex;

use crate::dev::Dev;
use crate::kit::Project;

/// What a command line shows on a terminal of some columns, line by line, without colours.
fn lines(project: &Project, line: &str, columns: usize) -> Vec<String> {
    let whimbrel = env!("CARGO_BIN_EXE_whimbrel");
    let mut script = Command::new("script");
    let inner = format!("stty cols {columns}; exec '{whimbrel}' {line}");
    script.args(["-qec", &inner, "/dev/null"]);
    script.current_dir(project.path()).env_clear().env("TERM", "xterm").env("SHELL", "/bin/sh");
    script.env("PATH", std::env::var_os("PATH").unwrap());
    let given = project.command(&[]);
    script.envs(given.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let output = script.stdin(Stdio::null()).output().unwrap_or_else(|error| {
        panic!("no terminal: {error}; `script` is in Debian's package bsdutils")
    });
    let text = String::from_utf8(output.stdout).unwrap();
    let codes = Regex::new("\u{1b}\\[[0-9;?]*[A-Za-z]").unwrap();
    let plain = codes.replace_all(&text, "");
    // What moves is drawn over itself.
    plain.lines().map(|line| line.rsplit('\r').next().unwrap_or(line).to_owned()).collect()
}

/// Looks at what a command line shows on narrow terminals; each of the words is there whole.
fn fits(project: &Project, line: &str, words: &[&str]) {
    for columns in [40, 60] {
        let lines = lines(project, line, columns);
        let text = lines.join("\n");
        for line in &lines {
            assert!(line.chars().count() <= columns, "{columns}: `{line}` in\n{text}");
        }
        for word in words {
            assert!(text.contains(word), "{columns}: no `{word}` in\n{text}");
        }
    }
}

const LONG: &str = "20240102000000_add_an_index_for_orders_of_a_customer_by_date_and_state";

/// A project with long names, a modified file, another tool's ledger and a run.
async fn project() -> Project {
    let long = format!("migrations/{LONG}.sql");
    let project = Project::new(&[
        ("migrations/20240101000000_create_orders.sql", "create table orders (id int);\n"),
        (&long, "create index on orders (id);\n"),
    ]);
    let project = project.with_database().await;
    project.done("up --yes --no-rehearsal");
    project
        .write("migrations/20240101000000_create_orders.sql", "create table orders (id text);\n");
    project.write("migrations/20240103000000_drop_orders.sql", "drop table orders;\n");
    project.sql("create table alembic_version (version_num varchar(32) primary key)").await;
    project.sql("insert into alembic_version values ('0123456789abcdef0123456789abcdef')").await;
    project
}

#[tokio::test]
async fn status_fits() {
    let project = project().await;
    let words = ["20240101000000_create_orders", "state: modified", "alembic", "whimbrel up"];
    fits(&project, "status", &words);
    let lines = lines(&project, "status", 60);
    let name = lines.iter().position(|line| line.starts_with(&LONG[..60])).unwrap();
    assert_eq!(lines[name + 1].trim_start(), &LONG[60..]);
}

#[tokio::test]
async fn runs_and_what_would_run_fit() {
    let project = project().await;
    fits(&project, "runs", &["run 1", "state: done", "applied: 2"]);
    fits(&project, "runs show 1", &["result: applied"]);
    fits(&project, "preview --no-rehearsal", &["20240103000000_drop_orders"]);
    fits(&project, "doctor", &["connection"]);
}

#[tokio::test]
async fn an_error_with_hints_fits() {
    let project = project().await;
    fits(&project, "up --to 20240109000000_nothing", &["error[W3101]:", "hint:"]);
    fits(&project, "up --yes", &["error[W3202]:", "hint:"]);
    fits(&project, "explain E2001", &["hint: did you mean"]);
}

#[test]
fn help_fits() {
    let project = Project::new(&[]);
    for line in ["--help", "up --help", "adopt -h"] {
        fits(&project, line, &["--yes"][usize::from(line == "--help")..]);
    }
}

#[test]
fn what_is_kept_fits() {
    let dev = Dev::new(&[("migrations/001_create_users.sql", "create table users (id int);\n")]);
    dev.done("start");
    fits(&dev.0, "shadow list", &["size: ", "in use: "]);
    fits(&dev.0, "dev status", &["development"]);
}

#[tokio::test]
async fn an_empty_history_has_no_table() {
    let project = Project::new(&[(
        "whimbrel.toml",
        "[history.main]\nformat = 'plain'\nfolder = 'migrations'\n",
    )]);
    project.write("migrations/.gitkeep", "");
    let project = project.with_database().await;
    let said = project.done("status").out;
    assert!(!said.contains("\n\n\n"), "{said}");
    let lines: Vec<&str> = said.lines().collect();
    assert_eq!(lines.len(), 3, "{said}");
}

#[tokio::test]
async fn no_runs_at_all_cannot_be_asked_for() {
    let project = project().await;
    let said = project.run("runs -n 0");
    assert_eq!(said.code, 2, "{}", said.whole());
    assert!(said.err.contains("'0'"), "{}", said.whole());
}
