//! The files that patterns name, in the order in which they run.

use camino::{Utf8Path, Utf8PathBuf};

use super::Seeds;
use super::header::file_warning;
use crate::glob::glob;
use crate::{Files, FilesError, hash};

/// Patterns of seed files, as a configuration says them.
#[derive(Clone, Copy, Debug)]
pub struct Patterns<'a> {
    /// What they are relative to, itself relative to the project's folder.
    pub home: &'a Utf8Path,
    /// In the order in which their files run.
    pub patterns: &'a [String],
    /// Patterns without a file of which nothing is said, where they are all there is.
    pub may_be_missing: &'a [&'a str],
    /// The configuration's file.
    pub said_in: &'a Utf8Path,
    /// What to do about a pattern that names no file.
    pub see: &'a str,
}

/// Lists the files of patterns: pattern by pattern, each one's by name, each file once.
pub fn find(files: &dyn Files, patterns: &Patterns<'_>) -> Result<Seeds, FilesError> {
    let mut seeds = Seeds::default();
    for pattern in patterns.patterns {
        let pattern = normal(patterns.home, pattern);
        let mut found = Vec::new();
        matching(files, &fixed(&pattern), &pattern, &mut found)?;
        found.sort();
        if found.is_empty() && patterns.patterns != patterns.may_be_missing {
            seeds.warnings.push(file_warning(
                patterns.said_in,
                format!("no seed file fits `{pattern}`"),
                vec![patterns.see.to_owned()],
            ));
        }
        for path in found {
            if !seeds.files.contains(&path) {
                seeds.files.push(path);
            }
        }
    }
    Ok(seeds)
}

/// What ledgers record of a seed file: SHA-256 of its bytes, in hex.
pub fn hash_of(files: &dyn Files, path: &Utf8Path) -> Result<String, FilesError> {
    hash::of_file(files, path)
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
