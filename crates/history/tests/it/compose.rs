//! Writing a new migration.

use whimbrel_history::formats::{self, Format, NewFile, NewMigration, by_name, discover};
use whimbrel_history::{History, Migration, Recorded, Status};

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

/// An empty history of a format in the folder where a new project has it.
fn empty(format: &dyn Format) -> History {
    let nothing: &[(&str, &str)] = &[];
    Project::new(nothing).read(format.name(), &settings(format.folders()[0])).unwrap()
}

/// What files hold, read back.
fn read_back(format: &dyn Format, files: &[NewFile]) -> (Project, Migration) {
    let texts: Vec<(&str, &str)> =
        files.iter().map(|file| (file.path.as_str(), file.text.as_str())).collect();
    let project = Project::new(&texts);
    let mut history = project.read(format.name(), &settings(format.folders()[0])).unwrap();
    assert_eq!(history.migrations.len(), 1, "{}: {files:?}", format.name());
    (project, history.migrations.remove(0))
}

/// A key as a format's new migrations have it.
fn key_of(format: &dyn Format) -> String {
    let files = format.compose(&named("add orders"), &empty(format)).unwrap();
    read_back(format, &files).1.key
}

#[test]
fn what_any_format_writes_is_found_as_its_own_and_reads_back_as_it_was_meant() {
    for &format in formats::ALL {
        let new = NewMigration {
            up: "create table a (b text);".into(),
            down: Some("drop table a;".into()),
            now: NOW,
            ..named("add orders")
        };
        let files = format.compose(&new, &empty(format)).unwrap();
        let (project, migration) = read_back(format, &files);
        assert_eq!(project.up(&migration).trim(), new.up, "{}", format.name());
        assert_eq!(project.down(&migration).map(str::trim), new.down.as_deref());
        let found = discover(&project).unwrap();
        let found: Vec<&str> = found.iter().map(|found| found.format.name()).collect();
        assert_eq!(found, [format.name()], "a new project of it");
    }
}

#[test]
fn what_only_a_ledger_has_is_written_back_as_it_was() {
    for &format in formats::ALL {
        let key = key_of(format);
        let recorded = Recorded {
            up: vec!["create table a (b text) -- ;".into(), "insert into a values (';')".into()],
            down: Some(vec!["drop table a".into()]),
        };
        let entry = entry(&key, Status::Completed);
        let files = format.restore(&entry, &recorded, &empty(format)).unwrap();
        let (_, migration) = read_back(format, &files);
        let (up, down) = (&migration.up, migration.down.as_ref().unwrap());
        assert_eq!(migration.key, key, "{}", format.name());
        assert_eq!(up.fingerprint, recorded.fingerprints().up, "{}", format.name());
        assert_eq!(Some(&down.fingerprint), recorded.fingerprints().down.as_ref());
    }
}

#[test]
fn a_down_script_is_read_from_where_any_format_says_that_it_would_be() {
    for &format in formats::ALL {
        let recorded = Recorded { up: vec!["create table a (b text)".into()], down: None };
        let entry = entry(&key_of(format), Status::Completed);
        let mut files = format.restore(&entry, &recorded, &empty(format)).unwrap();
        let (_, migration) = read_back(format, &files);
        assert_eq!(migration.down, None, "{}", format.name());
        let place = format.down_place(&migration);
        let written = "drop table a;\n";
        match place.strip_prefix("below a line `").and_then(|rest| rest.split_once("` in `")) {
            Some((line, path)) => {
                let file = files.iter_mut().find(|file| path.trim_end_matches('`') == file.path);
                file.unwrap().text.extend([line, "\n", written]);
            }
            None => files
                .push(NewFile { path: place.trim_matches('`').into(), text: written.to_owned() }),
        }
        let (project, migration) = read_back(format, &files);
        let down = project.down(&migration).map(str::trim);
        assert_eq!(down, Some(written.trim()), "{}: {place}", format.name());
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

#[test]
fn a_script_that_comes_with_marks_is_parted_by_them() {
    let new = |up: &str| NewMigration { up: up.into(), ..named("add orders") };
    let ours = "\u{feff}-- whimbrel: timeout=5s\n-- ===== UP =====\n-- @up\nselect 1;\n\n-- @down\nselect 2;\n";
    let plain = composed("plain", &[], new(ours));
    assert_eq!(
        plain[0].text,
        "-- whimbrel: timeout=5s\n-- @up\nselect 1;\n\n-- @down\nselect 2;\n"
    );
    let pairs = [("m/001_a.up.sql", "select 1;"), ("m/001_a.down.sql", "select 2;")];
    let pair = composed("plain", &pairs, new(ours));
    assert_eq!(pair[0].text, "-- whimbrel: timeout=5s\nselect 1;\n");
    assert_eq!(pair[1].text, "select 2;\n");
    let supabase = composed("supabase", &[], new(ours));
    assert_eq!(supabase[1].path, "supabase/migrations/down/20260131120000_add_orders.sql");
    assert_eq!(supabase[1].text, "select 2;\n");
    let dbmate = composed(
        "dbmate",
        &[],
        new("-- migrate:up transaction:false\nselect 1;\n-- migrate:down\nselect 2;\n"),
    );
    assert_eq!(
        dbmate[0].text,
        "-- migrate:up transaction:false\nselect 1;\n\n-- migrate:down\nselect 2;\n"
    );
    assert_eq!(composed("plain", &[], new("\u{feff}select 1;"))[0].text, "select 1;\n");
}

#[test]
fn a_header_that_comes_with_a_script_is_taken() {
    let text = "-- Migration: 007_old\n-- Description: All orders\n-- Type: create_index\n-- Depends on: [001_a]\n-- Transaction: none\n-- Why: we need them\n\n-- @up\ncreate index concurrently i on a (b);\n-- @down\ndrop index i;\n";
    let before = "-- Migration: 001_a\n-- Type: custom_sql\n-- @up\nselect 1;\n";
    let new = NewMigration { up: text.into(), ..named("add orders") };
    let files = composed(
        "annotated",
        &[("m/001_a.sql", before), ("m/002_b.sql", &before.replace("001_a", "002_b"))],
        new,
    );
    assert_eq!(
        files[0].text,
        "-- Migration: 003_add_orders\n-- Description: All orders\n-- Type: create_index\n-- Depends on: [001_a]\n-- Transaction: none\n-- Why: we need them\n\n-- ===== UP MIGRATION =====\n-- @up\ncreate index concurrently i on a (b);\n\n-- ===== DOWN MIGRATION =====\n-- @down\ndrop index i;\n"
    );
}

#[test]
fn marks_that_do_not_part_a_script_are_refused() {
    for (script, message) in [
        (
            "-- @up\nselect 1;\n-- @up\nselect 2;\n",
            "line 3 of the script: `@up` a second time; the first is in line 1",
        ),
        (
            "select 0;\n-- @up\nselect 1;\n",
            "line 1 of the script: a statement stands before `-- @up`",
        ),
    ] {
        let new = NewMigration { up: script.into(), ..named("add orders") };
        let format = by_name("plain").unwrap();
        let refused = format.compose(&new, &empty(format)).unwrap_err();
        assert_eq!(refused.message, message);
    }
}
