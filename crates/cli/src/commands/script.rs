//! `whimbrel script`

use whimbrel_app::Exit;
use whimbrel_app::cases::script::{self, Applied, Options};
use whimbrel_app::run::Depth;

use super::{Dev, Verb};
use crate::failure::Failure;
use crate::house::House;
use crate::running::{self, Allowed, Looking};
use crate::shapes::{Shape, shape};
use crate::terminal;

/// Write what is pending as a script to paste into an SQL editor
///
/// For a database that nothing but a browser or psql can reach. Each migration commits together with
/// its ledger entry, or does nothing; it refuses to run a second time or before its turn. The script
/// goes to stdout; neither the database nor a file is changed.
#[derive(clap::Args, Debug)]
pub(crate) struct Script {
    /// Write all migrations, without asking a database what is applied
    #[arg(long, conflicts_with_all = ["after", "database_url", "env", "dev"])]
    all: bool,

    /// Write those after this one, without asking a database: an id, its number, or how it begins
    #[arg(long, value_name = "ID", conflicts_with_all = ["database_url", "env", "dev"])]
    after: Option<String>,

    /// Only up to this one
    #[arg(long, value_name = "ID")]
    to: Option<String>,

    /// Allow what is otherwise refused; may be given several times
    #[arg(long, value_name = "WHAT")]
    allow: Vec<Allowed>,

    #[command(flatten)]
    dev: Dev,
}

impl Verb for Script {
    const NAME: &str = "script";
    const EXAMPLES: &str = "  \
  whimbrel script                           What is pending; `> pending.sql` makes a file of it
  whimbrel script --all                     For a new database that is out of reach
  whimbrel script --after 0007 --to 0009    Where the ledger cannot be read either";
    const REPORTS: &[Shape] = &[shape::<script::Report>];

    fn run(self, house: &mut House) -> Result<Exit, Failure> {
        let workspace = house.workspace()?;
        let looking =
            Looking { dev: self.dev, rehearse: false, no_rehearsal: true, shadow_url: None };
        let mut run = looking.options(house, Depth::Show { sql: false });
        run.command = running::as_given();
        run.allowed = running::allowed(&self.allow);
        let applied = match (self.all, self.after) {
            (true, _) => Applied::Nothing,
            (false, Some(id)) => Applied::UpTo(id),
            (false, None) => Applied::AsRecorded,
        };
        let options = Options { applied, to: self.to, run };
        let mut watcher = house.watcher();
        let report = house.run(script::script(&workspace, &options, &mut watcher))?;
        drop(watcher);
        if house.terminal.manner.json {
            terminal::Terminal::json(&report)?;
            return Ok(Exit::Done);
        }
        terminal::data(report.script.as_bytes())?;
        let mut page = house.terminal.talk_page();
        for remark in &report.remarks {
            page.line(remark.clone());
        }
        house.terminal.talk(page);
        Ok(Exit::Done)
    }
}
