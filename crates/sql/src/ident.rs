//! Names on their way into SQL.

use std::fmt;

/// Displays a name as SQL reads it back: quoted, with quotes inside doubled.
///
/// ```
/// # use whimbrel_sql::Ident;
/// assert_eq!(Ident("Order \"1\"").to_string(), r#""Order ""1""""#);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ident<'a>(pub &'a str);

impl fmt::Display for Ident<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\"", self.0.replace('"', "\"\""))
    }
}

/// Displays a schema-qualified name, both parts quoted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Qualified<'a> {
    /// The schema.
    pub schema: &'a str,
    /// The object in it.
    pub name: &'a str,
}

impl fmt::Display for Qualified<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", Ident(self.schema), Ident(self.name))
    }
}
