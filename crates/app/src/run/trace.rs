//! Whether what a script does can show in a catalog that is compared.
//!
//! Rows, grants, owners and roles are not compared: of a script that changes nothing else, an equal
//! catalog says nothing.

use whimbrel_engine::run::Work;
use whimbrel_history::TextError;
use whimbrel_sql::{Backslash, TokenKind, tokens};

/// Words that make, change or take away something that is compared.
const TRACES: &[&str] = &["create", "alter", "drop", "comment", "rename", "import", "label"];

/// What may follow one of them and is not compared.
const TRACELESS: &[&str] =
    &["role", "user", "group", "database", "system", "default", "tablespace"];

/// Whether a script may leave something that is compared; what cannot be read may.
pub(super) fn leaves_one(work: &Work) -> Result<bool, TextError> {
    for number in 0..work.script.statements.len() {
        let span = work.script.statements.at(number).span;
        if may_leave_one(&work.text().part(span)?) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Whether a script may put rows in, change or remove them, which nobody compares; what cannot be
/// read may.
pub(super) fn may_touch_rows(work: &Work) -> Result<bool, TextError> {
    for number in 0..work.script.statements.len() {
        let span = work.script.statements.at(number).span;
        if touches_rows(&work.text().part(span)?) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Words with which a statement begins that has nothing to do with rows.
const ROWLESS: &[&str] = &[
    "alter", "drop", "comment", "grant", "revoke", "set", "reset", "begin", "start", "commit",
    "end", "security", "import", "reindex", "analyze", "vacuum", "refresh", "notify", "lock",
];

fn touches_rows(statement: &str) -> bool {
    let words: Vec<String> = tokens(statement, Backslash::Plain)
        .filter_map(Result::ok)
        .filter(|token| token.kind == TokenKind::Word)
        .map(|token| statement[token.span].to_ascii_lowercase())
        .collect();
    let Some(first) = words.first() else { return false };
    if first != "create" {
        // `pg_dump` sets the path so.
        let sets = first == "select" && words.iter().take(3).any(|word| word == "set_config");
        return !sets && !ROWLESS.contains(&first.as_str());
    }
    // `create table … as select`, which fills it.
    let makes_table = words.iter().take(4).any(|word| word == "table");
    let sources = ["select", "values", "table", "execute", "with"];
    let after_as = words.iter().skip_while(|word| *word != "as").nth(1);
    makes_table && after_as.is_some_and(|word| sources.contains(&word.as_str()))
}

fn may_leave_one(statement: &str) -> bool {
    let mut words = Vec::new();
    for token in tokens(statement, Backslash::Plain) {
        let Ok(token) = token else { return true };
        let text = &statement[token.span];
        match token.kind {
            TokenKind::Word => words.push(text.to_ascii_lowercase()),
            // A body, or what is executed by one.
            TokenKind::Dollar | TokenKind::String(_) => {
                let has = |word: &str| text.to_ascii_lowercase().contains(word);
                if words.first().is_some_and(|first| first == "do")
                    && TRACES.iter().any(|one| has(one))
                {
                    return true;
                }
            }
            _ => {}
        }
    }
    match words.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        // Rows go into a table that is there.
        [
            "insert" | "merge" | "copy" | "update" | "delete" | "truncate" | "grant" | "revoke"
            | "reassign" | "set" | "reset",
            ..,
        ]
        | ["alter", .., "owner", "to", _]
        | ["alter", .., "owner", "to"]
        | [] => false,
        ["select", rest @ ..] if rest.contains(&"into") => true,
        [first, second, ..] if TRACES.contains(first) => !TRACELESS.contains(second),
        [_, rest @ ..] => rest.iter().any(|word| TRACES.contains(word)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_grants_owners_and_roles_leave_none() {
        for statement in [
            "insert into a select * from b",
            "update a set x = 'create table'",
            "grant select on a to b",
            "alter table a owner to b",
            "alter role a set search_path = b",
            "create role a",
            "alter default privileges in schema a grant select on tables to b",
            "select setval('a', 3)",
            "with moved as (delete from a returning *) insert into b select * from moved",
            "do $$ begin update a set b = 1; end $$",
        ] {
            assert!(!may_leave_one(statement), "{statement}");
        }
    }

    #[test]
    fn what_puts_rows_in_is_told_from_definitions() {
        for statement in [
            "insert into a values (1)",
            "with b as (select 1) update a set b = 1",
            "create table a as select 1 as b",
            "create temporary table a as table b",
            "do $$ begin perform 1; end $$",
            "select setval('a', 3)",
        ] {
            assert!(touches_rows(statement), "{statement}");
        }
        for statement in [
            "create table a (id int default 1)",
            "create function a() returns int as $$ select 1 $$ language sql",
            "create view a as select 1",
            "alter table a add column b int",
            "grant select on a to b",
            "select pg_catalog.set_config('search_path', '', false)",
        ] {
            assert!(!touches_rows(statement), "{statement}");
        }
    }

    #[test]
    fn whatever_may_make_something_leaves_one() {
        for statement in [
            "create table a (id int)",
            "alter table a add column b int",
            "comment on table a is 'b'",
            "select * into c from a",
            "do $$ begin execute 'create table a (id int)'; end $$",
            "drop index a",
        ] {
            assert!(may_leave_one(statement), "{statement}");
        }
    }
}
