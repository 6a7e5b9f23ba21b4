//! Questions that a person answers with keys.
//!
//! Ctrl-C is an error of kind `Interrupted`, and raises the signal that the rest of us listens to.
//! Ctrl-D says that no answer will come, and that is a no.

use std::io;

use console::{Key, Term};

/// Ctrl-D.
const END: char = '\u{4}';

/// Ctrl-U.
const CLEAR: char = '\u{15}';

/// Asks for yes or no; whoever only presses Enter did not say yes.
pub(crate) fn confirm(question: &str) -> io::Result<bool> {
    let typed = line(&format!("{question} [y/N] "))?;
    Ok(["y", "yes"].contains(&typed.to_lowercase().as_str()))
}

/// Asks to type a word; anything else is a no.
pub(crate) fn types(word: &str) -> io::Result<bool> {
    Ok(line(&format!("Type `{word}` to go on: "))? == word)
}

/// Asks for a line, which Enter ends; whoever wants none has said nothing.
///
/// Keys that were pressed before the question was there are no answer to it.
fn line(question: &str) -> io::Result<String> {
    let term = Term::stderr();
    forget_keys()?;
    term.write_str(question)?;
    let mut typed = String::new();
    loop {
        match term.read_key()? {
            Key::Enter => break,
            Key::Escape | Key::Char(END) => {
                typed.clear();
                break;
            }
            Key::Char(CLEAR) => {
                term.clear_chars(typed.chars().count())?;
                typed.clear();
            }
            Key::Backspace => term.clear_chars(usize::from(typed.pop().is_some()))?,
            Key::Char(letter) if !letter.is_control() => {
                typed.push(letter);
                term.write_str(letter.encode_utf8(&mut [0; 4]))?;
            }
            _ => {}
        }
    }
    term.write_line("")?;
    Ok(typed.trim().to_owned())
}

/// Has the terminal forget what was typed and not yet read.
#[cfg(unix)]
fn forget_keys() -> io::Result<()> {
    Ok(rustix::termios::tcflush(io::stdin(), rustix::termios::QueueSelector::IFlush)?)
}

/// A console has no such call that is safe: what was typed ahead is the beginning of the line.
#[cfg(not(unix))]
#[expect(clippy::unnecessary_wraps, reason = "as on Unix")]
fn forget_keys() -> io::Result<()> {
    Ok(())
}
