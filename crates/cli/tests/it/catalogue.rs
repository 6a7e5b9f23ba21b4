//! The catalogue of errors: each is produced for real, explained, and keeps its meaning.

use std::fmt::Write as _;
use std::fs;

use whimbrel_app::catalogue;

use crate::kit::{Project, check, root};

#[test]
fn ids_never_change_their_meaning() {
    let held = root().join("crates/cli/tests/it/catalogue/ids.txt");
    let mut now = String::new();
    for code in catalogue::all() {
        writeln!(now, "{} {} {}", code.id, code.exit.name(), code.title).unwrap();
    }
    let then = fs::read_to_string(&held).unwrap_or_default();
    for line in then.lines() {
        assert!(
            now.lines().any(|other| other == line),
            "`{line}` is gone or means something else; a code that is no longer used stays reserved"
        );
    }
    if std::env::var_os("WHIMBREL_WRITE").is_some() {
        fs::write(&held, &now).unwrap();
    } else {
        assert!(now == then, "new codes: WHIMBREL_WRITE=1 cargo test -p whimbrel catalogue::ids");
    }
}

#[test]
fn an_error_is_explained() {
    let project = Project::new(&[("whimbrel.toml", "not toml")]);
    check("explain", &project.show("explain W2001"));
    check("explain_json", &project.show("explain w2001 --json"));
    check("explain_unknown", &project.show("explain W9999"));
    check("explain_near", &project.show("explain E2001"));
    let all = project.done("explain").out;
    for code in catalogue::all() {
        assert!(all.contains(&format!("{}  {}", code.id, code.title)), "{code} in {all}");
    }
}
