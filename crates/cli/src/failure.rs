//! Errors as a person and as a machine sees them: the one place that prints them.

use std::error::Error as StdError;
use std::io;

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};
use clap::builder::StyledStr;
use whimbrel_app::catalogue::Code;
use whimbrel_app::wire::{ErrorShown, Failed, VERSION, chain};
use whimbrel_app::{Error, Exit, Located, Position, Severity, Span, mask};

use crate::aim;
use crate::terminal::{self, Terminal};
use crate::theme::{Theme, Tone, clean};

/// Why a command did not end well.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// The use case failed.
    #[error(transparent)]
    App(#[from] Error),
    /// What was found could not be written to stdout.
    #[error("write to stdout")]
    Output(#[from] io::Error),
    /// What a person gave could not be read.
    #[error("{what}")]
    Input {
        /// Its place in the catalogue.
        code: &'static Code,
        /// What was to be read.
        what: String,
        /// Why it could not.
        #[source]
        source: io::Error,
    },
    /// The command line makes no sense.
    #[error("{message}")]
    Usage {
        /// Its place in the catalogue.
        code: &'static Code,
        /// What is wrong.
        message: String,
        /// What to do instead.
        hints: Vec<String>,
    },
}

impl Failure {
    /// Its place in the catalogue.
    fn code(&self) -> &'static Code {
        match self {
            Self::App(error) => error.code(),
            Self::Output(_) => Code::OUTPUT,
            Self::Input { code, .. } | Self::Usage { code, .. } => code,
        }
    }

    /// How the command ends.
    pub(crate) fn exit(&self) -> Exit {
        self.code().exit
    }

    fn hints(&self) -> Vec<String> {
        match self {
            Self::App(error) => aimed(error.hints()),
            Self::Usage { hints, .. } => aimed(hints.clone()),
            Self::Output(_) | Self::Input { .. } => Vec::new(),
        }
    }

    fn places(&self) -> Vec<Located<'_>> {
        match self {
            Self::App(error) => error.places(),
            Self::Output(_) | Self::Input { .. } | Self::Usage { .. } => Vec::new(),
        }
    }
}

/// Prints an error to stderr, and its twin to stdout where JSON was asked for.
pub(crate) fn print(failure: &Failure, terminal: &Terminal) {
    let (code, hints, places) = (failure.code(), failure.hints(), failure.places());
    talk(failure, code, &hints, &places, terminal);
    if terminal.manner.json {
        print_json(failure);
    }
}

fn print_json(failure: &Failure) {
    let (code, hints, places) = (failure.code(), failure.hints(), failure.places());
    let error = ErrorShown::new(failure, code, &hints, &places);
    if let Err(error) = Terminal::json(&Failed { version: VERSION, error }) {
        let code = Code::OUTPUT;
        terminal::talk(format!("error[{code}]: write to stdout: {error}\n").as_bytes());
    }
}

/// Prints what clap says of a command line that it does not understand.
///
/// An argument is repeated in the message, and may be a connection URL in the wrong place. Nothing
/// is known of the options yet, so the arguments themselves tell whether JSON is asked for.
pub(crate) fn print_refusal(rendered: &StyledStr, terminal: &Terminal) {
    let (code, plain) = (Code::COMMAND_LINE, rendered.to_string());
    let theme = terminal.talk_theme();
    let text = match theme {
        Theme::Colour => rendered.ansi().to_string(),
        Theme::Plain => plain.clone(),
    };
    let Some(message) = plain.strip_prefix("error: ") else {
        return terminal::talk(mask(&text).as_bytes());
    };
    let text = text.replacen("error:", &format!("error[{code}]:"), 1) + &more(code, theme);
    terminal::talk(mask(&text).as_bytes());
    if std::env::args_os().any(|argument| argument == "--json") {
        let message = message.lines().next().unwrap_or_default().to_owned();
        let tips = plain.lines().filter_map(|line| line.trim().strip_prefix("tip: "));
        let hints = tips.map(str::to_owned).collect();
        print_json(&Failure::Usage { code, message, hints });
    }
}

/// Prints an error of a use case that is part of a report.
pub(crate) fn print_part(error: &Error, terminal: &Terminal) {
    talk(error, error.code(), &aimed(error.hints()), &error.places(), terminal);
}

/// Hints whose commands go to the same database.
fn aimed(hints: Vec<String>) -> Vec<String> {
    hints.into_iter().map(|hint| aim::aimed(&hint).into_owned()).collect()
}

/// Writes an error for a person: its places with their carets, its whole chain, its hints, and how
/// to read more.
fn talk(
    error: &dyn StdError,
    code: &Code,
    hints: &[String],
    places: &[Located<'_>],
    terminal: &Terminal,
) {
    let theme = terminal.talk_theme();
    let mut text = String::new();
    for place in places {
        text.push_str(&remark(*place, theme, terminal.width()));
        text.push('\n');
    }
    let mut say = |tone, label: &str, what: &str| {
        text.extend([&theme.paint(tone, label), " ", &mask(&clean(what)), "\n"]);
    };
    say(Tone::Bad, &format!("error[{code}]:"), &chain(error).join(": "));
    for hint in hints {
        say(Tone::Hint, "hint:", hint);
    }
    text.push_str(&more(code, theme));
    terminal::talk(text.as_bytes());
}

/// The last line of an error.
fn more(code: &Code, theme: Theme) -> String {
    theme.paint(Tone::Faint, format!("more: whimbrel explain {code}")) + "\n"
}

/// Shows a remark, with the lines that it is about if their text is at hand.
pub(crate) fn remark(place: Located<'_>, theme: Theme, width: usize) -> String {
    let Located { diagnostic, text, start } = place;
    let level = match diagnostic.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
        Severity::Note => Level::NOTE,
    };
    let message = mask(&clean(&diagnostic.message));
    let span = text.zip(diagnostic.span.clone());
    let excerpt = span.map(|(text, span)| Excerpt::cut(text, start, &span));
    let mut group = if let Some(excerpt) = &excerpt {
        let annotation = AnnotationKind::Primary.span(excerpt.span.clone());
        let snippet = Snippet::source(excerpt.text.as_str())
            .line_start(excerpt.line)
            .fold(false)
            .path(diagnostic.file.as_deref())
            .annotation(annotation);
        level.primary_title(message.as_str()).element(snippet)
    } else {
        let named = diagnostic.file.as_ref().map(|file| format!(" (`{file}`)"));
        Group::with_title(level.primary_title(message + &named.unwrap_or_default()))
    };
    for hint in &diagnostic.hints {
        group = group.element(Level::HELP.with_name("hint").message(mask(&clean(hint))));
    }
    let renderer = match theme {
        Theme::Colour => Renderer::styled(),
        Theme::Plain => Renderer::plain(),
    };
    renderer.term_width(width).render(&[group]) + "\n"
}

/// The lines around a place, secrets covered.
struct Excerpt {
    text: String,
    line: usize,
    span: Span,
}

/// The longest excerpt, in bytes: a line of a data migration may have a hundred megabytes.
const LONGEST: usize = 4096;

impl Excerpt {
    /// Cuts out the lines that a span touches, with one more before them.
    fn cut(text: &str, starts: Position, span: &Span) -> Self {
        let start = text.floor_char_boundary(span.start.min(text.len()));
        let end = text.floor_char_boundary(span.end.clamp(start, text.len()));
        let line_start = text[..start].rfind('\n').map_or(0, |newline| newline + 1);
        let before =
            text[..line_start.saturating_sub(1)].rfind('\n').map_or(0, |newline| newline + 1);
        let from = if start - before > LONGEST / 2 { line_start } else { before };
        let from = text.ceil_char_boundary(from.max(start.saturating_sub(LONGEST / 2)));
        let until = text[end..].find('\n').map_or(text.len(), |newline| end + newline);
        let until = text.floor_char_boundary(until.min(start + LONGEST / 2).max(start));
        let end = end.min(until);
        Self {
            text: mask(&text[from..until]).replace('\r', " "),
            line: starts.behind(&text.as_bytes()[..from]).line,
            span: start - from..end - from,
        }
    }
}

#[cfg(test)]
mod tests {
    use whimbrel_app::Diagnostic;

    use super::*;

    fn shown(text: &str, span: Span) -> String {
        let diagnostic = Diagnostic {
            severity: Severity::Error,
            file: Some("a.sql".to_owned()),
            span: Some(span),
            message: "this is wrong".to_owned(),
            hints: vec!["do it right".to_owned()],
        };
        let start = Position::START;
        remark(Located { diagnostic: &diagnostic, text: Some(text), start }, Theme::Plain, 80)
    }

    #[test]
    fn a_place_is_shown_with_its_line_and_a_caret() {
        let expected = "\
error: this is wrong
 --> a.sql:3:8
  |
2 | two
3 | select wrong from x;
  |        ^^^^^
  |
  = hint: do it right
";
        assert_eq!(shown("one\ntwo\nselect wrong from x;\nfour\n", 15..20), expected);
    }

    #[test]
    fn a_secret_in_the_line_is_covered_and_the_caret_holds() {
        let text = "url = \"postgres://u:hunter2@h/d\" nonsense";
        let shown = shown(text, 33..41);
        assert!(!shown.contains("hunter2"), "{shown}");
        assert!(shown.contains("a.sql:1:34"), "{shown}");
    }

    #[test]
    fn a_line_without_end_is_cut() {
        let text = "x".repeat(1 << 20) + "WRONG" + &"y".repeat(1 << 20);
        let shown = shown(&text, 1 << 20..(1 << 20) + 5);
        assert!(shown.contains("WRONG"));
        assert!(shown.len() < 3 * LONGEST, "{}", shown.len());
    }

    #[test]
    fn places_at_the_edges_do_not_fail() {
        for (text, span) in [("", 0..0), ("ä", 1..2), ("a\n", 2..2), ("a\r\nb", 3..9), ("x", 7..8)]
        {
            assert!(shown(text, span).contains("this is wrong"));
        }
    }
}
