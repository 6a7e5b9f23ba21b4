//! Tables: plain, partitioned, partitions, and those that inherit.

use whimbrel_sql::Ident;

use super::{Alter, Change, Cx, Kind};
use crate::array::elements;
use crate::plan::{HazardKind, Sql, Step};
use crate::{Catalog, Fact, Id};

pub(super) struct Table;

impl Kind for Table {
    fn name(&self) -> &'static str {
        "table"
    }

    fn class(&self) -> u32 {
        1259
    }

    fn attributes(&self) -> &'static [&'static str] {
        &[
            "unlogged",
            "of_type",
            "partition_key",
            "parents",
            "bound",
            "access_method",
            "tablespace",
            "options",
            "row_security",
            "row_security_forced",
            "replica_identity",
            "order",
        ]
    }

    fn query(&self, _: u32) -> Option<String> {
        Some(include_str!("table.sql").to_owned())
    }

    fn phrase(&self, id: &Id) -> String {
        format!("table {}", id.qualified())
    }

    fn create(&self, fact: &Fact, _: Cx<'_>) -> Vec<Step> {
        let name = fact.id.qualified();
        let unlogged = if fact.is("unlogged") { "unlogged " } else { "" };
        let head = format!("create {unlogged}table {name}");
        let tail = tail(fact);
        let parents = elements(fact.text("parents"));
        let sql = if let Some(bound) = fact.get("bound") {
            Sql::Whole(format!("{head} partition of {} {bound}{tail}", parents.join(", ")))
        } else if let Some(of_type) = fact.get("of_type") {
            Sql::Whole(format!("{head} of {of_type}{tail}"))
        } else {
            Sql::Create { head, parts: Vec::new(), tail }
        };
        let mut steps = vec![Step { sql, ..Step::new("") }];
        steps.extend(row_security(fact, None));
        steps.extend(replica_identity(fact).filter(|_| fact.is("replica_identity")));
        steps
    }

    fn drop(&self, fact: &Fact, _: Cx<'_>) -> Vec<Step> {
        let name = fact.id.qualified();
        let lost = format!("drops table {name} with its rows");
        vec![Step::new(format!("drop table {name}")).with_hazard(HazardKind::DataLoss, lost)]
    }

    fn alter(&self, change: Change<'_>, cx: Cx<'_>) -> Alter {
        if change.is_of("partition_key") || change.is_of("of_type") {
            return Alter::Replace;
        }
        let (old, new) = (change.old, change.new);
        let alter =
            |action: String| Step::action(format!("alter table {}", new.id.qualified()), action);
        let mut steps = Vec::new();
        if change.is_of("parents") || change.is_of("bound") {
            steps.extend(move_between_parents(old, new, cx));
        }
        if change.is_of("unlogged") {
            steps
                .push(alter(if new.is("unlogged") { "set unlogged" } else { "set logged" }.into()));
        }
        if change.is_of("access_method") {
            let method = new.get("access_method").unwrap_or("heap");
            steps.push(alter(format!("set access method {}", Ident(method))));
        }
        if change.is_of("tablespace") {
            let space = new.get("tablespace").unwrap_or("pg_default");
            steps.push(alter(format!("set tablespace {}", Ident(space))));
        }
        if change.is_of("options") {
            steps.extend(options(old, new).into_iter().map(alter));
        }
        steps.extend(row_security(new, Some(old)));
        if change.is_of("replica_identity") {
            steps.extend(replica_identity(new));
        }
        Alter::steps(steps)
    }

    /// A partition's columns are its parent's, and so are its keys and indexes where that has them.
    fn moves_along(&self, change: Change<'_>, child: &Fact, cx: Cx<'_>) -> bool {
        let (fact, catalog) = match (change.old.is("bound"), change.new.is("bound")) {
            (false, true) => (change.new, cx.new),
            (true, false) => (change.old, cx.old),
            (true, true) => return false,
            // A column that a parent leaves behind is the table's own from then on.
            (false, false) => {
                let had = |parent: &Id| {
                    let column = [parent.part(0), parent.part(1), child.id.part(2)];
                    cx.old.has(&Id::new("column", &column))
                };
                let mut parents = change.old.needs.iter().filter(|need| need.kind() == "table");
                return change.is_of("parents")
                    && matches!(child.id.kind(), "column" | "default")
                    && !cx.old.has(&child.id)
                    && parents.any(had);
            }
        };
        let Some(parent) = fact.needs.iter().find(|need| need.kind() == "table") else {
            return false;
        };
        match child.id.kind() {
            "column" | "default" => {
                let column = [parent.part(0), parent.part(1), child.id.part(2)];
                catalog.has(&Id::new("column", &column))
            }
            "inherited column" => true,
            "constraint" | "index" => {
                let mut siblings = catalog.children_of(parent, child.id.kind());
                siblings.any(|sibling| shape(sibling) == shape(child))
            }
            _ => false,
        }
    }

    fn rights(&self, id: &Id) -> [String; 2] {
        [String::new(), format!("table {}", id.qualified())]
    }

    fn names(&self, fact: &Fact) -> Vec<String> {
        vec![format!("relation {}", fact.id.qualified()), format!("type {}", fact.id.qualified())]
    }
}

/// What a key or an index is like, whatever it is called.
fn shape(fact: &Fact) -> &str {
    let definition = fact.text("definition");
    definition.split_once(" using ").map_or(definition, |(_, shape)| shape)
}

fn tail(fact: &Fact) -> String {
    let mut tail = Vec::new();
    let parents = elements(fact.text("parents"));
    if !parents.is_empty() && !fact.is("bound") {
        tail.push(format!("\ninherits ({})", parents.join(", ")));
    }
    if let Some(key) = fact.get("partition_key") {
        tail.push(format!("\npartition by {key}"));
    }
    if let Some(method) = fact.get("access_method") {
        tail.push(format!("\nusing {}", Ident(method)));
    }
    let options = elements(fact.text("options"));
    if !options.is_empty() {
        tail.push(format!("\nwith ({})", settings(&options).join(", ")));
    }
    if let Some(space) = fact.get("tablespace") {
        tail.push(format!("\ntablespace {}", Ident(space)));
    }
    tail.concat()
}

/// Storage options as SQL says them: `fillfactor = '70'`.
pub(super) fn settings(options: &[String]) -> Vec<String> {
    let one = |option: &String| match option.split_once('=') {
        Some((name, value)) => format!("{name} = {}", whimbrel_sql::Literal(value)),
        None => option.clone(),
    };
    options.iter().map(one).collect()
}

/// What makes the old options the new ones.
pub(super) fn options(old: &Fact, new: &Fact) -> Vec<String> {
    let [before, after] = [old, new].map(|fact| elements(fact.text("options")));
    let name = |option: &String| option.split('=').next().unwrap_or_default().to_owned();
    let kept: Vec<String> = after.iter().map(name).collect();
    let gone: Vec<String> = before.iter().map(name).filter(|name| !kept.contains(name)).collect();
    let set: Vec<String> = after.into_iter().filter(|option| !before.contains(option)).collect();
    let mut actions = Vec::new();
    if !gone.is_empty() {
        actions.push(format!("reset ({})", gone.join(", ")));
    }
    if !set.is_empty() {
        actions.push(format!("set ({})", settings(&set).join(", ")));
    }
    actions
}

fn row_security(new: &Fact, old: Option<&Fact>) -> Vec<Step> {
    let head = format!("alter table {}", new.id.qualified());
    let was = |attribute: &str| old.is_some_and(|old| old.is(attribute));
    let mut steps = Vec::new();
    for (attribute, on, off) in [
        ("row_security", "enable row level security", "disable row level security"),
        ("row_security_forced", "force row level security", "no force row level security"),
    ] {
        match (was(attribute), new.is(attribute)) {
            (false, true) => steps.push(Step::action(&head, on)),
            (true, false) => steps.push(Step::action(&head, off)),
            (true, true) | (false, false) => {}
        }
    }
    steps
}

/// What is written to the log of a row that goes: an index's identity is a fact of the index.
fn replica_identity(fact: &Fact) -> Option<Step> {
    let identity = match fact.get("replica_identity") {
        None => "default",
        Some("f") => "full",
        Some("n") => "nothing",
        Some(_) => return None,
    };
    let head = format!("alter table {}", fact.id.qualified());
    Some(Step::action(head, format!("replica identity {identity}")))
}

fn move_between_parents(old: &Fact, new: &Fact, cx: Cx<'_>) -> Vec<Step> {
    let name = new.id.qualified();
    let [before, after] = [old, new].map(|fact| elements(fact.text("parents")));
    let mut steps = Vec::new();
    if old.is("bound") || new.is("bound") {
        if old.is("bound") {
            steps.extend(
                before.iter().map(|parent| {
                    Step::new(format!("alter table {parent} detach partition {name}"))
                }),
            );
        }
        if let Some(bound) = new.get("bound") {
            steps.extend(after.iter().map(|parent| {
                Step::new(format!("alter table {parent} attach partition {name} {bound}"))
            }));
        }
        return steps;
    }
    let say = |action: String| Step::action(format!("alter table {name}"), action);
    let gone = before.iter().filter(|parent| !after.contains(parent));
    steps.extend(gone.map(|parent| say(format!("no inherit {parent}"))));
    // What a parent leaves behind and nobody wants goes; what a parent wants there comes first.
    let [had, has] = [columns_of_parents(old, cx.old), columns_of_parents(new, cx.new)];
    let lacks = |name: &str, catalog: &Catalog, others: &[&Fact]| {
        let own = Id::new("column", &[new.id.part(0), new.id.part(1), name]);
        !catalog.has(&own) && !others.iter().any(|other| other.id.last() == name)
    };
    for column in had.iter().filter(|column| lacks(column.id.last(), cx.new, &has)) {
        let step = say(format!("drop column {}", column.id.ident(2)));
        let lost = format!("drops column {name}.{} with its values", column.id.ident(2));
        steps.push(step.with_hazard(HazardKind::DataLoss, lost));
    }
    for column in has.iter().filter(|column| lacks(column.id.last(), cx.old, &had)) {
        steps.push(say(format!("add column {}", super::column::definition(column))));
    }
    let come = after.iter().filter(|parent| !before.contains(parent));
    steps.extend(come.map(|parent| say(format!("inherit {parent}"))));
    steps
}

/// The columns that a table has from its parents.
fn columns_of_parents<'a>(fact: &Fact, catalog: &'a Catalog) -> Vec<&'a Fact> {
    let parents = fact.needs.iter().filter(|need| need.kind() == "table");
    parents.flat_map(|parent| catalog.children_of(parent, "column")).collect()
}
