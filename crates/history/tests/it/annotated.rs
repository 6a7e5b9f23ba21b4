//! Files with a header.

use whimbrel_history::Transaction;

use crate::support::{Project, ids, settings};

const HEADER: &str = "\
-- Migration: 001_create_user_profiles
-- Description: Create user profiles table for storing user information
-- Type: create_table
-- Depends on: []

-- ===== UP MIGRATION =====
-- @up
CREATE TABLE IF NOT EXISTS user_profiles (
    id UUID PRIMARY KEY DEFAULT gen_random_uuid()
);

-- ===== DOWN MIGRATION =====
-- @down
DROP TABLE IF EXISTS user_profiles CASCADE;
";

/// A file with a header of its own.
fn file(id: &str, depends_on: &str) -> String {
    format!(
        "-- Migration: {id}\n-- Description: d\n-- Type: custom_sql\n-- Depends on: {depends_on}\n-- @up\nselect 1;\n"
    )
}

fn errors_of(path: &str, text: &str) -> Vec<String> {
    let project = Project::new(&[(path, text)]);
    let errors = project.read("annotated", &settings("m")).unwrap_err();
    project.show_all(&errors)
}

#[test]
fn the_documented_file_is_understood() {
    let project = Project::new(&[("m/001_create_user_profiles.sql", HEADER)]);
    let history = project.read("annotated", &settings("m")).unwrap();
    let migration = &history.migrations[0];
    assert_eq!(history.warnings, []);
    assert_eq!(migration.id, "001_create_user_profiles");
    assert_eq!(migration.key, "001_create_user_profiles");
    assert_eq!(migration.name, "create_user_profiles");
    assert_eq!(migration.kind.as_deref(), Some("create_table"));
    assert_eq!(
        migration.description.as_deref(),
        Some("Create user profiles table for storing user information")
    );
    assert!(project.up(migration).starts_with("CREATE TABLE"));
    assert!(project.up(migration).ends_with(");"));
    assert_eq!(project.down(migration), Some("DROP TABLE IF EXISTS user_profiles CASCADE;"));
}

#[test]
fn the_checksum_is_the_documented_one() {
    // python3 -c 'import hashlib,sys; print(hashlib.sha256(sys.stdin.read().encode()).hexdigest())'
    let project = Project::new(&[("m/001_create_user_profiles.sql", HEADER.replace('\n', "\r\n"))]);
    let history = project.read("annotated", &settings("m")).unwrap();
    assert_eq!(
        history.migrations[0].checksum.text,
        "d6b76331b597f59ba03c61e1d47d3b51bc747e65ccbb644d19196b8817522ad6"
    );
}

#[test]
fn the_order_is_that_of_the_dependencies() {
    let project = Project::new(&[
        ("m/001_a.sql", file("001_a", "[003_c]")),
        ("m/002_b.sql", file("002_b", "[]")),
        ("m/003_c.sql", file("003_c", "[ 002_b ]")),
        ("m/004_d.sql", file("004_d", "[001_a,003_c]")),
    ]);
    let history = project.read("annotated", &settings("m")).unwrap();
    assert_eq!(ids(&history), ["002_b", "003_c", "001_a", "004_d"]);
}

#[test]
fn a_cycle_is_shown_as_a_path_at_its_place() {
    let project = Project::new(&[
        ("m/001_a.sql", file("001_a", "[002_b]")),
        ("m/002_b.sql", file("002_b", "[003_c]")),
        ("m/003_c.sql", file("003_c", "[001_a]")),
    ]);
    let errors = project.read("annotated", &settings("m")).unwrap_err();
    assert_eq!(
        project.show_all(&errors),
        [
            "m/001_a.sql:4:17: these migrations depend on each other: 001_a → 002_b → 003_c → 001_a (take one of these dependencies out)"
        ]
    );
}

#[test]
fn a_missing_dependency_is_named_at_its_place() {
    let project = Project::new(&[
        ("m/001_create_users.sql", file("001_create_users", "[]")),
        ("m/002_b.sql", file("002_b", "[001_create_users, 001_create_user]")),
    ]);
    let errors = project.read("annotated", &settings("m")).unwrap_err();
    assert_eq!(
        project.show_all(&errors),
        [
            "m/002_b.sql:4:35: `002_b` depends on `001_create_user`, which does not exist (did you mean `001_create_users`?)"
        ]
    );
}

#[test]
fn an_unknown_type_comes_with_the_nearest() {
    let text = HEADER.replace("Type: create_table", "Type: create_tabel");
    assert_eq!(
        errors_of("m/001_create_user_profiles.sql", &text),
        [
            "m/001_create_user_profiles.sql:3:10: type `create_tabel` is not known (did you mean `create_table`?)"
        ]
    );
}

#[test]
fn the_header_names_its_file() {
    assert_eq!(
        errors_of("m/001_create_users.sql", HEADER),
        [
            "m/001_create_users.sql:1:15: the header says `001_create_user_profiles`, the file is called `001_create_users` (make both the same: the name is the migration's id)"
        ]
    );
}

#[test]
fn every_error_of_a_header_is_told_at_once() {
    let text = "-- Migration: 001_a\n-- Descripton: d\n-- Depends: [x]\n-- Depends on: 001_b\n-- Timeout: soon\n-- @up\nselect 1;\n";
    assert_eq!(
        errors_of("m/001_a.sql", text),
        [
            "m/001_a.sql:2:4: `Descripton` is not a line of the header (did you mean `Description`?)",
            "m/001_a.sql:3:4: `Depends` is not a line of the header (did you mean `Depends on`?)",
            "m/001_a.sql:4:16: the dependencies are not a list (write them as in `[001_create_users, 002_create_orders]`, or `[]` for none)",
            "m/001_a.sql:5:13: timeout `soon` is not a duration (write a number and one of us, ms, s, min, h, d, as Postgres does: `5s`, `10min`)",
            "m/001_a.sql:1:1: the header has no `Type` (add the line `-- Type: create_table`)",
        ]
    );
}

#[test]
fn other_comments_in_a_header_are_comments() {
    let text = file("001_a", "[]").replace(
        "-- @up",
        "-- Author: someone\n-- Note: read this\n-- see https://example.org\n-- @up",
    );
    let project = Project::new(&[("m/001_a.sql", text)]);
    assert!(project.read("annotated", &settings("m")).is_ok());
}

#[test]
fn a_file_without_its_mark_or_with_statements_above_it_is_an_error() {
    let text = HEADER.replace("-- @up\n", "");
    assert_eq!(
        errors_of("m/001_create_user_profiles.sql", &text),
        [
            "m/001_create_user_profiles.sql: the file has no `-- @up` line (put `-- @up` between the header and the script)"
        ]
    );
    let text = HEADER.replace("-- @up\n", "select 1;\n-- @up\n");
    assert_eq!(
        errors_of("m/001_create_user_profiles.sql", &text),
        [
            "m/001_create_user_profiles.sql:7:1: a statement stands before `-- @up` (move it below the mark: only comments may stand above)"
        ]
    );
}

#[test]
fn a_type_that_the_content_contradicts_is_a_warning() {
    let warned = |kind: &str, script: &str| {
        let text = format!(
            "-- Migration: 001_a\n-- Description: d\n-- Type: {kind}\n-- Depends on: []\n-- @up\n{script}\n"
        );
        let project = Project::new(&[("m/001_a.sql", text)]);
        let history = project.read("annotated", &settings("m")).unwrap();
        project.show_all(&history.warnings)
    };
    assert_eq!(
        warned("create_table", "create index i on t (a);"),
        [
            "m/001_a.sql:3:10: the type is `create_table`, but the up script creates no table (the type only describes: the script runs as it is)"
        ]
    );
    assert_eq!(warned("insert_data", "update t set a = 1;").len(), 1);
    for (kind, script) in [
        ("create_table", "create unlogged table a (); create index i on a (b);"),
        ("create_index", "/* x */ create unique index concurrently i on t (a);"),
        ("alter_table", "ALTER TABLE ONLY a ADD b int;"),
        ("insert_data", "with x as (select 1) insert into t select * from x;"),
        ("insert_data", "copy t from stdin;\n1\n\\.\n"),
        ("delete_data", "truncate t;"),
        ("create_table", "do $$ begin execute 'create table a ()'; end $$;"),
        ("custom_sql", "create table a ();"),
    ] {
        assert_eq!(warned(kind, script), Vec::<String>::new(), "{kind}: {script}");
    }
}

#[test]
fn the_header_asks_the_runner() {
    let text = file("001_a", "[]").replace(
        "-- @up",
        "-- Transaction: none\n-- Timeout: 10min\n-- Lock timeout: 5s\n-- Rerunnable: yes\n-- @up",
    );
    let project = Project::new(&[("m/001_a.sql", text)]);
    let history = project.read("annotated", &settings("m")).unwrap();
    let directives = &history.migrations[0].directives;
    assert_eq!(directives.transaction, Transaction::Never);
    assert_eq!(directives.timeout.as_deref(), Some("10min"));
    assert_eq!(directives.lock_timeout.as_deref(), Some("5s"));
    assert!(directives.rerunnable);
}

#[test]
fn a_header_change_is_told_apart_from_a_change_of_the_script() {
    let read = |text: &str| {
        let project = Project::new(&[("m/001_create_user_profiles.sql", text)]);
        project.read("annotated", &settings("m")).unwrap().migrations.remove(0)
    };
    let one = read(HEADER);
    let other = read(&HEADER.replace("Create user profiles table", "Profiles"));
    assert_ne!(one.checksum.header, other.checksum.header);
    assert_eq!(one.up.fingerprint, other.up.fingerprint);
    let down = read(&HEADER.replace("CASCADE", "RESTRICT"));
    assert_eq!(one.checksum.header, down.checksum.header);
    assert_eq!(one.up.fingerprint, down.up.fingerprint);
    assert_ne!(one.down.unwrap().fingerprint, down.down.unwrap().fingerprint);
}

#[test]
fn all_that_is_wrong_with_a_file_is_told_at_once() {
    let text = "-- Migration: 002_b\n-- Type: create_tabel\n-- Depens on: []\n-- @up\nselect 1;\n-- @up\nselect 2;\n";
    assert_eq!(
        errors_of("m/001_a.sql", text),
        [
            "m/001_a.sql:6:4: `@up` a second time; the first is in line 4 (a file has one up and one down section)",
            "m/001_a.sql:1:15: the header says `002_b`, the file is called `001_a` (make both the same: the name is the migration's id)",
            "m/001_a.sql:2:10: type `create_tabel` is not known (did you mean `create_table`?)",
            "m/001_a.sql:3:4: `Depens on` is not a line of the header (did you mean `Depends on`?)",
        ]
    );
}

#[test]
fn a_mark_that_is_misspelt_is_an_error_that_names_the_mark() {
    for (wrong, right) in [("@upp", "@up"), ("@ up", "@up"), ("whimbrel: upp", "whimbrel: up")] {
        let text = format!("-- Migration: 001_a\n-- Typ: custom_sql\n-- {wrong}\nselect 1;\n");
        let errors = errors_of("m/001_a.sql", &text);
        let place =
            format!("m/001_a.sql:3:4: `{wrong}` is not a mark (did you mean `-- {right}`?)");
        assert_eq!(errors[0], place);
        let header = "`Typ` is not a line of the header";
        assert!(errors.iter().any(|error| error.contains(header)), "{errors:?}");
    }
    let down = "-- Migration: 001_a\n-- Type: custom_sql\n-- @up\nselect 1;\n-- @dwon\nselect 2;\n";
    assert_eq!(
        errors_of("m/001_a.sql", down),
        ["m/001_a.sql:5:4: `@dwon` is not a mark (did you mean `-- @down`?)"]
    );
    // Other comments are nobody's business, and so is what stands in a body.
    let fine = "-- Migration: 001_a\n-- Description: d\n-- Type: custom_sql\n-- @up\n-- @param x\n-- @todo up\nselect '\n-- @dwon\n';\n-- @down\nselect 2;\n";
    Project::new(&[("m/001_a.sql", fine)]).read("annotated", &settings("m")).unwrap();
}

#[test]
fn a_misspelt_mark_of_another_tool_is_an_error_too() {
    for (format, text, message) in [
        ("plain", "select 1;\n-- @dow\nselect 2;\n", "`@dow` is not a mark"),
        ("goose", "-- +goose Up\nselect 1;\n-- +goose Dwon\n", "`+goose Dwon` is not a mark"),
        ("dbmate", "-- migrate:up\nselect 1;\n-- migrate:dwn\n", "`migrate:dwn` is not a mark"),
    ] {
        let errors = Project::new(&[("m/001_a.sql", text)]).read(format, &settings("m"));
        assert_eq!(errors.unwrap_err()[0].message, message);
    }
}
