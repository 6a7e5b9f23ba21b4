//! What the catalogue says of an error.

use std::fmt;

use crate::Exit;

/// An error by its id. Two are the same if their ids are.
#[derive(Clone, Copy, Debug)]
pub struct Code {
    /// `W` and four digits. It never changes its meaning, and is never used again.
    pub id: &'static str,
    /// How a command ends with it.
    pub exit: Exit,
    /// What happened, in a line: lower case, no full stop.
    pub title: &'static str,
    /// How that comes about.
    pub cause: &'static str,
    /// What to do.
    pub cure: &'static str,
    /// What its message looks like.
    pub example: &'static str,
}

/// Codes about the same thing.
#[derive(Clone, Copy, Debug)]
pub struct Area {
    /// What their ids begin with.
    pub prefix: &'static str,
    /// What they are about.
    pub title: &'static str,
    /// The codes, ascending.
    pub codes: &'static [&'static Code],
}

impl PartialEq for Code {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id
    }
}

impl Eq for Code {}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.id)
    }
}

/// Declares the codes of an area: each becomes a constant of [`Code`].
macro_rules! area {
    ($prefix:literal, $title:literal; $($name:ident {
        id: $id:literal,
        exit: $exit:ident,
        title: $what:literal,
        cause: $cause:literal,
        cure: $cure:literal,
        example: $example:literal,
    })*) => {
        impl $crate::catalogue::Code {
            $(
                #[doc = $what]
                pub const $name: &'static Self = &Self {
                    id: $id,
                    exit: $crate::Exit::$exit,
                    title: $what,
                    cause: $cause,
                    cure: $cure,
                    example: $example,
                };
            )*
        }

        /// These codes.
        pub(super) const AREA: $crate::catalogue::Area = $crate::catalogue::Area {
            prefix: $prefix,
            title: $title,
            codes: &[$($crate::catalogue::Code::$name),*],
        };
    };
}

pub(super) use area;
