//! Finding histories, and not reading what did not change.

use std::collections::BTreeMap;

use camino::Utf8PathBuf;
use whimbrel_history::formats::{self, Digests, discover};
use whimbrel_history::{Digest, File};

use crate::support::{Project, ids, settings};

fn found(paths: &[(&str, &str)]) -> Vec<(String, String)> {
    let project = Project::new(paths);
    discover(&project)
        .unwrap()
        .into_iter()
        .map(|one| (one.format.name().to_owned(), one.folder.to_string()))
        .collect()
}

fn pair(format: &str, folder: &str) -> (String, String) {
    (format.to_owned(), folder.to_owned())
}

const ANNOTATED: &str = "-- Migration: 001_a\n-- Type: custom_sql\n-- @up\nselect 1;\n";

#[test]
fn a_folder_is_told_by_its_files() {
    assert_eq!(
        found(&[
            ("supabase/migrations/20240101000000_a.sql", "select 1;"),
            ("sql/migrations/001_a.sql", ANNOTATED),
            ("db/migrations/001_a.sql", "select 1;"),
            ("sql/schema.sql", "select 1;"),
        ]),
        [
            pair("plain", "db/migrations"),
            pair("annotated", "sql/migrations"),
            pair("supabase", "supabase/migrations"),
        ]
    );
}

#[test]
fn a_supabase_project_without_migrations_is_one() {
    assert_eq!(found(&[("supabase/config.toml", "")]), [pair("supabase", "supabase/migrations")]);
}

#[test]
fn a_history_in_an_unusual_place_is_found() {
    assert_eq!(
        found(&[
            ("foundations/public_works/sql/migrations/001_create_tenants.sql", "select 1;"),
            ("node_modules/x/migrations/001_a.sql", "select 1;"),
            (".hidden/migrations/001_a.sql", "select 1;"),
            ("tests/fixtures/001_a.sql", "select 1;"),
        ]),
        [pair("plain", "foundations/public_works/sql/migrations")]
    );
}

#[test]
fn a_project_without_histories_has_none() {
    assert_eq!(found(&[("src/main.py", ""), ("migrations/versions/0fe9_a.py", "")]), []);
}

#[derive(Default)]
struct Kept(BTreeMap<(Utf8PathBuf, u64, i128), Digest>);

impl Digests for Kept {
    fn get(&mut self, file: &File) -> Option<Digest> {
        self.0.get(&(file.path.clone(), file.size, file.modified)).cloned()
    }

    fn keep(&mut self, file: &File, digest: &Digest) {
        self.0.insert((file.path.clone(), file.size, file.modified), digest.clone());
    }
}

#[test]
fn an_unchanged_file_is_not_read_again() {
    let mut kept = Kept::default();
    let plain = formats::by_name("plain").unwrap();
    let before = Project::new(&[("m/001_a.sql", "select 1;"), ("m/002_b.sql", "select 2;")]);
    let first = formats::read(plain, &before, &settings("m"), &mut kept).unwrap();
    assert_eq!(before.reads.borrow().len(), 2);
    let after = Project::new(&[("m/001_a.sql", "select 1;"), ("m/002_b.sql", "select 2222;")]);
    let second = formats::read(plain, &after, &settings("m"), &mut kept).unwrap();
    assert_eq!(*after.reads.borrow(), ["m/002_b.sql"]);
    assert_eq!(ids(&first), ids(&second));
    assert_eq!(first.migrations[0], second.migrations[0]);
    assert_ne!(first.migrations[1], second.migrations[1]);
}

#[test]
fn one_format_is_for_new_projects() {
    let meant: Vec<&str> = formats::ALL
        .iter()
        .filter(|format| format.is_for_new_projects())
        .map(|format| format.name())
        .collect();
    assert_eq!(meant, [formats::for_new_projects().name()]);
}

#[test]
fn every_format_and_ledger_has_a_name_of_its_own() {
    let names: std::collections::BTreeSet<&str> =
        formats::ALL.iter().map(|format| format.name()).collect();
    assert_eq!(names.len(), formats::ALL.len());
    for format in formats::ALL {
        assert!(!format.summary().ends_with('.'));
        assert!(formats::by_name(format.name()).is_some());
        assert!(whimbrel_history::ledgers::by_name(format.ledger().name()).is_some());
    }
}
