//! SQL files with a header that says what they are and what they need.
//!
//! ```sql
//! -- Migration: 002_create_orders
//! -- Description: Orders of a user
//! -- Type: create_table
//! -- Depends on: [001_create_users]
//!
//! -- ===== UP MIGRATION =====
//! -- @up
//! create table orders (id uuid primary key);
//!
//! -- ===== DOWN MIGRATION =====
//! -- @down
//! drop table orders;
//! ```
//!
//! `Migration` is the file's name and must be there, as must `Type`. Further lines for the runner:
//! `Transaction: none`, `Timeout: 10min`, `Lock timeout: 5s`, `Rerunnable: yes`; the general
//! `-- whimbrel: …` works too. The order is that of the dependencies, ties by id.

use camino::Utf8Path;
use whimbrel_sql::{Diagnostic, Severity, Span, split};

use super::compose::{self, NewFile, NewMigration};
use super::header::{self, Comment, error, file_error, list};
use super::listing::{is_sql, sql_files};
use super::plain::is_repeatable;
use super::sections::{part, part_if_any, sections};
use super::{Format, Listing, Settings};
use crate::digest::{Header, Named, Remark};
use crate::graph::{self, GraphError};
use crate::ledgers::{Ledger, OWN};
use crate::{Digest, Files, FilesError, History, Migration, Order, Section, hash, nearest};

/// SQL files with a header.
pub(super) struct Annotated;

/// The types that a header may state.
pub(super) const TYPES: &[&str] = &[
    "create_table",
    "alter_table",
    "drop_table",
    "create_index",
    "drop_index",
    "insert_data",
    "update_data",
    "delete_data",
    "custom_sql",
];

/// The keys that a header may hold.
const KEYS: &[&str] = &[
    "Migration",
    "Description",
    "Type",
    "Depends on",
    "Transaction",
    "Timeout",
    "Lock timeout",
    "Rerunnable",
];

/// What people write for a key, and the key.
const MISTAKEN: &[(&str, &str)] = &[
    ("depends", "Depends on"),
    ("dependencies", "Depends on"),
    ("dependson", "Depends on"),
    ("depends_on", "Depends on"),
    ("depends-on", "Depends on"),
    ("requires", "Depends on"),
    ("lock_timeout", "Lock timeout"),
    ("statement timeout", "Timeout"),
];

impl Format for Annotated {
    fn name(&self) -> &'static str {
        "annotated"
    }

    fn summary(&self) -> &'static str {
        "SQL files with a header: Migration, Description, Type, Depends on, then -- @up and -- @down"
    }

    fn ledger(&self) -> &'static dyn Ledger {
        OWN
    }

    fn folders(&self) -> &'static [&'static str] {
        &["sql/migrations", "migrations", "db/migrations", "database/migrations"]
    }

    fn recognise(
        &self,
        files: &dyn Files,
        folder: &Utf8Path,
    ) -> Result<Option<String>, FilesError> {
        let listed = files.list(folder)?;
        let Some(first) = listed.iter().find(|file| {
            is_sql(&file.path)
                && file
                    .path
                    .file_name()
                    .is_some_and(|name| name.starts_with(|c: char| c.is_ascii_digit()))
        }) else {
            return Ok(None);
        };
        let bytes = files.read(&first.path)?;
        let head = String::from_utf8_lossy(&bytes);
        let (comments, _) = header::leading(&head);
        let is_header = comments
            .iter()
            .any(|comment| key_of(comment).is_some_and(|(key, _)| key == "Migration"));
        Ok(is_header
            .then(|| format!("the header of `{}`", first.path.file_name().unwrap_or_default())))
    }

    fn list(&self, files: &dyn Files, settings: &Settings) -> Result<Listing, FilesError> {
        Ok(Listing {
            files: sql_files(files, &settings.folder, settings.nested)?,
            skipped: Vec::new(),
        })
    }

    fn digest(&self, path: &Utf8Path, bytes: &[u8]) -> Result<Digest, Vec<Diagnostic>> {
        let text = header::text(path, bytes)?;
        let sections = sections(path, text)?;
        let Some((sections, _)) =
            sections.as_ref().and_then(|found| Some((found, found.up_mark.as_ref()?)))
        else {
            return Err(vec![file_error(
                path,
                "the file has no `-- @up` line",
                vec!["put `-- @up` between the header and the script".into()],
            )]);
        };
        header::only_comments(path, text, sections.head.clone())?;
        let head = Head::read(path, &text[sections.head.clone()])?;
        let mut remarks = head.remarks;
        let up = &text[sections.up.clone()];
        if let Some((kind, span)) = &head.kind
            && let Some(found) = contradiction(kind, up)
        {
            remarks.push(Remark {
                span: Some(span.clone()),
                message: format!("the type is `{kind}`, but the up script {found}"),
                hints: vec!["the type only describes: the script runs as it is".into()],
            });
        }
        Ok(Digest {
            path: path.to_owned(),
            checksum: hash::checksum(bytes, &text[sections.head.clone()]),
            header: Header {
                description: head.description,
                kind: head.kind.map(|(kind, _)| kind),
                depends_on: head.depends_on,
                directives: head.directives,
            },
            up: part(text, sections.up.clone()),
            down: sections.down.clone().and_then(|down| part_if_any(text, down)),
            remarks,
        })
    }

    fn assemble(
        &self,
        settings: &Settings,
        digests: Vec<Digest>,
    ) -> Result<History, Vec<Diagnostic>> {
        let warnings: Vec<Diagnostic> = digests.iter().flat_map(Digest::warnings).collect();
        let mut errors = same_ids(&digests);
        let order = match order(&digests) {
            Ok(order) => order,
            Err(wrong) => {
                errors.extend(wrong);
                Vec::new()
            }
        };
        if !errors.is_empty() {
            return Err(errors);
        }
        let mut migrations: Vec<Migration> = Vec::with_capacity(digests.len());
        let mut digests: Vec<Option<Digest>> = digests.into_iter().map(Some).collect();
        for index in order {
            let digest = digests[index].take().expect("an order names each once");
            migrations.push(migration(settings, digest));
        }
        migrations.sort_by_key(|migration| migration.repeatable);
        Ok(History {
            name: settings.name.clone(),
            format: &Annotated,
            folder: settings.folder.clone(),
            migrations,
            order: Order::Dependencies,
            warnings,
        })
    }

    fn compose(&self, new: &NewMigration, history: &History) -> Result<Vec<NewFile>, Diagnostic> {
        compose::annotated(new, history)
    }
}

/// The id of a file: its name.
fn id(path: &Utf8Path) -> &str {
    path.file_stem().unwrap_or_default()
}

/// A header as it is read.
#[derive(Default)]
struct Head {
    description: Option<String>,
    kind: Option<(String, Span)>,
    depends_on: Vec<Named>,
    directives: crate::Directives,
    remarks: Vec<Remark>,
}

impl Head {
    /// Reads the comments above `-- @up`.
    fn read(path: &Utf8Path, text: &str) -> Result<Self, Vec<Diagnostic>> {
        let (comments, _) = header::leading(text);
        let mut head = Self::default();
        let mut errors = Vec::new();
        match header::directives(path, &comments) {
            Ok(directives) => head.directives = directives,
            Err(wrong) => errors.extend(wrong),
        }
        let mut seen: Vec<&str> = Vec::new();
        for comment in &comments {
            let Some((key, value)) = key_of(comment) else {
                errors.extend(mistaken(path, comment));
                continue;
            };
            if seen.contains(&key) {
                errors.push(error(
                    path,
                    comment.span.clone(),
                    format!("`{key}` a second time"),
                    vec![],
                ));
                continue;
            }
            seen.push(key);
            if let Err(wrong) = head.take(path, key, &value) {
                errors.extend(wrong);
            }
        }
        for needed in ["Migration", "Type"] {
            if !seen.contains(&needed) {
                let example = if needed == "Type" { "create_table" } else { id(path) };
                errors.push(error(
                    path,
                    0..text.lines().next().unwrap_or_default().len(),
                    format!("the header has no `{needed}`"),
                    vec![format!("add the line `-- {needed}: {example}`")],
                ));
            }
        }
        if head.description.is_none() {
            head.remarks.push(Remark {
                span: None,
                message: "the header has no `Description`".into(),
                hints: vec![
                    "add the line `-- Description: …`: it is shown beside the migration".into(),
                ],
            });
        }
        if errors.is_empty() { Ok(head) } else { Err(errors) }
    }

    /// Takes one line.
    fn take(
        &mut self,
        path: &Utf8Path,
        key: &str,
        value: &Comment<'_>,
    ) -> Result<(), Vec<Diagnostic>> {
        let wrong = |message: String, hints: Vec<String>| {
            Err(vec![error(path, value.span.clone(), message, hints)])
        };
        match key {
            "Migration" if value.text == id(path) => Ok(()),
            "Migration" => wrong(
                format!("the header says `{}`, the file is called `{}`", value.text, id(path)),
                vec!["make both the same: the name is the migration's id".into()],
            ),
            "Description" => {
                self.description = Some(value.text.to_owned()).filter(|text| !text.is_empty());
                Ok(())
            }
            "Type" => {
                let given = value.text.to_ascii_lowercase();
                if TYPES.contains(&given.as_str()) {
                    self.kind = Some((given, value.span.clone()));
                    return Ok(());
                }
                let hint = match nearest(&given, TYPES.iter().copied()) {
                    Some(known) => format!("did you mean `{known}`?"),
                    None => format!("the types are {}", list(TYPES)),
                };
                wrong(format!("type `{}` is not known", value.text), vec![hint])
            }
            "Depends on" => {
                self.depends_on = depends_on(path, value)?;
                Ok(())
            }
            key => {
                let key = match key {
                    "Lock timeout" => "lock_timeout",
                    "Timeout" => "timeout",
                    "Transaction" => "transaction",
                    _ => "rerunnable",
                };
                header::direct(&mut self.directives, key, Some(value.text))
                    .or_else(|(message, hints)| wrong(message, hints))
            }
        }
    }
}

/// The key of a header line, as [`KEYS`] has it, and its value.
fn key_of<'a>(comment: &Comment<'a>) -> Option<(&'static str, Comment<'a>)> {
    let (key, rest) = comment.text.split_once(':')?;
    let key = KEYS.iter().find(|known| known.eq_ignore_ascii_case(key.trim()))?;
    let value = rest.trim();
    let start = comment.span.end - rest.len() + (rest.len() - rest.trim_start().len());
    Some((key, Comment { text: value, span: start..start + value.len() }))
}

/// An error for a line whose key is nearly one of the header's.
fn mistaken(path: &Utf8Path, comment: &Comment<'_>) -> Option<Diagnostic> {
    let (key, _) = comment.text.split_once(':')?;
    let key = key.trim();
    let lower = key.to_ascii_lowercase();
    let known =
        MISTAKEN.iter().find(|(mistaken, _)| *mistaken == lower).map(|(_, known)| *known).or_else(
            || {
                let limit = if key.len() < 6 { 1 } else { 2 };
                KEYS.iter().copied().find(|known| {
                    crate::nearest::distance(&lower, &known.to_ascii_lowercase()) <= limit
                })
            },
        )?;
    Some(error(
        path,
        comment.span.start..comment.span.start + key.len(),
        format!("`{key}` is not a line of the header"),
        vec![format!("did you mean `{known}`?")],
    ))
}

/// Reads `[001_a, 002_b]`.
fn depends_on(path: &Utf8Path, value: &Comment<'_>) -> Result<Vec<Named>, Vec<Diagnostic>> {
    let Some(inner) = value.text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) else {
        return Err(vec![error(
            path,
            value.span.clone(),
            "the dependencies are not a list",
            vec![
                "write them as in `[001_create_users, 002_create_orders]`, or `[]` for none".into(),
            ],
        )]);
    };
    let mut names: Vec<Named> = Vec::new();
    let mut errors = Vec::new();
    let mut at = value.span.start + 1;
    for item in inner.split(',') {
        let start = at + (item.len() - item.trim_start().len());
        at += item.len() + 1;
        let name = item.trim();
        let span = start..start + name.len();
        let name = name.trim_matches(['"', '\'', '`']);
        if name.is_empty() {
            if !inner.trim().is_empty() {
                errors.push(error(
                    path,
                    span,
                    "the list holds an empty place",
                    vec!["leave the comma out".into()],
                ));
            }
        } else if name.contains(char::is_whitespace) {
            errors.push(error(
                path,
                span,
                format!("`{name}` is not an id"),
                vec!["part ids by commas".into()],
            ));
        } else if names.iter().any(|before| before.name == name) {
            errors.push(error(path, span, format!("`{name}` stands twice in the list"), vec![]));
        } else {
            names.push(Named { name: name.to_owned(), span });
        }
    }
    if errors.is_empty() { Ok(names) } else { Err(errors) }
}

/// Refuses two files of one id, which only nested folders can hold, and ids no ledger can hold.
fn same_ids(digests: &[Digest]) -> Vec<Diagnostic> {
    let mut seen: std::collections::BTreeMap<&str, &Digest> = std::collections::BTreeMap::new();
    let mut errors = Vec::new();
    for digest in digests {
        let id = id(&digest.path);
        if id.contains(':') {
            errors.push(file_error(
                &digest.path,
                "the file's name holds a `:`",
                vec!["leave it out: `:` parts a history's name from an id".into()],
            ));
        }
        if let Some(before) = seen.insert(id, digest) {
            errors.push(file_error(
                &digest.path,
                format!("`{}` has the same id", before.path),
                vec!["rename one of the two: a migration is recorded by its file's name".into()],
            ));
        }
    }
    errors
}

/// The order in which files run, by position.
fn order(digests: &[Digest]) -> Result<Vec<usize>, Vec<Diagnostic>> {
    let nodes: Vec<(&str, Vec<&str>)> = digests
        .iter()
        .map(|digest| {
            let needs = digest.header.depends_on.iter().map(|named| named.name.as_str());
            (id(&digest.path), needs.collect())
        })
        .collect();
    let place = |from: &str, to: &str| -> (Option<&Digest>, Option<Span>) {
        let digest = digests.iter().find(|digest| id(&digest.path) == from);
        let named = digest
            .and_then(|digest| digest.header.depends_on.iter().find(|named| named.name == to));
        (digest, named.map(|named| named.span.clone()))
    };
    graph::order(&nodes).map_err(|errors| {
        errors
            .into_iter()
            .map(|wrong| {
                let ((digest, span), hints) = match &wrong {
                    GraphError::Missing { id, missing, nearest } => (
                        place(id, missing),
                        vec![match nearest {
                            Some(nearest) => format!("did you mean `{nearest}`?"),
                            None => "name migrations by their file's name without `.sql`".into(),
                        }],
                    ),
                    GraphError::Cycle { path } => (
                        place(&path[0], &path[1]),
                        vec!["take one of these dependencies out".into()],
                    ),
                };
                Diagnostic {
                    severity: Severity::Error,
                    file: digest.map(|digest| digest.path.to_string()),
                    span,
                    message: wrong.to_string(),
                    hints,
                }
            })
            .collect()
    })
}

/// Makes a migration of its file.
fn migration(settings: &Settings, digest: Digest) -> Migration {
    let id = id(&digest.path).to_owned();
    let section = |part: crate::digest::Part| Section {
        path: digest.path.clone(),
        span: part.span,
        fingerprint: part.fingerprint,
    };
    let version = super::name::Version::read(&id);
    Migration {
        history: settings.name.clone(),
        key: if settings.prefixed { format!("{}:{id}", settings.name) } else { id.clone() },
        name: version
            .as_ref()
            .map_or(id.as_str(), |(_, rest)| rest.trim_start_matches(['_', '-']))
            .to_owned(),
        version: version.map(|(version, _)| version.text),
        id,
        description: digest.header.description,
        kind: digest.header.kind,
        depends_on: digest.header.depends_on.into_iter().map(|named| named.name).collect(),
        repeatable: is_repeatable(settings, &digest.path),
        up: section(digest.up),
        down: digest.down.map(section),
        checksum: digest.checksum,
        directives: digest.header.directives,
        path: digest.path,
    }
}

/// What a script's statements are, as types; `None` for one whose effect only the server knows.
fn kinds(script: &str) -> Option<Vec<&'static str>> {
    let split = split(script).ok()?;
    split
        .statements
        .iter()
        .map(|statement| kind_of_statement(&script[statement.span.clone()]))
        .collect()
}

/// The type of one statement; `None` where only the server knows what it does.
fn kind_of_statement(statement: &str) -> Option<&'static str> {
    let lower = statement
        .get(..statement.floor_char_boundary(200))
        .unwrap_or_default()
        .to_ascii_lowercase();
    let words: Vec<&str> = lower
        .split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_')
        .filter(|word| {
            !matches!(
                *word,
                "" | "unique" | "temp" | "temporary" | "unlogged" | "global" | "local" | "foreign"
            )
        })
        .take(2)
        .collect();
    Some(match words.as_slice() {
        ["create", "table"] => "create_table",
        ["create", "index"] => "create_index",
        ["alter", "table"] => "alter_table",
        ["drop", "table"] => "drop_table",
        ["drop", "index"] => "drop_index",
        ["insert" | "copy", ..] => "insert_data",
        ["update", ..] => "update_data",
        ["delete" | "truncate", ..] => "delete_data",
        ["with" | "do" | "call" | "select" | "execute" | "merge" | "explain", ..] => return None,
        _ => "custom_sql",
    })
}

/// How a script contradicts its type, if it surely does.
fn contradiction(kind: &str, script: &str) -> Option<&'static str> {
    if kind == "custom_sql" {
        return None;
    }
    let kinds = kinds(script)?;
    if kinds.is_empty() {
        return Some("holds no statement");
    }
    if kinds.contains(&kind) {
        return None;
    }
    Some(match kind {
        "create_table" => "creates no table",
        "alter_table" => "alters no table",
        "drop_table" => "drops no table",
        "create_index" => "creates no index",
        "drop_index" => "drops no index",
        "insert_data" => "inserts nothing",
        "update_data" => "updates nothing",
        _ => "deletes nothing",
    })
}

/// The type that describes a script, if one does.
pub(super) fn kind_of(script: &str) -> Option<&'static str> {
    let kinds = kinds(script)?;
    let first = *kinds.first()?;
    let fits = first == "create_table" || kinds.iter().all(|kind| *kind == first);
    fits.then_some(first)
}
