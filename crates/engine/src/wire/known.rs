//! What servers and poolers say when they do not let us in, and what it means.
//!
//! The words are those of Postgres, PgBouncer and Supavisor (supabase/supavisor, `lib/supavisor/errors`;
//! its codes stand in the message, and its SQLSTATE is `XX000` for most).

/// A refusal that is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Known {
    /// What it is.
    pub refusal: Refusal,
    /// SQLSTATEs that tell it by themselves.
    pub codes: &'static [&'static str],
    /// Words of the message that tell it; `…` stands for anything.
    pub words: &'static [&'static str],
    /// What it means.
    pub means: &'static str,
    /// What to do.
    pub cure: &'static str,
}

/// The refusals that are known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The pooler knows no such project.
    UnknownTenant,
    /// The pooler cannot tell which project is meant.
    NoTenant,
    /// No connection of the pool became free in time.
    PoolTaken,
    /// The server or pooler has as many clients as it takes.
    ConnectionsTaken,
    /// The pooler lost its own connection.
    PoolerLostDatabase,
    /// The project's network restrictions keep us out.
    AddressNotAllowed,
    /// Too many logins failed from here.
    Banned,
    /// Only encrypted connections are taken.
    TlsRequired,
    /// The pooler takes no settings at the start.
    StartupParameter,
    /// Somebody keeps prepared statements through a transaction pooler.
    PreparedStatements,
    /// The role that logs in may not become another.
    CannotSetRole,
    /// The password is wrong.
    WrongPassword,
    /// There is no such role.
    UnknownRole,
    /// The role may not log in.
    NoLogin,
    /// No rule lets us in from here.
    NoRule,
    /// There is no such database.
    NoSuchDatabase,
    /// The server takes nobody at the moment.
    Starting,
}

/// Every one; the first that fits counts, so words stand before codes that say less.
pub const KNOWN: &[Known] = &[
    Known {
        refusal: Refusal::UnknownTenant,
        codes: &[],
        words: &["Tenant or user not found", "ENOTFOUND"],
        means: "Supabase's pooler knows no such project: the host is that of another region, the \
                user lacks its project, or the project is paused or deleted",
        cure: "at Supabase's pooler the user is `postgres.<project ref>` and the host is that of \
               the project's region; a paused project is not found either",
    },
    Known {
        refusal: Refusal::NoTenant,
        codes: &[],
        words: &["ENOIDENTIFIER"],
        means: "Supabase's pooler cannot tell which project is meant",
        cure: "at Supabase's pooler the user is `postgres.<project ref>`",
    },
    Known {
        refusal: Refusal::PoolTaken,
        codes: &[],
        words: &["ECHECKOUTTIMEOUT", "unable to check out connection from the pool"],
        means: "every connection of the pool was in use for as long as the pooler waits",
        cure: "look for clients that keep a transaction open; raise the pool's size, or connect to \
               the database itself",
    },
    Known {
        refusal: Refusal::ConnectionsTaken,
        codes: &["53300"],
        words: &["EMAXCONN", "max clients reached", "max clients are limited"],
        means: "all connections are taken: each client of a session pooler holds one for as long \
                as it is connected",
        cure: "all connections are taken: close some, or raise the pool's size; applications \
               belong to the transaction pooler (port 6543)",
    },
    Known {
        refusal: Refusal::PoolerLostDatabase,
        codes: &[],
        words: &["EDBHANDLEREXITED", "DbHandler exited"],
        means: "the pooler lost its own connection to the database while it let us in",
        cure: "try again; if it lasts, the database restarts or is paused",
    },
    Known {
        refusal: Refusal::AddressNotAllowed,
        codes: &[],
        words: &["EADDRNOTALLOWED", "address not in tenant allow_list"],
        means: "the project's network restrictions do not list this machine's address",
        cure: "add this machine's address in the project's database settings, under network \
               restrictions",
    },
    Known {
        refusal: Refusal::Banned,
        codes: &[],
        words: &["ECIRCUITBREAKER", "EBANNED"],
        means: "too many logins failed from here, so this machine's address is kept out for a while",
        cure: "correct the password first, then wait a while, or lift the ban in the project's \
               database settings, under network bans",
    },
    Known {
        refusal: Refusal::TlsRequired,
        codes: &[],
        words: &["ESSLREQUIRED", "SSL connection is required"],
        means: "the project takes encrypted connections only",
        cure: "add `?sslmode=require` to the connection URL, or leave `sslmode` out",
    },
    Known {
        refusal: Refusal::StartupParameter,
        codes: &[],
        words: &["unsupported startup parameter"],
        means: "a pooler takes no settings at the start of a connection",
        cure: "a pooler refuses `options` in the connection URL; leave it out",
    },
    Known {
        refusal: Refusal::PreparedStatements,
        codes: &["42P05", "26000"],
        words: &["EPREPAREDDUP", "EPREPAREDNOTFOUND", "EPSSIMPLEQUERY"],
        means: "a client keeps prepared statements through a transaction pooler, which gives each \
                transaction another connection",
        cure: "use the session pooler or the database itself (port 5432), or tell that client to \
               prepare nothing (`statement_cache_size=0`, `pgbouncer=true`)",
    },
    Known {
        refusal: Refusal::CannotSetRole,
        codes: &[],
        words: &["permission denied to set role"],
        means: "the role that logs in is no member of the role that it is to become",
        cure: "grant it: `grant postgres to <login role>`",
    },
    Known {
        refusal: Refusal::WrongPassword,
        codes: &["28P01"],
        words: &["failed SASL auth", "Wrong password"],
        means: "the password is wrong, or was cut at a character that a URL must escape",
        cure: "check user and password; special characters in the URL are escaped (`@` as `%40`, \
               `/` as `%2F`)",
    },
    Known {
        refusal: Refusal::UnknownRole,
        codes: &[],
        // In the server's own language: only the English words can be told apart.
        words: &["role … does not exist"],
        means: "the server has no such role",
        cure: "check the user in the connection URL, or make the role (`createuser NAME`)",
    },
    Known {
        refusal: Refusal::NoLogin,
        codes: &[],
        words: &["not permitted to log in"],
        means: "the role is there, and is one that nobody may log in as",
        cure: "connect as another role, or let this one: `alter role NAME login`",
    },
    Known {
        refusal: Refusal::NoRule,
        codes: &["28000"],
        words: &["no pg_hba.conf entry"],
        means: "the server has no rule that lets this role in from here, or only with TLS, or only \
                without it",
        cure: "the server's pg_hba.conf does not let this role in from here",
    },
    Known {
        refusal: Refusal::NoSuchDatabase,
        codes: &["3D000"],
        words: &["no such database"],
        means: "the server is there, the database is not",
        cure: "create it (`createdb NAME`), or check its name in the connection URL",
    },
    Known {
        refusal: Refusal::Starting,
        codes: &["57P03"],
        words: &[],
        means: "the server takes nobody at the moment",
        cure: "the server is starting up or shutting down: try again in a moment",
    },
];

/// The first that fits what a server said.
pub(super) fn known(code: &str, message: &str) -> Option<&'static Known> {
    KNOWN.iter().find(|known| {
        known.words.iter().any(|words| says(message, words)) || known.codes.contains(&code)
    })
}

/// Whether a message has all these words in their order.
fn says(message: &str, words: &str) -> bool {
    let mut rest = message;
    words.split('…').all(|part| {
        let found = rest.split_once(part.trim());
        found.inspect(|(_, after)| rest = after).is_some()
    })
}
