//! Supabase's own folder.

use whimbrel_history::{Transaction, formats};

use crate::support::{Project, ids, settings};

const FOLDER: &str = "supabase/migrations";

#[test]
fn versions_are_ordered_as_text() {
    let project = Project::new(&[
        ("supabase/migrations/10_b.sql", "select 1;"),
        ("supabase/migrations/9_a.sql", "select 1;"),
        ("supabase/migrations/20240101000000_c.sql", "select 1;"),
        ("supabase/migrations/0001_d.sql", "select 1;"),
    ]);
    let history = project.read("supabase", &settings(FOLDER)).unwrap();
    assert_eq!(ids(&history), ["0001", "10", "20240101000000", "9"]);
    assert_eq!(history.migrations[1].key, "10");
    assert_eq!(history.migrations[1].name, "b");
}

#[test]
fn what_the_cli_leaves_out_is_left_out_and_named() {
    let project = Project::new(&[
        ("supabase/migrations/20200101000000_init.sql", "select 1;"),
        ("supabase/migrations/20240101000000_a.sql", "select 1;"),
        ("supabase/migrations/20240102000000.sql", "select 1;"),
        ("supabase/migrations/notes.sql", "select 1;"),
        ("supabase/migrations/old/20230101000000_x.sql", "select 1;"),
    ]);
    let history = project.read("supabase", &settings(FOLDER)).unwrap();
    assert_eq!(ids(&history), ["20240101000000"]);
    let named: Vec<&str> =
        history.warnings.iter().map(|warning| warning.file.as_deref().unwrap()).collect();
    assert_eq!(
        named,
        [
            "supabase/migrations/20200101000000_init.sql",
            "supabase/migrations/20240102000000.sql",
            "supabase/migrations/notes.sql",
        ]
    );
}

#[test]
fn two_files_of_one_version_are_an_error() {
    let project = Project::new(&[
        ("supabase/migrations/20240101000000_a.sql", "select 1;"),
        ("supabase/migrations/20240101000000_b.sql", "select 1;"),
    ]);
    let errors = project.read("supabase", &settings(FOLDER)).unwrap_err();
    assert_eq!(
        project.show_all(&errors),
        [
            "supabase/migrations/20240101000000_b.sql: `20240101000000_a.sql` has the same version 20240101000000 (give one of the two another version: the ledger holds each version once)"
        ]
    );
}

#[test]
fn down_scripts_have_their_folder() {
    let project = Project::new(&[
        ("supabase/migrations/20240101000000_a.sql", "create table a ();"),
        ("supabase/migrations/down/20240101000000_a.sql", "drop table a;"),
        ("supabase/migrations/down/20230101000000_z.sql", "drop table z;"),
    ]);
    let history = project.read("supabase", &settings(FOLDER)).unwrap();
    assert_eq!(project.down(&history.migrations[0]), Some("drop table a;"));
    assert_eq!(
        project.show_all(&history.warnings),
        [
            "supabase/migrations/down/20230101000000_z.sql: there is no migration of version 20230101000000 for this down script"
        ]
    );
}

#[test]
fn a_down_section_is_a_part_of_the_script_and_named() {
    let text = "create table a ();\n-- @down\ndrop table a;\n";
    let project = Project::new(&[("supabase/migrations/1_a.sql", text)]);
    let history = project.read("supabase", &settings(FOLDER)).unwrap();
    assert_eq!(project.up(&history.migrations[0]), text.trim_end());
    assert_eq!(
        project.show_all(&history.warnings),
        [
            "supabase/migrations/1_a.sql:3:1: the down section is part of the script, as the Supabase CLI has it (move it to `supabase/migrations/down/1_a.sql`)"
        ]
    );
}

#[test]
fn the_clis_directive_counts_in_the_first_line_only() {
    for (text, transaction) in [
        ("-- pg-delta: transaction=false\nselect 1;", Transaction::Never),
        ("\u{feff}-- pg-delta: transaction=false\r\nselect 1;", Transaction::Never),
        ("\n-- pg-delta: transaction=false\nselect 1;", Transaction::AsWritten),
        ("-- whimbrel: transaction=none\nselect 1;", Transaction::Never),
        ("select 1;", Transaction::AsWritten),
    ] {
        let project = Project::new(&[("supabase/migrations/1_a.sql", text)]);
        let history = project.read("supabase", &settings(FOLDER)).unwrap();
        assert_eq!(history.migrations[0].directives.transaction, transaction, "{text:?}");
    }
}

#[test]
fn the_master_file_of_nines_comes_last_and_again() {
    let project = Project::new(&[
        ("supabase/migrations/99999999999999_master_consolidated_schema.sql", "select 1;"),
        ("supabase/migrations/99_z.sql", "select 1;"),
    ]);
    let history = project.read("supabase", &settings(FOLDER)).unwrap();
    assert_eq!(ids(&history), ["99", "99999999999999"]);
    assert!(history.migrations[1].repeatable);
    assert!(!history.migrations[0].repeatable);
}

fn seeds(config: Option<&str>) -> (Vec<String>, Vec<String>) {
    let mut files = vec![
        ("supabase/migrations/1_a.sql", "select 1;"),
        ("supabase/seed.sql", "select 'seed';"),
        ("supabase/seeds/b.sql", "select 'b';"),
        ("supabase/seeds/a.sql", "select 'a';"),
        ("supabase/seeds/deep/c.sql", "select 'c';"),
        ("shared/s.sql", "select 's';"),
    ];
    files.extend(config.map(|config| ("supabase/config.toml", config)));
    let project = Project::new(&files);
    let format = formats::by_name("supabase").unwrap();
    let seeds = format.seeds(&project, &settings(FOLDER)).unwrap().unwrap_or_default();
    let paths = seeds.files.iter().map(ToString::to_string).collect();
    (paths, project.show_all(&seeds.warnings))
}

#[test]
fn seeds_are_what_the_configuration_says() {
    assert_eq!(seeds(None).0, ["supabase/seed.sql"]);
    assert_eq!(seeds(Some("[db]\nport = 1\n")).0, ["supabase/seed.sql"]);
    assert_eq!(seeds(Some("[db.seed]\nenabled = false\n")).0, Vec::<String>::new());
    let (paths, warnings) = seeds(Some(
        "[db.seed]\nenabled = true\nsql_paths = ['./seeds/*.sql', 'seed.sql', './seeds/a.sql', '../shared/*.sql', './none/*.sql']\n",
    ));
    assert_eq!(
        paths,
        ["supabase/seeds/a.sql", "supabase/seeds/b.sql", "supabase/seed.sql", "shared/s.sql"]
    );
    assert_eq!(
        warnings,
        [
            "supabase/config.toml: no seed file fits `supabase/none/*.sql` (see `sql_paths` of `[db.seed]`)"
        ]
    );
    assert_eq!(seeds(Some("[db.seed]\nsql_paths = ['./seeds/**/*.sql']\n")).0.len(), 3);
}

#[test]
fn a_configuration_that_is_wrong_is_named() {
    let project = Project::new(&[("supabase/config.toml", "[db.seed]\nsql_paths = 'x'\n")]);
    let format = formats::by_name("supabase").unwrap();
    let error = format.seeds(&project, &settings(FOLDER)).unwrap_err();
    assert_eq!(
        error.to_string(),
        "`supabase/config.toml`: `sql_paths` of `[db.seed]` is not a list"
    );
}
