//! The file for the project's programs.

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};
use std::process::Command;

use super::{Dev, USERS};

#[test]
fn a_new_file_is_for_its_owners_eyes_and_a_known_one_stays_as_it_is_beside_the_line() {
    let dev = Dev::new(&[USERS]);
    let said = dev.done("start --env-file .env");
    assert!(said.out.contains("DATABASE_URL in .env was added"), "{}", said.whole());
    let url = dev.url("");
    assert!(!said.whole().contains(&url), "{}", said.whole());
    assert_eq!(dev.0.read(".env"), format!("DATABASE_URL={url}\n"));
    let mode = fs::metadata(dev.0.path().join(".env")).unwrap().mode();
    assert_eq!(mode & 0o777, 0o600);

    let before = "# mine\r\nA='1'\r\nDATABASE_URL=\"\" # dev\r\nB=2";
    dev.0.write(".env", before);
    fs::set_permissions(dev.0.path().join(".env"), Permissions::from_mode(0o640)).unwrap();
    let said = dev.done("start --env-file .env");
    assert!(said.out.contains("was changed"), "{}", said.whole());
    let after = format!("# mine\r\nA='1'\r\nDATABASE_URL=\"{url}\" # dev\r\nB=2");
    assert_eq!(dev.0.read(".env"), after);
    let mode = fs::metadata(dev.0.path().join(".env")).unwrap().mode();
    assert_eq!(mode & 0o777, 0o640);
    assert!(dev.done("start --env-file .env").out.contains("is up to date"));
    // What was written leads there.
    dev.0.done("status --check");
}

#[test]
fn another_variable_and_a_file_elsewhere_behind_a_link() {
    let dev = Dev::new(&[USERS, ("shared/env", "A=1\n")]);
    symlink("shared/env", dev.0.path().join(".env.local")).unwrap();
    dev.done("start --env-file .env.local --env-var PG_URL");
    let url = dev.url("");
    assert_eq!(dev.0.read("shared/env"), format!("A=1\nPG_URL={url}\n"));
    assert!(dev.0.path().join(".env.local").is_symlink());
}

#[test]
fn a_value_that_leads_to_another_machine_is_replaced_by_force_alone() {
    let dev = Dev::new(&[USERS]);
    let text = "DATABASE_URL=postgres://app:hunter2secret@db.example/app\n";
    dev.0.write(".env", text);
    let said = dev.run("start --env-file .env");
    assert_eq!(said.code, 4, "{}", said.whole());
    assert!(said.err.contains("does not lead to this machine"), "{}", said.whole());
    assert!(!said.whole().contains("hunter2secret"), "{}", said.whole());
    assert_eq!(dev.0.read(".env"), text);
    assert_eq!(dev.json("status")["server"]["state"], "stopped", "it was started all the same");
    dev.done("start --env-file .env --force");
    assert_eq!(dev.0.read(".env"), format!("DATABASE_URL={}\n", dev.url("")));
}

#[test]
fn a_file_that_git_would_commit_is_warned_of() {
    let dev = Dev::new(&[USERS]);
    let init = Command::new("git").args(["init", "-q"]).current_dir(dev.0.path()).status();
    assert!(init.unwrap().success());
    let said = dev.done("start --env-file .env");
    assert!(said.out.contains("git would commit .env"), "{}", said.whole());
    dev.0.write(".gitignore", ".env*\n");
    let said = dev.done("start --env-file .env");
    assert!(!said.out.contains("git would commit"), "{}", said.whole());
}
