//! The person at the terminal, on a real pseudo-terminal.

use std::io::{Read as _, Write as _};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use whimbrel_testkit::PgDump;

use crate::kit::Project;

const CTRL_C: &str = "\u{3}";
const CTRL_D: &str = "\u{4}";

/// `whimbrel` on a terminal, and whoever sits there.
struct Seated {
    child: Child,
    shown: String,
}

impl Seated {
    /// Runs a command line on a terminal that util-linux's `script` makes.
    fn at(project: &Project, line: &str) -> Self {
        let whimbrel = env!("CARGO_BIN_EXE_whimbrel");
        let mut script = Command::new("script");
        script.args(["-qec", &format!("exec '{whimbrel}' {line}"), "/dev/null"]);
        script.current_dir(project.path()).env_clear().env("TERM", "xterm").env("SHELL", "/bin/sh");
        let given = project.command(&[]);
        script.envs(given.get_envs().filter_map(|(name, value)| Some((name, value?))));
        script.stdin(Stdio::piped()).stdout(Stdio::piped());
        let child = script.spawn().unwrap_or_else(|error| {
            panic!("no terminal: {error}; `script` is in Debian's package bsdutils")
        });
        Self { child, shown: String::new() }
    }

    /// Waits until a text is on the screen.
    fn sees(&mut self, text: &str) {
        while !self.shown.contains(text) {
            self.sees_more(text);
        }
    }

    /// Waits until something more is on the screen, in the hope of a text.
    fn sees_more(&mut self, hoping_for: &str) {
        let mut bytes = [0; 1024];
        let count = self.child.stdout.as_mut().unwrap().read(&mut bytes).unwrap();
        assert_ne!(count, 0, "it ended without `{hoping_for}`: {}", self.shown);
        self.shown.push_str(&String::from_utf8_lossy(&bytes[..count]));
    }

    /// Presses keys.
    fn types(&mut self, keys: &str) {
        self.child.stdin.as_mut().unwrap().write_all(keys.as_bytes()).unwrap();
    }

    /// Presses a key until it is heard: the terminal itself takes one that comes before its mode is
    /// set.
    fn presses(&mut self, key: &str) {
        while self.child.try_wait().unwrap().is_none() {
            // It may end meanwhile, and hear nothing more.
            let _ = self.child.stdin.as_mut().unwrap().write_all(key.as_bytes());
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// How it ended.
    fn ends(mut self) -> (i32, String) {
        let mut rest = Vec::new();
        self.child.stdout.as_mut().unwrap().read_to_end(&mut rest).unwrap();
        self.shown.push_str(&String::from_utf8_lossy(&rest));
        (self.child.wait().unwrap().code().unwrap(), self.shown)
    }
}

/// A project with one migration, and somebody who is asked about it.
async fn asked(line: &str, question: &str) -> (Project, Seated) {
    let protected = "[env.production]\nurl_env = 'DATABASE_URL'\nprotected = true\n";
    let project = Project::new(&[
        ("migrations/001_create_users.sql", "create table users (id int);\n"),
        ("whimbrel.toml", if line.contains("--env") { protected } else { "" }),
    ]);
    let project = project.with_database().await;
    let mut seated = Seated::at(&project, line);
    seated.sees(question);
    (project, seated)
}

/// Whether the migration ran.
async fn has_run(project: &Project) -> bool {
    project.sql("select to_regclass('users')").await.is_some()
}

#[tokio::test]
async fn whoever_is_asked_sees_the_hooks() {
    let project = Project::new(&[
        ("migrations/001_create_users.sql", "create table users (id int);\n"),
        ("whimbrel.toml", "[hooks]\nbefore = 'touch before'\n"),
    ]);
    let project = project.with_database().await;
    let mut seated = Seated::at(&project, "up --no-rehearsal");
    seated.sees("hook before: touch before");
    seated.sees("Go on?");
    seated.types("n\r");
    assert_eq!(seated.ends().0, 4);
    assert!(!project.path().join("before").exists());
}

#[tokio::test]
async fn yes_runs_what_was_shown() {
    let (project, mut seated) = asked("up --no-rehearsal", "Go on?").await;
    for shown in ["001_create_users", "1 migration will be applied.", "It is not known whether"] {
        assert!(seated.shown.contains(shown), "{}", seated.shown);
    }
    seated.types("y\r");
    let (code, shown) = seated.ends();
    assert_eq!(code, 0, "{shown}");
    assert!(has_run(&project).await, "{shown}");
}

#[tokio::test]
async fn only_the_whole_word_is_a_yes() {
    for (typed, code) in [("YES\r", 0), ("nothing yet\r", 4), ("yy\r", 4), ("maybe\ry\r", 4)] {
        let (project, mut seated) = asked("up --no-rehearsal", "Go on?").await;
        seated.types(typed);
        let (ended, shown) = seated.ends();
        assert_eq!(ended, code, "{typed:?}: {shown}");
        assert_eq!(has_run(&project).await, code == 0, "{typed:?}: {shown}");
    }
}

#[tokio::test]
async fn keys_pressed_before_the_question_answer_nothing() {
    let files = [("migrations/001_create_users.sql", "create table users (id int);\n")];
    let project = Project::new(&files).with_database().await;
    let protected = "[env.production]\nurl_env = 'DATABASE_URL'\nprotected = true\n";
    for (line, config, ahead, question) in [
        ("up --no-rehearsal", "", "y\r", "Go on?"),
        ("up --yes --no-rehearsal", protected, "production\r", "to go on: "),
        ("up --yes --no-rehearsal --env production", protected, "production\r", "to go on: "),
    ] {
        project.write("whimbrel.toml", config);
        let mut seated = Seated::at(&project, line);
        seated.types(ahead);
        seated.sees(question);
        seated.types("no\r");
        let (code, shown) = seated.ends();
        assert_eq!(code, 4, "{shown}");
        assert!(!has_run(&project).await, "{shown}");
    }
}

#[tokio::test]
async fn no_runs_nothing() {
    for key in ["n\r", "\r"] {
        let (project, mut seated) = asked("up --no-rehearsal", "Go on?").await;
        seated.types(key);
        let (code, shown) = seated.ends();
        assert_eq!(code, 4, "{shown}");
        assert!(shown.contains("nothing was done"), "{shown}");
        assert!(shown.contains("[W4003]"), "{shown}");
        assert!(!has_run(&project).await, "{shown}");
    }
}

#[tokio::test]
async fn the_end_of_input_is_a_no() {
    let (project, mut seated) = asked("up --no-rehearsal", "Go on?").await;
    seated.presses(CTRL_D);
    let (code, shown) = seated.ends();
    assert_eq!(code, 4, "{shown}");
    assert!(!has_run(&project).await, "{shown}");
}

#[tokio::test]
async fn an_interrupt_at_the_question_runs_nothing() {
    let (project, mut seated) = asked("up --no-rehearsal", "Go on?").await;
    seated.presses(CTRL_C);
    let (code, shown) = seated.ends();
    assert_eq!(code, 130, "{shown}");
    assert!(!has_run(&project).await, "{shown}");
}

#[tokio::test]
async fn a_protected_environment_wants_its_name_typed() {
    let up = "up --yes --no-rehearsal --env production";
    let question = "Type `production` to go on: ";
    for (typed, code) in [("producer\u{7f}\u{7f}tion\r", 0), ("prodution\r", 4), ("\r", 4)] {
        let (project, mut seated) = asked(up, question).await;
        seated.types(typed);
        let (ended, shown) = seated.ends();
        assert_eq!(ended, code, "{typed:?}: {shown}");
        assert_eq!(has_run(&project).await, code == 0, "{shown}");
    }
    for (key, code) in [(CTRL_D, 4), (CTRL_C, 130)] {
        let (project, mut seated) = asked(up, question).await;
        seated.presses(key);
        let (ended, shown) = seated.ends();
        assert_eq!(ended, code, "{shown}");
        assert!(!has_run(&project).await, "{shown}");
    }
}

#[tokio::test]
async fn on_error_ask_goes_on_only_when_told_so() {
    let annotated = |id: &str, needs: &str, sql: &str| {
        format!(
            "-- Migration: {id}\n-- Type: custom_sql\n-- Depends on: [{needs}]\n-- @up\n{sql}\n"
        )
    };
    for (key, goes_on) in [("y\r", true), ("n\r", false), (CTRL_D, false)] {
        let project = Project::new(&[
            ("sql/migrations/001_a.sql", &annotated("001_a", "", "select nonsense;")),
            ("sql/migrations/002_b.sql", &annotated("002_b", "001_a", "create table b ();")),
            ("sql/migrations/003_c.sql", &annotated("003_c", "", "create table c ();")),
        ]);
        let project = project.with_database().await;
        let mut seated = Seated::at(&project, "up --yes --no-rehearsal --on-error ask");
        seated.sees("Go on with what does not depend on it?");
        if key == CTRL_D {
            seated.presses(key);
        } else {
            seated.types(key);
        }
        let (code, shown) = seated.ends();
        assert_eq!(code, 1, "{shown}");
        assert_eq!(project.sql("select to_regclass('b')").await, None, "{shown}");
        assert_eq!(project.sql("select to_regclass('c')").await.is_some(), goes_on, "{shown}");
    }
}

/// Each takes more than a second, in a database that is made for it.
const SLOW: &[(&str, &str)] = &[
    (
        "migrations/001_table.sql",
        "create table a (id int primary key, filler text);\n\
         insert into a select n, repeat('x', 800) from generate_series(1, 2000) n;\n\
         create function slow(id int) returns int language plpgsql immutable as\n\
         $$ begin perform pg_sleep(0.0004); return id; end $$;\n\
         create table b (id int);\n\
         create function slow() returns trigger language plpgsql as\n\
         $$ begin perform pg_sleep(0.001); return new; end $$;\n\
         create trigger slow before insert on b for each row execute function slow();\n",
    ),
    ("migrations/002_index.sql", "create index a_slow on a (slow(id));\n"),
    (
        "migrations/003_vacuum.sql",
        "set vacuum_cost_delay = '20ms';\nset vacuum_cost_limit = 3;\nvacuum a;\n",
    ),
    ("migrations/004_cluster.sql", "cluster a using a_pkey;\n"),
];

#[tokio::test]
async fn a_person_sees_how_far_an_index_a_vacuum_a_cluster_and_a_copy_are() {
    let project = Project::new(SLOW).with_database().await;
    let rows = "1\n".repeat(2000);
    project.write("migrations/005_copy.sql", &format!("copy b from stdin;\n{rows}\\.\n"));
    let mut seated = Seated::at(&project, "up --yes --no-rehearsal");
    // How far it is comes before what 80 columns have no room for.
    for (command, measure) in [
        ("002_index: create index ", "%: building"),
        ("003_vacuum: vacuum ", "%: scanning heap"),
        ("004_cluster: cluster: ", "rebuilding index"),
        ("005_copy: copy from: ", " rows"),
    ] {
        seated.sees(command);
        let before = seated.shown.rfind(command).unwrap();
        while !seated.shown[before..].contains(measure) {
            seated.sees_more(measure);
        }
    }
    let (code, shown) = seated.ends();
    assert_eq!(code, 0, "{shown}");
}

#[tokio::test]
async fn whoever_is_asked_about_a_first_migration_sees_its_notes_and_a_no_leaves_nothing() {
    let project = Project::new(&[]).with_database_of(PgDump::MAJOR).await;
    let project = project.with("WHIMBREL_PG_DUMP", PgDump::get().path().to_str().unwrap());
    let mapping = "create foreign data wrapper files; create server far foreign data wrapper files; \
                   create user mapping for public server far options (password 'hunter2')";
    project.sql(mapping).await;
    for (key, ends) in [("n\r", 4), (CTRL_C, 130)] {
        let mut seated = Seated::at(&project, "adopt --from-database");
        seated.sees("Go on?");
        for shown in ["001_baseline", "the user mapping of"] {
            assert!(seated.shown.contains(shown), "{}", seated.shown);
        }
        seated.presses(key);
        let (code, shown) = seated.ends();
        assert_eq!(code, ends, "{shown}");
        assert!(!project.path().join("sql").exists(), "{shown}");
    }
    assert_eq!(project.sql("select to_regnamespace('whimbrel')").await, None);
}
