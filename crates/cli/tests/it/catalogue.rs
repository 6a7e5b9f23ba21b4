//! The catalogue of errors: each is produced for real, explained, and keeps its meaning.

mod command;
mod comparing;
mod configuration;
mod connection;
mod hooks;
mod pooler;
mod run;
mod script;
mod server;
mod shadow;
mod steps;
mod tools;

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;

use whimbrel_app::catalogue::{self, Area, Code};

use crate::kit::{Project, Said, check, root};

/// The codes of an area, as they are produced.
struct Seen {
    area: &'static Area,
    codes: BTreeSet<&'static str>,
}

impl Seen {
    /// Nothing of the area whose ids begin like this.
    fn of(prefix: &str) -> Self {
        let mut areas = catalogue::AREAS.iter();
        let area = areas.find(|area| area.prefix == prefix).unwrap();
        Self { area, codes: BTreeSet::new() }
    }

    /// Runs a command line that ends with an error.
    fn run(&mut self, code: &Code, project: &Project, line: &str) {
        self.json(code, &project.run(&format!("{line} --json")));
    }

    /// Looks at the JSON of a command that ended with an error, and at what a person reads.
    fn json(&mut self, code: &Code, said: &Said) {
        let report = said.json();
        let error =
            report.get("error").or_else(|| report["errors"].get(0)).unwrap_or(&report).clone();
        assert_eq!(error["code"], code.id, "{}: {}", code.title, said.whole());
        assert_eq!(error["exit_code"], code.exit.code(), "{}", said.whole());
        let message = error["message"].as_str().unwrap();
        assert!(is_like(code.example, message), "{code}: `{}` is not `{message}`", code.example);
        self.text(code, said);
    }

    /// Looks at what a person reads, where there is no JSON to be had.
    fn text(&mut self, code: &Code, said: &Said) {
        assert!(said.err.contains(&format!("error[{code}]: ")), "{code}: {}", said.whole());
        assert_eq!(said.code, i32::from(code.exit.code()), "{}", said.whole());
        self.insert(code);
    }

    /// One that only a test of another crate, or of another file here, can produce.
    fn elsewhere(&mut self, code: &Code, test: &str) {
        let (krate, path) = test.split_once("::").unwrap();
        assert!(crate::house::has_test(krate, path), "{test} is not there");
        self.insert(code);
    }

    fn insert(&mut self, code: &Code) {
        assert!(code.id.starts_with(self.area.prefix), "{code} is of another area");
        self.codes.insert(catalogue::find(code.id).unwrap().id);
    }

    /// That was the whole area.
    fn whole(self) {
        let missing: Vec<String> = self
            .area
            .codes
            .iter()
            .filter(|code| !self.codes.contains(code.id))
            .map(|code| format!("{}: {}", code.id, code.title))
            .collect();
        assert!(missing.is_empty(), "nothing produces {missing:#?}");
    }
}

/// Whether an example and a message have most of their words in common.
fn is_like(example: &str, message: &str) -> bool {
    // Names and numbers are those of the situation.
    let is_common = |word: &&str| word.len() > 1 && word.chars().all(char::is_alphabetic);
    let words: Vec<&str> = example.split([' ', ':', ',']).filter(is_common).collect();
    let shared = words.iter().filter(|word| message.contains(**word)).count();
    shared * 4 >= words.len() * 3
}

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
fn every_area_has_its_file() {
    let folder = root().join("crates/cli/tests/it/catalogue");
    for area in catalogue::AREAS {
        let begins = format!("Seen::of(\"{}\")", area.prefix);
        let whole = fs::read_dir(&folder).unwrap().any(|entry| {
            let text = fs::read_to_string(entry.unwrap().path()).unwrap();
            text.contains(&begins) && text.contains("seen.whole()")
        });
        assert!(whole, "no file here produces the errors of {}", area.title);
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

#[test]
fn what_a_script_raises_is_explained() {
    let project = Project::new(&[]);
    check("explain_raised", &project.show("explain wb001"));
    let all = project.done("explain").out;
    let guard = fs::read_to_string(root().join("crates/engine/src/paste/guard.rs")).unwrap();
    let ways = fs::read_to_string(root().join("docs/ways.md")).unwrap();
    let codes: Vec<&str> = guard.split('"').filter(|text| is_raised(text)).collect();
    assert!(!codes.is_empty());
    for code in codes {
        let raised = catalogue::find_raised(code).unwrap_or_else(|| panic!("{code} is unknown"));
        assert!(all.contains(&format!("{code}  {}", raised.title)), "{code} in {all}");
        assert!(ways.contains(&format!("| {code} |")), "{code} is not in docs/ways.md");
        let report = project.done(&format!("explain {code} --json")).json();
        assert_eq!(report["raised"][0]["code"], code);
        assert_eq!(report["areas"].as_array().unwrap().len(), 0);
    }
}

fn is_raised(text: &str) -> bool {
    text.strip_prefix("WB").is_some_and(|rest| rest.len() == 3)
}
