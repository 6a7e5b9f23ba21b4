//! Foreign servers.

use whimbrel_sql::{Ident, Literal};

use super::foreign_data_wrapper::{
    OF_SECRETS, changed, listed, read, statement, with_word_of_secrets,
};
use super::{Alter, Change, Cx, Kind};
use crate::plan::Step;
use crate::{Fact, Id};

pub(super) struct Server;

impl Kind for Server {
    fn name(&self) -> &'static str {
        "server"
    }

    fn class(&self) -> u32 {
        1417
    }

    fn attributes(&self) -> &'static [&'static str] {
        &["wrapper", "type", "version", "options"]
    }

    fn query(&self, _: u32) -> Option<String> {
        Some(format!(
            "select s.oid, s.srvname as k1, pg_catalog.pg_get_userbyid(s.srvowner) as owner, \
                s.srvacl as acl, \
                case when s.srvacl is not null then pg_catalog.acldefault('S', s.srvowner) end as born, \
                w.fdwname as wrapper, s.srvtype as type, s.srvversion as version, {} as options \
            from pg_catalog.pg_foreign_server s \
            join pg_catalog.pg_foreign_data_wrapper w on w.oid = s.srvfdw \
            where s.oid >= 16384",
            read("s.srvoptions", "s.srvname", OF_SECRETS)
        ))
    }

    fn phrase(&self, id: &Id) -> String {
        format!("server {}", id.ident(0))
    }

    fn create(&self, fact: &Fact, _: Cx<'_>) -> Vec<Step> {
        let mut words = vec![format!("create server {}", fact.id.ident(0))];
        for word in ["type", "version"] {
            words.extend(fact.get(word).map(|value| format!("{word} {}", Literal(value))));
        }
        words.push(format!("foreign data wrapper {}", Ident(fact.text("wrapper"))));
        words.extend(listed(fact));
        vec![with_word_of_secrets(Step::new(words.join(" ")), fact)]
    }

    fn drop(&self, fact: &Fact, _: Cx<'_>) -> Vec<Step> {
        vec![Step::new(format!("drop server {}", fact.id.ident(0)))]
    }

    /// No form of `alter server` gives it another wrapper or type, or takes its version away.
    fn alter(&self, change: Change<'_>, _: Cx<'_>) -> Alter {
        let new = change.new;
        let loses_version = change.is_of("version") && !new.is("version");
        if change.is_of("wrapper") || change.is_of("type") || loses_version {
            return Alter::Replace;
        }
        let mut words = Vec::new();
        if change.is_of("version") {
            words.push(format!("version {}", Literal(new.text("version"))));
        }
        words.extend(changed(change));
        Alter::steps(statement(&format!("alter server {}", new.id.ident(0)), &words))
    }

    fn rights(&self, id: &Id) -> [String; 2] {
        [String::new(), format!("foreign server {}", id.ident(0))]
    }

    fn names(&self, fact: &Fact) -> Vec<String> {
        vec![self.phrase(&fact.id)]
    }
}
