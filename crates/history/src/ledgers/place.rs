//! Where a ledger's tables are.

use std::collections::BTreeMap;

/// A table that a ledger uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Table {
    /// The schemas it may lie in, the preferred one first.
    pub schemas: &'static [&'static str],
    /// Its name.
    pub name: &'static str,
}

/// Where a ledger's tables are, as the probe of a database found them.
///
/// ```text
/// tables["schema_migrations"] = Found { schema: "whimbrel", columns: { "id": "character varying(255)", … } }
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// The schema to make missing tables in; `None` leaves it to the ledger.
    pub schema: Option<String>,
    /// The tables found, by name.
    pub tables: BTreeMap<String, Found>,
}

/// One table as it was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// Its schema.
    pub schema: String,
    /// `true` for a view.
    pub view: bool,
    /// Its columns: name to type, as `format_type` writes it.
    pub columns: BTreeMap<String, String>,
}

/// Chooses a ledger's tables among all tables of their names.
///
/// The first table decides: the configured schema comes first, then the ledger's in their order,
/// then any other, if only one has such a table. The rest are looked for beside it, and where
/// missing ones are made.
pub(super) fn choose(
    tables: &[Table],
    owns: impl Fn(&str, &Found) -> bool,
    found: &[(String, Found)],
    configured: Option<&str>,
) -> Place {
    let mut place = Place { schema: configured.map(str::to_owned), tables: BTreeMap::new() };
    let mut beside: Option<&str> = None;
    for table in tables {
        let own: Vec<&Found> = found
            .iter()
            .filter(|(name, found)| name == table.name && owns(name, found))
            .map(|(_, found)| found)
            .collect();
        let mut known = beside.into_iter().chain(configured).chain(table.schemas.iter().copied());
        let chosen =
            known.find_map(|schema| own.iter().find(|found| found.schema == schema)).or(match own
                .as_slice()
            {
                [only] => Some(only),
                _ => None,
            });
        if let Some(chosen) = chosen {
            beside = beside.or(Some(&chosen.schema));
            place.tables.insert(table.name.to_owned(), (*chosen).clone());
        }
    }
    place
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLES: &[Table] = &[
        Table { schemas: &["own", "public"], name: "main" },
        Table { schemas: &["own", "public"], name: "more" },
    ];

    fn table(name: &str, schema: &str) -> (String, Found) {
        let found = Found { schema: schema.into(), view: false, columns: BTreeMap::new() };
        (name.into(), found)
    }

    fn chosen(found: &[(String, Found)], configured: Option<&str>) -> Vec<(String, String)> {
        let place = choose(TABLES, |_, _| true, found, configured);
        place.tables.into_iter().map(|(name, found)| (name, found.schema)).collect()
    }

    fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        pairs.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect()
    }

    #[test]
    fn the_configured_schema_comes_before_the_ledgers_own() {
        let found = [table("main", "public"), table("main", "own"), table("main", "ops")];
        assert_eq!(chosen(&found, None), pairs(&[("main", "own")]));
        assert_eq!(chosen(&found, Some("ops")), pairs(&[("main", "ops")]));
    }

    #[test]
    fn further_tables_are_taken_from_beside_the_first() {
        let found = [table("main", "public"), table("more", "own"), table("more", "public")];
        assert_eq!(chosen(&found, None), pairs(&[("main", "public"), ("more", "public")]));
    }

    #[test]
    fn a_table_in_an_unknown_schema_is_taken_only_if_there_is_one() {
        assert_eq!(chosen(&[table("main", "ops")], None), pairs(&[("main", "ops")]));
        assert_eq!(chosen(&[table("main", "ops"), table("main", "etc")], None), []);
    }

    #[test]
    fn a_table_of_another_tool_is_passed_over() {
        let place = choose(TABLES, |_, _| false, &[table("main", "public")], None);
        assert!(place.tables.is_empty());
    }
}
