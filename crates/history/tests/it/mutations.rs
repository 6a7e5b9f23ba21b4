//! Files as nobody would write them.

use std::fs;
use std::path::{Path, PathBuf};

use camino::Utf8Path;
use proptest::prelude::*;
use whimbrel_history::{Contents, formats};
use whimbrel_sql::Span;

use crate::support::in_place;

/// What damaged files are made of: the lines of the bundled examples, which show what each format
/// has of its own, and what goes wrong in one.
fn pieces() -> Vec<String> {
    let mut pieces: Vec<String> = PIECES.iter().map(|piece| (*piece).to_owned()).collect();
    for format in formats::ALL {
        let path = ["..", "..", "examples", format.name()].iter().collect::<PathBuf>();
        let example = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
        let before = pieces.len();
        for text in texts(&example) {
            let comments = text.split_inclusive('\n').filter(|line| line.starts_with("--"));
            pieces.extend(comments.map(str::to_owned));
            pieces.push(text);
        }
        assert!(pieces.len() > before, "{} has an example", format.name());
    }
    pieces
}

/// The texts of a folder's SQL files.
fn texts(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(texts(&path));
        } else if path.extension().is_some_and(|end| end == "sql") {
            found.push(fs::read_to_string(path).unwrap());
        }
    }
    found.sort();
    found
}

/// Pieces that go wrong.
const PIECES: &[&str] = &[
    "-- Migration: 001_a\n",
    "-- Migration:\n",
    "-- Description: é ü\n",
    "-- Type: create_table\n",
    "-- Type: CREATE_TABEL\n",
    "-- Depends on: [001_a, 002_b]\n",
    "-- Depends on: [,, ]\n",
    "-- Depends on: [\n",
    "--Depends on:[a]\r\n",
    "-- @up\n",
    "-- @down\n",
    "--@down",
    "-- whimbrel: up\n",
    "-- whimbrel: transaction=none, lock_timeout=5s\n",
    "-- whimbrel: é=1 =\n",
    "-- whimbrel:\n",
    "-- pg-delta: transaction=false\n",
    "-- migrate:up transaction:false\n",
    "-- migrate:down\n",
    "-- +goose Up\n",
    "-- +goose NO TRANSACTION\n",
    "-- +goose ENVSUB ON\n",
    "--+goose down",
    "-- no-transaction\n",
    "${é",
    "${a}",
    "-- =====\n",
    "create table a (b text);\n",
    "select 'it''s",
    "$x$ body\n",
    "$x$;\n",
    "/* comment",
    "*/",
    "copy t from stdin;\n1\n\\.\n",
    "\\restrict x\n",
    "\n",
    "\r",
    "\u{feff}",
    "\0",
    ";",
    "--",
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn any_file_is_read_or_refused_with_places_that_exist(
        pieces in proptest::collection::vec(proptest::sample::select(pieces()), 0..12),
        noise in r"\PC{0,6}",
        at in 0_usize..12,
    ) {
        let mut pieces = pieces;
        pieces.insert(at.min(pieces.len()), noise);
        let text = pieces.concat();
        let read = text.strip_prefix('\u{feff}').unwrap_or(&text);
        let exists = |span: &Span| span.start <= span.end && read.get(span.clone()).is_some();
        for format in formats::ALL {
            let path = Utf8Path::new("m/001_a.sql");
            let digest = formats::digest(*format, path, Contents::Held(text.as_bytes().to_vec()));
            let large = formats::digest(*format, path, in_place(text.as_bytes()));
            prop_assert_eq!(&digest, &large, "held or not, a file says the same");
            match digest {
                Ok(digest) => {
                    prop_assert!(exists(&digest.up.span));
                    prop_assert!(digest.down.iter().all(|down| exists(&down.span)));
                    prop_assert!(digest.header.depends_on.iter().all(|named| exists(&named.span)));
                    for named in &digest.header.depends_on {
                        let written = read[named.span.clone()].trim_matches(['"', '\'', '`']);
                        prop_assert_eq!(written, &named.name);
                    }
                    prop_assert!(digest.remarks.iter().all(|one| one.span.iter().all(exists)));
                }
                Err(errors) => {
                    prop_assert!(!errors.is_empty());
                    for error in errors {
                        prop_assert!(error.span.iter().all(exists), "{:?}", error);
                    }
                }
            }
        }
    }
}
