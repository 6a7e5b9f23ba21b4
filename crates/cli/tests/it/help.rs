//! Help texts.

use std::collections::BTreeSet;
use std::fs;
use std::process::Command;

use crate::kit::{Project, Said, check, root};

/// The commands that help lists.
pub(crate) fn commands() -> Vec<String> {
    listed(&Project::new(&[]).done("--help").out)
}

/// The commands that a help text lists, but for help itself.
pub(crate) fn listed(help: &str) -> Vec<String> {
    let lines = help.lines().skip_while(|line| *line != "Commands:").skip(1);
    let names =
        lines.map_while(|line| line.trim_start().split_once(' ').map(|(name, _)| name.to_owned()));
    names.filter(|name| !name.is_empty() && name != "help").collect()
}

/// What the examples of a command's help have typed, behind the program's name.
pub(crate) fn examples(command: &str) -> Vec<String> {
    let help = Project::new(&[]).done(&format!("{command} --help")).out;
    let (_, examples) = help.split_once("Examples:\n").unwrap();
    let lines = examples.lines().filter(|line| !line.trim().is_empty());
    lines
        .map(|line| {
            let typed = line.trim().split("  ").next().unwrap();
            typed.split_once("whimbrel ").unwrap().1.to_owned()
        })
        .collect()
}

#[test]
fn the_help_of_the_program_lists_its_commands() {
    check("help", &Project::new(&[]).show("--help"));
    check("help_short", &Project::new(&[]).show("-h"));
}

#[test]
fn every_command_has_help_with_examples_that_begin_with_it() {
    let project = Project::new(&[]);
    let commands = commands();
    assert!(!commands.is_empty(), "help lists none");
    for command in commands {
        let help = project.done(&format!("{command} --help")).out;
        check(&format!("help_{command}"), &help);
        let (_, examples) =
            help.split_once("Examples:\n").unwrap_or_else(|| panic!("{command} has no examples"));
        let named = format!("whimbrel {command}");
        let lines: Vec<&str> = examples.lines().filter(|line| !line.trim().is_empty()).collect();
        assert!(lines.len() >= 2, "{command} has one example or none");
        assert!(lines.iter().all(|line| line.contains(&named)), "{command}: {lines:?}");
        assert!(help.lines().all(|line| line.chars().count() <= 100), "{command}: too wide");
    }
}

#[test]
fn every_example_of_the_help_is_a_command_line_that_parses() {
    let project = Project::new(&[]);
    for command in commands() {
        for typed in examples(&command) {
            let typed = typed.split(" | ").next().unwrap();
            let mut words: Vec<&str> =
                typed.split_whitespace().take_while(|word| *word != "--then").collect();
            // What stands before it is parsed, and nothing is done.
            words.push("--help");
            let said = Said::new(project.command(&words).output().unwrap());
            assert_eq!(said.code, 0, "{typed}: {}", said.whole());
        }
    }
}

#[test]
fn every_command_has_its_file_and_every_use_case_its_command() {
    let in_folder = |folder: &str| -> BTreeSet<String> {
        let entries = fs::read_dir(root().join(folder)).unwrap();
        let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        names
            .filter_map(|name| Some(name.strip_suffix(".rs")?.to_owned()))
            .filter(|name| name != "mod")
            .collect()
    };
    let commands: BTreeSet<String> = commands().into_iter().collect();
    assert_eq!(in_folder("crates/cli/src/commands"), commands);
    let cases: BTreeSet<String> =
        whimbrel_app::cases::ALL.iter().map(|case| case.name.to_owned()).collect();
    assert_eq!(in_folder("crates/app/src/cases"), cases);
    // What is about the command line itself is no use case of the library.
    let own: Vec<&String> = commands.difference(&cases).collect();
    assert_eq!(own, ["completions", "schema"]);
    assert!(cases.is_subset(&commands));
}

#[test]
fn bash_completes_commands_and_options() {
    let script = Project::new(&[]).done("completions bash").out;
    let complete = |words: &str| {
        let ask = format!(
            "{script}\nCOMP_WORDS=({words})\nCOMP_CWORD=$((${{#COMP_WORDS[@]}} - 1))\n\
             _whimbrel whimbrel \"${{COMP_WORDS[COMP_CWORD]}}\" whimbrel\necho \"${{COMPREPLY[@]}}\""
        );
        let output = Command::new("bash").args(["-c", &ask]).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    };
    assert_eq!(complete("whimbrel stat"), "status");
    assert_eq!(complete("whimbrel up --no-re"), "--no-rehearsal");
    assert_eq!(complete("whimbrel completions zs"), "zsh");
}

#[test]
fn every_shell_has_its_script() {
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let script = Project::new(&[]).done(&format!("completions {shell}")).out;
        assert!(commands().iter().all(|command| script.contains(command.as_str())), "{shell}");
    }
}
