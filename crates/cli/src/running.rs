//! What the commands that run migrations, or show what they would run, have in common.

use std::ffi::OsString;
use std::io::{self, IsTerminal};

use clap::{Args, ValueEnum};
use whimbrel_app::catalogue::Code;
use whimbrel_app::run::{
    self, Consent, Depth, DownSide, Fetch, Hooks, OnError, Options, Rehearse, Report, Seeds,
    Waiting,
};
use whimbrel_app::{Error, Events, Exit, Period, PeriodError, Secret, Workspace};

use crate::arguments::secret;
use crate::commands::{self, Dev};
use crate::failure::{self, Failure};
use crate::house::House;
use crate::terminal::Terminal;
use crate::{become_command, show, words};

/// Where to look and whether to rehearse.
#[derive(Args, Clone, Debug)]
pub(crate) struct Looking {
    #[command(flatten)]
    pub(crate) dev: Dev,

    /// Rehearse in a throw-away Postgres first, even if one must be fetched, or run nothing
    #[arg(long, conflicts_with = "no_rehearsal")]
    pub(crate) rehearse: bool,

    /// Do not rehearse
    #[arg(long)]
    pub(crate) no_rehearsal: bool,

    /// Rehearse on this server, in a database that is made for it and dropped
    #[arg(long, value_name = "URL", value_parser = secret)]
    pub(crate) shadow_url: Option<Secret>,
}

/// How a run goes about its work.
#[derive(Args, Clone, Debug)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "flags that a person may give, none of them a state"
)]
pub(crate) struct Running {
    /// Run without asking; needed where there is no terminal
    #[arg(long, short)]
    pub(crate) yes: bool,

    /// Only show what would run
    #[arg(long)]
    pub(crate) dry_run: bool,

    /// With --dry-run: show the SQL too
    #[arg(long, requires = "dry_run")]
    pub(crate) full: bool,

    #[command(flatten)]
    pub(crate) looking: Looking,

    /// What to do when a migration fails
    #[arg(long, value_name = "WHAT", default_value = "stop", hide_possible_values = false)]
    pub(crate) on_error: WhatOnError,

    /// Allow what is otherwise refused; may be given several times
    #[arg(long, value_name = "WHAT")]
    pub(crate) allow: Vec<Allowed>,

    /// How long to wait for another run to end; bare: as long as it takes [default: 5min]
    #[arg(long, value_name = "DURATION", num_args = 0..=1, value_parser = period,
          default_missing_value = FOREVER, conflicts_with = "no_wait")]
    pub(crate) wait: Option<Period>,

    /// Do not wait for another run: end with exit code 6
    #[arg(long)]
    pub(crate) no_wait: bool,

    /// How long to try a migration again that locks, a deadlock or a lost connection stopped [default: 1min]
    #[arg(long, value_name = "DURATION", value_parser = period)]
    pub(crate) retry_for: Option<Period>,

    /// When all went well, become this command: all that follows is its name and arguments
    #[arg(long, value_name = "COMMAND", num_args = 1.., allow_hyphen_values = true)]
    pub(crate) then: Vec<OsString>,
}

/// What a bare `--wait` stands for; nobody types so long a duration.
const FOREVER: &str = "36500d";

/// What to do when a migration fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum WhatOnError {
    /// Run nothing more
    Stop,
    /// Go on with what does not depend on it, and end with 1
    Continue,
    /// Ask whether to go on
    Ask,
}

/// What is refused unless it is allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Allowed {
    /// Migrations that come before one that is applied
    OutOfOrder,
    /// Going on although an applied migration was changed
    Modified,
    /// Migrations whose script is applied under another version
    SameContent,
    /// Migrations that another tool's ledger has as applied
    AppliedElsewhere,
    /// A step outside a transaction whose outcome nobody knows, again
    Rerun,
    /// A protected environment, without a prompt
    Protected,
}

/// What a person allowed.
pub(crate) fn allowed(allow: &[Allowed]) -> run::Allowed {
    let allows = |what| allow.contains(&what);
    run::Allowed {
        out_of_order: allows(Allowed::OutOfOrder),
        modified: allows(Allowed::Modified),
        same_content: allows(Allowed::SameContent),
        elsewhere: allows(Allowed::AppliedElsewhere),
        rerun: allows(Allowed::Rerun),
        protected: allows(Allowed::Protected),
    }
}

/// Which down script is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Side {
    /// The one in the file
    File,
    /// The one that was recorded when the migration was applied
    Ledger,
}

impl Side {
    /// For the use case.
    pub(crate) fn side(self) -> DownSide {
        match self {
            Self::File => DownSide::File,
            Self::Ledger => DownSide::Ledger,
        }
    }
}

impl Looking {
    /// The use case's options for a command that runs nothing.
    pub(crate) fn options(&self, house: &House, depth: Depth) -> Options {
        let mut place = house.place(self.dev);
        place.shadow_url.clone_from(&self.shadow_url);
        let is_watched = io::stderr().is_terminal();
        Options {
            place,
            depth,
            consent: Consent::Wanted,
            on_error: OnError::Stop,
            allowed: run::Allowed::default(),
            seeds: Seeds::Unwanted,
            hooks: Hooks::Wanted,
            rehearse: match (self.rehearse, self.no_rehearsal) {
                (true, _) => Rehearse::Always,
                (false, true) => Rehearse::Never,
                (false, false) => Rehearse::IfPossible,
            },
            fetch: if is_watched { Fetch::Allowed } else { Fetch::Forbidden },
            waiting: None,
            retry_for: None,
            command: String::new(),
            interrupt: house.interrupt.clone(),
            watched: is_watched,
        }
    }
}

impl Running {
    /// Does it, and shows what came of it.
    pub(crate) fn go(
        self,
        house: &mut House,
        seeds: Seeds,
        case: impl Case,
    ) -> Result<Exit, Failure> {
        let depth = match (self.dry_run, self.full) {
            (true, sql) => Depth::Show { sql },
            (false, _) => Depth::Run,
        };
        if self.on_error == WhatOnError::Ask && depth == Depth::Run && !Terminal::can_ask() {
            return Err(nobody_to_ask());
        }
        let options = Options { seeds, ..self.options(house, depth) };
        let exit = go(house, options, case)?;
        if exit == Exit::Done && depth == Depth::Run && !self.then.is_empty() {
            return become_command::become_command(&self.then);
        }
        Ok(exit)
    }

    fn options(&self, house: &House, depth: Depth) -> Options {
        Options {
            consent: if self.yes { Consent::Given } else { Consent::Wanted },
            on_error: match self.on_error {
                WhatOnError::Stop => OnError::Stop,
                WhatOnError::Continue => OnError::Continue,
                WhatOnError::Ask => OnError::Ask,
            },
            allowed: allowed(&self.allow),
            waiting: self.waiting(),
            retry_for: self.retry_for.map(|period| period.0),
            command: as_given(),
            ..self.looking.options(house, depth)
        }
    }

    fn waiting(&self) -> Option<Waiting> {
        let forever: Period = FOREVER.parse().expect("the constant is a duration");
        match (self.wait, self.no_wait) {
            (_, true) => Some(Waiting::No),
            (Some(period), false) if period == forever => Some(Waiting::Forever),
            (Some(period), false) => Some(Waiting::For(period.0)),
            (None, false) => None,
        }
    }
}

/// Nobody sits there who could be asked when a migration has failed.
fn nobody_to_ask() -> Failure {
    Failure::Usage {
        code: Code::COMMAND_LINE,
        message: "`--on-error ask` needs a terminal, and here is none".to_owned(),
        hints: vec!["without one, say `stop` or `continue`".to_owned()],
    }
}

/// A use case that runs migrations, or shows what it would run.
pub(crate) trait Case:
    AsyncFnOnce(&Workspace, Options, &mut dyn Events) -> Result<Report, Error>
{
}

impl<F> Case for F where
    F: AsyncFnOnce(&Workspace, Options, &mut dyn Events) -> Result<Report, Error>
{
}

/// Runs the use case and shows its report, errors last, where a person looks first.
pub(crate) fn go(house: &mut House, options: Options, case: impl Case) -> Result<Exit, Failure> {
    let workspace = house.workspace()?;
    let mut watcher = house.watcher();
    let report = house.run(case(&workspace, options, &mut watcher))?;
    drop(watcher);
    let command = in_earnest(std::env::args().skip(1), report.command);
    house.terminal.report(&report, |report, page| show::run(report, &command, page))?;
    for error in &report.failures {
        failure::print_part(error, &house.terminal);
    }
    Ok(report.exit())
}

/// The command line that runs what this one only showed; what may hold a secret is left open.
pub(crate) fn in_earnest(given: impl Iterator<Item = String>, command: &str) -> String {
    /// What only looks, or is of the one look alone.
    const LOOKS: &[&str] = &["--dry-run", "--full", "--rehearse", "--no-rehearsal", "--check"];
    let mut words = Vec::new();
    let mut given = given.take_while(|word| word != "--then");
    while let Some(word) = given.next() {
        let (name, value) = match word.split_once('=') {
            Some((name, value)) => (name, Some(value)),
            None => (word.as_str(), None),
        };
        match name {
            "--database-url" | "--shadow-url" | "--access-token" => {
                words.extend([name.to_owned(), words::OPEN.to_owned()]);
                if value.is_none() {
                    given.next();
                }
            }
            name if LOOKS.contains(&name) => {}
            name if commands::ALL.iter().any(|entry| entry.name() == name) => {
                words.push(command.to_owned());
            }
            _ => words.push(word),
        }
    }
    words::line(&words)
}

/// The command line for the journal, as a shell takes it, without connection URLs and without what follows `--then`.
pub(crate) fn as_given() -> String {
    let mut given = Vec::new();
    let mut arguments = std::env::args_os().skip(1);
    while let Some(argument) = arguments.next() {
        let argument = argument.to_string_lossy().into_owned();
        match argument.split_once('=').map_or(argument.as_str(), |(name, _)| name) {
            "--then" => break,
            "--database-url" | "--shadow-url" | "--access-token" => {
                if !argument.contains('=') {
                    arguments.next();
                }
            }
            _ => given.push(argument),
        }
    }
    words::line(&given)
}

/// Reads a duration; the hint stands in the message, since clap has no other place for it.
pub(crate) fn period(text: &str) -> Result<Period, String> {
    text.parse().map_err(|error: PeriodError| format!("{error}; {}", PeriodError::HINT))
}
