//! `whimbrel init`

use camino::Utf8PathBuf;
use whimbrel_app::Exit;
use whimbrel_app::cases::init::{self, Options, Other, Report};

use super::Verb;
use crate::failure::Failure;
use crate::house::House;
use crate::page::{Column, Page, Table};
use crate::shapes::{Shape, shape};
use crate::theme::Tone;

/// Set up a project, or recognise the one that is there
///
/// Looks for migrations in the folder and below, and writes a commented whimbrel.toml that says what
/// was found. Where nothing is found, a folder for a new history is made; beside the migrations of
/// Alembic or Prisma, which are not read yet, only where `--format` or `--folder` asks for it.
///
/// Most projects need no whimbrel.toml: the other commands look for the same things by themselves.
#[derive(clap::Args, Debug)]
pub(crate) struct Init {
    #[arg(long, value_name = "FORMAT", value_parser = super::formats(), help = format_help())]
    format: Option<String>,

    /// The folder of a new history [default: what the format usually has]
    #[arg(long, value_name = "FOLDER")]
    folder: Option<Utf8PathBuf>,
}

impl Verb for Init {
    const NAME: &str = "init";
    const EXAMPLES: &str = "  \
  whimbrel init                                  Write down what is there, or start anew
  whimbrel init --format plain --folder db/sql   Start a history of plain SQL files in db/sql";
    const REPORTS: &[Shape] = &[shape::<Report>];

    fn run(self, house: &mut House) -> Result<Exit, Failure> {
        let workspace = house.new_workspace()?;
        let options = Options { format: self.format, folder: self.folder };
        let report = init::init(&workspace, &options)?;
        house.terminal.report(&report, show)?;
        Ok(Exit::Done)
    }
}

fn format_help() -> String {
    let usual = whimbrel_app::formats::for_new_projects().name();
    format!("The format of a new history [default: {usual}]")
}

fn show(report: &Report, page: &mut Page) {
    let mut table = Table::new([
        Column::text("history", 12),
        Column::whole("format"),
        Column::text("folder", 16),
        Column::text(if report.found { "found by" } else { "" }, 16),
    ]);
    for history in &report.histories {
        let because = if report.found { history.because.clone() } else { String::new() };
        table.row([
            history.name.clone(),
            history.format.clone(),
            history.folder.to_string(),
            because,
        ]);
    }
    page.table(&table);
    page.gap();
    let wrote = page.paint(Tone::Good, "wrote");
    page.line(format!("{wrote} {}", report.config));
    for other in &report.others {
        let label = page.paint(Tone::Care, "note:");
        let Other { tool, file } = other;
        page.line(format!("{label} `{file}` is {tool}'s, whose migrations are not read yet"));
    }
    match &report.database {
        Some(place) => page.line(format!("database: {place}")),
        None => page.line("database: none found yet; set DATABASE_URL, or use `--dev`"),
    }
    page.hint(if report.found {
        "`whimbrel status` shows what is applied and what is pending"
    } else {
        "`whimbrel new create_users` writes the first migration"
    });
}
