//! What holds of texts that nobody thought of.

use proptest::collection::vec;
use proptest::prelude::*;
use whimbrel_sql::{Backslash, Ident, Literal, TokenKind, offset, position, tokens};

use crate::cut;
use crate::fixtures::FIXTURES;
use crate::mutation::{Dice, mutated};
use crate::property::holds;

#[test]
fn ten_thousand_damaged_scripts_are_cut_exactly() {
    let mut dice = Dice::new(1);
    for _ in 0..10_000 {
        let (_, text) = FIXTURES[dice.below(FIXTURES.len())];
        let (start, length) = (dice.below(text.len()), 200 + dice.below(1200));
        let start = text.floor_char_boundary(start);
        let end = text.ceil_char_boundary((start + length).min(text.len()));
        let damaged = mutated(&text[start..end], &mut dice);
        holds(&damaged, 1 + dice.below(48));
    }
}

/// Something that stands in a statement, whatever it holds.
fn fragment() -> impl Strategy<Value = String> {
    let any = any::<String>().prop_map(|text| text.replace('\0', ""));
    prop_oneof![
        "[a-z_é][a-z0-9_$é]{0,8}",
        "[0-9]{1,3}(\\.[0-9]{0,3})?",
        "[-+*/<>=~!@#%^&|`?]".prop_map(|sign| sign),
        any.clone().prop_map(|text| format!("'{}'", text.replace('\'', "''"))),
        any.clone().prop_map(|text| Literal(&text).to_string()),
        any.clone().prop_map(|text| format!("\"{}\"", text.replace('"', "\"\""))),
        any.clone().prop_map(|text| format!("U&'{}'", text.replace('\'', "''"))),
        (any.clone(), "[a-z_é]{0,3}").prop_map(|(text, tag)| {
            let tag = format!("${tag}$");
            // What is quoted may not end in a part of its own end.
            let text = text.replace('$', "€");
            format!("{tag}{text}{tag}")
        }),
        any.clone().prop_map(|text| {
            let text = text.replace("*/", "").replace("/*", "");
            format!("/* {} */ 1", text.replace(['*', '/'], ""))
        }),
        any.prop_map(|text| format!("-- {}\n1", text.replace(['\n', '\r'], ""))),
        "\\$[0-9]{1,2}",
        Just("case when true then 1 end".to_owned()),
    ]
}

fn statement() -> impl Strategy<Value = String> {
    vec(fragment(), 1..6).prop_map(|fragments| format!("select {}", fragments.join(" , ")))
}

fn separator() -> impl Strategy<Value = String> {
    let space = prop_oneof![
        Just(""),
        Just(" "),
        Just("\r\n"),
        Just("\n-- it's; a \"comment\"\n"),
        Just("/* ; /* $$ */ ' */"),
        Just(";"),
    ];
    (space.clone(), space).prop_map(|(before, after)| format!("{before};{after}"))
}

proptest! {
    #[test]
    fn statements_that_are_joined_are_cut_again(
        parts in vec((statement(), separator()), 1..6),
    ) {
        let text: String = parts.iter().flat_map(|(a, b)| [a.as_str(), b.as_str()]).collect();
        let statements: Vec<&str> = parts.iter().map(|(statement, _)| statement.as_str()).collect();
        prop_assert_eq!(cut(&text), statements);
        holds(&text, 7);
    }

    #[test]
    fn any_text_at_all_is_cut_or_refused(text in any::<String>(), helping in 1_usize..16) {
        holds(&text, helping);
    }

    #[test]
    fn a_name_reads_back_the_same(name in "[^\0]{1,40}") {
        let written = Ident(&name).to_string();
        let found: Vec<_> = tokens(&written, Backslash::Plain).collect();
        prop_assert_eq!(found.len(), 1);
        let token = found[0].clone().expect("it is one token");
        prop_assert_eq!(token.name(&written), Some(name));
    }

    #[test]
    fn a_plain_name_is_a_word(name in "[a-z_][a-z0-9_]{12}") {
        prop_assert_eq!(Ident(&name).to_string(), name);
    }

    #[test]
    fn a_value_reads_back_the_same_under_either_setting(value in "[^\0]{0,40}") {
        let written = Literal(&value).to_string();
        for backslash in [Backslash::Plain, Backslash::Escapes] {
            let found: Vec<_> = tokens(&written, backslash).collect();
            prop_assert_eq!(found.len(), 1);
            let token = found[0].clone().expect("it is one token");
            prop_assert!(matches!(token.kind, TokenKind::String(_)));
            prop_assert_eq!(token.string(&written), Some(value.clone()));
        }
    }

    #[test]
    fn a_place_is_counted_in_lines_and_characters(text in "(?s).{0,60}", character in 1_usize..80) {
        let at = offset(&text, character);
        prop_assert!(text.is_char_boundary(at));
        prop_assert_eq!(text[..at].chars().count(), (character - 1).min(text.chars().count()));
        let place = position(&text, at);
        let lines: Vec<&str> = text[..at].split('\n').collect();
        prop_assert_eq!(place.line, lines.len());
        prop_assert_eq!(place.column, lines[lines.len() - 1].chars().count() + 1);
    }
}
