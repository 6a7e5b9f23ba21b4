//! What is typed, and what is said of how to go on.

use std::process::Stdio;

use crate::kit::Project;

#[test]
fn help_before_a_command_is_its_help() {
    let project = Project::new(&[]);
    for command in ["up", "dev start", "runs"] {
        let asked = project.done(&format!("help {command}")).out;
        assert_eq!(asked, project.done(&format!("{command} --help")).out);
    }
    assert_eq!(project.done("help").out, project.done("--help").out);
    let unknown = project.run("help upp");
    assert_eq!(unknown.code, 2);
    assert!(unknown.err.contains("'upp'"), "{}", unknown.whole());
}

#[tokio::test]
async fn to_ask_at_an_error_somebody_must_be_there_from_the_beginning() {
    let project = Project::new(&[("migrations/001_a.sql", "create table a ();\n")]);
    let project = project.with_database().await;
    let said = project.run("up --yes --no-rehearsal --on-error ask");
    assert_eq!(said.code, 2, "{}", said.whole());
    assert!(said.err.contains("`--on-error ask` needs a terminal"), "{}", said.whole());
    assert_eq!(project.sql("select to_regclass('a')").await, None);
}

#[tokio::test]
async fn a_preview_names_the_command_that_runs_what_it_shows() {
    let project = Project::new(&[
        ("migrations/001_a.sql", "create table a ();\n"),
        ("whimbrel.toml", "[env.it]\nurl_env = 'DATABASE_URL'\n"),
    ]);
    let project = project.with_database().await;
    let hint = |line: &str| {
        let out = project.done(line).out;
        let (_, hint) = out.split_once("hint: `").unwrap();
        hint.split_once('`').unwrap().0.to_owned()
    };
    assert_eq!(hint("preview --no-rehearsal"), "whimbrel up");
    assert_eq!(
        hint("preview --env it --to 1 --full --no-rehearsal"),
        "whimbrel up --env it --to 1"
    );
    assert_eq!(hint("--env=it up --dry-run --to 1"), "whimbrel --env=it up --to 1");
    let url = project.url();
    assert_eq!(
        hint(&format!("preview --database-url {url} --no-rehearsal")),
        "whimbrel up --database-url …"
    );
    assert_eq!(hint("status --env it"), "whimbrel up --env it");
    assert_eq!(project.run("status --env it --check").code, 3);
}

#[tokio::test]
async fn the_table_of_states_fits_eighty_columns() {
    let project = Project::new(&[
        (
            "whimbrel.toml",
            "[history.first]\nfolder = 'a'\nformat = 'plain'\n[history.second]\nfolder = 'b'\nformat = 'plain'\n",
        ),
        ("a/001_create_the_first_table_of_all.sql", "create table a ();\n"),
        ("b/003_create_the_second_table_of_all.sql", "create table b ();\n"),
    ]);
    let project = project.with_database().await;
    project.done("up --yes --no-rehearsal");
    project.write("b/002_create_one_that_comes_before.sql", "create table c ();\n");
    project.write("a/001_create_the_first_table_of_all.sql", "create table a (); -- now\n");
    let mut script = std::process::Command::new("script");
    let status = format!("stty rows 24 cols 80; exec '{}' status", env!("CARGO_BIN_EXE_whimbrel"));
    script.args(["-qec", &status, "/dev/null"]).current_dir(project.path());
    let given = project.command(&[]);
    script.env_clear().env("TERM", "xterm").env("NO_COLOR", "1").env("SHELL", "/bin/sh");
    script.envs(given.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let shown = script.stdin(Stdio::null()).output().unwrap().stdout;
    let shown = String::from_utf8(shown).unwrap();
    let mut lines = shown.lines().skip_while(|line| !line.starts_with("hist"));
    let table: Vec<&str> = lines.by_ref().take_while(|line| !line.trim().is_empty()).collect();
    assert_eq!(table.len(), 4, "{shown}");
    for line in table {
        assert!(line.trim_end().chars().count() <= 80, "{} in {shown}", line.chars().count());
    }
}

#[test]
fn a_missing_folder_is_named_before_its_format_is_asked_for() {
    let project = Project::new(&[("whimbrel.toml", "[history.app]\nfolder = 'nope'\n")]);
    let said = project.run("status --database-url postgres://localhost:1/x");
    assert_eq!(said.code, 2, "{}", said.whole());
    let message = "the folder `nope` of history `app` is not there, and nothing says its format";
    assert!(said.err.contains(message), "{}", said.whole());
    assert!(said.err.contains("folder"), "{}", said.whole());
}
