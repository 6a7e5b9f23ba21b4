//! Where statements begin and end.

use crate::{cut, script};

#[track_caller]
fn cuts(text: &str, statements: &[&str]) {
    assert_eq!(cut(text), statements, "in {text:?}");
}

/// The text is one statement, whatever semicolons it holds.
#[track_caller]
fn is_whole(statement: &str) {
    cuts(&format!("select 0; {statement}; select 9;"), &["select 0", statement, "select 9"]);
}

#[test]
fn semicolons_and_what_is_around_statements_are_left_out() {
    cuts("", &[]);
    cuts(" \n ; ;; -- no\n /* none */ ;", &[]);
    cuts("select 1", &["select 1"]);
    cuts(" /* a */ select 1 -- b\n ; -- c\n select /* d */ 2", &["select 1", "select /* d */ 2"]);
    cuts("select 1;;select 2;", &["select 1", "select 2"]);
}

#[test]
fn a_byte_order_mark_is_passed() {
    cuts("\u{feff}select 1", &["select 1"]);
    cuts("\u{feff}", &[]);
}

#[test]
fn line_endings_of_every_kind_end_a_comment() {
    cuts("-- a\r\nselect 1;\r\nselect 2", &["select 1", "select 2"]);
    cuts("-- a\rselect 1", &["select 1"]);
    cuts("-- a\nselect 1", &["select 1"]);
    cuts("select 1 -- a", &["select 1"]);
}

#[test]
fn comments_nest() {
    cuts("/* a /* b; */ ; */ select 1; /* ; */", &["select 1"]);
    cuts("/*/ ; */select 1", &["select 1"]);
    cuts("/**/select 1", &["select 1"]);
    cuts("/***/select 1/* * / */;select 2", &["select 1", "select 2"]);
    cuts(
        "select /* ' */ 1; select 2 -- it's\n; select 3",
        &["select /* ' */ 1", "select 2", "select 3"],
    );
}

#[test]
fn operators_end_before_a_comment() {
    cuts("select 1 +-- ;\n 2; select 3", &["select 1 +-- ;\n 2", "select 3"]);
    cuts("select 1 */* ; */ 2; select 3", &["select 1 */* ; */ 2", "select 3"]);
    cuts("select @-- ;\n 2; select 3", &["select @-- ;\n 2", "select 3"]);
    cuts("select 4 /-1; select 2", &["select 4 /-1", "select 2"]);
}

#[test]
fn string_constants_hold_semicolons() {
    is_whole("select ';'");
    is_whole("select 'it''s;'");
    is_whole("select ''';'");
    is_whole("select n';', b'0;', x'f;'");
    is_whole("select u&';\\0061' uescape '!'");
}

#[test]
fn a_backslash_escapes_in_e_strings_only() {
    is_whole(r"select e'\';'");
    is_whole(r"select E'\\', ';'");
    is_whole(r"select '\', ';'");
    is_whole(r"select U&'\', ';'");
    is_whole(r"select b'\', ';'");
    is_whole("select e'\\\n;'");
    // No prefix: the `e` belongs to a name.
    is_whole(r"select casee'\', ';'");
    is_whole(r#"select "e"'\', ';'"#);
}

#[test]
fn a_constant_goes_on_behind_a_newline_in_its_own_manner() {
    is_whole("select e'a'\n'\\';'");
    is_whole("select 'a'\n'\\', ';'");
    is_whole("select e'a' -- why\n -- and why\n '\\';'");
    is_whole("select e'a'\r'\\';'");
    // Without a newline, or with another sort of comment, it is a constant of its own.
    is_whole("select e'a' '\\', ';'");
    is_whole("select e'a' /* \n */ '\\', ';'");
    is_whole("select e'a'\n-b'\\', ';'");
}

#[test]
fn quoted_identifiers_hold_anything() {
    is_whole(r#"select 1 as ";""#);
    is_whole(r#"select 1 as "a"";""#);
    is_whole(r#"select 1 as "\", 2 as ";""#);
    is_whole(r#"select 1 as u&";\0061""#);
    is_whole(r#"select 1 as "--", 2 as "/*", 3 as "$$""#);
}

#[test]
fn dollar_quotes_end_with_their_own_tag() {
    is_whole("select $$;$$");
    is_whole("select $a$;$$;$b$;$A$;$a$");
    is_whole("select $a$$a$");
    is_whole("select $$'$$, $_1$;$_1$, $é$;$é$");
    is_whole("select $a$ $b$ $a $a$");
    is_whole("do $body$ begin execute $x$select ';'$x$; end $body$");
}

#[test]
fn dollars_within_names_and_parameters_quote_nothing() {
    is_whole("select a$b$c");
    is_whole("select a$$");
    is_whole("select é$a$");
    is_whole("prepare p as select $1");
    cuts("select $1; select $2", &["select $1", "select $2"]);
    // A number ends before the tag, a name does not.
    is_whole("select 1$a$;$a$");
    is_whole("select 1.5$a$;$a$");
    is_whole("select $1$a$;$a$");
}

#[test]
fn a_body_of_sql_statements_is_one_statement() {
    is_whole("create function f() returns int begin atomic select 1; select 2; end");
    is_whole("CREATE OR REPLACE FUNCTION f() RETURNS int LANGUAGE sql BEGIN ATOMIC SELECT 1; END");
    is_whole("create procedure p() begin atomic end");
    is_whole("create procedure p() begin atomic ; ; insert into t values (1);; end");
    is_whole("create procedure p(x int default 1) begin /* ; */ atomic select ';'; end");
}

#[test]
fn a_case_in_a_body_ends_nothing_but_itself() {
    is_whole(
        "create function f(x int) returns text begin atomic \
         select case x when 1 then case when true then 'a' end else 'b' end; \
         select case x when 1 then 2 end as \"end\"; end",
    );
    is_whole("create function f() returns int begin atomic select 1 as case; select 2 as end; end");
}

#[test]
fn a_body_may_hold_another() {
    is_whole(
        "create function f() returns int begin atomic \
         create function g() returns int begin atomic select 1; end; select 2; end",
    );
    is_whole(
        "create procedure p() begin atomic \
         create rule r as on insert to t do also (select 1; end; select 2); select 3; end",
    );
}

#[test]
fn atomic_and_begin_are_ordinary_words_elsewhere() {
    cuts("select 1 as atomic; select 2", &["select 1 as atomic", "select 2"]);
    cuts(
        "create view v as select * from begin atomic; select 2",
        &["create view v as select * from begin atomic", "select 2"],
    );
    cuts(
        "create table atomic (begin int); select 2",
        &["create table atomic (begin int)", "select 2"],
    );
    cuts(
        "create function f(begin atomic) returns begin language sql as 'select 1'; select 2",
        &["create function f(begin atomic) returns begin language sql as 'select 1'", "select 2"],
    );
    cuts(
        r#"create function f() returns "begin" atomic; select 2"#,
        &[r#"create function f() returns "begin" atomic"#, "select 2"],
    );
    cuts(
        "create function begin.atomic() returns int as '1'; select 2",
        &["create function begin.atomic() returns int as '1'", "select 2"],
    );
    cuts("begin; select atomic; end", &["begin", "select atomic", "end"]);
    is_whole("create function f() returns begin begin atomic select 1; end");
}

#[test]
fn the_commands_of_a_rule_are_one_statement() {
    is_whole("create rule r as on insert to t do also (insert into a values (1); select 2;)");
    is_whole("create or replace rule r as on update to t where (new.a > 1) do instead (a; b; c)");
    is_whole("create rule r as on delete to t do instead nothing");
    is_whole("create rule r as on delete to t do (;)");
    cuts("select (1; select 2)", &["select (1", "select 2)"]);
    cuts("create table rule (a int; select 2", &["create table rule (a int", "select 2"]);
}

#[test]
fn the_elements_of_a_schema_are_one_statement() {
    is_whole(
        "create schema app authorization joe \
         create table t (a int) create view v as select a from t grant select on v to public",
    );
}

#[test]
fn copy_data_are_no_statements() {
    let text = "copy t (a, b) from stdin;\n1\t'\n2\t;\n\\.\nselect 1;\n";
    let script = script(text);
    assert_eq!(cut(text), ["copy t (a, b) from stdin", "select 1"]);
    let data = script.statements.at(0).data.expect("there are data");
    assert_eq!(&text[data], "1\t'\n2\t;\n");
    assert_eq!(script.statements.at(1).data, None);
}

#[test]
fn copy_data_end_at_a_line_of_their_own() {
    for (text, data) in [
        ("copy t from stdin;\n\\.\n", ""),
        ("copy t from stdin;\n\\.", ""),
        ("copy t from stdin;\r\na\r\n\\.\r\nselect 1", "a\r\n"),
        ("copy t from stdin; -- rows\na\n\\.\n", "a\n"),
        ("copy t from stdin;  \na\\.\n\\.b\n\\\n\\.\n", "a\\.\n\\.b\n\\\n"),
        ("COPY t FROM STDIN WITH (FORMAT csv);\n\"a\n;\n\\.\n", "\"a\n;\n"),
        ("copy t from stdout;\na\n\\.\n", "a\n"),
    ] {
        let script = script(text);
        let span = script.statements.at(0).data.expect("there are data");
        assert_eq!(&text[span], data, "in {text:?}");
    }
}

#[test]
fn only_a_copy_from_the_client_has_data() {
    for text in [
        "copy t to stdout",
        "copy t from '/tmp/stdin'",
        "copy (select a from stdin) to stdout",
        "copy t from program 'cat stdin'",
        r#"copy t from "stdin""#,
        "select copy from stdin",
        "create table copy (stdin int)",
    ] {
        let text = format!("{text};\nselect 1;");
        assert_eq!(cut(&text).len(), 2, "in {text:?}");
    }
}

#[test]
fn some_commands_of_psql_are_left_out() {
    cuts("\\restrict a;b\nselect 1;\n\\unrestrict a\n", &["select 1"]);
    cuts("  \\echo it's ;\r\nselect 1;", &["select 1"]);
    cuts("\\echo a \\\\ select 1; select 2", &["select 1", "select 2"]);
    cuts("\\echo 'a \\\\ b' \"\\\\\" \\echo c\nselect 1", &["select 1"]);
    cuts("select 1; \\echo done", &["select 1"]);
    cuts("\\echo", &[]);
}

#[test]
fn a_setting_changes_how_the_rest_is_read() {
    cuts(
        r"set standard_conforming_strings = off; select '\';'; set standard_conforming_strings to on; select '\'; select 1",
        &[
            "set standard_conforming_strings = off",
            r"select '\';'",
            "set standard_conforming_strings to on",
            r"select '\'",
            "select 1",
        ],
    );
    for off in [
        "set standard_conforming_strings = off",
        "SET SESSION Standard_Conforming_Strings TO 'OFF'",
        "set \"standard_conforming_strings\" = fal",
        "set standard_conforming_strings = 0",
        "select set_config('standard_conforming_strings', 'off', false)",
        "select pg_catalog.set_config('standard_conforming_strings', $$no$$, false)",
        "begin; set local standard_conforming_strings = off",
        "begin; set standard_conforming_strings = off; commit",
        "set standard_conforming_strings = off; begin; set standard_conforming_strings = on; rollback",
    ] {
        let text = format!(r"{off}; select '\';'");
        assert_eq!(cut(&text).last(), Some(&r"select '\';'"), "in {text:?}");
    }
    for on in [
        "set standard_conforming_strings = on",
        "set standard_conforming_strings = off; reset all",
        "set standard_conforming_strings = off; reset standard_conforming_strings",
        "set standard_conforming_strings = off; discard all",
        "set standard_conforming_strings = off; set standard_conforming_strings to default",
        "begin; set local standard_conforming_strings = off; commit",
        "begin; set standard_conforming_strings = off; rollback",
        "create function f() returns int set standard_conforming_strings = off as 'select 1'",
        "alter role joe set standard_conforming_strings = off",
        "select 'set standard_conforming_strings = off'",
    ] {
        let text = format!(r"{on}; select '\'");
        assert_eq!(cut(&text).last(), Some(&r"select '\'"), "in {text:?}");
    }
}
