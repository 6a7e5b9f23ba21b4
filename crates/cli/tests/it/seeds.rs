//! Seed files.

use std::fmt::Write as _;
use std::time::Duration;

use whimbrel_testkit::SupabaseCli;

use crate::kit::{Project, check};

const RAN: &str = "select coalesce(string_agg(name, ' ' order by id), '') from ran";

/// A seed file that says in a table that it ran.
fn says(name: &str) -> String {
    format!("insert into ran (name) values ('{name}');\n")
}

/// A project of plain files, with seed files that whimbrel.toml names.
async fn plain(config: &str) -> Project {
    let ran = "create table ran (id int generated always as identity, name text);\n";
    let project = Project::new(&[("migrations/001_ran.sql", ran), ("whimbrel.toml", config)]);
    for name in ["base/b", "base/a", "demo/one", "live/live"] {
        project.write(&format!("seeds/{name}.sql"), &says(name));
    }
    project.with_database().await
}

async fn ran(project: &Project) -> String {
    project.sql(RAN).await.unwrap()
}

/// Path and state of each seed file, as `status` has them.
fn states(project: &Project, line: &str) -> Vec<String> {
    let report = project.done(line).json();
    let seeds = report["seeds"].as_array().unwrap();
    let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
    seeds.iter().map(|one| format!("{} {}", text(&one["path"]), text(&one["state"]))).collect()
}

const SEEDS: &str = "[seeds]\nfiles = [\"seeds/base/*.sql\", \"seeds/demo/*.sql\"]\n";

#[tokio::test]
async fn seeds_of_any_format_run_once_in_their_order_and_status_shows_them() {
    let project = plain(SEEDS).await;
    let all = ["seeds/base/a.sql", "seeds/base/b.sql", "seeds/demo/one.sql"];
    let are = |state: &str| all.map(|path| format!("{path} {state}"));
    assert_eq!(states(&project, "status --json"), are("pending"));
    project.done("up --yes --no-rehearsal");
    assert_eq!(ran(&project).await, "");
    project.done("up --yes --seed");
    assert_eq!(ran(&project).await, "base/a base/b demo/one");
    assert_eq!(states(&project, "status --json"), are("ran"));
    project.done("up --yes --seed");
    assert_eq!(ran(&project).await, "base/a base/b demo/one");
    // What is kept of an answer knows of seed files, too.
    std::thread::sleep(Duration::from_millis(3_200));
    assert_eq!(states(&project, "status --json"), are("ran"));
    assert_eq!(states(&project, "status --json"), are("ran"));
    project.write("seeds/base/b.sql", &says("b2"));
    project.remove("seeds/demo/one.sql");
    let expected =
        ["seeds/base/a.sql ran", "seeds/base/b.sql changed", "seeds/demo/one.sql file gone"];
    assert_eq!(states(&project, "status --json"), expected);
    check("seeds_status", &project.show("status"));
    check("seeds_changed", &project.show("up --yes --seed"));
    assert_eq!(ran(&project).await, "base/a base/b demo/one");
    let took = "select count(*) from whimbrel.seed_files where execution_time_ms >= 0 \
        and ran_at > now() - interval '1 hour' and hash ~ '^[0-9a-f]{64}$'";
    assert_eq!(project.sql(took).await.as_deref(), Some("3"));
    project.sql("delete from whimbrel.seed_files where path = 'seeds/base/a.sql'").await;
    assert_eq!(states(&project, "status --json")[0], "seeds/base/a.sql pending");
}

#[tokio::test]
async fn changed_seeds_run_again_when_asked_and_only_those() {
    let project = plain(SEEDS).await;
    project.done("up --yes --no-rehearsal --seed");
    project.write("seeds/base/b.sql", &says("b2"));
    project.write("seeds/demo/two.sql", &says("two"));
    let shown = project.done("up --yes --seed=changed --dry-run --json").json();
    assert_eq!(shown["seeds"][1]["result"], "not-run", "{shown}");
    assert_eq!(shown["seeds"][1]["changed"], true, "{shown}");
    check("seeds_again", &project.show("up --yes --seed=changed"));
    assert_eq!(ran(&project).await, "base/a base/b demo/one b2 two");
    assert!(states(&project, "status --json").iter().all(|state| state.ends_with(" ran")));
    // Failing again, it leaves what was there, and its entry as it was.
    project.write("seeds/base/b.sql", &(says("b3") + "select 1 / 0;\n"));
    let said = project.run("up --yes --seed=changed");
    assert_eq!(said.code, 1, "{}", said.whole());
    assert!(said.err.contains("seeds/base/b.sql:2"), "{}", said.whole());
    assert_eq!(ran(&project).await, "base/a base/b demo/one b2 two");
    assert_eq!(states(&project, "status --json")[1], "seeds/base/b.sql changed");
}

#[tokio::test]
async fn an_environment_has_its_own_seeds_or_none() {
    let config = SEEDS.to_owned()
        + "[env.live]\nurl_env = \"DATABASE_URL\"\nseeds = [\"seeds/live/*.sql\"]\n\
           [env.bare]\nurl_env = \"DATABASE_URL\"\nseeds = []\n\
           [env.usual]\nurl_env = \"DATABASE_URL\"\n";
    let project = plain(&config).await;
    project.done("up --yes --no-rehearsal --seed --env bare");
    assert_eq!(ran(&project).await, "");
    assert_eq!(states(&project, "status --json --env bare"), Vec::<String>::new());
    project.done("up --yes --seed --env live");
    assert_eq!(ran(&project).await, "live/live");
    project.done("up --yes --seed --env usual");
    assert_eq!(ran(&project).await, "live/live base/a base/b demo/one");
    // What ran elsewhere and is there still is not missed here.
    assert_eq!(states(&project, "status --json --env live"), ["seeds/live/live.sql ran"]);
}

#[tokio::test]
async fn nothing_runs_unasked_nor_in_a_protected_environment_for_a_yes() {
    let project = plain(SEEDS).await;
    project.done("up --yes --no-rehearsal");
    let said = project.run("up --seed");
    assert_eq!(said.code, 4, "{}", said.whole());
    assert!(said.err.contains("nobody consented to run 3 seed files"), "{}", said.whole());
    let config = SEEDS.to_owned() + "[env.live]\nurl_env = \"DATABASE_URL\"\nprotected = true\n";
    project.write("whimbrel.toml", &config);
    let said = project.run("up --yes --seed --env live");
    assert_eq!(said.code, 4, "{}", said.whole());
    assert!(said.err.contains("`--yes --allow protected` says so"), "{}", said.whole());
    assert_eq!(ran(&project).await, "");
    project.done("up --yes --seed --env live --allow protected");
    assert_eq!(ran(&project).await, "base/a base/b demo/one");
}

#[tokio::test]
async fn copied_data_and_large_seeds_run_and_a_bad_line_is_named() {
    let project = plain("[seeds]\nfiles = [\"seeds/*.sql\"]\n").await;
    let mut copy = "create table big (id int, text text);\ncopy big from stdin;\n".to_owned();
    for number in 0..100_000 {
        writeln!(copy, "{number}\t{}", "x".repeat(60)).unwrap();
    }
    copy.push_str("\\.\n");
    project.write("seeds/1_big.sql", &copy);
    let mut rows = String::new();
    for number in 0..20_000 {
        writeln!(rows, "insert into big values ({number}, '{}');", "y".repeat(60)).unwrap();
    }
    project.write("seeds/2_rows.sql", &rows);
    project.write("seeds/3_bad.sql", "copy big from stdin;\n1\ta\nno number\tb\n\\.\n");
    let said = project.run("up --yes --no-rehearsal --seed");
    assert_eq!(said.code, 1, "{}", said.whole());
    assert!(said.err.contains("seeds/3_bad.sql:3"), "{}", said.whole());
    assert!(said.err.contains("run `whimbrel up --seed` again"), "{}", said.whole());
    let count = "select count(*) || ' ' || (select count(*) from whimbrel.seed_files) from big";
    assert_eq!(project.sql(count).await.as_deref(), Some("120000 2"));
    project.write("seeds/3_bad.sql", "copy big from stdin;\n1\ta\n\\.\n");
    project.done("up --yes --seed");
    assert_eq!(project.sql(count).await.as_deref(), Some("120001 3"));
}

#[tokio::test]
async fn what_supabases_configuration_names_stays_the_clis_and_the_rest_is_ours() {
    let project = Project::new(&[
        ("supabase/config.toml", "[db.seed]\nenabled = true\nsql_paths = [\"./seed.sql\"]\n"),
        (
            "supabase/migrations/20250101000000_ran.sql",
            "create table ran (id int generated always as identity, name text);",
        ),
        ("supabase/seed.sql", &says("seed")),
        ("more/more.sql", &says("more")),
        ("whimbrel.toml", "[seeds]\nfiles = [\"more/*.sql\", \"supabase/seed.sql\"]\n"),
    ])
    .with_database()
    .await;
    project.done("up --yes --no-rehearsal --seed");
    assert_eq!(ran(&project).await, "seed more");
    let tables = "select string_agg(schemaname || '.' || tablename, ' ' order by 1) \
        from (select schemaname, tablename from pg_tables where schemaname like '%whimbrel' \
        or schemaname = 'supabase_migrations' order by 1, 2) t";
    assert_eq!(
        project.sql(tables).await.as_deref(),
        Some(
            "supabase_migrations.schema_migrations supabase_migrations.seed_files \
             whimbrel.seed_files"
        )
    );
    let known = "select (select string_agg(path, ' ') from supabase_migrations.seed_files) || ' ' \
        || (select string_agg(path, ' ') from whimbrel.seed_files)";
    assert_eq!(project.sql(known).await.as_deref(), Some("supabase/seed.sql more/more.sql"));
    let others = project.done("status --json").json()["others"].clone();
    assert_eq!(others, serde_json::json!([]));
}

#[tokio::test]
async fn the_supabase_cli_agrees_with_what_ran_and_with_what_ran_again() {
    let project = Project::new(&[
        ("supabase/config.toml", "project_id = \"seeds\"\n"),
        (
            "supabase/migrations/20250101000000_ran.sql",
            "create table ran (id int generated always as identity, name text);",
        ),
        ("supabase/seed.sql", &says("one")),
    ])
    .with_database()
    .await;
    let hash = "select hash from supabase_migrations.seed_files";
    let push = || {
        let (path, target) = (project.path(), project.target());
        SupabaseCli::get().run(path, target, "db push --include-seed").unwrap()
    };
    project.done("up --yes --no-rehearsal --seed");
    let ours = project.sql(hash).await;
    push();
    assert_eq!((ran(&project).await.as_str(), project.sql(hash).await), ("one", ours));
    project.write("supabase/seed.sql", &says("two"));
    project.done("up --yes --seed=changed");
    let ours = project.sql(hash).await;
    push();
    assert_eq!((ran(&project).await.as_str(), project.sql(hash).await), ("one two", ours));
    // And the other way round: what the CLI ran is not run again.
    project.write("supabase/seed.sql", &says("three"));
    push();
    assert_eq!(states(&project, "status --json"), ["supabase/seed.sql ran"]);
}

#[tokio::test]
async fn a_seed_runs_once_after_the_migrations_and_a_change_is_said() {
    let project = Project::new(&[
        ("supabase/config.toml", ""),
        ("supabase/migrations/20250101000000_notes.sql", "create table notes (body text);"),
        ("supabase/seed.sql", "insert into notes values ('first');"),
    ])
    .with_database()
    .await;
    let report = project.done("up --yes --json").json();
    assert_eq!(report["seeds"], serde_json::json!([]));
    assert_eq!(project.sql("select count(*) from notes").await.as_deref(), Some("0"));
    let report = project.done("up --yes --seed --dry-run --json").json();
    assert_eq!(report["seeds"][0]["result"], "not-run");
    let report = project.done("up --yes --seed --json").json();
    assert_eq!(report["seeds"][0]["result"], "done");
    let report = project.done("up --yes --seed --json").json();
    assert_eq!(report["seeds"][0]["result"], serde_json::Value::Null);
    project.write("supabase/seed.sql", "insert into notes values ('second');");
    let said = project.done("up --yes --seed");
    assert!(said.out.contains("changed since it ran, not run again"), "{}", said.whole());
    assert_eq!(project.sql("select count(*) from notes").await.as_deref(), Some("1"));
}

#[tokio::test]
async fn a_seed_that_fails_leaves_nothing_and_runs_again() {
    let project = Project::new(&[
        ("supabase/migrations/20250101000000_notes.sql", "create table notes (body text);"),
        ("supabase/seed.sql", "insert into notes values ('one');\nselect 1 / 0;"),
    ])
    .with_database()
    .await;
    let said = project.run("up --yes --seed");
    assert_eq!(said.code, 1, "{}", said.whole());
    assert!(said.err.contains("supabase/seed.sql:2"), "{}", said.whole());
    assert_eq!(project.sql("select count(*) from notes").await.as_deref(), Some("0"));
    project.write("supabase/seed.sql", "insert into notes values ('one');");
    project.done("up --yes --seed");
    assert_eq!(project.sql("select count(*) from notes").await.as_deref(), Some("1"));
}
