//! What names a fact.

use std::fmt;
use std::sync::Arc;

use whimbrel_sql::{Ident, Qualified};

/// The name of a fact: its kind, and what it is called within that kind.
///
/// A table is `["public", "orders"]`, its column `["public", "orders", "total"]`, a function has
/// the types of its arguments as its last part, since they are part of what it is. Copies are
/// cheap.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Id {
    kind: &'static str,
    key: Arc<str>,
}

/// What divides the parts of a key; no name in Postgres holds it.
const BETWEEN: char = '\0';

impl Id {
    /// Names a fact of a kind by its parts.
    pub fn new(kind: &'static str, parts: &[&str]) -> Self {
        Self { kind, key: parts.join("\0").into() }
    }

    /// The name of something that belongs to a fact and there is but once: its owner, its comment.
    pub fn of(kind: &'static str, of: &Self, more: &[&str]) -> Self {
        let mut parts = vec![of.kind];
        parts.extend(of.parts());
        parts.extend(more);
        Self::new(kind, &parts)
    }

    /// What it belongs to, where it is named by that.
    fn of_what(&self) -> Option<(&'static str, Vec<&str>)> {
        let mut parts = self.parts();
        let kind = crate::kinds::name_of(parts.next()?)?;
        let rest: Vec<&str> = parts.collect();
        (!rest.is_empty()).then_some((kind, rest))
    }

    /// Its kind.
    pub fn kind(&self) -> &'static str {
        self.kind
    }

    /// The parts of its name.
    pub fn parts(&self) -> impl DoubleEndedIterator<Item = &str> {
        self.key.split(BETWEEN)
    }

    /// One part of its name; nothing where it has not so many.
    pub fn part(&self, index: usize) -> &str {
        self.parts().nth(index).unwrap_or_default()
    }

    /// Its own name, which is the last part.
    pub fn last(&self) -> &str {
        self.parts().next_back().unwrap_or_default()
    }

    /// Its first two parts, schema and name, as SQL reads them.
    pub fn qualified(&self) -> String {
        Qualified { schema: self.part(0), name: self.part(1) }.to_string()
    }

    /// A part of its name as SQL reads it.
    pub fn ident(&self, index: usize) -> Ident<'_> {
        Ident(self.part(index))
    }

    /// Another kind of thing with the first parts of this name.
    #[must_use]
    pub fn cousin(&self, kind: &'static str, parts: usize) -> Self {
        let parts: Vec<&str> = self.parts().take(parts).collect();
        Self::new(kind, &parts)
    }
}

/// As people say it: `column public.orders.total`, `comment on table public.orders`.
impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.kind)?;
        let (kind, parts) = self.of_what().unwrap_or_else(|| ("", self.parts().collect()));
        if !kind.is_empty() {
            write!(f, " on {kind}")?;
        }
        for (index, part) in parts.into_iter().enumerate() {
            f.write_str(if index == 0 { " " } else { "." })?;
            Ident(part).fmt(f)?;
        }
        Ok(())
    }
}

impl fmt::Debug for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_says_what_it_names() {
        let column = Id::new("column", &["public", "Orders", "total"]);
        assert_eq!(column.to_string(), "column public.\"Orders\".total");
        assert_eq!(column.cousin("table", 2), Id::new("table", &["public", "Orders"]));
        assert_eq!(column.qualified(), "public.\"Orders\"");
        let comment = Id::of("comment", &column, &[]);
        assert_eq!(comment.to_string(), "comment on column public.\"Orders\".total");
    }
}
