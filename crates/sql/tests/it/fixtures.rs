//! Scripts to cut: written for the purpose, or by pg_dump 15.18 from the schema in `shop.sql`.

/// Their names and texts.
pub(crate) const FIXTURES: &[(&str, &str)] = &[
    ("copy.sql", include_str!("../fixtures/copy.sql")),
    ("crlf.sql", include_str!("../fixtures/crlf.sql")),
    ("dump-inserts.sql", include_str!("../fixtures/dump-inserts.sql")),
    ("dump.sql", include_str!("../fixtures/dump.sql")),
    ("functions.sql", include_str!("../fixtures/functions.sql")),
    ("lexical.sql", include_str!("../fixtures/lexical.sql")),
    ("rules.sql", include_str!("../fixtures/rules.sql")),
    ("shop.sql", include_str!("../fixtures/shop.sql")),
    ("strings.sql", include_str!("../fixtures/strings.sql")),
];
