//! Databases without migrations, whose first migration is what they have.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use whimbrel_engine::rehearse::shapes;
use whimbrel_engine::wire::Session;
use whimbrel_testkit::{PgDump, Server, Settings};

use crate::adopt::recorded;
use crate::dev::Dev;
use crate::kit::{Project, Said, check, texts};

/// Something of everything that people have.
const RICH: &str = include_str!("adopt_database/rich.sql");

/// A project without files, whose database is one that `pg_dump` understands.
async fn bare(files: &[(&str, &str)]) -> Project {
    let project = Project::new(files).with_database_of(PgDump::MAJOR).await;
    project.with("WHIMBREL_PG_DUMP", PgDump::get().path().to_str().unwrap())
}

/// A program in a project that is called by the name of `pg_dump`.
fn fake(project: Project, script: &str) -> Project {
    project.write("bin/pg_dump", &format!("#!/bin/sh\n{script}\n"));
    let path = project.path().join("bin/pg_dump");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    project.with("WHIMBREL_PG_DUMP", path.to_str().unwrap())
}

/// Nothing was recorded, and no file written.
async fn is_untouched(project: &Project) {
    assert_eq!(project.sql("select to_regnamespace('whimbrel')").await, None);
    assert_eq!(project.sql("select to_regnamespace('whimbrel_journal')").await, None);
    assert!(!project.path().join("sql").exists(), "no folder is left behind");
}

fn file_of(said: &Said) -> String {
    said.json()["baseline"]["file"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_database_becomes_a_project_that_makes_it_again() {
    let project = bare(&[]).await;
    project.sql(RICH).await;
    let said = project.done("adopt --from-database --yes --json");
    let report = said.json();
    assert_eq!(report["proof"]["outcome"], "proved", "{report}");
    assert_eq!(file_of(&said), "sql/migrations/001_baseline.sql");
    assert_eq!(project.run("status --check").code, 0);
    let text = project.read("sql/migrations/001_baseline.sql");
    for word in ["\\unrestrict", "OWNER TO", "Dumped by", "transaction_timeout", "hunter2"] {
        assert!(!text.contains(word), "{word} in {text}");
    }
    let notes = report["baseline"]["remarks"].to_string();
    assert!(notes.contains("the user mapping of `public` for server"), "{notes}");

    let fresh = Server::shared(PgDump::MAJOR).await.database().await;
    project.done(&format!("up --yes --no-rehearsal --database-url {}", fresh.target()));
    let mut sessions = [
        Session::connect(project.target(), "test").await.unwrap(),
        Session::connect(fresh.target(), "test").await.unwrap(),
    ];
    let theirs = shapes(&mut sessions[0]).await.unwrap();
    let ours = shapes(&mut sessions[1]).await.unwrap();
    let differences = theirs.differences(&ours);
    assert!(differences.is_empty(), "{differences:?}\n{text}");
    let counted = sessions[1].simple("select count from app.counted").await.unwrap();
    assert_eq!(counted[0].value(), Some("0"), "its query has filled it");
    let down = project.run("down --yes");
    assert_ne!(down.code, 0, "nothing undoes it: {}", down.whole());
    project.done("new add_more_tables");
    let path = "sql/migrations/002_add_more_tables.sql";
    let placeholder = "-- Write the statements here.";
    project
        .write(path, &project.read(path).replace(placeholder, "create table app.more (id int);"));
    project.done("up --yes");
}

#[tokio::test]
async fn a_server_that_is_older_than_pg_dump_is_taken_over_as_well() {
    let project = Project::new(&[]).with_database_of(PgDump::MAJOR - 1).await;
    let project = project.with("WHIMBREL_PG_DUMP", PgDump::get().path().to_str().unwrap());
    project.sql(RICH).await;
    project.done("adopt --from-database --yes");
    assert_eq!(project.run("status --check").code, 0);
}

/// What each major's `pg_dump` writes of its own server, which differs from major to major.
#[tokio::test]
async fn a_server_of_any_major_is_taken_over_by_its_own_pg_dump() {
    for &major in PgDump::OTHERS {
        let project = Project::new(&[]).with_database_of(major).await;
        let project = project.with("WHIMBREL_PG_DUMP", PgDump::of(major).to_str().unwrap());
        project.sql(RICH).await;
        let said = project.done("adopt --from-database --yes");
        assert!(said.out.contains(&format!("by pg_dump {major}.")), "{}", said.whole());
        assert!(said.out.contains("proved on"), "{}", said.whole());
        assert_eq!(project.run("status --check").code, 0);
    }
}

#[tokio::test]
async fn the_file_is_the_same_each_time() {
    let project = bare(&[]).await;
    project.sql(RICH).await;
    let said = project.done("adopt --from-database --dry-run --json");
    let first = said.json()["baseline"]["text"].clone();
    assert!(first.as_str().unwrap().contains("CREATE TABLE app.orders"), "{first}");
    is_untouched(&project).await;
    let again = project.done("adopt --from-database --dry-run --json");
    assert_eq!(again.json()["baseline"]["text"], first);
}

#[tokio::test]
async fn the_way_from_the_refusal_is_one_command_whatever_ledger_is_there() {
    let project = bare(&[("migrations/.keep", "")]).await;
    project.sql("create table users (id integer primary key, email text not null)").await;
    project.sql(&recorded("alembic")).await;
    project.sql(&recorded("knex")).await;
    project.sql(&recorded("drizzle")).await;
    check("adopt_database_before", &project.show("adopt --yes"));
    check("adopt_database_dry", &project.show("adopt --from-database --dry-run"));
    check("adopt_database", &project.show("adopt --from-database=start --yes"));
    assert_eq!(project.run("status --check").code, 0);
    let text = project.read("sql/migrations/001_start.sql");
    for tool in ["alembic", "knex", "drizzle"] {
        assert!(!text.contains(tool), "{tool} in {text}");
    }
    check("adopt_database_again", &project.show("adopt --from-database --yes"));
}

#[tokio::test]
async fn nobody_is_asked_without_a_terminal() {
    let project = bare(&[]).await;
    project.sql("create table a (id int)").await;
    let said = project.run("adopt --from-database");
    assert_eq!(said.code, 4, "{}", said.whole());
    assert!(said.err.contains("--yes"), "{}", said.whole());
    is_untouched(&project).await;
}

#[tokio::test]
async fn it_is_written_in_the_way_of_the_project() {
    let config = "[history.main]\nformat = 'plain'\nfolder = 'db/changes'\n";
    let project = bare(&[("whimbrel.toml", config)]).await;
    project.sql("create table a (id int)").await;
    let said = project.done("adopt --from-database --yes --json");
    assert_eq!(file_of(&said), "db/changes/001_baseline.sql");
    assert_eq!(project.run("status --check").code, 0);
}

#[tokio::test]
async fn what_cannot_be_made_again_is_named_and_the_file_stays() {
    let project = bare(&[]).await;
    project
        .sql("create table a (id int); create function f() returns int language sql as 'select 1'")
        .await;
    // The view's function is there, and what it reads is not.
    project
        .sql("create function broken() returns int language plpgsql as 'begin return nothing(); end'; \
              create materialized view m as select 1 as one; \
              create function later() returns int language plpgsql immutable as 'begin return (select one from m); end'; \
              create materialized view n as select later() as two; \
              create or replace function later() returns int language plpgsql immutable as 'begin return nothing(); end'")
        .await;
    let said = project.run("adopt --from-database --yes");
    assert_eq!(said.code, 4, "{}", said.whole());
    assert!(said.err.contains("error[W6104]"), "{}", said.whole());
    assert!(said.err.contains("001_baseline.sql` stays"), "{}", said.whole());
    assert_eq!(project.sql("select to_regnamespace('whimbrel')").await, None);
    let path = "sql/migrations/001_baseline.sql";
    let text = project.read(path);
    project.write(path, &text.replace("refresh materialized view public.n;\n", ""));
    project.done("adopt --to 001_baseline --yes");
    assert_eq!(project.run("status --check").code, 0);
}

#[tokio::test]
async fn a_dump_that_fails_half_way_leaves_nothing() {
    let project = bare(&[]).await;
    project.sql("create table a (id int)").await;
    let version = PgDump::MAJOR;
    let project = fake(
        project,
        &format!(
            "case $1 in --version) echo 'pg_dump (PostgreSQL) {version}.1'; exit;; esac\n\
             echo '-- Name: a; Type: TABLE; Schema: public; Owner: -'; echo 'CREATE TABLE a ();'\n\
             echo 'pg_dump: error: query failed: lost' >&2; exit 1"
        ),
    );
    let said = project.run("adopt --from-database --yes");
    assert_eq!(said.code, 4, "{}", said.whole());
    assert!(said.err.contains("error[W6010]"), "{}", said.whole());
    is_untouched(&project).await;
}

#[tokio::test]
async fn a_pg_dump_that_is_missing_or_too_old_is_told_with_the_way_to_one() {
    let project = bare(&[]).await;
    project.sql("create table a (id int)").await;
    let project = fake(project, "echo 'pg_dump (PostgreSQL) 9.6.24'");
    check("adopt_database_old", &project.show("adopt --from-database --yes"));
    let project = project.with("WHIMBREL_PG_DUMP", "/nowhere/pg_dump");
    check("adopt_database_none", &project.show("adopt --from-database --yes"));
    is_untouched(&project).await;
}

#[tokio::test]
async fn no_password_is_shown_or_given_to_anybody_but_the_program() {
    let settings = Settings::new()
        .on_loopback()
        .with_file("pg_hba.conf", "local all all trust\nhost all all 127.0.0.1/32 scram-sha-256\n");
    let server = Server::private(PgDump::MAJOR, &settings).await;
    let database = server.database().await;
    let mut session = Session::connect(database.target(), "test").await.unwrap();
    session
        .simple(
            "create role owner superuser login password 'hunter2secret'; create table a (id int)",
        )
        .await
        .unwrap();
    session.close().await;
    let mut target = server.over_tcp(&database.target().database);
    target.user = "owner".to_owned();
    target.password = Some(whimbrel_engine::Secret::new("hunter2secret"));
    let real = PgDump::get().path().to_str().unwrap().to_owned();
    let project = Project::new(&[]).with("DATABASE_URL", target.url().reveal());
    // It writes down what every other user of the machine could see of it.
    let spying = format!(
        "echo \"$@\" >> '{0}/seen'; env | grep -v ^DATABASE_URL >> '{0}/seen'; exec '{real}' \"$@\"",
        project.path().display()
    );
    let project = fake(project, &spying);
    let said = project.done("adopt --from-database --yes --verbose");
    assert!(!said.whole().contains("hunter2"), "{}", said.whole());
    let seen = project.read("seen");
    assert!(seen.contains("--schema-only") && !seen.contains("hunter2"), "{seen}");
    assert!(!project.read("sql/migrations/001_baseline.sql").contains("hunter2"));
}

const SUPABASE: &str = "\
create table public.profiles (id uuid primary key references auth.users (id) on delete cascade, name text);
create table public.notes (id bigint generated always as identity, author uuid not null references auth.users (id));
alter table public.notes enable row level security;
create policy own on public.notes to authenticated using ((select auth.uid()) = author);
create function public.handle_new_user() returns trigger language plpgsql security definer
    set search_path = '' as $$ begin insert into public.profiles (id) values (new.id); return new; end $$;
create trigger on_auth_user_created after insert on auth.users
    for each row execute function public.handle_new_user();
create policy \"own folder\" on storage.objects for insert to authenticated
    with check (bucket_id = 'avatars');
alter publication supabase_realtime add table public.notes;
revoke all on public.profiles from anon;
create extension if not exists pg_trgm with schema extensions;";

#[tokio::test]
async fn a_supabase_project_takes_what_is_its_own() {
    let config = format!("[db]\nmajor_version = {}\n", PgDump::MAJOR);
    let project =
        Project::new(&[("supabase/config.toml", &config), ("supabase/migrations/.keep", "")]);
    let dev = Dev(project.with("WHIMBREL_PG_DUMP", PgDump::get().path().to_str().unwrap()));
    dev.done("start");
    let nothing = dev.0.run("adopt --dev --from-database --yes");
    assert!(nothing.err.contains("error[W6012]"), "{}", nothing.whole());
    let mut session = dev.session("").await;
    session.simple(SUPABASE).await.unwrap();
    session.close().await;
    let said = dev.0.done("adopt --dev --from-database --yes --json");
    assert_eq!(said.json()["proof"]["outcome"], "proved", "{}", said.whole());
    let file = file_of(&said);
    assert!(file.starts_with("supabase/migrations/2") && file.ends_with("_baseline.sql"), "{file}");
    let text = dev.0.read(&file);
    for has in ["on_auth_user_created", "\"own folder\"", "ADD TABLE ONLY public.notes", "pg_trgm"]
    {
        assert!(text.contains(has), "{has} in {text}");
    }
    for lacks in ["CREATE TABLE auth", "CREATE SCHEMA auth", "CREATE PUBLICATION", "CREATE EVENT"] {
        assert!(!text.contains(lacks), "{lacks} in {text}");
    }
    assert_eq!(dev.0.run("status --dev --check").code, 0);
    assert_eq!(texts(&said.json()["changes"], "is"), ["applied"]);
    let grants = "select string_agg(concat(relname, relacl), ' ' order by relname) \
                  from pg_class where relnamespace = 'public'::regnamespace and relkind in ('r', 'S')";
    let defaults = "select string_agg(concat(defaclrole::regrole, defaclnamespace, defaclobjtype, \
                    (select array_agg(a order by a::text) from unnest(defaclacl) a)), ' ' \
                    order by defaclrole::regrole::text, defaclobjtype) from pg_default_acl \
                    where defaclnamespace = 'public'::regnamespace";
    let before = (dev.value(grants).await, dev.value(defaults).await);
    dev.done("reset");
    let after = (dev.value(grants).await, dev.value(defaults).await);
    assert!(!before.0.as_ref().unwrap().contains("profiles{postgres=arwdDxt/postgres,anon="));
    assert_eq!(before, after, "nobody may more than before");
}
