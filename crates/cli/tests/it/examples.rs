//! The bundled example projects: what a newcomer runs first.

use std::fs;

use crate::kit::{Project, root};

#[test]
fn every_format_has_its_example() {
    let mut examples: Vec<String> = fs::read_dir(root().join("examples"))
        .unwrap()
        .map(|entry| entry.unwrap())
        // A program that runs its migrations is an example of something else.
        .filter(|entry| entry.path().is_dir())
        .filter(|entry| {
            ["Cargo.toml", "main.py"].iter().all(|file| !entry.path().join(file).exists())
        })
        .map(|entry| entry.file_name().into_string().unwrap())
        .collect();
    examples.sort();
    let mut formats: Vec<&str> =
        whimbrel_app::formats::ALL.iter().map(|format| format.name()).collect();
    formats.sort_unstable();
    assert_eq!(examples, formats);
}

#[tokio::test]
async fn every_example_goes_up_and_down_and_up_again() {
    for format in whimbrel_app::formats::ALL {
        let project = Project::example(format.name()).with_database().await;
        project.done("up --yes");
        assert_eq!(project.run("status --check").code, 0, "{}", format.name());
        if project.run("down --all --dry-run --no-rehearsal").code == 0 {
            project.done("down --all --yes");
            assert_eq!(project.run("status --check").code, 3, "{}", format.name());
            project.done("up --yes");
        }
        let report = project.done("status --json").json();
        assert_eq!(report["summary"]["pending"], 0, "{report}");
        assert_eq!(report["warnings"].as_array().map(Vec::len), Some(0), "{report}");
    }
}

#[test]
fn the_demonstration_of_the_readme_runs_in_an_embedded_database() {
    let project = Project::example("annotated");
    let said = project.done("up --dev");
    assert!(said.out.contains("6 migrations applied"), "{}", said.whole());
    let said = project.done("status --dev --check");
    assert!(said.out.contains("6 applied"), "{}", said.whole());
    let said = project.done("down --all --dev");
    assert!(said.out.contains("6 migrations undone"), "{}", said.whole());
    project.done("shadow clean --dev");
    let kept = project.done("shadow list --json").json();
    let path = project.path().to_str().unwrap();
    let is_ours = |kept: &serde_json::Value| kept["project"] == path;
    assert!(!kept["kept"].as_array().unwrap().iter().any(is_ours), "{kept}");
}
