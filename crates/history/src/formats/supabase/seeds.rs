//! The seed files that `config.toml` names.

use crate::Files;
use crate::formats::seeds::{Patterns, find};
use crate::formats::{ProjectError, Seeds, Settings};
use crate::migration::folder_of;

/// Lists the seed files in the order in which they run; `None` where they are not enabled.
pub(super) fn seeds(files: &dyn Files, settings: &Settings) -> Result<Option<Seeds>, ProjectError> {
    let home = folder_of(&settings.folder).to_owned();
    let (config, said) = super::config::read(files, settings)?;
    let patterns = seed_patterns(said.seed())
        .map_err(|message| ProjectError::Config { path: config.clone(), message })?;
    let Some(patterns) = patterns else {
        return Ok(None);
    };
    let found = find(
        files,
        &Patterns {
            home: &home,
            patterns: &patterns,
            // The CLI's default need not be there.
            may_be_missing: &["./seed.sql"],
            said_in: &config,
            see: "see `sql_paths` of `[db.seed]`",
        },
    )?;
    Ok(Some(found))
}

/// The `sql_paths` of `[db.seed]`; `None` where it is not enabled.
fn seed_patterns(seed: Option<&toml::Value>) -> Result<Option<Vec<String>>, String> {
    let Some(seed) = seed else {
        return Ok(Some(vec!["./seed.sql".to_owned()]));
    };
    if seed.get("enabled").and_then(toml::Value::as_bool) == Some(false) {
        return Ok(None);
    }
    let Some(paths) = seed.get("sql_paths") else {
        return Ok(Some(vec!["./seed.sql".to_owned()]));
    };
    let paths = paths.as_array().ok_or("`sql_paths` of `[db.seed]` is not a list")?;
    let paths: Option<Vec<String>> =
        paths.iter().map(|path| Some(path.as_str()?.to_owned())).collect();
    paths
        .map(Some)
        .ok_or_else(|| "`sql_paths` of `[db.seed]` holds something that is no text".into())
}
