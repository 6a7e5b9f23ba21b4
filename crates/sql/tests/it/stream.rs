//! Scripts that come in piece by piece.

use whimbrel_sql::{
    Cutting, Fingerprint, Outline, Piece, Script, SplitError, Splitter, fingerprint, position,
    split,
};

/// What came out of a stream, put together again.
#[derive(Debug, Default, PartialEq, Eq)]
struct Taken {
    statements: Vec<(String, std::ops::Range<usize>)>,
    data: Vec<Vec<u8>>,
}

fn take(splitter: &mut Splitter, taken: &mut Taken, text: &str) -> Result<(), SplitError> {
    while let Some(piece) = splitter.piece()? {
        match piece {
            Piece::Statement { text: statement, span, position: place, .. } => {
                assert_eq!(place, position(text, span.start));
                taken.statements.push((statement.to_owned(), span));
                taken.data.push(Vec::new());
            }
            Piece::Data(bytes) => {
                taken.data.last_mut().expect("data follow a statement").extend_from_slice(bytes);
            }
            Piece::DataEnd => {}
        }
    }
    Ok(())
}

fn stream(text: &str, chunk: usize) -> Result<(Taken, Outline), SplitError> {
    let mut splitter = Splitter::new();
    let mut taken = Taken::default();
    for bytes in text.as_bytes().chunks(chunk) {
        splitter.feed(bytes)?;
        take(&mut splitter, &mut taken, text)?;
    }
    splitter.end();
    take(&mut splitter, &mut taken, text)?;
    Ok((taken, splitter.finish()))
}

/// A script and its fingerprint, read in one go from helpings.
fn cut(text: &str, chunk: usize) -> Result<(Script, String), SplitError> {
    let mut cutting = Cutting::new();
    for bytes in text.as_bytes().chunks(chunk) {
        cutting.feed(bytes)?;
    }
    cutting.end()
}

fn whole(text: &str) -> Result<(Taken, Outline), SplitError> {
    let script = split(text)?;
    let mut taken = Taken::default();
    for statement in script.statements.iter() {
        taken.statements.push((text[statement.span.clone()].to_owned(), statement.span.clone()));
        let data = statement.data.clone().map_or("", |data| &text[data]);
        taken.data.push(data.as_bytes().to_owned());
    }
    Ok((taken, Outline { mode: script.mode, sending: script.sending }))
}

/// Every text of the other tests' kinds, in helpings of every small size.
#[test]
fn helpings_of_any_size_give_what_the_whole_gives() {
    let texts = [
        "\u{feff}-- é\r\nselect 'é;' /* a /* b */ ; */ as \"é;\"; select $é$;$é$; select 1",
        "select e'a' -- ;\n  -- ;\n '\\';' ; select 'a' 'b' - 1 - - 2 -- c\n; select u&';', u & 1",
        "select 1.5e+10, 1e, .5, 1..2, 0x1f, $1, $a$;$a$, a$b$, a::b, c := d, e'', n'', $",
        "create function f() returns int begin atomic select 1; end; select 2",
        "\\restrict abc\nset standard_conforming_strings = off; select '\\';'; \\echo a \\\\ select 1",
        "copy t from stdin; -- x\n1\té\n\\.x\n\\\n\\.\r\nselect 1; copy t from stdin;\n\\.",
        "begin; select 1;\nvacuum; commit",
        "select 1;\ncreate index concurrently i on t (a); select 2",
        "select 1;\n  select 'abc",
        "select 1;\nselect $$ abc",
        "select 1;\n/* abc",
        "select 1;\n \\connect x\n",
        "copy t from stdin; select\n\\.\n",
        "copy t from stdin;\n1\n",
        "alter type m add value 'new'; copy t from stdin;\na\tnew\n\\.\n",
    ];
    for text in texts {
        for chunk in 1..=24 {
            assert_eq!(stream(text, chunk), whole(text), "{chunk} bytes at a time of {text:?}");
            let expected = split(text).map(|script| (script, fingerprint(text)));
            assert_eq!(cut(text, chunk), expected, "{chunk} bytes at a time of {text:?}");
        }
    }
}

#[test]
fn a_nul_byte_is_reported_where_it_is() {
    let text = "select 1;\nselect\n '\0'";
    for chunk in 1..=24 {
        assert_eq!(stream(text, chunk).err(), split(text).err());
    }
}

#[test]
fn bytes_that_are_not_utf_8_are_reported_where_they_are() {
    let mut splitter = Splitter::new();
    splitter.feed(b"select 1;\nselect '\xff'").expect("no NUL");
    splitter.end();
    assert!(splitter.piece().is_ok());
    let error = splitter.piece().expect_err("not UTF-8");
    assert_eq!(error, SplitError::NotUtf8 { line: 2, span: 18..19 });
}

#[test]
fn a_large_script_is_held_a_statement_at_a_time() {
    const CHUNK: usize = 64 * 1024;
    const LARGEST: usize = 1024 * 1024;
    let insert = format!("insert into t values ('{}');\n", "x;y ".repeat(250));
    let comment = format!("/* {} */\n", "a comment ".repeat(100_000));
    let large = format!("select $body${}$body$;\n", "z".repeat(LARGEST - 64));
    let rows = "1\tsome row of data\t\\N\n".repeat(500_000);
    let copy = format!("copy t from stdin;\n{rows}\\.\n");
    let round = [insert.repeat(10_000), comment, large, copy].concat();
    let (mut statements, mut data, mut total) = (0_usize, 0_usize, 0_usize);
    let mut splitter = Splitter::new();
    for _ in 0..5 {
        for bytes in round.as_bytes().chunks(CHUNK) {
            total += bytes.len();
            splitter.feed(bytes).expect("no NUL");
            while let Some(piece) = splitter.piece().expect("it can be cut") {
                match piece {
                    Piece::Statement { .. } => statements += 1,
                    Piece::Data(lines) => data += lines.len(),
                    Piece::DataEnd => {}
                }
            }
        }
    }
    splitter.end();
    assert_eq!(splitter.piece(), Ok(None));
    assert_eq!((statements, data), (5 * 10_002, 5 * rows.len()));
    assert!(total > 100 * 1024 * 1024, "only {total} bytes");
    // The room grows by doubling.
    assert!(splitter.peak() <= 2 * (LARGEST + CHUNK), "held {} bytes", splitter.peak());
}

#[test]
fn a_fingerprint_can_be_taken_on_the_way() {
    let text = "Select 1; copy t from stdin;\r\n1\r\r\n2\r\n\\.\r\nselect 'a\r\nb'";
    for chunk in 1..=24 {
        let mut splitter = Splitter::new();
        let mut print = Fingerprint::new();
        let mut drain = |splitter: &mut Splitter| {
            while let Some(piece) = splitter.piece().expect("it can be cut") {
                match piece {
                    Piece::Statement { text, backslash, .. } => print.statement(text, backslash),
                    Piece::Data(bytes) => print.data(bytes),
                    Piece::DataEnd => {}
                }
            }
        };
        for bytes in text.as_bytes().chunks(chunk) {
            splitter.feed(bytes).expect("no NUL");
            drain(&mut splitter);
        }
        splitter.end();
        drain(&mut splitter);
        assert_eq!(print.finish(), fingerprint(text), "{chunk} bytes at a time");
    }
}
