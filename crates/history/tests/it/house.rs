//! What holds of the source itself.

use std::fs;
use std::path::{Path, PathBuf};

use whimbrel_history::{formats, ledgers, tools};

/// All source files below a folder of this crate, with their texts.
fn sources(folder: &str) -> Vec<(PathBuf, String)> {
    fn walk(folder: &Path, found: &mut Vec<(PathBuf, String)>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(&path, found);
            } else {
                let text = fs::read_to_string(&path).unwrap();
                found.push((path, text));
            }
        }
    }
    let mut found = Vec::new();
    walk(&Path::new(env!("CARGO_MANIFEST_DIR")).join(folder), &mut found);
    found
}

fn count(folder: &str, what: &str) -> usize {
    sources(folder).iter().map(|(_, text)| text.matches(what).count()).sum()
}

#[test]
fn no_format_no_ledger_and_no_tool_is_forgotten() {
    // A tool that only has marks of its own is a constant of the one type for such.
    let marked = count("src/formats", ": Marked = Marked {");
    let others = count("src/formats", "\nimpl Format for ") - 1;
    assert_eq!(marked + others, formats::ALL.len());
    assert_eq!(count("src/ledgers", "\nimpl Ledger for "), ledgers::ALL.len());
    assert_eq!(count("src/tools", "\nimpl Tool for "), tools::ALL.len());
}

#[test]
fn nothing_else_names_a_format_or_a_ledger() {
    let names: Vec<&str> = formats::ALL
        .iter()
        .map(|format| format.name())
        .chain(ledgers::ALL.iter().map(|ledger| ledger.name()))
        .collect();
    let mut others = 0;
    for (path, text) in sources("src") {
        let own = path
            .components()
            .any(|part| matches!(part.as_os_str().to_str(), Some("formats" | "ledgers" | "tools")));
        if own {
            continue;
        }
        others += 1;
        let code = text.split("#[cfg(test)]").next().unwrap();
        for name in &names {
            assert!(!code.contains(&format!("\"{name}\"")), "{} in {}", name, path.display());
        }
    }
    assert!(others > 5, "the sources were found");
}

#[test]
fn nothing_reads_the_world() {
    for (path, text) in sources("src") {
        let code = text.split("#[cfg(test)]").next().unwrap();
        for forbidden in
            ["std::fs", "std::env", "std::time", "std::net", "SystemTime", "HashMap", "HashSet"]
        {
            assert!(!code.contains(forbidden), "{forbidden} in {}", path.display());
        }
    }
}

#[test]
fn every_tool_and_every_format_of_a_tool_has_its_line_in_the_page() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/adopt.md");
    let page = fs::read_to_string(page).unwrap();
    let part = |heading: &str| {
        let (_, rest) = page.split_once(heading).expect("the page has it");
        rest.split("\n## ").next().unwrap().to_owned()
    };
    let (known, read) = (part("\n## What is known of"), part("\n## Files that are read"));
    for tool in tools::ALL {
        let name = tool.name();
        assert!(known.contains(&format!("\n| `{name}` | ")), "{name} is not in docs/adopt.md");
        if formats::by_name(name).is_some() {
            assert!(read.contains(&format!(" | `{name}` | ")), "{name} is not in docs/adopt.md");
        }
    }
}
