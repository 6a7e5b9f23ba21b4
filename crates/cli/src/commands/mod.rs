//! The commands: one file each, and two lines here.

mod adopt;
mod completions;
mod dev;
mod diff;
mod doctor;
mod down;
mod explain;
mod init;
mod new;
mod preview;
mod redo;
mod repair;
mod runs;
mod schema;
mod script;
mod shadow;
mod status;
mod up;

use std::marker::PhantomData;

use clap::ArgMatches;
use whimbrel_app::Exit;
use whimbrel_app::catalogue::Code;

use crate::failure::Failure;
use crate::house::House;
use crate::shapes::Shape;

/// Every command, in the order in which help shows them.
#[rustfmt::skip] // one line each, so that one can be added or taken out
pub(crate) const ALL: &[&dyn Command] = &[
    &Entry::<init::Init>::NEW,
    &Entry::<new::New>::NEW,
    &Entry::<status::Status>::NEW,
    &Entry::<preview::Preview>::NEW,
    &Entry::<script::Script>::NEW,
    &Entry::<up::Up>::NEW,
    &Entry::<down::Down>::NEW,
    &Entry::<redo::Redo>::NEW,
    &Entry::<adopt::Adopt>::NEW,
    &Entry::<repair::Repair>::NEW,
    &Entry::<runs::Runs>::NEW,
    &Entry::<diff::Diff>::NEW,
    &Entry::<dev::Dev>::NEW,
    &Entry::<shadow::Shadow>::NEW,
    &Entry::<doctor::Doctor>::NEW,
    &Entry::<explain::Explain>::NEW,
    &Entry::<schema::Schema>::NEW,
    &Entry::<completions::Completions>::NEW,
];

/// A command as clap's derive describes it: the doc comment of the arguments is its help.
pub(crate) trait Verb: clap::Args {
    /// What is typed.
    const NAME: &str;
    /// Lines under `Examples:`, each a command and, after two blanks or more, what it does.
    const EXAMPLES: &str;
    /// The reports that it prints with `--json`.
    const REPORTS: &[Shape] = &[];

    /// Does it.
    fn run(self, house: &mut House) -> Result<Exit, Failure>;
}

/// A command in the list.
pub(crate) trait Command: Sync {
    /// What is typed.
    fn name(&self) -> &'static str;
    /// Its description for clap.
    fn clap(&self) -> clap::Command;
    /// The reports that it prints with `--json`.
    fn reports(&self) -> &'static [Shape];
    /// Does it.
    fn run(&self, matches: &ArgMatches, house: &mut House) -> Result<Exit, Failure>;
}

/// Makes a [`Verb`] an entry of the list.
pub(crate) struct Entry<V>(PhantomData<fn() -> V>);

impl<V> Entry<V> {
    /// The entry.
    pub(crate) const NEW: Self = Self(PhantomData);
}

impl<V: Verb> Command for Entry<V> {
    fn name(&self) -> &'static str {
        V::NAME
    }

    fn clap(&self) -> clap::Command {
        V::augment_args(
            clap::Command::new(V::NAME).after_help(format!("Examples:\n{}", V::EXAMPLES)),
        )
    }

    fn reports(&self) -> &'static [Shape] {
        V::REPORTS
    }

    fn run(&self, matches: &ArgMatches, house: &mut House) -> Result<Exit, Failure> {
        let arguments = V::from_arg_matches(matches).map_err(|error| Failure::Usage {
            code: Code::COMMAND_LINE,
            message: error.to_string(),
            hints: Vec::new(),
        })?;
        arguments.run(house)
    }
}

/// `--dev`, for commands that look at a database.
#[derive(clap::Args, Clone, Copy, Debug)]
pub(crate) struct Dev {
    /// Use an embedded Postgres of this project, kept between calls
    #[arg(long, conflicts_with_all = ["database_url", "env", "via"])]
    pub(crate) dev: bool,
}

/// The names of all formats, as values of an option.
pub(crate) fn formats() -> clap::builder::PossibleValuesParser {
    whimbrel_app::formats::ALL
        .iter()
        .map(|format| clap::builder::PossibleValue::new(format.name()).help(format.summary()))
        .collect::<Vec<_>>()
        .into()
}
