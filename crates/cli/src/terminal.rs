//! The two streams: data goes to stdout, talk to stderr.

use std::io::{self, ErrorKind, IsTerminal, Write};

use console::Term;
use serde::Serialize;

use crate::page::Page;
use crate::theme::Theme;

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
    width: usize,
}

/// The width where there is no terminal: nothing is cut, whoever reads along.
const WIDTH: usize = 1000;

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
        let size = Term::stdout().size_checked().or_else(|| Term::stderr().size_checked());
        Self {
            manner,
            out: theme(anstream::AutoStream::choice(&io::stdout())),
            err: theme(anstream::AutoStream::choice(&io::stderr())),
            width: size.map_or(WIDTH, |(_, columns)| usize::from(columns)),
        }
    }

    /// How wide lines may be.
    pub(crate) fn width(&self) -> usize {
        self.width
    }

    /// How stderr is coloured.
    pub(crate) fn talk_theme(&self) -> Theme {
        self.err
    }

    /// An empty page for stdout.
    pub(crate) fn page(&self) -> Page {
        Page::new(self.out, self.width)
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

/// Writes to stderr. There is nowhere to complain if that fails.
pub(crate) fn talk(bytes: &[u8]) {
    let mut err = io::stderr().lock();
    let _ = err.write_all(bytes).and_then(|()| err.flush());
}
