//! Writes a new migration down in the way of those before it.

use std::fmt::Write as _;

use camino::Utf8PathBuf;
use whimbrel_sql::{Diagnostic, Severity};

use super::annotated::{self, TYPES};
use super::header::list;
use super::name::{Version, advise};
use crate::{History, Migration, nearest};

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

/// The files of a new plain migration.
pub(super) fn plain(new: &NewMigration, history: &History) -> Result<Vec<NewFile>, Diagnostic> {
    no_header(new, "plain")?;
    let slug = advise(&new.name)?;
    let numbered: Vec<&Migration> = numbered(history).collect();
    let last = numbered.last().copied();
    let stem = format!("{}{slug}", next_prefix(last, new.now));
    let flyway = stem.starts_with(['V', 'v']);
    let in_pairs = numbered
        .iter()
        .rev()
        .find_map(|migration| Some((migration, migration.down.as_ref()?)))
        .map(|(migration, down)| migration.path != down.path)
        .or_else(|| last.map(|last| last.path.as_str().ends_with(".up.sql")))
        .unwrap_or(false);
    let folder =
        last.map_or(history.folder.as_path(), |last| crate::migration::folder_of(&last.path));
    let up = described(new);
    let down = new.down.as_deref();
    let file = |name: String, text: String| NewFile { path: folder.join(name), text };
    Ok(match (in_pairs, flyway, down) {
        (true, true, down) => {
            let mut files = vec![file(format!("{stem}.sql"), up)];
            files.extend(down.map(|down| file(format!("U{}.sql", &stem[1..]), body(down, ""))));
            files
        }
        (true, false, down) => vec![
            file(format!("{stem}.up.sql"), up),
            file(
                format!("{stem}.down.sql"),
                body(down.unwrap_or_default(), "-- Write the statements that undo it here."),
            ),
        ],
        (false, _, Some(down)) => {
            vec![file(format!("{stem}.sql"), format!("-- @up\n{up}\n-- @down\n{}", body(down, "")))]
        }
        (false, _, None) => vec![file(format!("{stem}.sql"), up)],
    })
}

/// The files of a new Supabase migration.
pub(super) fn supabase(new: &NewMigration, history: &History) -> Result<Vec<NewFile>, Diagnostic> {
    no_header(new, "supabase")?;
    let slug = advise(&new.name)?;
    let newest: Option<u64> =
        numbered(history).filter_map(|last| last.version.as_deref()?.parse().ok()).max();
    let mut version: u64 = stamp(new.now).parse().expect("a stamp is digits");
    if let Some(newest) = newest
        && newest >= version
    {
        version = newest + 1;
    }
    let mut files = vec![NewFile {
        path: history.folder.join(format!("{version}_{slug}.sql")),
        text: described(new),
    }];
    if let Some(down) = &new.down {
        files.push(NewFile {
            path: history.folder.join(format!("down/{version}_{slug}.sql")),
            text: body(down, ""),
        });
    }
    Ok(files)
}

/// The file of a new annotated migration.
pub(super) fn annotated(new: &NewMigration, history: &History) -> Result<Vec<NewFile>, Diagnostic> {
    let slug = advise(&new.name)?;
    let kind = match new.kind.as_deref() {
        None => annotated::kind_of(&new.up).unwrap_or("custom_sql"),
        Some(given) => {
            TYPES.iter().copied().find(|known| known.eq_ignore_ascii_case(given)).ok_or_else(
                || {
                    refusal(
                        format!("type `{given}` is not known"),
                        match nearest(given, TYPES.iter().copied()) {
                            Some(known) => format!("did you mean `{known}`?"),
                            None => format!("the types are {}", list(TYPES)),
                        },
                    )
                },
            )?
        }
    };
    let last = numbered(history).last();
    let depends_on = match &new.depends_on {
        None => last.iter().map(|last| last.id.clone()).collect(),
        Some(given) => given.clone(),
    };
    for id in &depends_on {
        if history.get(id).is_none() {
            let ids = history.migrations.iter().map(|migration| migration.id.as_str());
            return Err(refusal(
                format!("there is no migration `{id}` to depend on"),
                match nearest(id, ids) {
                    Some(known) => format!("did you mean `{known}`?"),
                    None => {
                        "name migrations by their whole id, as `whimbrel status` lists them".into()
                    }
                },
            ));
        }
    }
    let id = format!("{}{slug}", next_prefix(last, new.now));
    let description = new.description.clone().unwrap_or_else(|| sentence(&slug));
    if description.contains('\n') {
        return Err(refusal(
            "the description is more than one line".into(),
            "give one line, and write the rest as comments into the file".into(),
        ));
    }
    let mut text = String::new();
    let _ = write!(
        text,
        "-- Migration: {id}\n-- Description: {description}\n-- Type: {kind}\n-- Depends on: [{}]\n\n-- ===== UP MIGRATION =====\n-- @up\n{}\n-- ===== DOWN MIGRATION =====\n-- @down\n{}",
        depends_on.join(", "),
        body(&new.up, "-- Write the statements here."),
        body(new.down.as_deref().unwrap_or_default(), "-- Write the statements that undo it here."),
    );
    Ok(vec![NewFile { path: history.folder.join(format!("{id}.sql")), text }])
}

/// The migrations that have a version, in their order; those that always run last do not count.
fn numbered(history: &History) -> impl Iterator<Item = &Migration> {
    history.migrations.iter().filter(|migration| {
        !migration.repeatable
            && Version::read(migration.id.trim_start_matches(['V', 'v'])).is_some()
    })
}

/// What stands before the name in the next file: number and separator as the last file has them.
fn next_prefix(last: Option<&Migration>, now: u64) -> String {
    let Some(last) = last else {
        return "001_".into();
    };
    let letter = last.id.starts_with(['V', 'v']);
    let (first, numbered) = last.id.split_at(usize::from(letter));
    let (version, rest) = match numbered.split_once("__") {
        Some((version, _)) if letter => (Version::of(version), &numbered[version.len()..]),
        _ => Version::read(numbered).expect("it was chosen for its version"),
    };
    let separator: String = rest.chars().take_while(|letter| !letter.is_alphanumeric()).collect();
    let separator = if separator.is_empty() { "_".to_owned() } else { separator };
    format!("{first}{}{separator}", next_version(&version, now))
}

/// The version after another, written alike: a count goes on, a time is now.
fn next_version(last: &Version, now: u64) -> String {
    let text = &last.text;
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
        return text
            .chars()
            .map(
                |letter| {
                    if letter.is_ascii_digit() { digits.next().unwrap_or('0') } else { letter }
                },
            )
            .collect();
    }
    let next = text.parse::<u64>().map_or_else(|_| text.clone(), |last| (last + 1).to_string());
    let stamped = match text.len() {
        8 | 12 | 14 if text.starts_with("20") => stamp(now)[..text.len()].to_owned(),
        10 if text.starts_with('1') => now.to_string(),
        13 if text.starts_with('1') => (now * 1000).to_string(),
        width => return format!("{next:0>width$}"),
    };
    stamped.max(next)
}

/// A time as `20240131120000`, in UTC.
fn stamp(now: u64) -> String {
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

/// A script with one newline at its end; what to say in its place if there is none.
fn body(script: &str, instead: &str) -> String {
    let script = script.trim_end();
    let script = if script.is_empty() { instead } else { script };
    format!("{script}\n")
}

/// The up script with the description as a comment above it.
fn described(new: &NewMigration) -> String {
    let mut text = String::new();
    for line in new.description.iter().flat_map(|description| description.lines()) {
        text.extend(["-- ", line.trim(), "\n"]);
    }
    text + &body(&new.up, "-- Write the statements here.")
}

/// `add_user_email` as a sentence.
fn sentence(slug: &str) -> String {
    let words = slug.replace('_', " ");
    let mut letters = words.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// Refuses what a format without a header cannot hold.
fn no_header(new: &NewMigration, format: &str) -> Result<(), Diagnostic> {
    let what = if new.kind.is_some() {
        "a type"
    } else if new.depends_on.is_some() {
        "dependencies"
    } else {
        return Ok(());
    };
    Err(refusal(
        format!("{format} migrations have no place for {what}"),
        "leave it out, or use a history of the annotated format".into(),
    ))
}

fn refusal(message: String, hint: String) -> Diagnostic {
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
