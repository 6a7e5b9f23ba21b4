//! The few styles there are, named once.

use std::fmt::Display;

use anstyle::{AnsiColor, Style};

/// What a stretch of text means; colour only underlines what the words already say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tone {
    /// Went well, is in order.
    Good,
    /// Went wrong.
    Bad,
    /// Wants attention.
    Care,
    /// A command to run, a hint.
    Hint,
    /// The name of a thing.
    Name,
    /// Beside the point.
    Faint,
    /// A heading.
    Heading,
}

impl Tone {
    /// Its style.
    pub(crate) const fn style(self) -> Style {
        match self {
            Self::Good => AnsiColor::Green.on_default(),
            Self::Bad => AnsiColor::Red.on_default().bold(),
            Self::Care => AnsiColor::Yellow.on_default(),
            Self::Hint => AnsiColor::Cyan.on_default(),
            Self::Name => Style::new().bold(),
            Self::Faint => Style::new().dimmed(),
            Self::Heading => Style::new().bold().underline(),
        }
    }
}

/// Whether text is coloured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Theme {
    /// With escape codes.
    Colour,
    /// Without.
    Plain,
}

impl Theme {
    /// Shows something in a tone.
    pub(crate) fn paint(self, tone: Tone, text: impl Display) -> String {
        let style = tone.style();
        match self {
            Self::Colour => format!("{style}{text}{style:#}"),
            Self::Plain => text.to_string(),
        }
    }
}

/// How clap shows help.
pub(crate) const HELP: clap::builder::Styles = clap::builder::Styles::styled()
    .header(Tone::Heading.style())
    .usage(Tone::Heading.style())
    .literal(Tone::Hint.style())
    .placeholder(Tone::Faint.style())
    .error(Tone::Bad.style())
    .valid(Tone::Good.style())
    .invalid(Tone::Care.style());

/// Replaces control characters, so that a text from a file or a server cannot command the terminal.
pub(crate) fn clean(text: &str) -> String {
    let harmless = |c: char| !c.is_control() || matches!(c, '\n' | '\t');
    text.chars().map(|c| if harmless(c) { c } else { '\u{fffd}' }).collect()
}
