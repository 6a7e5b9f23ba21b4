//! What every command understands.

use std::ffi::OsString;

use camino::Utf8PathBuf;
use clap::{ArgMatches, Args, Command, FromArgMatches, ValueEnum};
use whimbrel_app::Secret;
use whimbrel_app::database::{WayName, WayOptions};

use crate::commands;
use crate::terminal::{Manner, columns};
use crate::theme;

/// Options of every command.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Global options")]
#[expect(
    clippy::struct_excessive_bools,
    reason = "flags that a person may give, none of them a state"
)]
pub(crate) struct Globals {
    /// The project's folder; by default the one that the current folder belongs to
    #[arg(long, global = true, value_name = "FOLDER")]
    pub(crate) project: Option<Utf8PathBuf>,

    /// The database: a connection URL, or @NAME for an environment of whimbrel.toml
    ///
    /// Without it, the URL is looked for in the environment, in .env files, and in the configuration
    /// of Supabase and Alembic.
    #[arg(long, global = true, value_name = "URL", value_parser = secret, conflicts_with = "env")]
    pub(crate) database_url: Option<Secret>,

    /// The database of an environment of whimbrel.toml
    #[arg(long, global = true, value_name = "NAME")]
    pub(crate) env: Option<String>,

    /// The way to the database: a connection, the program psql, or Supabase's Management API
    #[arg(long, global = true, value_name = "WAY")]
    pub(crate) via: Option<Via>,

    /// With --via api: the project at Supabase, if `supabase link` did not leave it
    #[arg(long, global = true, value_name = "REF")]
    pub(crate) project_ref: Option<String>,

    /// With --via api: the access token; better in SUPABASE_ACCESS_TOKEN, where nobody sees it
    #[arg(long, global = true, value_name = "TOKEN", value_parser = secret)]
    pub(crate) access_token: Option<Secret>,

    /// Only this history, where the project has several
    #[arg(long, global = true, value_name = "NAME")]
    pub(crate) history: Option<String>,

    /// Write the report as JSON to stdout
    #[arg(long, global = true)]
    pub(crate) json: bool,

    /// Say nothing but errors
    #[arg(long, short, global = true, conflicts_with = "verbose")]
    pub(crate) quiet: bool,

    /// Say more: each statement, each wait, each notice of the server
    #[arg(long, short, global = true)]
    pub(crate) verbose: bool,

    /// No colour; NO_COLOR in the environment does the same
    #[arg(long, global = true)]
    pub(crate) no_color: bool,
}

/// A way to a database.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Via {
    /// A connection of our own
    Native,
    /// The program psql
    Psql,
    /// Supabase's Management API, over HTTPS
    Api,
    /// A connection, or where none can be made psql or the API
    Auto,
}

impl Globals {
    /// What was said about the way.
    pub(crate) fn way(&self) -> WayOptions {
        let name = self.via.map(|via| match via {
            Via::Native => WayName::Native,
            Via::Psql => WayName::Psql,
            Via::Api => WayName::Api,
            Via::Auto => WayName::Auto,
        });
        WayOptions { name, project: self.project_ref.clone(), token: self.access_token.clone() }
    }

    /// What was said about the output.
    pub(crate) fn manner(&self) -> Manner {
        Manner {
            json: self.json,
            quiet: self.quiet,
            verbose: self.verbose,
            no_color: self.no_color,
        }
    }
}

#[expect(clippy::unnecessary_wraps, reason = "clap wants a parser that may fail")]
pub(crate) fn secret(text: &str) -> Result<Secret, std::convert::Infallible> {
    Ok(Secret::new(text))
}

const ABOUT: &str = "Run, check and reconcile schema migrations for Postgres and Supabase";

const LONG_ABOUT: &str = "\
Run, check and reconcile schema migrations for Postgres and Supabase.

Whimbrel reads the migrations that a project has, however they are written (plain SQL, annotated \
SQL, Supabase's), and applies them so that nothing can break: one runner at a time, each migration \
together with its ledger entry, rehearsed in a throw-away Postgres first.";

const AFTER: &str = "\
Examples:
  whimbrel init                  Set up a project, or recognise the one that is there
  whimbrel new add_user_email    Write a new migration file
  whimbrel doctor                See which database it is, and what there will hurt
  whimbrel status                See what is applied and what is pending
  whimbrel preview               See what `up` would do
  whimbrel up                    Apply what is pending
  whimbrel up --dev              The same in an embedded Postgres of this project
  whimbrel dev start             Keep that running, at a port of its own, for the app

Exit codes: 0 done, 1 failed, 2 usage or configuration, 3 pending or different (--check),
4 refused for safety, 5 cannot connect, 6 locked by another run, 129, 130 and 143 interrupted.";

/// The width of help where there is room: longer lines are hard to read.
const WIDEST: usize = 100;

/// The whole command line.
pub(crate) fn command() -> Command {
    // The doc comment of the options would become the description, so they come first.
    let mut command = Globals::augment_args(Command::new("whimbrel"))
        .version(env!("CARGO_PKG_VERSION"))
        .about(ABOUT)
        .long_about(LONG_ABOUT)
        .after_help(AFTER)
        .styles(theme::HELP)
        .term_width(columns().min(WIDEST))
        .disable_help_subcommand(true)
        .subcommand_required(true)
        .arg_required_else_help(true);
    for entry in commands::ALL {
        command = command.subcommand(entry.clap());
    }
    command
}

/// What was typed: `help up` is `up --help`.
pub(crate) fn typed() -> Vec<OsString> {
    let mut typed: Vec<OsString> = std::env::args_os().collect();
    if typed.get(1).is_some_and(|first| first == "help") {
        typed.remove(1);
        typed.push("--help".into());
    }
    typed
}

/// Takes the options of every command.
pub(crate) fn globals(matches: &ArgMatches) -> Result<Globals, clap::Error> {
    Globals::from_arg_matches(matches)
}
