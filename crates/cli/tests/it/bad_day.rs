//! A bad day, from trouble to cure: docs/bad-day.md is what this story printed.
//!
//! `WHIMBREL_WRITE=1 cargo test -p whimbrel bad_day` writes it anew.

use std::fmt::Write as _;
use std::fs;
use std::process::Child;
use std::time::Duration;

use whimbrel_testkit::{PgBouncer, Pool, PoolMode};

use crate::kit::{Project, Said, cover, root};

const PAGE: &str = "docs/bad-day.md";

/// A team's project, and what is told of it.
struct Story {
    project: Project,
    page: String,
    /// What no reader's machine has, and what stands for it.
    stands_for: Vec<(String, String)>,
}

impl Story {
    fn tell(&mut self, text: &str) {
        write!(self.page, "\n{}\n", text.trim()).unwrap();
    }

    /// Runs a command and shows all that it says; it must end like this.
    fn run(&mut self, line: &str, code: i32) -> Said {
        let said = self.project.run(line);
        assert_eq!(said.code, code, "`{line}`: {}", said.whole());
        self.show(line, &said);
        said
    }

    fn show(&mut self, line: &str, said: &Said) {
        // How long somebody waits is a matter of the machine, and so is whether that is said.
        let waits = |line: &&str| line.starts_with("waiting for the lock");
        let err: Vec<&str> = said.err.lines().filter(|line| !waits(line)).collect();
        let mut text = format!("$ whimbrel {line}\n{}{}", said.out, err.join("\n"));
        if said.code != 0 {
            text = format!("{}\n[exit code {}]", text.trim_end(), said.code);
        }
        self.block("console", &text);
    }

    /// Runs SQL as somebody does by hand.
    async fn sql(&mut self, text: &str) -> Option<String> {
        self.block("sql", text);
        self.project.sql(text).await
    }

    /// Changes a file.
    fn write(&mut self, path: &str, text: &str) {
        self.block("sql", &format!("-- {path}\n{text}"));
        self.project.write(path, text);
    }

    fn block(&mut self, kind: &str, text: &str) {
        let mut text = text.trim_end().to_owned();
        for (there, here) in &self.stands_for {
            text = text.replace(there, here);
        }
        let lines: Vec<&str> = text.lines().map(str::trim_end).collect();
        write!(self.page, "\n```{kind}\n{}\n```\n", lines.join("\n")).unwrap();
    }

    /// Another terminal; it has come as far as the server's `pg_sleep`.
    async fn begin(&mut self, line: &str) -> Child {
        let words: Vec<&str> = line.split_whitespace().collect();
        let child = self.project.command(&words).spawn().unwrap();
        let asleep = "select count(*) from pg_stat_activity where wait_event = 'PgSleep'";
        while self.project.sql(asleep).await.as_deref() == Some("0") {
            std::thread::sleep(Duration::from_millis(20));
        }
        child
    }
}

#[tokio::test]
async fn a_bad_day_ends_well() {
    let mut story = begin().await;
    wrong_port(&mut story).await;
    two_runners(&mut story).await;
    failed_index(&mut story).await;
    edited_file(&mut story).await;
    orphaned_entry(&mut story);
    let file = root().join(PAGE);
    if std::env::var_os("WHIMBREL_WRITE").is_some() {
        fs::write(&file, &story.page).unwrap();
    }
    let there = fs::read_to_string(&file).unwrap_or_default();
    assert!(
        cover(&there) == cover(&story.page),
        "{PAGE} is stale: WHIMBREL_WRITE=1 cargo test -p whimbrel bad_day\n{}",
        story.page
    );
}

async fn begin() -> Story {
    let project = Project::new(&[
        (
            "migrations/001_create_users.sql",
            "create table users (\n    id bigint generated always as identity primary key,\n    email text not null\n);\n",
        ),
        (
            "migrations/002_create_orders.sql",
            "create table orders (\n    id bigint generated always as identity primary key,\n    owner bigint not null references users,\n    total numeric(10, 2) not null\n);\n",
        ),
    ]);
    let project = project.with_database().await;
    project.done("up --yes --no-rehearsal");
    project.sql("insert into users (email) values ('a@example.com'), ('a@example.com')").await;
    let target = project.target();
    let stands_for = vec![
        (target.hosts[0].to_string(), "db.example.com:5432".to_owned()),
        (target.database.clone(), "shop".to_owned()),
        (whimbrel_engine::machine_name(), "laptop".to_owned()),
        ("tester@".to_owned(), "anna@".to_owned()),
    ];
    let page = "# A bad day\n\n\
        <!-- Made by a test on a real Postgres: WHIMBREL_WRITE=1 cargo test -p whimbrel bad_day -->\n"
        .to_owned();
    let mut story = Story { project, page, stands_for };
    story.tell(
        "A team has two tables, some rows, and five troubles before lunch. All of this was printed by \
         Whimbrel on a real Postgres: a test plays the day, and this page is what it saw.",
    );
    story
}

/// Nobody answers, and then the wrong one does.
async fn wrong_port(story: &mut Story) {
    story.tell("## 9:05 · The wrong port");
    story.tell("Somebody has typed the URL by hand.");
    story.run("status --database-url postgres://postgres@127.0.0.1:1/shop", 5);
    story.tell(
        "The next port answers, but it is a pooler in transaction mode, with one connection to the \
         server. Transactions go through it all the same; an index that is built concurrently cannot \
         share the one connection with the run's lock.",
    );
    let pool = Pool::new(PoolMode::Transaction, 1);
    let pooler = PgBouncer::start(story.project.target(), &pool).await;
    story
        .stands_for
        .insert(0, (pooler.target().hosts[0].to_string(), "pooler.example.com:6543".into()));
    let url = pooler.target().to_string();
    story.stands_for.insert(0, (url.clone(), "$POOLED".into()));
    story.write(
        "migrations/003_find_orders_by_owner.sql",
        "create index concurrently orders_owner on orders (owner);\n",
    );
    story.run(&format!("up --yes --no-rehearsal --database-url {url}"), 1);
    story.tell(
        "Nothing of it is done. With the server's own address, which the project's `DATABASE_URL` has, \
         it goes through. (Where an environment has `DATABASE_URL` on Supabase's port 6543 and \
         `DIRECT_URL` beside it, Whimbrel takes the latter by itself, and says so.)",
    );
    story.run("up --yes --no-rehearsal", 0);
}

/// Two pods of one deployment.
async fn two_runners(story: &mut Story) {
    story.tell("## 9:40 · Two at once");
    story.tell("A deployment starts two pods, and both migrate. The first is at work:");
    story.write(
        "migrations/004_settle.sql",
        "select pg_sleep(2);\nalter table users add column name text;\n",
    );
    let mut first = story.begin("up --yes --no-rehearsal").await;
    story.tell("A second that must not wait says who is:");
    story.run("up --yes --no-rehearsal --no-wait", 6);
    story.tell("A second that may wait does, and finds the work done:");
    story.run("up --yes --no-rehearsal", 0);
    assert!(first.wait().unwrap().success());
}

/// An index that was left invalid.
async fn failed_index(story: &mut Story) {
    story.tell("## 10:20 · An index that fails halfway");
    story.write(
        "migrations/005_unique_email.sql",
        "create unique index concurrently users_email on users (email);\n",
    );
    story.tell(
        "Two users have the same address. Postgres gives up and leaves an invalid index behind:",
    );
    story.run("up --yes --no-rehearsal", 1);
    story.sql("select indexrelid::regclass from pg_index where not indisvalid").await;
    story.tell(
        "Somebody cleans the rows. The next run knows whose the remains are, and takes them away:",
    );
    story.sql("delete from users u using users v where u.email = v.email and u.id > v.id").await;
    story.run("up --yes --no-rehearsal", 0);
    let invalid = "select count(*) from pg_index where not indisvalid";
    assert_eq!(story.project.sql(invalid).await.as_deref(), Some("0"));
    let valid =
        "select count(*) from pg_index where indisvalid and indexrelid = 'users_email'::regclass";
    assert_eq!(story.project.sql(valid).await.as_deref(), Some("1"));
}

/// An applied file that somebody edits.
async fn edited_file(story: &mut Story) {
    story.tell("## 11:00 · A file edited after it ran");
    story.write(
        "migrations/002_create_orders.sql",
        "create table orders (\n    id bigint generated always as identity primary key,\n    owner bigint not null references users,\n    total numeric(12, 2) not null\n);\n",
    );
    story.tell("Production was changed by hand to match, or so they say. `up` refuses, and says what differs:");
    story.write("migrations/006_add_phone.sql", "alter table users add column phone text;\n");
    story.run("up --yes --no-rehearsal", 4);
    story.tell("Taking the file as it is wants proof: the throw-away Postgres replays the history with it, and the catalogs are compared. Nobody had changed production:");
    story.run("repair checksum 002 --yes", 4);
    story.sql("alter table orders alter column total type numeric(12, 2)").await;
    story.run("repair checksum 002 --yes", 0);
    story.run("up --yes", 0);
}

/// An entry without a file.
fn orphaned_entry(story: &mut Story) {
    story.tell("## 11:45 · An entry without a file");
    story.tell("A branch was merged without one of its files, though it had been applied.");
    story.project.remove("migrations/006_add_phone.sql");
    story.run("status", 0);
    story.tell("The ledger keeps both scripts of every migration, so the file can be had back:");
    story.run("repair orphan 006 --yes", 0);
    story.run("status --check", 0);
    story.tell("Nothing was lost, nothing ran twice, and it is time for lunch.");
}
