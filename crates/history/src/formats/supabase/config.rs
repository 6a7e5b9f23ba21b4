//! The project's `supabase/config.toml`, as far as it concerns us.

use camino::Utf8PathBuf;

use crate::Files;
use crate::formats::{ProjectError, Settings};
use crate::migration::folder_of;

/// What `config.toml` says; nothing where there is none.
#[derive(Debug, Default)]
pub(super) struct Config(toml::Table);

/// Reads it; gives its path, too.
pub(super) fn read(
    files: &dyn Files,
    settings: &Settings,
) -> Result<(Utf8PathBuf, Config), ProjectError> {
    let home = folder_of(&settings.folder);
    let path = home.join("config.toml");
    if !files.names(home)?.contains(&path) {
        return Ok((path, Config::default()));
    }
    let bytes = files.read(&path)?;
    match String::from_utf8_lossy(&bytes).parse() {
        Ok(table) => Ok((path, Config(table))),
        Err(error) => {
            let error: toml::de::Error = error;
            Err(ProjectError::Config { path, message: error.message().to_owned() })
        }
    }
}

impl Config {
    /// A value of a section.
    fn get(&self, section: &str, key: &str) -> Option<&toml::Value> {
        self.0.get(section)?.get(key)
    }

    /// `[db.seed]`.
    pub(super) fn seed(&self) -> Option<&toml::Value> {
        self.get("db", "seed")
    }

    /// `major_version` of `[db]`.
    pub(super) fn major(&self) -> Option<u16> {
        self.get("db", "major_version")?.as_integer()?.try_into().ok()
    }

    /// `port` of `[db]`.
    pub(super) fn port(&self) -> Option<u16> {
        self.get("db", "port")?.as_integer()?.try_into().ok()
    }

    /// `auto_expose_new_tables` of `[api]`, which the platform has not done by itself since
    /// 2026-10-30.
    pub(super) fn auto_expose(&self) -> bool {
        self.get("api", "auto_expose_new_tables").and_then(toml::Value::as_bool) == Some(true)
    }
}
