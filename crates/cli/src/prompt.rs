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
    let term = Term::stderr();
    term.write_str(&format!("{question} [y/N] "))?;
    let yes = loop {
        match term.read_key()? {
            Key::Char('y' | 'Y') => break true,
            Key::Char('n' | 'N' | 'q' | END) | Key::Enter | Key::Escape => break false,
            _ => {}
        }
    };
    term.write_line(if yes { "yes" } else { "no" })?;
    Ok(yes)
}

/// Asks to type a word; anything else is a no.
pub(crate) fn types(word: &str) -> io::Result<bool> {
    let term = Term::stderr();
    term.write_str(&format!("Type `{word}` to go on: "))?;
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
    Ok(typed.trim() == word)
}
