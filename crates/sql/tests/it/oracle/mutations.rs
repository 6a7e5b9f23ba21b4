//! Damaged scripts, cut by us and read by the server.

use std::ops::Range;

use whimbrel_sql::{Backslash, Script, Sending, SplitError, split};
use whimbrel_testkit::{MAJORS, Server};

use super::judge::{Judge, Verdict};
use super::{gaps, must_split, without_client_parts};
use crate::fixtures::FIXTURES;
use crate::mutation::{Dice, mutated};

/// How often each sort of judgement was passed, so that none stays out unnoticed.
#[derive(Debug, Default)]
struct Tally {
    /// Both take the text for the same statements.
    agreed: usize,
    /// Of these, texts with more than one.
    several: usize,
    /// The server finds an error in a statement, all before it being as we cut them.
    wrong: usize,
    /// Both say that something is never ended, at the same place.
    unterminated: usize,
    /// We refuse it before the server would.
    refused: usize,
}

#[tokio::test]
async fn ten_thousand_damaged_scripts_are_cut_as_the_server_reads_them() {
    let tally = judge_mutations(17, 10_000).await;
    assert!(tally.agreed > 2_500, "{tally:?}");
    assert!(tally.several > 2_000, "{tally:?}");
    assert!(tally.wrong > 3_000, "{tally:?}");
    assert!(tally.unterminated > 300, "{tally:?}");
    assert!(tally.refused > 500, "{tally:?}");
}

#[tokio::test]
async fn every_major_reads_damaged_scripts_as_they_are_cut() {
    for major in MAJORS {
        let tally = judge_mutations(major, 2_000).await;
        assert!(tally.agreed > 500 && tally.wrong > 500, "{tally:?} on {major}");
    }
}

async fn judge_mutations(major: u16, count: usize) -> Tally {
    let database = Server::shared(major).await.database().await;
    let mut judge = Judge::new(&database).await;
    let mut dice = Dice::new(u64::from(major));
    let mut tally = Tally::default();
    let scripts: Vec<(&str, Vec<Range<usize>>)> =
        FIXTURES.iter().map(|(_, text)| (*text, whole_statements(text))).collect();
    for _ in 0..count {
        let (text, statements) = &scripts[dice.below(scripts.len())];
        let first = dice.below(statements.len());
        let last = (first + dice.below(8)).min(statements.len() - 1);
        let part = &text[statements[first].start..statements[last].end];
        let damaged = mutated(part, &mut dice);
        // A vertical tab is white space since 17, and an error before.
        if major < 17 && damaged.contains('\u{b}') {
            continue;
        }
        judge_one(&mut judge, &damaged, major, &mut tally).await;
    }
    tally
}

/// The statements of a script with their semicolons and data.
fn whole_statements(text: &str) -> Vec<Range<usize>> {
    let script = must_split(text);
    let starts: Vec<usize> =
        script.statements.iter().map(|statement| statement.span.start).collect();
    let ends = starts.iter().copied().skip(1).chain([text.len()]);
    starts.iter().copied().zip(ends).map(|(start, end)| start..end).collect()
}

async fn judge_one(judge: &mut Judge, text: &str, major: u16, tally: &mut Tally) {
    match split(text) {
        Ok(script) if script.sending == Sending::Together => {
            judge_script(judge, text, &script, major, tally).await;
        }
        // The server would have to read it in parts.
        Ok(_) => {}
        // The data would be SQL to the server, and a setting would come too late.
        Err(_) if ["stdin", "STDIN", "standard_conforming"].iter().any(|w| text.contains(w)) => {}
        Err(error) => judge_refusal(judge, text, &error, major, tally).await,
    }
}

async fn judge_script(
    judge: &mut Judge,
    text: &str,
    script: &Script,
    major: u16,
    tally: &mut Tally,
) {
    let seen = without_client_parts(text, script);
    let verdict = judge.verdict(&seen, Backslash::Plain).await;
    let expected = match script.statements.len() {
        0 => Verdict::Empty,
        1 => Verdict::One,
        _ => Verdict::Many,
    };
    for gap in gaps(text, script) {
        let gap = &seen[gap];
        let verdict = judge.verdict(gap, Backslash::Plain).await;
        assert_eq!(verdict, Verdict::Empty, "{gap:?} in {text:?} on {major}");
    }
    // The statements before an error are as we cut them, and the error is in the next.
    let wrong = match &verdict {
        Verdict::Error { at: Some(at), message } => {
            assert!(!message.starts_with("unterminated"), "{message} in {text:?} on {major}");
            let before = script.statements.iter().filter(|statement| statement.span.start <= *at);
            Some(before.count().checked_sub(1).unwrap_or_else(|| panic!("{verdict:?} in {text:?}")))
        }
        // A few errors of the grammar have no place; some statement has to have the same.
        Verdict::Error { at: None, .. } => {
            let mut wrong = 0;
            for statement in script.statements.iter() {
                let statement = &text[statement.span.clone()];
                if judge.verdict(statement, Backslash::Plain).await == verdict {
                    break;
                }
                wrong += 1;
            }
            assert!(wrong < script.statements.len(), "{verdict:?} in {text:?} on {major}");
            Some(wrong)
        }
        Verdict::Empty | Verdict::One | Verdict::Many => {
            assert_eq!(verdict, expected, "{text:?} on {major}");
            None
        }
    };
    let good = wrong.unwrap_or(script.statements.len());
    for statement in script.statements.iter().take(good) {
        let statement = &text[statement.span.clone()];
        let verdict = judge.verdict(statement, Backslash::Plain).await;
        assert_eq!(verdict, Verdict::One, "{statement:?} in {text:?} on {major}");
    }
    let Some(wrong) = wrong else {
        tally.agreed += 1;
        tally.several += usize::from(good > 1);
        return;
    };
    let span = script.statements.at(wrong).span.clone();
    let alone = judge.verdict(&text[span.clone()], Backslash::Plain).await;
    let place = |verdict: &Verdict, start: usize| match verdict {
        // Behind a statement that ends too early there is its semicolon, or nothing.
        Verdict::Error { at, .. } => at.map(|at| (start + at).min(span.end)),
        Verdict::Empty | Verdict::One | Verdict::Many => {
            panic!("{alone:?} alone, {verdict:?} in {text:?} on {major}")
        }
    };
    assert_eq!(place(&verdict, 0), place(&alone, span.start), "in {text:?} on {major}");
    tally.wrong += 1;
}

async fn judge_refusal(
    judge: &mut Judge,
    text: &str,
    error: &SplitError,
    major: u16,
    tally: &mut Tally,
) {
    let verdict = judge.verdict(text, Backslash::Plain).await;
    let Verdict::Error { message, at } = &verdict else {
        panic!("{error:?} is {verdict:?} to the server in {text:?} on {major}");
    };
    let at = at.unwrap_or(0);
    let opens = error.span().start;
    // The rest of what never ends is a matter of the grammar, where the server says less.
    let lexical = match error {
        SplitError::Unterminated { what, .. } => {
            !what.contains('`') || what.starts_with("dollar-quoted")
        }
        SplitError::MetaCommand { .. } | SplitError::MetaCommandInside { .. } => true,
        SplitError::AfterCopy { .. } | SplitError::Nul { .. } | SplitError::NotUtf8 { .. } => {
            panic!("{error} in {text:?}")
        }
    };
    if message.starts_with("unterminated") {
        assert!(lexical, "{error:?} is {verdict:?} in {text:?} on {major}");
        // The server reads `N` and its string as two tokens.
        let national = usize::from(text[opens..].starts_with(['n', 'N']));
        assert_eq!(at, opens + national, "{error:?} is {verdict:?} in {text:?} on {major}");
        tally.unterminated += 1;
    } else {
        // The server comes upon a wrong escape in a constant before it misses the end of it.
        let escape = message.starts_with("invalid Unicode");
        assert!(
            !lexical || escape || at <= opens,
            "{error:?} is {verdict:?} in {text:?} on {major}"
        );
        tally.refused += 1;
    }
}
