//! Files that are too large to hold.

use std::fmt::Write as _;
use std::sync::{Arc, Mutex};

use camino::Utf8Path;
use whimbrel_history::{Contents, Cut, Text, TextError, formats, statements};
use whimbrel_sql::{SplitError, fingerprint, position, split};

use crate::support::{Bytes, in_place};

/// Bytes that are read at a time.
const BLOCK: usize = 64 * 1024;

const PATH: &str = "m/001_a.sql";

fn large(text: &str) -> Text {
    Text::read(Utf8Path::new(PATH), in_place(text.as_bytes())).unwrap()
}

fn held(text: &str) -> Text {
    Text::read(Utf8Path::new(PATH), Contents::Held(text.as_bytes().to_vec())).unwrap()
}

/// Statements and data of so many bytes at least, with characters of two and three bytes.
fn script(bytes: usize) -> String {
    let mut script = String::new();
    let mut number = 0;
    while script.len() < bytes {
        writeln!(script, "insert into t values ({number}, 'é;−' /* ü; */);").unwrap();
        if number == 300 {
            writeln!(script, "copy t from stdin;\n{number}\té\n-- @down\n\\.").unwrap();
        }
        number += 1;
    }
    script
}

/// Files of each format, in which what matters lies at each place around a block's end.
fn files(shift: usize) -> Vec<(&'static str, String)> {
    let (some, more) = (script(BLOCK + shift), script(4 * BLOCK));
    let head = "-- Migration: a\n-- Description: b\n-- Type: drop_table\n-- Depends on: none\n";
    let blank = " \n".repeat(BLOCK);
    let lines = more.replace('\n', "\r\n");
    vec![
        ("plain", format!("\u{feff}{some}-- {}\n", "é".repeat(shift))),
        ("plain", format!("-- whimbrel: timeout=1s\r\n{}{lines}\r\n", " ".repeat(shift))),
        ("plain", format!("{some}select '{}", some.replace(['\'', '\n'], "\r"))),
        ("annotated", format!("{head}-- ===\n-- @up\n\n{some}\n-- === x\n\n-- @down\n\n{some}")),
        ("dbmate", format!("-- migrate:up\n{}{some}-- migrate:down\n", " ".repeat(shift))),
        ("goose", format!("-- +goose Up\n{some}-- +goose Down\ndrop table t;\n")),
        ("flyway", format!("{some}select '{}${{name}}';\n", "x".repeat(shift))),
        ("supabase", format!("{some}{blank}")),
    ]
}

#[test]
fn a_large_file_says_what_a_held_one_says() {
    for shift in 0..3 {
        for (format, text) in files(shift) {
            let (format, path) = (formats::by_name(format).unwrap(), Utf8Path::new(PATH));
            let contents = Contents::Held(text.as_bytes().to_vec());
            let expected = formats::digest(format, path, contents);
            let found = formats::digest(format, path, in_place(text.as_bytes()));
            assert_eq!(found, expected, "{format:?}, {shift}: {}", &text[..60]);
        }
    }
}

#[test]
fn a_large_text_is_cut_as_a_held_one_is() {
    let text = script(3 * BLOCK);
    for (large, text) in [
        (large(&text), text.as_str()),
        (large(&format!("é{text}")).slice(2..2 + text.len()), text.as_str()),
        (large(&format!("\u{feff}{text}")), text.as_str()),
    ] {
        assert_eq!(large.held(), None);
        assert_eq!(large.len(), text.len());
        assert_eq!(large.all().unwrap(), text);
        let expected = Cut { script: split(text), fingerprint: fingerprint(text) };
        assert_eq!(large.cut().unwrap(), expected);
        assert_eq!(statements(&large).unwrap(), statements(&held(text)).unwrap());
        for at in [0, 1, BLOCK - 1, BLOCK, BLOCK + 1, text.len()] {
            let at = text.floor_char_boundary(at);
            assert_eq!(large.position(at).unwrap(), position(text, at));
            assert_eq!(large.lines_before(at).unwrap(), text[..at].matches('\n').count());
            assert_eq!(large.part(at..at + 9).unwrap(), held(text).part(at..at + 9).unwrap());
        }
    }
}

#[test]
fn a_quote_that_is_never_closed_is_found_where_it_opens() {
    let text = format!("{}select 'x", script(2 * BLOCK));
    let Err(SplitError::Unterminated { span, .. }) = large(&text).script().unwrap() else {
        panic!("it is not closed")
    };
    assert_eq!(&text[span], "'");
}

#[test]
fn bytes_of_a_large_file_that_are_no_text_are_named_with_their_place() {
    let text = script(2 * BLOCK);
    for at in [10, BLOCK - 1, BLOCK, BLOCK + 1, text.len()] {
        let at = text.floor_char_boundary(at);
        // Neither of them begins a character that is completed.
        for wrong in [&b"\xff"[..], b"\xc3"] {
            let bytes = [&text.as_bytes()[..at], wrong, &text.as_bytes()[at..]].concat();
            let of = |contents| match Text::read(Utf8Path::new(PATH), contents) {
                Err(TextError::NotText { at, .. }) => at,
                other => panic!("{other:?}"),
            };
            assert_eq!(of(in_place(&bytes)), position(&text, at));
            assert_eq!(of(Contents::Held(bytes)), position(&text, at));
        }
    }
}

#[test]
fn a_change_of_a_large_file_is_noticed_where_it_is_read() {
    let text = script(3 * BLOCK);
    let file = Bytes(Arc::new(Mutex::new(text.as_bytes().to_vec())));
    let read = Text::read(Utf8Path::new(PATH), Contents::Large(Box::new(file.clone()))).unwrap();
    file.0.lock().unwrap()[BLOCK + 7] = b'!';
    assert_eq!(read.part(0..100).unwrap(), &text[..100]);
    for span in [BLOCK..BLOCK + 1, BLOCK - 1..BLOCK + 1, 0..text.len()] {
        assert!(matches!(read.part(span), Err(TextError::Changed { .. })));
    }
    assert!(matches!(read.cut(), Err(TextError::Changed { .. })));
    *file.0.lock().unwrap() = text.as_bytes()[..3 * BLOCK - 1].to_vec();
    assert!(read.part(BLOCK..BLOCK + 9).is_ok());
    assert!(matches!(read.part(2 * BLOCK..text.len()), Err(TextError::Changed { .. })));
}
