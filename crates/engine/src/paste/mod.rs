//! Migrations as a script that somebody else runs: a person in an SQL editor, `psql`, an API.
//!
//! Whoever runs it keeps no lock for us, asks nothing in between, and may stop anywhere, begin
//! anywhere, or run it twice. So each part defends itself:
//!
//! ```sql
//! begin;
//! do $guard$ … $guard$;     -- one run at a time; its turn, and only once
//! create table …;           -- the migration
//! do $guard$ … $guard$;     -- this is still the transaction that the first guard looked at
//! insert into …;            -- its entry
//! reset all; …; commit;
//! ```
//!
//! In one message an error keeps all that follows from running; line by line it keeps the
//! transaction's rest, `commit` included, from having an effect. What cannot run in a transaction
//! becomes a piece of its own (`steps`), between its intent and the catalog's word for it.

mod evidence;
mod guard;
mod steps;

use std::fmt;

use whimbrel_history::TextError;
use whimbrel_history::ledgers::Took;
use whimbrel_sql::{Kind, Mode, Sending};

use crate::lock::LockKey;
use crate::run::compose::begin;
use crate::run::{Direction, Options, Work, one_transaction};
use crate::state::{LedgerState, State};
use guard::Guard;

pub use guard::{ALREADY, ELSEWHERE, NOT_WHOLE, OUT_OF_TURN, STEP_DONE, UNDER_WAY, UNPROVED};

/// What a script is written from.
#[derive(Debug)]
pub struct Page<'a> {
    /// What the ledgers say, as far as that is known.
    pub state: &'a State,
    /// How well it is known.
    pub knowledge: Knowledge,
    /// The lock of runs.
    pub lock: &'a LockKey,
    /// How to run.
    pub options: &'a Options,
    /// What must be applied before the first of the migrations.
    pub before: Option<Before>,
}

/// A migration beside another, and whether it must be applied when the other's turn comes.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Neighbour {
    of: Before,
    is_applied: bool,
}

/// How well the ledgers are known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Knowledge {
    /// They were read.
    Read,
    /// A person said what is applied: the ledgers are presumed in their usual places.
    Said,
}

/// A migration that must be applied before another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Before {
    /// Its ledger, by its place among the state's.
    pub ledger: usize,
    /// What that calls it.
    pub key: String,
    /// What a person calls it.
    pub id: String,
}

/// A script in parts, one a migration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Paste {
    /// In their order.
    pub parts: Vec<Part>,
}

/// One migration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// Its history.
    pub history: String,
    /// The migration.
    pub id: String,
    /// Its file.
    pub file: String,
    /// Why it is not one transaction, where it is none.
    pub because: Option<String>,
    /// Whether rows for `copy` stand in it, which only `psql` can take.
    pub only_psql: bool,
    /// What is to be sent, each as one message.
    pub pieces: Vec<Piece>,
}

/// What is to be sent as one message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece {
    /// What it does, for a comment and a list.
    pub what: String,
    /// Which step of its migration it belongs to, from 0.
    pub step: usize,
    /// How it runs.
    pub run: Alone,
    /// Its SQL.
    pub sql: String,
}

/// Whether a piece may be sent with others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Alone {
    /// It may: it is a transaction.
    No,
    /// It may not: it is a statement outside of any transaction.
    Yes,
}

/// A migration that cannot be written as such a script.
#[derive(Debug, thiserror::Error)]
pub enum PasteError {
    /// It cannot.
    #[error("`{id}` cannot be run by a script: {because}")]
    Unfit {
        /// The migration.
        id: String,
        /// Why.
        because: String,
        /// What to do instead.
        hint: String,
    },
    /// Its text could not be had.
    #[error(transparent)]
    Text(#[from] TextError),
}

/// Writes works down, in their order.
pub fn paste(works: &[Work], page: &Page<'_>) -> Result<Paste, PasteError> {
    let mut parts = Vec::with_capacity(works.len());
    for number in 0..works.len() {
        let place = Place { works, number, page };
        parts.push(place.part()?);
    }
    Ok(Paste { parts })
}

/// A work on its page.
#[derive(Clone, Copy)]
struct Place<'a> {
    works: &'a [Work],
    number: usize,
    page: &'a Page<'a>,
}

impl<'a> Place<'a> {
    fn work(&self) -> &'a Work {
        &self.works[self.number]
    }

    fn ledger(&self) -> &'a LedgerState {
        &self.page.state.ledgers[self.work().ledger]
    }

    /// What stands before this one, and whether it is applied by then.
    fn before(&self) -> Option<Neighbour> {
        match self.number.checked_sub(1).map(|before| &self.works[before]) {
            Some(before) => {
                let is_applied = before.direction == Direction::Up;
                Some(Neighbour { of: before_of(before), is_applied })
            }
            None => self.page.before.clone().map(|of| Neighbour { of, is_applied: true }),
        }
    }

    /// What stands after this one, and whether it is still applied.
    fn next(&self) -> Option<Neighbour> {
        let (next, work) = (self.works.get(self.number + 1)?, self.work());
        if next.again || work.again || next.ledger == work.ledger && next.id() == work.id() {
            return None;
        }
        Some(Neighbour { of: before_of(next), is_applied: next.direction == Direction::Down })
    }

    fn unfit(&self, because: impl Into<String>, hint: &str) -> PasteError {
        let id = self.work().id().to_owned();
        PasteError::Unfit { id, because: because.into(), hint: hint.to_owned() }
    }

    fn part(&self) -> Result<Part, PasteError> {
        let work = self.work();
        if work.script.sending == Sending::OneByOne {
            return Err(self.unfit(
                "it turns `standard_conforming_strings` off on its way",
                "`whimbrel up --via native` runs it over a connection",
            ));
        }
        let (because, pieces) = match &work.script.mode {
            Mode::One { .. } => (None, vec![self.whole()?]),
            _ if work.direction == Direction::Down && self.is_begun() => {
                let hint = "`whimbrel down --via native` undoes it over a connection";
                return Err(self.unfit("steps of it are done", hint));
            }
            Mode::Steps { because, .. } if work.direction == Direction::Down => {
                let hint = "`whimbrel down --via native` undoes it over a connection";
                return Err(self.unfit(because.clone(), hint));
            }
            Mode::Steps { because, steps } => (Some(because.clone()), self.steps(steps)?),
            Mode::Refused { because, hint, .. } => return Err(self.unfit(because.clone(), hint)),
        };
        let migration = &work.definition.migration;
        let all = 0..work.script.statements.len();
        let has_rows = |(_, kind): (usize, &Kind)| *kind == Kind::CopyIn;
        Ok(Part {
            history: migration.history.clone(),
            id: migration.id.clone(),
            file: migration.up.path.to_string(),
            because,
            only_psql: work.script.statements.notable(all).any(has_rows),
            pieces,
        })
    }

    /// Whether some of its steps are done, and not all.
    fn is_begun(&self) -> bool {
        let id = self.work().journal_id();
        let mut keys = self.page.state.intents.keys();
        keys.any(|(history, migration, _)| history == id.history && migration == id.migration)
    }

    /// A migration that is one transaction.
    fn whole(&self) -> Result<Piece, PasteError> {
        let work = self.work();
        let statements = one_transaction(work).unwrap_or_default();
        let mut sql = Sql::default();
        sql.line(&begin(&work.script, &statements));
        sql.line(&self.guard().opening()?);
        sql.script(work, statements)?;
        sql.line(&self.guard().closing());
        self.record(&mut sql, Took::ThisTransaction)?;
        sql.end();
        Ok(Piece { what: "one transaction".to_owned(), step: 0, run: Alone::No, sql: sql.0 })
    }

    fn guard(&self) -> Guard<'a> {
        Guard::new(*self)
    }

    /// Adds the statements that record the work.
    fn record(&self, sql: &mut Sql, took: Took) -> Result<(), TextError> {
        let (work, state) = (self.work(), self.ledger());
        let (ledger, place) = (state.ledger, &state.place);
        let definition = &work.definition;
        let mut statements = Vec::new();
        match work.direction {
            Direction::Down => statements.extend(ledger.forget(place, definition)),
            Direction::Up if work.again => {
                statements.extend(ledger.record_again(place, definition, took)?);
            }
            Direction::Up => {
                statements.extend(ledger.register(place, &[definition])?);
                statements.extend(ledger.record(place, definition, took)?);
            }
        }
        statements.extend(ledger.finish(place));
        for statement in statements {
            sql.line(&statement);
        }
        Ok(())
    }
}

fn before_of(work: &Work) -> Before {
    let migration = &work.definition.migration;
    Before { ledger: work.ledger, key: migration.key.clone(), id: migration.id.clone() }
}

/// What ends all that a script set for its session; its role is given back before its entry.
const RESETS: &[&str] = &["reset all", "deallocate all", "close all", "unlisten *", "discard temp"];

/// SQL under construction.
#[derive(Debug, Default)]
struct Sql(String);

impl Sql {
    fn line(&mut self, statement: &str) {
        self.0.push_str(statement);
        self.0.push_str(";\n");
    }

    /// Adds statements of a work's script, rows of `copy` behind theirs.
    fn script(&mut self, work: &Work, range: std::ops::Range<usize>) -> Result<(), TextError> {
        self.0.push('\n');
        for number in range {
            self.line(&work.statement(number)?);
            let statement = work.script.statements.at(number);
            if *statement.kind != Kind::CopyIn {
                continue;
            }
            if let Some(data) = statement.data {
                work.text().append(data, &mut self.0)?;
            }
            if !self.0.ends_with('\n') {
                self.0.push('\n');
            }
            self.0.push_str("\\.\n");
        }
        self.0.push('\n');
        Ok(())
    }

    fn end(&mut self) {
        self.line(&RESETS.join("; "));
        self.line("commit");
    }
}

impl Paste {
    /// Whether something in it must be sent alone.
    pub fn has_alone(&self) -> bool {
        self.parts.iter().any(|part| part.pieces.iter().any(|piece| piece.run == Alone::Yes))
    }
}

/// The file: what it is, then part after part, each under its number.
impl fmt::Display for Paste {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let all = self.parts.len();
        let count = if all == 1 { "1 migration".to_owned() } else { format!("{all} migrations") };
        writeln!(f, "-- {count}, written by whimbrel for an SQL editor or psql.")?;
        writeln!(
            f,
            "-- Each part commits together with its ledger entry, or does nothing. It refuses to run a"
        )?;
        writeln!(
            f,
            "-- second time, before its turn, or while another run is under way: then run the next one."
        )?;
        if self.has_alone() {
            writeln!(
                f,
                "-- An SQL editor sends all that is pasted at once, so paste piece by piece where a part has"
            )?;
            writeln!(f, "-- several; psql takes the whole.")?;
        }
        for (number, part) in self.parts.iter().enumerate() {
            part.write(f, number + 1, all)?;
        }
        Ok(())
    }
}

impl Part {
    fn write(&self, f: &mut fmt::Formatter<'_>, number: usize, all: usize) -> fmt::Result {
        let title = format!("-- ==== {number} of {all}: {} ", one_line(&self.id));
        writeln!(f, "\n{title:=<98}")?;
        if !self.file.is_empty() {
            writeln!(f, "-- {}", one_line(&self.file))?;
        }
        if let Some(because) = &self.because {
            let pieces = if self.pieces.len() == 1 { "piece" } else { "pieces" };
            writeln!(f, "-- In {} {pieces}: {}.", self.pieces.len(), one_line(because))?;
        }
        if self.only_psql {
            writeln!(f, "-- Only psql can take the rows of its `copy`.")?;
        }
        for (piece, one) in self.pieces.iter().enumerate() {
            if self.pieces.len() > 1 {
                let alone = if one.run == Alone::Yes { ", alone" } else { "" };
                let title =
                    format!("-- ---- {number}.{}: {}{alone} ", piece + 1, one_line(&one.what));
                writeln!(f, "\n{title:-<98}")?;
            }
            let is_alone =
                |piece: usize| self.pieces.get(piece).is_some_and(|piece| piece.run == Alone::Yes);
            match (is_alone(piece + 1), piece > 0 && is_alone(piece - 1)) {
                (true, _) => f.write_str(&barred(&one.sql))?,
                (_, true) => writeln!(f, "{}reset {BAR};", writable(&one.sql))?,
                (false, false) => f.write_str(&one.sql)?,
            }
        }
        Ok(())
    }
}

/// What bars a statement that stands alone, which no guard can: a session whose transactions only
/// read. The piece before it takes the bar away as it commits, so that whoever runs the whole file
/// again, line by line and past every error, does not run the statement again.
const BAR: &str = "default_transaction_read_only";

/// A piece that puts the bar up, and takes it down where all is well.
fn barred(sql: &str) -> String {
    let sql = writable(sql);
    let body = sql.strip_suffix("commit;\n").unwrap_or(&sql);
    format!("set {BAR} = on;\n{body}reset {BAR};\ncommit;\n")
}

/// A piece that the bar does not keep from its guard.
fn writable(sql: &str) -> String {
    sql.replacen("begin;\n", "begin read write;\n", 1)
}

fn one_line(text: &str) -> String {
    text.replace(char::is_control, " ")
}
