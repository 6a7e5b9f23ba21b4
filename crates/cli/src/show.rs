//! Parts of reports that several commands show.

use whimbrel_app::mask;
use whimbrel_app::run::{
    HookOutcome, Outcome, PlannedShown, RehearsalShown, Report, ResultShown, SeedShown,
};
use whimbrel_app::wire::{DatabaseShown, LossHow, LossShown, PlaceShown};

use crate::page::{Column, Page, Table};
use crate::theme::{Tone, clean};

/// Which database it is about, in one line.
pub(crate) fn database(database: &DatabaseShown, page: &mut Page) {
    let DatabaseShown { host, database, role, server_version, environment, found_in, pooled } =
        database;
    let name = page.paint(Tone::Name, clean(database));
    let version = server_version.split(' ').next().unwrap_or(server_version);
    let named = environment.as_ref().map(|name| format!("{name}: ")).unwrap_or_default();
    let pooled = if *pooled { ", behind a transaction pooler" } else { "" };
    let from = page.paint(Tone::Faint, format!("(from {found_in})"));
    page.line(format!("{named}{name} on {host} as {role}, Postgres {version}{pooled} {from}"));
}

/// What a run did, or would do, and then by which command line.
pub(crate) fn run(report: &Report, command: &str, page: &mut Page) {
    database(&report.database, page);
    for remark in &report.remarks {
        let label = page.paint(Tone::Care, "note:");
        page.line(format!("{label} {}", mask(&clean(remark))));
    }
    page.gap();
    match report.outcome {
        Outcome::Nothing => {
            let text = format!("nothing to do: {}", clean(&report.nothing));
            page.line(page.paint(Tone::Good, text));
            seeds(report, page);
            warnings(&report.warnings, page);
            return;
        }
        Outcome::Shown => shown(report, page),
        Outcome::Done | Outcome::DoneByAnother | Outcome::Failed | Outcome::Stopped => {
            done(report, page);
        }
    }
    seeds(report, page);
    hooks(report, page);
    page.gap();
    if report.outcome != Outcome::DoneByAnother && !report.migrations.is_empty() {
        rehearsal(report, page);
    }
    page.line(ending(report, page));
    warnings(&report.warnings, page);
    if report.outcome == Outcome::Shown && report.errors.is_empty() && !report.is_refused {
        page.hint(&format!("`whimbrel {command}` runs it"));
    }
}

/// The migrations of a run that took place.
fn done(report: &Report, page: &mut Page) {
    if report.migrations.is_empty() {
        return;
    }
    let mut table = Table::new([
        Column::text("migration", 20),
        Column::whole("result"),
        Column::number("took"),
        Column::text("description", 12),
    ]);
    for migration in &report.migrations {
        let (tone, word) = match (migration.result, migration.direction) {
            (ResultShown::Done, "up") => (Tone::Good, "applied"),
            (ResultShown::Done, _) => (Tone::Good, "undone"),
            (ResultShown::DoneByAnother, _) => (Tone::Good, "by another run"),
            (ResultShown::Failed, _) => (Tone::Bad, "failed"),
            (ResultShown::Skipped, _) => (Tone::Care, "skipped"),
            (ResultShown::Half, "up") => (Tone::Care, "half applied"),
            (ResultShown::Half, _) => (Tone::Care, "half undone"),
            (ResultShown::NotRun, _) => (Tone::Faint, "not run"),
            (ResultShown::Unknown, _) => (Tone::Care, "unknown"),
        };
        table.row([
            migration_name(migration),
            page.paint(tone, word),
            took(migration.execution_time_ms),
            clean(migration.description.as_deref().unwrap_or_default()),
        ]);
    }
    page.table(&table);
}

/// How long something took; nothing where that is not known.
fn took(count: Option<u64>) -> String {
    count.and_then(|count| i64::try_from(count).ok()).map(milliseconds).unwrap_or_default()
}

/// The seed files of a run, where they were asked for.
fn seeds(report: &Report, page: &mut Page) {
    if report.seeds.is_empty() {
        return;
    }
    let mut table =
        Table::new([Column::text("seed", 20), Column::whole("result"), Column::number("took")]);
    for seed in &report.seeds {
        let (tone, word) = match (seed.result, seed.changed) {
            (Some(ResultShown::Done), false) => (Tone::Good, "ran"),
            (Some(ResultShown::Done), true) => (Tone::Good, "ran again, changed"),
            (Some(ResultShown::Failed), _) => (Tone::Bad, "failed"),
            (Some(ResultShown::Unknown | ResultShown::Half), _) => (Tone::Care, "unknown"),
            (Some(ResultShown::NotRun | ResultShown::Skipped), false) => (Tone::Faint, "never ran"),
            (Some(ResultShown::NotRun | ResultShown::Skipped), true) => {
                (Tone::Care, "changed since it ran")
            }
            (None, true) => (Tone::Care, "changed since it ran, not run again"),
            (Some(ResultShown::DoneByAnother), _) => (Tone::Good, "by another run"),
            (None, false) => (Tone::Faint, "ran before"),
        };
        let took = took(seed.execution_time_ms);
        table.row([clean(&seed.path), page.paint(tone, word), took]);
    }
    page.gap();
    page.table(&table);
}

/// The hooks of a run, where there are any.
fn hooks(report: &Report, page: &mut Page) {
    if report.hooks.is_empty() {
        return;
    }
    let mut table = Table::new([
        Column::whole("hook"),
        Column::text("what", 20),
        Column::whole("result"),
        Column::number("took"),
    ]);
    for hook in &report.hooks {
        let (tone, word) = match (hook.outcome, hook.hook) {
            (HookOutcome::Planned, "after_failure") => (Tone::Faint, "would run after a failure"),
            (HookOutcome::Planned, _) => (Tone::Faint, "would run"),
            (HookOutcome::Done, _) => (Tone::Good, "ran"),
            (HookOutcome::Failed, _) => (Tone::Bad, "failed"),
            (HookOutcome::Interrupted, _) => (Tone::Care, "interrupted"),
            (HookOutcome::NotRun, _) => (Tone::Faint, "not run"),
        };
        let took = took(hook.execution_time_ms);
        table.row([hook.hook.to_owned(), clean(&hook.what), page.paint(tone, word), took]);
    }
    page.gap();
    page.table(&table);
}

/// The migrations of a run that was only shown.
fn shown(report: &Report, page: &mut Page) {
    let one_way = report.migrations.iter().all(|migration| migration.direction == UP);
    let mut table = Table::new([
        Column::number("#"),
        Column::text("migration", 20).naming(),
        Column::whole(if one_way { "" } else { "direction" }),
        Column::text("why", 10),
        Column::whole("runs as"),
        Column::number("statements"),
        Column::text("description", 12),
    ]);
    for (number, migration) in report.migrations.iter().enumerate() {
        let direction = if one_way { "" } else { migration.direction };
        table.row([
            (number + 1).to_string(),
            migration_name(migration),
            direction.to_owned(),
            migration.why.clone(),
            runs_as(migration.transaction).to_owned(),
            migration.statements.to_string(),
            clean(migration.description.as_deref().unwrap_or_default()),
        ]);
    }
    page.table(&table);
    for migration in &report.migrations {
        if let Some(because) = &migration.because {
            page.line(page.paint(Tone::Faint, format!("{}: {because}", migration.id)));
        }
    }
    for migration in &report.migrations {
        losses(&migration.id, migration.losses.as_deref().unwrap_or_default(), page);
    }
    for migration in &report.migrations {
        let Some(sql) = &migration.sql else { continue };
        page.gap();
        let way = if one_way { "" } else { migration.direction };
        let title = format!("-- {} {way}", migration.id);
        page.line(page.paint(Tone::Heading, title.trim_end()));
        page.verbatim(mask(&clean(sql)));
    }
}

/// What a migration loses of what was there before, a line each.
pub(crate) fn losses(id: &str, losses: &[LossShown], page: &mut Page) {
    for loss in losses {
        let label = page.paint(Tone::Care, "loses:");
        page.line(format!("{label} {}", mask(&clean(&format!("{id} {}", loses(loss))))));
    }
}

/// `drops table app.users, which has 3 rows`
fn loses(loss: &LossShown) -> String {
    let LossShown { how, kind, name, rows, counted } = loss;
    let what = match how {
        LossHow::Dropped => format!("drops {kind} {name}"),
        LossHow::Replaced => format!("drops {kind} {name} and makes a new one of that name"),
        LossHow::EmptiedOrRewritten => format!("empties or rewrites {kind} {name}"),
    };
    let table = if *kind == "column" { "its table" } else { "it" };
    match (rows, counted) {
        (None, _) => what,
        (Some(1), true) => format!("{what}; {table} has 1 row"),
        (Some(rows), true) => format!("{what}; {table} has {} rows", thousands(*rows)),
        (Some(rows), false) => format!("{what}; {table} has about {} rows", thousands(*rows)),
    }
}

/// `1,234,567`
fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// How a script runs, in words.
fn runs_as(transaction: &str) -> &str {
    match transaction {
        "one" => "one transaction",
        "steps" => "step by step",
        other => other,
    }
}

/// An id, and the name where the id does not hold it.
fn migration_name(migration: &PlannedShown) -> String {
    name(&migration.id, &migration.name)
}

/// An id, and the name where the id does not hold it.
pub(crate) fn name(id: &str, name: &str) -> String {
    let folded = |text: &str| text.to_lowercase().replace([' ', '-'], "_");
    let says_it = id.contains(name) || folded(id).contains(&folded(name));
    clean(&if says_it { id.to_owned() } else { format!("{id} {name}") })
}

/// What follows from there having been no rehearsal, for who decides whether to run it.
const UNKNOWN: &str = "; so it is not known whether anything is lost";

fn rehearsal(report: &Report, page: &mut Page) {
    match &report.rehearsal {
        RehearsalShown::Passed { server, milliseconds: count, stand_ins } => {
            let took = milliseconds(i64::try_from(*count).unwrap_or(i64::MAX));
            let with = standing(stand_ins);
            page.line(page.paint(Tone::Faint, format!("rehearsed on {server} in {took}{with}")));
        }
        RehearsalShown::Failed { server, stand_ins } => {
            let with = standing(stand_ins);
            page.line(page.paint(Tone::Bad, format!("failed in the rehearsal on {server}{with}")));
        }
        RehearsalShown::None { because } => {
            let because = mask(&clean(because));
            let follows = if report.outcome == Outcome::Shown { UNKNOWN } else { "" };
            page.line(page.paint(Tone::Faint, format!("not rehearsed: {because}{follows}")));
        }
    }
}

/// What was not real in a rehearsal.
pub(crate) fn standing(stand_ins: &[String]) -> String {
    if stand_ins.is_empty() {
        return String::new();
    }
    format!(", with stand-ins for {}", stand_ins.join(", "))
}

/// The direction of a migration that is applied.
const UP: &str = "up";

/// How it ended, in one line.
fn ending(report: &Report, page: &Page) -> String {
    let of = |result| report.migrations.iter().filter(move |one| one.result == result).count();
    let done = of(ResultShown::Done);
    let goes = |up: bool| report.migrations.iter().any(|one| (one.direction == UP) == up);
    // Of one that goes down and up again both halves are listed, and they make one.
    let (verb, halves) = match (goes(false), goes(true)) {
        (true, true) => ("undone and applied again", 2),
        (true, false) => ("undone", 1),
        (false, _) => ("applied", 1),
    };
    let (done, total) = (done / halves, report.migrations.len() / halves);
    let ran = |seed: &&SeedShown| seed.result == Some(ResultShown::Done);
    let seeds = report.seeds.iter().filter(ran).count();
    match report.outcome {
        Outcome::Done => {
            let migrations = format!("{} {verb}", count(done, "migration"));
            let seeds = format!("{} ran", count(seeds, "seed file"));
            let words = match (total, report.seeds.len()) {
                (_, 0) => migrations,
                (0, _) => seeds,
                (_, _) => format!("{migrations}, {seeds}"),
            };
            if report.failures.is_empty() {
                page.paint(Tone::Good, words)
            } else {
                page.paint(Tone::Bad, format!("{words}, but a hook failed"))
            }
        }
        Outcome::DoneByAnother => page.paint(Tone::Good, "another run did it meanwhile"),
        Outcome::Nothing => String::new(),
        Outcome::Shown => format!("{} would run", count(total, "migration")),
        Outcome::Failed | Outcome::Stopped => {
            page.paint(Tone::Bad, format!("{done} of {} {verb}", count(total, "migration")))
        }
    }
}

/// How many warnings a run says: whoever runs something looks for other things.
const FEW: usize = 5;

/// The first warnings about the files, a line each.
fn warnings(warnings: &[PlaceShown], page: &mut Page) {
    for warning in warnings.iter().take(FEW) {
        let brief = PlaceShown { hints: Vec::new(), ..warning.clone() };
        remark(&brief, page);
    }
    if let more @ 1.. = warnings.len().saturating_sub(FEW) {
        let more = count(more, "more warning");
        page.line(page.paint(Tone::Faint, format!("{more}: `whimbrel status` shows them")));
    }
}

/// A remark about a place in a file, in one line and its hints.
pub(crate) fn remark(place: &PlaceShown, page: &mut Page) {
    let tone = if place.severity == "error" { Tone::Bad } else { Tone::Care };
    let label = page.paint(tone, format!("{}:", place.severity));
    let at = match (&place.file, place.line, place.column) {
        (Some(file), Some(line), Some(column)) => format!(" ({file}:{line}:{column})"),
        (Some(file), _, _) => format!(" ({file})"),
        (None, _, _) => String::new(),
    };
    page.line(format!("{label} {}{at}", mask(&clean(&place.message))));
    for hint in &place.hints {
        page.hint(&clean(hint));
    }
}

/// `2026-01-31T12:00:00.123456Z` as `2026-01-31 12:00:00`.
pub(crate) fn time(text: &str) -> String {
    let seconds = text.get(..19).unwrap_or(text);
    seconds.replace('T', " ")
}

/// A length of time as a person says it.
pub(crate) fn milliseconds(count: i64) -> String {
    let seconds = count / 1000;
    match seconds {
        ..10 if count < 1000 => format!("{count} ms"),
        ..10 => format!("{seconds}.{} s", count % 1000 / 100),
        10..120 => format!("{seconds} s"),
        120..7200 => format!("{} min", seconds / 60),
        _ => format!("{} h {} min", seconds / 3600, seconds / 60 % 60),
    }
}

/// A size as a person says it.
pub(crate) fn bytes(count: u64) -> String {
    const UNITS: [&str; 4] = ["kB", "MB", "GB", "TB"];
    let mut value = count;
    let mut unit = "B";
    let mut tenths = 0;
    for larger in UNITS {
        if value < 1000 {
            break;
        }
        tenths = value % 1000 / 100;
        value /= 1000;
        unit = larger;
    }
    if unit == "B" || value >= 10 {
        format!("{value} {unit}")
    } else {
        format!("{value}.{tenths} {unit}")
    }
}

/// `1 migration`, `2 migrations`.
pub(crate) fn count(number: usize, noun: &str) -> String {
    let s = if number == 1 { "" } else { "s" };
    format!("{number} {noun}{s}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn large_numbers_are_shown_in_groups() {
        let shown: Vec<String> = [0, 999, 1000, 1_234_567].into_iter().map(thousands).collect();
        assert_eq!(shown, ["0", "999", "1,000", "1,234,567"]);
    }

    #[test]
    fn times_are_shown_as_people_say_them() {
        let shown: Vec<String> = [0, 999, 1500, 9999, 61_000, 600_000, 7_260_000]
            .into_iter()
            .map(milliseconds)
            .collect();
        assert_eq!(shown, ["0 ms", "999 ms", "1.5 s", "9.9 s", "61 s", "10 min", "2 h 1 min"]);
        assert_eq!(time("2026-01-31T12:00:00.123456Z"), "2026-01-31 12:00:00");
        assert_eq!(time("x"), "x");
        let sizes: Vec<String> = [0, 999, 1_500, 42_000_000].into_iter().map(bytes).collect();
        assert_eq!(sizes, ["0 B", "999 B", "1.5 kB", "42 MB"]);
    }
}
