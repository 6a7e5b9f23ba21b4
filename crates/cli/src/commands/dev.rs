//! `whimbrel dev`

mod show;

use camino::Utf8PathBuf;
use whimbrel_app::cases::dev::{self, EnvFile, Options, Report, Reset, Scope, Start};
use whimbrel_app::catalogue::Code;
use whimbrel_app::run::Depth;
use whimbrel_app::{Error, Exit, Which};

use super::Verb;
use crate::become_command::become_client;
use crate::failure::{self, Failure};
use crate::house::House;
use crate::shapes::{Shape, shape};
use crate::terminal::{self, Terminal};

/// Run this project's development database: an embedded Postgres, without Docker
///
/// Started once, it stays until it is stopped, at the same port of this machine and with its data.
/// A new database has all migrations; `reset` makes it anew from a template, in well under a second.
/// Each branch of the repository has a database of its own where that is asked for. Without a word
/// of what to do, it is shown. Supabase projects find what the platform has: roles, auth, storage.
#[derive(clap::Args, Debug)]
pub(crate) struct Dev {
    #[command(subcommand)]
    action: Option<Action>,
}

#[derive(clap::Subcommand, Debug)]
enum Action {
    /// Start the server, and make its database with all migrations if it is not there
    Start {
        #[command(flatten)]
        branch: Branch,

        /// Run the project's seed files in a new database
        #[arg(long)]
        seed: bool,

        /// The port, from now on [default: the one it has, else one that is free]
        #[arg(long, value_name = "PORT", value_parser = clap::value_parser!(u16).range(1..))]
        port: Option<u16>,

        /// The major version of a new server [default: the project's, else 17]
        #[arg(long, value_name = "N")]
        major: Option<u16>,

        /// Note the connection URL in this file, and leave all else of it as it is
        #[arg(long, value_name = "FILE")]
        env_file: Option<Utf8PathBuf>,

        /// Take over the server of this folder, which was moved or removed, with its data and port
        #[arg(long, value_name = "FOLDER", conflicts_with_all = ["port", "major"])]
        from: Option<Utf8PathBuf>,

        /// The variable there
        #[arg(long, value_name = "NAME", default_value = "DATABASE_URL", requires = "env_file")]
        env_var: String,

        /// Replace its value even if it leads to another machine
        #[arg(long, requires = "env_file")]
        force: bool,
    },
    /// Stop the server; its data stays
    Stop,
    /// Make the database anew, with all migrations; connections to it are ended
    Reset {
        #[command(flatten)]
        branch: Branch,

        /// Run the project's seed files, too
        #[arg(long)]
        seed: bool,

        /// Begin anew with the whole server: all databases of it go, and whatever is broken
        #[arg(long)]
        hard: bool,

        /// With --hard: the major version of the new server
        #[arg(long, value_name = "N", requires = "hard")]
        major: Option<u16>,
    },
    /// Show the server and its databases
    Status {
        #[command(flatten)]
        branch: Branch,
    },
    /// Open psql on the database; what follows `--` is for psql
    Psql {
        #[command(flatten)]
        branch: Branch,

        /// Arguments of psql
        #[arg(last = true, value_name = "ARGUMENTS")]
        arguments: Vec<std::ffi::OsString>,
    },
    /// Print the connection URL and nothing else, password and all
    Url {
        #[command(flatten)]
        branch: Branch,
    },
    /// Drop the databases of branches that are gone
    Prune {
        /// Only show them
        #[arg(long)]
        dry_run: bool,
    },
}

/// Which of the server's databases.
#[derive(clap::Args, Clone, Debug, Default)]
struct Branch {
    /// The database of a branch; bare: of the one that is checked out
    #[arg(long, value_name = "NAME", num_args = 0..=1, default_missing_value = "")]
    branch: Option<String>,

    /// The project's own database, whatever `per_branch` of whimbrel.toml says
    #[arg(long, conflicts_with = "branch")]
    no_branch: bool,
}

impl Branch {
    fn options(self, house: &House) -> Options {
        let which = match self.branch {
            _ if self.no_branch => Which::Project,
            None => Which::Configured,
            Some(name) => Which::Branch(Some(name).filter(|name| !name.is_empty())),
        };
        Options { which, interrupt: house.interrupt.clone() }
    }
}

impl Verb for Dev {
    const NAME: &str = "dev";
    const EXAMPLES: &str = "  \
  whimbrel dev start                   Start it; a new one gets all migrations
  whimbrel dev start --env-file .env   And write DATABASE_URL for the app
  whimbrel dev psql                    Look into it; `-- -c 'select 1'` for psql's own arguments
  whimbrel dev reset --seed            Begin anew, with seeds; `up --dev` applies what is new
  whimbrel dev start --branch          A copy for the branch that is checked out
  whimbrel dev url                     For other programs: psql \"$(whimbrel dev url)\"
  whimbrel dev stop                    Stop it; its data stays";
    const REPORTS: &[Shape] = &[shape::<Report>, shape::<dev::UrlReport>];

    fn run(self, house: &mut House) -> Result<Exit, Failure> {
        if house.globals.database_url.is_some() || house.globals.env.is_some() {
            return Err(Failure::Usage {
                code: Code::DEV_ELSEWHERE,
                message: "`dev` is about this project's own development server, no other database"
                    .to_owned(),
                hints: vec!["leave `--database-url` and `--env` out".to_owned()],
            });
        }
        match self.action.unwrap_or(Action::Status { branch: Branch::default() }) {
            Action::Psql { branch, arguments } => psql(house, branch, &arguments),
            Action::Url { branch } => url(house, branch),
            action => {
                let report = report(house, action)?;
                house.terminal.report(&report, show::show)?;
                for error in &report.failures {
                    failure::print_part(error, &house.terminal);
                }
                Ok(report.exit())
            }
        }
    }
}

/// Does what has a report.
fn report(house: &mut House, action: Action) -> Result<Report, Failure> {
    let workspace = house.workspace()?;
    let mut watcher = house.watcher();
    let options = Branch::default().options(house);
    match action {
        Action::Start { branch, seed, port, major, env_file, from, env_var, force } => {
            let env_file = env_file.map(|path| EnvFile { path, variable: env_var, force });
            let options = branch.options(house);
            let wish = Start { options, port, major, seed, env_file, from };
            house.run(dev::start(&workspace, &wish, &mut watcher))
        }
        Action::Stop => house.run(dev::stop(&workspace, &options, &mut watcher)),
        Action::Reset { branch, seed, hard, major } => {
            let scope = if hard { Scope::Server { major } } else { Scope::Database };
            let wish = Reset { options: branch.options(house), scope, seed };
            house.run(dev::reset(&workspace, &wish, &mut watcher))
        }
        Action::Status { branch } => {
            let options = branch.options(house);
            house.run(dev::status(&workspace, &options, &mut watcher))
        }
        Action::Prune { dry_run } => {
            let depth = if dry_run { Depth::Show { sql: false } } else { Depth::Run };
            house.run(dev::prune(&workspace, &options, depth, &mut watcher))
        }
        // They have no report.
        Action::Psql { .. } | Action::Url { .. } => Err(Error::Interrupted.into()),
    }
}

fn psql(
    house: &mut House,
    branch: Branch,
    arguments: &[std::ffi::OsString],
) -> Result<Exit, Failure> {
    let workspace = house.workspace()?;
    let options = branch.options(house);
    let mut watcher = house.watcher();
    let client = house.run(dev::client(&workspace, &options, &mut watcher))?;
    drop(watcher);
    become_client(&client, arguments)
}

fn url(house: &mut House, branch: Branch) -> Result<Exit, Failure> {
    let workspace = house.workspace()?;
    let options = branch.options(house);
    let mut watcher = house.watcher();
    let report = house.run(dev::url(&workspace, &options, &mut watcher))?;
    drop(watcher);
    if house.terminal.manner.json {
        Terminal::json(&report)?;
    } else {
        terminal::data(format!("{}\n", report.url.reveal()).as_bytes())?;
    }
    Ok(Exit::Done)
}
