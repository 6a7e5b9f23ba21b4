//! From what is chosen to what the engine runs: scripts are read and cut here.

use std::collections::BTreeMap;
use std::sync::Arc;

use camino::{Utf8Path, Utf8PathBuf};
use whimbrel_engine::run::{Direction, Needed, Work};
use whimbrel_engine::state::State;
use whimbrel_engine::wire::Session;
use whimbrel_history::formats::TO_BE_WRITTEN;
use whimbrel_history::{Definition, Files, Recorded, Section, Text, Transaction};
use whimbrel_sql::{Mode, Script, SplitError, Step, fingerprint};

use super::after::after;
use super::choose::{Choice, Planned};
use super::explain;
use crate::catalogue::Code;
use crate::error::{Error, ScriptError};
use crate::histories::Outline;
use crate::project::{self, Project};
use crate::shares::in_shares;

/// Reads the scripts of everything that is chosen, several at a time.
pub(super) async fn works(
    project: &Project,
    state: &State,
    choice: &Choice,
    session: &mut Session,
) -> Result<Vec<Work>, Error> {
    let recorded = recorded(project, state, choice, session).await?;
    let works = of_files(project, choice.planned.as_slice(), &recorded)?;
    works.iter().try_for_each(check_written)?;
    Ok(works)
}

/// Refuses a migration that `new` wrote and nobody filled in: it would be recorded as applied.
fn check_written(work: &Work) -> Result<(), Error> {
    let is_empty = work.direction == Direction::Up && work.script.statements.is_empty();
    if !is_empty || !work.text().all()?.contains(TO_BE_WRITTEN) {
        return Ok(());
    }
    let migration = &work.definition.migration;
    Err(Error::Refused {
        code: Code::TO_BE_WRITTEN,
        message: format!("`{}` is still as `whimbrel new` wrote it", migration.id),
        hints: vec![format!(
            "write its statements into `{}`, or take the file away",
            migration.path
        )],
    })
}

/// The scripts that ledgers keep, by history and key.
pub(crate) type Kept = BTreeMap<(usize, String), Recorded>;

/// Reads the scripts of everything that is planned, but for those that a ledger keeps.
pub(crate) fn of_files(
    project: &Project,
    planned: &[Planned],
    recorded: &Kept,
) -> Result<Vec<Work>, Error> {
    let read = |planned: &[Planned]| {
        let mut files = Reader { project, last: None };
        let works = planned.iter().map(|planned| {
            let key = (planned.history, planned.migration.key.clone());
            work(project, planned, recorded.get(&key), &mut files)
        });
        works.collect::<Result<Vec<Work>, Error>>()
    };
    let shares = in_shares(planned, read).into_iter().collect::<Result<Vec<_>, Error>>()?;
    let mut works: Vec<Work> = shares.into_iter().flatten().collect();
    for (work, needed) in works.iter_mut().zip(needed(project, planned)) {
        work.after = needed;
        work.stand_ins = project.has_stand_ins();
    }
    Ok(works)
}

/// What each must not run without: others of its history, and all of the histories that it comes
/// after.
fn needed(project: &Project, planned: &[Planned]) -> Vec<Vec<Needed>> {
    let histories = &project.histories;
    let names: Vec<Arc<str>> = histories.iter().map(|each| Arc::from(each.name.as_str())).collect();
    let pairs = planned.iter().zip(after(histories, planned));
    pairs
        .map(|(planned, ids)| {
            let own = &names[planned.history];
            let one = |id: String| Needed { history: Arc::clone(own), id: Some(id) };
            let others = names.iter().filter(|name| {
                let [first, then] = match planned.direction {
                    Direction::Up => [*name, own],
                    Direction::Down => [own, *name],
                };
                comes_after(&project.outlines, then, first)
            });
            let whole = |name: &Arc<str>| Needed { history: Arc::clone(name), id: None };
            ids.into_iter().map(one).chain(others.map(whole)).collect()
        })
        .collect()
}

/// Whether one history comes after another, be it by way of others.
fn comes_after(outlines: &[Outline], history: &str, other: &str) -> bool {
    let mut found = outlines.iter().filter(|outline| outline.settings.name == history);
    let before = found.next().map(|outline| &outline.after);
    let mut before = before.into_iter().flatten();
    before.any(|name| name == other || comes_after(outlines, name, other))
}

/// The scripts that ledgers keep of what runs by them, by history and key.
pub(super) async fn recorded(
    project: &Project,
    state: &State,
    choice: &Choice,
    session: &mut Session,
) -> Result<Kept, Error> {
    let mut all = BTreeMap::new();
    for (place, history) in project.histories.iter().enumerate() {
        let keys: Vec<&str> = choice
            .planned
            .iter()
            .filter(|planned| planned.history == place && planned.from_ledger)
            .map(|planned| planned.migration.key.as_str())
            .collect();
        let ledger = &state.ledgers[project.ledger_of(history)];
        if keys.is_empty() {
            continue;
        }
        let Some(query) = ledger.ledger.details(&ledger.place, &keys) else { continue };
        let scripts = project::read_scripts(session, ledger.ledger, &query).await?;
        all.extend(scripts.into_iter().map(|(key, scripts)| ((place, key), scripts)));
    }
    Ok(all)
}

fn work(
    project: &Project,
    planned: &Planned,
    recorded: Option<&Recorded>,
    files: &mut Reader<'_>,
) -> Result<Work, Error> {
    let mut migration = planned.migration.clone();
    let history = &project.histories[planned.history];
    let has_file = !migration.path.as_str().is_empty();
    let is_up = planned.direction == Direction::Up;
    let mut scripts = Scripts { project, id: migration.id.clone(), script: None };
    let mut up = Text::default();
    if has_file && !(is_up && planned.from_ledger) {
        let file = files.text(&migration.up.path)?;
        up = scripts.read(&migration.up, file, is_up)?;
    }
    let mut down = None;
    if let Some(section) = migration.down.as_ref().filter(|_| !planned.from_ledger) {
        down = Some(scripts.read(section, files.text(&section.path)?, !is_up)?);
    }
    if let Some(recorded) = recorded.filter(|_| planned.from_ledger) {
        if is_up || !has_file {
            let text = recorded.up_text();
            let section = of_ledger(&text);
            up = scripts.read(&section, &text.into(), is_up)?;
            migration.up = section;
        }
        migration.down = None;
        if let Some(text) = recorded.down_text() {
            let section = of_ledger(&text);
            down = Some(scripts.read(&section, &text.into(), !is_up)?);
            migration.down = Some(section);
        }
    }
    let script = match scripts.script {
        Some(script) => script,
        None => cut(project, &migration.id, &migration.up, &Text::default())?,
    };
    let above = match (planned.direction, &migration.down) {
        (Direction::Down, Some(down)) => files.lines_above(down)?,
        (Direction::Up | Direction::Down, _) => files.lines_above(&migration.up)?,
    };
    let script = in_file(script, above);
    let script = match migration.directives.transaction {
        Transaction::AsWritten => script,
        Transaction::Never => one_by_one(script),
    };
    let ledger = project.ledger_of(history);
    Ok(Work {
        definition: Definition { migration, up, down },
        direction: planned.direction,
        script,
        ledger,
        again: planned.again,
        seed: None,
        after: Vec::new(),
        stand_ins: false,
        lines_above: above,
    })
}

/// A section that is all of a text which no file has.
fn of_ledger(text: &str) -> Section {
    Section { path: Utf8PathBuf::new(), span: 0..text.len(), fingerprint: fingerprint(text) }
}

/// The scripts of a migration as they are read; the one that is to run is cut as well.
struct Scripts<'a> {
    project: &'a Project,
    id: String,
    script: Option<Script>,
}

impl Scripts<'_> {
    /// Reads a section of a file, which is the one to run or not.
    fn read(&mut self, section: &Section, file: &Text, is_run: bool) -> Result<Text, Error> {
        if !is_run {
            return Ok(section.text(file)?);
        }
        let (text, cut) = section.cut(file)?;
        let script = cut.script;
        self.script =
            Some(script.map_err(|error| uncut(self.project, &self.id, section, &text, &error))?);
        Ok(text)
    }
}

/// Cuts a script into statements; a mistake is shown where it stands in the file.
fn cut(project: &Project, id: &str, section: &Section, text: &Text) -> Result<Script, Error> {
    text.script()?.map_err(|error| uncut(project, id, section, text, &error))
}

/// A script that cannot be cut, shown where its mistake stands in the file.
pub(super) fn uncut(
    project: &Project,
    id: &str,
    section: &Section,
    text: &Text,
    error: &SplitError,
) -> Error {
    let (diagnostic, excerpt) = explain::in_file(project, section, text, error.diagnostic(None));
    Error::from(Box::new(ScriptError { id: id.to_owned(), diagnostic, excerpt }))
}

/// A script whose remarks name the lines of its file, of which it is only a section.
fn in_file(mut script: Script, above: usize) -> Script {
    if let Mode::Steps { because, .. } | Mode::Refused { because, .. } = &mut script.mode {
        *because = shift_lines(because, above);
    }
    script
}

/// Adds to each `(line N)` of a text.
fn shift_lines(text: &str, by: usize) -> String {
    const MARK: &str = "(line ";
    let mut shifted = String::new();
    let mut rest = text;
    while let Some(at) = rest.find(MARK) {
        let (before, number) = rest.split_at(at + MARK.len());
        shifted.push_str(before);
        let digits = number.bytes().take_while(u8::is_ascii_digit).count();
        match number[..digits].parse::<usize>() {
            Ok(line) => shifted.push_str(&(line + by).to_string()),
            Err(_) => shifted.push_str(&number[..digits]),
        }
        rest = &number[digits..];
    }
    shifted + rest
}

/// A script of which each statement is a transaction of its own, because its header says so.
fn one_by_one(script: Script) -> Script {
    let Mode::One { statements } = &script.mode else { return script };
    let steps = statements.clone().map(|number| Step::Together(number..number + 1)).collect();
    let because = "its header asks for no transaction".to_owned();
    Script { mode: Mode::Steps { steps, because }, ..script }
}

/// Reads files; up and down script are often in the same.
struct Reader<'a> {
    project: &'a Project,
    last: Option<(Utf8PathBuf, Text)>,
}

impl Reader<'_> {
    /// How many lines of its file stand before a section.
    fn lines_above(&mut self, section: &Section) -> Result<usize, Error> {
        if section.path.as_str().is_empty() || section.span.start == 0 {
            return Ok(0);
        }
        Ok(self.text(&section.path)?.lines_before(section.span.start)?)
    }

    fn text(&mut self, path: &Utf8Path) -> Result<&Text, Error> {
        if self.last.as_ref().is_none_or(|(last, _)| last != path) {
            let text = Text::read(path, self.project.workspace.folder().open(path)?)?;
            self.last = Some((path.to_owned(), text));
        }
        let (_, text) = self.last.as_ref().expect("it was read just now at the latest");
        Ok(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn remarks_name_lines_of_the_file() {
        assert_eq!(
            shift_lines("`vacuum` (line 2) cannot, nor (line 10)", 7),
            "`vacuum` (line 9) cannot, nor (line 17)"
        );
        assert_eq!(shift_lines("nothing (line )", 7), "nothing (line )");
    }
}
