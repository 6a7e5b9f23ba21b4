//! The Supabase CLI's table in all its shapes.

use whimbrel_history::ledgers::{Elsewhere, Took};
use whimbrel_history::state::{State, belonging, matrix, undecided};
use whimbrel_history::{Definition, Down, History, Status, statements};
use whimbrel_testkit::MAJORS;

use crate::database::Probe;
use crate::support::{Project, settings};

const SCRIPT: &str = "\u{feff}-- Makes a\r\ncreate table a (b text);\r\n\r\n-- it's filled\ninsert into a values ('x; \\ y') /* ; */ ;;\ncreate function f() returns int language sql begin atomic select case when true then 1 end; end;\n-- the end\n";

fn project() -> (Project, History) {
    let project = Project::new(&[
        ("supabase/migrations/20240101000000_make_a.sql", SCRIPT),
        ("supabase/migrations/20240102000000_b.sql", "create table b ();"),
        ("supabase/migrations/down/20240101000000_make_a.sql", "drop function f;\ndrop table a;\n"),
    ]);
    let history = project.read("supabase", &settings("supabase/migrations")).unwrap();
    (project, history)
}

/// What the table may look like, and which columns a new row fills.
pub(crate) const SHAPES: &[(&str, &str, &str)] = &[
    ("none", "", "version, statements, name"),
    ("the CLI's oldest", "version text not null primary key", "version"),
    (
        "the CLI's",
        "version text not null primary key, statements text[], name text",
        "version, statements, name",
    ),
    (
        "the platform's",
        "version text not null primary key, statements text[], name text, created_by text, idempotency_key text, rollback text[]",
        "version, statements, name, rollback",
    ),
    (
        "origin/a's",
        "version varchar(255) primary key not null, statements text[], name varchar(255), applied_at timestamp with time zone default now()",
        "version, statements, name, applied_at",
    ),
    (
        "statements of an odd type",
        "version text primary key, statements jsonb, name text, applied_at timestamp",
        "version, name, applied_at",
    ),
];

pub(crate) async fn made(major: u16, columns: &str) -> Probe {
    let mut probe = Probe::new(major, "supabase").await;
    if !columns.is_empty() {
        probe
            .run(&format!(
                "create schema supabase_migrations; create table supabase_migrations.schema_migrations ({columns})"
            ))
            .await;
    }
    probe
}

pub(crate) async fn record(probe: &mut Probe, definition: &Definition) {
    let place = probe.place().await;
    let mut statements = vec!["set local search_path = ''".to_owned()];
    statements.extend(probe.ledger.prepare(&place));
    statements.extend(probe.ledger.register(&place, &[definition]).unwrap());
    statements.extend(probe.ledger.record(&place, definition, Took::ThisTransaction).unwrap());
    probe.together(&statements).await;
}

const COLUMNS: &str = "select string_agg(attname || ' ' || format_type(atttypid, atttypmod), ', ' order by attnum)
    from pg_attribute
    where attrelid = 'supabase_migrations.schema_migrations'::regclass and attnum > 0 and not attisdropped";

#[tokio::test]
async fn every_shape_is_read_and_written_and_never_altered() {
    let (project, history) = project();
    let all = project.definitions(&history);
    for major in MAJORS {
        for (what, columns, filled) in SHAPES {
            let mut probe = made(major, columns).await;
            let before = if columns.is_empty() { vec![] } else { probe.rows(COLUMNS).await };
            record(&mut probe, &all[0]).await;
            let after = probe.rows(COLUMNS).await;
            if columns.is_empty() {
                assert_eq!(after, ["version text, statements text[], name text"]);
            } else {
                assert_eq!(before, after, "{what}");
            }
            let in_row = probe
                .rows("select string_agg(key, ', ') from supabase_migrations.schema_migrations m, lateral (select key from json_each(row_to_json(m)) where value::text <> 'null') k")
                .await;
            let mut given: Vec<&str> = in_row[0].split(", ").collect();
            let mut wanted: Vec<&str> = filled.split(", ").collect();
            given.sort_unstable();
            wanted.sort_unstable();
            assert_eq!(given, wanted, "{major}: {what}");
            round(&mut probe, &history, &all[0], filled).await;
        }
    }
}

/// What was written reads back, is changed, and is taken out again.
async fn round(probe: &mut Probe, history: &History, definition: &Definition, filled: &str) {
    let entries: Vec<_> = probe.entries().await.into_values().collect();
    let entry = &entries[0];
    assert_eq!((entry.id.as_str(), entry.status), ("20240101000000", Status::Completed));
    if filled.contains("name") {
        assert_eq!(entry.name.as_deref(), Some("make_a"));
    }
    if filled.contains("statements") {
        assert_eq!(entry.checksum, definition.migration.checksum.statements);
        let recorded = probe.recorded(&[&entry.key]).await;
        assert_eq!(recorded[&entry.key].up, statements(&definition.up).unwrap());
        assert_eq!(recorded[&entry.key].fingerprints().up, definition.migration.up.fingerprint);
    } else {
        assert_eq!(entry.checksum, None);
    }
    assert_eq!(entry.applied_at.is_some(), filled.contains("applied_at"));
    if filled.contains("rollback") {
        assert_eq!(entry.down, Down::Recorded);
        let down = probe.recorded(&[&entry.key]).await.remove(&entry.key).unwrap().down;
        assert_eq!(down.unwrap(), ["drop function f", "drop table a"]);
    }
    let own = belonging(history, &entries);
    assert!(undecided(history, &own).is_empty());
    let rows = matrix(history, &own, &std::collections::BTreeMap::new());
    assert_eq!(rows[0].state, State::Applied);
    assert_eq!(rows[1].state, State::Pending);

    let place = probe.place().await;
    let twice = probe.ledger.record(&place, definition, Took::ThisTransaction).unwrap();
    let failure = probe.attempt(&twice).await.unwrap_err();
    assert!(failure.to_string().contains("duplicate key"), "{failure}");
    let again = probe.ledger.record_again(&place, definition, Took::ThisTransaction).unwrap();
    probe.together(&again).await;
    assert_eq!(probe.entries().await.len(), 1);
    let forget = probe.ledger.forget(&place, definition);
    probe.together(&forget).await;
    assert_eq!(probe.entries().await.len(), 0);

    let import = probe.ledger.import(&place, definition, &Elsewhere::default()).unwrap();
    probe.together(&import).await;
    let mut edited = definition.clone();
    edited.up = "select 4".into();
    let accept = probe.ledger.accept(&place, &edited).unwrap();
    if !accept.is_empty() {
        probe.together(&accept).await;
    }
    if filled.contains("statements") {
        let recorded = probe.recorded(&["20240101000000"]).await;
        assert_eq!(recorded["20240101000000"].up, ["select 4"]);
    }
    let withdraw = probe.ledger.withdraw(&place, "20240101000000");
    probe.together(&withdraw).await;
    assert_eq!(probe.entries().await.len(), 0);
}

#[tokio::test]
async fn statements_are_those_of_the_cli_and_can_be_replayed() {
    let (project, history) = project();
    let definition = project.definition(&history.migrations[0]);
    assert_eq!(
        statements(&definition.up).unwrap(),
        [
            "-- Makes a\r\ncreate table a (b text)",
            "-- it's filled\ninsert into a values ('x; \\ y') /* ; */",
            "create function f() returns int language sql begin atomic select case when true then 1 end; end",
            "-- the end",
        ]
    );
    let mut probe = made(17, "").await;
    record(&mut probe, &definition).await;
    let recorded = probe.recorded(&["20240101000000"]).await.remove("20240101000000").unwrap();
    for statement in &recorded.up {
        probe.run(statement).await;
    }
    assert_eq!(probe.rows("select b, f() from a").await, ["x; \\ y|1"]);
    probe.run("drop function f; drop table a").await;
    probe.run(&recorded.up_text()).await;
    assert_eq!(probe.rows("select b, f() from a").await, ["x; \\ y|1"]);
}

#[tokio::test]
async fn rows_of_other_writers_are_understood() {
    let (_, history) = project();
    let mut probe = made(17, SHAPES[3].1).await;
    probe
        .run(
            "insert into supabase_migrations.schema_migrations (version, name, statements, created_by) values
            ('20240101000000', '', null, 'someone@example.org'),
            ('20240102000000', null, '{}', null),
            ('0fe9bd3b1f3c', 'Final Unified Schema Genesis', array['-- Alembic migration: 0fe9bd3b1f3c'], null),
            ('20240103000000', 'by hand', array['create table c ()', null], null)",
        )
        .await;
    let entries: Vec<_> = probe.entries().await.into_values().collect();
    let own = belonging(&history, &entries);
    assert!(undecided(&history, &own).is_empty(), "nothing is recorded to compare");
    let rows = matrix(&history, &own, &std::collections::BTreeMap::new());
    let states: Vec<(&str, &State)> = rows.iter().map(|row| (row.id(), &row.state)).collect();
    assert_eq!(
        states,
        [
            ("0fe9bd3b1f3c", &State::MissingFile { same_as: None }),
            ("20240101000000", &State::Applied),
            ("20240102000000", &State::Applied),
            ("20240103000000", &State::MissingFile { same_as: None }),
        ]
    );
    assert_eq!(entries[1].name, None);
}

#[tokio::test]
async fn seed_files_are_recorded_as_the_cli_does() {
    for major in MAJORS {
        let mut probe = Probe::new(major, "supabase").await;
        let seeds = probe.ledger.seeds().unwrap();
        assert_eq!(seeds.read(&probe.place().await), None);
        let place = probe.place().await;
        let statements = seeds.prepare(&place);
        probe.together(&statements).await;
        let place = probe.place().await;
        assert!(seeds.prepare(&place).is_empty());
        for hash in ["one", "two"] {
            let statements =
                seeds.record(&place, "supabase/seed's.sql", hash, Took::Milliseconds(1));
            probe.together(&statements).await;
        }
        let query = seeds.read(&place).unwrap();
        assert_eq!(probe.rows(&query).await, ["supabase/seed's.sql|two"]);
    }
}
