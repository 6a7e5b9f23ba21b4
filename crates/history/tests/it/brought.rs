//! Files as other tools have them, read as they are.

use whimbrel_history::Transaction;
use whimbrel_history::formats::discover;

use crate::support::{Project, ids, settings};

const DBMATE: &str = "-- migrate:up\ncreate table a (b int);\n\n-- migrate:down\ndrop table a;\n";
const GOOSE: &str = "-- +goose Up\n-- +goose StatementBegin\ncreate function f() returns text language sql as $$\n-- +goose Down\nselect 'x';\n$$;\n-- +goose StatementEnd\n\n-- +goose Down\ndrop function f;\n";

fn found(files: &[(&str, &str)]) -> Vec<String> {
    let found = discover(&Project::new(files)).unwrap();
    found.into_iter().map(|one| format!("{} in {}", one.format.name(), one.folder)).collect()
}

#[test]
fn each_tools_files_are_told_by_what_only_they_have() {
    assert_eq!(found(&[("db/migrations/1_a.sql", DBMATE)]), ["dbmate in db/migrations"]);
    assert_eq!(found(&[("migrations/1_a.sql", GOOSE)]), ["goose in migrations"]);
    let flyway = "src/main/resources/db/migration";
    assert_eq!(
        found(&[(&format!("{flyway}/V1__a.sql"), "select 1;")]),
        [format!("flyway in {flyway}")]
    );
    assert_eq!(found(&[("sql/V1__a.sql", "select 1;"), ("flyway.toml", "")]), ["flyway in sql"]);
    assert_eq!(found(&[("migrations/V1__a.sql", "select 1;")]), ["plain in migrations"]);
    assert_eq!(
        found(&[("migrations/1_a.sql", "-- no-transaction\nselect 1;")]),
        ["plain in migrations"]
    );
}

#[test]
fn dbmates_marks_part_a_file() {
    let project = Project::new(&[
        ("db/migrations/20240101_a.sql", DBMATE),
        (
            "db/migrations/20240102_b.sql",
            "-- made by hand\n-- migrate:up transaction:false\nvacuum a;\n-- migrate:down\n",
        ),
    ]);
    let history = project.read("dbmate", &settings("db/migrations")).unwrap();
    assert_eq!(ids(&history), ["20240101_a", "20240102_b"]);
    let [a, b] = history.migrations.as_slice() else { panic!("{history:?}") };
    assert_eq!(project.up(a), "create table a (b int);");
    assert_eq!(project.down(a), Some("drop table a;"));
    assert_eq!(a.directives.transaction, Transaction::AsWritten);
    assert_eq!(b.directives.transaction, Transaction::Never);
    assert_eq!(b.down, None, "a place left empty undoes nothing");
}

#[test]
fn gooses_marks_part_a_file_and_are_text_in_a_body() {
    let project = Project::new(&[
        ("migrations/00001_a.sql", GOOSE),
        ("migrations/00002_b.sql", "-- +goose NO TRANSACTION\n-- +goose Up\nvacuum;\n"),
        ("migrations/00003_code.go", "package migrations"),
    ]);
    let history = project.read("goose", &settings("migrations")).unwrap();
    let [a, b] = history.migrations.as_slice() else { panic!("{history:?}") };
    assert!(project.up(a).contains("select 'x'"));
    assert_eq!(project.down(a), Some("drop function f;"));
    assert_eq!(b.directives.transaction, Transaction::Never);
    assert_eq!(
        project.show_all(&history.warnings),
        [
            "migrations/00003_code.go: the migration is Go code, which only goose can run (write it in SQL, or go on running it with goose)"
        ]
    );
}

#[test]
fn what_only_the_tool_could_fill_in_is_refused_with_its_place() {
    let project = Project::new(&[(
        "migrations/1_a.sql",
        "-- +goose Up\n-- +goose ENVSUB ON\ncreate role ${ROLE};\n",
    )]);
    assert_eq!(
        project.show_all(&project.read("goose", &settings("migrations")).unwrap_err()),
        [
            "migrations/1_a.sql:2:4: the file wants variables of the environment put in (write their values down: what a migration does must not depend on where it runs)"
        ]
    );
    let project = Project::new(&[("sql/V1__a.sql", "create schema ${app};\n")]);
    assert_eq!(
        project.show_all(&project.read("flyway", &settings("sql")).unwrap_err()),
        [
            "sql/V1__a.sql:1:15: the placeholder `${app}` is not filled in (write its value into the file: what a migration does must not depend on where it runs)"
        ]
    );
}

#[test]
fn a_file_without_its_mark_is_an_error() {
    for (format, mark) in [("dbmate", "-- migrate:up"), ("goose", "-- +goose Up")] {
        let project = Project::new(&[("m/1_a.sql", "select 1;\n")]);
        assert_eq!(
            project.show_all(&project.read(format, &settings("m")).unwrap_err()),
            [format!("m/1_a.sql: the file has no `{mark}` line (put it above the script)")]
        );
    }
}

#[test]
fn flyways_undo_scripts_configurations_and_repeatable_files_are_read() {
    let project = Project::new(&[
        ("sql/V1__a.sql", "create table a (b int);"),
        ("sql/U1__a.sql", "drop table a;"),
        ("sql/V1.1__b.sql", "vacuum a;"),
        ("sql/V1.1__b.sql.conf", "# alone\nexecuteInTransaction=false\n"),
        ("sql/B1__base.sql", "select 1;"),
        ("sql/R__views.sql", "create or replace view v as select 1;"),
    ]);
    let history = project.read("flyway", &settings("sql")).unwrap();
    assert_eq!(ids(&history), ["V1__a", "V1.1__b", "R__views"]);
    let [a, b, views] = history.migrations.as_slice() else { panic!("{history:?}") };
    assert_eq!(project.down(a), Some("drop table a;"));
    assert_eq!(a.directives.transaction, Transaction::AsWritten);
    assert_eq!(b.directives.transaction, Transaction::Never);
    assert!(views.repeatable);
    assert_eq!(
        project.show_all(&history.warnings),
        ["sql/B1__base.sql: the baseline is not run: the versions before it are"]
    );
}

#[test]
fn flyways_configuration_must_be_of_a_script_and_known() {
    let project = Project::new(&[
        ("sql/V1__a.sql", "select 1;"),
        ("sql/V2__b.sql.conf", "executeInTransaction=false"),
    ]);
    assert_eq!(
        project.show_all(&project.read("flyway", &settings("sql")).unwrap_err()),
        ["sql/V2__b.sql.conf: there is no `sql/V2__b.sql` (remove it)"]
    );
    let project = Project::new(&[
        ("sql/V1__a.sql", "select 1;"),
        ("sql/V1__a.sql.conf", "encoding=UTF-8\nshouldExecute=1 == 2\n"),
    ]);
    assert_eq!(
        project.show_all(&project.read("flyway", &settings("sql")).unwrap_err()),
        [
            "sql/V1__a.sql.conf:2:1: `shouldExecute=1 == 2` is not known (`executeInTransaction` is what is read here)"
        ]
    );
}

#[test]
fn the_files_of_sqlx_golang_migrate_and_refinery_are_plain_ones() {
    let project = Project::new(&[
        ("migrations/000001_a.up.sql", "create table a (b int);"),
        ("migrations/000001_a.down.sql", "drop table a;"),
        ("migrations/20240102000000_b.up.sql", "-- no-transaction\nvacuum a;"),
        ("migrations/20240102000000_b.down.sql", "select 1;"),
        ("migrations/20240103000000_c.sql", "create table c (d int); -- no-transaction\n"),
    ]);
    let history = project.read("plain", &settings("migrations")).unwrap();
    let transactions: Vec<Transaction> =
        history.migrations.iter().map(|one| one.directives.transaction).collect();
    assert_eq!(transactions, [Transaction::AsWritten, Transaction::Never, Transaction::AsWritten]);
    assert_eq!(project.down(&history.migrations[0]), Some("drop table a;"));
}
