use std::process::Command;

use tempfile::TempDir;

use super::*;

/// A folder in which commands of git were given, one a line.
fn repository(commands: &str) -> (TempDir, Utf8PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let root = Utf8PathBuf::try_from(folder.path().canonicalize().unwrap()).unwrap();
    git(&root, "init -q -b main");
    for line in commands.lines().map(str::trim).filter(|line| !line.is_empty()) {
        git(&root, line);
    }
    (folder, root)
}

fn git(root: &Utf8Path, line: &str) {
    let mut command = Command::new("git");
    command.args(["-c", "user.name=t", "-c", "user.email=t@example.com"]);
    command.args(line.split_whitespace()).current_dir(root);
    command.env("GIT_CONFIG_GLOBAL", "/dev/null").env("GIT_CONFIG_SYSTEM", "/dev/null");
    let said = command.output().unwrap();
    assert!(said.status.success(), "{line}: {}", String::from_utf8_lossy(&said.stderr));
}

fn on(name: &str) -> Head {
    Head::Branch(name.to_owned())
}

#[test]
fn a_repository_without_a_commit_has_its_branch() {
    let (_folder, root) = repository("");
    let git = Git::of(&root).unwrap();
    assert_eq!(git.head(), on("main"));
    assert_eq!(git.main_branch().as_deref(), Some("main"));
}

#[test]
fn it_is_found_from_a_folder_within() {
    let (_folder, root) = repository("switch -q -c feature/login");
    let below = root.join("apps/web");
    fs::create_dir_all(&below).unwrap();
    let git = Git::of(&below).unwrap();
    assert_eq!(git.head(), on("feature/login"));
    assert_eq!(git.tree(), root);
}

#[test]
fn a_commit_that_is_checked_out_is_no_branch() {
    let (_folder, root) = repository("commit -q --allow-empty -m a\ncheckout -q --detach");
    assert_eq!(Git::of(&root).unwrap().head(), Head::Detached);
}

#[test]
fn a_branch_that_is_being_rebased_is_still_the_branch() {
    let (_folder, root) = repository("commit -q --allow-empty -m a");
    fs::write(root.join("f"), "1").unwrap();
    git(&root, "add f");
    git(&root, "commit -q -m b");
    git(&root, "switch -q -c topic HEAD~1");
    fs::write(root.join("f"), "2").unwrap();
    git(&root, "add f");
    git(&root, "commit -q -m c");
    let mut rebase = Command::new("git");
    rebase.args(["-c", "user.name=t", "-c", "user.email=t@example.com", "rebase", "-q", "main"]);
    assert!(!rebase.current_dir(&root).output().unwrap().status.success(), "no conflict");
    assert_eq!(Git::of(&root).unwrap().head(), on("topic"));
}

#[test]
fn a_further_working_tree_has_its_own_branch_and_shares_the_others() {
    let (_folder, root) = repository("commit -q --allow-empty -m a\nworktree add -q -b side tree");
    let git = Git::of(&root.join("tree")).unwrap();
    assert_eq!(git.head(), on("side"));
    assert_eq!(git.branches(), BTreeSet::from(["main".to_owned(), "side".to_owned()]));
    assert_eq!(Git::of(&root).unwrap().head(), on("main"));
}

#[test]
fn packed_branches_count_and_removed_ones_do_not() {
    let (_folder, root) = repository(
        "commit -q --allow-empty -m a
         branch a/b
         branch c
         branch gone
         pack-refs --all
         branch d
         branch -q -D gone",
    );
    let names: Vec<String> = Git::of(&root).unwrap().branches().into_iter().collect();
    assert_eq!(names, ["a/b", "c", "d", "main"]);
}

#[test]
fn a_branch_remembers_where_it_came_from() {
    let (_folder, root) = repository(
        "commit -q --allow-empty -m a
         switch -q -c one
         switch -q -c two
         branch three main
         switch -q main
         switch -q -c four two
         branch -m four five",
    );
    let git = Git::of(&root).unwrap();
    assert_eq!(git.origins("two"), ["one", "main"]);
    assert_eq!(git.origins("three"), ["main"]);
    assert_eq!(git.origins("five")[0], "four");
    assert_eq!(git.origins("main"), Vec::<String>::new());
    assert_eq!(git.origins("never"), Vec::<String>::new());
}

#[test]
fn outside_of_a_repository_there_is_none() {
    let folder = tempfile::tempdir().unwrap();
    let root = Utf8PathBuf::try_from(folder.path().to_owned()).unwrap();
    assert!(Git::of(&root).is_none());
}
