//! Makes of a failure what a person needs: where it is, what state things are in, what to do.

use whimbrel_engine::run::{Cause, Direction, Failed, Work};
use whimbrel_history::Section;
use whimbrel_sql::{Diagnostic, Mode, Severity, Span, Step};

use crate::error::MigrationError;
use crate::project::Project;

/// Where a failure happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// In the throw-away database.
    Rehearsal,
    /// In earnest, by this command.
    Run(&'static str),
}

/// Turns a remark about a section's text into one about its file.
pub(super) fn in_file(
    project: &Project,
    section: &Section,
    text: &str,
    diagnostic: Diagnostic,
) -> (Diagnostic, String) {
    let path = &section.path;
    let whole = project.workspace.folder().text(path).ok().flatten();
    let Some(whole) = whole.filter(|_| !path.as_str().is_empty()) else {
        return (diagnostic, text.to_owned());
    };
    let whole = whole.strip_prefix('\u{feff}').unwrap_or(&whole).to_owned();
    let shift = section.span.start;
    let span = diagnostic.span.map(|span| span.start + shift..span.end + shift);
    (Diagnostic { file: Some(path.to_string()), span, ..diagnostic }, whole)
}

/// Explains a migration that failed.
pub(super) fn failed(
    project: &Project,
    work: &Work,
    failed: Failed,
    stage: Stage,
) -> MigrationError {
    let migration = &work.definition.migration;
    let section = match (work.direction, &migration.down) {
        (Direction::Down, Some(down)) => down,
        (Direction::Down | Direction::Up, _) => &migration.up,
    };
    let what = match (stage, work.direction) {
        (Stage::Run(_), Direction::Up) => "failed to apply",
        (Stage::Run(_), Direction::Down) => "failed to undo",
        (Stage::Rehearsal, Direction::Up) => "the rehearsal failed to apply",
        (Stage::Rehearsal, Direction::Down) => "the rehearsal failed to undo",
    };
    let mut hints = server_hints(&failed);
    match stage {
        Stage::Run(command) => hints.extend(state_hints(work, &failed, command)),
        Stage::Rehearsal => hints.push(
            "the database was not changed; `--no-rehearsal` goes on in spite of it".to_owned(),
        ),
    }
    hints.extend(failed.blockers.iter().map(|blocker| format!("in the way: {blocker}")));
    let span = line_of_copy(work, &failed).or_else(|| failed.span.clone()).or_else(|| {
        let number = failed.statement?;
        Some(work.script.statements.get(number)?.span.clone())
    });
    let (diagnostic, text) = match span {
        None => (None, String::new()),
        Some(span) => {
            let diagnostic = Diagnostic {
                severity: Severity::Error,
                file: None,
                span: Some(span),
                message: message(&failed),
                hints: Vec::new(),
            };
            let (diagnostic, text) = in_file(project, section, work.text(), diagnostic);
            (Some(diagnostic), text)
        }
    };
    let id = migration.id.clone();
    MigrationError { what, id, source: failed, diagnostic, text, hints }
}

/// The line of `copy … from stdin` that the server could not take: it counts them from 1, and says
/// so in `COPY users, line 3, column age: "x"`. In another language it is not found.
fn line_of_copy(work: &Work, failed: &Failed) -> Option<Span> {
    let Cause::Server(error) = &failed.cause else { return None };
    let data = work.script.statements.get(failed.statement?)?.data.clone()?;
    let (_, rest) = error.where_.as_deref()?.strip_prefix("COPY ")?.split_once(", line ")?;
    let digits = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
    let number: usize = rest[..digits].parse().ok()?;
    let text = &work.text()[data.clone()];
    let mut lines = text.split_inclusive('\n');
    let start =
        data.start + lines.by_ref().take(number.checked_sub(1)?).map(str::len).sum::<usize>();
    let line = lines.next()?.trim_end_matches(['\r', '\n']);
    Some(start..start + line.len())
}

/// What stands at the caret.
fn message(failed: &Failed) -> String {
    match &failed.cause {
        Cause::Server(error) => format!("{} ({})", error.message, error.code),
        other => other.to_string(),
    }
}

/// What the server itself adds.
fn server_hints(failed: &Failed) -> Vec<String> {
    let Cause::Server(error) = &failed.cause else { return Vec::new() };
    let detail = error.detail.iter().map(|text| format!("the server says: {text}"));
    let hint = error.hint.iter().map(|text| format!("the server suggests: {text}"));
    let place = error.where_.iter().map(|text| format!("inside: {}", text.replace('\n', ", ")));
    detail.chain(hint).chain(place).collect()
}

/// What state the database is in, and the way on.
fn state_hints(work: &Work, failed: &Failed, command: &str) -> Vec<String> {
    let mut hints = Vec::new();
    let id = work.id();
    // Of a redo whose down script ran, its up script is what is left.
    let verb = match work.direction {
        Direction::Up => "up",
        Direction::Down => command,
    };
    if let Cause::PoolOfOne { .. } | Cause::PooledTimeout { .. } | Cause::PooledSetting { .. } =
        &failed.cause
    {
        hints.push(format!(
            "go past the pooler and run `whimbrel {verb}` again: give the server's own address, or a pooler's in session mode"
        ));
    } else if let Cause::StepChanged { was, .. } = &failed.cause {
        hints.push(format!(
            "it was `{was}`: put it back, change only what comes after it, and run `whimbrel {verb}` again"
        ));
    } else if failed.steps_done > 0 {
        hints.push(format!(
            "{} done; fix the rest and run `whimbrel {verb}` again: it goes on there",
            steps_of(id, failed.steps_done)
        ));
        if work.direction == Direction::Up && work.definition.down.is_none() {
            let done = done(work, failed.steps_done).join("`, `");
            hints.push(format!(
                "the way back is by hand, for there is no down script: undo `{done}`"
            ));
        }
    } else if failed.rolled_back && is_locked_out(failed) {
        hints.push(format!(
            "everything that `{id}` did was rolled back; run `whimbrel {verb}` again when nothing is in the way, or let it try longer: `--retry-for 10min`"
        ));
    } else if failed.rolled_back {
        hints.push(format!(
            "everything that `{id}` did was rolled back; fix it and run `whimbrel {verb}` again"
        ));
    } else {
        hints.push(format!("nothing of `{id}` is done; fix it and run `whimbrel {verb}` again"));
    }
    if failed.tries > 1 {
        hints.push(format!("it was tried {} times", failed.tries));
    }
    hints
}

/// Whether others stopped it, and nothing is wrong with its script.
fn is_locked_out(failed: &Failed) -> bool {
    matches!(&failed.cause, Cause::Server(error) if ["55P03", "40P01", "40001"].contains(&error.code.as_str()))
}

/// How the statements of a script's first steps begin.
fn done(work: &Work, steps_done: usize) -> Vec<String> {
    let Mode::Steps { steps, .. } = &work.script.mode else { return Vec::new() };
    let numbers = steps.iter().take(steps_done).flat_map(|step| match step {
        Step::Together(range) => range.clone(),
        Step::Alone(number) => *number..*number + 1,
    });
    let text = |number: usize| {
        let statement = &work.text()[work.script.statements[number].span.clone()];
        let words: Vec<&str> = statement.split_whitespace().collect();
        let line = words.join(" ");
        match line.char_indices().nth(LONGEST) {
            None => line,
            Some((end, _)) => format!("{}…", &line[..end]),
        }
    };
    numbers.map(text).collect()
}

/// How much of a statement a message shows, in characters.
const LONGEST: usize = 70;

/// The first steps of a migration, with what they do.
fn steps_of(id: &str, count: usize) -> String {
    match count {
        1 => format!("the first step of `{id}` stays"),
        _ => format!("the first {count} steps of `{id}` stay"),
    }
}
