//! Dictionaries of text search.

use super::{Alter, Change, Cx, Kind};
use crate::plan::Step;
use crate::{Fact, Id};

pub(super) struct TextSearchDictionary;

impl Kind for TextSearchDictionary {
    fn name(&self) -> &'static str {
        "text search dictionary"
    }

    fn class(&self) -> u32 {
        3600
    }

    fn attributes(&self) -> &'static [&'static str] {
        &["template", "options"]
    }

    fn query(&self, _: u32) -> Option<String> {
        Some(
            "select d.oid, n.nspname as k1, d.dictname as k2, \
                pg_catalog.pg_get_userbyid(d.dictowner) as owner, \
                pg_catalog.quote_ident(tn.nspname) || '.' || pg_catalog.quote_ident(t.tmplname) as template, \
                d.dictinitoption as options \
            from pg_catalog.pg_ts_dict d \
            join pg_catalog.pg_namespace n on n.oid = d.dictnamespace \
            join pg_catalog.pg_ts_template t on t.oid = d.dicttemplate \
            join pg_catalog.pg_namespace tn on tn.oid = t.tmplnamespace \
            where d.oid >= 16384 and n.nspname !~ '^pg_temp_'"
                .to_owned(),
        )
    }

    fn phrase(&self, id: &Id) -> String {
        format!("text search dictionary {}", id.qualified())
    }

    fn create(&self, fact: &Fact, _: Cx<'_>) -> Vec<Step> {
        let mut options = vec![format!("template = {}", fact.text("template"))];
        options.extend(fact.get("options").map(str::to_owned));
        vec![Step::new(format!("create {} ({})", self.phrase(&fact.id), options.join(", ")))]
    }

    fn drop(&self, fact: &Fact, _: Cx<'_>) -> Vec<Step> {
        vec![Step::new(format!("drop {}", self.phrase(&fact.id)))]
    }

    fn alter(&self, change: Change<'_>, _: Cx<'_>) -> Alter {
        if change.is_of("template") {
            return Alter::Replace;
        }
        let [before, after] = [change.old, change.new].map(|fact| options(fact.text("options")));
        let name = |option: &str| option.split(" = ").next().unwrap_or_default().to_owned();
        let stays = |gone: &&String| after.iter().any(|option| name(option) == name(gone));
        let gone = before.iter().filter(|option| !stays(option)).map(|option| name(option));
        let come = after.iter().filter(|option| !before.contains(option)).cloned();
        let said: Vec<String> = gone.chain(come).collect();
        if said.is_empty() {
            // They stand in another order, which nothing but a new dictionary brings.
            return Alter::Replace;
        }
        let head = self.phrase(&change.new.id);
        Alter::steps(vec![Step::new(format!("alter {head} ({})", said.join(", ")))])
    }

    fn names(&self, fact: &Fact) -> Vec<String> {
        vec![self.phrase(&fact.id)]
    }
}

/// `a = 'b'` each, as the server writes them one after another.
fn options(text: &str) -> Vec<String> {
    let mut options = Vec::new();
    let mut option = String::new();
    let mut quoted = false;
    for letter in text.chars() {
        match letter {
            ',' if !quoted => options.push(std::mem::take(&mut option)),
            letter => {
                quoted ^= letter == '\'';
                option.push(letter);
            }
        }
    }
    options.push(option);
    let trimmed = options.into_iter().map(|option| option.trim().to_owned());
    trimmed.filter(|option| !option.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::options;

    #[test]
    fn options_are_read_as_the_server_writes_them() {
        let text = "stopwords = 'a, b', accept = 'it''s'";
        assert_eq!(options(text), ["stopwords = 'a, b'", "accept = 'it''s'"]);
    }
}
