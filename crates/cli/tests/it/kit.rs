//! A project in a folder of its own, a database of its own, and the binary.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use insta::Settings;
use regex::Regex;
use tempfile::TempDir;
use whimbrel_engine::Target;
use whimbrel_engine::wire::Session;
use whimbrel_testkit::{Database, Server};

use crate::shapes;

/// The major that commands are tested on; what differs between majors is tested below them.
pub(crate) const MAJOR: u16 = 17;

/// A project and perhaps its database.
pub(crate) struct Project {
    folder: TempDir,
    database: Option<Database>,
    variables: Vec<(String, String)>,
}

/// What a command said and how it ended.
pub(crate) struct Said {
    /// The exit code.
    pub(crate) code: i32,
    /// Standard output.
    pub(crate) out: String,
    /// Standard error.
    pub(crate) err: String,
    /// The command whose report it is, where that is known.
    command: Option<String>,
}

impl Project {
    /// A folder with files in it.
    pub(crate) fn new(files: &[(&str, &str)]) -> Self {
        let folder = tempfile::Builder::new().prefix("project").tempdir().unwrap();
        let project = Self { folder, database: None, variables: Vec::new() };
        for (path, text) in files {
            project.write(path, text);
        }
        project
    }

    /// A copy of one of the bundled examples.
    pub(crate) fn example(name: &str) -> Self {
        Self::copy_of(&root().join("examples").join(name))
    }

    /// A copy of a folder.
    pub(crate) fn copy_of(folder: &Path) -> Self {
        let project = Self::new(&[]);
        copy(folder, project.folder.path());
        project
    }

    /// The same with an empty database, which `DATABASE_URL` names.
    pub(crate) async fn with_database(self) -> Self {
        self.with_database_of(MAJOR).await
    }

    /// The same with one in a server of a major.
    pub(crate) async fn with_database_of(mut self, major: u16) -> Self {
        let database = Server::shared(major).await.database().await;
        self.variables.push(("DATABASE_URL".to_owned(), database.target().to_string()));
        self.database = Some(database);
        self
    }

    /// The same with a variable.
    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        self.variables.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Its folder.
    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// The URL of its database.
    pub(crate) fn url(&self) -> String {
        self.target().to_string()
    }

    /// Its database.
    pub(crate) fn target(&self) -> &Target {
        self.database.as_ref().unwrap().target()
    }

    /// Writes a file.
    pub(crate) fn write(&self, path: &str, text: &str) {
        let path = self.folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    /// Reads a file.
    pub(crate) fn read(&self, path: &str) -> String {
        fs::read_to_string(self.folder.path().join(path)).unwrap()
    }

    /// Removes a file.
    pub(crate) fn remove(&self, path: &str) {
        fs::remove_file(self.folder.path().join(path)).unwrap();
    }

    /// A session on its database.
    pub(crate) async fn session(&self) -> Session {
        Session::connect(self.target(), "test").await.unwrap()
    }

    /// Runs SQL, and answers the first value that it gives.
    pub(crate) async fn sql(&self, sql: &str) -> Option<String> {
        let mut session = self.session().await;
        let answers = session.simple(sql).await.unwrap();
        let value = answers.iter().find_map(|answer| answer.value().map(str::to_owned));
        session.close().await;
        value
    }

    /// The binary in the project's folder, knowing nothing of the world but where the shadow is.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_whimbrel"));
        command.args(arguments).current_dir(self.folder.path()).env_clear();
        // The shadow is cached where the test kit has it; the same bytes everywhere, please.
        for name in
            ["PATH", "HOME", "TMPDIR", "WHIMBREL_CACHE_DIR", "XDG_CACHE_HOME", "XDG_RUNTIME_DIR"]
        {
            if let Some(value) = std::env::var_os(name) {
                command.env(name, value);
            }
        }
        command.env("WHIMBREL_SHADOW_INSTALLED", "0").env("USER", "tester");
        command.envs(self.variables.iter().map(|(name, value)| (name, value)));
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// Runs a command line, its words parted by blanks.
    pub(crate) fn run(&self, line: &str) -> Said {
        let words: Vec<&str> = line.split_whitespace().collect();
        let command = words.iter().find(|word| !word.starts_with('-'));
        let said = Said::new(self.command(&words).output().unwrap());
        Said { command: command.map(|name| (*name).to_owned()), ..said }
    }

    /// Runs a command line that must end well.
    pub(crate) fn done(&self, line: &str) -> Said {
        let said = self.run(line);
        assert_eq!(said.code, 0, "{}", said.whole());
        said
    }

    /// Runs a command line and shows all of it, as a snapshot has it.
    pub(crate) fn show(&self, line: &str) -> String {
        format!("$ whimbrel {line}\n{}", self.run(line).whole())
    }
}

impl Said {
    /// Takes what a process left.
    pub(crate) fn new(output: Output) -> Self {
        let text = |bytes| String::from_utf8(bytes).unwrap();
        let code = output.status.code().unwrap_or(-1);
        Self { code, out: text(output.stdout), err: text(output.stderr), command: None }
    }

    /// All of it, stream by stream.
    pub(crate) fn whole(&self) -> String {
        let mut text = String::new();
        for (name, stream) in [("stdout", &self.out), ("stderr", &self.err)] {
            if !stream.is_empty() {
                writeln!(text, "--- {name}\n{}", stream.trim_end()).unwrap();
            }
        }
        writeln!(text, "--- exit code {}", self.code).unwrap();
        text
    }

    /// The report, which is as its schema says.
    pub(crate) fn json(&self) -> serde_json::Value {
        let report = serde_json::from_str(&self.out)
            .unwrap_or_else(|error| panic!("{error} in {}", self.out));
        if let Some(command) = &self.command {
            shapes::look(command, &report);
        }
        report
    }
}

/// One text of each thing in a list of a report.
pub(crate) fn texts<'r>(list: &'r serde_json::Value, key: &str) -> Vec<&'r str> {
    list.as_array().unwrap().iter().map(|one| one[key].as_str().unwrap()).collect()
}

/// The workspace's folder.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap().to_owned()
}

/// What no two runs have in common, and what stands for it.
const COVERED: &[(&str, &str)] = &[
    (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", "[time]"),
    (r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", "[time]            "),
    (r"\b\d{14}_", "[stamp]_"),
    (r" *\b\d+(\.\d)? (ms|s|min)\b", " [took]"),
    (r#"("execution_time_ms"|"milliseconds"): \d+"#, "$1: 0"),
    (r"portable server \d+\.\d+", "portable server"),
    (r#""server_version": "[^"]+""#, r#""server_version": "[version]""#),
    (r"Postgres \d+\.\d+", "Postgres [version]"),
    (r"by pg_dump \d+\.\d+", "by pg_dump [version]"),
    (r"\btest_\d+\b", "[database]"),
    (r"(/[\w.-]+)+/\.s\.PGSQL\.\d+", "[socket]"),
    (r"\?host=(/[\w.-]+)+", "?host=[folder]"),
    (r"\b\d+ of \d+ connections", "[some] of [all] connections"),
    (r"(/[\w.-]+)*/project\w{6}", "[project]"),
    // Columns are as wide as what no two runs have in common.
    (r"(\S) {3,}", "$1  "),
    (r" +took\b", " took"),
    (r"tester@[\w.-]+", "tester@[machine]"),
    (r"pid \d+", "pid [pid]"),
];

/// Covers what no two runs have in common.
pub(crate) fn cover(text: &str) -> String {
    COVERED.iter().fold(text.to_owned(), |text, (pattern, stands)| {
        Regex::new(pattern).unwrap().replace_all(&text, *stands).into_owned()
    })
}

/// Compares with the snapshot of a name; what no two runs have in common is covered.
pub(crate) fn check(name: &str, text: &str) {
    let mut settings = Settings::clone_current();
    settings.set_snapshot_path("snapshots");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!(name, cover(text)));
}

fn copy(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            fs::create_dir_all(&target).unwrap();
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}
