//! Puts scripts and what surrounds them into messages, and finds the way back from a position the
//! server names to the place in the script.

use std::borrow::Cow;
use std::ops::Range;

use whimbrel_history::TextError;
use whimbrel_history::ledgers::{self, STARTED, TOOK, Took};
use whimbrel_sql::{Kind, Literal, Script, Sending, Span};

use crate::run::Work;

/// A simple-protocol message under construction.
///
/// Knows which of its bytes are a script's, so that `position` in an error leads back to a line of
/// the user's file, and which statements carry data for `copy … from stdin`.
#[derive(Debug, Default)]
pub(crate) struct Message {
    text: String,
    segments: Vec<Segment>,
    copies: Vec<Copy>,
    statements: Vec<Origin>,
}

/// Bytes of the message that came from a script.
#[derive(Debug)]
struct Segment {
    bytes: Range<usize>,
    origin: Origin,
    start: usize,
}

/// Where a statement of the message came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    /// The runner's own: `begin`, the fence, the entry, `commit`.
    Ours(Role),
    /// A statement of the script of the unit with this number.
    Script {
        /// Which unit of the message.
        unit: usize,
        /// Which of the script's statements.
        statement: usize,
    },
}

/// What a statement of the runner's own is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// Opens or sets up a transaction.
    Open,
    /// Makes sure that this runner is still the one.
    Fence,
    /// Undoes what the script set for its session.
    Reset,
    /// Writes the ledger or the journal.
    Record,
    /// Ends the transaction of this unit; seen complete, the unit is committed.
    Commit,
    /// The same, but the unit reaches the disk with the next [`Role::Commit`].
    CommitLater,
}

/// Data that follows a `copy … from stdin`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Copy {
    /// Which unit.
    pub(crate) unit: usize,
    /// The bytes in that unit's script.
    pub(crate) data: Span,
}

/// A place in one of the scripts of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    /// Which unit.
    pub(crate) unit: usize,
    /// The byte in its script.
    pub(crate) offset: usize,
}

impl Message {
    /// Adds a statement of the runner's own.
    pub(crate) fn ours(&mut self, role: Role, sql: &str) {
        self.text.push_str(sql);
        self.text.push_str(";\n");
        self.statements.push(Origin::Ours(role));
    }

    /// Adds statements of a unit's script, by their numbers.
    pub(crate) fn script(
        &mut self,
        unit: usize,
        work: &Work,
        range: Range<usize>,
        announce: Announce,
    ) -> Result<(), TextError> {
        let of = work.script.statements.len();
        let mut announces = announce == Announce::Statements && of > 1;
        for (number, statement) in range.clone().zip(work.script.statements.range(range)) {
            if announces && *statement.kind != Kind::CopyIn {
                let name = format!("{ANNOUNCED}{}/{of} {}", number + 1, work.id());
                self.ours(Role::Open, &format!("set local application_name = {}", Literal(&name)));
            }
            let start = self.text.len();
            work.append(number, &mut self.text)?;
            let origin = Origin::Script { unit, statement: number };
            self.segments.push(Segment {
                bytes: start..self.text.len(),
                origin,
                start: statement.span.start,
            });
            // Whoever sets a name of their own keeps it.
            announces &= !self.text[start..].contains("application_name");
            self.text.push_str("\n;\n");
            self.statements.push(origin);
            if *statement.kind == Kind::CopyIn {
                let end = statement.span.end;
                let data = statement.data.unwrap_or(end..end);
                self.copies.push(Copy { unit, data });
            }
        }
        Ok(())
    }

    /// The message as it is sent.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// The data of its COPY statements, in their order.
    pub(crate) fn copies(&self) -> &[Copy] {
        &self.copies
    }

    /// The statement with this number; the server completes them in this order.
    pub(crate) fn statement(&self, number: usize) -> Option<Origin> {
        self.statements.get(number).copied()
    }

    /// How many statements it has.
    pub(crate) fn len(&self) -> usize {
        self.statements.len()
    }

    /// How many units end in it.
    pub(crate) fn units(&self) -> usize {
        self.committed(self.statements.len())
    }

    /// Bytes.
    pub(crate) fn size(&self) -> usize {
        self.text.len()
    }

    /// How many units are known to be committed once this many statements completed.
    pub(crate) fn committed(&self, completed: usize) -> usize {
        self.statements[..completed.min(self.statements.len())]
            .iter()
            .filter(|origin| matches!(origin, Origin::Ours(Role::Commit | Role::CommitLater)))
            .count()
    }

    /// Finds the script's byte behind a position as the server counts it: characters, from 1.
    pub(crate) fn place(&self, position: usize) -> Option<Place> {
        let (byte, _) = self.text.char_indices().nth(position.checked_sub(1)?)?;
        let segment = self.segments.iter().find(|segment| segment.bytes.contains(&byte))?;
        let Origin::Script { unit, .. } = segment.origin else { return None };
        Some(Place { unit, offset: segment.start + byte - segment.bytes.start })
    }
}

/// Cuts a range of a script's statements into pieces that can each be one message.
///
/// A message is parsed whole before its first statement runs, so what follows a change of
/// `standard_conforming_strings` needs a message of its own; and a script of a hundred megabytes
/// is not held twice.
pub(crate) fn pieces(script: &Script, range: Range<usize>) -> Vec<Range<usize>> {
    const PIECE: usize = 1 << 20;
    let mut pieces = Vec::new();
    let mut start = range.start;
    let mut size = 0;
    for (number, statement) in range.clone().zip(script.statements.range(range.clone())) {
        size += statement.span.len();
        if script.sending == Sending::OneByOne || size >= PIECE {
            pieces.push(start..number + 1);
            start = number + 1;
            size = 0;
        }
    }
    if start < range.end || pieces.is_empty() {
        pieces.push(start..range.end);
    }
    pieces
}

/// What opens the transaction of some statements: `begin` with the modes that the file's own
/// block asks for.
pub(crate) fn begin(script: &Script, statements: &Range<usize>) -> String {
    match script.transaction_modes(statements) {
        Some(modes) => format!("begin {modes}"),
        None => "begin".to_owned(),
    }
}

/// The pieces of a step: as [`pieces`], but that what earlier steps set goes ahead alone where it
/// changes how the rest is read.
pub(crate) fn step_pieces(script: &Script, range: Range<usize>) -> Vec<Range<usize>> {
    let mut pieces = pieces(script, range.clone());
    if script.sending == Sending::OneByOne && !script.settings_before(range.start).is_empty() {
        pieces.insert(0, range.start..range.start);
    }
    pieces
}

/// What the statements before this one set for the session, and what is to hold for it again: a
/// step cleans up behind itself, may be on another connection, and may be the first one of a run.
pub(crate) fn settings(work: &Work, statement: usize) -> Result<Vec<String>, TextError> {
    let settings = work.script.settings_before(statement).into_iter();
    settings.map(|index| work.statement(index).map(Cow::into_owned)).collect()
}

/// What undoes everything else that a script may have set for its session.
///
/// Runs in the script's own transaction, so that neither the next migration nor another client of
/// a pool meets it. `discard all` would be one statement but is refused inside a transaction;
/// these are its parts.
pub(crate) const RESETS: &[&str] = &[
    "reset session authorization",
    "reset role",
    "reset all",
    "deallocate all",
    "close all",
    "unlisten *",
    "discard temp",
    "discard sequences",
];

/// How many of them give the runner back its own role, before it writes the entry.
const OWN_ROLE: usize = 2;

impl Message {
    /// Adds what sets a transaction up: its timeouts, when it began, and, for everybody who looks
    /// at `pg_stat_activity`, which migration is under way.
    ///
    /// The server's clock at `begin` would not do: all statements of a message share one.
    pub(crate) fn set_up(&mut self, settings: &Settings, migration: &str) {
        let mut sets = Vec::new();
        for (name, value) in [
            ("lock_timeout", &settings.lock_timeout),
            ("statement_timeout", &settings.statement_timeout),
        ] {
            if let Some(value) = value {
                sets.push(format!("set_config('{name}', {}, true)", Literal(value)));
            }
        }
        sets.push(format!(
            "set_config('application_name', {}, true)",
            Literal(&announced(migration))
        ));
        sets.push(format!(
            "set_config('{STARTED}', (pg_catalog.date_part('epoch', pg_catalog.clock_timestamp()) * 1000)::text, true)"
        ));
        self.ours(Role::Open, &format!("select {}", sets.join(", ")));
    }

    /// Adds what ends a script or a step: the entry is written with the runner's own role and
    /// patience, and what was set for the session ends. How long the transaction took is noted for
    /// [`Took::Noted`].
    ///
    /// The entry's statements name everything with its schema, and presume nothing that a script
    /// could have set; but `reset all` would take with it when the script began.
    pub(crate) fn clean_up(
        &mut self,
        cleaning: Cleaning,
        record: impl FnOnce(&mut Self) -> Result<(), TextError>,
    ) -> Result<(), TextError> {
        let patience = format!(
            "select pg_catalog.set_config('statement_timeout', '0', true), \
             pg_catalog.set_config('{TOOK}', ({})::text, true)",
            ledgers::milliseconds(Took::ThisTransaction)
        );
        self.around(cleaning, &patience, record)
    }

    /// The same around a function that notes the time by itself.
    pub(crate) fn clean_up_with(&mut self, record: impl FnOnce(&mut Self)) {
        self.around(Cleaning::All, "set local statement_timeout = 0", record);
    }

    /// Writes the entry between what gives the runner its own role and patience back, and what ends
    /// the rest that was set.
    fn around<R>(
        &mut self,
        cleaning: Cleaning,
        patience: &str,
        record: impl FnOnce(&mut Self) -> R,
    ) -> R {
        let (role, rest) = cleaning.statements().split_at(OWN_ROLE);
        for reset in role.iter().chain([&patience]) {
            self.ours(Role::Reset, reset);
        }
        let recorded = record(self);
        for reset in rest {
            self.ours(Role::Reset, reset);
        }
        recorded
    }
}

/// Lets a transaction's commit reach the disk with the next one that waits for it.
pub(crate) const LATER: &str = "set local synchronous_commit = off";

/// How much of what a script left in its session is put away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cleaning {
    /// Everything: the script is done, or the session is not its own.
    All,
    /// Its settings and role. A later step of the script may use its temporary tables.
    Settings,
}

impl Cleaning {
    /// The statements.
    pub(crate) fn statements(self) -> &'static [&'static str] {
        match self {
            Self::All => RESETS,
            Self::Settings => &RESETS[..3],
        }
    }
}

/// What `application_name` tells while migrations run, for whoever looks at `pg_stat_activity`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Announce {
    /// The migration.
    Migrations,
    /// Which of its statements is under way as well: the server keeps its answers until its buffer
    /// is full, and somebody wants to see it.
    Statements,
}

/// How `application_name` begins while a migration runs.
pub(crate) const ANNOUNCED: &str = "whimbrel: ";

/// What is under way, as `application_name` tells it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct UnderWay<'a> {
    /// The migration's id, perhaps cut off.
    pub(crate) migration: &'a str,
    /// The number of the statement and how many there are.
    pub(crate) statement: Option<(usize, usize)>,
}

impl<'a> UnderWay<'a> {
    /// Reads a name that the runner set.
    pub(crate) fn read(name: &'a str) -> Option<Self> {
        let told = name.strip_prefix(ANNOUNCED)?;
        let place = told.split_once(' ').and_then(|(place, migration)| {
            let (number, of) = place.split_once('/')?;
            Some((migration, (number.parse().ok()?, of.parse().ok()?)))
        });
        Some(match place {
            Some((migration, place)) => Self { migration, statement: Some(place) },
            None => Self { migration: told, statement: None },
        })
    }
}

fn announced(migration: &str) -> String {
    format!("{ANNOUNCED}{migration}")
}

/// Timeouts of one transaction.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Settings {
    /// `lock_timeout`.
    pub(crate) lock_timeout: Option<String>,
    /// `statement_timeout`.
    pub(crate) statement_timeout: Option<String>,
}

#[cfg(test)]
mod tests {
    use whimbrel_history::{Checksum, Definition, Directives, Migration, Section};
    use whimbrel_sql::split;

    use super::*;
    use crate::run::Direction;

    fn work(text: &str) -> Work {
        let none = String::new;
        let up = Section { path: "a.sql".into(), span: 0..text.len(), fingerprint: none() };
        let checksum = Checksum { text: none(), bytes: none(), header: none(), statements: None };
        let migration = Migration {
            history: "main".into(),
            id: "a".into(),
            key: "a".into(),
            version: None,
            name: "a".into(),
            description: None,
            kind: None,
            path: "a.sql".into(),
            depends_on: Vec::new(),
            repeatable: false,
            up,
            down: None,
            checksum,
            directives: Directives::default(),
        };
        Work {
            definition: Definition { migration, up: text.into(), down: None },
            direction: Direction::Up,
            script: split(text).unwrap(),
            ledger: 0,
            seed: None,
            again: false,
            after: Vec::new(),
            stand_ins: false,
            lines_above: 0,
        }
    }

    #[test]
    fn a_position_leads_back_to_the_script() {
        let text = "select 'ä';\nselekt 2;\n";
        let mut message = Message::default();
        message.ours(Role::Open, "begin");
        message.script(7, &work(text), 0..2, Announce::Migrations).unwrap();
        let byte = message.text().find("selekt").unwrap();
        let position = message.text()[..byte].chars().count() + 1;
        let place = message.place(position).unwrap();
        assert_eq!((place.unit, place.offset), (7, text.find("selekt").unwrap()));
        assert_eq!(message.place(1), None);
        assert_eq!(message.place(0), None);
    }

    #[test]
    fn only_completed_commits_count() {
        let work = work("select 1");
        let mut message = Message::default();
        for unit in 0..2 {
            message.ours(Role::Open, "begin");
            message.script(unit, &work, 0..1, Announce::Migrations).unwrap();
            message.ours(Role::Commit, "commit");
        }
        assert_eq!(message.committed(2), 0);
        assert_eq!(message.committed(3), 1);
        assert_eq!(message.committed(6), 2);
    }

    #[test]
    fn statements_go_one_by_one_where_string_syntax_changes() {
        let mut script = split("select 1; set x to 1; select 2").unwrap();
        script.sending = Sending::OneByOne;
        assert_eq!(pieces(&script, 0..3), [0..1, 1..2, 2..3]);
        assert_eq!(pieces(&script, 0..0).len(), 1);
    }
}
