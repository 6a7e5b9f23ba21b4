//! Whimbrel's own tables, and tables like them that a project already has.

use std::collections::BTreeMap;

use whimbrel_history::ledgers::{Elsewhere, Took};
use whimbrel_history::state::{State, belonging, matrix};
use whimbrel_history::{Definition, Direction, Down, Entry, Status};
use whimbrel_testkit::MAJORS;

use crate::database::Probe;
use crate::support::{Project, settings};

/// A script that is hard to quote.
const AWKWARD: &str = "insert into t values ('it''s \\ $$ ü', E'\\n');\n-- \"end\"";

/// Three annotated migrations, each after the one before.
fn annotated() -> Vec<Definition> {
    let file = |id: &str, needs: &str, up: &str| {
        format!(
            "-- Migration: {id}\n-- Description: what's \\ in it\n-- Type: create_table\n-- Depends on: [{needs}]\n-- @up\n{up}\n-- @down\nselect 'down';\n"
        )
    };
    let project = Project::new(&[
        ("m/001_a.sql", file("001_a", "", "create table t (a text, b text);")),
        ("m/002_b.sql", file("002_b", "001_a", AWKWARD)),
        ("m/003_c.sql", file("003_c", "001_a, 002_b", "select 3;")),
    ]);
    let history = project.read("annotated", &settings("m")).unwrap();
    project.definitions(&history)
}

/// One plain migration of a history called `main`.
fn plain() -> Definition {
    let project = Project::new(&[("m/007_p.sql", "select 7;")]);
    let history = project.read("plain", &settings("m")).unwrap();
    project.definition(&history.migrations[0])
}

fn statuses(entries: &BTreeMap<String, Entry>) -> Vec<(&str, Status)> {
    entries.iter().map(|(key, entry)| (key.as_str(), entry.status)).collect()
}

/// Everything that a ledger is asked to do, in a database that may have tables already.
async fn live(probe: &mut Probe) {
    let ledger = probe.ledger;
    let place = probe.prepare().await;
    let all = annotated();
    let plain = plain();
    let pending: Vec<&Definition> = all.iter().chain([&plain]).collect();

    probe.together(&ledger.register(&place, &pending).unwrap()).await;
    let entries = probe.entries().await;
    assert_eq!(
        statuses(&entries),
        [
            ("001_a", Status::Pending),
            ("002_b", Status::Pending),
            ("003_c", Status::Pending),
            ("main:007_p", Status::Pending),
        ]
    );
    assert_eq!(entries["main:007_p"].history.as_deref(), Some("main"));
    assert_eq!(entries["main:007_p"].id, "007_p");
    assert_eq!(entries["main:007_p"].down, Down::None);
    assert_eq!(entries["001_a"].down, Down::Recorded);
    assert_eq!(entries["001_a"].applied_at, None);

    // One transaction: the script, what it leaves behind, its entry.
    let mut statements = vec![
        all[0].up.held().unwrap().trim_end_matches(';').to_owned(),
        "select set_config('search_path', '', false)".into(),
        "set standard_conforming_strings = off".into(),
    ];
    statements.extend(ledger.record(&place, &all[0], Took::ThisTransaction).unwrap());
    probe.together(&statements).await;
    probe.run("reset standard_conforming_strings; reset search_path").await;

    probe.together(&ledger.start(&place, &all[1], Direction::Up)).await;
    let tells = place.tables["schema_migrations"].columns.contains_key("unfinished");
    let unfinished = |direction| Some(direction).filter(|_| tells);
    let running = probe.entries().await.remove("002_b").unwrap();
    assert_eq!((running.status, running.unfinished), (Status::Running, unfinished(Direction::Up)));
    probe.together(&ledger.fail(&place, &all[1], "it's \\ broken\nat line 2")).await;
    let failed = probe.entries().await.remove("002_b").unwrap();
    assert_eq!((failed.status, failed.unfinished), (Status::Failed, unfinished(Direction::Up)));
    if place.tables["schema_migrations"].columns.contains_key("error_message") {
        assert_eq!(failed.error.as_deref(), Some("it's \\ broken\nat line 2"));
    }
    probe.together(&ledger.record(&place, &all[1], Took::Milliseconds(i64::MAX)).unwrap()).await;
    let entries = probe.entries().await;
    let entry = &entries["002_b"];
    assert_eq!((entry.status, entry.error.as_deref()), (Status::Completed, None));
    assert_eq!(entry.unfinished, None);
    assert_eq!(entry.execution_time_ms, Some(i64::from(i32::MAX)));
    let applied_at = entry.applied_at.as_deref().unwrap();
    assert!(applied_at.len() == 27 && applied_at.ends_with('Z'), "{applied_at}");
    assert_eq!(entry.checksum.as_deref(), Some(all[1].migration.checksum.text.as_str()));

    // A failure of another attempt does not unmake what is applied, and neither does registering.
    probe.together(&ledger.fail(&place, &all[1], "again")).await;
    probe.together(&ledger.register(&place, &pending).unwrap()).await;
    assert_eq!(probe.entries().await["002_b"].status, Status::Completed);

    let recorded = probe.recorded(&["002_b", "main:007_p"]).await;
    assert_eq!(recorded["002_b"].up, [AWKWARD]);
    assert_eq!(recorded["002_b"].down_text().as_deref(), Some("select 'down';\n"));
    assert_eq!(recorded["main:007_p"].down, None);
    assert_eq!(recorded["002_b"].fingerprints().up, all[1].migration.up.fingerprint);

    changed(probe, &all[1]).await;

    probe.together(&ledger.record(&place, &plain, Took::ThisTransaction).unwrap()).await;
    probe.together(&ledger.start(&place, &all[1], Direction::Down)).await;
    let undoing = probe.entries().await.remove("002_b").unwrap();
    assert_eq!(
        (undoing.status, undoing.unfinished),
        (Status::Completed, unfinished(Direction::Down))
    );
    probe.together(&ledger.forget(&place, &all[1])).await;
    assert_eq!(probe.entries().await["002_b"].unfinished, None);
    assert_eq!(
        statuses(&probe.entries().await),
        [
            ("001_a", Status::Completed),
            ("002_b", Status::RolledBack),
            ("003_c", Status::Pending),
            ("main:007_p", Status::Completed),
        ]
    );
    finished(probe).await;
    edited_by_hand(probe, &all[2]).await;

    // What has no row cannot be recorded, so its migration does not commit either.
    let schema = &place.tables["schema_migrations"].schema;
    probe.run(&format!("delete from {schema}.schema_migrations where id = '003_c'")).await;
    let mut statements = vec!["create table lost ()".to_owned()];
    statements.extend(ledger.record(&place, &all[2], Took::ThisTransaction).unwrap());
    let failure = probe.attempt(&statements).await.unwrap_err();
    assert!(failure.to_string().contains("no entry of 003_c"), "{failure}");
    let failure = probe.attempt(&ledger.start(&place, &all[2], Direction::Up)).await.unwrap_err();
    assert!(failure.to_string().contains("no entry of 003_c"), "{failure}");
    assert_eq!(probe.rows("select to_regclass('lost')").await, ["null"]);
    amended(probe, &all[2]).await;
}

/// What a ledger is made to say without a run.
async fn amended(probe: &mut Probe, third: &Definition) {
    let ledger = probe.ledger;
    let place = probe.place().await;
    let elsewhere = Elsewhere {
        applied_at: Some("2026-01-31T12:00:00.000001Z".into()),
        execution_time_ms: Some(7),
    };
    probe.together(&ledger.import(&place, third, &elsewhere).unwrap()).await;
    let imported = probe.entries().await.remove("003_c").unwrap();
    assert_eq!(imported.status, Status::Completed);
    assert!(!imported.marked, "it ran elsewhere");
    let at = imported.applied_at.clone().unwrap();
    assert!(at.starts_with("2026-01-31T12:00:00"), "{at}");
    assert!(imported.execution_time_ms.is_none_or(|took| took == 7));

    let mut edited = third.clone();
    edited.up = "select 4;".into();
    edited.migration.checksum.text = "accepted".into();
    probe.together(&ledger.accept(&place, &edited).unwrap()).await;
    let accepted = probe.entries().await.remove("003_c").unwrap();
    assert_eq!(accepted.applied_at, imported.applied_at, "accepting is no run");
    assert_eq!(accepted.status, Status::Completed);
    assert!(accepted.checksum.is_none_or(|checksum| checksum == "accepted"));
    assert_eq!(probe.recorded(&["003_c"]).await["003_c"].up, ["select 4;"]);

    probe.together(&ledger.withdraw(&place, "003_c")).await;
    assert_eq!(probe.entries().await["003_c"].status, Status::Pending);
    probe.together(&ledger.remove(&place, "003_c")).await;
    assert!(!probe.entries().await.contains_key("003_c"));
}

/// An applied migration that is run again with another script.
async fn changed(probe: &mut Probe, definition: &Definition) {
    let place = probe.place().await;
    let text = format!(
        "-- Migration: 002_b\n-- Type: insert_data\n-- Depends on: [001_a]\n-- @up\n{}\n",
        "insert into t values ('new');"
    );
    let project = Project::new(&[
        ("m/001_a.sql", "-- Migration: 001_a\n-- Type: custom_sql\n-- @up\nselect 1;\n"),
        ("m/002_b.sql", &text),
    ]);
    let history = project.read("annotated", &settings("m")).unwrap();
    let new = project.definition(&history.migrations[1]);
    assert_eq!(new.migration.key, definition.migration.key);
    let statements = probe.ledger.record_again(&place, &new, Took::ThisTransaction).unwrap();
    probe.together(&statements).await;
    let entries = probe.entries().await;
    let applied = [entries["002_b"].clone()];
    let own = matrix(&history, &belonging(&history, &applied), &BTreeMap::new());
    assert_eq!(own[1].state, State::Applied);
    assert_eq!(probe.recorded(&["002_b"]).await["002_b"].up, ["insert into t values ('new');"]);
    probe
        .together(&probe.ledger.record_again(&place, definition, Took::ThisTransaction).unwrap())
        .await;
}

/// Once a run: what the whole database is at.
async fn finished(probe: &mut Probe) {
    let place = probe.place().await;
    for _ in 0..2 {
        let statements = probe.ledger.finish(&place);
        if !statements.is_empty() {
            probe.together(&statements).await;
        }
    }
    let state = &place.tables["database_schema"];
    let query = format!(
        "select version, last_migration, to_jsonb(applied_migrations) from {}.database_schema",
        state.schema
    );
    assert_eq!(probe.rows(&query).await, [r#"007|main:007_p|["001_a", "main:007_p"]"#]);
}

/// The two updates that origin/e documents, word for word.
async fn edited_by_hand(probe: &mut Probe, third: &Definition) {
    let place = probe.place().await;
    let migrations = &place.tables["schema_migrations"];
    let reset = if migrations.columns.contains_key("error_message") {
        "SET status = 'pending', error_message = NULL"
    } else {
        "SET status = 'pending'"
    };
    probe
        .run(&format!(
            "set search_path = {};
            UPDATE schema_migrations {reset} WHERE id = '001_a';
            UPDATE schema_migrations SET status = 'completed', applied_at = NOW() WHERE id = '003_c';
            reset search_path",
            migrations.schema
        ))
        .await;
    let entries = probe.entries().await;
    assert_eq!(entries["001_a"].status, Status::Pending);
    assert_eq!(entries["003_c"].status, Status::Completed);
    assert_eq!(entries["003_c"].checksum.as_deref(), Some(third.migration.checksum.text.as_str()));
    assert!(entries["003_c"].applied_at.is_some());
}

#[tokio::test]
async fn a_ledger_that_whimbrel_makes_serves_on_every_major() {
    for major in MAJORS {
        let mut probe = Probe::new(major, "whimbrel").await;
        assert_eq!(probe.ledger.read(&probe.place().await), None);
        live(&mut probe).await;
        let executions = probe
            .rows("select migration_id, status, error_message is not null from whimbrel.migration_history order by executed_at")
            .await;
        assert_eq!(
            executions,
            [
                "001_a|completed|f",
                "002_b|failed|t",
                "002_b|completed|f",
                "002_b|failed|t",
                "002_b|completed|f",
                "002_b|completed|f",
                "main:007_p|completed|f",
                "002_b|rolled_back|f",
            ]
        );
        assert_eq!(
            probe.rows(COLUMNS).await,
            [
                "database_schema|id uuid, version character varying(50), last_migration character varying(255), applied_migrations text[]",
                "migration_history|id uuid, migration_id character varying(255), executed_at timestamp with time zone, status whimbrel.migration_status, execution_time_ms integer, error_message text",
                "schema_migrations|id character varying(255), name character varying(255), description text, migration_type whimbrel.migration_type, up_sql text, down_sql text, depends_on text[], status whimbrel.migration_status, applied_at timestamp with time zone, execution_time_ms integer, checksum character varying(64), error_message text, fingerprint_header character varying(64), fingerprint_up character varying(64), fingerprint_down character varying(64), unfinished character varying(4)",
            ]
        );
    }
}

/// Each table or view outside of the system, with its columns.
const COLUMNS: &str = "select c.relname, string_agg(a.attname || ' ' || format_type(a.atttypid, a.atttypmod), ', ' order by a.attnum)
    from pg_class c
    join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
    where c.relkind in ('r', 'v') and c.relnamespace::regnamespace::text !~ '^(pg_|information_schema)'
        and c.relname in ('schema_migrations', 'migration_history', 'database_schema')
    group by c.oid, c.relname
    order by c.relname";

/// What projects may have: the documented tables, made by people in different ways.
const ADOPTED: &[(&str, &str)] = &[
    (
        "enums of other names in public",
        "create type public.migrationtype as enum ('create_table', 'alter_table', 'drop_table', 'create_index', 'drop_index', 'insert_data', 'update_data', 'delete_data', 'custom_sql');
        create type public.migrationstatus as enum ('pending', 'running', 'completed', 'failed', 'rolled_back');
        create table public.schema_migrations (
            id varchar(255) primary key, name varchar(255) not null, description text not null,
            migration_type migrationtype not null, up_sql text not null, down_sql text,
            depends_on text[] not null default '{}', status migrationstatus not null default 'pending',
            applied_at timestamptz, execution_time_ms integer, checksum varchar(64) not null
        );
        create table public.migration_history (
            id uuid primary key, migration_id varchar(255) references public.schema_migrations (id),
            executed_at timestamptz not null, status migrationstatus not null,
            execution_time_ms integer, error_message text
        );
        create table public.database_schema (
            id uuid primary key, version varchar(50) not null, last_migration varchar(255), applied_migrations text[]
        )",
    ),
    (
        "texts, and more columns, in a schema of their own",
        "create schema ops;
        create table ops.schema_migrations (
            id text primary key, name text not null, description text, migration_type text,
            up_sql text not null, down_sql text, depends_on jsonb default '[]', status text not null
                check (status in ('pending', 'running', 'completed', 'failed', 'rolled_back')),
            applied_at timestamp, execution_time_ms double precision, checksum text, error_message text,
            created_at timestamptz not null default now()
        );
        create table ops.migration_history (
            id bigserial primary key, migration_id text not null, executed_at timestamptz default now(),
            status text not null, execution_time_ms double precision, error_message text
        );
        create table ops.database_schema (
            id uuid primary key default gen_random_uuid(), version text, last_migration text,
            applied_migrations jsonb, updated_at timestamptz
        );
        insert into ops.database_schema (version, applied_migrations) values ('000', '[]')",
    ),
    (
        "the first table alone",
        "create table public.schema_migrations (
            id varchar(255) primary key, name varchar(255), description text, migration_type varchar(50),
            up_sql text, down_sql text, depends_on varchar(255)[], status varchar(20) default 'pending',
            applied_at timestamptz, execution_time_ms integer, checksum varchar(64), error_message text
        )",
    ),
];

#[tokio::test]
async fn tables_that_a_project_has_are_adopted_and_never_altered() {
    for major in MAJORS {
        for (what, tables) in ADOPTED {
            let mut probe = Probe::new(major, "whimbrel").await;
            probe.run(tables).await;
            let before = probe.rows(COLUMNS).await;
            live(&mut probe).await;
            let after = probe.rows(COLUMNS).await;
            for table in before {
                assert!(after.contains(&table), "{major}: {what}: {table}");
            }
        }
    }
}

#[tokio::test]
async fn other_tools_tables_of_the_same_name_are_left_alone() {
    let mut probe = Probe::new(17, "whimbrel").await;
    probe
        .run("create table public.schema_migrations (version varchar not null primary key); insert into schema_migrations values ('20240101000000')")
        .await;
    live(&mut probe).await;
    assert_eq!(
        probe.rows("select version from public.schema_migrations").await,
        ["20240101000000"]
    );
    assert_eq!(probe.place().await.tables["schema_migrations"].schema, "whimbrel");
}

#[tokio::test]
async fn a_configured_schema_is_where_tables_are_made() {
    let mut probe = Probe::new(17, "whimbrel").await;
    probe.schema = Some("Our \"Ledger\"");
    let place = probe.prepare().await;
    assert_eq!(place.tables.len(), 3);
    assert!(place.tables.values().all(|found| found.schema == "Our \"Ledger\""));
}

#[tokio::test]
async fn nobody_has_grants_on_the_ledger() {
    for major in MAJORS {
        let mut probe = Probe::new(major, "whimbrel").await;
        let role = format!("reader_{major}");
        probe
            .run(&format!(
                "create role {role};
                alter default privileges grant select on tables to {role}, public;
                alter default privileges grant usage on schemas to {role}"
            ))
            .await;
        probe.prepare().await;
        let grants = probe
            .rows(&format!(
                "select c.relname from pg_class c where c.relnamespace = 'whimbrel'::regnamespace and c.relkind in ('r', 'v')
                    and has_table_privilege('{role}', c.oid, 'select, insert, update, delete, truncate, references, trigger')
                union all
                select 'schema' where has_schema_privilege('{role}', 'whimbrel', 'usage, create')"
            ))
            .await;
        assert_eq!(grants, Vec::<String>::new(), "{major}");
        probe.run(&format!("drop owned by {role}; drop role {role}")).await;
    }
}

#[tokio::test]
async fn a_role_that_may_make_no_schema_uses_one_that_is_there() {
    let mut probe = Probe::new(17, "whimbrel").await;
    probe
        .run("create role deployer; create schema whimbrel authorization deployer; set role deployer")
        .await;
    probe.prepare().await;
    probe.run("reset role; drop owned by deployer cascade; drop role deployer").await;
}

#[tokio::test]
async fn types_left_of_dropped_tables_are_used_again() {
    let mut probe = Probe::new(17, "whimbrel").await;
    probe.prepare().await;
    probe.run("drop table whimbrel.schema_migrations, whimbrel.migration_history cascade").await;
    probe.prepare().await;
    live(&mut probe).await;
}

#[tokio::test]
async fn a_status_that_nobody_documented_is_named() {
    let mut probe = Probe::new(17, "whimbrel").await;
    probe.run(ADOPTED[2].1).await;
    probe
        .run("insert into schema_migrations (id, name, status) values ('001_a', 'a', 'paused')")
        .await;
    let place = probe.place().await;
    let query = probe.ledger.read(&place).unwrap();
    let answers = probe.run(&query).await;
    let row = answers[0].first().unwrap();
    let row: Vec<Option<&str>> = (0..answers[0].columns().len()).map(|at| row.at(at)).collect();
    assert_eq!(
        probe.ledger.entry(&row).unwrap_err().to_string(),
        "ledger `whimbrel` holds status `paused` that is not known"
    );
}
