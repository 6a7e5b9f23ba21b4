//! From what a person types to a migration.

use super::SelectError;
use crate::formats::natural;
use crate::nearest;
use crate::state::Row;

/// Finds the row that a person means: by its whole id, its file's name, its version, its number, or
/// the beginning of its id, if only one fits.
pub fn resolve<'r, 'a>(rows: &'r [Row<'a>], given: &str) -> Result<&'r Row<'a>, SelectError> {
    let given = given.trim();
    let ways: [&dyn Fn(&Row<'a>) -> bool; 4] = [
        &|row| row.id() == given || row.key() == given || stem(row) == Some(given),
        &|row| version(row) == Some(given),
        &|row| is_number(given) && version(row).is_some_and(|version| same_number(version, given)),
        &|row| {
            !given.is_empty()
                && (row.id().starts_with(given)
                    || stem(row).is_some_and(|stem| stem.starts_with(given)))
        },
    ];
    for way in ways {
        let fitting: Vec<&Row<'a>> = rows.iter().filter(|row| way(row)).collect();
        match fitting.as_slice() {
            [] => {}
            [one] => return Ok(one),
            many => {
                return Err(SelectError::Ambiguous {
                    given: given.to_owned(),
                    candidates: many.iter().map(|row| row.id().to_owned()).collect(),
                });
            }
        }
    }
    Err(SelectError::Unknown {
        given: given.to_owned(),
        nearest: nearest(given, rows.iter().map(Row::id)).map(str::to_owned),
    })
}

/// The name of a migration's file, without its endings.
fn stem<'a>(row: &Row<'a>) -> Option<&'a str> {
    let stem = row.migration?.path.file_stem()?;
    Some(stem.strip_suffix(".up").unwrap_or(stem))
}

/// The version of a migration; of one without a file, the digits that its id begins with, perhaps
/// after a `V`.
pub(super) fn version<'r>(row: &'r Row<'_>) -> Option<&'r str> {
    if let Some(migration) = row.migration {
        return migration.version.as_deref();
    }
    let id = row.id();
    let id = id.strip_prefix(['V', 'v']).unwrap_or(id);
    let digits = id.bytes().take_while(u8::is_ascii_digit).count();
    (digits > 0).then(|| &id[..digits])
}

fn is_number(given: &str) -> bool {
    !given.is_empty() && given.bytes().all(|byte| byte.is_ascii_digit())
}

/// Whether two texts are the same number, however many zeros they begin with.
fn same_number(a: &str, b: &str) -> bool {
    let (a, b) = (a.trim_start_matches('0'), b.trim_start_matches('0'));
    natural(a, b).is_eq()
}
