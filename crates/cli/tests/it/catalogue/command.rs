//! The command line and what is around it.

use std::fs::File;
use std::process::{Command, Stdio};

use whimbrel_app::catalogue::Code;

use super::Seen;
use crate::kit::{Project, Said};

#[tokio::test]
async fn every_error_comes() {
    let mut seen = Seen::of("W10");
    let project = Project::example("plain").with_database().await;
    seen.run(Code::COMMAND_LINE, &project, "up --yess");
    seen.run(Code::UNKNOWN_CODE, &project, "explain W9999");
    seen.json(Code::SURROUNDINGS, &nowhere(&project));

    let mut full = project.command(&["explain"]);
    full.stdout(File::create("/dev/full").unwrap());
    seen.text(Code::OUTPUT, &Said::new(full.output().unwrap()));

    project.write("latin1", "");
    std::fs::write(project.path().join("latin1"), b"select 'caf\xe9'").unwrap();
    let mut new = project.command(&["new", "add_coffee", "--json"]);
    new.stdin(Stdio::from(File::open(project.path().join("latin1")).unwrap()));
    seen.json(Code::STDIN, &Said::new(new.output().unwrap()));

    seen.text(Code::EDITOR, &project.run("new add_notes --edit"));
    project.remove("migrations/0004_add_notes.up.sql");
    project.remove("migrations/0004_add_notes.down.sql");
    seen.text(Code::PROGRAM, &project.run("up --yes --no-rehearsal --then no-such-program"));
    seen.whole();
}

/// A command in a folder that is gone.
fn nowhere(project: &Project) -> Said {
    let folder = project.path().join("gone");
    std::fs::create_dir(&folder).unwrap();
    let mut shell = Command::new("sh");
    shell.args(["-c", "rmdir ../gone; exec \"$0\" status --json", env!("CARGO_BIN_EXE_whimbrel")]);
    Said::new(shell.current_dir(folder).output().unwrap())
}
