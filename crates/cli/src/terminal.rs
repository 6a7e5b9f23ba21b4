//! The two streams: data goes to stdout, talk to stderr.

use std::borrow::Cow;
use std::io::{self, ErrorKind, IsTerminal, Write};

use console::strip_ansi_codes;
use serde::Serialize;

use crate::page::{ENDLESS, Page};
use crate::theme::Theme;
use crate::wrap::broken;

/// What a person asked of the output.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "four flags that a person may give, none of them a state"
)]
pub(crate) struct Manner {
    /// Machine-readable reports.
    pub(crate) json: bool,
    /// Nothing but errors and what was asked for as data.
    pub(crate) quiet: bool,
    /// More than usual.
    pub(crate) verbose: bool,
    /// No colour, whatever the terminal can do.
    pub(crate) no_color: bool,
}

/// Where output goes and what it may look like.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Terminal {
    /// What was asked for.
    pub(crate) manner: Manner,
    out: Theme,
    err: Theme,
    out_width: usize,
    width: usize,
}

impl Terminal {
    /// Looks at the streams of this process.
    pub(crate) fn new(manner: Manner) -> Self {
        let theme = |choice: anstream::ColorChoice| match choice {
            anstream::ColorChoice::Never => Theme::Plain,
            _ if manner.no_color => Theme::Plain,
            anstream::ColorChoice::Auto
            | anstream::ColorChoice::AlwaysAnsi
            | anstream::ColorChoice::Always => Theme::Colour,
        };
        Self {
            manner,
            out: theme(anstream::AutoStream::choice(&io::stdout())),
            err: theme(anstream::AutoStream::choice(&io::stderr())),
            out_width: width(io::stdout()),
            width: width(io::stderr()),
        }
    }

    /// How wide lines on stderr may be.
    pub(crate) fn width(&self) -> usize {
        self.width
    }

    /// How stderr is coloured.
    pub(crate) fn talk_theme(&self) -> Theme {
        self.err
    }

    /// An empty page for stdout.
    pub(crate) fn page(&self) -> Page {
        Page::new(self.out, self.out_width)
    }

    /// An empty page for stderr.
    pub(crate) fn talk_page(&self) -> Page {
        Page::new(self.err, self.width)
    }

    /// Whether a person can be asked: stdin and stderr are terminals, and no machine reads along.
    pub(crate) fn can_ask() -> bool {
        io::stdin().is_terminal() && io::stderr().is_terminal()
    }

    /// Whether stderr shows progress that moves.
    pub(crate) fn shows_progress(&self) -> bool {
        io::stderr().is_terminal() && !self.manner.quiet && !self.manner.verbose
    }

    /// Writes a report: as JSON where that was asked for, else the page that `show` makes.
    pub(crate) fn report<R: Serialize>(
        &self,
        report: &R,
        show: impl FnOnce(&R, &mut Page),
    ) -> io::Result<()> {
        if self.manner.json {
            return Self::json(report);
        }
        if self.manner.quiet {
            return Ok(());
        }
        let mut page = self.page();
        show(report, &mut page);
        data(page.into_text().as_bytes())
    }

    /// Writes JSON to stdout.
    pub(crate) fn json(value: &impl Serialize) -> io::Result<()> {
        let mut text = serde_json::to_vec_pretty(value)?;
        text.push(b'\n');
        data(&text)
    }

    /// Writes a page to stderr that belongs to a question.
    #[expect(clippy::unused_self, reason = "reads like its neighbours")]
    pub(crate) fn ask(&self, page: Page) {
        talk(page.into_text().as_bytes());
    }

    /// Writes a page to stderr, unless silence was asked for.
    pub(crate) fn talk(&self, page: Page) {
        if !self.manner.quiet {
            talk(page.into_text().as_bytes());
        }
    }
}

/// Writes to stdout. Whoever stopped reading has seen enough: that is no error.
pub(crate) fn data(bytes: &[u8]) -> io::Result<()> {
    let mut out = io::stdout().lock();
    match out.write_all(bytes).and_then(|()| out.flush()) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        result => result,
    }
}

/// Writes to stderr, where lines are broken at the terminal's end. There is nowhere to complain if
/// that fails.
pub(crate) fn talk(bytes: &[u8]) {
    let width = width(io::stderr());
    let fitted = match str::from_utf8(bytes) {
        Ok(text) if width < ENDLESS => fitted(text, width),
        Ok(_) | Err(_) => Cow::Borrowed(bytes),
    };
    let mut err = io::stderr().lock();
    let _ = err.write_all(&fitted).and_then(|()| err.flush());
}

/// A text whose lines fit. Those of an excerpt, which have a bar, are as they are: what points into
/// them would point elsewhere.
fn fitted(text: &str, width: usize) -> Cow<'_, [u8]> {
    if text.lines().all(|line| line.len() <= width) {
        return Cow::Borrowed(text.as_bytes());
    }
    let is_excerpt = |line: &str| {
        let plain = strip_ansi_codes(line);
        plain.trim_start_matches(|c: char| c == ' ' || c.is_ascii_digit()).starts_with('|')
    };
    let mut fitted = String::new();
    for line in text.split_inclusive('\n') {
        match line.strip_suffix('\n') {
            Some(line) if !is_excerpt(line) => {
                fitted.extend(broken(line, width).iter().flat_map(|line| [line.as_str(), "\n"]));
            }
            Some(_) | None => fitted.push_str(line),
        }
    }
    Cow::Owned(fitted.into_bytes())
}

/// How wide lines on stdout may be.
pub(crate) fn columns() -> usize {
    width(io::stdout())
}

/// How wide lines of a stream may be.
///
/// The console's own look wants rows as well, and a terminal that knows its columns may have none.
#[cfg(unix)]
fn width(stream: impl std::os::fd::AsFd) -> usize {
    let size = rustix::termios::tcgetwinsize(stream);
    size.ok().map(|size| usize::from(size.ws_col)).filter(|width| *width > 0).unwrap_or(ENDLESS)
}

/// How wide lines of a stream may be.
#[cfg(not(unix))]
fn width(stream: impl IsTerminal) -> usize {
    let terms = [console::Term::stdout(), console::Term::stderr()];
    let size = terms.iter().find_map(console::Term::size_checked);
    let size = size.filter(|_| stream.is_terminal());
    size.map_or(ENDLESS, |(_, columns)| usize::from(columns).max(1))
}
