//! The kinds of things a database has: one file each, and two lines here.

mod access_method;
mod aggregate;
mod base_type;
mod cast;
mod collation;
mod column;
mod comment;
mod composite;
mod constraint;
mod conversion;
mod default;
mod default_privileges;
mod domain;
mod domain_constraint;
mod enumeration;
mod event_trigger;
mod extension;
mod foreign_data_wrapper;
mod foreign_key;
mod foreign_table;
mod function;
mod grant;
mod index;
mod language;
mod materialized_view;
mod operator;
mod operator_class;
mod operator_family;
mod owned_by;
mod owner;
mod partition_column;
mod policy;
mod publication;
mod published_schema;
mod published_table;
mod range;
mod rule;
mod schema;
mod security_label;
mod sequence;
mod server;
mod shell_type;
mod statistics;
mod subscription;
mod table;
mod text_search_configuration;
mod text_search_dictionary;
mod text_search_parser;
mod text_search_template;
mod transform;
mod trigger;
mod user_mapping;
mod view;

use std::collections::BTreeSet;

use crate::plan::Step;
use crate::{Catalog, Fact, Id};

/// Every kind, in the order in which people read of what stands side by side.
#[rustfmt::skip] // one line each, so that one can be added or taken out
pub(crate) const KINDS: &[&dyn Kind] = &[
    &schema::Schema,
    &extension::Extension,
    &default_privileges::DefaultPrivileges,
    &language::Language,
    &collation::Collation,
    &conversion::Conversion,
    &access_method::AccessMethod,
    &shell_type::ShellType,
    &base_type::BaseType,
    &enumeration::Enum,
    &domain::Domain,
    &domain_constraint::DomainConstraint,
    &composite::Composite,
    &range::Range,
    &sequence::Sequence,
    &function::FUNCTION,
    &function::PROCEDURE,
    &aggregate::Aggregate,
    &operator::Operator,
    &operator_family::OperatorFamily,
    &operator_class::OperatorClass,
    &transform::Transform,
    &text_search_parser::TextSearchParser,
    &text_search_template::TextSearchTemplate,
    &text_search_dictionary::TextSearchDictionary,
    &text_search_configuration::TextSearchConfiguration,
    &foreign_data_wrapper::ForeignDataWrapper,
    &server::Server,
    &user_mapping::UserMapping,
    &cast::Cast,
    &table::Table,
    &foreign_table::ForeignTable,
    &column::Column,
    &default::Default,
    &partition_column::PartitionColumn,
    &constraint::Constraint,
    &foreign_key::ForeignKey,
    &index::Index,
    &statistics::Statistics,
    &owned_by::OwnedBy,
    &view::View,
    &materialized_view::MaterializedView,
    &rule::Rule,
    &trigger::Trigger,
    &policy::Policy,
    &publication::Publication,
    &published_table::PublishedTable,
    &published_schema::PublishedSchema,
    &subscription::Subscription,
    &event_trigger::EventTrigger,
    &owner::Owner,
    &grant::Grant,
    &comment::Comment,
    &security_label::SecurityLabel,
];

/// A kind of thing: how it is read, and how SQL makes, changes and ends it.
pub(crate) trait Kind: Sync {
    /// What people call it.
    fn name(&self) -> &'static str;

    /// The oid of the server's catalog that has its rows.
    fn class(&self) -> u32 {
        0
    }

    /// The columns of its query that say what it is like.
    fn attributes(&self) -> &'static [&'static str];

    /// Its query for a major version; none where its facts are read with those of their parents.
    ///
    /// It answers `oid`, `k1` to `k4` (the parts of its name), the attributes, and, where they
    /// are, `sub` (the number of a column), `within` (the address of what it is part of), `also` (other addresses of the same thing, as
    /// `class:oid`), `refs` (addresses of what it needs and `pg_depend` does not say), `owner`,
    /// `acl` and `born` (the rights that it would have had).
    fn query(&self, major: u32) -> Option<String>;

    /// Whether its texts are what the server makes of what it has, rather than what people wrote.
    fn is_deparsed(&self) -> bool {
        true
    }

    /// What it is part of.
    fn parent(&self, id: &Id) -> Option<Id> {
        let _ = id;
        None
    }

    /// How SQL says it, as in `comment on table public.orders`.
    fn phrase(&self, id: &Id) -> String;

    /// What makes it.
    fn create(&self, fact: &Fact, cx: Cx<'_>) -> Vec<Step>;

    /// What ends it.
    fn drop(&self, fact: &Fact, cx: Cx<'_>) -> Vec<Step>;

    /// What makes one of the other, of which these attributes differ.
    fn alter(&self, change: Change<'_>, cx: Cx<'_>) -> Alter;

    /// What takes it along when it ends: what it is part of, as a rule.
    fn goes_with(&self, fact: &Fact, old: &Catalog) -> Option<Id> {
        let _ = old;
        fact.parent.clone()
    }

    /// How rights on it are said: what stands before the verb, and what stands behind `on`.
    fn rights(&self, id: &Id) -> [String; 2] {
        [String::new(), self.phrase(id)]
    }

    /// Names that nothing else may have at the same time.
    fn names(&self, fact: &Fact) -> Vec<String> {
        let _ = fact;
        Vec::new()
    }

    /// What must have ended before it is made, since it would else be made to need that.
    fn after_ends(&self, fact: &Fact, cx: Cx<'_>) -> Vec<Id> {
        let _ = (fact, cx);
        Vec::new()
    }

    /// Whether it is what later objects are born with, and so comes when all of a plan are made.
    fn is_birthright(&self) -> bool {
        false
    }

    /// Whether it comes after everything, and ends before everything, since it watches over all.
    fn is_outermost(&self) -> bool {
        false
    }

    /// What makes it as part of its own change, so that it needs no word.
    fn made_by(&self, fact: &Fact, cx: Cx<'_>) -> Option<Id> {
        let _ = (fact, cx);
        None
    }

    /// What ends it as part of its own change, so that it needs no word.
    fn ended_by(&self, fact: &Fact, cx: Cx<'_>) -> Option<Id> {
        let _ = (fact, cx);
        None
    }

    /// The roles that it names.
    fn roles(&self, fact: &Fact) -> Vec<String> {
        let _ = fact;
        Vec::new()
    }

    /// The children that a change in place brings or takes by itself.
    fn moves_along(&self, change: Change<'_>, child: &Fact, cx: Cx<'_>) -> bool {
        let _ = (change, child, cx);
        false
    }
}

/// What a plan is made between.
#[derive(Clone, Copy)]
pub(crate) struct Cx<'a> {
    /// What there is.
    pub(crate) old: &'a Catalog,
    /// What there is to be.
    pub(crate) new: &'a Catalog,
    /// What the plan makes, and so is as it was born.
    pub(crate) made: &'a BTreeSet<Id>,
}

/// One fact in two states.
#[derive(Clone, Copy)]
pub(crate) struct Change<'a> {
    /// As it is.
    pub(crate) old: &'a Fact,
    /// As it is to be.
    pub(crate) new: &'a Fact,
    /// The attributes that differ.
    pub(crate) what: &'a [&'static str],
}

impl Change<'_> {
    /// Whether an attribute differs.
    pub(crate) fn is_of(&self, attribute: &str) -> bool {
        self.what.contains(&attribute)
    }

    /// Whether nothing but these attributes differs.
    pub(crate) fn is_only_of(&self, attributes: &[&str]) -> bool {
        self.what.iter().all(|each| attributes.contains(each))
    }
}

/// How one state of a fact becomes another.
#[derive(Debug)]
pub(crate) enum Alter {
    /// By steps, around which what uses it must be taken down where it is of these kinds.
    InPlace {
        /// The steps.
        steps: Vec<Step>,
        /// The kinds of users that stand in the way.
        rebuild: &'static [&'static str],
    },
    /// Only by ending it and making it anew.
    Replace,
    /// By making the new one beside the old: whatever has a column of it is retyped.
    Swap {
        /// What sets the old aside and makes the new.
        before: Vec<Step>,
        /// What ends the old, once nothing has it any more.
        after: Vec<Step>,
    },
}

impl Alter {
    /// By steps that nothing stands in the way of.
    pub(crate) fn steps(steps: Vec<Step>) -> Self {
        Self::InPlace { steps, rebuild: &[] }
    }
}

/// The name of a kind, where a text is one.
pub(crate) fn name_of(text: &str) -> Option<&'static str> {
    KINDS.iter().map(|kind| kind.name()).find(|name| *name == text)
}

/// The kind of a fact.
pub(crate) fn kind(id: &Id) -> &'static dyn Kind {
    let found = KINDS.iter().find(|kind| kind.name() == id.kind());
    *found.expect("every fact is of a kind of the list")
}

/// What makes a trigger or a rule work, or not, or only for replicated rows.
fn enable(fact: &Fact) -> Step {
    let head = format!("alter table {}", fact.id.qualified());
    Step::action(head, format!("{} {} {}", enabling(fact), fact.id.kind(), fact.id.ident(2)))
}

/// The words by which something is made to fire as it is to.
fn enabling(fact: &Fact) -> &'static str {
    match fact.get("enabled") {
        Some("D") => "disable",
        Some("R") => "enable replica",
        Some("A") => "enable always",
        _ => "enable",
    }
}

/// Makes something of functions that are named by what they do.
fn create_of_functions(fact: &Fact) -> Vec<Step> {
    let functions: Vec<String> =
        fact.body.iter().map(|(name, function)| format!("{name} = {function}")).collect();
    vec![Step::new(format!("create {} ({})", phrase(&fact.id), functions.join(", ")))]
}

/// The kinds of users that stand in the way of another type of a column.
pub(crate) const IN_THE_WAY_OF_A_TYPE: &[&str] = column::IN_THE_WAY;

/// The roles that a fact names.
pub(crate) fn roles(fact: &Fact) -> Vec<String> {
    kind(&fact.id).roles(fact)
}

/// Where a kind stands in the list.
pub(crate) fn rank(id: &Id) -> usize {
    KINDS.iter().position(|kind| kind.name() == id.kind()).unwrap_or(KINDS.len())
}

/// How SQL says a fact.
pub(crate) fn phrase(id: &Id) -> String {
    kind(id).phrase(id)
}
