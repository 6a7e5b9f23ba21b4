//! `whimbrel shadow`

use whimbrel_app::Exit;
use whimbrel_app::cases::shadow::{self, Report, What};

use super::Verb;
use crate::failure::Failure;
use crate::house::House;
use crate::page::{Column, Page, Table};
use crate::shapes::{Shape, shape};
use crate::show;
use crate::theme::Tone;

/// Show or clear away what throw-away and development servers keep
///
/// The shadow is a Postgres that Whimbrel brings along. Its programs, fresh clusters and clusters
/// with a part of a history in them are cached; `--dev` keeps a database for each project.
#[derive(clap::Args, Debug)]
pub(crate) struct Shadow {
    #[command(subcommand)]
    action: Action,
}

#[derive(clap::Subcommand, Debug)]
enum Action {
    /// Show what is kept, how large it is and whether it is in use
    List,
    /// Clear away all that can be had again and that nobody uses
    Clean {
        /// Remove this project's development database instead, with its data
        #[arg(long)]
        dev: bool,

        /// Stop and remove the development databases of projects whose folders are gone instead,
        /// with their data
        #[arg(long, conflicts_with = "dev")]
        gone: bool,
    },
}

impl Verb for Shadow {
    const NAME: &str = "shadow";
    const EXAMPLES: &str = "  \
  whimbrel shadow list
  whimbrel shadow clean         Empty the cache; the next rehearsal fills it again
  whimbrel shadow clean --dev   Begin anew with this project's development database
  whimbrel shadow clean --gone  Stop the servers of projects that were removed or moved";
    const REPORTS: &[Shape] = &[shape::<Report>];

    fn run(self, house: &mut House) -> Result<Exit, Failure> {
        let workspace;
        let report = match self.action {
            Action::List => shadow::list(&house.surroundings()?),
            Action::Clean { gone: true, .. } => {
                let surroundings = house.surroundings()?;
                let mut watcher = house.watcher();
                house.run(shadow::clean_gone(&surroundings, &mut watcher))?
            }
            Action::Clean { dev: false, .. } => {
                let surroundings = house.surroundings()?;
                shadow::clean(&surroundings, &surroundings.folder, What::Cache)?
            }
            Action::Clean { dev: true, .. } => {
                workspace = house.workspace()?;
                let root = workspace.folder().root();
                shadow::clean(workspace.surroundings(), root, What::Development)?
            }
        };
        house.terminal.report(&report, show)?;
        Ok(Exit::Done)
    }
}

fn show(report: &Report, page: &mut Page) {
    if report.kept.is_empty() {
        page.line(if report.removed { "there was nothing to remove" } else { "nothing is kept" });
        return;
    }
    let mut table = Table::new([
        Column::whole("kind"),
        Column::number("size"),
        Column::whole("last used (UTC)"),
        Column::whole("in use"),
        Column::text("path", 20).naming(),
        Column::text("project", 12),
    ]);
    for kept in &report.kept {
        table.row([
            kept.kind.to_owned(),
            show::bytes(kept.bytes),
            kept.used_at.as_deref().map(show::time).unwrap_or_default(),
            if kept.in_use { page.paint(Tone::Good, "yes") } else { "no".to_owned() },
            kept.path.to_string(),
            match &kept.project {
                Some(project) if kept.is_gone => format!("{project} (gone)"),
                Some(project) => project.to_string(),
                None => String::new(),
            },
        ]);
    }
    page.table(&table);
    page.gap();
    let verb = if report.removed { "removed" } else { "kept" };
    page.line(format!("{} {verb}", show::bytes(report.bytes)));
    if !report.removed && report.kept.iter().any(|kept| kept.is_gone) {
        page.hint("`whimbrel shadow clean --gone` ends and removes what belongs to projects that are gone");
    }
}
