//! The judge of a fault walk: the database, never what Whimbrel says of itself.

use std::collections::{BTreeMap, BTreeSet};

use whimbrel_engine::wire::{Answer, Session};

use super::script::{Course, Script, Scripted, Step};

/// What the judge needs in a database before anything runs there: a value that is null while its
/// table or column is missing: it may look while a message is under way that a pooler held back.
pub(super) const PREPARE: &str = "
    create schema judge;
    create function judge.value(query text) returns text language plpgsql as $$
    declare
        value text;
    begin
        execute query into value;
        return value;
    exception when undefined_table or undefined_column or invalid_schema_name then
        return null;
    end
    $$;
";

/// The name under which the judge and whoever else is of the walk are seen by the server.
pub(super) const APPLICATION: &str = "fault walk";

/// All that counts of a database, as one snapshot shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Snapshot {
    /// Whether the ledger's tables are there.
    pub(super) ledger: bool,
    /// Whether the journal's tables are there.
    pub(super) journal: bool,
    /// What is to be seen of each migration.
    pub(super) migrations: Vec<Seen>,
    /// Indexes that are not valid.
    pub(super) invalid: i64,
    /// The indexes of the script's tables, by their oids: a rebuilt one has another.
    pub(super) indexes: BTreeSet<String>,
    /// Runs that the journal has, and those of them that it has as running.
    pub(super) runs: i64,
    pub(super) running: i64,
}

/// What is to be seen of a migration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Seen {
    /// Entries that say that it is applied, in the ledger and in its history of executions.
    pub(super) entries: i64,
    pub(super) executions: i64,
    /// What each effect counts.
    pub(super) counts: Vec<i64>,
    /// The states of its intents, by their steps.
    pub(super) intents: BTreeMap<usize, String>,
}

impl Seen {
    pub(super) fn is_applied(&self) -> bool {
        self.entries > 0
    }

    fn intent(&self, step: usize) -> &str {
        self.intents.get(&step).map_or("none", String::as_str)
    }
}

impl Snapshot {
    /// Looks at a database, from whatever is committed in it now.
    pub(super) async fn take(judge: &mut Session, script: &Script) -> Result<Self, String> {
        let answers = judge.simple(&query(script)).await.map_err(|error| format!("{error:?}"))?;
        let rows = answers.iter().flat_map(Answer::rows).filter_map(|row| {
            Some((row.get("what")?.to_owned(), row.get("value").unwrap_or_default().to_owned()))
        });
        Ok(Self::read(&rows.collect(), script))
    }

    fn read(rows: &BTreeMap<String, String>, script: &Script) -> Self {
        let text = |what: &str| rows.get(what).cloned().unwrap_or_default();
        let number = |what: &str| {
            let text = text(what);
            text.parse().unwrap_or_else(|_| panic!("the judge was told `{text}` for {what}"))
        };
        let migrations = script.migrations.iter().enumerate().map(|(index, migration)| Seen {
            entries: number(&format!("{index} entries")),
            executions: number(&format!("{index} executions")),
            counts: (0..migration.effects().len())
                .map(|step| number(&format!("{index} effect {step}")))
                .collect(),
            intents: text(&format!("{index} intents"))
                .split_whitespace()
                .filter_map(|pair| pair.split_once('='))
                .filter_map(|(step, state)| Some((step.parse().ok()?, state.to_owned())))
                .collect(),
        });
        Self {
            ledger: number("ledger") > 0,
            journal: number("journal") > 0,
            migrations: migrations.collect(),
            invalid: number("invalid"),
            indexes: text("indexes").split_whitespace().map(str::to_owned).collect(),
            runs: number("runs"),
            running: number("running"),
        }
    }

    /// What must be true at any instant, whatever happened: nothing is applied twice, nothing is
    /// recorded that is not applied, and nothing is applied without a record but for a step that
    /// stands alone and has its intent.
    pub(super) fn broken(&self, script: &Script) -> Vec<String> {
        let mut broken = Vec::new();
        let mut may_be_invalid = 0;
        for (seen, migration) in self.migrations.iter().zip(&script.migrations) {
            let id = migration.id;
            let mut say = |what: String| broken.push(format!("{id}: {what}"));
            if seen.entries > 1 || seen.executions != seen.entries {
                let Seen { entries, executions, .. } = seen;
                say(format!("{entries} entries and {executions} executions"));
            }
            for (step, effect) in migration.effects().iter().enumerate() {
                let (count, once) = (seen.counts[step], effect.once);
                if count < 0 || count > once {
                    say(format!("step {} counts {count}, and once is {once}", step + 1));
                }
                if seen.is_applied() && count != once {
                    say(format!("recorded, but step {} counts {count} of {once}", step + 1));
                }
            }
            if seen.is_applied() {
                if !seen.intents.is_empty() {
                    say("recorded, but its intents are still there".to_owned());
                }
                continue;
            }
            match &migration.course {
                Course::Whole(_) => {
                    if seen.counts[0] != 0 {
                        say(format!("applied ({}), but not recorded", seen.counts[0]));
                    }
                }
                Course::Steps(steps) => {
                    for (number, step) in steps.iter().enumerate() {
                        let (count, intent) = (seen.counts[number], seen.intent(number));
                        if let Some(wrong) = contradiction(step, count, intent) {
                            say(format!("step {} {wrong}", number + 1));
                        }
                        if matches!(step, Step::Alone(_)) && intent == "begun" {
                            may_be_invalid = 1;
                        }
                    }
                }
            }
        }
        if self.invalid > 0 && may_be_invalid == 0 {
            broken.push(format!("{} invalid indexes that no intent explains", self.invalid));
        }
        broken
    }

    /// What must be true when a run said that all went well.
    pub(super) fn unfinished(&self, script: &Script) -> Vec<String> {
        let mut unfinished = self.broken(script);
        for (seen, migration) in self.migrations.iter().zip(&script.migrations) {
            if !seen.is_applied() {
                unfinished.push(format!("{}: not applied", migration.id));
            }
        }
        if self.invalid > 0 {
            unfinished.push(format!("{} invalid indexes", self.invalid));
        }
        unfinished
    }

    /// The step that cannot be known, where one was begun and its outcome is not written.
    pub(super) fn unknowable(&self, script: &Script) -> Option<(usize, usize)> {
        let of = |(index, migration): (usize, &Scripted)| {
            let Course::Steps(steps) = &migration.course else { return None };
            let begun = |(number, step): (usize, &Step)| {
                let is_begun = self.migrations[index].intent(number) == "begun";
                (matches!(step, Step::Unknowable(_)) && is_begun).then_some((index, number))
            };
            steps.iter().enumerate().find_map(begun)
        };
        script.migrations.iter().enumerate().find_map(of)
    }

    /// The state in words, for the table.
    pub(super) fn state(&self, script: &Script) -> String {
        let all = script.migrations.len();
        let applied = self.migrations.iter().filter(|seen| seen.is_applied()).count();
        if applied == all {
            return "all applied".to_owned();
        }
        let mut state = match (applied, self.ledger) {
            (0, false) => "nothing".to_owned(),
            (0, true) if self.journal => "ledger and journal, nothing applied".to_owned(),
            (0, true) => "ledger, nothing applied".to_owned(),
            (applied, _) => format!("{applied} of {all} applied"),
        };
        for (seen, migration) in self.migrations.iter().zip(&script.migrations) {
            if let Course::Steps(steps) = &migration.course
                && !seen.intents.is_empty()
            {
                state = self.step(seen, steps);
            }
        }
        state
    }

    fn step(&self, seen: &Seen, steps: &[Step]) -> String {
        let done = (0..steps.len()).take_while(|step| seen.intent(*step) == "done").count();
        let of = steps.len();
        if seen.intent(done) != "begun" {
            return format!("{done} of {of} steps done");
        }
        let effect = steps[done].effect();
        let took = match (seen.counts[done], self.invalid) {
            _ if effect.once == 0 && self.invalid > 0 => "an invalid index left",
            _ if effect.once == 0 => "which leaves no trace",
            (0, 0) => "nothing of it there",
            (0, _) => "an invalid index left",
            (count, _) if count == effect.once => "its effect there",
            _ => "a part of it there",
        };
        format!("{done} of {of} steps done, the next begun, {took}")
    }
}

impl Snapshot {
    /// What a run did that found an earlier state, in words, for the table.
    pub(super) fn since(&self, earlier: &Self, script: &Script) -> String {
        let all = script.migrations.len();
        let applied = earlier.migrations.iter().filter(|seen| seen.is_applied()).count();
        if applied == all {
            return "nothing to do".to_owned();
        }
        if self.runs == earlier.runs {
            return "nothing to do: the server had ended the work by then".to_owned();
        }
        let begun = script.migrations.iter().zip(&earlier.migrations).find_map(|(script, seen)| {
            let Course::Steps(steps) = &script.course else { return None };
            (!seen.intents.is_empty()).then_some((seen, steps))
        });
        let Some((seen, steps)) = begun else {
            return match applied {
                0 => "applied all".to_owned(),
                _ => format!("applied the other {}", all - applied),
            };
        };
        let done = (0..steps.len()).take_while(|step| seen.intent(*step) == "done").count();
        if done == steps.len() {
            return "recorded it".to_owned();
        }
        if seen.intent(done) != "begun" {
            return format!("went on with step {}", done + 1);
        }
        let step = done + 1;
        let effect = steps[done].effect();
        let is_there = effect.once > 0 && seen.counts[done] == effect.once;
        match &steps[done] {
            Step::Alone(_) if earlier.invalid > 0 => {
                format!("dropped the invalid index, ran step {step} again")
            }
            Step::Alone(_) if is_there && earlier.indexes.is_subset(&self.indexes) => {
                format!("found step {step} done")
            }
            Step::Together(_) | Step::Alone(_) | Step::Repeatable(_) | Step::Unknowable(_) => {
                format!("ran step {step} again")
            }
        }
    }
}

/// What a step's effect and its intent have against each other.
fn contradiction(step: &Step, count: i64, intent: &str) -> Option<String> {
    let once = step.effect().once;
    let is_right = match (step, intent) {
        (_, "done") => count == once,
        (_, "none" | "planned") | (Step::Together(_), _) => count == 0,
        // What it did until it was cut off, the catalog or the person has to say.
        (Step::Alone(_) | Step::Repeatable(_) | Step::Unknowable(_), "begun") => true,
        _ => false,
    };
    (!is_right).then(|| format!("counts {count} of {once}, and its intent is `{intent}`"))
}

/// Everything in one statement, in a transaction that sees one snapshot.
fn query(script: &Script) -> String {
    let mut rows = vec![
        number("ledger", "select count(*) from pg_tables where schemaname = 'whimbrel'"),
        number("journal", "select count(*) from pg_tables where schemaname = 'whimbrel_journal'"),
        number("invalid", "select count(*) from pg_index where not indisvalid"),
        number("runs", "select count(*) from whimbrel_journal.runs"),
        number("running", "select count(*) from whimbrel_journal.runs where state = 'running'"),
        value(
            "indexes",
            "select string_agg(indexrelid::text, ' ' order by indexrelid) \
             from pg_index i join pg_class c on c.oid = i.indexrelid \
             where c.relnamespace = 'public'::regnamespace",
        ),
    ];
    for (index, migration) in script.migrations.iter().enumerate() {
        let id = migration.id;
        let entries = format!(
            "select count(*) from whimbrel.schema_migrations \
             where id like '%{id}' and status = 'completed'"
        );
        let executions = format!(
            "select count(*) from whimbrel.migration_history \
             where migration_id like '%{id}' and status = 'completed'"
        );
        let intents = format!(
            "select string_agg(step || '=' || state, ' ' order by step) \
             from whimbrel_journal.intents where migration = '{id}'"
        );
        rows.push(number(&format!("{index} entries"), &entries));
        rows.push(number(&format!("{index} executions"), &executions));
        rows.push(value(&format!("{index} intents"), &intents));
        for (step, effect) in migration.effects().iter().enumerate() {
            rows.push(number(&format!("{index} effect {step}"), effect.count));
        }
    }
    let rows = rows.join(" union all ");
    format!(
        "begin isolation level repeatable read, read only; \
         select * from ({rows}) seen (what, value); commit"
    )
}

fn number(what: &str, query: &str) -> String {
    format!("select '{what}', coalesce(judge.value($judge${query}$judge$), '0')")
}

fn value(what: &str, query: &str) -> String {
    format!("select '{what}', judge.value($judge${query}$judge$)")
}
