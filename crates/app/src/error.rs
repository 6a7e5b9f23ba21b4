//! What can go wrong in a use case, what to do about it, and how the command ends then.

use camino::Utf8PathBuf;
use whimbrel_history::FilesError;
use whimbrel_history::formats::ReadError;
use whimbrel_sql::Diagnostic;

use crate::config::ConfigError;
use crate::database::DatabaseError;
use crate::exit::Exit;
use crate::workspace::WorkspaceError;

/// Why a use case did not end well.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no project to work on.
    #[error(transparent)]
    Workspace(#[from] WorkspaceError),
    /// There is no database to work on.
    #[error(transparent)]
    Database(#[from] DatabaseError),
    /// A file could not be read or written.
    #[error(transparent)]
    Files(#[from] FilesError),
    /// A history cannot be understood.
    #[error(transparent)]
    History(#[from] HistoryError),
    /// What was asked for makes no sense in this project.
    #[error("{message}")]
    Usage {
        /// What.
        message: String,
        /// What to do instead.
        hints: Vec<String>,
    },
    /// Something that a person must decide, and nobody has.
    #[error("{message}")]
    Refused {
        /// What.
        message: String,
        /// How to decide it.
        hints: Vec<String>,
    },
    /// A person stopped it.
    #[error("interrupted")]
    Interrupted,
}

/// A history that cannot be understood.
#[derive(Debug, thiserror::Error)]
#[error("{source}")]
pub struct HistoryError {
    /// Why.
    pub source: ReadError,
    /// The texts that its diagnostics point into, by path.
    pub texts: Vec<(Utf8PathBuf, String)>,
}

/// A remark with the text that it points into.
#[derive(Clone, Copy, Debug)]
pub struct Located<'a> {
    /// The remark.
    pub diagnostic: &'a Diagnostic,
    /// The whole text of its file, if it names one.
    pub text: Option<&'a str>,
}

impl Error {
    /// How the command ends.
    pub fn exit(&self) -> Exit {
        match self {
            Self::Workspace(_)
            | Self::Database(_)
            | Self::Files(_)
            | Self::History(_)
            | Self::Usage { .. } => Exit::Usage,
            Self::Refused { .. } => Exit::Refused,
            Self::Interrupted => Exit::Interrupted,
        }
    }

    /// What to do about it, a sentence each.
    pub fn hints(&self) -> Vec<String> {
        match self {
            Self::Database(error) => error.hints(),
            Self::Usage { hints, .. } | Self::Refused { hints, .. } => hints.clone(),
            Self::Workspace(_) | Self::Files(_) | Self::History(_) | Self::Interrupted => {
                Vec::new()
            }
        }
    }

    /// The places it is about.
    pub fn places(&self) -> Vec<Located<'_>> {
        match self {
            Self::Workspace(WorkspaceError::Config(ConfigError { problems, text, .. })) => {
                problems.iter().map(|diagnostic| Located { diagnostic, text: Some(text) }).collect()
            }
            Self::History(HistoryError {
                source: ReadError::Invalid { diagnostics, .. },
                texts,
            }) => {
                let text = |diagnostic: &Diagnostic| {
                    let file = diagnostic.file.as_deref()?;
                    texts.iter().find(|(path, _)| path == file).map(|(_, text)| text.as_str())
                };
                diagnostics
                    .iter()
                    .map(|diagnostic| Located { diagnostic, text: text(diagnostic) })
                    .collect()
            }
            Self::Workspace(_)
            | Self::Database(_)
            | Self::Files(_)
            | Self::History(_)
            | Self::Usage { .. }
            | Self::Refused { .. }
            | Self::Interrupted => Vec::new(),
        }
    }
}
