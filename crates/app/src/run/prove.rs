//! Proves that a database is what its ledger says: the shadow replays what is applied, and both are
//! compared, object by object.

use schemars::JsonSchema;
use serde::Serialize;
use whimbrel_catalog::{Difference, Side};
use whimbrel_engine::rehearse::{self, Made, Rebuilt, Surroundings};
use whimbrel_engine::shadow::Baseline;
use whimbrel_engine::state::{State, StateError};
use whimbrel_engine::wire::{Answer, Session};
use whimbrel_history::tools::Ledger;
use whimbrel_sql::{Ident, Literal};

use super::choose::Planned;
use super::rehearse::{self as rehearsal, NotRehearsed, Ways};
use super::trace;
use crate::error::Error;
use crate::events::Events;
use crate::project::Project;
use crate::wire;

/// What came of a proof.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum ProofShown {
    /// The database is what the migrations make.
    Proved {
        /// Where they were replayed.
        server: String,
        /// Extensions that stood in for the real ones there.
        stand_ins: Vec<String>,
        /// Of what is recorded: migrations of which nothing shows there, since rows, grants, owners
        /// and roles are not compared.
        unseen: Vec<String>,
        /// Of what is recorded besides: migrations that change rows, too, of which nothing is known.
        rows: Vec<String>,
    },
    /// It is not.
    Differs {
        /// Where they were replayed.
        server: String,
        /// Extensions that stood in for the real ones there.
        stand_ins: Vec<String>,
        /// The objects that differ.
        differences: Vec<DifferenceShown>,
        /// Whether they differ without the change as well.
        as_before: bool,
    },
    /// It is not known.
    None {
        /// Why.
        because: String,
    },
}

/// An object by which the database differs from what the migrations make.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct DifferenceShown {
    /// `table`, `column`, `function` …
    pub kind: String,
    /// Its name, qualified.
    pub name: String,
    /// `missing`: only the migrations make it; `extra`: only the database has it; `other`: both
    /// have it, and not the same.
    pub how: &'static str,
}

/// What is to be proved.
pub(super) struct Claim<'a> {
    pub(super) project: &'a Project,
    pub(super) state: &'a State,
    /// For each history, what is applied, in its order.
    pub(super) applied: Vec<Vec<Planned>>,
    /// Tables of other tools, which no migration of the project made.
    pub(super) tools: &'a [Ledger],
    /// The keys of what is to be recorded.
    pub(super) marked: &'a [&'a str],
}

/// What came of replaying and comparing.
pub(super) enum Proved {
    /// Whether the database is what was replayed, if that is known.
    Shown(ProofShown),
    /// A migration cannot be replayed.
    Fails {
        /// Its history.
        history: String,
        /// What its ledger calls it.
        key: String,
        /// What is to be said.
        because: String,
    },
}

/// Kinds that are the server's rather than a history's.
const LEFT_OUT: &[&str] = &["default privileges"];

/// Replays and compares.
pub(super) async fn prove(
    claim: Claim<'_>,
    ways: Ways<'_>,
    session: &mut Session,
    events: &mut dyn Events,
) -> Result<Proved, Error> {
    let Claim { project, state, applied, tools, marked } = claim;
    let works = match rehearsal::rebuilt_from(project, state, applied, session).await {
        Ok(works) => works,
        Err(NotRehearsed::NotRebuilt(because) | NotRehearsed::Because(because)) => {
            return Ok(Proved::Shown(ProofShown::None { because }));
        }
        Err(NotRehearsed::Error(error)) => return Err(error),
    };
    let real = rehearse::shapes(session).await.map_err(StateError::from)?;
    let mut surroundings = Surroundings::read(session).await.map_err(StateError::from)?;
    surroundings.database = rehearsal::database_name(&surroundings.database);
    let what = rehearse::Rehearse {
        major: state.facts.major(),
        surroundings: &surroundings,
        applied: &works,
        pending: &[],
    };
    let options = rehearsal::shadow_options(project, ways, session).await?;
    let made = match rehearse::rebuild(&what, &options, events).await? {
        Rebuilt::Made(made) => made,
        Rebuilt::Failed { number, failed } => {
            let because = wire::chain(&*failed).join(": ");
            let work = &works[number];
            return Ok(Proved::Fails {
                history: work.definition.migration.history.clone(),
                key: work.definition.migration.key.clone(),
                because: format!(
                    "`{}` cannot be replayed in an empty database: {because}",
                    work.id()
                ),
            });
        }
    };
    let own = bookkeeping(state, tools, session).await?;
    let strange = |difference: &Difference| {
        !LEFT_OUT.contains(&difference.kind.as_str())
            && !own.iter().any(|table| belongs(difference, table))
            && !options.baseline.is_some_and(|baseline| is_kept(difference, &made, baseline))
    };
    let mut differences: Vec<Difference> =
        made.objects.differences(&real).into_iter().filter(strange).collect();
    without_empty_schemas(&mut differences, tools);
    fold(&mut differences);
    let Made { server, stand_ins, .. } = made;
    if differences.is_empty() {
        let (mut unseen, mut rows) = (Vec::new(), Vec::new());
        for work in works.iter().filter(|one| marked.contains(&&*one.definition.migration.key)) {
            if !trace::leaves_one(work)? {
                unseen.push(work.id().to_owned());
            } else if trace::may_touch_rows(work)? {
                rows.push(work.id().to_owned());
            }
        }
        return Ok(Proved::Shown(ProofShown::Proved { server, stand_ins, unseen, rows }));
    }
    let shown = differences.into_iter().map(|difference| DifferenceShown {
        kind: difference.kind,
        name: difference.name,
        how: match difference.side {
            Side::First => "missing",
            Side::Second => "extra",
            Side::Both => "other",
        },
    });
    let differences = shown.collect();
    Ok(Proved::Shown(ProofShown::Differs { server, stand_ins, differences, as_before: false }))
}

/// Whether an object is what a platform keeps, and no migration has to do with it.
fn is_kept(difference: &Difference, made: &Made, baseline: Baseline) -> bool {
    let Difference { kind, name, .. } = difference;
    match made.objects.get(kind, name) {
        Some(now) => made.before.get(kind, name) == Some(now),
        None => baseline.keeps(kind, name),
    }
}

/// What is bookkeeping and no history's: schemas and tables, ours and those of other tools, with
/// the sequences and indexes that belong to them.
pub(crate) async fn bookkeeping(
    state: &State,
    tools: &[Ledger],
    session: &mut Session,
) -> Result<Vec<String>, Error> {
    let mut schemas = vec![Ident(whimbrel_engine::journal::SCHEMA).to_string()];
    let mut tables: Vec<(&str, &str)> = Vec::new();
    for ledger in &state.ledgers {
        let home = ledger.ledger.tables().first().and_then(|table| table.schemas.first());
        for (name, found) in &ledger.place.tables {
            if home == Some(&found.schema.as_str()) {
                schemas.push(Ident(&found.schema).to_string());
            } else {
                tables.push((&found.schema, name));
            }
        }
    }
    for ledger in tools {
        let names = ledger.tool.beside().iter().copied().chain([ledger.table.name.as_str()]);
        tables.extend(names.map(|name| (ledger.table.schema.as_str(), name)));
    }
    if tables.is_empty() {
        return Ok(schemas);
    }
    let named: Vec<String> = tables
        .iter()
        .map(|(schema, name)| format!("({}, {})", Literal(schema), Literal(name)))
        .collect();
    let query = format!(
        "with ledger as (select c.oid from pg_catalog.pg_class c \
         join pg_catalog.pg_namespace n on n.oid = c.relnamespace \
         where (n.nspname, c.relname) in ({})) \
         select pg_catalog.format('%I.%I', n.nspname, c.relname) from pg_catalog.pg_class c \
         join pg_catalog.pg_namespace n on n.oid = c.relnamespace where c.oid in (\
         select oid from ledger union all \
         select indexrelid from pg_catalog.pg_index where indrelid in (select oid from ledger) \
         union all select objid from pg_catalog.pg_depend \
         where classid = 'pg_catalog.pg_class'::pg_catalog.regclass and deptype in ('a', 'i') \
         and refclassid = classid and refobjid in (select oid from ledger))",
        named.join(", ")
    );
    let answers = session.simple(&query).await.map_err(StateError::from)?;
    let rows = answers.iter().flat_map(Answer::rows);
    schemas.extend(rows.filter_map(|row| row.at(0).map(str::to_owned)));
    Ok(schemas)
}

/// Whether an object is a table or schema, or part of it.
fn belongs(difference: &Difference, of: &str) -> bool {
    // A comment's name begins with the kind of what it is about.
    let name = match difference.kind.as_str() {
        "comment" => difference.name.split_once(' ').map_or("", |(_, name)| name),
        _ => &difference.name,
    };
    let rest = name.strip_prefix(of);
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', ' ']))
}

/// Leaves out the schemas of other tools.
fn without_empty_schemas(differences: &mut Vec<Difference>, tools: &[Ledger]) {
    let is_used = |schema: &str| {
        let inside = format!("{schema}.");
        differences.iter().any(|other| other.name.starts_with(&inside))
    };
    let empty: Vec<String> = tools
        .iter()
        .map(|ledger| ledger.table.schema.clone())
        .filter(|schema| !is_used(schema))
        .collect();
    differences
        .retain(|difference| !(difference.kind == "schema" && empty.contains(&difference.name)));
}

/// Leaves out the parts of what is missing or extra as a whole.
fn fold(differences: &mut Vec<Difference>) {
    let whole = differences.clone();
    let is_part = |difference: &Difference| {
        whole.iter().filter(|other| other.side != Side::Both).any(|other| {
            let inner = difference.name.strip_prefix(&other.name);
            other.side == difference.side && inner.is_some_and(|rest| rest.starts_with('.'))
        })
    };
    // An index of a constraint bears its name: `public.tags_pkey`, `public.tags.tags_pkey`.
    let of_constraint = |difference: &Difference| {
        difference.kind == "index"
            && whole.iter().any(|other| {
                let names = other.name.rsplit_once('.').zip(difference.name.rsplit_once('.'));
                other.kind == "constraint"
                    && other.side == difference.side
                    && names.is_some_and(|((table, constraint), (schema, index))| {
                        constraint == index && table.starts_with(schema)
                    })
            })
    };
    differences.retain(|one| !is_part(one) && !of_constraint(one));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folded(differences: &[(&str, &str, Side)]) -> Vec<String> {
        let mut all: Vec<Difference> = differences
            .iter()
            .map(|(kind, name, side)| Difference {
                kind: (*kind).to_owned(),
                name: (*name).to_owned(),
                side: *side,
            })
            .collect();
        fold(&mut all);
        all.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn what_is_missing_as_a_whole_is_named_once() {
        let missing = [
            ("table", "a.tags", Side::First),
            ("column", "a.tags.id", Side::First),
            ("constraint", "a.tags.tags_pkey", Side::First),
            ("index", "a.tags_pkey", Side::First),
            ("index", "a.tags_name", Side::First),
        ];
        assert_eq!(folded(&missing), ["table a.tags", "index a.tags_name"]);
    }

    #[test]
    fn the_parts_of_what_is_only_different_are_named() {
        let other = [("table", "a.tags", Side::Both), ("column", "a.tags.id", Side::Both)];
        assert_eq!(folded(&other), ["table a.tags", "column a.tags.id"]);
    }

    #[test]
    fn bookkeeping_is_the_table_and_its_parts() {
        let of = |kind: &str, name: &str| Difference {
            kind: kind.to_owned(),
            name: name.to_owned(),
            side: Side::Second,
        };
        assert!(belongs(&of("column", "public.migrations.id"), "public.migrations"));
        assert!(belongs(&of("comment", "table public.migrations"), "public.migrations"));
        assert!(!belongs(&of("table", "public.migrations_old"), "public.migrations"));
    }
}
