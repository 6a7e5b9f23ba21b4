//! Notes the connection URL in a `.env` file, and leaves all else of it as it is.

use std::fs::{self, File, Permissions};
use std::io::{self, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _, chown};

use camino::{Utf8Path, Utf8PathBuf};
use schemars::JsonSchema;
use serde::Serialize;
use whimbrel_engine::{Host, Secret, Target};
use whimbrel_history::FilesError;

use super::ignored;
use crate::catalogue::Code;
use crate::database::dotenv;
use crate::error::Error;
use crate::git::Git;
use crate::workspace::Workspace;

/// A file to note the connection URL in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EnvFile {
    /// The file, relative to the folder in which the command was given.
    pub path: Utf8PathBuf,
    /// The variable.
    pub variable: String,
    /// Whether a value that leads to another machine may be replaced.
    pub force: bool,
}

/// What became of the file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct EnvFileShown {
    /// The file.
    #[schemars(with = "String")]
    pub path: Utf8PathBuf,
    /// The variable.
    pub variable: String,
    /// `written`, `changed` or `up-to-date`.
    pub outcome: &'static str,
    /// Whether git would commit it, password and all.
    pub is_committed: bool,
}

/// Refuses what [`write`] would refuse.
pub(super) fn check(workspace: &Workspace, wish: &EnvFile) -> Result<(), Error> {
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    if wish.variable.is_empty()
        || !wish.variable.chars().all(is_name)
        || wish.variable.starts_with(|c: char| c.is_ascii_digit())
    {
        return Err(Error::Usage {
            code: Code::VARIABLE_NAME,
            message: format!("`{}` is no name of a variable", wish.variable),
            hints: vec!["for example `--env-var DATABASE_URL`".to_owned()],
        });
    }
    let Some(text) = read(workspace, wish)? else { return Ok(()) };
    let file = dotenv::parse(&text, &workspace.surroundings().variables);
    let Some(value) = file.values.get(&wish.variable) else { return Ok(()) };
    if wish.force || leads_here(&value.text) {
        return Ok(());
    }
    Err(Error::Refused {
        code: Code::ENV_FILE_ELSEWHERE,
        message: format!(
            "{} in `{}`, line {}, does not lead to this machine, so it stays as it is",
            wish.variable, wish.path, value.line
        ),
        hints: vec![
            "`--force` replaces it; `--env-var NAME` or `--env-file FILE` writes another"
                .to_owned(),
        ],
    })
}

/// Notes the URL.
pub(super) fn write(
    workspace: &Workspace,
    wish: &EnvFile,
    url: &Secret,
) -> Result<EnvFileShown, Error> {
    check(workspace, wish)?;
    let before = read(workspace, wish)?;
    let file =
        before.as_deref().map(|text| dotenv::parse(text, &workspace.surroundings().variables));
    let known = file.as_ref().and_then(|file| file.values.get(&wish.variable));
    let outcome = match known {
        Some(value) if value.text == url.reveal() => "up-to-date",
        Some(_) => "changed",
        None => "written",
    };
    if outcome != "up-to-date" {
        let lines = known.map(|value| value.line..value.next);
        let text =
            updated(before.as_deref().unwrap_or_default(), &wish.variable, url.reveal(), lines);
        let path = place(workspace, wish);
        save(&path, text.as_bytes())
            .map_err(|source| FilesError { path: wish.path.clone(), source })?;
    }
    Ok(EnvFileShown {
        path: wish.path.clone(),
        variable: wish.variable.clone(),
        outcome,
        is_committed: is_committed(&place(workspace, wish)),
    })
}

fn place(workspace: &Workspace, wish: &EnvFile) -> Utf8PathBuf {
    let path = workspace.surroundings().folder.join(&wish.path);
    // What a link leads to is written, and the link stays.
    path.canonicalize_utf8().unwrap_or(path)
}

fn read(workspace: &Workspace, wish: &EnvFile) -> Result<Option<String>, Error> {
    let failed = |source| FilesError { path: wish.path.clone(), source };
    match fs::read(place(workspace, wish)) {
        Ok(bytes) => Ok(Some(
            String::from_utf8(bytes)
                .map_err(|error| failed(io::Error::new(io::ErrorKind::InvalidData, error)))?,
        )),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(failed(error).into()),
    }
}

/// Whether a value is nothing, or a connection URL of this machine.
fn leads_here(value: &str) -> bool {
    if value.trim().is_empty() {
        return true;
    }
    // Who logs in does not matter.
    let user = |name: &str| (name == "USER").then(|| "anybody".to_owned());
    let Ok(target) = Target::parse(value, &user) else { return false };
    target.hosts.iter().all(|host| match host {
        Host::Socket { .. } => true,
        Host::Tcp { host, address, .. } => {
            let named = host.trim_end_matches('.');
            named.eq_ignore_ascii_case("localhost")
                || address.or_else(|| host.parse().ok()).is_some_and(|ip| ip.is_loopback())
        }
    })
}

/// The text with one variable set; `lines` is where it stands, from 1, the end left out.
fn updated(text: &str, name: &str, value: &str, lines: Option<std::ops::Range<usize>>) -> String {
    let end = if text.contains("\r\n") { "\r\n" } else { "\n" };
    let mut all: Vec<&str> = text.split_inclusive('\n').collect();
    let Some(lines) = lines else {
        let mut text = text.to_owned();
        if !text.is_empty() && !text.ends_with('\n') {
            text.push_str(end);
        }
        return text + &format!("{name}={value}{end}");
    };
    let of = lines.start - 1..(lines.end - 1).min(all.len());
    let old = all[of.clone()].concat();
    let new = reassigned(&old, value);
    all.splice(of, [new.as_str()]);
    all.concat()
}

/// An assignment with another value: what stands before and after it stays.
fn reassigned(old: &str, value: &str) -> String {
    let at = old.find('=').map_or(old.len(), |at| at + 1);
    let (left, right) = old.split_at(at);
    let body = right.trim_start_matches([' ', '\t']);
    let blanks = &right[..right.len() - body.len()];
    let quoted = body.chars().next().filter(|c| matches!(c, '\'' | '"'));
    let (quote, rest) = if let Some(quote) = quoted {
        let rest = body[1..].rsplit_once(quote).map_or("", |(_, rest)| rest);
        (quote.to_string(), rest)
    } else {
        let line = body.trim_end_matches(['\r', '\n']);
        let comment =
            line.match_indices('#').find(|(at, _)| *at == 0 || line[..*at].ends_with([' ', '\t']));
        let until = comment.map_or(line, |(at, _)| &line[..at]).trim_end().len();
        (String::new(), &body[until..])
    };
    // A value that was nothing may stand right before a comment.
    let gap = if rest.starts_with('#') { " " } else { "" };
    format!("{left}{blanks}{quote}{value}{quote}{gap}{rest}")
}

/// Replaces a file by another of the same owner and permissions, whole at every instant. A new one
/// is for its owner's eyes.
fn save(path: &Utf8Path, content: &[u8]) -> io::Result<()> {
    let draft = path.with_file_name(format!(
        ".{}.{}.new",
        path.file_name().unwrap_or("env"),
        std::process::id()
    ));
    let before = fs::metadata(path).ok();
    let write = || {
        let mut file: File =
            File::options().create_new(true).write(true).mode(0o600).open(&draft)?;
        file.write_all(content)?;
        if let Some(before) = &before {
            file.set_permissions(Permissions::from_mode(before.mode() & 0o7777))?;
            let ours = file.metadata()?;
            if (ours.uid(), ours.gid()) != (before.uid(), before.gid()) {
                chown(&draft, Some(before.uid()), Some(before.gid()))?;
            }
        }
        file.sync_all()?;
        fs::rename(&draft, path)
    };
    let written = write();
    if written.is_err() {
        fs::remove_file(&draft).ok();
    }
    written
}

/// Whether git would commit a file.
fn is_committed(path: &Utf8Path) -> bool {
    let Some(git) = path.parent().and_then(Git::of) else { return false };
    !ignored::is_ignored(&git, path)
}

#[cfg(test)]
mod tests {
    use super::*;

    const URL: &str = "postgresql://postgres:x@127.0.0.1:1/app";

    fn set(text: &str) -> String {
        let file = dotenv::parse(text, &std::collections::BTreeMap::new());
        let lines = file.values.get("DATABASE_URL").map(|value| value.line..value.next);
        updated(text, "DATABASE_URL", URL, lines)
    }

    fn check(before: &str, after: &str) {
        assert_eq!(set(before), after.replace("URL!", URL), "{before:?}");
        // What was written is what is read, and a second time changes nothing.
        let file = dotenv::parse(&set(before), &std::collections::BTreeMap::new());
        assert_eq!(file.values["DATABASE_URL"].text, URL, "{before:?}");
        assert_eq!(set(&set(before)), set(before), "{before:?}");
    }

    #[test]
    fn a_variable_that_is_missing_comes_last() {
        check("", "DATABASE_URL=URL!\n");
        check("# mine\nA=1", "# mine\nA=1\nDATABASE_URL=URL!\n");
        check("A=1\r\n", "A=1\r\nDATABASE_URL=URL!\r\n");
        check("# DATABASE_URL=old\n", "# DATABASE_URL=old\nDATABASE_URL=URL!\n");
    }

    #[test]
    fn what_stands_around_a_value_stays() {
        check("A=1\nDATABASE_URL=x # why\nB=2\n", "A=1\nDATABASE_URL=URL! # why\nB=2\n");
        check("\u{feff}DATABASE_URL=x\r\nB=2\r\n", "\u{feff}DATABASE_URL=URL!\r\nB=2\r\n");
        check("  export DATABASE_URL = x", "  export DATABASE_URL = URL!");
        check("DATABASE_URL=\nB=2", "DATABASE_URL=URL!\nB=2");
        check("DATABASE_URL=# nothing\n", "DATABASE_URL=URL! # nothing\n");
    }

    #[test]
    fn quotes_stay_and_values_of_several_lines_go_whole() {
        check("DATABASE_URL='x' # why\n", "DATABASE_URL='URL!' # why\n");
        check("DATABASE_URL=\"x\ny\"\nB=2\n", "DATABASE_URL=\"URL!\"\nB=2\n");
    }

    #[test]
    fn of_several_the_one_that_counts_is_changed() {
        check("DATABASE_URL=1\nDATABASE_URL=2\n", "DATABASE_URL=1\nDATABASE_URL=URL!\n");
    }

    #[test]
    fn only_this_machine_is_here() {
        for value in [
            "",
            "postgres://a@localhost/b",
            "postgresql+asyncpg://a@127.0.0.1:1/b",
            "postgres://a@[::1]/b",
            "postgres:///b?host=/tmp",
        ] {
            assert!(leads_here(value), "{value}");
        }
        for value in [
            "postgres://a@db.example/b",
            "postgres://a@localhost.example/b",
            "postgres://a@127.0.0.1,db.example/b",
            "sqlite:///x.db",
            "change me",
        ] {
            assert!(!leads_here(value), "{value}");
        }
    }
}
