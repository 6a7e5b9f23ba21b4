//! The seed files that `config.toml` names.

use camino::{Utf8Path, Utf8PathBuf};

use crate::formats::header::file_warning;
use crate::formats::{ProjectError, Seed, Seeds, Settings};
use crate::glob::glob;
use crate::migration::folder_of;
use crate::{Files, FilesError, hash};

/// Lists the seed files in the order in which they run; `None` where they are not enabled.
pub(super) fn seeds(files: &dyn Files, settings: &Settings) -> Result<Option<Seeds>, ProjectError> {
    let home = folder_of(&settings.folder).to_owned();
    let (config, said) = super::config::read(files, settings)?;
    let patterns = seed_patterns(said.seed())
        .map_err(|message| ProjectError::Config { path: config.clone(), message })?;
    let Some(patterns) = patterns else {
        return Ok(None);
    };
    let mut seeds = Seeds::default();
    for pattern in &patterns {
        let pattern = normal(&home, pattern);
        let mut found = Vec::new();
        matching(files, &fixed(&pattern), &pattern, &mut found)?;
        found.sort();
        if found.is_empty() && patterns != ["./seed.sql"] {
            seeds.warnings.push(file_warning(
                &config,
                format!("no seed file fits `{pattern}`"),
                vec!["see `sql_paths` of `[db.seed]`".into()],
            ));
        }
        for path in found {
            if seeds.files.iter().all(|seed| seed.path != path) {
                let hash = hash::of_file(files, &path)?;
                seeds.files.push(Seed { path, hash });
            }
        }
    }
    Ok(Some(seeds))
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

/// A pattern of the configuration, relative to the project's folder.
fn normal(home: &Utf8Path, pattern: &str) -> String {
    let mut parts: Vec<&str> = home.as_str().split('/').filter(|part| !part.is_empty()).collect();
    for part in pattern.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    parts.join("/")
}

/// The folders of a pattern before its first wildcard.
fn fixed(pattern: &str) -> Utf8PathBuf {
    let end = pattern.find(['*', '?']).unwrap_or(pattern.len());
    let end = pattern[..end].rfind('/').unwrap_or(0);
    Utf8PathBuf::from(&pattern[..end])
}

/// Collects the files that fit a pattern, from a folder downwards.
fn matching(
    files: &dyn Files,
    folder: &Utf8Path,
    pattern: &str,
    found: &mut Vec<Utf8PathBuf>,
) -> Result<(), FilesError> {
    let names = files.names(folder)?;
    found.extend(names.iter().filter(|path| glob(pattern, path.as_str())).cloned());
    let rest = pattern.strip_prefix(folder.as_str()).unwrap_or(pattern).trim_start_matches('/');
    if rest.contains('/') {
        for inner in files.folders(folder)? {
            matching(files, &inner, pattern, found)?;
        }
    }
    Ok(())
}
