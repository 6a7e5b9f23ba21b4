//! What changed between a script as it was applied and as its file has it now.

use whimbrel_sql::statement_fingerprints;

/// One statement that is not the same in both scripts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Difference<'a> {
    /// It was applied, and is no longer there.
    Gone(&'a str),
    /// It was not there when the script was applied.
    New(&'a str),
    /// It stands in the place of another.
    Changed {
        /// As it was applied.
        was: &'a str,
        /// As the file has it.
        is: &'a str,
    },
}

/// Beyond so many pairs of statements only what is alike at both ends is found alike.
const PAIRS: usize = 1_000_000;

/// Compares two scripts statement by statement; comments, white space and case of keywords are no
/// difference.
///
/// ```
/// # use whimbrel_history::{Difference, differences};
/// assert_eq!(
///     differences("select 1; select 2", "SELECT 1; select 3; select 4"),
///     [Difference::Changed { was: "select 2", is: "select 3" }, Difference::New("select 4")],
/// );
/// ```
pub fn differences<'a>(was: &'a str, is: &'a str) -> Vec<Difference<'a>> {
    let (was, is) = (statements(was), statements(is));
    let start = was.iter().zip(&is).take_while(|(a, b)| a.hash == b.hash).count();
    let (was, is) = (&was[start..], &is[start..]);
    let end = was.iter().rev().zip(is.iter().rev()).take_while(|(a, b)| a.hash == b.hash).count();
    let (was, is) = (&was[..was.len() - end], &is[..is.len() - end]);
    let mut differences = Vec::new();
    let (mut old, mut new) = (0, 0);
    for (next_old, next_new) in alike(was, is).into_iter().chain([(was.len(), is.len())]) {
        between(&was[old..next_old], &is[new..next_new], &mut differences);
        (old, new) = (next_old + 1, next_new + 1);
    }
    differences
}

/// A statement and the hash of its tokens.
struct Hashed<'a> {
    text: &'a str,
    hash: String,
}

/// The statements of a script; one that cannot be cut is a statement as a whole.
fn statements(text: &str) -> Vec<Hashed<'_>> {
    match statement_fingerprints(text) {
        Ok(all) => all.into_iter().map(|(span, hash)| Hashed { text: &text[span], hash }).collect(),
        Err(_) => vec![Hashed { text, hash: crate::hash::fingerprint(text) }],
    }
}

/// What stands between two statements that are alike: first those that have a counterpart.
fn between<'a>(was: &[Hashed<'a>], is: &[Hashed<'a>], differences: &mut Vec<Difference<'a>>) {
    let both = was.len().min(is.len());
    let pairs = was.iter().zip(is);
    differences.extend(pairs.map(|(was, is)| Difference::Changed { was: was.text, is: is.text }));
    differences.extend(was[both..].iter().map(|was| Difference::Gone(was.text)));
    differences.extend(is[both..].iter().map(|is| Difference::New(is.text)));
}

/// The places of a longest common subsequence.
fn alike(was: &[Hashed<'_>], is: &[Hashed<'_>]) -> Vec<(usize, usize)> {
    if was.len() * is.len() > PAIRS {
        return Vec::new();
    }
    // longest[a][b]: how many are alike from a and b on.
    let mut longest = vec![vec![0_u32; is.len() + 1]; was.len() + 1];
    for a in (0..was.len()).rev() {
        for b in (0..is.len()).rev() {
            longest[a][b] = if was[a].hash == is[b].hash {
                longest[a + 1][b + 1] + 1
            } else {
                longest[a + 1][b].max(longest[a][b + 1])
            };
        }
    }
    let mut places = Vec::new();
    let (mut a, mut b) = (0, 0);
    while a < was.len() && b < is.len() {
        if was[a].hash == is[b].hash {
            places.push((a, b));
            (a, b) = (a + 1, b + 1);
        } else if longest[a + 1][b] >= longest[a][b + 1] {
            a += 1;
        } else {
            b += 1;
        }
    }
    places
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::Difference::{Changed, Gone, New};
    use super::*;

    #[test]
    fn reformatting_is_no_difference() {
        assert_eq!(differences("create table a (b int);", "-- a\nCREATE TABLE a (\n b int )"), []);
    }

    #[test]
    fn each_statement_is_told_by_itself() {
        assert_eq!(
            differences("select 1; select 2; select 3;", "select 0; select 1; select 3"),
            [New("select 0"), Gone("select 2")]
        );
        assert_eq!(
            differences("select 1; select 2; select 3;", "select 1; select 9; select 3"),
            [Changed { was: "select 2", is: "select 9" }]
        );
        assert_eq!(differences("", "select 1"), [New("select 1")]);
    }

    #[test]
    fn a_script_that_cannot_be_cut_is_compared_whole() {
        assert_eq!(
            differences("select 1", "select 'x"),
            [Changed { was: "select 1", is: "select 'x" }]
        );
    }

    proptest! {
        #[test]
        fn what_is_gone_and_new_makes_one_script_of_the_other(
            was in proptest::collection::vec(0_u8..4, 0..8),
            is in proptest::collection::vec(0_u8..4, 0..8),
        ) {
            let script = |numbers: &[u8]| -> String {
                numbers.iter().map(|number| format!("select {number};")).collect::<Vec<_>>().concat()
            };
            let (old, new) = (script(&was), script(&is));
            let found = differences(&old, &new);
            let count = |what: &str, numbers: &[u8]| {
                numbers.iter().filter(|number| format!("select {number}") == what).count()
            };
            for number in 0..4 {
                let text = format!("select {number}");
                let gone = found.iter().filter(|one| matches!(one, Gone(was) | Changed { was, .. } if *was == text)).count();
                let new = found.iter().filter(|one| matches!(one, New(is) | Changed { is, .. } if *is == text)).count();
                prop_assert_eq!(count(&text, &was) + new, count(&text, &is) + gone);
            }
            prop_assert_eq!(found.is_empty(), was == is);
        }
    }
}
