//! Languages of functions.

use super::{Alter, Change, Cx, Kind};
use crate::plan::Step;
use crate::{Fact, Id};

pub(super) struct Language;

impl Kind for Language {
    fn name(&self) -> &'static str {
        "language"
    }

    fn class(&self) -> u32 {
        2612
    }

    fn attributes(&self) -> &'static [&'static str] {
        &["trusted", "handler", "inline", "validator"]
    }

    fn query(&self, _: u32) -> Option<String> {
        Some(
            "select p.oid, p.lanname as k1, pg_catalog.pg_get_userbyid(p.lanowner) as owner, \
                p.lanacl as acl, \
                case when p.lanacl is not null then pg_catalog.acldefault('l', p.lanowner) end as born, \
                nullif(p.lanpltrusted, false) as trusted, \
                nullif(p.lanplcallfoid, 0)::pg_catalog.regproc as handler, \
                nullif(p.laninline, 0)::pg_catalog.regproc as inline, \
                nullif(p.lanvalidator, 0)::pg_catalog.regproc as validator \
            from pg_catalog.pg_language p where p.oid >= 16384"
                .to_owned(),
        )
    }

    fn phrase(&self, id: &Id) -> String {
        format!("language {}", id.ident(0))
    }

    fn create(&self, fact: &Fact, _: Cx<'_>) -> Vec<Step> {
        let trusted = if fact.is("trusted") { "trusted " } else { "" };
        let mut words = vec![format!("create {trusted}{}", self.phrase(&fact.id))];
        for word in ["handler", "inline", "validator"] {
            words.extend(fact.get(word).map(|function| format!("{word} {function}")));
        }
        vec![Step::new(words.join(" "))]
    }

    fn drop(&self, fact: &Fact, _: Cx<'_>) -> Vec<Step> {
        vec![Step::new(format!("drop {}", self.phrase(&fact.id)))]
    }

    fn alter(&self, change: Change<'_>, cx: Cx<'_>) -> Alter {
        let create = self.create(change.new, cx).into_iter();
        let anew = create
            .map(|step| Step::new(step.to_string().replacen("create", "create or replace", 1)));
        Alter::steps(anew.collect())
    }

    fn names(&self, fact: &Fact) -> Vec<String> {
        vec![self.phrase(&fact.id)]
    }
}
