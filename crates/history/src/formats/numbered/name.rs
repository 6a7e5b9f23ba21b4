//! What a plain file's name says.

use std::borrow::Cow;

use camino::Utf8Path;

use crate::formats::name::Version;
use crate::migration::{part_at_last, stem};

/// Which script a file's name says it holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    Up,
    Down,
}

/// What a file's name says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Name<'a> {
    /// Which script the file holds.
    pub(super) role: Role,
    /// `None` of a repeatable one without a number.
    pub(super) version: Option<Version<'a>>,
    /// What follows the version.
    pub(super) name: &'a str,
    /// The file's name without `.sql` and `.up`.
    pub(super) id: &'a str,
    /// Equal for the two files of one migration.
    pub(super) pair: Cow<'a, str>,
}

impl<'a> Name<'a> {
    /// Reads any name: of a file that is listed, a pattern has made a migration of the rest.
    pub(super) fn of(path: &'a Utf8Path) -> Self {
        Self::read(path).unwrap_or_else(|| Self::unnumbered(path))
    }

    /// Reads the name of a numbered file, or of `R__name.sql`.
    pub(super) fn read(path: &'a Utf8Path) -> Option<Self> {
        let stem = stem(path);
        if let Some(name) = stem.strip_prefix("R__") {
            return Some(Self { role: Role::Up, version: None, name, id: stem, pair: stem.into() });
        }
        let (base, role) = match part_at_last(stem, b'.') {
            Some((base, "up")) => (base, Role::Up),
            Some((base, "down")) => (base, Role::Down),
            _ => (stem, Role::Up),
        };
        let flyway = base
            .strip_prefix(['V', 'v', 'U'])
            .filter(|rest| rest.starts_with(|first: char| first.is_ascii_digit()));
        let parted = flyway
            .and_then(|numbered| numbered.split_once("__"))
            .filter(|(version, _)| is_version(version));
        let (version, name) = if let Some((version, name)) = parted {
            (Version::of(version), name)
        } else {
            let (version, rest) = Version::read(flyway.unwrap_or(base))?;
            let name = rest.trim_start_matches(['_', '-', '.', ' ']);
            if name.len() == rest.len() && !rest.is_empty() {
                return None;
            }
            (version, name)
        };
        let undo = flyway.is_some() && base.starts_with('U');
        Some(Self {
            role: if undo { Role::Down } else { role },
            name,
            id: base,
            pair: match flyway {
                Some(_) => format!("V{}", version.numbers.join(".")).into(),
                None => base.into(),
            },
            version: Some(version),
        })
    }

    /// A file that only a `repeatable` pattern makes a migration.
    fn unnumbered(path: &'a Utf8Path) -> Self {
        let stem = stem(path);
        Self { role: Role::Up, version: None, name: stem, id: stem, pair: stem.into() }
    }
}

/// Whether a text is digits parted by dots or underscores, as Flyway writes versions.
fn is_version(text: &str) -> bool {
    !text.is_empty()
        && text.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'_'))
}
