//! Small damages of a script, the same ones in every run.

/// Pieces of text that change where a statement ends.
const NASTY: &[&str] = &[
    "'",
    "\"",
    "$$",
    "$a$",
    "$",
    "--",
    "/*",
    "*/",
    ";",
    "(",
    ")",
    "\\",
    "\n",
    "\r\n",
    "\r",
    "\t",
    " ",
    "E'",
    "U&'",
    "u&\"",
    "n'",
    "x'",
    "''",
    "\"\"",
    "\\'",
    "'\n'",
    "' -- c\n'",
    "+-",
    "/",
    "-",
    "begin",
    "begin atomic",
    "end",
    "case",
    "atomic",
    "create function f() returns int ",
    "create rule r as on insert to t do also (",
    "create or replace procedure p() ",
    "copy",
    "é",
    "1e",
    "1.",
    "..",
    "::",
    ":=",
    "0x",
    "1_0",
    "$1",
    "a$b$",
    "é$a$",
    ";;",
    "/* /* */",
    "<>-",
    "@-",
    "commit;",
    "select 1;",
    "select ';",
    "default",
    "as",
    "[",
    "]",
    "\u{feff}",
    "\u{a0}",
    "\u{b}",
    "😀",
    "do $x$ begin commit; end $x$;",
    "set local x to 1;",
];

/// What may stand where white space stands.
const SPACE: &[&str] = &[
    "\n",
    "\r\n",
    "\r",
    "\t",
    "\u{c}",
    "/* ; */",
    "-- ' ;\n",
    "/* /* $$ */ \" */",
    "--;\r",
    "/**/",
    " ; ",
    "  ",
];

/// A source of numbers that are the same in every run (xorshift64*).
#[derive(Clone, Debug)]
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    /// A number below `end`.
    pub(crate) fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let high = self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33;
        usize::try_from(high).expect("31 bits") % end.max(1)
    }
}

/// Damages a script in one to three places.
pub(crate) fn mutated(text: &str, dice: &mut Dice) -> String {
    let mut text = text.to_owned();
    for _ in 0..=dice.below(5) / 2 {
        let (start, end) = place(&text, dice);
        match dice.below(12) {
            0 => text.replace_range(start..end, ""),
            1 => {
                let copy = text[start..end].to_owned();
                let (at, _) = place(&text, dice);
                text.insert_str(at, &copy);
            }
            2 => {
                let next = text[start..].chars().next().map_or(0, char::len_utf8);
                text.replace_range(start..start + next, "");
            }
            3 => text.truncate(end),
            4 => text = text.split_off(text.floor_char_boundary(start / 2)),
            5..9 => {
                let space = text[start..].find(' ').map_or(text.len(), |found| start + found);
                let end = (space + 1).min(text.len());
                text.replace_range(space..end, SPACE[dice.below(SPACE.len())]);
            }
            _ => text.insert_str(start, NASTY[dice.below(NASTY.len())]),
        }
        if text.is_empty() {
            break;
        }
    }
    text
}

/// A short range between characters.
fn place(text: &str, dice: &mut Dice) -> (usize, usize) {
    let start = text.floor_char_boundary(dice.below(text.len() + 1));
    let end = text.ceil_char_boundary((start + dice.below(40)).min(text.len()));
    (start, end)
}
