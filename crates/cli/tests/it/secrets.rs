//! No secret is ever printed.

use crate::help::{commands, examples};
use crate::kit::Project;

/// Passwords that occur nowhere else, one with every character that people forget to escape.
const PASSWORDS: &[&str] = &["hunter2secret", "s3cr3t%40w%2Frd", "Tr0ub4dor&3"];

/// What must not be found in any output: the passwords, as given and decoded.
const MARKS: &[&str] = &["hunter2secret", "s3cr3t", "Tr0ub4dor"];

/// Every command in forms that get as far as they can without a database.
fn lines() -> Vec<String> {
    let mut lines = Vec::new();
    for command in commands() {
        let ways = ["", " --yes", " --no-rehearsal", " --yes --no-rehearsal"];
        lines.extend(ways.map(|way| format!("{command}{way}")));
        lines.extend(examples(&command).into_iter().find(|line| is_harmless(line)));
    }
    lines.extend(
        [
            "new add_something_useful",
            "repair applied 1 --yes",
            "status --check",
            "adopt --from-database --yes",
            "up --dry-run --full",
            "shadow list",
            "shadow clean --dev",
        ]
        .map(str::to_owned),
    );
    lines
}

/// Whether a line may be run anywhere, as it is, and asks for the database of the project.
fn is_harmless(line: &str) -> bool {
    !["'", "|", "--dev", "--edit", "--env", "--then", "clean"]
        .iter()
        .any(|word| line.contains(word))
}

fn check(project: &Project, line: &str, how: &str) {
    for more in ["", " --json --verbose"] {
        let said = project.run(&format!("{line}{more}"));
        let whole = said.whole();
        for mark in MARKS {
            assert!(
                !whole.contains(mark),
                "`{mark}` in the output of `{line}{more}` ({how}):\n{whole}"
            );
        }
    }
}

/// Ends the server that an example of `dev` has started.
fn tidy_up(project: &Project, line: &str) {
    if line.starts_with("dev") {
        project.done("dev stop");
        project.done("shadow clean --dev");
    }
}

/// URLs that lead nowhere, some of them none at all.
fn urls(password: &str) -> [String; 4] {
    [
        format!("postgresql://app:{password}@127.0.0.1:1/app"),
        format!("postgres://app:{password}@127.0.0.1:1/app?password={password}&schema=x"),
        format!("postgresql+asyncpg://app:{password}@127.0.0.1:one/app"),
        format!("app:{password}@nowhere"),
    ]
}

#[test]
fn no_command_prints_the_password_of_its_url() {
    let url = &urls(PASSWORDS[0])[0];
    for line in lines() {
        let project = Project::example("annotated").with("DATABASE_URL", url);
        check(&project, &line, "the environment");
        check(&project, &format!("{line} --database-url {url}"), "--database-url");
        tidy_up(&project, &line);
    }
}

#[test]
fn no_password_is_printed_wherever_its_url_stands() {
    for url in PASSWORDS.iter().flat_map(|password| urls(password)) {
        let project = Project::example("plain");
        check(&project, &format!("up --yes --database-url {url}"), "--database-url");
        check(&project, &format!("up {url}"), "the wrong place");
        check(&project, &format!("new {url}"), "a name");
        check(&project, &format!("up --only {url}"), "an id");
        check(&project, &format!("up --yes --shadow-url {url}"), "--shadow-url");
        project.write(".env", &format!("nonsense {url}\nDATABASE_URL='{url}'\n"));
        check(&project, "up --yes", ".env");
        project.remove(".env");
        project.write("alembic.ini", &format!("[alembic]\nsqlalchemy.url = {url}\n"));
        check(&project, "up --yes", "alembic.ini");
        let config = format!("[env.x]\ndatabase_url = \"{url}\"\n");
        project.write("whimbrel.toml", &config);
        check(&project, "up --yes --env x", "whimbrel.toml");
        project.write("whimbrel.toml", &format!("{config}unknown = \"{url}\" nonsense {url}\n"));
        check(&project, "up --yes --env x", "a broken whimbrel.toml");
    }
}

#[tokio::test]
async fn no_password_is_printed_or_written_down_while_running() {
    let project = Project::example("annotated").with_database().await;
    let url = project.url().replacen("postgres@", "postgres:hunter2secret@", 1);
    assert!(url.contains("hunter2secret"));
    project.write(
        "sql/migrations/007_make_role.sql",
        "-- Migration: 007_make_role\n-- Description: d\n-- Type: custom_sql\n-- Depends on: []\n-- @up\n\
         create role app_hunter login password 'hunter2secret' nonsense;\n",
    );
    project.write(
        "whimbrel.toml",
        "[hooks]\nbefore = 'echo $DATABASE_URL ${DATABASE_URL#*postgres:}'\n\
         after_failure = 'curl postgres://app:hunter2secret@127.0.0.1:1/app; exit 1'\n",
    );
    for line in ["status", "preview", "up --yes --no-rehearsal", "up --yes", "status", "down --yes"]
    {
        check(&project, &format!("{line} --database-url {url}"), "a live database");
    }
    let journal = "select string_agg(r::text, ' ') from whimbrel_journal.runs r";
    let journal = project.sql(journal).await.unwrap();
    assert!(!journal.contains("hunter2secret"), "{journal}");
}

#[test]
fn no_command_prints_what_leads_another_way() {
    let url = &urls(PASSWORDS[0])[0];
    for line in lines() {
        let project = Project::example("supabase")
            .with("DATABASE_URL", url)
            .with("WHIMBREL_SUPABASE_API", "http://127.0.0.1:1");
        check(
            &project,
            &format!("{line} --via api --project-ref x --access-token hunter2secret"),
            "the API",
        );
        let project = project.with("SUPABASE_ACCESS_TOKEN", "hunter2secret");
        check(&project, &format!("{line} --via api --project-ref hunter2/x"), "a ref that is none");
        check(&project, &format!("{line} --via psql"), "psql");
        tidy_up(&project, &line);
    }
}
