//! Decides how a script can be run.

use std::ops::Range;

use crate::uses::Uses;
use crate::{Backslash, Kind, Mode, Sending, Step};

/// Takes note of statement after statement.
///
/// Keeps little of a script that is one transaction, however long it is. A place is whatever the
/// caller can turn into a line once one is needed.
#[derive(Debug, Default)]
pub(crate) struct Modes {
    count: usize,
    /// The place of the last statement.
    place: usize,
    block: Option<Block>,
    blocks: Vec<Range<usize>>,
    /// The first statement outside of all blocks.
    outside: Option<usize>,
    /// Statements that are sent alone, and why the first of them is.
    alone: Vec<usize>,
    because: Option<(Because, usize)>,
    /// The first contradiction, with its statement and place.
    refused: Option<(Refusal, usize, usize)>,
    uses: Uses,
    /// Statements with a commit before them, and the value and place of the first of them.
    after_commit: Vec<usize>,
    used: Option<(String, usize)>,
    backslash: Backslash,
    sending: Sending,
}

/// An open `begin … commit` block.
#[derive(Debug)]
struct Block {
    begin: usize,
    place: usize,
}

/// Why a statement cannot share a transaction.
#[derive(Debug)]
enum Because {
    Refused(String),
    Commits(&'static str),
}

/// What a script says about transactions and cannot be.
#[derive(Debug)]
enum Refusal {
    Nested { begun: usize },
    NeverEnded,
    ChainNeverEnded,
    NeverBegun,
    RolledBack,
    Prepared,
    AloneInBlock { what: String, begun: usize },
}

impl Modes {
    /// Takes note of the next statement; `backslash` is how `'…'` is read behind it.
    pub(crate) fn push(&mut self, kind: &Kind, text: &str, backslash: Backslash, place: usize) {
        let index = self.count;
        self.count += 1;
        self.place = place;
        if backslash != self.backslash {
            self.sending = Sending::OneByOne;
        }
        match kind {
            Kind::Begin { .. } => match &self.block {
                Some(block) => self.refuse(Refusal::Nested { begun: block.place }, index, place),
                None => self.block = Some(Block { begin: index, place }),
            },
            Kind::Commit { chain } => match self.block.take() {
                Some(block) => {
                    self.blocks.push(block.begin + 1..index);
                    self.block = chain.then_some(Block { begin: index, place });
                }
                None => self.refuse(Refusal::NeverBegun, index, place),
            },
            Kind::Rollback => self.refuse(Refusal::RolledBack, index, place),
            Kind::PrepareTransaction => self.refuse(Refusal::Prepared, index, place),
            Kind::Alone(alone) => match &self.block {
                Some(block) if alone.is_always_refused() => {
                    let (what, begun) = (alone.what().to_owned(), block.place);
                    self.refuse(Refusal::AloneInBlock { what, begun }, index, place);
                }
                Some(_) => {}
                None => self.alone(index, Because::Refused(alone.what().to_owned())),
            },
            Kind::MayCommit { seen: true } if self.block.is_none() => {
                let calls = text.get(..4).is_some_and(|word| word.eq_ignore_ascii_case("call"));
                self.alone(index, Because::Commits(if calls { "call" } else { "do" }));
            }
            Kind::AddEnumValue { value, .. } => {
                self.plain(place);
                self.uses.add(value);
            }
            Kind::Plain
            | Kind::Setting
            | Kind::MayCommit { .. }
            | Kind::CopyIn
            | Kind::Strings { .. } => {
                self.plain(place);
                if let Some(value) = self.uses.find(text, self.backslash) {
                    self.commit_before(index, value);
                }
            }
        }
        self.backslash = backslash;
    }

    /// Takes note of data of the last statement: whole lines, but for one that is very long.
    pub(crate) fn data(&mut self, lines: &[u8]) {
        if let Some(value) = self.uses.find_in_data(lines) {
            self.commit_before(self.count - 1, value);
        }
    }

    /// Whether statements may share a message.
    pub(crate) fn sending(&self) -> Sending {
        self.sending
    }

    /// Decides; `line` tells the line of a place.
    pub(crate) fn finish(mut self, line: impl Fn(usize) -> usize) -> Mode {
        if let Some(block) = self.block.take() {
            // A `commit and chain` ends one block and begins the next.
            let chained = self.blocks.last().is_some_and(|last| last.end == block.begin);
            let refusal = if chained { Refusal::ChainNeverEnded } else { Refusal::NeverEnded };
            self.refuse(refusal, block.begin, block.place);
        }
        if let Some((refusal, statement, place)) = self.refused {
            let (because, hint) = refusal.say(line(place), &line);
            return Mode::Refused { statement, because, hint: hint.to_owned() };
        }
        if let Some((because, place)) = &self.because {
            let because = because.say(line(*place));
            return Mode::Steps { steps: self.one_by_one(), because };
        }
        match (self.blocks.as_slice(), self.outside) {
            ([], _) => self.transactions(line),
            ([block], None) => Mode::One { statements: block.clone() },
            ([_], Some(place)) => {
                let because = format!(
                    "the statement on line {} stands outside the `begin … commit` block",
                    line(place)
                );
                Mode::Steps { steps: self.one_by_one(), because }
            }
            (blocks, _) => {
                let because = format!("the script has {} `begin … commit` blocks", blocks.len());
                Mode::Steps { steps: self.one_by_one(), because }
            }
        }
    }

    fn refuse(&mut self, refusal: Refusal, statement: usize, place: usize) {
        self.refused.get_or_insert((refusal, statement, place));
    }

    fn alone(&mut self, index: usize, because: Because) {
        self.alone.push(index);
        self.because.get_or_insert((because, self.place));
    }

    fn plain(&mut self, place: usize) {
        if self.block.is_none() {
            self.outside.get_or_insert(place);
        }
    }

    fn commit_before(&mut self, index: usize, value: String) {
        self.after_commit.push(index);
        self.used.get_or_insert((value, self.place));
        self.uses.clear();
    }

    /// A script without blocks: one transaction, or several where an enum value needs a commit.
    fn transactions(self, line: impl Fn(usize) -> usize) -> Mode {
        let Some((value, place)) = self.used else {
            return Mode::One { statements: 0..self.count };
        };
        let mut steps = Vec::with_capacity(self.after_commit.len() + 1);
        let mut start = 0;
        for end in self.after_commit.into_iter().chain([self.count]) {
            steps.push(Step::Together(start..end));
            start = end;
        }
        let because = format!(
            "line {} uses the enum value `{value}` that the script adds, which takes a commit \
             in between",
            line(place)
        );
        Mode::Steps { steps, because }
    }

    /// Each block is a step, and each statement outside of one.
    fn one_by_one(&self) -> Vec<Step> {
        let mut steps = Vec::new();
        let mut blocks = self.blocks.iter().peekable();
        let mut alone = self.alone.iter().peekable();
        let mut index = 0;
        while index < self.count {
            if let Some(block) = blocks.next_if(|block| block.start <= index + 1) {
                if !block.is_empty() {
                    steps.push(Step::Together(block.clone()));
                }
                // A `commit and chain` is the next block's beginning too.
                let chained = blocks.peek().is_some_and(|next| next.start == block.end + 1);
                index = block.end + usize::from(!chained);
            } else if alone.next_if_eq(&&index).is_some() {
                steps.push(Step::Alone(index));
                index += 1;
            } else {
                steps.push(Step::Together(index..index + 1));
                index += 1;
            }
        }
        steps
    }
}

impl Because {
    fn say(&self, line: usize) -> String {
        match self {
            Self::Refused(what) => {
                format!("`{what}` (line {line}) cannot run inside a transaction")
            }
            Self::Commits(word) => format!("`{word}` (line {line}) ends transactions of its own"),
        }
    }
}

impl Refusal {
    fn say(&self, line: usize, line_of: impl Fn(usize) -> usize) -> (String, &'static str) {
        match self {
            Self::Nested { begun } => (
                format!(
                    "`begin` on line {line} stands in the block begun on line {}",
                    line_of(*begun)
                ),
                "remove one of the two: Postgres nests savepoints, not transactions",
            ),
            Self::NeverEnded => (
                format!("the block begun on line {line} has no `commit`"),
                "add the `commit`, or remove the `begin`: a script is a transaction anyway",
            ),
            Self::ChainNeverEnded => (
                format!("the block that `commit and chain` on line {line} begins has no `commit`"),
                "write `commit` alone, or add the next one",
            ),
            Self::NeverBegun => (
                format!("`commit` on line {line} ends a transaction that the script has not begun"),
                "remove it, for a script is a transaction anyway; or add the `begin`",
            ),
            Self::RolledBack => (
                format!("`rollback` on line {line} undoes what the script did before"),
                "remove it: a script that fails is rolled back anyway",
            ),
            Self::Prepared => (
                format!(
                    "`prepare transaction` on line {line} leaves the outcome to another session"
                ),
                "end the block with `commit`; without a block, remove it",
            ),
            Self::AloneInBlock { what, begun } => (
                format!(
                    "`{what}` on line {line} cannot run in the block begun on line {}",
                    line_of(*begun)
                ),
                "move it out of the block",
            ),
        }
    }
}
