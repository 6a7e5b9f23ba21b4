//! What a platform keeps in schemas of its own, which is no business of whoever uses it.
//!
//! The platform's programs have migrations too, and write them down beside the user's: the table
//! `auth.schema_migrations` has the very shape of dbmate's ledger. So whoever looks through a whole
//! database leaves these schemas out, but only where the platform is: a schema `auth` of a plain
//! database is its user's.

use whimbrel_sql::Literal;

/// Where the platform's users have the ledger of their own migrations.
const MIGRATIONS: &str = "supabase_migrations";

/// Schemas that Supabase has had, at one time or another, or that its extensions make.
pub const SCHEMAS: &[&str] = &[
    "_analytics",
    "_realtime",
    "_supavisor",
    "auth",
    "cron",
    "extensions",
    "graphql",
    "graphql_public",
    "net",
    "pgbouncer",
    "pgmq",
    "pgmq_public",
    "pgsodium",
    "pgsodium_masks",
    "pgtle",
    "realtime",
    "storage",
    "supabase_functions",
    MIGRATIONS,
    "tiger",
    "tiger_data",
    "topology",
    "vault",
];

/// A condition: Supabase made this database. Its roles belong to the whole server, so they alone
/// tell nothing.
pub const IS_THERE: &str = "(exists (select from pg_catalog.pg_roles where rolname = 'supabase_admin') \
    and exists (select from pg_catalog.pg_class u \
    join pg_catalog.pg_namespace a on a.oid = u.relnamespace \
    where a.nspname = 'auth' and u.relname = 'users'))";

/// A condition: a schema of the table `n` of schemas is neither the server's nor a platform's.
pub fn is_users_own() -> String {
    own(SCHEMAS.iter().copied())
}

/// A condition: a ledger in a schema of the table `n` of schemas is the user's.
pub fn may_have_ledgers() -> String {
    own(SCHEMAS.iter().copied().filter(|schema| *schema != MIGRATIONS))
}

fn own(platforms: impl Iterator<Item = &'static str>) -> String {
    let names: Vec<String> = platforms.map(|name| Literal(name).to_string()).collect();
    format!(
        "n.nspname !~ '^pg_' and n.nspname <> 'information_schema' \
         and not (n.nspname in ({}) and {IS_THERE})",
        names.join(", ")
    )
}
