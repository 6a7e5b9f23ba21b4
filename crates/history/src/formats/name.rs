//! Names of migrations: what a file's name says, and what a new one may be called.

use std::borrow::Cow;
use std::cmp::Ordering;

use whimbrel_sql::{Diagnostic, Severity};

/// A version: numbers parted by dots, of any length, compared as numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Version<'a> {
    /// As it is written.
    pub(super) text: &'a str,
    /// Its numbers without leading zeros, and without zeros at the end: equal for equal versions.
    pub(super) numbers: Vec<Cow<'a, str>>,
}

impl<'a> Version<'a> {
    /// Reads the version at the head of a name; the second part is what follows.
    pub(super) fn read(name: &'a str) -> Option<(Self, &'a str)> {
        let mut end = digits(name)?;
        while let Some(rest) = name[end..].strip_prefix('.') {
            let Some(more) = digits(rest) else { break };
            end += 1 + more;
        }
        if let Some(date) = date(name) {
            end = end.max(date);
        }
        Some((Self::of(&name[..end]), &name[end..]))
    }

    /// A version of digits and whatever parts them.
    pub(super) fn of(text: &'a str) -> Self {
        let dated = date(text) == Some(text.len());
        let mut numbers: Vec<Cow<'a, str>> = if dated {
            vec![Cow::Owned(text.chars().filter(char::is_ascii_digit).collect())]
        } else {
            text.split(|letter: char| !letter.is_ascii_digit())
                .filter(|number| !number.is_empty())
                .map(|number| Cow::Borrowed(number.trim_start_matches('0')))
                .collect()
        };
        let end = numbers.iter().rposition(|number| !number.is_empty()).map_or(0, |last| last + 1);
        numbers.truncate(end);
        Self { text, numbers }
    }

    /// Whether it is a date with its parts apart, as in `2024-01-31`.
    pub(super) fn is_date(&self) -> bool {
        date(self.text) == Some(self.text.len())
    }

    /// Whether it is nothing but nines, eight or more: the place of a file that always comes last.
    pub(super) fn all_nines(&self) -> bool {
        matches!(&self.numbers[..], [number] if number.len() >= 8 && number.bytes().all(|b| b == b'9'))
    }
}

impl Version<'_> {
    /// Compares the numbers, however many zeros they are written with.
    pub(super) fn by_number(&self, other: &Version<'_>) -> Ordering {
        let by_value = |a: &str, b: &str| a.len().cmp(&b.len()).then_with(|| a.cmp(b));
        self.numbers
            .iter()
            .zip(&other.numbers)
            .map(|(a, b)| by_value(a, b))
            .find(|order| order.is_ne())
            .unwrap_or_else(|| self.numbers.len().cmp(&other.numbers.len()))
    }
}

/// The number of digits at the head of a text, if there are any.
fn digits(text: &str) -> Option<usize> {
    let count = text.bytes().take_while(u8::is_ascii_digit).count();
    (count > 0).then_some(count)
}

/// The length of a date at the head of a name: `2024-01-31`, `2024_01_31_120000`.
fn date(name: &str) -> Option<usize> {
    let bytes = name.as_bytes();
    let shape = |at: usize, want: &[u8]| {
        bytes.get(at..at + want.len()).is_some_and(|part| {
            part.iter().zip(want).all(|(byte, want)| match want {
                b'd' => byte.is_ascii_digit(),
                _ => matches!(byte, b'-' | b'_'),
            })
        })
    };
    let ends = |at: usize| !bytes.get(at).is_some_and(u8::is_ascii_digit);
    if !shape(0, b"dddd-dd-dd") || !ends(10) {
        return None;
    }
    if shape(10, b"-dddddd") && ends(17) {
        return Some(17);
    }
    if shape(10, b"-dddd") && ends(15) {
        return Some(15);
    }
    Some(10)
}

/// A version as a number, however it is written: equal for `1.0`, `01` and `1_0`; `None` of a text
/// that is more than a version.
pub(crate) fn number_of(text: &str) -> Option<String> {
    let is_number = text.starts_with(|first: char| first.is_ascii_digit())
        && text.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'_' | b'-'));
    is_number.then(|| Version::of(text).numbers.join("."))
}

/// Compares ids as people count: by the number they begin with, then as text.
pub(crate) fn natural(a: &str, b: &str) -> Ordering {
    match (Version::read(a), Version::read(b)) {
        (Some((first, _)), Some((second, _))) => first.by_number(&second).then_with(|| a.cmp(b)),
        _ => a.cmp(b),
    }
}

/// Words that say nothing of what a migration does.
const NONDESCRIPT: &[&str] = &[
    "a",
    "adjustments",
    "all",
    "and",
    "another",
    "asdf",
    "bar",
    "bits",
    "bug",
    "bugfix",
    "bugs",
    "change",
    "changes",
    "cleanup",
    "commit",
    "database",
    "db",
    "draft",
    "edit",
    "edits",
    "etc",
    "feature",
    "final",
    "fix",
    "fixed",
    "fixes",
    "fixing",
    "foo",
    "hotfix",
    "important",
    "latest",
    "migrate",
    "migration",
    "migrations",
    "minor",
    "misc",
    "miscellaneous",
    "more",
    "my",
    "new",
    "old",
    "other",
    "patch",
    "pending",
    "random",
    "schema",
    "small",
    "some",
    "sql",
    "stuff",
    "temp",
    "test",
    "testing",
    "the",
    "things",
    "tmp",
    "todo",
    "tweak",
    "tweaks",
    "unnamed",
    "untitled",
    "update",
    "updated",
    "updates",
    "various",
    "version",
    "wip",
    "work",
];

/// Turns what a person typed into a file's name, or says why it is no name.
///
/// ```
/// # use whimbrel_history::formats::advise;
/// assert_eq!(advise("Add email to users").unwrap(), "add_email_to_users");
/// assert!(advise("005_misc_changes").is_err());
/// ```
pub fn advise(typed: &str) -> Result<String, Diagnostic> {
    let refused = |message: String| {
        Diagnostic {
        severity: Severity::Error,
        file: None,
        span: None,
        message,
        hints: vec![
            "say what it changes, as in `add_user_email_verification` or `create_website_snapshots_table`"
                .into(),
        ],
    }
    };
    let mut slug = String::new();
    let mut before: Option<char> = None;
    for letter in typed.trim().trim_end_matches(".sql").chars() {
        if letter.is_alphanumeric() {
            if letter.is_uppercase() && before.is_some_and(|b| b.is_lowercase() || b.is_numeric()) {
                slug.push('_');
            }
            slug.extend(letter.to_lowercase());
        } else if !slug.ends_with('_') && !slug.is_empty() && letter != '\'' {
            slug.push('_');
        }
        before = Some(letter);
    }
    let slug = slug.trim_matches('_');
    let slug =
        slug.trim_start_matches(|letter: char| letter.is_ascii_digit()).trim_start_matches('_');
    if slug.is_empty() {
        return Err(refused(format!("`{typed}` is no name for a migration")));
    }
    let telling = slug.split('_').any(|word| {
        word.chars().count() > 1
            && !NONDESCRIPT.contains(&word)
            && !word.bytes().all(|byte| byte.is_ascii_digit())
    });
    if !telling {
        return Err(refused(format!("the name `{slug}` does not say what the migration does")));
    }
    if slug.len() > 200 {
        return Err(refused(format!("the name is {} letters long, 200 are the most", slug.len())));
    }
    Ok(slug.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(text: &str) -> Version<'_> {
        Version::read(text).unwrap().0
    }

    #[test]
    fn versions_are_compared_as_numbers_of_any_length() {
        for (less, more) in [
            ("9_a", "10_a"),
            ("0009_a", "10_a"),
            ("1.2__x", "1.10__x"),
            ("1__x", "1.1__x"),
            ("20240101000000_a", "99999999999999999999999999_a"),
        ] {
            assert!(version(less).by_number(&version(more)).is_lt(), "{less} {more}");
        }
        assert!(version("1.0_a").by_number(&version("01_a")).is_eq());
    }

    #[test]
    fn dates_with_dashes_are_one_version() {
        let (version, rest) = Version::read("2024_01_31_120000_create_users").unwrap();
        assert_eq!((version.text, rest), ("2024_01_31_120000", "_create_users"));
        let (version, rest) = Version::read("2024-01-31-users").unwrap();
        assert_eq!((version.text, rest), ("2024-01-31", "-users"));
    }

    #[test]
    fn all_nines_come_last_by_design() {
        assert!(version("99999999999999_master").all_nines());
        assert!(!version("999_x").all_nines());
        assert!(!version("20240101000000_x").all_nines());
    }

    #[test]
    fn a_name_that_says_nothing_is_refused_with_an_example() {
        for wrong in
            ["misc", "fix stuff", "005_misc_changes", "006_fix_stuff", "", "123", "x", "Fix-2"]
        {
            let refusal = advise(wrong).unwrap_err();
            assert!(refusal.hints[0].contains("add_user_email"), "{wrong}");
        }
    }

    #[test]
    fn a_telling_name_becomes_a_file_name() {
        assert_eq!(advise("Add user's e-mail").unwrap(), "add_users_e_mail");
        assert_eq!(advise("005_add_orders.sql").unwrap(), "add_orders");
        assert_eq!(advise("AddOrderTotals").unwrap(), "add_order_totals");
        assert_eq!(advise("fix order totals").unwrap(), "fix_order_totals");
        assert_eq!(advise("Größe hinzufügen").unwrap(), "größe_hinzufügen");
    }
}
