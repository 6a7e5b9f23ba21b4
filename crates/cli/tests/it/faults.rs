//! A sample of the fault walk; `cargo test --release -p whimbrel --test fault-walk` makes the whole.

use whimbrel_testkit::faults::{Harm, Part, Report, Script, Walk, Way, scripts};

const MAJOR: u16 = 17;

/// Makes a part of the walk and holds it to what must always be.
fn walk(scripts: Vec<Script>, harms: &[Harm], major: u16, places: usize) {
    let routes = scripts.len() * Way::ALL.len() * harms.len();
    let walk = Walk {
        whimbrel: env!("CARGO_BIN_EXE_whimbrel").into(),
        program: "this one".to_owned(),
        scripts,
        harms: harms.to_vec(),
        ways: Way::ALL.to_vec(),
        major,
        part: Part::Sample(places),
        workers: 2,
        keep: None,
    };
    let report: Report = walk.run(&mut |_| {});
    let failures = report.failures();
    assert!(failures.is_empty(), "{} failures:\n{}", failures.len(), failures.join("\n"));
    assert_eq!(report.points(), routes * places, "every point is reached");
}

#[test]
fn a_run_whose_connection_is_cut_leaves_what_the_next_one_finishes() {
    walk(scripts(), &[Harm::Cut], MAJOR, 3);
}

#[test]
fn a_run_that_is_killed_leaves_what_the_next_one_finishes() {
    walk(scripts(), &[Harm::Kill], MAJOR, 4);
}

#[test]
fn a_run_whose_server_process_is_terminated_leaves_what_the_next_one_finishes() {
    walk(scripts(), &[Harm::Terminate], MAJOR, 3);
}

#[test]
fn a_run_whose_server_restarts_leaves_what_the_next_one_finishes() {
    walk(scripts(), &[Harm::Restart], MAJOR, 3);
}

/// One script that is a transaction, one that goes step by step, on the other majors.
#[test]
fn faults_are_survived_on_every_major() {
    for major in [14, 15, 16, 18] {
        let mut scripts = scripts();
        scripts.retain(|script| {
            ["six migrations in one message", "concurrent indexes"].contains(&script.name)
        });
        assert_eq!(scripts.len(), 2);
        walk(scripts, &Harm::ALL, major, 2);
    }
}
