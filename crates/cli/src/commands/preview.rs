//! `whimbrel preview`

use whimbrel_app::Exit;
use whimbrel_app::cases::preview::{self, Options, Sql};
use whimbrel_app::run::select::Wish;
use whimbrel_app::run::{self, Depth};

use super::Verb;
use crate::failure::Failure;
use crate::house::House;
use crate::running::{self, Looking};
use crate::shapes::{Shape, shape};

/// Show what `up` would run
///
/// In which order and why, and whether each migration is one transaction; rehearsed in a throw-away
/// Postgres on top of what is applied, so that an error shows here before it shows in production.
/// Neither the database nor a file is changed.
#[derive(clap::Args, Debug)]
pub(crate) struct Preview {
    /// Only up to this one: an id, its number, or the beginning of its name
    #[arg(long, value_name = "ID")]
    to: Option<String>,

    /// Show the SQL too
    #[arg(long)]
    full: bool,

    #[command(flatten)]
    looking: Looking,
}

impl Verb for Preview {
    const NAME: &str = "preview";
    const EXAMPLES: &str = "  \
  whimbrel preview
  whimbrel preview --full --env staging    With the SQL
  whimbrel preview --no-rehearsal --json   Only the choice, for a machine";
    const REPORTS: &[Shape] = &[shape::<run::Report>];

    fn run(self, house: &mut House) -> Result<Exit, Failure> {
        let run = self.looking.options(house, Depth::Run);
        let wish = Wish { to: self.to, ..Wish::default() };
        let sql = if self.full { Sql::Shown } else { Sql::Hidden };
        running::go(house, run, async move |workspace, run, events| {
            preview::preview(workspace, &Options { wish, sql, run }, events).await
        })
    }
}
