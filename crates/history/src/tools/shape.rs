//! What the table of a tool looks like.

/// A table as the probe found it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Table {
    /// Its schema.
    pub schema: String,
    /// Its name.
    pub name: String,
    /// Whether we may read it.
    pub readable: bool,
    /// Its columns, name and type as `format_type` writes it, in their order.
    pub columns: Vec<(String, String)>,
}

impl Table {
    /// Whether it has a column.
    pub fn has(&self, column: &str) -> bool {
        self.kind(column).is_some()
    }

    /// The type of a column.
    pub fn kind(&self, column: &str) -> Option<&str> {
        let found = self.columns.iter().find(|(name, _)| name == column);
        found.map(|(_, kind)| kind.as_str())
    }
}

/// A family of types: tools change `varchar(128)` to `varchar` from one version to the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `text`, `character varying` of any length.
    Text,
    /// `integer`, `bigint`, `smallint`.
    Integer,
    /// `boolean`.
    Boolean,
    /// `timestamp`, with or without time zone.
    Time,
    /// `bytea`.
    Bytes,
    /// `text[]`.
    Texts,
}

impl Kind {
    fn fits(self, name: &str) -> bool {
        match self {
            Self::Text => name == "text" || name.starts_with("character"),
            Self::Integer => matches!(name, "integer" | "bigint" | "smallint"),
            Self::Boolean => name == "boolean",
            Self::Time => name.starts_with("timestamp"),
            Self::Bytes => name == "bytea",
            Self::Texts => name == "text[]",
        }
    }
}

/// What the table of a tool looks like.
#[derive(Clone, Copy, Debug)]
pub struct Shape {
    /// What it is called where nobody chose another name.
    pub name: &'static str,
    /// The columns that it has in every version.
    pub columns: &'static [(&'static str, Kind)],
    /// Columns that it has in some versions.
    pub more: &'static [&'static str],
    /// A column that hardly any other table has; `None` of a shape that people's own tables may
    /// have too: then no other column may be there, and the table's name must speak of migrations.
    pub telling: Option<&'static str>,
    /// The schema that it must lie in.
    pub schema: Option<&'static str>,
    /// A table that must lie beside it.
    pub beside: Option<&'static str>,
}

/// What a name holds that speaks of migrations.
pub(super) const SPEAKS: &str = "migrat";

impl Shape {
    /// A shape that a column tells.
    pub(super) const fn telling(
        name: &'static str,
        telling: &'static str,
        columns: &'static [(&'static str, Kind)],
    ) -> Self {
        Self { telling: Some(telling), ..Self::common(name, columns) }
    }

    /// A shape that only tells something together with the table's name.
    pub(super) const fn common(
        name: &'static str,
        columns: &'static [(&'static str, Kind)],
    ) -> Self {
        Self { name, columns, more: &[], telling: None, schema: None, beside: None }
    }

    /// Whether a table has this shape; `all` are those it may lie beside.
    pub(super) fn fits(&self, table: &Table, all: &[Table]) -> bool {
        let has =
            |(column, kind): &(&str, Kind)| table.kind(column).is_some_and(|name| kind.fits(name));
        let knows = |column: &str| {
            self.columns.iter().any(|(name, _)| *name == column) || self.more.contains(&column)
        };
        let is_told = self.telling.is_some()
            || (table.name == self.name || table.name.to_lowercase().contains(SPEAKS))
                && table.columns.iter().all(|(name, _)| knows(name));
        let lies_right = self.schema.is_none_or(|schema| schema == table.schema);
        let has_beside = self.beside.is_none_or(|name| {
            all.iter().any(|other| other.schema == table.schema && other.name == name)
        });
        is_told && lies_right && has_beside && self.columns.iter().all(has)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const COMMON: Shape =
        Shape::common("migrations", &[("id", Kind::Integer), ("name", Kind::Text)]);

    fn table(name: &str, columns: &[(&str, &str)]) -> Table {
        Table {
            schema: "public".into(),
            name: name.into(),
            readable: true,
            columns: columns.iter().map(|(a, b)| ((*a).into(), (*b).into())).collect(),
        }
    }

    #[test]
    fn a_common_shape_is_told_by_the_name_and_by_what_is_not_there() {
        let columns = [("id", "bigint"), ("name", "character varying(255)")];
        assert!(COMMON.fits(&table("migrations", &columns), &[]));
        assert!(COMMON.fits(&table("shop_Migrations", &columns), &[]));
        assert!(!COMMON.fits(&table("people", &columns), &[]));
        let more = [columns[0], columns[1], ("email", "text")];
        assert!(!COMMON.fits(&table("migrations", &more), &[]));
    }

    #[test]
    fn a_column_of_another_type_is_another_tools() {
        let columns = [("id", "text"), ("name", "text")];
        assert!(!COMMON.fits(&table("migrations", &columns), &[]));
    }

    #[test]
    fn a_neighbour_counts_only_in_the_same_schema() {
        let shape = Shape { beside: Some("metadata"), ..COMMON };
        let ledger = table("migrations", &[("id", "integer"), ("name", "text")]);
        let near = table("metadata", &[]);
        let far = Table { schema: "other".into(), ..near.clone() };
        assert!(shape.fits(&ledger, &[near]));
        assert!(!shape.fits(&ledger, &[far]));
    }
}
