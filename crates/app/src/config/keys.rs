//! Every key of whimbrel.toml, in one list: checks, the reference page and `init` derive from it.

use crate::cases::dev;

/// The table of the development database is called as the command that runs it.
pub(super) const DEV: &str = dev::CASE.name;

/// A key of whimbrel.toml.
#[derive(Clone, Copy, Debug)]
pub struct Key {
    /// Where it stands; `*` is a name of the user's choice.
    pub path: &'static [&'static str],
    /// What it holds.
    pub kind: Kind,
    /// What holds without it.
    pub default: &'static str,
    /// One line as it may stand in the file, its table left out.
    pub example: &'static str,
    /// What it is for, in half a line.
    pub brief: &'static str,
    /// What it does: whole sentences.
    pub about: &'static str,
}

impl Key {
    /// Shows the key as a person names it: `history.NAME.folder`.
    pub fn dotted(&self) -> String {
        self.path
            .iter()
            .map(|part| if *part == "*" { "NAME" } else { part })
            .collect::<Vec<_>>()
            .join(".")
    }
}

/// What a key holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Any text.
    Text,
    /// The name of a format.
    Format,
    /// `true` or `false`.
    Flag,
    /// A whole number from 1 to 65535.
    Number,
    /// A list of texts.
    List,
    /// A text, or several in a list.
    Texts,
    /// A length of time, as Postgres writes one.
    Period,
    /// A way to the database.
    Way,
}

impl Kind {
    /// What is expected, for messages and the reference page.
    pub fn expected(self) -> &'static str {
        match self {
            Self::Text => "a text",
            Self::Format => "the name of a format",
            Self::Flag => "`true` or `false`",
            Self::Number => "a number from 1 to 65535",
            Self::List => "a list of texts",
            Self::Texts => "a text or a list of texts",
            Self::Period => "a duration such as \"5min\"",
            Self::Way => "`native`, `psql` or `api`",
        }
    }
}

/// Every key, in the order in which the reference page shows them.
pub const ALL: &[Key] = &[
    Key {
        path: &["history", "*", "format"],
        kind: Kind::Format,
        default: "what the files look like",
        example: "format = \"annotated\"",
        brief: "how the files are written",
        about: "How the migrations of this history are written.",
    },
    Key {
        path: &["history", "*", "folder"],
        kind: Kind::Text,
        default: "where the format usually has them",
        example: "folder = \"sql/migrations\"",
        brief: "where they are",
        about: "The folder that holds them, relative to the project.",
    },
    Key {
        path: &["history", "*", "after"],
        kind: Kind::List,
        default: "[]",
        example: "after = [\"supabase\"]",
        brief: "histories that run before this one",
        about: "Histories whose pending migrations run before those of this one. Histories that are not ordered this way run by time.",
    },
    Key {
        path: &["history", "*", "repeatable"],
        kind: Kind::List,
        default: "[]",
        example: "repeatable = [\"master.sql\", \"view_*.sql\"]",
        brief: "files that run last, and again when they change",
        about: "Files, relative to the folder, that run last, and again whenever their statements change. `*` stands for any characters within one name; what lies in folders further in wants `nested = true`.",
    },
    Key {
        path: &["history", "*", "nested"],
        kind: Kind::Flag,
        default: "false",
        example: "nested = true",
        brief: "whether folders below count too",
        about: "Whether migrations in folders below `folder` belong to the history too.",
    },
    Key {
        path: &["connection", "via"],
        kind: Kind::Way,
        default: "\"native\"",
        example: "via = \"psql\"",
        brief: "the way to the database: native, psql, api or auto",
        about: "The way to the database, where neither `--via` nor WHIMBREL_VIA says another: `native` is a connection of our own, `psql` the program, `api` Supabase's Management API, and `auto` the first of these that can be had.",
    },
    Key {
        path: &["connection", "project_ref"],
        kind: Kind::Text,
        default: "none",
        example: "project_ref = \"abcdefghijklmnopqrst\"",
        brief: "the project at Supabase, for via = \"api\"",
        about: "The project at Supabase whose Management API is taken, where `--project-ref` names none.",
    },
    Key {
        path: &["ledger", "schema"],
        kind: Kind::Text,
        default: "\"whimbrel\"",
        example: "schema = \"whimbrel\"",
        brief: "the schema of Whimbrel's own ledger",
        about: "The schema of Whimbrel's own ledger, used by formats that have none of their own. Tables of a project that already has them elsewhere are adopted where they are.",
    },
    Key {
        path: &["ledger", "journal"],
        kind: Kind::Flag,
        default: "true",
        example: "journal = false",
        brief: "whether runs and unfinished steps are written down in the database",
        about: "Whether runs, their times and the intents of steps outside a transaction are kept in the schema `whimbrel_journal`. Nothing is run twice without it, but a migration of several steps outside a transaction is refused: nobody could tell how far it came.",
    },
    Key {
        path: &["env", "*", "url_env"],
        kind: Kind::Text,
        default: "none",
        example: "url_env = \"PRODUCTION_DATABASE_URL\"",
        brief: "the variable that holds the connection URL",
        about: "The environment variable (of the process or of a .env file) that holds this environment's connection URL.",
    },
    Key {
        path: &["env", "*", "database_url"],
        kind: Kind::Text,
        default: "none",
        example: "database_url = \"postgres://app@localhost/app\"",
        brief: "the connection URL itself",
        about: "This environment's connection URL. One with a password does not belong into a file that is committed: use `url_env`.",
    },
    Key {
        path: &["env", "*", "via"],
        kind: Kind::Way,
        default: "\"native\"",
        example: "via = \"psql\"",
        brief: "the way to this environment: native, psql, api or auto",
        about: "The way to this environment, where neither `--via` nor WHIMBREL_VIA says another: `native` is a connection of our own, `psql` the program, `api` Supabase's Management API, and `auto` the first of these that can be had.",
    },
    Key {
        path: &["env", "*", "project_ref"],
        kind: Kind::Text,
        default: "none",
        example: "project_ref = \"abcdefghijklmnopqrst\"",
        brief: "the project at Supabase, for via = \"api\"",
        about: "The project at Supabase whose Management API is taken, where `--project-ref` names none.",
    },
    Key {
        path: &["env", "*", "protected"],
        kind: Kind::Flag,
        default: "false",
        example: "protected = true",
        brief: "whether a run wants its own word, beyond --yes",
        about: "Whether a run wants its own word: at a prompt the environment's name is to be typed, and without a terminal `--yes` is not enough, but `--allow protected` is.",
    },
    Key {
        path: &["env", "*", "seeds"],
        kind: Kind::List,
        default: "those of every environment",
        example: "seeds = [\"seeds/demo/*.sql\"]",
        brief: "the seed files of this environment, in place of all others",
        about: "Patterns of this environment's seed files. They take the place of those in `seeds.files` and in the format's own configuration; `[]` is none.",
    },
    Key {
        path: &["env", "*", "hooks", "before"],
        kind: Kind::Texts,
        default: "that of every environment",
        example: "before = \"db/hooks/pause.sql\"",
        brief: "the same for this environment, in place of `hooks.before`",
        about: "What runs in this environment, in place of `before` in `[hooks]`; `[]` is nothing.",
    },
    Key {
        path: &["env", "*", "hooks", "after"],
        kind: Kind::Texts,
        default: "that of every environment",
        example: "after = [\"make types\", \"db/hooks/resume.sql\"]",
        brief: "the same for this environment, in place of `hooks.after`",
        about: "What runs in this environment, in place of `after` in `[hooks]`; `[]` is nothing.",
    },
    Key {
        path: &["env", "*", "hooks", "after_failure"],
        kind: Kind::Texts,
        default: "that of every environment",
        example: "after_failure = \"./notify.sh\"",
        brief: "the same for this environment, in place of `hooks.after_failure`",
        about: "What runs in this environment, in place of `after_failure` in `[hooks]`; `[]` is nothing.",
    },
    Key {
        path: &["hooks", "before"],
        kind: Kind::Texts,
        default: "none",
        example: "before = \"db/hooks/pause.sql\"",
        brief: "what runs before the migrations",
        about: "What runs, under the lock, before the first migration of a run: a path that ends in `.sql` is a file of the project, anything else a line for `sh`. If it fails, nothing is run. [Hooks](../hooks.md) has the rest.",
    },
    Key {
        path: &["hooks", "after"],
        kind: Kind::Texts,
        default: "none",
        example: "after = [\"make types\", \"db/hooks/resume.sql\"]",
        brief: "what runs after a run that went well",
        about: "What runs after a run that went well. If it fails, what was applied stays applied, and the command ends with 7.",
    },
    Key {
        path: &["hooks", "after_failure"],
        kind: Kind::Texts,
        default: "none",
        example: "after_failure = \"./notify.sh\"",
        brief: "what runs after a run that did not",
        about: "What runs after a run that did not end well: a migration or a hook failed, or somebody stopped it.",
    },
    Key {
        path: &["seeds", "files"],
        kind: Kind::List,
        default: "none",
        example: "files = [\"seeds/*.sql\"]",
        brief: "seed files for `up --seed`, in their order",
        about: "Patterns of seed files, relative to the project's folder, in the order in which they run; those of one pattern run by name. Those that a format's own configuration names run before them.",
    },
    Key {
        path: &[DEV, "per_branch"],
        kind: Kind::Flag,
        default: "false",
        example: "per_branch = true",
        brief: "whether each git branch has a development database of its own",
        about: "Whether `dev`, and `--dev` of other commands, use a database of the branch that is checked out. It is made, as a copy of the database of the branch that it came from, when it is used first.",
    },
    Key {
        path: &[DEV, "seed"],
        kind: Kind::Flag,
        default: "false",
        example: "seed = true",
        brief: "whether seed files run in a new development database",
        about: "Whether the project's seed files run where `dev start` or `dev reset` makes a database, as with `--seed`.",
    },
    Key {
        path: &[DEV, "port"],
        kind: Kind::Number,
        default: "`port` of `[db]` in supabase/config.toml, else one that is free",
        example: "port = 15432",
        brief: "the port of the development server, if it is free when it is started first",
        about: "The port that `dev start` takes if it is free when the server is started for the first time; from then on it keeps the one that it has, and `dev start --port` moves it.",
    },
    Key {
        path: &[DEV, "major"],
        kind: Kind::Number,
        default: "`major_version` of `[db]` in supabase/config.toml, else 17",
        example: "major = 16",
        brief: "the major version of a new development server",
        about: "The major version of Postgres that a new development server has, 14 to 18. Data that is there keeps its own; `dev reset --hard` begins anew.",
    },
    Key {
        path: &["timeouts", "connect"],
        kind: Kind::Period,
        default: "\"10s\"",
        example: "connect = \"10s\"",
        brief: "for a connection",
        about: "How long to wait for a connection, unless the URL says `connect_timeout`.",
    },
    Key {
        path: &["timeouts", "lock"],
        kind: Kind::Period,
        default: "\"2s\"",
        example: "lock = \"2s\"",
        brief: "for the lock of a table, at each try",
        about: "`lock_timeout` of each migration, for each try: how long a statement may stand in the queue for a table, everyone else behind it.",
    },
    Key {
        path: &["timeouts", "statement"],
        kind: Kind::Period,
        default: "\"0\"",
        example: "statement = \"15min\"",
        brief: "for a statement; 0 is none",
        about: "`statement_timeout` of each migration that does not state its own; 0 is none.",
    },
    Key {
        path: &["timeouts", "retry_for"],
        kind: Kind::Period,
        default: "\"1min\"",
        example: "retry_for = \"10min\"",
        brief: "for all tries of a migration that locks or deadlocks stop",
        about: "How long a migration is tried again when a lock, a deadlock or a serialization failure stopped it.",
    },
    Key {
        path: &["timeouts", "wait"],
        kind: Kind::Period,
        default: "\"5min\"",
        example: "wait = \"1min\"",
        brief: "for another run to end",
        about: "How long to wait for another run on the same database to end; 0 does not wait.",
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_unique_and_examples_name_their_key() {
        let paths: std::collections::BTreeSet<_> = ALL.iter().map(|key| key.path).collect();
        assert_eq!(paths.len(), ALL.len());
        for key in ALL {
            let name = key.path.last().unwrap();
            assert!(key.example.starts_with(&format!("{name} = ")), "{}", key.example);
        }
    }
}
