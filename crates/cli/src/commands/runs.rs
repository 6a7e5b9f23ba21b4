//! `whimbrel runs`

use whimbrel_app::Exit;
use whimbrel_app::cases::runs::{
    self, CancelOptions, CancelReport, How, Report, RunReport, RunShown, USUAL,
};
use whimbrel_app::run::Consent;

use super::{Dev, Verb};
use crate::failure::Failure;
use crate::house::House;
use crate::page::{Column, Page, Table};
use crate::shapes::{Shape, shape};
use crate::show;
use crate::theme::{Tone, clean};

/// Show who ran what and when, what hangs and why, and stop it
///
/// The journal in the database has every run that began: who, from where, for how long, with which
/// version, and how it ended. Of one that is under way the server tells whether it still lives, what
/// it is at and what it waits for.
#[derive(clap::Args, Debug)]
pub(crate) struct Runs {
    #[command(subcommand)]
    action: Option<Action>,

    /// Show the newest so many
    #[arg(long, short = 'n', value_name = "N", default_value_t = USUAL,
        value_parser = clap::value_parser!(u32).range(1..))]
    count: u32,

    /// Show all
    #[arg(long, conflicts_with = "count")]
    all: bool,

    #[command(flatten)]
    dev: Dev,
}

#[derive(clap::Subcommand, Debug)]
enum Action {
    /// Show one: its migrations, what it does now, what it said
    Show {
        /// Its number
        id: i64,

        #[command(flatten)]
        dev: Dev,
    },
    /// Stop one that is under way, as Ctrl-C in its terminal would
    ///
    /// It ends with exit code 130, its statement rolled back, and tries nothing again; what it
    /// applied stays and is recorded. Needs the role of the run, a member of it, or one that has
    /// `pg_signal_backend`.
    Cancel {
        /// Its number
        id: i64,

        /// End its connections, for one that does not answer
        #[arg(long)]
        now: bool,

        /// Stop it without asking; needed where there is no terminal
        #[arg(long, short)]
        yes: bool,

        #[command(flatten)]
        dev: Dev,
    },
}

impl Verb for Runs {
    const NAME: &str = "runs";
    const EXAMPLES: &str = "  \
  whimbrel runs                   The newest runs; what one under way does and waits for
  whimbrel runs show 12           One of them: its migrations, and what it said
  whimbrel runs cancel 12         Stop it, as Ctrl-C in its terminal would
  whimbrel runs cancel 12 --now   End its connections: for one whose machine is gone";
    const REPORTS: &[Shape] = &[shape::<Report>, shape::<RunReport>, shape::<CancelReport>];

    fn run(self, house: &mut House) -> Result<Exit, Failure> {
        let workspace = house.workspace()?;
        let mut watcher = house.watcher();
        // It may be said before the subcommand or behind it.
        let either = |dev: Dev| Dev { dev: dev.dev || self.dev.dev };
        match self.action {
            None => {
                let database = house.place(self.dev).database;
                let which =
                    if self.all { runs::Which::All } else { runs::Which::Newest(self.count) };
                let report = house.run(runs::list(&workspace, &database, which, &mut watcher))?;
                drop(watcher);
                house.terminal.report(&report, list)?;
                Ok(Exit::Done)
            }
            Some(Action::Show { id, dev }) => {
                let database = house.place(either(dev)).database;
                let report = house.run(runs::show(&workspace, &database, id, &mut watcher))?;
                drop(watcher);
                house.terminal.report(&report, one)?;
                Ok(Exit::Done)
            }
            Some(Action::Cancel { id, now, yes, dev }) => {
                let options = CancelOptions {
                    database: house.place(either(dev)).database,
                    id,
                    how: if now { How::Now } else { How::Ask },
                    consent: if yes { Consent::Given } else { Consent::Wanted },
                    interrupt: house.interrupt.clone(),
                };
                let report = house.run(runs::cancel(&workspace, &options, &mut watcher))?;
                drop(watcher);
                house.terminal.report(&report, cancelled)?;
                Ok(report.exit())
            }
        }
    }
}

fn list(report: &Report, page: &mut Page) {
    show::database(&report.database, page);
    page.gap();
    if !report.journal {
        page.line("No run is known: there is no journal in this database.");
        return;
    }
    if report.runs.is_empty() {
        page.line("No run is known.");
        return;
    }
    let mut table = Table::new([
        Column::number("run"),
        Column::whole("state"),
        Column::whole("started (UTC)"),
        Column::number("took"),
        Column::number("applied"),
        Column::number("undone"),
        Column::text("command", 16),
        Column::text("by", 12),
        Column::whole("version"),
    ]);
    let counted = |count: i64| if count == 0 { String::new() } else { count.to_string() };
    for run in &report.runs {
        table.row([
            run.id.to_string(),
            page.paint(tone(run), run.state),
            show::time(&run.started_at),
            run.milliseconds.map(show::milliseconds).unwrap_or_default(),
            counted(run.applied),
            counted(run.undone),
            clean(&run.command),
            clean(&format!("{}@{}", run.user, run.host)),
            clean(&run.whimbrel),
        ]);
    }
    page.table(&table);
    for run in report.runs.iter().filter(|run| run.now.is_some()) {
        page.gap();
        lines(run, page);
        page.hint(&format!("`whimbrel runs cancel {}` stops it", run.id));
    }
}

fn lines(run: &RunShown, page: &mut Page) {
    for line in run.lines() {
        page.line(clean(&line));
    }
}

fn tone(run: &RunShown) -> Tone {
    match run.state {
        "done" => Tone::Good,
        "failed" => Tone::Bad,
        "running" => Tone::Hint,
        _ => Tone::Care,
    }
}

fn one(report: &RunReport, page: &mut Page) {
    let run = &report.run;
    show::database(&report.database, page);
    page.gap();
    lines(run, page);
    let state = page.paint(tone(run), run.state);
    let ended = run.ended_at.as_deref().map(|at| format!(", ended {}", show::time(at)));
    let took = run.milliseconds.map(|count| format!(", {}", show::milliseconds(count)));
    page.line(format!(
        "{state}: started {} UTC{}{}",
        show::time(&run.started_at),
        ended.unwrap_or_default(),
        took.unwrap_or_default()
    ));
    migrations(report, page);
    output(report, page);
}

fn migrations(report: &RunReport, page: &mut Page) {
    let mut table = Table::new([
        Column::text("migration", 20),
        Column::whole("result"),
        Column::whole("at (UTC)"),
        Column::number("took"),
        Column::text("statement", 20),
    ]);
    for one in &report.migrations {
        table.row([
            clean(&one.id),
            page.paint(Tone::Good, if one.direction == "up" { "applied" } else { "undone" }),
            show::time(&one.at),
            show::milliseconds(one.execution_time_ms),
            String::new(),
        ]);
    }
    for step in &report.steps {
        table.row([
            clean(&step.id),
            format!("step {} {}", step.step, step.state),
            String::new(),
            String::new(),
            clean(&step.statement),
        ]);
    }
    page.gap();
    if report.migrations.is_empty() && report.steps.is_empty() {
        page.line("It applied and undid nothing.");
    } else {
        page.table(&table);
    }
}

fn output(report: &RunReport, page: &mut Page) {
    if report.output.is_empty() {
        return;
    }
    page.gap();
    for line in &report.output {
        let tone = match line.kind.as_str() {
            "error" => Tone::Bad,
            "warning" | "retry" | "stop" | "wait" => Tone::Care,
            _ => Tone::Faint,
        };
        let kind = page.paint(tone, clean(&line.kind));
        let migration = line.migration.as_deref().map(|id| format!("{}: ", clean(id)));
        page.line(format!(
            "{}  {kind}  {}{}",
            show::time(&line.at),
            migration.unwrap_or_default(),
            clean(&line.text)
        ));
    }
}

fn cancelled(report: &CancelReport, page: &mut Page) {
    let id = report.run.id;
    match report.outcome {
        "interrupted" => {
            let text = format!("run {id} is stopped; what it applied stays and is recorded");
            page.line(page.paint(Tone::Good, text));
        }
        "had-ended" => page.line(format!("run {id} had ended before: {}", report.run.state)),
        "lost" => page.line(format!(
            "nothing of run {id} was left; it is marked as lost, and the next run goes on from there"
        )),
        "no-answer" => {
            let text = format!("run {id} does not answer, and its connections are there still");
            page.line(page.paint(Tone::Bad, text));
            page.hint(&format!("`whimbrel runs cancel {id} --now` ends them, and its lock"));
        }
        other => page.line(format!("run {id} ended by itself meanwhile: {other}")),
    }
}
