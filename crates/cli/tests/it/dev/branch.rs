//! A database for each branch.

use std::process::Command;

use super::{Dev, POSTS, USERS, value};

/// A project in a repository, on branch `main`.
fn repository(files: &[(&str, &str)]) -> Dev {
    let dev = Dev::new(files);
    git(&dev, "init -q -b main");
    git(&dev, "add .");
    git(&dev, "commit -q -m first");
    dev
}

fn git(dev: &Dev, line: &str) {
    let mut command = Command::new("git");
    command.args(["-c", "user.name=t", "-c", "user.email=t@example.com"]);
    command.args(line.split(' ')).current_dir(dev.0.path());
    command.env("GIT_CONFIG_GLOBAL", "/dev/null").env("GIT_CONFIG_SYSTEM", "/dev/null");
    let said = command.output().unwrap();
    assert!(said.status.success(), "{line}: {}", String::from_utf8_lossy(&said.stderr));
}

async fn names(dev: &Dev, line: &str) -> String {
    let mut session = dev.session(line).await;
    let all = value(&mut session, "select string_agg(name, ',' order by name) from users").await;
    session.close().await;
    all.unwrap_or_default()
}

async fn insert(dev: &Dev, line: &str, name: &str) {
    let mut session = dev.session(line).await;
    value(&mut session, &format!("insert into users select count(*), '{name}' from users")).await;
    session.close().await;
}

#[tokio::test]
async fn a_branch_has_a_copy_of_the_database_that_it_came_from() {
    let dev = repository(&[USERS]);
    dev.done("start --branch");
    assert!(dev.url("--branch").ends_with("/app"), "the main branch has the project's own");
    insert(&dev, "", "ada").await;
    git(&dev, "switch -q -c feature/login");
    let said = dev.run("url --branch");
    assert_eq!(said.code, 5, "{}", said.whole());
    assert!(said.err.contains("branch `feature/login` has no database yet"), "{}", said.whole());
    let report = dev.json("start --branch");
    assert_eq!(report["made"]["copy_of"], "app", "{report}");
    assert_eq!(report["branch"], "feature/login", "{report}");
    insert(&dev, "--branch", "bob").await;
    git(&dev, "switch -q -c feature/deeper");
    let report = dev.json("start --branch");
    let login = dev.url("--branch feature/login");
    assert!(login.ends_with(report["made"]["copy_of"].as_str().unwrap()), "{report}");
    assert_eq!(names(&dev, "--branch").await, "ada,bob");
    assert_eq!(names(&dev, "--branch main").await, "ada");
    assert_eq!(names(&dev, "").await, "ada");
}

#[tokio::test]
async fn a_reset_of_a_branch_leaves_the_others() {
    let dev = repository(&[USERS]);
    dev.done("start");
    insert(&dev, "", "ada").await;
    git(&dev, "switch -q -c topic");
    dev.done("start --branch");
    dev.0.write(POSTS.0, POSTS.1);
    let report = dev.json("reset --branch");
    assert_eq!(report["migrations"]["applied"], 2, "{report}");
    assert_eq!(names(&dev, "--branch").await, "");
    assert_eq!(names(&dev, "").await, "ada");
    let status = dev.json("status --branch");
    let ours = status["databases"].as_array().unwrap().iter().find(|one| one["is_current"] == true);
    assert_eq!(ours.unwrap()["branch"], "topic", "{status}");
}

#[tokio::test]
async fn whoever_uses_the_original_is_sent_away_for_the_copy_and_named() {
    let dev = repository(&[USERS]);
    dev.done("start");
    let client = dev.session("").await;
    git(&dev, "switch -q -c topic");
    let said = dev.done("start --branch");
    assert!(said.out.contains("sent away: a client"), "{}", said.whole());
    drop(client);
}

#[tokio::test]
async fn what_belongs_to_branches_that_are_gone_is_shown_and_pruned() {
    let dev = repository(&[USERS]);
    dev.done("start");
    for branch in ["stays", "goes"] {
        git(&dev, &format!("switch -q -c {branch}"));
        dev.done("start --branch");
    }
    git(&dev, "switch -q main");
    git(&dev, "branch -q -D goes");
    let status = dev.done("status");
    assert!(status.out.contains("its branch is gone"), "{}", status.whole());
    assert!(status.out.contains("whimbrel dev prune"), "{}", status.whole());
    let would = dev.json("prune --dry-run");
    assert_eq!(would["dropped"][0], "app_goes", "{would}");
    assert_eq!(would["databases"].as_array().unwrap().len(), 3, "{would}");
    // Somebody who is connected is no reason to keep it.
    let client = dev.session("--branch goes").await;
    dev.done("prune");
    drop(client);
    let report = dev.json("status");
    let left: Vec<&str> = report["databases"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["name"].as_str().unwrap())
        .collect();
    assert_eq!(left, ["app", "app_stays"]);
}

#[tokio::test]
async fn every_command_uses_the_branchs_database_where_the_project_says_so() {
    let dev = repository(&[USERS, ("whimbrel.toml", "[dev]\nper_branch = true\n")]);
    dev.done("start");
    insert(&dev, "", "ada").await;
    git(&dev, "switch -q -c topic");
    dev.0.write(POSTS.0, POSTS.1);
    // Whoever only looks makes nothing, and sends nobody away.
    let mut held = dev.session("--no-branch").await;
    for line in ["status --dev", "preview --dev", "doctor --dev", "runs --dev"] {
        let said = dev.0.run(line);
        assert_eq!(said.code, 5, "{line}: {}", said.whole());
        assert!(said.err.contains("branch `topic` has no database yet"), "{}", said.err);
    }
    assert_eq!(value(&mut held, "select 'here'").await.as_deref(), Some("here"));
    let said = dev.0.done("up --dev");
    assert!(said.err.contains("clients of `app` were sent away"), "{}", said.whole());
    let mut session = dev.session("").await;
    let is_there = "select current_database() || (to_regclass('posts') is not null)";
    assert_eq!(value(&mut session, is_there).await.as_deref(), Some("app_topictrue"));
    session.close().await;
    assert_eq!(names(&dev, "").await, "ada");
    assert!(dev.url("--no-branch").ends_with("/app"));
    git(&dev, "add .");
    git(&dev, "commit -q -m second");
    git(&dev, "checkout -q --detach");
    let said = dev.done("status");
    assert!(said.out.contains("no branch is checked out"), "{}", said.whole());
    assert!(dev.url("").ends_with("/app"));
    let asked = dev.run("start --branch");
    assert_eq!(asked.code, 2, "{}", asked.whole());
}

#[test]
fn a_further_working_tree_is_a_project_of_its_own() {
    let dev = repository(&[USERS]);
    git(&dev, "worktree add -q -b side tree");
    let tree = dev.0.path().join("tree");
    let run = |line: &str| {
        let words: Vec<&str> = line.split(' ').collect();
        crate::kit::Said::new(dev.0.command(&words).current_dir(&tree).output().unwrap())
    };
    let said = run("dev start --branch --json");
    assert_eq!(said.code, 0, "{}", said.whole());
    assert_eq!(said.json()["branch"], "side");
    assert_eq!(run("dev stop").code, 0);
    assert_eq!(run("shadow clean --dev").code, 0);
}

#[test]
fn without_a_repository_there_are_no_branches() {
    let dev = Dev::new(&[USERS]);
    for line in ["start --branch", "prune"] {
        let said = dev.run(line);
        assert_eq!(said.code, 2, "{}", said.whole());
        assert!(said.err.contains("is in no git repository"), "{}", said.whole());
    }
}
