//! What `whimbrel dev` shows to a person.

use whimbrel_app::cases::dev::{DatabaseOfDev, Made, Report, ServerShown};
use whimbrel_app::mask;

use crate::page::{Column, Page, Table};
use crate::show;
use crate::theme::{Tone, clean};

/// Shows what was done, and what there is now.
pub(super) fn show(report: &Report, page: &mut Page) {
    page.line(server(report, page));
    for remark in &report.remarks {
        let label = page.paint(Tone::Care, "note:");
        page.line(format!("{label} {}", mask(&clean(remark))));
    }
    for ended in &report.ended {
        let name = if ended.application.is_empty() { "a client" } else { &ended.application };
        let label = page.paint(Tone::Care, "sent away:");
        let (name, role) = (clean(name), clean(&ended.role));
        page.line(format!("{label} {name}, {role} from {}, pid {}", ended.client, ended.pid));
    }
    for name in &report.dropped {
        let what = if report.outcome == "pruned" { "dropped:" } else { "would be dropped:" };
        page.line(format!("{} {name}", page.paint(Tone::Care, what)));
    }
    if report.action == "prune" && report.dropped.is_empty() {
        page.line(page.paint(Tone::Good, "no branch is gone whose database is still there"));
    }
    if let Some(database) = &report.database
        && report.databases.iter().any(|one| one.is_current)
    {
        page.line(current(report, database, page));
    }
    if let Some(file) = &report.env_file {
        let what = match file.outcome {
            "up-to-date" => "is up to date",
            "changed" => "was changed",
            _ => "was added",
        };
        page.line(format!("{} in {} {what}", file.variable, clean(file.path.as_str())));
        if file.is_committed {
            let label = page.paint(Tone::Care, "note:");
            page.line(format!("{label} git would commit {}: add it to .gitignore", file.path));
        }
    }
    if report.action == "status" || report.databases.len() > 1 {
        databases(report, page);
    }
    hints(report, page);
}

/// `development server started: Postgres 17 on 127.0.0.1:15432, pid 4711`
fn server(report: &Report, page: &Page) -> String {
    let ServerShown { state, major, pid, host, port, since, .. } = &report.server;
    let word = match (report.outcome, *state) {
        ("started", _) => page.paint(Tone::Good, "started"),
        ("running", _) => page.paint(Tone::Good, "is started already"),
        ("stopped", _) => page.paint(Tone::Good, "stopped"),
        ("was-not-running", _) => "was not running".to_owned(),
        ("started-again", _) => page.paint(Tone::Care, "was stopped, and started again by another"),
        (_, "started") => page.paint(Tone::Good, "is started"),
        (_, "passing") => "is not started, and runs for another command".to_owned(),
        (_, "killed") => page.paint(Tone::Bad, "was killed"),
        _ => "is not started".to_owned(),
    };
    let mut parts = vec![format!("development server {word}")];
    let major = major.map(|major| format!("Postgres {major}"));
    let place = host.as_ref().zip(*port).map(|(host, port)| format!("{host}:{port}"));
    let version = match (major, place.filter(|_| *state == "started")) {
        (Some(major), Some(place)) => Some(format!("{major} on {place}")),
        (major, _) => major,
    };
    parts.extend(version);
    if *state == "started" {
        parts.extend(pid.map(|pid| format!("pid {pid}")));
        if report.action == "status" {
            parts.extend(since.as_deref().map(|since| format!("since {} UTC", show::time(since))));
        }
    }
    parts.join(", ")
}

/// `database app: 12 migrations applied, 10 of them by a template, in 180 ms`
fn current(report: &Report, database: &str, page: &Page) -> String {
    let name = page.paint(Tone::Name, clean(database));
    let of = report.branch.as_ref().map(|branch| format!(" of branch {}", clean(branch)));
    let mut parts = Vec::new();
    if report.outcome == "reset" {
        parts.push(page.paint(Tone::Good, "made anew"));
    }
    if let Some(migrations) = report.migrations {
        parts.push(format!("{} applied", show::count(migrations.applied, "migration")));
        if migrations.pending > 0 {
            parts.push(page.paint(Tone::Hint, format!("{} pending", migrations.pending)));
        }
        if migrations.attention > 0 {
            let text = format!("{} of them to look at", migrations.attention);
            parts.push(page.paint(Tone::Care, text));
        }
    }
    if report.migrations.is_none() {
        parts.push("no migrations".to_owned());
    }
    if let Some(made) = &report.made {
        parts.extend(how(made));
    }
    format!("database {name}{}: {}", of.unwrap_or_default(), parts.join(", "))
}

/// How a database was made.
fn how(made: &Made) -> Vec<String> {
    let took = i64::try_from(made.milliseconds).map(show::milliseconds).unwrap_or_default();
    let Made { copy_of, from_template, replayed, seeds, .. } = made;
    let mut parts = Vec::new();
    if let Some(of) = copy_of {
        parts.push(format!("a copy of {}", clean(of)));
    } else if *from_template > 0 && *replayed > 0 {
        parts.push(format!("{from_template} by a template and {replayed} run"));
    } else if *from_template > 0 {
        parts.push("by a template".to_owned());
    }
    if !seeds.is_empty() {
        parts.push(show::count(seeds.len(), "seed file"));
    }
    parts.push(format!("in {took}"));
    parts
}

fn databases(report: &Report, page: &mut Page) {
    if report.databases.is_empty() {
        return;
    }
    page.gap();
    let mut table = Table::new([
        Column::text("database", 16),
        Column::text("branch", 12),
        Column::text("copy of", 12),
        Column::number("connections"),
        Column::number("size"),
        Column::whole(""),
    ]);
    for one in &report.databases {
        let DatabaseOfDev { name, branch, copy_of, connections, bytes, .. } = one;
        let remark = match (one.is_current, one.is_gone) {
            (_, true) => page.paint(Tone::Care, "its branch is gone"),
            (true, false) => page.paint(Tone::Good, "current"),
            (false, false) => String::new(),
        };
        let text = |text: &Option<String>| clean(text.as_deref().unwrap_or_default());
        table.row([
            clean(name),
            text(branch),
            text(copy_of),
            connections.to_string(),
            show::bytes(*bytes),
            remark,
        ]);
    }
    page.table(&table);
    if report.templates.count > 0 {
        let count = show::count(report.templates.count, "template");
        let text = format!("and {count} for `dev reset`, {}", show::bytes(report.templates.bytes));
        page.line(page.paint(Tone::Faint, text));
    }
}

fn hints(report: &Report, page: &mut Page) {
    let is_started = report.server.state == "started";
    let migrations = report.migrations;
    match report.action {
        "stop" => {}
        _ if !is_started => {
            page.hint("`whimbrel dev start` starts it, with all that is in it");
        }
        "start" | "status" => {
            page.hint("`whimbrel dev url` prints the connection URL, `whimbrel dev psql` opens it");
        }
        _ => {}
    }
    if migrations.is_some_and(|migrations| migrations.pending > 0) && report.failures.is_empty() {
        page.hint("`whimbrel up --dev` applies what is pending");
    }
    if report.databases.iter().any(|one| one.is_gone) {
        page.hint("`whimbrel dev prune` drops what belongs to branches that are gone");
    }
    let is_elsewhere =
        report.databases.iter().any(|one| one.is_current) || report.action != "status";
    if is_started && !is_elsewhere && report.branch.is_some() {
        page.hint("`whimbrel dev start --branch` makes the branch's database");
    }
}
