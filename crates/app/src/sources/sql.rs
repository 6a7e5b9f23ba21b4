//! SQL that makes a state: a file, or a folder of files that may stand in any order.

use camino::{Utf8Path, Utf8PathBuf};

use super::{Opened, Opening, Piece, Place, Source};
use crate::catalogue::Code;
use crate::error::Error;
use crate::histories;
use crate::workspace::Workspace;

pub(super) struct Sql;

impl Source for Sql {
    fn form(&self) -> &'static str {
        "FILE.sql"
    }

    fn about(&self) -> &'static str {
        "SQL that makes the state; a folder of such files, too, in any order"
    }

    fn is_meant(&self, text: &str, workspace: &Workspace) -> bool {
        let path = workspace.surroundings().folder.join(text);
        path.extension() == Some("sql") || path.is_dir()
    }

    fn open<'a>(&'a self, text: &'a str, place: &'a Place<'a>) -> Opening<'a> {
        Box::pin(async move { pieces(text, place.workspace).map(Opened::Sql) })
    }
}

fn pieces(text: &str, workspace: &Workspace) -> Result<Vec<Piece>, Error> {
    let path = workspace.surroundings().folder.join(text);
    if !path.is_dir() {
        return Ok(vec![read(&path, text)?]);
    }
    refuse_history(&path, workspace)?;
    let mut files = Vec::new();
    collect(&path, Utf8Path::new(text), &mut files)?;
    files.sort();
    if files.is_empty() {
        return Err(Error::Usage {
            code: Code::NO_SOURCE,
            message: format!("no file of `{text}` ends with `.sql`"),
            hints: Vec::new(),
        });
    }
    files.iter().map(|(path, shown)| read(path, shown.as_str())).collect()
}

/// A history's files make sense only in their order, and its ledger says which are applied.
fn refuse_history(path: &Utf8Path, workspace: &Workspace) -> Result<(), Error> {
    let root = workspace.folder().root();
    let Ok(outlines) = histories::outlines(workspace) else { return Ok(()) };
    let is_it = |folder: &Utf8Path| same(&root.join(folder), path);
    let Some(outline) = outlines.iter().find(|outline| is_it(&outline.settings.folder)) else {
        return Ok(());
    };
    Err(Error::Usage {
        code: Code::HISTORY_AS_SOURCE,
        message: format!("`{}` is the folder of the history `{}`", path, outline.settings.name),
        hints: vec![
            "compare with a database that has it: `whimbrel up --dev`, then give `whimbrel dev url`"
                .to_owned(),
        ],
    })
}

fn same(one: &Utf8Path, other: &Utf8Path) -> bool {
    let [one, other] = [one, other].map(|path| path.canonicalize_utf8().ok());
    one.is_some() && one == other
}

fn collect(
    folder: &Utf8Path,
    shown: &Utf8Path,
    files: &mut Vec<(Utf8PathBuf, Utf8PathBuf)>,
) -> Result<(), Error> {
    let entries = folder.read_dir_utf8().map_err(|source| not_read(shown, &source))?;
    for entry in entries {
        let entry = entry.map_err(|source| not_read(shown, &source))?;
        let (path, name) = (entry.path(), shown.join(entry.file_name()));
        if path.is_dir() {
            collect(path, &name, files)?;
        } else if path.extension() == Some("sql") {
            files.push((path.to_owned(), name));
        }
    }
    Ok(())
}

fn read(path: &Utf8Path, shown: &str) -> Result<Piece, Error> {
    let text =
        std::fs::read_to_string(path).map_err(|source| not_read(Utf8Path::new(shown), &source))?;
    Ok(Piece { path: shown.to_owned(), text })
}

fn not_read(path: &Utf8Path, source: &std::io::Error) -> Error {
    Error::Usage {
        code: Code::SOURCE_FILE,
        message: format!("read `{path}`: {source}"),
        hints: Vec::new(),
    }
}
