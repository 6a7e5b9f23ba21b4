//! Folders of migrations, the same ones in each tool's own form.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::Outcome;

/// What the migrations do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Body {
    /// Nothing, in a file of the usual size: for measuring what is found, read and compared.
    Nothing,
    /// A table of five columns with a primary key, an index, a row.
    Small,
}

/// How files are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// `0001_name.sql`: Whimbrel's plain format and sqlx-cli's.
    Plain,
    /// With Whimbrel's header.
    Annotated,
    /// With dbmate's marks.
    Dbmate,
}

/// A project on disk, gone when it is dropped.
#[derive(Debug)]
pub(crate) struct Project {
    folder: TempDir,
}

impl Project {
    /// Writes `count` migrations.
    pub(crate) fn new(form: Form, body: Body, count: usize) -> Outcome<Self> {
        let folder = tempfile::Builder::new().prefix("whimbrel-bench-").tempdir()?;
        let project = Self { folder };
        fs::create_dir_all(project.migrations())?;
        for number in 1..=count {
            project.write(form, body, number)?;
        }
        Ok(project)
    }

    /// Adds one migration.
    pub(crate) fn write(&self, form: Form, body: Body, number: usize) -> Outcome<()> {
        let name = format!("{number:05}_make_table_{number}");
        let sql = body.sql(number);
        let text = match form {
            Form::Plain => sql,
            Form::Dbmate => format!("-- migrate:up\n{sql}\n-- migrate:down\n"),
            Form::Annotated => format!(
                "-- Migration: {name}\n-- Description: Makes table {number}\n\
                 -- Type: {}\n-- Depends on: [{}]\n\n-- @up\n{sql}",
                if body == Body::Small { "create_table" } else { "custom_sql" },
                match number {
                    1 => String::new(),
                    _ => format!("{0:05}_make_table_{0}", number - 1),
                },
            ),
        };
        fs::write(self.migrations().join(format!("{name}.sql")), text)?;
        Ok(())
    }

    /// The project's folder.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The folder with the files.
    pub(crate) fn migrations(&self) -> PathBuf {
        self.folder.path().join("migrations")
    }
}

impl Body {
    /// The script of a migration, about 300 bytes.
    pub(crate) fn sql(self, number: usize) -> String {
        match self {
            Self::Nothing => format!(
                "-- This migration stands for one that was applied long ago. Its text is as long as\n\
                 -- that of most migrations, since whoever verifies a checksum reads all of it: the\n\
                 -- table with its five columns, the key, the index that somebody asked for later,\n\
                 -- and a row or two.\n\
                 select {number};\n"
            ),
            Self::Small => format!(
                "create table t{number} (\n    id bigint primary key,\n    name text not null,\n    \
                 email text,\n    amount numeric(10, 2) not null default 0,\n    \
                 created_at timestamptz not null default now()\n);\n\
                 create index t{number}_email on t{number} (email);\n\
                 insert into t{number} (id, name, email) values (1, 'first', 'first@example.org');\n"
            ),
        }
    }
}

/// How psql sends migrations, each in a transaction with an entry in a small ledger.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sending {
    /// A message for each statement.
    ByStatement,
    /// A message for each migration.
    ByMigration,
    /// One message for all.
    AtOnce,
}

/// A script for `psql -f`.
pub(crate) fn psql_script(sending: Sending, count: usize) -> String {
    let mut script = "create table ledger (version text primary key, checksum text not null, \
         applied_at timestamptz not null default now());\n"
        .to_owned();
    for number in 1..=count {
        let entry = format!(
            "insert into ledger (version, checksum) values ('{number:05}', '{number:064x}')"
        );
        let migration = format!("begin;\n{}{entry};\ncommit;\n", Body::Small.sql(number));
        let text = match sending {
            Sending::ByStatement => migration,
            Sending::ByMigration => {
                let joined = migration.trim_end().replace(";\n", "\\;\n");
                format!("{joined}\n")
            }
            Sending::AtOnce => migration.replace(";\n", "\\;\n"),
        };
        script.push_str(&text);
    }
    if sending == Sending::AtOnce {
        writeln!(script, "select;").expect("a string takes all");
    }
    script
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn psql_sends_as_many_messages_as_it_is_told_to() {
        let messages = |sending| {
            let script = psql_script(sending, 10);
            script.matches(';').count() - script.matches("\\;").count() - 1
        };
        assert_eq!(messages(Sending::ByStatement), 10 * 6);
        assert_eq!(messages(Sending::ByMigration), 10);
        assert_eq!(messages(Sending::AtOnce), 1);
    }

    #[test]
    fn files_have_the_usual_size() {
        for body in [Body::Nothing, Body::Small] {
            assert!((250..400).contains(&body.sql(500).len()), "{}", body.sql(500).len());
        }
    }
}
