//! The rules of the house that a compiler does not know.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::kit::root;

/// Which of our crates each may depend on: DESIGN.md, section 3.
const ARROWS: &[(&str, &[&str])] = &[
    ("whimbrel-sql", &[]),
    ("whimbrel-catalog", &["whimbrel-sql"]),
    ("whimbrel-history", &["whimbrel-sql"]),
    ("whimbrel-engine", &["whimbrel-catalog", "whimbrel-history", "whimbrel-sql"]),
    (
        "whimbrel-app",
        &[
            "whimbrel-engine",
            "whimbrel-lint",
            "whimbrel-history",
            "whimbrel-catalog",
            "whimbrel-sql",
        ],
    ),
    ("whimbrel", &["whimbrel-app"]),
    ("whimbrel-embed", &[]),
    ("whimbrel-python", &["whimbrel-app"]),
    ("whimbrel-example-axum-start", &["whimbrel-app"]),
    ("whimbrel-testkit", &["whimbrel-engine"]),
    ("whimbrel-benches", &["whimbrel-engine", "whimbrel-testkit"]),
];

/// What a crate must not know, by the crates that would make it know.
const FORBIDDEN: &[(&str, &[&str])] = &[
    ("whimbrel-sql", &["tokio", "serde_json", "clap"]),
    ("whimbrel-catalog", &["tokio", "postgres-protocol", "clap"]),
    ("whimbrel-history", &["tokio", "postgres-protocol", "clap"]),
    ("whimbrel-engine", &["clap", "anstream", "console", "indicatif"]),
    ("whimbrel-app", &["clap", "anstream", "anstyle", "console", "indicatif"]),
    ("whimbrel", &["postgres-protocol", "toml", "sha2"]),
];

/// The dependencies of each of our crates that are shipped with it.
fn dependencies() -> BTreeMap<String, BTreeSet<String>> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args(["metadata", "--format-version", "1", "--no-deps", "--offline"])
        .current_dir(root())
        .output()
        .unwrap();
    let metadata: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let name = |value: &serde_json::Value| value["name"].as_str().unwrap().to_owned();
    let packages = metadata["packages"].as_array().unwrap().iter();
    packages
        .map(|package| {
            let shipped = package["dependencies"].as_array().unwrap().iter();
            let shipped = shipped.filter(|dependency| dependency["kind"].is_null()).map(name);
            (name(package), shipped.collect())
        })
        .collect()
}

#[test]
fn the_arrows_between_crates_are_those_of_the_design() {
    let dependencies = dependencies();
    let known: BTreeSet<&str> = ARROWS.iter().map(|(name, _)| *name).collect();
    let there: BTreeSet<&str> = dependencies.keys().map(String::as_str).collect();
    assert_eq!(there, known, "a crate without arrows, or arrows without a crate");
    for (from, allowed) in ARROWS {
        let ours = dependencies[*from].iter().filter(|name| name.starts_with("whimbrel"));
        for to in ours {
            assert!(allowed.contains(&to.as_str()), "{from} must not depend on {to}");
        }
    }
}

#[test]
fn no_crate_knows_what_it_must_not() {
    let dependencies = dependencies();
    for (name, forbidden) in FORBIDDEN {
        for other in *forbidden {
            assert!(!dependencies[*name].contains(*other), "{name} must not know {other}");
        }
    }
}

#[test]
fn every_file_is_declared_by_the_one_above_it() {
    for file in sources() {
        let stem = file.file_stem().unwrap().to_str().unwrap();
        if matches!(stem, "main" | "lib" | "build") || file.parent().unwrap().ends_with("bin") {
            continue;
        }
        let (name, folder) = if stem == "mod" {
            let folder = file.parent().unwrap();
            (folder.file_name().unwrap().to_str().unwrap(), folder.parent().unwrap())
        } else {
            (stem, file.parent().unwrap())
        };
        let above = folder.with_extension("rs");
        let above = [folder.join("mod.rs"), folder.join("lib.rs"), folder.join("main.rs"), above];
        let line = format!("mod {name};");
        let declares =
            |path: &PathBuf| fs::read_to_string(path).is_ok_and(|text| text.contains(&line));
        assert!(above.iter().any(declares), "{} is in no `mod` line", file.display());
    }
}

#[test]
fn files_are_short_and_finished() {
    // Put together at run time, so that this file does not hold what it looks for.
    let unfinished = ["todo", "unimplemented", "dbg"].map(|word| format!("{word}!("));
    let hidden = ["allow(", "ignore"].map(|word| format!("#[{word}"));
    for file in sources() {
        let text = fs::read_to_string(&file).unwrap();
        let shown = file.display();
        assert!(text.lines().count() <= 800, "{shown} is longer than 800 lines");
        for word in unfinished.iter().chain(&hidden) {
            assert!(!text.contains(word.as_str()), "{shown} has {word}");
        }
        let is_test = file.iter().any(|part| part == "tests" || part == "tests.rs");
        assert!(is_test || text.starts_with("//!"), "{shown} does not say what it is");
    }
}

#[test]
fn every_dependency_earns_its_place_in_the_list() {
    let page = fs::read_to_string(root().join("docs/dependencies.md")).unwrap();
    for (name, dependencies) in dependencies() {
        for dependency in dependencies.iter().filter(|name| !name.starts_with("whimbrel")) {
            let names = |line: &str| {
                let first = line.strip_prefix("| ").and_then(|rest| rest.split(" | ").next());
                first.is_some_and(|cell| cell.split([',', ' ', '(']).any(|word| word == dependency))
            };
            assert!(
                page.lines().any(names),
                "{dependency}, which {name} uses, is not in docs/dependencies.md"
            );
        }
    }
}

/// The code of some folders, with the files' paths; what only tests is left out.
fn code(folders: &[&str]) -> Vec<(PathBuf, String)> {
    let folders: Vec<PathBuf> = folders.iter().map(|folder| root().join(folder)).collect();
    let files = sources().into_iter();
    let files = files.filter(|file| folders.iter().any(|folder| file.starts_with(folder)));
    files
        .map(|file| {
            let text = fs::read_to_string(&file).unwrap();
            let code = text.split("#[cfg(test)]").next().unwrap().to_owned();
            (file, code)
        })
        .collect()
}

#[test]
fn nothing_above_history_names_a_format_or_a_ledger() {
    let formats = whimbrel_app::formats::ALL.iter().map(|format| format.name());
    let ledgers = whimbrel_app::ledgers::ALL.iter().map(|ledger| ledger.name());
    // One ledger has the program's name.
    let names: Vec<&str> =
        formats.chain(ledgers).filter(|name| *name != env!("CARGO_PKG_NAME")).collect();
    for (file, code) in code(&["crates/engine/src", "crates/app/src", "crates/cli/src"]) {
        for name in &names {
            assert!(!code.contains(&format!("\"{name}\"")), "{} names {name}", file.display());
        }
    }
}

#[test]
fn nothing_but_its_two_files_names_a_command() {
    // Two are directions of a migration as well, and one is a table of whimbrel.toml.
    let cases = whimbrel_app::cases::ALL.iter().map(|case| case.name);
    let names: Vec<&str> = cases.filter(|name| !["up", "down", "dev"].contains(name)).collect();
    // What is aimed at has a name in one more place: where several commands share what they do.
    let own = ["crates/app/src/cases", "crates/cli/src/commands", "crates/app/src/run/mod.rs"];
    let own = own.map(|path| root().join(path));
    for (file, code) in code(&["crates/app/src", "crates/cli/src"]) {
        if own.iter().any(|path| file.starts_with(path)) {
            continue;
        }
        for name in &names {
            assert!(!code.contains(&format!("\"{name}\"")), "{} names {name}", file.display());
        }
    }
}

/// All Rust files of the workspace.
pub(crate) fn sources() -> Vec<PathBuf> {
    let mut files = Vec::new();
    collect(&root().join("crates"), &mut files);
    files.sort();
    assert!(files.len() > 100, "{}", files.len());
    files
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        if path.is_dir() && name != "target" && name != "fuzz" {
            collect(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
}

/// Whether a crate has a test of this path, or the module of one that ends in `::`.
pub(crate) fn has_test(krate: &str, path: &str) -> bool {
    let crates = root().join("crates").join(krate);
    let (module, name) = path.rsplit_once("::").unwrap();
    let file = module.replace("::", "/");
    let above =
        module.rsplit_once("::").map_or(String::new(), |(above, _)| above.replace("::", "/"));
    let files =
        [format!("tests/it/{file}.rs"), format!("src/{file}.rs"), format!("src/{above}.rs")];
    let wanted = if name.is_empty() { "#[test]".to_owned() } else { format!("fn {name}()") };
    files.iter().any(|file| {
        let text = fs::read_to_string(crates.join(file)).unwrap_or_default();
        text.replace("#[tokio::test]", "#[test]").contains(&wanted)
    })
}

#[test]
fn every_pain_names_tests_that_are_there() {
    let page = fs::read_to_string(root().join("docs/pains.md")).unwrap();
    let pains: Vec<&str> = page.lines().filter(|line| line.starts_with("| ")).skip(2).collect();
    assert_eq!(pains.len(), 25);
    for pain in pains {
        for test in pain.split('`').filter(|part| part.contains("::")) {
            let krate = if test.starts_with("run::") { "engine" } else { "cli" };
            assert!(has_test(krate, test), "{test} is not there: {pain}");
        }
    }
}

#[test]
fn every_promise_of_execution_has_its_test() {
    let page = fs::read_to_string(root().join("docs/execution.md")).unwrap();
    let mut promises = 0;
    for row in page.lines().filter(|line| line.starts_with("| ") && !line.starts_with("| ---")) {
        let (_, tests) = row.trim_end_matches(" |").rsplit_once(" | ").unwrap();
        if tests == "test" {
            continue;
        }
        promises += 1;
        let named: Vec<&str> = tests.split('`').filter(|part| part.contains("::")).collect();
        assert!(!named.is_empty(), "no test holds: {row}");
        for test in named {
            let (krate, path) = test.split_once("::").unwrap();
            assert!(has_test(krate, path), "{test} is not there: {row}");
        }
    }
    assert!(promises > 40, "the rows were found");
}

#[test]
fn every_variable_of_our_own_is_in_the_reference() {
    let all = [whimbrel_app::environment::VARIABLES, whimbrel_app::environment::FOR_HOOKS];
    let named: BTreeSet<&str> =
        all.iter().flat_map(|list| list.iter()).map(|(name, _)| *name).collect();
    let mut found = 0;
    for (file, code) in code(&["crates/engine/src", "crates/app/src", "crates/cli/src"]) {
        for rest in code.split("\"WHIMBREL_").skip(1) {
            let name = format!("WHIMBREL_{}", rest.split('"').next().unwrap());
            assert!(named.contains(name.as_str()), "{} reads {name}", file.display());
            found += 1;
        }
    }
    assert!(found > 4, "the variables were found");
}

#[test]
fn every_link_of_the_pages_leads_to_a_file() {
    let mut pages = vec![root().join("README.md"), root().join("CHANGELOG.md")];
    for entry in fs::read_dir(root().join("docs")).unwrap() {
        pages.push(entry.unwrap().path());
    }
    let mut links = 0;
    for page in pages.iter().filter(|page| page.extension().is_some_and(|end| end == "md")) {
        let text = fs::read_to_string(page).unwrap();
        for link in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let path = link.split('#').next().unwrap();
            if path.is_empty() || path.contains("://") {
                continue;
            }
            links += 1;
            let target = page.parent().unwrap().join(path);
            assert!(target.exists(), "{} links to {link}", page.display());
        }
    }
    assert!(links > 10, "the pages were found");
}
