//! What docs/adding.md promises: one file or folder, and two lines in one `mod.rs`.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use crate::house::sources;
use crate::kit::root;

/// A folder of things of one kind, and the slice in its `mod.rs` that lists them.
struct Registry {
    folder: &'static str,
    /// How a line of the slice begins, before the module's name.
    line: &'static str,
    /// What may use one of them by its name beside the slice, and why.
    users: &'static [(&'static str, &'static str)],
    /// Whether there is nothing else in the folder.
    alone: bool,
}

const REGISTRIES: &[Registry] = &[
    Registry { folder: "crates/history/src/formats", line: "&", users: &[], alone: false },
    Registry {
        folder: "crates/history/src/ledgers",
        line: "&",
        users: &[("crates/history/src/formats", "a format says which ledger it writes")],
        alone: false,
    },
    Registry { folder: "crates/history/src/tools", line: "&", users: &[], alone: false },
    Registry { folder: "crates/engine/src/shadow/providers", line: "&", users: &[], alone: true },
    Registry { folder: "crates/engine/src/shadow/baselines", line: "&", users: &[], alone: false },
    Registry {
        folder: "crates/app/src/cases",
        line: "&",
        users: &[
            ("crates/cli/src/commands", "how it is typed"),
            ("crates/app/src/migrator.rs", "the way in for a program that embeds its migrations"),
            ("crates/app/src/cases/preview.rs", "it is an `up` that stops before it runs"),
            (
                "crates/app/src/cases/adopt/from_database.rs",
                "a project that it begins is laid out as `init` lays one out",
            ),
            ("crates/cli/src/become_command.rs", "what `dev` is to become afterwards"),
            ("crates/app/src/config/keys.rs", "`dev` names its table of whimbrel.toml itself"),
            (
                "crates/app/src/cases/dev",
                "its status says what `status` says of the server's database",
            ),
        ],
        alone: true,
    },
    Registry { folder: "crates/cli/src/commands", line: "&Entry::<", users: &[], alone: true },
    Registry { folder: "crates/app/src/cases/doctor/checks", line: "&", users: &[], alone: true },
];

impl Registry {
    fn path(&self) -> PathBuf {
        root().join(self.folder)
    }

    fn text(&self) -> String {
        fs::read_to_string(self.path().join("mod.rs")).unwrap()
    }

    /// The modules that the slice lists, in its order.
    fn listed(&self) -> Vec<String> {
        let text = self.text();
        let (_, slice) = text.split_once("&[&").expect("there is a slice");
        let (_, lines) = slice.split_once("] = &[\n").expect("it has a line for each");
        let lines = lines.lines().take_while(|line| *line != "];");
        let module = |line: &str| {
            let path = line.trim().strip_prefix(self.line).expect("each line names one");
            path.split_once("::").expect("it is in a module").0.to_owned()
        };
        lines.map(module).collect()
    }

    /// The modules that lie in the folder.
    fn there(&self) -> BTreeSet<String> {
        let entries = fs::read_dir(self.path()).unwrap();
        let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let modules = names.map(|name| name.trim_end_matches(".rs").to_owned());
        modules.filter(|name| name != "mod").collect()
    }

    /// Whether a file is the slice's, or of one of the things themselves.
    fn is_own(&self, module: &str, file: &Path) -> bool {
        let inside = file.strip_prefix(self.path()).ok();
        inside.and_then(|inside| inside.iter().next()).is_some_and(|first| {
            let first = first.to_str().unwrap();
            first == "mod.rs" || first.trim_end_matches(".rs") == module
        })
    }

    /// Whether code names a module of the registry.
    fn is_named(&self, module: &str, file: &Path, code: &str) -> bool {
        let folder = self.folder.rsplit('/').next().unwrap();
        // Deeper down, `super` is something of the thing's own.
        let above = if file.ends_with("mod.rs") { file.parent() } else { Some(file) };
        let beside = above.and_then(Path::parent) == Some(&self.path());
        let words = |path: &str| -> BTreeSet<String> {
            let mut named = BTreeSet::new();
            for rest in code.split(path).skip(1) {
                let list = rest.strip_prefix('{').map(|rest| rest.split("};").next().unwrap());
                let first = rest.split(|c: char| !c.is_alphanumeric() && c != '_').next();
                named.extend(first.map(str::to_owned));
                let inner = list.unwrap_or_default().split([',', '{', '}', ' ', '\n']);
                let inner = inner.filter_map(|path| path.trim().split("::").next());
                named.extend(inner.map(str::to_owned));
            }
            named
        };
        words(&format!("{folder}::")).contains(module)
            || (beside && words("super::").contains(module))
    }
}

#[test]
fn each_thing_has_two_adjacent_lines_in_one_file() {
    for registry in REGISTRIES {
        let (text, listed) = (registry.text(), registry.listed());
        assert!(!listed.is_empty(), "{}", registry.folder);
        let names: BTreeSet<String> = listed.iter().cloned().collect();
        assert_eq!(names.len(), listed.len(), "{}: {listed:?}", registry.folder);
        let there = registry.there();
        for name in &names {
            assert!(there.contains(name), "{}/{name}", registry.folder);
            // `pub mod x;`, the line of the slice, and nothing else.
            let path = format!("{name}::");
            let word = |line: &&str| {
                let line = line.trim_start();
                let names = line.match_indices(&path).any(|(at, _)| {
                    !line[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == ':')
                });
                line.ends_with(&format!("mod {name};")) || (names && !line.starts_with("//"))
            };
            let code = text.split("#[cfg(test)]").next().unwrap();
            let lines: Vec<&str> = code.lines().filter(word).collect();
            assert_eq!(lines.len(), 2, "{}/mod.rs names {name}: {lines:?}", registry.folder);
        }
        if registry.alone {
            assert_eq!(names, there, "{} against its slice", registry.folder);
        }
    }
}

#[test]
fn nothing_but_its_registry_names_a_thing() {
    let code: Vec<(PathBuf, String)> = sources()
        .into_iter()
        .filter(|file| file.iter().any(|part| part == "src"))
        .map(|file| {
            let text = fs::read_to_string(&file).unwrap();
            (file, text.split("#[cfg(test)]").next().unwrap().to_owned())
        })
        .collect();
    let mut used = BTreeSet::new();
    for registry in REGISTRIES {
        for module in registry.listed() {
            for (file, text) in &code {
                if registry.is_own(&module, file) || !registry.is_named(&module, file, text) {
                    continue;
                }
                let allowed =
                    registry.users.iter().find(|(path, _)| file.starts_with(root().join(path)));
                let shown = file.display();
                let (path, _) = allowed
                    .unwrap_or_else(|| panic!("{shown} names {module} of {}", registry.folder));
                used.insert((registry.folder, *path));
            }
        }
    }
    for registry in REGISTRIES {
        for (path, why) in registry.users {
            assert!(used.contains(&(registry.folder, *path)), "{path} names none: {why}");
        }
    }
}
