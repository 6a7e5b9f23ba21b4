//! Somebody who watches a use case and can be asked: the person at the terminal.

use std::io::{self, ErrorKind};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use whimbrel_app::wire::{Confirmation, MigrationShown};
use whimbrel_app::{Answer, Direction, Event, Events, Question, Watch, mask};

use crate::prompt;
use crate::show;
use crate::terminal::Terminal;
use crate::theme::{Tone, clean};

/// Shows what happens on stderr, and asks there.
pub(crate) struct Watcher {
    terminal: Terminal,
    bar: ProgressBar,
    said: String,
    since: Instant,
    current: String,
    /// Which part of it is under way.
    part: String,
    /// How much the server said during it.
    notices: usize,
}

/// How many lines of the server are shown of one migration or hook.
const MOST_NOTICES: usize = 20;

/// How long something may take before a log without a terminal mentions it.
const PATIENCE: Duration = Duration::from_secs(1);

/// How often the spinner turns.
const TICK: Duration = Duration::from_millis(100);

const WAITING: &str = "{spinner} {elapsed} {wide_msg}";
const COUNTING: &str = "{bar:24} {pos}/{len} {elapsed} {wide_msg}";

impl Watcher {
    /// Somebody who watches on a terminal.
    pub(crate) fn new(terminal: Terminal) -> Self {
        let target = if terminal.shows_progress() {
            ProgressDrawTarget::stderr()
        } else {
            ProgressDrawTarget::hidden()
        };
        let bar = ProgressBar::with_draw_target(None, target);
        bar.set_style(style(WAITING));
        let [said, current, part] = [const { String::new() }; 3];
        Self { terminal, bar, said, since: Instant::now(), current, part, notices: 0 }
    }

    /// Shows what is going on: in the bar, or as a line where there is none and it lasts.
    fn show(&mut self, text: &str) {
        let text = mask(&clean(text));
        if self.bar.is_hidden() {
            let without_measures = without_measures(&text);
            let is_news = self.said != without_measures;
            if is_news {
                self.since = Instant::now();
                self.said = without_measures;
            }
            // A log is told once of each wait, when it lasts.
            let lasts = self.since.elapsed() >= PATIENCE;
            if (self.terminal.manner.verbose && is_news) || (lasts && !is_news) {
                self.line(Tone::Faint, &text);
                self.since = Instant::now() + Duration::from_hours(1);
            }
            return;
        }
        self.bar.set_message(text);
        self.bar.enable_steady_tick(TICK);
    }

    /// Notes which part of a migration is under way, and shows it.
    fn at(&mut self, part: String) {
        self.part = part;
        self.show(&self.under_way());
    }

    /// What is under way.
    fn under_way(&self) -> String {
        format!("{}{}", self.current, self.part)
    }

    /// Says something that stays.
    fn line(&self, tone: Tone, text: &str) {
        let mut page = self.terminal.talk_page();
        let text = page.paint(tone, mask(&clean(text)));
        page.line(text);
        self.bar.suspend(|| self.terminal.talk(page));
    }

    fn verbose(&self, text: &str) {
        if self.terminal.manner.verbose {
            self.line(Tone::Faint, text);
        }
    }

    /// Shows what the server says, a line each, and not all of what never ends.
    fn notice(&mut self, severity: &str, message: &str) {
        self.notices += 1;
        let verbose = self.terminal.manner.verbose;
        if self.notices > MOST_NOTICES && !verbose {
            return;
        }
        let tone = if severity == "WARNING" { Tone::Care } else { Tone::Faint };
        let first = message.lines().next().unwrap_or_default();
        let whole = verbose || first.len() == message.trim_end().len();
        let text = if whole { message.to_owned() } else { format!("{first} …") };
        self.line(tone, &format!("{}: {text}", severity.to_lowercase()));
    }

    /// Says how much of it was not shown.
    fn enough(&mut self) {
        let more = self.notices.saturating_sub(MOST_NOTICES);
        if more > 0 && !self.terminal.manner.verbose {
            self.line(Tone::Faint, &format!("notice: and {more} more, which `--verbose` shows"));
        }
        self.notices = 0;
    }

    /// Asks something while nothing moves.
    fn ask_now(&mut self, ask: impl FnOnce() -> io::Result<bool>) -> Answer {
        self.bar.disable_steady_tick();
        match self.bar.suspend(ask) {
            Ok(true) => Answer::Yes,
            Ok(false) => Answer::No,
            Err(error) if error.kind() == ErrorKind::Interrupted => Answer::Interrupted,
            Err(_) => Answer::Nobody,
        }
    }

    /// Shows what would run, and where.
    fn show_confirmation(&self, confirmation: &Confirmation) {
        let Confirmation { database, becomes, what, migrations, remarks, .. } = confirmation;
        let mut page = self.terminal.talk_page();
        show::database(database, &mut page);
        page.gap();
        for migration in migrations {
            let name = page.paint(Tone::Name, show::name(&migration.id, &migration.name));
            let description = clean(migration.description.as_deref().unwrap_or_default());
            page.line(format!("  {name}  {description}"));
        }
        for migration in migrations {
            let losses = migration.losses.as_deref().unwrap_or_default();
            show::losses(&migration.id, losses, &mut page);
        }
        if migrations.iter().any(|migration| migration.losses.is_none()) {
            page.line("It is not known whether anything is lost: not all was rehearsed.");
        }
        for remark in remarks {
            page.line(mask(&clean(remark)));
        }
        if migrations.is_empty() {
            self.bar.suspend(|| self.terminal.ask(page));
            return;
        }
        page.gap();
        page.line(format!("{} {becomes}.", show::count(migrations.len(), what)));
        self.bar.suspend(|| self.terminal.ask(page));
    }
}

impl Watch for Watcher {
    fn on(&mut self, event: Event) {
        match event {
            Event::Waiting { what } => self.show(&format!("waiting for {what}")),
            Event::Working { what, percent: None } => self.show(&what),
            Event::Working { what, percent: Some(percent) } => {
                self.show(&format!("{what}: {percent} %"));
            }
            Event::Started { migration, direction } => {
                self.enough();
                let verb = match direction {
                    Direction::Up => "applying",
                    Direction::Down => "undoing",
                };
                self.current = format!("{verb} {migration}");
                self.at(String::new());
            }
            Event::Running { migration } => {
                let is_news = !self.current.contains(&migration);
                if is_news {
                    self.current = format!("running {migration}");
                    self.part.clear();
                }
                // The bar forgets with it what was waited for; a log would take it for news, and
                // the wait that is told next for another one.
                if is_news || !self.bar.is_hidden() {
                    self.show(&self.under_way());
                }
            }
            Event::Done { migration, direction, milliseconds } => {
                self.bar.inc(1);
                let verb = match direction {
                    Direction::Up => "applied",
                    Direction::Down => "undone",
                };
                let took = show::milliseconds(i64::try_from(milliseconds).unwrap_or(i64::MAX));
                self.verbose(&format!("{verb} {migration} in {took}"));
            }
            Event::UnderWay { migration: _, number, of } => {
                self.at(format!(": statement {number} of {of}"));
            }
            Event::Step { migration: _, number, of } => self.at(format!(": step {number} of {of}")),
            Event::Blocked { by } => {
                let by: Vec<String> = by.iter().map(ToString::to_string).collect();
                self.show(&format!("{} waits for {}", self.under_way(), by.join("; ")));
            }
            Event::Progress { progress } => {
                // It names the command; with the statement's number it would not fit a narrow line.
                self.show(&format!("{}: {progress}", self.current));
            }
            Event::Retry { migration, because, blockers } => {
                let by: Vec<String> = blockers.iter().map(ToString::to_string).collect();
                let by = if by.is_empty() {
                    String::new()
                } else {
                    format!(", blocked by {}", by.join("; "))
                };
                self.line(
                    Tone::Care,
                    &format!("{migration} was rolled back and is tried again: {because}{by}"),
                );
            }
            Event::CleaningUp { statement } => {
                self.line(
                    Tone::Care,
                    &format!("putting away what an earlier try left: {statement}"),
                );
            }
            Event::Notice { severity, message } => {
                self.notice(&severity, &message);
            }
            Event::NoJournal { role } => self.line(
                Tone::Care,
                &format!("no journal is kept: `{role}` may not make the schema `whimbrel_journal`"),
            ),
            Event::AskedToStop { by } => {
                self.line(Tone::Care, &format!("asked to stop by {by}: ending cleanly"));
            }
            Event::Cancelling => self.line(Tone::Care, "cancelling the statement under way"),
            Event::OtherWay { way, because } => {
                self.line(Tone::Care, &format!("going by {way}: {because}"));
            }
            Event::Reconnecting { because } => {
                self.line(Tone::Care, &format!("connecting again: {because}"));
            }
            _ => {}
        }
    }

    fn go_on(&mut self, migration: &str, error: &str) -> bool {
        if !Terminal::can_ask() {
            return false;
        }
        self.line(Tone::Bad, &format!("{migration} failed: {error}"));
        let question = "Go on with what does not depend on it?";
        self.ask_now(|| prompt::confirm(question)) == Answer::Yes
    }
}

impl Events for Watcher {
    fn planned(&mut self, count: usize) {
        if count > 1 {
            self.bar.set_length(count as u64);
            self.bar.set_position(0);
            self.bar.set_style(style(COUNTING));
        }
    }

    fn loses(&mut self, migrations: &[MigrationShown]) {
        let mut page = self.terminal.talk_page();
        for migration in migrations {
            let losses = migration.losses.as_deref().unwrap_or_default();
            show::losses(&migration.id, losses, &mut page);
        }
        self.bar.suspend(|| self.terminal.talk(page));
    }

    fn hook_begins(&mut self, hook: &str, what: &str) {
        self.enough();
        self.current = format!("hook {hook}: {what}");
        let current = self.current.clone();
        self.show(&current);
    }

    fn hook_says(&mut self, line: &str) {
        self.line(Tone::Faint, line);
    }

    fn ask(&mut self, question: &Question<'_>) -> Answer {
        if !Terminal::can_ask() {
            return Answer::Nobody;
        }
        let Question::Proceed(confirmation) = question;
        self.show_confirmation(confirmation);
        match &confirmation.word {
            None => self.ask_now(|| prompt::confirm("Go on?")),
            Some(word) => self.ask_now(|| prompt::types(word)),
        }
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        self.enough();
        self.bar.finish_and_clear();
    }
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).expect("the templates are constants and valid")
}

/// A text without how long it lasts by now and how far it is, which makes no other wait of it.
fn without_measures(text: &str) -> String {
    let words: Vec<&str> = text.split(' ').collect();
    let is_measure = |number: usize| {
        let word = words[number].trim_end_matches([':', ',']);
        let digits = word.trim_end_matches('%');
        let counts = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
        let unit = words.get(number + 1).map(|next| next.trim_end_matches(|c| "):,".contains(c)));
        let has_unit = unit.is_some_and(|unit| ["s", "%", "rows"].contains(&unit));
        counts && (has_unit || digits.len() < word.len())
    };
    let kept = (0..words.len()).filter(|number| !is_measure(*number)).map(|number| words[number]);
    kept.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::without_measures;

    #[test]
    fn a_wait_is_the_same_however_long_it_lasts() {
        for (one, another) in [
            (
                "a waits for pid 12 (x, active, 3 s): select 1",
                "a waits for pid 12 (x, active, 4 s): select 1",
            ),
            (
                "the lock held by pid 7 (x as y, since 9 s)",
                "the lock held by pid 7 (x as y, since 10 s)",
            ),
            ("copy from: 12 rows", "copy from: 13 rows"),
            ("create index 12%: building", "create index 99%: building"),
            ("fetching: 12 %", "fetching: 13 %"),
        ] {
            assert_eq!(without_measures(one), without_measures(another));
        }
        assert_ne!(without_measures("x: step 1 of 3"), without_measures("x: step 2 of 3"));
        assert_ne!(without_measures("pid 1 (3 s)"), without_measures("pid 2 (3 s)"));
    }
}
