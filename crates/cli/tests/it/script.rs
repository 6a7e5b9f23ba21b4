//! A script that is pasted: whole, in one message, cut anywhere, twice, in the wrong order.

use std::io::Write as _;
use std::process::Stdio;

use whimbrel_engine::wire::Failure;
use whimbrel_testkit::{MAJORS, Psql, Server};

use crate::kit::{Project, Said, check};

/// Three migrations of a kind, one of which inserts rows: done twice, it would show.
const PLAIN: &[(&str, &str)] = &[
    ("migrations/001_a.sql", "create table a (id int);\ninsert into a values (1);\n"),
    (
        "migrations/002_b.sql",
        "set search_path = '';\ninsert into public.a values (2);\n-- it's a comment; truly\n\
         create table public.b (t text default 'x;y');\nset role pg_read_all_data;\n",
    ),
    ("migrations/003_c.sql", "begin;\ninsert into a values (3);\ncommit;\n"),
];

/// The same for Supabase's ledger.
const SUPABASE: &[(&str, &str)] = &[
    (
        "supabase/migrations/20240101000000_a.sql",
        "create table a (id int);\ninsert into a values (1);\n",
    ),
    ("supabase/migrations/20240102000000_b.sql", "insert into a values (2);\n"),
    (
        "supabase/migrations/20240103000000_c.sql",
        "create function f() returns int language sql as $$ select 1; $$;\ninsert into a values (3);\n",
    ),
];

/// One that is not one transaction, between two that are.
const STEPS: &[(&str, &str)] = &[
    ("migrations/001_a.sql", "create table a (id int);\ninsert into a values (1);\n"),
    (
        "migrations/002_b.sql",
        "insert into a values (2);\ncreate index concurrently a_id on a (id);\n\
         insert into a values (3);\ndrop index concurrently a_id;\ncreate index concurrently a_id2 on a (id);\n",
    ),
    ("migrations/003_c.sql", "insert into a values (4);\n"),
];

/// Pastes a text into psql, which goes on after an error, as a person's does.
fn psql(project: &Project, text: &str) -> Said {
    let mut command = Psql::get().command();
    command.args(["-X", "-d", &project.url()]);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    Said::new(child.wait_with_output().unwrap())
}

/// The script up to the end of each of its statements: what is within one is indented.
fn statements(script: &str) -> Vec<String> {
    let mut cuts = Vec::new();
    let mut end = 0;
    for line in script.split_inclusive('\n') {
        end += line.len();
        if line.ends_with(";\n") && !line.starts_with([' ', '-']) {
            cuts.push(script[..end].to_owned());
        }
    }
    cuts
}

/// What the rows of `a` are, in the order in which they came.
async fn rows(project: &Project) -> String {
    let sql = "select coalesce(string_agg(id::text, ' ' order by id), '') from a";
    let mut session = project.session().await;
    match session.simple(sql).await {
        Ok(answers) => answers[0].value().unwrap().to_owned(),
        Err(failure) => failure.code().unwrap().to_owned(),
    }
}

/// How many migrations the ledger has as applied.
async fn applied(project: &Project, ledger: &str) -> usize {
    let mut session = project.session().await;
    match session.simple(&format!("select count(*) from {ledger}")).await {
        Ok(answers) => answers[0].value().unwrap().parse().unwrap(),
        Err(_) => 0,
    }
}

const OWN: &str = "whimbrel.schema_migrations where status = 'completed'";
const THEIRS: &str = "supabase_migrations.schema_migrations";

fn script(project: &Project, line: &str) -> String {
    project.done(line).out
}

#[tokio::test]
async fn pasted_whole_it_does_what_up_does() {
    for (files, ledger) in [(PLAIN, OWN), (SUPABASE, THEIRS), (STEPS, OWN)] {
        for line in ["script --all", "script"] {
            let project = Project::new(files).with_database().await;
            let said = psql(&project, &script(&project, line));
            assert!(!said.err.contains("ERROR"), "{}", said.err);
            assert_eq!(applied(&project, ledger).await, 3);
            let status = project.done("status --check");
            assert!(status.out.contains("applied"), "{}", status.out);
            let again = project.done("up --yes");
            assert!(again.out.contains("everything is applied"), "{}", again.whole());
        }
    }
}

#[tokio::test]
async fn one_message_does_the_same() {
    for (files, ledger) in [(PLAIN, OWN), (SUPABASE, THEIRS)] {
        let project = Project::new(files).with_database().await;
        project.session().await.simple(&script(&project, "script --all")).await.unwrap();
        assert_eq!(rows(&project).await, "1 2 3");
        assert_eq!(applied(&project, ledger).await, 3);
        project.done("status --check");
    }
}

/// An SQL editor sends all that is pasted as one message.
#[tokio::test]
async fn an_sql_editor_takes_steps_piece_by_piece() {
    let project = Project::new(STEPS).with_database().await;
    let Err(failure) = project.session().await.simple(&script(&project, "script --all")).await
    else {
        panic!("a concurrent index was built within a message of several statements");
    };
    assert_eq!(failure.code(), Some("25001"));
    assert_eq!(rows(&project).await, "1 2");
    assert_eq!(applied(&project, OWN).await, 1);
    let report = project.done("script --json").json();
    for part in report["parts"].as_array().unwrap() {
        for piece in part["pieces"].as_array().unwrap() {
            let sql = piece["sql"].as_str().unwrap();
            project.session().await.simple(sql).await.unwrap();
        }
    }
    assert_eq!(rows(&project).await, "1 2 3 4");
    project.done("status --check");
}

#[test]
fn a_person_can_read_it() {
    let file = ("supabase/migrations/20240101000000_a.sql", "create table a (id int);\n");
    let project = Project::new(&[file]);
    check("script", &project.show("script --all"));
}

#[tokio::test]
async fn the_ledger_holds_what_up_writes() {
    for (files, columns) in [
        (
            PLAIN,
            "id, name, description, up_sql, down_sql, status, checksum, fingerprint_up from whimbrel.schema_migrations",
        ),
        (SUPABASE, "version, name, statements from supabase_migrations.schema_migrations"),
        (
            STEPS,
            "id, name, up_sql, status, checksum, fingerprint_up from whimbrel.schema_migrations",
        ),
    ] {
        let mut ledgers = Vec::new();
        for pasted in [false, true] {
            let project = Project::new(files).with_database().await;
            if pasted {
                psql(&project, &script(&project, "script"));
            } else {
                project.done("up --yes");
            }
            let sql = format!(
                "select string_agg(r::text, e'\\n' order by r::text) from (select {columns}) r"
            );
            ledgers.push(project.sql(&sql).await.unwrap());
        }
        assert_eq!(ledgers[0], ledgers[1]);
    }
}

/// Cut after any statement, in psql and in one message, all of a migration is there with its entry,
/// or nothing of it; what is pasted again whole, and what `up` does then, ends where it should.
/// Waits for the server to end what a client left that is gone.
async fn until_alone(project: &Project) {
    const OTHERS: &str = "select count(*) from pg_stat_activity where pid <> pg_backend_pid() \
        and datname = current_database() and backend_type = 'client backend'";
    while project.sql(OTHERS).await.as_deref() != Some("0") {
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
}

#[tokio::test]
async fn cut_anywhere_it_leaves_whole_migrations() {
    for (files, ledger) in [(PLAIN, OWN), (SUPABASE, THEIRS)] {
        let project = Project::new(files).with_database().await;
        let whole = script(&project, "script --all");
        for (number, cut) in statements(&whole).iter().enumerate() {
            for in_psql in [true, false] {
                let project = Project::new(files).with_database().await;
                if in_psql {
                    psql(&project, cut);
                } else {
                    // Cut within a statement, the message says that it is none.
                    drop(project.session().await.simple(cut).await);
                }
                until_alone(&project).await;
                let done = applied(&project, ledger).await;
                let expected = ["42P01", "1", "1 2", "1 2 3"][done];
                assert_eq!(rows(&project).await, expected, "cut after statement {number}");
                if number % 2 == 0 {
                    psql(&project, &whole);
                } else {
                    project.done("up --yes --no-rehearsal");
                }
                assert_eq!(rows(&project).await, "1 2 3", "cut after statement {number}");
                assert_eq!(applied(&project, ledger).await, 3, "cut after statement {number}");
            }
        }
    }
}

#[tokio::test]
async fn steps_cut_anywhere_are_gone_on_with() {
    let project = Project::new(STEPS).with_database().await;
    let whole = script(&project, "script --all");
    for (number, cut) in statements(&whole).iter().enumerate() {
        let project = Project::new(STEPS).with_database().await;
        psql(&project, cut);
        until_alone(&project).await;
        let way = number % 3;
        match way {
            0 => drop(psql(&project, &whole)),
            1 => drop(psql(&project, &script(&project, "script"))),
            _ => drop(project.done("up --yes --no-rehearsal")),
        }
        let what = format!("cut after statement {number}, way {way}");
        assert_eq!(rows(&project).await, "1 2 3 4", "{what}");
        assert_eq!(applied(&project, OWN).await, 3, "{what}");
        let sql = "select string_agg(c.relname || i.indisvalid, ' ') from pg_index i join pg_class c on c.oid = i.indexrelid where i.indrelid = 'a'::regclass";
        assert_eq!(project.sql(sql).await.as_deref(), Some("a_id2true"), "{what}");
        assert_eq!(
            project.sql("select count(*)::text from whimbrel_journal.intents").await.as_deref(),
            Some("0"),
            "{what}"
        );
    }
}

#[tokio::test]
async fn pasted_again_within_an_open_transaction_it_does_nothing_twice() {
    let project = Project::new(SUPABASE).with_database().await;
    let whole = script(&project, "script --all");
    for cut in statements(&whole) {
        let project = Project::new(SUPABASE).with_database().await;
        psql(&project, &format!("{cut}{whole}"));
        let done = applied(&project, THEIRS).await;
        assert_eq!(rows(&project).await, ["42P01", "1", "1 2", "1 2 3"][done]);
    }
}

#[tokio::test]
async fn a_part_refuses_a_second_time_and_before_its_turn() {
    let project = Project::new(PLAIN).with_database().await;
    let part = |number: usize| {
        let report = project.done("script --all --json").json();
        report["parts"][number]["pieces"][0]["sql"].as_str().unwrap().to_owned()
    };
    let parts = [part(0), part(1), part(2)];
    let code = async |sql: &str| match project.session().await.simple(sql).await {
        Ok(_) => "done".to_owned(),
        Err(Failure::Server { error, .. }) => format!("{} {}", error.code, error.message),
        Err(failure) => panic!("{failure}"),
    };
    assert!(code(&parts[1]).await.starts_with("WB002 there is no ledger yet"));
    assert_eq!(code(&parts[0]).await, "done");
    assert_eq!(code(&parts[0]).await, "WB001 `001_a` is applied already");
    assert!(code(&parts[2]).await.starts_with("WB002 `002_b` comes before `003_c`"));
    assert_eq!(code(&parts[1]).await, "done");
    project
        .sql("update whimbrel.schema_migrations set status = 'pending' where id = 'main:002_b'")
        .await;
    assert_eq!(code(&parts[2]).await, "WB002 `002_b` comes before `003_c` and is not applied");
    assert_eq!(rows(&project).await, "1 2");
}

/// A statement that stands alone has no guard of its own, and psql goes on after an error.
#[tokio::test]
async fn pasted_again_it_does_not_make_again_what_was_dropped_later() {
    let files = [
        ("migrations/001_a.sql", "create table a (id int);\n"),
        ("migrations/002_unique.sql", "create unique index concurrently a_id on a (id);\n"),
        ("migrations/003_drop.sql", "drop index a_id;\ninsert into a values (1), (1);\n"),
    ];
    let project = Project::new(&files).with_database().await;
    let script = project.done("script").out;
    let first = psql(&project, &script).whole();
    assert!(!first.contains("ERROR"), "{first}");
    let again = psql(&project, &script).whole();
    assert!(again.contains("in a read-only transaction"), "{again}");
    assert!(again.contains("`003_drop` is applied already"), "{again}");
    let index = "select to_regclass('a_id')::text";
    assert_eq!(project.sql(index).await, None, "{again}");
    project.sql("insert into a values (1)").await;
    assert_eq!(rows(&project).await, "1 1 1");
    // Nor before its turn, and a session is left as it was.
    let fresh = Project::new(&files).with_database().await;
    fresh.sql("create table a (id int)").await;
    let (_, rest) = script.split_once("-- ==== 2 of 3").unwrap();
    let said = psql(
        &fresh,
        &format!("--{rest}\nselect 'left ' || current_setting('default_transaction_read_only');\n"),
    )
    .whole();
    assert!(said.contains("in a read-only transaction") && said.contains("left off"), "{said}");
    assert_eq!(fresh.sql(index).await, None, "{said}");
}

#[tokio::test]
async fn it_keeps_out_of_the_way_of_a_run() {
    let mut files = PLAIN.to_vec();
    files[0].1 = "create table a (id int);\ninsert into a values (1);\nselect pg_sleep(3);\n";
    let project = Project::new(&files).with_database().await;
    let whole = script(&project, "script");
    let running = project.command(&["up", "--yes", "--no-rehearsal"]).spawn().unwrap();
    let is_on = "select count(*)::text from pg_locks where locktype = 'advisory' and database = (select oid from pg_database where datname = current_database())";
    while project.sql(is_on).await.as_deref() == Some("0") {
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    let said = psql(&project, &whole);
    assert!(said.err.contains("another run of migrations is under way"), "{}", said.err);
    let ended = Said::new(running.wait_with_output().unwrap());
    assert_eq!(ended.code, 0, "{}", ended.whole());
    assert_eq!(rows(&project).await, "1 2 3");
}

#[tokio::test]
async fn a_ledger_in_another_schema_is_not_passed_over() {
    let project = Project::new(PLAIN).with_database().await;
    project.write("whimbrel.toml", "[ledger]\nschema = \"ops\"\n");
    project.done("up --yes --no-rehearsal");
    project.remove("whimbrel.toml");
    let said = psql(&project, &script(&project, "script --all"));
    assert!(said.err.contains("keeps its ledger in another schema"), "{}", said.err);
    assert_eq!(rows(&project).await, "1 2 3");
    project.write("whimbrel.toml", "[ledger]\nschema = \"ops\"\n");
    let said = psql(&project, &script(&project, "script --all"));
    assert!(said.err.contains("is applied already"), "{}", said.err);
}

#[tokio::test]
async fn what_is_said_to_be_applied_is_left_out_and_looked_for() {
    let project = Project::new(SUPABASE).with_database().await;
    let rest = script(&project, "script --after 20240101000000");
    assert!(!rest.contains("create table a"), "{rest}");
    let said = psql(&project, &rest);
    assert!(said.err.contains("comes before"), "{}", said.err);
    assert_eq!(applied(&project, THEIRS).await, 0);
    project.done("up --yes --no-rehearsal --to 20240101000000");
    psql(&project, &rest);
    assert_eq!(rows(&project).await, "1 2 3");
}

#[test]
fn what_leaves_no_trace_is_refused() {
    for text in ["vacuum;", "reindex table concurrently a;", "create index concurrently on a (id);"]
    {
        let project = Project::new(&[("migrations/001_a.sql", text)]);
        let said = project.run("script --all");
        assert_eq!((said.code, said.out.as_str()), (4, ""), "{}", said.whole());
        assert!(said.err.contains("whimbrel up"), "{}", said.err);
    }
}

#[tokio::test]
async fn rows_of_a_copy_go_through_psql() {
    let copy = "create table a (id int);\ncopy a from stdin;\n1\n2\n\\.\n";
    let project = Project::new(&[("migrations/001_a.sql", copy)]).with_database().await;
    let said = project.done("script --all");
    assert!(said.err.contains("only psql"), "{}", said.err);
    psql(&project, &said.out);
    assert_eq!(rows(&project).await, "1 2");
    assert_eq!(applied(&project, OWN).await, 1);
}

#[tokio::test]
async fn a_repeatable_one_runs_again_once() {
    let files = [
        ("migrations/001_a.sql", "create table a (id int);\ninsert into a values (1);\n"),
        ("migrations/R__v.sql", "insert into a values (2);\n"),
    ];
    let project = Project::new(&files).with_database().await;
    project.done("up --yes --no-rehearsal");
    project.write("migrations/R__v.sql", "insert into a values (3);\n");
    let text = script(&project, "script");
    psql(&project, &text);
    assert_eq!(rows(&project).await, "1 2 3");
    let said = psql(&project, &text);
    assert!(said.err.contains("is applied already"), "{}", said.err);
    assert_eq!(rows(&project).await, "1 2 3");
    project.done("status --check");
}

#[tokio::test]
async fn nothing_but_the_script_is_on_stdout() {
    let project = Project::new(PLAIN).with_database().await;
    project.done("up --yes --no-rehearsal");
    assert_eq!(script(&project, "script"), "-- Nothing is pending.\n");
    let project =
        Project::new(PLAIN).with("DATABASE_URL", "postgres://app:hunter2secret@127.0.0.1:1/app");
    let said = project.run("script");
    assert_eq!((said.code, said.out.as_str()), (5, ""), "{}", said.whole());
}

#[tokio::test]
async fn the_examples_of_all_formats_can_be_pasted() {
    for format in whimbrel_app::formats::ALL {
        let project = Project::example(format.name()).with_database().await;
        let said = psql(&project, &script(&project, "script --all"));
        assert!(!said.err.contains("ERROR"), "{}: {}", format.name(), said.err);
        assert_eq!(project.run("status --check").code, 0, "{}", format.name());
        let again = project.done("up --yes");
        assert!(again.out.contains("everything is applied"), "{}", again.whole());
    }
}

#[tokio::test]
async fn every_major_takes_it() {
    for major in MAJORS {
        for files in [SUPABASE, STEPS] {
            let database = Server::shared(major).await.database().await;
            let url = database.target().to_string();
            let project = Project::new(files).with("DATABASE_URL", &url);
            let text = script(&project, "script");
            let file = project.path().join("script.sql");
            std::fs::write(&file, text).unwrap();
            let mut command = Psql::get().command();
            command.args(["-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", &url, "-f"]).arg(file);
            let said = Said::new(command.output().unwrap());
            assert_eq!(said.code, 0, "{major}: {}", said.whole());
            project.done("status --check");
        }
    }
}

/// Tables that a project has elsewhere are written where they are.
#[tokio::test]
async fn an_adopted_ledger_is_written_as_it_is() {
    let project = Project::new(PLAIN).with_database().await;
    project
        .sql(
            "create table public.schema_migrations (id varchar(255) primary key, \
             name varchar(255) not null, up_sql text not null, status text not null, \
             applied_at timestamptz)",
        )
        .await;
    let text = script(&project, "script");
    let said = psql(&project, &text);
    assert!(!said.err.contains("ERROR"), "{}", said.err);
    let applied = applied(&project, "public.schema_migrations where status = 'completed'").await;
    assert_eq!(applied, 3);
    assert!(project.done("up --yes").out.contains("everything is applied"));
    let said = psql(&project, &text);
    assert!(said.err.contains("is applied already"), "{}", said.err);
    assert_eq!(rows(&project).await, "1 2 3");
}
