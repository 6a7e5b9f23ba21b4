//! Which migrations a command is about.

mod down;
mod resolve;
mod up;

pub use down::{Back, Candidate, DownFrom, Undo, candidates, down, uncompared, undo};
pub use resolve::resolve;
pub use up::{Chosen, Concern, Selection, Why, Wish, up};

/// Why a command's choice is none.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SelectError {
    /// An id that no migration has.
    #[error("there is no migration `{given}`")]
    Unknown {
        /// What was given.
        given: String,
        /// The id that was perhaps meant.
        nearest: Option<String>,
    },
    /// A number or prefix that several migrations share.
    #[error("`{given}` fits {} migrations: {}", candidates.len(), candidates.join(", "))]
    Ambiguous {
        /// What was given.
        given: String,
        /// All that it fits.
        candidates: Vec<String>,
    },
    /// The one asked for is applied.
    #[error("`{id}` is applied already")]
    AlreadyApplied {
        /// It.
        id: String,
    },
    /// The one asked for is not applied.
    #[error("`{id}` is not applied")]
    NotApplied {
        /// It.
        id: String,
    },
    /// The one asked for has no file.
    #[error("`{id}` has no file to run")]
    NoFile {
        /// It.
        id: String,
    },
    /// The one asked for needs others that are not applied.
    #[error("`{id}` needs {} first", missing.join(", "))]
    NeedsFirst {
        /// It.
        id: String,
        /// What is missing, in its order.
        missing: Vec<String>,
    },
    /// Migrations that cannot be undone.
    #[error("{} {} no down script: {}", ids.len(), if ids.len() == 1 { "migration has" } else { "migrations have" }, ids.join(", "))]
    NoDown {
        /// All of them.
        ids: Vec<String>,
        /// Where their down scripts would be read from.
        places: Vec<String>,
    },
}

/// How many places a hint names.
const NAMED: usize = 3;

impl SelectError {
    /// What to do next.
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Unknown { nearest: Some(nearest), .. } => format!("did you mean `{nearest}`?"),
            Self::Unknown { nearest: None, .. } => "`whimbrel status` lists them".into(),
            Self::Ambiguous { .. } => "give more of the id".into(),
            Self::AlreadyApplied { .. } => "`--again` runs it once more".into(),
            Self::NeedsFirst { .. } => "`--with-dependencies` runs them, too".into(),
            Self::NoDown { places, .. } => match places.as_slice() {
                [] => "undo it by hand".into(),
                [one] => format!("write it, where it is read from: {one}; or undo it by hand"),
                several => format!(
                    "write them, where they are read from: {}{}; or undo them by hand",
                    several[..several.len().min(NAMED)].join(", "),
                    if several.len() > NAMED { " …" } else { "" }
                ),
            },
            Self::NotApplied { .. } | Self::NoFile { .. } => return None,
        })
    }
}
