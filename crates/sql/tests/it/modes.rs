//! How scripts are run.

use whimbrel_sql::{Mode, Sending, Step};

use crate::script;

fn mode(text: &str) -> Mode {
    script(text).mode
}

#[track_caller]
fn one(text: &str, statements: std::ops::Range<usize>) {
    assert_eq!(mode(text), Mode::One { statements }, "in {text:?}");
}

#[track_caller]
fn steps(text: &str, expected: &[Step], why: &str) {
    let expected = expected.to_vec();
    assert_eq!(mode(text), Mode::Steps { steps: expected, because: why.to_owned() }, "in {text:?}");
}

#[track_caller]
fn refused(text: &str, at: usize, why: &str) {
    match mode(text) {
        Mode::Refused { statement, because, .. } => {
            assert_eq!((statement, because.as_str()), (at, why), "in {text:?}");
        }
        other @ (Mode::One { .. } | Mode::Steps { .. }) => panic!("{other:?} in {text:?}"),
    }
}

#[test]
fn statements_that_run_anywhere_are_one_transaction() {
    one("", 0..0);
    one("create table t (); insert into t default values; call p();", 0..3);
    one("copy t from stdin;\n1\n\\.\nsavepoint s; rollback to s; release s", 0..4);
}

#[test]
fn a_statement_that_runs_alone_makes_each_a_step() {
    steps(
        "create table t (a int);\ncreate index concurrently i on t (a);\nselect 1",
        &[Step::Together(0..1), Step::Alone(1), Step::Together(2..3)],
        "`create index concurrently` (line 2) cannot run inside a transaction",
    );
    steps("vacuum", &[Step::Alone(0)], "`vacuum` (line 1) cannot run inside a transaction");
}

#[test]
fn code_that_commits_makes_each_statement_a_step() {
    steps(
        "select 1; do $$ begin commit; end $$; select 2",
        &[Step::Together(0..1), Step::Alone(1), Step::Together(2..3)],
        "`do` (line 1) ends transactions of its own",
    );
    steps(
        "create procedure p() language plpgsql as $$ begin commit; end $$;\ncall p()",
        &[Step::Together(0..1), Step::Alone(1)],
        "`call` (line 2) ends transactions of its own",
    );
}

#[test]
fn a_script_that_is_one_block_is_one_transaction_without_its_ends() {
    one("begin; create table t (); select 1; commit;", 1..3);
    one("-- hello\nstart transaction; select 1; end;", 1..2);
    one("begin; commit", 1..1);
}

#[test]
fn several_blocks_are_a_step_each() {
    steps(
        "begin; select 1; select 2; commit; begin; commit; begin; select 3; commit",
        &[Step::Together(1..3), Step::Together(7..8)],
        "the script has 3 `begin … commit` blocks",
    );
    steps(
        "begin; select 1; commit and chain; select 2; commit and chain; select 3; commit; select 4",
        &[Step::Together(1..2), Step::Together(3..4), Step::Together(5..6), Step::Together(7..8)],
        "the script has 3 `begin … commit` blocks",
    );
}

#[test]
fn a_statement_outside_the_block_is_a_step_of_its_own() {
    steps(
        "set search_path = app;\nbegin; select 1; select 2; commit;\nvacuum t; select 3",
        &[Step::Together(0..1), Step::Together(2..4), Step::Alone(5), Step::Together(6..7)],
        "`vacuum` (line 3) cannot run inside a transaction",
    );
    steps(
        "begin; select 1; commit;\nselect 2",
        &[Step::Together(1..2), Step::Together(3..4)],
        "the statement on line 2 stands outside the `begin … commit` block",
    );
}

#[test]
fn contradictions_about_transactions_are_refused() {
    refused("begin;\nselect 1", 0, "the block begun on line 1 has no `commit`");
    refused(
        "select 1;\ncommit",
        1,
        "`commit` on line 2 ends a transaction that the script has not begun",
    );
    refused(
        "begin;\nbegin; commit; commit",
        1,
        "`begin` on line 2 stands in the block begun on line 1",
    );
    refused(
        "begin; select 1;\nrollback;",
        2,
        "`rollback` on line 2 undoes what the script did before",
    );
    refused(
        "begin;\nprepare transaction 'x'",
        1,
        "`prepare transaction` on line 2 leaves the outcome to another session",
    );
    refused(
        "begin;\n\nvacuum;\ncommit",
        1,
        "`vacuum` on line 3 cannot run in the block begun on line 1",
    );
    refused(
        "begin; commit and chain;\nselect 1",
        1,
        "the block that `commit and chain` on line 1 begins has no `commit`",
    );
}

#[test]
fn what_only_the_catalog_can_tell_is_left_to_the_server_inside_a_block() {
    one("begin; drop subscription s; commit", 1..2);
    one("begin; call p(); do $$ begin commit; end $$; commit", 1..3);
    steps(
        "drop subscription s",
        &[Step::Alone(0)],
        "`drop subscription` (line 1) cannot run inside a transaction",
    );
}

#[test]
fn an_enum_value_alone_is_one_transaction() {
    one("alter type mood add value 'new'; create table t ();", 0..2);
    one("insert into t values ('new'); alter type mood add value 'new'", 0..2);
    one("alter type mood add value 'b'; alter type mood add value 'c' after 'b'", 0..2);
}

/// Adds a value to the type `mood`.
pub(crate) const ADD_VALUE: &str = "select 1; alter type mood add value 'new'; select 2;\n";

/// Statements that need the value.
pub(crate) const USES: &[&str] = &[
    "insert into t (m) values ('new')",
    "insert into t (m) values (e'n\\145w')",
    "alter table t alter column m set default 'new'::mood",
    "create view v as select * from t where m = any ('{old, \"new\"}')",
    "do $$ begin insert into t (m) values ('new'); end $$",
    "do 'begin insert into t (m) values (''new''); end'",
    "create function f() returns mood language sql as $$ select 'new'::mood $$",
    "create function f() returns mood begin atomic select 'new'::mood; end",
    "copy t (n, m) from stdin;\n1\tnew\n\\.\n",
    "copy t (m, n) from stdin (format csv);\nnew,1\n\\.\n",
];

/// Statements that do not, though its text is in them.
pub(crate) const USES_NOT: &[&str] = &[
    "insert into t (n) values ('newer')",
    "insert into t (n) values ('{\"new\": 1}')",
    "select new from t",
    "comment on table t is 'a new table'",
    "copy t (n) from stdin;\nnewer\n\\.\n",
    "create function f() returns trigger language plpgsql as $$ begin new.m = 'new'; end $$",
];

#[test]
fn an_enum_value_that_is_used_needs_a_commit_before() {
    for used in USES {
        steps(
            &format!("{ADD_VALUE}{used}"),
            &[Step::Together(0..3), Step::Together(3..4)],
            "line 2 uses the enum value `new` that the script adds, which takes a commit in between",
        );
    }
    for unused in USES_NOT {
        one(&format!("{ADD_VALUE}{unused}"), 0..4);
    }
}

#[test]
fn no_more_transactions_are_made_than_enum_values_need() {
    steps(
        "alter type m add value 'a'; alter type m add value 'b'; select 'a'::m; select 'b'::m; \
         alter type m add value 'c'; select 'c'::m; select 'c'::m",
        &[Step::Together(0..2), Step::Together(2..5), Step::Together(5..7)],
        "line 1 uses the enum value `a` that the script adds, which takes a commit in between",
    );
}

#[test]
fn a_change_of_string_rules_parts_the_messages_but_not_the_transaction() {
    let dump = script("set standard_conforming_strings = on; select 1");
    assert_eq!((dump.mode, dump.sending), (Mode::One { statements: 0..2 }, Sending::Together));
    let old = script(r"set standard_conforming_strings = off; select '\''");
    assert_eq!((old.mode, old.sending), (Mode::One { statements: 0..2 }, Sending::OneByOne));
}

#[test]
fn a_block_keeps_the_modes_of_its_transaction() {
    let script = script(
        "begin isolation level serializable; select 1; commit and chain; select 2; commit; select 3",
    );
    let Mode::Steps { steps, .. } = &script.mode else { panic!("{:?}", script.mode) };
    let modes: Vec<_> = steps
        .iter()
        .map(|step| match step {
            Step::Together(range) => script.transaction_modes(range),
            Step::Alone(_) => None,
        })
        .collect();
    let serializable = Some("isolation level serializable");
    assert_eq!(modes, [serializable, serializable, None]);
}
