//! `whimbrel up`

use std::num::NonZeroUsize;

use whimbrel_app::Exit;
use whimbrel_app::cases::up::{self, Options};
use whimbrel_app::run::select::Wish;
use whimbrel_app::run::{self, Seeds};

use super::Verb;
use crate::failure::Failure;
use crate::house::House;
use crate::running::Running;
use crate::shapes::{Shape, shape};

/// Apply what is pending
///
/// Shows what would run and where, rehearses it in a throw-away Postgres, asks, and runs it: one
/// runner at a time, each migration together with its ledger entry. What was interrupted goes on
/// where it stopped; nothing is applied twice.
#[derive(clap::Args, Debug)]
pub(crate) struct Up {
    /// Only up to this one: an id, its number, or the beginning of its name
    #[arg(long, value_name = "ID")]
    to: Option<String>,

    /// Only this one
    #[arg(long, value_name = "ID", conflicts_with = "to")]
    only: Option<String>,

    /// With --only: what it depends on, too
    #[arg(long, requires = "only")]
    with_dependencies: bool,

    /// With --only: even if it is applied already
    #[arg(long, requires = "only")]
    again: bool,

    /// Only the next so many
    #[arg(long, short = 'n', value_name = "N")]
    count: Option<NonZeroUsize>,

    /// Then run the project's seed files, each in a transaction with its entry
    #[arg(
        long,
        value_name = "WHICH",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "new"
    )]
    seed: Option<WhichSeeds>,

    #[command(flatten)]
    running: Running,
}

/// Which seed files run.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum WhichSeeds {
    /// Those that never ran
    New,
    /// Those that never ran, and those that changed since they ran
    Changed,
}

impl Verb for Up {
    const NAME: &str = "up";
    const EXAMPLES: &str = "  \
  whimbrel up                                   Rehearse, ask, apply what is pending
  whimbrel up --dry-run --full                  Only show it, with the SQL
  whimbrel up --yes --env production            In a pipeline
  whimbrel up --only 7 --with-dependencies      One migration and what it needs
  whimbrel up --yes --then ./server --port 80   Migrate, then become the server
  whimbrel up --seed                            Apply, then run seed files that never ran
  whimbrel up --seed=changed                    And again those that changed since they ran
  whimbrel up --dev                             Apply to an embedded Postgres of this project";
    const REPORTS: &[Shape] = &[shape::<run::Report>];

    fn run(self, house: &mut House) -> Result<Exit, Failure> {
        let wish = Wish {
            to: self.to,
            only: self.only,
            with_dependencies: self.with_dependencies,
            again: self.again,
            count: self.count.map(NonZeroUsize::get),
        };
        let seeds = match self.seed {
            Some(WhichSeeds::New) => Seeds::Wanted,
            Some(WhichSeeds::Changed) => Seeds::Changed,
            None => Seeds::Unwanted,
        };
        self.running.go(house, seeds, async move |workspace, run, events| {
            up::up(workspace, &Options { wish, run }, events).await
        })
    }
}
