//! The histories of a project: which there are, and what their files say.

mod digests;

use std::collections::BTreeSet;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use camino::{Utf8Component, Utf8Path, Utf8PathBuf};
use whimbrel_history::formats::{self, Format, Listing, ReadError, Settings};
use whimbrel_history::{File, FilesError, History, nearest};

use crate::catalogue::Code;
use crate::config::HistoryConfig;
use crate::error::{Error, HistoryError};
use crate::workspace::Workspace;

use digests::{Kept, Of};

/// A history as configuration or discovery has it, unread.
#[derive(Clone, Debug)]
pub struct Outline {
    /// How its files are written.
    pub format: &'static dyn Format,
    /// Its name and folder and what else decides how it is read.
    pub settings: Settings,
    /// Histories that run before it.
    pub after: Vec<String>,
    /// What told that it is there: `12 files like 001_create_users.sql`, or whimbrel.toml.
    pub because: String,
}

/// Finds the histories of a project: those that whimbrel.toml names, or else those that its files
/// show. Sorted so that each comes after those that it names in `after`.
pub fn outlines(workspace: &Workspace) -> Result<Vec<Outline>, Error> {
    let configured = &workspace.config().histories;
    let mut outlines = if configured.is_empty() {
        discovered(workspace)?
    } else {
        configured.iter().map(|history| configure(workspace, history)).collect::<Result<_, _>>()?
    };
    check_apart(&outlines)?;
    let mut ledgers = BTreeSet::new();
    for outline in &mut outlines {
        // Ids stand bare in a ledger for the first history that writes it; the others say whose
        // theirs are.
        outline.settings.prefixed = !ledgers.insert(outline.format.ledger().name());
    }
    sort(outlines)
}

/// Refuses two histories that have the same files: each would be applied twice.
fn check_apart(outlines: &[Outline]) -> Result<(), Error> {
    let has = |one: &Settings, folder: &Utf8Path| {
        one.folder == folder || one.nested && folder.starts_with(&one.folder)
    };
    for (place, Outline { settings: two, .. }) in outlines.iter().enumerate() {
        for Outline { settings: one, .. } in &outlines[..place] {
            let folder = match (has(one, &two.folder), has(two, &one.folder)) {
                (true, _) => &two.folder,
                (false, true) => &one.folder,
                (false, false) => continue,
            };
            return Err(Error::Usage {
                code: Code::CONFIGURATION,
                message: format!(
                    "histories `{}` and `{}` have the same files: those in `{folder}`",
                    one.name, two.name
                ),
                hints: vec![format!(
                    "give each a folder of its own in {}, or take one out",
                    crate::config::FILE
                )],
            });
        }
    }
    Ok(())
}

/// Leaves only the history that was asked for.
pub fn only(outlines: Vec<Outline>, name: Option<&str>) -> Result<Vec<Outline>, Error> {
    let Some(name) = name else { return Ok(outlines) };
    match outlines.iter().find(|outline| outline.settings.name == name) {
        Some(outline) => Ok(vec![outline.clone()]),
        None => Err(unknown_history(name, &outlines)),
    }
}

/// Reads histories.
pub fn read(workspace: &Workspace, outlines: &[Outline]) -> Result<Vec<History>, Error> {
    let mut kept = Kept::open(workspace);
    let histories = outlines.iter().map(|outline| read_one(workspace, outline, &mut kept));
    let histories = histories.collect::<Result<Vec<_>, _>>()?;
    kept.save();
    Ok(histories)
}

/// A hash of all files that make up histories, by their sizes and times, and the newest of those.
pub(crate) fn look(workspace: &Workspace, outlines: &[Outline]) -> Result<(u64, i128), FilesError> {
    let mut hasher = DefaultHasher::new();
    let mut newest = i128::MIN;
    for Outline { format, settings, .. } in outlines {
        let Listing { files, skipped } = format.list(workspace.folder(), settings)?;
        format!("{} {settings:?} {skipped:?}", format.name()).hash(&mut hasher);
        for File { path, size, modified } in &files {
            (path.as_str(), size, modified).hash(&mut hasher);
            newest = newest.max(*modified);
        }
    }
    Ok((hasher.finish(), newest))
}

fn read_one(
    workspace: &Workspace,
    outline: &Outline,
    kept: &mut Kept,
) -> Result<History, HistoryError> {
    let Outline { format, settings, .. } = outline;
    let folder = workspace.folder();
    let mut digests = Of { kept, format: *format, folder };
    let result = formats::read(*format, folder, settings, &mut digests);
    result.map_err(|source| explain(workspace, source))
}

/// Joins an error with the texts that it points into.
fn explain(workspace: &Workspace, source: ReadError) -> HistoryError {
    let mut texts = Vec::new();
    if let ReadError::Invalid { diagnostics, .. } = &source {
        let files: BTreeSet<&str> =
            diagnostics.iter().filter_map(|diagnostic| diagnostic.file.as_deref()).collect();
        for file in files {
            let path = Utf8PathBuf::from(file);
            // A file that cannot be read as text is shown without its lines.
            if let Ok(Some(text)) = workspace.folder().text(&path) {
                texts.push((path, without_mark(text)));
            }
        }
    }
    HistoryError { source, texts }
}

/// Spans count from after a byte order mark.
fn without_mark(text: String) -> String {
    match text.strip_prefix('\u{feff}') {
        Some(rest) => rest.to_owned(),
        None => text,
    }
}

fn discovered(workspace: &Workspace) -> Result<Vec<Outline>, FilesError> {
    let found = formats::discover(workspace.folder())?;
    let names = names(found.iter().map(|found| found.folder.as_path()));
    let outlines = found.into_iter().zip(names).map(|(found, name)| Outline {
        format: found.format,
        settings: Settings { name, folder: found.folder, ..Settings::default() },
        after: Vec::new(),
        because: found.because,
    });
    Ok(outlines.collect())
}

/// Names a history by its folder, so that the name stays when another history turns up.
///
/// Folders that are named for what they hold say nothing: `supabase/migrations` is `supabase`,
/// `db/migrations` is `main`, `apps/web/db` is `apps-web`. Where the way to it is not down from the
/// project, its own name is enough.
pub(crate) fn name_of(folder: &Utf8Path) -> String {
    let named = |part: &Utf8Component<'_>| matches!(part, Utf8Component::Normal(_));
    let mut short: Vec<&str> =
        folder.components().filter(named).map(|part| part.as_str()).collect();
    if !folder.components().all(|part| named(&part)) {
        short.drain(..short.len().saturating_sub(1));
    }
    while short.last().is_some_and(|last| ["migrations", "sql", "db", "database"].contains(last)) {
        short.pop();
    }
    let letter = |c: char| if c.is_alphanumeric() || c == '_' { c } else { '-' };
    let name: String = short.join("-").chars().map(letter).collect();
    if name.chars().any(char::is_alphanumeric) { name } else { "main".to_owned() }
}

/// The names of several histories; a name that is taken gets a number.
fn names<'a>(folders: impl Iterator<Item = &'a Utf8Path>) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for folder in folders {
        let name = name_of(folder);
        let mut numbered = name.clone();
        let mut number = 1;
        while names.contains(&numbered) {
            number += 1;
            numbered = format!("{name}-{number}");
        }
        names.push(numbered);
    }
    names
}

/// Fills what a table of whimbrel.toml leaves open.
fn configure(workspace: &Workspace, history: &HistoryConfig) -> Result<Outline, Error> {
    let files = workspace.folder();
    let named = history.format.as_deref().and_then(formats::by_name);
    let mut because = format!("[history.{}] in {}", history.name, crate::config::FILE);
    let folders: Vec<Utf8PathBuf> = match (&history.folder, named) {
        (Some(folder), _) => vec![folder.clone()],
        (None, Some(format)) => format.folders().iter().map(Utf8PathBuf::from).collect(),
        (None, None) => {
            formats::ALL.iter().flat_map(|format| format.folders()).map(Utf8PathBuf::from).collect()
        }
    };
    let candidates: Vec<&dyn Format> = named.map_or_else(|| formats::ALL.to_vec(), |one| vec![one]);
    for folder in &folders {
        for format in &candidates {
            if let Some(evidence) = format.recognise(files, folder)? {
                because = evidence;
                return Ok(outline(history, *format, folder.clone(), because));
            }
        }
    }
    match (named, folders.first()) {
        (Some(format), Some(folder)) => Ok(outline(history, format, folder.clone(), because)),
        (None, Some(folder)) if history.folder.is_some() && !files.has_folder(folder) => {
            Err(Error::Usage {
                code: Code::HISTORY_FOLDER,
                message: format!(
                    "the folder `{folder}` of history `{}` is not there, and nothing says its format",
                    history.name
                ),
                hints: vec![format!(
                    "correct `folder` in [history.{}] of {}, or say `format` there",
                    history.name,
                    crate::config::FILE
                )],
            })
        }
        _ => Err(Error::Usage {
            code: Code::UNKNOWN_FORMAT,
            message: format!("cannot tell the format of history `{}`", history.name),
            hints: vec![format!(
                "say `format` in [history.{}]: {}",
                history.name,
                formats::ALL.iter().map(|format| format.name()).collect::<Vec<_>>().join(", ")
            )],
        }),
    }
}

fn outline(
    history: &HistoryConfig,
    format: &'static dyn Format,
    folder: Utf8PathBuf,
    because: String,
) -> Outline {
    let settings = Settings {
        name: history.name.clone(),
        folder,
        nested: history.nested,
        repeatable: history.repeatable.clone(),
        prefixed: false,
    };
    Outline { format, settings, after: history.after.clone(), because }
}

/// Puts each history after those it names; ties keep their order.
fn sort(outlines: Vec<Outline>) -> Result<Vec<Outline>, Error> {
    let mut sorted: Vec<Outline> = Vec::new();
    let mut left = outlines;
    while !left.is_empty() {
        let is_ready = |outline: &Outline| {
            let waits = |name: &String| left.iter().any(|other| other.settings.name == *name);
            !outline.after.iter().any(waits)
        };
        let Some(next) = left.iter().position(is_ready) else {
            let names: Vec<&str> =
                left.iter().map(|outline| outline.settings.name.as_str()).collect();
            return Err(Error::Usage {
                code: Code::HISTORIES_WAIT,
                message: format!("histories wait for each other: {}", names.join(", ")),
                hints: vec![format!("take one `after` out of {}", crate::config::FILE)],
            });
        };
        sorted.push(left.remove(next));
    }
    Ok(sorted)
}

fn unknown_history(name: &str, outlines: &[Outline]) -> Error {
    let known: Vec<&str> = outlines.iter().map(|outline| outline.settings.name.as_str()).collect();
    let hint = match (nearest(name, known.iter().copied()), known.as_slice()) {
        (Some(meant), _) => format!("did you mean `{meant}`?"),
        (None, []) => "this project has no history yet: run `whimbrel init`".to_owned(),
        (None, known) => format!("this project has {}", known.join(", ")),
    };
    Error::Usage {
        code: Code::UNKNOWN_HISTORY,
        message: format!("unknown history `{name}`"),
        hints: vec![hint],
    }
}

/// The one history that something new is written into.
pub(crate) fn the_one(outlines: Vec<Outline>, name: Option<&str>) -> Result<Outline, Error> {
    let outlines = only(outlines, name)?;
    match outlines.as_slice() {
        [] => Err(none()),
        [one] => Ok(one.clone()),
        several => Err(Error::Usage {
            code: Code::SEVERAL_HISTORIES,
            message: format!("this project has {} histories", several.len()),
            hints: vec![format!("say which: {}", ways(several.iter()))],
        }),
    }
}

/// The ways to name one of several histories.
pub(crate) fn ways<'a>(outlines: impl Iterator<Item = &'a Outline>) -> String {
    let ways: Vec<String> =
        outlines.map(|outline| format!("`--history {}`", outline.settings.name)).collect();
    ways.join(", ")
}

/// A folder that is not there holds no migrations, which must not pass for having none to run.
pub(crate) fn check_folders(workspace: &Workspace, outlines: &[Outline]) -> Result<(), Error> {
    let is_missing = |outline: &&Outline| !workspace.folder().has_folder(&outline.settings.folder);
    match outlines.iter().find(is_missing) {
        None => Ok(()),
        Some(Outline { settings: Settings { name, folder, .. }, .. }) => Err(Error::Usage {
            code: Code::HISTORY_FOLDER,
            message: format!("the folder `{folder}` of history `{name}` is not there"),
            hints: vec![format!(
                "correct [history.{name}] in {}, or write its first migration with `whimbrel new`",
                crate::config::FILE
            )],
        }),
    }
}

/// There is nothing to work on.
pub(crate) fn none() -> Error {
    Error::Usage {
        code: Code::NO_MIGRATIONS,
        message: "this project has no migrations".to_owned(),
        hints: vec![
            "run `whimbrel init` to begin, or give the project's folder with `--project`"
                .to_owned(),
        ],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn histories_are_named_by_their_folders() {
        let folders = ["supabase/migrations", "migrations", "apps/web/db", "supabase", "my db"];
        let names = names(folders.iter().map(Utf8Path::new));
        assert_eq!(names, ["supabase", "main", "apps-web", "supabase-2", "my-db"]);
    }
}
