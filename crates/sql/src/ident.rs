//! Names on their way into SQL.

use std::fmt;

use crate::keyword::QUOTED;

/// Displays a name as SQL reads it back: as it is where that is safe, else in double quotes.
///
/// Quotes where Postgres' own `quote_ident` does: around anything but lower-case letters, digits
/// and underscores, and around keywords that are not free everywhere.
///
/// ```
/// # use whimbrel_sql::Ident;
/// assert_eq!(Ident("orders").to_string(), "orders");
/// assert_eq!(Ident("user").to_string(), r#""user""#);
/// assert_eq!(Ident("Order \"1\"").to_string(), r#""Order ""1""""#);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ident<'a>(pub &'a str);

impl Ident<'_> {
    fn is_plain(self) -> bool {
        let starts = self.0.starts_with(|first: char| first == '_' || first.is_ascii_lowercase());
        let goes_on = |byte: u8| byte == b'_' || byte.is_ascii_lowercase() || byte.is_ascii_digit();
        starts && self.0.bytes().all(goes_on) && QUOTED.binary_search(&self.0).is_err()
    }
}

impl fmt::Display for Ident<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_plain() {
            f.write_str(self.0)
        } else {
            write!(f, "\"{}\"", self.0.replace('"', "\"\""))
        }
    }
}

/// Displays a schema-qualified name, each part as an [`Ident`].
///
/// ```
/// # use whimbrel_sql::Qualified;
/// let name = Qualified { schema: "app", name: "Orders" };
/// assert_eq!(name.to_string(), r#"app."Orders""#);
/// ```
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
