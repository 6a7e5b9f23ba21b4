//! Columns of tables. What generates a column is part of it, since the one is not without the
//! other; a default is a fact of its own.

use whimbrel_sql::{Ident, Literal, Qualified};

use super::{Alter, Change, Cx, Kind, sequence, table};
use crate::array::elements;
use crate::plan::{HazardKind, Place, Step};
use crate::{Fact, Id};

pub(super) struct Column;

/// What stands in the way of another type.
pub(super) const IN_THE_WAY: &[&str] = &[
    "view",
    "materialized view",
    "rule",
    "policy",
    "trigger",
    "column",
    "function",
    "published table",
];

/// The same where a reference has another type at its other end, too.
const IN_THE_WAY_OF_BOTH_ENDS: &[&str] = &[
    "view",
    "materialized view",
    "rule",
    "policy",
    "trigger",
    "column",
    "function",
    "published table",
    "foreign key",
];

impl Kind for Column {
    fn name(&self) -> &'static str {
        "column"
    }

    fn class(&self) -> u32 {
        1259
    }

    fn attributes(&self) -> &'static [&'static str] {
        &[
            "type",
            "collation",
            "not_null",
            "identity",
            "identity_options",
            "identity_sequence",
            "generated",
            "expression",
            "storage",
            "compression",
            "statistics",
            "options",
            "fdw_options",
        ]
    }

    fn query(&self, _: u32) -> Option<String> {
        Some(include_str!("column.sql").to_owned())
    }

    fn parent(&self, id: &Id) -> Option<Id> {
        Some(id.cousin("table", 2))
    }

    fn phrase(&self, id: &Id) -> String {
        format!("column {}.{}", id.qualified(), id.ident(2))
    }

    fn create(&self, fact: &Fact, cx: Cx<'_>) -> Vec<Step> {
        let table = fact.parent.clone().unwrap_or_else(|| fact.id.cousin("table", 2));
        let text = definition(fact);
        let order = cx.new.get(&table).map(|table| table.list("order")).unwrap_or_default();
        let place = order.iter().position(|name| name == fact.id.last()).unwrap_or(order.len());
        let add = Step::action(head(fact), format!("add column {text}"));
        let mut steps = vec![add.within(table, Place::Part(place), text)];
        steps.extend(settings(fact, None));
        steps
    }

    fn drop(&self, fact: &Fact, _: Cx<'_>) -> Vec<Step> {
        let step = Step::action(head(fact), format!("drop column {}", fact.id.ident(2)));
        let lost =
            format!("drops column {}.{} with its values", fact.id.qualified(), fact.id.ident(2));
        vec![if fact.is("generated") || is_foreign(fact) {
            step
        } else {
            step.with_hazard(HazardKind::DataLoss, lost)
        }]
    }

    /// A column of that name which a parent had is there until the parent's ends.
    fn after_ends(&self, fact: &Fact, cx: Cx<'_>) -> Vec<Id> {
        let table = cx.old.get(&fact.id.cousin("table", 2));
        let parents = table.into_iter().flat_map(|table| &table.needs);
        let parents = parents.filter(|need| need.kind() == "table");
        parents
            .map(|parent| Id::new("column", &[parent.part(0), parent.part(1), fact.id.last()]))
            .collect()
    }

    fn alter(&self, change: Change<'_>, cx: Cx<'_>) -> Alter {
        let (old, new) = (change.old, change.new);
        let stays_generated = old.get("generated") == new.get("generated");
        let is_freed = old.get("generated") == Some("s") && !new.is("generated");
        if !stays_generated && !is_freed {
            return Alter::Replace;
        }
        if stays_generated && change.is_of("expression") && cx.new.major < 17 {
            return Alter::Replace;
        }
        let alter = |action: String| {
            Step::action(head(new), format!("alter column {} {action}", new.id.ident(2)))
        };
        let mut steps = Vec::new();
        if is_freed {
            steps.push(alter("drop expression".to_owned()));
        } else if change.is_of("expression") {
            steps.push(alter(format!("set expression as ({})", new.text("expression"))));
        }
        let retyped = change.is_of("type") || change.is_of("collation");
        if old.is("identity") && !new.is("identity") {
            steps.extend(drop_identity(change, cx));
        }
        if retyped {
            steps.push(retype(old, new, cx));
        }
        if change.is_of("not_null") && new.is("not_null") {
            let step = alter("set not null".to_owned());
            steps.push(
                step.with_hazard(HazardKind::MayFail, "a row without a value stands against it"),
            );
        }
        let identity = identity(change).into_iter().map(alter).collect();
        steps.extend(if old.is("identity") { identity } else { take_over(change, identity, cx) });
        if change.is_of("not_null") && !new.is("not_null") {
            steps.push(alter("drop not null".to_owned()));
        }
        steps.extend(settings(new, Some(old)));
        let rebuild = match retyped {
            true if is_referred_by_others_retyped(new, cx) => IN_THE_WAY_OF_BOTH_ENDS,
            true => IN_THE_WAY,
            false => &[],
        };
        Alter::InPlace { steps, rebuild }
    }
}

/// Whether a reference ties a column to one whose type changes, too.
fn is_referred_by_others_retyped(column: &Fact, cx: Cx<'_>) -> bool {
    let references = cx.old.users(&column.id).iter().filter(|user| user.kind() == "foreign key");
    let needs = references.filter_map(|id| cx.old.get(id)).flat_map(|reference| &reference.needs);
    needs.filter(|need| need.kind() == "column" && **need != column.id).any(|need| {
        let [was, is] =
            [cx.old, cx.new].map(|catalog| catalog.get(need).map(|fact| fact.text("type")));
        was != is
    })
}

fn head(fact: &Fact) -> String {
    format!("alter {}table {}", if is_foreign(fact) { "foreign " } else { "" }, fact.id.qualified())
}

/// Whether its values are kept elsewhere.
fn is_foreign(fact: &Fact) -> bool {
    fact.parent.as_ref().is_some_and(|parent| parent.kind() == "foreign table")
}

/// A column as `create table` has it.
pub(super) fn definition(fact: &Fact) -> String {
    let mut words = vec![format!("{} {}", fact.id.ident(2), fact.text("type"))];
    if let Some(collation) = fact.get("collation") {
        words.push(format!("collate {collation}"));
    }
    if let Some(generated) = fact.get("generated") {
        let how = if generated == "v" { "virtual" } else { "stored" };
        words.push(format!("generated always as ({}) {how}", fact.text("expression")));
    }
    if fact.is("identity") {
        words.push(generated_as_identity(fact));
    }
    if fact.is("not_null") && !fact.is("identity") {
        words.push("not null".to_owned());
    }
    words.join(" ")
}

fn generated_as_identity(fact: &Fact) -> String {
    let when = if fact.get("identity") == Some("a") { "always" } else { "by default" };
    let mut options = Vec::new();
    let [schema, table, column] = [0, 1, 2].map(|part| fact.id.part(part));
    let usual = Qualified { schema, name: &format!("{table}_{column}_seq") }.to_string();
    if let Some(name) = fact.get("identity_sequence").filter(|name| *name != usual) {
        options.push(format!("sequence name {name}"));
    }
    if let Some(unusual) = unusual_options(fact) {
        options.push(unusual);
    }
    let options = match options.join(" ") {
        none if none.is_empty() => none,
        some => format!(" ({some})"),
    };
    format!("generated {when} as identity{options}")
}

/// The options of an identity's sequence, where any is not what its type gives it.
fn unusual_options(fact: &Fact) -> Option<String> {
    let max = match fact.text("type") {
        "smallint" => "32767",
        "integer" => "2147483647",
        _ => "9223372036854775807",
    };
    let usual = format!("start with 1 increment by 1 minvalue 1 maxvalue {max} cache 1 no cycle");
    fact.get("identity_options").filter(|options| *options != usual).map(str::to_owned)
}

/// Another type, with what makes the old values new ones where an assignment would not.
fn retype(old: &Fact, new: &Fact, cx: Cx<'_>) -> Step {
    let mut words = vec![format!("type {}", new.text("type"))];
    // An empty collation would be taken for the column's own, not for the type's.
    if let Some(collation) = new.get("collation") {
        words.push(format!("collate {collation}"));
    }
    let name = new.id.ident(2);
    let [from, to] = [old, new].map(|fact| fact.text("type"));
    // What is elsewhere is read as what the column says.
    let way = if is_foreign(new) { Way::Assigned } else { way(from, to, cx) };
    match way {
        Way::Assigned => {}
        Way::Cast => words.push(format!("using {name}::{to}")),
        Way::Text => {
            let text = if to.ends_with("[]") { "text[]" } else { "text" };
            words.push(format!("using {name}::{text}::{to}"));
        }
    }
    let step = Step::action(head(new), format!("alter column {name} {}", words.join(" ")));
    if way == Way::Text {
        let text =
            format!("nothing casts {from} to {to}: a value whose text is none stands against it");
        return step.with_hazard(HazardKind::MayFail, text);
    }
    step
}

/// How values of one type become values of another.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    /// By assignment.
    Assigned,
    /// By a cast.
    Cast,
    /// By what they are written as.
    Text,
}

fn way(from: &str, to: &str, cx: Cx<'_>) -> Way {
    const TEXTS: &[&str] = &["text", "character varying", "character"];
    let [from, to] = [from, to].map(bare);
    if from == to || TEXTS.contains(&&*to) {
        return Way::Assigned;
    }
    let how = cx.old.casts.get(&(from.clone(), to.clone())).map(String::as_str);
    let is_domain = |name: &str| {
        let domains = cx.new.facts_of("domain").chain(cx.old.facts_of("domain"));
        domains.into_iter().any(|domain| domain.id.qualified() == name)
    };
    match how {
        Some("i" | "a") => Way::Assigned,
        Some(_) => Way::Cast,
        None if TEXTS.contains(&&*from) || is_domain(&from) || is_domain(&to) => Way::Cast,
        None => Way::Text,
    }
}

/// A type without its modifier, and an array's without its brackets.
fn bare(name: &str) -> String {
    let name = name.trim_end_matches("[]");
    let (before, after) = name.split_once('(').unwrap_or((name, ""));
    let after = after.split_once(')').map_or("", |(_, after)| after);
    format!("{}{after}", before.trim_end())
}

fn identity(change: Change<'_>) -> Vec<String> {
    let (old, new) = (change.old, change.new);
    let mut actions = Vec::new();
    match (old.get("identity"), new.get("identity")) {
        (None, Some(_)) => actions.push(format!("add {}", generated_as_identity(new))),
        (Some(before), Some(after)) => {
            if before != after {
                let when = if after == "a" { "always" } else { "by default" };
                actions.push(format!("set generated {when}"));
            }
            // The options follow the type by themselves.
            if change.is_of("identity_options") && unusual_options(old) != unusual_options(new) {
                let options = new.text("identity_options");
                let options =
                    options.replace("start ", "set start ").replace(" increment", " set increment");
                let options = options
                    .replace(" minvalue", " set minvalue")
                    .replace(" maxvalue", " set maxvalue")
                    .replace(" cache", " set cache")
                    .replace(" no cycle", " set no cycle");
                let options = match options.strip_suffix(" cycle") {
                    Some(others) if !others.ends_with(" no") => format!("{others} set cycle"),
                    _ => options,
                };
                actions.push(options);
            }
        }
        (_, None) => {}
    }
    actions
}

/// Ends an identity; a sequence that comes in its place goes on where it stands.
fn drop_identity(change: Change<'_>, cx: Cx<'_>) -> Vec<Step> {
    let (old, new) = (change.old, change.new);
    let drop = Step::action(head(new), format!("alter column {} drop identity", new.id.ident(2)));
    let mut sequences = sequence::owned(&new.id, cx.new).filter(|each| !cx.old.has(&each.id));
    let Some(sequence) = sequences.next() else { return vec![drop] };
    let schema = sequence.id.part(0);
    let aside = format!("{}__new", sequence.id.part(1));
    let beside = Fact { id: Id::new("sequence", &[schema, &aside]), ..sequence.clone() };
    let name = beside.id.qualified();
    let mut steps = sequence::Sequence.create(&beside, cx);
    steps.push(sequence::go_on(&name, old.text("identity_sequence")));
    steps.push(drop);
    steps.push(Step::new(format!("alter sequence {name} rename to {}", sequence.id.ident(1))));
    steps
}

/// Makes an identity of a column that had a sequence, which goes on where that stands.
fn take_over(change: Change<'_>, identity: Vec<Step>, cx: Cx<'_>) -> Vec<Step> {
    let new = change.new;
    let mut sequences = sequence::owned(&new.id, cx.old).filter(|each| !cx.new.has(&each.id));
    let Some(sequence) = sequences.next().filter(|_| new.is("identity")) else { return identity };
    let name = sequence.id.qualified();
    let aside = format!("{}__old", sequence.id.part(1));
    let left = Qualified { schema: sequence.id.part(0), name: &aside }.to_string();
    let mut steps = vec![
        Step::new(format!("alter sequence {name} owned by none")),
        Step::new(format!("alter sequence {name} rename to {}", Ident(&aside))),
    ];
    steps.extend(identity);
    steps.push(sequence::go_on(new.text("identity_sequence"), &left));
    steps.push(Step::new(format!("drop sequence {left}")));
    steps
}

/// What a column has beside its definition.
fn settings(new: &Fact, old: Option<&Fact>) -> Vec<Step> {
    let alter = |action: String| {
        Step::action(head(new), format!("alter column {} {action}", new.id.ident(2)))
    };
    let differs = |name: &str| old.and_then(|old| old.get(name)) != new.get(name);
    let mut steps = Vec::new();
    if differs("storage") {
        let storage = match new.get("storage") {
            Some("p") => "plain",
            Some("e") => "external",
            Some("x") => "extended",
            Some("m") => "main",
            _ => usual_storage(new),
        };
        steps.push(alter(format!("set storage {storage}")));
    }
    if differs("compression") {
        let method = match new.get("compression") {
            Some("p") => "pglz",
            Some("l") => "lz4",
            _ => "default",
        };
        steps.push(alter(format!("set compression {method}")));
    }
    if differs("statistics") {
        steps.push(alter(format!("set statistics {}", new.get("statistics").unwrap_or("-1"))));
    }
    if differs("options") {
        let none = Fact { body: crate::Body::default(), ..new.clone() };
        let actions = table::options(old.unwrap_or(&none), new);
        steps.extend(actions.into_iter().map(alter));
    }
    if differs("fdw_options") {
        let before = old.map(|old| old.text("fdw_options")).unwrap_or_default();
        let actions = foreign_options(before, new.text("fdw_options"));
        steps.extend(actions.map(|actions| alter(format!("options ({actions})"))));
    }
    steps
}

/// What a column is stored as where nobody says anything.
fn usual_storage(fact: &Fact) -> &'static str {
    let kind = fact.text("type").split('(').next().unwrap_or_default();
    match kind.trim_end() {
        "numeric" | "inet" | "cidr" => "main",
        "smallint" | "integer" | "bigint" | "boolean" | "real" | "double precision" | "uuid"
        | "date" | "name" => "plain",
        _ => "extended",
    }
}

/// `add a 'b', drop c`: what makes options of foreign data those that they are to be.
pub(super) fn foreign_options(before: &str, after: &str) -> Option<String> {
    let [before, after] = [before, after].map(elements);
    let name = |option: &String| option.split('=').next().unwrap_or_default().to_owned();
    let mut actions = Vec::new();
    for option in before.iter().map(name) {
        if !after.iter().map(name).any(|other| other == option) {
            actions.push(format!("drop {}", Ident(&option)));
        }
    }
    for option in after.iter().filter(|option| !before.contains(option)) {
        let (key, value) = option.split_once('=').unwrap_or((option, ""));
        let verb = if before.iter().map(name).any(|other| other == key) { "set" } else { "add" };
        actions.push(format!("{verb} {} {}", Ident(key), Literal(value)));
    }
    (!actions.is_empty()).then(|| actions.join(", "))
}
