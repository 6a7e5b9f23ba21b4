//! User mappings. No value of their options is ever read: salted hashes stand for them.

use whimbrel_sql::Ident;

use super::foreign_data_wrapper::{changed, read, statement, with_word_of_secrets};
use super::{Alter, Change, Cx, Kind};
use crate::plan::Step;
use crate::{Fact, Id};

pub(super) struct UserMapping;

/// Matches every name.
const ALL: &str = "";

impl Kind for UserMapping {
    fn name(&self) -> &'static str {
        "user mapping"
    }

    fn class(&self) -> u32 {
        1418
    }

    fn attributes(&self) -> &'static [&'static str] {
        &["options"]
    }

    fn query(&self, _: u32) -> Option<String> {
        Some(format!(
            "select m.umid as oid, m.srvname as k1, \
                case when m.umuser = 0 then '' else m.usename end as k2, {} as options \
            from pg_catalog.pg_user_mappings m where m.umid >= 16384",
            read("m.umoptions", "m.srvname || ' ' || m.usename", ALL)
        ))
    }

    fn parent(&self, id: &Id) -> Option<Id> {
        Some(id.cousin("server", 1))
    }

    fn phrase(&self, id: &Id) -> String {
        let user = match id.part(1) {
            "" => "public".to_owned(),
            user => Ident(user).to_string(),
        };
        format!("user mapping for {user} server {}", id.ident(0))
    }

    fn create(&self, fact: &Fact, _: Cx<'_>) -> Vec<Step> {
        let step = Step::new(format!("create {}", self.phrase(&fact.id)));
        vec![with_word_of_secrets(step, fact)]
    }

    fn drop(&self, fact: &Fact, _: Cx<'_>) -> Vec<Step> {
        vec![Step::new(format!("drop {}", self.phrase(&fact.id)))]
    }

    /// What is to be set is not known; only what goes can go.
    fn alter(&self, change: Change<'_>, _: Cx<'_>) -> Alter {
        let words: Vec<String> = changed(change).into_iter().collect();
        let steps = statement(&format!("alter {}", self.phrase(&change.new.id)), &words);
        let said = steps.into_iter().map(|step| with_word_of_secrets(step, change.new));
        Alter::steps(said.collect())
    }

    fn goes_with(&self, _: &Fact, _: &crate::Catalog) -> Option<Id> {
        None
    }

    fn roles(&self, fact: &Fact) -> Vec<String> {
        vec![fact.id.part(1).to_owned()]
    }
}
