//! What a text that cannot be cut is told.

use whimbrel_sql::{SplitError, split};

/// The message and the bytes it is about.
#[track_caller]
fn refused(text: &str) -> (String, &str) {
    let error = split(text).expect_err(text);
    (error.to_string(), &text[error.span()])
}

#[test]
fn what_never_ends_is_reported_where_it_opens() {
    for (text, what, opening) in [
        ("select 1; select 'abc; select 2;", "quoted string", "'"),
        ("select 'it''s", "quoted string", "'"),
        (r"select E'abc\'", "quoted string", "E'"),
        (r"select E'abc\", "quoted string", "E'"),
        ("select U&'abc", "quoted string", "U&'"),
        ("select 'a'\n'b", "quoted string", "'"),
        (r#"select "abc"#, "quoted identifier", "\""),
        (r#"select u&"abc"#, "quoted identifier", "u&\""),
        ("select /* a /* b */ c", "comment", "/*"),
        ("select $$ $a$", "dollar-quoted string `$$`", "$$"),
        ("do $body$ begin end $Body$;", "dollar-quoted string `$body$`", "$body$"),
        ("copy t from stdin;\n1\n2\n", "data of `copy … from stdin`", "copy"),
        ("copy t from stdin", "data of `copy … from stdin`", "copy"),
        (
            "create function f() returns int begin atomic select 1;",
            "`begin atomic` body",
            "begin atomic",
        ),
        ("create rule r as on insert to t do (a; b;", "parenthesis of `create rule`", "("),
    ] {
        assert_eq!(refused(text), (format!("unterminated {what}"), opening), "in {text:?}");
    }
    assert_eq!(split("select 1; select 'abc; select 2;").expect_err("open").span(), 17..18);
}

#[test]
fn commands_of_psql_are_refused_with_line_and_name() {
    for (text, name, line) in [
        ("select 1;\n\\connect app\n", "\\connect", 2),
        ("\\c app", "\\c", 1),
        ("\\set ON_ERROR_STOP on\n", "\\set", 1),
        ("\n\n\\copy t from 'x'\n", "\\copy", 3),
        ("select 1 \\gexec\n", "\\gexec", 1),
        ("select 1\\g", "\\g", 1),
        ("select 1 \\; select 2;", "\\;", 1),
        ("\\echo a \\connect b\n", "\\connect", 1),
        ("copy t from '/x';\n\\.\n", "\\.", 2),
    ] {
        let error = split(text).expect_err(text);
        assert!(
            matches!(&error, SplitError::MetaCommand { name: n, line: l, .. } if n == name && *l == line),
            "{error:?} in {text:?}"
        );
        assert_eq!(&text[error.span()], name);
        assert!(error.hint().is_some());
    }
    assert_eq!(
        refused("select 1;\n\\connect app\n").0,
        r"psql meta-command `\connect` on line 2 is not SQL"
    );
}

#[test]
fn an_accepted_command_inside_a_statement_is_refused() {
    let text = "select\n\\echo a\n1;";
    assert_eq!(
        refused(text),
        (r"psql meta-command `\echo` on line 2 stands inside a statement".to_owned(), "\\echo")
    );
}

#[test]
fn text_behind_a_copy_on_its_line_is_refused() {
    let text = "select 1;\ncopy t from stdin; select 2;\n1\n\\.\n";
    assert_eq!(
        refused(text),
        (
            "`copy … from stdin` on line 2 is followed by more text on its line".to_owned(),
            "select 2;"
        )
    );
    let (_, after) =
        refused("copy t from stdin; -- a lone return ends a comment\rselect 2;\n\\.\n");
    assert!(after.ends_with("select 2;"));
}

#[test]
fn a_nul_byte_is_refused_wherever_it_is() {
    for text in ["select 1;\nselect '\0'", "\n-- \0", "copy t from stdin;\n\0\n\\.\n"] {
        let (message, bytes) = refused(text);
        assert_eq!((message.as_str(), bytes), ("a NUL byte on line 2", "\0"));
    }
}

#[test]
fn an_error_becomes_a_remark_about_its_place() {
    let error = split("\\connect app").expect_err("not SQL");
    let remark = error.diagnostic(Some("0001.sql"));
    assert_eq!(remark.file.as_deref(), Some("0001.sql"));
    assert_eq!(remark.span, Some(0..8));
    assert_eq!(remark.hints, ["a migration runs in one database; remove the line"]);
}
