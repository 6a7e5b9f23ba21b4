//! What was said about a connection, setting by setting, and by whom.

use std::collections::BTreeMap;
use std::fmt;

use camino::Utf8PathBuf;

use super::TargetError;
use super::keywords::{KEYWORDS, Use};
use crate::Secret;

/// Looks up a variable.
pub(super) type Lookup<'a> = &'a dyn Fn(&str) -> Option<String>;

/// Where each setting came from, by libpq's name for it.
pub type Origins = Vec<(&'static str, Origin)>;

/// Where a setting came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// The connection URL, or string.
    Given,
    /// A variable of libpq's.
    Variable(&'static str),
    /// A service.
    Service {
        /// Its name.
        name: String,
        /// The file that defines it.
        file: Utf8PathBuf,
    },
    /// A file where libpq looks by itself.
    File(Utf8PathBuf),
    /// The operating system's user.
    SystemUser,
    /// Nobody said it, so it follows from what was said.
    Default,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Given => f.write_str("the connection URL"),
            Self::Variable(name) => write!(f, "the variable `{name}`"),
            Self::Service { name, file } => write!(f, "service `{name}` of `{file}`"),
            Self::File(path) => write!(f, "`{path}`"),
            Self::SystemUser => f.write_str("the operating system's user"),
            Self::Default => f.write_str("the defaults"),
        }
    }
}

/// Settings by libpq's names for them.
#[derive(Default)]
pub(super) struct Settings {
    said: BTreeMap<&'static str, (String, Origin)>,
    /// Parameters that are none of libpq's, or say nothing to us.
    pub(super) hints: Vec<(String, String)>,
}

impl Settings {
    /// Takes what the URL or string says; `false` if there is no such setting that matters here.
    pub(super) fn give(&mut self, name: &str, value: String) -> Result<bool, TargetError> {
        let Some(keyword) = KEYWORDS.iter().find(|keyword| keyword.name == name) else {
            return Ok(false);
        };
        if keyword.name == "password" && is_placeholder(&value) {
            return Err(TargetError::Placeholder);
        }
        match keyword.used {
            Use::Ignored | Use::FromVariable => Ok(false),
            Use::Honoured | Use::Refused => {
                self.set(keyword.name, value, Origin::Given);
                Ok(true)
            }
        }
    }

    /// Says a setting, whatever was said before.
    pub(super) fn set(&mut self, name: &'static str, value: String, origin: Origin) {
        self.said.insert(name, (value, origin));
    }

    /// Says a setting of which nothing was said yet.
    pub(super) fn fill(&mut self, name: &'static str, value: String, origin: Origin) {
        self.said.entry(name).or_insert((value, origin));
    }

    /// Takes libpq's variables for what was left out.
    pub(super) fn fill_from_variables(&mut self, variable: Lookup<'_>) {
        for keyword in KEYWORDS {
            let Some(name) = keyword.variable else { continue };
            if let Some(value) = variable(name).filter(|value| !value.is_empty()) {
                self.fill(keyword.name, value, Origin::Variable(name));
            }
        }
    }

    /// What was said; nothing, where it was said to be empty.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.said.get(name).map(|(value, _)| value.as_str()).filter(|value| !value.is_empty())
    }

    /// The same as a text of its own.
    pub(super) fn text(&self, name: &str) -> Option<String> {
        self.get(name).map(str::to_owned)
    }

    /// Who said it.
    pub(super) fn origin(&self, name: &str) -> Origin {
        self.said.get(name).map_or(Origin::Default, |(_, origin)| origin.clone())
    }

    /// Whether anything was said of it, and be it that it is empty.
    pub(super) fn is_said(&self, name: &str) -> bool {
        self.said.contains_key(name)
    }

    /// Refuses what would change where we connect, or whom we trust, and is not honoured: to leave
    /// it out silently would be wrong.
    pub(super) fn refuse(&self) -> Result<(), TargetError> {
        let refused = KEYWORDS.iter().filter(|keyword| keyword.used == Use::Refused);
        for keyword in refused {
            if self.get(keyword.name).is_some_and(|value| !keyword.harmless.contains(&value)) {
                let origin = self.origin(keyword.name);
                return Err(TargetError::Unsupported { name: keyword.name, origin });
            }
        }
        Ok(())
    }

    /// Takes out what [`Settings::refuse`] is about.
    pub(super) fn take_refused(&mut self) -> Vec<(&'static str, Secret)> {
        let refused = KEYWORDS.iter().filter(|keyword| keyword.used == Use::Refused);
        let taken = refused.filter_map(|keyword| {
            let (value, _) = self.said.remove(keyword.name)?;
            Some((keyword.name, Secret::new(value)))
        });
        taken.collect()
    }

    /// Each setting that was said, with who said it.
    pub(super) fn origins(self) -> Origins {
        let filled = self.said.into_iter().filter(|(_, (value, _))| !value.is_empty());
        filled.map(|(name, (_, origin))| (name, origin)).collect()
    }
}

/// What a provider's page shows in a password's place.
fn is_placeholder(password: &str) -> bool {
    let bracketed = (password.starts_with('[') && password.ends_with(']'))
        || (password.starts_with('<') && password.ends_with('>'));
    bracketed && password.to_ascii_lowercase().contains("password")
}
