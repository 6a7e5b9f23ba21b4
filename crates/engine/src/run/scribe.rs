//! Functions whose plans the server keeps, for runs of many small migrations.
//!
//! Nearly all that a small migration costs beyond its script is the server reading and planning
//! the runner's own statements anew, the same ones each time. A function written in plpgsql plans
//! its statements once a session. So a run of many makes two for itself, in the journal's schema,
//! and drops them when it ends:
//!
//! ```sql
//! select whimbrel_journal.open_17('003_c');      -- timeouts, announcement, start, fence
//! create table …;                                -- the script
//! select whimbrel_journal.record_17('003_c', '', '003_c', 'ab12…');   -- ledger and journal
//! ```
//!
//! They hold the statements of the plain way and nothing else, in the same transactions. What a
//! killed run leaves, the next one that makes its own takes away. A role that may not make
//! functions there goes the plain way, and so does a ledger that records more than a key.

use whimbrel_history::TextError;
use whimbrel_history::ledgers::{self, STARTED, Took};
use whimbrel_sql::Literal;

use crate::journal;
use crate::run::compose::{self, ANNOUNCED, Message, Role};
use crate::run::{Direction, Run, Stop, Work, one_transaction};
use crate::wire::Failure;

/// From so many works on, making the functions costs less than they save.
const WORTH_IT: usize = 20;

/// The functions of one run.
#[derive(Debug)]
pub(crate) struct Scribe {
    run: i64,
    ledger: usize,
    settings: compose::Settings,
}

impl Scribe {
    /// Opens the transaction of a work.
    fn open(&self, work: &Work, message: &mut Message) {
        let call = format!("select {}({})", self.function("open"), Literal(work.id()));
        message.ours(Role::Fence, &call);
    }

    /// Records a work.
    fn record(&self, work: &Work, message: &mut Message) {
        let id = work.journal_id();
        let call = format!(
            "select {}({}, {}, {}, {})",
            self.function("record"),
            Literal(&work.definition.migration.key),
            Literal(id.history),
            Literal(id.migration),
            Literal(work.fingerprint()),
        );
        message.ours(Role::Record, &call);
    }

    fn function(&self, verb: &str) -> String {
        format!("{}.{verb}_{}", journal::SCHEMA, self.run)
    }

    /// Makes them; `recorded` is what the ledger writes for the key `$1`.
    fn make(&self, recorded: &[String], fence: &str) -> Vec<String> {
        let set = |name: &str, value: &Option<String>| {
            let value = value.as_deref()?;
            Some(format!("pg_catalog.set_config('{name}', {}, true)", Literal(value)))
        };
        let timeouts = [
            set("lock_timeout", &self.settings.lock_timeout),
            set("statement_timeout", &self.settings.statement_timeout),
        ];
        let timeouts: String = timeouts.into_iter().flatten().map(|one| one + ", ").collect();
        let open = format!(
            "begin perform {timeouts}\
             pg_catalog.set_config('application_name', pg_catalog.concat('{ANNOUNCED}', $1), true), \
             pg_catalog.set_config('{STARTED}', \
             (pg_catalog.date_part('epoch', pg_catalog.clock_timestamp()) * 1000)::text, true); \
             perform {}; end",
            fence.trim_start_matches("select "),
        );
        let applied = journal::applied_by(self.run, "$2", "$3", "$4", "took");
        let record = format!(
            "#variable_conflict use_column\ndeclare took integer := {}; begin {}; {applied}; end",
            ledgers::milliseconds(Took::ThisTransaction),
            recorded.join("; "),
        );
        // `record` comes after a script, which may have set the path.
        let path = "set search_path = pg_catalog, pg_temp";
        let [open_function, record_function] = self.signatures();
        vec![
            CLEAR.to_owned(),
            create(&open_function, "", &open),
            format!("revoke all on function {open_function} from public"),
            create(&record_function, path, &record),
            format!("revoke all on function {record_function} from public"),
        ]
    }

    fn signatures(&self) -> [String; 2] {
        let [open, record] = ["open", "record"].map(|verb| self.function(verb));
        [format!("{open}(text)"), format!("{record}(text, text, text, text)")]
    }

    /// Takes them away.
    pub(crate) fn drop(&self) -> String {
        format!("drop function if exists {}", self.signatures().join(", "))
    }
}

fn create(signature: &str, settings: &str, body: &str) -> String {
    format!(
        "create function {signature} returns void language plpgsql {settings} as {}",
        Literal(body)
    )
}

/// Takes away the functions of runs that have ended.
const CLEAR: &str = "do $$
declare
    left_behind regprocedure;
begin
    for left_behind in
        select p.oid from pg_catalog.pg_proc p
        where p.pronamespace = 'whimbrel_journal'::regnamespace
            and p.proname ~ '^(open|record)_[0-9]+$'
            and not exists (select from whimbrel_journal.runs r
                where r.state = 'running' and p.proname in ('open_' || r.id, 'record_' || r.id))
    loop
        execute 'drop function ' || left_behind;
    end loop;
end
$$";

impl Run<'_> {
    /// Makes functions for a run that is long enough to be worth them.
    pub(crate) async fn employ_scribe(&mut self, works: &[Work]) -> Result<(), Stop> {
        let (Some(run), false) = (self.run, self.lane.is_within()) else { return Ok(()) };
        let Some(first) = works.iter().find(|work| is_usual(work)) else { return Ok(()) };
        let settings = first.settings(self.options);
        let scribe = Scribe { run, ledger: first.ledger, settings };
        let served = works.iter().filter(|work| self.serves(&scribe, work)).count();
        let state = &self.ledgers[scribe.ledger];
        let recorded = state.ledger.record_by(&state.place, "$1", "took");
        let (Some(recorded), Some(fence)) = (recorded, self.fence()) else { return Ok(()) };
        if served < WORTH_IT {
            return Ok(());
        }
        let mut message = self.own_transaction("2s");
        message.ours(Role::Open, compose::LATER);
        for statement in scribe.make(&recorded, &fence) {
            message.ours(Role::Record, &statement);
        }
        self.lane.commit(&mut message);
        match self.own(&message).await {
            Ok(_) => self.scribe = Some(scribe),
            // The plain way is always there: for a role that may not, or while somebody drops the
            // journal.
            Err(Failure::Server { lost: false, .. }) => self.roll_back().await?,
            Err(failure) => return Err(Stop::Lost(failure)),
        }
        Ok(())
    }

    /// Opens the transaction of a work, after `begin`: its timeouts, and the fence.
    pub(crate) fn open_work(&mut self, work: &Work, message: &mut Message) {
        if let Some(scribe) = self.scribe_for(work) {
            scribe.open(work, message);
            return;
        }
        message.set_up(&work.settings(self.options), work.id());
        if let Some(fence) = self.fence() {
            message.ours(Role::Fence, &fence);
        }
    }

    /// The functions, if they do for a work what the plain statements would.
    fn scribe_for(&self, work: &Work) -> Option<&Scribe> {
        self.scribe.as_ref().filter(|scribe| self.serves(scribe, work))
    }

    fn serves(&self, scribe: &Scribe, work: &Work) -> bool {
        is_usual(work)
            && work.ledger == scribe.ledger
            && work.settings(self.options) == scribe.settings
    }

    /// Adds what ends a work that is one transaction.
    pub(crate) fn end_work(&self, work: &Work, message: &mut Message) -> Result<(), TextError> {
        match self.scribe_for(work) {
            Some(scribe) => {
                message.clean_up_with(|message| scribe.record(work, message));
                Ok(())
            }
            None => message.clean_up(compose::Cleaning::All, |message| {
                self.record(work, Took::Noted, message)
            }),
        }
    }
}

/// Whether a work is recorded as most are: a migration in one transaction, applied for the first
/// time.
fn is_usual(work: &Work) -> bool {
    work.direction == Direction::Up
        && work.seed.is_none()
        && !work.again
        && one_transaction(work).is_some()
}
