//! Sequences, but for those of identity columns, which are part of those.

use super::{Alter, Change, Cx, Kind, table};
use crate::plan::Step;
use crate::{Catalog, Fact, Id};

pub(super) struct Sequence;

const SETTINGS: &[&str] = &["start", "increment", "minimum", "maximum", "cache", "cycle"];

impl Kind for Sequence {
    fn name(&self) -> &'static str {
        "sequence"
    }

    fn class(&self) -> u32 {
        1259
    }

    fn attributes(&self) -> &'static [&'static str] {
        &[
            "type",
            "start",
            "increment",
            "minimum",
            "maximum",
            "cache",
            "cycle",
            "unlogged",
            "options",
        ]
    }

    fn query(&self, _: u32) -> Option<String> {
        Some(
            "select c.oid, n.nspname as k1, c.relname as k2, \
                pg_catalog.pg_get_userbyid(c.relowner) as owner, c.relacl as acl, \
                case when c.relacl is not null then pg_catalog.acldefault('s', c.relowner) end as born, \
                pg_catalog.format_type(s.seqtypid, null) as type, s.seqstart as start, \
                s.seqincrement as increment, s.seqmin as minimum, s.seqmax as maximum, \
                s.seqcache as cache, nullif(s.seqcycle, false) as cycle, \
                case c.relpersistence when 'u' then 'u' end as unlogged, c.reloptions as options \
            from pg_catalog.pg_sequence s \
            join pg_catalog.pg_class c on c.oid = s.seqrelid \
            join pg_catalog.pg_namespace n on n.oid = c.relnamespace \
            where c.oid >= 16384 and c.relpersistence <> 't' and not exists ( \
                select from pg_catalog.pg_depend d where d.classid = 1259 and d.objid = c.oid \
                    and d.objsubid = 0 and d.deptype = 'i' and d.refclassid = 1259)"
                .to_owned(),
        )
    }

    fn phrase(&self, id: &Id) -> String {
        format!("sequence {}", id.qualified())
    }

    fn create(&self, fact: &Fact, _: Cx<'_>) -> Vec<Step> {
        let unlogged = if fact.is("unlogged") { "unlogged " } else { "" };
        let mut words = vec![format!("create {unlogged}sequence {}", fact.id.qualified())];
        if fact.text("type") != "bigint" {
            words.push(format!("as {}", fact.text("type")));
        }
        for setting in
            SETTINGS.iter().filter(|setting| fact.get(setting) != usual(fact, setting).as_deref())
        {
            words.push(say(fact, setting));
        }
        vec![Step::new(words.join(" "))]
    }

    fn drop(&self, fact: &Fact, _: Cx<'_>) -> Vec<Step> {
        vec![Step::new(format!("drop sequence {}", fact.id.qualified()))]
    }

    fn alter(&self, change: Change<'_>, _: Cx<'_>) -> Alter {
        let new = change.new;
        let head = format!("alter sequence {}", new.id.qualified());
        let mut steps = Vec::new();
        if change.is_of("unlogged") {
            let how = if new.is("unlogged") { "set unlogged" } else { "set logged" };
            steps.push(Step::new(format!("{head} {how}")));
        }
        if change.is_of("options") {
            let actions = table::options(change.old, new);
            steps.extend(actions.into_iter().map(|action| Step::new(format!("{head} {action}"))));
        }
        let mut settings: Vec<String> = Vec::new();
        if change.is_of("type") {
            settings.push(format!("as {}", new.text("type")));
        }
        settings
            .extend(SETTINGS.iter().filter(|name| change.is_of(name)).map(|name| say(new, name)));
        if !settings.is_empty() {
            steps.push(Step::new(format!("{head} {}", settings.join(" "))));
        }
        Alter::steps(steps)
    }

    /// A column that becomes an identity takes the position of the sequence that it had.
    fn ended_by(&self, fact: &Fact, cx: Cx<'_>) -> Option<Id> {
        let column = owner(fact, cx.old)?;
        let becomes = !cx.old.get(&column)?.is("identity") && cx.new.get(&column)?.is("identity");
        Some(column).filter(|_| becomes && !cx.new.has(&fact.id))
    }

    /// The other way round.
    fn made_by(&self, fact: &Fact, cx: Cx<'_>) -> Option<Id> {
        let column = owner(fact, cx.new)?;
        let becomes = cx.old.get(&column)?.is("identity") && !cx.new.get(&column)?.is("identity");
        Some(column).filter(|_| becomes && !cx.old.has(&fact.id))
    }

    /// The column that owns it takes it along.
    fn goes_with(&self, fact: &Fact, old: &Catalog) -> Option<Id> {
        owner(fact, old)
    }

    fn names(&self, fact: &Fact) -> Vec<String> {
        vec![format!("relation {}", fact.id.qualified())]
    }
}

/// The column that owns a sequence.
fn owner(fact: &Fact, catalog: &Catalog) -> Option<Id> {
    let ownership = catalog.children_of(&fact.id, "sequence ownership").next()?;
    ownership.needs.iter().find(|need| need.kind() == "column").cloned()
}

/// The sequences that belong to a column.
pub(super) fn owned<'a>(column: &Id, catalog: &'a Catalog) -> impl Iterator<Item = &'a Fact> {
    let users = catalog.users(column).iter().filter(|user| user.kind() == "sequence ownership");
    users.filter_map(|ownership| catalog.get(&ownership.cousin("sequence", 2)))
}

/// What lets a sequence go on where another stands.
pub(super) fn go_on(sequence: &str, where_stands: &str) -> Step {
    let name = whimbrel_sql::Literal(sequence);
    Step::new(format!(
        "select pg_catalog.setval({name}, last_value, is_called) from {where_stands}"
    ))
}

/// What a setting is where nobody says anything.
fn usual(fact: &Fact, setting: &str) -> Option<String> {
    let is_down = fact.text("increment").starts_with('-');
    let max = match fact.text("type") {
        "smallint" => "32767",
        "integer" => "2147483647",
        _ => "9223372036854775807",
    };
    let min = match fact.text("type") {
        "smallint" => "-32768",
        "integer" => "-2147483648",
        _ => "-9223372036854775808",
    };
    let start = if is_down { fact.get("maximum") } else { fact.get("minimum") };
    match setting {
        "start" => start.map(str::to_owned),
        "increment" | "cache" => Some("1".to_owned()),
        "minimum" => Some(if is_down { min } else { "1" }.to_owned()),
        "maximum" => Some(if is_down { "-1" } else { max }.to_owned()),
        _ => None,
    }
}

fn say(fact: &Fact, setting: &str) -> String {
    let value = fact.text(setting);
    match setting {
        "start" => format!("start with {value}"),
        "increment" => format!("increment by {value}"),
        "minimum" => format!("minvalue {value}"),
        "maximum" => format!("maxvalue {value}"),
        "cache" => format!("cache {value}"),
        _ if fact.is("cycle") => "cycle".to_owned(),
        _ => "no cycle".to_owned(),
    }
}
