//! What a part makes sure of before it runs, and before it says that it ran.
//!
//! A guard is a `do` block: of all that a person may paste into, nothing else can raise an error by
//! a condition, and none leaves anything behind. Its errors have codes of their own, so that a
//! program which runs the script can tell them from the script's.

use std::fmt::Write as _;

use whimbrel_history::ledgers::{self, STARTED};
use whimbrel_sql::{Literal, Qualified};

use super::{Knowledge, Neighbour, PasteError, Place};
use crate::journal;
use crate::lock::LockKey;
use crate::run::Direction;
use crate::state::LedgerState;

/// The migration is applied, or undone, already.
pub const ALREADY: &str = "WB001";
/// What comes before it is not applied, or what comes after it is.
pub const OUT_OF_TURN: &str = "WB002";
/// Another run is under way.
pub const UNDER_WAY: &str = "WB003";
/// The part was not run from its `begin` on.
pub const NOT_WHOLE: &str = "WB004";
/// The ledger lies elsewhere.
pub const ELSEWHERE: &str = "WB005";
/// What ran outside a transaction did not take.
pub const UNPROVED: &str = "WB006";
/// The step is done already.
pub const STEP_DONE: &str = "WB007";

/// Where the role is noted that the script may change.
const ROLE: &str = "whimbrel.role";

/// The guards of one part.
pub(super) struct Guard<'a> {
    place: Place<'a>,
    /// The lock that shows that a transaction began with this part's first guard: nothing that a
    /// script does lets it go.
    part: i64,
}

/// The body of a `do` block.
#[derive(Debug, Default)]
pub(super) struct Body(String);

impl Body {
    fn line(&mut self, text: &str) {
        self.0.push_str("    ");
        self.0.push_str(text);
        self.0.push('\n');
    }

    /// Raises an error where a condition holds.
    pub(super) fn refuse_if(&mut self, condition: &str, refusal: &Refusal<'_>) {
        let Refusal { code, message, hint } = refusal;
        self.line(&format!("if {condition} then"));
        self.line(&format!("    raise exception using errcode = '{code}',"));
        self.line(&format!("        message = {},", Literal(message)));
        self.line(&format!("        hint = {};", Literal(hint)));
        self.line("end if;");
    }

    /// Adds a statement.
    pub(super) fn run(&mut self, statement: &str) {
        self.line(&format!("{statement};"));
    }

    /// Executes statements, which may be about what the block itself makes, where a condition holds.
    pub(super) fn execute_if<S: AsRef<str>>(&mut self, condition: &str, statements: &[S]) {
        self.line(&format!("if {condition} then"));
        for statement in statements {
            self.run(&format!("    execute {}", Literal(statement.as_ref())));
        }
        self.line("end if;");
    }

    /// Runs statements where a condition holds; none of them has a text of several lines.
    pub(super) fn run_if(&mut self, condition: &str, inner: &Self) {
        self.line(&format!("if {condition} then"));
        for line in inner.0.lines() {
            self.line(line);
        }
        self.line("end if;");
    }

    /// Closes the block; its quotes occur nowhere in it.
    pub(super) fn block(self) -> String {
        let mut tag = "$guard$".to_owned();
        let mut number = 1;
        while self.0.contains(&tag) {
            number += 1;
            tag = format!("$guard{number}$");
        }
        format!("do {tag}\nbegin\n{}end\n{tag}", self.0)
    }
}

/// Why a guard lets nothing pass.
pub(super) struct Refusal<'a> {
    pub(super) code: &'static str,
    pub(super) message: &'a str,
    pub(super) hint: &'a str,
}

impl<'a> Guard<'a> {
    pub(super) fn new(place: Place<'a>) -> Self {
        let migration = &place.work().definition.migration;
        let part = LockKey::part(&migration.history, &migration.id);
        Self { place, part }
    }

    /// What stands before the script of a migration that is one transaction.
    pub(super) fn opening(&self) -> Result<String, PasteError> {
        let mut body = self.entrance();
        self.ledger(&mut body);
        self.turn(&mut body)?;
        self.note(&mut body);
        Ok(body.block())
    }

    /// One run at a time, and nothing of an earlier one still under way.
    pub(super) fn entrance(&self) -> Body {
        let lock = self.place.page.lock;
        let mut body = Body::default();
        body.refuse_if(
            &lock.held_by("pg_catalog.pg_backend_pid()"),
            &Refusal {
                code: NOT_WHOLE,
                message: "a transaction with a part of this script is open here",
                hint: "run `rollback;` and this part again",
            },
        );
        let under_way = Refusal {
            code: UNDER_WAY,
            message: "another run of migrations is under way in this database",
            hint: "run this part again when it is done",
        };
        let tries: Vec<String> = lock
            .all()
            .chain([lock.writers()])
            .map(|key| format!("pg_catalog.pg_try_advisory_xact_lock({key})"))
            .collect();
        body.refuse_if(&format!("not ({})", tries.join(" and ")), &under_way);
        body.run(&format!("perform pg_catalog.pg_advisory_xact_lock({})", self.part));
        let mut runs = Body::default();
        runs.run(&journal::take_over(lock.own()));
        runs.refuse_if(&format!("not ({})", journal::is_quiet(lock.own())), &under_way);
        let there = format!("pg_catalog.to_regclass('{}.runs') is not null", journal::SCHEMA);
        body.run_if(&there, &runs);
        body
    }

    /// The ledger is where it is presumed, or is made there.
    pub(super) fn ledger(&self, body: &mut Body) {
        let state = self.place.ledger();
        let before = &self.place.works[..self.place.number];
        if before.iter().any(|work| work.ledger == self.place.work().ledger) {
            let missing = Literal(&first_table(state).to_string()).to_string();
            return body.refuse_if(
                &format!("pg_catalog.to_regclass({missing}) is null"),
                &Refusal {
                    code: OUT_OF_TURN,
                    message: "there is no ledger yet",
                    hint: "run the first part first",
                },
            );
        }
        if self.place.page.knowledge == Knowledge::Said && state.ledger.is_movable() {
            let table = first_table(state);
            let elsewhere = elsewhere(state, &table);
            body.refuse_if(
                &elsewhere,
                &Refusal {
                    code: ELSEWHERE,
                    message: "this database keeps its ledger in another schema",
                    hint: "write the script with a connection to the database, or say `schema` in [ledger] of whimbrel.toml",
                },
            );
        }
        let statements = state.ledger.prepare(&state.place);
        if statements.is_empty() {
            return;
        }
        let missing = format!("pg_catalog.to_regclass({}) is null", missing_table(state));
        body.execute_if(&missing, &statements);
    }

    /// It is this migration's turn, for the first time.
    pub(super) fn turn(&self, body: &mut Body) -> Result<(), PasteError> {
        let id = self.place.work().id();
        let applied = self.is_applied()?;
        match self.place.work().direction {
            Direction::Up => {
                body.refuse_if(&applied, &done_already(&format!("`{id}` is applied already")));
            }
            Direction::Down => body.refuse_if(
                &format!("not {applied}"),
                &done_already(&format!("`{id}` is not applied, or undone already")),
            ),
        }
        if let Some(before) = self.place.before() {
            let (goes, is) = if before.is_applied {
                ("comes", "is not applied")
            } else {
                ("is undone", "is still applied")
            };
            let message = format!("`{}` {goes} before `{id}` and {is}", before.of.id);
            let hint = "run the part before this one first, and look at what it says";
            self.neighbour(body, &before, &Refusal { code: OUT_OF_TURN, message: &message, hint });
        }
        if let Some(next) = self.place.next() {
            let (goes, is) = if next.is_applied {
                ("is undone", "is not applied")
            } else {
                ("comes", "is applied")
            };
            let message = format!("`{}` {goes} after `{id}` and {is}", next.of.id);
            let hint = "somebody else ran it meanwhile: see `whimbrel status`";
            self.neighbour(body, &next, &Refusal { code: OUT_OF_TURN, message: &message, hint });
        }
        Ok(())
    }

    /// A condition that holds where this migration is applied.
    fn is_applied(&self) -> Result<String, PasteError> {
        let (place, work) = (self.place, self.place.work());
        let state = place.ledger();
        if !work.again {
            return Ok(state.ledger.is_applied(&state.place, &work.definition.migration.key));
        }
        let as_it_is = state.ledger.is_applied_as(&state.place, &work.definition)?;
        as_it_is.ok_or_else(|| {
            place.unfit(
                "its ledger does not tell whether this version of it is applied",
                "`whimbrel up --via native` runs it over a connection",
            )
        })
    }

    /// Refuses where another migration is not as it should be by now; its ledger may not be there.
    fn neighbour(&self, body: &mut Body, neighbour: &Neighbour, refusal: &Refusal<'_>) {
        let other = &neighbour.of;
        let state = &self.place.page.state.ledgers[other.ledger];
        let there = format!("pg_catalog.to_regclass({})", Literal(&first_table(state).to_string()));
        let not = if neighbour.is_applied { "not " } else { "" };
        let is_otherwise = format!("{not}{}", state.ledger.is_applied(&state.place, &other.key));
        if other.ledger == self.place.work().ledger {
            return body.refuse_if(&is_otherwise, refusal);
        }
        // Its table is looked into only where there is one: a block's statements are read one by one.
        if neighbour.is_applied {
            body.refuse_if(&format!("{there} is null"), refusal);
        }
        let mut inner = Body::default();
        inner.refuse_if(&is_otherwise, refusal);
        body.run_if(&format!("{there} is not null"), &inner);
    }

    /// Notes what the script may change and when it began, and sets its timeouts.
    pub(super) fn note(&self, body: &mut Body) {
        let settings = self.place.work().settings(self.place.page.options);
        let now = "(extract(epoch from pg_catalog.clock_timestamp()) * 1000)::text";
        let mut sets = format!(
            "perform pg_catalog.set_config('{ROLE}', pg_catalog.current_setting('role'), true),\n        \
             pg_catalog.set_config('{STARTED}', {now}, true)"
        );
        for (name, value) in [
            ("lock_timeout", &settings.lock_timeout),
            ("statement_timeout", &settings.statement_timeout),
        ] {
            if let Some(value) = value {
                write!(
                    sets,
                    ",\n        pg_catalog.set_config('{name}', {}, true)",
                    Literal(value)
                )
                .expect("writing to a string cannot fail");
            }
        }
        body.run(&sets);
    }

    /// What stands between a script and its entry: the role is what it was, and so is the
    /// transaction.
    pub(super) fn closing(&self) -> String {
        let mut body = Body::default();
        self.still(&mut body);
        body.block()
    }

    /// The role is what it was, and so is the transaction.
    pub(super) fn still(&self, body: &mut Body) {
        body.run(&format!(
            "perform pg_catalog.set_config('role', \
             coalesce(nullif(pg_catalog.current_setting('{ROLE}', true), ''), 'none'), false)"
        ));
        let part = LockKey::held(self.part, "pg_catalog.pg_backend_pid()");
        body.refuse_if(
            &format!("not {part}"),
            &Refusal {
                code: NOT_WHOLE,
                message: &format!(
                    "`{}` was not run from its `begin` on, in one transaction",
                    self.place.work().id()
                ),
                hint: "run the part whole; what ran without its `begin` is to be undone by hand",
            },
        );
    }
}

/// The migration is applied.
pub(super) fn done_already(message: &str) -> Refusal<'_> {
    let hint = "nothing of this part is to be done; go on with the next";
    Refusal { code: ALREADY, message, hint }
}

/// The table whose absence means that nothing is applied.
pub(super) fn first_table(state: &LedgerState) -> Qualified<'_> {
    let table = state.ledger.tables()[0];
    let found = state.place.tables.get(table.name).map(|found| found.schema.as_str());
    let schema = found.or(state.place.schema.as_deref()).unwrap_or(table.schemas[0]);
    Qualified { schema, name: table.name }
}

/// The first of the ledger's tables that was not found, as a constant.
fn missing_table(state: &LedgerState) -> String {
    let tables = state.ledger.tables();
    let missing = tables.iter().find(|table| !state.place.tables.contains_key(table.name));
    let table = missing.unwrap_or(&tables[0]);
    let schema = state.place.schema.as_deref().unwrap_or(table.schemas[0]);
    Literal(&Qualified { schema, name: table.name }.to_string()).to_string()
}

/// A condition that holds where another schema has the ledger's first table.
fn elsewhere(state: &LedgerState, table: &Qualified<'_>) -> String {
    let marks = state.ledger.marks(table.name);
    let names: Vec<String> = marks.iter().map(|mark| Literal(mark).to_string()).collect();
    format!(
        "exists (select from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace\n        \
         where c.relname = {} and n.nspname <> {} and c.relkind in ('r', 'p', 'v')\n        \
         and (select count(*) from pg_catalog.pg_attribute a where a.attrelid = c.oid\n        \
         and not a.attisdropped and a.attname in ({})) = {})",
        Literal(table.name),
        Literal(table.schema),
        names.join(", "),
        marks.len(),
    )
}

/// The milliseconds since a moment in the journal, as [`ledgers::STARTED`] has them.
pub(super) fn started_at(moment: &str) -> String {
    format!(
        "perform pg_catalog.set_config('{}', (extract(epoch from ({moment})) * 1000)::text, true)",
        ledgers::STARTED
    )
}
