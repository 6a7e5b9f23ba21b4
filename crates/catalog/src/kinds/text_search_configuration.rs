//! Configurations of text search: which dictionaries look up which sort of word.

use whimbrel_sql::Ident;

use super::{Alter, Change, Cx, Kind};
use crate::array::elements;
use crate::plan::Step;
use crate::{Fact, Id};

pub(super) struct TextSearchConfiguration;

impl Kind for TextSearchConfiguration {
    fn name(&self) -> &'static str {
        "text search configuration"
    }

    fn class(&self) -> u32 {
        3602
    }

    fn attributes(&self) -> &'static [&'static str] {
        &["parser", "mappings"]
    }

    fn query(&self, _: u32) -> Option<String> {
        Some(
            "select c.oid, n.nspname as k1, c.cfgname as k2, \
                pg_catalog.pg_get_userbyid(c.cfgowner) as owner, \
                pg_catalog.quote_ident(pn.nspname) || '.' || pg_catalog.quote_ident(p.prsname) as parser, \
                (select pg_catalog.array_agg(m.text order by m.text) from ( \
                    select t.alias || e'\\x01' || pg_catalog.string_agg( \
                        pg_catalog.quote_ident(dn.nspname) || '.' || pg_catalog.quote_ident(d.dictname), \
                        ', ' order by m.mapseqno) \
                    from pg_catalog.pg_ts_config_map m \
                    join pg_catalog.pg_ts_dict d on d.oid = m.mapdict \
                    join pg_catalog.pg_namespace dn on dn.oid = d.dictnamespace \
                    join pg_catalog.ts_token_type(c.cfgparser) t on t.tokid = m.maptokentype \
                    where m.mapcfg = c.oid group by t.alias) m (text)) as mappings \
            from pg_catalog.pg_ts_config c \
            join pg_catalog.pg_namespace n on n.oid = c.cfgnamespace \
            join pg_catalog.pg_ts_parser p on p.oid = c.cfgparser \
            join pg_catalog.pg_namespace pn on pn.oid = p.prsnamespace \
            where c.oid >= 16384 and n.nspname !~ '^pg_temp_'"
                .to_owned(),
        )
    }

    fn phrase(&self, id: &Id) -> String {
        format!("text search configuration {}", id.qualified())
    }

    fn create(&self, fact: &Fact, _: Cx<'_>) -> Vec<Step> {
        let phrase = self.phrase(&fact.id);
        let parser = fact.text("parser");
        let mut steps = vec![Step::new(format!("create {phrase} (parser = {parser})"))];
        steps.extend(say(&phrase, "add", &mappings(fact)));
        steps
    }

    fn drop(&self, fact: &Fact, _: Cx<'_>) -> Vec<Step> {
        vec![Step::new(format!("drop {}", self.phrase(&fact.id)))]
    }

    fn alter(&self, change: Change<'_>, _: Cx<'_>) -> Alter {
        if change.is_of("parser") {
            return Alter::Replace;
        }
        let [before, after] = [change.old, change.new].map(mappings);
        let phrase = self.phrase(&change.new.id);
        let has = |all: &[(String, String)], word: &str| all.iter().any(|(other, _)| other == word);
        let gone: Vec<String> = before
            .iter()
            .filter(|(word, _)| !has(&after, word))
            .map(|(word, _)| Ident(word).to_string())
            .collect();
        let mut steps = Vec::new();
        if !gone.is_empty() {
            steps.push(Step::new(format!("alter {phrase} drop mapping for {}", gone.join(", "))));
        }
        let differs = after.into_iter().filter(|mapping| !before.contains(mapping));
        let (other, come): (Vec<_>, Vec<_>) = differs.partition(|(word, _)| has(&before, word));
        steps.extend(say(&phrase, "alter", &other));
        steps.extend(say(&phrase, "add", &come));
        Alter::steps(steps)
    }

    fn names(&self, fact: &Fact) -> Vec<String> {
        vec![self.phrase(&fact.id)]
    }
}

/// Each sort of word, and its dictionaries.
fn mappings(fact: &Fact) -> Vec<(String, String)> {
    let all = elements(fact.text("mappings")).into_iter();
    all.filter_map(|each| each.split_once('\u{1}').map(|(word, with)| (word.into(), with.into())))
        .collect()
}

/// One statement for all the sorts of words that have the same dictionaries.
fn say(phrase: &str, verb: &str, mappings: &[(String, String)]) -> Vec<Step> {
    let mut ways: Vec<(&str, Vec<String>)> = Vec::new();
    for (word, with) in mappings {
        let word = Ident(word).to_string();
        match ways.iter_mut().find(|(other, _)| other == with) {
            Some((_, words)) => words.push(word),
            None => ways.push((with, vec![word])),
        }
    }
    ways.into_iter()
        .map(|(with, words)| {
            let words = words.join(", ");
            Step::new(format!("alter {phrase} {verb} mapping for {words} with {with}"))
        })
        .collect()
}
