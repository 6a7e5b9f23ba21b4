//! Writing a new migration.

use whimbrel_history::formats::{self, NewFile, NewMigration, by_name};
use whimbrel_history::{Recorded, Status};

use crate::support::{Project, entry, ids, settings};

/// 2026-01-31 12:00:00 UTC.
const NOW: u64 = 1_769_860_800;

fn composed(format: &str, files: &[(&str, &str)], new: NewMigration) -> Vec<NewFile> {
    let folder = if format == "supabase" { "supabase/migrations" } else { "m" };
    let project = Project::new(files);
    let history = project.read(format, &settings(folder)).unwrap();
    let new = NewMigration { now: NOW, ..new };
    by_name(format).unwrap().compose(&new, &history).unwrap()
}

fn named(name: &str) -> NewMigration {
    NewMigration { name: name.into(), up: "select 1;".into(), ..NewMigration::default() }
}

fn paths(files: &[NewFile]) -> Vec<&str> {
    files.iter().map(|file| file.path.as_str()).collect()
}

#[test]
fn a_plain_file_is_named_as_those_before_it() {
    for (before, after) in [
        ("m/007_a.sql", "m/008_add_orders.sql"),
        ("m/7-a.sql", "m/8-add_orders.sql"),
        ("m/V1.9__a.sql", "m/V1.10__add_orders.sql"),
        ("m/20240101000000_a.sql", "m/20260131120000_add_orders.sql"),
    ] {
        let files = composed("plain", &[(before, "select 1;")], named("add orders"));
        assert_eq!(paths(&files), [after]);
        assert_eq!(files[0].text, "select 1;\n");
    }
    assert_eq!(paths(&composed("plain", &[], named("add orders"))), ["m/001_add_orders.sql"]);
}

#[test]
fn a_history_of_pairs_gets_a_pair() {
    let before = [("m/001_a.up.sql", "select 1;"), ("m/001_a.down.sql", "select 2;")];
    let new = NewMigration { down: Some("select 3;".into()), ..named("add orders") };
    let files = composed("plain", &before, new);
    assert_eq!(paths(&files), ["m/002_add_orders.up.sql", "m/002_add_orders.down.sql"]);
    assert_eq!(files[1].text, "select 3;\n");
}

#[test]
fn a_history_of_single_files_gets_a_file_with_marks() {
    let new = NewMigration { down: Some("select 3;".into()), ..named("add orders") };
    let files = composed("plain", &[("m/001_a.sql", "select 1;")], new);
    assert_eq!(files[0].text, "-- @up\nselect 1;\n\n-- @down\nselect 3;\n");
}

#[test]
fn a_repeatable_file_has_no_say_in_the_number() {
    let before =
        [("m/003_a.sql", "select 1;"), ("m/R__v.sql", "select 1;"), ("m/99999999_z.sql", "")];
    assert_eq!(paths(&composed("plain", &before, named("add orders"))), ["m/004_add_orders.sql"]);
}

#[test]
fn a_supabase_file_gets_the_time_and_stays_the_newest() {
    let files = composed("supabase", &[], named("add orders"));
    assert_eq!(paths(&files), ["supabase/migrations/20260131120000_add_orders.sql"]);
    let before = [("supabase/migrations/20270101000000_a.sql", "select 1;")];
    let new = NewMigration { down: Some("select 3;".into()), ..named("add orders") };
    assert_eq!(
        paths(&composed("supabase", &before, new)),
        [
            "supabase/migrations/20270101000001_add_orders.sql",
            "supabase/migrations/down/20270101000001_add_orders.sql",
        ]
    );
}

#[test]
fn what_is_composed_reads_back() {
    let before = [(
        "m/001_a.sql",
        "-- Migration: 001_a\n-- Description: d\n-- Type: custom_sql\n-- Depends on: []\n-- @up\nselect 1;\n",
    )];
    let new = NewMigration {
        up: "create table orders (id int);".into(),
        down: Some("drop table orders;".into()),
        ..named("add orders")
    };
    let files = composed("annotated", &before, new);
    let mut all = before.to_vec();
    all.push((files[0].path.as_str(), files[0].text.as_str()));
    let project = Project::new(&all);
    let history = project.read("annotated", &settings("m")).unwrap();
    assert_eq!(ids(&history), ["001_a", "002_add_orders"]);
    let migration = &history.migrations[1];
    assert_eq!(history.warnings, []);
    assert_eq!(migration.depends_on, ["001_a"]);
    assert_eq!(migration.kind.as_deref(), Some("create_table"));
    assert_eq!(migration.description.as_deref(), Some("Add orders"));
    assert_eq!(project.up(migration), "create table orders (id int);");
    assert_eq!(project.down(migration), Some("drop table orders;"));
}

#[test]
fn a_name_a_type_and_a_dependency_that_are_wrong_are_refused_with_a_hint() {
    let project = Project::new(&[(
        "m/001_create_users.sql",
        "-- Migration: 001_create_users\n-- Type: custom_sql\n-- @up\nselect 1;\n",
    )]);
    let history = project.read("annotated", &settings("m")).unwrap();
    let refusal = |new: NewMigration| {
        let refusal = by_name("annotated").unwrap().compose(&new, &history).unwrap_err();
        (refusal.message, refusal.hints.concat())
    };
    let (message, hint) = refusal(named("fix stuff"));
    assert_eq!(message, "the name `fix_stuff` does not say what the migration does");
    assert!(hint.contains("as in `add_user_email_verification`"));
    let (message, hint) =
        refusal(NewMigration { kind: Some("create_tabel".into()), ..named("add orders") });
    assert_eq!(message, "type `create_tabel` is not known");
    assert_eq!(hint, "did you mean `create_table`?");
    let (message, hint) = refusal(NewMigration {
        depends_on: Some(vec!["001_create_user".into()]),
        ..named("add orders")
    });
    assert_eq!(message, "there is no migration `001_create_user` to depend on");
    assert_eq!(hint, "did you mean `001_create_users`?");
}

#[test]
fn the_next_number_is_above_all_whatever_the_order() {
    let file = |id: &str, needs: &str| {
        format!(
            "-- Migration: {id}\n-- Type: custom_sql\n-- Depends on: [{needs}]\n-- @up\nselect 1;\n"
        )
    };
    let (second, third) = (file("002_b", "003_c"), file("003_c", ""));
    let before = [("m/002_b.sql", second.as_str()), ("m/003_c.sql", third.as_str())];
    let files = composed("annotated", &before, named("add orders"));
    assert_eq!(paths(&files), ["m/004_add_orders.sql"]);
    assert!(files[0].text.contains("-- Depends on: [002_b]\n"), "{}", files[0].text);
}

#[test]
fn what_only_a_ledger_has_is_written_back_as_it_was() {
    for format in formats::ALL {
        let folder = if format.name() == "supabase" { "supabase/migrations" } else { "m" };
        let id = match format.name() {
            "supabase" => "20240101000000",
            "flyway" => "V7__lost",
            _ => "007_lost",
        };
        let nothing: &[(&str, &str)] = &[];
        let empty = Project::new(nothing).read(format.name(), &settings(folder)).unwrap();
        let recorded = Recorded {
            up: vec!["create table a (b text) -- ;".into(), "insert into a values (';')".into()],
            down: Some(vec!["drop table a".into()]),
        };
        let files = format.restore(&entry(id, Status::Completed), &recorded, &empty).unwrap();
        let files: Vec<(&str, &str)> =
            files.iter().map(|file| (file.path.as_str(), file.text.as_str())).collect();
        let history = Project::new(&files).read(format.name(), &settings(folder)).unwrap();
        let [migration] = history.migrations.as_slice() else { panic!("{history:?}") };
        let (up, down) = (&migration.up, migration.down.as_ref().unwrap());
        assert_eq!(migration.id, id, "{}", format.name());
        assert_eq!(up.fingerprint, recorded.fingerprints().up, "{}", format.name());
        assert_eq!(Some(&down.fingerprint), recorded.fingerprints().down.as_ref());
    }
}

#[test]
fn files_of_other_tools_are_written_in_their_way() {
    let new = || NewMigration { down: Some("select 2;".into()), ..named("add orders") };
    let dbmate = composed("dbmate", &[], new());
    assert_eq!(paths(&dbmate), ["m/20260131120000_add_orders.sql"]);
    assert_eq!(dbmate[0].text, "-- migrate:up\nselect 1;\n\n-- migrate:down\nselect 2;\n");
    let before = [("m/00009_a.sql", "-- +goose Up\nselect 1;\n")];
    assert_eq!(paths(&composed("goose", &before, new())), ["m/00010_add_orders.sql"]);
    let flyway = composed("flyway", &[("m/V1.9__a.sql", "select 1;")], new());
    assert_eq!(paths(&flyway), ["m/V1.10__add_orders.sql", "m/U1.10__add_orders.sql"]);
}
