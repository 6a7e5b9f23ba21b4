//! Sets up a project, or recognises the one that is there.

use camino::{Utf8Path, Utf8PathBuf};
use schemars::JsonSchema;
use serde::Serialize;
use whimbrel_history::formats::{self, Format, Settings};
use whimbrel_history::nearest;
use whimbrel_history::tools::{self, Seen};

use super::{Case, Database};
use crate::catalogue::Code;
use crate::config::{self, Config, keys};
use crate::database::{self, Found};
use crate::error::Error;
use crate::histories::{self, Outline};
use crate::wire;
use crate::workspace::{Workspace, WorkspaceError};

/// What is known of this use case.
pub const CASE: Case = Case { name: "init", database: Database::Untouched };

/// What a person said.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// The format of a new history, where none is found.
    pub format: Option<String>,
    /// Its folder.
    pub folder: Option<Utf8PathBuf>,
}

/// What was set up.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Report {
    /// Of this shape.
    pub version: u32,
    /// The configuration that was written.
    #[schemars(with = "String")]
    pub config: Utf8PathBuf,
    /// The histories that there are now.
    pub histories: Vec<Set>,
    /// Whether they were there before.
    pub found: bool,
    /// Migrations of tools whose files are not read yet.
    pub others: Vec<Other>,
    /// Where a connection URL is, if anywhere.
    pub database: Option<String>,
}

/// Migrations of a tool whose files are not read yet.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Other {
    /// The tool.
    pub tool: &'static str,
    /// The file that tells so.
    #[schemars(with = "String")]
    pub file: Utf8PathBuf,
}

/// A history that was found or set up.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Set {
    /// Its name.
    pub name: String,
    /// Its format.
    pub format: String,
    /// Its folder.
    #[schemars(with = "String")]
    pub folder: Utf8PathBuf,
    /// What tells so.
    pub because: String,
}

/// Writes a commented whimbrel.toml for what is there, or for a new history.
pub fn init(workspace: &Workspace, options: &Options) -> Result<Report, Error> {
    if workspace.has_config() {
        return Err(Error::Usage {
            code: Code::ALREADY_INITIALISED,
            message: format!("`{}` is already there", config::FILE),
            hints: vec!["run `whimbrel status` to see what it leads to".to_owned()],
        });
    }
    let asked = options.format.is_some() || options.folder.is_some();
    let mut outlines = if asked { Vec::new() } else { histories::outlines(workspace)? };
    let found = !outlines.is_empty();
    let others = others(workspace)?;
    if let (false, false, [other, ..]) = (found, asked, others.as_slice()) {
        return Err(not_read(other));
    }
    if !found {
        outlines.push(fresh(workspace, options)?);
    }
    let looks = database::look(workspace)?;
    let place = looks.into_iter().find(|look| matches!(look.found, Found::Url(_)));
    let place = place.map(|look| look.place);
    let text = write(&outlines, place.as_deref());
    check(&text)?;
    for outline in &outlines {
        if !found {
            workspace.folder().make(&outline.settings.folder)?;
        }
    }
    workspace.folder().create(Utf8Path::new(config::FILE), &text)?;
    let histories = outlines.into_iter().map(|outline| Set {
        name: outline.settings.name,
        format: outline.format.name().to_owned(),
        folder: outline.settings.folder,
        because: outline.because,
    });
    Ok(Report {
        version: wire::VERSION,
        config: Utf8PathBuf::from(config::FILE),
        histories: histories.collect(),
        found,
        others,
        database: place,
    })
}

fn others(workspace: &Workspace) -> Result<Vec<Other>, Error> {
    let seen = tools::seen(workspace.folder())?;
    let other = |seen: Seen| Other { tool: seen.tool.name(), file: seen.file };
    Ok(seen.into_iter().map(other).collect())
}

/// A second history beside one that is there is begun only by somebody who says so.
fn not_read(other: &Other) -> Error {
    let Other { tool, file } = other;
    let usual = formats::for_new_projects().name();
    Error::Usage {
        code: Code::OTHER_TOOLS_PROJECT,
        message: format!("this project's migrations are those of {tool}, as `{file}` tells"),
        hints: vec![
            format!("Whimbrel does not read {tool}'s files yet: that comes later"),
            format!("`whimbrel init --format {usual}` begins a history of SQL files beside them"),
        ],
    }
}

/// A history that does not exist yet.
pub(super) fn fresh(workspace: &Workspace, options: &Options) -> Result<Outline, Error> {
    let format = format_for(workspace, options)?;
    let folder = match (&options.folder, format.folders()) {
        (Some(folder), _) => config::tidy(folder.as_str()),
        (None, [first, ..]) => Utf8PathBuf::from(*first),
        (None, []) => Utf8PathBuf::from("migrations"),
    };
    let name = histories::name_of(&folder);
    let because = "new".to_owned();
    let settings = Settings { name, folder, ..Settings::default() };
    Ok(Outline { format, settings, after: Vec::new(), because })
}

fn format_for(workspace: &Workspace, options: &Options) -> Result<&'static dyn Format, Error> {
    if let (None, Some(folder)) = (&options.format, &options.folder) {
        let folder = config::tidy(folder.as_str());
        for format in formats::ALL {
            if format.recognise(workspace.folder(), &folder)?.is_some() {
                return Ok(*format);
            }
        }
    }
    let Some(name) = options.format.as_deref() else { return Ok(formats::for_new_projects()) };
    formats::by_name(name).ok_or_else(|| {
        let known: Vec<&str> = formats::ALL.iter().map(|format| format.name()).collect();
        let hint = match nearest(name, known.iter().copied()) {
            Some(meant) => format!("did you mean `{meant}`?"),
            None => format!("formats: {}", known.join(", ")),
        };
        Error::Usage {
            code: Code::UNKNOWN_FORMAT,
            message: format!("unknown format `{name}`"),
            hints: vec![hint],
        }
    })
}

/// The text of a whimbrel.toml: what was found as settings, all else as comments.
///
/// `# ` begins prose and `#` a setting that is switched off, so that an editor's uncommenting gives
/// a valid file.
fn write(outlines: &[Outline], database: Option<&str>) -> String {
    let mut text = String::from("# How Whimbrel finds this project's migrations and databases.\n");
    for Outline { format, settings, because, .. } in outlines {
        let (name, folder, format) = (&settings.name, settings.folder.as_str(), format.name());
        let because = because.replace(char::is_control, " ");
        text.extend(["\n[history.", &key(name), "]  # ", &because, "\n"]);
        text.extend(["format = ", &value(format), "\nfolder = ", &value(folder), "\n"]);
        commented(&mut text, &["history", "*"], &["format", "folder"]);
    }
    text.push_str("\n#[ledger]\n");
    commented(&mut text, &["ledger"], &[]);
    let found = match database {
        Some(place) => format!("the one in use now is {place}"),
        None => "none is found now".to_owned(),
    };
    text.extend(["\n# The database is found without configuration: ", &found, ".\n"]);
    text.push_str(
        "# Others get a name, for `--env production` and `@production`.\n#[env.production]\n",
    );
    commented(&mut text, &["env", "*"], &["database_url"]);
    text.push_str("\n#[timeouts]\n");
    commented(&mut text, &["timeouts"], &[]);
    text
}

/// A text as TOML has it behind `=`.
fn value(text: &str) -> String {
    toml::Value::from(text).to_string()
}

/// A name as TOML has it before `=` and between brackets.
fn key(name: &str) -> String {
    let is_bare = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    if name.chars().all(is_bare) { name.to_owned() } else { value(name) }
}

/// Reads what is going to be written: no file is left behind that nobody can read.
fn check(text: &str) -> Result<(), Error> {
    let formats: Vec<&str> = formats::ALL.iter().map(|format| format.name()).collect();
    Config::parse(Utf8Path::new(config::FILE), text, &formats).map_err(WorkspaceError::from)?;
    Ok(())
}

/// Adds the keys of a table, switched off, each under what it is for.
fn commented(text: &mut String, table: &[&str], without: &[&str]) {
    for key in keys::ALL {
        let (name, path) = key.path.split_last().expect("a key has a name");
        if path == table && !without.contains(name) {
            text.extend(["# ", key.brief, "\n#", key.example, "\n"]);
        }
    }
}
