//! Foreign tables. Their columns are facts of their own, as those of tables are.

use whimbrel_sql::Ident;

use super::foreign_data_wrapper::{
    OF_SECRETS, changed, listed, read, statement, with_word_of_secrets,
};
use super::{Alter, Change, Cx, Kind};
use crate::array::elements;
use crate::plan::{Sql, Step};
use crate::{Fact, Id};

pub(super) struct ForeignTable;

impl Kind for ForeignTable {
    fn name(&self) -> &'static str {
        "foreign table"
    }

    fn class(&self) -> u32 {
        1259
    }

    fn attributes(&self) -> &'static [&'static str] {
        &["server", "options", "parents", "bound", "order"]
    }

    fn query(&self, _: u32) -> Option<String> {
        let options = read("f.ftoptions", "c.relname", OF_SECRETS);
        Some(include_str!("foreign_table.sql").replace("$options", &options))
    }

    fn phrase(&self, id: &Id) -> String {
        format!("foreign table {}", id.qualified())
    }

    fn create(&self, fact: &Fact, _: Cx<'_>) -> Vec<Step> {
        let head = format!("create {}", self.phrase(&fact.id));
        let parents = elements(fact.text("parents")).join(", ");
        let mut words = vec![format!("server {}", Ident(fact.text("server")))];
        words.extend(listed(fact));
        let end = words.join(" ");
        let sql = match fact.get("bound") {
            Some(bound) => Sql::Whole(format!("{head} partition of {parents} {bound} {end}")),
            None if parents.is_empty() => {
                Sql::Create { head, parts: Vec::new(), tail: format!(" {end}") }
            }
            None => {
                let tail = format!(" inherits ({parents}) {end}");
                Sql::Create { head, parts: Vec::new(), tail }
            }
        };
        vec![with_word_of_secrets(Step { sql, ..Step::new("") }, fact)]
    }

    /// The rows are elsewhere.
    fn drop(&self, fact: &Fact, _: Cx<'_>) -> Vec<Step> {
        vec![Step::new(format!("drop {}", self.phrase(&fact.id)))]
    }

    /// No form of `alter foreign table` gives it another server, and its rows are not in it.
    fn alter(&self, change: Change<'_>, _: Cx<'_>) -> Alter {
        if ["server", "parents", "bound"].iter().any(|name| change.is_of(name)) {
            return Alter::Replace;
        }
        let words: Vec<String> = changed(change).into_iter().collect();
        Alter::steps(statement(&format!("alter {}", self.phrase(&change.new.id)), &words))
    }

    fn rights(&self, id: &Id) -> [String; 2] {
        [String::new(), format!("table {}", id.qualified())]
    }

    fn names(&self, fact: &Fact) -> Vec<String> {
        let name = fact.id.qualified();
        vec![format!("relation {name}"), format!("type {name}")]
    }
}
