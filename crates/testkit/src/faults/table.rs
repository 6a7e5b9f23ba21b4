//! The table of a fault walk, as Markdown.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::walk::Report;
use super::{Harm, Way};

/// What is the same of many trials, in the order of the table.
type Row<'a> = (Way, Harm, &'a str, &'a str, &'a str);

/// An overview, then a table for each script, then whatever was wrong.
pub(super) fn markdown(report: &Report) -> String {
    let mut text = overview(report);
    for (number, script) in report.scripts.iter().enumerate() {
        write!(text, "\n## {}\n\n```sql\n", capitalised(script.name)).expect(TAKES_ALL);
        for (index, migration) in script.migrations.iter().enumerate() {
            if index > 0 {
                text.push('\n');
            }
            writeln!(text, "-- {}.sql\n{}", migration.id, shortened(&migration.sql))
                .expect(TAKES_ALL);
        }
        text.push_str("```\n\n");
        text.push_str("| way | fault | the struck run | state left | the next run | points |\n");
        text.push_str("| --- | --- | --- | --- | --- | ---: |\n");
        for ((way, harm, run, left, next), count) in rows(report, number) {
            writeln!(text, "| {way} | {harm} | {run} | {left} | {next} | {count} |")
                .expect(TAKES_ALL);
        }
    }
    let wrong = report.wrong();
    if !wrong.is_empty() {
        text.push_str("\n## What was wrong\n\n```text\n");
        for failure in wrong {
            writeln!(text, "{failure}").expect(TAKES_ALL);
        }
        text.push_str("```\n");
    }
    text
}

const TAKES_ALL: &str = "a text takes any text";

/// Points of each script, way and harm: how many were tried, and of how many, where not of all.
fn overview(report: &Report) -> String {
    let programs = report.programs();
    let mut text = "| script | way | messages |".to_owned();
    for harm in Harm::ALL {
        write!(text, " {harm} |").expect(TAKES_ALL);
    }
    if programs.len() > 1 {
        text.push_str(" commit |");
    }
    text.push_str("\n| --- | --- | ---: | ---: | ---: | ---: | ---: |");
    text.push_str(if programs.len() > 1 { " --- |\n" } else { "\n" });
    for (route, recording) in &report.recordings {
        let (messages, all) = (recording.messages.len(), recording.spots().len());
        let name = report.scripts[route.script].name;
        write!(text, "| {name} | {} | {messages} |", route.way).expect(TAKES_ALL);
        for harm in Harm::ALL {
            let trials = report.outcomes.keys();
            let points = trials.filter(|trial| trial.route == *route && trial.harm == harm).count();
            if points == all {
                write!(text, " {points} |").expect(TAKES_ALL);
            } else {
                write!(text, " {points} of {all} |").expect(TAKES_ALL);
            }
        }
        if programs.len() > 1 {
            write!(text, " {} |", recording.program).expect(TAKES_ALL);
        }
        text.push('\n');
    }
    let nobody = report.outcomes.values().filter(|outcome| outcome.met == 0).count();
    let points = report.points();
    writeln!(
        text,
        "\n{points} points in all. At {nobody} of those of `terminate` no backend was there: the \
         first message of a connection had not made one, or the pooler had given it none."
    )
    .expect(TAKES_ALL);
    text
}

fn rows(report: &Report, script: usize) -> BTreeMap<Row<'_>, usize> {
    let mut rows = BTreeMap::new();
    for (trial, outcome) in &report.outcomes {
        if trial.route.script == script {
            let row = (
                trial.route.way,
                trial.harm,
                outcome.run.as_str(),
                outcome.left.as_str(),
                outcome.next.as_str(),
            );
            *rows.entry(row).or_insert(0) += 1;
        }
    }
    rows
}

fn capitalised(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// Data of thousands of lines shows nothing.
fn shortened(sql: &str) -> String {
    const LINES: usize = 20;
    let lines: Vec<&str> = sql.trim_end().lines().collect();
    if lines.len() <= LINES {
        return lines.join("\n");
    }
    let (head, tail) = (&lines[..4], &lines[lines.len() - 3..]);
    let left_out = lines.len() - head.len() - tail.len();
    let middle = format!("… {left_out} lines …");
    head.iter()
        .copied()
        .chain([middle.as_str()])
        .chain(tail.iter().copied())
        .collect::<Vec<_>>()
        .join("\n")
}
