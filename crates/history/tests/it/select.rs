//! What a command is about.

use std::collections::BTreeMap;

use proptest::prelude::*;
use whimbrel_history::select::{
    Back, Concern, DownFrom, SelectError, Why, Wish, down, resolve, uncompared, up,
};
use whimbrel_history::state::{Row, belonging, matrix};
use whimbrel_history::{Down, Entry, Fingerprints, History, Recorded, Status, graph};

use crate::support::{Project, applied, entry, settings};

fn plain(names: &[&str]) -> History {
    let paths: Vec<String> = names.iter().map(|name| format!("m/{name}.sql")).collect();
    let files: Vec<(&str, &str)> = paths
        .iter()
        .map(|path| (path.as_str(), "-- @up\nselect 1;\n-- @down\nselect 2;\n"))
        .collect();
    Project::new(&files).read("plain", &settings("m")).unwrap()
}

fn annotated(files: &[(&str, &str)]) -> History {
    let texts: Vec<(String, String)> = files
        .iter()
        .map(|(id, needs)| {
            let text = format!(
                "-- Migration: {id}\n-- Type: custom_sql\n-- Depends on: [{needs}]\n-- @up\nselect 1;\n-- @down\nselect 2;\n"
            );
            (format!("m/{id}.sql"), text)
        })
        .collect();
    let files: Vec<(&str, &str)> =
        texts.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    Project::new(&files).read("annotated", &settings("m")).unwrap()
}

/// Entries for some migrations, applied in this order.
fn applied_in_order(history: &History, ids: &[&str]) -> Vec<Entry> {
    ids.iter()
        .enumerate()
        .map(|(place, id)| Entry {
            applied_at: Some(format!("2026-01-01T00:00:{place:02}.000000Z")),
            ..applied(history.get(id).unwrap())
        })
        .collect()
}

fn rows<'a>(history: &'a History, entries: &'a [Entry]) -> Vec<Row<'a>> {
    matrix(history, &belonging(history, entries), &BTreeMap::new())
}

fn chosen(history: &History, entries: &[Entry], wish: &Wish) -> Result<Vec<String>, SelectError> {
    let selection = up(history, &rows(history, entries), wish)?;
    Ok(selection.run.iter().map(|one| one.migration.id.clone()).collect())
}

fn undone(history: &History, entries: &[Entry], back: &Back) -> Result<Vec<String>, SelectError> {
    let undo = down(history, &rows(history, entries), back, &BTreeMap::new())?;
    Ok(undo.iter().map(|one| one.row.id().to_owned()).collect())
}

fn only(id: &str) -> Wish {
    Wish { only: Some(id.into()), ..Wish::default() }
}

#[test]
fn an_id_may_be_a_number_or_a_prefix_that_is_unique() {
    let history = plain(&["001_create_users", "002_create_orders", "010_add_email", "V3__x"]);
    let rows = rows(&history, &[]);
    for (given, id) in [
        ("001_create_users", "001_create_users"),
        ("main:001_create_users", "001_create_users"),
        ("001", "001_create_users"),
        ("1", "001_create_users"),
        ("10", "010_add_email"),
        ("010_a", "010_add_email"),
        ("3", "V3__x"),
    ] {
        assert_eq!(resolve(&rows, given).unwrap().id(), id, "{given}");
    }
    assert_eq!(
        resolve(&rows, "00").unwrap_err(),
        SelectError::Ambiguous {
            given: "00".into(),
            candidates: vec!["001_create_users".into(), "002_create_orders".into()],
        }
    );
    let unknown = resolve(&rows, "002_create_order_s").unwrap_err();
    assert_eq!(unknown.hint().unwrap(), "did you mean `002_create_orders`?");
}

#[test]
fn everything_that_is_due_runs_in_order_and_repeatables_last() {
    let history = plain(&["R__v", "001_a", "003_c", "002_b"]);
    assert_eq!(
        chosen(&history, &[], &Wish::default()).unwrap(),
        ["001_a", "002_b", "003_c", "R__v"]
    );
    let failed = [entry("main:001_a", Status::Failed)];
    let selection = up(&history, &rows(&history, &failed), &Wish::default()).unwrap();
    assert_eq!(selection.run[0].why, Why::Failed);
    assert_eq!(selection.run[1].why, Why::Pending);
}

#[test]
fn a_limit_leaves_repeatables_for_later() {
    let history = plain(&["R__v", "001_a", "002_b"]);
    let to = Wish { to: Some("1".into()), ..Wish::default() };
    assert_eq!(chosen(&history, &[], &to).unwrap(), ["001_a"]);
    let count = Wish { count: Some(1), ..Wish::default() };
    assert_eq!(chosen(&history, &[], &count).unwrap(), ["001_a"]);
    let to = Wish { to: Some("2".into()), ..Wish::default() };
    assert_eq!(chosen(&history, &[], &to).unwrap(), ["001_a", "002_b"]);
}

#[test]
fn one_alone_does_not_pass_by_what_comes_first_unseen() {
    let history = plain(&["R__v", "001_a", "002_b", "003_c"]);
    let entries = applied_in_order(&history, &["001_a"]);
    let concerns = |wish: &Wish| up(&history, &rows(&history, &entries), wish).unwrap().concerns;
    let passes = Concern::Passes { id: "003_c".into(), over: "002_b".into() };
    assert!(passes.refuses());
    assert_eq!(concerns(&only("3")), [passes]);
    assert_eq!(concerns(&Wish { with_dependencies: true, ..only("3") }), []);
    assert_eq!(concerns(&only("2")), []);
    assert_eq!(concerns(&only("R__v")), []);
    let free = annotated(&[("001_a", ""), ("002_b", "")]);
    assert_eq!(up(&free, &rows(&free, &[]), &only("002")).unwrap().concerns, []);
}

#[test]
fn a_repeatable_one_whose_file_is_gone_is_in_nobodys_way() {
    let history = plain(&["001_a"]);
    let mut entries = applied_in_order(&history, &["001_a"]);
    for key in ["main:R__v", "main:V2__gone"] {
        let applied_at = Some("2026-01-02T00:00:00.000000Z".into());
        entries.push(Entry { applied_at, ..entry(key, Status::Completed) });
    }
    let no_way = SelectError::NoDown { ids: vec!["V2__gone".into()], places: Vec::new() };
    assert_eq!(undone(&history, &entries, &Back::Newest(1)).unwrap_err(), no_way);
    entries.pop();
    assert_eq!(undone(&history, &entries, &Back::Newest(1)).unwrap(), ["001_a"]);
}

#[test]
fn one_alone_needs_what_it_depends_on() {
    let history =
        annotated(&[("001_a", ""), ("002_b", "001_a"), ("003_c", ""), ("004_d", "002_b")]);
    assert_eq!(
        chosen(&history, &[], &only("004")).unwrap_err(),
        SelectError::NeedsFirst {
            id: "004_d".into(),
            missing: vec!["001_a".into(), "002_b".into()],
        }
    );
    let with = Wish { with_dependencies: true, ..only("004") };
    assert_eq!(chosen(&history, &[], &with).unwrap(), ["001_a", "002_b", "004_d"]);
    let entries = applied_in_order(&history, &["001_a", "002_b"]);
    assert_eq!(chosen(&history, &entries, &only("004")).unwrap(), ["004_d"]);
}

#[test]
fn an_applied_one_runs_again_only_when_asked() {
    let history = plain(&["001_a", "002_b"]);
    let entries = applied_in_order(&history, &["001_a"]);
    assert_eq!(
        chosen(&history, &entries, &only("001")).unwrap_err(),
        SelectError::AlreadyApplied { id: "001_a".into() }
    );
    let again = Wish { again: true, ..only("001") };
    let selection = up(&history, &rows(&history, &entries), &again).unwrap();
    assert_eq!(selection.run[0].why, Why::Again);
}

#[test]
fn what_speaks_against_a_run_is_named() {
    let history = plain(&["001_a", "002_b", "003_c"]);
    let mut entries = applied_in_order(&history, &["001_a", "003_c"]);
    entries[0].checksum = Some("0".repeat(64));
    entries.push(entry("main:000_gone", Status::Completed));
    let selection = up(&history, &rows(&history, &entries), &Wish::default()).unwrap();
    let refusing: Vec<bool> = selection.concerns.iter().map(Concern::refuses).collect();
    assert_eq!(refusing, [false, true, true]);
    assert_eq!(
        selection.concerns[2],
        Concern::OutOfOrder { id: "002_b".into(), before: "003_c".into() }
    );
    assert!(matches!(&selection.concerns[1], Concern::Modified { id, .. } if id == "001_a"));
    assert!(matches!(&selection.concerns[0], Concern::MissingFile { id } if id == "000_gone"));
}

#[test]
fn the_newest_applied_is_undone_first() {
    let history = plain(&["001_a", "002_b", "003_c"]);
    let entries = applied_in_order(&history, &["001_a", "003_c", "002_b"]);
    assert_eq!(undone(&history, &entries, &Back::Newest(1)).unwrap(), ["002_b"]);
    assert_eq!(undone(&history, &entries, &Back::All).unwrap(), ["002_b", "003_c", "001_a"]);
    assert_eq!(undone(&history, &entries, &Back::To("003".into())).unwrap(), ["002_b"]);
    assert_eq!(undone(&history, &entries, &Back::To("001".into())).unwrap(), ["002_b", "003_c"]);
}

#[test]
fn without_times_the_history_says_what_is_newest() {
    let history = plain(&["001_a", "002_b"]);
    let entries: Vec<Entry> = history.migrations.iter().rev().map(applied).collect();
    assert_eq!(undone(&history, &entries, &Back::Newest(1)).unwrap(), ["002_b"]);
}

#[test]
fn nothing_is_undone_before_what_depends_on_it() {
    let history = annotated(&[("001_a", ""), ("002_b", "001_a"), ("003_c", "")]);
    let entries = applied_in_order(&history, &["003_c", "002_b", "001_a"]);
    assert_eq!(
        undone(&history, &entries, &Back::All).unwrap(),
        ["002_b", "001_a", "003_c"],
        "001_a is the newest, but 002_b needs it"
    );
}

#[test]
fn what_cannot_be_undone_is_named_and_nothing_runs() {
    let project = Project::new(&[
        ("m/001_a.sql", "select 1;"),
        ("m/002_b.sql", "-- @up\nselect 1;\n-- @down\nselect 2;\n"),
        ("m/003_c.sql", "select 1;"),
    ]);
    let history = project.read("plain", &settings("m")).unwrap();
    let entries = applied_in_order(&history, &["001_a", "002_b", "003_c"]);
    let error = undone(&history, &entries, &Back::All).unwrap_err();
    assert_eq!(error.to_string(), "2 migrations have no down script: 003_c, 001_a");
}

#[test]
fn a_missing_down_script_is_read_from_where_its_absence_is_told() {
    let annotated = "-- Migration: 001_a\n-- Type: custom_sql\n-- @up\nselect 1;\n";
    for (format, path, text, place) in [
        (
            "supabase",
            "supabase/migrations/20250101000000_a.sql",
            "select 1;\n",
            "`supabase/migrations/down/20250101000000_a.sql`",
        ),
        ("plain", "m/001_a.up.sql", "select 1;\n", "`m/001_a.down.sql`"),
        ("plain", "m/V1__a.sql", "select 1;\n", "`m/U1__a.sql`"),
        ("flyway", "m/V1__a.sql", "select 1;\n", "`m/U1__a.sql`"),
        ("plain", "m/001_a.sql", "select 1;\n", "below a line `-- @down` in `m/001_a.sql`"),
        ("annotated", "m/001_a.sql", annotated, "below a line `-- @down` in `m/001_a.sql`"),
        (
            "dbmate",
            "m/001_a.sql",
            "-- migrate:up\nselect 1;\n",
            "below a line `-- migrate:down` in `m/001_a.sql`",
        ),
        (
            "goose",
            "m/001_a.sql",
            "-- +goose Up\nselect 1;\n",
            "below a line `-- +goose Down` in `m/001_a.sql`",
        ),
    ] {
        let folder = path.rsplit_once('/').unwrap().0;
        let history = Project::new(&[(path, text)]).read(format, &settings(folder)).unwrap();
        let entries = [applied(&history.migrations[0])];
        let error = undone(&history, &entries, &Back::All).unwrap_err();
        let told = error.hint().unwrap();
        assert_eq!(told, format!("write it, where it is read from: {place}; or undo it by hand"));
        // Written there, it is found.
        let (mut up, mut files) = (text.to_owned(), Vec::new());
        match place.strip_prefix("below a line `").and_then(|line| line.split_once('`')) {
            Some((mark, _)) => up = format!("{text}{mark}\nselect 2;\n"),
            None => files.push((place.trim_matches('`'), "select 2;\n")),
        }
        files.push((path, &up));
        let history = Project::new(&files).read(format, &settings(folder)).unwrap();
        assert!(history.migrations[0].down.is_some(), "{format}: {place}");
    }
}

#[test]
fn a_target_that_is_not_applied_is_no_way_back() {
    let history = plain(&["001_a", "002_b"]);
    let entries = applied_in_order(&history, &["001_a"]);
    assert_eq!(
        undone(&history, &entries, &Back::To("002".into())).unwrap_err(),
        SelectError::NotApplied { id: "002_b".into() }
    );
}

#[test]
fn the_down_script_is_the_files_the_ledgers_or_the_persons_choice() {
    let history = plain(&["001_a"]);
    let fingerprint = history.migrations[0].down.as_ref().unwrap().fingerprint.clone();
    let from = |key: &str, recorded: Down, down_fingerprint: Option<&str>| {
        let entries = [Entry {
            down: recorded,
            fingerprints: down_fingerprint.map(|down| Fingerprints {
                header: None,
                up: history.migrations[0].up.fingerprint.clone(),
                down: Some(down.to_owned()),
            }),
            ..entry(key, Status::Completed)
        }];
        down(&history, &rows(&history, &entries), &Back::Newest(1), &BTreeMap::new())
            .map(|undo| undo[0].from)
            .ok()
    };
    assert_eq!(from("main:001_a", Down::Unknown, None), Some(DownFrom::File));
    assert_eq!(from("main:001_a", Down::None, None), Some(DownFrom::File));
    assert_eq!(from("main:001_a", Down::Recorded, Some(&fingerprint)), Some(DownFrom::File));
    assert_eq!(from("main:001_a", Down::Recorded, Some("other")), Some(DownFrom::Differ));
    assert_eq!(from("main:000_gone", Down::Recorded, None), Some(DownFrom::Ledger));
    assert_eq!(from("main:000_gone", Down::Unknown, None), None);
}

#[test]
fn a_recorded_down_script_is_compared_once_its_text_is_known() {
    let history = plain(&["001_a"]);
    let entries = [Entry { down: Down::Recorded, ..entry("main:001_a", Status::Completed) }];
    let rows = rows(&history, &entries);
    let mut recorded = BTreeMap::new();
    assert_eq!(uncompared(&rows, &recorded), ["main:001_a"]);
    let other = Recorded { up: vec!["select 1".into()], down: Some(vec!["select 3".into()]) };
    recorded.insert("main:001_a".to_owned(), other.fingerprints());
    assert!(uncompared(&rows, &recorded).is_empty());
    let undo = down(&history, &rows, &Back::Newest(1), &recorded).unwrap();
    assert_eq!(undo[0].from, DownFrom::Differ);
}

proptest! {
    #[test]
    fn any_way_back_respects_dependencies(
        edges in proptest::collection::vec((0_usize..8, 0_usize..8), 0..16),
        times in Just((0..8).collect::<Vec<usize>>()).prop_shuffle(),
        count in 0_usize..9,
    ) {
        let names: Vec<String> = (0..8).map(|n| format!("{n:03}_m")).collect();
        let needs: Vec<String> = (0..8)
            .map(|n| {
                let needs: std::collections::BTreeSet<&str> = edges
                    .iter()
                    .filter(|(a, b)| *a == n && b < a)
                    .map(|(_, b)| names[*b].as_str())
                    .collect();
                needs.into_iter().collect::<Vec<_>>().join(", ")
            })
            .collect();
        let files: Vec<(&str, &str)> =
            names.iter().map(String::as_str).zip(needs.iter().map(String::as_str)).collect();
        let history = annotated(&files);
        let order: Vec<&str> = times.iter().map(|n| names[*n].as_str()).collect();
        let entries = applied_in_order(&history, &order);
        let undone = undone(&history, &entries, &Back::Newest(count)).unwrap();
        prop_assert_eq!(undone.len(), count.min(8));
        for (place, id) in undone.iter().enumerate() {
            for dependent in graph::dependents(&history, id) {
                prop_assert!(undone[..place].contains(&dependent.id), "{} before {}", id, dependent.id);
            }
        }
    }
}
