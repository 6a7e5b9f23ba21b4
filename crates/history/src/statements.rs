//! A script as the list of statements that a ledger keeps.

use std::ops::Range;

use whimbrel_sql::Script;

use crate::{Text, TextError};

/// A script as the list of statements that a ledger keeps; as a whole if it cannot be cut.
pub fn statements(text: &Text) -> Result<Vec<String>, TextError> {
    let Ok(script) = text.script()? else { return Ok(vec![text.all()?.into_owned()]) };
    let mut statements = Vec::new();
    each_piece(text, &script, &mut |piece| statements.push(piece.to_owned()))?;
    Ok(statements)
}

/// Cuts a script at its semicolons: each piece trimmed, comments kept, the semicolon left out.
///
/// The pieces are those that the Supabase CLI writes: a comment belongs to the statement after it,
/// and what stands after the last semicolon is a piece of its own. Data of `copy … from stdin`
/// stays with its statement, so that the list can be replayed; psql's meta-commands, which no server
/// understands, do not.
pub(crate) fn each_piece(
    text: &Text,
    script: &Script,
    visit: &mut dyn FnMut(&str),
) -> Result<(), TextError> {
    let mut pieces = Pieces { piece: String::new(), visit };
    let mut at = 0;
    for statement in script.statements.iter() {
        pieces.gap(&text.part(at..statement.span.start)?);
        at = statement.span.end;
        text.append(statement.span, &mut pieces.piece)?;
        if let Some(data) = statement.data {
            at = pieces.data(text, at..data.end)?;
        }
    }
    pieces.gap(&text.part(at..text.len())?);
    pieces.finish();
    Ok(())
}

/// The pieces of a script in the making.
struct Pieces<'a> {
    piece: String,
    visit: &'a mut dyn FnMut(&str),
}

impl Pieces<'_> {
    /// Takes in data with the line that ends them; answers where that is.
    fn data(&mut self, text: &Text, span: Range<usize>) -> Result<usize, TextError> {
        let mut end = span.end;
        text.append(span, &mut self.piece)?;
        if text.has(end, "\\.")? {
            self.piece.push_str("\\.");
            end += 2;
        }
        self.finish();
        Ok(end)
    }

    /// Walks what lies between two statements: white space, comments, semicolons, meta-commands.
    fn gap(&mut self, text: &str) {
        let mut rest = text;
        while let Some(first) = rest.chars().next() {
            let length = match first {
                ';' => {
                    self.finish();
                    rest = &rest[1..];
                    continue;
                }
                '\\' => {
                    rest = &rest[line(rest)..];
                    continue;
                }
                '-' if rest.starts_with("--") => line(rest),
                '/' if rest.starts_with("/*") => block(rest),
                other => other.len_utf8(),
            };
            self.piece.push_str(&rest[..length]);
            rest = &rest[length..];
        }
    }

    /// Ends a piece; an empty one is dropped.
    fn finish(&mut self) {
        let trimmed = self.piece.trim();
        if !trimmed.is_empty() {
            (self.visit)(trimmed);
        }
        self.piece.clear();
    }
}

/// The length of the rest of a line, its end included.
fn line(text: &str) -> usize {
    text.find('\n').map_or(text.len(), |end| end + 1)
}

/// The length of a block comment, nested ones included.
fn block(text: &str) -> usize {
    let mut depth = 0_usize;
    let mut at = 0;
    while at < text.len() {
        let rest = &text.as_bytes()[at..];
        if rest.starts_with(b"/*") {
            depth += 1;
            at += 2;
        } else if rest.starts_with(b"*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            at += 1;
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pieces(text: &str) -> Vec<String> {
        statements(&text.into()).unwrap()
    }

    /// The right sides are what version 3.1.0 of the CLI wrote into its table.
    #[test]
    fn pieces_are_those_of_the_supabase_cli() {
        assert_eq!(
            pieces(
                "/* head */\ncreate table b ();;\n\n;\n-- lone\n;\ncreate table c (); -- tail\n"
            ),
            ["/* head */\ncreate table b ()", "-- lone", "create table c ()", "-- tail"]
        );
        assert_eq!(
            pieces(
                "-- pg-delta: transaction=false\ncreate index concurrently i on a (b);\nvacuum a;\n"
            ),
            ["-- pg-delta: transaction=false\ncreate index concurrently i on a (b)", "vacuum a"]
        );
        assert_eq!(
            pieces("-- one\n-- ======\ncreate table t(a text);\n-- ====== end\n"),
            ["-- one\n-- ======\ncreate table t(a text)", "-- ====== end"]
        );
        assert_eq!(pieces("-- nothing here\n"), ["-- nothing here"]);
        assert_eq!(
            pieces("select E'\\'; ', 'a;b', \"x\";\ndo $$ begin perform 1; end $$\n"),
            ["select E'\\'; ', 'a;b', \"x\"", "do $$ begin perform 1; end $$"]
        );
    }

    #[test]
    fn data_stays_with_its_statement_and_meta_commands_go() {
        assert_eq!(
            pieces(
                "\\restrict x\ncopy t from stdin;\n1\n\\.\n\ncopy u from stdin;\n\\.\n-- c\nselect 1;\n\\unrestrict x\n"
            ),
            ["copy t from stdin;\n1\n\\.", "copy u from stdin;\n\\.", "-- c\nselect 1"]
        );
    }
}
