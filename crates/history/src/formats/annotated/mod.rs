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

mod head;
mod kinds;

use std::collections::BTreeMap;
use std::fmt::Write as _;

use camino::Utf8Path;
use whimbrel_sql::{Diagnostic, Severity, Span};

use super::compose::{NewFile, NewMigration, TO_BE_WRITTEN, body, next_prefix, numbered, refusal};
use super::header::{self, file_error, list, readable};
use super::listing::{below, is_sql, sql_files};
use super::name::{Version, advise};
use super::parted::parted;
use super::sections::{OURS, OURS_DOWN, line_in, part, part_if_any, sections};
use super::{Format, Listing, Settings};
use crate::digest::{Header, Remark};
use crate::files::beginning;
use crate::graph::{self, GraphError};
use crate::ledgers::Ledger;
use crate::ledgers::own::Own;
use crate::migration::{file_name, stem};
use crate::{
    Digest, Entry, Files, FilesError, History, Migration, Order, Recorded, Section, Text, hash,
    nearest,
};

use self::head::{Head, depends_on, key_of};
use self::kinds::{TYPES, contradiction, kind_of};

/// SQL files with a header.
pub(super) struct Annotated;

/// How many files of a folder are looked into for a header.
const LOOKED_INTO: usize = 5;

impl Format for Annotated {
    fn name(&self) -> &'static str {
        "annotated"
    }

    fn summary(&self) -> &'static str {
        "SQL files with a header: Migration, Description, Type, Depends on, then -- @up and -- @down"
    }

    fn ledger(&self) -> &'static dyn Ledger {
        &Own
    }

    fn folders(&self) -> &'static [&'static str] {
        &["sql/migrations", "migrations", "db/migrations", "database/migrations"]
    }

    /// One file a migration, which says what it does and how to undo it.
    fn is_for_new_projects(&self) -> bool {
        true
    }

    fn recognise(
        &self,
        files: &dyn Files,
        folder: &Utf8Path,
    ) -> Result<Option<String>, FilesError> {
        let names = files.names(folder)?;
        let numbered = names.iter().filter(|path| {
            let name = file_name(path);
            is_sql(path) && name.starts_with(|first: char| first.is_ascii_digit())
        });
        // One with a header among those without is a mistake that the person should hear of.
        for path in numbered.take(LOOKED_INTO) {
            let bytes = beginning(files, path)?;
            let text = String::from_utf8_lossy(&bytes);
            let (comments, _) = header::leading(&text);
            if comments.iter().any(|line| matches!(key_of(line), Some(("Migration", _)))) {
                let name = file_name(path);
                return Ok(Some(format!("the header of `{name}`")));
            }
        }
        Ok(None)
    }

    fn list(&self, files: &dyn Files, settings: &Settings) -> Result<Listing, FilesError> {
        Ok(Listing {
            files: sql_files(files, &settings.folder, settings.nested)?,
            skipped: below(files, settings)?.into_iter().collect(),
        })
    }

    fn digest(&self, path: &Utf8Path, text: &Text) -> Result<Digest, Vec<Diagnostic>> {
        let sections =
            sections(path, text, OURS).map_err(|wrong| with_header(path, text, wrong))?;
        let Some((sections, _)) =
            sections.as_ref().and_then(|found| Some((found, found.up_mark.as_ref()?)))
        else {
            let wrong = file_error(
                path,
                "the file has no `-- @up` line",
                vec!["put `-- @up` between the header and the script".into()],
            );
            return Err(with_header(path, text, vec![wrong]));
        };
        header::only_comments(path, text, sections.head.clone(), OURS.up)?;
        let above = readable(path, text.part(sections.head.clone()))?;
        let head = Head::read(path, &above)?;
        let mut remarks = head.remarks;
        let up = text.slice(sections.up.clone());
        if let Some((kind, span)) = &head.kind
            && let Some(found) = readable(path, contradiction(kind, &up))?
        {
            remarks.push(Remark {
                span: Some(span.clone()),
                message: format!("the type is `{kind}`, but the up script {found}"),
                hints: vec!["the type only describes: the script runs as it is".into()],
            });
        }
        Ok(Digest {
            path: path.to_owned(),
            checksum: readable(path, hash::checksum(text, &above))?,
            header: Header {
                description: head.description,
                kind: head.kind.map(|(kind, _)| kind),
                depends_on: head.depends_on,
                directives: head.directives,
            },
            up: part(path, text, sections.up.clone())?,
            down: part_if_any(path, text, sections.down.clone())?,
            remarks,
        })
    }

    fn assemble(
        &'static self,
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
            format: self,
            folder: settings.folder.clone(),
            migrations,
            order: Order::Dependencies,
            named: settings.prefixed,
            warnings,
        })
    }

    fn restore(
        &self,
        entry: &Entry,
        recorded: &Recorded,
        history: &History,
    ) -> Result<Vec<NewFile>, Diagnostic> {
        let mut text = format!("-- Migration: {}\n-- Type: custom_sql\n", entry.id);
        text.push_str("\n-- ===== UP MIGRATION =====\n-- @up\n");
        text.push_str(&body(&recorded.up_text(), ""));
        if let Some(down) = recorded.down_text() {
            text.push_str("\n-- ===== DOWN MIGRATION =====\n-- @down\n");
            text.push_str(&body(&down, ""));
        }
        Ok(vec![NewFile { path: history.folder.join(format!("{}.sql", entry.id)), text }])
    }

    fn compose(&self, new: &NewMigration, history: &History) -> Result<Vec<NewFile>, Diagnostic> {
        compose(new, history)
    }

    fn down_place(&self, migration: &Migration) -> String {
        line_in(OURS_DOWN, migration)
    }
}

/// Errors about a file's marks, with those about its header, where it has one.
fn with_header(path: &Utf8Path, text: &Text, mut wrong: Vec<Diagnostic>) -> Vec<Diagnostic> {
    let Ok(head) = text.head() else { return wrong };
    let (comments, end) = header::leading(&head);
    if comments.iter().any(|comment| key_of(comment).is_some())
        && let Err(more) = Head::read(path, &head[..end])
    {
        wrong.extend(more);
    }
    wrong
}

/// The id of a file: its name.
fn id(path: &Utf8Path) -> &str {
    stem(path)
}

/// Refuses two files of one id, which only nested folders can hold, and ids no ledger can hold.
fn same_ids(digests: &[Digest]) -> Vec<Diagnostic> {
    let mut seen: BTreeMap<&str, &Digest> = BTreeMap::new();
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
    let version = Version::read(&id);
    Migration {
        history: settings.name.clone(),
        key: if settings.prefixed { format!("{}:{id}", settings.name) } else { id.clone() },
        name: version
            .as_ref()
            .map_or(id.as_str(), |(_, rest)| rest.trim_start_matches(['_', '-']))
            .to_owned(),
        version: version.map(|(version, _)| version.text.to_owned()),
        id,
        description: digest.header.description,
        kind: digest.header.kind,
        depends_on: digest.header.depends_on.into_iter().map(|named| named.name).collect(),
        repeatable: settings.is_repeatable(&digest.path),
        up: section(digest.up),
        down: digest.down.map(section),
        checksum: digest.checksum,
        directives: digest.header.directives,
        path: digest.path,
    }
}

/// The file of a new annotated migration.
fn compose(new: &NewMigration, history: &History) -> Result<Vec<NewFile>, Diagnostic> {
    let (new, more) = headed(new)?;
    let slug = advise(&new.name)?;
    let kind = match new.kind.as_deref() {
        None => kind_of(&new.up).unwrap_or("custom_sql"),
        Some(given) => {
            TYPES.iter().copied().find(|known| known.eq_ignore_ascii_case(given)).ok_or_else(
                || {
                    refusal(
                        format!("type `{given}` is not known"),
                        match nearest(given, TYPES.iter().copied()) {
                            Some(known) => format!("did you mean `{known}`?"),
                            None => format!("the types are {}", list(TYPES)),
                        },
                    )
                },
            )?
        }
    };
    let last = numbered(history).last();
    let depends_on = match &new.depends_on {
        None => last.iter().map(|last| last.id.clone()).collect(),
        Some(given) => given.clone(),
    };
    for id in &depends_on {
        if history.get(id).is_none() {
            let ids = history.migrations.iter().map(|migration| migration.id.as_str());
            return Err(refusal(
                format!("there is no migration `{id}` to depend on"),
                match nearest(id, ids) {
                    Some(known) => format!("did you mean `{known}`?"),
                    None => {
                        "name migrations by their whole id, as `whimbrel status` lists them".into()
                    }
                },
            ));
        }
    }
    let id = format!("{}{slug}", next_prefix(history, new.now));
    let description = new.description.clone().unwrap_or_else(|| sentence(&slug));
    if description.contains('\n') {
        return Err(refusal(
            "the description is more than one line".into(),
            "give one line, and write the rest as comments into the file".into(),
        ));
    }
    let mut text = String::new();
    let _ = write!(
        text,
        "-- Migration: {id}\n-- Description: {description}\n-- Type: {kind}\n-- Depends on: [{}]\n{more}\n-- ===== UP MIGRATION =====\n-- @up\n{}\n-- ===== DOWN MIGRATION =====\n-- @down\n{}",
        depends_on.join(", "),
        body(&new.up, TO_BE_WRITTEN),
        body(new.down.as_deref().unwrap_or_default(), "-- Write the statements that undo it here."),
    );
    Ok(vec![NewFile { path: history.folder.join(format!("{id}.sql")), text }])
}

/// What is to be written, with what a header that came along says where the person says nothing; and
/// the lines of that which are for the runner, or for people.
fn headed(new: &NewMigration) -> Result<(NewMigration, String), Diagnostic> {
    let parted = parted(new, OURS)?;
    let (mut new, mut more) = (parted.new, String::new());
    for line in &parted.head {
        let known = header::comment(line, 0).and_then(|comment| key_of(&comment));
        match known {
            // It has another name now.
            Some(("Migration", _)) => {}
            Some(("Description", value)) => {
                new.description.get_or_insert_with(|| value.text.to_owned());
            }
            Some(("Type", value)) => {
                new.kind.get_or_insert_with(|| value.text.to_owned());
            }
            Some(("Depends on", value)) => {
                let named = depends_on(Utf8Path::new(""), &value);
                let named = named.map_err(|wrong| {
                    refusal(wrong[0].message.clone(), wrong[0].hints.join("; "))
                })?;
                let ids = named.into_iter().map(|one| one.name).collect();
                new.depends_on.get_or_insert(ids);
            }
            Some(_) | None => more.extend([line.trim_end(), "\n"]),
        }
    }
    Ok((new, more))
}

/// `add_user_email` as a sentence.
fn sentence(slug: &str) -> String {
    let words = slug.replace('_', " ");
    let mut letters = words.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}
