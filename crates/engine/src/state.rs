//! What a database is and what its ledgers say, read in two messages.

mod seal;

use std::collections::{BTreeMap, BTreeSet};

use whimbrel_history::Entry;
use whimbrel_history::ledgers::{Found, Ledger, LedgerError, Place};
use whimbrel_history::state::{Half, Steps};
use whimbrel_history::tools::{ReadingError, Search, names as tool_names, probe as probe_tools};
use whimbrel_sql::{Literal, Qualified};

use crate::journal::{self, Intent, Intents, JournalError, LastApplied, StepState};
use crate::tools::{self, ToolState};
use crate::wire::{Answer, Failure, Session};

pub use seal::Seal;
use seal::{Question, Rows, Sealing};

/// What a database is and what its ledgers say.
#[derive(Debug)]
pub struct State {
    /// The server and how we are connected to it.
    pub facts: Facts,
    /// Each ledger that was asked for.
    pub ledgers: Vec<LedgerState>,
    /// Steps that earlier runs left unfinished.
    pub intents: Intents,
    /// When and by whom each migration last ran, where it was asked for.
    pub last_applied: BTreeMap<(String, String), LastApplied>,
    /// The ledgers of other tools, where they were asked for.
    pub tools: Vec<ToolState>,
    /// What tells later whether all this is still so, where it was asked for.
    pub seal: Option<Seal>,
}

impl State {
    /// What is known of a database that nobody asks: where ledgers usually are, and what a person
    /// says is applied.
    pub fn said(ledgers: Vec<LedgerState>) -> Self {
        let facts = Facts {
            version_number: 0,
            version: String::new(),
            database: String::new(),
            role: String::new(),
            may_create: true,
            standby: false,
            pooled: false,
            timeouts: BTreeMap::new(),
            journal: false,
            closed: false,
            output: false,
        };
        let (intents, last_applied) = (Intents::new(), BTreeMap::new());
        Self { facts, ledgers, intents, last_applied, tools: Vec::new(), seal: None }
    }
}

impl State {
    /// What the journal has of a history's migrations that were begun step by step and are not
    /// finished.
    pub fn halves_of(&self, history: &str) -> Vec<Half> {
        let of = self.intents.iter().filter(|((of, ..), _)| of == history);
        of.map(|((_, id, direction), intents)| {
            let is_open = |intent: &&Intent| intent.state != StepState::Done;
            let steps = Steps {
                done: intents.iter().filter(|intent| !is_open(intent)).count(),
                of: intents.len(),
                next: intents
                    .iter()
                    .find(is_open)
                    .map_or(String::new(), |one| one.statement.clone()),
            };
            Half { id: id.clone(), direction: *direction, steps: Some(steps) }
        })
        .collect()
    }
}

impl LedgerState {
    /// A ledger in its usual place.
    pub fn said(ledger: &'static dyn Ledger, schema: Option<&str>) -> Self {
        let place = ledger.place(&[], schema);
        Self { ledger, place, entries: Vec::new(), seeds: BTreeMap::new() }
    }
}

/// One ledger as it is.
#[derive(Debug)]
pub struct LedgerState {
    /// The ledger.
    pub ledger: &'static dyn Ledger,
    /// Where its tables are.
    pub place: Place,
    /// Its entries.
    pub entries: Vec<Entry>,
    /// The seed files that it has, by their paths, where a report is made.
    pub seeds: BTreeMap<String, SeedEntry>,
}

/// A seed file that ran.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeedEntry {
    /// The hash of the file as it ran.
    pub hash: String,
    /// When, in UTC, where its ledger says so.
    pub ran_at: Option<String>,
}

/// The server and how we are connected to it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "independent facts, each a column of one row")]
pub struct Facts {
    /// `server_version_num`: 170010.
    pub version_number: i32,
    /// `server_version`: `17.10 (Debian …)`.
    pub version: String,
    /// The database.
    pub database: String,
    /// The role in effect.
    pub role: String,
    /// Whether the role may make schemas in the database.
    pub may_create: bool,
    /// Whether the server is a standby and can only be read.
    pub standby: bool,
    /// Whether a pooler stands between: the backend is not the one the connection names.
    pub pooled: bool,
    /// Timeouts in effect that end a statement or a transaction, in milliseconds, if not zero.
    pub timeouts: BTreeMap<String, i64>,
    /// Whether the journal's tables are there, and the role may read them.
    pub journal: bool,
    /// Whether they are there, and the role may not read them.
    pub closed: bool,
    /// Whether it has the table in which runs keep their output.
    pub output: bool,
}

impl Facts {
    /// The server's major version.
    pub fn major(&self) -> u16 {
        u16::try_from(self.version_number / 10_000).unwrap_or(0)
    }
}

/// What to read.
#[derive(Clone, Copy, Debug)]
pub struct Wanted<'a> {
    /// The ledgers, with the schema that the project keeps each in, if it says so.
    pub ledgers: &'a [(&'static dyn Ledger, Option<&'a str>)],
    /// Whether to read when and by whom each migration last ran, and which seed files ran.
    pub last_applied: bool,
    /// Whether and how far to look for the ledgers of other tools.
    pub tools: Option<Search>,
    /// Whether to make a seal.
    pub sealed: bool,
}

/// Why the state could not be read.
#[derive(Debug, thiserror::Error)]
pub enum StateError {
    /// The server failed or was lost.
    #[error("read the ledgers")]
    Failed(#[from] Failure),
    /// A ledger holds what it should not.
    #[error("read ledger `{ledger}`")]
    Ledger {
        /// The ledger.
        ledger: &'static str,
        /// What it holds.
        #[source]
        source: LedgerError,
    },
    /// The journal holds what it should not.
    #[error("read the journal")]
    Journal(#[from] JournalError),
    /// The ledger of another tool holds what it should not.
    #[error("read the ledger of another tool")]
    Tool(#[from] ReadingError),
    /// An answer lacks what was asked for.
    #[error("the server's answer lacks `{what}`")]
    Missing {
        /// The column.
        what: &'static str,
    },
}

/// Reads the state: one message finds the tables, a second reads them all.
pub async fn read(session: &mut Session, wanted: Wanted<'_>) -> Result<State, StateError> {
    let mut answers = session.simple(&probe(wanted)).await?.into_iter();
    let mut next = |what| answers.next().ok_or(StateError::Missing { what });
    let mut facts = read_facts(session.process_id(), &next("facts")?)?;
    let relations = next("relations")?;
    let found = found(&relations);
    let is_there = |table: &str| {
        found.iter().any(|(name, found)| name == table && found.schema == journal::SCHEMA)
    };
    let is_there_whole = journal::tables().all(is_there);
    facts.closed = is_there_whole && is_closed(&relations);
    facts.journal = is_there_whole && !facts.closed;
    facts.output = facts.journal && is_there(journal::OUTPUT);
    let ledgers: Vec<LedgerState> = wanted
        .ledgers
        .iter()
        .map(|(ledger, schema)| LedgerState {
            ledger: *ledger,
            place: ledger.place(&found, *schema),
            entries: Vec::new(),
            seeds: BTreeMap::new(),
        })
        .collect();
    let tools = match wanted.tools {
        Some(_) => tools::others(&next("other tools")?, &ledgers),
        None => Vec::new(),
    };
    let tables = if is_sealed(wanted, &facts) { seal::text(&next("a seal")?) } else { None };
    let seen = Seen { facts, ledgers, tools, last_applied: wanted.last_applied };
    let questions = seen.questions();
    let sealing = tables.map(|tables| Sealing::new(&catalog(wanted), tables, &questions));
    let texts = questions.iter().map(|question| question.text.as_str());
    let message: Vec<&str> = sealing.iter().flat_map(Sealing::before).chain(texts).collect();
    let mut answers = match message.as_slice() {
        [] => Vec::new(),
        message => session.simple(&message.join(";\n")).await?,
    }
    .into_iter();
    let seal = sealing.and_then(|sealing| sealing.seal(&mut answers));
    seen.state(&mut answers, seal)
}

/// Whether a state is still what it was when it was read. What is known of the server by then comes
/// along.
///
/// That nothing at all was written meanwhile is told at once. Else the server hashes the state, and
/// where it is far away, one message asks for both.
pub async fn is_still(session: &mut Session, seal: &Seal) -> Result<Option<Facts>, StateError> {
    let moment = format!("select {} as moment", seal::MOMENT);
    let is_near = session.way().is_short();
    let whole = if is_near { String::new() } else { format!("{};\n", seal.question()) };
    let Some(answers) = still(session, &format!("{whole}{moment};\n{FACTS}")).await? else {
        return Ok(None);
    };
    let mut answers = answers.into_iter();
    let mut is_known = !is_near && seal.is_answered(&mut answers);
    let moment = answers.next().ok_or(StateError::Missing { what: "moment" })?;
    let facts = answers.next().ok_or(StateError::Missing { what: "facts" })?;
    is_known |= seal::text(&moment).is_some_and(|moment| seal.is_of(&moment));
    if is_near && !is_known {
        let answers = still(session, &seal.question()).await?;
        is_known = answers.is_some_and(|answers| seal.is_answered(&mut answers.into_iter()));
    }
    is_known.then(|| read_facts(session.process_id(), &facts)).transpose()
}

/// The answers to a seal's question; none where a table is gone, or may not be read any more.
async fn still(session: &mut Session, question: &str) -> Result<Option<Vec<Answer>>, StateError> {
    match session.simple(question).await {
        Err(failure) if failure.server().is_some() && session.is_usable() => Ok(None),
        answers => Ok(Some(answers?)),
    }
}

/// What is known of a database before the tables that were found in it are read.
struct Seen {
    facts: Facts,
    ledgers: Vec<LedgerState>,
    tools: Vec<ToolState>,
    last_applied: bool,
}

impl Seen {
    /// What is asked of the tables, in the order of [`Seen::state`].
    fn questions(&self) -> Vec<Question> {
        let mut questions: Vec<Question> =
            self.ledgers.iter().filter_map(LedgerState::question).collect();
        if self.last_applied {
            let seeds = self.ledgers.iter().filter_map(LedgerState::seeds_query);
            questions.extend(seeds.map(Question::of));
        }
        let rows = |(table, time)| Rows::of(table, Some(time));
        if self.facts.journal {
            let tables = vec![rows(journal::INTENTS_TABLE)];
            questions.push(Question { tables, ..Question::of(journal::INTENTS) });
            if self.last_applied {
                let tables = journal::LAST_APPLIED_TABLES.map(rows).into();
                questions.push(Question { tables, ..Question::of(journal::LAST_APPLIED) });
            }
        }
        questions.extend(self.tools.iter().filter_map(ToolState::question).map(Question::of));
        questions
    }

    /// Takes the answers apart.
    fn state(
        mut self,
        answers: &mut impl Iterator<Item = Answer>,
        seal: Option<Seal>,
    ) -> Result<State, StateError> {
        let mut next = |what| answers.next().ok_or(StateError::Missing { what });
        for state in &mut self.ledgers {
            if state.ledger.read(&state.place).is_some() {
                state.take(&next("entries")?)?;
            }
        }
        if self.last_applied {
            for state in &mut self.ledgers {
                if state.seeds_query().is_some() {
                    state.seeds = seed_entries(&next("seed files")?);
                }
            }
        }
        let mut intents = Intents::new();
        let mut last_applied = BTreeMap::new();
        if self.facts.journal {
            intents = journal::intents(&next("the journal")?)?;
            if self.last_applied {
                last_applied = journal::last_applied(&next("the journal")?)?;
            }
        }
        for tool in &mut self.tools {
            tool.answer(answers)?;
        }
        let Self { facts, ledgers, tools, .. } = self;
        Ok(State { facts, ledgers, intents, last_applied, tools, seal })
    }
}

impl LedgerState {
    /// What is asked of its first table, where that is there.
    fn question(&self) -> Option<Question> {
        let text = self.ledger.read(&self.place)?;
        let name = self.ledger.tables().first()?.name;
        let found = self.place.tables.get(name)?;
        let is_time = |column: &&str| {
            found.columns.get(*column).is_some_and(|kind| kind.starts_with("timestamp"))
        };
        let table = Qualified { schema: &found.schema, name };
        let rows = Rows::of(table, Some("applied_at").filter(is_time));
        let tables = if found.view { Vec::new() } else { vec![rows] };
        Some(Question { tables, ..Question::of(text) })
    }

    fn seeds_query(&self) -> Option<String> {
        self.ledger.seeds()?.read(&self.place)
    }

    fn take(&mut self, answer: &Answer) -> Result<(), StateError> {
        let width = answer.columns().len();
        self.entries.reserve_exact(answer.len());
        let mut columns = Vec::with_capacity(width);
        for row in answer.rows() {
            columns.clear();
            columns.extend((0..width).map(|column| row.at(column)));
            let ledger = self.ledger.name();
            let entry = self.ledger.entry(&columns);
            self.entries.push(entry.map_err(|source| StateError::Ledger { ledger, source })?);
        }
        Ok(())
    }
}

/// The seed files that a ledger has.
pub async fn seeds(
    session: &mut Session,
    state: &LedgerState,
) -> Result<BTreeMap<String, SeedEntry>, Failure> {
    let Some(read) = state.seeds_query() else { return Ok(BTreeMap::new()) };
    let answers = session.simple(&read).await?;
    Ok(answers.first().map(seed_entries).unwrap_or_default())
}

fn seed_entries(answer: &Answer) -> BTreeMap<String, SeedEntry> {
    let has_time = answer.columns().len() > 2;
    let entries = answer.rows().filter_map(|row| {
        let ran_at = if has_time { row.at(2).map(str::to_owned) } else { None };
        Some((row.at(0)?.to_owned(), SeedEntry { hash: row.at(1)?.to_owned(), ran_at }))
    });
    entries.collect()
}

/// Whether a seal was asked for, of a server that can make one.
fn is_sealed(wanted: Wanted<'_>, facts: &Facts) -> bool {
    wanted.sealed && facts.major() >= seal::SINCE
}

/// The message that says what the server is and which of the tables we look for it has.
fn probe(wanted: Wanted<'_>) -> String {
    let relations = relations(wanted.ledgers.iter().map(|(ledger, _)| *ledger));
    let tools = wanted.tools.map(|search| format!(";\n{}", probe_tools(search)));
    let seal =
        wanted.sealed.then(|| format!(";\nselect pg_catalog.concat_ws(' ', {})", catalog(wanted)));
    format!("{FACTS};\n{relations}{}{}", tools.unwrap_or_default(), seal.unwrap_or_default())
}

/// An expression that changes when other tables are to be read.
fn catalog(wanted: Wanted<'_>) -> String {
    let own = names(wanted.ledgers.iter().map(|(ledger, _)| *ledger));
    if wanted.tools.is_none() {
        return seal::tables(own.into_iter());
    }
    let tables = seal::tables(own.into_iter().chain(tool_names()));
    format!("{tables}, {}", seal::NEWEST_TABLE)
}

/// A query for every table and view that has the name of one of these ledgers', or of the
/// journal's, for [`found`].
pub fn relations(ledgers: impl Iterator<Item = &'static dyn Ledger>) -> String {
    let names: Vec<String> =
        names(ledgers).into_iter().map(|name| Literal(name).to_string()).collect();
    format!("{RELATIONS} in ({}){RELATIONS_ORDER}", names.join(", "))
}

/// The names of these ledgers' tables and of the journal's, each once.
fn names(ledgers: impl Iterator<Item = &'static dyn Ledger>) -> BTreeSet<&'static str> {
    let tables = ledgers.flat_map(|ledger| ledger.tables().iter().map(|table| table.name));
    tables.chain(journal::tables()).chain([journal::OUTPUT]).collect()
}

const FACTS: &str = "select pg_catalog.current_setting('server_version_num') as version_number, \
    pg_catalog.current_setting('server_version') as version, \
    pg_catalog.current_database() as database, current_user as role, \
    pg_catalog.has_database_privilege(pg_catalog.current_database(), 'create') as may_create, \
    pg_catalog.pg_is_in_recovery() as standby, pg_catalog.pg_backend_pid() as backend, \
    pg_catalog.current_setting('lock_timeout') as lock_timeout, \
    pg_catalog.current_setting('statement_timeout') as statement_timeout, \
    pg_catalog.current_setting('transaction_timeout', true) as transaction_timeout";

/// Settings that end a statement or a transaction.
const TIMEOUTS: [&str; 3] = ["lock_timeout", "statement_timeout", "transaction_timeout"];

const RELATIONS: &str = "select n.nspname as schema, c.relname as relation, \
    c.relkind = 'v' as view, a.attname as attribute, \
    pg_catalog.has_schema_privilege(n.oid, 'usage') \
    and pg_catalog.has_table_privilege(c.oid, 'select') as open, \
    pg_catalog.format_type(a.atttypid, a.atttypmod) as type \
    from pg_catalog.pg_class c \
    join pg_catalog.pg_namespace n on n.oid = c.relnamespace \
    join pg_catalog.pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped \
    where c.relkind in ('r', 'p', 'v') and c.relname";

const RELATIONS_ORDER: &str = " order by n.nspname, c.relname, a.attnum";

fn read_facts(named: i32, answer: &Answer) -> Result<Facts, StateError> {
    let row = answer.first().ok_or(StateError::Missing { what: "facts" })?;
    let text =
        |what: &'static str| row.get(what).map(str::to_owned).ok_or(StateError::Missing { what });
    let number = |what: &'static str| -> Result<i32, StateError> {
        row.get(what).and_then(|text| text.parse().ok()).ok_or(StateError::Missing { what })
    };
    let timeouts = TIMEOUTS.iter().filter_map(|name| {
        let length = milliseconds(row.get(name)?).filter(|length| *length > 0)?;
        Some(((*name).to_owned(), length))
    });
    Ok(Facts {
        version_number: number("version_number")?,
        version: text("version")?,
        database: text("database")?,
        role: text("role")?,
        may_create: row.get("may_create") == Some("t"),
        standby: row.get("standby") == Some("t"),
        pooled: number("backend")? != named,
        timeouts: timeouts.collect(),
        journal: false,
        closed: false,
        output: false,
    })
}

/// Reads a timeout as the server shows it: a number with a unit, or zero.
fn milliseconds(shown: &str) -> Option<i64> {
    let unit = shown.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(shown.len());
    let (number, unit) = shown.split_at(unit);
    let each = match unit {
        "ms" | "" => 1,
        "s" => 1_000,
        "min" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        _ => return None,
    };
    Some(number.parse::<i64>().ok()? * each)
}

/// Whether the role may not read the journal that [`relations`] found.
fn is_closed(answer: &Answer) -> bool {
    let is_journals = |table: &str| journal::tables().any(|name| name == table);
    answer.rows().any(|row| {
        row.get("schema") == Some(journal::SCHEMA)
            && row.get("relation").is_some_and(is_journals)
            && row.get("open") == Some("f")
    })
}

/// The tables that [`relations`] found; a name may occur in several schemas.
pub fn found(answer: &Answer) -> Vec<(String, Found)> {
    let mut found: Vec<(String, Found)> = Vec::new();
    for row in answer.rows() {
        let column = |what| row.get(what).unwrap_or_default();
        let (schema, relation) = (column("schema"), column("relation"));
        let is_new =
            found.last().is_none_or(|(name, found)| name != relation || found.schema != schema);
        if is_new {
            found.push((
                relation.to_owned(),
                Found {
                    schema: schema.to_owned(),
                    view: row.get("view") == Some("t"),
                    columns: BTreeMap::new(),
                },
            ));
        }
        let (_, last) = found.last_mut().expect("one was pushed for this row at the latest");
        last.columns.insert(column("attribute").to_owned(), column("type").to_owned());
    }
    found
}
