//! `.env` files.
//!
//! Of the dialects in use it takes what python-dotenv and Node's dotenv agree on: `NAME=value`,
//! an optional `export`, single quotes that mean what they hold, double quotes with escapes and
//! several lines, `#` comments, and `${NAME}`. A bare `$NAME` stays as it is: passwords hold
//! dollar signs more often than references.

use std::collections::BTreeMap;

use whimbrel_history::FilesError;

use super::{Found, Look, Place, VARIABLES, path};
use crate::workspace::Workspace;

/// A `.env` file in the project's folder, by its name.
pub(super) struct File(pub(super) &'static str);

impl Place for File {
    fn about(&self) -> String {
        format!("the same in `{}`", self.0)
    }

    fn look(&self, workspace: &Workspace) -> Result<Vec<Look>, FilesError> {
        let Some(file) = self.parse(workspace)? else {
            return Ok(vec![self.missing()]);
        };
        Ok(VARIABLES.iter().map(|name| self.value(&file, name)).collect())
    }

    fn variable(&self, workspace: &Workspace, name: &str) -> Result<Option<Look>, FilesError> {
        Ok(Some(match self.parse(workspace)? {
            Some(file) => self.value(&file, name),
            None => self.missing(),
        }))
    }
}

impl File {
    fn parse(&self, workspace: &Workspace) -> Result<Option<Dotenv>, FilesError> {
        let text = workspace.folder().text(&path(self.0))?;
        Ok(text.map(|text| parse(&text, &workspace.surroundings().variables)))
    }

    fn missing(&self) -> Look {
        Look { place: self.0.to_owned(), found: Found::Nothing(Some("no such file".to_owned())) }
    }

    fn value(&self, file: &Dotenv, name: &str) -> Look {
        let place = format!("{name} in {}", self.0);
        let value = file.values.get(name);
        if value.is_none() && !file.unreadable.is_empty() {
            let lines: Vec<String> = file.unreadable.iter().map(ToString::to_string).collect();
            let why = format!("not set; not readable: line {}", lines.join(", "));
            return Look { place, found: Found::Nothing(Some(why)) };
        }
        Look::variable(place, value.map(|value| value.text.as_str()))
    }
}

/// What a `.env` file says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Dotenv {
    /// Name to value and the line it begins on; the last of several wins.
    pub(crate) values: BTreeMap<String, Value>,
    /// Lines that are no assignment; said when nothing was found, else left alone, since other
    /// programs read these files too.
    pub(crate) unreadable: Vec<usize>,
}

/// A value and its place.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Value {
    /// The value, quotes and escapes resolved.
    pub(crate) text: String,
    /// The line that it begins on, from 1.
    pub(crate) line: usize,
    /// The line after it.
    pub(crate) next: usize,
}

impl std::fmt::Debug for Value {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Value(…, line {})", self.line)
    }
}

/// Parses the text of a `.env` file; `outer` is asked for names that it refers to and does not
/// hold itself.
pub(crate) fn parse(text: &str, outer: &BTreeMap<String, String>) -> Dotenv {
    let mut reader = Reader { rest: text.trim_start_matches('\u{feff}'), line: 1 };
    let mut file = Dotenv::default();
    while !reader.rest.is_empty() {
        let line = reader.line;
        match reader.entry() {
            Entry::Blank => {}
            Entry::Unreadable => file.unreadable.push(line),
            Entry::Assignment { name, raw, expands } => {
                let text = if expands { expand(&raw, &file.values, outer) } else { raw };
                file.values.insert(name, Value { text, line, next: reader.line });
            }
        }
    }
    file
}

/// The text that is left, and the line it begins on.
struct Reader<'a> {
    rest: &'a str,
    line: usize,
}

/// One logical line.
enum Entry {
    Blank,
    Unreadable,
    Assignment { name: String, raw: String, expands: bool },
}

impl<'a> Reader<'a> {
    /// Takes the rest of the physical line, its end left out.
    fn take_line(&mut self) -> &'a str {
        let (line, rest) = self.rest.split_once('\n').unwrap_or((self.rest, ""));
        self.rest = rest;
        self.line += 1;
        line.strip_suffix('\r').unwrap_or(line)
    }

    fn entry(&mut self) -> Entry {
        let line = self.rest.lines().next().unwrap_or_default();
        let trimmed = line.trim_start();
        if trimmed.is_empty() || trimmed.starts_with('#') {
            self.take_line();
            return Entry::Blank;
        }
        let Some((left, right)) = trimmed.split_once('=') else {
            self.take_line();
            return Entry::Unreadable;
        };
        let name = left.trim_end();
        let name = name
            .strip_prefix("export")
            .filter(|rest| rest.starts_with([' ', '\t']))
            .unwrap_or(name);
        let name = name.trim_start();
        if name.is_empty()
            || !name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-'))
        {
            self.take_line();
            return Entry::Unreadable;
        }
        let value = right.trim_start_matches([' ', '\t']);
        if let Some(quote @ ('\'' | '"')) = value.chars().next() {
            let skip = line.len() - value.len() + 1;
            return self.quoted(name, quote, skip);
        }
        self.take_line();
        Entry::Assignment { name: name.to_owned(), raw: unquoted(value), expands: true }
    }

    /// Reads a quoted value, over several lines if need be; `skip` leads past the opening quote.
    fn quoted(&mut self, name: &str, quote: char, skip: usize) -> Entry {
        let body = &self.rest[skip..];
        let Some((raw, length)) = read_quoted(body, quote) else {
            // No closing quote anywhere: only this line is lost, not the rest of the file.
            self.take_line();
            return Entry::Unreadable;
        };
        self.line += body[..length].matches('\n').count();
        self.rest = &body[length..];
        let after = self.take_line().trim();
        if !after.is_empty() && !after.starts_with('#') {
            return Entry::Unreadable;
        }
        Entry::Assignment { name: name.to_owned(), raw, expands: quote == '"' }
    }
}

/// A value without quotes ends at its line, or before a `#` that follows white space.
fn unquoted(value: &str) -> String {
    let comment =
        value.match_indices('#').find(|(at, _)| value[..*at].ends_with([' ', '\t']) || *at == 0);
    comment.map_or(value, |(at, _)| &value[..at]).trim_end().to_owned()
}

/// The value up to its closing quote, and the bytes it took with that quote.
fn read_quoted(body: &str, quote: char) -> Option<(String, usize)> {
    let mut value = String::new();
    let mut characters = body.char_indices();
    while let Some((at, character)) = characters.next() {
        if character == quote {
            return Some((value, at + 1));
        }
        if character != '\\' || quote == '\'' {
            value.push(character);
            continue;
        }
        let (_, escaped) = characters.next()?;
        match escaped {
            'n' => value.push('\n'),
            'r' => value.push('\r'),
            't' => value.push('\t'),
            '"' | '\\' => value.push(escaped),
            // Kept for `expand`, which takes the backslash away.
            other => value.extend(['\\', other]),
        }
    }
    None
}

/// Replaces `${NAME}` and `${NAME:-default}`; `\$` is a dollar sign.
fn expand(raw: &str, known: &BTreeMap<String, Value>, outer: &BTreeMap<String, String>) -> String {
    let mut text = String::new();
    let mut rest = raw;
    while let Some(at) = rest.find('$') {
        if rest[..at].ends_with('\\') {
            text.push_str(&rest[..at - 1]);
            text.push('$');
            rest = &rest[at + 1..];
            continue;
        }
        text.push_str(&rest[..at]);
        let reference = rest[at..].strip_prefix("${").and_then(|inner| inner.split_once('}'));
        let Some((inner, after)) = reference else {
            text.push('$');
            rest = &rest[at + 1..];
            continue;
        };
        let (name, default) = inner.split_once(":-").unwrap_or((inner, ""));
        let value = outer.get(name).or_else(|| known.get(name).map(|value| &value.text));
        text.push_str(value.map_or(default, String::as_str));
        rest = after;
    }
    text.push_str(rest);
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(text: &str, name: &str) -> Option<String> {
        let outer = BTreeMap::from([("OUTER".to_owned(), "from outside".to_owned())]);
        parse(text, &outer).values.get(name).map(|value| value.text.clone())
    }

    fn check(text: &str, expected: &str) {
        assert_eq!(value(text, "A").as_deref(), Some(expected), "{text:?}");
    }

    #[test]
    fn plain_values_lose_white_space_and_comments() {
        check("A=b", "b");
        check("  export\tA =  b c \t# said", "b c");
        check("A=b#c", "b#c");
        check("A=", "");
        check("A=# nothing", "");
        check("\u{feff}A=b\r\nB=c\r\n", "b");
    }

    #[test]
    fn single_quotes_mean_what_they_hold() {
        check(r"A='a\n${OUTER} # b' # c", r"a\n${OUTER} # b");
    }

    #[test]
    fn double_quotes_know_escapes_and_lines() {
        check(r#"A="a\n\"b\"\\ \$c""#, "a\n\"b\"\\ $c");
        check("A=\"one\ntwo\"\nB=3", "one\ntwo");
        let file = parse("A=\"one\ntwo\"\nB=3", &BTreeMap::new());
        assert_eq!(file.values["B"].line, 3);
    }

    #[test]
    fn references_are_replaced_and_bare_dollars_are_not() {
        check("B=x\nA=${B}-${OUTER}-${NONE:-d}-${NONE}", "x-from outside-d-");
        check("A=pa$$w0rd$B", "pa$$w0rd$B");
        check("A=${open", "${open");
    }

    #[test]
    fn the_last_of_several_wins() {
        check("A=1\nA=2", "2");
    }

    #[test]
    fn lines_that_are_no_assignment_are_counted_and_passed_over() {
        let file = parse("what is this\nA=1\nB C=2\nD='open\nE=5", &BTreeMap::new());
        assert_eq!(file.unreadable, [1, 3, 4]);
        assert_eq!(file.values["A"].text, "1");
        assert_eq!(file.values["E"].text, "5");
    }

    #[test]
    fn a_debug_print_shows_no_value() {
        let file = parse("A=hunter2", &BTreeMap::new());
        assert!(!format!("{file:?}").contains("hunter2"));
    }
}
