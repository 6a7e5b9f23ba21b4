//! Columns of tables. What generates a column is part of it, since the one is not without the
//! other; a default is a fact of its own.

use whimbrel_sql::Literal;

use super::{Alter, Change, Cx, Kind, table};
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
        let table = fact.id.cousin("table", 2);
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
        vec![if fact.is("generated") { step } else { step.with_hazard(HazardKind::DataLoss, lost) }]
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
            steps.push(alter("drop identity".to_owned()));
        }
        if retyped {
            steps.push(alter(retype(old, new)));
        }
        if change.is_of("not_null") && new.is("not_null") {
            let step = alter("set not null".to_owned());
            steps.push(
                step.with_hazard(HazardKind::MayFail, "a row without a value stands against it"),
            );
        }
        steps.extend(identity(change).into_iter().map(alter));
        if change.is_of("not_null") && !new.is("not_null") {
            steps.push(alter("drop not null".to_owned()));
        }
        steps.extend(settings(new, Some(old)));
        Alter::InPlace { steps, rebuild: if retyped { IN_THE_WAY } else { &[] } }
    }
}

fn head(fact: &Fact) -> String {
    format!("alter table {}", fact.id.qualified())
}

fn definition(fact: &Fact) -> String {
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
    let usual =
        whimbrel_sql::Qualified { schema, name: &format!("{table}_{column}_seq") }.to_string();
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
fn retype(old: &Fact, new: &Fact) -> String {
    let mut words = vec![format!("type {}", new.text("type"))];
    // An empty collation would be taken for the column's own, not for the type's.
    if let Some(collation) = new.get("collation") {
        words.push(format!("collate {collation}"));
    }
    if !is_assigned(old.text("type"), new.text("type")) {
        words.push(format!("using {}::{}", new.id.ident(2), new.text("type")));
    }
    words.join(" ")
}

/// Whether values of one built-in type are assigned to another without a word.
fn is_assigned(old: &str, new: &str) -> bool {
    const NUMBERS: &[&str] =
        &["smallint", "integer", "bigint", "numeric", "real", "double precision"];
    const TEXTS: &[&str] = &["text", "character varying", "character", "citext"];
    const TIMES: &[&str] = &["date", "timestamp without time zone", "timestamp with time zone"];
    let bare = |name: &str| -> String {
        let (before, after) = name.split_once('(').unwrap_or((name, ""));
        let after = after.split_once(')').map_or("", |(_, after)| after);
        format!("{}{after}", before.trim_end())
    };
    let [old, new] = [old, new].map(bare);
    let both = |family: &[&str]| family.contains(&&*old) && family.contains(&&*new);
    old == new || [NUMBERS, TEXTS, TIMES].into_iter().any(both)
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
                actions.push(options);
            }
        }
        (_, None) => {}
    }
    actions
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
            actions.push(format!("drop {}", whimbrel_sql::Ident(&option)));
        }
    }
    for option in after.iter().filter(|option| !before.contains(option)) {
        let (key, value) = option.split_once('=').unwrap_or((option, ""));
        let verb = if before.iter().map(name).any(|other| other == key) { "set" } else { "add" };
        actions.push(format!("{verb} {} {}", whimbrel_sql::Ident(key), Literal(value)));
    }
    (!actions.is_empty()).then(|| actions.join(", "))
}
