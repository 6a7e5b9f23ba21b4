//! What formats share when they write a new migration down in the way of those before it.

use camino::Utf8PathBuf;
use whimbrel_sql::{Diagnostic, Kind, Severity, split};

use super::name::Version;
use crate::migration::folder_of;
use crate::{History, Migration, Section};

/// What a new migration is to hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NewMigration {
    /// What the person calls it.
    pub name: String,
    /// One line of prose.
    pub description: Option<String>,
    /// Its type, in formats that have types.
    pub kind: Option<String>,
    /// What must be applied before it; `None` leaves it to the format.
    pub depends_on: Option<Vec<String>>,
    /// Its up script; empty for a file to be filled in.
    pub up: String,
    /// Its down script.
    pub down: Option<String>,
    /// Seconds since 1970.
    pub now: u64,
}

/// A file to write; it must not exist yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewFile {
    /// Relative to the project's folder.
    pub path: Utf8PathBuf,
    /// Its text.
    pub text: String,
}

/// The migrations that have a version, in their order; those that always run last do not count.
pub(super) fn numbered(history: &History) -> impl Iterator<Item = &Migration> {
    history
        .migrations
        .iter()
        .filter(|migration| !migration.repeatable && Prefix::read(&migration.id).is_some())
}

/// Whether a history's files are pairs of up and down, as its newest with a down script are.
pub(super) fn is_in_pairs(history: &History) -> bool {
    match newest_with_down(history) {
        Some((migration, down)) => migration.path != down.path,
        None => numbered(history).last().is_some_and(|last| last.path.as_str().ends_with(UP)),
    }
}

/// The two files of an id in a history whose files are pairs, named as the newest pair is.
pub(super) fn pair_of(history: &History, id: &str) -> Option<[Utf8PathBuf; 2]> {
    if !is_in_pairs(history) {
        return None;
    }
    let Some((like, down)) = newest_with_down(history) else {
        return Some([UP, DOWN].map(|end| history.folder.join(format!("{id}{end}"))));
    };
    // The letter of `V1__a.sql` is another in `U1__a.sql`.
    let [old, new] = [like.id.as_str(), id].map(|id| id.strip_prefix(['V', 'v']).unwrap_or(id));
    let renamed = |path: &Utf8PathBuf| {
        let (before, after) = path.file_name()?.split_once(old)?;
        Some(folder_of(path).join(format!("{before}{new}{after}")))
    };
    Some([renamed(&like.path)?, renamed(&down.path)?])
}

/// How the names of most pairs end.
const UP: &str = ".up.sql";
const DOWN: &str = ".down.sql";

fn newest_with_down(history: &History) -> Option<(&Migration, &Section)> {
    numbered(history).filter_map(|migration| Some((migration, migration.down.as_ref()?))).last()
}

/// Whether a script has a statement that no transaction takes.
pub(super) fn is_alone(script: &str) -> bool {
    let Ok(script) = split(script) else { return false };
    let mut statements = script.statements.iter();
    statements.any(|each| matches!(each.kind, Kind::Alone(_) | Kind::MayCommit { seen: true }))
}

/// What stands before the name in the next file: number and separator as the file with the highest
/// number has them.
pub(super) fn next_prefix(history: &History, now: u64) -> String {
    numbered(history)
        .filter_map(|migration| Prefix::read(&migration.id))
        .max_by(|a, b| a.version.by_number(&b.version))
        .map_or_else(|| "001_".into(), |highest| highest.next(now))
}

/// What stands before the name in a file's name.
struct Prefix<'a> {
    letter: &'a str,
    version: Version<'a>,
    separator: &'a str,
}

impl<'a> Prefix<'a> {
    fn read(id: &'a str) -> Option<Self> {
        let (letter, numbered) = id.split_at(usize::from(id.starts_with(['V', 'v'])));
        let (version, rest) = match numbered.split_once("__") {
            Some((version, _)) if !letter.is_empty() => {
                (Version::of(version), &numbered[version.len()..])
            }
            _ => Version::read(numbered)?,
        };
        let end = rest.find(char::is_alphanumeric).unwrap_or(rest.len());
        Some(Self { letter, version, separator: &rest[..end] })
    }

    fn next(&self, now: u64) -> String {
        let separator = if self.separator.is_empty() { "_" } else { self.separator };
        format!("{}{}{separator}", self.letter, next_version(&self.version, now))
    }
}

/// The version after another, written alike: a count goes on, a time is now.
fn next_version(last: &Version<'_>, now: u64) -> String {
    let text = last.text;
    let is_digits = text.bytes().all(|byte| byte.is_ascii_digit());
    if !is_digits && !last.is_date() {
        let (head, tail) = text.rsplit_once(['.', '_']).unwrap_or(("", text));
        let next = tail.parse::<u64>().map_or(1, |tail| tail + 1);
        return format!(
            "{head}{}{next:0width$}",
            &text[head.len()..text.len() - tail.len()],
            width = tail.len()
        );
    }
    if last.is_date() {
        let stamp = stamp(now);
        let mut digits = stamp.chars();
        let replaced = text.chars().map(|letter| match letter {
            '0'..='9' => digits.next().unwrap_or('0'),
            other => other,
        });
        return replaced.collect();
    }
    let next = text.parse::<u64>().map_or_else(|_| text.to_owned(), |last| (last + 1).to_string());
    let stamped = match text.len() {
        8 | 12 | 14 if text.starts_with("20") => stamp(now)[..text.len()].to_owned(),
        10 if text.starts_with('1') => now.to_string(),
        13 if text.starts_with('1') => (now * 1000).to_string(),
        width => return format!("{next:0>width$}"),
    };
    stamped.max(next)
}

/// A time as `20240131120000`, in UTC.
pub(super) fn stamp(now: u64) -> String {
    let (days, seconds) = (now / 86_400, now % 86_400);
    // Days since 0000-03-01, in eras of 400 years: Howard Hinnant, "chrono-compatible low-level
    // date algorithms", civil_from_days.
    let days = days + 719_468;
    let (era, day) = (days / 146_097, days % 146_097);
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let (month, next_year) = if month < 10 { (month + 3, 0) } else { (month - 9, 1) };
    format!(
        "{:04}{month:02}{day:02}{:02}{:02}{:02}",
        era * 400 + year + next_year,
        seconds / 3_600,
        seconds / 60 % 60,
        seconds % 60
    )
}

/// What stands in a new file in place of its statements.
pub const TO_BE_WRITTEN: &str = "-- Write the statements here.";

/// A script with one newline at its end; what to say in its place if there is none.
pub(super) fn body(script: &str, instead: &str) -> String {
    let script = script.trim_end();
    let script = if script.is_empty() { instead } else { script };
    format!("{script}\n")
}

/// The up script with the description as a comment above it.
pub(super) fn described(new: &NewMigration) -> String {
    let mut text = String::new();
    for line in new.description.iter().flat_map(|description| description.lines()) {
        text.extend(["-- ", line.trim(), "\n"]);
    }
    text + &body(&new.up, TO_BE_WRITTEN)
}

/// Refuses what a format without a header cannot hold.
pub(super) fn no_header(new: &NewMigration, format: &str) -> Result<(), Diagnostic> {
    let what = if new.kind.is_some() {
        "a type"
    } else if new.depends_on.is_some() {
        "dependencies"
    } else {
        return Ok(());
    };
    Err(refusal(format!("{format} migrations have no place for {what}"), "leave it out".into()))
}

/// A refusal that is about no file.
pub(super) fn refusal(message: String, hint: String) -> Diagnostic {
    Diagnostic { severity: Severity::Error, file: None, span: None, message, hints: vec![hint] }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn next(last: &str, now: u64) -> String {
        next_version(&Version::read(last).unwrap().0, now)
    }

    #[test]
    fn a_stamp_is_the_time_in_utc() {
        assert_eq!(stamp(0), "19700101000000");
        assert_eq!(stamp(951_782_400), "20000229000000");
        assert_eq!(stamp(1_735_689_599), "20241231235959");
    }

    #[test]
    fn the_next_version_is_written_as_the_last() {
        let now = 1_735_689_599;
        assert_eq!(next("007_a", now), "008");
        assert_eq!(next("999_a", now), "1000");
        assert_eq!(next("9_a", now), "10");
        assert_eq!(next("20240101000000_a", now), "20241231235959");
        assert_eq!(next("20260101000000_a", now), "20260101000001");
        assert_eq!(next("1.2.9_a", now), "1.2.10");
        assert_eq!(next("2024-01-31-a", now), "2024-12-31");
        assert_eq!(next("1700000000_a", now), "1735689599");
    }
}
