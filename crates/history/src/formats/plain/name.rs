//! What a plain file's name says.

use camino::Utf8Path;

use crate::formats::name::Version;

/// Which script a file's name says it holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    Up,
    Down,
}

/// What a file's name says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Name {
    /// Which script the file holds.
    pub(super) role: Role,
    /// `None` of a repeatable one without a number.
    pub(super) version: Option<Version>,
    /// What follows the version.
    pub(super) name: String,
    /// The file's name without `.sql` and `.up`.
    pub(super) id: String,
    /// Equal for the two files of one migration.
    pub(super) pair: String,
}

impl Name {
    /// Reads any name: of a file that is listed, a pattern has made a migration of the rest.
    pub(super) fn of(path: &Utf8Path) -> Option<Self> {
        Self::read(path).or_else(|| Self::unnumbered(path))
    }

    /// Reads the name of a numbered file, or of `R__name.sql`.
    pub(super) fn read(path: &Utf8Path) -> Option<Self> {
        let stem = path.file_stem()?;
        if let Some(name) = stem.strip_prefix("R__") {
            return Some(Self {
                role: Role::Up,
                version: None,
                name: name.to_owned(),
                id: stem.to_owned(),
                pair: stem.to_owned(),
            });
        }
        let (base, role) = match stem.rsplit_once('.') {
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
            name: name.to_owned(),
            id: base.to_owned(),
            pair: match flyway {
                Some(_) => format!("V{}", version.numbers.join(".")),
                None => base.to_owned(),
            },
            version: Some(version),
        })
    }

    /// A file that only a `repeatable` pattern makes a migration.
    fn unnumbered(path: &Utf8Path) -> Option<Self> {
        let stem = path.file_stem()?;
        Some(Self {
            role: Role::Up,
            version: None,
            name: stem.to_owned(),
            id: stem.to_owned(),
            pair: stem.to_owned(),
        })
    }
}

/// Whether a text is digits parted by dots or underscores, as Flyway writes versions.
fn is_version(text: &str) -> bool {
    !text.is_empty()
        && text.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'_'))
}
