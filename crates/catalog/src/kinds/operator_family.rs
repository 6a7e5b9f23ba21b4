//! Operator families, with the members that belong to no class of them.

use super::{Alter, Change, Cx, Kind};
use crate::array::elements;
use crate::plan::Step;
use crate::{Fact, Id};

pub(super) struct OperatorFamily;

impl Kind for OperatorFamily {
    fn name(&self) -> &'static str {
        "operator family"
    }

    fn class(&self) -> u32 {
        2753
    }

    fn attributes(&self) -> &'static [&'static str] {
        &["members"]
    }

    fn query(&self, _: u32) -> Option<String> {
        Some(format!(
            "select f.oid, n.nspname as k1, f.opfname as k2, m.amname as k3, \
                pg_catalog.pg_get_userbyid(f.opfowner) as owner, {} \
            from pg_catalog.pg_opfamily f \
            join pg_catalog.pg_namespace n on n.oid = f.opfnamespace \
            join pg_catalog.pg_am m on m.oid = f.opfmethod \
            where f.oid >= 16384 and n.nspname !~ '^pg_temp_'",
            members(2753, "f.oid")
        ))
    }

    fn phrase(&self, id: &Id) -> String {
        format!("operator family {} using {}", id.qualified(), id.ident(2))
    }

    fn create(&self, fact: &Fact, _: Cx<'_>) -> Vec<Step> {
        let mut steps = vec![Step::new(format!("create {}", self.phrase(&fact.id)))];
        let members = elements(fact.text("members"));
        steps.extend(self.say(&fact.id, "add", members.iter().map(|member| whole(member))));
        steps
    }

    fn drop(&self, fact: &Fact, _: Cx<'_>) -> Vec<Step> {
        vec![Step::new(format!("drop {}", self.phrase(&fact.id)))]
    }

    fn alter(&self, change: Change<'_>, _: Cx<'_>) -> Alter {
        let [before, after] = [change.old, change.new].map(|fact| elements(fact.text("members")));
        let id = &change.new.id;
        let gone = before.iter().filter(|member| !after.contains(member));
        let come = after.iter().filter(|member| !before.contains(member));
        let mut steps: Vec<Step> =
            self.say(id, "drop", gone.map(|member| place(member))).into_iter().collect();
        steps.extend(self.say(id, "add", come.map(|member| whole(member))));
        Alter::steps(steps)
    }

    fn names(&self, fact: &Fact) -> Vec<String> {
        vec![self.phrase(&fact.id)]
    }
}

impl OperatorFamily {
    fn say(&self, id: &Id, verb: &str, members: impl Iterator<Item = String>) -> Option<Step> {
        let members: Vec<String> = members.collect();
        let head = format!("alter {} {verb}", self.phrase(id));
        let text = format!("{head}\n    {}", members.join(",\n    "));
        (!members.is_empty()).then(|| Step::new(text))
    }
}

/// SQL that reads the members of a family or a class, and their addresses: a member is its place
/// and what stands there.
pub(super) fn members(class: u32, oid: &str) -> String {
    let of = |catalog: u32, member: &str| {
        format!(
            "where exists (select from pg_catalog.pg_depend d where d.classid = {catalog} \
                and d.objid = {member}.oid and d.refclassid = {class} and d.refobjid = {oid})"
        )
    };
    let types = |left: &str, right: &str| {
        format!(
            "'(' || pg_catalog.format_type({left}, null) || ', ' \
                || pg_catalog.format_type({right}, null) || ')'"
        )
    };
    let operators = format!("from pg_catalog.pg_amop o {}", of(2602, "o"));
    let functions = format!("from pg_catalog.pg_amproc p {}", of(2603, "p"));
    format!(
        "(select pg_catalog.array_agg(x.text order by x.sort, x.number, x.text) from ( \
            select 1, o.amopstrategy, 'operator ' || o.amopstrategy || e'\\x01' || {} || e'\\x01' \
                || (select pg_catalog.quote_ident(n.nspname) || '.' || e.oprname \
                    from pg_catalog.pg_operator e \
                    join pg_catalog.pg_namespace n on n.oid = e.oprnamespace \
                    where e.oid = o.amopopr) || e'\\x01' \
                || coalesce((select ' for order by ' || pg_catalog.quote_ident(n.nspname) || '.' \
                        || pg_catalog.quote_ident(s.opfname) \
                    from pg_catalog.pg_opfamily s \
                    join pg_catalog.pg_namespace n on n.oid = s.opfnamespace \
                    where s.oid = o.amopsortfamily), '') {operators} \
            union all \
            select 2, p.amprocnum, 'function ' || p.amprocnum || e'\\x01' || {} || e'\\x01' \
                || p.amproc::pg_catalog.regprocedure || e'\\x01' {functions} \
            ) x (sort, number, text)) as members, \
        pg_catalog.concat_ws(' ', (select pg_catalog.string_agg('2602:' || o.oid, ' ') {operators}), \
            (select pg_catalog.string_agg('2603:' || p.oid, ' ') {functions})) as also",
        types("o.amoplefttype", "o.amoprighttype"),
        types("p.amproclefttype", "p.amprocrighttype"),
    )
}

/// `operator 1 public.< (integer, bigint)`, `function 1 (integer, bigint) public.f(integer, bigint)`.
pub(super) fn whole(member: &str) -> String {
    let parts: Vec<&str> = member.split('\u{1}').collect();
    let [place, types, what, order] = parts[..] else { return member.to_owned() };
    if place.starts_with("operator") {
        format!("{place} {what} {types}{order}")
    } else {
        format!("{place} {types} {what}")
    }
}

/// `operator 1 (integer, bigint)`.
fn place(member: &str) -> String {
    let parts: Vec<&str> = member.split('\u{1}').take(2).collect();
    parts.join(" ")
}
