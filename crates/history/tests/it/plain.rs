//! Plain files.

use whimbrel_history::Transaction;
use whimbrel_history::formats::Settings;

use crate::support::{Project, ids, settings};

fn order(names: &[&str]) -> Vec<String> {
    let paths: Vec<String> = names.iter().map(|name| format!("m/{name}")).collect();
    let files: Vec<(&str, &str)> = paths.iter().map(|path| (path.as_str(), "select 1;")).collect();
    let history = Project::new(&files).read("plain", &settings("m")).unwrap();
    ids(&history).into_iter().map(str::to_owned).collect()
}

#[test]
fn order_is_by_number_then_name() {
    assert_eq!(
        order(&["10_a.sql", "9_z.sql", "010_b.sql", "0011-c.sql", "8.sql"]),
        ["8", "9_z", "10_a", "010_b", "0011-c"]
    );
    assert_eq!(
        order(&["20240102000000_b.sql", "20231231235959_z.sql", "001_first.sql"]),
        ["001_first", "20231231235959_z", "20240102000000_b"]
    );
    assert_eq!(order(&["2024-02-01_b.sql", "2024-01-31_a.sql"]), ["2024-01-31_a", "2024-02-01_b"]);
}

#[test]
fn flyways_names_are_understood() {
    let project = Project::new(&[
        ("m/V1__create.sql", "create table a ();"),
        ("m/V1.2__more.sql", "create table b ();"),
        ("m/V1_10__most.sql", "create table c ();"),
        ("m/U1__create.sql", "drop table a;"),
        ("m/R__views.sql", "create or replace view v as select 1;"),
    ]);
    let history = project.read("plain", &settings("m")).unwrap();
    assert_eq!(ids(&history), ["V1__create", "V1.2__more", "V1_10__most", "R__views"]);
    assert_eq!(project.down(&history.migrations[0]), Some("drop table a;"));
    assert!(history.migrations[3].repeatable);
    assert_eq!(history.migrations[1].name, "more");
    assert_eq!(history.migrations[1].version.as_deref(), Some("1.2"));
}

#[test]
fn the_two_scripts_of_a_migration_are_found_in_two_files_or_in_one() {
    for (up, down) in [
        ("m/001_a.up.sql", "m/001_a.down.sql"),
        ("m/001_a.sql", "m/001_a.down.sql"),
        ("m/001_a.sql", "m/001_a_down.sql"),
        ("m/001_a.sql", "m/001_a_rollback.sql"),
        ("m/001_a.sql", "m/001_a.undo.sql"),
    ] {
        let project = Project::new(&[(up, "create table a ();"), (down, "drop table a;")]);
        let history = project.read("plain", &settings("m")).unwrap();
        assert_eq!(ids(&history), ["001_a"], "{down}");
        assert_eq!(project.up(&history.migrations[0]), "create table a ();");
        assert_eq!(project.down(&history.migrations[0]), Some("drop table a;"), "{down}");
    }
    for text in [
        "-- @up\ncreate table a ();\n-- @down\ndrop table a;\n",
        "create table a ();\n\n-- whimbrel: down\ndrop table a;\n",
        "\u{feff}-- About a\n-- @up\r\ncreate table a ();\r\n-- @down\r\ndrop table a;\r\n",
    ] {
        let project = Project::new(&[("m/001_a.sql", text)]);
        let history = project.read("plain", &settings("m")).unwrap();
        assert!(project.up(&history.migrations[0]).ends_with("create table a ();"), "{text:?}");
        assert_eq!(project.down(&history.migrations[0]), Some("drop table a;"), "{text:?}");
    }
}

#[test]
fn a_name_that_ends_like_a_down_script_is_one_only_beside_its_up_script() {
    assert_eq!(order(&["001_add_rollback.sql", "002_scale_down.sql"]).len(), 2);
}

#[test]
fn a_down_section_without_a_statement_is_none() {
    let project = Project::new(&[("m/001_a.sql", "-- @up\nselect 1;\n-- @down\n-- nothing yet\n")]);
    let history = project.read("plain", &settings("m")).unwrap();
    assert_eq!(history.migrations[0].down, None);
}

#[test]
fn a_down_script_without_its_up_script_is_an_error() {
    let project = Project::new(&[("m/001_a.down.sql", "drop table a;")]);
    let errors = project.read("plain", &settings("m")).unwrap_err();
    assert_eq!(
        project.show_all(&errors),
        [
            "m/001_a.down.sql: the down script has no up script (its up script would be `001_a.up.sql`)"
        ]
    );
}

#[test]
fn an_undo_script_of_flyway_is_told_the_name_of_its_versioned_one() {
    let project = Project::new(&[("m/1_a.sql", "select 1;"), ("m/U1__a.sql", "select 2;")]);
    let errors = project.read("plain", &settings("m")).unwrap_err();
    assert_eq!(
        project.show_all(&errors),
        ["m/U1__a.sql: the down script has no up script (its up script would be `V1__a.sql`)"]
    );
}

#[test]
fn two_down_scripts_of_one_migration_are_an_error() {
    let project = Project::new(&[
        ("m/001_a.sql", "-- @up\nselect 1;\n-- @down\nselect 2;\n"),
        ("m/001_a.down.sql", "select 3;"),
    ]);
    let errors = project.read("plain", &settings("m")).unwrap_err();
    assert_eq!(
        project.show_all(&errors),
        [
            "m/001_a.down.sql: the migration has a down script in `m/001_a.sql` already (keep one of the two)"
        ]
    );
}

#[test]
fn shared_and_missing_numbers_are_named() {
    let project = Project::new(&[
        ("m/001_a.sql", "select 1;"),
        ("m/002_b.sql", "select 1;"),
        ("m/002_c.sql", "select 1;"),
        ("m/005_d.sql", "select 1;"),
        ("m/20240101000000_e.sql", "select 1;"),
    ]);
    let history = project.read("plain", &settings("m")).unwrap();
    assert_eq!(
        project.show_all(&history.warnings),
        [
            "m/002_c.sql: `002_b.sql` has the same number 002 (they run in the order of their names)",
            "m/005_d.sql: numbers 3 to 4 are missing between `002_c.sql` and `005_d.sql`",
        ]
    );
}

#[test]
fn files_that_are_no_migrations_are_named() {
    let project = Project::new(&[
        ("m/001_a.sql", "select 1;"),
        ("m/schema.sql", "select 1;"),
        ("m/README.md", "read me"),
    ]);
    let history = project.read("plain", &settings("m")).unwrap();
    assert_eq!(ids(&history), ["001_a"]);
    assert_eq!(history.warnings.len(), 1);
    assert_eq!(history.warnings[0].file.as_deref(), Some("m/schema.sql"));
}

#[test]
fn nested_folders_belong_to_it_when_asked() {
    let project = Project::new(&[
        ("m/2024/001_a.sql", "select 1;"),
        ("m/2025/002_b.up.sql", "select 1;"),
        ("m/2025/002_b.down.sql", "select 1;"),
        ("m/003_c.sql", "select 1;"),
    ]);
    let flat = project.read("plain", &settings("m")).unwrap();
    assert_eq!(ids(&flat), ["003_c"]);
    let nested = Settings { nested: true, ..settings("m") };
    let history = project.read("plain", &nested).unwrap();
    assert_eq!(ids(&history), ["001_a", "002_b", "003_c"]);
    assert!(history.migrations[1].down.is_some());
}

#[test]
fn one_name_in_two_folders_is_an_error() {
    let project = Project::new(&[("m/a/001_x.sql", "select 1;"), ("m/b/001_x.sql", "select 2;")]);
    let nested = Settings { nested: true, ..settings("m") };
    let errors = project.read("plain", &nested).unwrap_err();
    assert_eq!(
        project.show_all(&errors),
        [
            "m/b/001_x.sql: `m/a/001_x.sql` has the same name (rename one of the two: a migration is recorded by its file's name)"
        ]
    );
}

#[test]
fn patterns_and_nines_make_a_migration_repeatable() {
    let project = Project::new(&[
        ("m/001_a.sql", "select 1;"),
        ("m/002_views.sql", "select 1;"),
        ("m/functions.sql", "select 1;"),
        ("m/99999999999999_master.sql", "select 1;"),
    ]);
    let settings = Settings {
        repeatable: vec!["*_views.sql".into(), "functions.sql".into()],
        ..settings("m")
    };
    let history = project.read("plain", &settings).unwrap();
    let repeatable: Vec<(&str, bool)> =
        history.migrations.iter().map(|one| (one.id.as_str(), one.repeatable)).collect();
    assert_eq!(
        repeatable,
        [
            ("001_a", false),
            ("functions", true),
            ("002_views", true),
            ("99999999999999_master", true),
        ]
    );
}

#[test]
fn the_ledger_knows_a_plain_migration_by_history_and_name() {
    let project = Project::new(&[("m/001_a.up.sql", "select 1;")]);
    let history = project.read("plain", &settings("m")).unwrap();
    assert_eq!(history.migrations[0].key, "main:001_a");
    assert_eq!(history.migrations[0].version.as_deref(), Some("001"));
}

#[test]
fn directives_hold_for_the_migration() {
    let project = Project::new(&[(
        "m/001_a.sql",
        "-- whimbrel: transaction=none lock_timeout=5s\ncreate index concurrently i on t (a);\n",
    )]);
    let history = project.read("plain", &settings("m")).unwrap();
    let directives = &history.migrations[0].directives;
    assert_eq!(directives.transaction, Transaction::Never);
    assert_eq!(directives.lock_timeout.as_deref(), Some("5s"));
}

#[test]
fn reformatting_keeps_the_fingerprint_and_changes_the_checksum() {
    let read = |text: &str| {
        let project = Project::new(&[("m/001_a.sql", text)]);
        project.read("plain", &settings("m")).unwrap().migrations.remove(0)
    };
    let one = read("create table a (b int);\n");
    let crlf = read("create table a (b int);\r\n");
    let other = read("-- made by hand\nCREATE TABLE a (\n  b int\n)");
    let changed = read("create table a (b bigint);\n");
    assert_eq!(one.checksum.text, crlf.checksum.text);
    assert_ne!(one.checksum.bytes, crlf.checksum.bytes);
    assert_ne!(one.checksum.text, other.checksum.text);
    assert_eq!(one.up.fingerprint, other.up.fingerprint);
    assert_ne!(one.up.fingerprint, changed.up.fingerprint);
}

#[test]
fn bytes_that_are_no_text_are_an_error() {
    let latin = b"\xef\xbb\xbfselect 1;\nselect '\xc3\xa4\xe4';".as_slice();
    let project = Project::new(&[("m/001_a.sql", latin)]);
    let errors = project.read("plain", &settings("m")).unwrap_err();
    assert_eq!(
        project.show_all(&errors),
        ["m/001_a.sql: not UTF-8 text in line 2, column 10 (save the file as UTF-8)"]
    );
}

#[test]
fn a_section_whose_file_changed_is_refused() {
    let project = Project::new(&[("m/001_a.sql", "select 1;")]);
    let history = project.read("plain", &settings("m")).unwrap();
    let up = &history.migrations[0].up;
    assert!(up.text(&"select 1;".into()).is_ok());
    assert!(up.text(&"select 2;".into()).is_err());
    assert!(up.text(&"select".into()).is_err());
}
