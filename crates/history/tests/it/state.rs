//! Files beside ledger entries.

use std::collections::BTreeMap;

use whimbrel_history::formats::Settings;
use whimbrel_history::state::{Change, State, belonging, matrix, renamed, undecided};
use whimbrel_history::{Down, Entry, Fingerprints, History, Recorded, Status};

use crate::support::{Project, applied, entry, settings};

fn plain(files: &[(&str, &str)]) -> History {
    Project::new(files).read("plain", &settings("m")).unwrap()
}

fn supabase(files: &[(&str, &str)]) -> History {
    Project::new(files).read("supabase", &settings("supabase/migrations")).unwrap()
}

fn annotated(files: &[(&str, &str, &str)]) -> History {
    let texts: Vec<(String, String)> = files
        .iter()
        .map(|(id, needs, up)| {
            let text = format!(
                "-- Migration: {id}\n-- Type: custom_sql\n-- Depends on: [{needs}]\n-- @up\n{up}\n"
            );
            (format!("m/{id}.sql"), text)
        })
        .collect();
    let files: Vec<(&str, &str)> =
        texts.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    Project::new(&files).read("annotated", &settings("m")).unwrap()
}

/// Ids and states, after what is undecided was looked up in `recorded`.
fn states(history: &History, entries: &[Entry], recorded: &[(&str, &str)]) -> Vec<(String, State)> {
    let entries = belonging(history, entries);
    let wanted = undecided(history, &entries);
    let recorded: BTreeMap<String, Fingerprints> = recorded
        .iter()
        .filter(|(key, _)| wanted.contains(key))
        .map(|(key, up)| {
            let recorded = Recorded { up: vec![(*up).to_owned()], down: None };
            ((*key).to_owned(), recorded.fingerprints())
        })
        .collect();
    matrix(history, &entries, &recorded)
        .into_iter()
        .map(|row| (row.id().to_owned(), row.state))
        .collect()
}

fn state(history: &History, entries: &[Entry], recorded: &[(&str, &str)]) -> State {
    states(history, entries, recorded).remove(0).1
}

const ONE: &[(&str, &str)] = &[("m/001_a.sql", "create table a (b int);")];

#[test]
fn what_the_ledger_does_not_know_is_pending() {
    assert_eq!(state(&plain(ONE), &[], &[]), State::Pending);
}

#[test]
fn each_status_has_its_state() {
    let history = plain(ONE);
    for (status, expected) in [
        (Status::Pending, State::Pending),
        (Status::Running, State::Running),
        (Status::Failed, State::Failed),
        (Status::RolledBack, State::RolledBack),
        (Status::Completed, State::Applied),
    ] {
        assert_eq!(state(&history, &[entry("main:001_a", status)], &[]), expected);
    }
}

#[test]
fn a_checksum_is_accepted_in_either_form() {
    let history = plain(&[("m/001_a.sql", "select 1;\r\n")]);
    let migration = &history.migrations[0];
    for checksum in [&migration.checksum.text, &migration.checksum.bytes] {
        let entry = Entry { checksum: Some(checksum.to_uppercase()), ..applied(migration) };
        assert!(undecided(&history, &[&entry]).is_empty());
        assert_eq!(state(&history, &[entry], &[]), State::Applied);
    }
}

#[test]
fn a_change_is_told_from_reformatting() {
    let then = plain(ONE);
    let entry = applied(&then.migrations[0]);
    let recorded = [("main:001_a", "create table a (b int);")];
    let now = plain(&[("m/001_a.sql", "-- a\nCREATE TABLE a (\n  b int\n);")]);
    assert_eq!(
        state(&now, std::slice::from_ref(&entry), &recorded),
        State::Reformatted(Change { header: true, ..Change::default() })
    );
    let now = plain(&[("m/001_a.sql", "create table a (b bigint);")]);
    assert_eq!(
        state(&now, &[entry], &recorded),
        State::Modified(Change { up: true, ..Change::default() })
    );
}

#[test]
fn recorded_fingerprints_need_no_second_query() {
    let then = plain(&[("m/001_a.sql", "-- @up\nselect 1;\n-- @down\nselect 2;\n")]);
    let migration = &then.migrations[0];
    let entry = Entry {
        fingerprints: Some(Fingerprints {
            header: Some(migration.checksum.header.clone()),
            up: migration.up.fingerprint.clone(),
            down: migration.down.as_ref().map(|down| down.fingerprint.clone()),
        }),
        down: Down::Recorded,
        ..applied(migration)
    };
    let now = plain(&[("m/001_a.sql", "-- @up\nselect 1;\n-- @down\nselect 3;\n")]);
    assert!(undecided(&now, &[&entry]).is_empty());
    assert_eq!(
        state(&now, std::slice::from_ref(&entry), &[]),
        State::Reformatted(Change { down: true, ..Change::default() })
    );
    let now = plain(&[(
        "m/001_a.sql",
        "-- whimbrel: rerunnable\n-- @up\nselect 1;\n-- @down\nselect 2;\n",
    )]);
    assert_eq!(
        state(&now, &[entry], &[]),
        State::Reformatted(Change { header: true, ..Change::default() })
    );
}

#[test]
fn a_down_script_in_a_file_of_its_own_is_compared_too() {
    let files = [("m/001_a.up.sql", "select 1;"), ("m/001_a.down.sql", "select 2;")];
    let then = plain(&files);
    let migration = &then.migrations[0];
    let entry = Entry {
        fingerprints: Some(Fingerprints {
            header: None,
            up: migration.up.fingerprint.clone(),
            down: migration.down.as_ref().map(|down| down.fingerprint.clone()),
        }),
        down: Down::Recorded,
        ..applied(migration)
    };
    assert_eq!(state(&then, std::slice::from_ref(&entry), &[]), State::Applied);
    let now = plain(&[("m/001_a.up.sql", "select 1;"), ("m/001_a.down.sql", "select 3;")]);
    let changed = state(&now, &[entry], &[]);
    assert_eq!(changed, State::Reformatted(Change { down: true, ..Change::default() }));
    assert_eq!(changed.word(), "down changed");
}

#[test]
fn a_repeatable_one_runs_again_when_it_changed() {
    let then = plain(&[("m/R__v.sql", "create or replace view v as select 1 a;")]);
    let entry = applied(&then.migrations[0]);
    let recorded = [("main:R__v", "create or replace view v as select 1 a;")];
    assert_eq!(state(&then, std::slice::from_ref(&entry), &recorded), State::Applied);
    let now = plain(&[("m/R__v.sql", "create or replace view v as select 2 a;")]);
    assert_eq!(state(&now, std::slice::from_ref(&entry), &recorded), State::Changed);
    let now = plain(&[("m/R__v.sql", "create or replace view v as\nselect 1 a;")]);
    assert!(matches!(state(&now, &[entry], &recorded), State::Reformatted(_)));
}

#[test]
fn a_migration_before_an_applied_one_is_out_of_order() {
    let history = plain(&[
        ("m/001_a.sql", "select 1;"),
        ("m/002_b.sql", "select 2;"),
        ("m/003_c.sql", "select 3;"),
        ("m/004_d.sql", "select 4;"),
        ("m/R__v.sql", "select 5;"),
    ]);
    let entries = [
        applied(&history.migrations[0]),
        applied(&history.migrations[2]),
        applied(&history.migrations[4]),
    ];
    assert_eq!(
        states(&history, &entries, &[]),
        [
            ("001_a".into(), State::Applied),
            ("002_b".into(), State::OutOfOrder { before: "003_c".into() }),
            ("003_c".into(), State::Applied),
            ("004_d".into(), State::Pending),
            ("R__v".into(), State::Applied),
        ]
    );
}

#[test]
fn what_a_person_set_to_pending_is_in_order() {
    let history = plain(&[("m/001_a.sql", "select 1;"), ("m/002_b.sql", "select 2;")]);
    let entries = [entry("main:001_a", Status::Pending), applied(&history.migrations[1])];
    assert_eq!(state(&history, &entries, &[]), State::Pending);
}

#[test]
fn dependencies_say_what_is_out_of_order() {
    let history = annotated(&[
        ("001_a", "", "select 1;"),
        ("002_b", "001_a", "select 2;"),
        ("003_c", "001_a", "select 3;"),
        ("004_d", "002_b", "select 4;"),
    ]);
    let applied_ones = |places: &[usize]| -> Vec<Entry> {
        places.iter().map(|place| applied(&history.migrations[*place])).collect()
    };
    assert_eq!(
        states(&history, &applied_ones(&[0, 2]), &[])[1],
        ("002_b".into(), State::Pending),
        "nothing applied depends on 002"
    );
    let states = states(&history, &applied_ones(&[2, 3]), &[]);
    assert_eq!(states[0], ("001_a".into(), State::OutOfOrder { before: "003_c".into() }));
    assert_eq!(states[1], ("002_b".into(), State::OutOfOrder { before: "004_d".into() }));
}

#[test]
fn an_applied_migration_without_a_file_stands_in_its_place() {
    let history = plain(&[("m/001_a.sql", "select 1;"), ("m/003_c.sql", "select 3;")]);
    let entries = [
        applied(&history.migrations[0]),
        entry("main:002_b", Status::Completed),
        entry("main:000_z", Status::RolledBack),
        entry("other:002_x", Status::Completed),
        entry("002_bare", Status::Completed),
    ];
    assert_eq!(
        states(&history, &entries, &[]),
        [
            ("000_z".into(), State::Leftover),
            ("001_a".into(), State::Applied),
            ("002_b".into(), State::MissingFile { same_as: None }),
            ("003_c".into(), State::Pending),
        ]
    );
}

const SUPABASE: &[(&str, &str)] = &[(
    "supabase/migrations/20240102000000_a.sql",
    "create table a ();\n\n-- then\ncreate table b ();\n",
)];

#[test]
fn a_supabase_migration_is_compared_by_its_statements() {
    let history = supabase(SUPABASE);
    let migration = &history.migrations[0];
    assert_eq!(state(&history, &[applied(migration)], &[]), State::Applied);
    let differs = Entry { checksum: Some("0".repeat(64)), ..applied(migration) };
    assert_eq!(
        state(
            &history,
            std::slice::from_ref(&differs),
            &[("20240102000000", "create table a ();create table b ()")]
        ),
        State::Reformatted(Change { header: true, ..Change::default() }),
        "another splitter cut it, the statements are the same"
    );
    assert_eq!(
        state(&history, &[differs], &[("20240102000000", "create table a ()")]),
        State::Modified(Change { up: true, ..Change::default() })
    );
}

#[test]
fn a_ledger_that_holds_no_statements_proves_nothing() {
    let history = supabase(SUPABASE);
    assert_eq!(state(&history, &[entry("20240102000000", Status::Completed)], &[]), State::Applied);
    let place_holder =
        Entry { checksum: Some("0".repeat(64)), ..entry("20240102000000", Status::Completed) };
    assert_eq!(
        state(
            &history,
            &[place_holder],
            &[("20240102000000", "-- Alembic migration: 0fe9bd3b1f3c")]
        ),
        State::Applied
    );
}

#[test]
fn the_same_script_under_another_version_is_recognised() {
    let history = supabase(SUPABASE);
    let elsewhere = Entry {
        key: "20240103111111".into(),
        id: "20240103111111".into(),
        ..applied(&history.migrations[0])
    };
    assert_eq!(
        states(&history, std::slice::from_ref(&elsewhere), &[]),
        [
            ("20240102000000".into(), State::SameContent { key: "20240103111111".into() }),
            (
                "20240103111111".into(),
                State::MissingFile { same_as: Some("20240102000000".into()) }
            ),
        ]
    );
    let cut_otherwise = Entry { checksum: Some("0".repeat(64)), ..elsewhere };
    assert_eq!(
        states(
            &history,
            &[cut_otherwise],
            &[("20240103111111", "create table a (); create table b ()")]
        )[0]
        .1,
        State::SameContent { key: "20240103111111".into() }
    );
}

#[test]
fn a_second_annotated_history_has_keys_of_its_own() {
    let text = "-- Migration: 001_a\n-- Type: custom_sql\n-- @up\nselect 1;\n";
    let project = Project::new(&[("m/001_a.sql", text)]);
    let prefixed = Settings { prefixed: true, ..settings("m") };
    let history = project.read("annotated", &prefixed).unwrap();
    let entries = [entry("001_a", Status::Completed), entry("main:001_a", Status::Failed)];
    assert_eq!(state(&history, &entries, &[]), State::Failed);
}

#[test]
fn a_renamed_history_is_recognised() {
    let history = plain(ONE);
    let entries =
        [entry("before:001_a", Status::Completed), entry("before:002_b", Status::Completed)];
    assert_eq!(renamed(&history, &["main"], &entries), Some("before"));
    assert_eq!(renamed(&history, &["main", "before"], &entries), None, "it is another history");
    let entries = [entry("before:001_a", Status::Completed), entry("main:001_a", Status::Pending)];
    assert_eq!(renamed(&history, &["main"], &entries), None, "it is known by its name");
}

#[test]
fn a_history_without_files_claims_nothing_of_another() {
    let history = plain(&[]);
    let entries = [entry("001_bare", Status::Completed), entry("main:001_a", Status::Completed)];
    assert_eq!(
        states(&history, &entries, &[]),
        [("001_a".into(), State::MissingFile { same_as: None })]
    );
}
