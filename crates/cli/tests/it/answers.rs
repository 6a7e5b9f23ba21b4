//! What is kept of an answer is never told once it is wrong.

use std::fs;
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use tempfile::TempDir;

use crate::kit::Project;

/// Two commands, each with a cache that knows what was answered, and with one that knows nothing.
struct Setup {
    project: Project,
    cache: TempDir,
}

const COMMANDS: [&str; 3] = ["status --json", "up --yes --json", "status"];

/// Waits until files are old enough to be known by their times.
fn settle() {
    std::thread::sleep(Duration::from_millis(3_200));
}

impl Setup {
    async fn new() -> Self {
        let project = Project::new(&[
            ("migrations/001_users.sql", "create table users (id int);"),
            ("migrations/002_notes.sql", "create table notes (id int);"),
            ("migrations/003_tags.sql", "create table tags (id int);"),
        ]);
        let cache = tempfile::tempdir().unwrap();
        let folder = cache.path().to_str().unwrap().to_owned();
        let project = project.with_database().await.with("WHIMBREL_CACHE_DIR", &folder);
        project.done("up --yes --no-rehearsal");
        let setup = Self { project, cache };
        settle();
        setup
    }

    /// The files with kept answers, and when they were written.
    fn kept(&self) -> Vec<(PathBuf, SystemTime)> {
        let Ok(entries) = fs::read_dir(self.cache.path().join("answers")) else {
            return Vec::new();
        };
        let mut kept: Vec<_> = entries
            .map(|entry| entry.unwrap().path())
            .map(|path| (path.clone(), fs::metadata(&path).unwrap().modified().unwrap()))
            .collect();
        kept.sort();
        kept
    }

    /// Asks with and without what is kept: both say the same.
    fn ask(&self, command: &str, after: &str) -> String {
        let nothing = tempfile::tempdir().unwrap();
        let words: Vec<&str> = command.split_whitespace().collect();
        let mut fresh = self.project.command(&words);
        // First with what is kept: a run without would change what there is to do.
        let known = self.project.run(command).whole();
        let fresh = fresh.env("WHIMBREL_CACHE_DIR", nothing.path()).output().unwrap();
        let fresh = crate::kit::Said::new(fresh).whole();
        assert_eq!(known, fresh, "`{command}` after {after}");
        known
    }

    /// Asks again after a change; `notices` says whether `status` answers anew.
    fn ask_after(&self, change: &str, notices: bool) {
        let before = self.kept();
        let status = self.ask("status --json", change);
        assert_eq!(self.kept() != before, notices, "{change}: {status}");
        assert_eq!(self.ask("status --json", change), status, "{change}, asked again");
    }
}

#[tokio::test]
async fn nothing_is_answered_from_memory_once_it_changed() {
    let setup = Setup::new().await;
    for command in COMMANDS {
        setup.ask(command, "the first run");
    }
    assert_eq!(setup.kept().len(), 2, "one of `status`, one of `up`");
    setup.ask_after("nothing", false);
    let sql = async |text: &str| setup.project.sql(text).await;
    for (change, text) in [
        (
            "a row set back",
            "update whimbrel.schema_migrations set status = 'pending' where id = 'main:003_tags'",
        ),
        (
            "a row set forth",
            "update whimbrel.schema_migrations set status = 'completed' where id = 'main:003_tags'",
        ),
        (
            "two rows that swapped their fingerprints",
            "update whimbrel.schema_migrations a set checksum = b.checksum, fingerprint_up = b.fingerprint_up \
             from whimbrel.schema_migrations b where (a.id, b.id) in \
             (('main:001_users', 'main:002_notes'), ('main:002_notes', 'main:001_users'))",
        ),
        (
            "a row that is gone",
            "delete from whimbrel.migration_history; delete from whimbrel.schema_migrations where id = 'main:001_users'",
        ),
        ("another time", "update whimbrel.schema_migrations set applied_at = '2020-01-01'"),
        ("the journal's own time", "update whimbrel_journal.applied set execution_time_ms = 77777"),
        ("another user of a run", "update whimbrel_journal.runs set os_user = 'somebody'"),
        (
            "the table of another tool",
            "create table alembic_version (version_num varchar(32) primary key)",
        ),
        ("a row of another tool", "insert into alembic_version values ('4f1c5e4a9a3b')"),
        (
            "a renamed table of another tool",
            "alter table alembic_version rename to revisions_we_had",
        ),
        (
            "a new table with another tool's shape",
            "create table moved (installed_rank int primary key, version varchar(50), description varchar(200) not null, type varchar(20) not null, script varchar(1000) not null, checksum int, installed_by varchar(100) not null, installed_on timestamp not null default now(), execution_time int not null, success boolean not null)",
        ),
        ("a journal that is gone", "drop schema whimbrel_journal cascade"),
        ("a ledger that is gone", "drop schema whimbrel cascade"),
    ] {
        sql(text).await;
        setup.ask_after(change, true);
    }
    setup.ask_after("nothing", false);
}

#[tokio::test]
async fn a_changed_file_or_setting_is_noticed() {
    let setup = Setup::new().await;
    setup.ask("status --json", "the first run");
    let project = &setup.project;
    project.write("migrations/001_users.sql", "create table users (no int);");
    let edited = setup.ask("status --json", "a file that changed within its size");
    assert!(edited.contains("modified"), "{edited}");
    project.write("migrations/001_users.sql", "create table users (id int);");
    project.remove("migrations/003_tags.sql");
    let gone = setup.ask("status --json", "a file that is gone");
    assert!(gone.contains("missing file"), "{gone}");
    project.write("migrations/003_tags.sql", "create table tags (id int);");
    settle();
    setup.ask_after("files as they were, with new times", true);
    setup.ask_after("nothing", false);
    let other = "[history.other]\nfolder = \"migrations\"\nformat = \"plain\"\n";
    project.write("whimbrel.toml", other);
    let renamed = setup.ask("status --json", "another name for the history");
    assert!(renamed.contains("\"name\": \"other\""), "{renamed}");
}

#[tokio::test]
async fn another_database_is_another_question() {
    let setup = Setup::new().await;
    setup.ask("up --yes --json", "the first run");
    let setup = Setup { project: setup.project.with_database().await, cache: setup.cache };
    let status = setup.ask("status --json", "a new database");
    assert!(status.contains("\"pending\": 3"), "{status}");
}
