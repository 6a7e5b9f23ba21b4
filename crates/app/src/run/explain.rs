//! Makes of a failure what a person needs: where it is, what state things are in, what to do.

use whimbrel_engine::run::{Cause, Direction, Failed, Work};
use whimbrel_history::{Files as _, Section, Text, TextError};
use whimbrel_sql::{Diagnostic, Mode, Severity, Span, Step};

use crate::error::{Excerpt, MigrationError};
use crate::project::Project;

/// Where a failure happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// Before anything ran.
    Plan,
    /// In the throw-away database.
    Rehearsal,
    /// In earnest, by this command.
    Run(&'static str),
    /// As a hook of a run.
    Hook,
}

/// Turns a remark about a section's text into one about its file, with what of it is to be seen.
pub(super) fn in_file(
    project: &Project,
    section: &Section,
    text: &Text,
    diagnostic: Diagnostic,
) -> (Diagnostic, Excerpt) {
    let path = &section.path;
    let file = if path.as_str().is_empty() { None } else { file(project, section) };
    let (text, diagnostic) = match &file {
        None => (text, diagnostic),
        Some(file) => {
            let shift = section.span.start;
            let span = diagnostic.span.map(|span| span.start + shift..span.end + shift);
            (file, Diagnostic { file: Some(path.to_string()), span, ..diagnostic })
        }
    };
    around(text, diagnostic)
}

/// The file of a section, if it can still be read.
fn file(project: &Project, section: &Section) -> Option<Text> {
    let contents = project.workspace.folder().open(&section.path).ok()?;
    Text::read(&section.path, contents).ok()
}

/// Cuts out what there is to be seen of a text; of one that is held, that may be all.
fn around(text: &Text, diagnostic: Diagnostic) -> (Diagnostic, Excerpt) {
    /// More than anybody shows, on each side of a place.
    const SHOWN: usize = 8 * 1024;
    if let Some(text) = text.held() {
        return (diagnostic, Excerpt::whole(text.to_owned()));
    }
    let span = diagnostic.span.clone().unwrap_or_default();
    let from = span.start.saturating_sub(SHOWN);
    let seen = (|| {
        let start = text.position(from)?;
        // The window may begin in the middle of a character, which is counted already.
        let cut = text.bytes(from)?.iter().take_while(|byte| *byte & 0xC0 == 0x80).count();
        let shown = text.part(from + cut..span.start + SHOWN)?.into_owned();
        Ok::<_, TextError>((from + cut, Excerpt { text: shown, start }))
    })();
    let Ok((from, excerpt)) = seen else {
        // A file that changed shows nothing of what ran.
        return (Diagnostic { span: None, ..diagnostic }, Excerpt::whole(String::new()));
    };
    let span = diagnostic.span.map(|span| span.start - from..span.end - from);
    (Diagnostic { span, ..diagnostic }, excerpt)
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
        (Stage::Plan, Direction::Up) => "cannot apply",
        (Stage::Plan, Direction::Down) => "cannot undo",
        (Stage::Run(_), Direction::Up) => "failed to apply",
        (Stage::Run(_), Direction::Down) => "failed to undo",
        (Stage::Hook, _) => "failed to run",
        (Stage::Rehearsal, Direction::Up) => "the rehearsal failed to apply",
        (Stage::Rehearsal, Direction::Down) => "the rehearsal failed to undo",
    };
    let mut hints = server_hints(&failed);
    match stage {
        Stage::Plan => hints.extend(plan_hints(work, &failed)),
        Stage::Run(command) => hints.extend(state_hints(work, &failed, command)),
        Stage::Hook => {
            hints.push(format!("everything that `{}` did was rolled back", migration.id));
        }
        Stage::Rehearsal => hints.push(
            "the database was not changed; `--no-rehearsal` goes on in spite of it".to_owned(),
        ),
    }
    hints.extend(failed.blockers.iter().map(|blocker| format!("in the way: {blocker}")));
    let span = line_of_copy(work, &failed).or_else(|| failed.span.clone()).or_else(|| {
        let number = failed.statement?;
        Some(work.script.statements.get(number)?.span)
    });
    let (diagnostic, excerpt) = match span {
        None => (None, Excerpt::whole(String::new())),
        Some(span) => {
            let diagnostic = Diagnostic {
                severity: Severity::Error,
                file: None,
                span: Some(span),
                message: message(&failed),
                hints: Vec::new(),
            };
            let (diagnostic, excerpt) = in_file(project, section, work.text(), diagnostic);
            (Some(diagnostic), excerpt)
        }
    };
    let id = migration.id.clone();
    MigrationError { what, id, source: failed, diagnostic, excerpt, hints }
}

/// The line of `copy … from stdin` that the server could not take: it counts them from 1, and says
/// so in `COPY users, line 3, column age: "x"`. In another language it is not found.
fn line_of_copy(work: &Work, failed: &Failed) -> Option<Span> {
    let Cause::Server(error) = &failed.cause else { return None };
    let data = work.script.statements.get(failed.statement?)?.data?;
    let (_, rest) = error.where_.as_deref()?.strip_prefix("COPY ")?.split_once(", line ")?;
    let digits = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
    let number: usize = rest[..digits].parse().ok()?;
    line(&work.text().slice(data.clone()), number.checked_sub(1)?)
        .map(|line| data.start + line.start..data.start + line.end)
}

/// A line of a text by its number, from 0, without what ends it.
fn line(text: &Text, number: usize) -> Option<Span> {
    let (mut at, mut passed, mut start) = (0, 0, 0);
    for piece in text.pieces() {
        let piece = piece.ok()?;
        for (place, _) in piece.iter().enumerate().filter(|(_, byte)| **byte == b'\n') {
            if passed == number {
                let end = at + place;
                let is_crlf = end > start && text.has(end - 1, "\r").ok()?;
                return Some(start..end - usize::from(is_crlf));
            }
            passed += 1;
            start = at + place + 1;
        }
        at += piece.len();
    }
    (passed == number && start < text.len()).then_some(start..text.len())
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
        Direction::Up if !command.starts_with("up") => "up",
        Direction::Up | Direction::Down => command,
    };
    if let Cause::PoolOfOne { .. } | Cause::PooledTimeout { .. } | Cause::PooledSetting { .. } =
        &failed.cause
    {
        hints.push(
            "go past the pooler: run it again with the server's own address, or a pooler's in session mode"
                .to_owned(),
        );
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
            if !done.is_empty() {
                hints.push(format!(
                    "the way back is by hand, for there is no down script: undo `{done}`"
                ));
            }
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

/// The way on where nothing was run.
fn plan_hints(work: &Work, failed: &Failed) -> Vec<String> {
    let id = work.id();
    let way = match &failed.cause {
        Cause::StepChanged { was, .. } => {
            format!("it was `{was}`: put it back, and change only what comes after it")
        }
        Cause::StepsLost => format!(
            "look what of `{id}` is done, then say so: `whimbrel repair applied {id}`, `whimbrel repair pending {id}`; `--allow rerun` begins at its first step"
        ),
        Cause::NeedsJournal { .. } => "switch the journal on (`[ledger] journal = true`), or take that statement into a migration of its own".to_owned(),
        Cause::Refused { hint, .. } => hint.clone(),
        _ => format!("fix `{id}`"),
    };
    vec![way, "nothing was run".to_owned()]
}

/// Whether others stopped it, and nothing is wrong with its script.
fn is_locked_out(failed: &Failed) -> bool {
    matches!(&failed.cause, Cause::Server(error) if ["55P03", "40P01", "40001"].contains(&error.code.as_str()))
}

/// How the statements of a script's first steps begin, but for those that leave nothing behind.
fn done(work: &Work, steps_done: usize) -> Vec<String> {
    let Mode::Steps { steps, .. } = &work.script.mode else { return Vec::new() };
    let numbers = steps.iter().take(steps_done).flat_map(|step| match step {
        Step::Together(range) => range.clone(),
        Step::Alone(number) => *number..*number + 1,
    });
    let text = |number: usize| {
        let span = work.script.statements.at(number).span;
        let start =
            work.text().part(span.start..span.end.min(span.start + FAR)).unwrap_or_default();
        let words: Vec<&str> = start.split_whitespace().collect();
        let line = words.join(" ");
        match line.char_indices().nth(LONGEST) {
            None => line,
            Some((end, _)) => format!("{}…", &line[..end]),
        }
    };
    let leaves_a_trace = |text: &String| {
        let verb = text.split([' ', '(', ';']).next().unwrap_or_default().to_lowercase();
        !TRACELESS.contains(&verb.as_str())
    };
    numbers.map(text).filter(leaves_a_trace).collect()
}

/// The first words of statements after which there is nothing to undo.
const TRACELESS: &[&str] =
    &["vacuum", "analyze", "reindex", "cluster", "checkpoint", "set", "reset", "show"];

/// How much of a statement is read for that, in bytes.
const FAR: usize = 4 * 1024;

/// How much of a statement a message shows, in characters.
const LONGEST: usize = 70;

/// The first steps of a migration, with what they do.
fn steps_of(id: &str, count: usize) -> String {
    match count {
        1 => format!("the first step of `{id}` stays"),
        _ => format!("the first {count} steps of `{id}` stay"),
    }
}
